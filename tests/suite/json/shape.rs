//! Every field of the documents, and nothing else. A field that may be null must be there all the same.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A value or null, but not absent: unlike an `Option`, it has no default.
#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Nullable<T>(pub(super) Option<T>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Head {
    pub(super) schema_version: String,
    pub(super) kind: String,
    pub(super) tool: Tool,
    pub(super) diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) version: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Diagnostic {
    pub(super) code: String,
    pub(super) severity: String,
    pub(super) message: String,
    pub(super) source: Nullable<Source>,
    #[expect(dead_code, reason = "it may be empty")]
    pub(super) help: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) document: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Violation {
    pub(super) check: String,
    pub(super) reason: String,
    pub(super) detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CheckReport {
    pub(super) version: String,
    pub(super) rules_version: String,
    pub(super) level: Nullable<String>,
    pub(super) results: Vec<CheckResult>,
    pub(super) namespaces: Vec<CheckNamespace>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CheckResult {
    pub(super) kind: String,
    pub(super) api_version: String,
    pub(super) namespace: Nullable<String>,
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) allowed: bool,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) message: String,
    pub(super) violations: Vec<Violation>,
    pub(super) satisfies: Vec<String>,
    pub(super) tightest_level: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CheckNamespace {
    pub(super) name: String,
    pub(super) tightest_level: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AccessReport {
    pub(super) grants: Vec<Grant>,
    /// There with `--as` only.
    pub(super) allowed: Option<bool>,
    /// There with `--as` only, and null for a no.
    #[serde(default, deserialize_with = "present")]
    pub(super) via: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) policy: String,
    pub(super) subject: Reference,
    pub(super) namespace: Nullable<String>,
    pub(super) binding: Reference,
    pub(super) role: Reference,
    pub(super) rule: Rule,
    pub(super) by_name: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Reference {
    pub(super) kind: String,
    pub(super) namespace: Nullable<String>,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Rule {
    pub(super) index: usize,
    pub(super) api_groups: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) verbs: Vec<String>,
    pub(super) resource_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MapReport {
    pub(super) version: String,
    pub(super) rules_version: String,
    pub(super) policies: Vec<Policy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) source: Nullable<Source>,
    pub(super) level: Nullable<String>,
    pub(super) strict_level: Nullable<String>,
    pub(super) summary: String,
    pub(super) blocked_by: BlockedBy,
    pub(super) controls: Vec<Control>,
    pub(super) mutations: Vec<Mutation>,
    pub(super) unmapped: Vec<Unmapped>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BlockedBy {
    pub(super) baseline: Vec<String>,
    pub(super) restricted: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Control {
    pub(super) check: String,
    pub(super) level: String,
    pub(super) verdict: String,
    pub(super) field: String,
    pub(super) value: String,
    pub(super) message: String,
    pub(super) witness: Nullable<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Mutation {
    pub(super) field: String,
    pub(super) path: String,
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Unmapped {
    pub(super) field: String,
    pub(super) value: String,
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MigrationReport {
    pub(super) target_version: String,
    pub(super) rules_version: String,
    pub(super) target_reason: String,
    pub(super) basis: String,
    pub(super) prefer: String,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) policies: Vec<Policy>,
    pub(super) findings: Vec<Finding>,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) cleanup: Cleanup,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) unlabelled: Nullable<Unlabelled>,
    pub(super) input: Input,
    pub(super) summary: Summary,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Input {
    pub(super) files: Vec<InputFile>,
    pub(super) sha256: Nullable<String>,
    pub(super) objects: BTreeMap<String, u64>,
    pub(super) kubelets: BTreeMap<String, u64>,
    pub(super) options: Options,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InputFile {
    pub(super) name: String,
    pub(super) bytes: Nullable<u64>,
    pub(super) sha256: Nullable<String>,
    pub(super) reason: Nullable<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Options {
    pub(super) target_version: Nullable<String>,
    pub(super) basis: String,
    pub(super) prefer: String,
    pub(super) audit: String,
    pub(super) warn: String,
    pub(super) overwrite: bool,
    pub(super) complete: bool,
    pub(super) namespace: Nullable<String>,
    pub(super) exclude_namespaces: Vec<String>,
    pub(super) default_namespace: Nullable<String>,
    pub(super) configuration: Nullable<String>,
    pub(super) today: Nullable<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Unlabelled {
    pub(super) api_version: String,
    pub(super) enforce: String,
    pub(super) audit: String,
    pub(super) warn: String,
    pub(super) reasons: Vec<String>,
    pub(super) aim: String,
    pub(super) exempt: Vec<Uncovered>,
    pub(super) uncovered: Vec<Uncovered>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Uncovered {
    pub(super) namespace: String,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Cleanup {
    pub(super) delete: Vec<Reference>,
    pub(super) edit: Vec<Reference>,
    pub(super) left: Vec<Left>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Left {
    pub(super) kind: String,
    pub(super) namespace: Nullable<String>,
    pub(super) name: String,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Namespace {
    pub(super) name: String,
    pub(super) source: Nullable<Source>,
    pub(super) status: String,
    pub(super) brief: String,
    pub(super) reasons: Vec<String>,
    pub(super) evidence: String,
    pub(super) missing: Vec<String>,
    pub(super) confidence: String,
    pub(super) granted: Granted,
    pub(super) needed: Nullable<String>,
    pub(super) needed_stored: Nullable<String>,
    pub(super) needed_with_patches: Nullable<String>,
    pub(super) enforce: Nullable<String>,
    pub(super) enforce_after_bypass: Nullable<String>,
    pub(super) confidence_after_bypass: Nullable<String>,
    pub(super) audit: Nullable<String>,
    pub(super) warn: Nullable<String>,
    pub(super) proposed: Nullable<String>,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) r#override: Nullable<Override>,
    pub(super) labels: Labels,
    pub(super) policies: Vec<String>,
    pub(super) workloads: Vec<Workload>,
    pub(super) steps: Vec<String>,
    pub(super) findings: Vec<String>,
    pub(super) preview: Vec<Preview>,
    pub(super) existing_pods: Vec<ExistingPods>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExistingPods {
    pub(super) level: String,
    pub(super) version: String,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Granted {
    pub(super) level: Nullable<String>,
    pub(super) own: Vec<Usable>,
    pub(super) everyone: Vec<Usable>,
    pub(super) operators: Vec<Usable>,
    pub(super) people: Vec<Usable>,
    pub(super) nodes: Vec<Usable>,
    pub(super) wildcard: Vec<Usable>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Usable {
    pub(super) policy: String,
    pub(super) level: Nullable<String>,
    pub(super) subject: String,
    pub(super) binding: String,
    pub(super) role: String,
    pub(super) used: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Labels {
    pub(super) before: BTreeMap<String, String>,
    pub(super) after: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Workload {
    pub(super) kind: String,
    pub(super) namespace: Nullable<String>,
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) service_account: String,
    pub(super) policy: Nullable<String>,
    pub(super) via: Nullable<String>,
    pub(super) satisfies: Vec<String>,
    pub(super) satisfies_stored: Nullable<Vec<String>>,
    pub(super) satisfies_patched: Nullable<Vec<String>>,
    pub(super) mutations: Vec<Mutated>,
    pub(super) violations: BTreeMap<String, Vec<Violation>>,
    pub(super) patch: Nullable<Patch>,
    pub(super) hardening: Vec<Hardening>,
    pub(super) counts: bool,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) before: Nullable<Value>,
    pub(super) after: Nullable<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Patch {
    pub(super) edits: Vec<Change>,
    pub(super) loosening: Vec<Change>,
    pub(super) proof: String,
    pub(super) object: Value,
    pub(super) stage: Nullable<String>,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) unstaged: Nullable<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Hardening {
    pub(super) level: String,
    pub(super) edits: Vec<Change>,
    pub(super) proof: Nullable<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Mutated {
    pub(super) path: String,
    pub(super) before: Nullable<Value>,
    pub(super) after: Nullable<Value>,
    pub(super) consequence: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Preview {
    pub(super) version: String,
    pub(super) changed: Vec<Changed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Changed {
    pub(super) workload: String,
    pub(super) checks: Vec<String>,
    pub(super) refused: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Finding {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) severity: String,
    pub(super) title: String,
    pub(super) places: Vec<Place>,
    pub(super) evidence: Vec<String>,
    pub(super) consequence: String,
    pub(super) remedy: String,
    pub(super) commands: Vec<String>,
    pub(super) manifests: Vec<Value>,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) open: bool,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) accepted: Vec<Acceptance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Acceptance {
    pub(super) reason: String,
    pub(super) expires: Nullable<String>,
    pub(super) source: Source,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape is the test")]
pub(super) struct Override {
    pub(super) enforce: Nullable<String>,
    pub(super) audit: Nullable<String>,
    pub(super) warn: Nullable<String>,
    pub(super) instead: Nullable<String>,
    pub(super) reason: String,
    pub(super) source: Source,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Place {
    pub(super) namespace: Nullable<String>,
    pub(super) object: String,
    pub(super) source: Nullable<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Summary {
    pub(super) namespaces: usize,
    pub(super) by_enforce: BTreeMap<String, usize>,
    pub(super) by_status: BTreeMap<String, usize>,
    pub(super) findings_by_severity: BTreeMap<String, usize>,
    #[expect(dead_code, reason = "the shape is the test")]
    pub(super) accepted: usize,
}
