//! The document of `migrate`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::plan::cleanup::{Cleanup, Item};
use crate::plan::consequences;
use crate::plan::findings::{self, Severity};
use crate::plan::granted::Usable;
use crate::plan::unlabelled::{Uncovered, Unlabelled};
use crate::plan::workloads::{Replay, WorkloadPlan};
use crate::plan::{Aim, Existing, NamespacePlan, Plan, PolicyPlan};
use crate::pss::admission::Mode;
use crate::render::admission::Api;
use crate::render::json::{changes, level, levels, policy, source, v1, violations};

/// The report of `migrate`.
pub fn migration(plan: &Plan) -> v1::MigrationReport {
    let namespaces: Vec<v1::Namespace> = plan.namespaces.par_iter().map(namespace).collect();
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
            .entry(finding.severity.as_str().to_owned())
            .or_insert(0) += 1;
    }
    v1::MigrationReport {
        target_version: plan.target.version.to_string(),
        rules_version: plan.target.version.effective().to_string(),
        target_reason: plan.target.reason.clone(),
        basis: plan.basis.as_str().to_owned(),
        prefer: plan.prefer.as_str().to_owned(),
        summary: v1::Summary {
            namespaces: namespaces.len(),
            by_enforce,
            by_status,
            findings_by_severity: by_severity,
            accepted: plan
                .findings
                .iter()
                .filter(|finding| !plan.is_open(finding))
                .count(),
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
        findings: plan
            .findings
            .iter()
            .map(|finding| self::finding(plan, finding))
            .collect(),
        cleanup: cleanup(&plan.cleanup),
        unlabelled: plan
            .unlabelled
            .as_ref()
            .map(|of| unlabelled(of, Api::of(plan))),
        input: input(plan),
    }
}

fn input(plan: &Plan) -> v1::Input {
    let provenance = &plan.provenance;
    let files = provenance.files.iter().map(|file| v1::InputFile {
        name: file.name.to_string(),
        bytes: file.digest.as_ref().ok().map(|digest| digest.bytes),
        sha256: file
            .digest
            .as_ref()
            .ok()
            .map(|digest| digest.sha256.clone()),
        reason: file.digest.as_ref().err().cloned(),
    });
    v1::Input {
        files: files.collect(),
        sha256: provenance.sha256(),
        objects: provenance.objects.clone(),
        kubelets: plan.kubelets.clone(),
        options: options(plan),
    }
}

fn options(plan: &Plan) -> v1::Options {
    let aim = |aim| match aim {
        Aim::Next => "next".to_owned(),
        Aim::Level(fixed) => level(fixed),
    };
    let options = &plan.options;
    let mut exclude_namespaces = options.exclude.clone();
    exclude_namespaces.sort();
    exclude_namespaces.dedup();
    v1::Options {
        target_version: options.target.map(|version| version.to_string()),
        basis: options.basis.as_str().to_owned(),
        prefer: options.prefer.as_str().to_owned(),
        audit: aim(options.audit),
        warn: aim(options.warn),
        overwrite: options.existing == Existing::Overwrite,
        complete: options.complete,
        namespace: options.only.clone(),
        exclude_namespaces,
        default_namespace: plan.provenance.default_namespace.clone(),
        configuration: plan.provenance.configuration.clone(),
        today: plan.provenance.today.clone(),
    }
}

fn unlabelled(unlabelled: &Unlabelled, api: Api) -> v1::Unlabelled {
    let named = |namespaces: &[Uncovered]| {
        let named = namespaces.iter().map(|uncovered| v1::Uncovered {
            namespace: uncovered.namespace.clone(),
            reason: uncovered.reason.clone(),
        });
        named.collect()
    };
    v1::Unlabelled {
        api_version: api.as_str().to_owned(),
        enforce: level(unlabelled.defaults.enforce.level),
        audit: level(unlabelled.defaults.audit.level),
        warn: level(unlabelled.defaults.warn.level),
        reasons: unlabelled.reasons.clone(),
        aim: level(unlabelled.aim),
        exempt: named(&unlabelled.exempt),
        uncovered: named(&unlabelled.uncovered),
    }
}

fn cleanup(cleanup: &Cleanup) -> v1::Cleanup {
    let reference = |item: &Item| v1::Reference {
        kind: item.object.kind.clone(),
        namespace: item.object.namespace.clone(),
        name: item.object.name.clone(),
    };
    v1::Cleanup {
        delete: cleanup.deleted().map(reference).collect(),
        edit: cleanup
            .edits
            .iter()
            .map(|edit| reference(&edit.item))
            .collect(),
        left: cleanup
            .left
            .iter()
            .map(|left| v1::Left {
                kind: left.item.object.kind.clone(),
                namespace: left.item.object.namespace.clone(),
                name: left.item.object.name.clone(),
                reason: left.why.sentence().to_owned(),
            })
            .collect(),
    }
}

fn namespace(plan: &NamespacePlan) -> v1::Namespace {
    let in_force = |mode| plan.labels.in_force(mode).map(|policy| level(policy.level));
    v1::Namespace {
        name: plan.name.clone(),
        source: plan.source.as_ref().map(source),
        status: plan.decision.status.as_str().to_owned(),
        brief: plan.decision.brief.clone(),
        reasons: plan.decision.reasons.clone(),
        evidence: plan.evidence.completeness.as_str().to_owned(),
        missing: missing(plan),
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
        needed_with_patches: plan.needed_with_patches.map(|set| level(set.tightest())),
        enforce: in_force(Mode::Enforce),
        enforce_after_bypass: plan
            .labels
            .enforced_later()
            .map(|policy| level(policy.level)),
        confidence_after_bypass: plan
            .labels
            .later
            .as_ref()
            .map(|later| later.confidence.as_str().to_owned()),
        audit: in_force(Mode::Audit),
        warn: in_force(Mode::Warn),
        proposed: plan.decision.enforce.map(level),
        r#override: plan.overridden.as_ref().map(|overridden| v1::Override {
            enforce: overridden.rule.enforce.map(level),
            audit: overridden.rule.audit.map(level),
            warn: overridden.rule.warn.map(level),
            instead: overridden.instead.map(level),
            reason: overridden.rule.reason.clone(),
            source: source(&overridden.rule.source),
        }),
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
        existing_pods: plan
            .relabellings
            .iter()
            .map(|relabelling| v1::ExistingPods {
                level: level(relabelling.enforce.level),
                version: relabelling.enforce.version.to_string(),
                warnings: relabelling.warnings.clone(),
            })
            .collect(),
    }
}

/// What the input does not show, most consequential first, each once.
fn missing(plan: &NamespacePlan) -> Vec<String> {
    let mut named = BTreeSet::new();
    plan.evidence
        .missing
        .iter()
        .map(|missing| &missing.what)
        .filter(|what| named.insert(*what))
        .cloned()
        .collect()
}

fn usable(usable: &[Usable]) -> Vec<v1::Usable> {
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
        Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => {
            (None, None, &[][..])
        }
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
        satisfies_patched: match &workload.replay {
            Replay::NoPolicies | Replay::Unknown { .. } => None,
            Replay::Admitted { .. } | Replay::Refused { .. } => {
                Some(levels(workload.satisfies_patched()))
            }
        },
        mutations: mutations
            .iter()
            .zip(changes(mutations))
            .map(|(mutation, change)| v1::Mutated {
                change,
                consequence: consequences::lost(mutation, mutations, &workload.violations),
            })
            .collect(),
        violations: workload
            .violations
            .iter()
            .map(|(at, found)| (level(*at), violations(found)))
            .collect(),
        patch: workload.patch().map(|patch| v1::Patch {
            edits: changes(&patch.edits),
            loosening: changes(&patch.loosening),
            proof: patch.proof.as_str().to_owned(),
            object: patch.object.clone(),
            stage: workload.stage().map(|stage| stage.folder().to_owned()),
            unstaged: workload.unstaged.map(|why| why.because().to_owned()),
        }),
        hardening: workload
            .hardening
            .iter()
            .map(|hardening| v1::Hardening {
                level: level(hardening.level),
                edits: changes(&hardening.edits),
                proof: hardening.proof.map(|proof| proof.as_str().to_owned()),
            })
            .collect(),
        counts: workload.counts,
        notes: workload.notes.clone(),
    }
}

fn finding(plan: &Plan, finding: &findings::Finding) -> v1::Finding {
    let accepted = plan.accepted.get(&finding.id);
    v1::Finding {
        id: finding.id.clone(),
        code: finding.code.name.to_owned(),
        severity: finding.severity.as_str().to_owned(),
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
        commands: finding.commands.clone(),
        manifests: finding.manifests.clone(),
        open: plan.is_open(finding),
        accepted: accepted
            .into_iter()
            .flat_map(|accepted| &accepted.by)
            .map(|by| v1::Acceptance {
                reason: by.reason.clone(),
                expires: by.expires.clone(),
                source: source(&by.source),
            })
            .collect(),
    }
}
