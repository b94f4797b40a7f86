//! The plugin's answer to a request: refusal, warnings and audit annotations.
//!
//! Pods can be refused; controllers with a pod template only draw warnings and annotations; namespaces are refused for
//! invalid labels and draw warnings about their pods. The texts are upstream's. What happens to warnings on their way
//! to the client (long ones are cut) is not the plugin's doing and not done here.
//!
//! Upstream: `admission/admission.go` (1.37).

use std::collections::BTreeMap;

use crate::go;
use crate::model::object::ObjectMeta;
use crate::model::pod::{Container, Pod};
use crate::pss::admission::configuration::Configuration;
use crate::pss::admission::existing::{self, Limits};
use crate::pss::admission::response::{
    AUDIT_VIOLATIONS, ENFORCE_POLICY, ERROR, EXEMPT, Refusal, Response,
};
use crate::pss::admission::{LabelError, Mode, Policy, aggregate, policy_of};
use crate::pss::{Level, LevelVersion, Violation, evaluate, message};

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
    let namespace = match namespace_in(request.object, "") {
        Ok(metadata) => metadata,
        Err(refused) => return refused,
    };
    let (policy, errors) = policy_of(&namespace.labels, defaults);
    let is_exempt = cluster.configuration.namespaces.contains(request.namespace);
    let exempt = || Response::warning(exempt_warning(namespace, &policy, defaults));
    match request.operation {
        Operation::Create if !errors.is_empty() => {
            Response::refused(Refusal::invalid(request.name, &errors))
        }
        Operation::Create if is_exempt => exempt(),
        Operation::Create | Operation::Other => Response::default(),
        Operation::Update => {
            // The blank before `old` is upstream's.
            let old = match namespace_in(request.old_object, " old ") {
                Ok(metadata) => metadata,
                Err(refused) => return refused,
            };
            let (old_policy, old_errors) = policy_of(&old.labels, defaults);
            if !errors.is_empty() && errors != old_errors {
                return Response::refused(Refusal::invalid(request.name, &errors));
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

/// The metadata of a namespace, or the refusal of anything else; `old` is said before the word for it.
fn namespace_in<'a>(object: Object<'a>, old: &str) -> Result<&'a ObjectMeta, Response> {
    match object {
        Object::Namespace(metadata) => Ok(metadata),
        Object::Unreadable(why) => Err(undecodable(&format!("{old}object"), Some(why))),
        Object::Absent | Object::Pod(_) | Object::Template(_) | Object::Other(_) => {
            Err(undecodable(&format!("{old}namespace"), None))
        }
    }
}

/// Like [`namespace_in`], for pods.
fn pod_in<'a>(object: Object<'a>, old: &str) -> Result<&'a Pod, Response> {
    match object {
        Object::Pod(pod) => Ok(pod),
        Object::Unreadable(why) => Err(undecodable(&format!("{old}object"), Some(why))),
        Object::Absent | Object::Namespace(_) | Object::Template(_) | Object::Other(_) => {
            Err(undecodable(&format!("{old}pod"), None))
        }
    }
}

fn undecodable(what: &str, why: Option<&str>) -> Response {
    let refusal = Refusal::bad_request(&format!("failed to decode {what}"));
    Response::failed(refusal, why)
}

/// Whether a new enforce level can refuse what the old one allowed. Another version is always looked at, even with a
/// looser level.
pub fn may_refuse_more(new: LevelVersion, old: LevelVersion) -> bool {
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
        go::quoted(&namespace.name),
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
        let name = go::quoted(request.namespace);
        let refusal = Refusal::internal(&format!("failed to lookup namespace {name}"));
        return Response::failed(refusal, Some(&format!("namespaces {name} not found")));
    };
    let (policy, errors) = policy_of(labels, &cluster.configuration.defaults);
    if errors.is_empty() && policy.is_privileged() {
        return Response::annotated(ENFORCE_POLICY, Policy::PRIVILEGED.enforce.to_string());
    }
    let pod = match pod_in(request.object, "") {
        Ok(pod) => pod,
        Err(refused) => return refused,
    };
    if request.operation == Operation::Update {
        let old = match pod_in(request.old_object, "old ") {
            Ok(pod) => pod,
            Err(refused) => return refused,
        };
        if !is_significant_update(pod, old) {
            return Response::default();
        }
    }
    if let Some(exempt) = runtime_class_exemption(cluster.configuration, pod) {
        return exempt;
    }
    let mut response = judged(&policy, &errors, pod);
    response
        .audit_annotations
        .insert(ENFORCE_POLICY, policy.enforce.to_string());
    let violations = violations(policy.enforce, pod);
    if !violations.is_empty() {
        let refusal = Refusal::forbidden(request.name, policy.enforce, &violations);
        response.refusal = Some(refusal);
        // A request that is refused anyway draws no warnings.
        response.warnings.clear();
    }
    response
}

fn controller(cluster: &Cluster<'_>, request: &Request<'_>) -> Response {
    if !request.subresource.is_empty() {
        return Response::default();
    }
    if let Some(exempt) = exemption(cluster.configuration, request) {
        return exempt;
    }
    let Some(labels) = cluster.namespaces.get(request.namespace) else {
        let name = go::quoted(request.namespace);
        let error = format!("failed to lookup namespace {name}: namespaces {name} not found");
        return Response::annotated(ERROR, error);
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
