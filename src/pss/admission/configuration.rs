//! The plugin's configuration file, understood: default policy and exemptions, or what is wrong with it.
//!
//! Upstream: `admission/api/helpers.go` for the defaults, `admission/api/validation` for the exemptions, and the
//! messages of `k8s.io/apimachinery` (1.37).

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use crate::go;
use crate::model::admission::{DecodeError, Exemptions, PodSecurityConfiguration};
use crate::model::{has_dns_label_form, has_dns_subdomain_form};
use crate::pss::admission::Policy;
use crate::pss::{Level, LevelVersion, Version};

/// What the plugin was configured to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// What namespaces without labels get.
    pub defaults: Policy,
    /// Namespaces whose pods, controllers and labels are not looked at.
    pub namespaces: BTreeSet<String>,
    /// Users whose pods and controllers are not looked at.
    pub usernames: BTreeSet<String>,
    /// Runtime classes whose pods are not looked at.
    pub runtime_classes: BTreeSet<String>,
}

impl Configuration {
    /// What a plugin without a configuration file does: everything privileged, nothing exempt.
    pub const NONE: Configuration = Configuration {
        defaults: Policy::PRIVILEGED,
        namespaces: BTreeSet::new(),
        usernames: BTreeSet::new(),
        runtime_classes: BTreeSet::new(),
    };

    /// Whether the pods of a runtime class are exempt. Names match exactly, and "no runtime class" never does.
    pub fn exempts_runtime_class(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.runtime_classes.contains(name))
    }
}

/// Understands a configuration, or gives upstream's sentences about it ([`super::aggregate`] joins them). Exemptions
/// are looked at only if the defaults are right.
pub fn understand(written: &PodSecurityConfiguration) -> Result<Configuration, Vec<String>> {
    let mut errors = Vec::new();
    let defaults = &written.defaults;
    let policy = Policy {
        enforce: LevelVersion {
            level: parsed("enforce", &defaults.enforce, Level::Restricted, &mut errors),
            version: parsed(
                "enforce-version",
                &defaults.enforce_version,
                Version::Latest,
                &mut errors,
            ),
        },
        audit: LevelVersion {
            level: parsed("audit", &defaults.audit, Level::Restricted, &mut errors),
            version: parsed(
                "audit-version",
                &defaults.audit_version,
                Version::Latest,
                &mut errors,
            ),
        },
        warn: LevelVersion {
            level: parsed("warn", &defaults.warn, Level::Restricted, &mut errors),
            version: parsed(
                "warn-version",
                &defaults.warn_version,
                Version::Latest,
                &mut errors,
            ),
        },
    };
    if errors.is_empty() {
        errors = exemption_errors(&written.exemptions);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let set = |names: &[String]| names.iter().cloned().collect();
    Ok(Configuration {
        defaults: policy,
        namespaces: set(&written.exemptions.namespaces),
        usernames: set(&written.exemptions.usernames),
        runtime_classes: set(&written.exemptions.runtime_classes),
    })
}

/// Upstream's sentence about a document that does not decode.
///
/// Where it quotes the whole file (a missing `kind` or `apiVersion`), ours ends before the quotation.
pub fn decode_error(error: &DecodeError) -> String {
    match error {
        DecodeError::NotAnObject(found) => format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {found} into Go value of type \
             struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
             Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        ),
        DecodeError::MissingKind => "Object 'Kind' is missing".to_owned(),
        DecodeError::MissingApiVersion => "Object 'apiVersion' is missing".to_owned(),
        DecodeError::ApiVersion(text) => format!("unexpected GroupVersion string: {text}"),
        DecodeError::Unregistered { kind, api_version } => format!(
            "no kind {} is registered for version {} in scheme \
             \"k8s.io/pod-security-admission/admission/api/scheme/scheme.go:31\"",
            go::quoted(kind),
            go::quoted(api_version)
        ),
        DecodeError::Type {
            found,
            structure,
            field,
            expected,
        } => {
            let during = if structure.is_empty() {
                "couldn't get version/kind; json parse error: "
            } else {
                ""
            };
            format!(
                "{during}json: cannot unmarshal {found} into Go struct field {structure}.{field} of type {expected}"
            )
        }
        DecodeError::UnknownFields(paths) => {
            let errors: Vec<String> = paths
                .iter()
                .map(|path| format!("unknown field {}", go::quoted(path)))
                .collect();
            format!("strict decoding error: {}", errors.join(", "))
        }
    }
}

/// A default; a text that does not parse is an error, and then the value does not matter.
fn parsed<T>(field: &str, text: &str, otherwise: T, errors: &mut Vec<String>) -> T
where
    T: FromStr<Err: Display>,
{
    text.parse().unwrap_or_else(|error| {
        errors.push(format!("{field}: {error}"));
        otherwise
    })
}

/// What is wrong with the exemptions: malformed names first, and repetitions of well-formed ones.
fn exemption_errors(exemptions: &Exemptions) -> Vec<String> {
    let invalid = |name: &str, problems: Vec<String>| {
        (!problems.is_empty()).then(|| {
            let name = go::quoted(name);
            format!("Invalid value: {name}: {}", problems.join(", "))
        })
    };
    let mut errors = list_errors("namespaces", &exemptions.namespaces, |name| {
        invalid(name, label_problems(name))
    });
    errors.extend(list_errors(
        "runtimeClasses",
        &exemptions.runtime_classes,
        |name| invalid(name, subdomain_problems(name)),
    ));
    errors.extend(list_errors("usernames", &exemptions.usernames, |name| {
        name.is_empty().then(|| "Required value".to_owned())
    }));
    errors
}

fn list_errors(
    list: &str,
    names: &[String],
    problem: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut valid = BTreeSet::new();
    let mut errors = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let problem = problem(name).or_else(|| {
            let repeated = !valid.insert(name);
            repeated.then(|| format!("Duplicate value: {}", go::quoted(name)))
        });
        if let Some(problem) = problem {
            errors.push(format!("exemptions.{list}[{index}]: {problem}"));
        }
    }
    errors
}

/// Why a name is no DNS label (RFC 1123). Lengths are in bytes.
fn label_problems(name: &str) -> Vec<String> {
    let mut problems = too_long(name, 63);
    if has_dns_label_form(name) {
        return problems;
    }
    problems.push(if has_dns_subdomain_form(name) {
        "must not contain dots".to_owned()
    } else {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
         with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    });
    problems
}

/// Why a name is no DNS subdomain (RFC 1123). Lengths are in bytes.
fn subdomain_problems(name: &str) -> Vec<String> {
    let mut problems = too_long(name, 253);
    if !has_dns_subdomain_form(name) {
        problems.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    problems
}

fn too_long(name: &str, limit: usize) -> Vec<String> {
    if name.len() > limit {
        vec![format!("must be no more than {limit} characters")]
    } else {
        Vec::new()
    }
}
