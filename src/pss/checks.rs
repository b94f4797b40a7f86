//! The table of checks, and the tests that police it.

use crate::pss::check::Check;

mod allow_privilege_escalation;
mod app_armor_profile;
pub(super) mod capabilities_baseline;
pub(super) mod capabilities_restricted;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes_and_host_lifecycle;
mod privileged;
mod proc_mount;
mod proc_mount_restricted;
pub(super) mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_profile_baseline;
mod seccomp_profile_restricted;
pub(super) mod sysctls;
mod windows_host_process;

/// Every check, in evaluation order: baseline before restricted, ids bytewise within each.
pub static CHECKS: &[&Check] = &[
    &app_armor_profile::CHECK,
    &capabilities_baseline::CHECK,
    &host_namespaces::CHECK,
    &host_path_volumes::CHECK,
    &host_ports::CHECK,
    &host_probes_and_host_lifecycle::CHECK,
    &privileged::CHECK,
    &proc_mount::CHECK,
    &se_linux_options::CHECK,
    &seccomp_profile_baseline::CHECK,
    &sysctls::CHECK,
    &windows_host_process::CHECK,
    &allow_privilege_escalation::CHECK,
    &capabilities_restricted::CHECK,
    &proc_mount_restricted::CHECK,
    &restricted_volumes::CHECK,
    &run_as_non_root::CHECK,
    &run_as_user::CHECK,
    &seccomp_profile_restricted::CHECK,
];

/// The check with this id.
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use super::CHECKS;
    use crate::model::pod::Pod;
    use crate::pss::check::{Check, Revision};
    use crate::pss::invented::{invented, since};
    use crate::pss::version::{Level, NEWEST, Version};

    /// What is wrong with a table, each with its remedy. Upstream: `validateChecks` in `policy/registry.go`.
    fn faults(table: &[&Check]) -> Vec<String> {
        let mut faults = Vec::new();
        for pair in table.windows(2) {
            if (pair[0].level, pair[0].id) >= (pair[1].level, pair[1].id) {
                faults.push(format!(
                    "{} stands before {}: sort CHECKS by level, then id, each id once",
                    pair[0].id, pair[1].id
                ));
            }
        }
        for check in table {
            let id = check.id;
            if table.iter().filter(|other| other.id == id).count() > 1 {
                faults.push(format!("{id} stands twice: give one of them another id"));
            }
            if check.level == Level::Privileged {
                faults.push(format!("{id} is privileged: that level has no checks"));
            }
            if check.revisions.is_empty() {
                faults.push(format!("{id} has no revision: add its first one"));
            }
            if !check.revisions.windows(2).all(|r| r[0].since < r[1].since) {
                faults.push(format!(
                    "{id}: sort its revisions by minor, each minor once"
                ));
            }
            for overridden in check.revisions.iter().flat_map(|r| r.overrides) {
                let known = table.iter().find(|other| other.id == *overridden);
                if check.level != Level::Restricted
                    || known.is_none_or(|other| other.level != Level::Baseline)
                {
                    faults.push(format!(
                        "{id} overrides {overridden}: only restricted checks may, and only baseline ones"
                    ));
                }
            }
        }
        faults
    }

    #[test]
    fn the_table_is_well_formed() {
        assert_eq!(faults(CHECKS), Vec::<String>::new());
    }

    #[test]
    fn every_fault_of_a_table_is_found() {
        let (baseline, restricted) = (Level::Baseline, Level::Restricted);
        static FIRST: [Revision; 1] = [since(0, &[])];
        static REPEATED: [Revision; 2] = [since(5, &[]), since(5, &[])];
        static OVERRIDING: [Revision; 1] = [since(0, &["a"])];
        static UNKNOWN: [Revision; 1] = [since(0, &["z"])];
        let a = invented("a", baseline, &FIRST);
        let b = invented("b", baseline, &FIRST);
        let c = invented("c", restricted, &FIRST);
        let d = invented("d", restricted, &OVERRIDING);
        assert_eq!(faults(&[&a, &b, &c, &d]), Vec::<String>::new());
        for (table, words) in [
            (vec![&b, &a], "sort CHECKS"),
            (vec![&c, &a], "sort CHECKS"),
            (vec![&a, &a], "stands twice"),
            (vec![&a, &invented("a", restricted, &FIRST)], "stands twice"),
            (vec![&invented("a", Level::Privileged, &FIRST)], "no checks"),
            (vec![&invented("a", baseline, &[])], "no revision"),
            (vec![&invented("a", baseline, &REPEATED)], "each minor once"),
            (
                vec![&a, &invented("b", baseline, &OVERRIDING)],
                "overrides a",
            ),
            (vec![&invented("b", restricted, &UNKNOWN)], "overrides z"),
        ] {
            let faults = faults(&table);
            assert!(
                faults.iter().any(|fault| fault.contains(words)),
                "{words}: {faults:?}"
            );
        }
    }

    #[test]
    fn the_newest_version_is_the_newest_revision() {
        let newest = CHECKS
            .iter()
            .flat_map(|check| check.revisions)
            .map(|revision| revision.since)
            .max();
        assert_eq!(
            newest.map(Version::Minor),
            Some(NEWEST),
            "set NEWEST in version.rs to the newest revision in the table"
        );
    }

    /// The sections of a check's docs, in order.
    const SECTIONS: [&str; 7] = [
        "What it forbids",
        "Why",
        "Fields",
        "Allowed values",
        "In a PodSecurityPolicy",
        "Since",
        "How to fix",
    ];

    /// The text of a section, without its heading.
    fn section<'a>(check: &'a Check, title: &str) -> &'a str {
        let start = check.docs.split_once(&format!("## {title}\n")).unwrap().1;
        start.split("\n## ").next().unwrap()
    }

    #[test]
    fn docs_have_the_sections_in_order_and_say_what_the_data_says() {
        for check in CHECKS {
            let id = check.id;
            let headings: Vec<&str> = check
                .docs
                .lines()
                .filter_map(|line| line.strip_prefix("## "))
                .collect();
            assert_eq!(headings, SECTIONS, "{id}: give its docs these sections");
            for title in SECTIONS {
                assert!(
                    section(check, title).trim().len() > 4,
                    "{id}: write the section {title}"
                );
            }
            for (title, paths) in [
                ("Fields", check.fields),
                ("In a PodSecurityPolicy", check.psp_fields),
            ] {
                for path in paths {
                    assert!(
                        section(check, title).contains(&format!("`{path}`")),
                        "{id}: name `{path}` in the section {title}"
                    );
                }
            }
            for revision in check.revisions {
                assert!(
                    section(check, "Since").contains(&format!("v1.{}", revision.since)),
                    "{id}: name v1.{} in the section Since",
                    revision.since
                );
            }
            assert_eq!(
                section(check, "How to fix").matches("```yaml\n").count(),
                2,
                "{id}: show the YAML before and after in How to fix"
            );
            let widest = check.docs.lines().map(str::len).max();
            assert!(widest <= Some(100), "{id}: wrap its docs at 100 columns");
        }
    }

    #[test]
    fn the_file_of_a_check_is_named_after_its_id_in_snake_case() {
        let mut expected: Vec<String> = CHECKS.iter().map(|check| snake(check.id)).collect();
        expected.sort();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pss/checks");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(
            files, expected,
            "rename the file, or list its check in CHECKS"
        );
    }

    /// `hostPorts` is in `host_ports.rs`.
    fn snake(id: &str) -> String {
        let mut name = String::new();
        for c in id.chars() {
            if c.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        }
        name + ".rs"
    }

    #[test]
    fn every_field_of_a_check_is_a_path_that_the_model_has() {
        for check in CHECKS {
            for field in check.fields {
                for list in ["initContainers", "containers", "ephemeralContainers"] {
                    let path = field.replace("<containers>", list);
                    assert!(
                        is_read(&path),
                        "{}: the model does not read {path}: correct the path",
                        check.id
                    );
                }
            }
        }
        assert!(!is_read("spec.hostnetwork"));
        assert!(!is_read("spec.containers[*].hostPID"));
    }

    /// Whether a pod with some value at this path differs from a pod without one.
    fn is_read(path: &str) -> bool {
        let leaves = [
            serde_json::json!("x"),
            serde_json::json!(true),
            serde_json::json!(1),
            serde_json::json!(["x"]),
            serde_json::json!({}),
            serde_json::json!({"emptyDir": {}}),
        ];
        let absent = pod_with(path, serde_json::Value::Null).unwrap();
        leaves
            .into_iter()
            .filter_map(|leaf| pod_with(path, leaf))
            .any(|pod| pod != absent)
    }

    fn pod_with(path: &str, leaf: serde_json::Value) -> Option<Pod> {
        let (path, key) = match path.split_once('[') {
            // An annotation, whose key has dots.
            Some((map, key)) if !key.starts_with('*') => (map, Some(key.trim_end_matches(']'))),
            _ => (path, None),
        };
        let steps: Vec<&str> = path.split('.').chain(key).collect();
        let value =
            steps
                .into_iter()
                .rev()
                .fold(leaf, |inner, step| match step.strip_suffix("[*]") {
                    Some(list) => serde_json::json!({ list: [inner] }),
                    None => serde_json::json!({ step: inner }),
                });
        serde_json::from_value(value).ok()
    }
}
