//! What the stages of a plan settle is not left for anybody to settle.

use psp2psa::input::InputFile;
use psp2psa::model::decode::Keep;
use psp2psa::plan::Options;
use psp2psa::render::{json, markdown};

/// A policy that writes everything that restricted asks for, but for the profile of seccomp, which annotations may
/// default; and a workload that needs it, in a namespace with the owner's labels.
fn report(seccomp: &str, labels: &str) -> String {
    let input = format!(
        r#"
apiVersion: v1
kind: Namespace
metadata: {{name: shop, labels: {{{labels}}}}}
---
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {{name: strict, annotations: {{{seccomp}}}}}
spec:
  allowPrivilegeEscalation: false
  requiredDropCapabilities: [ALL]
  runAsUser: {{rule: MustRunAsNonRoot}}
  seLinux: {{rule: RunAsAny}}
  fsGroup: {{rule: RunAsAny}}
  supplementalGroups: {{rule: RunAsAny}}
  volumes: [configMap, secret, emptyDir, projected]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: psp}}
rules: [{{apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [strict], verbs: [use]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: psp, namespace: shop}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: psp}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:serviceaccounts:shop'}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: c, image: i}}]}}
"#
    );
    let file = InputFile::new("shop.yaml", input.into_bytes());
    let options = Options {
        target: "v1.24".parse().ok(),
        ..Options::DEFAULT
    };
    let read = psp2psa::read_keeping(&file, Keep::Manifests);
    let (plan, said) = psp2psa::migrate(read, &psp2psa::default_attribution(), &options);
    let document = json::document("MigrationReport", &said, json::migration(&plan));
    markdown::report(&document)
}

/// What the table to be signed has, and whether something has to be settled before the first stage.
fn remains(report: &str) -> (Vec<&str>, bool) {
    let (_, table) = report.split_once("## To be accepted").expect("the table");
    let (table, _) = table.split_once("\n#").expect("its end");
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let risks = rows.skip(2).filter_map(|row| row.split(" | ").nth(1));
    (risks.collect(), report.contains("Settle what is high"))
}

const PINNED: &str = "pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/enforce-version: v1.24";
const DEFAULTED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames: runtime/default, \
                         seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default";
const UNCONFINED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames: unconfined, \
                          seccomp.security.alpha.kubernetes.io/defaultProfileName: unconfined";
const LOST: &str = "policy strict writes fields into pods that templates do not have";

fn refusal(risks: &[&str]) -> bool {
    risks.iter().any(|risk| risk.contains("refuses workloads"))
}

#[test]
fn a_workload_whose_patch_a_stage_applies_and_its_label_admits_is_settled() {
    let report = report(DEFAULTED, PINNED);
    let (risks, first) = remains(&report);
    assert!(!risks.contains(&LOST) && !refusal(&risks), "{risks:?}");
    assert!(!first);
    // The findings themselves stay.
    assert!(report.contains("which refuses workloads once the policies are gone"));
    assert!(report.contains(LOST));
}

#[test]
fn a_workload_whose_patch_no_stage_applies_is_not_settled() {
    let report = report("", PINNED);
    let (risks, first) = remains(&report);
    assert!(risks.contains(&LOST) && refusal(&risks), "{risks:?}");
    assert!(first);
}

#[test]
fn what_a_label_of_another_version_says_of_a_patch_is_not_certain() {
    let report = report(DEFAULTED, "pod-security.kubernetes.io/enforce: restricted");
    let (risks, first) = remains(&report);
    assert!(!risks.contains(&LOST) && refusal(&risks), "{risks:?}");
    assert!(first);
}

#[test]
fn a_label_that_follows_the_bypass_is_settled() {
    let report = report(UNCONFINED, "");
    let (risks, _) = remains(&report);
    let title =
        "no pod that the policies admit satisfies baseline, so its label follows their bypass";
    assert!(!risks.contains(&title), "{risks:?}");
    assert!(report.contains(title));
}
