//! The template engine, set up once for every output.

use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::render::view::Index;

/// A template's name and text.
pub(super) type Template = (&'static str, &'static str);

/// Namespaces whose sections are rendered at a time.
const AT_A_TIME: usize = 256;

/// Renders the first template. The others are its partials.
pub(super) fn render(
    templates: &[Template],
    escape: fn(&str) -> String,
    view: &impl Serialize,
) -> String {
    finish(&registry(templates, escape), templates, view)
}

/// Renders the first template, in which `{{sections}}` stands for what the template `namespace` makes of each namespace.
///
/// The sections are most of a report. They are rendered in parallel and a few at a time, so that the memory needed is
/// that of the output and not that of all views.
pub(super) fn render_with_sections(
    templates: &[Template],
    escape: fn(&str) -> String,
    view: &impl Serialize,
    index: &Index,
) -> String {
    let mut registry = registry(templates, escape);
    registry.register_helper(
        "sections",
        Box::new(
            |_: &Helper,
             registry: &Handlebars,
             _: &Context,
             _: &mut RenderContext,
             out: &mut dyn Output|
             -> HelperResult {
                let mut from = 0;
                while from < index.len() {
                    let to = index.len().min(from + AT_A_TIME);
                    let sections: Vec<String> = (from..to)
                        .into_par_iter()
                        .map(|position| registry.render("namespace", &index.section(position)))
                        .collect::<Result<_, _>>()?;
                    for section in sections {
                        out.write(&section).map_err(RenderErrorReason::from)?;
                    }
                    from = to;
                }
                Ok(())
            },
        ),
    );
    finish(&registry, templates, view)
}

fn registry<'a>(templates: &[Template], escape: fn(&str) -> String) -> Handlebars<'a> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    registry.register_escape_fn(escape);
    for (name, text) in templates {
        registry
            .register_template_string(name, text)
            .expect("the templates are part of the program, and the tests render them");
    }
    registry
}

fn finish(registry: &Handlebars, templates: &[Template], view: &impl Serialize) -> String {
    registry
        .render(templates[0].0, view)
        .expect("the views have every field that a template names, whatever their values are")
}
