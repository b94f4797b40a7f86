//! The plan for one namespace, and how it comes about.

use rayon::prelude::*;

use crate::diag::Source;
use crate::model::workload::Workload;
use crate::pss::admission::Mode;
use crate::pss::{self, Evaluator, Level, LevelSet, LevelVersion, Version};

use super::evidence::Evidence;
use super::granted::{self, Granted};
use super::homes::Home;
use super::labels::{self, Labels, Stage};
use super::level::{self, Decision};
use super::ownership::Seccomp;
use super::relabel::{self, Relabelling};
use super::rollback::{self, Rollback};
use super::settings::{self, Overridden};
use super::versions::{self, Preview};
use super::workloads::{self, WorkloadPlan};
use super::{Context, Prefer, order, scope, staging};

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
    /// Levels that admit a workload under the label that is enforced in the end: until the policies are off, or from
    /// their bypass on.
    pub(super) fn admitting(&self, workload: &WorkloadPlan, prefer: Prefer) -> LevelSet {
        match self.labels.later {
            Some(_) => workload.final_set(prefer),
            None => workload.binding_set(prefer),
        }
    }

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
    pub(super) fn namespaces(&self) -> Vec<NamespacePlan> {
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
        let (mut workloads, held_by_today) = self.judged(&evaluator, version, home, name);
        let excluded = scope::is_excluded(name, &self.options.exclude);
        if !excluded && !home.contradicting {
            staging::stage(&mut workloads, &home.workloads, self.manifests);
        }
        let today = labels::in_force(home.labels(), Mode::Enforce);
        let judged_at = |at: Version| {
            let differs = at.effective() != version.effective();
            differs.then(|| self.judged(&pss::evaluator(at), at, home, name).0)
        };
        staging::refused(&mut workloads, Stage::Workloads, today, judged_at);
        let (pods, mut live): (Vec<&Workload>, Vec<WorkloadPlan>) = self
            .judge
            .live(&evaluator, &home.explained, name)
            .into_iter()
            .unzip();
        let counting = counting(&workloads, &live);
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
        let by_then = labels.in_force(Mode::Enforce);
        let unstaged = staging::refused(&mut workloads, Stage::LateWorkloads, by_then, judged_at);
        let counting_then = unstaged.then(|| self::counting(&workloads, &live));
        let facts = match &counting_then {
            Some(counting) => level::Facts {
                workloads: counting,
                reached: intersect(counting.iter().map(|workload| workload.final_set(prefer))),
                ..facts
            },
            None => facts,
        };
        if let Some(level) = level::later(&facts, &decision).filter(|_| !is_chosen) {
            let confidence = level::confidence(&facts, level).0.max(decision.confidence);
            labels.later = labels::later(self, name, home, &decision, (level, confidence));
        }
        for reason in live.iter().filter_map(level::earlier_template) {
            if !decision.reasons.contains(&reason) {
                decision.reasons.push(reason);
            }
        }
        decision.reasons.extend(held_by_today.map(|server| {
            format!(
                "the API server of today may know no rules newer than those of {server}, whatever version a label \
                 names, so workloads were judged by these as well"
            )
        }));
        if self.without_effect {
            decision.reasons.push(
                "a node of the input is of 1.25 or newer, so its API server heeds no policy: pods are admitted as they are \
                 written"
                    .to_owned(),
            );
        }
        let wanted = order::wants_bypass(&decision, &labels, &workloads);
        let stopped = match wanted {
            true => staging::stopped_by_bypass(&workloads, by_then, judged_at),
            false => Vec::new(),
        };
        decision.reasons.extend(order::held_by_policies(&stopped));
        let bypassed = wanted && stopped.is_empty() && self.bypass.is_some();
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
            let judged = home.workloads.iter().zip(&mut workloads);
            let judged = judged.chain(pods.iter().zip(&mut live));
            refuse(enforced, prefer, self.seccomp, judged);
        }
        let in_the_end = labels.enforced_in_the_end();
        let preview = in_the_end.map_or_else(Vec::new, |policy| {
            versions::preview(policy, self.server, &home.workloads)
        });
        let relabellings = relabel::relabellings(name, home, &labels, self.target);
        let rollbacks = in_the_end.map_or_else(Vec::new, |policy| {
            rollback::refused(home, policy, self.seccomp)
        });
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

    /// The workloads judged by the rules of a version, and the version of the API server of today if its rules were
    /// needed, too: a label is read by the newest rules that the API server knows, so a level has to hold by those of
    /// today.
    fn judged(
        &self,
        evaluator: &Evaluator,
        version: Version,
        home: &Home,
        name: &str,
    ) -> (Vec<WorkloadPlan>, Option<Version>) {
        let today = self.server.filter(|server| *server < version.effective());
        let today = today.map(|server| (server, pss::evaluator(server)));
        let mut held_by_today = None;
        let judge = |workload: &&Workload| {
            let mut plan = self.judge.judge(evaluator, workload, name);
            if let Some((server, evaluator)) = &today
                && plan.also(self.judge.judge(evaluator, workload, name))
                && plan.counts
            {
                held_by_today = Some(*server);
            }
            plan
        };
        let plans = home.workloads.iter().map(judge).collect();
        (plans, held_by_today)
    }
}

/// Everything that decides.
fn counting(workloads: &[WorkloadPlan], live: &[WorkloadPlan]) -> Vec<WorkloadPlan> {
    let counting = workloads.iter().filter(|workload| workload.counts);
    counting.chain(live).cloned().collect()
}

/// Writes into each plan what the label in force refuses of its workload.
fn refuse<'p>(
    enforced: LevelVersion,
    prefer: Prefer,
    seccomp: Seccomp,
    judged: impl Iterator<Item = (&'p &'p Workload, &'p mut WorkloadPlan)>,
) {
    let evaluator = pss::evaluator(enforced.version);
    for (workload, plan) in judged {
        if !plan.is_patched_for(prefer, enforced.level) {
            plan.refused = workloads::refused(&evaluator, workload, enforced.level, seccomp);
        }
    }
}

/// The levels that all satisfy; `None` for none.
fn intersect(sets: impl Iterator<Item = LevelSet>) -> Option<LevelSet> {
    sets.reduce(LevelSet::intersection)
}
