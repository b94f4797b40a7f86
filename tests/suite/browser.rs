//! The HTML report in a real browser. Skipped with a notice where no Chromium is found; see `.ci/run`.
#![expect(clippy::disallowed_methods, reason = "a test reads the README")]

mod devtools;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{folder, run, write};
use devtools::{Browser, browser, script};

/// The report of an input, written to a folder.
fn report(input: &str) -> (TempDir, PathBuf) {
    let output = folder(&[]);
    let target = output.path().join("out");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let args = [
        "migrate",
        "-q",
        "-R",
        "-f",
        input,
        "--output-dir",
        &target.to_string_lossy(),
    ];
    let code = run(root, &args).code;
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    (output, target.join("report.html"))
}

/// What the page complained of, and what it asked for besides itself.
fn complaints(browser: &Browser, page: &Path) -> Vec<String> {
    let page = format!("file://{}", page.display());
    let complaint = |event: &Value| {
        let params = &event["params"];
        match event["method"].as_str()? {
            "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled" => {
                Some(params.to_string())
            }
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                let of_page = url.split('#').next() == Some(&page) || url == "about:blank";
                (!of_page).then(|| format!("the page asks for {url}"))
            }
            _ => None,
        }
    };
    browser.events.iter().filter_map(complaint).collect()
}

/// Fails if the page complained, or asked for anything but itself.
#[track_caller]
fn quiet(browser: &Browser, page: &Path) {
    let complaints = complaints(browser, page);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn what_a_page_must_not_do_is_noticed() {
    let Some(mut browser) = browser() else { return };
    let (_output, page) = report("fixtures/gitops");
    for deed in [
        "console.error('x')",
        "setTimeout(() => { throw new Error('x') })",
        "fetch('http://x.example/').catch(() => 0)",
        "document.body.append(Object.assign(new Image(), { src: 'http://x.example/' }))",
        "document.body.append(Object.assign(document.createElement('script'), { text: 'x' }))",
    ] {
        browser.open(&page, "", 1280, "light");
        quiet(&browser, &page);
        browser.eval(&format!("{deed}; 0"));
        browser.eval("new Promise((done) => setTimeout(done, 100))");
        assert!(!complaints(&browser, &page).is_empty(), "{deed}");
    }
}

/// The names of the rows of the table of namespaces that are shown.
fn shown(browser: &mut Browser) -> Vec<String> {
    let rows = browser.eval(
        "[...document.querySelectorAll('#namespace-table tbody tr')]
            .filter((row) => row.checkVisibility()).map((row) => row.cells[0].textContent)",
    );
    serde_json::from_value(rows).expect("texts")
}

/// Types into an element and tells the page.
fn fill(browser: &mut Browser, id: &str, value: &str) {
    browser.eval(&format!(
        "{{ const it = document.getElementById('{id}'); it.value = '{value}';
            it.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
    ));
}

#[test]
fn filters_filter_and_columns_sort() {
    let Some(mut browser) = browser() else { return };
    let (_output, page) = report("fixtures/cluster");
    browser.open(&page, "", 1280, "light");
    let all = shown(&mut browser);
    assert_eq!(all.len(), 17);
    assert!(all.is_sorted());

    fill(&mut browser, "filter-text", "SHOP");
    assert_eq!(
        shown(&mut browser),
        ["shop-checkout", "shop-frontend", "shop-returns"]
    );
    fill(&mut browser, "filter-level", "restricted");
    assert_eq!(shown(&mut browser), ["shop-frontend"]);
    assert_eq!(
        browser.eval("document.getElementById('filter-count').textContent"),
        "1 of 17 shown"
    );
    fill(&mut browser, "filter-text", "");
    fill(&mut browser, "filter-level", "");
    fill(&mut browser, "filter-status", "inconclusive");
    assert_eq!(shown(&mut browser), ["default", "vault-old"]);
    fill(&mut browser, "filter-status", "");

    // With the keyboard alone.
    browser.eval("document.querySelector('#namespace-table thead button').focus()");
    browser.press("Enter", 13);
    let mut reversed = all.clone();
    reversed.reverse();
    assert_eq!(shown(&mut browser), reversed);
    assert_eq!(
        browser.eval("document.querySelector('#namespace-table th').getAttribute('aria-sort')"),
        "descending"
    );
    quiet(&browser, &page);
}

#[test]
fn links_land_in_what_they_open() {
    let Some(mut browser) = browser() else { return };
    let (_output, page) = report("fixtures/cluster");
    browser.open(&page, "#ns-payments", 1280, "light");
    let open = "(() => { const it = document.getElementById('ns-payments').closest('details');
        const top = it.getBoundingClientRect().top; return it.open && top >= 0 && top < innerHeight; })()";
    assert_eq!(browser.eval(open), true);

    // Every link of the page leads to something that can be seen once it is followed.
    let lost = browser.eval(
        "(async () => {
            const lost = [];
            for (const link of document.querySelectorAll('a[href]')) {
                const href = link.getAttribute('href');
                if (!href.startsWith('#')) { lost.push(href); continue; }
                location.hash = href;
                await new Promise((done) => setTimeout(done, 0));
                const target = document.getElementById(decodeURIComponent(href.slice(1)));
                if (!target || !target.checkVisibility()) lost.push(href);
            }
            return lost;
        })()",
    );
    assert_eq!(lost, json!([]));
    quiet(&browser, &page);
}

/// Everything open, so that nothing is left out of what is looked at.
const UNFOLD: &str = "for (const it of document.querySelectorAll('details')) it.open = true";

#[test]
fn axe_finds_no_violation_on_any_screen() {
    let Some(mut browser) = browser() else { return };
    let Some(axe) = script("axe-core/axe.min.js") else {
        return;
    };
    let run = "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations.map((it) => [
        it.id, it.help, it.nodes.slice(0, 5).map((node) => [node.html.slice(0, 200), node.failureSummary])]))";
    for input in ["fixtures/cluster", "fixtures/gitops"] {
        let (_output, page) = report(input);
        for (width, scheme) in [
            (1280, "light"),
            (1280, "dark"),
            (400, "light"),
            (400, "dark"),
        ] {
            browser.open(&page, "", width, scheme);
            browser.eval(UNFOLD);
            browser.unroll(width);
            browser.eval(&axe);
            assert_eq!(browser.eval(run), json!([]), "{input} at {width}, {scheme}");
            quiet(&browser, &page);
        }
    }
    // And it would find one: text that is too dark for the dark scheme, and a page of no language.
    browser.eval(
        "document.querySelector('#namespace-table caption').style.color = '#333';
         document.documentElement.removeAttribute('lang')",
    );
    let found = browser.eval(run);
    assert!(
        found.as_array().is_some_and(|found| found.len() > 1),
        "{found}"
    );
}

#[test]
fn nothing_runs_over_the_edge() {
    let Some(mut browser) = browser() else { return };
    let (_output, page) = report("fixtures/cluster");
    for width in [320, 400, 768, 1280] {
        browser.open(&page, "", width, "light");
        browser.eval(UNFOLD);
        let over = browser.eval("document.documentElement.scrollWidth - innerWidth");
        assert!(
            over.as_i64().is_some_and(|over| over <= 0),
            "{over} at {width}"
        );
    }
}

#[test]
fn without_script_everything_is_there() {
    let Some(mut browser) = browser() else { return };
    let (_output, page) = report("fixtures/cluster");
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    browser.open(&page, "", 1280, "light");
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": false }),
    );
    assert_eq!(shown(&mut browser).len(), 17);
    assert_eq!(
        browser.eval("document.getElementById('filter').checkVisibility()"),
        false
    );
    assert_eq!(
        browser.eval("document.querySelectorAll('details.item').length > 40"),
        true
    );
    quiet(&browser, &page);
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    let Some(mut browser) = browser() else { return };
    let attack = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u{202e}'\"";
    let namespace = |name: &str| {
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": {
            "pod-security.kubernetes.io/enforce": attack } } })
    };
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": attack, "namespace": "shop" }, "spec": {
        "serviceAccountName": attack, "containers": [{ "name": attack, "image": "i" }] } });
    let policy = json!({ "apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": { "name": attack },
        "spec": { "privileged": true } });
    let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": attack },
        "rules": [{ "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"] }] });
    let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": attack, "namespace": "shop" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": attack },
        "subjects": [{ "kind": "ServiceAccount", "name": attack, "namespace": "shop" }] });
    let files = folder(&[]);
    for (index, object) in [namespace("shop"), pod, policy, role, binding]
        .iter()
        .enumerate()
    {
        write(
            files.path(),
            &format!("{index}.json"),
            object.to_string().as_bytes(),
        );
    }
    let (_output, page) = report(&files.path().to_string_lossy());
    browser.open(&page, "", 1280, "light");
    browser.eval(UNFOLD);
    assert!(
        browser
            .eval("document.title")
            .as_str()
            .is_some_and(|title| title.contains("report"))
    );
    assert_eq!(browser.eval("document.querySelectorAll('img').length"), 0);
    assert_eq!(
        browser.eval("document.body.innerText.includes('\\u202e')"),
        false
    );
    assert_eq!(
        browser.eval("document.body.textContent.includes('onerror=')"),
        true
    );
    quiet(&browser, &page);
}

#[test]
fn ten_thousand_namespaces_do_not_freeze_the_browser() {
    let Some(mut browser) = browser() else { return };
    let files = folder(&[]);
    let mut text = String::new();
    for n in 0..10_000 {
        let name = format!("team-{n:05}");
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "namespace": name }, "spec": {
            "hostNetwork": n % 3 == 0, "containers": [{ "name": "c", "image": "i" }] } });
        text += &format!("{namespace}\n{pod}\n");
    }
    write(files.path(), "all.json", text.as_bytes());
    let (_output, page) = report(&files.path().join("all.json").to_string_lossy());
    let begin = std::time::Instant::now();
    browser.open(&page, "", 1280, "light");
    let frame = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";
    browser.eval(frame);
    let loaded = begin.elapsed();
    let timed = |browser: &mut Browser, action: &str| {
        let script = format!(
            "(async () => {{ const begin = performance.now(); {action}; await {frame};
            return performance.now() - begin; }})()"
        );
        browser.eval(&script).as_f64().expect("milliseconds")
    };
    let input = "dispatchEvent(new Event('input', { bubbles: true }))";
    let filtered = timed(
        &mut browser,
        &format!("const it = document.getElementById('filter-text'); it.value = '777'; it.{input}"),
    );
    assert_eq!(shown(&mut browser).len(), 19);
    let shown_again = timed(
        &mut browser,
        &format!("const it = document.getElementById('filter-text'); it.value = ''; it.{input}"),
    );
    let sorted = timed(
        &mut browser,
        "document.querySelectorAll('#namespace-table thead button')[7].click()",
    );
    let followed = timed(&mut browser, "location.hash = '#ns-team-09999'");
    let measured = format!(
        "load {loaded:.1?}, filter {filtered:.0} ms, all {shown_again:.0} ms, sort {sorted:.0} ms, link {followed:.0} ms"
    );
    let _ = writeln!(std::io::stderr(), "10,000 namespaces: {measured}");
    // Generous, because the machine may be busy: what is meant is that nothing takes minutes.
    assert!(loaded.as_secs() < 60, "{measured}");
    assert!(
        [filtered, shown_again, sorted, followed]
            .iter()
            .all(|ms| *ms < 15_000.0),
        "{measured}"
    );
    quiet(&browser, &page);
}

#[test]
fn every_screen_has_its_picture() {
    let Some(mut browser) = browser() else { return };
    let (_output, page) = report("fixtures/cluster");
    let to = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (width, scheme) in [
        (1280, "light"),
        (400, "light"),
        (1280, "dark"),
        (400, "dark"),
    ] {
        browser.open(&page, "", width, scheme);
        browser.unroll(width);
        let picture = browser.picture("html", 1.0);
        assert_eq!(picture.get(..8), Some(&b"\x89PNG\r\n\x1a\n"[..]));
        write(to, &format!("report-{width}-{scheme}.png"), &picture);
    }
}

/// The pictures of the README: what they show, and what has to be open.
const PICTURES: [(&str, &str, &str); 4] = [
    ("opening", "#summary", ""),
    ("cluster", ".heat", ""),
    ("policies", ".verdicts", ""),
    (
        "namespace",
        "#ns-marketing-cms",
        "document.getElementById('ns-marketing-cms').open = true",
    ),
];

/// `PSP2PSA_UPDATE=1 cargo test --test suite pictures_of_the_readme` takes them anew. Fonts differ between machines, so
/// they are not compared.
#[test]
fn pictures_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("PSP2PSA_UPDATE").is_some() {
        let mut browser = browser().expect("a Chromium");
        let (_output, page) = report("fixtures/cluster");
        for (name, selector, before) in PICTURES {
            browser.open(&page, "", 1100, "light");
            browser.eval(before);
            browser.unroll(1100);
            write(
                root,
                &format!("fixtures/pictures/{name}.png"),
                &browser.picture(selector, 0.75),
            );
        }
    }
    let readme = std::fs::read_to_string(root.join("README.md")).expect("a README");
    let shown = readme.matches("](fixtures/pictures/").count();
    assert_eq!(shown, PICTURES.len(), "the README shows every picture");
    for (name, _, _) in PICTURES {
        assert!(
            readme.contains(&format!("](fixtures/pictures/{name}.png)")),
            "{name}"
        );
        let file = std::fs::metadata(root.join(format!("fixtures/pictures/{name}.png")));
        assert!(
            file.is_ok_and(|file| file.len() < 250_000),
            "{name} is missing, or not small"
        );
    }
}
