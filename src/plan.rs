//! From everything that is known to a decision per namespace, with its evidence. The only stage that decides.
//!
//! [`plan`] is the whole stage. It judges each workload ([`workloads`]), asks what the input does not show
//! ([`evidence`]), chooses levels ([`level`]), merges them with the labels that are there ([`labels`]) and words the
//! risks ([`findings`]).
//!
//! Invariants: unknown is never turned into a level (an enforce label that could be wrong because of a gap is
//! withheld); every decision carries its reasons; the order of the input never matters.
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
mod namespace;
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
use crate::model::workload::Manifest;
use crate::pss::{self, Level, Version};
use crate::rbac::Access;

use cleanup::Cleanup;
use evidence::Gaps;
use findings::{Finding, Findings};
use homes::Homes;
use judge::Judge;
use ownership::Seccomp;
use settings::Accepted;
use unlabelled::Unlabelled;
use versions::{Plugin, Target};

pub use namespace::NamespacePlan;
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
    let explained = ownership::explain(&inventory.workloads);
    let seccomp = Seccomp::of(&target, inventory);
    let gaps = Gaps::new(inventory, &explained, &evaluator, seccomp, options.complete);
    let plugin = Plugin::of(inventory.nodes.iter().map(|node| &node.kubelet));
    let mut context = Context {
        options,
        target: target.version,
        server: target.server,
        access,
        judge: Judge::new(
            inventory,
            access,
            target.version,
            gaps.listed_policies(),
            seccomp,
            plugin,
        ),
        seccomp,
        without_effect: plugin == Plugin::Gone && !inventory.policies.is_empty(),
        gaps,
        levels: policies::levels(&policies),
        incidental: policies::incidental(&policies),
        policies: policies::by_name(&inventory.policies),
        manifests: &inventory.manifests,
        bypass: order::bypass_name(inventory.policies.iter().map(|policy| policy.name.as_str())),
        bypass_opens: false,
        homes: Homes::new(inventory, &explained),
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
    let found = |mut drafts, namespace| {
        rules::namespace(namespace, &context, &mut drafts);
        drafts
    };
    let together = |mut drafts: Findings, later| {
        drafts.append(later);
        drafts
    };
    let drafts = namespaces.par_iter().fold(Findings::default, found);
    let mut drafts = drafts.reduce(Findings::default, together);
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
        cleanup = cleanup::cleanup(inventory, &options.exclude, plugin);
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
    seccomp: Seccomp,
    /// Whether there are policies in the input, and no API server that heeds them.
    without_effect: bool,
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
