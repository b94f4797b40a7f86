//! Every object we understand, by kind, with the API server's defaults applied once.
//!
//! [`decode::decode`] turns one document into one object and is called for many documents at once; [`assemble`] puts
//! the objects together: it attributes objects to namespaces, joins copies, keeps variants, and is the only place
//! that does. The order of the input never matters: everything in an [`Inventory`] is sorted.
//!
//! # Example
//!
//! ```
//! use psp2psa::input::InputFile;
//!
//! let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}";
//! let read = psp2psa::read(&InputFile::new("p.yaml", pod.into()));
//! let (inventory, said) = psp2psa::assemble(read, &psp2psa::default_attribution());
//! assert_eq!(inventory.workloads[0].namespace.as_deref(), Some("default"));
//! assert!(said.is_empty());
//! ```

pub mod admission;
pub mod attribution;
mod changed;
pub mod claims;
pub mod decode;
pub mod defaults;
pub mod diags;
pub mod gap;
pub mod glance;
mod join;
pub mod kustomize;
mod names;
pub mod namespace;
pub(crate) mod nullable;
pub mod object;
pub mod patch;
pub mod pod;
pub mod provenance;
pub mod psp;
pub mod role;
pub(crate) mod selector;
pub mod workload;

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Diagnostic, Source};
use crate::input::Unreadable;

use attribution::{Attribution, Homes, unread_namespace};
use changed::Kustomized;
use decode::Object;
use gap::{Gap, GapKind};
use join::join;
pub(crate) use names::{has_dns_label_form, has_dns_subdomain_form};
pub use names::{is_dns_label, is_dns_subdomain};
use namespace::{Namespace, Node, ServiceAccount};
use object::ObjectRef;
use psp::PodSecurityPolicy;
use role::{Binding, Role};
use workload::{Manifest, Origin, Workload};

/// Everything that the input shows.
#[derive(Debug, Default)]
pub struct Inventory {
    /// One entry a namespace that has a Namespace object, sorted by name.
    pub namespaces: Vec<Namespace>,
    /// Names of the namespaces that the input defines in contradicting ways, or in a way that cannot be read.
    pub contradicting: BTreeSet<String>,
    /// Sorted by name; variants side by side.
    pub policies: Vec<PodSecurityPolicy>,
    /// Sorted by namespace and name; variants side by side.
    pub roles: Vec<Role>,
    /// Sorted by namespace and name; variants side by side.
    pub bindings: Vec<Binding>,
    /// Roles that name no namespace, where the input does not tell which; sorted by name.
    pub homeless_roles: Vec<Role>,
    /// RoleBindings that name no namespace, where the input does not tell which; sorted by name.
    pub homeless_bindings: Vec<Binding>,
    /// Sorted by namespace and name.
    pub service_accounts: Vec<ServiceAccount>,
    /// Sorted by name.
    pub nodes: Vec<Node>,
    /// Sorted by namespace, kind, name and place; variants side by side, copies joined, fragments left out.
    pub workloads: Vec<Workload>,
    /// Parts of workloads, such as kustomize patches, in the order of the input. There is a gap for each.
    pub fragments: Vec<Workload>,
    /// The objects that patches could be for, by where they stand, as far as they were kept.
    pub manifests: BTreeMap<Source, Manifest>,
    /// ControllerRevisions: templates that a DaemonSet or StatefulSet had. Sorted like the workloads, none of which
    /// they are.
    pub revisions: Vec<Workload>,
    /// What the input mentions but does not show, sorted by place.
    pub gaps: Vec<Gap>,
}

/// Puts decoded objects together. `unreadable` are the documents that could not be read at all.
pub fn assemble(
    objects: Vec<Object>,
    unreadable: &[Unreadable],
    attribution: &Attribution,
) -> (Inventory, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let homes = Homes::new(&objects, unreadable, attribution);
    let mut inventory = Inventory {
        gaps: unreadable
            .iter()
            .filter_map(|document| gap::unreadable(document, &homes))
            .collect(),
        contradicting: unreadable
            .iter()
            .filter_map(unread_namespace)
            .map(str::to_owned)
            .collect(),
        ..Inventory::default()
    };
    let patches = changed::patch_files(&objects);
    let mut kustomized = Kustomized::default();
    for object in objects {
        match object {
            Object::Namespace(mut namespace) => {
                homes.rename(&mut namespace);
                inventory.namespaces.push(namespace);
            }
            Object::Policy(policy) => inventory.policies.push(*policy),
            Object::Node(node) => inventory.nodes.push(node),
            Object::Role(mut role) => {
                if homes.settle(
                    "Role",
                    &role.name,
                    &mut role.namespace,
                    &role.sources,
                    &mut diagnostics,
                ) {
                    inventory.roles.push(role);
                } else {
                    inventory.homeless_roles.push(role);
                }
            }
            Object::Binding(mut binding) => {
                homes.redirect(&mut binding);
                if homes.settle(
                    "RoleBinding",
                    &binding.name,
                    &mut binding.namespace,
                    &binding.sources,
                    &mut diagnostics,
                ) {
                    inventory.bindings.push(binding);
                } else if let Some(source) = binding.sources.first() {
                    inventory.gaps.push(Gap {
                        kind: GapKind::Grant,
                        what: format!("RoleBinding {}", binding.name),
                        source: source.clone(),
                        namespace: None,
                        selectors: Vec::new(),
                        patch: None,
                    });
                    inventory.homeless_bindings.push(binding);
                }
            }
            Object::ServiceAccount(mut account) => {
                let mut namespace = Some(std::mem::take(&mut account.namespace));
                if homes.settle(
                    "ServiceAccount",
                    &account.name,
                    &mut namespace,
                    &account.sources,
                    &mut diagnostics,
                ) {
                    account.namespace = namespace.unwrap_or_default();
                    inventory.service_accounts.push(account);
                }
            }
            Object::Workload(workload) => {
                add_workload(
                    *workload,
                    &patches,
                    &homes,
                    &mut inventory,
                    &mut diagnostics,
                );
            }
            Object::Revision(mut revision) => {
                let name = revision.meta.display_name();
                if homes.settle(
                    "ControllerRevision",
                    &name,
                    &mut revision.namespace,
                    &revision.sources,
                    &mut diagnostics,
                ) {
                    inventory.revisions.push(*revision);
                }
            }
            Object::Gaps(gaps) => {
                for mut gap in gaps {
                    if gap.namespace.as_deref() == Some("") {
                        gap.namespace = homes.of(&gap.source);
                    }
                    inventory.gaps.push(gap);
                }
            }
            Object::Kustomization(kustomization) => {
                inventory
                    .gaps
                    .extend(gap::kustomized(&kustomization, &homes));
                kustomized.kustomizations.push(kustomization);
            }
            Object::Transformer(transformer) => kustomized.transformers.push(transformer),
            Object::Operation(operation) => kustomized.operations.push(operation),
            Object::Other => {}
        }
    }
    diagnostics.extend(kustomized.unnamed());
    let gaps = kustomized.gaps(&homes, &inventory);
    inventory.gaps.extend(gaps);
    inventory.settle(&mut diagnostics);
    (inventory, diagnostics)
}

/// Takes every workload out of what was decoded, in the order of the input, copies, nameless ones and fragments
/// included, attributed like [`assemble`] does.
pub fn take_workloads(
    objects: &mut Vec<Object>,
    unreadable: &[Unreadable],
    attribution: &Attribution,
) -> (Vec<Workload>, Vec<Diagnostic>) {
    let homes = Homes::new(objects, unreadable, attribution);
    let mut diagnostics = Vec::new();
    let mut partial = Vec::new();
    let workloads = objects
        .extract_if(.., |object| matches!(object, Object::Workload(_)))
        .filter_map(|object| match object {
            Object::Workload(workload) if workload.is_partial() => {
                partial.push((workload.source().clone(), workload.title()));
                None
            }
            Object::Workload(workload) => Some(*workload),
            _ => None,
        })
        .map(|mut workload| {
            let (kind, name) = (workload.kind.clone(), workload.meta.display_name());
            let sources = workload.sources.clone();
            if !homes.settle(
                &kind,
                &name,
                &mut workload.namespace,
                &sources,
                &mut diagnostics,
            ) {
                workload.namespace = None;
            }
            workload
        })
        .collect();
    diagnostics.extend(diags::not_judged(&mut partial));
    (workloads, diagnostics)
}

/// `patches`: the files of which kustomizations tell what they change.
fn add_workload(
    mut workload: Workload,
    patches: &BTreeSet<String>,
    homes: &Homes,
    inventory: &mut Inventory,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let source = workload.source().clone();
    let is_patch = patches.contains(&*source.file);
    workload.settle_origin(is_patch);
    if workload.origin == Origin::Fragment {
        let object = ObjectRef {
            namespace: workload.namespace.clone().filter(|name| !name.is_empty()),
            ..workload.reference()
        };
        diagnostics.push(diags::fragment(&object, &source));
        if !is_patch {
            let namespace = homes.of_fragment(&workload);
            inventory.gaps.push(gap::fragment(&workload, namespace));
        }
        inventory.fragments.push(workload);
        return;
    }
    let kind = workload.kind.clone();
    let name = workload.meta.display_name();
    let settled = homes.settle(
        &kind,
        &name,
        &mut workload.namespace,
        &workload.sources,
        diagnostics,
    );
    if !settled {
        workload.namespace = None;
        inventory.gaps.push(Gap {
            kind: GapKind::Unattributed,
            what: format!("{kind} {name}"),
            source,
            namespace: None,
            selectors: Vec::new(),
            patch: None,
        });
    }
    if let Some(manifest) = workload.manifest.take() {
        inventory
            .manifests
            .insert(workload.source().clone(), manifest);
    }
    inventory.workloads.push(workload);
}

impl Inventory {
    /// Sorts everything, joins copies and names variants.
    fn settle(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let reference = |kind: &str, namespace: &Option<String>, name: &str| ObjectRef {
            kind: kind.to_owned(),
            namespace: namespace.clone(),
            name: name.to_owned(),
        };
        join(
            &mut self.policies,
            |policy| reference("PodSecurityPolicy", &None, &policy.name),
            |policy| (&mut policy.sources, Some(&mut policy.from_cluster)),
            diagnostics,
        );
        join(
            &mut self.roles,
            |role| reference(role.kind(), &role.namespace, &role.name),
            |role| (&mut role.sources, Some(&mut role.from_cluster)),
            diagnostics,
        );
        join(
            &mut self.bindings,
            |binding| reference(binding.kind(), &binding.namespace, &binding.name),
            |binding| (&mut binding.sources, Some(&mut binding.from_cluster)),
            diagnostics,
        );
        join(
            &mut self.service_accounts,
            |account| {
                reference(
                    "ServiceAccount",
                    &Some(account.namespace.clone()),
                    &account.name,
                )
            },
            |account| (&mut account.sources, None),
            diagnostics,
        );
        join(
            &mut self.workloads,
            Workload::reference,
            |workload| (&mut workload.sources, None),
            diagnostics,
        );
        join(
            &mut self.revisions,
            Workload::reference,
            |revision| (&mut revision.sources, None),
            diagnostics,
        );
        self.settle_namespaces(diagnostics);
        self.homeless_roles
            .sort_by(|a, b| (&a.name, &a.sources).cmp(&(&b.name, &b.sources)));
        self.homeless_bindings
            .sort_by(|a, b| (&a.name, &a.sources).cmp(&(&b.name, &b.sources)));
        self.nodes
            .sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
        self.gaps
            .sort_by(|a, b| (&a.source, a.kind).cmp(&(&b.source, b.kind)));
    }

    /// Namespaces must be unique by name, because a label can be written only once.
    fn settle_namespaces(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        self.namespaces
            .sort_by(|a, b| (&a.name, &a.sources).cmp(&(&b.name, &b.sources)));
        let mut kept: Vec<Namespace> = Vec::with_capacity(self.namespaces.len());
        for namespace in std::mem::take(&mut self.namespaces) {
            if !is_dns_label(&namespace.name) {
                diagnostics.extend(
                    namespace
                        .sources
                        .first()
                        .map(|source| diags::invalid_name(&namespace.name, source)),
                );
                continue;
            }
            match kept.last_mut().filter(|last| last.name == namespace.name) {
                Some(last) => {
                    if !last.join(namespace) {
                        self.contradicting.insert(last.name.clone());
                    }
                }
                None => kept.push(namespace),
            }
        }
        for namespace in &mut kept {
            namespace.sources.sort();
            namespace.sources.dedup();
            if self.contradicting.contains(&namespace.name) {
                diagnostics.extend(diags::contradicting_namespace(
                    &namespace.name,
                    &namespace.sources,
                ));
            }
        }
        self.namespaces = kept;
    }
}
