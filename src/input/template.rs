//! Recognising documents that a template engine has still to fill in, and guessing what they will be.

use super::diags;
use super::json;
use super::text::{Fault, Origin};
use super::tree::{NodeId, Tree};
use super::yaml;

/// What the plain lines of an unreadable document say about the object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
}

/// The fault to report for a document that does not parse: that it is a template, or the fault as it is.
///
/// A document with template markers is not taken for a template if it fails at the same line when the markers are
/// masked: markers also occur within strings, as in alerting rules.
pub(super) fn judge(text: &str, origin: Origin, fault: Fault) -> Fault {
    let Some(marker) = marker(text) else {
        return fault;
    };
    let masked = mask(text);
    let same_line = |other: &Fault| other.line == fault.line;
    let line_start = text[..marker.at].rfind('\n').map_or(0, |at| at + 1);
    let fault_on_marker = origin.after(&text.as_bytes()[..line_start]).line == fault.line;
    match yaml::load(&masked, origin) {
        Err(other) if same_line(&other) && !fault_on_marker && marker.engine != YTT => fault,
        _ => marker.fault(text, origin),
    }
}

/// The fault of a document that parses although its values are not final: `ytt` works in comments, and a templated
/// name may stand in quotes.
pub(super) fn unrendered(
    text: &str,
    origin: Origin,
    tree: &Tree<'_>,
    root: NodeId,
) -> Option<Fault> {
    if text.contains("#@")
        && let Some((_, line)) = yaml::comments(text)
            .iter()
            .find(|(comment, _)| is_ytt(comment))
    {
        return Some(Fault {
            code: &diags::TEMPLATE,
            line: origin.line + line - 1,
            column: 1,
            message: "an unrendered ytt template".to_owned(),
            help: RENDER_YTT.to_owned(),
        });
    }
    if !text.contains("{{") && !text.contains("{%") {
        return None;
    }
    let metadata = tree.get(root, "metadata");
    let field = |name: &str| metadata.and_then(|metadata| tree.get(metadata, name));
    let node = [
        tree.get(root, "apiVersion"),
        tree.get(root, "kind"),
        field("name"),
        field("generateName"),
        field("namespace"),
    ]
    .into_iter()
    .flatten()
    .find(|node| tree.text(*node).is_some_and(|text| marker(text).is_some()))?;
    let span = tree.span(node);
    let marker = marker(tree.text(node)?)?;
    Some(Fault {
        code: &diags::TEMPLATE,
        line: span.line,
        column: span.column,
        message: marker.message(tree.text(node)?),
        help: marker.help().to_owned(),
    })
}

/// Whether a text holds nothing but control lines of a template, as the `{{- end }}` behind the last `---`.
pub(super) fn is_control_only(text: &str) -> bool {
    let mut rest = text;
    let mut any = false;
    loop {
        rest = rest.trim_start();
        let closing = if rest.is_empty() {
            return any;
        } else if rest.starts_with('#')
            || rest.starts_with("---") && rest.lines().next().is_some_and(is_bare_marker)
        {
            "\n"
        } else if let Some(action) = rest.strip_prefix("{{") {
            let action = action.trim_start_matches('-').trim_start();
            if action.starts_with("/*") {
                "*/"
            } else if is_word_of(action, GO_CONTROL) || action.starts_with('$') {
                "}}"
            } else {
                return false;
            }
        } else if let Some(action) = rest.strip_prefix("{%") {
            if !is_word_of(
                action.trim_start_matches(['-', '+']).trim_start(),
                JINJA_CONTROL,
            ) {
                return false;
            }
            "%}"
        } else if rest.starts_with("{#") {
            "#}"
        } else {
            return false;
        };
        any |= closing != "\n";
        rest = match rest.find(closing) {
            Some(at) => &rest[at + closing.len()..],
            None => "",
        };
        // What is left of a closed comment action.
        if closing == "*/" {
            rest = rest.trim_start().trim_start_matches('-');
            rest = rest.strip_prefix("}}").unwrap_or(rest);
        }
    }
}

/// What plain lines say about the object that a text describes.
pub(super) fn hints(text: &str) -> Hints {
    if text.trim_start().starts_with('{') && !text.trim_start().starts_with("{{") {
        let [kind, name, namespace] = json::scan::hints(text.as_bytes());
        return Hints {
            kind,
            name,
            namespace,
        };
    }
    let mut hints = Hints::default();
    let mut base = None;
    let mut section = "";
    let mut within = None;
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        let mut indent = line.len() - content.len();
        let mut content = content.trim_end();
        if content.is_empty() || content.starts_with(['#', '{', '%']) || is_bare_marker(content) {
            continue;
        }
        // The element of a list is indented by its dash.
        if base.is_none()
            && let Some(element) = content.strip_prefix("- ")
        {
            indent += content.len() - element.trim_start().len();
            content = element.trim_start();
        }
        let Some((key, value)) = content.split_once(':') else {
            continue;
        };
        let base = *base.get_or_insert(indent);
        if indent == base {
            section = key;
            within = None;
            if key == "kind" {
                hints.kind = hints.kind.or_else(|| plain_value(value));
            }
        } else if indent > base && section == "metadata" && *within.get_or_insert(indent) == indent
        {
            match key {
                "name" => hints.name = hints.name.or_else(|| plain_value(value)),
                "namespace" => hints.namespace = hints.namespace.or_else(|| plain_value(value)),
                _ => {}
            }
        }
    }
    hints
}

const YTT: &str = "ytt ";
const HELM: &str = "Helm ";
const JINJA: &str = "Jinja ";
const ANY: &str = "";
const RENDER_YTT: &str = "render it first: `ytt -f DIR | psp2psa … -f -`";
const GO_CONTROL: &[&str] = &[
    "if", "else", "end", "range", "with", "define", "block", "break", "continue",
];
const GO_FUNCTIONS: &[&str] = &[
    "include", "template", "tpl", "toYaml", "required", "default", "printf", "lookup",
];
const JINJA_CONTROL: &[&str] = &[
    "if", "elif", "else", "endif", "for", "endfor", "set", "macro", "endmacro", "import", "from",
    "raw", "endraw", "block", "endblock",
];

/// The first place where a template engine is at work.
struct Marker {
    at: usize,
    /// Its name with a blank behind it; empty if it can not be told.
    engine: &'static str,
}

impl Marker {
    fn fault(&self, text: &str, origin: Origin) -> Fault {
        let place = origin.after(&text.as_bytes()[..self.at]);
        Fault {
            code: &diags::TEMPLATE,
            line: place.line,
            column: place.column,
            message: self.message(&text[self.at..]),
            help: self.help().to_owned(),
        }
    }

    fn message(&self, text: &str) -> String {
        let line = text.lines().next().unwrap_or_default();
        let end = ["}}", "%}"]
            .iter()
            .filter_map(|closing| line.find(closing).map(|at| at + 2))
            .min()
            .unwrap_or(line.len());
        let excerpt: String = line[..end].chars().take(60).collect();
        format!("an unrendered {}template: `{excerpt}`", self.engine)
    }

    fn help(&self) -> &'static str {
        match self.engine {
            YTT => RENDER_YTT,
            HELM => "render it first: `helm template RELEASE CHART | psp2psa … -f -`",
            _ => "render it first, with the tool that fills it in",
        }
    }
}

fn marker(text: &str) -> Option<Marker> {
    let between = |opening: &str, closing: &str| {
        let at = text.find(opening)?;
        text[at..].contains(closing).then_some(at)
    };
    let jinja = between("{%", "%}");
    let go = between("{{", "}}");
    let ytt = text
        .match_indices("#@")
        .find(|(at, _)| {
            is_ytt(&text[at + 1..])
                && text[..*at]
                    .trim_end_matches([' ', '\t'])
                    .ends_with(['\n', ':', '-'])
        })
        .map(|(at, _)| at);
    match (jinja, go, ytt) {
        (Some(at), _, _) => Some(Marker {
            at: at.min(go.unwrap_or(at)),
            engine: JINJA,
        }),
        (None, Some(at), _) => {
            let action = text[at + 2..].trim_start_matches('-').trim_start();
            let is_go = action.starts_with(['.', '$', '/', '"'])
                || is_word_of(action, GO_CONTROL)
                || is_word_of(action, GO_FUNCTIONS);
            let engine = if is_go { HELM } else { ANY };
            Some(Marker { at, engine })
        }
        (None, None, Some(at)) => Some(Marker { at, engine: YTT }),
        (None, None, None) => None,
    }
}

/// Whether a comment (without its `#`) is an instruction to ytt.
fn is_ytt(comment: &str) -> bool {
    comment.strip_prefix('@').is_some_and(|rest| {
        let words = [
            "data/", "overlay/", "schema/", "library/", "yaml/", "text-", "assert/",
        ];
        rest.starts_with([' ', '\t']) || words.iter().any(|word| rest.starts_with(word))
    })
}

/// The text with template actions made harmless, every byte at its place: a line of its own becomes a comment, an
/// action within a line becomes letters.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut engines = vec![("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
    let mut rest = text;
    while let Some((at, closing)) = next_action(rest, &engines) {
        let Some(length) = rest[at..].find(closing) else {
            // Not looked for again: the search is long.
            engines.retain(|engine| engine.1 != closing);
            continue;
        };
        let end = at + length + closing.len();
        masked.push_str(&rest[..at]);
        let alone = is_line_edge(masked.bytes().rev()) && is_line_edge(rest[end..].bytes());
        let mut line_begins = alone;
        for character in rest[at..end].chars() {
            if matches!(character, '\n' | '\r') {
                masked.push(character);
                line_begins = alone;
                continue;
            }
            masked.push(if line_begins { '#' } else { 'x' });
            line_begins = false;
            // Letters of several bytes keep their length.
            masked.extend(std::iter::repeat_n('x', character.len_utf8() - 1));
        }
        rest = &rest[end..];
    }
    masked.push_str(rest);
    masked
}

/// The first action of a template and what closes it.
fn next_action(text: &str, engines: &[(&str, &'static str)]) -> Option<(usize, &'static str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find('{') {
        let at = from + found;
        for (opening, closing) in engines {
            if text[at..].starts_with(opening) {
                return Some((at, closing));
            }
        }
        from = at + 1;
    }
    None
}

/// Whether only blanks come before the end of the line.
fn is_line_edge(mut bytes: impl Iterator<Item = u8>) -> bool {
    bytes
        .find(|byte| !matches!(byte, b' ' | b'\t'))
        .is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
}

fn is_word_of(action: &str, words: &[&str]) -> bool {
    let word = action
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    words.contains(&word)
}

/// Whether a line is `---` with nothing but a comment behind it.
pub(super) fn is_bare_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| {
        let blank = rest.trim_start();
        blank.is_empty() || (blank.starts_with('#') && blank.len() < rest.len())
    })
}

fn plain_value(value: &str) -> Option<String> {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .or_else(|| {
            value
                .strip_prefix('\'')
                .and_then(|value| value.strip_suffix('\''))
        })
        .unwrap_or(value);
    // No name in Kubernetes is longer.
    let usable = !value.is_empty()
        && value.len() <= 253
        && !value.contains(['{', '}', '#', '$', '&', '*', '|', '>']);
    usable.then(|| value.to_owned())
}
