//! What a level leaves open where a policy may have a list of its own.

use crate::model::pod::VolumeKind;
use crate::pss::checks::{
    capabilities_baseline, capabilities_restricted, restricted_volumes, sysctls,
};
use crate::pss::evaluate::active;
use crate::pss::version::{Level, Version};

/// The lists of a level at a version. `None` allows everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Capabilities that containers may add.
    pub capabilities: Option<&'static [&'static str]>,
    /// Whether every container has to drop all capabilities.
    pub drop_all: bool,
    /// Volume types that pods may use.
    pub volumes: Option<Vec<VolumeKind>>,
    /// Sysctls that pods may set.
    pub sysctls: Option<Vec<&'static str>>,
}

/// The lists of a level at a version, from the constants of the checks that are in force.
pub fn allowed(level: Level, version: Version) -> Allowed {
    let mut allowed = Allowed::default();
    for (check, revision) in active(level, version) {
        match check.id {
            "capabilities_baseline" => {
                allowed.capabilities = Some(capabilities_baseline::ALLOWED);
            }
            "capabilities_restricted" => {
                allowed.capabilities = Some(capabilities_restricted::ALLOWED);
                allowed.drop_all = true;
            }
            "hostPathVolumes" => {
                let kinds = VolumeKind::ALL.iter().copied();
                allowed.volumes = Some(kinds.filter(|k| *k != VolumeKind::HostPath).collect());
            }
            "restrictedVolumes" => allowed.volumes = Some(restricted_volumes::ALLOWED.to_vec()),
            "sysctls" => allowed.sysctls = Some(sysctls::allowed_names(revision.since).collect()),
            _ => {}
        }
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::{Allowed, allowed};
    use crate::model::pod::VolumeKind;
    use crate::pss::version::{Level, Version};

    #[test]
    fn privileged_leaves_everything_open() {
        assert_eq!(
            allowed(Level::Privileged, Version::Latest),
            Allowed::default()
        );
    }

    #[test]
    fn lists_follow_the_checks_in_force() {
        let lengths = |level, minor| {
            let allowed = allowed(level, Version::Minor(minor));
            (
                allowed.capabilities.map(<[_]>::len),
                allowed.drop_all,
                allowed.sysctls.map(|names| names.len()),
            )
        };
        assert_eq!(lengths(Level::Baseline, 0), (Some(13), false, Some(5)));
        assert_eq!(lengths(Level::Restricted, 21), (Some(13), false, Some(5)));
        assert_eq!(lengths(Level::Restricted, 22), (Some(1), true, Some(5)));
        assert_eq!(lengths(Level::Baseline, 37), (Some(13), false, Some(14)));
    }

    #[test]
    fn baseline_refuses_one_type_of_volume_and_restricted_all_but_nine() {
        let volumes = |level| allowed(level, Version::Latest).volumes.unwrap();
        assert_eq!(volumes(Level::Baseline).len() + 1, VolumeKind::ALL.len());
        assert_eq!(volumes(Level::Restricted).len(), 9);
    }
}
