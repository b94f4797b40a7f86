//! The HTML and Markdown reports: hostile texts come out as text, links land, nothing is loaded.

use std::collections::BTreeSet;

use psp2psa::render::json::v1::{Document, MigrationReport};
use psp2psa::render::{html, markdown};

mod pictures;
mod sample;
mod settled;
mod sha256;
mod signed;
mod wording;

/// Texts that mean something in HTML or Markdown, or that nobody sees.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"'> onmouseover=alert(1) `x` </style></details></td><!-- --> ]]>",
    "{{x}}{{{y}}} &lt; &amp; \\ \\| \\",
    "| a | b \\| c",
    "**b** __i__ ",
    "*i* _i_ ~~s~~",
    "`` ` `` $x$",
    "````",
    "`<script>` | ``` <img src=x> `",
    "[l](javascript:alert(1))",
    "![i](http://x.example/a.png)",
    "[r][r] [r]: x [^1] <http://x.example>",
    "@team #12 https://x.example www.x.example a@x.example",
    "\n\n# h\r\n- i\n```\n    code\n",
    "\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}\u{2028}\u{85}\u{1b}[31m\u{7}\0\t",
    "# ",
    "- ",
    "+ ",
    "> ",
    "1. ",
    "1) ",
    "    ",
    "===",
    "---",
    "[ ] ",
    "[x]: ",
];

/// Words that views look up: replacing them changes which parts of a report there are.
const VOCABULARY: &[&str] = &[
    "planned",
    "inconclusive",
    "excluded",
    "high",
    "review",
    "medium",
    "low",
    "info",
    "error",
    "note",
    "complete",
    "partial",
    "none",
    "privileged",
    "baseline",
    "restricted",
    "observed",
    "10-warn-audit",
    "20-workloads",
    "30-enforce",
    "30-enforce-review",
    "v1.29",
];

fn clean() -> String {
    html::report(&sample::document(&str::to_owned))
}

/// Calls `check` with each hostile variant of the sample: the attack before and behind every text.
fn each_hostile(check: impl Fn(&Document<MigrationReport>, &str)) {
    for attack in HOSTILE {
        let text = |text: &str| match text.is_empty() || VOCABULARY.contains(&text) {
            true => text.to_owned(),
            false => format!("{attack}{text}{attack}"),
        };
        check(&sample::document(&text), attack);
    }
}

#[test]
fn hostile_texts_leave_the_elements_of_the_page_as_they_are() {
    let expected = tags(&clean());
    each_hostile(|document, attack| {
        let found = tags(&html::report(document));
        assert_eq!(found.len(), expected.len(), "{attack:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{attack:?}");
        }
    });
}

#[test]
fn hostile_texts_leave_the_structure_of_markdown_as_it_is() {
    type Text = fn(&Document<MigrationReport>) -> String;
    let summary: Text = |document| markdown::summary(document, markdown::Whole::Written);
    let texts: [Text; 3] = [markdown::report, summary, markdown::pull_request];
    for text in texts {
        let expected = without_code(&text(&sample::document(&str::to_owned)));
        each_hostile(|document, attack| {
            let found = without_code(&text(document));
            assert_eq!(
                found.lines().count(),
                expected.lines().count(),
                "{attack:?}"
            );
            for (found, expected) in found.lines().zip(expected.lines()) {
                let found = found.replace("<!-- -->", "");
                assert_eq!(
                    structure(&found),
                    structure(expected),
                    "{attack:?}: {found}"
                );
                assert!(!found.contains("]("), "{attack:?}: {found}");
                assert!(!found.contains("://"), "{attack:?}: {found}");
            }
        });
    }
}

#[test]
fn no_text_can_hide_what_it_is() {
    let hidden = |c: &char| {
        c.is_control() && *c != '\n'
            || "\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}\u{2028}".contains(*c)
    };
    for attack in HOSTILE
        .iter()
        .filter(|attack| attack.chars().any(|c| hidden(&c)))
    {
        let document = sample::document(&|text| format!("{attack}{text}"));
        for text in [
            html::report(&document),
            markdown::report(&document),
            markdown::summary(&document, markdown::Whole::Written),
            markdown::pull_request(&document),
        ] {
            assert_eq!(text.chars().find(hidden), None, "{attack:?}");
        }
    }
    let document = sample::document(&|text| format!("{text}\u{202e}"));
    assert!(html::report(&document).contains("frontend\\u{202e}"));
    assert!(markdown::report(&document).contains("frontend\\u{202e}"));
}

#[test]
fn words_of_the_vocabulary_may_be_hostile_too() {
    for attack in HOSTILE {
        let document = sample::document(&|text| format!("{attack}{text}"));
        for tag in tags(&html::report(&document)) {
            assert!(
                !tag.contains("onerror") && !tag.contains("onmouseover"),
                "{tag}"
            );
            assert!(!tag.starts_with("img"), "{tag}");
        }
        for text in [
            markdown::report(&document),
            markdown::pull_request(&document),
        ] {
            assert!(!without_code(&text).contains("<script"), "{attack:?}");
        }
    }
}

#[test]
fn everything_has_its_anchor_and_every_link_lands() {
    let page = clean();
    for id in [
        "ns-kube-system",
        "ns-shop",
        "policy-privileged",
        "policy-restricted",
        "finding-workload-refused",
        "finding-mutation-lost-2",
        "grants-1",
    ] {
        assert!(page.contains(&format!(" id=\"{id}\"")), "{id}");
    }
    each_hostile(|document, attack| {
        let page = html::report(document);
        let ids = attributes(&page, "id");
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{attack:?}");
        for (prefix, count) in [("ns-", 6), ("policy-", 2), ("finding-", 7)] {
            assert_eq!(
                ids.iter().filter(|id| id.starts_with(prefix)).count(),
                count,
                "{attack:?}"
            );
        }
        for id in ids {
            assert!(
                id.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)),
                "{id}"
            );
        }
        let links = attributes(&page, "href");
        assert!(links.len() > 30);
        for link in links {
            let id = link.strip_prefix('#');
            assert!(
                id.is_some_and(|id| unique.contains(id)),
                "{attack:?}: {link}"
            );
        }
    });
}

#[test]
fn policies_of_the_same_name_have_anchors_of_their_own() {
    let mut document = sample::document(&str::to_owned);
    let variant = document.body.policies[1].clone();
    document.body.policies.push(variant);
    let page = html::report(&document);
    assert!(page.contains(" id=\"policy-restricted\""));
    assert!(page.contains(" id=\"policy--3\""));
}

#[test]
fn the_page_loads_nothing() {
    let page = clean();
    for outside in [
        "http://", "https://", " src=", "url(", "@import", "<link", "<iframe", "<form", "fetch(",
        "import(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    for text in [
        include_str!("../../templates/report.css"),
        include_str!("../../templates/report.js"),
    ] {
        assert!(!text.contains("</"), "it would end its element");
        assert!(page.contains(text));
    }
}

#[test]
fn the_page_allows_only_its_own_script_and_style() {
    let page = clean();
    for (directive, text) in [
        ("style-src", include_str!("../../templates/report.css")),
        ("script-src", include_str!("../../templates/report.js")),
    ] {
        let expected = format!("{directive} 'sha256-{}'", sha256::base64(text.as_bytes()));
        assert!(
            page.contains(&expected),
            "write into templates/report.html.hbs: {expected}"
        );
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let document = sample::document(&str::to_owned);
    assert_eq!(html::report(&document), html::report(&document));
    assert_eq!(markdown::report(&document), markdown::report(&document));
}

#[test]
fn an_empty_report_renders() {
    let document = sample::empty();
    assert!(html::report(&document).contains("The input shows no namespace."));
    assert!(markdown::report(&document).contains("The input shows no namespace."));
    assert!(markdown::summary(&document, markdown::Whole::Written).contains("No label changes."));
    assert!(markdown::pull_request(&document).contains("No label changes."));
}

#[test]
fn a_report_without_policies_does_not_speak_of_them() {
    let mut document = sample::document(&str::to_owned);
    document.body.policies.clear();
    document.body.cleanup.delete.clear();
    document.body.cleanup.edit.clear();
    let page = html::report(&document);
    for about_policies in [
        "From PodSecurityPolicy",
        ">As stored</th>",
        "Needed as stored</dt>",
    ] {
        assert!(clean().contains(about_policies), "{about_policies}");
        assert!(!page.contains(about_policies), "{about_policies}");
    }
    assert!(!markdown::report(&document).contains("| As stored |"));
    assert!(!markdown::pull_request(&document).contains("PodSecurityPolicy"));
}

#[test]
fn a_pull_request_names_the_stages_that_the_plan_has() {
    let text = markdown::pull_request(&sample::document(&str::to_owned));
    let places: Vec<usize> = [
        "10-warn-audit",
        "20-workloads",
        "30-enforce",
        "30-enforce-review",
    ]
    .iter()
    .map(|stage| {
        text.find(&format!("kubectl apply -k manifests/{stage}\n"))
            .expect("a stage of the sample")
    })
    .collect();
    assert!(places.is_sorted());
    for stage in ["40-bypass", "50-workloads", "60-enforce"] {
        assert!(!text.contains(stage), "{stage}");
    }
}

#[test]
fn the_cleanup_is_announced_with_its_guard_and_without_its_commands() {
    let document = sample::document(&str::to_owned);
    for text in [
        markdown::pull_request(&document),
        markdown::report(&document),
        html::report(&document),
    ] {
        assert!(text.contains("manifests/70-cleanup/README.md"));
        assert!(text.contains("Only after the PodSecurityPolicy plugin is off"));
        assert!(!text.contains("kubectl delete"));
    }
}

#[test]
fn texts_for_pull_requests_stay_short_in_a_big_cluster() {
    let mut document = sample::document(&|text| match VOCABULARY.contains(&text) {
        true => text.to_owned(),
        false => format!("{text} {}", "*".repeat(500)),
    });
    let namespaces = document.body.namespaces.clone();
    let findings = document.body.findings.clone();
    for _ in 0..300 {
        document.body.namespaces.extend(namespaces.iter().cloned());
        document.body.findings.extend(findings.iter().cloned());
    }
    assert!(
        markdown::summary(&document, markdown::Whole::Written)
            .chars()
            .count()
            < 20_000
    );
    let description = markdown::pull_request(&document);
    assert!(description.chars().count() < 65_536);
    assert!(description.contains("more; report.json lists all"));
}

#[test]
fn a_page_with_too_many_workloads_leaves_out_details_and_says_so() {
    let mut document = sample::document(&str::to_owned);
    let workload = document.body.namespaces[4].workloads[0].clone();
    let looser = document.body.namespaces[3].workloads[0].clone();
    let namespace = &mut document.body.namespaces[4];
    namespace.workloads = vec![workload; 10_000];
    namespace.workloads.push(looser);
    let page = html::report(&document);
    let section = &page[page
        .find("id=\"ns-shop\"")
        .expect("the namespace of the sample")..];
    let section = &section[..section.find("id=\"ns-web\"").expect("the next namespace")];
    assert_eq!(section.matches("<tr><th scope=\"row\">").count(), 10_001);
    assert_eq!(section.matches("class=\"more\"").count(), 10_000 / 6);
    assert!(section.contains("The details of 8,335 workloads are left out; report.json has them."));
    assert!(
        section.contains("hostNetwork=true, hostPID=true"),
        "the loosest workload keeps its details"
    );
}

/// The inconclusive namespace of the sample and two like it, with gaps that all three have.
fn alike() -> Document<MigrationReport> {
    let mut document = sample::document(&str::to_owned);
    let namespaces = &mut document.body.namespaces;
    let position = namespaces
        .iter()
        .position(|namespace| namespace.status == "inconclusive")
        .expect("the sample has one");
    namespaces[position].missing = ["one gap", "two gaps", "three gaps"]
        .map(str::to_owned)
        .into();
    for (offset, name) in ["twin-a", "twin-b"].into_iter().enumerate() {
        let mut twin = namespaces[position].clone();
        twin.name = name.to_owned();
        twin.source = None;
        namespaces.insert(position + 1 + offset, twin);
    }
    document
}

#[test]
fn namespaces_of_which_the_same_is_to_be_said_share_a_section_and_keep_their_anchors() {
    let document = alike();
    let page = html::report(&document);
    assert!(page.contains(" and 2 more</h4>"));
    assert!(page.contains("<span id=\"ns-twin-a\">twin-a</span>"));
    assert!(
        page.contains("href=\"#ns-twin-b\""),
        "the table links to it"
    );
    let text = markdown::report(&document);
    assert_eq!(text.matches("<summary><b>twin-a</b>").count(), 0);
    assert!(text.contains("twin-a, twin-b."));

    let mut document = alike();
    let twin = document
        .body
        .namespaces
        .iter_mut()
        .find(|namespace| namespace.name == "twin-b")
        .expect("it was just made");
    twin.labels.before.insert("team".to_owned(), "b".to_owned());
    let page = html::report(&document);
    assert!(page.contains(" and 1 more</h4>"));
    assert!(page.contains("<details class=\"item\" id=\"ns-twin-b\">"));
}

#[test]
fn gaps_that_namespaces_have_in_common_are_listed_once() {
    let document = alike();
    for text in [html::report(&document), markdown::report(&document)] {
        assert_eq!(text.matches("two gaps").count(), 1);
        assert!(text.contains("what is missing: see"));
    }
}

#[test]
fn every_name_in_a_template_is_a_field_of_a_view() {
    let views: String = [
        "view.rs",
        "view/accept.rs",
        "view/brief.rs",
        "view/findings.rs",
        "view/graph.rs",
        "view/grants.rs",
        "view/heat.rs",
        "view/strip.rs",
        "view/labels.rs",
        "view/namespaces.rs",
        "view/gaps.rs",
        "view/looser.rs",
        "view/made_of.rs",
        "view/opening.rs",
        "view/policies.rs",
        "view/removed.rs",
        "view/stages.rs",
        "view/stops.rs",
        "view/terms.rs",
        "view/words.rs",
        "view/workloads.rs",
        "html.rs",
        "json/v1.rs",
    ]
    .iter()
    .map(|file| read(&format!("src/render/{file}")))
    .collect();
    let fields: BTreeSet<&str> = views
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, _)| name.rsplit(' ').next().unwrap_or_default())
        .collect();
    for (file, text) in templates() {
        for part in text.split("{{").skip(1) {
            let name = part.split("}}").next().unwrap_or_default();
            let raw = name.strip_prefix('{');
            if let Some(name) = raw {
                assert!(
                    ["style", "script"].contains(&name),
                    "{file} does not escape {name}"
                );
                continue;
            }
            if name.starts_with(['/', '>']) || ["else", "sections"].contains(&name) {
                continue;
            }
            let path = name.split(' ').next_back().unwrap_or_default();
            for step in path.split(['.', '/']).filter(|step| !step.is_empty()) {
                assert!(
                    ["this", "@last"].contains(&step) || fields.contains(step),
                    "{file}: no view has {path}"
                );
            }
        }
    }
}

/// Every template, with its name.
fn templates() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["templates", "templates/partials"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let name = entry.expect("an entry").path().display().to_string();
            if name.ends_with(".hbs") {
                found.push((name.clone(), read(&name)));
            }
        }
    }
    assert!(found.len() > 10);
    found
}

#[expect(clippy::disallowed_methods, reason = "a test reads the sources")]
fn read(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).expect("a text")
}

/// The tags of a page: names, and names of attributes.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quoted = false;
        let end = rest
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        // Every other part stands in quotes.
        let outside: String = tag.split('"').step_by(2).collect();
        if matches!(outside.as_str(), "style" | "script") {
            rest = &rest[rest.find("</").expect("the element ends")..];
        }
        tags.push(outside);
    }
    tags
}

/// The values of an attribute.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\""))
        .skip(1)
        .map(|part| part.split('"').next().unwrap_or_default())
        .collect()
}

/// The text with `CODE` for each code span and for each line of a fenced block, as CommonMark finds them.
pub(crate) fn without_code(text: &str) -> String {
    let run = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let mut fence = 0;
    let mut out = String::new();
    for line in text.lines() {
        let indented = line.trim_start();
        let ticks = run(indented);
        match fence {
            0 if ticks >= 3 && !indented[ticks..].contains('`') => fence = ticks,
            0 => out.push_str(&without_spans(line)),
            _ if ticks >= fence && indented[ticks..].trim().is_empty() => fence = 0,
            _ => out.push_str("CODE"),
        }
        out.push('\n');
    }
    assert_eq!(fence, 0, "a block that does not end: {text}");
    out
}

fn without_spans(line: &str) -> String {
    let run = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let (mut rest, mut out) = (line, String::new());
    while let Some(start) = rest.find('`') {
        let ticks = run(&rest[start..]);
        let (before, behind) = (&rest[..start], &rest[start + ticks..]);
        let ends = behind.match_indices('`').map(|(at, _)| at);
        let end = ends
            .filter(|at| *at == 0 || !behind[..*at].ends_with('`'))
            .find(|at| run(&behind[*at..]) == ticks);
        let end = end.unwrap_or_else(|| panic!("a span that does not end: {line}"));
        out.push_str(before);
        out.push_str("CODE");
        rest = &behind[end + ticks..];
    }
    out + rest
}

/// What makes blocks, cells and spans of a line of Markdown.
fn structure(line: &str) -> (String, Vec<char>) {
    let block: String = line
        .chars()
        .take_while(|c| " \t-+=>#|`~*0123456789.)".contains(*c))
        .collect();
    // Digits begin a list only if a dot or a parenthesis follows.
    let block = block
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .to_owned();
    let inline = line.chars().filter(|c| "|`*<>~$@".contains(*c)).collect();
    (block, inline)
}
