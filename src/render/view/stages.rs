//! The stages of the rollout: what each does, how to apply it, what to watch.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::back;
use crate::render::json::v1::MigrationReport;

use super::words;

/// One stage that the plan has.
#[derive(Serialize)]
pub(super) struct Stage<'a> {
    /// Position in the rollout, from 1.
    number: usize,
    /// The folder under `manifests/`.
    folder: &'a str,
    /// `4 namespaces`, or `9 objects`.
    namespaces: String,
    does: &'static str,
    watch: &'static str,
    /// Shell commands; none if the folder is not one of ours.
    commands: &'static [&'static str],
}

/// What is known of a stage.
struct Known {
    folder: &'static str,
    does: &'static str,
    watch: &'static str,
    commands: &'static [&'static str],
}

/// A step of the way back, see [`back::Step`].
#[derive(Serialize)]
pub(super) struct Back {
    command: &'static str,
    does: &'static str,
}

/// The way back, in its order.
pub(super) fn back(report: &MigrationReport) -> Vec<Back> {
    let namespaces = report.namespaces.iter();
    let steps = namespaces.flat_map(|namespace| &namespace.steps);
    let steps = back::of_folders(&steps.map(String::as_str).collect());
    let view = |back::Step { command, does }| Back { command, does };
    steps.into_iter().map(view).collect()
}

/// The stages that take part in the plan, in the order in which they are applied.
pub(super) fn all(report: &MigrationReport) -> Vec<Stage<'_>> {
    let mut namespaces: BTreeMap<&str, usize> = BTreeMap::new();
    for step in report
        .namespaces
        .iter()
        .flat_map(|namespace| &namespace.steps)
    {
        *namespaces.entry(step).or_default() += 1;
    }
    let cleanup = report.cleanup.delete.len() + report.cleanup.edit.len();
    let objects = (cleanup > 0).then(|| ("70-cleanup", words::count(cleanup, "object", "objects")));
    namespaces
        .into_iter()
        .map(|(folder, count)| (folder, words::count(count, "namespace", "namespaces")))
        .chain(objects)
        .enumerate()
        .map(|(position, (folder, namespaces))| {
            let known = STAGES.iter().find(|stage| stage.folder == folder);
            Stage {
                number: position + 1,
                folder,
                namespaces,
                does: known.map_or("", |stage| stage.does),
                watch: known.map_or("", |stage| stage.watch),
                commands: known.map_or(&[], |stage| stage.commands),
            }
        })
        .collect()
}

/// What to watch once labels refuse pods. The dry run of the commands prints a warning for each namespace in which pods
/// that run now break the new level (`admission.go`, `ValidateNamespace`).
const REFUSALS: &str = "The dry run warns of pods that run now and would be refused. Pods that run go on running; new \
                        ones can be refused, and no Deployment or CronJob says so: watch the events, and restart \
                        something in each namespace while you look.";
const EVENTS: &str = "kubectl get events -A --field-selector reason=FailedCreate";

/// What to watch where workloads are applied. The objects are those of the input, and the cluster may have moved on.
const WHOLE_OBJECTS: &str = "These are the whole objects as the input has them, with the patches: images, replicas and all \
                             else that was deployed or scaled since then is set back. Read the diff; where more than the \
                             patch differs, plan again with a new dump, or write the fields into the source of the \
                             workload. Then wait until every rollout has finished.";

/// The folders of `manifests/`, in order.
const STAGES: &[Known] = &[
    Known {
        folder: "10-warn-audit",
        does: "Adds warn and audit labels. Refuses nothing.",
        watch: "Clients print warnings, and the audit log gains annotations pod-security.kubernetes.io/audit-violations. \
                Leave it for as long as your rarest job takes to come around.",
        commands: &["kubectl apply -k manifests/10-warn-audit"],
    },
    Known {
        folder: "20-workloads",
        does: "Writes into templates what the policies wrote into pods, where the old policies accept it. Pods restart.",
        watch: WHOLE_OBJECTS,
        commands: &[
            "kubectl diff -k manifests/20-workloads",
            "kubectl apply -k manifests/20-workloads",
        ],
    },
    Known {
        folder: "30-enforce",
        does: "Adds the enforce labels of high confidence.",
        watch: REFUSALS,
        commands: &[
            "kubectl apply -k manifests/30-enforce --dry-run=server",
            "kubectl apply -k manifests/30-enforce",
            EVENTS,
        ],
    },
    Known {
        folder: "30-enforce-review",
        does: "Adds the enforce labels that a person should look at first.",
        watch: REFUSALS,
        commands: &[
            "kubectl apply -k manifests/30-enforce-review --dry-run=server",
            "kubectl apply -k manifests/30-enforce-review",
            EVENTS,
        ],
    },
    Known {
        folder: "40-bypass",
        does: "Binds, in each namespace, a policy that allows everything, changes nothing and is tried first, so that \
               the old policies decide no more while the plugin is still on.",
        watch: "The enforce labels are the only protection of these namespaces from here on. So apply those of the stages \
                before first, the reviewed ones too, and do not stop here: what is tightened in a 60 folder is looser until \
                then. A namespace that has no patch to wait for can have its file of that folder at once (kubectl apply -f).",
        commands: &["kubectl apply -k manifests/40-bypass"],
    },
    Known {
        folder: "50-workloads",
        does: "Writes into templates what the old policies would have refused or changed. Pods restart.",
        watch: WHOLE_OBJECTS,
        commands: &[
            "kubectl diff -k manifests/50-workloads",
            "kubectl apply -k manifests/50-workloads",
        ],
    },
    Known {
        folder: "60-enforce",
        does: "Tightens the enforce labels to what the workloads satisfy now.",
        watch: REFUSALS,
        commands: &[
            "kubectl apply -k manifests/60-enforce --dry-run=server",
            "kubectl apply -k manifests/60-enforce",
            EVENTS,
        ],
    },
    Known {
        folder: "60-enforce-review",
        does: "Tightens the enforce labels behind the bypass that a person should look at first. Look before 40-bypass: \
               from there on, nothing else protects these namespaces.",
        watch: REFUSALS,
        commands: &[
            "kubectl apply -k manifests/60-enforce-review --dry-run=server",
            "kubectl apply -k manifests/60-enforce-review",
            EVENTS,
        ],
    },
    Known {
        folder: "70-cleanup",
        does: "Removes the policies, and the roles and bindings that grant their use.",
        watch: "Only after the PodSecurityPolicy plugin is off or the server is 1.25 or newer: with the plugin on, \
                removing the last grant refuses every pod.",
        commands: &["cat manifests/70-cleanup/README.md"],
    },
];
