//! What other versions would say of a namespace, as a strip: one box for each version, in order.

use serde::Serialize;

use crate::render::json::v1::Preview;

use super::words;

/// One version.
#[derive(Serialize)]
pub(super) struct Stop<'a> {
    version: &'a str,
    /// `target`, `same`, `refuses` or `admits`, a class of the style sheet.
    key: &'static str,
    /// What differs, in words.
    words: String,
}

/// The target version among those of the preview; none if there is no other.
pub(super) fn strip<'a>(previews: &'a [Preview], target: &'a str) -> Vec<Stop<'a>> {
    let mut stops: Vec<Stop> = previews.iter().map(stop).collect();
    if !stops.is_empty() && !stops.iter().any(|stop| stop.version == target) {
        stops.push(Stop {
            version: target,
            key: "target",
            words: "target".to_owned(),
        });
    }
    stops.sort_by_key(|stop| minor(stop.version));
    stops
}

fn stop(preview: &Preview) -> Stop<'_> {
    let refused = preview.changed.iter().filter(|it| it.refused).count();
    let admitted = preview.changed.len() - refused;
    let (key, words) = match (refused, admitted) {
        (0, 0) => ("same", "the same".to_owned()),
        (0, more) => ("admits", format!("admits {} more", words::number(more))),
        (fewer, _) => ("refuses", format!("refuses {} more", words::number(fewer))),
    };
    Stop {
        version: &preview.version,
        key,
        words,
    }
}

/// The minor of `v1.N`; anything else is the newest.
fn minor(version: &str) -> u64 {
    let minor = version.strip_prefix("v1.").map(str::parse);
    minor.and_then(Result::ok).unwrap_or(u64::MAX)
}
