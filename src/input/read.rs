//! From one piece of a file to documents: lists are opened, templates and broken text are told.

pub(super) mod head;

use std::cell::OnceCell;
use std::sync::Arc;

use serde::Deserialize;

use super::document::Body;
use super::list::ListHead;
use super::split::{Form, Piece};
use super::text::{Fault, Origin};
use super::tree::{NodeId, Span, Tree, Value};
use super::{Document, OPERATION, Reading, Unreadable, diags, json, template, yaml};
use crate::diag::{Diagnostic, Source};

/// Reads a piece.
pub(super) fn piece<'a>(file: &Arc<str>, bytes: &'a [u8], piece: &Piece) -> Reading<'a> {
    let mut reader = Reader::new(file, piece.document);
    let bytes = &bytes[piece.bytes.clone()];
    let origin = piece.origin;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let fault = match &piece.form {
                Form::Fault(fault) => fault.clone(),
                Form::Yaml | Form::YamlElement(_) | Form::Json | Form::JsonElement(_) => {
                    not_utf8(bytes, origin, error.valid_up_to())
                }
            };
            reader.unreadable(&String::from_utf8_lossy(bytes), origin, fault);
            return reader.reading;
        }
    };
    match &piece.form {
        Form::Fault(fault) => reader.unreadable(text, origin, fault.clone()),
        Form::Yaml => reader.yaml(text, origin),
        Form::YamlElement(head) => reader.yaml_element(text, origin, head),
        Form::Json => reader.json(text, origin, None, 0),
        Form::JsonElement(head) => reader.json(text, origin, Some(head), 0),
    }
    reader.reading
}

/// How many lists may stand within each other in JSON. `kubectl` makes one; each more is read once more from its first
/// byte, so the number bounds the time. No flag raises it, for no program writes more than two.
const MAX_LISTS: u32 = 8;

/// The names that a kustomization may have.
/// Upstream: `sigs.k8s.io/kustomize/api/konfig` (`RecognizedKustomizationFileNames`).
pub(super) const KUSTOMIZATIONS: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What tells an operation of a JSON 6902 patch.
#[derive(Deserialize)]
struct Operation {
    #[serde(rename = "op")]
    _op: String,
    #[serde(rename = "path")]
    _path: String,
}

/// Reads the text of one chunk.
pub(super) struct Reader<'f, 'a> {
    file: &'f Arc<str>,
    document: u32,
    reading: Reading<'a>,
}

impl<'f, 'a> Reader<'f, 'a> {
    pub(super) fn new(file: &'f Arc<str>, document: u32) -> Self {
        Reader {
            file,
            document,
            reading: Reading::default(),
        }
    }

    /// What was read.
    pub(super) fn finish(self) -> Reading<'a> {
        self.reading
    }

    fn yaml(&mut self, text: &'a str, origin: Origin) {
        match yaml::load(text, origin) {
            Ok(None) => {}
            Ok(Some(loaded)) => self.loaded(text, origin, loaded, None),
            Err(fault) => {
                let fault = template::judge(text, origin, &fault).unwrap_or(fault);
                self.unreadable(text, origin, fault);
            }
        }
    }

    /// Reads a sequence of one element that was cut out of a list.
    pub(super) fn yaml_element(&mut self, text: &'a str, origin: Origin, head: &ListHead) {
        match yaml::load(text, origin) {
            Ok(None) => {}
            Ok(Some(mut loaded)) => {
                if let [element] = loaded.tree.items(loaded.root) {
                    loaded.root = *element;
                }
                self.loaded(text, origin, loaded, Some(head));
            }
            Err(fault) => {
                let fault = template::judge(text, origin, &fault).unwrap_or(fault);
                self.unreadable(text, origin, fault);
            }
        }
    }

    fn loaded(
        &mut self,
        text: &'a str,
        origin: Origin,
        loaded: yaml::Loaded<'a>,
        head: Option<&ListHead>,
    ) {
        if let Some(fault) = template::unrendered(text, origin, &loaded.tree, loaded.root) {
            self.unreadable(text, origin, fault);
            return;
        }
        let repeated = diags::duplicate_keys(&loaded.repeated, &self.at(0, 0));
        self.reading.diagnostics.extend(repeated);
        for (key, span) in &loaded.odd_keys {
            let source = self.at(span.line, span.column);
            self.reading
                .diagnostics
                .extend(diags::odd_blank(key, &source));
        }
        let tree = Arc::new(loaded.tree);
        self.expand(&tree, loaded.root, head);
    }

    /// Makes documents of a node: of itself, or of its elements if it is a list. Trees are of bounded depth.
    fn expand(&mut self, tree: &Arc<Tree<'a>>, node: NodeId, head: Option<&ListHead>) {
        let place = first_key(tree, node);
        match tree.value(node) {
            Value::Map(_) => {}
            // A document of its own that is `null` is empty.
            Value::Null if head.is_none() => return,
            Value::List(_) if head.is_none() => {
                return self.expand_array(tree, node);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => {
                return self.not_an_object(place.line, place.column, "is not a mapping");
            }
        }
        let text = |name: &str| {
            tree.get(node, name)
                .and_then(|value| tree.text(value))
                .unwrap_or_default()
                .to_owned()
        };
        let (mut kind, mut api_version) = (text("kind"), text("apiVersion"));
        if kind.is_empty()
            && let Some(head) = head
        {
            kind.clone_from(&head.kind);
            if api_version.is_empty() {
                api_version.clone_from(&head.api_version);
            }
        }
        self.complete_kustomization(head, &mut kind, &mut api_version);
        let body = || Body::Tree {
            tree: Arc::clone(tree),
            node,
        };
        if kind.is_empty() {
            return self.kindless(place.line, place.column, head, body());
        }
        let items = tree
            .get(node, "items")
            .map(|items| (items, tree.value(items)));
        if kind.ends_with("List")
            && let Some((items, Value::List(_))) = items
        {
            let head = ListHead::new(kind, api_version);
            for item in tree.items(items) {
                self.expand(tree, *item, Some(&head));
            }
            return;
        }
        self.reading.documents.push(Document {
            source: self.at(place.line, place.column),
            api_version,
            kind,
            body: body(),
            noticed: OnceCell::new(),
        });
    }

    /// What a kustomization may leave out, because its file's name says it.
    /// Upstream: `sigs.k8s.io/kustomize/api/types` (v5, `FixKustomizationPostUnmarshalling`).
    fn complete_kustomization(
        &self,
        list: Option<&ListHead>,
        kind: &mut String,
        api_version: &mut String,
    ) {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        if list.is_some() || !KUSTOMIZATIONS.contains(&name) {
            return;
        }
        if kind.is_empty() {
            "Kustomization".clone_into(kind);
        }
        if kind == "Kustomization" && api_version.is_empty() {
            "kustomize.config.k8s.io/v1beta1".clone_into(api_version);
        }
    }

    /// A document that is a list of objects; one note if there are none in it.
    fn expand_array(&mut self, tree: &Arc<Tree<'a>>, node: NodeId) {
        let head = ListHead::default();
        let items = tree.items(node);
        let is_map = |item: &NodeId| matches!(tree.value(*item), Value::Map(_));
        if items.iter().any(is_map) {
            for item in items {
                self.expand(tree, *item, Some(&head));
            }
        } else {
            let span = tree.span(node);
            self.not_an_object(span.line, span.column, "is not a mapping");
        }
    }

    /// Reads a JSON value; `depth` counts the lists around it.
    pub(super) fn json(
        &mut self,
        text: &'a str,
        origin: Origin,
        list: Option<&ListHead>,
        depth: u32,
    ) {
        let place = head::json_first_key(text, origin);
        let head = match head::json_head(text, origin) {
            Ok(Some(head)) => head,
            Ok(None) => return self.not_an_object(place.line, place.column, "is not a mapping"),
            Err(fault) => return self.not_json(text, origin, list, fault),
        };
        let mut kind = head.kind.unwrap_or_default();
        let mut api_version = head.api_version.unwrap_or_default();
        if kind.is_empty()
            && let Some(list) = list
        {
            kind.clone_from(&list.kind);
            if api_version.is_empty() {
                api_version.clone_from(&list.api_version);
            }
        }
        self.complete_kustomization(list, &mut kind, &mut api_version);
        if kind.is_empty() {
            let body = Body::Json { text, origin };
            return self.kindless(place.line, place.column, list, body);
        }
        if list.is_some() && kind.ends_with("List") {
            return self.json_list(text, origin, depth + 1);
        }
        self.reading.documents.push(Document {
            source: self.at(place.line, place.column),
            api_version,
            kind,
            body: Body::Json { text, origin },
            noticed: OnceCell::new(),
        });
    }

    /// Reads a list within a list.
    fn json_list(&mut self, text: &'a str, origin: Origin, depth: u32) {
        if depth > MAX_LISTS {
            let message = format!("lists are nested more than {MAX_LISTS} deep");
            let help = "put the objects of the inner lists into one list";
            let fault = Fault::at_start(&diags::TOO_DEEP, origin, &message, help);
            return self.unreadable(text, origin, fault);
        }
        let mut place = origin;
        let mut counted = 0;
        for part in json::scan::split(text.as_bytes(), 0).parts {
            place = place.after(&text.as_bytes()[counted..part.bytes.start]);
            counted = part.bytes.start;
            let element = &text[part.bytes.clone()];
            // A part that is no element is the list itself, which has none.
            if let Some(list) = &part.list {
                self.json(element, place, Some(list), depth);
            }
        }
    }

    /// Reads what looked like JSON as YAML, as `kubectl` does; the flow style of YAML needs no quotes.
    fn not_json(&mut self, text: &'a str, origin: Origin, list: Option<&ListHead>, fault: Fault) {
        match yaml::load(text, origin) {
            Ok(Some(loaded)) => self.loaded(text, origin, loaded, list),
            Ok(None) => self.unreadable(text, origin, fault),
            Err(as_yaml) => {
                let fault = template::judge(text, origin, &as_yaml).unwrap_or(fault);
                self.unreadable(text, origin, fault);
            }
        }
    }

    /// A mapping without a kind: an operation of a patch, if it stands in a list and looks like one.
    fn kindless(&mut self, line: u32, column: u32, list: Option<&ListHead>, body: Body<'a>) {
        let document = Document {
            source: self.at(line, column),
            api_version: String::new(),
            kind: OPERATION.to_owned(),
            body,
            noticed: OnceCell::new(),
        };
        match list {
            Some(_) if document.decode::<Operation>().is_ok() => {
                self.reading.documents.push(document);
            }
            Some(_) | None => self.not_an_object(line, column, "has no `kind`"),
        }
    }

    fn not_an_object(&mut self, line: u32, column: u32, what: &str) {
        let source = self.at(line, column);
        let said = diags::not_an_object(&source, what);
        self.reading.diagnostics.push(said);
    }

    fn unreadable(&mut self, text: &str, origin: Origin, fault: Fault) {
        let hints = template::hints(text);
        let source = self.at(fault.line, fault.column);
        self.reading.diagnostics.push(Diagnostic::at(
            fault.code,
            &source,
            fault.message,
            fault.help,
        ));
        let begin = content_begin(text, origin);
        self.reading.unreadable.push(Unreadable {
            source: self.at(begin.line, begin.column),
            code: fault.code,
            kind_hint: hints.kind,
            name_hint: hints.name,
            namespace_hint: hints.namespace,
        });
    }

    fn at(&self, line: u32, column: u32) -> Source {
        Source {
            file: Arc::clone(self.file),
            document: self.document,
            line,
            column,
        }
    }
}

fn not_utf8(bytes: &[u8], origin: Origin, at: usize) -> Fault {
    let place = origin.after(&bytes[..at]);
    let byte = bytes.get(at).copied().unwrap_or_default();
    Fault {
        code: &diags::BINARY,
        line: place.line,
        column: place.column,
        message: format!("the byte 0x{byte:02X} is not UTF-8"),
        help: "convert the file to UTF-8".to_owned(),
    }
}

/// The place of an object's first key, or of the node if it has none.
fn first_key(tree: &Tree<'_>, node: NodeId) -> Span {
    let own = tree.span(node);
    match tree.entries(node).next() {
        // The first entry may come from a merge key and stand elsewhere.
        Some((key, _)) if (own.start..own.end).contains(&tree.span(key).start) => tree.span(key),
        _ => own,
    }
}

/// Where the content of a document begins, behind comments and `---`.
fn content_begin(text: &str, origin: Origin) -> Origin {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') && !template::is_bare_marker(content) {
            at += line.len() - line.trim_start().len();
            return origin.after(&text.as_bytes()[..at]);
        }
        at += line.len();
    }
    origin
}
