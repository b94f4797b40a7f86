//! The plugin's answer to a request: refusal, warnings and audit annotations.
//!
//! Pods can be refused; controllers with a pod template only draw warnings and annotations; namespaces are refused for
//! invalid labels and draw warnings about their pods. The texts are upstream's. What happens to warnings on their way
//! to the client (long ones are cut) is not the plugin's doing and not done here.
//!
//! Upstream: `admission/admission.go` and `admission/response.go` (1.37).

use std::collections::BTreeMap;

use crate::model::object::ObjectMeta;
use crate::model::pod::{Container, Pod};
use crate::pss::admission::configuration::Configuration;
use crate::pss::admission::existing::{self, Limits};
use crate::pss::admission::{LabelError, Mode, Policy, aggregate, policy_of};
use crate::pss::wording::go_quoted;
use crate::pss::{Level, LevelVersion, Violation, detail, evaluate, message};

/// Audit annotation: why the request was not evaluated.
pub const EXEMPT: &str = "exempt";
/// Audit annotation: the level and version that decided.
pub const ENFORCE_POLICY: &str = "enforce-policy";
/// Audit annotation: what the audit mode found.
pub const AUDIT_VIOLATIONS: &str = "audit-violations";
/// Audit annotation: what went wrong.
pub const ERROR: &str = "error";

/// Subresources of pods that cannot change a pod in a way that matters. Any other is evaluated, unknown ones included.
const IGNORED_POD_SUBRESOURCES: [&str; 8] = [
    "exec",
    "attach",
    "binding",
    "eviction",
    "log",
    "portforward",
    "proxy",
    "status",
];

/// What the answer depends on besides the request.
#[derive(Clone, Copy)]
pub struct Cluster<'a> {
    /// How the plugin is configured.
    pub configuration: &'a Configuration,
    /// The labels of every namespace that exists.
    pub namespaces: &'a BTreeMap<String, BTreeMap<String, String>>,
    /// The pods of the namespace that a namespace request is about; `None` if they cannot be listed.
    pub pods: Option<&'a [Pod]>,
    /// How many of these pods are looked at.
    pub limits: Limits<'a>,
}

/// An admission request, as far as an answer depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is to be done.
    pub operation: Operation,
    /// API group of the resource; empty for the core group.
    pub group: &'a str,
    /// Resource, in the plural.
    pub resource: &'a str,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// Namespace; that of a namespace request is its own name.
    pub namespace: &'a str,
    /// Name; empty if the server is to generate it.
    pub name: &'a str,
    /// Who asks.
    pub user: &'a str,
    /// The object as it is to be.
    pub object: Object<'a>,
    /// The object as it was, for updates.
    pub old_object: Object<'a>,
}

/// The operation of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `CREATE`.
    Create,
    /// `UPDATE`.
    Update,
    /// Any other; the API server does not ask the plugin about these.
    Other,
}

/// The object of a request, by what the plugin can do with it.
#[derive(Debug, Clone, Copy)]
pub enum Object<'a> {
    /// None.
    Absent,
    /// One that does not decode, and why not.
    Unreadable(&'a str),
    /// A namespace.
    Namespace(&'a ObjectMeta),
    /// A pod.
    Pod(&'a Pod),
    /// The pod template of a controller. Only a ReplicationController can be without one; elsewhere an absent template
    /// is an empty pod.
    Template(Option<&'a Pod>),
    /// Something else, as `group/version, Kind=kind`.
    Other(&'a str),
}

/// The answer. Allowed unless there is a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Why the request is refused, if it is.
    pub refusal: Option<Refusal>,
    /// What the client is shown.
    pub warnings: Vec<String>,
    /// What the audit log is given, by key without the prefix `pod-security.kubernetes.io/`.
    pub audit_annotations: BTreeMap<&'static str, String>,
}

impl Response {
    fn warning(warnings: impl IntoIterator<Item = String>) -> Response {
        Response {
            warnings: warnings.into_iter().collect(),
            ..Response::default()
        }
    }

    fn annotated(key: &'static str, value: impl Into<String>) -> Response {
        Response {
            audit_annotations: BTreeMap::from([(key, value.into())]),
            ..Response::default()
        }
    }
}

/// A refusal as an API error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// Upstream's word for the status.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
}

/// What the plugin answers.
pub fn respond(cluster: &Cluster<'_>, request: &Request<'_>) -> Response {
    match (request.group, request.resource) {
        ("", "namespaces") => namespace(cluster, request),
        ("", "pods") => pod(cluster, request),
        _ => controller(cluster, request),
    }
}

/// Whether an update changes a pod so that it is evaluated again: another number of containers or init containers,
/// another image, or a new ephemeral container. Security contexts, annotations and volumes cannot change.
pub fn is_significant_update(pod: &Pod, old: &Pod) -> bool {
    let (new, old) = (&pod.spec, &old.spec);
    let differ = |new: &[Container], old: &[Container]| {
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| new.image != old.image)
    };
    let old_images: BTreeMap<&str, &str> = old
        .ephemeral_containers
        .iter()
        // Of several with the same name the first one counts, as upstream's search finds it.
        .rev()
        .map(|container| (container.name.as_str(), container.image.as_str()))
        .collect();
    differ(&new.containers, &old.containers)
        || differ(&new.init_containers, &old.init_containers)
        || new.ephemeral_containers.iter().any(|container| {
            old_images.get(container.name.as_str()) != Some(&container.image.as_str())
        })
}

fn namespace(cluster: &Cluster<'_>, request: &Request<'_>) -> Response {
    if !request.subresource.is_empty() {
        return Response::default();
    }
    let defaults = &cluster.configuration.defaults;
    let namespace = match request.object {
        Object::Namespace(metadata) => metadata,
        Object::Unreadable(why) => return bad_request("failed to decode object", Some(why)),
        Object::Absent | Object::Pod(_) | Object::Template(_) | Object::Other(_) => {
            return bad_request("failed to decode namespace", None);
        }
    };
    let (policy, errors) = policy_of(&namespace.labels, defaults);
    let is_exempt = cluster.configuration.namespaces.contains(request.namespace);
    let exempt = || Response::warning(exempt_warning(namespace, &policy, defaults));
    match request.operation {
        Operation::Create if !errors.is_empty() => invalid(request, &errors),
        Operation::Create if is_exempt => exempt(),
        Operation::Create | Operation::Other => Response::default(),
        Operation::Update => {
            let old = match request.old_object {
                Object::Namespace(metadata) => metadata,
                // The two blanks are upstream's.
                Object::Unreadable(why) => {
                    return bad_request("failed to decode  old object", Some(why));
                }
                Object::Absent | Object::Pod(_) | Object::Template(_) | Object::Other(_) => {
                    return bad_request("failed to decode  old namespace", None);
                }
            };
            let (old_policy, old_errors) = policy_of(&old.labels, defaults);
            if !errors.is_empty() && errors != old_errors {
                return invalid(request, &errors);
            }
            if !may_refuse_more(policy.enforce, old_policy.enforce) {
                return Response::default();
            }
            if is_exempt {
                return exempt();
            }
            Response::warning(pod_warnings(cluster, &namespace.name, policy.enforce))
        }
    }
}

/// Whether a new enforce level can refuse what the old one allowed. Another version is always looked at, even with a
/// looser level.
fn may_refuse_more(new: LevelVersion, old: LevelVersion) -> bool {
    let is_relaxed = new.version == old.version && new.level <= old.level;
    new.level != Level::Privileged && !is_relaxed
}

fn pod_warnings(cluster: &Cluster<'_>, namespace: &str, enforce: LevelVersion) -> Vec<String> {
    let Some(pods) = cluster.pods else {
        return vec!["failed to list pods while checking new PodSecurity enforce level".to_owned()];
    };
    existing::evaluated(
        cluster.configuration,
        cluster.limits,
        namespace,
        enforce,
        pods,
    )
}

/// That the labels of an exempt namespace have no effect, if they would have one.
fn exempt_warning(namespace: &ObjectMeta, policy: &Policy, defaults: &Policy) -> Option<String> {
    if policy.is_privileged() || policy.is_equivalent(defaults) {
        return None;
    }
    let is_labelled = |mode: &Mode| {
        [mode.level_label(), mode.version_label()]
            .into_iter()
            .any(|label| namespace.labels.contains_key(label))
    };
    let modes: Vec<String> = Mode::ALL
        .into_iter()
        .filter(|mode| policy.mode(*mode).level != Level::Privileged)
        .filter(is_labelled)
        .map(|mode| format!("{}={}", mode.as_str(), policy.mode(mode)))
        .collect();
    Some(format!(
        "namespace {} is exempt from Pod Security, and the policy ({}) will be ignored",
        go_quoted(&namespace.name),
        modes.join(", ")
    ))
}

fn pod(cluster: &Cluster<'_>, request: &Request<'_>) -> Response {
    if IGNORED_POD_SUBRESOURCES.contains(&request.subresource) {
        return Response::default();
    }
    if let Some(exempt) = exemption(cluster.configuration, request) {
        return exempt;
    }
    let Some(labels) = cluster.namespaces.get(request.namespace) else {
        let name = go_quoted(request.namespace);
        let message = format!("Internal error occurred: failed to lookup namespace {name}");
        let cause = not_found(request.namespace);
        return failure(500, "InternalError", message, Some(&cause));
    };
    let (policy, errors) = policy_of(labels, &cluster.configuration.defaults);
    if errors.is_empty() && policy.is_privileged() {
        return Response::annotated(ENFORCE_POLICY, Policy::PRIVILEGED.enforce.to_string());
    }
    let pod = match request.object {
        Object::Pod(pod) => pod,
        Object::Unreadable(why) => return bad_request("failed to decode object", Some(why)),
        Object::Absent | Object::Namespace(_) | Object::Template(_) | Object::Other(_) => {
            return bad_request("failed to decode pod", None);
        }
    };
    if request.operation == Operation::Update {
        let old = match request.old_object {
            Object::Pod(pod) => pod,
            Object::Unreadable(why) => {
                return bad_request("failed to decode old object", Some(why));
            }
            Object::Absent | Object::Namespace(_) | Object::Template(_) | Object::Other(_) => {
                return bad_request("failed to decode old pod", None);
            }
        };
        if !is_significant_update(pod, old) {
            return Response::default();
        }
    }
    if let Some(exempt) = runtime_class_exemption(cluster.configuration, pod) {
        return exempt;
    }
    let violations = violations(policy.enforce, pod);
    let refusal = (!violations.is_empty()).then(|| Refusal {
        code: 403,
        reason: "Forbidden",
        message: forbidden(request, policy.enforce, &violations),
    });
    let mut response = judged(&policy, &errors, pod);
    if refusal.is_some() {
        // A request that is refused anyway draws no warnings.
        response.warnings.clear();
    }
    response
        .audit_annotations
        .insert(ENFORCE_POLICY, policy.enforce.to_string());
    Response {
        refusal,
        ..response
    }
}

fn controller(cluster: &Cluster<'_>, request: &Request<'_>) -> Response {
    if !request.subresource.is_empty() {
        return Response::default();
    }
    if let Some(exempt) = exemption(cluster.configuration, request) {
        return exempt;
    }
    let Some(labels) = cluster.namespaces.get(request.namespace) else {
        let name = go_quoted(request.namespace);
        let cause = not_found(request.namespace);
        return Response::annotated(ERROR, format!("failed to lookup namespace {name}: {cause}"));
    };
    let (policy, errors) = policy_of(labels, &cluster.configuration.defaults);
    let looks = [policy.audit, policy.warn]
        .iter()
        .any(|policy| policy.level != Level::Privileged);
    if errors.is_empty() && !looks {
        return Response::default();
    }
    let unexpected = |kind: &str| {
        let text = format!("failed to extract pod template: unexpected object type: {kind}");
        Response::annotated(ERROR, text)
    };
    match request.object {
        Object::Pod(pod) | Object::Template(Some(pod)) => {
            runtime_class_exemption(cluster.configuration, pod)
                .unwrap_or_else(|| judged(&policy, &errors, pod))
        }
        Object::Template(None) => Response::default(),
        Object::Unreadable(why) => {
            Response::annotated(ERROR, format!("failed to decode object: {why}"))
        }
        Object::Namespace(_) => unexpected("/v1, Kind=Namespace"),
        Object::Other(kind) => unexpected(kind),
        Object::Absent => unexpected(""),
    }
}

/// What the audit and warn modes say of a pod, and what was wrong with the labels.
fn judged(policy: &Policy, errors: &[LabelError], pod: &Pod) -> Response {
    let mut response = Response::default();
    if !errors.is_empty() {
        let text = format!("Failed to parse policy: {}", aggregate(errors));
        response.audit_annotations.insert(ERROR, text);
    }
    let audit = message(policy.audit, &violations(policy.audit, pod));
    if !audit.is_empty() {
        response.audit_annotations.insert(AUDIT_VIOLATIONS, audit);
    }
    let warning = message(policy.warn, &violations(policy.warn, pod));
    if !warning.is_empty() {
        response.warnings.push(warning);
    }
    response
}

fn violations(policy: LevelVersion, pod: &Pod) -> Vec<Violation> {
    evaluate(policy.level, policy.version, pod)
}

fn exemption(configuration: &Configuration, request: &Request<'_>) -> Option<Response> {
    if configuration.namespaces.contains(request.namespace) {
        Some(Response::annotated(EXEMPT, "namespace"))
    } else if configuration.usernames.contains(request.user) {
        Some(Response::annotated(EXEMPT, "user"))
    } else {
        None
    }
}

fn runtime_class_exemption(configuration: &Configuration, pod: &Pod) -> Option<Response> {
    configuration
        .exempts_runtime_class(pod.spec.runtime_class_name.as_deref())
        .then(|| Response::annotated(EXEMPT, "runtimeClass"))
}

/// Upstream: `NewForbidden` in `k8s.io/apimachinery/pkg/api/errors`.
fn forbidden(request: &Request<'_>, enforce: LevelVersion, violations: &[Violation]) -> String {
    let name = if request.name.is_empty() {
        String::new()
    } else {
        format!(" {}", go_quoted(request.name))
    };
    format!(
        "{}{name} is forbidden: violates PodSecurity \"{enforce}\": {}",
        request.resource,
        detail(violations)
    )
}

/// Upstream: `NewInvalid` in `k8s.io/apimachinery/pkg/api/errors`.
fn invalid(request: &Request<'_>, errors: &[LabelError]) -> Response {
    let name = go_quoted(request.name);
    Response {
        refusal: Some(Refusal {
            code: 422,
            reason: "Invalid",
            message: format!("Namespace {name} is invalid: {}", aggregate(errors)),
        }),
        ..Response::default()
    }
}

fn bad_request(message: &str, cause: Option<&str>) -> Response {
    failure(400, "BadRequest", message.to_owned(), cause)
}

/// A refusal because something went wrong; the audit log also learns the cause.
fn failure(code: u16, reason: &'static str, message: String, cause: Option<&str>) -> Response {
    let text = match cause {
        Some(cause) => format!("{message}: {cause}"),
        None => message.clone(),
    };
    Response {
        refusal: Some(Refusal {
            code,
            reason,
            message,
        }),
        ..Response::annotated(ERROR, text)
    }
}

fn not_found(namespace: &str) -> String {
    format!("namespaces {} not found", go_quoted(namespace))
}
