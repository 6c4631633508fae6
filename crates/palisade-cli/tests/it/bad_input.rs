//! Input that is broken or hostile: a diagnostic with its place, the rest of the work done, little memory.

use crate::folder::{FAILS, Folder, Output, PASSES};
use std::fs::File;

const TEMPLATE: &str = "Resources:\n  Open: {Type: AWS::EC2::Volume, Properties: {Encrypted: false}}\n";
/// How deep hostile input is nested.
const DEEP: usize = 10_000;

/// What fails, by address.
fn failing(output: &Output) -> Vec<String> {
    let report = output.json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["verdict"] == "fails")
        .map(|finding| finding["resource"]["address"].as_str().unwrap().to_owned())
        .collect()
}

/// What is said about the input, each with its place.
fn diagnostics(output: &Output) -> Vec<String> {
    let report = output.json();
    let said = report["diagnostics"].as_array().unwrap().iter();
    said.map(|one| {
        let (place, text) = (&one["location"], one["message"].as_str().unwrap());
        let file = place["file"].as_str().unwrap();
        format!("{file}:{}:{}: {}: {text}", place["line"], place["column"], one["level"].as_str().unwrap())
    })
    .collect()
}

/// A scan within the memory that bad input may take: it ends so, what fails is found, and what is wrong is said.
#[track_caller]
fn check(folder: &Folder, code: i32, fails: &[&str], says: &[&str]) {
    let output = folder.run_limited("scan . --format json").ends(code, &[]);
    assert_eq!(failing(&output), fails, "{:#?}", diagnostics(&output));
    let said = diagnostics(&output);
    assert_eq!(said.len(), says.len(), "{said:#?}");
    for (said, start) in said.iter().zip(says) {
        assert!(said.starts_with(start), "{said}\nshould begin with\n{start}");
    }
}

#[test]
fn an_empty_folder() {
    Folder::new(&[]).run_limited("scan .").ends(2, &["there is nothing in `.`"]);
}

#[test]
fn a_binary_file() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let folder = Folder::new(&[FAILS]);
    folder.write("binary.tf", &bytes);
    folder.write("binary.json", &bytes);
    check(&folder, 1, &["aws_ebs_volume.open"], &["binary.tf:1:1: error: `binary.tf` is a binary file"]);
    folder.run_limited("scan binary.json").ends(2, &["binary.json:1:1", "is a binary file"]);
}

#[test]
fn a_file_of_a_gigabyte() {
    let folder = Folder::new(&[PASSES]);
    for name in ["huge.tf", "huge.json", "huge.yaml", "module/huge.tf"] {
        folder.write(name, "");
        File::options().write(true).open(folder.path(name)).and_then(|file| file.set_len(1 << 30)).unwrap();
    }
    folder.write("call.tf", "module \"m\" {\n  source = \"./module\"\n}\n");
    let output = folder.run_limited("scan .").ends(
        3,
        &[
            "it has 1024 MB, more than the 8 MB that are read",
            "huge.tf:1:1",
            "it has 1024 MB, more than the 64 MB that are read",
            "huge.json:1:1",
            "huge.yaml:1:1",
            "module/huge.tf:1:1",
            "1 pass",
        ],
    );
    assert_eq!(output.stderr, "");
    folder.run_limited("scan huge.json").ends(2, &["huge.json:1:1"]);
}

#[test]
fn a_page_of_a_gigabyte() {
    let folder = Folder::new(&[FAILS, ("pages/checks/acme/huge.md", "")]);
    File::options()
        .write(true)
        .open(folder.path("pages/checks/acme/huge.md"))
        .and_then(|file| file.set_len(1 << 30))
        .unwrap();
    let says = ["pages/checks/acme/huge.md:1:1", "the page is larger than 1 MB and is not read"];
    folder.run_limited("content check pages").ends(1, &says);
    folder.run_limited("scan . --content pages").ends(1, &says).ends(1, &["fails.tf:2:15"]);
}

#[test]
fn modules_that_call_each_other() {
    let folder = Folder::new(&[
        FAILS,
        ("call.tf", "module \"a\" {\n  source = \"./a\"\n}\nmodule \"self\" {\n  source = \"./\"\n}\n"),
        (
            "a/main.tf",
            "module \"b\" {\n  source = \"../b\"\n}\nresource \"aws_ebs_volume\" \"a\" {\n  encrypted = false\n}\n",
        ),
        ("b/main.tf", "module \"a\" {\n  source = \"../a\"\n}\n"),
    ]);
    check(
        &folder,
        1,
        &["module.a.aws_ebs_volume.a", "aws_ebs_volume.open"],
        &[
            "b/main.tf:1:1: error: `module.a` calls the module it is part of",
            "call.tf:4:1: error: `module.self` calls the module it is part of",
        ],
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("a/fails.tf", FAILS.1), ("a/b/note", "")]);
    symlink(".", folder.path("a/here")).unwrap();
    symlink("../..", folder.path("a/b/up")).unwrap();
    symlink("loop", folder.path("a/loop")).unwrap();
    symlink("loop.tf", folder.path("a/loop.tf")).unwrap();
    check(
        &folder,
        1,
        &["aws_ebs_volume.open"],
        &[
            "a/loop:1:1: warning: this link leads nowhere",
            "a/loop.tf:1:1: warning: this link leads nowhere",
            "a/b/up:1:1: warning: this link leads back to `.`",
            "a/here:1:1: warning: this link leads back to `a`",
        ],
    );
    folder.run("content new check acme/v --looks-at AWS::EC2::Volume --in a").ends(0, &[]);
    folder.run_limited("content check a").ends(0, &["1 page"]);
}

#[cfg(unix)]
#[test]
fn links_that_double_the_ways_thirty_times() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("d30/fails.tf", FAILS.1)]);
    for level in 0..30 {
        folder.write(&format!("d{level}/note"), "");
        for name in ["left", "right"] {
            symlink(format!("../d{}", level + 1), folder.path(&format!("d{level}/{name}"))).unwrap();
        }
    }
    check(&folder, 1, &["aws_ebs_volume.open"], &[]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_what_is_scanned() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[
        ("repository/fails.tf", FAILS.1),
        ("secret.txt", "password = hunter2"),
        ("other/more.tf", FAILS.1),
    ]);
    symlink("../secret.txt", folder.path("repository/secret.tf")).unwrap();
    symlink("../other", folder.path("repository/other")).unwrap();
    let run = folder
        .run("scan repository")
        .ends(1, &["aws_ebs_volume.open", "this link leads out of what is scanned"]);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}", run.stdout);
    folder.run("scan repository other").ends(1, &["from 2 files"]);
}

#[test]
fn ten_thousand_levels_of_terraform() {
    let lists = format!(
        "resource \"aws_ebs_volume\" \"lists\" {{\n  size = {}1{}\n}}\n",
        "[".repeat(DEEP),
        "]".repeat(DEEP)
    );
    let blocks = format!(
        "resource \"aws_ebs_volume\" \"blocks\" {{\n{}{}}}\n",
        "b {\n".repeat(DEEP),
        "}\n".repeat(DEEP)
    );
    let json = format!(
        "{{\"resource\": {{\"aws_ebs_volume\": {{\"json\": {{\"size\": {}{}}}}}}}}}",
        "[".repeat(DEEP),
        "]".repeat(DEEP)
    );
    let folder = Folder::new(&[FAILS, ("lists.tf", &lists), ("blocks.tf", &blocks), ("json.tf.json", &json)]);
    check(&folder, 1, &["aws_ebs_volume.open"], &["blocks.tf:", "json.tf.json:1:", "lists.tf:2:"]);
    assert_eq!(folder.run("scan . --format json").json()["coverage"]["resources"], 4);
}

#[test]
fn ten_thousand_levels_of_json() {
    let template = format!(
        "{{\"Resources\": {{\"Open\": {{\"Type\": \"AWS::EC2::Volume\", \"Properties\": {{\"Encrypted\": false}}}}, \"Deep\": {}",
        "{\"a\": ".repeat(DEEP)
    );
    let plan =
        format!("{{\"format_version\": \"1.2\", \"planned_values\": {{\"root_module\": {}", "[".repeat(DEEP));
    let folder = Folder::new(&[FAILS, ("a.json", &template), ("plan.json", &plan)]);
    let output = folder.run_limited("scan . --format json").ends(1, &[]);
    assert_eq!(failing(&output), ["Open", "aws_ebs_volume.open"]);
    let said = diagnostics(&output);
    assert!(said.iter().any(|one| one.starts_with("a.json:1:") && one.contains("nested")), "{said:#?}");
    assert!(said.iter().any(|one| one.starts_with("plan.json:1:") && one.contains("nested")), "{said:#?}");
}

#[test]
fn ten_thousand_levels_of_yaml() {
    let flow = format!("{TEMPLATE}  Deep:\n    Size: {}\n", "[".repeat(DEEP));
    let block = format!("{TEMPLATE}  Deep:\n    Size:\n      {}x\n", "- ".repeat(DEEP));
    let folder = Folder::new(&[PASSES, ("flow.yaml", &flow), ("block.yaml", &block)]);
    let output = folder.run_limited("scan . --format json").ends(1, &[]);
    assert_eq!(failing(&output), ["Open", "Open"]);
    let said = diagnostics(&output);
    for file in ["flow.yaml:4:", "block.yaml:5:"] {
        assert!(said.iter().any(|one| one.starts_with(file) && one.contains("nested")), "{said:#?}");
    }
}

#[test]
fn ten_thousand_levels_of_a_page() {
    let page = |text: String| format!("---\ntitle: x\n---\n\n{text}x\n");
    let folder = Folder::new(&[
        FAILS,
        ("pages/objectives/lists.md", &page("- ".repeat(DEEP))),
        ("pages/objectives/quotes.md", &page(">".repeat(DEEP))),
        ("pages/objectives/front.md", &format!("---\ntitle: {}\n---\nx\n", "[".repeat(DEEP))),
    ]);
    let says = [
        "pages/objectives/lists.md:5:1",
        "pages/objectives/quotes.md:5:1",
        "lists and quotes are nested more than 100 deep",
        "pages/objectives/front.md:2:",
    ];
    folder.run_limited("content check pages").ends(1, &says);
    folder.run_limited("scan . --content pages").ends(1, &says).ends(1, &["fails.tf:2:15"]);
}

#[test]
fn text_that_is_no_utf_8() {
    let folder = Folder::new(&[FAILS]);
    folder.write("latin.tf", b"# caf\xe9\nresource \"aws_ebs_volume\" \"latin\" {\n  encrypted = false\n}\n");
    folder.write("latin.yaml", b"Description: caf\xe9\nResources: {}\n");
    folder.write("unrelated.yaml", b"menu: caf\xe9\n");
    let utf16: Vec<u8> = "\u{feff}{\"format_version\": \"1.2\", \"planned_values\": {}}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    folder.write("plan.json", utf16);
    check(
        &folder,
        1,
        &["aws_ebs_volume.open", "aws_ebs_volume.latin"],
        &[
            "latin.tf:1:6: error: this is not UTF-8",
            "latin.yaml:1:17: error: `latin.yaml` is not UTF-8",
            "plan.json:1:1: error: `plan.json` is UTF-16",
        ],
    );
}

#[test]
fn marks_and_line_ends_of_other_systems() {
    let foreign = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let folder = Folder::new(&[("fails.tf", &foreign(FAILS.1)), ("a.yaml", &foreign(TEMPLATE))]);
    check(&folder, 1, &["Open", "aws_ebs_volume.open"], &[]);
    let places: Vec<String> = folder.run("scan . --format json").json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| format!("{}:{}", finding["location"]["line"], finding["location"]["column"]))
        .collect();
    assert_eq!(places, ["2:58", "2:15"]);
}

#[test]
fn a_syntax_error_in_one_file_of_ten() {
    let folder = Folder::new(&[]);
    for number in 0..10 {
        let volume = FAILS.1.replace("open", &format!("v{number}"));
        folder.write(&format!("{number}.tf"), volume);
    }
    folder.write("5.tf", "resource \"aws_ebs_volume\" \"v5\" {\n  encrypted = = false\n}\n");
    let nine: Vec<String> =
        (0..10).filter(|number| *number != 5).map(|number| format!("aws_ebs_volume.v{number}")).collect();
    let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    check(&folder, 1, &nine, &["5.tf:2:15: error: `resource \"aws_ebs_volume\" \"v5\"` could not be read"]);
    let report = folder.run("scan . --format json").json();
    assert_eq!(report["counts"]["unknown"], 1, "the broken one is not dropped");
    folder.run("scan . --fail-on critical").ends(3, &["5.tf:2:15"]);
}

#[test]
fn keys_given_twice() {
    let yaml = "Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties:\n      Encrypted: true\n      Encrypted: false\n";
    let json = r#"{"Resources": {"V": {"Type": "AWS::EC2::Volume", "Properties": {"Encrypted": true, "Encrypted": false}}}}"#;
    let hcl = "resource \"aws_ebs_volume\" \"v\" {\n  encrypted = true\n  encrypted = false\n}\n";
    let folder = Folder::new(&[FAILS, ("a.json", json), ("a.tf", hcl), ("a.yaml", yaml)]);
    check(
        &folder,
        1,
        &["V", "V", "aws_ebs_volume.open"],
        &[
            "a.tf:3:3: error: `resource \"aws_ebs_volume\" \"v\"` could not be read",
            "a.json:1:84: error: `Encrypted` is given twice",
            "a.yaml:6:7: error: `Encrypted` is given twice",
        ],
    );
    assert_eq!(
        folder.scan(". --format json").json()["counts"]["unknown"],
        1,
        "the broken one is not dropped"
    );
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_among_good_ones() {
    use std::os::unix::net::UnixListener;
    let folder = Folder::new(&[FAILS]);
    // Not even the root user can open a socket.
    let _sockets = ["s.tf", "s.json", "s.txt"].map(|name| UnixListener::bind(folder.path(name)).unwrap());
    check(
        &folder,
        1,
        &["aws_ebs_volume.open"],
        &[
            "s.json:1:1: error: this is neither a file nor a folder, and is not read",
            "s.tf:1:1: error: this is neither a file nor a folder, and is not read",
        ],
    );
}

#[test]
fn modules_functions_and_instances_that_cannot_be() {
    let folder = Folder::new(&[
        FAILS,
        ("module.tf", "module \"gone\" {\n  source = \"./gone\"\n}\n"),
        ("types.tf", "resource \"aws_ebs_volume\" \"types\" {\n  encrypted = length(5) > 2\n}\n"),
        (
            "each.tf",
            "variable \"names\" {}\nresource \"aws_ebs_volume\" \"each\" {\n  for_each  = var.names\n  encrypted = false\n}\n",
        ),
    ]);
    check(
        &folder,
        1,
        &["aws_ebs_volume.open"],
        &["module.tf:1:1: warning: `module.gone` comes from `gone`, which has no configuration"],
    );
    let run = folder.scan(".").ends(1, &["`length(5) > 2` is not evaluated", "`var.names` has no value"]);
    assert!(run.stdout.contains("over 3 resources") && run.stdout.contains("2 unknown"), "{}", run.stdout);
}

#[test]
fn a_billion_laughs() {
    let mut laughs = format!("{TEMPLATE}L0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let ten = [format!("*l{}", level - 1).as_str(); 10].join(", ");
        laughs.push_str(&format!("L{level}: &l{level} [{ten}]\n"));
    }
    let folder = Folder::new(&[FAILS, ("laughs.yaml", &laughs)]);
    let output = folder.run_limited("scan . --format json").ends(1, &[]);
    assert_eq!(failing(&output), ["aws_ebs_volume.open", "Open"]);
    let said = diagnostics(&output);
    assert!(said.iter().any(|one| one.starts_with("laughs.yaml:") && one.contains("error")), "{said:#?}");
}
