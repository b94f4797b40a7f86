//! The table of finding codes. `explain CODE` prints what stands here.

use super::Severity;

/// One kind of risk.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingCode {
    /// Stable name.
    pub name: &'static str,
    /// Severity of every finding with this code.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: &'static str,
    /// Markdown for `explain`: what it means, what follows, what to do.
    pub docs: &'static str,
}

/// The code of this name.
pub(super) fn code(name: &str) -> &'static FindingCode {
    CODES
        .iter()
        .find(|code| code.name == name)
        .expect("every draft names a code of this table, as the tests of the rules show")
}

/// Every code, sorted by name.
pub static CODES: &[FindingCode] = &[
    FindingCode {
        name: "dangling-policy",
        severity: Severity::Low,
        title: "a role names a policy that does not exist",
        docs: "\
## What it means
A rule allows `use` of a PodSecurityPolicy by name, and no policy of that name is in the input.

## What follows
The grant does nothing today. If the policy was only left out of the input, the plan misses what it allowed.

## What to do
Add the policy to the input if it exists in the cluster; otherwise remove the name from the rule.",
    },
    FindingCode {
        name: "dangling-role",
        severity: Severity::Low,
        title: "a binding refers to a role that does not exist",
        docs: "\
## What it means
The `roleRef` of a binding names a Role or ClusterRole that is not in the input.

## What follows
The binding grants nothing. If the role was only left out of the input, the plan misses what it granted.

## What to do
Add the role to the input if it exists in the cluster (built-in roles such as `cluster-admin` included); otherwise
delete the binding.",
    },
    FindingCode {
        name: "granted-to-nobody",
        severity: Severity::Low,
        title: "nobody may use a policy",
        docs: "\
## What it means
No binding of the input lets any subject `use` the policy.

## What follows
The policy has no effect, and nothing has to replace it.

## What to do
Delete it together with the others once the plugin is off.",
    },
    FindingCode {
        name: "injected",
        severity: Severity::Medium,
        title: "live pods need more than their template says",
        docs: "\
## What it means
A pod of the input is owned by a workload of the input, but satisfies fewer levels than the workload's template does
after PodSecurityPolicy changed it: something else (a mutating webhook, a service mesh) added to it.

## What follows
The template is not the whole truth; the live pod counts for the level of the namespace.

## What to do
Look at the difference between the pod and its template. Service meshes have a CNI mode that makes their init
containers unnecessary.",
    },
    FindingCode {
        name: "label-conflict",
        severity: Severity::Medium,
        title: "a label of the owner differs from the plan",
        docs: "\
## What it means
The namespace has a pod-security label already, with another level than the evidence asks for.

## What follows
The owner's label is kept. If it is looser, pods are admitted that nothing here needs; if it is tighter, compare it
with the violations listed for the namespace.

## What to do
Decide which one is meant; `--overwrite` writes the planned level.",
    },
    FindingCode {
        name: "label-invalid",
        severity: Severity::High,
        title: "a pod-security label has an invalid value",
        docs: "\
## What it means
The value of a pod-security label is not one that Kubernetes knows: a level is exactly `privileged`, `baseline` or
`restricted`, a version exactly `latest` or `v1.N`.

## What follows
An invalid `enforce` is treated as `restricted`, an invalid `audit` or `warn` as `privileged`, an invalid version as
`latest`; and every create of the namespace, and every update that brings a new error, is refused.

## What to do
Correct the label, or let the plan replace it with `--overwrite`.",
    },
    FindingCode {
        name: "loosening-lost",
        severity: Severity::Medium,
        title: "a policy weakens pods, and nothing will any more",
        docs: "\
## What it means
The policy that admits a workload today adds capabilities to its containers, allows privilege escalation, or turns
seccomp or AppArmor off, where the template says nothing.

## What follows
While the plugin is on, an enforce label tighter than the weakened pods refuses them. Without the policy the pods run
tighter than today, and what relies on the weakening fails at run time.

## What to do
Try the workload without it. What it proves to need goes into its template, and the namespace gets the level that
admits that. Such a field is never written for you.",
    },
    FindingCode {
        name: "mutation-lost",
        severity: Severity::Medium,
        title: "a policy writes fields into pods that nothing will write any more",
        docs: "\
## What it means
Replaying PodSecurityPolicy admission over the template shows that the policy which admits it today writes fields that
the template does not have.

## What follows
Pod Security Admission never changes pods. Without the policy these fields are unset: the pod may be refused at a
level that the stored pod satisfies, or silently run differently (as another user, with more capabilities, without a
seccomp profile, with a writable root file system).

## What to do
Write the fields that matter into the template before the policy goes.",
    },
    FindingCode {
        name: "no-overlap",
        severity: Severity::Medium,
        title: "no pod satisfies both the old policies and the new level",
        docs: "\
## What it means
Every pod that the policies admit is refused by the level, whatever its template says: they refuse a field that the
level demands (a policy without a list of seccomp profiles refuses any profile), or write one that the level forbids.

## What follows
While the plugin is on and the policies decide, a label of this level refuses every new pod of these workloads.

## What to do
Bypass the policies first (`40-bypass`), patch the templates then (`50-workloads`) and enforce the level last
(`60-enforce`). Or change the policy: let it accept what the level demands.",
    },
    FindingCode {
        name: "nothing-granted",
        severity: Severity::Info,
        title: "no policy was granted, so the workloads decide",
        docs: "\
## What it means
The level was to follow from the granted policies (`--basis granted`), but neither the namespace itself nor everybody
was granted one that has a level.

## What follows
The level follows from what the workloads need, as with `--basis observed`.

## What to do
Nothing, if no policy was meant for the namespace; otherwise add the missing roles and bindings to the input.",
    },
    FindingCode {
        name: "one-drags",
        severity: Severity::Medium,
        title: "few workloads force a looser level on a namespace",
        docs: "\
## What it means
Without the workloads named here, the namespace could enforce a tighter level.

## What follows
Every other pod of the namespace, and every future one, is judged by the looser level.

## What to do
Move them to a namespace of their own, or change what violates the tighter level.",
    },
    FindingCode {
        name: "open-to-everybody",
        severity: Severity::Medium,
        title: "a policy is open to everybody",
        docs: "\
## What it means
A cluster-wide grant lets all authenticated users, all service accounts, or the controllers that create pods for
everybody use the policy in every namespace.

## What follows
The policy says what was possible everywhere, not what anybody needed. Levels here follow from what workloads need.

## What to do
Nothing for the migration. Remove the grant with the policy, once the plugin is off.",
    },
    FindingCode {
        name: "policy-differs",
        severity: Severity::Info,
        title: "a live pod was admitted by another policy than the replay says",
        docs: "\
## What it means
The annotation `kubernetes.io/psp` of a live pod names the policy that admitted it. Replaying admission over the
template that the pod was made from chooses another one.

## What follows
Policies or grants have changed since the pod was made, somebody else than the controller created it, or a webhook
changed it first. The next pod gets what the replay says.

## What to do
Restart one pod of the workload and compare; then decide which of the two the template should preserve.",
    },
    FindingCode {
        name: "psp-refuses",
        severity: Severity::Info,
        title: "no policy admits a workload",
        docs: "\
## What it means
Replaying PodSecurityPolicy admission finds no policy that both may be used for the workload and accepts it.

## What follows
With the plugin on its pods can not be created; perhaps a grant or a policy is missing from the input, or the plugin
is off already. What the policies would have changed in the pod is unknown.

## What to do
Give the tool all Roles, ClusterRoles and bindings of the cluster.",
    },
    FindingCode {
        name: "restriction-lost",
        severity: Severity::Medium,
        title: "a policy restricts what no level does",
        docs: "\
## What it means
The policy restricts something that the Pod Security Standards do not speak of at the level chosen (path prefixes of
host paths, ranges of user and group ids, read-only root file systems, driver lists, runtime classes, …).

## What follows
Once the policy is gone, pods of these namespaces may do it.

## What to do
If the restriction matters, write a ValidatingAdmissionPolicy (or a rule of another policy engine) for it.",
    },
    FindingCode {
        name: "unseen-workloads",
        severity: Severity::Medium,
        title: "no enforce label, because the input does not show everything",
        docs: "\
## What it means
Something in the input points at pods that it does not show, and they could need a looser level than the workloads
that it shows.

## What follows
No enforce label is written: the namespace stays as open as the cluster's default. Audit and warn labels are written.

## What to do
Give the tool what is missing: rendered templates (`helm template`, `kubectl kustomize`), a namespace for objects that
name none, or a dump of the running pods. If you know that nothing is missing, say so with `--complete`.",
    },
    FindingCode {
        name: "wildcard-grant",
        severity: Severity::Info,
        title: "a wildcard grants the use of every policy",
        docs: "\
## What it means
A rule with `*` as verb, group or resource (as in `cluster-admin`) includes the use of every policy.

## What follows
Pods created by these subjects, or running as these accounts, could use the loosest policy. It tells nothing of what
was meant.

## What to do
Nothing for the migration; look through the list of subjects.",
    },
    FindingCode {
        name: "workload-refused",
        severity: Severity::High,
        title: "a workload would be refused",
        docs: "\
## What it means
The level that the namespace will enforce refuses the pods of a workload.

## What follows
Pods that run go on running; new ones are refused. Deployments, Jobs and CronJobs are accepted without an error and
then make no pods: only Events of the ReplicaSet or Job tell (`FailedCreate`).

## What to do
Change the fields that the violations name, or enforce a looser level.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        for pair in CODES.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "sort {} before {}",
                pair[1].name,
                pair[0].name
            );
        }
        for code in CODES {
            let headings: Vec<&str> = code
                .docs
                .lines()
                .filter_map(|line| line.strip_prefix("## "))
                .collect();
            assert_eq!(
                headings,
                ["What it means", "What follows", "What to do"],
                "docs of {} need these sections",
                code.name
            );
        }
    }
}
