//! Which namespaces are special: those of Kubernetes itself, and those that the user leaves out.

/// Namespaces that belong to Kubernetes itself: nothing there is tightened by absence of evidence.
const SYSTEM: &[&str] = &["kube-node-lease", "kube-public", "kube-system"];

/// Whether a namespace belongs to Kubernetes itself.
pub fn is_system(namespace: &str) -> bool {
    SYSTEM.contains(&namespace)
}

/// Whether a namespace is one of those that the user leaves out.
pub(super) fn is_excluded(namespace: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| matches(pattern, namespace))
}

/// Whether a pattern, in which `*` stands for any characters, is the whole of a name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place is as good as any, because a star follows.
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("team-*", "team-a", true),
            ("team-*", "a-team-b", false),
            ("*-ci", "build-ci", true),
            ("*", "anything", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*b", "ab", false),
            ("default", "default", true),
            ("default", "default2", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
