//! A report of six namespaces, two policies and a finding of every severity, in which every text can be replaced.

use std::collections::BTreeMap;

use psp2psa::render::json::v1::{
    BlockedBy, Change, Changed, Cleanup, Control, Diagnostic, Document, ExistingPods, Finding,
    Granted, Hardening, Input, InputFile, Labels, Left, MigrationReport, Mutated, Mutation,
    Namespace, Options, Patch, Place, Policy, Preview, Reference, Source, Summary, Tool, Unmapped,
    Usable, Violation, Workload,
};
use serde_json::json;

const LABEL: &str = "pod-security.kubernetes.io/";

/// The report with `text` applied to every string of it.
pub(super) fn document(text: &dyn Fn(&str) -> String) -> Document<MigrationReport> {
    let sample = Sample { text };
    let namespaces = sample.namespaces();
    let body = MigrationReport {
        target_version: text("v1.29"),
        rules_version: text("v1.29"),
        target_reason: text(
            "the oldest kubelet, of node worker-3; choose the version of the planned upgrade with --target-version",
        ),
        basis: text("observed"),
        prefer: text("stability"),
        summary: Summary {
            namespaces: namespaces.len(),
            by_enforce: BTreeMap::new(),
            by_status: BTreeMap::new(),
            findings_by_severity: BTreeMap::new(),
            accepted: 0,
        },
        namespaces,
        policies: sample.policies(),
        findings: sample.findings(),
        cleanup: sample.cleanup(),
        unlabelled: None,
        input: sample.input(),
    };
    Document {
        schema_version: "v1",
        kind: "MigrationReport",
        tool: Tool {
            name: "psp2psa",
            version: "0.1.0",
        },
        diagnostics: sample.diagnostics(),
        body,
    }
}

/// A report about nothing.
pub(super) fn empty() -> Document<MigrationReport> {
    let mut document = document(&str::to_owned);
    document.diagnostics.clear();
    document.body.namespaces.clear();
    document.body.policies.clear();
    document.body.findings.clear();
    document.body.cleanup.delete.clear();
    document.body.cleanup.edit.clear();
    document.body.cleanup.left.clear();
    document.body.input = Input::default();
    document
}

struct Sample<'a> {
    text: &'a dyn Fn(&str) -> String,
}

impl Sample<'_> {
    fn input(&self) -> Input {
        let text = |text: &str| (self.text)(text);
        let file = |name, bytes, sha256: Option<&str>, reason: Option<&str>| InputFile {
            name: text(name),
            bytes,
            sha256: sha256.map(text),
            reason: reason.map(text),
        };
        Input {
            files: vec![
                file("dump.json", Some(1234), Some("ba7816bf8f01cfea"), None),
                file("broken.gz", None, None, Some("permission denied")),
            ],
            sha256: Some(text("2cf24dba5fb0a30e")),
            objects: BTreeMap::from([(text("Deployment"), 9), (text("Pod"), 4)]),
            kubelets: BTreeMap::from([(text("v1.24.17"), 3)]),
            options: Options {
                target_version: Some(text("v1.29")),
                basis: text("observed"),
                prefer: text("stability"),
                audit: text("next"),
                warn: text("restricted"),
                overwrite: true,
                complete: true,
                namespace: Some(text("shop")),
                exclude_namespaces: vec![text("kube-*")],
                default_namespace: Some(text("default")),
                configuration: Some(text("psp2psa.yaml")),
                today: Some(text("2027-01-31")),
            },
        }
    }

    fn cleanup(&self) -> Cleanup {
        let role = |name| Reference {
            kind: (self.text)("ClusterRole"),
            namespace: None,
            name: (self.text)(name),
        };
        Cleanup {
            delete: vec![role("psp:restricted")],
            edit: vec![role("speaker")],
            left: vec![Left {
                kind: (self.text)("ClusterRole"),
                namespace: None,
                name: (self.text)("longhorn"),
                reason: (self.text)("a wildcard allows more than the use of policies"),
            }],
        }
    }

    fn text(&self, text: &str) -> String {
        (self.text)(text)
    }

    fn some(&self, text: &str) -> Option<String> {
        Some(self.text(text))
    }

    fn list(&self, texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn source(&self, file: &str, line: u32) -> Source {
        Source {
            file: self.text(file),
            document: 1,
            line,
            column: 1,
        }
    }

    fn labels(&self, levels: &[(&str, &str)]) -> BTreeMap<String, String> {
        levels
            .iter()
            .flat_map(|(mode, level)| {
                [
                    (format!("{LABEL}{mode}"), self.text(level)),
                    (format!("{LABEL}{mode}-version"), self.text("v1.29")),
                ]
            })
            .collect()
    }

    fn namespaces(&self) -> Vec<Namespace> {
        vec![
            self.excluded(),
            self.system(),
            self.inconclusive(),
            self.conflicting(),
            self.dragged(),
            self.hardened(),
        ]
    }

    /// A namespace in which nothing is known but its name.
    fn namespace(&self, name: &str) -> Namespace {
        Namespace {
            name: self.text(name),
            source: Some(self.source("cluster/namespaces.yaml", 12)),
            status: self.text("planned"),
            brief: self.text("satisfied by every workload"),
            reasons: Vec::new(),
            evidence: self.text("complete"),
            missing: Vec::new(),
            confidence: self.text("high"),
            granted: Granted {
                level: self.some("privileged"),
                own: Vec::new(),
                everyone: vec![self.usable("restricted", "baseline", "Group system:authenticated")],
                operators: Vec::new(),
                people: Vec::new(),
                nodes: Vec::new(),
                wildcard: vec![self.usable("privileged", "privileged", "Group system:masters")],
            },
            needed: None,
            needed_stored: None,
            needed_with_patches: None,
            enforce: None,
            enforce_after_bypass: None,
            confidence_after_bypass: None,
            audit: self.some("restricted"),
            warn: self.some("restricted"),
            proposed: None,
            r#override: None,
            labels: Labels {
                before: BTreeMap::new(),
                after: self.labels(&[("audit", "restricted"), ("warn", "restricted")]),
            },
            policies: self.list(&["restricted"]),
            workloads: Vec::new(),
            steps: self.list(&["10-warn-audit"]),
            findings: self.list(&["open-to-everybody"]),
            preview: Vec::new(),
            existing_pods: Vec::new(),
        }
    }

    fn excluded(&self) -> Namespace {
        Namespace {
            status: self.text("excluded"),
            reasons: self.list(&["left out with --exclude"]),
            audit: None,
            warn: None,
            labels: Labels {
                before: BTreeMap::new(),
                after: BTreeMap::new(),
            },
            steps: Vec::new(),
            ..self.namespace("ci-scratch")
        }
    }

    fn system(&self) -> Namespace {
        Namespace {
            reasons: self.list(&[
                "kube-system belongs to Kubernetes itself: nothing there is tightened unless it is asked for",
            ]),
            granted: Granted {
                nodes: vec![self.usable("privileged", "privileged", "Group system:nodes")],
                own: vec![self.usable(
                    "privileged",
                    "privileged",
                    "Group system:serviceaccounts:kube-system",
                )],
                ..self.namespace("").granted
            },
            needed: self.some("privileged"),
            needed_stored: self.some("privileged"),
            enforce: self.some("privileged"),
            audit: self.some("privileged"),
            warn: self.some("privileged"),
            proposed: self.some("privileged"),
            r#override: None,
            labels: Labels {
                before: BTreeMap::new(),
                after: self.labels(&[
                    ("audit", "privileged"),
                    ("enforce", "privileged"),
                    ("warn", "privileged"),
                ]),
            },
            workloads: vec![self.node_agent("kube-system", "kube-proxy")],
            steps: self.list(&["10-warn-audit", "30-enforce"]),
            ..self.namespace("kube-system")
        }
    }

    fn inconclusive(&self) -> Namespace {
        Namespace {
            source: None,
            status: self.text("inconclusive"),
            reasons: self.list(&[
                "no workload of this namespace is in the input, and nothing shows that there is none",
                "its pods may come from HelmRelease legacy/billing, whose pods are not in the input",
            ]),
            evidence: self.text("none"),
            missing: self.list(&["HelmRelease legacy/billing, whose pods are not in the input"]),
            confidence: self.text("review"),
            findings: self.list(&["open-to-everybody", "unseen-workloads"]),
            ..self.namespace("legacy")
        }
    }

    fn conflicting(&self) -> Namespace {
        Namespace {
            reasons: self.list(&[
                "DaemonSet node-exporter violates baseline",
                "the input is a set of files: whether more runs in the namespace, it does not show",
            ]),
            evidence: self.text("partial"),
            missing: self
                .list(&["Prometheus monitoring/main may create pods that the input does not show"]),
            confidence: self.text("review"),
            granted: Granted {
                operators: vec![self.usable(
                    "privileged",
                    "privileged",
                    "ServiceAccount operators/prometheus-operator",
                )],
                people: vec![self.usable("privileged", "privileged", "Group sre")],
                ..self.namespace("").granted
            },
            needed: self.some("privileged"),
            needed_stored: self.some("privileged"),
            enforce: self.some("restricted"),
            proposed: self.some("privileged"),
            r#override: None,
            labels: Labels {
                before: self.labels(&[("enforce", "restricted")]),
                after: self.labels(&[
                    ("audit", "restricted"),
                    ("enforce", "restricted"),
                    ("warn", "restricted"),
                ]),
            },
            workloads: vec![
                self.node_agent("monitoring", "node-exporter"),
                self.plain("monitoring", "grafana"),
            ],
            findings: self.list(&["label-conflict", "open-to-everybody", "workload-refused"]),
            ..self.namespace("monitoring")
        }
    }

    fn dragged(&self) -> Namespace {
        Namespace {
            reasons: self.list(&["Deployment api, CronJob report violates restricted"]),
            granted: Granted {
                own: vec![Usable {
                    used: false,
                    ..self.usable("privileged", "privileged", "ServiceAccount shop/debug")
                }],
                ..self.namespace("").granted
            },
            needed: self.some("baseline"),
            needed_stored: self.some("baseline"),
            needed_with_patches: self.some("restricted"),
            confidence: self.text("review"),
            enforce: self.some("baseline"),
            proposed: self.some("baseline"),
            r#override: None,
            labels: Labels {
                before: self.labels(&[("enforce", "privileged"), ("warn", "baseline")]),
                after: self.labels(&[
                    ("audit", "restricted"),
                    ("enforce", "baseline"),
                    ("warn", "baseline"),
                ]),
            },
            workloads: vec![
                self.plain("shop", "api"),
                self.hardened_workload("shop", "web"),
            ],
            steps: self.list(&["10-warn-audit", "20-workloads", "30-enforce-review"]),
            findings: self.list(&["mutation-lost-1", "open-to-everybody"]),
            preview: vec![
                Preview {
                    version: self.text("v1.24"),
                    changed: Vec::new(),
                },
                Preview {
                    version: self.text("v1.35"),
                    changed: vec![Changed {
                        workload: self.text("Deployment api"),
                        checks: self.list(&["hostProbesAndHostLifecycle"]),
                        refused: true,
                    }],
                },
            ],
            existing_pods: vec![ExistingPods {
                level: self.text("restricted"),
                version: self.text("v1.29"),
                warnings: self.list(&[
                    "existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"restricted:v1.29\"",
                    "api-1 (and 2 other pods): runAsNonRoot != true",
                ]),
            }],
            ..self.namespace("shop")
        }
    }

    fn hardened(&self) -> Namespace {
        Namespace {
            reasons: self.list(&["every workload satisfies restricted as written"]),
            needed: self.some("restricted"),
            needed_stored: self.some("restricted"),
            enforce: self.some("restricted"),
            proposed: self.some("restricted"),
            r#override: None,
            labels: Labels {
                before: BTreeMap::new(),
                after: self.labels(&[
                    ("audit", "restricted"),
                    ("enforce", "restricted"),
                    ("warn", "restricted"),
                ]),
            },
            workloads: vec![
                self.hardened_workload("web", "frontend"),
                self.hardened_workload("web", "search"),
            ],
            steps: self.list(&["10-warn-audit", "30-enforce"]),
            ..self.namespace("web")
        }
    }

    fn usable(&self, policy: &str, level: &str, subject: &str) -> Usable {
        Usable {
            policy: self.text(policy),
            level: self.some(level),
            subject: self.text(subject),
            binding: self.text(&format!("ClusterRoleBinding psp-{policy}")),
            role: self.text(&format!("ClusterRole psp-{policy}")),
            used: true,
        }
    }

    fn workload(&self, kind: &str, namespace: &str, name: &str) -> Workload {
        Workload {
            kind: self.text(kind),
            namespace: self.some(namespace),
            name: self.text(name),
            source: self.source(&format!("apps/{namespace}/{name}.yaml"), 3),
            service_account: self.text("default"),
            policy: self.some("restricted"),
            via: self.some("Group system:authenticated"),
            satisfies: self.list(&["privileged", "baseline", "restricted"]),
            satisfies_stored: Some(self.list(&["privileged", "baseline", "restricted"])),
            satisfies_patched: None,
            mutations: Vec::new(),
            violations: BTreeMap::new(),
            patch: None,
            hardening: Vec::new(),
            counts: true,
            notes: Vec::new(),
        }
    }

    fn hardened_workload(&self, namespace: &str, name: &str) -> Workload {
        self.workload("Deployment", namespace, name)
    }

    fn violation(&self, check: &str, reason: &str, detail: &str) -> Violation {
        Violation {
            check: self.text(check),
            reason: self.text(reason),
            detail: self.text(detail),
        }
    }

    /// Baseline as it is, restricted with a patch.
    fn plain(&self, namespace: &str, name: &str) -> Workload {
        let restricted = vec![
            self.violation(
                "allowPrivilegeEscalation",
                "allowPrivilegeEscalation != false",
                "container \"app\" must set securityContext.allowPrivilegeEscalation=false",
            ),
            self.violation(
                "runAsNonRoot",
                "runAsNonRoot != true",
                "pod or container \"app\" must set securityContext.runAsNonRoot=true",
            ),
        ];
        Workload {
            satisfies: self.list(&["privileged", "baseline"]),
            satisfies_stored: Some(self.list(&["privileged", "baseline"])),
            satisfies_patched: Some(self.list(&["privileged", "baseline", "restricted"])),
            violations: BTreeMap::from([(self.text("restricted"), restricted)]),
            mutations: vec![
                Mutated {
                    change: Change {
                        path: self
                            .text("spec.containers[0].securityContext.allowPrivilegeEscalation"),
                        before: None,
                        after: Some(json!(false)),
                    },
                    consequence: self.text("programs can gain privileges"),
                },
                Mutated {
                    change: Change {
                        path: self.text("spec.securityContext.fsGroup"),
                        before: Some(json!(null)),
                        after: Some(json!({ "why": self.text("MustRunAs") })),
                    },
                    consequence: self.text("files may be out of reach"),
                },
            ],
            patch: Some(Patch {
                edits: vec![Change {
                    path: self.text("spec.securityContext.runAsUser"),
                    before: Some(json!(self.text("0"))),
                    after: Some(json!(self.text("1000"))),
                }],
                loosening: vec![Change {
                    path: self.text("spec.containers[0].securityContext.privileged"),
                    before: None,
                    after: Some(json!(true)),
                }],
                proof: "accepted".to_owned(),
                object: Some(json!({ "spec": { "x": self.text("RuntimeDefault") } })),
                stage: self.some("20-workloads"),
                unstaged: None,
            }),
            hardening: vec![Hardening {
                level: self.text("restricted"),
                edits: vec![Change {
                    path: self.text("spec.securityContext.seccompProfile"),
                    before: None,
                    after: Some(json!({ "type": self.text("RuntimeDefault") })),
                }],
                proof: self.some("refused"),
            }],
            notes: self.list(&["ended (Succeeded): it decides nothing"]),
            ..self.workload("Deployment", namespace, name)
        }
    }

    /// On the host's network, so privileged; not admitted by any policy.
    fn node_agent(&self, namespace: &str, name: &str) -> Workload {
        let namespaces = || {
            self.violation(
                "hostNamespaces",
                "host namespaces",
                "hostNetwork=true, hostPID=true",
            )
        };
        let volumes = || {
            self.violation(
                "hostPathVolumes",
                "hostPath volumes",
                "volumes \"proc\", \"sys\"",
            )
        };
        Workload {
            policy: None,
            via: None,
            satisfies: self.list(&["privileged"]),
            satisfies_stored: None,
            violations: BTreeMap::from([
                (self.text("baseline"), vec![namespaces(), volumes()]),
                (self.text("restricted"), vec![namespaces(), volumes()]),
            ]),
            ..self.workload("DaemonSet", namespace, name)
        }
    }

    fn policies(&self) -> Vec<Policy> {
        vec![
            Policy {
                name: self.text("privileged"),
                source: Some(self.source("cluster/psp.yaml", 1)),
                level: self.some("privileged"),
                strict_level: self.some("privileged"),
                summary: self.text("privileged: allows everything"),
                blocked_by: BlockedBy {
                    baseline: self.list(&["hostNamespaces", "privileged"]),
                    restricted: self.list(&["hostNamespaces", "privileged", "runAsNonRoot"]),
                },
                controls: vec![
                    self.control(
                        "hostNamespaces",
                        "baseline",
                        "granted",
                        "spec.hostNetwork",
                        "true",
                    ),
                    self.control(
                        "privileged",
                        "baseline",
                        "granted",
                        "spec.privileged",
                        "true",
                    ),
                ],
                mutations: Vec::new(),
                unmapped: Vec::new(),
            },
            Policy {
                name: self.text("restricted"),
                source: Some(self.source("cluster/psp.yaml", 31)),
                level: self.some("baseline"),
                strict_level: None,
                summary: self.text("baseline; restricted only because of runAsNonRoot"),
                blocked_by: BlockedBy {
                    baseline: Vec::new(),
                    restricted: self.list(&["runAsNonRoot"]),
                },
                controls: [
                    (
                        "capabilities",
                        "enforced",
                        "spec.requiredDropCapabilities",
                        "[ALL]",
                    ),
                    ("hostProbes", "uncontrolled", "", ""),
                    ("seLinuxOptions", "silent", "spec.seLinux.rule", "RunAsAny"),
                    ("seccompProfile", "escapable", "metadata.annotations", "*"),
                    ("sysctls", "imposed", "spec.forbiddenSysctls", "[]"),
                    ("runAsNonRoot", "unset", "spec.runAsUser.rule", "RunAsAny"),
                ]
                .into_iter()
                .map(|(check, verdict, field, value)| {
                    self.control(check, "restricted", verdict, field, value)
                })
                .collect(),
                mutations: vec![Mutation {
                    field: self.text("spec.requiredDropCapabilities"),
                    path: self.text("spec.containers[*].securityContext.capabilities.drop"),
                    value: self.text("[ALL]"),
                }],
                unmapped: vec![Unmapped {
                    field: self.text("spec.readOnlyRootFilesystem"),
                    value: self.text("true"),
                    message: self.text("containers had to run with a read-only root file system"),
                }],
            },
        ]
    }

    fn control(
        &self,
        check: &str,
        level: &str,
        verdict: &str,
        field: &str,
        value: &str,
    ) -> Control {
        Control {
            check: self.text(check),
            level: self.text(level),
            verdict: self.text(verdict),
            field: self.text(field),
            value: self.text(value),
            message: self.text(&format!("the policy's answer to {check} is {verdict}")),
            witness: (verdict == "granted")
                .then(|| json!({ "kind": "Pod", "metadata": { "name": self.text("witness") } })),
        }
    }

    fn findings(&self) -> Vec<Finding> {
        vec![
            self.finding(
                "workload-refused",
                "workload-refused",
                "high",
                "DaemonSet node-exporter would be refused",
                "monitoring",
            ),
            self.finding(
                "label-conflict",
                "label-conflict",
                "medium",
                "the owner's enforce label is tighter",
                "monitoring",
            ),
            self.finding(
                "mutation-lost-1",
                "mutation-lost",
                "medium",
                "policy restricted sets allowPrivilegeEscalation",
                "shop",
            ),
            self.finding(
                "mutation-lost-2",
                "mutation-lost",
                "medium",
                "policy restricted sets fsGroup",
                "shop",
            ),
            self.finding(
                "unseen-workloads",
                "unseen-workloads",
                "medium",
                "no enforce label, because of a HelmRelease",
                "legacy",
            ),
            self.finding(
                "dangling-role",
                "dangling-role",
                "low",
                "ClusterRoleBinding old refers to no role",
                "",
            ),
            self.finding(
                "open-to-everybody",
                "open-to-everybody",
                "info",
                "policy restricted is open to everybody",
                "",
            ),
        ]
    }

    fn finding(
        &self,
        id: &str,
        code: &str,
        severity: &str,
        title: &str,
        namespace: &str,
    ) -> Finding {
        Finding {
            id: self.text(id),
            code: self.text(code),
            severity: self.text(severity),
            title: self.text(title),
            places: vec![Place {
                namespace: (!namespace.is_empty()).then(|| self.text(namespace)),
                object: self.text("DaemonSet node-exporter"),
                source: Some(self.source("apps/monitoring/node-exporter.yaml", 3)),
            }],
            evidence: self.list(&["hostNetwork=true, hostPID=true"]),
            consequence: self.text("Pods that run go on running; new ones are refused."),
            remedy: self
                .text("Change the fields that the violations name, or enforce a looser level."),
            commands: self.list(&["kubectl get events -A", "kubectl get pods"]),
            manifests: vec![json!({"kind": self.text("ValidatingAdmissionPolicy"), "spec": {}})],
            open: true,
            accepted: Vec::new(),
        }
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        vec![
            Diagnostic {
                code: self.text("input/syntax"),
                severity: self.text("error"),
                message: self.text("mapping values are not allowed here"),
                source: Some(self.source("apps/legacy/values.yaml", 7)),
                help: self.text("render the template with helm template first"),
            },
            Diagnostic {
                code: self.text("model/unknown-kind"),
                severity: self.text("note"),
                message: self.text("3 objects of unknown kinds were passed over"),
                source: None,
                help: self.text(""),
            },
        ]
    }
}
