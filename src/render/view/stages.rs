//! The steps of the rollout: what each does, how to apply it, what to watch.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::versions::Plugin;
use crate::render::back;
use crate::render::json::v1::MigrationReport;

use super::settled;
use super::words;

/// One step of the rollout: a stage that the plan has, or what no folder does.
#[derive(Serialize)]
pub(super) struct Stage<'a> {
    /// Position in the rollout, from 1.
    number: usize,
    /// The folder under `manifests/`, or the file; empty where there is none.
    folder: &'a str,
    /// What the step is called where there is no file.
    title: &'static str,
    /// `4 namespaces`, or `9 objects`; empty where nothing is counted.
    namespaces: String,
    does: String,
    watch: String,
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
    let view = |back::Step { command, does }| Back { command, does };
    back::steps(&back::Done::of(report))
        .into_iter()
        .map(view)
        .collect()
}

/// The steps, in the order in which they are taken; none if the plan changes nothing.
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
    if namespaces.is_empty() && cleanup == 0 {
        return Vec::new();
    }
    let labels = namespaces
        .into_iter()
        .map(|(folder, count)| of_folder(folder, words::count(count, "namespace", "namespaces")));
    let mut stages: Vec<Stage> = settle(report)
        .into_iter()
        .chain(labels)
        .chain(defaults(report))
        .collect();
    let plugin = Plugin::of(report.input.kubelets.keys());
    if cleanup > 0 {
        stages.extend((plugin == Plugin::Possible).then(|| plugin_off(report)));
        let objects = words::count(cleanup, "object", "objects");
        stages.push(of_folder("70-cleanup", objects));
        stages.extend((plugin == Plugin::Possible).then(|| Stage {
            does: "No way back after this: a server of 1.25 or newer has no such plugin, and no policies."
                .to_owned(),
            ..step("Upgrade to 1.25 or newer")
        }));
    }
    say_once(&mut stages);
    for (number, stage) in (1..).zip(&mut stages) {
        stage.number = number;
    }
    stages
}

/// A warning that an earlier step has is not repeated.
fn say_once(stages: &mut [Stage]) {
    let mut said: BTreeMap<String, &str> = BTreeMap::new();
    for stage in stages.iter_mut().filter(|stage| !stage.watch.is_empty()) {
        match said.get(&stage.watch) {
            Some(folder) => stage.watch = format!("As for {folder}."),
            None => {
                said.insert(stage.watch.clone(), stage.folder);
            }
        }
    }
}

fn of_folder(folder: &str, namespaces: String) -> Stage<'_> {
    let known = STAGES.iter().find(|stage| stage.folder == folder);
    Stage {
        folder,
        namespaces,
        does: known.map_or("", |stage| stage.does).to_owned(),
        watch: known.map_or("", |stage| stage.watch).to_owned(),
        commands: known.map_or(&[], |stage| stage.commands),
        ..step("")
    }
}

/// A step that no folder does.
fn step(title: &'static str) -> Stage<'static> {
    Stage {
        number: 0,
        folder: "",
        title,
        namespaces: String::new(),
        does: String::new(),
        watch: String::new(),
        commands: &[],
    }
}

/// What comes before all stages.
fn settle(report: &MigrationReport) -> Option<Stage<'_>> {
    let high = settled::high(report).len();
    (high > 0).then(|| Stage {
        namespaces: words::count(high, "finding", "findings"),
        does: "Each says what to do.".to_owned(),
        ..step("Settle what is high")
    })
}

/// The defaults of the API servers. The namespaces rely on their labels by then.
fn defaults(report: &MigrationReport) -> Option<Stage<'_>> {
    let unlabelled = report.unlabelled.as_ref()?;
    Some(Stage {
        folder: "admission-configuration.yaml",
        does: format!(
            "Defaults for namespaces without labels, those that are still to come above all: enforce {}, audit {}, warn \
             {}.",
            unlabelled.enforce, unlabelled.audit, unlabelled.warn
        ),
        watch: format!(
            "For --admission-control-config-file of every API server. Written in {}: its comment says which servers read \
             that. Where you cannot set the flag, label namespaces when they are created.",
            unlabelled.api_version
        ),
        ..step("")
    })
}

/// What can be undone until the steps behind it.
fn plugin_off(report: &MigrationReport) -> Stage<'_> {
    Stage {
        does: "From here on, nothing but the labels protects a namespace. The plugin can be turned on again as long as the \
               server is older than 1.25 and 70-cleanup is not applied. Where it cannot be turned off, the upgrade does it."
            .to_owned(),
        watch: guard(report),
        ..step("Turn the PodSecurityPolicy plugin off")
    }
}

/// Names that a warning has.
const NAMED: usize = 5;

/// That the plugin must not go while namespaces are open; empty if none is, and without policies.
pub(super) fn guard(report: &MigrationReport) -> String {
    let open: Vec<String> = report
        .namespaces
        .iter()
        .filter(|namespace| namespace.enforce.is_none())
        .map(|namespace| words::shorten(&namespace.name, 63))
        .collect();
    let plugin = Plugin::of(report.input.kubelets.keys());
    match plugin == Plugin::Gone || report.policies.is_empty() || open.is_empty() {
        true => String::new(),
        false => back::guard(open.len(), &words::some(&open, NAMED)),
    }
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
