//! What we are compared with.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use psp2psa::model::pod::Pod;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A bare `serde_json` pass over a list that skips everything, half of the elements on each of two threads.
///
/// It has it easier than any program that reads JSON: the place where the file is cut is found by a search for the
/// next pod, which only the generator's files allow, and each thread reads and passes over its own half.
pub(crate) fn bare_json(path: &Path) -> io::Result<()> {
    let length = path.metadata()?.len();
    let middle = next_pod(path, length / 2)?;
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let text = part(path, 0, middle, b"")?;
            // The half of a list has no end, which is found when all of it has been skipped.
            let _ = serde_json::from_slice::<IgnoredAny>(&text);
            Ok(())
        });
        let second = scope.spawn(|| {
            let text = part(path, middle, length, b"[")?;
            let mut json = serde_json::Deserializer::from_slice(&text);
            IgnoredAny::deserialize(&mut json).map_err(io::Error::other)?;
            Ok(())
        });
        for thread in [first, second] {
            let done: io::Result<()> = thread.join().map_err(|_| io::Error::other("panic"))?;
            done?;
        }
        Ok(())
    })
}

/// Where the first pod behind `from` begins.
fn next_pod(path: &Path, from: u64) -> io::Result<u64> {
    let text = part(path, from, from + 100_000, b"")?;
    let text = String::from_utf8_lossy(&text);
    [
        "},\n        {\n",
        "},{\"apiVersion\":\"v1\",\"kind\":\"Pod\"",
    ]
    .iter()
    .find_map(|between| text.find(between).map(|at| from + at as u64 + 2))
    .ok_or_else(|| io::Error::other("not a list that we generated"))
}

fn part(path: &Path, from: u64, to: u64, before: &[u8]) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::with_capacity((to - from) as usize + before.len() + 1);
    bytes.extend_from_slice(before);
    file.take(to - from).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `serde_yaml` 0.9 over documents, each dropped once it is read.
pub(crate) fn yaml_documents(path: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    for document in serde_yaml_09::Deserializer::from_str(&text) {
        Pod::deserialize(document).map_err(io::Error::other)?;
    }
    Ok(())
}

/// `serde_yaml` 0.9 over one list.
pub(crate) fn yaml_list(path: &Path) -> io::Result<()> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Pod>,
    }
    let text = std::fs::read_to_string(path)?;
    let list: List = serde_yaml_09::from_str(&text).map_err(io::Error::other)?;
    drop(list.items);
    Ok(())
}
