//! Deciding a compiled question allocates nothing.

use crate::conformance::lines;
use palisade_iam::{Case, Question};

fn questions() -> Vec<Question> {
    let own = |statement: &str, request: &str| {
        format!(
            r#"{{"request": {{"principal": "arn:aws:sts::111122223333:assumed-role/batch/run1", "action": "s3:GetObject",
            "resource": "arn:aws:s3:::reports/k", "resourceAccount": "111122223333" {request}}},
            "identity": [{{"Version": "2012-10-17", "Statement": [{statement}]}}]}}"#
        )
    };
    let mut all = vec![
        own(r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::reports/*"}"#, ""),
        own(
            r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"arn:aws:s3:::${aws:PrincipalAccount}*"}"#,
            "",
        ),
        own(
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},
            "DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"NumericLessThan":{"aws:MultiFactorAuthAge":"10.5"},
            "BinaryEquals":{"a:b":"QQ=="},"ForAllValues:StringLike":{"aws:TagKeys":["a*","b?"]}}}"#,
            r#","context":{"aws:SourceIp":"10.1.1.1","aws:CurrentTime":"1700000000","aws:MultiFactorAuthAge":"9",
            "a:b":"QQ==","aws:TagKeys":["ab","bc"]}"#,
        ),
    ];
    for file in ["cases.jsonl", "documented-cases.jsonl"] {
        all.extend(lines(file).unwrap_or_default().into_iter().map(|(_, line)| line));
    }
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/iam");
    for file in std::fs::read_dir(suite).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        all.extend(text.lines().map(str::to_owned));
    }
    all.iter().map(|line| Case::parse(line, &"case".into(), 1).unwrap().question).collect()
}

#[test]
fn a_decision_allocates_nothing() {
    for question in questions() {
        // Those that stand for a set of resources are looked for once.
        question.decide();
        let mut outcome = None;
        let measured = allocation_counter::measure(|| outcome = Some(question.decide().outcome));
        assert_eq!(measured.count_total, 0, "{outcome:?} {:?}", question.request());
    }
}
