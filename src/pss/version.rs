//! Levels and versions: parsing, order, text.
//!
//! Upstream: `k8s.io/pod-security-admission/api/helpers.go` (master at 1.37 alpha).

use std::fmt;
use std::str::FromStr;

/// A level of the Pod Security Standards; tighter is greater.
///
/// The order is of strictness, not of inclusion: a pod can satisfy `restricted` and fail `baseline`
/// (see [`crate::pss::satisfies`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No check at all.
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    /// All levels, loosest first.
    pub const ALL: [Level; 3] = [Level::Privileged, Level::Baseline, Level::Restricted];

    /// The word used in labels, messages and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no level. Displayed in upstream's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidLevel;

impl fmt::Display for InvalidLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be one of privileged, baseline, restricted")
    }
}

impl std::error::Error for InvalidLevel {}

impl FromStr for Level {
    type Err = InvalidLevel;

    /// Exact: no case folding, no trimming. What an invalid label means instead is the caller's rule.
    fn from_str(text: &str) -> Result<Self, InvalidLevel> {
        Level::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(InvalidLevel)
    }
}

/// A version of the standards: a minor release of Kubernetes, or the newest one known.
///
/// `Latest` is newer than every minor. A minor fits a signed 64-bit integer, as upstream's parser demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `v1.N`.
    Minor(u64),
    /// `latest`.
    Latest,
}

/// The newest version with a check of its own; `latest` and all later versions mean this one.
pub const NEWEST: Version = Version::Minor(37);

impl Version {
    /// Whether a revision that begins with this minor is in force at this version.
    pub(super) fn reaches(self, minor: u64) -> bool {
        self >= Version::Minor(minor)
    }

    /// The version whose rules apply: later ones than [`NEWEST`] are that one. Messages print the requested version,
    /// never this.
    pub fn effective(self) -> Version {
        self.min(NEWEST)
    }
}

impl Version {
    /// The version with the rules that it means, where these are another's: `latest (v1.37)`.
    pub fn with_rules(self) -> String {
        match self.effective() {
            rules if rules == self => self.to_string(),
            rules => format!("{self} ({rules})"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Minor(minor) => write!(f, "v1.{minor}"),
            Version::Latest => f.write_str("latest"),
        }
    }
}

/// A text that is no version. Displayed in upstream's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidVersion;

impl fmt::Display for InvalidVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"must be "latest" or "v1.x""#)
    }
}

impl std::error::Error for InvalidVersion {}

impl FromStr for Version {
    type Err = InvalidVersion;

    /// `latest`, or `v1.` and a number without sign or leading zeros that fits a signed 64-bit integer.
    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        if text == "latest" {
            return Ok(Version::Latest);
        }
        let digits = text.strip_prefix("v1.").ok_or(InvalidVersion)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(InvalidVersion);
        }
        match digits.parse::<i64>() {
            Ok(minor) => Ok(Version::Minor(minor.unsigned_abs())),
            Err(_) => Err(InvalidVersion),
        }
    }
}

/// A level at a version, printed `level:version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelVersion {
    /// The level.
    pub level: Level,
    /// The version as requested.
    pub version: Version,
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

/// A set of levels that always contains `privileged`.
///
/// The levels that a pod satisfies are a set because no level includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelSet(u8);

impl LevelSet {
    /// Only `privileged`: what every pod satisfies.
    pub const PRIVILEGED: LevelSet = LevelSet(1);
    /// All levels: what no pod at all satisfies, the start of an intersection.
    pub const ALL: LevelSet = LevelSet(0b111);

    /// This set and a level.
    #[must_use]
    pub fn with(self, level: Level) -> LevelSet {
        LevelSet(self.0 | bit(level))
    }

    /// Whether the level is in the set.
    pub fn contains(self, level: Level) -> bool {
        self.0 & bit(level) != 0
    }

    /// The levels in both sets: what two pods satisfy together.
    #[must_use]
    pub fn intersection(self, other: LevelSet) -> LevelSet {
        LevelSet(self.0 & other.0)
    }

    /// The tightest level in the set.
    pub fn tightest(self) -> Level {
        self.iter().last().unwrap_or(Level::Privileged)
    }

    /// The levels, loosest first.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL
            .into_iter()
            .filter(move |level| self.contains(*level))
    }
}

/// The bit of a level. `privileged` is bit 0, and no operation ever clears it.
fn bit(level: Level) -> u8 {
    match level {
        Level::Privileged => 1,
        Level::Baseline => 1 << 1,
        Level::Restricted => 1 << 2,
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, LevelSet, Version};

    #[test]
    fn versions_are_parsed_exactly_as_upstream_does() {
        for good in [
            "latest",
            "v1.0",
            "v1.37",
            "v1.10000",
            "v1.9223372036854775807",
        ] {
            let version: Version = good.parse().unwrap();
            assert_eq!(version.to_string(), good);
        }
        for bad in [
            "",
            "Latest",
            "1.25",
            "v1",
            "v1.",
            "v1.01",
            "v1.00",
            "v1.25.0",
            "v2.0",
            "v1.-1",
            "v1.+1",
            "v1.25 ",
            "v1.25\n",
            "v1.9223372036854775808",
            "v1.99999999999999999999999999",
            "v1.\u{0661}",
        ] {
            let error = bad.parse::<Version>().unwrap_err();
            assert_eq!(error.to_string(), r#"must be "latest" or "v1.x""#, "{bad}");
        }
    }

    #[test]
    fn latest_is_newer_than_every_minor_and_minors_compare_as_numbers() {
        assert!(Version::Latest > Version::Minor(u64::MAX));
        assert!(Version::Minor(10) > Version::Minor(9));
    }

    #[test]
    fn levels_are_parsed_without_folding_or_trimming() {
        assert_eq!("baseline".parse(), Ok(Level::Baseline));
        for bad in ["", "Baseline", "baseline ", "restrictive"] {
            let error = bad.parse::<Level>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "must be one of privileged, baseline, restricted",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_level_set_may_skip_a_level_and_never_loses_privileged() {
        let windows = LevelSet::PRIVILEGED.with(Level::Restricted);
        assert!(!windows.contains(Level::Baseline));
        assert_eq!(windows.tightest(), Level::Restricted);
        let both = windows.intersection(LevelSet::PRIVILEGED.with(Level::Baseline));
        assert_eq!(both, LevelSet::PRIVILEGED);
        assert_eq!(both.iter().collect::<Vec<_>>(), [Level::Privileged]);
        assert_eq!(LevelSet::ALL.iter().count(), 3);
    }
}
