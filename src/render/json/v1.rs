//! The documents of `schemaVersion: v1`, field by field.
//!
//! These structs are a contract with the programs of users, so they are written out and filled in by hand instead of
//! being a dump of inner types. The file is long because the contract is read in one piece. Fields may be added; none is
//! renamed, removed or given another meaning without `v2`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What every document begins with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<T: Serialize> {
    /// Always `v1`.
    pub schema_version: &'static str,
    /// The kind of document, for example `MigrationReport`.
    pub kind: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// What could not be read, or should be looked at.
    pub diagnostics: Vec<Diagnostic>,
    /// The document itself.
    #[serde(flatten)]
    pub body: T,
}

/// What wrote a document.
#[derive(Debug, Clone, Serialize)]
pub struct Tool {
    /// `psp2psa`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// See [`crate::diag::Diagnostic`].
#[derive(Debug, Clone, Serialize)]
pub struct Diagnostic {
    /// Stable code.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What was found.
    pub message: String,
    /// Where.
    pub source: Option<Source>,
    /// What to do about it.
    pub help: String,
}

/// See [`crate::diag::Source`].
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// Path, or `-`.
    pub file: String,
    /// One-based.
    pub document: u32,
    /// One-based.
    pub line: u32,
    /// One-based.
    pub column: u32,
}

/// Kind, namespace and name of an object.
#[derive(Debug, Clone, Serialize)]
pub struct Reference {
    /// Kind.
    pub kind: String,
    /// Namespace, if it has one.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// What a check says of a pod.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// The check's id.
    pub check: String,
    /// Upstream's reason.
    pub reason: String,
    /// Upstream's detail.
    pub detail: String,
}

/// `check`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// The version asked for.
    pub version: String,
    /// The version whose rules that means: the newest that is known for `latest` and everything newer.
    pub rules_version: String,
    /// The level asked for.
    pub level: Option<String>,
    /// In input order.
    pub results: Vec<CheckResult>,
    /// Sorted by name.
    pub namespaces: Vec<CheckNamespace>,
}

/// One object judged by `check`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    /// Kind.
    pub kind: String,
    /// `apiVersion`.
    pub api_version: String,
    /// Namespace, where it is known.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub source: Source,
    /// Whether the level asked for admits it; true without a level.
    pub allowed: bool,
    /// Upstream's aggregate of reasons.
    pub reason: String,
    /// Upstream's aggregate of details.
    pub detail: String,
    /// Upstream's warning, or empty.
    pub message: String,
    /// One entry a check that refuses it.
    pub violations: Vec<Violation>,
    /// Levels that it satisfies.
    pub satisfies: Vec<String>,
    /// The tightest of them.
    pub tightest_level: String,
}

/// One namespace seen by `check`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckNamespace {
    /// Name.
    pub name: String,
    /// The tightest level that all its objects satisfy.
    pub tightest_level: String,
}

/// `admit`.
#[derive(Debug, Clone, Serialize)]
pub struct AdmitReport {
    /// In input order.
    pub results: Vec<AdmitResult>,
}

/// One object that was replayed by `admit`.
#[derive(Debug, Clone, Serialize)]
pub struct AdmitResult {
    /// Kind.
    pub kind: String,
    /// Namespace, where it is known.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub source: Source,
    /// Whether a policy admits its pod.
    pub admitted: bool,
    /// The policy that does; null if none does.
    pub policy: Option<String>,
    /// Whether that policy writes anything; the annotation with its name does not count.
    pub mutated: bool,
    /// What each policy says, by name.
    pub candidates: Vec<AdmitCandidate>,
    /// What the requester is told; empty if the pod is admitted.
    pub errors: Vec<String>,
    /// What the policy writes, the annotation with its name left out.
    pub changes: Vec<Change>,
    /// The whole pod as the policy leaves it; null if it is refused.
    ///
    /// Of the API server's defaults it has those that policies see: host ports under `hostNetwork`, `emptyDir` for a
    /// volume without a source, the version of projected field references, `securityContext: {}`, and both names of
    /// the service account.
    pub pod: Option<Value>,
}

/// What one policy says of a pod.
#[derive(Debug, Clone, Serialize)]
pub struct AdmitCandidate {
    /// The policy.
    pub policy: String,
    /// Through what it may be used; null if it may not.
    pub via: Option<String>,
    /// Whether it accepts the pod.
    pub valid: bool,
    /// Whether it writes anything.
    pub mutated: bool,
    /// What it does not accept, or why it cannot be used on any pod.
    pub errors: Vec<String>,
}

/// `access`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessReport {
    /// Every grant that was asked for.
    pub grants: Vec<Grant>,
    /// With `--as`: whether the identity may use the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
    /// With `--as`: through what; null if not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Value>,
}

/// See [`crate::rbac::Grant`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The policy.
    pub policy: String,
    /// Who may use it.
    pub subject: Reference,
    /// Where; null means in every namespace.
    pub namespace: Option<String>,
    /// Through which binding.
    pub binding: Reference,
    /// Through which role.
    pub role: Reference,
    /// Through which rule.
    pub rule: Rule,
    /// Whether the rule names the policy.
    pub by_name: bool,
}

/// One rule of a role.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Zero-based position in the role's rules.
    pub index: usize,
    /// `apiGroups`.
    pub api_groups: Vec<String>,
    /// `resources`.
    pub resources: Vec<String>,
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `resourceNames`.
    pub resource_names: Vec<String>,
}

/// `map`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapReport {
    /// The version asked for.
    pub version: String,
    /// The version whose rules that means: the newest that is known for `latest` and everything newer.
    pub rules_version: String,
    /// Sorted by name.
    pub policies: Vec<Policy>,
}

/// See [`crate::mapping::Mapping`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Name.
    pub name: String,
    /// Where it stands.
    pub source: Option<Source>,
    /// The closest level.
    pub level: Option<String>,
    /// The level that no admitted pod violates.
    pub strict_level: Option<String>,
    /// The mapping in one sentence.
    pub summary: String,
    /// The checks in the way of each level.
    pub blocked_by: BlockedBy,
    /// One entry a check.
    pub controls: Vec<Control>,
    /// What the policy writes into pods.
    pub mutations: Vec<Mutation>,
    /// What the policy restricts and the level does not.
    pub unmapped: Vec<Unmapped>,
}

/// The checks in the way of each level.
#[derive(Debug, Clone, Serialize)]
pub struct BlockedBy {
    /// Of baseline.
    pub baseline: Vec<String>,
    /// Of restricted.
    pub restricted: Vec<String>,
}

/// The verdict of one check for a policy.
#[derive(Debug, Clone, Serialize)]
pub struct Control {
    /// The check's id.
    pub check: String,
    /// Its level.
    pub level: String,
    /// `imposed`, `granted`, `unset`, `escapable`, `silent`, `uncontrolled` or `enforced`.
    pub verdict: String,
    /// The policy's field that decides.
    pub field: String,
    /// Its value.
    pub value: String,
    /// Why, in one sentence.
    pub message: String,
    /// A pod that the policy admits and the check refuses, where one was built.
    pub witness: Option<Value>,
}

/// One field that a policy writes into pods.
#[derive(Debug, Clone, Serialize)]
pub struct Mutation {
    /// The policy's field.
    pub field: String,
    /// The pod's field.
    pub path: String,
    /// What it writes.
    pub value: String,
}

/// One restriction that no level has.
#[derive(Debug, Clone, Serialize)]
pub struct Unmapped {
    /// The policy's field.
    pub field: String,
    /// Its value.
    pub value: String,
    /// What it restricted.
    pub message: String,
}

/// `migrate`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationReport {
    /// The version that labels are pinned to.
    pub target_version: String,
    /// The version whose rules that means: the newest that is known for `latest` and everything newer.
    pub rules_version: String,
    /// Why this version.
    pub target_reason: String,
    /// `observed`, `granted` or `both`.
    pub basis: String,
    /// `stability` or `security`.
    pub prefer: String,
    /// Sorted by name.
    pub namespaces: Vec<Namespace>,
    /// Sorted by name.
    pub policies: Vec<Policy>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What can go once the PodSecurityPolicy plugin is off.
    pub cleanup: Cleanup,
    /// What namespaces without labels get; null where only one namespace is planned, or none.
    pub unlabelled: Option<Unlabelled>,
    /// What the report was made of, and what was asked for: of the same, the same report is made again.
    pub input: Input,
    /// Counts.
    pub summary: Summary,
}

/// See [`crate::model::provenance::Provenance`].
#[derive(Debug, Clone, Default, Serialize)]
pub struct Input {
    /// Sorted by name; empty if what was read were no files.
    pub files: Vec<InputFile>,
    /// SHA-256 of what `sha256sum FILE… | LC_ALL=C sort -k 2` prints of the files; null if there are none, or one has no
    /// digest.
    pub sha256: Option<String>,
    /// How many objects were read, by kind, copies of one another included.
    pub objects: BTreeMap<String, u64>,
    /// How many nodes have which version of the kubelet.
    pub kubelets: BTreeMap<String, u64>,
    /// Everything else that the plan depends on.
    pub options: Options,
}

/// A file that was read.
#[derive(Debug, Clone, Serialize)]
pub struct InputFile {
    /// The path as it was given, members of directories appended; `-` for standard input.
    pub name: String,
    /// How many bytes are stored; null without a digest.
    pub bytes: Option<u64>,
    /// SHA-256 of the bytes as they are stored, as `sha256sum` prints it; null if they could not be read to their end.
    pub sha256: Option<String>,
    /// Why there is no digest; null if there is one.
    pub reason: Option<String>,
}

/// See [`crate::plan::Options`]. What the configuration says stands with the namespaces and findings that it changes.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The target version, if it was chosen.
    pub target_version: Option<String>,
    /// `observed`, `granted` or `both`.
    pub basis: String,
    /// `stability` or `security`.
    pub prefer: String,
    /// `next`, or a level.
    pub audit: String,
    /// `next`, or a level.
    pub warn: String,
    /// Whether labels that are there already are replaced.
    pub overwrite: bool,
    /// Whether the user vouches that the input shows everything that runs.
    pub complete: bool,
    /// The only namespace that is planned, if there is one.
    pub namespace: Option<String>,
    /// Patterns of namespaces that are left as they are, those of the configuration included; sorted.
    pub exclude_namespaces: Vec<String>,
    /// The namespace of objects that name none, if it was chosen.
    pub default_namespace: Option<String>,
    /// The configuration, which is one of the files.
    pub configuration: Option<String>,
    /// What day it is, if that was said.
    pub today: Option<String>,
}

/// See [`crate::plan::unlabelled::Unlabelled`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unlabelled {
    /// The version of the configuration that `admission-configuration.yaml` is written in: one that the API servers of
    /// the input read.
    pub api_version: String,
    /// The default of enforce.
    pub enforce: String,
    /// The default of audit.
    pub audit: String,
    /// The default of warn.
    pub warn: String,
    /// Why the default of enforce is what it is.
    pub reasons: Vec<String>,
    /// The default of enforce to aim for.
    pub aim: String,
    /// Namespaces to exempt.
    pub exempt: Vec<Uncovered>,
    /// Namespaces that no file of the plan gives an enforce label.
    pub uncovered: Vec<Uncovered>,
}

/// A namespace, and why it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct Uncovered {
    /// Name.
    pub namespace: String,
    /// Why.
    pub reason: String,
}

/// See [`crate::plan::cleanup::Cleanup`].
#[derive(Debug, Clone, Serialize)]
pub struct Cleanup {
    /// What exists for policies only: policies, bindings, roles.
    pub delete: Vec<Reference>,
    /// Roles that stay without the use of policies.
    pub edit: Vec<Reference>,
    /// What speaks of policies and stays as it is.
    pub left: Vec<Left>,
}

/// See [`crate::plan::cleanup::Left`].
#[derive(Debug, Clone, Serialize)]
pub struct Left {
    /// Kind.
    pub kind: String,
    /// Namespace, if it has one.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Why it stays.
    pub reason: String,
}

/// See [`crate::plan::NamespacePlan`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Where its Namespace object stands.
    pub source: Option<Source>,
    /// `planned`, `inconclusive` or `excluded`.
    pub status: String,
    /// Why, in a few words.
    pub brief: String,
    /// Why, most important first.
    pub reasons: Vec<String>,
    /// `complete`, `partial` or `none`.
    pub evidence: String,
    /// What the input does not show.
    pub missing: Vec<String>,
    /// `high` or `review`.
    pub confidence: String,
    /// Which policies could be used here.
    pub granted: Granted,
    /// The tightest level that all workloads satisfy as written.
    pub needed: Option<String>,
    /// The same as Kubernetes 1.24 stores them.
    pub needed_stored: Option<String>,
    /// The same with the patches that preserve what runs today.
    pub needed_with_patches: Option<String>,
    /// The level enforced once the labels are applied, while the old policies decide, too; null without a label.
    pub enforce: Option<String>,
    /// The tighter level enforced once the old policies are bypassed; null if it stays the same.
    pub enforce_after_bypass: Option<String>,
    /// `high` or `review`: how sure that tighter level is; null where there is none.
    pub confidence_after_bypass: Option<String>,
    /// The level audited once the labels are applied.
    pub audit: Option<String>,
    /// The level warned of once the labels are applied.
    pub warn: Option<String>,
    /// The level that the plan proposes to enforce, whatever label the owner has set.
    pub proposed: Option<String>,
    /// What the configuration sets here whatever the evidence; null if nothing.
    pub r#override: Option<Override>,
    /// The pod-security labels before and after.
    pub labels: Labels,
    /// Names of the policies that were usable here by other than a wildcard.
    pub policies: Vec<String>,
    /// Sorted by kind and name.
    pub workloads: Vec<Workload>,
    /// The stages of `manifests/` that this namespace takes part in, in order.
    pub steps: Vec<String>,
    /// Ids of findings.
    pub findings: Vec<String>,
    /// What changes at other versions.
    pub preview: Vec<Preview>,
    /// What the API server would say of the pods of the input if the namespace enforced a level that some violate.
    pub existing_pods: Vec<ExistingPods>,
}

/// See [`crate::plan::relabel::Relabelling`].
#[derive(Debug, Clone, Serialize)]
pub struct ExistingPods {
    /// The level of the enforce label.
    pub level: String,
    /// Its version.
    pub version: String,
    /// The warnings, word for word.
    pub warnings: Vec<String>,
}

/// See [`crate::plan::settings::Overridden`].
#[derive(Debug, Clone, Serialize)]
pub struct Override {
    /// The level to enforce; null leaves it to the evidence.
    pub enforce: Option<String>,
    /// The level to audit.
    pub audit: Option<String>,
    /// The level to warn of.
    pub warn: Option<String>,
    /// The level that the evidence gives for enforce; null if none.
    pub instead: Option<String>,
    /// Why.
    pub reason: String,
    /// Where the configuration says it.
    pub source: Source,
}

/// See [`crate::plan::granted::Granted`].
#[derive(Debug, Clone, Serialize)]
pub struct Granted {
    /// The loosest level among `own` and `everyone`.
    pub level: Option<String>,
    /// Granted to this namespace's own accounts and groups.
    pub own: Vec<Usable>,
    /// Granted to everybody.
    pub everyone: Vec<Usable>,
    /// Granted to accounts of other namespaces that create pods here.
    pub operators: Vec<Usable>,
    /// Granted to people.
    pub people: Vec<Usable>,
    /// Granted to kubelets.
    pub nodes: Vec<Usable>,
    /// Granted by wildcard.
    pub wildcard: Vec<Usable>,
}

/// See [`crate::plan::granted::Usable`].
#[derive(Debug, Clone, Serialize)]
pub struct Usable {
    /// The policy.
    pub policy: String,
    /// Its closest level.
    pub level: Option<String>,
    /// Who may use it.
    pub subject: String,
    /// Through which binding.
    pub binding: String,
    /// Through which role.
    pub role: String,
    /// Whether a workload runs as the subject.
    pub used: bool,
}

/// Labels before and after.
#[derive(Debug, Clone, Serialize)]
pub struct Labels {
    /// As the owner has them.
    pub before: BTreeMap<String, String>,
    /// As they will be.
    pub after: BTreeMap<String, String>,
}

/// See [`crate::plan::workloads::WorkloadPlan`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub source: Source,
    /// The account its pods run as.
    pub service_account: String,
    /// The policy that admits it; null if none does.
    pub policy: Option<String>,
    /// Through whom that policy is usable.
    pub via: Option<String>,
    /// Levels satisfied as written.
    pub satisfies: Vec<String>,
    /// Levels satisfied as stored; null if no policy admits it.
    pub satisfies_stored: Option<Vec<String>>,
    /// Levels satisfied with the patch; null if there are no policies to lose anything of.
    pub satisfies_patched: Option<Vec<String>>,
    /// What the policy writes into its pods, and what follows when it does not any more.
    pub mutations: Vec<Mutated>,
    /// Violations by level.
    pub violations: BTreeMap<String, Vec<Violation>>,
    /// What the template must say itself to keep what a policy writes today; null if nothing.
    pub patch: Option<Patch>,
    /// What would get it to tighter levels: proposals, which no stage makes.
    pub hardening: Vec<Hardening>,
    /// Whether the level follows from it, too: not from a bare pod that has ended.
    pub counts: bool,
    /// How it was judged, where that is not obvious.
    pub notes: Vec<String>,
}

/// See [`crate::plan::patches::Patch`].
#[derive(Debug, Clone, Serialize)]
pub struct Patch {
    /// What it writes, as paths in the pod: what runs today.
    pub edits: Vec<Change>,
    /// What the policy writes and the patch leaves out, because it weakens the pod.
    pub loosening: Vec<Change>,
    /// What the old policies make of the patched template: `accepted`, `otherPolicy`, `stillMutated` or `refused`.
    /// Anything but `accepted` can be applied only once they are bypassed.
    pub proof: String,
    /// The strategic merge patch of the object; null where there is nothing to write, or where none can be applied.
    pub object: Option<Value>,
    /// The stage of `manifests/` that applies it; null if none does.
    pub stage: Option<String>,
    /// Why no stage applies what it writes; null if one does, and where there is nothing to write.
    pub unstaged: Option<String>,
}

/// See [`crate::plan::patches::Hardening`].
#[derive(Debug, Clone, Serialize)]
pub struct Hardening {
    /// The level that the template satisfies with these edits and those of the patch.
    pub level: String,
    /// What has to be written beyond the patch, as paths in the pod.
    pub edits: Vec<Change>,
    /// What the old policies make of it, as for a patch; null where none admits the pods today.
    pub proof: Option<String>,
}

/// One field that a policy writes.
#[derive(Debug, Clone, Serialize)]
pub struct Mutated {
    /// What is written.
    #[serde(flatten)]
    pub change: Change,
    /// What follows when it is not written any more, in one sentence.
    pub consequence: String,
}

/// One field changed by a policy.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Path in the pod.
    pub path: String,
    /// Null if absent.
    pub before: Option<Value>,
    /// Null if absent.
    pub after: Option<Value>,
}

/// What changes at another version.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The version.
    pub version: String,
    /// The workloads whose verdict differs.
    pub changed: Vec<Changed>,
}

/// One workload whose verdict differs at another version.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    /// Kind and name.
    pub workload: String,
    /// The checks that make the difference.
    pub checks: Vec<String>,
    /// Whether the other version refuses what the target allows.
    pub refused: bool,
}

/// See [`crate::plan::findings::Finding`].
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Unique in the report.
    pub id: String,
    /// Stable code.
    pub code: String,
    /// `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// One line.
    pub title: String,
    /// What it is about.
    pub places: Vec<Place>,
    /// The facts.
    pub evidence: Vec<String>,
    /// What happens if nothing is done.
    pub consequence: String,
    /// What to do.
    pub remedy: String,
    /// Commands that help with it.
    pub commands: Vec<String>,
    /// Objects that do it, to be read and then applied.
    pub manifests: Vec<Value>,
    /// Whether it counts: false if all of its places are accepted.
    pub open: bool,
    /// What the configuration accepts of it.
    pub accepted: Vec<Acceptance>,
}

/// See [`crate::plan::settings::Acceptance`].
#[derive(Debug, Clone, Serialize)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// The last day on which it holds; null if it holds for good.
    pub expires: Option<String>,
    /// Where the configuration says it.
    pub source: Source,
}

/// An object that a finding is about.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// Null for the whole cluster.
    pub namespace: Option<String>,
    /// Empty where the namespace itself is meant.
    pub object: String,
    /// Where it stands.
    pub source: Option<Source>,
}

/// Counts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// All namespaces.
    pub namespaces: usize,
    /// By level enforced once the labels are applied; `none` without a label.
    pub by_enforce: BTreeMap<String, usize>,
    /// By status.
    pub by_status: BTreeMap<String, usize>,
    /// By severity, all four.
    pub findings_by_severity: BTreeMap<String, usize>,
    /// How many of the findings are accepted.
    pub accepted: usize,
}
