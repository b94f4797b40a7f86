//! Who asks, and whom a binding names.
//!
//! Upstream: `appliesToUser` in `pkg/registry/rbac/validation/rule.go` and
//! `staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go` (v1.24).

use std::borrow::Cow;
use std::fmt;

use crate::model::decode;
use crate::model::object::OwnerReference;
use crate::model::role::{self, Binding};
use crate::model::workload;

const ACCOUNT: &str = "system:serviceaccount:";
const ACCOUNTS: &str = "system:serviceaccounts";
const ACCOUNTS_OF: &str = "system:serviceaccounts:";
const AUTHENTICATED: &str = "system:authenticated";
const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";
const MASTERS: &str = "system:masters";
const NODE: &str = "system:node:";
const NODES: &str = "system:nodes";

/// The namespace of the workload controllers.
pub(super) const KUBE_SYSTEM: &str = "kube-system";

/// Which controller creates the pods of a kind. Those of a Deployment are its ReplicaSet's, those of a
/// CronJob its Job's.
const CONTROLLERS: [(&str, &str); 7] = [
    ("CronJob", "job-controller"),
    ("DaemonSet", "daemon-set-controller"),
    ("Deployment", "replicaset-controller"),
    ("Job", "job-controller"),
    ("ReplicaSet", "replicaset-controller"),
    ("ReplicationController", "replication-controller"),
    ("StatefulSet", "statefulset-controller"),
];

/// Somebody who makes a request. Groups are literal: none is added when a question is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// User name.
    pub user: String,
    /// Groups.
    pub groups: Vec<String>,
}

impl Identity {
    /// A service account as pod admission makes it up: with its two groups, and without
    /// `system:authenticated`, which only a real request carries.
    pub fn account(namespace: &str, name: &str) -> Self {
        Identity {
            user: account_user(namespace, name),
            groups: vec![ACCOUNTS.to_owned(), format!("{ACCOUNTS_OF}{namespace}")],
        }
    }

    /// The controller that creates the pods of a workload of this kind, as an authenticated requester with
    /// credentials of its own; `None` where none of Kubernetes' own does.
    pub fn controller(kind: &str) -> Option<Self> {
        let (_, name) = CONTROLLERS.iter().find(|(of, _)| *of == kind)?;
        let mut identity = Identity::account(KUBE_SYSTEM, name);
        identity.groups.push(AUTHENTICATED.to_owned());
        Some(identity)
    }

    /// The controller of Kubernetes' own that stands behind an owner of a pod; `None` where there is none. `apiVersion`
    /// tells a Job from Volcano's; the server requires it, but people cut manifests.
    pub fn owner(owner: &OwnerReference) -> Option<Self> {
        let group = decode::group(&owner.api_version);
        let own = owner.api_version.is_empty() || workload::is_known(group, &owner.kind);
        Identity::controller(&owner.kind).filter(|_| own)
    }

    /// The kubelet of a node, which creates the mirrors of its static pods.
    pub fn kubelet(node: &str) -> Self {
        Identity {
            user: format!("{NODE}{node}"),
            groups: vec![NODES.to_owned(), AUTHENTICATED.to_owned()],
        }
    }

    /// User names of whatever creates pods for Kubernetes' own workloads: the controllers, and the controller manager
    /// where they have no credentials of their own. Sorted.
    pub fn controllers() -> Vec<String> {
        let mut users: Vec<String> = CONTROLLERS
            .iter()
            .map(|(_, name)| account_user(KUBE_SYSTEM, name))
            .collect();
        users.push(CONTROLLER_MANAGER.to_owned());
        users.sort();
        users.dedup();
        users
    }

    /// Whether everything is allowed, whatever the roles say: membership of `system:masters`.
    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }

    /// The keys of all subjects that apply.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        let groups = self.groups.iter().map(|group| Key::Group(group));
        std::iter::once(Key::User(Cow::Borrowed(&self.user))).chain(groups)
    }
}

/// A kind of subject that the authorizer knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A user by name, which may be that of a service account.
    User,
    /// A group.
    Group,
    /// A service account.
    ServiceAccount,
}

impl SubjectKind {
    /// The kind as manifests spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            SubjectKind::User => "User",
            SubjectKind::Group => "Group",
            SubjectKind::ServiceAccount => "ServiceAccount",
        }
    }
}

/// Whom a binding names. What it means is [`Subject::class`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject<'a> {
    /// The kind as written.
    pub kind: SubjectKind,
    /// Of a ServiceAccount, its namespace, where the binding's fills in for a missing one; else `None`.
    pub namespace: Option<&'a str>,
    /// Name.
    pub name: &'a str,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "{} \"{namespace}/{}\"", self.kind.as_str(), self.name),
            None => write!(f, "{} \"{}\"", self.kind.as_str(), self.name),
        }
    }
}

/// Why a subject never applies to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inert {
    /// The kind is none of `User`, `Group` and `ServiceAccount`.
    UnknownKind,
    /// A ServiceAccount in a ClusterRoleBinding names no namespace.
    NoNamespace,
}

/// Reads a subject as the authorizer does.
pub(super) fn read<'a>(
    binding: &'a Binding,
    subject: &'a role::Subject,
) -> Result<Subject<'a>, Inert> {
    let (kind, namespace) = match subject.kind.as_str() {
        "User" => (SubjectKind::User, None),
        "Group" => (SubjectKind::Group, None),
        "ServiceAccount" => {
            let own = (!subject.namespace.is_empty()).then_some(subject.namespace.as_str());
            let namespace = own
                .or(binding.namespace.as_deref())
                .ok_or(Inert::NoNamespace)?;
            (SubjectKind::ServiceAccount, Some(namespace))
        }
        _ => return Err(Inert::UnknownKind),
    };
    Ok(Subject {
        kind,
        namespace,
        name: &subject.name,
    })
}

impl<'a> Subject<'a> {
    /// Whether the subject is this somebody, or a group of theirs.
    pub fn applies_to(&self, identity: &Identity) -> bool {
        let own = self.key();
        identity.keys().any(|key| key == own)
    }

    /// What the subject means, however it is written.
    pub fn class(&self) -> SubjectClass<'a> {
        match self.kind {
            SubjectKind::ServiceAccount => {
                account_class(self.namespace.unwrap_or_default(), self.name)
            }
            SubjectKind::User => user_class(self.name),
            SubjectKind::Group => group_class(self.name),
        }
    }

    /// What the authorizer compares.
    pub(super) fn key(&self) -> Key<'a> {
        match (self.kind, self.namespace) {
            (SubjectKind::Group, _) => Key::Group(self.name),
            (SubjectKind::ServiceAccount, Some(namespace)) => {
                Key::User(Cow::Owned(account_user(namespace, self.name)))
            }
            (SubjectKind::User | SubjectKind::ServiceAccount, _) => {
                Key::User(Cow::Borrowed(self.name))
            }
        }
    }
}

/// A user name or a group: two subjects with one key apply to the same requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    User(Cow<'a, str>),
    Group(&'a str),
}

/// What a subject means for pods, however it is written: `User system:serviceaccount:a:b` is the
/// account `b` of namespace `a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectClass<'a> {
    /// One service account, other than the workload controllers'.
    Account {
        /// Namespace of the account.
        namespace: &'a str,
        /// Name of the account.
        name: &'a str,
    },
    /// All service accounts of one namespace.
    AccountsOf(&'a str),
    /// All service accounts of the cluster.
    AllAccounts,
    /// Everybody who has proved who they are.
    Authenticated,
    /// A controller of kube-system that creates the pods of workloads, or the controller manager itself.
    WorkloadController,
    /// A kubelet, or all of them.
    Node,
    /// A user or group that means something outside Kubernetes only.
    Person,
}

fn account_class<'a>(namespace: &'a str, name: &'a str) -> SubjectClass<'a> {
    let controller = CONTROLLERS.iter().any(|(_, account)| *account == name);
    match namespace == KUBE_SYSTEM && controller {
        true => SubjectClass::WorkloadController,
        false => SubjectClass::Account { namespace, name },
    }
}

fn user_class(name: &str) -> SubjectClass<'_> {
    let account = name
        .strip_prefix(ACCOUNT)
        .and_then(|rest| rest.split_once(':'));
    match account {
        Some((namespace, account))
            if !namespace.is_empty() && !account.is_empty() && !account.contains(':') =>
        {
            account_class(namespace, account)
        }
        _ if name == CONTROLLER_MANAGER => SubjectClass::WorkloadController,
        _ if name.starts_with(NODE) => SubjectClass::Node,
        _ => SubjectClass::Person,
    }
}

fn group_class(name: &str) -> SubjectClass<'_> {
    match (name, name.strip_prefix(ACCOUNTS_OF)) {
        (ACCOUNTS, _) => SubjectClass::AllAccounts,
        (AUTHENTICATED, _) => SubjectClass::Authenticated,
        (NODES, _) => SubjectClass::Node,
        (_, Some(namespace)) if !namespace.is_empty() => SubjectClass::AccountsOf(namespace),
        _ => SubjectClass::Person,
    }
}

fn account_user(namespace: &str, name: &str) -> String {
    format!("{ACCOUNT}{namespace}:{name}")
}
