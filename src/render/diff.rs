//! Unified diffs.

use similar::TextDiff;

use crate::plan::{NamespacePlan, Plan};
use crate::render::manifests::{manifest, yaml};

/// The change to every Namespace object, each as it would be after all stages.
pub fn migration(plan: &Plan) -> String {
    plan.namespaces
        .iter()
        .filter(|namespace| namespace.labels.before != namespace.labels.after)
        .map(namespace)
        .collect()
}

fn namespace(plan: &NamespacePlan) -> String {
    let path = format!("namespaces/{}.yaml", plan.name);
    let before = match plan.manifest {
        Some(_) => yaml(&manifest(plan, &plan.labels.before)),
        None => String::new(),
    };
    let old = match plan.manifest {
        Some(_) => format!("a/{path}"),
        None => "/dev/null".to_owned(),
    };
    let after = yaml(&manifest(plan, &plan.labels.after));
    unified(&before, &after, &old, &format!("b/{path}"))
}

/// A unified diff with three lines of context; empty if nothing differs.
pub fn unified(before: &str, after: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(old, new)
        .to_string()
}
