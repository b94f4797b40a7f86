//! Unified diffs.

use similar::TextDiff;

/// A unified diff with three lines of context; empty if nothing differs.
pub fn unified(before: &str, after: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(old, new)
        .to_string()
}
