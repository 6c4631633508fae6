//! What the README says of Palisade is so.

use crate::folder::{Folder, run};
use crate::guides::settled;
use serde_json::Value;

const README: &str = include_str!("../../../../README.md");
const COMPARE: &str = include_str!("../../../../COMPARE.md");

/// The number that stands between these words.
#[track_caller]
fn claimed(text: &str, before: &str, after: &str) -> usize {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = words.split(before).skip(1).filter_map(|rest| rest.split_once(after)?.0.parse().ok());
    found.next().unwrap_or_else(|| panic!("there is no “{before}…{after}”"))
}

fn shipped(sort: &str) -> Vec<Value> {
    let list = run(&format!("content list --format json --sort {sort}"), &[]).json();
    list.as_array().unwrap().clone()
}

/// The text promises no more than there is, and not much less either: a page can be added without touching it.
#[track_caller]
fn check(claimed: usize, is: usize) {
    assert!(claimed <= is, "{claimed} are promised, there are {is}");
    assert!(is <= claimed + claimed / 4, "the text is old: {claimed} are told of, there are {is}");
}

#[test]
fn its_numbers_are_those_of_what_ships() {
    let checks = shipped("check").len();
    check(claimed(README, "More than ", " checks over"), checks);
    check(claimed(README, "| AWS checks | over ", " |"), checks);
    check(claimed(COMPARE, "Palisade has over ", ","), checks);
    check(claimed(README, "checks over ", " resource types"), shipped("kind").len());
    check(claimed(README, "runs more than ", " detections"), shipped("detection").len());
}

#[test]
fn its_excerpt_of_the_demo_is_what_the_demo_prints() {
    let folder = Folder::new(&[]);
    let said = settled(&folder.run("demo").ends(0, &[]).stdout);
    let excerpt =
        README.split("-- demo\n```\n\n```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines: Vec<&str> = excerpt.lines().filter(|line| *line != "…").collect();
    assert!(lines.len() > 40, "{excerpt}");
    for line in lines {
        assert!(said.contains(&settled(line)), "“{line}” is not in what the demo prints:\n{said}");
    }
}
