//! The folder `70-cleanup`: what to delete, what to apply, and the guard that is read first.
//!
//! File names are fixed, because names of roles and bindings can be nearly anything.

use serde_json::{Value, json};

use crate::model::object::ObjectRef;
use crate::plan::Plan;
use crate::plan::cleanup::{Cleanup, Item};
use crate::pss::admission::Mode;
use crate::render::Artifact;
use crate::render::back;
use crate::render::escape::{code, markdown};
use crate::render::manifests::yaml;

/// The folder, below the output folder.
pub const FOLDER: &str = "manifests/70-cleanup";

/// The folder; nothing if there is nothing to clean up.
pub fn artifacts(plan: &Plan) -> Vec<Artifact> {
    let cleanup = &plan.cleanup;
    if cleanup.is_empty() {
        return Vec::new();
    }
    let named = |items: &[Item]| items.iter().map(|item| named(&item.object)).collect();
    let edits = cleanup.edits.iter().map(|edit| edit.manifest.clone());
    let mut artifacts = kustomization(
        "delete",
        &[
            ("policies.yaml", named(&cleanup.policies)),
            ("bindings.yaml", named(&cleanup.bindings)),
            ("roles.yaml", named(&cleanup.roles)),
        ],
    );
    artifacts.extend(kustomization("edit", &[("roles.yaml", edits.collect())]));
    artifacts.push(Artifact {
        path: format!("{FOLDER}/README.md"),
        text: guard(plan),
    });
    artifacts
}

/// A folder with these objects and the kustomization that lists the files; nothing if there are none.
fn kustomization(folder: &str, files: &[(&str, Vec<Value>)]) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    let mut resources = Vec::new();
    for (file, objects) in files.iter().filter(|(_, objects)| !objects.is_empty()) {
        let documents: Vec<String> = objects.iter().map(yaml).collect();
        artifacts.push(Artifact {
            path: format!("{FOLDER}/{folder}/{file}"),
            text: documents.join("---\n"),
        });
        resources.push(file);
    }
    if !resources.is_empty() {
        artifacts.push(Artifact {
            path: format!("{FOLDER}/{folder}/kustomization.yaml"),
            text: yaml(&json!({
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": resources,
            })),
        });
    }
    artifacts
}

/// As much of an object as it takes to delete it.
fn named(object: &ObjectRef) -> Value {
    let api_version = match object.kind.as_str() {
        "PodSecurityPolicy" => "policy/v1beta1",
        _ => "rbac.authorization.k8s.io/v1",
    };
    let mut metadata = json!({"name": object.name});
    if let (Some(fields), Some(namespace)) = (metadata.as_object_mut(), &object.namespace) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    json!({"apiVersion": api_version, "kind": object.kind, "metadata": metadata})
}

const INTRODUCTION: &str = "\
# Cleanup: only when the PodSecurityPolicy plugin is off

While the plugin is on, a pod is admitted only through a policy that somebody may use. Deleting the last policy or the
last grant then refuses every new pod of the cluster, those of kube-system included. No stage before this one removes a
policy or a grant.

## Guard: go on only if both are true

**The plugin is off.** Either every API server is 1.25 or newer (`kubectl version`), which has no such plugin, or on every
API server `PodSecurityPolicy` is missing from `--enable-admission-plugins`, or listed in `--disable-admission-plugins`.
What the cluster does, a pod tells that is never stored; the answer must be 0, and not a refusal by PodSecurityPolicy:

    kubectl run psp-is-off -n kube-system --image=registry.k8s.io/pause --dry-run=server -o yaml | grep -c kubernetes.io/psp

**Every namespace that needs protection enforces a level**, because nothing else protects it from then on. These do not:

    kubectl get namespaces -l '!pod-security.kubernetes.io/enforce'
";

const COMMANDS: &str = "\n## Then

Keep a copy of what is there:

    kubectl get psp,clusterroles,clusterrolebindings,roles,rolebindings -A -o yaml > before-cleanup.yaml

";

/// The page that is read first. What the bypass brought is part of what is deleted.
fn guard(plan: &Plan) -> String {
    let cleanup = &plan.cleanup;
    let mut page = INTRODUCTION.to_owned();
    let open: Vec<&str> = plan
        .namespaces
        .iter()
        .filter(|namespace| namespace.labels.in_force(Mode::Enforce).is_none())
        .map(|namespace| namespace.name.as_str())
        .collect();
    if !open.is_empty() {
        page.push_str(&format!(
            "\n{}\n",
            back::guard(open.len(), &open.join(", "))
        ));
    }
    page.push_str(COMMANDS);
    if !cleanup.edits.is_empty() {
        page.push_str(&format!("    kubectl apply -k {FOLDER}/edit\n"));
    }
    if cleanup.deleted().next().is_some() {
        page.push_str(&format!(
            "    kubectl delete -k {FOLDER}/delete --ignore-not-found\n"
        ));
    }
    if !cleanup.policies.is_empty() {
        page.push_str(
            "\nA server of 1.25 or newer does not know policies any more: of each kubectl says `no matches for kind \
             \"PodSecurityPolicy\"`,\nand deletes the rest.\n",
        );
    }
    page.push_str("\n## What goes\n\n");
    page.push_str(&lists(cleanup));
    page.push_str(&left(cleanup));
    page.push_str(&managed(cleanup));
    page
}

fn lists(cleanup: &Cleanup) -> String {
    let edited = cleanup.edits.iter().map(|edit| &edit.item);
    let lists: [(&str, Vec<&Item>); 4] = [
        ("Policies", cleanup.policies.iter().collect()),
        (
            "Bindings of roles that go",
            cleanup.bindings.iter().collect(),
        ),
        (
            "Roles that allow nothing but the use of policies",
            cleanup.roles.iter().collect(),
        ),
        (
            "Roles that stay without the use of policies (edit/roles.yaml)",
            edited.collect(),
        ),
    ];
    let mut text = String::new();
    for (title, items) in lists.iter().filter(|(_, items)| !items.is_empty()) {
        text.push_str(&format!("{title}:\n\n"));
        for item in items {
            text.push_str(&format!("- {}\n", about(item)));
        }
        text.push('\n');
    }
    text
}

fn left(cleanup: &Cleanup) -> String {
    if cleanup.left.is_empty() {
        return String::new();
    }
    let mut text = "## What stays, although it speaks of policies\n\n".to_owned();
    for left in &cleanup.left {
        text.push_str(&format!(
            "- {}: {}\n",
            about(&left.item),
            left.why.sentence()
        ));
    }
    text.push('\n');
    text
}

/// The object, and where it stands, in one line of Markdown.
fn about(item: &Item) -> String {
    let object = code(&item.object.to_string());
    match &item.source {
        Some(source) => format!("{object} ({})", code(&source.to_string())),
        None => object,
    }
}

/// What brings objects back, and what to do about it.
fn managed(cleanup: &Cleanup) -> String {
    let mut text = "## If something brings them back\n\n\
        What Helm, Argo CD or Flux has written comes back with the next release or synchronisation: change it where it \
        comes from.\n"
        .to_owned();
    if cleanup.charts.is_empty() {
        return text;
    }
    text.push_str(
        "Some of these objects say that they are of a Helm chart. A hint, to be compared with the values of the version in use:\n\n",
    );
    for chart in &cleanup.charts {
        let value = CHARTS.iter().find(|(name, _)| name == chart);
        let hint = value.map_or(
            "look for psp or podSecurityPolicy in its values",
            |(_, value)| value,
        );
        text.push_str(&format!("- {}: {hint}\n", markdown(chart)));
    }
    text
}

/// Values that switched the policies of well-known charts off, in the versions that had policies.
const CHARTS: &[(&str, &str)] = &[
    ("cert-manager", "global.podSecurityPolicy.enabled=false"),
    ("cluster-autoscaler", "rbac.pspEnabled=false"),
    ("consul", "global.enablePodSecurityPolicies=false"),
    ("elasticsearch", "podSecurityPolicy.create=false"),
    ("gatekeeper", "psp.enabled=false"),
    ("grafana", "rbac.pspEnabled=false"),
    ("ingress-nginx", "podSecurityPolicy.enabled=false"),
    ("kube-prometheus-stack", "global.rbac.pspEnabled=false"),
    ("kube-state-metrics", "podSecurityPolicy.enabled=false"),
    ("linkerd2", "enablePSP=false"),
    ("loki", "rbac.pspEnabled=false"),
    ("longhorn", "enablePSP=false"),
    ("metallb", "psp.create=false"),
    ("metrics-server", "rbac.pspEnabled=false"),
    ("prometheus", "podSecurityPolicy.enabled=false"),
    ("prometheus-node-exporter", "rbac.pspEnabled=false"),
    ("promtail", "rbac.pspEnabled=false"),
    ("rook-ceph", "pspEnable=false"),
    ("traefik", "podSecurityPolicy.enabled=false"),
    ("vault", "global.psp.enable=false"),
];
