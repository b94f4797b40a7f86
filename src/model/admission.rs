//! PodSecurityConfiguration: the defaults and exemptions of the admission plugin, as written.
//!
//! Decoding is as strict as the plugin's: an unknown field, a wrong case or a wrong type refuses the whole
//! configuration. Levels, versions and names stay texts here; what they mean, and every sentence about a mistake, is
//! [`crate::pss::admission::configuration`]'s.
//!
//! Upstream: `k8s.io/pod-security-admission/admission/api/{load,v1}` and `sigs.k8s.io/json` (1.37).

use serde_json::{Map, Value};

/// The API group of the configuration.
const GROUP: &str = "pod-security.admission.config.k8s.io";

/// The versions of that group, which do not differ.
const VERSIONS: [&str; 3] = ["v1", "v1beta1", "v1alpha1"];

/// `kind: PodSecurityConfiguration`. The default is what the plugin does without any configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSecurityConfiguration {
    /// `defaults`: what a namespace without labels means.
    pub defaults: Defaults,
    /// `exemptions`: what is not looked at.
    pub exemptions: Exemptions,
}

/// `defaults`. Absent and empty texts are already replaced by `privileged` and `latest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// `enforce`.
    pub enforce: String,
    /// `enforce-version`.
    pub enforce_version: String,
    /// `audit`.
    pub audit: String,
    /// `audit-version`.
    pub audit_version: String,
    /// `warn`.
    pub warn: String,
    /// `warn-version`.
    pub warn_version: String,
}

impl Default for Defaults {
    fn default() -> Self {
        let level = || "privileged".to_owned();
        let version = || "latest".to_owned();
        Defaults {
            enforce: level(),
            enforce_version: version(),
            audit: level(),
            audit_version: version(),
            warn: level(),
            warn_version: version(),
        }
    }
}

/// `exemptions`, in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// `usernames`.
    pub usernames: Vec<String>,
    /// `runtimeClasses`.
    pub runtime_classes: Vec<String>,
    /// `namespaces`.
    pub namespaces: Vec<String>,
}

/// Why a document is no PodSecurityConfiguration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The document is not a mapping but this JSON type.
    NotAnObject(&'static str),
    /// `kind` is absent or empty.
    MissingKind,
    /// `apiVersion` is absent or names no version.
    MissingApiVersion,
    /// `apiVersion` has more than one slash.
    ApiVersion(String),
    /// No such kind in that version.
    Unregistered {
        /// `kind` as written.
        kind: String,
        /// `apiVersion` as written.
        api_version: String,
    },
    /// A value of the wrong type; the first one in the order of keys.
    Type {
        /// The JSON type found.
        found: &'static str,
        /// The upstream structure that has the field; empty for `apiVersion` and `kind`.
        structure: &'static str,
        /// Path of the field; list indices are left out.
        field: String,
        /// The upstream type expected.
        expected: String,
    },
    /// Fields that the structure does not have, as paths in the order of keys.
    UnknownFields(Vec<String>),
}

/// Reads the first document of a configuration file. An absent document is
/// [`PodSecurityConfiguration::default`], and repeated keys are the reader's to refuse.
pub fn decode(document: &Value) -> Result<PodSecurityConfiguration, DecodeError> {
    let version = registered_version(document)?;
    let mut unknown = Vec::new();
    let mut configuration = PodSecurityConfiguration::default();
    for (key, value) in document.as_object().into_iter().flatten() {
        match key.as_str() {
            "apiVersion" | "kind" => {}
            "defaults" => {
                let fields = structure(value, version, "defaults", "PodSecurityDefaults")?;
                configuration.defaults = defaults(fields, &mut unknown)?;
            }
            "exemptions" => {
                let fields = structure(value, version, "exemptions", "PodSecurityExemptions")?;
                configuration.exemptions = exemptions(fields, &mut unknown)?;
            }
            _ => unknown.push(key.clone()),
        }
    }
    if unknown.is_empty() {
        Ok(configuration)
    } else {
        Err(DecodeError::UnknownFields(unknown))
    }
}

/// The version of the configuration's group, if the document is of the right kind.
fn registered_version(document: &Value) -> Result<&str, DecodeError> {
    if !matches!(document, Value::Null | Value::Object(_)) {
        return Err(DecodeError::NotAnObject(json_type(document)));
    }
    let field = |name| {
        document
            .get(name)
            .map_or(Ok(""), |value| text(value, "", name))
    };
    let api_version = field("apiVersion")?;
    let kind = field("kind")?;
    let (group, version) = match api_version.split_once('/') {
        None => ("", api_version),
        Some((_, version)) if version.contains('/') => {
            return Err(DecodeError::ApiVersion(api_version.to_owned()));
        }
        Some(pair) => pair,
    };
    if kind.is_empty() {
        return Err(DecodeError::MissingKind);
    }
    if version.is_empty() {
        return Err(DecodeError::MissingApiVersion);
    }
    if group == GROUP && VERSIONS.contains(&version) && kind == "PodSecurityConfiguration" {
        Ok(version)
    } else {
        Err(DecodeError::Unregistered {
            kind: kind.to_owned(),
            api_version: api_version.to_owned(),
        })
    }
}

fn defaults(
    fields: Option<&Map<String, Value>>,
    unknown: &mut Vec<String>,
) -> Result<Defaults, DecodeError> {
    let mut defaults = Defaults::default();
    for (key, value) in fields.into_iter().flatten() {
        let slot = match key.as_str() {
            "enforce" => &mut defaults.enforce,
            "enforce-version" => &mut defaults.enforce_version,
            "audit" => &mut defaults.audit,
            "audit-version" => &mut defaults.audit_version,
            "warn" => &mut defaults.warn,
            "warn-version" => &mut defaults.warn_version,
            _ => {
                unknown.push(format!("defaults.{key}"));
                continue;
            }
        };
        let written = text(value, "PodSecurityDefaults", &format!("defaults.{key}"))?;
        if !written.is_empty() {
            written.clone_into(slot);
        }
    }
    Ok(defaults)
}

fn exemptions(
    fields: Option<&Map<String, Value>>,
    unknown: &mut Vec<String>,
) -> Result<Exemptions, DecodeError> {
    let mut exemptions = Exemptions::default();
    for (key, value) in fields.into_iter().flatten() {
        let slot = match key.as_str() {
            "usernames" => &mut exemptions.usernames,
            "runtimeClasses" => &mut exemptions.runtime_classes,
            "namespaces" => &mut exemptions.namespaces,
            _ => {
                unknown.push(format!("exemptions.{key}"));
                continue;
            }
        };
        *slot = texts(value, "PodSecurityExemptions", &format!("exemptions.{key}"))?;
    }
    Ok(exemptions)
}

/// The fields of a structure; `null` has none.
fn structure<'a>(
    value: &'a Value,
    version: &str,
    field: &str,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, DecodeError> {
    match value {
        Value::Null => Ok(None),
        Value::Object(fields) => Ok(Some(fields)),
        other => Err(DecodeError::Type {
            found: json_type(other),
            structure: "PodSecurityConfiguration",
            field: field.to_owned(),
            expected: format!("{version}.{name}"),
        }),
    }
}

/// A list of texts; `null` is empty, and a `null` element is an empty text.
fn texts(value: &Value, structure: &'static str, field: &str) -> Result<Vec<String>, DecodeError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .iter()
            .map(|item| text(item, structure, field).map(str::to_owned))
            .collect(),
        other => Err(DecodeError::Type {
            found: json_type(other),
            structure,
            field: field.to_owned(),
            expected: "[]string".to_owned(),
        }),
    }
}

/// A text; `null` is empty.
fn text<'a>(
    value: &'a Value,
    structure: &'static str,
    field: &str,
) -> Result<&'a str, DecodeError> {
    match value {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text),
        other => Err(DecodeError::Type {
            found: json_type(other),
            structure,
            field: field.to_owned(),
            expected: "string".to_owned(),
        }),
    }
}

/// Go's word for the JSON type of a value.
fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
