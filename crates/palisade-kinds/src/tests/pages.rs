//! Every shipped page reads without a complaint and says what the grammar promises.

use super::*;
use crate::grammar::When;

pub(super) fn each_page(mut visit: impl FnMut(&str, &str)) {
    let mut folders = vec![root().to_path_buf()];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of pages") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    for path in pages {
        let page = std::fs::read_to_string(&path).expect("a page");
        visit(&path.to_string_lossy(), &page);
    }
}

#[test]
fn every_shipped_page_reads_without_a_complaint() {
    let mut pages = 0;
    each_page(|file, page| {
        let (kind, diagnostics) = read_page(file, page);
        let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        assert!(said.is_empty(), "{}", said.join("\n"));
        let kind = kind.expect("a kind");
        let is_live = kind.attributes.values().any(|rule| !rule.live.is_empty());
        assert_eq!(!kind.collect.is_empty(), is_live, "{file} says no calls, or calls for nothing");
        assert!(is_live || !kind.terraform.is_empty(), "{file} says no Terraform type");
        pages += 1;
    });
    assert!(pages >= 45, "{pages} pages");
}

#[test]
fn no_two_shipped_kinds_claim_one_type() {
    let kinds = shipped();
    let volume = kinds.of_source_type(Source::Terraform, "aws_ebs_volume").expect("volumes");
    assert_eq!(volume.kind.as_str(), "AWS::EC2::Volume");
    assert!(kinds.of_source_type(Source::Terraform, "aws_volume_attachment").is_none());
    assert!(kinds.get(&"AWS::S3::Bucket".parse().expect("a type")).is_some());
    let mut pages = 0;
    each_page(|_, _| pages += 1);
    assert_eq!(kinds.iter().count(), pages);
}

#[test]
fn every_meaning_of_absence_in_a_shipped_page_can_hold() {
    let kinds = shipped();
    for kind in kinds.iter() {
        for (name, rule) in &kind.attributes {
            let always = rule.absent.iter().position(|(when, _)| *when == When::Always);
            assert!(
                always.is_none_or(|at| at + 1 == rule.absent.len()),
                "`{name}` of {} has conditions that never count",
                kind.kind
            );
        }
    }
}

#[test]
fn every_path_of_a_shipped_page_reads_back_as_it_was_written() {
    for kind in shipped().iter() {
        for rule in kind.attributes.values() {
            for (source, place) in [
                (Source::Terraform, crate::path::Place::Terraform),
                (Source::Cloudformation, crate::path::Place::Cloudformation),
                (Source::Live, crate::path::Place::Plain),
            ] {
                for chain in rule.paths(source) {
                    assert_eq!(crate::path::chain(&chain.to_string(), place).as_ref(), Ok(chain));
                }
            }
        }
    }
}

/// The worked example that the design began with.
#[test]
fn a_page_may_be_as_short_as_the_worked_example() {
    let kinds = kind(
        "encrypted:
  is: bool
  live: Encrypted
  cloudformation: Encrypted
  terraform: aws_ebs_volume.encrypted
  absent: { cloudformation: unknown, terraform: unknown }
attached_to:
  is: list of id of AWS::EC2::Instance
  live: Attachments[].InstanceId
  terraform: aws_volume_attachment.instance_id where volume_id is this
  absent: empty
tags: { is: tags, live: Tags, cloudformation: Tags, terraform: aws_ebs_volume.tags_all, absent: empty }",
    );
    let volume = || terraform("aws_ebs_volume.a", json!({ "tags": { "team": "a" } }));
    check(&kinds, vec![volume()], "encrypted", "? something outside of a Terraform configuration decides");
    check(&kinds, vec![volume()], "tags", "{team: \"a\"}");
    check(&kinds, vec![volume()], "attached_to", "default []");
    let attachment = terraform(
        "aws_volume_attachment.a",
        json!({ "volume_id": { "->": "aws_ebs_volume.a.id" }, "instance_id": "i-1" }),
    );
    check(&kinds, vec![volume(), attachment], "attached_to", "[\"i-1\"]");
}
