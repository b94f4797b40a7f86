//! The configuration file: what a team has decided for its namespaces, with reasons.
//!
//! It is read strictly: every mistake is reported, all at once, with file, line and column, and then nothing is done.
//! No clock is read, so whether an acceptance has expired is decided by the date that the caller gives.
//!
//! ```yaml
//! apiVersion: psp2psa/v1
//! kind: Configuration
//! targetVersion: v1.29
//! exclude:
//! - namespaces: [sandbox-*]
//!   reason: torn down every night
//! overrides:
//! - namespaces: [ci, ci-*]
//!   enforce: baseline
//!   warn: restricted
//!   reason: builds run rootless from March on
//! accept:
//! - finding: one-drags
//!   namespaces: [observability]
//!   reason: fluent-bit moves to a namespace of its own
//!   expires: 2027-01-31
//! ```

mod date;
pub mod diags;
mod fields;

use crate::diag::{Diagnostic, Source};
use crate::input::{self, Document, InputFile, NodeId, Tree};
use crate::plan::findings::CODES as FINDINGS;
use crate::plan::settings::{Acceptance, Exclusion, Override, Pattern, Settings};
use crate::pss::{Level, Version};

pub use date::Date;

use fields::{Fields, Mistakes};

/// The name under which a configuration is found where the command is run.
pub const FILE: &str = "psp2psa.yaml";

/// What a configuration says.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// The version to pin labels to.
    pub target: Option<Version>,
    /// Everything else, and where the version is set.
    pub settings: Settings,
}

/// Reads a configuration. If there is a diagnostic of severity error, nothing of it should be used.
///
/// Acceptances that expired before `today` are left out, and named; without a date all hold.
pub fn read(file: &InputFile, today: Option<&Date>) -> (Configuration, Vec<Diagnostic>) {
    let reading = input::documents(file);
    let mut mistakes: Vec<Diagnostic> = reading
        .diagnostics
        .into_iter()
        .map(|said| Diagnostic {
            code: &diags::INVALID,
            ..said
        })
        .collect();
    let start = Source {
        file: file.name.clone(),
        document: 1,
        line: 1,
        column: 1,
    };
    let mut configuration = Configuration::default();
    match reading.documents.as_slice() {
        [document] => {
            let mut found = Mistakes::new(&document.source);
            let read = document.with_tree(|tree, root| whole(document, tree, root, &mut found));
            mistakes.append(&mut found.said);
            match read {
                Ok(read) => configuration = read,
                Err(error) => mistakes.push(diags::invalid(&error.source, &error.message)),
            }
        }
        [] if mistakes.is_empty() => mistakes.push(diags::invalid(
            &start,
            "the file is empty; expected apiVersion: psp2psa/v1 and kind: Configuration",
        )),
        [] => {}
        [_, second, ..] => mistakes.push(diags::invalid(
            &second.source,
            "expected one document, found another",
        )),
    }
    if mistakes.is_empty() {
        configuration
            .settings
            .accepted
            .retain(|acceptance| match (&acceptance.expires, today) {
                (Some(expires), Some(today)) if expires.as_str() < today.as_str() => {
                    mistakes.push(diags::expired(acceptance, expires, today));
                    false
                }
                (Some(expires), None) => {
                    mistakes.push(diags::undated(acceptance, expires));
                    true
                }
                _ => true,
            });
    }
    (configuration, mistakes)
}

fn whole(document: &Document, tree: &Tree, root: NodeId, mistakes: &mut Mistakes) -> Configuration {
    if (document.api_version.as_str(), document.kind.as_str()) != ("psp2psa/v1", "Configuration") {
        mistakes.at(
            tree,
            root,
            format!(
                "expected apiVersion psp2psa/v1 and kind Configuration, found {} and {}",
                document.api_version, document.kind
            ),
        );
        return Configuration::default();
    }
    let known = [
        "apiVersion",
        "kind",
        "targetVersion",
        "exclude",
        "overrides",
        "accept",
    ];
    let fields = Fields::read(tree, root, &known, mistakes);
    let version = fields.get("targetVersion");
    Configuration {
        target: version.and_then(|node| {
            let expected = "latest or v1.N, as in labels";
            mistakes.parsed(tree, node, expected, |text| text.parse().ok())
        }),
        settings: Settings {
            target: version.map(|node| mistakes.source(tree, node)),
            exclusions: fields.list("exclude", mistakes, exclusion),
            overrides: fields.list("overrides", mistakes, level_override),
            accepted: fields.list("accept", mistakes, acceptance),
        },
    }
}

fn exclusion(tree: &Tree, node: NodeId, mistakes: &mut Mistakes) -> Option<Exclusion> {
    let fields = Fields::read(tree, node, &["namespaces", "reason"], mistakes);
    let namespaces = required_patterns(&fields, mistakes);
    let reason = reason(&fields, mistakes);
    Some(Exclusion {
        namespaces: namespaces?,
        reason: reason?,
    })
}

fn level_override(tree: &Tree, node: NodeId, mistakes: &mut Mistakes) -> Option<Override> {
    let known = ["namespaces", "enforce", "audit", "warn", "reason"];
    let fields = Fields::read(tree, node, &known, mistakes);
    let namespaces = required_patterns(&fields, mistakes);
    let mut level = |name: &str| -> Option<Level> {
        let expected = "privileged, baseline or restricted";
        let node = fields.get(name)?;
        mistakes.parsed(tree, node, expected, |text| text.parse().ok())
    };
    let (enforce, audit, warn) = (level("enforce"), level("audit"), level("warn"));
    let modes = ["enforce", "audit", "warn"];
    if fields.is_mapping() && !modes.iter().any(|mode| fields.has(mode)) {
        mistakes.at(
            tree,
            node,
            "expected at least one of enforce, audit and warn".to_owned(),
        );
    }
    let reason = reason(&fields, mistakes);
    Some(Override {
        namespaces: namespaces?,
        enforce,
        audit,
        warn,
        reason: reason?,
        source: mistakes.source(tree, node),
    })
}

fn acceptance(tree: &Tree, node: NodeId, mistakes: &mut Mistakes) -> Option<Acceptance> {
    let known = ["finding", "namespaces", "reason", "expires"];
    let fields = Fields::read(tree, node, &known, mistakes);
    let code = fields.required("finding", mistakes).and_then(|node| {
        let expected = "the code of a finding, as psp2psa explain lists them";
        mistakes.parsed(tree, node, expected, |text| {
            let known = FINDINGS.iter().find(|known| known.name == text);
            known.map(|known| known.name)
        })
    });
    let namespaces = match fields.get("namespaces") {
        Some(node) => patterns(tree, node, mistakes),
        None => Some(Vec::new()),
    };
    let expires = fields.get("expires").map(|node| {
        mistakes.parsed(tree, node, "a date such as 2027-01-31", |text| {
            text.parse::<Date>().ok()
        })
    });
    let reason = reason(&fields, mistakes);
    Some(Acceptance {
        code: code?,
        namespaces: namespaces?,
        reason: reason?,
        expires: expires.flatten().map(|date| date.as_str().to_owned()),
        source: mistakes.source(tree, node),
    })
}

/// Why: everything that goes against the evidence needs a reason that is more than blank.
fn reason(fields: &Fields, mistakes: &mut Mistakes) -> Option<String> {
    let node = fields.required("reason", mistakes)?;
    mistakes.parsed(fields.tree, node, "a reason", |text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    })
}

fn required_patterns(fields: &Fields, mistakes: &mut Mistakes) -> Option<Vec<Pattern>> {
    let node = fields.required("namespaces", mistakes)?;
    patterns(fields.tree, node, mistakes)
}

/// A list of names of namespaces; `*` stands for any characters.
fn patterns(tree: &Tree, node: NodeId, mistakes: &mut Mistakes) -> Option<Vec<Pattern>> {
    let items = mistakes.items(tree, node)?;
    if items.is_empty() {
        mistakes.at(tree, node, "expected at least one namespace".to_owned());
    }
    let expected = "the name of a namespace, in which * stands for any characters";
    let patterns = items.iter().map(|item| {
        let text = mistakes.parsed(tree, *item, expected, |text| {
            let fits =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '*';
            (!text.is_empty() && text.chars().all(fits)).then(|| text.to_owned())
        });
        Some(Pattern {
            text: text?,
            source: mistakes.source(tree, *item),
        })
    });
    let patterns: Vec<Option<Pattern>> = patterns.collect();
    patterns.into_iter().collect()
}
