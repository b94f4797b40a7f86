//! The way back, in its order: what the stages have done is undone from the last one.
//!
//! While the bypass is bound, nothing but the labels protects a namespace, so the labels go last.

use std::collections::BTreeSet;

use crate::plan::labels::Stage;
use crate::plan::versions::Plugin;
use crate::pss::Level;

use crate::render::json::v1::MigrationReport;
use crate::render::view::words;

/// One step of the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// A shell command; empty where none can be told.
    pub(super) command: &'static str,
    /// What it does, and why it stands here.
    pub(super) does: &'static str,
}

/// What a plan does, as far as it has to be undone.
#[derive(Debug, Clone)]
pub(super) struct Done {
    /// The stages that some namespace takes part in.
    pub(super) stages: BTreeSet<Stage>,
    /// What the defaults do where no label is.
    pub(super) defaults: Defaults,
    /// How many policies there are that a server heeds: what protected the namespaces before.
    pub(super) policies: usize,
}

/// What `admission-configuration.yaml` does to namespaces without labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defaults {
    /// Nothing, or there is no such file.
    Admit,
    /// It enforces a level that refuses pods.
    Refuse,
}

impl Defaults {
    /// Those that enforce this level; `None` where there is no such file.
    pub(super) fn of(enforce: Option<Level>) -> Self {
        match enforce {
            None | Some(Level::Privileged) => Defaults::Admit,
            Some(Level::Baseline | Level::Restricted) => Defaults::Refuse,
        }
    }
}

impl Done {
    /// What the plan does that was reported so.
    pub(super) fn of(report: &MigrationReport) -> Self {
        let namespaces = report.namespaces.iter();
        let steps: BTreeSet<&str> = namespaces
            .flat_map(|namespace| &namespace.steps)
            .map(String::as_str)
            .collect();
        let enforce = report.unlabelled.as_ref();
        Done {
            stages: Stage::ALL
                .into_iter()
                .filter(|stage| steps.contains(stage.folder()))
                .collect(),
            defaults: Defaults::of(enforce.and_then(|defaults| defaults.enforce.parse().ok())),
            policies: match Plugin::of(report.input.kubelets.keys()) {
                Plugin::Possible => report.policies.len(),
                Plugin::Gone => 0,
            },
        }
    }

    fn has(&self, stage: Stage) -> bool {
        self.stages.contains(&stage)
    }
}

/// The defaults hold for namespaces without labels, so they go before labels do.
const DEFAULTS: Step = Step {
    command: "",
    does: "If admission-configuration.yaml is on the API servers, take it off every one of them (back to what \
           --admission-control-config-file named before, or to nothing), and wait until all have restarted. Its defaults \
           hold wherever a label goes, in kube-system too, and could refuse pods that run today.",
};

/// Until the upgrade, turning the plugin off can be undone as well, and comes before anything else is.
const PLUGIN: Step = Step {
    command: "",
    does: "If the PodSecurityPolicy plugin is off already, turn it on again on every API server; one of 1.25 or newer has \
           none, and there is no way back. Before that, bring back what 70-cleanup has removed: without a policy to use, \
           the plugin refuses every pod.",
};

/// The steps that undo this.
pub(super) fn steps(done: &Done) -> Vec<Step> {
    let late = Step {
        command: "",
        does: "Undo 50-workloads: bring the workloads back as they were (kubectl rollout undo, or from where they come \
               from), and wait until every rollout has finished. The old policies refuse or change the patched pods.",
    };
    let bypass = Step {
        command: "kubectl delete -k manifests/40-bypass --ignore-not-found",
        does: "The old policies decide again. Never leave this out before the labels go: nothing at all would protect \
               the namespaces.",
    };
    let labels = Step {
        command: "kubectl apply -k rollback",
        does: match done.has(Stage::Tighten) || done.has(Stage::TightenReview) {
            true => {
                "Brings the labels of the namespaces back as they were. At once, because the label of a 60 folder \
                     refuses pods that the old policies change."
            }
            false => "Brings the labels of the namespaces back as they were.",
        },
    };
    let early = Step {
        command: "",
        does: "The patches of 20-workloads may stay: the old policies accept them. To undo them as well, bring the \
               workloads back as they were.",
    };
    [
        (done.defaults == Defaults::Refuse, DEFAULTS),
        (done.policies > 0, PLUGIN),
        (done.has(Stage::LateWorkloads), late),
        (done.has(Stage::Bypass), bypass),
        (true, labels),
        (done.has(Stage::Workloads), early),
    ]
    .into_iter()
    .filter_map(|(needed, step)| needed.then_some(step))
    .collect()
}

/// What holds for all of the steps, where there are so many policies.
pub(super) fn note(policies: usize) -> &'static str {
    match policies {
        0 => {
            "If a controller applies this repository, revert the commit instead, in the same order."
        }
        _ => {
            "The old protection returns only with the PodSecurityPolicy plugin on and every policy and grant in place. If \
             a controller applies this repository, revert the commit instead, in the same order."
        }
    }
}

/// That the plugin must not go while these namespaces, so many and listed in words, enforce nothing.
pub(super) fn guard(count: usize, names: &str) -> String {
    let stop = "Do not turn the PodSecurityPolicy plugin off or upgrade to 1.25 while";
    match count {
        1 => format!(
            "{stop} namespace {names} has no enforce label: from then on it admits every pod."
        ),
        _ => format!(
            "{stop} these {} have no enforce label: {names}. From then on they admit every pod.",
            words::count(count, "namespace", "namespaces")
        ),
    }
}

/// The page beside the namespaces as they were.
pub(super) fn page(done: &Done) -> String {
    let mut page = "# The way back\n\nThis folder has the namespaces as they were. Run from the folder above, in this \
                    order:\n\n"
        .to_owned();
    for (number, step) in (1..).zip(steps(done)) {
        page.push_str(&format!("{number}. {}\n", step.does));
        if !step.command.is_empty() {
            page.push_str(&format!("\n       {}\n", step.command));
        }
        page.push('\n');
    }
    page.push_str(note(done.policies));
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bypass_goes_before_the_labels_and_the_patches_that_policies_refuse_before_it() {
        let done = |stages: &[Stage], defaults| Done {
            stages: stages.iter().copied().collect(),
            defaults,
            policies: 1,
        };
        let commands = |stages: &[Stage]| {
            let steps = steps(&done(stages, Defaults::Admit)).into_iter();
            steps.map(|step| step.command).collect::<Vec<_>>()
        };
        let bypass = "kubectl delete -k manifests/40-bypass --ignore-not-found";
        let labels = "kubectl apply -k rollback";
        assert_eq!(commands(&Stage::ALL), ["", "", bypass, labels, ""]);
        assert_eq!(commands(&[Stage::Enforce]), ["", labels]);
        let whole = page(&done(&Stage::ALL, Defaults::Refuse));
        let places = [
            "admission-configuration.yaml",
            "turn it on again",
            "50-workloads",
            bypass,
            labels,
        ];
        let places = places.map(|words| whole.find(words).expect("a step"));
        assert!(places.is_sorted(), "{whole}");
    }

    #[test]
    fn defaults_that_refuse_go_first_and_others_may_stay() {
        for (enforce, goes) in [
            (None, false),
            (Some(Level::Privileged), false),
            (Some(Level::Baseline), true),
            (Some(Level::Restricted), true),
        ] {
            let done = Done {
                stages: BTreeSet::from([Stage::Enforce]),
                defaults: Defaults::of(enforce),
                policies: 0,
            };
            assert_eq!(steps(&done)[0] == DEFAULTS, goes, "{enforce:?}");
        }
    }
}
