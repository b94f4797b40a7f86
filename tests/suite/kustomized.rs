//! What kustomizations change of what they build: nothing is applied, so it only lowers what their workloads satisfy.

use std::collections::BTreeMap;

use psp2psa::input::InputFile;
use psp2psa::model::attribution::Attribution;
use psp2psa::plan::{NamespacePlan, Options};
use psp2psa::pss::Level;
use psp2psa::{Read, default_attribution};
use serde_json::json;

/// A workload that satisfies every level.
const HARDENED: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {
  containers: [{name: c, image: x, securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true,
    capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}]}}}}";

const NAMESPACE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: prod}}";

/// The head of a kustomization that puts the workload into the namespace.
const HEAD: &str = "namespace: prod\nresources: [web.yaml, namespace.yaml]\n";

/// The plan for the namespace of these files.
fn plan(files: &[(&str, &str)]) -> NamespacePlan {
    let mut all = Read::default();
    for (name, text) in files {
        all.append(psp2psa::read(&InputFile::new(
            *name,
            text.as_bytes().to_vec(),
        )));
    }
    let (plan, _) = psp2psa::migrate(all, &default_attribution(), &Options::DEFAULT);
    let mut namespaces = plan.namespaces.into_iter();
    namespaces
        .find(|it| it.name == "prod")
        .expect("it is defined")
}

/// What a kustomization makes of the workload: the label, or what the gap satisfies that withholds it.
fn outcome(kustomization: &str, more: &[(&str, &str)]) -> Level {
    let text = format!("{HEAD}{kustomization}");
    let mut files = vec![("web.yaml", HARDENED), ("namespace.yaml", NAMESPACE)];
    files.push(("kustomization.yaml", &text));
    files.extend(more);
    let plan = plan(&files);
    if let Some(enforce) = plan.decision.enforce {
        assert_eq!(enforce, Level::Restricted, "{text}");
        return enforce;
    }
    assert!(
        !plan.evidence.missing.is_empty(),
        "nothing withholds the label"
    );
    left(&plan)
}

/// The tightest level that everything missing leaves possible.
fn left(plan: &NamespacePlan) -> Level {
    let missing = plan.evidence.missing.iter();
    let levels = missing.map(|missing| missing.satisfies.tightest());
    levels.min().unwrap_or(Level::Restricted)
}

/// What an operation does, in the kustomization and in a file.
fn operation(operation: &str) -> Level {
    let patch = json!(format!("[{operation}]"));
    let inline = outcome(
        &format!("patches: [{{target: {{kind: Deployment}}, patch: {patch}}}]"),
        &[],
    );
    let lines = format!("- {operation}\n");
    let named = "patches: [{target: {kind: Deployment}, path: ops.yaml}]";
    assert_eq!(
        inline,
        outcome(named, &[("ops.yaml", &lines)]),
        "{operation}"
    );
    let named = "patchesJson6902: [{target: {kind: Deployment, name: web}, path: ops.yaml}]";
    assert_eq!(
        inline,
        outcome(named, &[("ops.yaml", &lines)]),
        "{operation}"
    );
    inline
}

/// What a strategic-merge patch does, in the kustomization and in a file.
fn strategic(spec: &str) -> Level {
    let patch = format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\n{spec}\n");
    let text = json!(patch);
    let inline = outcome(&format!("patches: [{{patch: {text}}}]"), &[]);
    assert_eq!(
        inline,
        outcome(&format!("patchesStrategicMerge: [{text}]"), &[]),
        "{spec}"
    );
    assert_eq!(
        inline,
        outcome("patches: [{path: p.yaml}]", &[("p.yaml", &patch)]),
        "{spec}"
    );
    inline
}

#[test]
fn an_operation_counts_by_what_it_says() {
    let pod = "/spec/template/spec";
    let of = |text: &str| operation(&text.replace("POD", pod));
    for harmless in [
        "{op: replace, path: /spec/replicas, value: 3}",
        "{op: add, path: /metadata/labels/x, value: z}",
        "{op: add, path: /spec/template/metadata/labels/x, value: z}",
        "{op: add, path: /spec/template/metadata/annotations, value: {a: b}}",
        "{op: replace, path: POD/containers/0/image, value: z}",
        "{op: add, path: POD/containers/0/env/-, value: {name: A, value: b}}",
        "{op: add, path: POD/containers/0/resources, value: {limits: {cpu: 1}}}",
        "{op: add, path: POD/nodeSelector, value: {a: b}}",
        "{op: add, path: POD/containers/0/securityContext/runAsUser, value: 10}",
        "{op: add, path: POD/containers/0/securityContext/capabilities/drop/-, value: KILL}",
        "{op: remove, path: POD/containers/0/securityContext/capabilities/add/0}",
        "{op: remove, path: POD/securityContext/fsGroup}",
        "{op: remove, path: POD/hostNetwork}",
        "{op: remove, path: POD/containers/0}",
        "{op: test, path: POD/hostNetwork, value: true}",
        "{op: copy, from: POD/hostNetwork, path: /metadata/labels/b}",
        "{op: add, path: POD/volumes/-, value: {name: v, emptyDir: {}}}",
        "{op: replace, path: POD/volumes/0/configMap/name, value: v}",
        "{op: add, path: POD/containers/0/ports/-, value: {containerPort: 80}}",
        "{op: add, path: POD/securityContext, value: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}}",
    ] {
        assert_eq!(of(harmless), Level::Restricted, "{harmless}");
    }
    for undoing in [
        "{op: add, path: POD/containers/-, value: {name: s, image: x}}",
        "{op: add, path: POD/containers/0/securityContext, value: {privileged: false}}",
        "{op: add, path: POD/containers/0/securityContext/runAsUser, value: 0}",
        "{op: remove, path: POD/containers/0/securityContext/capabilities/drop/0}",
        "{op: remove, path: POD/containers/0/securityContext}",
        "{op: remove, path: POD/securityContext/runAsNonRoot}",
        "{op: replace, path: POD/securityContext, value: {}}",
    ] {
        assert_eq!(of(undoing), Level::Baseline, "{undoing}");
    }
    for loosening in [
        "{op: add, path: POD/hostNetwork, value: true}",
        "{op: add, path: POD/hostNetwork, value: \"yes\"}",
        "{op: add, path: POD/containers/-, value: {name: s, image: x, securityContext: {privileged: true}}}",
        "{op: add, path: POD/containers/0/securityContext/capabilities/add/-, value: SYS_ADMIN}",
        "{op: add, path: POD/volumes/-, value: {name: v, hostPath: {path: /}}}",
        "{op: add, path: POD/containers/0/ports/0/hostPort, value: 80}",
        "{op: add, path: /spec/template/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1c, value: unconfined}",
        "{op: copy, from: /metadata/name, path: POD/hostNetwork}",
        "{op: move, from: POD/containers/0/securityContext, path: /metadata/annotations/x}",
        "{op: frob, path: POD/hostNetwork}",
        "{op: remove, path: POD/hostUsers}",
        "{op: remove, path: /spec/template}",
    ] {
        assert_eq!(of(loosening), Level::Privileged, "{loosening}");
    }
}

#[test]
fn a_strategic_merge_patch_counts_wherever_it_stands() {
    for (spec, level) in [
        ("spec: {replicas: 3}", Level::Restricted),
        ("$patch: delete", Level::Restricted),
        (
            "spec: {template: {spec: {containers: [{name: c, resources: {}}]}}}",
            Level::Restricted,
        ),
        (
            "spec: {template: {spec: {containers: [{name: c, $patch: delete}]}}}",
            Level::Restricted,
        ),
        (
            "spec: {template: {spec: {securityContext: null}}}",
            Level::Baseline,
        ),
        (
            "spec: {template: {spec: {containers: [{name: c, securityContext: {$patch: replace}}]}}}",
            Level::Baseline,
        ),
        (
            "spec: {template: {spec: {containers: [{name: c, image: z}]}}}",
            Level::Restricted,
        ),
        (
            "spec: {template: {spec: {containers: [{name: c}, {name: s, image: x}]}}}",
            Level::Baseline,
        ),
        (
            "spec: {template: {spec: {containers: [{name: s, image: x}]}}}",
            Level::Baseline,
        ),
        (
            "spec: {template: {spec: {containers: [{name: c, image: z, securityContext: null}]}}}",
            Level::Baseline,
        ),
        (
            "spec: {template: {spec: {os: {name: linux}}}}",
            Level::Baseline,
        ),
        (
            "spec: {template: {spec: {hostUsers: true}}}",
            Level::Privileged,
        ),
        (
            "spec: {template: {spec: {hostNetwork: true}}}",
            Level::Privileged,
        ),
    ] {
        assert_eq!(strategic(spec), level, "{spec}");
    }
}

#[test]
fn whatever_else_changes_a_pod_in_an_unknown_way_withholds_the_label() {
    let replaced = |field: &str| {
        let text = "replacements: [{source: {kind: ConfigMap, name: q}, targets: [{select: {kind: Deployment}, \
            fieldPaths: [\"FIELD\"]}]}]";
        outcome(&text.replace("FIELD", field), &[])
    };
    for field in [
        "metadata.name",
        "spec.template.spec.containers.[name=c].image",
        "spec.template.spec.containers.*.env.0.value",
        "spec.template.spec.containers.0.livenessProbe.httpGet.port",
        "spec.template.metadata.annotations.[example.com/a]",
    ] {
        assert_eq!(replaced(field), Level::Restricted, "{field}");
    }
    for field in [
        "spec.template",
        "spec.template.spec.hostNetwork",
        "spec.template.spec.containers.[name=c].securityContext.privileged",
        "spec.template.spec.containers.0.livenessProbe.httpGet.host",
    ] {
        assert_eq!(replaced(field), Level::Privileged, "{field}");
    }
    let settings =
        |kind: &str| format!("{{apiVersion: builtin, kind: {kind}, metadata: {{name: t}}}}");
    let transformed =
        |kind: &str| outcome("transformers: [t.yaml]", &[("t.yaml", &settings(kind))]);
    assert_eq!(transformed("LabelTransformer"), Level::Restricted);
    assert_eq!(transformed("ValueAddTransformer"), Level::Privileged);
    for (kustomization, level) in [
        ("transformers: [elsewhere.yaml]", Level::Privileged),
        ("replacements: [{path: elsewhere.yaml}]", Level::Privileged),
        (
            "patches: [{path: elsewhere.yaml, target: {kind: Deployment}}]",
            Level::Privileged,
        ),
        ("patches: [{patch: \"a: b\"}]", Level::Privileged),
        (
            "commonAnnotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}",
            Level::Privileged,
        ),
        ("commonAnnotations: {a: b}", Level::Restricted),
        (
            "patches: [{target: {kind: Service}, patch: \"[{op: add, path: /spec/x, value: 1}]\"}]",
            Level::Restricted,
        ),
    ] {
        assert_eq!(outcome(kustomization, &[]), level, "{kustomization}");
    }
}

const LOOSENING: &str = "patches: [{target: {kind: Deployment}, patch: \"[{op: add, path: /spec/template/spec/hostPID, value: true}]\"}]";

#[test]
fn a_patch_concerns_what_its_kustomization_builds_and_nothing_else() {
    let namespace = |name: &str| NAMESPACE.replace("prod", name);
    let (dev, shop) = (namespace("dev"), namespace("shop"));
    let web = |name: &str| HARDENED.replace("name: web", &format!("name: web, namespace: {name}"));
    let (in_prod, in_dev) = (web("prod"), web("dev"));
    let built = |folder: &str, patches: &str| format!("resources: [../{folder}]\n{patches}");
    let (patched, plain) = (built("one", LOOSENING), built("two", ""));
    let files = [
        ("n/prod.yaml", NAMESPACE),
        ("n/dev.yaml", &dev),
        ("n/shop.yaml", &shop),
        ("one/kustomization.yaml", "resources: [web.yaml]"),
        ("one/web.yaml", &in_prod),
        ("two/kustomization.yaml", "resources: [web.yaml]"),
        ("two/web.yaml", &in_dev),
    ];
    let both = |one: &str, two: &str| {
        let mut files = files.to_vec();
        files.push(("x/kustomization.yaml", one));
        files.push(("y/kustomization.yaml", two));
        plan(&files).decision.enforce
    };
    assert_eq!(both(&patched, &plain), None);
    let (plain, patched) = (built("one", ""), built("two", LOOSENING));
    assert_eq!(both(&plain, &patched), Some(Level::Restricted));
}

/// Servers up to 1.26 made fields of the annotations; a policy shows such a server.
#[test]
fn seccomp_annotations_of_patches_count_where_the_server_makes_fields_of_them() {
    let policy =
        "{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: p}, spec: {}}";
    let pod = "seccomp.security.alpha.kubernetes.io/pod";
    let container = "container.seccomp.security.alpha.kubernetes.io/c";
    for key in [pod, container] {
        for (value, level) in [
            ("runtime/default", Level::Restricted),
            ("unconfined", Level::Privileged),
            ("null", Level::Baseline),
        ] {
            let template = format!("template: {{metadata: {{annotations: {{{key}: {value}}}}}}}");
            let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";
            let patch = format!("{patch}spec: {{{template}}}\n");
            let files = [("policy.yaml", policy), ("p.yaml", &patch)];
            assert_eq!(
                outcome("patches: [{path: p.yaml}]", &files),
                level,
                "{key}: {value}"
            );
            if value != "null" {
                let common = format!("commonAnnotations: {{{key}: {value}}}");
                assert_eq!(outcome(&common, &files[..1]), level, "{common}");
            }
        }
    }
}

/// A patch may look like a workload of its own.
#[test]
fn the_file_of_a_patch_is_no_variant_of_what_it_patches() {
    let patch =
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {
      containers: [{name: c, image: z}]}}}}";
    for listing in [
        "patches: [{path: p.yaml}]",
        "patchesStrategicMerge: [p.yaml]",
    ] {
        assert_eq!(
            outcome(listing, &[("p.yaml", patch)]),
            Level::Restricted,
            "{listing}"
        );
    }
    // Something else builds it, so it is a workload.
    let built = ("more/kustomization.yaml", "resources: [../p.yaml]");
    let text = format!("{HEAD}patches: [{{path: p.yaml}}]");
    let mut files = vec![("web.yaml", HARDENED), ("namespace.yaml", NAMESPACE)];
    files.extend([
        ("kustomization.yaml", text.as_str()),
        ("p.yaml", patch),
        built,
    ]);
    assert_eq!(plan(&files).decision.enforce, Some(Level::Baseline));
}

#[test]
fn a_patch_may_name_what_it_is_for_by_the_name_that_a_base_gave_it() {
    let web = HARDENED.replace("name: web", "name: web, namespace: prod");
    let patch =
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: NAME}, spec: {template: {spec: {
      hostNetwork: true}}}}";
    let operation = "[{op: add, path: /spec/template/spec/hostNetwork, value: true}]";
    for (name, expected) in [("my-web-1", None), ("other", Some(Level::Restricted))] {
        for targeted in [false, true] {
            let overlay = match targeted {
                false => "resources: [../base]\npatches: [{path: p.yaml}]".to_owned(),
                true => format!(
                    "resources: [../base]\npatches: [{{target: {{kind: Deployment, name: {name}}}, patch: \"{operation}\"}}]"
                ),
            };
            let patch = patch.replace("NAME", name);
            let mut files = vec![
                (
                    "base/kustomization.yaml",
                    "namePrefix: my-\nnameSuffix: '-1'\nresources: [web.yaml]",
                ),
                ("base/web.yaml", &web),
                ("namespace.yaml", NAMESPACE),
                ("over/kustomization.yaml", &overlay),
            ];
            files.extend((!targeted).then_some(("over/p.yaml", patch.as_str())));
            assert_eq!(plan(&files).decision.enforce, expected, "{name} {targeted}");
        }
    }
}

/// Folders with a patch, its file and what it is for in the namespace `prod`, for a `patches` entry.
const LAYOUTS: &[&[(&str, &str)]] = &[
    // The namespace is the base's.
    &[
        (
            "base/kustomization.yaml",
            "namespace: prod\nresources: [web.yaml]",
        ),
        ("base/web.yaml", "WEB"),
        ("over/kustomization.yaml", "resources: [../base]\nPATCHES"),
        ("over/p.yaml", "PATCH"),
    ],
    // Two overlays build the base with its patch.
    &[
        ("base/kustomization.yaml", "resources: [web.yaml]\nPATCHES"),
        ("base/web.yaml", "WEB"),
        ("base/p.yaml", "PATCH"),
        (
            "one/kustomization.yaml",
            "namespace: prod\nresources: [../base, more.yaml]",
        ),
        ("one/more.yaml", "MORE"),
        (
            "two/kustomization.yaml",
            "namespace: test\nresources: [../base]",
        ),
    ],
    // One of those that list a component says where it goes, the other does not.
    &[
        (
            "loose/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nPATCHES",
        ),
        ("loose/p.yaml", "PATCH"),
        (
            "one/kustomization.yaml",
            "namespace: test\nresources: [web.yaml]\ncomponents: [../loose]",
        ),
        ("one/web.yaml", "WEB"),
        (
            "two/kustomization.yaml",
            "resources: [web.yaml]\ncomponents: [../loose]",
        ),
        ("two/web.yaml", "PROD"),
    ],
    // A base renames what a targeted patch selects.
    &[
        (
            "base/kustomization.yaml",
            "namePrefix: my-\nresources: [web.yaml]",
        ),
        ("base/web.yaml", "PROD"),
        ("over/kustomization.yaml", "resources: [../base]\nPATCHES"),
        ("over/p.yaml", "RENAMED"),
    ],
];

/// A patch that stands in a kustomization, in a file, or in a file that looks like a workload, is one patch.
#[test]
fn a_patch_counts_the_same_however_it_is_written() {
    let in_prod = HARDENED.replace("name: web", "name: web, namespace: prod");
    let more = HARDENED.replace("name: web", "name: more");
    let test = NAMESPACE.replace("prod", "test");
    let forms = [
        "spec: {template: {spec: {SPEC}}}",
        "spec: {template: {spec: {SPEC, containers: [{name: c, image: z}]}}}",
        "spec: {selector: {}, template: {spec: {SPEC, containers: [{name: c, image: z}]}}}",
    ];
    for (number, layout) in LAYOUTS.iter().enumerate() {
        for form in forms {
            for (spec, expected) in [
                ("hostNetwork: true", None),
                ("dnsPolicy: Default", Some(Level::Restricted)),
            ] {
                // What is complete may take away what nobody has kept.
                let expected = expected.filter(|_| !form.contains("selector"));
                let patch = |name: &str| {
                    let head = format!(
                        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n"
                    );
                    format!("{head}{}\n", form.replace("SPEC", spec))
                };
                let text = |name: &str| json!(patch(name)).to_string();
                let entries = [
                    "patches: [{path: p.yaml}]".to_owned(),
                    "patches: [{path: p.yaml, target: {kind: Deployment}}]".to_owned(),
                    format!(
                        "patches: [{{patch: {}, target: {{kind: Deployment}}}}]",
                        text("any")
                    ),
                ];
                for entry in entries {
                    let expected = match entry.contains("path") {
                        true => expected,
                        // Here nothing is lost.
                        false => (spec == "dnsPolicy: Default").then_some(Level::Restricted),
                    };
                    let files: Vec<(&str, String)> = layout
                        .iter()
                        .filter(|(file, _)| entry.contains("path") || !file.ends_with("p.yaml"))
                        .map(|(file, text)| {
                            let text = match *text {
                                "WEB" => HARDENED.to_owned(),
                                "PROD" => in_prod.clone(),
                                "MORE" => more.clone(),
                                "PATCH" => patch("web"),
                                "RENAMED" => patch("my-web"),
                                text => text.replace("PATCHES", &entry),
                            };
                            (*file, text)
                        })
                        .chain([
                            ("prod.yaml", NAMESPACE.to_owned()),
                            ("test.yaml", test.clone()),
                        ])
                        .collect();
                    let files: Vec<(&str, &str)> = files
                        .iter()
                        .map(|(file, text)| (*file, text.as_str()))
                        .collect();
                    let enforce = plan(&files).decision.enforce;
                    let enforce = enforce.filter(|level| *level == Level::Restricted);
                    assert_eq!(enforce, expected, "{number}: {entry}\n{}", patch("web"));
                }
            }
        }
    }
}

/// The enforced levels of these files, by namespace.
fn enforced(files: &[(&str, &str)], default_namespace: Option<&str>) -> BTreeMap<String, Level> {
    let mut all = Read::default();
    for (name, text) in files {
        let file = InputFile::new(*name, text.as_bytes().to_vec());
        all.append(psp2psa::read(&file));
    }
    let attribution = match default_namespace {
        None => default_attribution(),
        Some(name) => Attribution {
            default_namespace: name.to_owned(),
            chosen: true,
        },
    };
    let (plan, _) = psp2psa::migrate(all, &attribution, &Options::DEFAULT);
    let namespaces = plan.namespaces.into_iter();
    let enforced = namespaces.filter_map(|it| Some((it.name, it.decision.enforce?)));
    enforced.collect()
}

/// Files, the namespace of objects that name none, and the namespaces that stay restricted.
type Placing<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, &'a [&'a str]);

#[test]
fn a_patch_counts_where_its_kustomization_places_what_it_changes() {
    let namespaces = format!("{NAMESPACE}\n---\n{}\n", NAMESPACE.replace("prod", "dev"));
    let named = |name: &str, namespace: &str| {
        HARDENED.replace(
            "name: web",
            &format!("name: {name}, namespace: {namespace}"),
        )
    };
    let (in_prod, in_dev) = (named("more", "prod"), named("more", "dev"));
    let (shown, both) = (
        named("web", "prod"),
        format!("{}\n---\n{}\n", named("web", "prod"), named("web", "dev")),
    );
    let patch = |name: &str| {
        let head = format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{{name}}}\n");
        format!("{head}spec: {{template: {{spec: {{hostNetwork: true}}}}}}\n")
    };
    let (plain, own, other) = (
        patch("name: web"),
        patch("name: web, namespace: prod"),
        patch("name: any"),
    );
    let placeholder = other.replace("Deployment", "not-used");
    let every =
        "resources: [web.yaml, more.yaml]\npatches: [{path: p.yaml, target: {kind: Deployment}}]";
    let cases: &[Placing<'_>] = &[
        // One of two overlays patches their base.
        (
            &[
                ("base/kustomization.yaml", "resources: [web.yaml]"),
                ("base/web.yaml", HARDENED),
                (
                    "one/kustomization.yaml",
                    "namespace: prod\nresources: [../base]\npatches: [{path: p.yaml}]",
                ),
                ("one/p.yaml", &plain),
                (
                    "two/kustomization.yaml",
                    "namespace: dev\nresources: [../base]",
                ),
            ],
            None,
            &["dev"],
        ),
        // The patch is outside of both.
        (
            &[
                ("base/kustomization.yaml", "resources: [web.yaml]"),
                ("base/web.yaml", HARDENED),
                (
                    "one/kustomization.yaml",
                    "namespace: prod\nresources: [../base]",
                ),
                (
                    "two/kustomization.yaml",
                    "namespace: dev\nresources: [../base]",
                ),
                (
                    "all/kustomization.yaml",
                    "resources: [../one, ../two]\npatches: [{path: p.yaml}]",
                ),
                ("all/p.yaml", &plain),
            ],
            None,
            &[],
        ),
        // An overlay that moves nothing leaves what a sibling moves alone.
        (
            &[
                ("base/kustomization.yaml", "resources: [web.yaml]"),
                ("base/web.yaml", HARDENED),
                (
                    "one/kustomization.yaml",
                    "namespace: prod\nresources: [../base]",
                ),
                (
                    "two/kustomization.yaml",
                    "resources: [../base]\npatches: [{path: p.yaml}]",
                ),
                ("two/p.yaml", &plain),
            ],
            Some("dev"),
            &["prod"],
        ),
        // Of a base that the input does not show, the patch may say where it is,
        (
            &[
                (
                    "over/kustomization.yaml",
                    "resources: [../../base]\npatches: [{path: p.yaml}]",
                ),
                ("over/p.yaml", &own),
            ],
            None,
            &["dev"],
        ),
        // or the user,
        (
            &[
                (
                    "over/kustomization.yaml",
                    "resources: [../../base]\npatches: [{path: p.yaml}]",
                ),
                ("over/p.yaml", &plain),
            ],
            Some("dev"),
            &["prod"],
        ),
        // or what runs.
        (
            &[
                (
                    "over/kustomization.yaml",
                    "resources: [../../base]\npatches: [{path: p.yaml, target: {kind: Deployment, name: web}}]",
                ),
                ("over/p.yaml", &other),
                ("running.yaml", &shown),
            ],
            None,
            &["dev"],
        ),
        // What is in no known namespace may be in any.
        (
            &[
                ("app/kustomization.yaml", every),
                ("app/web.yaml", HARDENED),
                ("app/more.yaml", &in_prod),
                ("app/p.yaml", &other),
            ],
            None,
            &[],
        ),
        // A patch is for the namespace that it names.
        (
            &[
                (
                    "app/kustomization.yaml",
                    "resources: [web.yaml]\npatches: [{path: p.yaml}]",
                ),
                ("app/web.yaml", &both),
                ("app/p.yaml", &own),
            ],
            None,
            &["dev"],
        ),
        // A placeholder says nothing of what is selected.
        (
            &[
                (
                    "app/kustomization.yaml",
                    "namespace: prod\nresources: [web.yaml]\npatches: [{path: p.yaml, target: {labelSelector: a=b}}]",
                ),
                ("app/web.yaml", HARDENED),
                ("app/p.yaml", &placeholder),
            ],
            None,
            &["dev"],
        ),
    ];
    for (number, (files, default_namespace, restricted)) in cases.iter().enumerate() {
        let mut files = files.to_vec();
        files.extend([
            ("n.yaml", namespaces.as_str()),
            ("x.yaml", &in_prod),
            ("y.yaml", &in_dev),
        ]);
        let enforced = enforced(&files, *default_namespace);
        let found: Vec<&str> = enforced
            .iter()
            .filter(|(_, level)| **level == Level::Restricted)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(found, *restricted, "{number}");
    }
}

/// Which containers are new is a question about what is patched, not about what the patch calls itself.
#[test]
fn a_patch_adds_a_container_to_what_its_target_selects() {
    let other = HARDENED
        .replace("name: web", "name: other")
        .replace("name: c,", "name: s,");
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\nspec: {template: {spec: {containers: [{name: s, image: z}]}}}\n";
    for (target, expected) in [
        ("", Level::Restricted),
        (
            ", target: {kind: Deployment, name: other}",
            Level::Restricted,
        ),
        (", target: {kind: Deployment, name: web}", Level::Baseline),
        (", target: {kind: Deployment}", Level::Baseline),
    ] {
        let listing = format!(
            "namespace: prod\nresources: [web.yaml, other.yaml]\npatches: [{{path: p.yaml{target}}}]"
        );
        let plan = plan(&[
            ("kustomization.yaml", &listing),
            ("namespace.yaml", NAMESPACE),
            ("web.yaml", HARDENED),
            ("other.yaml", &other),
            ("p.yaml", patch),
        ]);
        assert_eq!(left(&plan), expected, "{target}");
    }
}

/// Nobody has the schema of a custom resource, so its lists are not merged by names.
#[test]
fn a_patch_of_a_custom_resource_replaces_its_containers() {
    let rollout = |text: &str| {
        text.replace("apps/v1", "argoproj.io/v1alpha1")
            .replace("kind: Deployment", "kind: Rollout")
    };
    let patch =
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {
      containers: [{name: c, image: z}]}}}}";
    for (kind, expected) in [
        ("Deployment", Level::Restricted),
        ("Rollout", Level::Baseline),
    ] {
        let of_kind = |text: &str| match kind {
            "Rollout" => rollout(text),
            _ => text.to_owned(),
        };
        for inline in [true, false] {
            let listing = match inline {
                true => format!("{HEAD}patches: [{{patch: {}}}]", json!(of_kind(patch))),
                false => format!("{HEAD}patches: [{{path: p.yaml}}]"),
            };
            let (web, patch) = (of_kind(HARDENED), of_kind(patch));
            let files = [
                ("kustomization.yaml", listing.as_str()),
                ("namespace.yaml", NAMESPACE),
                ("web.yaml", &web),
                ("p.yaml", &patch),
            ];
            let plan = plan(if inline { &files[..3] } else { &files });
            assert_eq!(left(&plan), expected, "{kind} {inline}");
        }
    }
}

/// Each adds a container only where there is none of its name.
#[test]
fn patches_of_images_count_for_nothing_however_many_there_are() {
    let target = "target: {kind: Deployment}";
    let container = |name: &str, i: usize| {
        format!(
            "- {target}\n  patch: '{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: any}}, \
             spec: {{template: {{spec: {{containers: [{{name: {name}, image: \"z:{i}\"}}]}}}}}}}}'\n"
        )
    };
    let patches: String = (0..50).map(|i| container("c", i)).collect();
    let images = format!("patches:\n{patches}");
    assert_eq!(outcome(&images, &[]), Level::Restricted);
    let new = container("new", 0);
    assert_eq!(outcome(&format!("{images}{new}"), &[]), Level::Baseline);
}

/// With that many workloads the patches are told as one.
#[test]
fn patches_that_are_told_as_one_lose_no_target() {
    let workload = |n: usize| {
        format!(
            "---\n{}\n",
            HARDENED.replace("name: web", &format!("name: w{n}"))
        )
    };
    let more: String = (0..4_000).map(workload).collect();
    let operation = "- {op: add, path: /spec/template/spec/hostPID, value: true}\n";
    let entry = |path: &str, target: &str| format!("- {{path: {path}, target: {{{target}}}}}\n");
    let listed = |last: &str| -> String {
        let others = (0..30).map(|n| entry("p.yaml", &format!("kind: Service, name: s{n}")));
        let path = match last.contains("unseen") {
            true => "elsewhere.yaml",
            false => "p.yaml",
        };
        others.chain([entry(path, last)]).collect()
    };
    for (last, level) in [
        ("kind: Deployment, name: web", Level::Privileged),
        ("kind: RoleBinding, name: b", Level::Privileged),
        ("kind: Deployment, name: unseen", Level::Privileged),
        ("kind: Service, name: web", Level::Restricted),
    ] {
        let kustomization = format!(
            "namespace: prod\nresources: [web.yaml, more.yaml, namespace.yaml]\npatches:\n{}",
            listed(last)
        );
        let file = match last.contains("Role") {
            true => "- {op: add, path: /subjects/-, value: {kind: User, name: u}}\n",
            false => operation,
        };
        let plan = plan(&[
            ("kustomization.yaml", &kustomization),
            ("web.yaml", HARDENED),
            ("more.yaml", &more),
            ("namespace.yaml", NAMESPACE),
            ("p.yaml", file),
        ]);
        assert_eq!(left(&plan), level, "{last}");
    }
}

/// kustomize puts the name of what it selects in the place of the patch's own.
#[test]
fn a_patch_in_a_file_concerns_what_its_target_selects() {
    let web = HARDENED.replace("name: web", "name: web, namespace: prod");
    let patch =
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: any}, spec: {template: {spec: {
      hostNetwork: true}}}}";
    let enforce = |target: &str| {
        let listing =
            format!("resources: [web.yaml]\npatches: [{{path: p.yaml, target: {target}}}]");
        let more = NAMESPACE.replace("prod", "more");
        let files = [
            ("app/kustomization.yaml", listing.as_str()),
            ("namespace.yaml", NAMESPACE),
            ("more.yaml", &more),
            ("app/web.yaml", &web),
            ("app/p.yaml", patch),
        ];
        plan(&files).decision.enforce
    };
    assert_eq!(enforce("{kind: Deployment}"), None);
    assert_eq!(enforce("{name: w.*}"), None);
}

#[test]
fn a_component_patches_those_that_list_it() {
    let component =
        format!("kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n{LOOSENING}");
    let web = HARDENED.replace("name: web", "name: web, namespace: prod");
    let listing = "resources: [web.yaml]\ncomponents: [../loose]";
    let mut files = vec![
        ("loose/kustomization.yaml", component.as_str()),
        ("namespace.yaml", NAMESPACE),
        ("app/web.yaml", &web),
    ];
    files.push(("app/kustomization.yaml", "resources: [web.yaml]"));
    assert_eq!(plan(&files).decision.enforce, Some(Level::Restricted));
    files.pop();
    files.push(("app/kustomization.yaml", listing));
    assert_eq!(plan(&files).decision.enforce, None);
}

#[test]
fn operations_belong_to_the_kustomization_that_names_them() {
    let said = |files: &[(&str, &str)]| {
        let mut all = Read::default();
        for (name, text) in files {
            all.append(psp2psa::read(&InputFile::new(
                *name,
                text.as_bytes().to_vec(),
            )));
        }
        let (_, said) = psp2psa::assemble(all, &default_attribution());
        let said: Vec<String> = said.iter().map(|it| it.code.name.to_owned()).collect();
        said
    };
    let kustomization = "patches: [{target: {kind: Deployment}, path: ops.json}]";
    let operations =
        "[{\"op\": \"test\", \"path\": \"/a\"}, {\"op\": \"remove\", \"path\": \"/b\"}]";
    assert_eq!(
        said(&[("ops.json", operations)]),
        ["input/not-an-object"; 2]
    );
    let named = [
        ("kustomization.yaml", kustomization),
        ("ops.json", operations),
    ];
    assert_eq!(said(&named), [""; 0]);
}

/// Accounts that are bound, as written and as `kubectl kustomize` (v5.5) prints them behind `namespace: prod`, next to the
/// account `app` of this namespace.
const MOVED: &[(&str, [&str; 2], &str)] = &[
    ("", ["app", "dev"], "dev"),
    ("", ["app", "default"], "prod"),
    ("", ["app", ""], "prod"),
    ("", ["default", "dev"], "prod"),
    ("", ["default", ""], "prod"),
    ("dev", ["app", "dev"], "prod"),
    ("dev", ["app", ""], "prod"),
    ("dev", ["app", "other"], "other"),
    ("dev", ["other", "dev"], "dev"),
];

#[test]
fn a_kustomization_moves_the_accounts_that_its_bindings_name() {
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for (written, [name, namespace], expected) in MOVED {
            let objects = json!([
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": written}},
                {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "b"},
                    "roleRef": {"kind": "ClusterRole", "name": "r"},
                    "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]},
            ]);
            let files = [
                (
                    "app/kustomization.yaml",
                    "namespace: prod\nresources: [all.json]".to_owned(),
                ),
                ("app/all.json", objects.to_string()),
                // An account of another kustomization is not this one's.
                (
                    "more/kustomization.yaml",
                    "namespace: prod\nresources: [all.json]".to_owned(),
                ),
                (
                    "more/all.json",
                    json!([{"apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": "other", "namespace": "dev"}}])
                    .to_string(),
                ),
            ];
            let mut all = Read::default();
            for (file, text) in files {
                all.append(psp2psa::read(&InputFile::new(file, text.into_bytes())));
            }
            let (inventory, _) = psp2psa::assemble(all, &default_attribution());
            let subject = &inventory.bindings[0].subjects[0];
            assert_eq!(
                subject.namespace, *expected,
                "{kind} {written} {name} {namespace}"
            );
        }
    }
}

#[test]
fn a_kustomization_renames_its_namespace() {
    let other = NAMESPACE.replace("prod", "whatever");
    let plan = plan(&[
        ("kustomization.yaml", HEAD),
        ("web.yaml", HARDENED),
        ("namespace.yaml", &other),
    ]);
    let source = plan.source.expect("its object is that of the file");
    assert_eq!(&*source.file, "namespace.yaml");
    let manifest = plan.manifest.expect("it has one");
    assert_eq!(manifest["metadata"]["name"], "prod");
}

#[test]
fn components_in_a_circle_and_many_operations_take_no_more_time_than_they_are_many() {
    let start = std::time::Instant::now();
    let mut files: Vec<(String, String)> = (0..250)
        .map(|n| {
            let text = format!(
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [../web.yaml]\n\
                 components: [../c{}]\npatches:\n- target: {{kind: Deployment}}\n  patch: \"[{{op: add, path: \
                 /spec/template/spec/hostNetwork, value: true}}]\"\n",
                (n + 1) % 250
            );
            (format!("c{n}/kustomization.yaml"), text)
        })
        .collect();
    let operations: String = (0..2_000)
        .map(|n| format!("{{op: add, path: /spec/template/spec/containers/0/securityContext/runAsUser, value: {n}}},"))
        .collect();
    let patch = json!(format!("[{operations}]"));
    files.push((
        "kustomization.yaml".to_owned(),
        format!(
            "resources: [web.yaml, namespaces.yaml]\npatches: [{{target: {{}}, patch: {patch}}}]\n"
        ),
    ));
    let workloads: Vec<String> = (0..200)
        .map(|n| HARDENED.replace("name: web}", &format!("name: web, namespace: n{n}}}")))
        .collect();
    files.push(("web.yaml".to_owned(), workloads.join("\n---\n")));
    files.push(("namespace.yaml".to_owned(), NAMESPACE.to_owned()));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let prod = plan(&files);
    assert_eq!(prod.decision.enforce, None);
    assert!(
        start.elapsed() < std::time::Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}
