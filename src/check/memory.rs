//! What was judged before, so that it is judged once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use memchr::memmem::{Finder, FinderRev};

use super::{Group, Individual, Verdict};
use crate::model::defaults;
use crate::model::object::ObjectMeta;
use crate::model::pod::{Pod, VolumeSource};

/// What was judged before.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By what [`masked`] makes of their text.
    pub(super) glanced: Memory<Vec<u8>>,
    /// By what [`essence`] leaves of them.
    pub(super) pods: Memory<Pod>,
    verdicts: BTreeMap<u64, Vec<Arc<Verdict>>>,
    /// Indices of groups.
    by_hash: BTreeMap<u64, Vec<u32>>,
    pub(super) groups: Vec<Group>,
}

/// Verdicts by what they were given for, found by hashes.
#[derive(Debug)]
pub(super) struct Memory<K> {
    verdicts: BTreeMap<u64, Vec<(K, Arc<Verdict>)>>,
}

/// How many different pods are remembered with their answers: some 2 kB each. There are rarely more templates in a
/// cluster, and whoever makes each pod different gets each one judged.
const REMEMBERED: usize = 10_000;

/// What a pod's answer can depend on, with the API server's defaults: not where it runs, what it is called, and what the
/// volume is called that every pod gets for its token. Pods of one template have the same essence.
pub(super) fn essence(mut pod: Pod) -> Pod {
    defaults::apply(&mut pod);
    pod.spec.node_name.clear();
    // Every annotation that a check looks at is one of Kubernetes' own.
    let mut annotations = std::mem::take(&mut pod.metadata.annotations);
    annotations.retain(|key, _| key.contains("kubernetes.io/"));
    pod.metadata = ObjectMeta {
        annotations,
        ..ObjectMeta::default()
    };
    for volume in &mut pod.spec.volumes {
        // No check forbids these, so none tells their names.
        if let [VolumeSource::Projected(_)] = volume.sources.as_slice() {
            volume.name.clear();
        }
    }
    let spec = &mut pod.spec;
    for container in spec
        .init_containers
        .iter_mut()
        .chain(&mut spec.containers)
        .chain(&mut spec.ephemeral_containers)
    {
        container.volume_mounts.clear();
    }
    pod
}

/// What the names of the volumes begin with that pods get for their tokens (upstream:
/// `plugin/pkg/admission/serviceaccount`); five random characters follow.
pub(super) const TOKEN_VOLUME: &str = "kube-api-access-";

const NODE: &[u8] = b"\"nodeName\"";

// Made ready once: they are asked for each pod.
static TOKENS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(TOKEN_VOLUME.as_bytes()));
static NODES: LazyLock<FinderRev<'_>> = LazyLock::new(|| FinderRev::new(NODE));

/// The texts of a glance as bytes, without the node's name and what is random in the names of volumes: no check looks
/// at the one, and of the other only the names of forbidden volumes are told.
pub(super) fn masked(texts: &[Cow<'_, str>]) -> Vec<u8> {
    let mut key = Vec::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
    for text in texts {
        let begin = key.len();
        let mut rest = text.as_bytes();
        while let Some(at) = TOKENS.find(rest) {
            let end = at + TOKEN_VOLUME.len();
            key.extend_from_slice(&rest[..end]);
            let random = rest[end..].iter().take(5);
            rest = &rest[end
                + random
                    .take_while(|byte| byte.is_ascii_alphanumeric())
                    .count()..];
        }
        key.extend_from_slice(rest);
        // Sought from the end, where it stands; what is not found is not masked.
        if let Some(at) = NODES.rfind(&key[begin..]) {
            let value = begin + at + NODE.len();
            let colon = key[value..]
                .iter()
                .take_while(|byte| b": \t\r\n".contains(byte))
                .count();
            if key.get(value + colon) == Some(&b'"') {
                let start = value + colon + 1;
                if let Some(length) = memchr::memchr2(b'"', b'\\', &key[start..]) {
                    key.drain(start..start + length);
                }
            }
        }
        key.push(0);
    }
    key
}

pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = Quick(0);
    value.hash(&mut hasher);
    hasher.finish()
}

/// A quick hash (Firefox's `FxHasher`). Whoever makes many keys with one hash gains nothing: see [`ALIKE`].
struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Four sums at once: each multiplication waits for the one before it.
        let mut sums = [0, 1, 2, 3].map(Quick);
        let (rounds, rest) = bytes.as_chunks::<32>();
        for round in rounds {
            for (sum, word) in sums.iter_mut().zip(round.as_chunks().0) {
                sum.write_u64(u64::from_le_bytes(*word));
            }
        }
        if !rounds.is_empty() {
            for sum in sums {
                self.write_u64(sum.0);
            }
        }
        let (words, rest) = rest.as_chunks();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last));
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517C_C1B7_2722_0A95);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

/// How many keys of one hash are remembered.
const ALIKE: usize = 8;

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Memory {
            verdicts: BTreeMap::new(),
        }
    }
}

impl<K: PartialEq> Memory<K> {
    pub(super) fn find(&self, hash: u64, key: &K) -> Option<Arc<Verdict>> {
        let alike = self.verdicts.get(&hash)?;
        let (_, verdict) = alike.iter().find(|(other, _)| other == key)?;
        Some(Arc::clone(verdict))
    }

    pub(super) fn remember(&mut self, hash: u64, key: K, verdict: Arc<Verdict>) {
        if self.verdicts.len() >= REMEMBERED {
            return;
        }
        let alike = self.verdicts.entry(hash).or_default();
        if alike.len() < ALIKE && !alike.iter().any(|(other, _)| *other == key) {
            alike.push((key, verdict));
        }
    }
}

impl Known {
    /// The same verdict for all that it is equal for.
    pub(super) fn share(&mut self, verdict: Verdict) -> Arc<Verdict> {
        let alike = self.verdicts.entry(hash(&verdict)).or_default();
        if let Some(other) = alike.iter().find(|other| ***other == verdict) {
            return Arc::clone(other);
        }
        let verdict = Arc::new(verdict);
        if alike.len() < ALIKE {
            alike.push(Arc::clone(&verdict));
        }
        verdict
    }

    /// What the group of a workload is found by.
    pub(super) fn key(one: &Individual<'_>, verdict: &Arc<Verdict>) -> u64 {
        hash(&(
            &one.kind,
            &one.api_version,
            &one.namespace,
            // One file has one name in memory; the same name elsewhere makes a group of its own.
            Arc::as_ptr(&one.source.file).addr(),
            one.terminated,
            Arc::as_ptr(verdict),
        ))
    }

    /// The index of the group that a workload belongs to, if there is one, and how much of its name is the group's stem.
    pub(super) fn group(
        &self,
        key: u64,
        one: &Individual<'_>,
        verdict: &Arc<Verdict>,
    ) -> Option<(u32, usize)> {
        let mut alike = self.by_hash.get(&key)?.iter().copied();
        let index = alike.find(|index| {
            let other = &self.groups[*index as usize];
            other.kind == one.kind
                && other.api_version == one.api_version
                && other.namespace.as_deref() == one.namespace.as_deref()
                && Arc::ptr_eq(&other.file, &one.source.file)
                && other.terminated == one.terminated
                && Arc::ptr_eq(&other.verdict, verdict)
        })?;
        let stem = &self.groups[index as usize].stem;
        let shared = one.name.starts_with(stem.as_str()).then_some(stem.len());
        Some((index, shared.unwrap_or_default()))
    }

    /// The same after adding the group, unless another thread has just done so.
    pub(super) fn add(
        &mut self,
        key: u64,
        one: &Individual<'_>,
        verdict: Arc<Verdict>,
    ) -> (u32, usize) {
        if let Some(known) = self.group(key, one, &verdict) {
            return known;
        }
        let index = self.groups.len() as u32;
        let alike = self.by_hash.entry(key).or_default();
        if alike.len() < ALIKE {
            alike.push(index);
        }
        let stem = stem(&one.name).to_owned();
        let shared = stem.len();
        self.groups.push(Group {
            kind: one.kind.to_string(),
            api_version: one.api_version.to_string(),
            namespace: one.namespace.as_deref().map(str::to_owned),
            file: Arc::clone(&one.source.file),
            terminated: one.terminated,
            verdict,
            stem,
        });
        (index, shared)
    }
}

/// The part of a name that the pods of one owner share: all up to the last dash, as the API server makes them.
fn stem(name: &str) -> &str {
    &name[..name.rfind('-').map_or(0, |dash| dash + 1)]
}
