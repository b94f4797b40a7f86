//! The dumps that people have: a folder of `kubectl cluster-info dump`, a must-gather, a Velero backup, lists, each also
//! packed. The same cluster gives the same answer from each.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::{folder, run, write};

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "raw", "namespace": "shop", "uid": "1"},
        "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}})
}

fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "2"},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}})
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "3"}})
}

/// As the API server answers: only the list tells what its items are.
fn typed_list(kind: &str, api_version: &str, mut item: Value) -> Value {
    let fields = item.as_object_mut().expect("an object");
    fields.remove("kind");
    fields.remove("apiVersion");
    json!({"kind": kind, "apiVersion": api_version, "metadata": {"resourceVersion": "1"}, "items": [item]})
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).expect("an object")
}

type Files = Vec<(String, Vec<u8>)>;

/// `kubectl cluster-info dump --output-directory`.
fn cluster_info() -> Files {
    let pods = typed_list("PodList", "v1", pod());
    let deployments = typed_list("DeploymentList", "apps/v1", deployment());
    let events = typed_list(
        "EventList",
        "v1",
        json!({"metadata": {"name": "e"}, "reason": "Started"}),
    );
    vec![
        (
            "nodes.json".to_owned(),
            b"{\"kind\": \"NodeList\", \"apiVersion\": \"v1\", \"items\": []}".to_vec(),
        ),
        ("shop/pods.json".to_owned(), pods.to_string().into_bytes()),
        (
            "shop/deployments.json".to_owned(),
            deployments.to_string().into_bytes(),
        ),
        (
            "shop/events.json".to_owned(),
            events.to_string().into_bytes(),
        ),
        (
            "shop/raw/logs.txt".to_owned(),
            b"==== START logs for container c of pod shop/raw ====\n{\n".to_vec(),
        ),
    ]
}

/// `oc adm must-gather`: each pod stands in a list and in a file of its own.
fn must_gather() -> Files {
    let root = "must-gather.local.1/quay-io-sha256-1";
    let shop = format!("{root}/namespaces/shop");
    vec![
        (format!("{root}/version"), b"v4".to_vec()),
        (
            format!("{shop}/shop.yaml"),
            format!("---\n{}", yaml(&namespace())).into_bytes(),
        ),
        (
            format!("{shop}/core/pods.yaml"),
            format!("---\n{}", yaml(&typed_list("PodList", "v1", pod()))).into_bytes(),
        ),
        (
            format!("{shop}/pods/raw/raw.yaml"),
            format!("---\n{}", yaml(&pod())).into_bytes(),
        ),
        (
            format!("{shop}/apps/deployments.yaml"),
            format!(
                "---\n{}",
                yaml(&typed_list("DeploymentList", "apps/v1", deployment()))
            )
            .into_bytes(),
        ),
        (
            format!("{shop}/pods/raw/c/c/logs/current.log"),
            b"kind: [\n".to_vec(),
        ),
    ]
}

/// A Velero backup: an object a file, each also under its preferred version.
fn velero() -> Files {
    let mut files = vec![("metadata/version".to_owned(), b"1.1.0".to_vec())];
    for (resource, object) in [("pods", pod()), ("deployments.apps", deployment())] {
        let name = object["metadata"]["name"].as_str().expect("a name");
        for version in ["", "/v1-preferredversion"] {
            let path = format!("resources/{resource}{version}/namespaces/shop/{name}.json");
            files.push((path, object.to_string().into_bytes()));
        }
    }
    let path = "resources/namespaces/cluster/shop.json".to_owned();
    files.push((path, namespace().to_string().into_bytes()));
    files
}

fn lists() -> Files {
    let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""},
        "items": [namespace(), pod(), deployment()]});
    vec![("all.json".to_owned(), list.to_string().into_bytes())]
}

fn tar(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive
            .append_data(&mut header, path, bytes.as_slice())
            .expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// What is known of the cluster, whatever it was read from.
#[track_caller]
fn answer(folder: &std::path::Path, paths: &[&str]) -> (Vec<String>, String) {
    let mut args = vec!["check", "-R", "-o", "json"];
    paths.iter().for_each(|path| args.extend(["-f", path]));
    let report = run(folder, &args).expect(0).json();
    let mut found: Vec<String> = report["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| {
            format!(
                "{} {} {}",
                result["kind"], result["name"], result["tightestLevel"]
            )
        })
        .collect();
    found.sort();
    found.dedup();
    args[0] = "migrate";
    let report = run(folder, &args).expect(0).json();
    let shop = &report["namespaces"][0];
    let workloads = shop["workloads"].as_array().expect("workloads").len();
    let known = format!("{} {} {workloads}", shop["name"], shop["enforce"]);
    (found, known)
}

#[test]
fn every_dump_of_a_cluster_gives_its_answer() {
    for (name, files) in [
        ("cluster-info", cluster_info()),
        ("must-gather", must_gather()),
        ("velero", velero()),
        ("lists", lists()),
    ] {
        let folder = folder(&[]);
        for (path, bytes) in &files {
            write(folder.path(), &format!("plain/{path}"), bytes);
            write(folder.path(), &format!("packed/{path}.gz"), &gzip(bytes));
        }
        let archive = tar(&files);
        write(folder.path(), "dump.tar", &archive);
        write(folder.path(), "dump.tar.gz", &gzip(&archive));
        write(folder.path(), "dump.tar.zst", &zstd(&archive));
        for path in ["plain", "packed", "dump.tar", "dump.tar.gz", "dump.tar.zst"] {
            let (found, known) = answer(folder.path(), &[path]);
            assert_eq!(
                found,
                [
                    "\"Deployment\" \"web\" \"baseline\"",
                    "\"Pod\" \"raw\" \"privileged\""
                ],
                "{name} from {path}"
            );
            assert_eq!(known, "\"shop\" \"privileged\" 2", "{name} from {path}");
        }
    }
}

#[test]
fn patterns_pick_from_a_dump() {
    let folder = folder(&[]);
    for (path, bytes) in cluster_info() {
        write(folder.path(), &format!("dump/{path}"), &bytes);
    }
    let (found, _) = answer(folder.path(), &["dump/*/pods.json"]);
    assert_eq!(found, ["\"Pod\" \"raw\" \"privileged\""]);
    let (found, _) = answer(folder.path(), &["dump/**/*.json"]);
    assert_eq!(found.len(), 2);
    run(folder.path(), &["check", "-f", "dump/*.yaml"]).expect(2);
}
