//! The template engine, set up once for every output.
//!
//! `handlebars` reads the templates, and its rules decide which blanks and line ends they lose. What it has read is
//! turned into [`Piece`]s and walked here: a report of a big cluster writes some ten million values, and `handlebars`
//! makes a tree of maps of each view, copies it for each partial, and follows every path from the root. Our templates
//! use little of its language, which is what a [`Piece`] can be; a template that uses more is refused when it is set
//! up, which the tests do with all of them.

mod values;

use std::collections::BTreeMap;
use std::io::{self, Write};

use handlebars::Handlebars;
use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use rayon::prelude::*;
use serde::Serialize;

use crate::render::escape;
use crate::render::view::Index;
use values::Node;

/// A template's name and text.
pub(super) type Template = (&'static str, &'static str);

/// Appends a value in the form that the output wants.
pub(super) type Escape = fn(&str, &mut String);

/// Namespaces whose sections are rendered at a time.
const AT_A_TIME: usize = 256;

/// Renders the first template. The others are its partials.
pub(super) fn render(templates: &[Template], escape: Escape, view: &impl Serialize) -> String {
    Engine::new(templates, escape)
        .render(templates[0].0, &values::node(view))
        .text
}

/// A report with a section for each namespace, in one form, and without these sections yet.
pub(super) struct Paged {
    engine: Engine,
    page: Rendered,
}

impl Paged {
    /// Renders the first template. In it, `{{sections}}` stands for what the template `namespace` makes of each
    /// namespace.
    pub(super) fn new(templates: &[Template], escape: Escape, view: &impl Serialize) -> Self {
        let engine = Engine::new(templates, escape);
        let page = engine.render(templates[0].0, &values::node(view));
        Paged { engine, page }
    }

    /// What stands before the sections, and behind them.
    fn around(&self) -> (&str, &str) {
        let text = &self.page.text;
        text.split_at(self.page.sections.unwrap_or(text.len()))
    }
}

/// Writes reports of the same namespaces, each in its form.
///
/// The sections are most of a report. They are rendered in parallel and a few at a time, so that neither all views nor
/// all texts are in memory at once; each is worded once for all forms.
///
/// # Errors
/// If a report cannot be written.
pub(super) fn write_paged<const N: usize>(
    reports: [&Paged; N],
    index: &Index,
    mut outs: [&mut dyn Write; N],
) -> io::Result<()> {
    for (report, out) in reports.iter().zip(&mut outs) {
        out.write_all(report.around().0.as_bytes())?;
    }
    for from in (0..index.len()).step_by(AT_A_TIME) {
        let to = index.len().min(from + AT_A_TIME);
        let sections: Vec<[String; N]> = (from..to)
            .into_par_iter()
            .map(|position| {
                let view = values::node(&index.section(position));
                reports.map(|report| report.engine.render("namespace", &view).text)
            })
            .collect();
        for forms in sections {
            for (section, out) in forms.iter().zip(&mut outs) {
                out.write_all(section.as_bytes())?;
            }
        }
    }
    for (report, out) in reports.iter().zip(&mut outs) {
        out.write_all(report.around().1.as_bytes())?;
    }
    Ok(())
}

/// What is written, as a text.
pub(super) fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("nothing can fail in memory");
    String::from_utf8(bytes).expect("whatever is written is made of texts")
}

/// Templates that can be rendered.
struct Engine {
    templates: BTreeMap<String, Vec<Piece>>,
    escape: Escape,
}

/// A part of a template.
enum Piece {
    /// Text that is written as it is.
    Text(String),
    /// `{{path}}`
    Value(Path),
    /// `{{{path}}}`: a value that is not escaped.
    Raw(Path),
    /// `{{#if path}}…{{else}}…{{/if}}`; `{{#unless}}` has them the other way round.
    If(Path, Vec<Piece>, Vec<Piece>),
    /// `{{#each path}}…{{else}}…{{/each}}`: what follows `else` is for a list without items.
    Each(Path, Vec<Piece>, Vec<Piece>),
    /// `{{#with path}}…{{/with}}`
    With(Path, Vec<Piece>),
    /// `{{> name}}`
    Partial(String),
    /// `{{code path}}`: a value as a code span of Markdown.
    Code(Path),
    /// `{{#fence path}}…{{/fence}}`: what comes of each item as lines of a fenced code block of Markdown; nothing without
    /// items.
    Fence(Path, Vec<Piece>),
    /// `{{sections}}`
    Sections,
}

/// What a name in a template leads to.
enum Path {
    /// `@last`
    Last,
    /// `../a.b`: how many blocks up, and the fields from there. `this` has none.
    Fields(usize, Vec<String>),
}

/// A text, and where `{{sections}}` stood.
#[derive(Default)]
struct Rendered {
    text: String,
    sections: Option<usize>,
}

/// The view that names are looked up in, and whether it is the last of a list; the ones around it before it.
type Scopes<'n> = Vec<(&'n Node, bool)>;

impl Engine {
    fn new(templates: &[Template], escape: Escape) -> Self {
        let mut registry = Handlebars::new();
        registry.set_prevent_indent(true);
        let mut read = BTreeMap::new();
        for (name, text) in templates {
            registry
                .register_template_string(name, text)
                .expect("the templates are part of the program, and the tests render them");
            let template = registry.get_template(name).expect("it was just registered");
            read.insert((*name).to_owned(), pieces(&template.elements));
        }
        Engine {
            templates: read,
            escape,
        }
    }

    fn render(&self, template: &str, view: &Node) -> Rendered {
        let mut out = Rendered::default();
        self.walk(
            &self.templates[template],
            &mut vec![(view, false)],
            self.escape,
            &mut out,
        );
        out
    }

    fn walk<'n>(
        &self,
        pieces: &[Piece],
        scopes: &mut Scopes<'n>,
        escape: Escape,
        out: &mut Rendered,
    ) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.text.push_str(text),
                Piece::Value(path) => path.find(scopes).write(&mut out.text, escape),
                Piece::Raw(path) => path
                    .find(scopes)
                    .write(&mut out.text, |text, out| out.push_str(text)),
                Piece::If(path, then, otherwise) => match path.is_true(scopes) {
                    true => self.walk(then, scopes, escape, out),
                    false => self.walk(otherwise, scopes, escape, out),
                },
                Piece::Each(path, body, otherwise) => {
                    let items = path.find(scopes).items();
                    if items.is_empty() {
                        self.walk(otherwise, scopes, escape, out);
                    }
                    self.each(items, body, scopes, escape, out);
                }
                Piece::Code(path) => path.find(scopes).write(&mut out.text, escape::code_into),
                Piece::Fence(path, body) => {
                    let items = path.find(scopes).items();
                    let mut lines = Rendered::default();
                    self.each(items, body, scopes, escape::line_into, &mut lines);
                    if !items.is_empty() {
                        escape::fence_into(&lines.text, &mut out.text);
                    }
                }
                Piece::With(path, body) => {
                    let inner = path.find(scopes);
                    if inner.is_true() {
                        scopes.push((inner, false));
                        self.walk(body, scopes, escape, out);
                        scopes.pop();
                    }
                }
                Piece::Partial(name) => self.walk(&self.templates[name], scopes, escape, out),
                Piece::Sections => out.sections = Some(out.text.len()),
            }
        }
    }

    fn each<'n>(
        &self,
        items: &'n [Node],
        body: &[Piece],
        scopes: &mut Scopes<'n>,
        escape: Escape,
        out: &mut Rendered,
    ) {
        for (position, item) in items.iter().enumerate() {
            scopes.push((item, position + 1 == items.len()));
            self.walk(body, scopes, escape, out);
            scopes.pop();
        }
    }
}

impl Path {
    fn new(raw: &str) -> Self {
        let mut rest = raw;
        let mut up = 0;
        while let Some(outer) = rest.strip_prefix("../") {
            rest = outer;
            up += 1;
        }
        match rest {
            "@last" => Path::Last,
            "this" => Path::Fields(up, Vec::new()),
            _ => Path::Fields(up, rest.split('.').map(str::to_owned).collect()),
        }
    }

    /// The value that it leads to.
    fn find<'n>(&self, scopes: &Scopes<'n>) -> &'n Node {
        let Path::Fields(up, fields) = self else {
            return &Node::Nothing;
        };
        let (start, _) = scopes[scopes.len() - 1 - up];
        fields.iter().fold(start, |node, field| node.field(field))
    }

    fn is_true(&self, scopes: &Scopes) -> bool {
        match self {
            Path::Last => scopes.last().is_some_and(|(_, is_last)| *is_last),
            Path::Fields(..) => self.find(scopes).is_true(),
        }
    }
}

fn pieces(elements: &[TemplateElement]) -> Vec<Piece> {
    elements
        .iter()
        .map(|element| piece(element).expect("the templates use nothing else"))
        .collect()
}

/// `None` for what our templates do not use.
fn piece(element: &TemplateElement) -> Option<Piece> {
    Some(match element {
        TemplateElement::RawString(text) => Piece::Text(text.clone()),
        TemplateElement::Expression(value) => match value.name.as_name()? {
            "sections" => Piece::Sections,
            // Without a parameter, it is a value of this name.
            "code" if !value.params.is_empty() => Piece::Code(path(&value.params)?),
            name => Piece::Value(Path::new(name)),
        },
        TemplateElement::HtmlExpression(value) => Piece::Raw(Path::new(value.name.as_name()?)),
        TemplateElement::HelperBlock(block) => helper(block)?,
        TemplateElement::PartialExpression(partial) if partial.params.is_empty() => {
            Piece::Partial(partial.name.as_name()?.to_owned())
        }
        _ => return None,
    })
}

/// The only parameter.
fn path(params: &[Parameter]) -> Option<Path> {
    match params {
        [path @ Parameter::Path(_)] => Some(Path::new(path.as_name()?)),
        _ => None,
    }
}

fn helper(block: &HelperTemplate) -> Option<Piece> {
    let path = path(&block.params)?;
    let part = |template: &Option<handlebars::Template>| {
        template
            .as_ref()
            .map_or(Vec::new(), |template| pieces(&template.elements))
    };
    let (body, otherwise) = (part(&block.template), part(&block.inverse));
    Some(match block.name.as_name()? {
        "if" => Piece::If(path, body, otherwise),
        "unless" => Piece::If(path, otherwise, body),
        "each" => Piece::Each(path, body, otherwise),
        "fence" if otherwise.is_empty() => Piece::Fence(path, body),
        "with" if otherwise.is_empty() => Piece::With(path, body),
        _ => return None,
    })
}
