//! What each workload needs: as written, and as Kubernetes 1.24 stores it under the policies.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::object::ObjectRef;
use crate::model::pod::{Pod, ProjectedSource, ServiceAccountToken, Volume, VolumeSource};
use crate::model::psp::PodSecurityPolicy;
use crate::model::workload::{Origin, Workload};
use crate::model::{Inventory, defaults};
use crate::psp;
use crate::pss::{Evaluator, Level, LevelSet, Violation};
use crate::rbac::{Access, Identity};

/// One workload and what is known of it.
#[derive(Debug, Clone)]
pub struct WorkloadPlan {
    /// Kind, namespace and name.
    pub reference: ObjectRef,
    /// Where it stands first.
    pub source: Source,
    /// The service account its pods run as.
    pub service_account: String,
    /// Levels that it satisfies as written, with the API server's defaults.
    pub satisfies: LevelSet,
    /// What the policies make of it.
    pub replay: Replay,
    /// What each level that it does not satisfy says, as written.
    pub violations: BTreeMap<Level, Vec<Violation>>,
    /// Whether it decides anything: pods that ended do not.
    pub counts: bool,
    /// Whether its pod template was only found where custom resources place one by convention.
    pub by_convention: bool,
    /// What a person should know of how it was judged.
    pub notes: Vec<String>,
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
        /// What the policy writes into the pod.
        changes: Vec<psp::Change>,
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

    /// Whether no policy admits it, although there are policies.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.replay, Replay::Refused { .. })
    }

    /// Levels that admit the workload while the plugin is on and after.
    pub(super) fn binding_set(&self) -> LevelSet {
        self.satisfies
            .intersection(self.satisfies_stored().unwrap_or(LevelSet::ALL))
    }
}

/// Everything that judging a workload needs.
pub(super) struct Judge<'a> {
    access: &'a Access<'a>,
    evaluator: &'a Evaluator,
    /// The policies that the API server would accept, sorted by name.
    policies: Vec<&'a PodSecurityPolicy>,
    /// Names of the others.
    invalid: BTreeSet<&'a str>,
    /// Service accounts with `automountServiceAccountToken: false`, by namespace and name.
    tokenless: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        access: &'a Access<'a>,
        evaluator: &'a Evaluator,
    ) -> Self {
        let (policies, invalid): (Vec<_>, Vec<_>) = inventory
            .policies
            .iter()
            .partition(|policy| psp::validate_policy(policy).is_empty());
        Judge {
            access,
            evaluator,
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

    /// Judges one workload of a namespace.
    pub(super) fn judge(&self, workload: &Workload, namespace: &str) -> WorkloadPlan {
        let mut written = workload.pod.clone();
        defaults::apply(&mut written);
        let satisfies = self.evaluator.satisfies(&written);
        let violations = [Level::Baseline, Level::Restricted]
            .into_iter()
            .filter(|level| !satisfies.contains(*level))
            .map(|level| (level, self.evaluator.evaluate(level, &written)))
            .collect();
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
        WorkloadPlan {
            reference: workload.reference(),
            source: workload.source().clone(),
            replay: self.replay(workload, &written, namespace, &account),
            service_account: account,
            satisfies,
            violations,
            counts: !workload.terminated(),
            by_convention: matches!(workload.origin, Origin::Convention(_)),
            notes,
        }
    }

    /// The live pods that satisfy fewer levels than the workload that explains them does once it is stored.
    pub(super) fn live(
        &self,
        explained: &[(&Workload, &Workload)],
        namespace: &str,
    ) -> Vec<WorkloadPlan> {
        explained
            .iter()
            .filter(|(pod, _)| pod.origin == Origin::Pod && !pod.terminated())
            .filter_map(|(pod, owner)| {
                let live = self.evaluator.satisfies(&pod.pod);
                let owner = self.judge(owner, namespace);
                let stored = owner.satisfies_stored().unwrap_or(owner.satisfies);
                let explained = live.intersection(stored.intersection(owner.satisfies));
                (explained != stored.intersection(owner.satisfies)).then(|| {
                    let mut plan = self.judge(pod, namespace);
                    plan.notes = vec![format!(
                        "a live pod of {} that needs more than its template says",
                        owner.title()
                    )];
                    plan
                })
            })
            .collect()
    }

    fn replay(&self, workload: &Workload, written: &Pod, namespace: &str, account: &str) -> Replay {
        if self.policies.is_empty() {
            return Replay::NoPolicies;
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
            .map(|policy| psp::Candidate {
                policy,
                usable: usable.contains_key(policy.name.as_str()),
            })
            .collect();
        let admission = psp::replay(&pod, &candidates);
        match &admission.admitted {
            Some(admitted) => {
                let via = usable
                    .get(admitted.policy.as_str())
                    .map(|grant| grant.via.to_string())
                    .unwrap_or_default();
                let stored = psp::stored(&admitted.pod);
                Replay::Admitted {
                    changes: psp::changes(&pod, &stored),
                    stored: self.evaluator.satisfies(&stored),
                    policy: admitted.policy.clone(),
                    via,
                }
            }
            None => Replay::Refused {
                errors: admission
                    .errors()
                    .map(|(policy, error)| format!("{policy}: {error}"))
                    .collect(),
            },
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
