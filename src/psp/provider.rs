//! A policy made ready for use: rules understood, lists turned into sets.
//!
//! Upstream: `pkg/security/podsecuritypolicy/factory.go` (v1.24.7). A policy whose rules make no sense has no provider;
//! admission skips it without a word, although the API accepts most such policies.

use std::collections::BTreeSet;

use crate::model::pod::SeLinuxOptions;
use crate::model::psp::{PodSecurityPolicy, PspSpec};
use crate::psp::strategies::app_armor::Profiles as AppArmorProfiles;
use crate::psp::strategies::groups::GroupRule;
use crate::psp::strategies::run_as_user::UserRule;
use crate::psp::strategies::se_linux;
use crate::psp::strategies::seccomp::Profiles as SeccompProfiles;

/// A usable policy.
pub(crate) struct Provider<'a> {
    /// The policy, for everything that needs no preparation.
    pub(crate) spec: &'a PspSpec,
    /// `runAsUser`.
    pub(crate) run_as_user: UserRule<'a>,
    /// `runAsGroup`; absent is `RunAsAny`.
    pub(crate) run_as_group: GroupRule<'a>,
    /// `seLinux`: the options of `MustRunAs`, or `None` for `RunAsAny`.
    pub(crate) se_linux: Option<&'a SeLinuxOptions>,
    /// The AppArmor annotations.
    pub(crate) app_armor: AppArmorProfiles<'a>,
    /// The seccomp annotations.
    pub(crate) seccomp: SeccompProfiles<'a>,
    /// `fsGroup`.
    pub(crate) fs_group: GroupRule<'a>,
    /// `supplementalGroups`.
    pub(crate) supplemental_groups: GroupRule<'a>,
    /// `allowedCapabilities` and `defaultAddCapabilities`.
    pub(crate) addable_capabilities: BTreeSet<&'a str>,
}

impl<'a> Provider<'a> {
    /// Prepares a policy; the error says in upstream's words why it cannot be used.
    pub(crate) fn new(policy: &'a PodSecurityPolicy) -> Result<Self, String> {
        let spec = &policy.spec;
        let user = UserRule::parse(&spec.run_as_user);
        let group = match &spec.run_as_group {
            Some(rule) => GroupRule::parse("RunAsGroup", rule),
            None => Ok(GroupRule::RunAsAny),
        };
        let se_linux = se_linux::parse(&spec.se_linux);
        let fs = GroupRule::parse("FSGroup", &spec.fs_group);
        let supplemental = GroupRule::parse("SupplementalGroups", &spec.supplemental_groups);
        match (user, group, se_linux, fs, supplemental) {
            (Ok(user), Ok(group), Ok(se_linux), Ok(fs), Ok(supplemental)) => Ok(Provider {
                spec,
                run_as_user: user,
                run_as_group: group,
                se_linux,
                app_armor: AppArmorProfiles::of(policy),
                seccomp: SeccompProfiles::of(policy),
                fs_group: fs,
                supplemental_groups: supplemental,
                addable_capabilities: (spec.allowed_capabilities.iter())
                    .chain(&spec.default_add_capabilities)
                    .map(String::as_str)
                    .collect(),
            }),
            (user, group, se_linux, fs, supplemental) => Err(aggregate(
                [
                    user.err(),
                    group.err(),
                    se_linux.err(),
                    fs.err(),
                    supplemental.err(),
                ]
                .into_iter()
                .flatten(),
            )),
        }
    }
}

/// Several errors as one text: repetitions once, in brackets if more than one remains.
///
/// Upstream: `k8s.io/apimachinery/pkg/util/errors/errors.go` (v0.24).
fn aggregate(errors: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for error in errors {
        if !distinct.contains(&error) {
            distinct.push(error);
        }
    }
    match distinct.as_slice() {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}
