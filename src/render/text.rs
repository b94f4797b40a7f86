//! What is printed on a terminal: tables and diagnostics.
//!
//! Names come from the input and are hostile until proven otherwise: [`visible`] shows control characters instead of
//! sending them to the terminal. Colour is added here and taken away in `main` where it is not wanted.

mod check;
pub(super) mod table;
pub(super) mod wrap;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::diag::{self, Diagnostic};
use crate::render::json::v1;
use crate::render::view::words::count;

pub use check::check;
use table::{Table, colored, styled};
use wrap::wrap;

/// How much a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// 80 columns: long cells are cut, those of the last column first.
    Terminal,
    /// Everything.
    Wide,
}

/// The text with control characters, and characters that reorder or hide text, written out.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and the bidirectional and zero-width ones that make a text read as something else.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}'
            // Noncharacters of the first plane, which YAML must not have.
            | '\u{fffe}' | '\u{ffff}')
}

/// The text as one word of a POSIX shell.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

/// How many diagnostics of one code are printed in full, unless everything was asked for.
const FULL: usize = 5;

/// Diagnostics as they stand on standard error: errors all, others a few of each code, and how many more there are.
pub fn diagnostics(diagnostics: &[Diagnostic], least: diag::Severity) -> String {
    let mut out = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics.iter().filter(|d| d.code.severity <= least) {
        let count = counts.entry(diagnostic.code.name).or_default();
        *count += 1;
        let everything = least == diag::Severity::Note;
        if everything || diagnostic.code.severity == diag::Severity::Error || *count <= FULL {
            out.push_str(&one(diagnostic));
        }
    }
    if least != diag::Severity::Note {
        let warnings = diagnostics
            .iter()
            .filter(|d| d.code.severity == diag::Severity::Warning);
        let codes: BTreeSet<&str> = warnings.map(|d| d.code.name).collect();
        for (code, count) in counts.iter().filter(|(code, _)| codes.contains(**code)) {
            if *count > FULL {
                let _ = writeln!(out, "… and {} more of {code}; -v prints all", count - FULL);
            }
        }
    }
    out
}

fn one(diagnostic: &Diagnostic) -> String {
    let color = match diagnostic.code.severity {
        diag::Severity::Error => AnsiColor::Red,
        diag::Severity::Warning => AnsiColor::Yellow,
        diag::Severity::Note => AnsiColor::Cyan,
    };
    let label = format!(
        "{}[{}]",
        diagnostic.code.severity.as_str(),
        diagnostic.code.name
    );
    let mut out = format!(
        "{}: {}\n",
        styled(color.on_default().bold(), &label),
        visible(&diagnostic.message)
    );
    if let Some(source) = &diagnostic.source {
        let _ = writeln!(out, "  at {}", visible(&source.to_string()));
    }
    if !diagnostic.help.is_empty() {
        let _ = writeln!(out, "  help: {}", visible(&diagnostic.help));
    }
    out
}

/// The answer of `map`.
pub fn map(report: &v1::MapReport, fit: Fit) -> String {
    let mut table = Table::new(match fit {
        Fit::Terminal => &["POLICY", "LEVEL", "IN THE WAY OF THE NEXT"],
        Fit::Wide => &["POLICY", "LEVEL", "WHY"],
    });
    for policy in &report.policies {
        let in_the_way = match policy.level.as_deref() {
            Some("privileged") => policy.blocked_by.baseline.join(", "),
            Some(_) => policy.blocked_by.restricted.join(", "),
            None => policy.summary.clone(),
        };
        table.row(vec![
            policy.name.clone(),
            policy.level.clone().unwrap_or_else(|| "none".to_owned()),
            match fit {
                Fit::Terminal => in_the_way,
                Fit::Wide => policy.summary.clone(),
            },
        ]);
    }
    let mut out = table.print(fit);
    if fit == Fit::Wide {
        for policy in &report.policies {
            let _ = writeln!(
                out,
                "\n{}",
                styled(Style::new().bold(), &visible(&policy.name))
            );
            let mut controls = Table::new(&["CHECK", "OF", "VERDICT", "FIELD", "WHY"]);
            for control in &policy.controls {
                controls.row(vec![
                    control.check.clone(),
                    control.level.clone(),
                    control.verdict.clone(),
                    control.field.clone(),
                    control.message.clone(),
                ]);
            }
            out.push_str(&controls.print(fit));
        }
    }
    let _ = writeln!(
        out,
        "\n{} mapped at {}",
        count(report.policies.len(), "policy", "policies"),
        with_rules(&report.version, &report.rules_version)
    );
    out
}

/// A version with the rules that it means, where these are another's.
fn with_rules(version: &str, rules: &str) -> String {
    match version == rules {
        true => version.to_owned(),
        false => format!("{version} ({rules})"),
    }
}

/// The answer of `access`.
pub fn access(report: &v1::AccessReport, fit: Fit) -> String {
    if let Some(allowed) = report.allowed {
        let word = if allowed { "yes" } else { "no" };
        let via = report.via.as_ref().and_then(serde_json::Value::as_str);
        return match via {
            Some(via) => format!("{}: {}\n", colored(word), visible(via)),
            None => format!("{}\n", colored(word)),
        };
    }
    let mut table = match fit {
        Fit::Terminal => Table::new(&["POLICY", "IN", "SUBJECT"]),
        Fit::Wide => Table::new(&["POLICY", "IN", "SUBJECT", "BINDING", "ROLE", "RULE"]),
    };
    for grant in &report.grants {
        let mut row = vec![
            grant.policy.clone(),
            grant.namespace.clone().unwrap_or_else(|| "*".to_owned()),
            reference(&grant.subject),
        ];
        if fit == Fit::Wide {
            row.extend([
                reference(&grant.binding),
                reference(&grant.role),
                format!("rules[{}]", grant.rule.index),
            ]);
        }
        table.row(row);
    }
    let mut out = table.print(fit);
    let _ = writeln!(
        out,
        "\n{}; * means every namespace",
        count(report.grants.len(), "grant", "grants")
    );
    out
}

fn reference(reference: &v1::Reference) -> String {
    match &reference.namespace {
        Some(namespace) => format!("{} {}/{}", reference.kind, namespace, reference.name),
        None => format!("{} {}", reference.kind, reference.name),
    }
}

/// The namespace table of `migrate`.
pub fn migrate(report: &v1::MigrationReport, fit: Fit) -> String {
    let mut table = match fit {
        Fit::Terminal => Table::new(&["NAMESPACE", "ENFORCE", "", "AUDIT/WARN", "WHY"]),
        Fit::Wide => Table::new(&[
            "NAMESPACE",
            "ENFORCE",
            "",
            "AUDIT/WARN",
            "BEFORE",
            "NEEDED",
            "STORED",
            "GRANTED",
            "EVIDENCE",
            "WORKLOADS",
            "WHY",
        ]),
    };
    let dash = |level: &Option<String>| level.clone().unwrap_or_else(|| "-".to_owned());
    for namespace in &report.namespaces {
        let aims = if namespace.audit == namespace.warn {
            dash(&namespace.audit)
        } else {
            format!("{}/{}", dash(&namespace.audit), dash(&namespace.warn))
        };
        let invalid = namespace
            .findings
            .iter()
            .any(|id| id.starts_with("label-invalid"));
        let later = namespace.confidence_after_bypass.as_deref();
        let confidence = match later {
            Some("review") => "review",
            _ => namespace.confidence.as_str(),
        };
        let enforce = match &namespace.enforce_after_bypass {
            Some(later) => format!("{}, then {later}", dash(&namespace.enforce)),
            None => dash(&namespace.enforce),
        };
        let mark = match (namespace.status.as_str(), confidence) {
            _ if invalid => "invalid".to_owned(),
            ("planned", "high") => String::new(),
            ("planned", confidence) => confidence.to_owned(),
            ("inconclusive", _) => "unknown".to_owned(),
            (status, _) => status.to_owned(),
        };
        let mut row = vec![namespace.name.clone(), enforce, mark, aims];
        if fit == Fit::Wide {
            let before = namespace.labels.before.get(crate::pss::admission::ENFORCE);
            row.extend([
                dash(&before.cloned()),
                dash(&namespace.needed),
                dash(&namespace.needed_stored),
                dash(&namespace.granted.level),
                namespace.evidence.clone(),
                namespace.workloads.len().to_string(),
            ]);
        }
        row.push(match fit {
            Fit::Terminal => namespace.brief.clone(),
            Fit::Wide => namespace.reasons.join("; "),
        });
        table.row(row);
    }
    let mut out = table.print(fit);
    let summary = &report.summary;
    let counts: Vec<String> = ["restricted", "baseline", "privileged", "none"]
        .iter()
        .filter_map(|level| Some((level, summary.by_enforce.get(*level)?)))
        .map(|(level, count)| match *level {
            "none" => format!("{count} without an enforce label"),
            level => format!("{count} {level}"),
        })
        .collect();
    let findings: Vec<String> = ["high", "medium", "low", "info"]
        .iter()
        .filter_map(|severity| Some((severity, summary.findings_by_severity.get(*severity)?)))
        .filter(|(_, count)| **count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    let counted = format!(
        "{} at {}: {}",
        count(summary.namespaces, "namespace", "namespaces"),
        with_rules(&report.target_version, &report.rules_version),
        if counts.is_empty() {
            "nothing to do".to_owned()
        } else {
            counts.join(", ") + &behind_the_bypass(report)
        }
    );
    let _ = writeln!(out, "\n{}", wrap(&counted, "  "));
    if !findings.is_empty() {
        let accepted = match summary.accepted {
            0 => String::new(),
            accepted => format!("; {accepted} of them accepted"),
        };
        let _ = writeln!(out, "findings: {}{accepted}", findings.join(", "));
    }
    out
}

/// How many namespaces get a tighter level behind the bypass; empty if none does.
fn behind_the_bypass(report: &v1::MigrationReport) -> String {
    let later = |level: &str| {
        let namespaces = report.namespaces.iter();
        namespaces
            .filter(|namespace| namespace.enforce_after_bypass.as_deref() == Some(level))
            .count()
    };
    let counts: Vec<String> = ["restricted", "baseline"]
        .into_iter()
        .map(|level| (level, later(level)))
        .filter(|(_, count)| *count > 0)
        .map(|(level, count)| format!("{count} {level}"))
        .collect();
    match counts.is_empty() {
        true => String::new(),
        false => format!("; of these, behind the bypass: {}", counts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::table::WIDTH;
    use super::*;

    #[test]
    fn names_cannot_speak_to_the_terminal() {
        assert_eq!(
            visible("a\u{1b}[31mb\u{202e}c\n"),
            "a\\u{1b}[31mb\\u{202e}c\\u{a}"
        );
        assert_eq!(visible("größe-漢字"), "größe-漢字");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_a_word_as_the_text() {
        for text in ["dev-a", "dev-*", "it's", "", "a b", "$(x)", "a\nb", "~"] {
            let output = std::process::Command::new("/bin/sh")
                .args(["-c", &format!("printf %s {}", shell_word(text))])
                .output()
                .expect("there is a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), text);
        }
        assert_eq!(shell_word("dev-a"), "dev-a");
        assert_eq!(shell_word("dev-*"), "'dev-*'");
    }

    #[test]
    fn a_terminal_table_is_at_most_80_columns_wide() {
        let mut table = Table::new(&["NAME", "WHY"]);
        table.row(vec!["n".repeat(40), "because ".repeat(30)]);
        let mut names = Table::new(&["NAMESPACE", "WORKLOAD", "OK", "POLICY", "WHY"]);
        names.row(
            ["n", "w", "ok", "p", "because"]
                .map(|c| c.repeat(63))
                .to_vec(),
        );
        for table in [table, names] {
            let widest = table.print(Fit::Terminal);
            let plain = anstream::adapter::strip_str(&widest).to_string();
            assert!(
                plain.lines().all(|line| line.chars().count() <= WIDTH),
                "{plain}"
            );
            assert!(plain.contains('…'));
            assert!(!table.print(Fit::Wide).contains('…'));
        }
    }
}
