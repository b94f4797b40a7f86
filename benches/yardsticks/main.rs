//! The figures of `BENCHMARKS.md`: every goal beside its yardstick, in one run.
//!
//! `cargo bench --bench yardsticks` runs all of it, `-- json|yaml|migrate|curve` a part. Files are generated below
//! `target/tmp` (about 12 GB, with what `migrate` writes) and kept for the next run; the same sizes give the same bytes.
//!
//! Other words make this program a child of itself: `bare`, `serde-yaml-documents`, `serde-yaml-list`, `phases`,
//! `generate`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench reads files, tells the time and prints what it measured"
)]

mod cluster;
mod measure;
mod yardsticks;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cluster::{Form, Size};
use measure::{Cost, best_of};
use psp2psa::edit::files;
use psp2psa::input::walk::{self, Limits, Opened, Recursion};
use psp2psa::plan;
use psp2psa::render::{self, json};
use psp2psa::write::{self, Foreign};

/// The program under test, built with the same profile.
const PROGRAM: &str = env!("CARGO_BIN_EXE_psp2psa");

/// Runs of each program; the best counts.
const ROUNDS: usize = 5;

/// Pods of the JSON file on one line: 480 MB.
const PODS: u64 = 100_000;

/// Pods of the JSON file as `kubectl` prints it: as many bytes.
const PRETTY_PODS: u64 = 40_000;

/// Pods of the YAML files: `serde_yaml` needs ten times the file in memory for a list.
const YAML_PODS: u64 = 20_000;

/// The cluster that `migrate` is measured with.
const CLUSTER: Size = Size {
    namespaces: 10_000,
    workloads: 100_000,
    bindings: 20_000,
    roles: 2_000,
    policies: 50,
};

const SEED: u64 = 20_261_122;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bare", file] => yardsticks::bare_json(Path::new(file)),
        ["serde-yaml-documents", file] => yardsticks::yaml_documents(Path::new(file)),
        ["serde-yaml-list", file] => yardsticks::yaml_list(Path::new(file)),
        ["phases", file] => {
            phases(Path::new(file))?;
            clear_output()
        }
        ["generate", form, count, file] => generate(form, count, Path::new(file)),
        [] => {
            json()?;
            yaml()?;
            migrate()?;
            curve()
        }
        ["json"] => json(),
        ["yaml"] => yaml(),
        ["migrate"] => migrate(),
        ["curve"] => curve(),
        other => Err(io::Error::other(format!("what is {other:?}?"))),
    }
}

/// `generate json 100000 pods.json` writes pods, `generate cluster 1000 cluster.json` a cluster of that many workloads.
fn generate(form: &str, count: &str, file: &Path) -> io::Result<()> {
    let count: u64 = count.parse().map_err(io::Error::other)?;
    let mut out = BufWriter::new(File::create(file)?);
    let form = match form {
        "json" => Form::Json,
        "compact" => Form::CompactJson,
        "yaml" => Form::YamlList,
        "documents" => Form::YamlDocuments,
        "cluster" => {
            let size = Size {
                namespaces: (count / 10).max(1),
                workloads: count,
                bindings: count / 5,
                roles: (count / 50).max(1),
                policies: CLUSTER.policies,
            };
            return cluster::write(&mut out, Form::Json, cluster::cluster(SEED, size));
        }
        other => return Err(io::Error::other(format!("what is {other}?"))),
    };
    cluster::write(&mut out, form, cluster::pods(SEED, count))?;
    out.flush()
}

/// A generated file; made if it is not there.
fn file(
    name: &str,
    make: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !path.exists() {
        let unfinished = path.with_extension("unfinished");
        let mut out = BufWriter::new(File::create(&unfinished)?);
        make(&mut out)?;
        out.flush()?;
        std::fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}

fn pods(name: &str, form: Form, count: u64) -> io::Result<PathBuf> {
    file(name, |out| {
        cluster::write(out, form, cluster::pods(SEED, count))
    })
}

fn own_path() -> io::Result<String> {
    Ok(std::env::current_exe()?.to_string_lossy().into_owned())
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.len()));
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>8}",
        "", "wall s", "cpu s", "peak MiB", "MB/s"
    );
}

fn line(name: &str, cost: Cost, bytes: u64) {
    println!(
        "{name:<44} {:>9.2} {:>9.2} {:>9} {:>8.0}",
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        cost.peak,
        bytes as f64 / 1e6 / cost.wall.as_secs_f64()
    );
}

fn ratio(name: &str, a: Duration, b: Duration, goal: &str) {
    println!(
        "  → {name}: {:.2} (goal {goal})",
        a.as_secs_f64() / b.as_secs_f64()
    );
}

fn json() -> io::Result<()> {
    let own = own_path()?;
    for (form, name, count) in [
        (Form::CompactJson, "compact", PODS),
        (Form::Json, "pods", PRETTY_PODS),
    ] {
        let once = pods(&format!("{name}.json"), form, count)?;
        let twice = pods(&format!("{name}-2.json"), form, 2 * count)?;
        let (size, once, twice) = (
            once.metadata()?.len(),
            once.to_string_lossy(),
            twice.to_string_lossy(),
        );
        let check = |file| ["check", "--level", "restricted", "-f", file];
        let [bare, ours, longer] = best_of(
            ROUNDS,
            [
                (&own, &["bare", &once]),
                (PROGRAM, &check(&once)),
                (PROGRAM, &check(&twice)),
            ],
        )?;
        heading(&format!(
            "JSON: {count} pods, {} MB, {name}.json",
            size / 1_000_000
        ));
        line("serde_json skips everything, 2 threads", bare, size);
        line("check --level restricted", ours, size);
        line("check --level restricted, twice as long", longer, 2 * size);
        ratio("wall time", ours.wall, bare.wall, "1.3 or less");
        ratio("processor time", ours.cpu, bare.cpu, "none");
        println!(
            "  → peak memory: {} MiB (goal 286), {:.2} of it when twice as long (goal 1.10)",
            ours.peak,
            longer.peak as f64 / ours.peak as f64
        );
    }
    Ok(())
}

fn yaml() -> io::Result<()> {
    let own = own_path()?;
    for (form, name, yardstick) in [
        (
            Form::YamlDocuments,
            "documents.yaml",
            "serde-yaml-documents",
        ),
        (Form::YamlList, "list.yaml", "serde-yaml-list"),
    ] {
        let once = pods(name, form, YAML_PODS)?;
        let twice = pods(&format!("2-{name}"), form, 2 * YAML_PODS)?;
        let (size, once, twice) = (
            once.metadata()?.len(),
            once.to_string_lossy(),
            twice.to_string_lossy(),
        );
        let check = |file| ["check", "--level", "restricted", "-f", file];
        let [theirs, ours, longer] = best_of(
            ROUNDS.min(3),
            [
                (&own, &[yardstick, &once]),
                (PROGRAM, &check(&once)),
                (PROGRAM, &check(&twice)),
            ],
        )?;
        heading(&format!(
            "YAML: {YAML_PODS} pods, {} MB, {name}",
            size / 1_000_000
        ));
        line(
            "serde_yaml 0.9 into the same structs, 1 thread",
            theirs,
            size,
        );
        line("check --level restricted", ours, size);
        line("check --level restricted, twice as long", longer, 2 * size);
        ratio("throughput", theirs.wall, ours.wall, "2 or more");
        println!(
            "  → peak memory: {} MiB (goal 286), {:.2} of it when twice as long (goal 1.10)",
            ours.peak,
            longer.peak as f64 / ours.peak as f64
        );
    }
    Ok(())
}

fn migrate() -> io::Result<()> {
    let path = file("cluster.json", |out| {
        cluster::write(out, Form::Json, cluster::cluster(SEED, CLUSTER))
    })?;
    println!("\nmigrate: {}", sizes(CLUSTER));
    phases(&path)?;
    clear_output()
}

fn sizes(size: Size) -> String {
    format!(
        "{} namespaces, {} workloads, {} bindings, {} roles, {} policies",
        size.namespaces, size.workloads, size.bindings, size.roles, size.policies
    )
}

/// The phases of `migrate`, in this process.
fn phases(path: &Path) -> io::Result<()> {
    let (mut wall, mut cpu) = ([Duration::MAX; 6], [Duration::MAX; 6]);
    for _ in 0..3 {
        let spent = phases_once(path, &fresh_folder()?)?;
        for (best, spent) in wall.iter_mut().zip(&mut cpu).zip(spent) {
            *best.0 = (*best.0).min(spent.wall);
            *best.1 = (*best.1).min(spent.cpu);
        }
    }
    for (what, [read, assemble, rbac, plan, render, write]) in
        [("wall time", wall), ("processor time", cpu)]
    {
        let seconds = |duration: Duration| duration.as_secs_f64();
        println!(
            "  {what}: read {:.2} s, put together {:.2}, RBAC join {:.2} (goal 1), plan {:.2}, render {:.2}, write {:.2}",
            seconds(read),
            seconds(assemble),
            seconds(rbac),
            seconds(plan),
            seconds(render),
            seconds(write)
        );
    }
    let [read, _, _, _, render, write] = wall;
    ratio(
        "all of it to reading",
        wall.iter().sum(),
        read,
        "less than 3",
    );
    ratio("output to reading", render + write, read, "less than 1");
    Ok(())
}

/// Below this, each round has an output folder of its own.
const OUTPUT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/psa-migration");

/// A folder that was not there. What an earlier round wrote stays until the end: ext4 gives the inodes of deleted files
/// out again after a minute only, and until then looks for others one by one, which takes as long as all the writing.
fn fresh_folder() -> io::Result<PathBuf> {
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    std::fs::create_dir_all(OUTPUT)?;
    Ok(Path::new(OUTPUT).join(format!("{}-{round}", std::process::id())))
}

/// Removes what the rounds wrote.
fn clear_output() -> io::Result<()> {
    match Path::new(OUTPUT).exists() {
        true => std::fs::remove_dir_all(OUTPUT),
        false => Ok(()),
    }
}

/// What one phase took.
struct Spent {
    wall: Duration,
    cpu: Duration,
}

fn phases_once(path: &Path, folder: &Path) -> io::Result<[Spent; 6]> {
    let mut clock = Clock {
        wall: Instant::now(),
        cpu: measure::own_cpu(),
    };
    let listing = walk::list(
        &[path.to_string_lossy().into_owned()],
        Recursion::Off,
        io::empty(),
    )
    .map_err(io::Error::other)?;
    let collector = psp2psa::keep_manifests();
    let mut read = psp2psa::Read::default();
    for entry in &listing.entries {
        let opened = walk::open(entry, Limits::default());
        let opened = opened.map_err(|diagnostic| io::Error::other(diagnostic.message))?;
        let Opened::Parts(stream) = opened else {
            return Err(io::Error::other("not a long list"));
        };
        let parts = collector.read_parts(stream);
        read.append(parts.map_err(|reason| io::Error::other(format!("{reason:?}")))?);
    }
    let read_time = clock.lap();
    let (inventory, mut diagnostics) = psp2psa::assemble(read, &psp2psa::default_attribution());
    let assemble_time = clock.lap();
    let (access, said) = psp2psa::resolve(&inventory);
    let rbac_time = clock.lap();
    let plan = plan::plan(&inventory, &access, &said, &options());
    let plan_time = clock.lap();
    diagnostics.extend(said);
    let edits = files::edits(&plan, |name| {
        let named = listing.entries.iter().find(|entry| &*entry.name == name);
        named.map_or(Err(String::new()), walk::again)
    });
    let artifacts = render::artifacts(&plan, edits.diff());
    let report = json::document("MigrationReport", &diagnostics, json::migration(&plan));
    let render_time = clock.lap();
    write::write(folder, &artifacts, &report, Foreign::Refuse).map_err(io::Error::other)?;
    let write_time = clock.lap();
    Ok([
        read_time,
        assemble_time,
        rbac_time,
        plan_time,
        render_time,
        write_time,
    ])
}

/// What `migrate` does if nothing is chosen.
fn options() -> plan::Options {
    plan::Options::DEFAULT
}

struct Clock {
    wall: Instant,
    cpu: Duration,
}

impl Clock {
    fn lap(&mut self) -> Spent {
        let now = Clock {
            wall: Instant::now(),
            cpu: measure::own_cpu(),
        };
        let before = std::mem::replace(self, now);
        Spent {
            wall: self.wall - before.wall,
            cpu: self.cpu.saturating_sub(before.cpu),
        }
    }
}

/// One size doubled twice while the others stay.
fn curve() -> io::Result<()> {
    let base = Size {
        namespaces: 1_000,
        workloads: 10_000,
        bindings: 2_000,
        roles: 500,
        policies: 20,
    };
    println!("\ncurve: {} and each of these doubled twice", sizes(base));
    /// The number of one kind of object.
    type Count = fn(&mut Size) -> &mut u64;
    let vary: [(&str, Count); 5] = [
        ("namespaces", |size| &mut size.namespaces),
        ("workloads", |size| &mut size.workloads),
        ("bindings", |size| &mut size.bindings),
        ("roles", |size| &mut size.roles),
        ("policies", |size| &mut size.policies),
    ];
    for (name, field) in vary {
        for factor in [1, 2, 4] {
            let mut size = base;
            *field(&mut size) *= factor;
            let number = *field(&mut size);
            let path = file(&format!("curve-{name}-{number}.json"), |out| {
                cluster::write(out, Form::Json, cluster::cluster(SEED, size))
            })?;
            println!("{number} {name}");
            phases(&path)?;
        }
    }
    clear_output()
}
