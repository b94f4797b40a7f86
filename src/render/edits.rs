//! What `--in-place` did, and what it leaves to a person.

use std::fmt::Write as _;

use crate::edit::files::Edits;
use crate::render::text::visible;
use crate::render::view::words::count;

/// How many files and objects were edited, and the lines that a person may want to write.
pub fn summary(edits: &Edits) -> String {
    let objects: usize = edits.files.iter().map(|edit| edit.objects.len()).sum();
    let mut out = match objects {
        0 => "\nno file has to change\n".to_owned(),
        _ => format!(
            "\nedited {} in {}; git diff shows the change\n",
            count(objects, "object", "objects"),
            count(edits.files.len(), "file", "files")
        ),
    };
    if !edits.left.is_empty() {
        out.push_str("\nleft to you:\n");
    }
    for left in &edits.left {
        let place = left.source.as_ref().map(|source| format!("{source}: "));
        let _ = writeln!(
            out,
            "  {}{}: {}",
            visible(&place.unwrap_or_default()),
            visible(&left.object),
            visible(&left.reason)
        );
        for line in left.lines().lines() {
            let _ = writeln!(out, "    {}", visible(line));
        }
    }
    out
}
