//! `admission-configuration.yaml`: defaults and exemptions of the plugin, each with its reason as a comment.

use serde_json::json;

use crate::plan::unlabelled::{Uncovered, Unlabelled};
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

/// The first minor version that reads `v1` of the configuration.
/// Upstream: `k8s.io/pod-security-admission/admission/api/v1` appeared in 1.25.
const FIRST: u64 = 25;

/// The whole file.
pub fn configuration(unlabelled: &Unlabelled) -> String {
    let mut out = HEAD.to_owned();
    let enforce = unlabelled.defaults.enforce;
    if enforce.level > Level::Privileged {
        out.push_str(BACK);
    }
    if matches!(enforce.version, Version::Minor(minor) if minor < FIRST) {
        out.push_str(&format!(
            "#\n# An API server older than v1.{FIRST} reads pod-security.admission.config.k8s.io/v1beta1, which has the same fields.\n"
        ));
    }
    out.push_str(&uncovered(&unlabelled.uncovered));
    out.push_str(
        "apiVersion: apiserver.config.k8s.io/v1\n\
         kind: AdmissionConfiguration\n\
         plugins:\n\
         - name: PodSecurity\n  \
           configuration:\n    \
             apiVersion: pod-security.admission.config.k8s.io/v1\n    \
             kind: PodSecurityConfiguration\n    \
             defaults:\n",
    );
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
        return out;
    }
    out.push_str("      namespaces:\n");
    for exempt in &unlabelled.exempt {
        comment(&mut out, &format!("{}.", sentence(&exempt.reason)));
        // A name may look like a number or a boolean, so it is written by the writer that knows.
        out.push_str(&format!("      - {}", yaml(&json!(exempt.namespace))));
    }
    out
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
