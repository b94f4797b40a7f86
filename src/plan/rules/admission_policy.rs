//! ValidatingAdmissionPolicies that keep what Pod Security Admission does not: ready to be read and applied.
//!
//! They warn and audit and refuse nothing until somebody changes `validationActions` to `Deny`. Kubernetes serves them
//! as `v1` from 1.30 on.
//!
//! The expressions say of a pod what the strategy of the policy says when it validates (`pkg/security/podsecuritypolicy`
//! in Kubernetes 1.24), of a pod as the API server stores it. What a policy wrote into pods by itself, pods have to say
//! themselves. Only restrictions that one expression can say are here: profiles, SELinux options and sysctls are not.
//!
//! Policies are alternatives, one that admits a pod is enough, and ValidatingAdmissionPolicies add up. So where workloads
//! of a namespace run under several policies, each is about the accounts that run under this one alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::is_dns_subdomain;
use crate::model::pod::VolumeKind;
use crate::model::psp::{AllowedHostPath, IdRule, PodSecurityPolicy, PspSpec};
use crate::pss::Level;
use crate::pss::admission::ENFORCE;

/// A policy that demands an enforce label of new namespaces, and its binding.
pub(super) fn demand_label() -> Vec<Value> {
    let expression =
        format!("has(object.metadata.labels) && '{ENFORCE}' in object.metadata.labels");
    let message = format!("a new namespace needs the label {ENFORCE}");
    let rule = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["namespaces"],
    });
    let name = "namespaces-enforce-a-level";
    let validations = json!([{"expression": expression, "message": message}]);
    vec![
        policy(name, &rule, &json!([]), &validations),
        binding(name, None),
    ]
}

/// Pods that run under one policy.
#[derive(Debug, Default)]
pub(super) struct Pods<'p> {
    /// Namespaces of which it is every pod.
    pub(super) whole: Vec<&'p str>,
    /// Namespaces of which it is the pods of these accounts; without any account nothing tells the pods apart.
    pub(super) parts: BTreeMap<&'p str, BTreeSet<&'p str>>,
}

impl Pods<'_> {
    fn namespaces(&self) -> BTreeSet<&str> {
        let parts = self
            .parts
            .iter()
            .filter(|(_, accounts)| !accounts.is_empty());
        self.whole
            .iter()
            .copied()
            .chain(parts.map(|(name, _)| *name))
            .collect()
    }

    /// What tells them from the other pods of these namespaces, if anything has to.
    fn condition(&self) -> Option<Value> {
        let accounts: Vec<String> = self
            .parts
            .iter()
            .flat_map(|(namespace, accounts)| {
                accounts
                    .iter()
                    .map(move |account| format!("{namespace}/{account}"))
            })
            .collect();
        if accounts.is_empty() {
            return None;
        }
        // Mirror pods have no account.
        let account = "object.spec.serviceAccountName";
        let accounts = list(accounts.iter().map(String::as_str));
        let mut says =
            format!("has({account}) && request.namespace + '/' + {account} in {accounts}");
        if !self.whole.is_empty() {
            says = format!(
                "request.namespace in {} || ({says})",
                list(self.whole.iter().copied())
            );
        }
        Some(json!([{"name": "runs-under-the-policy", "expression": says}]))
    }
}

/// A policy that keeps what a PodSecurityPolicy restricts and a level does not, for these pods, and its binding, with the
/// fields that no expression can say; nothing without any that one can, without pods, or without a name. `fields` are the fields of the
/// policy that restrict. `enforced` is the level of these namespaces.
pub(super) fn keep<'f>(
    policy: &PodSecurityPolicy,
    enforced: Option<Level>,
    fields: impl Iterator<Item = &'f str>,
    pods: &Pods,
) -> Option<(Vec<Value>, Vec<&'f str>)> {
    let mut unsaid = Vec::new();
    let mut validations = Vec::new();
    for field in fields {
        let Some(expression) = expression(&policy.spec, field) else {
            unsaid.push(field);
            continue;
        };
        let message = format!("violates {field} of PodSecurityPolicy {}", policy.name);
        validations.push(json!({"expression": expression, "message": message}));
    }
    let namespaces = pods.namespaces();
    let beyond = enforced.map_or("unlabelled", Level::as_str);
    let name = format!("psp-{}-{beyond}", policy.name);
    if validations.is_empty() || namespaces.is_empty() || !is_dns_subdomain(&name) {
        return None;
    }
    let rule = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    });
    let mut keeping = self::policy(&name, &rule, &containers(), &json!(validations));
    if let Some(condition) = pods.condition() {
        keeping["spec"]["matchConditions"] = condition;
    }
    let objects = vec![keeping, binding(&name, Some(&namespaces))];
    Some((objects, unsaid))
}

/// The variable `containers`: init containers and regular ones. A pod has no others when it is created.
fn containers() -> Value {
    json!([{
        "name": "containers",
        "expression": "object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])",
    }])
}

/// What a pod has to say so that this field of the policy admits it, in the Common Expression Language.
fn expression(spec: &PspSpec, field: &str) -> Option<String> {
    let each_container = |says: &str| format!("variables.containers.all(c, {says})");
    let each_volume =
        |says: &str| format!("!has(object.spec.volumes) || object.spec.volumes.all(v, {says})");
    let capabilities = "has(c.securityContext) && has(c.securityContext.capabilities)";
    let said = match field {
        "spec.allowedCapabilities" => {
            let own = spec
                .allowed_capabilities
                .iter()
                .chain(&spec.default_add_capabilities);
            let own = list(own.map(String::as_str));
            let add = "c.securityContext.capabilities.add";
            each_container(&format!(
                "!({capabilities} && has({add})) || {add}.all(n, n in {own})"
            ))
        }
        "spec.requiredDropCapabilities" => {
            let own = list(spec.required_drop_capabilities.iter().map(String::as_str));
            let drop = "c.securityContext.capabilities.drop";
            each_container(&format!(
                "{capabilities} && has({drop}) && {own}.all(n, n in {drop})"
            ))
        }
        "spec.readOnlyRootFilesystem" => {
            let read_only = "c.securityContext.readOnlyRootFilesystem";
            each_container(&format!(
                "has(c.securityContext) && has({read_only}) && {read_only}"
            ))
        }
        "spec.hostPorts" => {
            let ranges = spec
                .host_ports
                .iter()
                .map(|range| (range.min.into(), range.max.into()));
            let inside = within("p.hostPort", ranges);
            each_container(&format!(
                "!has(c.ports) || c.ports.all(p, !has(p.hostPort) || p.hostPort == 0 || {inside})"
            ))
        }
        "spec.volumes" => each_volume(&volume_types(spec)),
        "spec.allowedHostPaths" => each_volume(&host_paths(&spec.allowed_host_paths)),
        "spec.allowedFlexVolumes" => {
            let drivers = list(
                spec.allowed_flex_volumes
                    .iter()
                    .map(|flex| flex.driver.as_str()),
            );
            each_volume(&format!(
                "!has(v.flexVolume) || v.flexVolume.driver in {drivers}"
            ))
        }
        "spec.allowedCSIDrivers" => {
            let drivers = list(spec.allowed_csi_drivers.iter().map(|csi| csi.name.as_str()));
            each_volume(&format!("!has(v.csi) || v.csi.driver in {drivers}"))
        }
        "spec.runtimeClass.allowedRuntimeClassNames" => {
            let names = &spec.runtime_class.as_ref()?.allowed_runtime_class_names;
            let names = list(names.iter().map(String::as_str));
            let class = "object.spec.runtimeClassName";
            format!("!has({class}) || {class} in {names}")
        }
        "spec.runAsUser.ranges" => each_container(&container_id(&spec.run_as_user, "runAsUser")),
        "spec.runAsGroup.ranges" => {
            each_container(&container_id(spec.run_as_group.as_ref()?, "runAsGroup"))
        }
        "spec.supplementalGroups.ranges" => {
            let inside = within("g", spans(&spec.supplemental_groups));
            let all = format!("object.spec.securityContext.supplementalGroups.all(g, {inside})");
            pod_id(&spec.supplemental_groups, "supplementalGroups", &all)
        }
        "spec.fsGroup.ranges" => {
            let inside = within("object.spec.securityContext.fsGroup", spans(&spec.fs_group));
            pod_id(&spec.fs_group, "fsGroup", &inside)
        }
        _ => return None,
    };
    Some(said)
}

/// A projected volume as the API server mounts it for the service account.
const OF_ACCOUNT: &str = "(has(v.projected) && (!has(v.projected.sources) || v.projected.sources.all(s, \
    (has(s.serviceAccountToken) || has(s.configMap) || has(s.downwardAPI)) \
    && (!has(s.serviceAccountToken) || (s.serviceAccountToken.path == 'token' && !has(s.serviceAccountToken.audience))) \
    && (!has(s.configMap) || (has(s.configMap.name) && s.configMap.name == 'kube-root-ca.crt')) \
    && (!has(s.downwardAPI) || !has(s.downwardAPI.items) || s.downwardAPI.items.all(i, i.path == 'namespace' \
    && has(i.fieldRef) && i.fieldRef.fieldPath == 'metadata.namespace')))))";

/// The types of volumes that a policy lists. With `secret` goes the volume of the service account's token.
fn volume_types(spec: &PspSpec) -> String {
    let allows = |kind: &VolumeKind| spec.volume_item(*kind).is_some();
    let mut types: Vec<String> = VolumeKind::ALL
        .iter()
        .filter(|kind| **kind != VolumeKind::Image && allows(kind))
        .map(|kind| format!("has(v.{})", kind.field()))
        .collect();
    if allows(&VolumeKind::Secret) && !allows(&VolumeKind::Projected) {
        types.push(OF_ACCOUNT.to_owned());
    }
    match types.is_empty() {
        true => "false".to_owned(),
        false => types.join(" || "),
    }
}

/// A path is the prefix or below it. Where only reading is allowed, every mount of the volume is read-only.
fn host_paths(allowed: &[AllowedHostPath]) -> String {
    let read_only = "variables.containers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, \
                     m.name != v.name || (has(m.readOnly) && m.readOnly)))";
    let mut any = vec!["!has(v.hostPath)".to_owned()];
    let mut seen = BTreeSet::new();
    any.extend(allowed.iter().filter_map(|path| {
        let prefix = path
            .path_prefix
            .strip_suffix('/')
            .unwrap_or(&path.path_prefix);
        let (exact, below) = (text(prefix), text(&format!("{prefix}/")));
        let inside = format!("v.hostPath.path == {exact} || v.hostPath.path.startsWith({below})");
        seen.insert((prefix, path.read_only))
            .then(|| match path.read_only {
                true => format!("(({inside}) && {read_only})"),
                false => inside,
            })
    }));
    any.join(" || ")
}

/// The id that a container runs with by its own or the pod's security context.
fn container_id(rule: &IdRule, field: &str) -> String {
    let of_pod = format!("object.spec.securityContext.{field}");
    let of_container = format!("c.securityContext.{field}");
    let own = within(&of_container, spans(rule));
    let pods = pod_id(rule, field, &within(&of_pod, spans(rule)));
    format!("(has(c.securityContext) && has({of_container})) ? ({own}) : ({pods})")
}

/// What has to hold of a field of the pod's security context, which must be there unless the rule is `MayRunAs`.
fn pod_id(rule: &IdRule, field: &str, says: &str) -> String {
    let there =
        format!("has(object.spec.securityContext) && has(object.spec.securityContext.{field})");
    match rule.rule.as_str() {
        "MayRunAs" => format!("!({there}) || {says}"),
        _ => format!("{there} && ({says})"),
    }
}

fn spans(rule: &IdRule) -> impl Iterator<Item = (i64, i64)> {
    rule.ranges.iter().map(|range| (range.min, range.max))
}

/// Whether a number is in one of the ranges.
fn within(number: &str, ranges: impl Iterator<Item = (i64, i64)>) -> String {
    let mut seen = BTreeSet::new();
    let ranges: Vec<String> = ranges
        .filter(|range| seen.insert(*range))
        .map(|(min, max)| match min == max {
            true => format!("{number} == {min}"),
            false => format!("({number} >= {min} && {number} <= {max})"),
        })
        .collect();
    match ranges.is_empty() {
        true => "false".to_owned(),
        false => ranges.join(" || "),
    }
}

/// A list of literals, each once, in the order of the input.
fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut seen = BTreeSet::new();
    let texts: Vec<String> = texts.filter(|it| seen.insert(*it)).map(text).collect();
    format!("[{}]", texts.join(", "))
}

/// A literal. Texts come from the input, and must not end it.
fn text(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(c);
            }
            c if c.is_control() => literal.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

fn policy(name: &str, rule: &Value, variables: &Value, validations: &Value) -> Value {
    let mut policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": validations,
        },
    });
    if *variables != json!([]) {
        policy["spec"]["variables"] = variables.clone();
    }
    policy
}

/// Where a policy holds: in these namespaces, or everywhere.
fn binding(name: &str, namespaces: Option<&BTreeSet<&str>>) -> Value {
    let mut spec = json!({"policyName": name, "validationActions": ["Warn", "Audit"]});
    if let Some(namespaces) = namespaces {
        spec["matchResources"] = json!({"namespaceSelector": {"matchExpressions": [{
            "key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces,
        }]}});
    }
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": spec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_input_does_not_end_the_literal() {
        assert_eq!(text("/var/log"), "'/var/log'");
        assert_eq!(text("' || true || '"), r"'\' || true || \''");
        assert_eq!(text("a\\\n"), r"'a\\\U0000000a'");
    }

    #[test]
    fn what_a_policy_says_twice_is_said_once() {
        assert_eq!(list(["B", "A", "B"].into_iter()), "['B', 'A']");
        assert_eq!(
            within("n", [(7, 7), (1, 2), (7, 7)].into_iter()),
            "n == 7 || (n >= 1 && n <= 2)"
        );
        let path = |prefix: &str| AllowedHostPath {
            path_prefix: prefix.to_owned(),
            read_only: false,
        };
        let once = host_paths(&[path("/run")]);
        assert_eq!(host_paths(&[path("/run"), path("/run/")]), once);
    }

    #[test]
    fn a_path_is_below_its_prefix_and_not_beside_it() {
        let path = |prefix: &str, read_only| AllowedHostPath {
            path_prefix: prefix.to_owned(),
            read_only,
        };
        assert_eq!(
            host_paths(&[path("/var/log/", false)]),
            "!has(v.hostPath) || v.hostPath.path == '/var/log' || v.hostPath.path.startsWith('/var/log/')"
        );
        assert!(host_paths(&[path("/run", true)]).contains("has(m.readOnly) && m.readOnly"));
    }

    #[test]
    fn a_range_of_one_is_an_equality_and_no_range_holds_nothing() {
        assert_eq!(
            within("n", [(7, 7), (9, 12)].into_iter()),
            "n == 7 || (n >= 9 && n <= 12)"
        );
        assert_eq!(within("n", std::iter::empty()), "false");
    }
}
