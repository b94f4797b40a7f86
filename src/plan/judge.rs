//! Judges workloads: as written, and as the policies of the input make them.

mod outcomes;
mod unknown;
mod variants;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Inventory;
use crate::model::pod::{Pod, ProjectedSource, ServiceAccountToken, Volume, VolumeSource};
use crate::model::psp::PodSecurityPolicy;
use crate::model::workload::{Origin, Workload};
use crate::psp;
use crate::pss::{Evaluator, LevelSet, Version};
use crate::rbac::{Access, Identity};

use super::overlap::Overlaps;
use super::ownership::{Seccomp, as_written, without_debugging};
use super::patches::{self, Graded, Hardening, Proof, Replayed};
use super::versions::Plugin;
use super::workloads::{Replay, WorkloadPlan, violations};
use outcomes::Outcomes;
use unknown::{Requester, Unknown};
use variants::Variants;

pub(super) use unknown::Listed;

/// Everything that judging a workload needs.
pub(super) struct Judge<'a> {
    access: &'a Access<'a>,
    /// The policies that the API server would accept, sorted by name.
    policies: Vec<&'a PodSecurityPolicy>,
    unknown: Unknown<'a>,
    variants: Variants<'a>,
    /// Whether nothing has to do with policies: there are none in the input, or no server that knows them.
    without_policies: bool,
    /// Service accounts with `automountServiceAccountToken: false`, by namespace and name.
    tokenless: BTreeSet<(&'a str, &'a str)>,
    overlaps: Overlaps<'a>,
    seccomp: Seccomp,
}

/// What there is to say of a workload that a level refuses for its annotation.
const SYNCED: &str = "up to 1.26 the API server copies the seccomp annotation of a pod to its field, or the field to the annotation, when \
    it stores the pod, whether there are policies or not: without that, it would satisfy more";

impl<'a> Judge<'a> {
    /// `listed` tells whether the input has every policy that there is.
    pub(super) fn new(
        inventory: &'a Inventory,
        access: &'a Access<'a>,
        version: Version,
        listed: Listed,
        seccomp: Seccomp,
        plugin: Plugin,
    ) -> Self {
        let (policies, invalid): (Vec<&PodSecurityPolicy>, Vec<_>) = inventory
            .policies
            .iter()
            .partition(|policy| psp::validate_policy(policy).is_empty());
        let unknown = Unknown::new(inventory, access, &invalid, listed);
        Judge {
            access,
            overlaps: Overlaps::new(&policies, version),
            seccomp,
            without_policies: plugin == Plugin::Gone
                || inventory.policies.is_empty() && unknown.is_read(),
            unknown,
            variants: Variants::new(inventory, &policies),
            policies,
            tokenless: inventory
                .service_accounts
                .iter()
                .filter(|account| account.automount_token == Some(false))
                .map(|account| (account.namespace.as_str(), account.name.as_str()))
                .collect(),
        }
    }

    /// The policies that cannot be replayed.
    pub(super) fn unknown(&self) -> &Unknown<'a> {
        &self.unknown
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
        let written = as_written(workload);
        let mut satisfies = evaluator.satisfies(&written);
        let mut refused = violations(evaluator, &written, |level| !satisfies.contains(level));
        let account = match written.spec.account() {
            "" => "default".to_owned(),
            account => account.to_owned(),
        };
        let mut notes = Vec::new();
        if let Some(stored) = self.seccomp.stored(&written) {
            let anyway = satisfies;
            satisfies = satisfies.intersection(evaluator.satisfies(&stored));
            let spoiled = violations(evaluator, &stored, |level| {
                anyway.contains(level) && !satisfies.contains(level)
            });
            if !spoiled.is_empty() {
                notes.push(SYNCED.to_owned());
            }
            refused.extend(spoiled);
        }
        match workload.origin {
            Origin::Convention(path) => notes.push(format!(
                "the pod template was found at {path}, where custom resources place one by convention"
            )),
            Origin::Pod if workload.meta.from_cluster() => notes.push(format!(
                "{}: it is judged as stored, with what policies wrote into it",
                what_pod(workload)
            )),
            Origin::Pod | Origin::Template | Origin::Fragment => {}
        }
        if workload.terminated() {
            notes.push(format!("ended ({}): it decides nothing", workload.phase));
        }
        let graded = Graded {
            pod: &written,
            levels: satisfies,
        };
        let Judged {
            replay,
            overlap,
            hardening,
            doubts,
        } = self.replay(evaluator, workload, graded, &account, namespace);
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
            violations: refused,
            refused: Vec::new(),
            counts: !workload.terminated(),
            by_convention: matches!(workload.origin, Origin::Convention(_)),
            is_bare: is_bare(workload),
            notes,
            doubts,
        }
    }

    /// The live pods that satisfy fewer levels than the workload that explains them does once it is stored, and what still
    /// makes pods of an earlier template that satisfies fewer: a ReplicaSet in the middle of a rollout, or a Job of a
    /// CronJob.
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
            .filter(|(pod, _)| runs(pod))
            .filter_map(|(pod, owner)| {
                let live = match pod.origin {
                    Origin::Pod => evaluator.satisfies(&without_debugging(&pod.pod)),
                    Origin::Template | Origin::Convention(_) | Origin::Fragment => {
                        evaluator.satisfies(&as_written(pod))
                    }
                };
                let (title, explained) = owners.entry(*owner).or_insert_with(|| {
                    let plan = self.judge(evaluator, owner, namespace);
                    let stored = plan.satisfies_stored().unwrap_or(plan.satisfies);
                    (plan.title(), stored.intersection(plan.satisfies))
                });
                (live.intersection(*explained) != *explained).then(|| {
                    let mut plan = self.judge(evaluator, pod, namespace);
                    plan.notes = vec![match pod.origin {
                        Origin::Pod => {
                            format!("a live pod of {title} that needs more than its template says")
                        }
                        Origin::Template | Origin::Convention(_) | Origin::Fragment => {
                            format!("still makes pods of an earlier template of {title}")
                        }
                    }];
                    (*pod, plan)
                })
            })
            .collect()
    }

    /// What the policies make of a workload.
    fn replay(
        &self,
        evaluator: &Evaluator,
        workload: &Workload,
        written: Graded,
        account: &str,
        namespace: &str,
    ) -> Judged {
        let unreplayed = |replay, overlap| Judged {
            replay,
            overlap,
            hardening: patches::hardening_unreplayed(written, evaluator),
            doubts: Vec::new(),
        };
        if self.without_policies {
            return unreplayed(Replay::NoPolicies, LevelSet::ALL);
        }
        if let Some(recorded) = recorded(workload, written.levels) {
            return Judged {
                replay: recorded,
                overlap: LevelSet::ALL,
                hardening: Vec::new(),
                doubts: Vec::new(),
            };
        }
        let pod = self.as_created(written.pod, namespace, account);
        let creator = creator(workload);
        let requester = Requester {
            namespace,
            account,
            creator: creator.as_ref(),
        };
        let usable: BTreeMap<&str, _> = self
            .access
            .pod_policies(namespace, Some(account), creator.as_ref())
            .into_iter()
            .collect();
        let usable_policies = self.policies.iter();
        let candidates: Vec<psp::Candidate> = usable_policies
            .filter(|policy| usable.contains_key(policy.name.as_str()))
            .map(|policy| psp::Candidate {
                policy,
                usable: true,
            })
            .collect();
        let overlap = self.overlaps.levels(usable.keys().copied());
        let ways = self.variants.ways(candidates, &usable);
        let outcomes = match ways.are_too_many() {
            true => Err(ways.too_many()),
            false => Outcomes::new(&pod, &ways.candidates, evaluator, |admitted| {
                self.unknown.deciding(&requester, admitted)
            }),
        };
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(policies) => return unreplayed(Replay::Unknown { policies }, overlap),
        };
        let Some(loosest) = outcomes.loosest() else {
            let refused = Replay::Refused {
                errors: outcomes.errors,
                spoiled_by: outcomes.spoiled_by,
            };
            return Judged {
                doubts: self.unknown.missing(&requester),
                ..unreplayed(refused, overlap)
            };
        };
        let (kept, kept_levels) = patches::preserving(&pod, &loosest.stored, evaluator);
        let replayed = Replayed {
            before: &pod,
            stored: Graded {
                pod: &loosest.stored,
                levels: loosest.levels,
            },
            kept: Graded {
                pod: &kept,
                levels: kept_levels,
            },
            policy: &loosest.admitted.policy,
            candidates: loosest.candidates,
        };
        let doubts: Vec<String> = match outcomes.differ() {
            true => vec![outcomes.doubt(&workload.reference(), &ways.what)],
            false => Vec::new(),
        };
        let mut patch = patches::patch(workload, &replayed, evaluator);
        let mut hardening = patches::hardening(&replayed, evaluator);
        if !doubts.is_empty() {
            let proofs = patch.iter_mut().map(|patch| &mut patch.proof);
            let proposed = hardening.iter_mut().flat_map(|one| &mut one.proof);
            proofs.chain(proposed).for_each(Proof::doubt);
        }
        let (before, after) = (written.levels, outcomes.stored());
        let via = usable.get(replayed.policy);
        let admitted = Replay::Admitted {
            policy: replayed.policy.to_owned(),
            via: via.map(|grant| grant.via.to_string()).unwrap_or_default(),
            stored: after,
            spoiled: violations(evaluator, replayed.stored.pod, |level| {
                before.contains(level) && !after.contains(level)
            }),
            changes: psp::changes(&pod, replayed.stored.pod),
            patch: patch.map(Box::new),
        };
        Judged {
            replay: admitted,
            overlap,
            hardening,
            doubts,
        }
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

/// What the policies make of a workload, and what follows.
struct Judged {
    replay: Replay,
    /// The levels that they and a pod can agree on.
    overlap: LevelSet,
    /// What would harden it.
    hardening: Vec<Hardening>,
    /// See [`WorkloadPlan::doubts`].
    doubts: Vec<String>,
}

/// Who creates the pods of a workload, as far as that is known: it does not say who creates bare pods.
fn creator(workload: &Workload) -> Option<Identity> {
    match workload.origin {
        Origin::Template => Identity::controller(&workload.kind),
        Origin::Pod if is_mirror(workload) => {
            let node = workload.meta.controller();
            Some(Identity::kubelet(node.map_or("", |node| &node.name)))
        }
        Origin::Pod => Identity::owner(workload.meta.controller()?),
        Origin::Convention(_) | Origin::Fragment => None,
    }
}

/// Whether an explained object is a pod that has not ended, or makes pods: to have none it has to say so.
fn runs(explained: &Workload) -> bool {
    !explained.terminated() && explained.replicas != Some(0)
}

fn is_bare(workload: &Workload) -> bool {
    workload.origin == Origin::Pod && workload.meta.controller().is_none() && !is_mirror(workload)
}

/// Whether this is what a kubelet shows of a static pod.
fn is_mirror(pod: &Workload) -> bool {
    let annotations = &pod.meta.annotations;
    annotations.contains_key("kubernetes.io/config.mirror")
}

/// What kind of pod of a cluster this is: nothing in the input explains it.
fn what_pod(pod: &Workload) -> String {
    match pod.meta.controller() {
        _ if is_mirror(pod) => {
            "the mirror of a static pod, which its kubelet runs whatever is admitted".to_owned()
        }
        Some(owner) => format!(
            "a pod of {} {}, of which the input has no template",
            owner.kind, owner.name
        ),
        None => "a bare pod from a cluster".to_owned(),
    }
}

/// What a live pod records of its own admission: it needs no replay, and it is stored already.
fn recorded(workload: &Workload, levels: LevelSet) -> Option<Replay> {
    if workload.origin != Origin::Pod || !workload.meta.from_cluster() {
        return None;
    }
    let policy = workload.meta.annotations.get(psp::ANNOTATION)?;
    Some(Replay::Admitted {
        policy: policy.clone(),
        via: format!("the pod's annotation {}", psp::ANNOTATION),
        stored: levels,
        spoiled: BTreeMap::new(),
        changes: Vec::new(),
        patch: None,
    })
}
