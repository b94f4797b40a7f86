//! What a report says it was made of: digests that anybody can compute again, whatever the order or form of the files.

use std::path::Path;

use psp2psa::input::digest::sha256;
use serde_json::{Value, json};

use crate::support::{Call, folder, run, write};

const NAMESPACE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n";
const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: i}]}}\n";

/// What the report of a run in this folder says of its input. Whether the input has errors is not asked.
fn input(folder: &Path, args: &[&str]) -> Value {
    let args = [&["migrate", "-o", "json", "--output-dir", "out"], args].concat();
    run(folder, &args).json()["input"].clone()
}

fn file(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "bytes": bytes.len(), "sha256": sha256(bytes), "reason": null})
}

/// The digest over all files, as a reader computes it.
fn over(lines: &[&str]) -> Value {
    json!(sha256(lines.concat().as_bytes()))
}

#[test]
fn every_file_has_the_digest_of_its_bytes_and_all_have_one_together() {
    let folder = folder(&[("b.yaml", NAMESPACE), ("a.yaml", POD)]);
    let expected = json!([
        file("a.yaml", POD.as_bytes()),
        file("b.yaml", NAMESPACE.as_bytes())
    ]);
    let lines = [
        format!("{}  a.yaml\n", sha256(POD.as_bytes())),
        format!("{}  b.yaml\n", sha256(NAMESPACE.as_bytes())),
    ];
    for order in [["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]] {
        let input = input(folder.path(), &["-f", order[0], "-f", order[1]]);
        assert_eq!(input["files"], expected);
        assert_eq!(input["sha256"], over(&[&lines[0], &lines[1]]));
        assert_eq!(input["objects"], json!({"Namespace": 1, "Pod": 1}));
    }
}

#[cfg(unix)]
#[test]
fn a_name_is_escaped_as_sha256sum_escapes_it() {
    let folder = folder(&[("a\\b\n.yaml", POD)]);
    let input = input(folder.path(), &["-f", "a\\b\n.yaml"]);
    let line = format!("\\{}  a\\\\b\\n.yaml\n", sha256(POD.as_bytes()));
    assert_eq!(input["sha256"], over(&[&line]));
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = folder(&[]);
    let args = ["migrate", "-o", "json", "--output-dir", "out", "-f", "-"];
    let call = Call {
        stdin: POD.as_bytes(),
        ..Call::new(folder.path(), &args)
    };
    let input = call.run().json()["input"].clone();
    assert_eq!(input["files"], json!([file("-", POD.as_bytes())]));
}

#[test]
fn a_compressed_file_is_digested_as_it_is_stored_even_if_it_cannot_be_read() {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(POD.as_bytes(), flate2::Compression::best());
    std::io::Read::read_to_end(&mut encoder, &mut packed).expect("it is in memory");
    let broken = [&packed[..packed.len() / 2], &[0xFF; 64]].concat();
    let folder = folder(&[]);
    write(folder.path(), "whole.gz", &packed);
    write(folder.path(), "broken.gz", &broken);
    let input = input(folder.path(), &["-f", "whole.gz", "-f", "broken.gz"]);
    assert_eq!(
        input["files"],
        json!([file("broken.gz", &broken), file("whole.gz", &packed)])
    );
}

#[test]
fn a_file_that_is_begun_in_parts_and_then_read_as_a_whole_is_digested_once() {
    let items = vec![POD; 20_000].join(",");
    for (end, is_broken) in [("]}", false), ("]}}", true), ("", true)] {
        let dump =
            format!("{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{items}{end}");
        let dump = dump
            .replace("{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: i}]}}", r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop"},"spec":{"containers":[{"name":"c","image":"i"}]}}"#);
        let folder = folder(&[("dump.json", &dump)]);
        let input = input(folder.path(), &["-f", "dump.json"]);
        assert_eq!(
            input["files"],
            json!([file("dump.json", dump.as_bytes())]),
            "{is_broken}"
        );
        if !is_broken {
            assert_eq!(input["objects"], json!({"Pod": 20_000}));
        }
    }
}

#[test]
fn the_configuration_is_a_file_and_an_option() {
    let configuration = "apiVersion: psp2psa/v1\nkind: Configuration\ntargetVersion: v1.30\n";
    let folder = folder(&[("a.yaml", POD), ("psp2psa.yaml", configuration)]);
    let args = ["-f", "a.yaml", "--today", "2027-01-31", "--complete"];
    let input = input(folder.path(), &args);
    assert_eq!(
        input["files"][1],
        file("psp2psa.yaml", configuration.as_bytes())
    );
    let options = &input["options"];
    assert_eq!(options["configuration"], "psp2psa.yaml");
    assert_eq!(options["today"], "2027-01-31");
    assert_eq!(options["targetVersion"], "v1.30");
    assert_eq!(options["complete"], true);
    assert_eq!(options["defaultNamespace"], Value::Null);
}

#[test]
fn texts_in_memory_are_no_files() {
    let read = psp2psa::read(&psp2psa::input::InputFile::new("p.yaml", POD.into()));
    let options = psp2psa::plan::Options::default();
    let (plan, said) = psp2psa::migrate(read, &psp2psa::default_attribution(), &options);
    let report = psp2psa::render::json::migration(&plan);
    assert!(said.is_empty());
    assert!(report.input.files.is_empty());
    assert_eq!(report.input.sha256, None);
    assert_eq!(report.input.objects["Pod"], 1);
}
