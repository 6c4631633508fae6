//! New pages: sound from the start.

use crate::file;
use palisade_content::{PageFile, Sort, load, new_page, shipped};
use palisade_kinds::{AttributeRule, Is};
use palisade_model::{PageId, Source};

#[track_caller]
fn check(sort: Sort, looks_at: Option<&str>, expected: &str) {
    let (library, _) = load(&shipped());
    let id = PageId::new("mine/new-page.with-dot");
    let looks_at = looks_at.and_then(|kind| kind.parse().ok());
    let text = match new_page(sort, &id, looks_at.as_ref(), library.kinds()) {
        Ok(text) => text,
        Err(message) => return assert_eq!(message, expected),
    };
    let path = format!("{}/mine/new-page.with-dot.{}", sort.folder(), sort.ending());
    let files: Vec<PageFile> = shipped().into_iter().chain([file(&path, &text)]).collect();
    let (library, diagnostics) = load(&files);
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    let own: Vec<&String> = said.iter().filter(|line| line.starts_with(&path)).collect();
    assert!(own.is_empty(), "{own:?} of\n{text}");
    let page = library.page(sort, &id);
    let examples = page.iter().flat_map(|page| &page.examples);
    let languages: Vec<String> = examples
        .map(|example| {
            let languages: Vec<&str> = example.blocks.iter().map(|block| &*block.language).collect();
            format!("{} in {}", example.expected, languages.join(", "))
        })
        .collect();
    assert!(page.is_some(), "{text}");
    assert_eq!(languages.join("\n"), expected, "{text}");
}

#[test]
fn a_new_check_asks_what_its_kind_can_answer_in_both_languages() {
    check(
        Sort::Check,
        Some("AWS::EC2::Volume"),
        "Fails: `encrypted` is false in hcl, cloudformation\nPasses: it is true in hcl, cloudformation",
    );
    check(
        Sort::Check,
        None,
        "Fails: the account has no trails in estate\nPasses: there is one in estate\nUnknown: they could not be listed in estate",
    );
}

#[test]
fn a_new_check_asks_what_its_id_hints_at() {
    let (library, _) = load(&shipped());
    let kind = "AWS::RDS::DBInstance".parse().ok();
    let id = PageId::new("aws/rds/instance-without-deletion-protection");
    let text = new_page(Sort::Check, &id, kind.as_ref(), library.kinds()).unwrap_or_default();
    assert!(text.contains("if input.deletion_protection == false"), "{text}");
}

#[test]
fn a_new_check_can_be_made_for_every_shipped_kind() {
    let (library, _) = load(&shipped());
    // What is only ever read live, or only names others, has no configuration to begin with.
    let is_settable = |rule: &AttributeRule| {
        let is_plain = matches!(rule.is, Is::Bool | Is::Number | Is::Text | Is::Name | Is::Arn(_));
        is_plain
            && rule.values.is_empty()
            && !rule.paths(Source::Terraform).is_empty()
            && !rule.paths(Source::Cloudformation).is_empty()
    };
    for kind in library.kinds().iter().filter(|kind| kind.attributes.values().any(is_settable)) {
        let text = new_page(Sort::Check, &PageId::new("a"), Some(&kind.kind), library.kinds());
        assert!(text.as_ref().is_ok_and(|text| text.contains("## Fails: `")), "{}: {text:?}", kind.kind);
    }
}

#[test]
fn new_pages_of_the_other_sorts_are_sound_too() {
    check(Sort::Kind, Some("AWS::Glacier::Vault"), "");
    check(Sort::Objective, None, "");
    check(Sort::Framework, None, "");
    check(
        Sort::Escalation,
        None,
        "Fires: helpdesk → user admin in estate\nStays quiet: only another user's keys may be made in estate",
    );
    check(Sort::Playbook, None, "Given: an example in json, plan");
    check(
        Sort::Detection,
        None,
        "Fires: arn:aws:iam::111122223333:user/build stopped the trail home in json\nStays quiet: another call in json\nStays quiet: another service's call of that name in json",
    );
}

#[test]
fn a_wrong_id_or_type_is_refused() {
    check(
        Sort::Check,
        Some("AWS::EC2::Volum"),
        "no kind describes `AWS::EC2::Volum`: did you mean `AWS::EC2::Volume`?",
    );
    check(
        Sort::Check,
        Some("AWS::Braket::Job"),
        "no kind describes `AWS::Braket::Job`: begin with a page for the kind: `palisade content new kind …`",
    );
    let (library, _) = load(&[]);
    for id in ["", "../up", "A b", "/a", "a/", "a//b", "-a"] {
        let refused = new_page(Sort::Objective, &PageId::new(id), None, library.kinds());
        assert!(refused.is_err(), "{id}");
    }
}
