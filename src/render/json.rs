//! Which versions of the JSON documents exist, and how the inner types become them.

pub mod v1;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::{Checked, Question};
use crate::diag;
use crate::mapping::Mapping;
use crate::model::psp::PodSecurityPolicy;
use crate::plan::findings::{self, Severity};
use crate::plan::workloads::{Replay, WorkloadPlan};
use crate::plan::{self, NamespacePlan, Plan, PolicyPlan};
use crate::pss::admission::Mode;
use crate::pss::{self, Level, LevelSet, Version};
use crate::rbac;

/// Wraps a document's body.
pub fn document<T: serde::Serialize>(
    kind: &'static str,
    diagnostics: &[diag::Diagnostic],
    body: T,
) -> v1::Document<T> {
    v1::Document {
        schema_version: "v1",
        kind,
        tool: v1::Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        diagnostics: diagnostics.iter().map(diagnostic).collect(),
        body,
    }
}

/// A document as text, ending in a line feed.
pub fn to_text<T: serde::Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string_pretty(document)
        .expect("the documents have string keys and no failing Serialize");
    text.push('\n');
    text
}

/// A document as YAML.
pub fn to_yaml<T: serde::Serialize>(document: &T) -> String {
    let value = serde_json::to_value(document)
        .expect("the documents have string keys and no failing Serialize");
    crate::render::manifests::yaml(&value)
}

fn diagnostic(diagnostic: &diag::Diagnostic) -> v1::Diagnostic {
    v1::Diagnostic {
        code: diagnostic.code.name.to_owned(),
        severity: diagnostic.code.severity.as_str().to_owned(),
        message: diagnostic.message.clone(),
        source: diagnostic.source.as_ref().map(source),
        help: diagnostic.help.clone(),
    }
}

/// A place in the input.
fn source(source: &diag::Source) -> v1::Source {
    v1::Source {
        file: source.file.to_string(),
        document: source.document,
        line: source.line,
        column: source.column,
    }
}

/// The violations of one pod.
fn violations(violations: &[pss::Violation]) -> Vec<v1::Violation> {
    violations
        .iter()
        .map(|violation| v1::Violation {
            check: violation.check.to_owned(),
            reason: violation.reason.to_owned(),
            detail: violation.detail.clone(),
        })
        .collect()
}

/// The levels of a set, loosest first.
fn levels(set: LevelSet) -> Vec<String> {
    set.iter().map(level).collect()
}

fn level(level: Level) -> String {
    level.as_str().to_owned()
}

/// What `access` is asked.
pub struct AccessQuestion<'a> {
    /// Only grants that hold in this namespace.
    pub namespace: Option<&'a str>,
    /// Only grants of this policy.
    pub policy: Option<&'a str>,
    /// Whether this identity may use the policy in the namespace.
    pub who: Option<rbac::Identity>,
    /// The namespace meant where none is given.
    pub default_namespace: &'a str,
}

/// The answer of `access`: the grants that were asked for, and with an identity whether one of them is its own.
pub fn access(access: &rbac::Access, question: &AccessQuestion) -> v1::AccessReport {
    let asked = |grant: &&rbac::Grant| {
        question.policy.is_none_or(|policy| policy == grant.policy)
            && question
                .namespace
                .is_none_or(|namespace| grant.chain.namespace().is_none_or(|of| of == namespace))
    };
    let answer = question.who.as_ref().map(|who| {
        let namespace = question.namespace.unwrap_or(question.default_namespace);
        access.allows(who, namespace, question.policy.unwrap_or_default())
    });
    let applies = |grant: &&rbac::Grant| {
        question
            .who
            .as_ref()
            .is_none_or(|who| grant.chain.subject.applies_to(who))
    };
    v1::AccessReport {
        grants: access
            .grants()
            .iter()
            .filter(asked)
            .filter(applies)
            .map(grant)
            .collect(),
        allowed: answer.as_ref().map(Option::is_some),
        via: answer.map(|via| via.map_or(Value::Null, |via| Value::String(via.to_string()))),
    }
}

/// The answer of `check`.
pub fn check(checked: &[Checked], question: &Question) -> v1::CheckReport {
    let mut namespaces: BTreeMap<&str, LevelSet> = BTreeMap::new();
    for judged in checked {
        if let Some(namespace) = judged.workload.namespace.as_deref() {
            let set = namespaces.entry(namespace).or_insert(LevelSet::ALL);
            *set = set.intersection(judged.satisfies);
        }
    }
    v1::CheckReport {
        version: question.version.to_string(),
        level: question.level.map(level),
        results: checked
            .iter()
            .map(|judged| result(judged, question))
            .collect(),
        namespaces: namespaces
            .into_iter()
            .map(|(name, set)| v1::CheckNamespace {
                name: name.to_owned(),
                tightest_level: level(set.tightest()),
            })
            .collect(),
    }
}

fn result(judged: &Checked, question: &Question) -> v1::CheckResult {
    let workload = &judged.workload;
    let found = &judged.violations;
    let asked = pss::LevelVersion {
        level: judged.level,
        version: question.version,
    };
    v1::CheckResult {
        kind: workload.kind.clone(),
        api_version: workload.api_version.clone(),
        namespace: workload.namespace.clone(),
        name: workload.meta.display_name(),
        source: source(workload.source()),
        allowed: question.level.is_none() || found.is_empty(),
        reason: pss::reason(found),
        detail: pss::detail(found),
        message: pss::message(asked, found),
        violations: violations(found),
        satisfies: levels(judged.satisfies),
        tightest_level: level(judged.satisfies.tightest()),
    }
}

/// The answer of `map`.
pub fn map(policies: &[(PodSecurityPolicy, Mapping)], version: Version) -> v1::MapReport {
    v1::MapReport {
        version: version.to_string(),
        policies: policies
            .iter()
            .map(|(object, mapping)| policy(&object.name, object.sources.first(), mapping))
            .collect(),
    }
}

/// One grant.
fn grant(grant: &rbac::Grant) -> v1::Grant {
    let chain = &grant.chain;
    let reference = |kind: &str, namespace: Option<&str>, name: &str| v1::Reference {
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    let (binding, role) = (chain.binding, chain.role);
    let rule = chain.rule.rule;
    v1::Grant {
        policy: grant.policy.to_owned(),
        subject: reference(
            chain.subject.kind.as_str(),
            chain.subject.namespace,
            chain.subject.name,
        ),
        namespace: chain.namespace().map(str::to_owned),
        binding: reference(binding.kind(), binding.namespace.as_deref(), &binding.name),
        role: reference(role.kind(), role.namespace.as_deref(), &role.name),
        rule: v1::Rule {
            index: chain.rule.index,
            api_groups: rule.api_groups.clone(),
            resources: rule.resources.clone(),
            verbs: rule.verbs.clone(),
            resource_names: rule.resource_names.clone(),
        },
        by_name: chain.by_name(),
    }
}

/// One policy and its mapping.
fn policy(name: &str, place: Option<&diag::Source>, mapping: &Mapping) -> v1::Policy {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    v1::Policy {
        name: name.to_owned(),
        source: place.map(source),
        level: mapping.level.map(level),
        strict_level: mapping.strict_level.map(level),
        summary: mapping.summary.clone(),
        blocked_by: v1::BlockedBy {
            baseline: ids(&mapping.blocked_by.baseline),
            restricted: ids(&mapping.blocked_by.restricted),
        },
        controls: mapping
            .controls
            .iter()
            .map(|control| v1::Control {
                check: control.check.to_owned(),
                level: level(control.level),
                verdict: control.exposure.verdict.as_str().to_owned(),
                field: control.exposure.field.clone(),
                value: control.exposure.value.clone(),
                message: control.exposure.message.clone(),
                witness: control.witness.clone(),
            })
            .collect(),
        mutations: mapping
            .mutations
            .iter()
            .map(|mutation| v1::Mutation {
                field: mutation.field.clone(),
                path: mutation.path.to_owned(),
                value: mutation.value.clone(),
            })
            .collect(),
        unmapped: mapping
            .unmapped
            .iter()
            .map(|unmapped| v1::Unmapped {
                field: unmapped.field.clone(),
                value: unmapped.value.clone(),
                message: unmapped.message.clone(),
            })
            .collect(),
    }
}

/// The report of `migrate`.
pub fn migration(plan: &Plan) -> v1::MigrationReport {
    let namespaces: Vec<v1::Namespace> = plan.namespaces.iter().map(namespace).collect();
    let mut by_enforce = BTreeMap::new();
    let mut by_status = BTreeMap::new();
    for namespace in &namespaces {
        let enforce = namespace
            .enforce
            .clone()
            .unwrap_or_else(|| "none".to_owned());
        *by_enforce.entry(enforce).or_insert(0) += 1;
        *by_status.entry(namespace.status.clone()).or_insert(0) += 1;
    }
    let mut by_severity: BTreeMap<String, usize> = Severity::ALL
        .into_iter()
        .map(|severity| (severity.as_str().to_owned(), 0))
        .collect();
    for finding in &plan.findings {
        *by_severity
            .entry(finding.code.severity.as_str().to_owned())
            .or_insert(0) += 1;
    }
    v1::MigrationReport {
        target_version: plan.target.version.to_string(),
        target_reason: plan.target.reason.clone(),
        basis: plan.basis.as_str().to_owned(),
        summary: v1::Summary {
            namespaces: namespaces.len(),
            by_enforce,
            by_status,
            findings_by_severity: by_severity,
        },
        namespaces,
        policies: plan
            .policies
            .iter()
            .map(
                |PolicyPlan {
                     name,
                     source,
                     mapping,
                 }| policy(name, source.as_ref(), mapping),
            )
            .collect(),
        findings: plan.findings.iter().map(finding).collect(),
    }
}

fn namespace(plan: &NamespacePlan) -> v1::Namespace {
    let in_force = |mode| plan.labels.in_force(mode).map(|policy| level(policy.level));
    v1::Namespace {
        name: plan.name.clone(),
        source: plan.source.as_ref().map(source),
        status: plan.decision.status.as_str().to_owned(),
        reasons: plan.decision.reasons.clone(),
        evidence: plan.evidence.completeness.as_str().to_owned(),
        missing: plan
            .evidence
            .missing
            .iter()
            .map(|missing| missing.what.clone())
            .collect(),
        confidence: plan.decision.confidence.as_str().to_owned(),
        granted: v1::Granted {
            level: plan.granted.level.map(level),
            own: usable(&plan.granted.own),
            everyone: usable(&plan.granted.everyone),
            operators: usable(&plan.granted.operators),
            people: usable(&plan.granted.people),
            nodes: usable(&plan.granted.nodes),
            wildcard: usable(&plan.granted.wildcard),
        },
        needed: plan.needed.map(|set| level(set.tightest())),
        needed_stored: plan.needed_stored.map(|set| level(set.tightest())),
        needed_with_patches: None,
        enforce: in_force(Mode::Enforce),
        audit: in_force(Mode::Audit),
        warn: in_force(Mode::Warn),
        proposed: plan.decision.enforce.map(level),
        labels: v1::Labels {
            before: plan.labels.pod_security_before(),
            after: plan.labels.pod_security_after(),
        },
        policies: plan
            .granted
            .policies()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        workloads: plan.workloads.iter().map(workload).collect(),
        steps: plan
            .steps()
            .iter()
            .map(|step| step.folder().to_owned())
            .collect(),
        findings: plan.findings.clone(),
        preview: plan
            .preview
            .iter()
            .map(|preview| v1::Preview {
                version: preview.version.to_string(),
                changed: preview
                    .changed
                    .iter()
                    .map(|changed| v1::Changed {
                        workload: changed.workload.clone(),
                        checks: changed
                            .checks
                            .iter()
                            .map(|check| (*check).to_owned())
                            .collect(),
                        refused: changed.refused,
                    })
                    .collect(),
            })
            .collect(),
    }
}

fn usable(usable: &[plan::Usable]) -> Vec<v1::Usable> {
    usable
        .iter()
        .map(|usable| v1::Usable {
            policy: usable.policy.clone(),
            level: usable.level.map(level),
            subject: usable.subject.clone(),
            binding: usable.binding.clone(),
            role: usable.role.clone(),
            used: usable.used,
        })
        .collect()
}

fn workload(workload: &WorkloadPlan) -> v1::Workload {
    let (policy, via, mutations) = match &workload.replay {
        Replay::Admitted {
            policy,
            via,
            changes,
            ..
        } => (Some(policy.clone()), Some(via.clone()), changes.as_slice()),
        Replay::NoPolicies | Replay::Refused { .. } => (None, None, &[][..]),
    };
    v1::Workload {
        kind: workload.reference.kind.clone(),
        namespace: workload.reference.namespace.clone(),
        name: workload.reference.name.clone(),
        source: source(&workload.source),
        service_account: workload.service_account.clone(),
        policy,
        via,
        satisfies: levels(workload.satisfies),
        satisfies_stored: workload.satisfies_stored().map(levels),
        satisfies_patched: None,
        mutations: mutations
            .iter()
            .map(|change| v1::Change {
                path: change.path(),
                before: change.before.clone(),
                after: change.after.clone(),
            })
            .collect(),
        violations: workload
            .violations
            .iter()
            .map(|(at, found)| (level(*at), violations(found)))
            .collect(),
        patch: None,
        notes: workload.notes.clone(),
    }
}

fn finding(finding: &findings::Finding) -> v1::Finding {
    v1::Finding {
        id: finding.id.clone(),
        code: finding.code.name.to_owned(),
        severity: finding.code.severity.as_str().to_owned(),
        title: finding.title.clone(),
        places: finding
            .places
            .iter()
            .map(|place| v1::Place {
                namespace: place.namespace.clone(),
                object: place.object.clone(),
                source: place.source.as_ref().map(source),
            })
            .collect(),
        evidence: finding.evidence.clone(),
        consequence: finding.consequence.clone(),
        remedy: finding.remedy.clone(),
    }
}
