//! What the words of the report mean, and what no report can say.

use serde::Serialize;

use crate::plan::findings::Severity;

/// A word and what it means.
#[derive(Serialize)]
pub(super) struct Meaning {
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
}

/// What the words of a report mean that has so many policies.
pub(super) fn terms(policies: usize) -> Vec<&'static Meaning> {
    let of_policies = match policies {
        0 => &[],
        _ => OF_POLICIES,
    };
    ALWAYS.iter().chain(of_policies).collect()
}

/// What the severities of findings mean, worst first.
pub(super) fn severities() -> Vec<Meaning> {
    let meaning = |severity: Severity| Meaning {
        word: severity.as_str(),
        meaning: severity.rule(),
    };
    Severity::ALL.into_iter().map(meaning).collect()
}

const ALWAYS: &[Meaning] = &[
    Meaning {
        word: "enforce, audit, warn",
        meaning: "a pod that breaks the level is refused; or noted in the audit log; or admitted with a warning to the \
                  client. Enforce judges pods, not the Deployments that make them",
    },
    Meaning {
        word: "planned, inconclusive, excluded",
        meaning: "the labels follow from the evidence; or what is missing could change the enforce label, so none is \
                  written, and the owner's stays if there is one; or the namespace was left out of the plan",
    },
    Meaning {
        word: "evidence",
        meaning: "how much of a namespace the input shows",
    },
    Meaning {
        word: "confidence",
        meaning: "high: nothing that is known would be refused. review: a person should look first. Neither says that \
                  the level is as tight as it could be",
    },
    Meaning {
        word: "basis",
        meaning: "what the level follows from: observed, what the workloads need as written; granted, what the policies \
                  allow; both, the looser of the two",
    },
    Meaning {
        word: "needed",
        meaning: "the tightest level that every workload satisfies as written: as its author wrote it",
    },
    Meaning {
        word: "owner",
        meaning: "who set the labels that are there. They stay, unless --overwrite is given",
    },
    Meaning {
        word: "proposal, unproven",
        meaning: "fields that reach a tighter level. No step writes them: only a trial shows whether the program bears \
                  them",
    },
];

const OF_POLICIES: &[Meaning] = &[
    Meaning {
        word: "as stored",
        meaning: "as Kubernetes 1.24 stores the pod, after its PodSecurityPolicy has changed it. Pod Security Admission \
                  changes nothing",
    },
    Meaning {
        word: "with patches, patched",
        meaning: "with what a stage writes into the template to keep what the policy wrote. A patch that no stage applies \
                  does not count",
    },
    Meaning {
        word: "bypass",
        meaning: "a policy that allows everything, changes nothing and is tried first (40-bypass), so that the old ones \
                  decide no more",
    },
    Meaning {
        word: "closest level",
        meaning: "the tightest level whose checks, and those of every looser level, the policy neither opens nor leaves \
                  unset",
    },
    Meaning {
        word: "strict level",
        meaning: "the tightest level that no pod admitted by the policy can break",
    },
    Meaning {
        word: "plain pod",
        meaning: "one that says no more than the policy makes it say",
    },
    Meaning {
        word: "example pod",
        meaning: "one that the policy admits and the check refuses",
    },
    Meaning {
        word: "the plugin",
        meaning: "PodSecurityPolicy, the admission plugin of the API servers up to 1.24",
    },
];

/// What the verdicts mean, worst first.
pub(super) const VERDICTS: &[Meaning] = &[
    Meaning {
        word: "imposed",
        meaning: "the policy itself writes something into a plain pod that the check forbids",
    },
    Meaning {
        word: "granted",
        meaning: "the policy explicitly allows a value that the check forbids",
    },
    Meaning {
        word: "unset",
        meaning: "the check wants a field that the policy neither requires nor sets: a plain pod fails",
    },
    Meaning {
        word: "escapable",
        meaning: "a plain pod passes thanks to the policy's defaults, but a pod may set what the check forbids",
    },
    Meaning {
        word: "silent",
        meaning: "the policy could speak of it and does not; a plain pod passes",
    },
    Meaning {
        word: "uncontrolled",
        meaning: "no field of a policy speaks of it; a plain pod passes",
    },
    Meaning {
        word: "enforced",
        meaning: "no pod that the policy admits fails the check",
    },
];

/// What was not looked at, in a plan of so many policies.
pub(super) fn unseen(policies: usize) -> Vec<&'static str> {
    let plugins = match policies {
        0 => {
            "the flags of the API servers: whether Pod Security Admission is on, with which defaults and exemptions"
        }
        _ => {
            "the flags of the API servers: whether PodSecurityPolicy and Pod Security Admission are on, with which \
             defaults and exemptions"
        }
    };
    let always = [
        "what mutating webhooks would write into new pods; only what running pods show, and webhooks of the input",
        "images: which user they start as, and whether a program bears a tighter setting",
        "other policy engines, and ValidatingAdmissionPolicies",
        "what was not there when the input was taken: jobs that are due, pods that people run by hand",
    ];
    [plugins].into_iter().chain(always).collect()
}
