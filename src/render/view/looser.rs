//! Where more is admitted than today: what the policies of the workloads forbade and the new level does not; everything,
//! where nothing runs and no level refuses anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::render::json::v1::{MigrationReport, Namespace, Policy};

use super::Index;
use super::accept::{self, NamespaceLink};
use super::words::{self, Tag};

/// Namespaces that a row names.
const NAMED: usize = 10;
/// Rights that a row names.
const RIGHTS: usize = 3;

/// Namespaces with the same policies, the same level and the same rights to gain.
#[derive(Serialize)]
pub(super) struct Looser<'a> {
    names: Vec<NamespaceLink<'a>>,
    /// How many names are left out, as a phrase; empty if none.
    more: String,
    /// Those that admit its workloads.
    policies: String,
    level: Tag<'a>,
    /// What becomes possible, most telling first.
    rights: String,
    /// The finding that tells all of it; empty if there is none.
    href: String,
}

/// What a line about checks begins with. They are told by their level where the policy has a tighter one.
const CHECKS: &str = "checks that no pod under the policy failed";

/// What a field of a policy restricts, as what becomes possible without it, most telling first.
const RIGHTS_BY_FIELD: [(&str, &str); 19] = [
    (CHECKS, "what checks of tighter levels refuse"),
    ("spec.allowedHostPaths", "any path of a node"),
    ("spec.hostPorts", "any port of a node"),
    ("spec.allowedCapabilities", "more capabilities"),
    (
        "spec.requiredDropCapabilities",
        "capabilities that had to be dropped",
    ),
    ("spec.allowedUnsafeSysctls", "more sysctls"),
    ("spec.forbiddenSysctls", "more sysctls"),
    ("spec.volumes", "more types of volume"),
    ("spec.allowedFlexVolumes", "any flex volume driver"),
    ("spec.allowedCSIDrivers", "any CSI driver"),
    ("spec.runAsUser.ranges", "any user id"),
    ("spec.runAsGroup.ranges", "any group id"),
    (
        "spec.supplementalGroups.ranges",
        "any supplemental group id",
    ),
    ("spec.fsGroup.ranges", "any file system group id"),
    (
        "spec.readOnlyRootFilesystem",
        "writing to the root file system",
    ),
    ("spec.seLinux.seLinuxOptions", "other SELinux options"),
    (
        "spec.runtimeClass.allowedRuntimeClassNames",
        "any runtime class",
    ),
    (
        "metadata.annotations[seccomp",
        "other seccomp profiles, or none",
    ),
    (
        "metadata.annotations[apparmor",
        "other AppArmor profiles, or none",
    ),
];

/// What findings tell of one namespace.
#[derive(Default)]
struct Lost<'a> {
    /// Positions in [`RIGHTS_BY_FIELD`].
    rights: BTreeSet<usize>,
    /// The first of the findings.
    finding: Option<&'a str>,
}

/// The rows, loosest level first; none without policies.
pub(super) fn looser<'a>(index: &Index<'a>) -> Vec<Looser<'a>> {
    let report = index.report;
    if report.policies.is_empty() {
        return Vec::new();
    }
    let lost = lost(report);
    let levels: BTreeMap<&str, Option<&str>> = report
        .policies
        .iter()
        .map(|Policy { name, level, .. }| (name.as_str(), level.as_deref()))
        .collect();
    let mut rows: BTreeMap<(u8, String, String), (Looser, Vec<&str>)> = BTreeMap::new();
    for namespace in &report.namespaces {
        let level = level(namespace);
        let policies = policies(namespace);
        let lost = lost.get(namespace.name.as_str());
        let tightest = policies
            .iter()
            .filter_map(|policy| levels.get(policy).copied().flatten())
            .max_by_key(|level| words::level(Some(level), "").rank);
        let refused =
            tightest.filter(|tightest| words::level(Some(tightest), "").rank > level.rank);
        let rights = match opens(namespace, &level) {
            true => vec!["everything".to_owned()],
            false => rights(&level, refused, lost),
        };
        if rights.is_empty() {
            continue;
        }
        let policies = list(policies);
        let key = (level.rank, policies.clone(), rights.join("\n"));
        let finding = lost.and_then(|lost| lost.finding);
        let (_, names) = rows.entry(key).or_insert_with(|| {
            let row = Looser {
                names: Vec::new(),
                more: String::new(),
                policies,
                level,
                rights: words::some(&rights, RIGHTS),
                href: finding.map_or_else(String::new, |id| index.anchors.findings.href(id)),
            };
            (row, Vec::new())
        });
        names.push(&namespace.name);
    }
    let rows = rows.into_values().map(|(row, names)| Looser {
        more: words::more(names.len(), NAMED),
        names: names
            .into_iter()
            .take(NAMED)
            .map(|name| accept::link(name, &index.anchors))
            .collect(),
        ..row
    });
    rows.collect()
}

/// What the findings tell, by namespace.
fn lost(report: &MigrationReport) -> BTreeMap<&str, Lost<'_>> {
    let mut lost: BTreeMap<&str, Lost> = BTreeMap::new();
    for finding in &report.findings {
        if !matches!(
            finding.code.as_str(),
            "restriction-lost" | "looser-than-policies"
        ) {
            continue;
        }
        let fields = finding.evidence.iter().filter_map(|line| position(line));
        let fields: BTreeSet<usize> = fields.collect();
        for namespace in finding
            .places
            .iter()
            .filter_map(|place| place.namespace.as_deref())
        {
            let lost = lost.entry(namespace).or_default();
            lost.rights.extend(&fields);
            lost.finding.get_or_insert(&finding.id);
        }
    }
    lost
}

/// The level that is enforced in the end.
fn level(namespace: &Namespace) -> Tag<'_> {
    let later = namespace.enforce_after_bypass.as_deref();
    words::level(later.or(namespace.enforce.as_deref()), "no label")
}

/// Whether nothing is refused any more. Where workloads run under a policy, it is said what of it is lost; where none do,
/// no policy is what the namespace goes by today, and whatever none allowed was refused.
fn opens(namespace: &Namespace, level: &Tag) -> bool {
    match level.key {
        "none" => true,
        "privileged" => namespace.workloads.is_empty(),
        _ => false,
    }
}

/// The policies that admit its workloads.
fn policies(namespace: &Namespace) -> BTreeSet<&str> {
    let workloads = namespace.workloads.iter();
    workloads
        .filter_map(|workload| workload.policy.as_deref())
        .collect()
}

fn list(policies: BTreeSet<&str>) -> String {
    let policies: Vec<String> = policies
        .into_iter()
        .map(|name| words::shorten(name, 63))
        .collect();
    words::some(&policies, NAMED)
}

/// What becomes possible. `refused` is the level of a policy, if that is tighter than the new one.
fn rights(level: &Tag, refused: Option<&str>, lost: Option<&Lost>) -> Vec<String> {
    let refused =
        refused.map(|refused| format!("what {refused} refuses and {} does not", level.word));
    let is_new = |position: &&usize| refused.is_none() || RIGHTS_BY_FIELD[**position].0 != CHECKS;
    let lost = lost.into_iter().flat_map(|lost| &lost.rights);
    let lost: Vec<&usize> = lost.filter(is_new).collect();
    let mut rights: Vec<String> = refused.into_iter().collect();
    for position in lost {
        let right = RIGHTS_BY_FIELD[*position].1;
        if rights.last().is_none_or(|last| last != right) {
            rights.push(right.to_owned());
        }
    }
    rights
}

/// The position in [`RIGHTS_BY_FIELD`] of the field that a line of evidence begins with.
fn position(line: &str) -> Option<usize> {
    RIGHTS_BY_FIELD
        .iter()
        .position(|(field, _)| line.starts_with(field))
}
