//! What somebody has decided beforehand: namespaces left out, levels overridden, findings accepted, each with a reason.
//!
//! Evidence is gathered all the same, and what a setting does to a decision is told beside it: an override never takes
//! effect silently, and a setting without effect is a diagnostic.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Source};
use crate::pss::admission::Mode;
use crate::pss::{Level, Version};

use super::diags;
use super::findings::Finding;
use super::level::{Confidence, Decision, Status};
use super::scope::{is_excluded, matches};
use super::{Aim, Options};

/// Everything that was decided beforehand. The default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where the target version is set, if it is.
    pub target: Option<Source>,
    /// Namespaces to leave as they are, with the reason. Their patterns are in [`super::Options::exclude`] as well.
    pub exclusions: Vec<Exclusion>,
    /// Levels. The first one that matches a namespace is its override.
    pub overrides: Vec<Override>,
    /// Findings that are known and do not count.
    pub accepted: Vec<Acceptance>,
}

/// A namespace or several: `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The name or pattern.
    pub text: String,
    /// Where it stands.
    pub source: Source,
}

/// Namespaces to leave as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Which.
    pub namespaces: Vec<Pattern>,
    /// Why.
    pub reason: String,
}

/// Levels for namespaces, whatever the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Which namespaces.
    pub namespaces: Vec<Pattern>,
    /// The level to enforce; `None` leaves it to the evidence.
    pub enforce: Option<Level>,
    /// The level to audit.
    pub audit: Option<Level>,
    /// The level to warn of.
    pub warn: Option<Level>,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub source: Source,
}

/// Findings that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The code of the findings.
    pub code: &'static str,
    /// Only in these namespaces; everywhere if empty.
    pub namespaces: Vec<Pattern>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, as `2027-01-31`. Whether that day is over was decided before.
    pub expires: Option<String>,
    /// Where it stands.
    pub source: Source,
}

/// An override in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// What it says.
    pub rule: Override,
    /// The level that the evidence gives; `None` if it gives none.
    pub instead: Option<Level>,
    /// The plan without the override, in a few words.
    pub brief: String,
}

/// What an override does to the enforce level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It sets none, or the one that the evidence gives, or one that refuses nothing.
    None,
    /// Looser than the evidence asks for.
    Looser,
    /// Tighter than the evidence allows.
    Tighter,
    /// The evidence gives no level.
    Unproven,
}

impl Overridden {
    /// See [`Effect`].
    pub fn effect(&self) -> Effect {
        match (self.rule.enforce, self.instead) {
            (None, _) | (Some(Level::Privileged), None) => Effect::None,
            (Some(_), None) => Effect::Unproven,
            (Some(level), Some(instead)) if level < instead => Effect::Looser,
            (Some(level), Some(instead)) if level > instead => Effect::Tighter,
            (Some(_), Some(_)) => Effect::None,
        }
    }
}

/// What was accepted of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// By which settings.
    pub by: Vec<Acceptance>,
    /// Whether all of its places are: then it does not count.
    pub entirely: bool,
}

impl Override {
    /// The level for a mode.
    pub fn level(&self, mode: Mode) -> Option<Level> {
        match mode {
            Mode::Enforce => self.enforce,
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        }
    }
}

fn any(patterns: &[Pattern], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(&pattern.text, name))
}

impl Settings {
    /// Nothing was decided beforehand.
    pub const NONE: Settings = Settings {
        target: None,
        exclusions: Vec::new(),
        overrides: Vec::new(),
        accepted: Vec::new(),
    };

    /// The override of a namespace.
    pub fn override_of(&self, namespace: &str) -> Option<&Override> {
        self.overrides
            .iter()
            .find(|rule| any(&rule.namespaces, namespace))
    }

    /// The decision with what was decided beforehand. `contradicting`: nothing can be written for the namespace.
    pub(super) fn apply(
        &self,
        namespace: &str,
        contradicting: bool,
        mut decision: Decision,
    ) -> (Decision, Option<Overridden>) {
        if decision.status == Status::Excluded {
            let known = self.exclusions.iter().find_map(|exclusion| {
                let patterns = exclusion.namespaces.iter();
                let mut matching = patterns.filter(|pattern| matches(&pattern.text, namespace));
                Some((&exclusion.reason, &matching.next()?.source))
            });
            if let Some((reason, source)) = known {
                decision.reasons = vec![format!(
                    "left out by {source}: {reason}; nothing is written for it"
                )];
            }
            return (decision, None);
        }
        let Some(rule) = self.override_of(namespace).filter(|_| !contradicting) else {
            return (decision, None);
        };
        let overridden = Overridden {
            rule: rule.clone(),
            instead: decision.enforce,
            brief: decision.brief.clone(),
        };
        let sets: Vec<String> = Mode::ALL
            .into_iter()
            .filter_map(|mode| Some(format!("{} {}", mode.as_str(), rule.level(mode)?)))
            .collect();
        let mut reasons = vec![format!(
            "overridden by {}: {}; {}",
            rule.source,
            sets.join(", "),
            rule.reason
        )];
        if let Some(level) = rule.enforce {
            reasons.push(match (overridden.effect(), decision.enforce) {
                (_, Some(instead)) => {
                    format!("without the override it would be {instead}, because:")
                }
                (_, None) => {
                    "without the override there would be no enforce label, because:".to_owned()
                }
            });
            decision.status = Status::Planned;
            decision.enforce = Some(level);
            decision.brief = format!("overridden: {}", rule.reason);
            decision.confidence = match (level, overridden.effect()) {
                // It refuses nothing, so there is nothing to look at first.
                (Level::Privileged, _) => Confidence::High,
                (_, Effect::Tighter | Effect::Unproven) => Confidence::Review,
                (_, Effect::None | Effect::Looser) => decision.confidence,
            };
        }
        reasons.append(&mut decision.reasons);
        decision.reasons = reasons;
        (decision, Some(overridden))
    }

    /// What is accepted of these findings, by their ids.
    pub(super) fn accepted(&self, findings: &[Finding]) -> BTreeMap<String, Accepted> {
        let accepts = |acceptance: &Acceptance, namespace: Option<&str>| {
            acceptance.namespaces.is_empty()
                || namespace.is_some_and(|namespace| any(&acceptance.namespaces, namespace))
        };
        let accepted = findings.iter().filter_map(|finding| {
            let of_code: Vec<&Acceptance> = self
                .accepted
                .iter()
                .filter(|acceptance| acceptance.code == finding.code.name)
                .collect();
            let places = || {
                let places = finding.places.iter();
                places.map(|place| place.namespace.as_deref())
            };
            let by: Vec<Acceptance> = of_code
                .into_iter()
                .filter(|acceptance| places().any(|place| accepts(acceptance, place)))
                .cloned()
                .collect();
            let entirely = places().all(|place| by.iter().any(|by| accepts(by, place)));
            (!by.is_empty()).then(|| (finding.id.clone(), Accepted { by, entirely }))
        });
        accepted.collect()
    }

    /// Settings that do nothing. `names` are all namespaces of the input, `left_out` those among them to leave as they
    /// are; findings are those of the whole cluster, or `None` where not all of it is planned.
    fn unused(
        &self,
        names: &[&str],
        left_out: impl Fn(&str) -> bool,
        findings: Option<&[Finding]>,
    ) -> Vec<Diagnostic> {
        let mut said = Vec::new();
        for pattern in self.exclusions.iter().flat_map(|e| &e.namespaces) {
            if !names.iter().any(|name| matches(&pattern.text, name)) {
                said.push(diags::unused(pattern, "is no namespace of the input"));
            }
        }
        for rule in &self.overrides {
            for pattern in &rule.namespaces {
                let mut matching = names
                    .iter()
                    .filter(|name| matches(&pattern.text, name))
                    .peekable();
                if matching.peek().is_none() {
                    said.push(diags::unused(pattern, "is no namespace of the input"));
                } else if !matching.any(|name| {
                    !left_out(name)
                        && self
                            .override_of(name)
                            .is_some_and(|of| of.source == rule.source)
                }) {
                    said.push(diags::unused(
                        pattern,
                        "decides for no namespace: an earlier override does, or they are left out",
                    ));
                }
            }
        }
        for acceptance in findings.map_or(&[][..], |_| &self.accepted) {
            let of_code = || {
                let findings = findings.unwrap_or_default().iter();
                findings.filter(|finding| finding.code.name == acceptance.code)
            };
            if of_code().next().is_none() {
                said.push(diags::nothing_to_accept(acceptance));
                continue;
            }
            for pattern in &acceptance.namespaces {
                let mut places = of_code().flat_map(|finding| &finding.places);
                let found = places.any(|place| {
                    let namespace = place.namespace.as_deref();
                    namespace.is_some_and(|namespace| matches(&pattern.text, namespace))
                });
                if !found {
                    said.push(diags::unused(
                        pattern,
                        &format!("has no finding {} to accept", acceptance.code),
                    ));
                }
            }
        }
        said
    }
}

impl Options {
    /// How the level of audit or warn is chosen in a namespace.
    pub(super) fn aim(&self, namespace: &str, mode: Mode) -> Aim {
        let rule = self.settings.override_of(namespace);
        let given = match mode {
            Mode::Warn => self.warn,
            Mode::Audit | Mode::Enforce => self.audit,
        };
        rule.and_then(|rule| rule.level(mode))
            .map_or(given, Aim::Level)
    }
}

/// What there is to say about namespaces that were named, and about settings that do nothing. `names` are all
/// namespaces of the input.
pub(super) fn said(options: &Options, names: &[&str], findings: &[Finding]) -> Vec<Diagnostic> {
    let settings = &options.settings;
    let unknown = options.only.as_deref().filter(|only| !names.contains(only));
    let mut said: Vec<Diagnostic> = unknown
        .map(|only| diags::unknown_namespace(only, names))
        .into_iter()
        .collect();
    let newer = |version: &Version| *version != Version::Latest && version.effective() != *version;
    said.extend(options.target.filter(newer).map(diags::newer_version));
    for pattern in &options.exclude {
        let mut patterns = settings.exclusions.iter().flat_map(|e| &e.namespaces);
        let is_setting = patterns.any(|set| set.text == *pattern);
        if !is_setting && !names.iter().any(|name| matches(pattern, name)) {
            said.push(diags::unused_flag(pattern));
        }
    }
    let left_out = |name: &str| is_excluded(name, &options.exclude);
    let findings = options.only.is_none().then_some(findings);
    said.extend(settings.unused(names, left_out, findings));
    said
}
