//! The way back, in its order: what the stages have done is undone from the last one.
//!
//! While the bypass is bound, nothing but the labels protects a namespace, so the labels go last.

use std::collections::BTreeSet;

use crate::plan::labels::Stage;

use crate::render::view::words;

/// One step of the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// A shell command; empty where none can be told.
    pub(super) command: &'static str,
    /// What it does, and why it stands here.
    pub(super) does: &'static str,
}

/// The steps for a plan that has these stages.
pub(super) fn steps(has: impl Fn(Stage) -> bool) -> Vec<Step> {
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
        does: match has(Stage::Tighten) || has(Stage::TightenReview) {
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
        (has(Stage::LateWorkloads), late),
        (has(Stage::Bypass), bypass),
        (true, labels),
        (has(Stage::Workloads), early),
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
            "The old protection returns only while the PodSecurityPolicy plugin is on and 70-cleanup is not applied. If \
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

/// The steps for a plan whose namespaces take part in the stages of these folders.
pub(super) fn of_folders(folders: &BTreeSet<&str>) -> Vec<Step> {
    steps(|stage| folders.contains(stage.folder()))
}

/// The page beside the namespaces as they were, in a plan with so many policies.
pub(super) fn page(policies: usize, has: impl Fn(Stage) -> bool) -> String {
    let mut page = "# The way back\n\nThis folder has the namespaces as they were. Run from the folder above, in this \
                    order:\n\n"
        .to_owned();
    for (number, step) in (1..).zip(steps(has)) {
        page.push_str(&format!("{number}. {}\n", step.does));
        if !step.command.is_empty() {
            page.push_str(&format!("\n       {}\n", step.command));
        }
        page.push('\n');
    }
    page.push_str(note(policies));
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bypass_goes_before_the_labels_and_the_patches_that_policies_refuse_before_it() {
        let commands = |has: fn(Stage) -> bool| {
            let steps = steps(has).into_iter();
            steps.map(|step| step.command).collect::<Vec<_>>()
        };
        let bypass = "kubectl delete -k manifests/40-bypass --ignore-not-found";
        let labels = "kubectl apply -k rollback";
        assert_eq!(commands(|_| true), ["", bypass, labels, ""]);
        assert_eq!(commands(|stage| stage == Stage::Enforce), [labels]);
        let first = steps(|stage| stage == Stage::LateWorkloads)[0];
        assert!(first.does.starts_with("Undo 50-workloads"));
        assert!(page(1, |_| true).find(bypass) < page(1, |_| true).find(labels));
    }
}
