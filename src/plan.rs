//! From everything that is known to a decision per namespace, with its evidence. The only stage that decides.
//!
//! [`plan`] is the whole stage. It judges each workload ([`workloads`]), asks what the input does not show
//! ([`evidence`]), chooses levels ([`level`]), merges them with the labels that are there ([`labels`]) and words the
//! risks ([`findings`]).
//!
//! Invariants: unknown is never turned into a level (an enforce label that could be wrong because of a gap is
//! withheld); every decision carries its reasons; the order of the input never matters.
//!
//! It is long because what a plan is and how it comes about stand side by side.
//!
//! # Example
//!
//! ```
//! use psp2psa::input::InputFile;
//! use psp2psa::plan::Options;
//! use psp2psa::pss::Level;
//!
//! let shop = r#"
//! apiVersion: v1
//! kind: Namespace
//! metadata: {name: shop}
//! ---
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: api, namespace: shop}
//! spec: {containers: [{name: api, image: i}]}
//! "#;
//! let read = psp2psa::read(&InputFile::new("shop.yaml", shop.into()));
//! let (plan, _) = psp2psa::migrate(read, &psp2psa::default_attribution(), &Options::default());
//! assert_eq!(plan.namespaces[0].decision.enforce, Some(Level::Baseline));
//! ```

mod bypass;
pub mod cleanup;
pub mod consequences;
pub mod diags;
pub mod evidence;
pub mod findings;
pub mod granted;
mod homes;
mod judge;
pub mod labels;
pub mod level;
mod options;
pub mod order;
mod overlap;
mod ownership;
pub mod patches;
mod policies;
pub mod relabel;
pub mod rollback;
mod rules;
pub mod scope;
pub mod settings;
pub mod staging;
pub mod unlabelled;
pub mod versions;
pub mod workloads;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::diag::{Diagnostic, Source};
use crate::mapping::{self, Mapping};
use crate::model::Inventory;
use crate::model::provenance::Provenance;
use crate::model::psp::PodSecurityPolicy;
use crate::model::workload::{Manifest, Workload};
use crate::pss::admission::Mode;
use crate::pss::{self, Level, LevelSet, Version};
use crate::rbac::Access;

use cleanup::Cleanup;
use evidence::{Evidence, Gaps};
use findings::{Finding, Findings};
use granted::Granted;
use homes::Homes;
use judge::Judge;
use labels::{Labels, Stage};
use level::Decision;
use relabel::Relabelling;
use rollback::Rollback;
use settings::{Accepted, Overridden};
use unlabelled::Unlabelled;
use versions::{Preview, Target};
use workloads::WorkloadPlan;

pub use options::{Aim, Basis, Existing, Options, Prefer};

/// The plan for a cluster.
#[derive(Debug)]
pub struct Plan {
    /// What was read, as far as it is known: whoever read it says so.
    pub provenance: Provenance,
    /// What was asked for.
    pub options: Options,
    /// Versions of kubelets as their nodes tell them, and how many nodes have each.
    pub kubelets: BTreeMap<String, u64>,
    /// The version that labels are pinned to, and why.
    pub target: Target,
    /// See [`Options::basis`].
    pub basis: Basis,
    /// See [`Options::prefer`].
    pub prefer: Prefer,
    /// Sorted by name.
    pub namespaces: Vec<NamespacePlan>,
    /// Sorted by name; variants side by side.
    pub policies: Vec<PolicyPlan>,
    /// The name of the policy that bypasses the others: it comes before all of them. `None` where none can, or where it
    /// would open more than the namespaces that it is bound in.
    pub bypass: Option<String>,
    /// Sorted by severity, then code, then id.
    pub findings: Vec<Finding>,
    /// What can go once the plugin is off; nothing where only one namespace is planned.
    pub cleanup: Cleanup,
    /// What namespaces without labels get; `None` where only one namespace is planned, or none.
    pub unlabelled: Option<Unlabelled>,
    /// What was accepted, by the ids of findings.
    pub accepted: BTreeMap<String, Accepted>,
    /// What there is to say about the settings.
    pub said: Vec<Diagnostic>,
}

impl Plan {
    /// Whether a finding counts: it is not accepted in all of its places.
    pub fn is_open(&self, finding: &Finding) -> bool {
        !self
            .accepted
            .get(&finding.id)
            .is_some_and(|accepted| accepted.entirely)
    }
}

/// A policy and what it maps to at the target version.
#[derive(Debug)]
pub struct PolicyPlan {
    /// Name.
    pub name: String,
    /// Where it stands.
    pub source: Option<Source>,
    /// The mapping.
    pub mapping: Mapping,
}

/// The plan for one namespace.
#[derive(Debug)]
pub struct NamespacePlan {
    /// Name: a valid DNS label.
    pub name: String,
    /// Where its Namespace object stands; `None` if the input only shows what is in it.
    pub source: Option<Source>,
    /// Where the input defines it again.
    pub copies: Vec<Source>,
    /// The Namespace object as its owner wrote it.
    pub manifest: Option<serde_json::Value>,
    /// What was decided, and why.
    pub decision: Decision,
    /// The override in effect, if there is one.
    pub overridden: Option<Overridden>,
    /// How much of the namespace the input shows.
    pub evidence: Evidence,
    /// Which policies could be used here, and through what.
    pub granted: Granted,
    /// Levels that all workloads satisfy as written; `None` without workloads.
    pub needed: Option<LevelSet>,
    /// Levels that all workloads which a policy admits satisfy as Kubernetes 1.24 stores them; `None` without any, and
    /// where it is not known which policy admits one.
    pub needed_stored: Option<LevelSet>,
    /// Levels that all workloads satisfy with the patches that preserve what runs today; `None` without workloads.
    pub needed_with_patches: Option<LevelSet>,
    /// Labels before and after.
    pub labels: Labels,
    /// Whether the old policies have to be bypassed here before the plugin goes: later stages depend on it.
    pub bypassed: bool,
    /// Sorted by kind and name.
    pub workloads: Vec<WorkloadPlan>,
    /// Live pods that need more than the workload that explains them: something else changed them.
    pub live: Vec<WorkloadPlan>,
    /// Ids of the findings that name this namespace.
    pub findings: Vec<String>,
    /// What changes at other versions.
    pub preview: Vec<Preview>,
    /// What the API server would say of the pods that are here if the namespace enforced another level.
    pub relabellings: Vec<Relabelling>,
    /// Earlier templates that the enforced level refuses.
    pub rollbacks: Vec<Rollback>,
}

impl NamespacePlan {
    /// The stages of the rollout that change this namespace, in order.
    pub fn steps(&self) -> Vec<Stage> {
        let patched = |stage| {
            let mut workloads = self.workloads.iter();
            workloads.any(|workload| workload.stage() == Some(stage))
        };
        Stage::ALL
            .into_iter()
            .filter(|stage| match stage {
                Stage::Workloads | Stage::LateWorkloads => patched(*stage),
                Stage::Bypass => self.bypassed,
                Stage::WarnAudit
                | Stage::Enforce
                | Stage::EnforceReview
                | Stage::Tighten
                | Stage::TightenReview => {
                    self.labels.at(*stage, self.decision.confidence).is_some()
                }
            })
            .collect()
    }
}

/// Plans everything.
///
/// `said` are the diagnostics of the stages before: dangling references among them are risks, too.
pub fn plan(
    inventory: &Inventory,
    access: &Access,
    said: &[Diagnostic],
    options: &Options,
) -> Plan {
    let mut target = versions::target(options.target, inventory);
    if let Some(source) = &options.settings.target {
        target.reason = format!("set by {source}");
    }
    let evaluator = pss::evaluator(target.version);
    let policies: Vec<PolicyPlan> = inventory
        .policies
        .iter()
        .map(|policy| PolicyPlan {
            name: policy.name.clone(),
            source: policy.sources.first().cloned(),
            mapping: mapping::map(policy, target.version),
        })
        .collect();
    let gaps = Gaps::new(inventory, &evaluator, options.complete);
    let mut context = Context {
        options,
        target: target.version,
        server: target.server,
        access,
        judge: Judge::new(inventory, access, target.version, gaps.listed_policies()),
        gaps,
        levels: policies::levels(&policies),
        incidental: policies::incidental(&policies),
        policies: policies::by_name(&inventory.policies),
        manifests: &inventory.manifests,
        bypass: order::bypass_name(inventory.policies.iter().map(|policy| policy.name.as_str())),
        bypass_opens: false,
        homes: Homes::new(inventory),
    };
    let mut namespaces = context.namespaces();
    let bypassed: Vec<String> = namespaces
        .iter()
        .filter(|namespace| namespace.bypassed)
        .map(|namespace| namespace.name.clone())
        .collect();
    let names = bypassed.iter().map(String::as_str).collect();
    let reach = bypass::reach(access, context.homes.names(), &names);
    if !reach.opens.is_empty() {
        context.bypass = None;
        context.bypass_opens = true;
        namespaces = context.namespaces();
    }
    for namespace in &mut namespaces {
        let praise = rules::praise(namespace);
        namespace.decision.reasons.extend(praise);
        if let Some(brief) = rules::kept(namespace) {
            namespace.decision.brief = brief;
        }
    }
    let mut drafts = Findings::default();
    for namespace in &namespaces {
        rules::namespace(namespace, &context, &mut drafts);
    }
    let cluster = rules::Cluster {
        inventory,
        context: &context,
        access,
        policies: &policies,
        namespaces: &namespaces,
        reach: &reach,
        bypassed: &bypassed,
        said,
    };
    rules::cluster(&cluster, &mut drafts);
    let findings = drafts.finish();
    let bypass = context.bypass;
    let mut cleanup = Cleanup::default();
    if options.only.is_none() {
        cleanup = cleanup::cleanup(inventory, &options.exclude);
        let bypassed = namespaces.iter().filter(|namespace| namespace.bypassed);
        let bypassed = bypassed.map(|namespace| namespace.name.as_str());
        cleanup.add_bypass(bypass.as_deref().unwrap_or_default(), bypassed);
    }
    link(&mut namespaces, &findings);
    Plan {
        provenance: Provenance::default(),
        options: options.clone(),
        kubelets: versions::kubelets(inventory),
        said: settings::said(
            options,
            &context.homes.names().collect::<Vec<_>>(),
            &namespaces,
            &findings,
        ),
        accepted: options.settings.accepted(&findings),
        unlabelled: unlabelled::unlabelled(inventory, &namespaces, target.version, options),
        target,
        basis: options.basis,
        prefer: options.prefer,
        namespaces,
        policies,
        bypass,
        findings,
        cleanup,
    }
}

/// Writes into each namespace the ids of the findings that name it.
fn link(namespaces: &mut [NamespacePlan], findings: &[Finding]) {
    let mut ids: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        for place in &finding.places {
            if let Some(namespace) = &place.namespace {
                let ids = ids.entry(namespace).or_default();
                if ids.last() != Some(&finding.id.as_str()) {
                    ids.push(&finding.id);
                }
            }
        }
    }
    for namespace in namespaces {
        if let Some(ids) = ids.get(namespace.name.as_str()) {
            namespace.findings = ids.iter().map(|id| (*id).to_owned()).collect();
        }
    }
}

/// Everything that the plan of one namespace needs.
struct Context<'a> {
    options: &'a Options,
    target: Version,
    server: Option<Version>,
    access: &'a Access<'a>,
    gaps: Gaps<'a>,
    judge: Judge<'a>,
    manifests: &'a BTreeMap<Source, Manifest>,
    bypass: Option<String>,
    /// Whether there is no bypass because it would open namespaces that it is not bound in.
    bypass_opens: bool,
    levels: BTreeMap<&'a str, Option<Level>>,
    incidental: BTreeMap<&'a str, &'a str>,
    /// By name; variants side by side.
    policies: BTreeMap<&'a str, Vec<&'a PodSecurityPolicy>>,
    homes: Homes<'a>,
}

impl Context<'_> {
    /// What makes the namespace's own policies privileged, if every one that is has nothing but such a reason.
    fn incidentally(&self, granted: &Granted) -> Option<&str> {
        let own = granted.own.iter();
        let privileged = own.filter(|usable| usable.level == Some(Level::Privileged));
        let reasons: Option<Vec<&str>> = privileged
            .map(|usable| self.incidental.get(usable.policy.as_str()).copied())
            .collect();
        reasons?.first().copied()
    }

    /// Every namespace that is to be planned, sorted by name.
    fn namespaces(&self) -> Vec<NamespacePlan> {
        let only = self.options.only.as_deref();
        self.homes
            .names()
            .filter(|name| only.is_none_or(|only| only == *name))
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|name| self.namespace(name))
            .collect()
    }

    fn namespace(&self, name: &str) -> NamespacePlan {
        let home = &self.homes.namespaces[name];
        let prefer = self.options.prefer;
        let version = labels::enforce_version(home.labels(), self.target, self.options.existing);
        let evaluator = pss::evaluator(version);
        // A label is read by the newest rules that the API server knows, so a level has to hold by those of today, too.
        let today = self.server.filter(|server| *server < version.effective());
        let today = today.map(|server| (server, pss::evaluator(server)));
        let mut held_by_today = None;
        let mut workloads: Vec<WorkloadPlan> = home
            .workloads
            .iter()
            .map(|workload| {
                let mut plan = self.judge.judge(&evaluator, workload, name);
                if let Some((server, evaluator)) = &today
                    && plan.also(self.judge.judge(evaluator, workload, name))
                    && plan.counts
                {
                    held_by_today = Some(*server);
                }
                plan
            })
            .collect();
        let excluded = scope::is_excluded(name, &self.options.exclude);
        if !excluded && !home.contradicting {
            staging::stage(&mut workloads, &home.workloads, self.manifests);
        }
        let (pods, mut live): (Vec<&Workload>, Vec<WorkloadPlan>) = self
            .judge
            .live(&evaluator, &home.explained, name)
            .into_iter()
            .unzip();
        let counting: Vec<WorkloadPlan> = workloads
            .iter()
            .filter(|workload| workload.counts)
            .chain(&live)
            .cloned()
            .collect();
        let all = |set: &dyn Fn(&WorkloadPlan) -> LevelSet| intersect(counting.iter().map(set));
        let needed = all(&|workload| workload.satisfies);
        let granted = granted::granted(self, name, &workloads);
        let evidence = self.gaps.evidence(name, home.object, !counting.is_empty());
        let facts = level::Facts {
            namespace: name,
            basis: self.options.basis,
            prefer,
            granted: &granted,
            granted_incidentally: self.incidentally(&granted),
            workloads: &counting,
            live: &live,
            needed,
            bound: all(&|workload| workload.binding_set(prefer)),
            reached: all(&|workload| workload.final_set(prefer)),
            evidence: &evidence,
            contradicting: home.contradicting,
            excluded,
        };
        let decision = level::decide(&facts);
        let settings = &self.options.settings;
        let (mut decision, mut overridden) = settings.apply(name, home.contradicting, decision);
        let mut labels = labels::labels(self, name, home, &decision);
        let is_chosen = settings::yield_to(&labels, overridden.as_mut(), &mut decision);
        if let Some(level) = level::later(&facts, &decision).filter(|_| !is_chosen) {
            let confidence = level::confidence(&facts, level).0.max(decision.confidence);
            labels.later = labels::later(self, name, home, &decision, (level, confidence));
        }
        decision.reasons.extend(held_by_today.map(|server| {
            format!(
                "the API server of today may know no rules newer than those of {server}, whatever version a label \
                 names, so workloads were judged by these as well"
            )
        }));
        let wanted = order::wants_bypass(&decision, &labels, &workloads);
        let bypassed = wanted && self.bypass.is_some();
        if wanted && self.bypass_opens {
            let reason = order::without_bypass(&facts, &labels);
            decision.reasons.push(reason);
        }
        if !bypassed {
            labels.later = None;
            staging::not_bypassed(&mut workloads);
        }
        decision
            .reasons
            .extend(order::sentences(&facts, &labels, bypassed));
        let is_known = counting
            .iter()
            .all(|workload| workload.unknown_policies().is_empty());
        let stored = counting.iter().filter_map(WorkloadPlan::satisfies_stored);
        let needed_stored = intersect(stored).filter(|_| is_known);
        let needed_with_patches = all(&WorkloadPlan::satisfies_patched);
        let enforced = labels.in_force(Mode::Enforce);
        if let Some(enforced) = enforced {
            let evaluator = pss::evaluator(enforced.version);
            let judged = home.workloads.iter().zip(&mut workloads);
            for (workload, plan) in judged.chain(pods.iter().zip(&mut live)) {
                if !plan.is_patched_for(prefer, enforced.level) {
                    plan.refused = workloads::refused(&evaluator, workload, enforced.level);
                }
            }
        }
        let preview = enforced.map_or_else(Vec::new, |policy| {
            versions::preview(policy, self.server, &home.workloads)
        });
        let relabellings = relabel::relabellings(name, home, &labels, self.target);
        let rollbacks = enforced.map_or_else(Vec::new, |policy| rollback::refused(home, policy));
        NamespacePlan {
            name: name.to_owned(),
            source: home
                .object
                .and_then(|object| object.sources.first().cloned()),
            copies: home
                .object
                .map(|object| object.sources.iter().skip(1).cloned().collect())
                .unwrap_or_default(),
            manifest: home.object.map(|object| object.manifest.clone()),
            decision,
            overridden,
            evidence,
            granted,
            needed,
            needed_stored,
            needed_with_patches,
            labels,
            bypassed,
            workloads,
            live,
            findings: Vec::new(),
            preview,
            relabellings,
            rollbacks,
        }
    }
}

/// The levels that all satisfy; `None` for none.
fn intersect(sets: impl Iterator<Item = LevelSet>) -> Option<LevelSet> {
    sets.reduce(LevelSet::intersection)
}
