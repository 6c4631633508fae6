//! Pages that mean harm: they get a diagnostic, and every other check still runs.

use crate::folder::{FAILS, Folder, Output};

/// A page of this rule.
fn page(rule: &str) -> String {
    format!(
        "---\ntitle: A hostile page\nseverity: low\nlooks-at: AWS::EC2::Volume\nobjectives: []\n---\n\nWhy.\n\n\
         ## Rule\n\n```rego\npackage check\n\n{rule}\n```\n\n\
         ## Fails: x\n\n```hcl\nresource \"aws_ebs_volume\" \"v\" {{\n  encrypted = false\n}}\n```\n\n\
         ## Passes: it is true\n\n```hcl\nresource \"aws_ebs_volume\" \"v\" {{\n  encrypted = true\n}}\n```\n\n\
         ## Fix\n\nNone.\n"
    )
}

/// A scan with a page of this rule, within the memory that bad input may take. The other checks' findings are there.
#[track_caller]
fn scan(rule: &str) -> Output {
    let folder = Folder::new(&[FAILS, ("pages/checks/acme/hostile.md", &page(rule))]);
    let checked = folder.run_limited("content check pages");
    assert_eq!(checked.code, Some(1), "{checked:?}");
    folder.run_limited("scan . --content pages").ends(1, &["EBS volume is not encrypted", "fails.tf:2:15"])
}

/// The rule is refused at this column of its line.
#[track_caller]
fn is_refused(rule: &str, column: u32, says: &str) {
    let place = format!("pages/checks/acme/hostile.md:15:{column}\n");
    scan(rule).ends(1, &[says, &place, "Part of the input could not be read"]);
}

/// The rule is stopped while it judges; what it would say of the volume is open.
#[track_caller]
fn is_stopped(rule: &str, says: &str) {
    scan(rule).ends(1, &[says, "acme/hostile"]);
}

#[test]
fn twenty_two_nested_brackets() {
    let rule = format!("fail contains \"x\" if input.encrypted == {}1{}", "[".repeat(22), "]".repeat(22));
    is_refused(&rule, 51, "brackets are nested more than 10 deep");
}

#[test]
fn a_range_of_three_hundred_million() {
    is_refused(
        "fail contains \"x\" if count(numbers.range(1, 300000000)) > 0",
        28,
        "`numbers.range` is not allowed in a rule",
    );
}

#[test]
fn a_format_two_billion_wide() {
    is_refused(
        "fail contains sprintf(\"%2000000000d\", [1])",
        24,
        "the width in this format has more than three digits",
    );
    is_stopped(
        "fail contains sprintf(concat(\"\", [\"%20000\", \"00000d\"]), [1])",
        "the width in this format has more than three digits",
    );
}

#[test]
fn a_function_that_aborts() {
    is_refused(
        "fail contains \"x\" if object.subset([1,2], [])",
        22,
        "`object.subset` is not allowed in a rule",
    );
}

#[test]
fn a_text_that_grows_past_all_memory() {
    let rule = "fail contains d if {\n  a := \"xxxxxxxxxx\"\n  b := replace(a, \"x\", replace(a, \"x\", a))\n  \
                c := replace(b, \"x\", b)\n  d := replace(c, \"x\", c)\n}";
    scan(rule).ends(
        1,
        &[
            "the rule brought down the process that judges it",
            "pages/checks/acme/hostile.md:13:1",
            "may use 1 GB of memory and 20 seconds",
        ],
    );
}

#[test]
fn a_product_of_many_lists() {
    is_stopped(
        "xs := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\nfail contains \"x\" if {\n  \
         some a in xs; some b in xs; some c in xs; some d in xs; some e in xs; some f in xs; some g in xs\n  \
         a + b + c + d + e + f + g > 1000\n}",
        "the rule takes too many steps on this resource",
    );
}

#[test]
fn a_rule_that_calls_itself() {
    is_stopped(
        "f(x) := f(x)\nfail contains \"x\" if f(1)",
        "the rules call each other too deeply, or without end",
    );
}

// A pattern that can't be compiled has no value, as in OPA, so the rule is quiet; a diagnostic would be better.
#[test]
fn a_pattern_that_is_too_large() {
    scan("fail contains \"x\" if regex.match(\"(((((a{100}){100}){100}){100}){100}){100}\", \"aaa\")");
}
