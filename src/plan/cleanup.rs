//! What exists for PodSecurityPolicy only, and can go once the admission plugin is off: policies, roles and bindings.
//!
//! Nothing else is taken away: of a rule that allows other things as well these stay, and where they cannot be told
//! apart (`*`), the role stays as it is. So authorization answers everything as before, but for `use` of policies.
//! What stays although it speaks of policies is named, with the reason.

mod why;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::diag::Source;
use crate::model::object::ObjectRef;
use crate::model::role::{Binding, PolicyRule, Role};
use crate::model::{Inventory, is_dns_label};
use crate::rbac::{self, Without};

use super::versions::Plugin;
use super::{order, scope};
pub use why::Why;

/// What is to be deleted, what is to be edited, and what is left. Everything is sorted by kind, namespace and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Policies.
    pub policies: Vec<Item>,
    /// Bindings of roles that go.
    pub bindings: Vec<Item>,
    /// Roles that let somebody use policies, and nothing else.
    pub roles: Vec<Item>,
    /// Roles that stay without what they say of the use of policies.
    pub edits: Vec<Edit>,
    /// What speaks of policies, and stays as it is.
    pub left: Vec<Left>,
    /// Helm charts that some of these objects say they are of, without versions.
    pub charts: BTreeSet<String>,
}

/// An object, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Kind, namespace and name.
    pub object: ObjectRef,
    /// Where it stands.
    pub source: Option<Source>,
}

/// A role without what it says of the use of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The role.
    pub item: Item,
    /// The whole role as it is to be.
    pub manifest: Value,
}

/// An object that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The object.
    pub item: Item,
    /// Why.
    pub why: Why,
}

impl Cleanup {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.deleted().next().is_none() && self.edits.is_empty()
    }

    /// Adds what the stages themselves leave behind: the policy that bypasses the others, its role, its bindings.
    pub(super) fn add_bypass<'n>(
        &mut self,
        policy: &str,
        namespaces: impl Iterator<Item = &'n str>,
    ) {
        let item = |kind, namespace: Option<&str>, name| Item {
            object: ObjectRef {
                kind: str::to_owned(kind),
                namespace: namespace.map(str::to_owned),
                name: str::to_owned(name),
            },
            source: None,
        };
        let bindings = namespaces.map(|name| item("RoleBinding", Some(name), order::BYPASS));
        let before = self.bindings.len();
        self.bindings.extend(bindings);
        if self.bindings.len() > before {
            self.policies.push(item("PodSecurityPolicy", None, policy));
            self.roles.push(item("ClusterRole", None, order::BYPASS));
        }
        for items in [&mut self.policies, &mut self.bindings, &mut self.roles] {
            items.sort();
            items.dedup_by(|a, b| a.object == b.object);
        }
    }

    /// Everything that is to be deleted.
    pub fn deleted(&self) -> impl Iterator<Item = &Item> {
        self.policies
            .iter()
            .chain(&self.bindings)
            .chain(&self.roles)
    }
}

/// Finds out what exists for policies only. `exclude` are patterns of namespaces in which nothing is touched.
pub fn cleanup(inventory: &Inventory, exclude: &[String], plugin: Plugin) -> Cleanup {
    let mut cleanup = Cleanup::default();
    for variants in inventory.policies.chunk_by(|a, b| a.name == b.name) {
        let policy = &variants[0];
        if can_exist(None, &policy.name) {
            cleanup.charts.extend(chart(&policy.labels));
            let object = reference("PodSecurityPolicy", None, &policy.name);
            let item = item(object, &policy.sources);
            match plugin {
                Plugin::Possible => cleanup.policies.push(item),
                Plugin::Gone => cleanup.left.push(Left {
                    item,
                    why: Why::NoSuchKind,
                }),
            }
        }
    }
    let excluded: BTreeSet<&str> = inventory
        .bindings
        .iter()
        .filter(|binding| is_left_out(binding.namespace.as_deref(), exclude))
        .filter(|binding| binding.role_ref.kind == "ClusterRole")
        .map(|binding| binding.role_ref.name.as_str())
        .collect();
    let mut gone: BTreeSet<Key> = BTreeSet::new();
    for variants in inventory.roles.chunk_by(|a, b| key(a) == key(b)) {
        let role = &variants[0];
        let (namespace, name) = key(role);
        let item = item(reference(role.kind(), namespace, name), &role.sources);
        match fate(variants, exclude) {
            Fate::Unconcerned => continue,
            Fate::Left(why) => {
                cleanup.left.push(Left { item, why });
                continue;
            }
            Fate::Deleted => {
                // Bindings go with a role of which nothing is left to grant, even where it stays.
                gone.insert(key(role));
                match namespace.is_none() && excluded.contains(name) {
                    true => cleanup.left.push(Left {
                        item,
                        why: Why::BoundInExcluded,
                    }),
                    false => cleanup.roles.push(item),
                }
            }
            Fate::Edited(manifest) => cleanup.edits.push(Edit { item, manifest }),
        }
        cleanup.charts.extend(chart(&role.labels));
    }
    bindings(&inventory.bindings, &gone, exclude, &mut cleanup);
    homeless(inventory, &gone, &mut cleanup);
    cleanup.left.sort();
    cleanup
}

/// Roles with rules for policies, and bindings of what goes, of which nobody knows where they are.
fn homeless(inventory: &Inventory, gone: &BTreeSet<Key>, cleanup: &mut Cleanup) {
    let mut roles: BTreeSet<&str> = BTreeSet::new();
    let mut leave = |kind, name: &str, sources: &[Source]| {
        let item = item(reference(kind, None, name), sources);
        let why = Why::Homeless;
        cleanup.left.push(Left { item, why });
    };
    for role in &inventory.homeless_roles {
        let only_this = std::slice::from_ref(role);
        if !matches!(fate(only_this, &[]), Fate::Unconcerned) {
            roles.insert(&role.name);
            leave("Role", &role.name, &role.sources);
        }
    }
    for binding in &inventory.homeless_bindings {
        let name = binding.role_ref.name.as_str();
        let orphan = match binding.role_ref.kind.as_str() {
            "ClusterRole" => gone.contains(&(None, name)),
            "Role" => roles.contains(name),
            _ => false,
        };
        if orphan {
            leave("RoleBinding", &binding.name, &binding.sources);
        }
    }
}

/// Namespace, of a Role, and name.
type Key<'a> = (Option<&'a str>, &'a str);

fn key(role: &Role) -> Key<'_> {
    (role.namespace.as_deref(), &role.name)
}

/// Bindings go with the roles that they refer to. One that refers to a role which keeps rules stays.
fn bindings(bindings: &[Binding], gone: &BTreeSet<Key>, exclude: &[String], cleanup: &mut Cleanup) {
    let key = |binding: &Binding| (binding.namespace.clone(), binding.name.clone());
    for variants in bindings.chunk_by(|a, b| key(a) == key(b)) {
        let orphans = variants
            .iter()
            .filter(|binding| refers_to(binding, gone))
            .count();
        let binding = &variants[0];
        let namespace = binding.namespace.as_deref();
        if orphans == 0 || !can_exist(namespace, &binding.name) {
            continue;
        }
        let item = item(
            reference(binding.kind(), namespace, &binding.name),
            &binding.sources,
        );
        let why = if is_left_out(namespace, exclude) {
            Why::Excluded
        } else if orphans < variants.len() {
            Why::Variants
        } else {
            cleanup.bindings.push(item);
            continue;
        };
        cleanup.left.push(Left { item, why });
    }
}

/// Whether the binding refers to one of these roles. A ClusterRoleBinding to a Role refers to nothing.
fn refers_to(binding: &Binding, roles: &BTreeSet<Key>) -> bool {
    let name = binding.role_ref.name.as_str();
    match (binding.role_ref.kind.as_str(), &binding.namespace) {
        ("ClusterRole", _) => roles.contains(&(None, name)),
        ("Role", Some(namespace)) => roles.contains(&(Some(namespace), name)),
        _ => false,
    }
}

fn is_left_out(namespace: Option<&str>, exclude: &[String]) -> bool {
    namespace.is_some_and(|namespace| scope::is_excluded(namespace, exclude))
}

/// What becomes of one role.
enum Fate {
    /// It does not speak of policies.
    Unconcerned,
    /// Using policies is all that it allows.
    Deleted,
    /// It allows other things, and is to be this.
    Edited(Value),
    Left(Why),
}

/// What becomes of a role with these variants.
fn fate(variants: &[Role], exclude: &[String]) -> Fate {
    let names_policies = |role: &Role| role.rules.iter().any(PolicyRule::names_policies);
    let concerned = || {
        variants.iter().any(|role| {
            let mut rules = role.rules.iter();
            rules.any(|rule| rbac::without_policies(rule) != Without::All)
        })
    };
    // Roles that reach policies by a wildcard only, as cluster-admin does, were not made for policies.
    let role = &variants[0];
    let namespace = role.namespace.as_deref().filter(|name| !name.is_empty());
    let exists = can_exist(namespace, &role.name);
    if !exists || !variants.iter().any(names_policies) || !concerned() {
        return Fate::Unconcerned;
    }
    if variants.iter().any(rbac::is_bootstrap) {
        return Fate::Left(Why::Bootstrap);
    }
    if is_left_out(role.namespace.as_deref(), exclude) {
        return Fate::Left(Why::Excluded);
    }
    if variants.iter().any(|role| role.aggregation.is_some()) {
        return Fate::Left(Why::Aggregated);
    }
    let rest: Option<Vec<Vec<Value>>> = variants.iter().map(rest).collect();
    match rest {
        None => Fate::Left(Why::Wildcard),
        Some(rest) if rest.iter().all(Vec::is_empty) => Fate::Deleted,
        Some(rest) => match written(variants) {
            Some(at) => Fate::Edited(edited(&variants[at], &rest[at])),
            None => Fate::Left(Why::Variants),
        },
    }
}

/// The rules of the role without the use of policies; `None` if a wildcard stands in the way.
fn rest(role: &Role) -> Option<Vec<Value>> {
    let written = role
        .manifest
        .as_ref()
        .and_then(|manifest| manifest.get("rules"));
    let mut rest = Vec::new();
    for (index, rule) in role.rules.iter().enumerate() {
        let original = || written.and_then(|rules| rules.get(index)).cloned();
        match rbac::without_policies(rule) {
            Without::Inseparable => return None,
            // A variant that names no policy has no text here, and is never the one that is written.
            Without::All => rest.push(original().unwrap_or_default()),
            Without::Rest(rules) => rest.extend(rules.iter().filter_map(|rule| {
                let mut changed = original()?;
                let fields = changed.as_object_mut()?;
                fields.insert("verbs".to_owned(), json!(rule.verbs));
                fields.insert("resources".to_owned(), json!(rule.resources));
                Some(changed)
            })),
        }
    }
    Some(rest)
}

/// The variant to edit: what the cluster has, if the input shows it. `None` if variants differ in what they do.
fn written(variants: &[Role]) -> Option<usize> {
    let alike =
        |a: &Role, b: &Role| a.rules == b.rules && a.labels == b.labels && a.manifest.is_some();
    let all_alike = variants.windows(2).all(|pair| alike(&pair[0], &pair[1]));
    let live = variants.iter().position(|role| role.from_cluster);
    let same = variants
        .windows(2)
        .all(|pair| pair[0].manifest == pair[1].manifest);
    match (all_alike, live) {
        (true, Some(live)) => Some(live),
        (true, None) if same => Some(0),
        _ => None,
    }
}

/// The role with these rules.
fn edited(role: &Role, rules: &[Value]) -> Value {
    let mut manifest = role.manifest.clone().unwrap_or_default();
    if let Some(fields) = manifest.as_object_mut() {
        fields.insert("apiVersion".to_owned(), json!(RBAC));
        fields.insert("rules".to_owned(), json!(rules));
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if let (Some(metadata), Some(namespace)) = (metadata.as_object_mut(), &role.namespace) {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
    }
    manifest
}

/// The version that every server with policies or without them serves.
const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Whether an API server can have an object of this name: others end up in no manifest. A name of a role or binding may
/// be anything that can stand in a path. Upstream: `k8s.io/apimachinery/pkg/api/validation/path` (1.24).
fn can_exist(namespace: Option<&str>, name: &str) -> bool {
    namespace.is_none_or(is_dns_label)
        && !matches!(name, "" | "." | "..")
        && !name.contains(['/', '%'])
}

/// The Helm chart that an object says it is of, without its version.
fn chart(labels: &BTreeMap<String, String>) -> Option<String> {
    let chart = labels
        .get("helm.sh/chart")
        .or_else(|| labels.get("chart"))?;
    let version = chart.match_indices('-').find(|(at, _)| {
        let rest = &chart[at + 1..];
        let digits = rest.strip_prefix('v').unwrap_or(rest);
        digits.starts_with(|first: char| first.is_ascii_digit()) && rest.contains('.')
    });
    let name = version.map_or(chart.as_str(), |(at, _)| &chart[..at]);
    (!name.is_empty()).then(|| name.to_owned())
}

fn reference(kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
    ObjectRef {
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

fn item(object: ObjectRef, sources: &[Source]) -> Item {
    Item {
        object,
        source: sources.first().cloned(),
    }
}
