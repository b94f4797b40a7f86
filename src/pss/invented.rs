//! Checks that only tests know.

use super::{Check, Exposure, Forbidden, Level, Revision, Verdict};
use crate::model::pod::Pod;

/// A check without words.
pub(super) const fn invented(
    id: &'static str,
    level: Level,
    revisions: &'static [Revision],
) -> Check {
    Check {
        id,
        level,
        title: "",
        fields: &[],
        allowed: "",
        psp_fields: &[],
        docs: "",
        revisions,
    }
}

/// A revision that refuses every pod with a name.
pub(super) const fn since(since: u64, overrides: &'static [&'static str]) -> Revision {
    Revision {
        since,
        overrides,
        pod: refuse_named,
        policy: |_| Exposure::new(Verdict::Enforced, "", "", ""),
    }
}

fn refuse_named(pod: &Pod) -> Option<Forbidden> {
    (!pod.metadata.name.is_empty()).then(|| Forbidden {
        reason: "named",
        detail: pod.metadata.name.clone(),
    })
}
