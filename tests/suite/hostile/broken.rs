//! Files that are broken or made to break the reader: an error with file, document and line, and what to do; the other
//! documents of the file and the other files are answered; nothing is written outside of the folder.

use std::io::Write;

use crate::support::{folder, run, tree, write};

const GOOD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: good, namespace: shop}, spec: {containers: [{name: c, image: i}]}}";
const GOOD_JSON: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "good", "namespace": "shop"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}"#;

/// What a broken object costs.
enum Cost {
    /// Only itself.
    Document,
    /// The file, because nothing in it can be trusted to be text.
    File,
}

struct Case {
    story: &'static str,
    /// A pod `bad`, or what could be one.
    text: Vec<u8>,
    code: &'static str,
    /// Line and column.
    place: &'static str,
    cost: Cost,
}

fn case(
    story: &'static str,
    text: impl Into<Vec<u8>>,
    code: &'static str,
    place: &'static str,
) -> Case {
    Case {
        story,
        text: text.into(),
        code,
        place,
        cost: Cost::Document,
    }
}

fn whole_file(mut case: Case) -> Case {
    case.cost = Cost::File;
    case
}

const HEAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: shop}\n";

fn yaml_cases() -> Vec<Case> {
    let deep = |open: &str, close: &str| {
        format!(
            "{HEAD}spec: {}{}",
            open.repeat(100_000),
            close.repeat(100_000)
        )
    };
    let laughs: String = (1..30)
        .map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(9)))
        .collect();
    let indented: String = (1..2_000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    vec![
        case(
            "aliases of aliases",
            format!("{HEAD}a0: &a0 [x]\n{laughs}"),
            "alias-bomb",
            "10:",
        ),
        case(
            "an anchor within itself",
            format!("{HEAD}spec: &a [*a]\n"),
            "alias-bomb",
            "4:11",
        ),
        case("lists 100,000 deep", deep("[", "]"), "too-deep", "4:"),
        case("mappings 100,000 deep", deep("{a: ", "}"), "too-deep", "4:"),
        case(
            "dashes 100,000 deep",
            format!("{HEAD}spec:\n  {}1\n", "- ".repeat(100_000)),
            "too-deep",
            "5:",
        ),
        case(
            "lines 2,000 deep",
            format!("{HEAD}spec:\n{indented}"),
            "too-deep",
            "20",
        ),
        case(
            "brackets that stay open",
            format!("{HEAD}spec: {{a: [\n"),
            "syntax",
            "4:11",
        ),
        case(
            "a quote that stays open",
            format!("{HEAD}spec: \"a\n"),
            "syntax",
            "6:1",
        ),
        case(
            "bytes that are not UTF-8",
            [HEAD.as_bytes(), b"spec: {hostname: \"a\xFF\xFEb\"}\n"].concat(),
            "binary",
            "4:20",
        ),
        whole_file(case(
            "a NUL byte",
            format!("{HEAD}spec: {{hostname: \"a\0b\"}}\n"),
            "binary",
            "4:20",
        )),
        case(
            "a control character",
            format!("{HEAD}spec: {{a: \"\u{7}\"}}\n"),
            "syntax",
            "4:12",
        ),
        case(
            "a number beyond 64 bits",
            format!("{HEAD}spec: {{securityContext: {{runAsUser: 9223372036854775808}}}}\n"),
            "type",
            "4:37",
        ),
        case(
            "a number below 64 bits",
            format!("{HEAD}spec: {{securityContext: {{runAsUser: -9223372036854775809}}}}\n"),
            "type",
            "4:37",
        ),
        case(
            "a number without an end",
            format!("{HEAD}spec: {{securityContext: {{runAsUser: .inf}}}}\n"),
            "syntax",
            "4:37",
        ),
        case(
            "a template",
            format!("{HEAD}spec: {{{{ .Values.spec }}}}\n"),
            "template",
            "4:7",
        ),
    ]
}

fn json_cases() -> Vec<Case> {
    let pod = |spec: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "bad", "namespace": "shop"}}, "spec": {spec}}}"#
        )
    };
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let lists = deep(r#"{"kind": "List", "apiVersion": "v1", "items": ["#, "]}");
    vec![
        case("lists 100,000 deep", pod(&deep("[", "]")), "too-deep", "1:"),
        case(
            "objects 100,000 deep",
            pod(&format!(
                "{{\"containers\": {}1{}}}",
                r#"{"a":"#.repeat(100_000),
                "}".repeat(100_000)
            )),
            "too-deep",
            "1:",
        ),
        case("lists of objects 100,000 deep", lists, "too-deep", "1:"),
        case(
            "brackets that stay open",
            pod(r#"{"a": [}"#),
            "syntax",
            "1:",
        ),
        case("a string that stays open", pod("\"a"), "syntax", "1:"),
        case(
            "bytes that are not UTF-8",
            pod(r#"{"hostname": "a?b"}"#)
                .replace('?', "\u{1}")
                .into_bytes()
                .into_iter()
                .map(|byte| if byte == 1 { 0xFF } else { byte })
                .collect::<Vec<u8>>(),
            "binary",
            "1:",
        ),
        whole_file(case(
            "a NUL byte",
            pod("{\"hostname\": \"a\0b\"}"),
            "binary",
            "1:",
        )),
        case(
            "a control character",
            pod("{\"hostname\": \"a\u{7}b\"}"),
            "syntax",
            "1:",
        ),
        case(
            "a number beyond 64 bits",
            pod(r#"{"securityContext": {"runAsUser": 9223372036854775808}}"#),
            "type",
            "1:",
        ),
        case(
            "a number below 64 bits",
            pod(r#"{"securityContext": {"runAsUser": -9223372036854775809}}"#),
            "type",
            "1:",
        ),
        case(
            "a number beyond a float",
            pod(r#"{"securityContext": {"runAsUser": 1e400}}"#),
            "syntax",
            "1:",
        ),
        case(
            "a port beyond 32 bits",
            pod(
                r#"{"containers": [{"name": "c", "image": "i", "ports": [{"hostPort": 4294967376}]}]}"#,
            ),
            "type",
            "1:",
        ),
    ]
}

/// Every command over the broken file and a good one.
#[track_caller]
fn costs_only(case: &Case, name: &str, joint: &str, good: &str) {
    let text = [&case.text, joint.as_bytes(), good.as_bytes()].concat();
    let folder = folder(&[("in/z.yaml", &GOOD.replace("good", "other"))]);
    write(folder.path(), &format!("in/{name}"), &text);
    let before = tree(folder.path());
    for command in ["check", "migrate", "map", "access", "admit"] {
        let args = [command, "-f", "in", "-o", "json"];
        let run = run(folder.path(), &args);
        let story = format!("{} in {name}: {command}\n{}", case.story, run.stderr);
        // Without a policy every pod is refused.
        let code = if command == "admit" { 1 } else { 3 };
        assert_eq!(run.code, Some(code), "{story}");
        let error = format!("error[input/{}]: ", case.code);
        assert!(run.stderr.starts_with(&error), "{story}");
        let place = format!("\n  at in/{name}:{}", case.place);
        assert!(run.stderr.contains(&place), "{story}");
        assert!(run.stderr.len() < 2_000, "{story}");
        if case.code != "syntax" {
            assert!(run.stderr.contains("\n  help: "), "{story}");
        }
        if command == "check" {
            let report = run.json();
            let names: Vec<&str> = report["results"]
                .as_array()
                .expect("results")
                .iter()
                .map(|result| result["name"].as_str().expect("a name"))
                .collect();
            match case.cost {
                Cost::Document => assert_eq!(names, ["good", "other"], "{story}"),
                Cost::File => assert_eq!(names, ["other"], "{story}"),
            }
            let place = &report["diagnostics"][0]["source"];
            assert_eq!(place["file"], format!("in/{name}"), "{story}");
            assert_eq!(place["document"], 1, "{story}");
        }
    }
    let after = tree(folder.path());
    let beside: Vec<&String> = after
        .keys()
        .filter(|path| !before.contains_key(*path) && !path.starts_with("psa-migration/"))
        .collect();
    assert!(beside.is_empty(), "{}: {beside:?}", case.story);
}

#[test]
fn a_broken_yaml_document_costs_itself_and_is_told_with_its_place() {
    for case in yaml_cases() {
        costs_only(&case, "bad.yaml", "\n---\n", GOOD);
    }
}

#[test]
fn a_broken_json_object_costs_itself_and_is_told_with_its_place() {
    for case in json_cases() {
        costs_only(&case, "bad.json", "\n", GOOD_JSON);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// An archive with members of any names, as whoever attacks makes it.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        let field = &mut header.as_gnu_mut().expect("a GNU header").name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        archive
            .append(&header, *bytes)
            .expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

#[test]
fn broken_archives_and_bombs_are_told_with_a_way_out() {
    let pod = GOOD.as_bytes();
    let archive = tar(&[("a.yaml", pod), ("b.yaml", &pod.repeat(9))]);
    // 66 MiB, more than is unpacked from something so small.
    let bomb = gzip(&b"# ".repeat(33 << 20));
    let cases = [
        (
            "cut.tar",
            archive[..700].to_vec(),
            "ends too early",
            "make or copy it again",
        ),
        (
            "cut.tgz",
            gzip(&archive)[..120].to_vec(),
            "ends too early",
            "make or copy it again",
        ),
        (
            "cut.gz",
            gzip(pod)[..60].to_vec(),
            "ends too early",
            "make or copy it again",
        ),
        (
            "bomb.gz",
            bomb.clone(),
            "holds more than 64 MiB",
            "--max-unpacked",
        ),
        (
            "bomb.tar",
            tar(&[("a.yaml", pod), ("x.yaml.gz", &bomb)]),
            "holds more than 64 MiB",
            "--max-unpacked",
        ),
        (
            "dump.zip",
            b"PK\x03\x04\0\0\0\0\0\0".to_vec(),
            "packed with zip",
            "unpack it first",
        ),
    ];
    for (name, bytes, said, way_out) in cases {
        let folder = folder(&[("z.yaml", &GOOD.replace("good", "other"))]);
        write(folder.path(), name, &bytes);
        let before = tree(folder.path());
        let args = [
            "check", "-f", name, "-f", "z.yaml", "-o", "name", "--level", "baseline",
        ];
        let run = run(folder.path(), &args).expect(3);
        assert!(run.stderr.contains(said), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(way_out), "{name}: {}", run.stderr);
        assert!(
            run.stderr.contains(&format!("\n  at {name}")),
            "{name}: {}",
            run.stderr
        );
        assert!(tree(folder.path()) == before);
    }
    // The bound can be raised where the file can be trusted.
    let folder = folder(&[]);
    write(folder.path(), "bomb.gz", &bomb);
    let args = ["check", "-f", "bomb.gz", "--max-unpacked", "1"];
    run(folder.path(), &args).expect(0);
}

#[test]
fn names_in_archives_lead_nowhere() {
    let names = [
        "../../x.yaml",
        "/tmp/psp2psa-absolute.yaml",
        "a/../../../y.yaml",
        "<script>.yaml",
        "`rm -rf`.yaml",
        "\u{1b}[31mred.yaml",
        "\u{202e}bidi.yaml",
        "..\\..\\z.yaml",
    ];
    let pods: Vec<String> = (0..names.len())
        .map(|n| {
            GOOD.replace("good", &format!("pod-{n}"))
                .replace("shop", &format!("shop-{n}"))
        })
        .collect();
    let members: Vec<(&str, &[u8])> = names
        .iter()
        .copied()
        .zip(pods.iter().map(|pod| pod.as_bytes()))
        .collect();
    let folder = folder(&[]);
    write(folder.path(), "work/evil.tgz", &gzip(&tar(&members)));
    let work = folder.path().join("work");
    for command in ["check", "migrate"] {
        let run = run(&work, &[command, "-v", "-f", "evil.tgz", "-o", "wide"]).expect(0);
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        }
    }
    let after = tree(folder.path());
    for path in after.keys() {
        let inside = path == "work/evil.tgz" || path.starts_with("work/psa-migration/");
        assert!(inside, "{path}");
        assert!(!path.contains(".."), "{path}");
    }
    assert!(after.contains_key("work/psa-migration/manifests/10-warn-audit/namespace-shop-7.yaml"));
    assert!(!std::path::Path::new("/tmp/psp2psa-absolute.yaml").exists());
}
