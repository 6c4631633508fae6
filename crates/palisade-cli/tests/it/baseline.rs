//! What was known is left out, and what is new is not.

use crate::folder::{BROKEN, FAILS, Folder, UNKNOWN};

fn volume(name: &str) -> String {
    format!("resource \"aws_ebs_volume\" \"{name}\" {{\n  encrypted = false\n}}\n")
}

/// A folder with a baseline of these files.
fn known(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(files);
    folder.scan(". --write-baseline known.json").ends(0, &["written to `known.json`"]);
    folder
}

#[test]
fn what_is_known_is_left_out_and_counted() {
    let folder = known(&[FAILS, UNKNOWN]);
    folder.scan(".").ends(1, &[]);
    let says = ["2 findings are known from the baseline `known.json`.", "Nothing else fails"];
    let said = folder.scan(". --baseline known.json").ends(0, &says).said();
    assert!(!said.contains("fails.tf"), "{said}");
    let report = folder.scan(". --baseline known.json --format json").ends(0, &[]).json();
    assert_eq!((&report["counts"]["fails"], &report["comparisons"][0]["known"]), (&0.into(), &2.into()));
}

#[test]
fn what_is_new_decides() {
    let folder = known(&[FAILS]);
    folder.write("more.tf", volume("more"));
    let says = ["more.tf:2:15", "1 fails", "1 finding is known from the baseline"];
    let said = folder.scan(". --baseline known.json").ends(1, &says).said();
    assert!(!said.contains("fails.tf"), "{said}");
    folder.write("more.tf", UNKNOWN.1);
    folder.scan(". --baseline known.json").ends(3, &["unknown.tf", "var.e"].map(|_| "`var.e` has no value"));
}

#[test]
fn what_is_gone_is_counted() {
    let folder = known(&[("a.tf", &(volume("a") + &volume("b")))]);
    folder.write("a.tf", volume("b"));
    folder.scan(". --baseline known.json").ends(0, &["1 that was there is gone"]);
    let said = folder.scan(". --baseline known.json --skip aws/ec2/*").ends(0, &[]).said();
    assert!(!said.contains("gone"), "a check that did not run says nothing: {said}");
}

#[test]
fn what_was_open_and_fails_now_is_new() {
    let folder = known(&[UNKNOWN]);
    folder.scan(". --baseline known.json").ends(0, &[]);
    folder.scan(". --baseline known.json --var e=false").ends(1, &["unknown.tf"]);
}

#[test]
fn the_same_fault_once_more_is_new_where_it_is_new() {
    let folder = known(&[("b/main.tf", &volume("v")), ("d/main.tf", &volume("v"))]);
    folder.scan(". --baseline known.json").ends(0, &["2 findings are known"]);
    for new in ["a", "c", "e"] {
        let path = format!("{new}/main.tf");
        folder.write(&path, volume("v"));
        let said =
            folder.scan(". --baseline known.json").ends(1, &[&format!("{path}:2:15"), "1 fails"]).said();
        assert!(!said.contains("b/main.tf") && !said.contains("d/main.tf"), "{said}");
        std::fs::remove_file(folder.path(&path)).unwrap();
    }
}

#[test]
fn a_file_that_is_renamed_stays_known() {
    let folder = known(&[FAILS]);
    std::fs::rename(folder.path("fails.tf"), folder.path("renamed.tf")).unwrap();
    folder.scan(". --baseline known.json").ends(0, &["1 finding is known"]);
    std::fs::create_dir(folder.path("deep")).unwrap();
    std::fs::rename(folder.path("renamed.tf"), folder.path("deep/main.tf")).unwrap();
    folder.scan(". --baseline known.json").ends(0, &["1 finding is known"]);
}

#[test]
fn a_baseline_is_sorted_and_stable() {
    let folder = known(&[("a.tf", &(volume("b") + &volume("a")))]);
    let first = folder.read("known.json");
    folder.write("a.tf", volume("a") + &volume("b"));
    folder.scan(". --write-baseline again.json").ends(0, &[]);
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("\"place\"").next().unwrap().to_owned()).collect()
    };
    assert_eq!(lines(&first), lines(&folder.read("again.json")));
    assert!(first.find("volume.a").unwrap() < first.find("volume.b").unwrap(), "{first}");
    assert!(first.contains("\"place\":\"a.tf:5\""), "{first}");
}

#[test]
fn writing_anew_keeps_what_is_known_and_drops_what_is_gone() {
    let folder = known(&[("a.tf", &(volume("a") + &volume("b")))]);
    folder.write("a.tf", volume("b") + &volume("c"));
    folder
        .scan(". --baseline known.json --write-baseline known.json")
        .ends(0, &["aws_ebs_volume.c", "1 fails"]);
    let baseline = folder.read("known.json");
    let holds = ["a", "b", "c"].map(|name| baseline.contains(&format!("aws_ebs_volume.{name}\"")));
    assert_eq!(holds, [false, true, true]);
}

#[test]
fn what_is_suppressed_is_not_written_and_is_new_when_that_expires() {
    let folder = Folder::new(&[FAILS]);
    let settings = "[[suppress]]\ncheck = 'aws/ec2/*'\nreason = 'x'\nexpires = 2026-06-30\n";
    folder.write(".palisade.toml", settings);
    folder.scan(". --write-baseline known.json --today 2026-06-30").ends(0, &["0 findings written"]);
    folder.scan(". --baseline known.json --today 2026-06-30").ends(0, &[]);
    folder.scan(". --baseline known.json --today 2026-07-01").ends(1, &["expired on 2026-06-30"]);
}

#[test]
fn lost_input_is_told_all_the_same() {
    let folder = Folder::new(&[FAILS, BROKEN]);
    folder.scan(". --write-baseline known.json").ends(3, &["1 finding written"]);
    folder.scan(". --baseline known.json").ends(3, &["this report is incomplete"]);
}

#[test]
fn what_is_no_baseline_is_refused_with_its_place() {
    let print = "\"fingerprint\": \"00000000000000000000000000000000\"";
    let rest = "\"check\": \"a/b\", \"resource\": \"r\", \"verdict\": \"fails\", \"message\": \"\", \"root\": \".\", \"place\": \"\"";
    let of = |finding: &str| format!("{{\"schema\": \"palisade/baseline/v1\",\n\"findings\": [{finding}]}}");
    for (text, says) in [
        (String::new(), "known.json:1:1"),
        ("no".to_owned(), "known.json:1:1"),
        ("{\"schema\": \"palisade/baseline/v1\",\n\"findings\": [".to_owned(), "known.json:2"),
        ("[]".to_owned(), "it has no `schema`"),
        ("{\"version\": \"1.0\", \"results\": {}}".to_owned(), "it has no `schema`"),
        ("{\"schema\": \"palisade/report/v1\"}".to_owned(), "known.json:1:12: this is no baseline"),
        ("{\"schema\": \"palisade/baseline/v9\"}".to_owned(), "the form `palisade/baseline/v9`"),
        ("{\"schema\": 7}".to_owned(), "this is no baseline"),
        ("{\"schema\": \"palisade/baseline/v1\"}".to_owned(), "no list of `findings`"),
        (of("7"), "known.json:2:14: a finding has no `fingerprint`"),
        (of("{}"), "a finding has no `fingerprint`"),
        (of("{\"fingerprint\": 7}"), "`fingerprint` is not a text"),
        (of("{\"fingerprint\": \"zz\"}"), "known.json:2:30: `zz` is not a fingerprint"),
        (of(&format!("{{{print}}}")), "a finding has no `check`"),
        (of(&format!("{{{print}, {rest}, \"count\": -1}}")), "`count` is not a number of findings"),
        (of(&format!("{{{print}, {rest}, \"count\": 1e99}}")), "`count` is not a number of findings"),
        ("[".repeat(10_000), "known.json:1"),
    ] {
        let folder = Folder::new(&[FAILS, ("known.json", &text)]);
        folder.scan(". --baseline known.json").ends(2, &[says]);
    }
    let folder = Folder::new(&[FAILS, ("known.json", &of(&format!("{{{print}, {rest}}}")))]);
    folder.scan(". --baseline known.json").ends(1, &[]);
    folder.scan(". --baseline none.json").ends(2, &["`none.json`"]);
    folder.write("known.json", b"\xff\xfe");
    folder.scan(". --baseline known.json").ends(2, &["is not UTF-8"]);
    folder
        .scan(". --write-baseline no/such/place.json")
        .ends(2, &["`no/such/place.json` could not be written"]);
}
