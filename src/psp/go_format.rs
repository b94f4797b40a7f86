//! Values as Go prints them: upstream's messages contain them.

use crate::go;
use crate::model::psp::IdRange;

/// How Go prints a nil pointer in a field error.
pub(crate) const NULL: &str = "\"null\"";

/// Id ranges as `%v` prints them: `[{1 2} {5 9}]`.
pub(crate) fn ranges(ranges: &[IdRange]) -> String {
    let items = joined(ranges, " ", |r| format!("{{{} {}}}", r.min, r.max));
    format!("[{items}]")
}

/// Id ranges as `%#v` prints them.
pub(crate) fn ranges_in_full(ranges: &[IdRange]) -> String {
    let items = joined(ranges, ", ", |r| {
        format!("policy.IDRange{{Min:{}, Max:{}}}", r.min, r.max)
    });
    format!("[]policy.IDRange{{{items}}}")
}

/// Numbers as `%#v` prints a `[]int64`.
pub(crate) fn int64s(ids: &[i64]) -> String {
    format!("[]int64{{{}}}", joined(ids, ", ", i64::to_string))
}

/// Strings as `%#v` prints a slice of `go_type`, for example `[]core.Capability{"ALL"}`.
pub(crate) fn strings(go_type: &str, items: &[String]) -> String {
    format!(
        "[]{go_type}{{{}}}",
        joined(items, ", ", |item| go::quoted(item))
    )
}

fn joined<T>(items: &[T], separator: &str, print: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(print).collect();
    items.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_have_types_and_separators() {
        let two = [IdRange { min: 1, max: 2 }, IdRange { min: -5, max: 9 }];
        assert_eq!(ranges(&two), "[{1 2} {-5 9}]");
        assert_eq!(
            ranges_in_full(&two[..1]),
            "[]policy.IDRange{policy.IDRange{Min:1, Max:2}}"
        );
        assert_eq!(int64s(&[]), "[]int64{}");
        assert_eq!(int64s(&[1, 2]), "[]int64{1, 2}");
        assert_eq!(strings("string", &["a".into()]), "[]string{\"a\"}");
    }
}
