//! Measures decisions per second: `cargo run --release -p palisade-iam --example decisions -- CASES.jsonl [POLICIES]`.
//!
//! With a folder of AWS managed policies, also a request against ten of them and three levels of SCPs.

use palisade_iam::{Case, Policy, PolicyKind, Question, Strictness};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file of cases is expected")?;
    let text = std::fs::read_to_string(&path)?;
    let file: Arc<str> = path.as_str().into();
    let mut questions = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match Case::parse(line, &file, number) {
            Ok(case) => questions.push(case.question),
            Err(diagnostics) => diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}")),
        }
    }
    measure(&format!("{} cases of {path}", questions.len()), &questions);
    if let Some(folder) = arguments.next() {
        measure("10 AWS managed policies and 3 levels of SCPs", &with_managed(&folder)?);
    }
    Ok(())
}

fn measure(what: &str, questions: &[Question]) {
    let (start, busy) = (Instant::now(), busy_seconds());
    let mut count = 0_u64;
    while start.elapsed().as_secs() < 2 {
        for _ in 0..100 {
            for question in questions {
                black_box(black_box(question).decide());
                count += 1;
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let busy = busy_seconds().zip(busy).map_or(seconds, |(after, before)| after - before);
    println!(
        "{what}: {count} decisions in {seconds:.2} s ({busy:.2} s on the core), {:.0} per second and core",
        count as f64 / busy
    );
}

/// The seconds this process has run on a core so far, where the system tells; others may use the cores too.
fn busy_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Requests of a user with ten managed policies, in an account below two levels of an organisation.
fn with_managed(folder: &str) -> Result<Vec<Question>, Box<dyn std::error::Error>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let wanted = [
        "ReadOnlyAccess",
        "SecurityAudit",
        "ViewOnlyAccess",
        "PowerUserAccess",
        "AmazonEC2FullAccess",
        "AmazonS3FullAccess",
        "AmazonDynamoDBFullAccess",
        "IAMReadOnlyAccess",
        "CloudWatchFullAccess",
        "AWSLambda_FullAccess",
    ];
    let mut identity = Vec::new();
    for path in paths.iter().filter(|path| {
        path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| wanted.contains(&stem))
    }) {
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let document = json.pointer("/PolicyVersion/Document").unwrap_or(&json).to_string();
        let file: Arc<str> = path.to_string_lossy().as_ref().into();
        identity.push(Arc::new(Policy::parse(&document, &file, PolicyKind::Identity, Strictness::Strict)));
    }
    println!(
        "{} managed policies, {} statements",
        identity.len(),
        identity.iter().map(|p| p.statements.len()).sum::<usize>()
    );
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let regions = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["iam:*","sts:*","cloudfront:*"],
        "Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}}]}"#;
    let scps = format!(
        r#"[{{"at":"r-root","policies":[{allow},{regions}]}},{{"at":"ou-a","policies":[{allow}]}},{{"at":"account","policies":[{allow}]}}]"#
    );
    let requests = [
        ("s3:GetObject", "arn:aws:s3:::reports/2026/k.csv"),
        ("ec2:TerminateInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"),
        ("iam:CreateUser", "arn:aws:iam::111122223333:user/new"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f"),
        ("kms:ListKeys", "*"),
    ];
    let mut questions = Vec::new();
    for (action, resource) in requests {
        let line = format!(
            r#"{{"request":{{"principal":"arn:aws:iam::111122223333:user/erin","action":"{action}","resource":"{resource}",
            "resourceAccount":"111122223333","wildcardOnlyAction":{},"context":{{"aws:RequestedRegion":"eu-west-1"}}}},"scps":{scps}}}"#,
            resource == "*"
        );
        let case =
            Case::parse(&line, &"request".into(), 1).map_err(|diagnostics| format!("{diagnostics:?}"))?;
        let mut policies = case.question.policies().clone();
        policies.identity.clone_from(&identity);
        questions.push(Question::new(case.question.request().clone(), policies));
    }
    Ok(questions)
}
