//! Very many objects of one name: the time grows with their number, not with its square.
//!
//! The bounds are wide: the work takes a second or two in a debug build on a busy machine, and minutes if every object
//! is compared with every other.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use psp2psa::Read;
use psp2psa::input::InputFile;
use psp2psa::plan::Options;

const BOUND: Duration = Duration::from_secs(45);

fn read(objects: impl Iterator<Item = String>) -> Read {
    let text: String = objects.fold(String::new(), |mut text, object| {
        let _ = writeln!(text, "{object}");
        text
    });
    psp2psa::read(&InputFile::new("many.json", text.into_bytes()))
}

fn deployment(name: &str, image: usize) -> String {
    format!(
        r#"{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "{name}", "namespace": "shop"}},
            "spec": {{"template": {{"spec": {{"containers": [{{"name": "c", "image": "i:{image}"}}]}}}}}}}}"#
    )
    .replace('\n', " ")
}

#[track_caller]
fn is_fast<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let taken = start.elapsed();
    assert!(taken < BOUND, "it took {taken:?}");
    done
}

#[test]
fn ten_thousand_equal_nameless_pods_are_one_workload_in_ten_thousand_places() {
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}"#;
    let objects = read((0..10_000).map(|_| pod.to_owned()));
    let (inventory, diagnostics) =
        is_fast(|| psp2psa::assemble(objects, &psp2psa::default_attribution()));
    assert!(diagnostics.is_empty());
    assert_eq!(inventory.workloads.len(), 1);
    let sources = &inventory.workloads[0].sources;
    assert_eq!(sources.len(), 10_000);
    assert!(sources.is_sorted());
}

#[test]
fn ten_thousand_different_nameless_pods_are_all_kept_without_a_word() {
    let objects = read((0..10_000).map(|n| {
        format!(r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"generateName": "run-", "namespace": "shop"}}, "spec": {{"containers": [{{"name": "c", "image": "i:{n}"}}]}}}}"#)
    }));
    let (inventory, diagnostics) =
        is_fast(|| psp2psa::assemble(objects, &psp2psa::default_attribution()));
    assert!(diagnostics.is_empty());
    assert_eq!(inventory.workloads.len(), 10_000);
}

#[test]
fn twenty_thousand_variants_of_one_deployment_are_all_kept_with_one_warning() {
    let objects = read((0..20_000).map(|n| deployment("web", n)));
    let (inventory, diagnostics) =
        is_fast(|| psp2psa::assemble(objects, &psp2psa::default_attribution()));
    assert_eq!(inventory.workloads.len(), 20_000);
    assert_eq!(diagnostics.len(), 1);
    assert!(
        diagnostics[0].message.ends_with("and 19996 more"),
        "{}",
        diagnostics[0].message
    );
}

#[test]
fn twenty_thousand_copies_and_additions_of_one_namespace_are_one() {
    let objects = read((0..20_000).map(|n| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "shop", "labels": {{"l{}": "x"}}}}}}"#,
            n % 100
        )
    }));
    let (inventory, _) = is_fast(|| psp2psa::assemble(objects, &psp2psa::default_attribution()));
    assert_eq!(inventory.namespaces.len(), 1);
    assert_eq!(inventory.namespaces[0].labels.len(), 100);
    assert_eq!(inventory.namespaces[0].sources.len(), 20_000);
}

#[test]
fn five_thousand_workloads_and_pods_of_one_namespace_are_planned() {
    let owned = (0..5_000).map(|n| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web-{n}", "namespace": "shop", "uid": "{n}",
                "ownerReferences": [{{"kind": "Deployment", "name": "web", "controller": true}}]}},
                "spec": {{"hostPID": true, "containers": [{{"name": "c", "image": "i"}}]}}}}"#
        )
        .replace('\n', " ")
    });
    let workloads = (0..5_000).map(|n| deployment(&format!("w{n}"), n));
    let objects = read(workloads.chain(owned).chain([deployment("web", 0)]));
    let options = Options {
        complete: true,
        ..Options::DEFAULT
    };
    let (plan, _) =
        is_fast(|| psp2psa::migrate(objects, &psp2psa::default_attribution(), &options));
    assert_eq!(plan.namespaces.len(), 1);
    assert_eq!(plan.namespaces[0].workloads.len(), 5_001);
    assert_eq!(plan.namespaces[0].live.len(), 5_000);
}

/// Each file: its name and its text.
fn planned(files: &[(String, String)]) {
    let mut all = Read::default();
    for (name, text) in files {
        let file = InputFile::new(name.as_str(), text.clone().into_bytes());
        all.append(psp2psa::read(&file));
    }
    is_fast(|| psp2psa::migrate(all, &psp2psa::default_attribution(), &Options::DEFAULT));
}

#[test]
fn patches_times_workloads_are_not_all_told_apart() {
    let many = |count: usize, object: &dyn Fn(usize) -> String| -> String {
        (0..count)
            .map(|n| format!("---\n{}\n", object(n)))
            .collect()
    };
    let patch = |n: usize| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: z{n}}}, spec: {{template: {{spec: {{hostPID: true}}}}}}}}"
        )
    };
    let file = |name: &str, text: String| (name.to_owned(), text);
    let listing = |text: &str| file("kustomization.yaml", format!("resources: [w.yaml]\n{text}"));
    // As many patches in a file as workloads.
    planned(&[
        listing("patches: [{path: p.yaml}]"),
        file("w.yaml", many(5_000, &|n| deployment(&format!("w{n}"), n))),
        file("p.yaml", many(5_000, &patch)),
    ]);
    // One file for as many targets as it has patches.
    for target in ["", ", target: {kind: Deployment, name: wN}"] {
        let entry = |n: usize| {
            format!(
                "- {{path: p.yaml{}}}\n",
                target.replace('N', &n.to_string())
            )
        };
        let entries: String = (0..4_000).map(entry).collect();
        planned(&[
            listing(&format!("patches:\n{entries}")),
            file("w.yaml", deployment("w", 1)),
            file("p.yaml", many(4_000, &patch)),
        ]);
    }
    // As many kustomizations as patches in one file.
    let kustomization = |n: usize| {
        let text =
            "resources: [../w.yaml]\npatches: [{path: ../p.yaml, target: {kind: Deployment}}]";
        file(&format!("k{n}/kustomization.yaml"), text.to_owned())
    };
    let mut files: Vec<_> = (0..500).map(kustomization).collect();
    files.push(file("w.yaml", deployment("w", 1)));
    files.push(file("p.yaml", many(500, &patch)));
    planned(&files);
    // As many containers in a patch as in a workload.
    let containers: String = (0..20_000)
        .map(|n| format!("{{name: c{n}, image: x}}, "))
        .collect();
    let wide = format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: w}}, spec: {{template: {{spec: {{containers: [{containers}]}}}}}}}}"
    );
    planned(&[
        listing("patches: [{path: p.yaml, target: {kind: Deployment}}]"),
        file("w.yaml", wide.clone()),
        file("p.yaml", wide),
    ]);
}
