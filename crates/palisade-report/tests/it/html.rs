//! The page for a browser.

use crate::sample::{accepted, clean, detections, report, source};
use crate::written;
use insta::assert_snapshot;
use palisade_report::{Detections, HtmlOptions, Report, html, html_detections};
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

fn page(report: &Report) -> String {
    written(|to| html(report, HtmlOptions::default(), &source, to))
}

fn detections_page(report: &Detections) -> String {
    written(|to| html_detections(report, HtmlOptions::default(), to))
}

/// The page from what is its own: style and script stand in files, and their hashes follow from those.
fn content(page: &str) -> String {
    let at = page.find("<body>").unwrap();
    page[at..].to_owned()
}

#[test]
fn the_whole_page_of_a_scan() {
    assert_snapshot!(content(&page(&report())));
}

#[test]
fn the_whole_page_of_detections() {
    assert_snapshot!(content(&detections_page(&detections())));
}

#[test]
fn the_page_of_nothing_found_is_honest_about_what_it_saw() {
    let content = content(&page(&clean(2, 3)));
    assert!(
        content.contains("<h1>Nothing fails; 2 pass. Checks looked at 3 of 3 resources.</h1>"),
        "{content}"
    );
    assert!(!content.contains("id=\"filter\""), "there is nothing to filter");
    let nothing = detections_page(&Detections { hits: Vec::new(), ..detections() });
    assert!(nothing.contains("<h1>No detection fires.</h1>"), "{nothing}");
}

#[test]
fn what_is_suppressed_is_told_apart_with_the_reason() {
    let report = Report { suppressed: vec![accepted()], ..report() };
    let content = content(&page(&report));
    let (_, suppressed) = content.split_once("<section class=\"other\" id=\"suppressed\">").unwrap();
    assert!(suppressed.contains(
        "it holds nothing but scratch data (.palisade.toml:2:9, until 2027-01-31, storage, SEC-12)"
    ));
    assert!(content.contains("<p class=\"asked\">1 finding is suppressed.</p>"), "{content}");
    assert_eq!(unbalanced(&content), None);
    assert_eq!(links_to_nowhere(&content), Vec::<&str>::new());
}

/// What is foreign in a report, all of it hostile.
fn hostile() -> (Report, Detections) {
    let hostile = "</script></style><script>x</script>\"><img src=x onerror='x'>&\u{202e}\u{1b}[2J`";
    let text: Arc<str> = hostile.into();
    let mut report = report();
    report.targets = vec![hostile.into()];
    report.tool_version = hostile.into();
    for finding in &mut report.findings {
        finding.page = palisade_model::PageId::new(hostile);
        finding.subject.address.name = text.clone();
        finding.subject.kind = text.clone();
        finding.title = text.clone();
        finding.message = hostile.into();
        finding.why = format!("{hostile}\n\n- {hostile}\n\n```\n{hostile}\n```").into();
        finding.fix = finding.why.clone();
        finding.controls = vec![hostile.into()];
        if let palisade_model::Origin::File(span) = &mut finding.origin {
            span.file = text.clone();
        }
    }
    for diagnostic in &mut report.diagnostics {
        diagnostic.message = hostile.into();
        diagnostic.help = Some(hostile.into());
    }
    report.coverage.without_kind.insert(text.clone(), 1);
    let mut detections = detections();
    detections.targets = vec![hostile.into()];
    for hit in &mut detections.hits {
        hit.rule_title = text.clone();
        hit.message = hostile.into();
        hit.time = Some(hostile.into());
        hit.principal = Some(hostile.into());
        hit.source = Some(hostile.into());
        hit.service = Some(hostile.into());
        hit.operation = Some(hostile.into());
        hit.event_id = Some(hostile.into());
        hit.file = hostile.into();
    }
    (report, detections)
}

#[test]
fn no_foreign_word_is_markup() {
    let (report, detections) = hostile();
    let quoting =
        |_: &str| Some(Arc::from("</script><img onerror=x>\"'`\u{202e} and more of it\n".repeat(40)));
    let scan = written(|to| html(&report, HtmlOptions::default(), &quoting, to));
    for page in [scan, detections_page(&detections)] {
        assert_eq!(page.matches("<script").count(), 1, "the page's own");
        assert_eq!(page.matches("<img").count(), 0);
        assert!(!content(&page).contains("onerror='"), "a quote ends no attribute");
        assert!(!page.contains(['\u{202e}', '\u{1b}']));
        assert!(page.contains("&lt;/script&gt;"));
        assert_eq!(unbalanced(&content(&page)), None);
    }
}

#[test]
fn a_page_asks_for_nothing_from_elsewhere() {
    for page in [page(&report()), detections_page(&detections())] {
        assert!(page.contains("default-src 'none'; style-src 'sha256-"));
        for from_elsewhere in [" src=", "http:", "https:", "url(", "@import"] {
            assert!(
                !content(&page).replace("](http://evil)", "").contains(from_elsewhere),
                "{from_elsewhere}"
            );
        }
        assert!(
            !content(&page).contains(" style=") && !content(&page).contains(" onclick="),
            "the policy forbids it"
        );
    }
}

#[test]
fn elements_are_closed_and_anchors_lead_somewhere() {
    for page in
        [page(&report()), detections_page(&detections()), page(&clean(0, 0)), page(&Report::default())]
    {
        let content = content(&page);
        assert_eq!(unbalanced(&content), None);
        assert_eq!(links_to_nowhere(&content), Vec::<&str>::new());
        let mut ids: Vec<&str> = quoted_after(&content, " id=\"").collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "no id is given twice");
    }
}

fn links_to_nowhere(content: &str) -> Vec<&str> {
    let ids: Vec<&str> = quoted_after(content, " id=\"").collect();
    quoted_after(content, "href=\"#").filter(|to| !ids.contains(to)).collect()
}

fn quoted_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

/// The first element that is not closed, or not open where it is closed.
fn unbalanced(content: &str) -> Option<String> {
    const EMPTY: [&str; 4] = ["br", "input", "path", "rect"];
    let mut open: Vec<&str> = Vec::new();
    for tag in content.split('<').skip(1) {
        let inner = tag.split('>').next().unwrap_or_default();
        let name = inner.split_whitespace().next().unwrap_or_default().trim_end_matches('/');
        match name.strip_prefix('/') {
            Some(name) if open.last() == Some(&name) => drop(open.pop()),
            Some("body" | "html") if open.last().is_none_or(|last| *last == "body") => open.clear(),
            Some(name) => return Some(format!("</{name}> in {open:?}")),
            None if EMPTY.contains(&name) => {}
            None => open.push(name),
        }
    }
    (!open.is_empty()).then(|| format!("{open:?}"))
}

#[test]
fn a_limit_keeps_the_severest_and_says_so() {
    let limited = HtmlOptions { limit: Some(2) };
    let scan = written(|to| html(&report(), limited, &source, to));
    assert!(scan.contains("22 places of least severity are not on this page"), "{}", content(&scan));
    assert_eq!(scan.matches("<li class=\"place\"").count(), 2);
    let hits = written(|to| html_detections(&detections(), limited, to));
    assert!(hits.contains("3 hits of least severity are not on this page"), "{}", content(&hits));
    assert_eq!(hits.matches("<li class=\"place\"").count(), 2);
}

#[test]
fn the_order_of_the_findings_does_not_change_the_page() {
    let mut reversed = report();
    reversed.findings.reverse();
    assert_eq!(page(&report()), page(&reversed));
    let mut reversed = detections();
    reversed.hits.reverse();
    assert_eq!(detections_page(&detections()), detections_page(&reversed));
}

#[test]
fn what_may_be_secret_is_not_shown() {
    assert!(!page(&report()).contains("hunter2"));
}

/// Set by `cargo xtask test`: a browser, and the packages that drive it and judge whether everybody can read a page.
#[test]
fn a_browser_has_nothing_to_say_against_the_pages() {
    let variables = ["PALISADE_CHROMIUM", "PALISADE_NODE_MODULES"].map(|name| std::env::var(name).ok());
    let [Some(chromium), Some(modules)] = variables else {
        // Past the capture of the test runner, so that it is seen.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT CHECKED: the HTML report in a browser; PALISADE_CHROMIUM and PALISADE_NODE_MODULES are not set"
        );
        return;
    };
    let (hostile_scan, hostile_detections) = hostile();
    let pages = [
        ("scan", page(&report())),
        ("detections", detections_page(&detections())),
        ("clean", page(&clean(2, 3))),
        ("hostile-scan", page(&hostile_scan)),
        ("hostile-detections", detections_page(&hostile_detections)),
    ];
    let mut look = Command::new("node");
    look.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/browser.mjs")).args([chromium, modules]);
    for (name, page) in pages {
        let path = format!("{}/{name}.html", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&path, page).unwrap();
        look.arg(path);
    }
    let output = look.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
