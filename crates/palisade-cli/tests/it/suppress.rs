//! What somebody accepted does not count, until the day on which it does again.

use crate::folder::{FAILS, Folder, Output, PASSES, UNKNOWN, scan};

const ID: &str = "aws/ec2/volume-not-encrypted";

/// Settings with one suppression of these further lines.
fn settings(lines: &str) -> String {
    format!("# why\n[[suppress]]\ncheck = \"{ID}\"\nreason = \"scratch data\"\n{lines}\n")
}

/// Scans a volume that is not encrypted with these settings, on a day of 2026.
#[track_caller]
fn check(lines: &str, code: i32, says: &[&str]) -> Output {
    let settings = settings(lines);
    scan(". --today 2026-06-30", &[FAILS, PASSES, (".palisade.toml", &settings)]).ends(code, says)
}

/// Scans Terraform in which `ID` stands for the check.
#[track_caller]
fn terraform(text: &str, code: i32, says: &[&str]) {
    let text = text.replace("ID", ID);
    scan(". --today 2026-06-30", &[("main.tf", &text)]).ends(code, says);
}

#[track_caller]
fn yaml(text: &str, code: i32, says: &[&str]) {
    let text = text.replace("ID", ID);
    scan(". --today 2026-06-30", &[("main.yaml", &text)]).ends(code, says);
}

#[test]
fn what_settings_name_is_suppressed() {
    let suppressed = ["1 finding is suppressed"];
    check("", 0, &suppressed);
    check("resource = \"aws_ebs_volume.open\"", 0, &suppressed);
    check("resource = \"*.open\"", 0, &suppressed);
    check("path = \"fails.tf\"", 0, &suppressed);
    check("path = \".\"", 0, &suppressed);
    check("path = \"*.tf\"\nresource = \"aws_ebs_volume.*\"", 0, &suppressed);
    check("expires = 2026-06-30", 0, &suppressed);
    check("expires = \"2026-06-30\"\nowner = \"storage\"\nticket = \"SEC-1\"", 0, &suppressed);
}

#[test]
fn what_is_something_else_counts_and_the_suppression_is_said_to_be_unused() {
    let unused = [".palisade.toml:3:9", "is unused", "fails.tf:2:15"];
    check("resource = \"aws_ebs_volume.ope\"", 1, &unused);
    check("path = \"passes.tf\"", 1, &unused);
    check("path = \"fails\"", 1, &unused);
    check("fingerprint = \"00000000000000000000000000000000\"", 1, &unused);
    check("path = \"fails.tf\"\nresource = \"aws_ebs_volume.closed\"", 1, &unused);
}

#[test]
fn what_was_not_looked_at_is_not_said_to_be_unused() {
    let folder = Folder::new(&[("a/passes.tf", PASSES.1), ("b/passes.tf", PASSES.1)]);
    folder.write(".palisade.toml", settings("path = \"b/*\""));
    assert!(!folder.scan("a").ends(0, &[]).said().contains("unused"));
    folder.scan("b").ends(0, &["is unused"]);
    folder.scan_in("b", ".").ends(0, &["is unused", "../.palisade.toml:3:9"]);
    assert!(!folder.scan("b --skip aws/ec2/*").ends(0, &[]).said().contains("unused"));
}

#[test]
fn an_expired_one_counts_again_and_is_shown() {
    let says = ["expired on 2026-06-29: 1 finding counts", ".palisade.toml:3:9", "fails.tf:2:15"];
    let output = check("expires = 2026-06-29", 1, &says);
    assert!(!output.said().contains("unused"));
}

#[test]
fn paths_begin_at_the_folder_of_the_settings() {
    let folder = Folder::new(&[("a/b/fails.tf", FAILS.1)]);
    folder.write(".palisade.toml", settings("path = \"a/b/fails.tf\""));
    folder.scan("a").ends(0, &[]);
    folder.scan_in("a", "b").ends(0, &[]);
    folder.scan_in("a/b", ".").ends(0, &[]);
    folder.scan_in("a/b", "../../a").ends(0, &[]);
    folder.scan(&format!("{}", folder.path("a").display())).ends(0, &[]);
    folder.write("a/b/other.toml", settings("path = \"fails.tf\""));
    folder.scan(". --config a/b/other.toml").ends(0, &[]);
}

#[test]
fn the_fingerprint_names_the_very_finding() {
    let folder = Folder::new(&[FAILS]);
    let report = folder.scan(". --format json").json();
    let print = report["findings"][0]["fingerprint"].as_str().unwrap();
    folder.write(".palisade.toml", settings(&format!("fingerprint = \"{print}\"")));
    folder.scan(".").ends(0, &["1 finding is suppressed"]);
}

#[test]
fn an_open_answer_is_suppressed_like_a_fault() {
    let settings = settings("");
    scan(".", &[UNKNOWN, (".palisade.toml", &settings)]).ends(0, &["1 finding is suppressed"]);
}

#[test]
fn wrong_suppressions_are_an_error_with_line_and_column() {
    for (settings, says) in [
        ("[[suppress]]\nreason = 'x'\n", "line 1, column 1"),
        ("\n[[suppress]]\ncheck = 'aws/s3/*'\n", "missing field `reason`"),
        ("[[suppress]]\ncheck = 'aws/s3/*'\nreason = ' '\n", ".palisade.toml:3:10: `reason` is empty"),
        ("[[suppress]]\ncheck = 'aws/s3/*'\nreasn = 'x'\n", "line 3, column 1"),
        (
            "[[suppress]]\ncheck = 'aws/s4/*'\nreason = 'x'\n",
            ".palisade.toml:2:9: no check is named `aws/s4/*`",
        ),
        ("[[suppress]]\ncheck = 'aws/s3/*'\nreason = 'x'\nexpires = 2027-02-30\n", "line 4, column 11"),
        (
            "[[suppress]]\ncheck = 'aws/s3/*'\nreason = 'x'\nexpires = 'soon'\n",
            ".palisade.toml:4:11: `soon` is not a day",
        ),
        ("[[suppress]]\ncheck = 'aws/s3/*'\nreason = 'x'\nexpires = 2027\n", "`2027` is not a day"),
        (
            "[[suppress]]\ncheck = 'aws/s3/*'\nreason = 'x'\nfingerprint = 'x'\n",
            ".palisade.toml:4:15: `x` is not a fingerprint",
        ),
        (
            "[[suppress]]\ncheck = 'aws/s3/*'\nreason = 'x'\npath = ''\n",
            ".palisade.toml:4:8: the pattern is empty",
        ),
        ("suppress = 1\n", "line 1"),
    ] {
        scan(".", &[FAILS, (".palisade.toml", settings)]).ends(2, &[says]);
    }
    let near = "[[suppress]]\ncheck = 'aws/ec2/volume-not-encrypte'\nreason = 'x'\n";
    scan(".", &[FAILS, (".palisade.toml", near)]).ends(2, &[&format!("did you mean `{ID}`?")]);
}

#[test]
fn a_comment_in_terraform_suppresses_where_it_stands() {
    for text in [
        "# palisade:ignore ID: why\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n",
        "resource \"aws_ebs_volume\" \"v\" { // palisade:ignore aws/ec2/*: why\n  encrypted = false\n}\n",
        "resource \"aws_ebs_volume\" \"v\" {\n  /* palisade:ignore ID until 2026-06-30: why */\n  encrypted = false\n}\n",
        "resource \"aws_ebs_volume\" \"v\" {\n  size = 1\n  encrypted = false # palisade:ignore ID: why\n}\n",
        "# palisade:ignore ID: why\r\nresource \"aws_ebs_volume\" \"v\" {\r\n  encrypted = false\r\n}\r\n",
        "# palisade:ignore ID: why\nresource \"aws_ebs_volume\" \"v\" {\n  count = 3\n  encrypted = false\n}\n",
    ] {
        terraform(text, 0, &["suppressed"]);
    }
}

#[test]
fn a_comment_elsewhere_suppresses_nothing() {
    for text in [
        "# palisade:ignore ID: why\n\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n",
        "resource \"aws_ebs_volume\" \"v\" {\n  size = 1 # palisade:ignore ID: why\n  encrypted = false\n}\n",
        "# palisade:ignore ID: why\nlocals {}\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n",
        "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n  tags = { a = \"# palisade:ignore ID: why\" }\n}\n",
        "resource \"aws_ebs_volume\" \"v\" {\n  snapshot_id = <<E\n# palisade:ignore ID: why\nE\n  encrypted = false\n}\n",
        "# palisade:ignore aws/s3/*: why\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n",
        "# checkov:skip=CKV_AWS_3: why\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n",
    ] {
        terraform(text, 1, &["main.tf:"]);
    }
}

#[test]
fn what_is_wrong_with_a_comment_is_said_at_its_place() {
    let at =
        |comment: &str| format!("{comment}\nresource \"aws_ebs_volume\" \"v\" {{\n  encrypted = false\n}}\n");
    for (comment, says) in [
        ("# palisade:ignore ID", "gives no reason"),
        (
            "# palisade:ignore aws/ec2/volume-not-encrypte: why",
            "did you mean `aws/ec2/volume-not-encrypted`?",
        ),
        ("# palisade:ignore ID until 2026-13-01: why", "is not in the calendar"),
        ("# palisade:ignore ID until 2026-06-29: why", "expired on 2026-06-29: 1 finding counts"),
        ("# palisade:disable ID: why", "`palisade:disable` means nothing"),
    ] {
        terraform(&at(comment), 1, &[says, "main.tf:1:1"]);
    }
    let fixed = at("# palisade:ignore ID: why").replace("false", "true");
    terraform(&fixed, 0, &["is unused", "main.tf:1:1"]);
}

#[test]
fn a_comment_in_a_module_is_about_all_its_instances_and_one_at_the_call_about_all_in_it() {
    let volume = "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = false\n}\n";
    let call = "module \"m\" {\n  for_each = toset([\"a\", \"b\"])\n  source = \"./m\"\n}\nmodule \"n\" {\n  source = \"./n\"\n}\n";
    let outer = "module \"m\" {\n  source = \"../m\"\n}\n";
    let check = |main: &str, m: &str, n: &str, code, left: usize| {
        let [main, m, n] = [main, m, n].map(|text| text.replace("ID", ID));
        let folder = Folder::new(&[("r/main.tf", &main), ("r/m/m.tf", &m), ("r/n/n.tf", &n)]);
        let report = folder.scan("r --format json").ends(code, &[]).json();
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), left, "{findings:#?}");
    };
    check(call, volume, outer, 1, 3);
    check(call, &format!("# palisade:ignore ID: why\n{volume}"), outer, 0, 0);
    check(&format!("# palisade:ignore ID: why\n{call}"), volume, outer, 1, 1);
    check(call, volume, &format!("# palisade:ignore ID: why\n{outer}"), 1, 2);
    check(&call.replace("\"n\" {", "\"n\" { # palisade:ignore ID: why"), volume, outer, 1, 2);
}

#[test]
fn whoever_wrote_a_downloaded_module_accepts_nothing() {
    let call = "module \"m\" {\n  source = \"terraform-aws-modules/m/aws\"\n}\n";
    let module = format!(
        "# palisade:ignore {ID}: why\nresource \"aws_ebs_volume\" \"v\" {{\n  encrypted = false\n}}\n"
    );
    let manifest = r#"{"Modules": [{"Key": "m", "Source": "registry.terraform.io/terraform-aws-modules/m/aws", "Dir": ".terraform/modules/m"}]}"#;
    let files = [
        ("main.tf", call),
        (".terraform/modules/modules.json", manifest),
        (".terraform/modules/m/m.tf", &module),
    ];
    scan(".", &files).ends(1, &["module.m.aws_ebs_volume.v"]);
    let call = format!("# palisade:ignore {ID}: why\n{call}");
    scan(".", &[("main.tf", &call), files[1], files[2]]).ends(0, &["1 finding is suppressed"]);
}

#[test]
fn a_comment_in_yaml_suppresses_where_it_stands() {
    for text in [
        "Resources:\n  # palisade:ignore ID: why\n  V:\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: false}\n",
        "Resources:\n  V: # palisade:ignore ID: why\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: false}\n",
        "Resources:\n  V:\n    # palisade:ignore ID: why\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: false}\n",
        "Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties:\n      Size: !Ref X\n      Encrypted: false # palisade:ignore ID: why\n",
        "Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Metadata: {'palisade:ignore': 'ID: why'}\n    Properties: {Encrypted: false}\n",
    ] {
        yaml(text, 0, &["1 finding is suppressed"]);
    }
    for text in [
        "Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties:\n      SnapshotId: |\n        # palisade:ignore ID: why\n      Encrypted: false\n",
        "Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: false}\n  # palisade:ignore ID: why\n  W:\n    Type: AWS::EC2::Volume\n    Properties: {Encrypted: true}\n",
    ] {
        yaml(text, 1, &["main.yaml:"]);
    }
}

#[test]
fn json_suppresses_in_metadata_and_under_two_slashes() {
    let template = format!(
        r#"{{"Resources": {{"V": {{"Type": "AWS::EC2::Volume", "Metadata": {{"palisade:ignore": ["{ID}: why"]}}, "Properties": {{"Encrypted": false}}}},
        "W": {{"Type": "AWS::EC2::Volume", "Properties": {{"Encrypted": false}}}}}}}}"#
    );
    let report = scan(". --format json", &[("main.json", &template)]).ends(1, &[]).json();
    assert_eq!(report["suppressed"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"][0]["resource"]["address"], "W");
    let json = format!(
        r#"{{"resource": {{"aws_ebs_volume": {{"v": {{"//": "palisade:ignore {ID}: why", "encrypted": false}}}}}}}}"#
    );
    scan(".", &[("main.tf.json", &json)]).ends(0, &["1 finding is suppressed"]);
}

#[test]
fn each_form_tells_what_is_suppressed_and_by_what() {
    let folder = Folder::new(&[FAILS]);
    folder.write(".palisade.toml", settings("expires = 2027-01-31\nowner = \"storage\""));
    let report = folder.scan(". --format json --today 2026-06-30").ends(0, &[]).json();
    let suppression = &report["suppressed"][0]["suppression"];
    assert_eq!(
        (&suppression["reason"], &suppression["until"]),
        (&"scratch data".into(), &"2027-01-31".into())
    );
    assert_eq!((&suppression["location"]["line"], &suppression["owner"]), (&3.into(), &"storage".into()));
    assert_eq!(report["counts"]["fails"], 0);
    folder
        .scan(". --format sarif --today 2026-06-30")
        .ends(0, &["\"external\"", "\"accepted\"", "scratch data"]);
    let without = folder.scan(". --format sarif --sarif-without-suppressed --today 2026-06-30").ends(0, &[]);
    assert!(!without.stdout.contains("\"suppressions\""));
    folder
        .scan(". --format junit --today 2026-06-30")
        .ends(0, &["<skipped message=\"suppressed: scratch data"]);
    folder
        .scan(". --all --today 2026-06-30")
        .ends(0, &["Suppressed (1)", "scratch data (.palisade.toml:3:9, until 2027-01-31)"]);
}
