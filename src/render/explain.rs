//! `explain`: what a check, a finding or a diagnostic means.

use crate::diag::Code;
use crate::plan::findings::{self, Severity};
use crate::pss;
use crate::render::text::wrap::{reflow, wrap};

/// The explanation of a check, a finding code or a diagnostic code, in lines of 80 columns; `None` if the name is none of
/// them.
///
/// `codes` are the diagnostic codes of all stages.
pub fn explain(name: &str, codes: &[&'static [&'static Code]]) -> Option<String> {
    markdown(name, codes).map(|text| reflow(&text))
}

fn markdown(name: &str, codes: &[&'static [&'static Code]]) -> Option<String> {
    if let Some(check) = pss::check(name) {
        return Some(self::check(check));
    }
    if let Some(code) = findings::CODES.iter().find(|code| code.name == name) {
        return Some(format!(
            "{}\n\nSeverity: {} ({})\n\n{}\n",
            heading(code.name, code.title),
            code.severity.as_str(),
            code.severity.rule(),
            code.docs
        ));
    }
    if let Some(severity) = Severity::ALL.into_iter().find(|s| s.as_str() == name) {
        return Some(self::severity(severity));
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

/// The rule of a severity, and the codes that have it.
fn severity(severity: Severity) -> String {
    let (name, rule) = (severity.as_str(), severity.rule());
    let mut out = format!("# {name}\n\nA severity: {rule}.\n\n## Findings of this severity\n\n");
    for code in findings::CODES {
        if code.severity == severity {
            out.push_str(&format!("- {}: {}\n", code.name, code.title));
        }
    }
    out
}

/// A heading cannot be broken over two lines, so a long title is a paragraph of its own.
fn heading(name: &str, title: &str) -> String {
    let heading = format!("# {name}: {title}");
    match heading.chars().count() > 80 {
        true => format!("# {name}\n\n{title}"),
        false => heading,
    }
}

fn check(check: &pss::Check) -> String {
    format!(
        "{}\n\nLevel: {}\n\n{}\n\n{}\n",
        heading(check.id, check.title),
        check.level,
        check.docs.trim_end(),
        proof(check)
    )
}

/// How to see a witness with one's own eyes; the same for every check.
fn proof(check: &pss::Check) -> String {
    PROOF
        .replace("CHECK", check.id)
        .replace("LEVEL", check.level.as_str())
        .trim_end()
        .to_owned()
}

/// `CHECK` and `LEVEL` are to be replaced.
const PROOF: &str = r#"## How to prove it

For every policy that does not enforce this check, `map` builds a witness: a pod that the policy
admits and that this check then refuses.

```sh
psp2psa map -f POLICIES -o json --version v1.24 |
  jq '.policies[] | select(.name == "POLICY") | .controls[]
    | select(.check == "CHECK") | .witness' > witness.json
```

In a cluster of 1.23 or 1.24 both policies and levels are in force. There, create the pod as an
account that may use this policy and no other:

```sh
kubectl create namespace witness
kubectl -n witness create role witness \
  --verb=use --resource=podsecuritypolicies --resource-name=POLICY
kubectl -n witness create rolebinding witness \
  --role=witness --serviceaccount=witness:default
kubectl -n witness create rolebinding edit \
  --clusterrole=edit --serviceaccount=witness:default
# The policy admits the pod:
kubectl create --dry-run=server -n witness -f witness.json \
  --as=system:serviceaccount:witness:default
# This check refuses it:
kubectl label namespace witness pod-security.kubernetes.io/enforce=LEVEL
kubectl create --dry-run=server -n witness -f witness.json \
  --as=system:serviceaccount:witness:default
```

Newer clusters have no policies, and judge the pod as it is written rather than as a policy leaves
it.
"#;

/// One line for everything that can be explained.
pub fn list(codes: &[&'static [&'static Code]]) -> String {
    let mut out = String::from("Checks\n");
    for check in pss::CHECKS {
        out.push_str(&entry(
            check.id,
            &format!("{} ({})", check.title, check.level),
        ));
    }
    out.push_str("\nFindings\n");
    for code in findings::CODES {
        let title = format!("{} ({})", code.title, code.severity.as_str());
        out.push_str(&entry(code.name, &title));
    }
    out.push_str("\nSeverities of findings\n");
    for severity in Severity::ALL {
        out.push_str(&entry(severity.as_str(), severity.rule()));
    }
    out.push_str("\nDiagnostics\n");
    for code in codes.iter().copied().flatten() {
        out.push_str(&entry(code.name, code.severity.as_str()));
    }
    out
}

/// A name and what it is, in lines of 80 columns.
fn entry(name: &str, what: &str) -> String {
    let indent = " ".repeat(31);
    wrap(&format!("  {name:<28} {what}"), &indent) + "\n"
}

/// The names nearest to a misspelt one.
pub fn similar(name: &str, codes: &[&'static [&'static Code]]) -> Vec<&'static str> {
    // Every name contains nothing.
    if name.trim().is_empty() {
        return Vec::new();
    }
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
