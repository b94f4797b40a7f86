//! Running a program and counting what it took.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall: Duration,
    /// Of all cores, in user and kernel mode, in steps of 10 ms.
    pub(crate) cpu: Duration,
    /// The largest resident memory in MiB, as the kernel counts it (`VmHWM`), looked at every few milliseconds.
    pub(crate) peak: u64,
}

/// Runs a program and throws its output away. Exit codes 0 and 1 are answers.
pub(crate) fn run(program: &str, arguments: &[&str]) -> io::Result<Cost> {
    let before = cpu_of_children();
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_of(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed();
    if !matches!(status.code(), Some(0 | 1)) {
        return Err(io::Error::other(format!(
            "{program} {arguments:?}: {status}"
        )));
    }
    Ok(Cost {
        wall,
        cpu: cpu_of_children().saturating_sub(before),
        peak: peak >> 10,
    })
}

/// The best of several runs of each program, taken in turns so that a busy machine disturbs all alike.
pub(crate) fn best_of<const N: usize>(
    rounds: usize,
    programs: [(&str, &[&str]); N],
) -> io::Result<[Cost; N]> {
    let mut best = [Cost {
        wall: Duration::MAX,
        cpu: Duration::MAX,
        peak: 0,
    }; N];
    for _ in 0..rounds {
        for (best, (program, arguments)) in best.iter_mut().zip(programs) {
            let cost = run(program, arguments)?;
            best.wall = best.wall.min(cost.wall);
            best.cpu = best.cpu.min(cost.cpu);
            best.peak = best.peak.max(cost.peak);
        }
    }
    Ok(best)
}

/// `VmHWM` of a process in KiB; 0 once it has ended.
fn peak_of(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or(0)
}

/// User and kernel time of all children that have ended.
fn cpu_of_children() -> Duration {
    cpu(13)
}

/// User and kernel time of this process.
pub(crate) fn own_cpu() -> Duration {
    cpu(11)
}

/// Two consecutive times of `/proc/self/stat`, added (`proc(5)`): in ticks of 10 ms, `skipped` fields behind the name.
fn cpu(skipped: usize) -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = behind_name
        .split_whitespace()
        .skip(skipped)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
