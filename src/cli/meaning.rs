//! What the arguments mean to the stages.

use crate::config::Configuration;
use crate::model::attribution::Attribution;
use crate::plan::{Aim, Basis, Existing, Options, Prefer};

use super::{BasisArg, Input, Migrate, PreferArg};

impl Input {
    /// Where objects belong that name no namespace.
    pub fn attribution(&self) -> Attribution {
        match &self.default_namespace {
            Some(namespace) => Attribution {
                default_namespace: namespace.clone(),
                chosen: true,
            },
            None => Attribution::default(),
        }
    }
}

impl Migrate {
    /// What the plan is asked for, with what the configuration says where no flag does.
    pub fn options(&self, configuration: Configuration) -> Options {
        let Configuration { target, settings } = configuration;
        let excluded = settings.exclusions.iter();
        let excluded = excluded.flat_map(|exclusion| &exclusion.namespaces);
        Options {
            target: self.target_version.or(target),
            basis: self.basis.into(),
            prefer: self.prefer.into(),
            audit: self.audit.unwrap_or(Aim::Next),
            warn: self.warn.unwrap_or(Aim::Next),
            existing: match self.overwrite {
                true => Existing::Overwrite,
                false => Existing::Keep,
            },
            complete: self.complete,
            only: self.namespace.clone(),
            exclude: self
                .exclude_namespace
                .iter()
                .chain(excluded.map(|pattern| &pattern.text))
                .cloned()
                .collect(),
            settings,
        }
    }
}

impl From<BasisArg> for Basis {
    fn from(basis: BasisArg) -> Self {
        match basis {
            BasisArg::Observed => Basis::Observed,
            BasisArg::Granted => Basis::Granted,
            BasisArg::Both => Basis::Both,
        }
    }
}

impl From<PreferArg> for Prefer {
    fn from(prefer: PreferArg) -> Self {
        match prefer {
            PreferArg::Stability => Prefer::Stability,
            PreferArg::Security => Prefer::Security,
        }
    }
}
