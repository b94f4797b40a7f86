//! `explain`: what a check, a finding or a diagnostic means.

use std::fmt::Write as _;

use crate::diag::Code;
use crate::plan::findings;
use crate::pss;

/// The explanation of a check, a finding code or a diagnostic code; `None` if the name is none of them.
///
/// `codes` are the diagnostic codes of all stages.
pub fn explain(name: &str, codes: &[&'static [&'static Code]]) -> Option<String> {
    if let Some(check) = pss::check(name) {
        return Some(self::check(check));
    }
    if let Some(code) = findings::CODES.iter().find(|code| code.name == name) {
        return Some(format!(
            "# {}: {}\n\nSeverity: {}\n\n{}\n",
            code.name,
            code.title,
            code.severity.as_str(),
            code.docs
        ));
    }
    codes
        .iter()
        .copied()
        .flatten()
        .find(|code| code.name == name)
        .map(|code| {
            format!(
                "# {}\n\nSeverity: {}\n\n{}\n",
                code.name,
                code.severity.as_str(),
                code.docs
            )
        })
}

fn check(check: &pss::Check) -> String {
    format!(
        "# {}: {}\n\nLevel: {}\n\n{}\n",
        check.id,
        check.title,
        check.level,
        check.docs.trim_end()
    )
}

/// One line for everything that can be explained.
pub fn list(codes: &[&'static [&'static Code]]) -> String {
    let mut out = String::from("Checks\n");
    for check in pss::CHECKS {
        let _ = writeln!(out, "  {:<28} {} ({})", check.id, check.title, check.level);
    }
    out.push_str("\nFindings\n");
    for code in findings::CODES {
        let _ = writeln!(
            out,
            "  {:<28} {} ({})",
            code.name,
            code.title,
            code.severity.as_str()
        );
    }
    out.push_str("\nDiagnostics\n");
    for code in codes.iter().copied().flatten() {
        let _ = writeln!(out, "  {:<28} {}", code.name, code.severity.as_str());
    }
    out
}

/// The names nearest to a misspelt one.
pub fn similar(name: &str, codes: &[&'static [&'static Code]]) -> Vec<&'static str> {
    let checks = pss::CHECKS.iter().map(|check| check.id);
    let findings = findings::CODES.iter().map(|code| code.name);
    let diagnostics = codes.iter().copied().flatten().map(|code| code.name);
    let names: Vec<&str> = checks.chain(findings).chain(diagnostics).collect();
    let lower = name.to_lowercase();
    names
        .into_iter()
        .filter(|known| {
            let known = known.to_lowercase();
            known.contains(&lower)
                || lower.contains(&known)
                || similar::TextDiff::from_chars(known.as_str(), lower.as_str()).ratio() > 0.7
        })
        .take(3)
        .collect()
}
