//! How text of the input becomes text in an output, whatever it contains.
//!
//! Names, annotations and messages are untrusted. An output format gets one function here, which is applied to every
//! value that a template writes; nothing else needs to know which values are hostile.

use std::borrow::Cow;

/// Writes out what a reader would not see, or what changes how the text around it is shown: control characters
/// (so ANSI escapes and line breaks as well), bidirectional controls, and characters without a width of their own.
///
/// `a\u{202e}b` stands for itself in the result, so a reader sees where such a character was.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    // Nearly all texts are printable ASCII, of which nothing is hidden.
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b));
    if plain || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Unicode's controls, `Bidi_Control`, `Default_Ignorable_Code_Point`, line and paragraph separators, and
/// non-characters of the first plane.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'
                | '\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Appends text to HTML: content of elements, and attributes in quotes.
pub(super) fn html(text: &str, escaped: &mut String) {
    let text = visible(text);
    let mut rest = text.as_ref();
    // Names and sentences rarely have any of these, so the rest is copied in long runs.
    while let Some(at) = rest
        .bytes()
        .position(|b| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'' | b'`'))
    {
        escaped.push_str(&rest[..at]);
        escaped.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => "&#96;",
        });
        rest = &rest[at + 1..];
    }
    escaped.push_str(rest);
}

/// Appends text as a code span of Markdown, so that it can be copied from the source. Not for cells of tables, which `|`
/// ends even there, and not inside of `<summary>`, where Markdown is not read.
///
/// Nothing can be escaped in a code span, and nothing has to be: it ends at a run of backticks as long as the one that
/// it begins with, so that run is longer than any in the text. One blank at both ends is not part of it (CommonMark 0.31,
/// 6.1). Hostile text before it has no backticks, see [`markdown`].
pub(super) fn code_into(text: &str, out: &mut String) {
    let text = visible(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let has = |c| text.starts_with(c) || text.ends_with(c);
    let stripped = text.starts_with(' ') && text.ends_with(' ') && text.trim() != "";
    let pad = if has('`') || stripped || text.is_empty() {
        " "
    } else {
        ""
    };
    for part in [&ticks, pad, &text, pad, &ticks] {
        out.push_str(part);
    }
}

/// The same, by itself.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    code_into(text, &mut out);
    out
}

/// Appends lines as a fenced code block of Markdown. Of each, [`visible`] is the text, so that none ends early.
pub(super) fn fence_into(lines: &str, out: &mut String) {
    let fence = "`".repeat(3.max(longest_run(lines) + 1));
    for part in [&fence, "\n", lines, &fence, "\n"] {
        out.push_str(part);
    }
}

/// Appends text for a line of [`fence_into`].
pub(super) fn line_into(text: &str, out: &mut String) {
    out.push_str(&visible(text));
}

/// The number of backticks that follow one another.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

/// Text for Markdown: paragraphs, list items, table cells, headings, and the HTML elements between them. Not for code
/// spans and blocks, in which nothing can be escaped.
///
/// Character references are used and not backslashes, because they mean the same inside of `<summary>` and `<code>`,
/// where Markdown is not read. A character that means nothing where it stands is left alone, so that the source stays
/// readable: no line of ours begins a link reference definition, so `[x]` is a link only if `(`, `[` or `:` follows.
///
/// `[x]` itself is written out because GitHub's renderer looks for it in the whole line to tick the box of a task.
///
/// GitHub and GitLab look for names (`@team`), issues (`#1`) and addresses in the *rendered* text; an empty comment
/// after the first character keeps them from finding any.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    markdown_into(text, &mut escaped);
    escaped
}

/// The same, appended to a text.
pub(super) fn markdown_into(text: &str, escaped: &mut String) {
    let text = visible(text);
    let mut before = None;
    // Whether everything before was a digit: `1.` and `1)` at the start of a line begin a list.
    let mut number = true;
    // Whether a run of underscores is within a word, where it begins and ends nothing however long it is.
    let mut within = false;
    let mut rest = text.chars();
    loop {
        // Letters and digits stand for themselves wherever they are, and are most of a text.
        let word = rest.as_str();
        let length = word.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (word, behind) = word.split_at(length);
        if let Some(last) = word.bytes().next_back() {
            escaped.push_str(word);
            number = number && word.bytes().all(|b| b.is_ascii_digit());
            before = Some(char::from(last));
            rest = behind.chars();
        }
        let Some(c) = rest.next() else {
            return;
        };
        let after = rest.clone().next();
        if c == '_' && before != Some('_') {
            let after = rest.as_str().trim_start_matches('_').chars().next();
            within = [before, after]
                .into_iter()
                .all(|c| c.is_some_and(char::is_alphanumeric));
        }
        match c {
            '_' if within => escaped.push(c),
            _ if stands_for_itself(c, before, after, number, rest.as_str()) => escaped.push(c),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => {
                escaped.push_str(&format!("&#{};", u32::from(c)));
                if matches!(c, '@' | '#' | ':') {
                    escaped.push_str("<!-- -->");
                }
            }
        }
        number = number && c.is_ascii_digit();
        before = Some(c);
    }
}

fn stands_for_itself(
    c: char,
    before: Option<char>,
    after: Option<char>,
    number: bool,
    rest: &str,
) -> bool {
    let starts = before.is_none();
    let wordy = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '&' | '<' | '>' | '|' | '`' | '*' | '~' | '$' | '@' | '_' => false,
        '[' => {
            let task = ["x]", "X]", " ]"]
                .into_iter()
                .any(|task| rest.starts_with(task));
            !starts && !task && !matches!(after, Some('[' | '^'))
        }
        ']' => !matches!(after, None | Some('[' | '(' | ':' | ']')),
        '\\' => after.is_some_and(|c| !c.is_ascii_punctuation()),
        '#' => !starts && !after.is_some_and(|c| c.is_ascii_digit()),
        '-' | '+' | '=' | ' ' => !starts,
        ')' => !number || starts,
        '.' => (!number || starts) && !(before == Some('w') && wordy(after)),
        ':' => !rest.starts_with("//"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_written_out() {
        assert_eq!(visible("a\u{202e}b\u{2066}c"), "a\\u{202e}b\\u{2066}c");
        assert_eq!(
            visible("\u{1b}[31mred\u{7}\r\n\t"),
            "\\u{1b}[31mred\\u{7}\\r\\n\\t"
        );
        assert_eq!(
            visible("zero\u{200b}width\u{feff}"),
            "zero\\u{200b}width\\u{feff}"
        );
        assert_eq!(visible("Überraschung 名前"), "Überraschung 名前");
    }

    #[test]
    fn html_has_no_markup_left() {
        let mut escaped = String::new();
        html("<a href=\"x\" title='y'>`&</a>", &mut escaped);
        assert_eq!(
            escaped,
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&#96;&amp;&lt;/a&gt;"
        );
    }

    #[test]
    fn usual_names_and_sentences_stay_readable_in_markdown() {
        for text in [
            "kube-system",
            "pod-security.kubernetes.io/enforce",
            "spec.containers[0].securityContext.runAsUser",
            "allowPrivilegeEscalation != false (container \"api\" must set securityContext.x=false)",
            "capabilities NET_ADMIN, SYS_ADMIN",
            "manifests/10-warn-audit",
            "v1.29",
            "shop.yaml:12:1",
            "shop__base__web.yaml:12:1",
        ] {
            assert_eq!(markdown(text), text);
        }
    }

    #[test]
    fn code_is_plain_text_that_nothing_leaves() {
        for (text, expected) in [
            ("a__b.yaml:15:1", "`a__b.yaml:15:1`"),
            (r#"["ALL"] && x || <y>"#, r#"`["ALL"] && x || <y>`"#),
            ("`", "`` ` ``"),
            ("a``b`c", "```a``b`c```"),
            ("``` <script>", "```` ``` <script> ````"),
            (" a ", "`  a  `"),
            ("  ", "`  `"),
            ("", "`  `"),
            ("a\nb", "`a\\nb`"),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
        let mut fenced = String::new();
        fence_into("````\n&&\n", &mut fenced);
        assert_eq!(fenced, "`````\n````\n&&\n`````\n");
    }

    #[test]
    fn nothing_begins_or_becomes_markup_in_markdown() {
        for (text, expected) in [
            ("a|b", "a&#124;b"),
            (
                "*b* _i_ `c` ~s~",
                "&#42;b&#42; &#95;i&#95; &#96;c&#96; &#126;s&#126;",
            ),
            ("__a__b__", "&#95;&#95;a__b&#95;&#95;"),
            ("<script>", "&lt;script&gt;"),
            ("&lt;", "&amp;lt;"),
            ("# title", "&#35;<!-- --> title"),
            ("- item", "&#45; item"),
            ("1. item", "1&#46; item"),
            ("12) item", "12&#41; item"),
            ("    code", "&#32;   code"),
            ("[x](y)", "&#91;x&#93;(y)"),
            ("a [z](y)", "a [z&#93;(y)"),
            ("a [y]", "a [y&#93;"),
            ("a [x] b", "a &#91;x] b"),
            ("a\\|b", "a&#92;&#124;b"),
            ("end\\", "end&#92;"),
            ("one\ntwo", "one\\ntwo"),
            ("@team", "&#64;<!-- -->team"),
            ("see #12", "see &#35;<!-- -->12"),
            ("https://x.example", "https&#58;<!-- -->//x.example"),
            ("www.x.example", "www&#46;x.example"),
            ("$x$", "&#36;x&#36;"),
        ] {
            assert_eq!(markdown(text), expected, "{text}");
        }
    }
}
