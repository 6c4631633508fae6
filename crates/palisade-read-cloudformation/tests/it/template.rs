//! Which resources a template has, and where.

use crate::{node, read, show};
use palisade_document::Text;
use palisade_model::{Existence, Position};
use palisade_read_cloudformation::{read_template, read_template_text};
use std::collections::BTreeMap;

fn check(text: &str, expected: &str) {
    assert_eq!(show(&read(text, &[])), expected, "{text}");
}

fn is_read(file: &str, text: &str) -> bool {
    read_template(&file.into(), text, &BTreeMap::new()).is_some()
}

#[test]
fn a_template_has_a_version_or_types() {
    assert!(is_read("f", "Resources: {A: {Type: AWS::S3::Bucket}}"));
    assert!(is_read("f", "{\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\"}}}"));
    assert!(is_read("f", "AWSTemplateFormatVersion: 2010-09-09"));
    assert!(!is_read("f", ""));
    assert!(!is_read("f", "Resources: {A: {Type: Deployment}}"));
    assert!(!is_read("f", "Resources: [A]"));
    assert!(!is_read("f", "a: b"));
    assert!(!is_read("f", "[1"));
    assert!(!is_read("f.json", "{\"Resources\": 1"));
}

#[test]
fn json_and_yaml_come_to_the_same() {
    let yaml = "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties: {N: !Sub 'x${B.Arn}', E: true}\n  B: {Type: AWS::KMS::Key}\n";
    let json = r#"{"Resources": {"A": {"Type": "AWS::S3::Bucket",
        "Properties": {"N": {"Fn::Sub": "x${B.Arn}"}, "E": true}}, "B": {"Type": "AWS::KMS::Key"}}}"#;
    let [yaml, json] = [yaml, json].map(|text| {
        let template = read(text, &[]);
        template.resources.iter().map(|resource| node(&resource.raw)).collect::<Vec<_>>()
    });
    assert_eq!(yaml, json);
    assert_eq!(
        yaml[0],
        r#"{Type: "AWS::S3::Bucket", Properties: {N: ?! Text xarn:…(`B.Arn` is known only after apply)["B.Arn"], E: true}}"#
    );
}

#[test]
fn yaml_in_braces_is_yaml() {
    check("{Resources: {A: {Type: AWS::S3::Bucket, }, }, }", "A AWS::S3::Bucket");
}

#[test]
fn conditions_decide_what_exists() {
    let conditions = "Parameters: {P: {Type: String}}\nConditions:\n  Yes: !Equals [a, a]\n  No: !Not [!Condition Yes]\n  Open: !Equals [!Ref P, a]\n";
    let resources = "Resources:\n  A: {Type: X::Y::Z, Condition: Yes}\n  B: {Type: X::Y::Z, Condition: No}\n  C: {Type: X::Y::Z, Condition: Open}\n";
    let text = format!("{conditions}{resources}");
    check(&text, "A X::Y::Z\nB X::Y::Z (no)\nC X::Y::Z (if `Parameter P` has no value)");
    let template = read(&text, &[]);
    let Existence::No(origin) = &template.resources[1].existence else {
        panic!("{:?}", template.resources[1].existence);
    };
    assert_eq!(origin.to_string(), "f:8:33");
    assert_eq!(show(&read(&text, &["P=a"])), "A X::Y::Z\nB X::Y::Z (no)\nC X::Y::Z");
}

#[test]
fn every_resource_is_kept() {
    check(
        "Resources:\n  A: {Type: X::Y::Z}\n  B: {Properties: {}}\n  C: text\n  D:\n  E: {Type: [X]}\n",
        "A X::Y::Z\nB unknown\nC unknown\nD unknown\nE unknown\n\
         f:3:3: the resource `B` has no `Type` (say what it is, as in `Type: AWS::S3::Bucket`)\n\
         f:4:3: the resource `C` is not a map (give it a `Type` and `Properties`)\n\
         f:5:3: the resource `D` is not a map (give it a `Type` and `Properties`)\n\
         f:6:3: the resource `E` has no `Type` (say what it is, as in `Type: AWS::S3::Bucket`)",
    );
}

#[test]
fn a_template_without_resources_says_so() {
    check(
        "AWSTemplateFormatVersion: 2010-09-09\n",
        "f:1:1: this template has no `Resources` (a template needs at least one resource)",
    );
    check(
        "AWSTemplateFormatVersion: 2010-09-09\nResources: []",
        "f:2:12: `Resources` is not a map (give each resource a name of its own)",
    );
}

#[test]
fn a_misspelt_name_is_told_the_nearest() {
    check(
        "Resources:\n  Key: {Type: AWS::KMS::Key}\n  A: {Type: X::Y::Z, Properties: {K: !Ref Keey, L: !Ref Other}}\n",
        "Key AWS::KMS::Key\nA X::Y::Z\n\
         f:3:38: `Keey` is neither a parameter nor a resource of this template (did you mean `Key`?)\n\
         f:3:52: `Other` is neither a parameter nor a resource of this template (declare it; its value counts as unknown)",
    );
}

#[test]
fn loops_make_resources() {
    check(
        "Transform: AWS::LanguageExtensions\nParameters: {P: {Type: CommaDelimitedList}}\nResources:\n  'Fn::ForEach::Topics':\n    - Name\n    - [a, b]\n    - 'Topic${Name}': {Type: AWS::SNS::Topic}\n  'Fn::ForEach::Open':\n    - Name\n    - !Ref P\n    - 'Queue${Name}': {Type: AWS::SQS::Queue}\n",
        "Topica AWS::SNS::Topic\nTopicb AWS::SNS::Topic\n\
         f:9:5: the resources of `Fn::ForEach::Open` could not be listed (scan the processed template to see them)",
    );
}

#[test]
fn loops_within_loops_are_bounded() {
    let items = (0..100).map(|item| item.to_string()).collect::<Vec<_>>().join(", ");
    let mut body = "{'A${L0}x${L1}x${L2}x${L3}': {Type: X::Y::Z}}".to_owned();
    for level in 0..4 {
        body = format!("{{'Fn::ForEach::L{level}': [L{level}, [{items}], {body}]}}");
    }
    let template = read(&format!("AWSTemplateFormatVersion: 2010-09-09\nResources: {body}\n"), &[]);
    assert!(template.diagnostics[0].message.contains("could not be listed"), "{:?}", template.diagnostics);
}

#[test]
fn transforms_that_add_resources_are_reported() {
    check(
        "Transform: [AWS::Serverless-2016-10-31, Mine]\nResources:\n  Fn::Transform: {Name: AWS::Include}\n  A: {Type: AWS::SNS::Topic, Properties: {B: !Ref NotSeen}}\n",
        "A AWS::SNS::Topic\n\
         f:1:41: the transform `Mine` is not run (what it adds or changes is not seen; read the processed template to see it)\n\
         f:3:18: the resources of `Fn::Transform` could not be listed (scan the processed template to see them)",
    );
}

#[test]
fn serverless_resources_take_over_the_globals() {
    let template = read(
        "Transform: AWS::Serverless-2016-10-31\nGlobals:\n  Function: {Timeout: 1, Tags: {a: 1}, Layers: [x]}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Timeout: 2, Tags: {b: 2}, Layers: [y]}\n  G: {Type: AWS::Serverless::Function}\n  H: {Type: AWS::Lambda::Function}\n",
        &[],
    );
    let shown: Vec<String> = template.resources.iter().map(|resource| node(&resource.raw)).collect();
    assert_eq!(
        shown,
        [
            r#"{Type: "AWS::Serverless::Function", Properties: {Timeout: 2, Tags: {a: 1, b: 2}, Layers: ["x" "y"]}}"#,
            r#"{Type: "AWS::Serverless::Function", Properties: {Timeout: 1, Tags: {a: 1}, Layers: ["x"]}}"#,
            r#"{Type: "AWS::Lambda::Function"}"#,
        ]
    );
    assert_eq!(template.diagnostics, []);
}

#[test]
fn places_are_those_of_the_text() {
    let text = "Parameters:\n  E: {Type: String, Default: false}\nMappings:\n  M: {a: {b: 1}}\nConditions:\n  C: !Equals [a, a]\nResources:\n  A:\n    Type: X::Y::Z\n    Properties:\n      Default: !Ref E\n      Mapped: !FindInMap [M, a, b]\n      Chosen: !If [C, yes, no]\n      List: [!Ref A]\n";
    let template = read(text, &["AWS::Region=eu-west-1", "AWS::AccountId=123456789012"]);
    let resource = &template.resources[0];
    let properties = resource.raw.get("Properties").unwrap();
    let place = |name: &str| properties.get(name).unwrap().origin.to_string();
    assert_eq!(resource.origin.to_string(), "f:8:3");
    assert_eq!(place("Default"), "f:11:16", "a parameter's value is looked for where it is used");
    assert_eq!(place("Mapped"), "f:4:14", "a mapping's value where it is written");
    assert_eq!(place("Chosen"), "f:13:23", "a branch that is certain where it is written");
    assert_eq!(properties.get("List").unwrap().origin.to_string(), "f:14:13");
    assert_eq!(resource.region.as_ref().unwrap().to_string(), "eu-west-1");
    assert_eq!(resource.account.unwrap().to_string(), "123456789012");
}

#[test]
fn a_template_in_a_page_has_the_pages_lines() {
    let file = "page.md".into();
    let text = Text {
        file: &file,
        text: "Resources:\n  A: {Type: X::Y::Z}\n",
        start: Position { line: 20, column: 1 },
    };
    let template = read_template_text(text, &BTreeMap::new()).unwrap();
    assert_eq!(template.resources[0].origin.to_string(), "page.md:21:3");
    assert_eq!(&*template.resources[0].address.root, "page.md");
}
