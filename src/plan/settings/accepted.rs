//! What acceptances do to findings.

use std::collections::BTreeMap;

use crate::plan::findings::Finding;

use super::{Acceptance, Accepted, Settings};

impl Settings {
    /// What is accepted of these findings, by their ids.
    pub(in crate::plan) fn accepted(&self, findings: &[Finding]) -> BTreeMap<String, Accepted> {
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
                .filter(|acceptance| places().any(|place| acceptance.accepts(place)))
                .cloned()
                .collect();
            let entirely = places().all(|place| by.iter().any(|by| by.accepts(place)));
            (!by.is_empty()).then(|| (finding.id.clone(), Accepted { by, entirely }))
        });
        accepted.collect()
    }

    /// Why an acceptance changes nothing although it accepts something; `None` if it does not accept anything, too.
    pub(super) fn idle(
        &self,
        acceptance: &Acceptance,
        findings: &[Finding],
    ) -> Option<&'static str> {
        let earlier = self.accepted.iter();
        let earlier: Vec<&Acceptance> = earlier
            .take_while(|other| other.source != acceptance.source)
            .filter(|other| other.code == acceptance.code)
            .collect();
        let by_any = |by: &[&Acceptance], finding: &Finding| {
            let mut places = finding.places.iter();
            places.all(|place| {
                let namespace = place.namespace.as_deref();
                by.iter().any(|by| by.accepts(namespace))
            })
        };
        let accepted = self.accepted(findings);
        let mut why = None;
        for finding in findings {
            let Some(of) = accepted.get(&finding.id) else {
                continue;
            };
            if !of.by.iter().any(|by| by.source == acceptance.source) {
                continue;
            }
            if !of.entirely {
                why.get_or_insert(
                    "every finding that it names has other places as well, and still counts",
                );
            } else if by_any(&earlier, finding) {
                why.get_or_insert("earlier entries accept everything that it names");
            } else {
                return None;
            }
        }
        why
    }
}
