//! The pictures of the HTML report: they show what the tables show, and stay small.

use psp2psa::render::html;
use psp2psa::render::json::v1::Usable;

use super::sample;

/// What stands between two texts, after a third.
#[track_caller]
fn between<'a>(page: &'a str, after: &str, from: &str, to: &str) -> &'a str {
    let page = &page[page.find(after).expect("the place")..];
    let page = &page[page.find(from).expect("the beginning")..];
    &page[..page.find(to).expect("the end") + to.len()]
}

#[test]
fn every_namespace_is_a_row_of_the_heat_map_that_leads_to_it() {
    let page = html::report(&sample::document(&str::to_owned));
    let map = between(&page, "class=\"heat\"", "<svg", "</svg>");
    assert_eq!(map.matches("<a href=\"#ns-").count(), 6);
    assert!(map.contains(
        "<a href=\"#ns-shop\" aria-label=\"shop: own grant privileged, needed baseline, enforce baseline, audit restricted, warn restricted\">"
    ), "{map}");
    // Five cells, each with a symbol.
    assert_eq!(map.matches("<rect").count(), 6 * 5);
    assert_eq!(map.matches("class=\"mark ").count(), 6 * 5);
}

#[test]
fn without_policies_there_is_no_column_of_what_was_granted() {
    let mut document = sample::document(&str::to_owned);
    document.body.policies.clear();
    let page = html::report(&document);
    let map = between(&page, "class=\"heat\"", "<svg", "</svg>");
    assert!(!map.contains("own grant"), "{map}");
    assert!(!page.contains("class=\"matrix\""));
}

#[test]
fn in_a_big_cluster_namespaces_with_the_same_levels_share_a_row() {
    let mut document = sample::document(&str::to_owned);
    let namespaces = document.body.namespaces.clone();
    for _ in 0..299 {
        document.body.namespaces.extend(namespaces.iter().cloned());
    }
    let page = html::report(&document);
    let map = between(&page, "class=\"heat\"", "<svg", "</svg>");
    let rows = map.matches("<a href").count();
    assert!((2..=6).contains(&rows), "{rows}");
    assert!(map.contains("00 namespaces: own grant"), "{map}");
    assert!(map.len() < 20_000);
}

#[test]
fn who_grants_what_is_drawn_for_a_namespace_and_for_a_policy() {
    let page = html::report(&sample::document(&str::to_owned));
    for (place, column) in [
        ("id=\"ns-shop\"", "shop"),
        ("id=\"policy-privileged\"", "shop"),
    ] {
        let picture = between(&page, place, "class=\"graph\"", "</svg>");
        for part in [
            "ServiceAccount shop/debug",
            "ClusterRoleBinding psp-privileged",
            "ClusterRole psp-privileged",
            "privileged",
            column,
        ] {
            assert!(
                picture.contains(&format!("<title>{part}</title>")),
                "{place}: {part}: {picture}"
            );
        }
        assert!(picture.matches("<path").count() >= 4);
    }
}

#[test]
fn a_picture_of_many_grants_leaves_some_out_and_says_so() {
    let mut document = sample::document(&str::to_owned);
    let namespace = &mut document.body.namespaces[4];
    let one = namespace.granted.own[0].clone();
    namespace.granted.own = (0..1000)
        .map(|n| Usable {
            subject: format!("User u{n}"),
            ..one.clone()
        })
        .collect();
    let page = html::report(&document);
    let picture = between(&page, "id=\"ns-shop\"", "class=\"graph\"", "</figure>");
    assert_eq!(picture.matches("<title>User ").count(), 24);
    assert!(
        picture.contains(" more; report.json lists all"),
        "{picture}"
    );
}

#[test]
fn the_matrix_has_every_check_of_every_policy() {
    let document = sample::document(&str::to_owned);
    let controls: usize = document
        .body
        .policies
        .iter()
        .filter(|it| it.level.is_some())
        .map(|it| it.controls.len())
        .sum();
    assert!(controls > 0);
    let page = html::report(&document);
    let matrix = between(&page, "class=\"matrix\"", "<tbody>", "</tbody>");
    assert_eq!(matrix.matches("class=\"cell ").count(), controls);
}

#[test]
fn versions_stand_in_order_with_the_target_among_them() {
    let page = html::report(&sample::document(&str::to_owned));
    let strip = between(&page, "id=\"ns-shop\"", "class=\"strip\"", "</ol>");
    let places: Vec<usize> = ["same\"><b>v1.24", "target\"><b>v1.29", "refuses\"><b>v1.35"]
        .map(|stop| {
            strip
                .find(stop)
                .unwrap_or_else(|| panic!("{stop}: {strip}"))
        })
        .to_vec();
    assert!(places.is_sorted(), "{strip}");
    assert!(strip.contains("refuses 1 more"), "{strip}");
}

#[test]
fn a_patch_is_a_diff_of_fields() {
    let page = html::report(&sample::document(&str::to_owned));
    let section = between(
        &page,
        "id=\"ns-shop\"",
        "<table class=\"stack workloads",
        "</table>",
    );
    let diff = between(section, "<ul class=\"diff\">", "<ul", "</ul>");
    assert_eq!(
        diff,
        "<ul class=\"diff\">\n<li><del>- spec.securityContext.runAsUser: &quot;0&quot;</del></li>\n\
         <li><ins>+ spec.securityContext.runAsUser: &quot;1000&quot;</ins></li>\n</ul>"
    );
}
