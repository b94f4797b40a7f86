//! No claim without a witness.

use super::{amount, config, fate, refusing, refusing_at_all};
use crate::policies::{self, VERSIONS, restricted, strings};
use proptest::prelude::*;
use psp2psa::mapping::{self, Control, Mapping};
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::pss::{Verdict, Version};
use rayon::prelude::*;
use serde_json::Value;

/// Everything that is wrong with the verdicts on a policy and with their witnesses.
fn faults(policy: &PodSecurityPolicy, version: Version) -> Vec<String> {
    let mapping = mapping::map(policy, version);
    let mut faults = Vec::new();
    let mut confirmed = Vec::new();
    for control in &mapping.controls {
        match confirm(policy, version, control) {
            Ok(witness) => confirmed.extend(witness),
            Err(fault) => {
                let verdict = control.exposure.verdict;
                faults.push(format!(
                    "{} at {version}, {verdict}: {fault}",
                    control.check
                ));
            }
        }
    }
    faults.extend(plain_faults(policy, version, &mapping));
    let avoidable = avoidable(&confirmed).into_iter();
    faults.extend(avoidable.map(|fault| format!("at {version}: {fault}")));
    faults
}

/// A witness that was confirmed: its check, the checks of that level that refuse it, and all that do.
type Confirmed = (&'static str, Vec<&'static str>, Vec<&'static str>);

/// Confirms the witness of a verdict, if it is to have one.
fn confirm(
    policy: &PodSecurityPolicy,
    version: Version,
    control: &Control,
) -> Result<Option<Confirmed>, String> {
    let enforced = control.exposure.verdict == Verdict::Enforced;
    let pod = match (&control.witness, enforced) {
        (None, true) => return Ok(None),
        (None, false) => return Err("no witness".to_owned()),
        (Some(pod), true) => return Err(format!("a witness: {pod}")),
        (Some(pod), false) => pod,
    };
    let stored = fate(policy, pod)
        .map_err(|error| format!("the witness is not stored, {error}: {pod}"))?
        .stored;
    let refusing = refusing(control.level, version, &stored);
    if !refusing.contains(&control.check) {
        return Err(format!(
            "the witness is refused by {refusing:?} alone: {pod}"
        ));
    }
    let all = refusing_at_all(version, &stored);
    Ok(Some((control.check, refusing, all)))
}

/// What the verdicts say of plain pods.
fn plain_faults(policy: &PodSecurityPolicy, version: Version, mapping: &Mapping) -> Vec<String> {
    let (plain, level) = (mapping::plain_pod(policy), mapping.level);
    let Some(plain) = plain else {
        let fault = level.map(|level| format!("{level}, but no plain pod is stored"));
        return fault.into_iter().collect();
    };
    if level.is_none() {
        return vec![format!(
            "no level ({}), but stored: {plain}",
            mapping.no_level
        )];
    }
    let stored = fate(policy, &plain).map(|fate| fate.stored);
    let refusing = stored.map(|stored| refusing_at_all(version, &stored));
    let Ok(refusing) = refusing else {
        return vec![format!("the plain pod is not stored: {plain}")];
    };
    let wrong = |(check, verdict): (&str, Verdict)| {
        let refused = refusing.contains(&check);
        let expected = match verdict {
            Verdict::Imposed | Verdict::Unset => true,
            Verdict::Escapable | Verdict::Silent | Verdict::Uncontrolled | Verdict::Enforced => {
                false
            }
            // Whether plain pods fail too is another question.
            Verdict::Granted => refused,
        };
        (refused != expected).then(|| format!("{check} at {version}, {verdict}, but: {plain}"))
    };
    let controls = mapping.controls.iter();
    controls
        .map(|control| (control.check, control.exposure.verdict))
        .filter_map(wrong)
        .collect()
}

/// Witnesses that fail a check which others do not, without need.
fn avoidable(confirmed: &[Confirmed]) -> Vec<String> {
    let mut faults = Vec::new();
    for (check, own, _) in confirmed {
        for other in own.iter().filter(|other| *other != check) {
            let mut elsewhere = confirmed
                .iter()
                .filter(|(id, ..)| id != other && id != check);
            let avoided = elsewhere.any(|(_, _, all)| !all.contains(other));
            if avoided && !NEEDED.contains(&(check, other)) {
                faults.push(format!("the witness of {check} fails {other} too"));
            }
        }
    }
    faults
}

/// Pairs of a check and another one of the same level that has to be failed with it: host processes need the host's
/// network, and `CAP_SYS_ADMIN` the gain of privileges.
const NEEDED: &[(&str, &str)] = &[
    ("windowsHostProcess", "hostNamespaces"),
    ("capabilities_restricted", "allowPrivilegeEscalation"),
];

/// `versions` are those for the policy at each index.
#[track_caller]
fn all_have_witnesses(
    policies: &[PodSecurityPolicy],
    versions: impl Fn(usize) -> Vec<Version> + Sync,
) {
    let of = |(index, policy): (usize, &PodSecurityPolicy)| -> Vec<String> {
        let faults = versions(index)
            .into_iter()
            .flat_map(|version| faults(policy, version));
        let text = |fault| {
            format!(
                "{}: {fault}\n  {:?} {:?}",
                policy.name, policy.annotations, policy.spec
            )
        };
        faults.map(text).collect()
    };
    let faults: Vec<String> = policies.par_iter().enumerate().flat_map_iter(of).collect();
    let shown = &faults[..faults.len().min(5)];
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        shown.join("\n\n")
    );
}

#[test]
fn every_claim_about_the_policies_of_the_cluster_has_a_witness() {
    let policies = policies::of_the_cluster();
    assert!(policies.len() > 5);
    all_have_witnesses(&policies, |_| VERSIONS.to_vec());
}

/// By default each policy at two versions, all of them in turn.
#[test]
fn every_claim_about_the_policies_of_the_vectors_has_a_witness() {
    let policies = policies::of_the_vectors();
    assert!(policies.len() > 1000);
    let several = amount(2, 10) as usize;
    all_have_witnesses(&policies, |index| {
        let from = VERSIONS.iter().cycle().skip(index % VERSIONS.len());
        from.step_by(VERSIONS.len() / several)
            .take(several)
            .copied()
            .collect()
    });
}

proptest! {
    #![proptest_config(config(amount(150, 20_000)))]

    #[test]
    fn every_claim_about_generated_policies_has_a_witness(policy in policies::valid_policies()) {
        for version in VERSIONS {
            prop_assert_eq!(faults(&policy, version), Vec::<String>::new());
        }
    }
}

/// Every item that a list of a policy may have, each in a policy of its own: a witness names it.
#[test]
fn every_kind_of_permission_has_a_witness() {
    let volumes = [
        "azureFile",
        "flocker",
        "flexVolume",
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "cinder",
        "cephFS",
        "fc",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "storageos",
        "portworxVolume",
        "scaleIO",
    ];
    for volume in volumes {
        let policy = restricted(|p| p.spec.volumes = strings(&["secret", volume]));
        let field = if volume == "cephFS" { "cephfs" } else { volume };
        let witness = witness(&policy, "restrictedVolumes");
        assert!(
            witness["spec"]["volumes"][0].get(field).is_some(),
            "{volume}: {witness}"
        );
    }
    for capability in ["CHOWN", "NET_RAW", "ALL", "CAP_NET_ADMIN", "net_raw"] {
        let policy = restricted(|p| {
            p.spec.required_drop_capabilities.clear();
            p.spec.allowed_capabilities = strings(&[capability]);
        });
        let witness = witness(&policy, "capabilities_restricted");
        let added = &witness["spec"]["containers"][0]["securityContext"]["capabilities"]["add"];
        assert_eq!(added, &serde_json::json!([capability]));
    }
    for (item, named) in [
        ("kernel.msg*", "kernel.msgmax"),
        ("*", "kernel.msgmax"),
        ("net.core.somaxconn", "net.core.somaxconn"),
        ("net.ipv4.tcp_syncookies*", "net.ipv4.tcp_syncookiesx"),
        ("vm.*", "vm.x"),
    ] {
        let policy = restricted(|p| p.spec.allowed_unsafe_sysctls = strings(&[item]));
        let witness = witness(&policy, "sysctls");
        assert_eq!(
            witness["spec"]["securityContext"]["sysctls"][0]["name"],
            named
        );
    }
}

#[track_caller]
fn witness(policy: &PodSecurityPolicy, check: &str) -> Value {
    assert_eq!(faults(policy, Version::Latest), Vec::<String>::new());
    mapping::witness(policy, check, Version::Latest).expect("a witness")
}
