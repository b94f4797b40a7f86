//! Whether a pod can satisfy an old policy and a level at once.
//!
//! While the admission plugin is on, a pod is admitted by a policy, written into, and then judged by the label. Where no
//! pod passes both, a label of that level stops everything that the policies admit, whatever it says itself.

use std::collections::BTreeMap;

use crate::mapping::{self, BlockedBy};
use crate::model::psp::PodSecurityPolicy;
use crate::pss::{Level, LevelSet, Version};

/// For each policy, the checks that refuse every pod that it admits. Policies that admit none are left out.
pub(super) struct Overlaps<'a> {
    /// By name; variants side by side.
    unavoidable: BTreeMap<&'a str, Vec<BlockedBy>>,
}

impl<'a> Overlaps<'a> {
    pub(super) fn new(policies: &[&'a PodSecurityPolicy], version: Version) -> Self {
        let mut unavoidable: BTreeMap<&str, Vec<BlockedBy>> = BTreeMap::new();
        for policy in policies {
            if let Some(blocked) = mapping::unavoidable(policy, version) {
                unavoidable.entry(&policy.name).or_default().push(blocked);
            }
        }
        Overlaps { unavoidable }
    }

    /// The levels that some pod satisfies which one of the policies admits; all, where they admit no pod at all.
    pub(super) fn levels<'p>(&self, policies: impl Iterator<Item = &'p str>) -> LevelSet {
        let mut known = policies
            .filter_map(|policy| self.unavoidable.get(policy))
            .flatten()
            .peekable();
        if known.peek().is_none() {
            return LevelSet::ALL;
        }
        known.fold(LevelSet::PRIVILEGED, |levels, blocked| {
            let open = [Level::Baseline, Level::Restricted];
            let open = open
                .into_iter()
                .filter(|level| of(blocked, *level).is_empty());
            open.fold(levels, LevelSet::with)
        })
    }

    /// The checks of a level that refuse every pod which the policy admits; empty where some pod passes.
    pub(super) fn in_the_way(&self, policy: &str, level: Level) -> &[&'static str] {
        let variants = self.unavoidable.get(policy).map_or(&[][..], Vec::as_slice);
        let fewest = variants.iter().map(|blocked| of(blocked, level));
        fewest.min_by_key(|checks| checks.len()).unwrap_or(&[])
    }
}

fn of(blocked: &BlockedBy, level: Level) -> &[&'static str] {
    match level {
        Level::Privileged => &[],
        Level::Baseline => &blocked.baseline,
        Level::Restricted => &blocked.restricted,
    }
}
