//! What each workload needs: as written, and as Kubernetes 1.24 stores it under the policies.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::object::ObjectRef;
use crate::model::pod::{Pod, ProjectedSource, ServiceAccountToken, Volume, VolumeSource};
use crate::model::psp::PodSecurityPolicy;
use crate::model::workload::{Origin, Workload};
use crate::model::{Inventory, defaults};
use crate::psp;
use crate::pss::{Evaluator, Level, LevelSet, Version, Violation};
use crate::rbac::{Access, Identity};

use super::Prefer;
use super::labels::Stage;
use super::overlap::Overlaps;
use super::ownership::without_debugging;
use super::patches::{self, Hardening, Patch, Replayed};
use super::staging::{Staged, Unstaged};

/// One workload and what is known of it.
#[derive(Debug, Clone)]
pub struct WorkloadPlan {
    /// Kind, namespace and name.
    pub reference: ObjectRef,
    /// Where it stands first.
    pub source: Source,
    /// Where identical copies of it stand.
    pub copies: Vec<Source>,
    /// The service account its pods run as.
    pub service_account: String,
    /// Levels that it satisfies as written, with the API server's defaults.
    pub satisfies: LevelSet,
    /// What the policies make of it.
    pub replay: Replay,
    /// What each level that it does not satisfy says, as written.
    pub violations: BTreeMap<Level, Vec<Violation>>,
    /// What the level that the namespace will enforce says, as written, at the version of the label in force.
    pub refused: Vec<Violation>,
    /// Whether it decides anything: pods that ended do not.
    pub counts: bool,
    /// Whether its pod template was only found where custom resources place one by convention.
    pub by_convention: bool,
    /// What a person should know of how it was judged.
    pub notes: Vec<String>,
    /// Levels that some pod satisfies which the policies usable for this workload admit; all without such policies.
    pub overlap: LevelSet,
    /// Edits that would get it to tighter levels, loosest level first: proposals.
    pub hardening: Vec<Hardening>,
    /// The stage that applies its patch; `None` without a patch, or where no stage can apply it.
    pub staged: Option<Staged>,
    /// Why no stage applies its patch, if it has one.
    pub unstaged: Option<Unstaged>,
}

/// What PodSecurityPolicy admission makes of a workload.
#[derive(Debug, Clone)]
pub enum Replay {
    /// There is no policy in the input.
    NoPolicies,
    /// A policy admits it.
    Admitted {
        /// The policy's name.
        policy: String,
        /// Through whom it is usable, for example `ServiceAccount shop/api`.
        via: String,
        /// Levels that the stored pod satisfies.
        stored: LevelSet,
        /// What each level says that the stored pod does not satisfy although the pod as written does.
        spoiled: BTreeMap<Level, Vec<Violation>>,
        /// What the policy writes into the pod.
        changes: Vec<psp::Change>,
        /// What the template must say itself to keep that; `None` if nothing is lost.
        patch: Option<Box<Patch>>,
    },
    /// No policy admits it: with the plugin on, its pods can not be created.
    Refused {
        /// What the usable policies say; empty if none is usable.
        errors: Vec<String>,
    },
}

impl WorkloadPlan {
    /// Kind and name.
    pub fn title(&self) -> String {
        format!("{} {}", self.reference.kind, self.reference.name)
    }

    /// Levels that the stored pod satisfies; `None` if no policy admits it.
    pub fn satisfies_stored(&self) -> Option<LevelSet> {
        match &self.replay {
            Replay::NoPolicies => Some(self.satisfies),
            Replay::Admitted { stored, .. } => Some(*stored),
            Replay::Refused { .. } => None,
        }
    }

    /// Levels that it satisfies with its patch.
    pub fn satisfies_patched(&self) -> LevelSet {
        match self.patch() {
            Some(patch) => patch.satisfies,
            None => self.satisfies,
        }
    }

    /// The patch that preserves what a policy writes today.
    pub fn patch(&self) -> Option<&Patch> {
        match &self.replay {
            Replay::Admitted { patch, .. } => patch.as_deref(),
            Replay::NoPolicies | Replay::Refused { .. } => None,
        }
    }

    /// Whether no policy admits it, although there are policies.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.replay, Replay::Refused { .. })
    }

    /// What a level says of the workload as written; if nothing, what it says of the stored pod.
    pub(super) fn violations_of(&self, level: Level) -> &[Violation] {
        let written = self.violations.get(&level);
        let found = written.or_else(|| match &self.replay {
            Replay::Admitted { spoiled, .. } => spoiled.get(&level),
            Replay::NoPolicies | Replay::Refused { .. } => None,
        });
        found.map_or(&[], Vec::as_slice)
    }

    /// Levels that admit the workload while the plugin is on and after it.
    ///
    /// Under [`Prefer::Security`] its patch comes first, if a stage before the labels applies it, and what the policies
    /// make of that counts. A workload that no policy admits does not run today, and would run only as they admit it.
    pub(super) fn binding_set(&self, prefer: Prefer) -> LevelSet {
        match (prefer, self.patch(), self.stage()) {
            (Prefer::Security, Some(patch), Some(Stage::Workloads)) => {
                patch.satisfies.intersection(patch.stored)
            }
            _ => {
                let stored = self.satisfies_stored().unwrap_or(self.overlap);
                self.satisfies.intersection(stored)
            }
        }
    }

    /// Levels that admit the workload once the old policies are bypassed and every stage is applied.
    pub(super) fn final_set(&self, prefer: Prefer) -> LevelSet {
        match (prefer, self.patch(), self.stage()) {
            (Prefer::Security, Some(patch), Some(_)) => patch.satisfies,
            _ => self.satisfies,
        }
    }

    /// Whether its patch gets it to a level before labels of that level come.
    pub(super) fn is_patched_for(&self, prefer: Prefer, level: Level) -> bool {
        let early = (prefer, self.stage()) == (Prefer::Security, Some(Stage::Workloads));
        early && self.binding_set(prefer).contains(level)
    }

    /// The stage that applies its patch.
    pub fn stage(&self) -> Option<Stage> {
        self.staged.as_ref().map(|staged| staged.stage)
    }
}

/// What a level says of a workload as written, if the workload decides anything.
pub(super) fn refused(evaluator: &Evaluator, workload: &Workload, level: Level) -> Vec<Violation> {
    if workload.terminated() {
        return Vec::new();
    }
    let mut written = workload.pod.clone();
    defaults::apply(&mut written);
    evaluator.evaluate(level, &written)
}

/// What the levels that are asked for say of a pod.
fn violations(
    evaluator: &Evaluator,
    pod: &Pod,
    asked: impl Fn(Level) -> bool,
) -> BTreeMap<Level, Vec<Violation>> {
    [Level::Baseline, Level::Restricted]
        .into_iter()
        .filter(|level| asked(*level))
        .map(|level| (level, evaluator.evaluate(level, pod)))
        .collect()
}

/// Everything that judging a workload needs.
pub(super) struct Judge<'a> {
    access: &'a Access<'a>,
    /// The policies that the API server would accept, sorted by name.
    policies: Vec<&'a PodSecurityPolicy>,
    /// Names of the others.
    invalid: BTreeSet<&'a str>,
    /// Service accounts with `automountServiceAccountToken: false`, by namespace and name.
    tokenless: BTreeSet<(&'a str, &'a str)>,
    overlaps: Overlaps<'a>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(inventory: &'a Inventory, access: &'a Access<'a>, version: Version) -> Self {
        let (policies, invalid): (Vec<&PodSecurityPolicy>, Vec<_>) = inventory
            .policies
            .iter()
            .partition(|policy| psp::validate_policy(policy).is_empty());
        Judge {
            access,
            overlaps: Overlaps::new(&policies, version),
            policies,
            invalid: invalid
                .into_iter()
                .map(|policy| policy.name.as_str())
                .collect(),
            tokenless: inventory
                .service_accounts
                .iter()
                .filter(|account| account.automount_token == Some(false))
                .map(|account| (account.namespace.as_str(), account.name.as_str()))
                .collect(),
        }
    }

    /// Whether the API server would refuse the policy of this name.
    pub(super) fn is_invalid(&self, policy: &str) -> bool {
        self.invalid.contains(policy)
    }

    /// What pods can satisfy under the policies.
    pub(super) fn overlaps(&self) -> &Overlaps<'a> {
        &self.overlaps
    }

    /// Judges one workload of a namespace.
    pub(super) fn judge(
        &self,
        evaluator: &Evaluator,
        workload: &Workload,
        namespace: &str,
    ) -> WorkloadPlan {
        let mut written = workload.pod.clone();
        defaults::apply(&mut written);
        let satisfies = evaluator.satisfies(&written);
        let account = match written.spec.account() {
            "" => "default".to_owned(),
            account => account.to_owned(),
        };
        let mut notes = Vec::new();
        match workload.origin {
            Origin::Convention(path) => notes.push(format!(
                "the pod template was found at {path}, where custom resources place one by convention"
            )),
            Origin::Pod if workload.meta.from_cluster() => notes.push(
                "a bare pod from a cluster: it is judged as stored, with what policies wrote into it"
                    .to_owned(),
            ),
            Origin::Pod | Origin::Template | Origin::Fragment => {}
        }
        if workload.terminated() {
            notes.push(format!("ended ({}): it decides nothing", workload.phase));
        }
        let (replay, overlap, hardening) =
            self.replay(evaluator, workload, &written, &account, namespace);
        WorkloadPlan {
            reference: workload.reference(),
            source: workload.source().clone(),
            copies: workload.sources.iter().skip(1).cloned().collect(),
            replay,
            overlap,
            hardening,
            staged: None,
            unstaged: None,
            service_account: account,
            satisfies,
            violations: violations(evaluator, &written, |level| !satisfies.contains(level)),
            refused: Vec::new(),
            counts: !workload.terminated(),
            by_convention: matches!(workload.origin, Origin::Convention(_)),
            notes,
        }
    }

    /// The live pods that satisfy fewer levels than the workload that explains them does once it is stored.
    pub(super) fn live<'w>(
        &self,
        evaluator: &Evaluator,
        explained: &[(&'w Workload, &Workload)],
        namespace: &str,
    ) -> Vec<(&'w Workload, WorkloadPlan)> {
        // Many pods have the same owner.
        let mut owners: BTreeMap<*const Workload, (String, LevelSet)> = BTreeMap::new();
        explained
            .iter()
            .filter(|(pod, _)| pod.origin == Origin::Pod && !pod.terminated())
            .filter_map(|(pod, owner)| {
                let live = evaluator.satisfies(&without_debugging(&pod.pod));
                let (title, explained) = owners.entry(*owner).or_insert_with(|| {
                    let plan = self.judge(evaluator, owner, namespace);
                    let stored = plan.satisfies_stored().unwrap_or(plan.satisfies);
                    (plan.title(), stored.intersection(plan.satisfies))
                });
                (live.intersection(*explained) != *explained).then(|| {
                    let mut plan = self.judge(evaluator, pod, namespace);
                    plan.notes = vec![format!(
                        "a live pod of {title} that needs more than its template says"
                    )];
                    (*pod, plan)
                })
            })
            .collect()
    }

    /// What the policies make of a workload, the levels that they and a pod can agree on, and what would harden it.
    fn replay(
        &self,
        evaluator: &Evaluator,
        workload: &Workload,
        written: &Pod,
        account: &str,
        namespace: &str,
    ) -> (Replay, LevelSet, Vec<Hardening>) {
        let unreplayed = || patches::hardening_unreplayed(written, evaluator);
        if self.policies.is_empty() {
            return (Replay::NoPolicies, LevelSet::ALL, unreplayed());
        }
        if let Some(recorded) = recorded(evaluator, workload, written) {
            return (recorded, LevelSet::ALL, Vec::new());
        }
        let pod = self.as_created(written, namespace, account);
        let creator =
            Identity::controller(&workload.kind).filter(|_| workload.origin == Origin::Template);
        let usable: BTreeMap<&str, _> = self
            .access
            .pod_policies(namespace, Some(account), creator.as_ref())
            .into_iter()
            .collect();
        let candidates: Vec<psp::Candidate> = self
            .policies
            .iter()
            .filter(|policy| usable.contains_key(policy.name.as_str()))
            .map(|policy| psp::Candidate {
                policy,
                usable: true,
            })
            .collect();
        let overlap = self.overlaps.levels(usable.keys().copied());
        let admission = psp::replay(&pod, &candidates);
        let Some(admitted) = &admission.admitted else {
            let refused = Replay::Refused {
                errors: admission
                    .errors()
                    .map(|(policy, error)| format!("{policy}: {error}"))
                    .collect(),
            };
            return (refused, overlap, unreplayed());
        };
        let stored = psp::stored(&admitted.pod);
        let (before, after) = (evaluator.satisfies(written), evaluator.satisfies(&stored));
        let replayed = Replayed {
            before: &pod,
            stored: &stored,
            policy: &admitted.policy,
            candidates: &candidates,
        };
        let admitted = Replay::Admitted {
            changes: psp::changes(&pod, &stored),
            patch: patches::patch(workload, &replayed, evaluator).map(Box::new),
            stored: after,
            spoiled: violations(evaluator, &stored, |level| {
                before.contains(level) && !after.contains(level)
            }),
            via: usable
                .get(admitted.policy.as_str())
                .map(|grant| grant.via.to_string())
                .unwrap_or_default(),
            policy: admitted.policy.clone(),
        };
        (admitted, overlap, patches::hardening(&replayed, evaluator))
    }

    /// The pod as policies see it: with its account, and the token volume unless mounting it is off.
    fn as_created(&self, written: &Pod, namespace: &str, account: &str) -> Pod {
        let mut pod = written.clone();
        pod.spec.service_account_name = account.to_owned();
        pod.spec.service_account = account.to_owned();
        let automount = pod
            .spec
            .automount_service_account_token
            .unwrap_or(!self.tokenless.contains(&(namespace, account)));
        let mounted = pod
            .spec
            .volumes
            .iter()
            .any(|volume| volume.name.starts_with("kube-api-access-"));
        if automount && !mounted {
            pod.spec.volumes.push(Volume {
                name: "kube-api-access".to_owned(),
                sources: vec![VolumeSource::Projected(vec![ProjectedSource {
                    service_account_token: Some(ServiceAccountToken {
                        path: "token".to_owned(),
                        audience: String::new(),
                    }),
                    ..ProjectedSource::default()
                }])],
            });
        }
        pod
    }
}

/// What a live pod records of its own admission: it needs no replay, and it is stored already.
fn recorded(evaluator: &Evaluator, workload: &Workload, written: &Pod) -> Option<Replay> {
    if workload.origin != Origin::Pod || !workload.meta.from_cluster() {
        return None;
    }
    let policy = workload.meta.annotations.get(psp::ANNOTATION)?;
    Some(Replay::Admitted {
        policy: policy.clone(),
        via: format!("the pod's annotation {}", psp::ANNOTATION),
        stored: evaluator.satisfies(written),
        spoiled: BTreeMap::new(),
        changes: Vec::new(),
        patch: None,
    })
}
