//! `admission-configuration.yaml`: defaults and exemptions of the plugin, each with its reason as a comment.

use serde_json::json;

use crate::model::namespace::kubelet_minor;
use crate::plan::Plan;
use crate::plan::unlabelled::Uncovered;
use crate::plan::versions::Plugin;
use crate::pss::admission::Mode;
use crate::pss::{Level, Version};
use crate::render::manifests::yaml;
use crate::render::text::visible;

/// The name of the file.
pub const FILE: &str = "admission-configuration.yaml";

const HEAD: &str = "\
# What Pod Security Admission does in namespaces without labels, those that are still to come included. Without this
# file, it refuses nothing there.
#
# For --admission-control-config-file of every API server, which reads it when it starts. First apply the stages of
# manifests/ that enforce: the namespaces rely on their labels. These have none, and fall under the defaults:
#
#     kubectl get namespaces -l '!pod-security.kubernetes.io/enforce'
#
# Where the API server cannot be configured, as in most managed clusters, label namespaces when they are created.
";

/// Where the defaults refuse pods.
const BACK: &str = "\
#
# The way back: before anything of rollback/ is applied, take this file off every API server again, and wait until all have
# restarted. Namespaces that lose their labels there fall under the defaults, those of Kubernetes itself too.
";

/// A version of the plugin's configuration. The fields are the same in both.
///
/// Upstream: `k8s.io/pod-security-admission/admission/api/scheme/scheme.go` of 1.23 registers `v1alpha1` and `v1beta1`,
/// and from 1.25 on all three, which is why `v1beta1` serves both sides of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// What API servers of 1.23 and newer read.
    V1Beta1,
    /// What API servers of 1.25 and newer read.
    V1,
}

/// The first minor version that reads [`Api::V1`].
const FIRST: u32 = 25;

impl Api {
    /// The one that every API server of the rollout reads, as far as the plan tells: the file is applied while the
    /// policies are served, which no server of 1.25 does.
    pub fn of(plan: &Plan) -> Self {
        let is_old = oldest(plan).is_some_and(|minor| minor < FIRST);
        let served = Plugin::of(plan.kubelets.keys()) == Plugin::Possible;
        match is_old || served && !plan.policies.is_empty() {
            true => Api::V1Beta1,
            false => Api::V1,
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Api::V1Beta1 => "pod-security.admission.config.k8s.io/v1beta1",
            Api::V1 => "pod-security.admission.config.k8s.io/v1",
        }
    }

    /// Which servers read it, as a sentence.
    pub(super) fn readers(self) -> &'static str {
        match self {
            Api::V1Beta1 => "API servers of v1.23 and newer read v1beta1; v1 would need v1.25.",
            Api::V1 => {
                "API servers of v1.25 and newer read v1; v1.23 and v1.24 need v1beta1, with the same fields."
            }
        }
    }
}

/// The oldest minor version that labels or kubelets tell.
fn oldest(plan: &Plan) -> Option<u32> {
    let target = match plan.target.version {
        Version::Minor(minor) => u32::try_from(minor).ok(),
        Version::Latest => None,
    };
    let kubelets = plan.kubelets.keys();
    kubelets
        .filter_map(|version| kubelet_minor(version))
        .chain(target)
        .min()
}

/// A server that knows one version of the configuration only.
const ALPHA: &str = "\
# v1.22 reads v1alpha1 only, with the same fields, and needs the feature gate PodSecurity. Servers before it have no Pod
# Security Admission.
";

/// The whole file; `None` where the plan has no defaults.
pub fn configuration(plan: &Plan) -> Option<String> {
    let unlabelled = plan.unlabelled.as_ref()?;
    let api = Api::of(plan);
    let mut out = HEAD.to_owned();
    let enforce = unlabelled.defaults.enforce;
    if enforce.level > Level::Privileged {
        out.push_str(BACK);
    }
    out.push_str(&format!("#\n# {}\n", api.readers()));
    if oldest(plan).is_some_and(|minor| minor < 23) {
        out.push_str(ALPHA);
    }
    out.push_str(&uncovered(&unlabelled.uncovered));
    out.push_str(&format!(
        "apiVersion: apiserver.config.k8s.io/v1\n\
         kind: AdmissionConfiguration\n\
         plugins:\n\
         - name: PodSecurity\n  \
           configuration:\n    \
             apiVersion: {}\n    \
             kind: PodSecurityConfiguration\n    \
             defaults:\n",
        api.as_str()
    ));
    for reason in &unlabelled.reasons {
        comment(&mut out, &format!("{}.", sentence(reason)));
    }
    if unlabelled.aim != enforce.level {
        let aim = unlabelled.aim;
        comment(&mut out, &format!("Make it {aim} once that is settled."));
    }
    for mode in Mode::ALL {
        let default = unlabelled.defaults.mode(mode);
        let word = mode.as_str();
        out.push_str(&format!("      {word}: {}\n", default.level));
        out.push_str(&format!("      {word}-version: {}\n", default.version));
    }
    out.push_str("    exemptions:\n      usernames: []\n      runtimeClasses: []\n");
    if unlabelled.exempt.is_empty() {
        out.push_str("      namespaces: []\n");
        return Some(out);
    }
    out.push_str("      namespaces:\n");
    for exempt in &unlabelled.exempt {
        comment(&mut out, &format!("{}.", sentence(&exempt.reason)));
        // A name may look like a number or a boolean, so it is written by the writer that knows.
        out.push_str(&format!("      - {}", yaml(&json!(exempt.namespace))));
    }
    Some(out)
}

/// The namespaces that fall under the defaults, as comments.
fn uncovered(uncovered: &[Uncovered]) -> String {
    if uncovered.is_empty() {
        return String::new();
    }
    let mut out =
        "#\n# No file of this plan gives an enforce label to these namespaces:\n#\n".to_owned();
    for Uncovered { namespace, reason } in uncovered {
        out.push_str(&format!("#   {namespace}: {}\n", visible(reason)));
    }
    out
}

/// Appends a comment above a default or an exemption, in lines of at most 120 columns.
fn comment(out: &mut String, text: &str) {
    const START: &str = "      #";
    let mut width = 0;
    for word in visible(text).split(' ') {
        let more = 1 + word.chars().count();
        if width == 0 || width + more > 120 {
            let end = if width == 0 { "" } else { "\n" };
            out.push_str(end);
            out.push_str(START);
            width = START.len();
        }
        out.push(' ');
        out.push_str(word);
        width += more;
    }
    out.push('\n');
}

fn sentence(phrase: &str) -> String {
    let mut rest = phrase.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}
