//! The stage that bypasses the old policies: a policy that permits everything, changes nothing and is tried first.
//!
//! The admission plugin takes the first policy by name that accepts a pod without changing it, and only if there is
//! none the first that accepts it at all. A pod whose seccomp profile is set by field is changed by every policy (its
//! annotation is written), so being unmutating is not enough: the name has to come before all others as well.
//!
//! Upstream: `plugin/pkg/admission/security/podsecuritypolicy/admission.go` (v1.24, `computeSecurityContext`).

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::plan::order::BYPASS;
use crate::rbac::Identity;

use super::{Folder, yaml};

/// The policy, the role that allows its use, and a binding in each namespace that is bypassed.
pub(super) fn bypass(plan: &Plan, folder: &mut Folder) {
    let Some(name) = &plan.bypass else {
        return;
    };
    let mut namespaces = plan
        .namespaces
        .iter()
        .filter(|namespace| namespace.bypassed)
        .peekable();
    if namespaces.peek().is_some() {
        let policy = format!(
            "# Permits everything and changes nothing. The plugin tries policies by name, so this one comes first.\n\
             # The RoleBindings of this folder say where it is in use: only the enforce labels protect there.\n\
             # Administrators, who may make and use any policy, need no binding: see the finding bypass-reach.\n{}",
            yaml(&policy(name))
        );
        folder.resource("podsecuritypolicy.yaml".to_owned(), policy);
        folder.resource("clusterrole.yaml".to_owned(), yaml(&role(name)));
    }
    for namespace in namespaces {
        folder.resource(
            format!("rolebinding-{}.yaml", namespace.name),
            yaml(&binding(&namespace.name)),
        );
    }
}

fn policy(name: &str) -> Value {
    let any = json!({ "rule": "RunAsAny" });
    json!({
        "apiVersion": "policy/v1beta1",
        "kind": "PodSecurityPolicy",
        "metadata": {
            "name": name,
            "annotations": { "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*" },
        },
        "spec": {
            "privileged": true,
            "allowPrivilegeEscalation": true,
            "allowedCapabilities": ["*"],
            "allowedProcMountTypes": ["Default", "Unmasked"],
            "allowedUnsafeSysctls": ["*"],
            "fsGroup": any,
            "hostIPC": true,
            "hostNetwork": true,
            "hostPID": true,
            "hostPorts": [{ "min": 0, "max": 65535 }],
            "runAsUser": any,
            "seLinux": any,
            "supplementalGroups": any,
            "volumes": ["*"],
        },
    })
}

fn role(policy: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": BYPASS },
        "rules": [{
            "apiGroups": ["policy"],
            "resources": ["podsecuritypolicies"],
            "resourceNames": [policy],
            "verbs": ["use"],
        }],
    })
}

/// Whoever runs pods here and whoever creates them: either may use the policy, but only in this namespace.
fn binding(namespace: &str) -> Value {
    let accounts = json!({
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Group",
        "name": format!("system:serviceaccounts:{namespace}"),
    });
    let controllers = Identity::controllers().into_iter().map(
        |name| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name }),
    );
    let subjects: Vec<Value> = std::iter::once(accounts).chain(controllers).collect();
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": { "name": BYPASS, "namespace": namespace },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": BYPASS,
        },
        "subjects": subjects,
    })
}
