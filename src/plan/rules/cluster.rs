//! Findings about the cluster as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Diagnostic, Source};
use crate::model::Inventory;
use crate::model::gap::GapKind;
use crate::model::role::Binding;
use crate::plan::bypass::Reach;
use crate::plan::findings::{Draft, Extra, Findings, Place, Severity};
use crate::plan::granted::title;
use crate::plan::level::Status;
use crate::plan::{Context, NamespacePlan, PolicyPlan};
use crate::pss::Level;
use crate::pss::admission::Mode;
use crate::rbac::{Access, Chain, Class, SubjectClass, SubjectKind};

use super::{admission_policy, bypass, here, policies};

/// What findings about the cluster follow from.
pub(in crate::plan) struct Cluster<'a> {
    pub(in crate::plan) inventory: &'a Inventory,
    pub(in crate::plan) context: &'a Context<'a>,
    pub(in crate::plan) access: &'a Access<'a>,
    pub(in crate::plan) policies: &'a [PolicyPlan],
    pub(in crate::plan) namespaces: &'a [NamespacePlan],
    /// Who could use a bypass outside the namespaces that it is for.
    pub(in crate::plan) reach: &'a Reach<'a>,
    /// The namespaces that a bypass is for, whether or not it can be had.
    pub(in crate::plan) bypassed: &'a [String],
    /// What the stages before have said.
    pub(in crate::plan) said: &'a [Diagnostic],
}

/// Findings about the cluster.
pub(in crate::plan) fn cluster(cluster: &Cluster, findings: &mut Findings) {
    let Cluster {
        inventory,
        context,
        access,
        policies,
        namespaces,
        reach,
        bypassed,
        said,
    } = *cluster;
    open_to_everybody(access, policies, findings);
    // A grant may well be among what the input lacks.
    if inventory.gaps.iter().all(|gap| gap.kind != GapKind::Grant) {
        granted_to_nobody(access, policies, said, findings);
    }
    dangling(inventory, said, findings);
    policies::lost_restrictions(namespaces, policies, context, findings);
    if !policies.is_empty() {
        future(namespaces, findings);
    }
    bypass::reach(reach, bypassed, findings);
    relabellers(access, findings);
    templates(inventory, findings);
}

/// Policies that everybody may use everywhere. One that is no looser than baseline is no hole, but no evidence either.
fn open_to_everybody(access: &Access, policies: &[PolicyPlan], findings: &mut Findings) {
    let levels: BTreeMap<&str, Option<Level>> = policies
        .iter()
        .map(|policy| (policy.name.as_str(), policy.mapping.level))
        .collect();
    let wide = access
        .everywhere()
        .filter(|(class, _)| *class == Class::Everyone);
    for (_, chain) in wide {
        let binding = chain.binding;
        for policy in access.policies_of(&chain) {
            let Some(level) = levels.get(policy) else {
                continue;
            };
            let (severity, consequence) = match level {
                Some(Level::Privileged) => (
                    None,
                    "whoever may create workloads could have used what it allows, whatever other policies restrict; what \
                     no workload shows will be refused, because levels follow from the workloads",
                ),
                Some(Level::Baseline | Level::Restricted) | None => (
                    Some(Severity::Info),
                    "the grant says nothing of what any single namespace needs; levels follow from the workloads",
                ),
            };
            findings.add_with(
                Draft {
                    code: "open-to-everybody",
                    title: match level {
                        Some(level) => format!("policy {policy} ({level}) is open to everybody"),
                        None => format!("policy {policy} is open to everybody"),
                    },
                    evidence: std::iter::once(chain.to_string())
                        .chain(why_everybody(&chain).map(str::to_owned))
                        .collect(),
                    consequence: consequence.to_owned(),
                    remedy: "nothing for the migration; delete the grant with the policy once the plugin is off"
                        .to_owned(),
                },
                Extra {
                    severity,
                    ..Extra::default()
                },
                Place {
                    namespace: None,
                    object: title(binding.kind(), binding.namespace.as_deref(), &binding.name),
                    source: binding.sources.first().cloned(),
                },
            );
        }
    }
}

/// Why a grant to accounts of kube-system reaches everybody.
fn why_everybody(chain: &Chain) -> Option<&'static str> {
    match chain.subject.class() {
        SubjectClass::AccountsOf(_) | SubjectClass::WorkloadController => Some(
            "controllers run as accounts of kube-system (--use-service-account-credentials), and pods of Deployments, \
             Jobs and the like are admitted by what their controller may use: whoever may create these comes by the policy",
        ),
        SubjectClass::Account { .. }
        | SubjectClass::AllAccounts
        | SubjectClass::Authenticated
        | SubjectClass::Node
        | SubjectClass::Person => None,
    }
}

/// Namespaces without an enforce label, those that do not exist yet above all.
fn future(namespaces: &[NamespacePlan], findings: &mut Findings) {
    let unlabelled = namespaces
        .iter()
        .filter(|plan| plan.decision.status != Status::Excluded)
        .filter(|plan| plan.labels.in_force(Mode::Enforce).is_none())
        .map(here);
    let cluster = Place {
        namespace: None,
        object: "namespaces that are created later".to_owned(),
        source: None,
    };
    for place in std::iter::once(cluster).chain(unlabelled) {
        findings.add_with(
            Draft {
                code: "future-namespaces-open",
                title: "namespaces without an enforce label are open".to_owned(),
                evidence: Vec::new(),
                consequence: "PodSecurityPolicy refuses every pod that no policy was granted to; Pod Security Admission \
                              admits every pod of a namespace that nobody has labelled"
                    .to_owned(),
                remedy: "give the API servers admission-configuration.yaml, whose defaults fit the plan; where you cannot, \
                         demand the label of new namespaces with the ValidatingAdmissionPolicy that the report gives with \
                         this finding (Kubernetes 1.30 or newer), and change Warn to Deny once it warns of nothing that \
                         is meant"
                    .to_owned(),
            },
            Extra {
                manifests: admission_policy::demand_label(),
                ..Extra::default()
            },
            place,
        );
    }
}

/// Who may change what namespaces enforce.
fn relabellers(access: &Access, findings: &mut Findings) {
    let mut found: BTreeMap<(String, String), (&Binding, Vec<&str>)> = BTreeMap::new();
    for verb in ["create", "patch", "update"] {
        for chain in access.who_can(verb, "", "namespaces") {
            let binding = chain.binding;
            // A binding in a namespace holds for the Namespace object of that name, but not for making it.
            if is_expected(&chain) || (verb == "create" && binding.namespace.is_some()) {
                continue;
            }
            let through = title(binding.kind(), binding.namespace.as_deref(), &binding.name);
            let (_, verbs) = found
                .entry((chain.subject.to_string(), through))
                .or_insert((binding, Vec::new()));
            if !verbs.contains(&verb) {
                verbs.push(verb);
            }
        }
    }
    for ((subject, through), (binding, verbs)) in found {
        findings.add_with(
            Draft {
                code: "relabel-namespaces",
                title: "these may change the labels of namespaces".to_owned(),
                evidence: Vec::new(),
                consequence: "whoever may create, patch or update a namespace decides what it enforces, as whoever may \
                              bind a policy did before"
                    .to_owned(),
                remedy: "look through the list; take the verbs away from those who only need namespaces of their own"
                    .to_owned(),
            },
            Extra {
                commands: vec![
                    "kubectl auth can-i patch namespaces --as USER --as-group GROUP".to_owned(),
                ],
                ..Extra::default()
            },
            Place {
                namespace: binding.namespace.clone(),
                object: format!("{subject}: {} ({through})", verbs.join(", ")),
                source: binding.sources.first().cloned(),
            },
        );
    }
}

/// Whether somebody may relabel namespaces in every cluster: administrators by group, and Kubernetes' own controllers.
fn is_expected(chain: &Chain) -> bool {
    let subject = chain.subject;
    let own = subject.kind == SubjectKind::ServiceAccount
        && subject.namespace == Some("kube-system")
        && chain.binding.namespace.is_none()
        && chain.binding.name.starts_with("system:controller:");
    own || (subject.kind == SubjectKind::Group && subject.name == "system:masters")
}

/// Templates that could not be rendered and name no namespace. Those that do withhold its label, which is a finding.
fn templates(inventory: &Inventory, findings: &mut Findings) {
    let unplaced = inventory
        .gaps
        .iter()
        .filter(|gap| gap.kind == GapKind::Template && gap.namespace.is_none());
    for gap in unplaced {
        findings.add_with(
            Draft {
                code: "template-not-understood",
                title: "templates are not rendered, so what they make is not judged".to_owned(),
                evidence: Vec::new(),
                consequence: "pods of these templates may be refused wherever they are installed"
                    .to_owned(),
                remedy: "render them and give the tool the result".to_owned(),
            },
            Extra {
                commands: vec![
                    "helm template RELEASE CHART --namespace NAMESPACE > rendered.yaml".to_owned(),
                ],
                ..Extra::default()
            },
            Place {
                namespace: None,
                object: gap.what.clone(),
                source: Some(gap.source.clone()),
            },
        );
    }
}

fn granted_to_nobody(
    access: &Access,
    policies: &[PolicyPlan],
    said: &[Diagnostic],
    findings: &mut Findings,
) {
    let dangling: Vec<String> = said
        .iter()
        .filter(|diagnostic| diagnostic.code.name == "rbac/dangling-role-ref")
        .map(|diagnostic| {
            format!(
                "it could be granted by what is missing: {}",
                diagnostic.message
            )
        })
        .collect();
    let mut granted = BTreeSet::new();
    let mut wildcards: BTreeMap<&str, String> = BTreeMap::new();
    for grant in access.grants() {
        if grant.chain.is_wildcard() {
            wildcards
                .entry(grant.policy)
                .or_insert_with(|| grant.chain.to_string());
        } else {
            granted.insert(grant.policy);
        }
    }
    for policy in policies
        .iter()
        .filter(|policy| !granted.contains(policy.name.as_str()))
    {
        let name = &policy.name;
        let wildcard = wildcards.get(name.as_str());
        findings.add(
            Draft {
                code: "granted-to-nobody",
                title: match wildcard {
                    None => format!("no binding of the input lets anybody use policy {name}"),
                    Some(_) => format!("only wildcards let anybody use policy {name}"),
                },
                evidence: wildcard.into_iter().chain(&dangling).cloned().collect(),
                consequence: match wildcard {
                    None => "if the input has every binding, the policy has no effect, and nothing has to replace it",
                    Some(_) => "if the input has every binding, nobody was meant to use it, and nothing has to replace it",
                }
                .to_owned(),
                remedy: "delete it with the others, once the plugin is off".to_owned(),
            },
            Place {
                namespace: None,
                object: format!("PodSecurityPolicy {}", policy.name),
                source: policy.source.clone(),
            },
        );
    }
}

/// References to what does not exist, as the RBAC stage found them.
fn dangling(inventory: &Inventory, said: &[Diagnostic], findings: &mut Findings) {
    let bindings = inventory.bindings.iter();
    let bindings = bindings.map(|it| (it.sources.first(), &it.namespace, it.kind(), &it.name));
    let roles = inventory.roles.iter();
    let roles = roles.map(|it| (it.sources.first(), &it.namespace, it.kind(), &it.name));
    let objects: BTreeMap<&Source, Place> = bindings
        .chain(roles)
        .filter_map(|(source, namespace, kind, name)| {
            let place = Place {
                namespace: namespace.clone(),
                object: format!("{kind} {name}"),
                source: source.cloned(),
            };
            Some((source?, place))
        })
        .collect();
    for diagnostic in said {
        let (code, consequence, remedy) = match diagnostic.code.name {
            "rbac/dangling-role-ref" => (
                "dangling-role",
                "the binding grants nothing; if the role was only left out, the plan misses its grants",
                "add the role to the input, or delete the binding",
            ),
            "rbac/dangling-policy" => (
                "dangling-policy",
                "the rule grants nothing for that name; if the policy was only left out, the plan misses it",
                "add the policy to the input, or take its name out of the rule",
            ),
            _ => continue,
        };
        let place = diagnostic
            .source
            .as_ref()
            .and_then(|source| objects.get(source));
        let place = place.expect("the diagnostic is about a role or binding of the input");
        findings.add(
            Draft {
                code,
                title: diagnostic.message.clone(),
                evidence: Vec::new(),
                consequence: consequence.to_owned(),
                remedy: remedy.to_owned(),
            },
            place.clone(),
        );
    }
}
