//! The table of finding codes. `explain CODE` prints what stands here. The file is long because the table is read in one
//! piece.

use super::Severity;

/// One kind of risk.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingCode {
    /// Stable name.
    pub name: &'static str,
    /// Severity of the worst finding with this code.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: &'static str,
    /// Markdown for `explain`: what it means, what follows, what to do, and an example.
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
        name: "bypass-reach",
        severity: Severity::Medium,
        title: "a bypass reaches more than the namespaces that it is for",
        docs: "\
## What it means
A rule without `resourceNames` allows the use of every policy, so also of the one in `40-bypass`, which permits
everything and is tried first. It does so wherever the binding of the rule holds, and not only in the namespaces that the
stage binds the policy in.

## What follows
If the subjects would come by more than they have (accounts, groups of accounts, everybody, the controllers; users that
may not create policies), the plan has no bypass. Patches that the policies refuse and levels that their mutation is in
the way of then wait until the plugin is off.

If they are administrators, who may create policies and use every one, the bypass is planned: they could make such a
policy today. From then on no policy refuses or changes their own pods, or those that run as their accounts.

## What to do
Write the names of the policies that are meant into the rule, and plan again:
```yaml
rules:
- apiGroups: [policy]
  resources: [podsecuritypolicies]
  resourceNames: [restricted]
  verbs: [use]
```

## Example
```
ClusterRoleBinding \"psp\" of ClusterRole \"psp\" to Group \"system:serviceaccounts\" allows every policy in every namespace
```

With a bypass, every account of the cluster could run privileged pods, in namespaces without any label, too.",
    },
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
Add the policy to the input if it exists in the cluster; otherwise remove the name from the rule.

## Example
A rule names `psp-restrcted`, and the policy is called `psp-restricted`: its subjects have no policy today.",
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
delete the binding.

## Example
A RoleBinding refers to `Role psp-user` in its own namespace, but only a ClusterRole of that name exists.",
    },
    FindingCode {
        name: "debug-refused",
        severity: Severity::Low,
        title: "debug containers have to satisfy the level",
        docs: "\
## What it means
PodSecurityPolicy never looked at ephemeral containers, and Pod Security Admission does: adding one to a pod means that
the whole pod is judged, with the new container.

## What follows
`kubectl debug` is refused unless the container that it adds satisfies the level of the namespace: at restricted that is
any container without a security context, at baseline one with more capabilities (such as `SYS_PTRACE` of the profile
`general`).

## What to do
Debug with `--profile=restricted` or `--profile=baseline` (kubectl 1.27 or newer), debug a copy of the pod in a namespace
of its own (`--copy-to`), or debug the node.

## Example
```sh
kubectl debug -it api-0 --image=busybox --target=api --profile=restricted
```",
    },
    FindingCode {
        name: "future-namespaces-open",
        severity: Severity::Medium,
        title: "namespaces without an enforce label are open",
        docs: "\
## What it means
While PodSecurityPolicy is on, a pod needs a policy that somebody granted: it fails closed. Pod Security Admission looks at
labels, and without one, everything is admitted: it fails open.

## What follows
Every namespace that is created after the migration, and every one that the plan gives no enforce label, admits
privileged pods.

## What to do
Give Pod Security Admission defaults: `migrate` writes them to `admission-configuration.yaml`, for `--admission-control-config-file` of
the API servers. Where you cannot set that, demand the label of new namespaces with the ValidatingAdmissionPolicy that
the finding carries (Kubernetes 1.30 or newer); it warns and audits until you change `validationActions` to `Deny`.

## Example
```yaml
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: v1.30}
    exemptions: {namespaces: [kube-system]}
```",
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
Delete it together with the others once the plugin is off.

## Example
```
no binding of the input lets anybody use policy legacy
```",
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
The template is not the whole truth; the live pod counts for the level of the namespace, which is looser for it.

## What to do
Look at the difference between the pod and its template. Service meshes have a CNI mode that makes their init
containers unnecessary.

## Example
A Deployment satisfies restricted, but its pods have an init container `istio-init` that adds `NET_ADMIN`: the namespace
needs privileged as long as the mesh sets up its pods this way.",
    },
    FindingCode {
        name: "label-conflict",
        severity: Severity::Medium,
        title: "a label of the owner differs from the plan",
        docs: "\
## What it means
The namespace has a pod-security label already, with another level than the evidence asks for. Of medium severity for
`enforce`, of severity info for `audit` and `warn` labels that say less than they could.

## What follows
The owner's label is kept. If it is looser, pods are admitted that nothing here needs; if it is tighter, compare it
with the violations listed for the namespace. A tighter label that refuses nothing is no finding: it is praised.

## What to do
Decide which one is meant; `--overwrite` writes the planned level.

## Example
```
the owner's label says enforce: privileged, the evidence baseline
```

No workload here needs more than baseline, so the label can be tightened:

```sh
kubectl label --overwrite namespace shop \\
  pod-security.kubernetes.io/enforce=baseline
```",
    },
    FindingCode {
        name: "label-invalid",
        severity: Severity::High,
        title: "a pod-security label has an invalid value",
        docs: "\
## What it means
The value of a pod-security label is not one that Kubernetes knows: a level is exactly `privileged`, `baseline` or
`restricted`, a version exactly `latest` or `v1.N`. Or a label begins with `pod-security.kubernetes.io/` and is none of
the six that Kubernetes reads.

## What follows
An invalid `enforce` is treated as `restricted`, an invalid `audit` or `warn` as `privileged`, an invalid version as
`latest`; and every create of the namespace, and every update that brings a new error, is refused. A label that is none
of the six is ignored without a word.

## What to do
Correct the label, or let the plan replace it with `--overwrite`.

## Example
`pod-security.kubernetes.io/enforce: Baseline` (a capital letter) is enforced as restricted, and
`pod-security.kubernetes.io/enforce-level: baseline` means nothing at all.",
    },
    FindingCode {
        name: "label-unpinned",
        severity: Severity::Info,
        title: "an enforce label is pinned to no version",
        docs: "\
## What it means
The owner's enforce label is kept, and has no version beside it, or `latest`: both mean the newest rules that the API
server knows.

## What follows
An upgrade of the cluster can change what the namespace refuses, without a change to the namespace.

## What to do
Write `pod-security.kubernetes.io/enforce-version`, and raise it when the workloads are ready. `--overwrite` writes the
pair.

## Example
```sh
kubectl label namespace shop pod-security.kubernetes.io/enforce-version=v1.30
```",
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
admits that. Such a field is never written for you.

## Example
The policy's `defaultAddCapabilities: [SYS_PTRACE]` gives every container a capability that no template names. A
profiler among the workloads stops seeing other processes once the policy is gone.",
    },
    FindingCode {
        name: "looser-than-policies",
        severity: Severity::Medium,
        title: "the enforced level is looser than the policies were",
        docs: "\
## What it means
The policies that were granted to the namespace and to everybody come to a tighter level than the one that it will
enforce. Mostly that is because the policies corrected pods on their way in, and labels do not; or because the owner's
label is kept.

## What follows
Once the policies are gone, pods are admitted that these would have refused or corrected.

## What to do
Write into the templates what the policies wrote into the pods (the report has the patches), or change what violates the
tighter level, and then enforce it.

## Example
```
baseline is enforced where the policies allowed no more than restricted
  as Deployment api of shop: allowPrivilegeEscalation != false,
     unrestricted capabilities, seccompProfile
```

The policy `restricted` dropped all capabilities of every container by itself. The template does not.",
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
Apply the patches of `20-workloads`, and those of `50-workloads` behind the bypass: they write what preserves today's
behaviour. Where no stage has a patch, write the fields that matter into the template before the policy goes.

## Example
The policy's `runAsUser: {rule: MustRunAs, ranges: [{min: 1000, max: 2000}]}` writes `runAsUser: 1000` into pods of an
image that runs as root by itself. Without the policy it runs as root again.",
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
(`60-enforce`). Or change the policy: let it accept what the level demands.

## Example
```
no pod that the policies admit satisfies restricted
```

The policy has no list of seccomp profiles, so it refuses every pod that names one. Restricted demands that one is named.",
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
Nothing, if no policy was meant for the namespace; otherwise add the missing roles and bindings to the input.

## Example
With `--basis granted`, a namespace of pods that run only through a grant to a person has no policy of its own.",
    },
    FindingCode {
        name: "one-drags",
        severity: Severity::Medium,
        title: "few workloads force a looser level on a namespace",
        docs: "\
## What it means
Without the workloads named here, the namespace could enforce a tighter level. Pods that need privileged and that no
controller makes again are named also where there is nothing else.

## What follows
Every other pod of the namespace, and every future one, is judged by the looser level.

## What to do
Three ways out: a namespace of their own with the looser level; a change of what violates the tighter level, for which
the report may have a patch; or an exemption, for which only a runtime class is narrow enough (an exemption of the user
would exempt the controller that makes everybody's pods).

## Example
```
restricted is possible without Deployment legacy
```

Of twelve Deployments, eleven satisfy restricted. The twelfth moves to `shop-legacy`, which enforces baseline, and `shop`
enforces restricted.",
    },
    FindingCode {
        name: "only-through-people",
        severity: Severity::Medium,
        title: "a policy is reachable only through people or operators",
        docs: r#"## What it means
No account of the namespace may use the policy: only users, groups, or accounts of other namespaces may that create pods
here, and it is looser than what the namespace itself was granted.

## What follows
Labels do not ask who creates a pod. If the namespace enforces a tighter level, these people and operators lose what the
policy gave them (severity low). If it enforces one as loose as the policy, everybody gets it who may create pods here
(severity medium).

## What to do
Give such pods a namespace of their own. Where that is impossible, exempt the user by name in the
PodSecurityConfiguration (`exemptions.usernames`); groups cannot be exempted.

## Example
```
only people or operators may use policy debug, and what it allows will be
refused
  as User "jane" -> RoleBinding shop/debug -> Role shop/debug
```"#,
    },
    FindingCode {
        name: "open-to-everybody",
        severity: Severity::Medium,
        title: "a policy is open to everybody",
        docs: "\
## What it means
A cluster-wide grant lets all authenticated users, all service accounts, or the controllers that create pods for
everybody use the policy in every namespace. Of medium severity if the closest level to the policy is privileged; of
severity info if it is tighter, because then no hole is open.

## What follows
The policy says what was possible everywhere, not what anybody needed. Levels here follow from what workloads need, so
what only such a grant allowed, and no workload of the input shows, will be refused.

## What to do
Nothing for the migration. Remove the grant with the policy, once the plugin is off.

## Example
EKS binds its policy `eks.privileged` to `system:authenticated`. Hardened workloads get restricted all the same, because
the policy tells nothing of what they need.",
    },
    FindingCode {
        name: "other-version-refuses",
        severity: Severity::Low,
        title: "another version of the standards refuses a workload",
        docs: "\
## What it means
At the version that the label is pinned to, the level admits the workload; at another version a check of the same level
refuses it.

## What follows
A later version: nothing happens until somebody raises the version of the label, or writes `latest`. An earlier version:
an API server judges by the newest rules that it knows, so one that old refuses the pods whatever newer version the label
names.

## What to do
For a later version, change the workload before you raise the version. For an earlier one, plan with the version of the
cluster: `--target-version`, or the Nodes in the input.

## Example
```
baseline refuses more from v1.34 on: hostProbesAndHostLifecycle
  at probes: Deployment api
```",
    },
    FindingCode {
        name: "override-looser",
        severity: Severity::Medium,
        title: "an override is looser than the evidence asks for",
        docs: "\
## What it means
The configuration sets the level that a namespace enforces, and the workloads of the namespace satisfy a tighter one.

## What follows
Pods are admitted that nothing of the input needs.

## What to do
Take the override out when its reason no longer holds; then the namespace gets the tighter level.

## Example
```yaml
overrides:
- namespaces: [shop]
  enforce: baseline
  reason: the shop moves to restricted in spring
```

Every workload of `shop` satisfies restricted already.",
    },
    FindingCode {
        name: "override-tighter",
        severity: Severity::High,
        title: "an override is tighter than the evidence allows",
        docs: "\
## What it means
The configuration sets the level that a namespace enforces, and the evidence gives a looser one.

## What follows
Pods that run go on running; new ones that violate the level are refused. The label is among those that a person should
look at before it is applied.

## What to do
Change the workloads first, or take the override out. If the override is right and the pods are to be refused, accept
the finding in the configuration with the reason.

## Example
An override enforces restricted for `observability`, and its DaemonSet mounts paths of the node.",
    },
    FindingCode {
        name: "override-unproven",
        severity: Severity::Medium,
        title: "an override sets a level that the evidence does not give",
        docs: "\
## What it means
The configuration sets the level that a namespace enforces, and without it there would be no enforce label: the input
does not show enough to tell.

## What follows
Pods that the input does not show are refused if they violate the level. The label is among those that a person should
look at before it is applied.

## What to do
Give the tool what is missing, or be sure of the reason that the override gives.

## Example
An override enforces baseline for a namespace whose HelmRelease is rendered elsewhere.",
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
Restart one pod of the workload and compare; then decide which of the two the template should preserve.

## Example
Live pods carry `kubernetes.io/psp: privileged`, because they were made before the account was bound to `restricted`
only.",
    },
    FindingCode {
        name: "psp-refuses",
        severity: Severity::Info,
        title: "no policy admits a workload",
        docs: "\
## What it means
Replaying PodSecurityPolicy admission finds no policy that both may be used for the workload and accepts it. Or the
policy that does writes into its pods what the API server then refuses, as Linux fields into a pod for Windows.

## What follows
With the plugin on its pods cannot be created; perhaps a grant or a policy is missing from the input, or the plugin
is off already. What the policies would have changed in the pod is unknown.

## What to do
Give the tool all Roles, ClusterRoles and bindings of the cluster.

## Example
```
no policy of the input may be used for a workload
  as Deployment api: account api may use no policy
```

The RoleBinding that lets the account `api` use a policy was not exported.",
    },
    FindingCode {
        name: "relabel-namespaces",
        severity: Severity::Info,
        title: "who may change the labels of namespaces",
        docs: r#"## What it means
These subjects may create, patch or update namespaces, by name or by wildcard. `system:masters` and the controllers of
Kubernetes itself are left out.

## What follows
Whoever may write the labels of a namespace decides what it enforces. With PodSecurityPolicy that took the right to bind a
policy.

## What to do
Look through the list. Those who only need namespaces of their own can get them from a controller, or be held to one level
by a ValidatingAdmissionPolicy.

## Example
```
these may change the labels of namespaces
  at the cluster: Group "platform-team": create, patch, update
                  (ClusterRoleBinding platform-admin)
```"#,
    },
    FindingCode {
        name: "restriction-lost",
        severity: Severity::Medium,
        title: "a policy restricts what no level does",
        docs: "\
## What it means
The policy restricts something that the Pod Security Standards do not speak of at the level chosen (path prefixes of
host paths, ranges of user and group ids, read-only root file systems, driver lists, runtime classes, …), and a workload
of the namespace is admitted by it.

## What follows
Once the policy is gone, pods of these namespaces may do it.

## What to do
If the restriction matters, keep it with a ValidatingAdmissionPolicy (Kubernetes 1.30 or newer) or a rule of another
policy engine. Where the restriction can be said in one, the finding carries the objects: they warn and audit, and refuse
once you change `validationActions` to `Deny`.

## Example
The policy allows `hostPath` volumes below `/var/log` only. The namespace enforces privileged, because the log collector
needs such a volume, and so every path of the node can be mounted. The finding carries the policy that keeps it:

```yaml
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: psp-log-collector-privileged
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - apiGroups: ['']
      apiVersions: [v1]
      operations: [CREATE]
      resources: [pods]
  validations:
  - expression: >-
      !has(object.spec.volumes) || object.spec.volumes.all(v,
      !has(v.hostPath) ||
      v.hostPath.path == '/var/log' || v.hostPath.path.startsWith('/var/log/'))
    message: violates spec.allowedHostPaths of PodSecurityPolicy log-collector
```",
    },
    FindingCode {
        name: "rollback-refused",
        severity: Severity::Low,
        title: "going back to an earlier template would be refused",
        docs: "\
## What it means
An old ReplicaSet or a ControllerRevision of the input keeps a template that the level refuses, although it admits the
template of today.

## What follows
`kubectl rollout undo` to that revision is accepted, and its pods are refused: the rollback ends with fewer pods than
before.

## What to do
Fix forward instead. Delete the revisions, or let newer ones push them out (`revisionHistoryLimit`). Where a rollback has
to work, relax the label first.

## Example
```
baseline refuses earlier templates of workloads
  as ReplicaSet shop/web-7d9c of Deployment web: hostPort
```",
    },
    FindingCode {
        name: "silent-refusal",
        severity: Severity::Low,
        title: "refused pods are told only by Events",
        docs: "\
## What it means
The enforce label refuses pods. It never refuses the Deployment, StatefulSet, DaemonSet, Job or CronJob that makes them:
these are accepted, with a warning at most.

## What follows
If a pod is refused, for a reason that the input did not show, nobody is told but by an Event of the ReplicaSet, Job,
DaemonSet or StatefulSet. A CronJob tries when it is due, a DaemonSet when a node joins: perhaps weeks after the label.

## What to do
Watch the Events after each stage, those of CronJobs and DaemonSets first. Try them at once: run each CronJob by hand and
restart each DaemonSet.

## Example
```sh
kubectl get events -A --field-selector reason=FailedCreate -w | grep PodSecurity
kubectl create job -n shop try-nightly --from=cronjob/nightly
kubectl rollout restart -n observability daemonset/agent
```",
    },
    FindingCode {
        name: "template-not-understood",
        severity: Severity::Info,
        title: "a template was not understood",
        docs: "\
## What it means
Either a kind that is not known here has something that looks like a pod template, and was judged by it; or a template
(Helm, Jinja, ytt) is not rendered, names no namespace, and could not be judged at all.

## What follows
What the operator or the release makes of it may need a looser level than the plan gives, and then its pods are refused.
Labels that depend on it are marked `review`.

## What to do
Render templates and give the tool the result; add a dump of the running pods, which shows what operators make.

## Example
```
kind Rollout is not known here: something in it looks like a pod template
  at shop: Rollout api
```",
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
name none, or a dump of the running pods. If you know that nothing is missing, say so with `--complete`.

## Example
```
pods of these namespaces are rendered elsewhere
  as HelmRelease shop/redis
```

`helm template redis bitnami/redis --namespace shop > redis.yaml` shows what the release makes.",
    },
    FindingCode {
        name: "unused-grant",
        severity: Severity::Low,
        title: "an account may use a looser policy, and no workload runs as it",
        docs: "\
## What it means
A binding lets an account of the namespace use a policy that is looser than the level of the namespace, and no workload
of the input runs as this account.

## What follows
If something uses the account after all, such as builds that make pods and remove them, its pods are refused where they
need what the policy allows.

## What to do
Ask those who made the binding. If the account is used, add its pods or their templates to the input; otherwise the grant
goes with the policies.

## Example
```
accounts that no workload runs as may use policy system-privileged, where baseline
is enforced
  as ServiceAccount \"ci-runners/dind-builder\" -> RoleBinding ci-runners/dind
     -> ClusterRole psp:system-privileged
```",
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
Nothing for the migration; look through the list of subjects.

## Example
A Role with `apiGroups: ['*'], resources: ['*'], verbs: ['*']` for the deployer of a namespace was meant for everything
but policies, and includes them.",
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
Change the fields that the violations name, or enforce a looser level.

## Example
```
baseline refuses workloads
  as DaemonSet agent of observability: host namespaces, hostPath volumes
```",
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
                ["What it means", "What follows", "What to do", "Example"],
                "docs of {} need these sections",
                code.name
            );
        }
    }
}
