//! The fuzz targets without a fuzzer: what a fuzzer starts from and once found (`fuzz/corpus/`), and fixtures, changed at
//! random from a fixed seed.
//!
//! `PSP2PSA_FUZZ_SECONDS=600` goes on for so long with each target and prints how many inputs that were.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read fixtures, the clock in the long mode, and stop where that fails"
)]

/// The targets, shared with `fuzz/`.
#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a target's fuzzer starts from, and what it found once.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = std::fs::read_dir(folder).expect("every target has seeds");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // Texts that a fuzzer has added here have no ending.
    files.retain(|path| path.extension().is_some());
    files.sort();
    assert!(!files.is_empty(), "{name} has no seeds");
    files
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Inputs for each target in an ordinary run.
const ROUNDS: u32 = 150;

/// What to put into files: what has a meaning somewhere.
const TOKENS: &[&str] = &[
    "\n",
    "\n---\n",
    "...",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    "!!int ",
    "# ",
    "{{ x }}",
    "null",
    "true",
    "1e999",
    "9223372036854775808",
    "-1",
    "0644",
    "*",
    "../../x",
    "\u{202e}",
    "\u{1b}[31m",
    "\0",
    "\t",
    "kind: List\nitems:\n",
    "\"kind\":\"Pod\",",
    "\"items\":[",
    "system:masters",
    "podsecuritypolicies",
    "use",
    "aggregationRule",
    "privileged",
    "hostPath",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut open = vec![root];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                open.push(path);
            } else if ["yaml", "json"].contains(&ending.as_str()) {
                files.push(path);
            }
        }
    }
    files.sort();
    let read = files.iter().map(|path| std::fs::read(path).unwrap());
    read.filter(|bytes| (10..20_000).contains(&bytes.len()))
        .collect()
}

fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        let end = (at + random.below(64)).min(bytes.len());
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                bytes.splice(at..end, other[from..].iter().copied().take(400));
            }
            4 if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
            _ => {
                let token = TOKENS[random.below(TOKENS.len())];
                bytes.splice(at..at, token.bytes());
            }
        }
    }
    bytes
}

fn run(name: &str, seeds: &[Vec<u8>], target: fn(&[u8])) {
    let seconds = std::env::var("PSP2PSA_FUZZ_SECONDS");
    let seconds: Option<u64> = seconds.ok().and_then(|text| text.parse().ok());
    let seed = match seconds {
        // A long run looks elsewhere each time, and says where.
        Some(_) => u64::from(std::process::id()),
        None => 20_261_122,
    };
    let mut random = Random(seed);
    let start = Instant::now();
    let check = |input: &[u8]| {
        let found = std::panic::catch_unwind(|| target(input));
        assert!(
            found.is_ok(),
            "{name} fails on {:?}",
            String::from_utf8_lossy(input)
        );
    };
    let corpus = corpus(name);
    corpus.iter().for_each(|input| check(input));
    let seeds = [seeds, corpus.as_slice()].concat();
    let mut rounds = 0;
    while match seconds {
        Some(seconds) => start.elapsed() < Duration::from_secs(seconds),
        None => rounds < ROUNDS,
    } {
        check(&changed(&seeds, &mut random));
        rounds += 1;
    }
    if seconds.is_some() {
        eprintln!(
            "{name}: {rounds} inputs from seed {seed} in {:?}",
            start.elapsed()
        );
    }
}

/// A program, an entry in the manifest, seeds and a test here for every target.
#[test]
fn every_target_is_built_and_tested() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(fuzz.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = paths
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let programs = names("fuzz_targets");
    assert_eq!(programs, names("corpus"));
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let tests = include_str!("fuzz.rs");
    for name in programs {
        let path = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&path), "{name} is not in the manifest");
        let call = format!("targets::{name});");
        assert!(tests.contains(&call), "{name} has no test");
    }
}

#[test]
fn reading_survives_any_input() {
    run("input", &seeds(), targets::input);
}

#[test]
fn reading_in_parts_is_reading() {
    run("parts", &seeds(), targets::parts);
}

#[test]
fn simple_yaml_is_read_like_all_yaml() {
    run("lines", &seeds(), targets::lines);
}

#[test]
fn the_rbac_join_survives_any_input() {
    run("rbac", &seeds(), targets::rbac);
}

#[test]
fn mapping_survives_any_input() {
    run("psp", &seeds(), targets::psp);
}

#[test]
fn judging_survives_any_input() {
    run("psa", &seeds(), targets::psa);
}

#[test]
fn migrating_survives_any_input() {
    run("migrate", &seeds(), targets::migrate);
}

#[test]
fn edits_change_what_is_meant_and_nothing_else() {
    run("edit", &seeds(), targets::edit);
}

#[test]
fn archives_survive_any_input() {
    let texts = seeds();
    let mut archives = Vec::new();
    for texts in texts.chunks(3).take(20) {
        let mut archive = tar::Builder::new(Vec::new());
        for (number, text) in texts.iter().enumerate() {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_cksum();
            archive
                .append_data(&mut header, format!("a/{number}.yaml"), text.as_slice())
                .unwrap();
        }
        let archive = archive.into_inner().unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, &archive).unwrap();
        archives.push(packed.finish().unwrap());
        archives.push(ruzstd::encoding::compress_to_vec(
            archive.as_slice(),
            ruzstd::encoding::CompressionLevel::Fastest,
        ));
        archives.push(archive);
    }
    run("archive", &archives, targets::archive);
}
