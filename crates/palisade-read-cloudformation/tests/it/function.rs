//! What functions, parameters and conditions come to.

use crate::{node, read};

/// Declarations that the cases below speak of.
const DECLARATIONS: &str = r#"
Parameters:
  Open: { Type: String }
  OpenList: { Type: "List<AWS::EC2::Subnet::Id>" }
  OpenNumber: { Type: Number }
  Yes: { Type: String, Default: true }
  Text: { Type: String, Default: abc, NoEcho: true }
  Empty: { Type: String, Default: "" }
  Number: { Type: Number, Default: 7 }
  Zeros: { Type: Number, Default: "007" }
  List: { Type: CommaDelimitedList, Default: "a, b,c" }
  NoList: { Type: CommaDelimitedList, Default: "" }
  Stored: { Type: "AWS::SSM::Parameter::Value<String>", Default: /path }
  StoredList: { Type: "AWS::SSM::Parameter::Value<List<String>>", Default: /path }
Mappings:
  Sizes:
    eu-west-1: { Small: 1, Zones: [a, b] }
    us-east-1: { Small: 2, Encrypted: "true" }
Conditions:
  True: !Equals [!Ref Yes, "true"]
  False: !Not [Condition: True]
  Maybe: !Equals [!Ref Open, x]
Resources:
  Key: { Type: "AWS::KMS::Key" }
  Mine: { Type: "Custom::Mine" }
  Topic: { Type: "AWS::SNS::Topic" }
"#;

/// Evaluates one value; diagnostics follow after `#`.
fn check(value: &str, expected: &str) {
    check_with(&[], value, expected);
}

fn check_with(parameters: &[&str], value: &str, expected: &str) {
    let text = format!("{DECLARATIONS}  It:\n    Type: A::B::C\n    Properties:\n      V: {value}\n");
    let template = read(&text, parameters);
    let it = template.resources.last().unwrap().raw.get("Properties").unwrap();
    let mut shown = it.get("V").map_or("-".to_owned(), node);
    for diagnostic in &template.diagnostics {
        shown.push_str(&format!(" # {}", diagnostic.message));
    }
    assert_eq!(shown, expected, "{value}");
}

#[test]
fn what_is_no_function_stays_as_it_is_written() {
    check(
        "[true, no, 1, 'true', 012, {Condition: {Bool: {a: b}}}]",
        r#"[true false 1 "true" "012" {Condition: {Bool: {a: "b"}}}]"#,
    );
    check("{Ref: a, b: c}", r#"{Ref: "a", b: "c"}"#);
    check("null", "null");
}

#[test]
fn a_parameter_is_its_given_value_or_its_default() {
    check("!Ref Text", r#""abc""#);
    check("{Ref: Text}", r#""abc""#);
    check("!Ref Yes", r#""true""#);
    check("!Ref Empty", r#""""#);
    check("!Ref Number", "7");
    check("!Ref Zeros", r#""007""#);
    check("!Ref List", r#"["a" "b" "c"]"#);
    check_with(&["Text=given", "List=x"], "[!Ref Text, !Ref List]", r#"["given" ["x"]]"#);
}

#[test]
fn a_parameter_without_a_value_is_certainly_there() {
    check("!Ref Open", "?! Text(`Parameter Open` has no value)[]");
    check("!Ref OpenList", "?! List(`Parameter OpenList` has no value)[]");
    check("!Ref OpenNumber", "?! Number(`Parameter OpenNumber` has no value)[]");
    check("!Ref Stored", "?! Text(`Parameter Stored` has no value)[]");
    check_with(&["StoredList=/x"], "!Ref StoredList", "?! List(`Parameter StoredList` has no value)[]");
}

#[test]
fn pseudo_parameters_are_known_when_given() {
    check("!Ref AWS::Region", "?! Text(`AWS::Region` has no value)[]");
    check("!Ref AWS::NotificationARNs", "?! List(`AWS::NotificationARNs` has no value)[]");
    check_with(
        &["AWS::Region=cn-north-1"],
        "!Sub '${AWS::Region} ${AWS::Partition} ${AWS::URLSuffix}'",
        r#""cn-north-1 aws-cn amazonaws.com.cn""#,
    );
}

#[test]
fn no_value_removes_what_it_stands_for() {
    check("!Ref AWS::NoValue", "-");
    check("[1, !Ref AWS::NoValue, 2]", "[1 2]");
    check("{a: !Ref AWS::NoValue, b: 1}", "{b: 1}");
    check("!If [True, !Ref AWS::NoValue, 1]", "-");
}

#[test]
fn a_resource_is_a_reference_whose_value_comes_later() {
    check("!Ref Key", r#"?! Text(`Key` is known only after apply)["Key.Ref"]"#);
    check("!GetAtt Key.Arn", r#"?! Text arn:…(`Key.Arn` is known only after apply)["Key.Arn"]"#);
    check("{'Fn::GetAtt': [Key, Arn]}", r#"?! Text arn:…(`Key.Arn` is known only after apply)["Key.Arn"]"#);
    check("!Ref Topic", r#"?! Text arn:…(`Topic` is known only after apply)["Topic.Ref"]"#);
    check(
        "!GetAtt Topic.TopicArn",
        r#"?! Text arn:…(`Topic.TopicArn` is known only after apply)["Topic.TopicArn"]"#,
    );
    check("!GetAtt Key.Things", r#"?!(`Key.Things` is known only after apply)["Key.Things"]"#);
    check("!GetAtt Mine.Arn", r#"?!(`Mine.Arn` is known only after apply)["Mine.Arn"]"#);
    check(
        "!GetAtt Key.Outputs.A.B",
        r#"?! Text(`Key.Outputs.A.B` is known only after apply)["Key.Outputs.A.B"]"#,
    );
    check("!GetAtt [Key, !Ref Open]", r#"?!(`Key` is known only after apply)["Key"]"#);
}

#[test]
fn a_name_that_is_not_declared_is_reported() {
    let message = "`Ky` is neither a parameter nor a resource of this template";
    let unknown = format!("?(it could not be read: {message})[] # {message}");
    check("!Ref Ky", &unknown);
    check("!GetAtt Ky.Arn", &unknown);
    check("[!Ref Ky, !Ref Ky]", &format!("[…(it could not be read: {message})] # {message}"));
    check("!Sub '${Ky}'", &format!("?! Text(it could not be read: {message})[] # {message}"));
    check("!Ref [Ky]", "?(it could not be read: `Ref`: a name is expected)[] # `Ref`: a name is expected");
}

#[test]
fn sub_puts_values_into_a_text() {
    check("!Sub 'a ${Text} ${!Text} $b ${Number}'", r#""a abc ${Text} $b 7""#);
    check("!Sub ['${a}${Text}', {a: !Ref Yes}]", r#""trueabc""#);
    check("!Sub ['${Text}', {Text: own}]", r#""own""#);
    check(
        "!Sub 'x-${Key}-${Key.Arn}-${Key}'",
        r#"?! Text x-…(`Key` is known only after apply)["Key.Ref", "Key.Arn"]"#,
    );
    check(
        "!Sub '${List}'",
        "?(it could not be read: `Fn::Sub`: only texts can be put together)[] # `Fn::Sub`: only texts can be put together",
    );
    check(
        "!Sub [a, b, c]",
        "?(it could not be read: `Fn::Sub`: a text is expected, and after it at most a map)[] # `Fn::Sub`: a text is expected, and after it at most a map",
    );
}

#[test]
fn join_split_and_select_work_on_lists() {
    check("!Join ['-', [a, !Ref Text, 1, !Ref AWS::NoValue]]", r#""a-abc-1""#);
    check("!Join ['', !Ref List]", r#""abc""#);
    check("!Join ['', !Ref NoList]", r#""""#);
    check("!Join ['', [a, !Ref Key]]", r#"?! Text a…(`Key` is known only after apply)["Key.Ref"]"#);
    check("!Join ['', !Ref OpenList]", "?! Text(`Parameter OpenList` has no value)[]");
    check("!Split [',', 'a,b,']", r#"["a" "b" ""]"#);
    check("!Split [',', !Ref Open]", "?! List(`Parameter Open` has no value)[]");
    check("!Select [1, [a, b]]", r#""b""#);
    check("!Select ['2', !Ref List]", r#""c""#);
    check("!Select [0, !Split ['b', !Ref Text]]", r#""a""#);
    check("!Select [0, [a, !Ref Key]]", r#""a""#);
    check("!Select [0, !Ref OpenList]", "?!(`Parameter OpenList` has no value)[]");
    check("!Select [0, [!If [Maybe, a, !Ref AWS::NoValue], b]]", "?!(`Parameter Open` has no value)[]");
    check(
        "!Select [9, [a]]",
        "?(it could not be read: `Fn::Select`: the list has no such item)[] # `Fn::Select`: the list has no such item",
    );
}

#[test]
fn if_takes_a_branch_when_the_condition_is_known() {
    check("!If [True, 1, 2]", "1");
    check("!If [False, 1, 2]", "2");
    check("!If [Maybe, 1, 1]", "1");
    check("!If [Maybe, 1, 2]", "?! Number(`Parameter Open` has no value)[]");
    check("!If [Maybe, 1, a]", "?!(`Parameter Open` has no value)[]");
    check("!If [Maybe, 1, !Ref AWS::NoValue]", "?(`Parameter Open` has no value)[]");
    check("!If [Maybe, !Ref AWS::NoValue, !Ref AWS::NoValue]", "-");
    check(
        "!If [Maybe, !Ref Key, !GetAtt Key.Arn]",
        r#"?! Text(`Parameter Open` has no value)["Key.Ref", "Key.Arn"]"#,
    );
    check("[a, !If [Maybe, b, !Ref AWS::NoValue]]", r#"["a" …(`Parameter Open` has no value)]"#);
    check("[a, !If [Maybe, b, c]]", r#"["a" ?! Text(`Parameter Open` has no value)[]]"#);
    check(
        "!If [True, 1]",
        "?(it could not be read: `Fn::If`: a condition and two values are expected)[] # `Fn::If`: a condition and two values are expected",
    );
}

#[test]
fn conditions_are_three_valued() {
    let choose =
        |condition: &str, expected: &str| check(&format!("!If [{condition}, yes-it-is, no]"), expected);
    let open = "?!(`Parameter Open` has no value)[]";
    choose("!And [Condition: True, Condition: True]", r#""yes-it-is""#);
    choose("!And [Condition: Maybe, Condition: False]", "false");
    choose("!And [Condition: Maybe, Condition: True]", open);
    choose("!Or [Condition: Maybe, Condition: True]", r#""yes-it-is""#);
    choose("!Or [Condition: Maybe, Condition: False]", open);
    choose("!Or [Condition: False, Condition: False]", "false");
    choose("!Not [Condition: Maybe]", open);
    choose("!Equals [!Ref Number, '7']", r#""yes-it-is""#);
    choose("!Equals [!Ref Empty, '']", r#""yes-it-is""#);
    choose("!Equals [!Join ['', !Ref NoList], '']", r#""yes-it-is""#);
    choose("!Equals [!Ref List, [a, b, c]]", r#""yes-it-is""#);
    choose("!Not [!Equals [!FindInMap [Sizes, us-east-1, Encrypted], true]]", "false");
}

#[test]
fn mappings_are_looked_up() {
    check("!FindInMap [Sizes, eu-west-1, Small]", "1");
    check("!FindInMap [Sizes, !Ref Text, Small, {DefaultValue: 5}]", "5");
    check("!FindInMap [Other, a, b, {DefaultValue: !Ref Text}]", r#""abc""#);
    check("!FindInMap [Sizes, !Ref AWS::Region, Small]", "?!(`AWS::Region` has no value)[]");
    check_with(&["AWS::Region=eu-west-1"], "!FindInMap [Sizes, !Ref AWS::Region, Zones]", r#"["a" "b"]"#);
    let message = "`Fn::FindInMap`: the mapping `Sizes` has no `x` with `Small`";
    check("!FindInMap [Sizes, x, Small]", &format!("?(it could not be read: {message})[] # {message}"));
    let message = "`Fn::FindInMap`: there is no mapping `Other`";
    check("!FindInMap [Other, x, Small]", &format!("?(it could not be read: {message})[] # {message}"));
}

#[test]
fn the_other_functions_give_what_is_documented() {
    check("!Base64 'a b'", r#""YSBi""#);
    check("{'Fn::Base64': !Sub '${Text}'}", r#""YWJj""#);
    check("!Base64 {Ref: Open}", "?! Text(`Parameter Open` has no value)[]");
    check("!Cidr [10.0.0.0/16, 2, 8]", r#"["10.0.0.0/24" "10.0.1.0/24"]"#);
    check("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", r#""10.0.1.0/24""#);
    check("!Cidr [!GetAtt Key.Cidr, 2, 8]", r#"?! List(`Key.Cidr` is known only after apply)["Key.Cidr"]"#);
    check("{'Fn::Length': !Ref List}", "3");
    check("{'Fn::Length': !Ref OpenList}", "?! Number(`Parameter OpenList` has no value)[]");
    check("{'Fn::ToJsonString': {a: [1, !Ref Text]}}", r#""{\"a\":[1,\"abc\"]}""#);
    check("{'Fn::ToJsonString': {a: !Ref Key}}", r#"?! Text(`Key` is known only after apply)["Key.Ref"]"#);
    check("!GetAZs ''", "?! List(the region decides)[]");
    check("!ImportValue shared", "?! Text(the export `shared` of another stack decides)[]");
    check("!ImportValue {'Fn::Sub': '${Open}'}", "?! Text(the export of another stack decides)[]");
}

#[test]
fn what_is_not_evaluated_says_so() {
    check("{'Fn::Transform': {Name: Macro}}", "?(`Fn::Transform Macro` is not evaluated)[]");
    check("{a: 1, 'Fn::Transform': {Name: 'AWS::Include'}}", "{a: 1, …(`Fn::Transform` is not evaluated)}");
    check("{a: 1, 'Fn::Transform': {Name: Macro}}", "?(`Fn::Transform` is not evaluated)[]");
    check("{'Fn::Other': 1}", "?(`Fn::Other` is not evaluated)[]");
    check("'x{{resolve:ssm:/a}}'", "?! Text(`{{resolve:ssm:/a}}` decides)[]");
    check("!Sub '{{resolve:ssm:/${Text}}}'", "?! Text(`{{resolve:ssm:/abc}}` decides)[]");
    check("!Reff a", "?(`!Reff` is not evaluated)[] # `!Reff` is not a function of CloudFormation");
}

#[test]
fn loops_are_written_out() {
    check(
        "{'Fn::ForEach::L': [X, !Ref List, {'k${X}': {v: !Ref X, 't&{X}': 'a${X}'}}], z: 1}",
        r#"{ka: {v: "a", ta: "aa"}, kb: {v: "b", tb: "ab"}, kc: {v: "c", tc: "ac"}, z: 1}"#,
    );
    check("{'Fn::ForEach::L': [X, ['1.2'], {'k&{X}': '${X}'}]}", r#"{k12: "1.2"}"#);
    check(
        "{'Fn::ForEach::L': [X, !Ref OpenList, {'k${X}': 1}], z: 1}",
        "{z: 1, …(`Fn::ForEach::L` is not evaluated)}",
    );
}
