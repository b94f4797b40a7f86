//! All edits of a plan: each file read again, edited, and put together to one diff.

use std::path::{Component, Path, PathBuf};

use crate::diag::{Diagnostic, Severity};
use crate::input::walk::Original;
use crate::plan::Plan;

use super::{Left, Splice, diags, diff, wanted};

/// What a plan does to the user's own files.
#[derive(Debug, Default)]
pub struct Edits {
    /// The files that change, sorted by name.
    pub files: Vec<Edit>,
    /// What is left to a person, sorted by place.
    pub left: Vec<Left>,
}

/// What a run was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A plan, of which the edits are only a part.
    Plan,
    /// The edits, or their diff.
    Edits,
}

/// What happens to one file.
#[derive(Debug)]
pub struct Edit {
    /// The file as it is.
    pub original: Original,
    /// What changes, in the order of the text.
    pub splices: Vec<Splice>,
    /// The objects that change.
    pub objects: Vec<String>,
}

/// Edits every file that a plan wants to change. `original` reads a file again, by its name in the plan, or says why
/// it cannot be edited.
pub fn edits(plan: &Plan, original: impl Fn(&str) -> Result<Original, String>) -> Edits {
    let wanted = wanted(plan);
    let mut edits = Edits {
        files: Vec::new(),
        left: wanted.left,
    };
    for (name, wishes) in &wanted.wishes {
        let original = match original(name) {
            Ok(original) => original,
            Err(reason) => {
                edits
                    .left
                    .extend(wishes.iter().map(|wish| wish.outside(&reason)));
                continue;
            }
        };
        let edited = super::edit(&original.file, wishes);
        edits.left.extend(edited.left);
        if !edited.splices.is_empty() {
            edits.files.push(Edit {
                original,
                splices: edited.splices,
                objects: edited.objects,
            });
        }
    }
    edits.left.sort_by(|a, b| {
        (&a.source, &a.object, a.code.name).cmp(&(&b.source, &b.object, b.code.name))
    });
    edits
        .files
        .sort_by(|a, b| a.original.name.cmp(&b.original.name));
    edits
}

impl Edit {
    /// The new bytes of the file.
    pub fn new_bytes(&self) -> Vec<u8> {
        super::apply(&self.original.file.bytes, &self.splices)
    }
}

impl Edits {
    /// Everything as one diff for `git apply`; empty if no file changes.
    ///
    /// Names are as the user gave the paths, so relative to the current folder. If one of them is absolute or leads out
    /// of it, all are relative to the deepest folder that holds all the files; the first line names it.
    pub fn diff(&self) -> String {
        let given: Option<Vec<PathBuf>> = self
            .files
            .iter()
            .map(|edit| inner(&edit.original.name))
            .collect();
        let mut out = String::new();
        let names = given.unwrap_or_else(|| {
            let folder = self.common_folder();
            let real = self.files.iter().map(|edit| {
                let path = &edit.original.path;
                path.strip_prefix(&folder).unwrap_or(path).to_owned()
            });
            out = format!(
                "# Names are relative to {}\n",
                diff::name(b"", &slashed(&folder))
            );
            real.collect()
        });
        for (edit, name) in self.files.iter().zip(names) {
            // What is edited is UTF-8.
            if let Ok(text) = std::str::from_utf8(&edit.original.file.bytes) {
                out.push_str(&diff::file(&slashed(&name), text, &edit.splices));
            }
        }
        out
    }

    /// What is left to a person, as messages about the input.
    pub fn diagnostics(&self, asked: Asked) -> impl Iterator<Item = Diagnostic> {
        let told = move |left: &&Left| match asked {
            Asked::Edits => true,
            // A plan that is only written has the labels to review in its folders.
            Asked::Plan => {
                left.code.severity <= Severity::Warning || left.code == &diags::NOT_IN_PLACE
            }
        };
        self.left.iter().filter(told).map(move |left| {
            let said = left.diagnostic();
            match asked {
                Asked::Edits if left.code == &diags::NOT_IN_PLACE => Diagnostic {
                    code: &diags::NOT_EDITABLE,
                    ..said
                },
                Asked::Edits | Asked::Plan => said,
            }
        })
    }

    fn common_folder(&self) -> PathBuf {
        let mut folders = self
            .files
            .iter()
            .filter_map(|edit| edit.original.path.parent());
        let mut common: PathBuf = folders.next().unwrap_or(Path::new("/")).to_owned();
        for folder in folders {
            while !folder.starts_with(&common) {
                common.pop();
            }
        }
        common
    }
}

/// A relative path without detours; `None` if it leads out of the current folder or is absolute.
fn inner(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => plain.push(name),
            Component::ParentDir if plain.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// The path with `/` on every system, as `git` writes it.
fn slashed(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let separator = std::path::MAIN_SEPARATOR as u8;
    bytes
        .map(|&byte| if byte == separator { b'/' } else { byte })
        .collect()
}
