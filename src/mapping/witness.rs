//! Witnesses: for every verdict but `enforced`, a pod that the policy admits and the check refuses.
//!
//! A verdict is read from a policy's text; a witness is what the engines say to it. The pod is given as its author
//! writes it. It is confirmed by the road that Kubernetes 1.24 took: defaults, admission under this policy alone, the
//! policy's writing, seccomp synchronisation, API validation; what the check then refuses is the stored pod. On that
//! road the feature gate `ProcMountType` is on.
//!
//! * A witness shows what its verdict is about: where a value is granted, the pod asks for it.
//! * It fails as few other checks of the level as the policy leaves possible, and of the other level too where there
//!   is a choice. Pods for Windows, which some restricted checks spare, are no choice: they would prove little to
//!   those who run none.
//! * It says nothing that is of no use for that, but for `automountServiceAccountToken: false` where a cluster would
//!   otherwise mount a token by a volume that the policy refuses.
//!
//! There is hardly any search. What a pod has to say under the policy, and what it may say to be harmless, is the same
//! for all checks (`plain`); to that comes what the check refuses (`tweaks`). Of the few candidates the engines choose.

use serde::Deserialize as _;
use serde_json::Value;

use crate::mapping::BlockedBy;
use crate::mapping::admits;
use crate::mapping::witness::said::Said;
use crate::mapping::witness::tweaks::Material;
use crate::model::defaults;
use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::psp;
use crate::pss::{self, Active, Allowed, Level, Verdict, Version};

mod plain;
mod said;
mod tweaks;
mod volumes;

/// A pod that the policy alone admits, the API server stores, and the check then refuses at the version. `None` where
/// there is none: the check is enforced, the policy admits no pod or would be refused by the API server, or the check
/// does not exist at the version.
pub fn witness(policy: &PodSecurityPolicy, check: &str, version: Version) -> Option<Value> {
    let active = pss::controls(version);
    let (check, revision) = active.iter().find(|(own, _)| own.id == check)?;
    let verdict = (revision.policy)(policy).verdict;
    ground(policy, version)?.witness(check.id, check.level, verdict)
}

/// The least that a pod has to say under the policy to be stored. `None` where the policy admits no pod.
pub fn plain_pod(policy: &PodSecurityPolicy) -> Option<Value> {
    let said = plain::plain(policy);
    let pod = said.pod("plain");
    stored(policy, &pod)?;
    Some(pod)
}

/// The checks that refuse, once they are stored, all pods that the policy admits: those in the way of each level.
/// `None` where it admits no pod. A pod for Windows is no choice here either.
pub fn unavoidable(policy: &PodSecurityPolicy, version: Version) -> Option<BlockedBy> {
    let ground = ground(policy, version)?;
    let failing = ground.failing(&ground.harmless.pod("harmless"))?;
    let [baseline, restricted] = &ground.runs;
    let of = |runs: &[&'static str]| {
        let mut checks = failing.clone();
        checks.retain(|check| runs.contains(check));
        checks
    };
    Some(BlockedBy {
        baseline: of(baseline),
        restricted: of(restricted),
    })
}

/// What the witnesses of one policy at one version have in common.
pub(super) struct Ground<'a> {
    policy: &'a PodSecurityPolicy,
    /// Every check of the version.
    controls: Vec<Active>,
    /// The ids of those that level baseline runs, then of those that restricted runs.
    runs: [Vec<&'static str>; 2],
    /// The lists of the same levels.
    allowed: [Allowed; 2],
    /// The least that a pod has to say.
    plain: Said,
    /// What a pod says that as few checks as possible refuse.
    harmless: Said,
}

/// Prepares the witnesses of a policy. `None` where it admits no pod.
pub(super) fn ground(policy: &PodSecurityPolicy, version: Version) -> Option<Ground<'_>> {
    if admits::nothing(policy).is_some() {
        return None;
    }
    let levels = [Level::Baseline, Level::Restricted];
    let runs = levels.map(|level| {
        let active = pss::active(level, version);
        active.into_iter().map(|(check, _)| check.id).collect()
    });
    let plain = plain::plain(policy);
    let mut ground = Ground {
        policy,
        controls: pss::controls(version),
        runs,
        allowed: levels.map(|level| pss::allowed(level, version)),
        harmless: plain.clone(),
        plain,
    };
    let mut fewest = ground.failing(&ground.plain.pod("plain"))?.len();
    for ways in plain::harmless(policy, &ground.allowed) {
        let plainer = ground.harmless.clone();
        for way in ways {
            let said = plainer.with(&way);
            let failing = ground.failing(&said.pod("harmless"));
            if let Some(failing) = failing.filter(|failing| failing.len() < fewest) {
                fewest = failing.len();
                ground.harmless = said;
            }
        }
    }
    Some(ground)
}

impl Ground<'_> {
    /// The witness for the verdict on a check of this level.
    pub(super) fn witness(
        &self,
        check: &'static str,
        level: Level,
        verdict: Verdict,
    ) -> Option<Value> {
        let runs = match level {
            Level::Privileged => return None,
            Level::Baseline => &self.runs[0],
            Level::Restricted => &self.runs[1],
        };
        let [baseline, restricted] = &self.allowed;
        let material = Material {
            policy: self.policy,
            plain: &self.plain,
            harmless: &self.harmless,
            baseline,
            restricted,
        };
        let name = format!("witness-{}", check.to_lowercase().replace('_', "-"));
        let candidates = tweaks::tweaks(material, check, verdict);
        let confirmed = candidates.iter().filter_map(|tweak| {
            let pod = self.harmless.with(tweak).pod(&name);
            let failing = self.failing(&pod)?;
            let own = failing.iter().filter(|id| runs.contains(id)).count();
            failing.contains(&check).then_some((own, pod))
        });
        // The first of those with the fewest.
        confirmed.min_by_key(|(own, _)| *own).map(|(_, pod)| pod)
    }

    /// The checks that refuse the pod as stored, whatever their level; `None` where it is not stored.
    fn failing(&self, pod: &Value) -> Option<Vec<&'static str>> {
        let stored = stored(self.policy, pod)?;
        let failing = self.controls.iter().filter_map(|(check, revision)| {
            (revision.pod)(&stored)?;
            Some(check.id)
        });
        Some(failing.collect())
    }
}

/// The pod as Kubernetes 1.24 stored it under the policy alone; `None` where it did not.
fn stored(policy: &PodSecurityPolicy, pod: &Value) -> Option<Pod> {
    let mut pod = Pod::deserialize(pod).ok()?;
    defaults::apply(&mut pod);
    let stored = psp::stored(&psp::admits(policy, &pod).ok()?);
    psp::api_errors(&stored).is_empty().then_some(stored)
}
