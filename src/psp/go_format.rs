//! Values as Go prints them: upstream's messages contain them.

use std::fmt::Write;

use crate::model::psp::IdRange;

/// How Go prints a nil pointer in a field error.
pub(crate) const NULL: &str = "\"null\"";

/// A string as `%q` prints it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            _ if is_printable(c) => out.push(c),
            _ => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..0x80 => write!(out, "\\x{code:02x}"),
                    0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

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
        joined(items, ", ", |item| quoted(item))
    )
}

fn joined<T>(items: &[T], separator: &str, print: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(print).collect();
    items.join(separator)
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII blank.
///
/// Rust's tables say the same, but only through `escape_debug`, which treats a mark at the start of a string apart.
fn is_printable(c: char) -> bool {
    let mut text = String::from("a");
    text.push(c);
    c == '\'' || text.escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escape_what_go_escapes() {
        assert_eq!(quoted("a'b\"\\\n"), r#""a'b\"\\\n""#);
        assert_eq!(
            quoted("\0\u{7f}\u{a0}\u{feff}"),
            r#""\x00\x7f\u00a0\ufeff""#
        );
        assert_eq!(quoted("é日\u{301}\u{10ffff}"), "\"é日\u{301}\\U0010ffff\"");
    }

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
