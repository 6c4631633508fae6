//! The verdicts of the shipped checks over a snapshot with secrets kept, and over one with secrets hashed.

use palisade_assess::{Options, Within, assess, resolve};
use palisade_content::{Library, load as load_pages, shipped};
use palisade_model::{Estate, Verdict};
use palisade_snapshot::{
    Asked, Cell, CellKey, Expect, Expected, Manifest, Memory, Part, Record, Redactor, State, Store, load,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const RANDOM: &str = "kR9vXz3Lq8TfYw2PmJ5uHs7DgB1cNaE4oVtQiZx6";

/// What people put where they should not. Put together here, so that no scanner takes this file for a leak.
fn values() -> Vec<(&'static str, String)> {
    let value = |prefix: &str, rest: &str| format!("{prefix}{rest}");
    let access_key = value("AKIA", "Q7ZC2MNB4VXL5RTD");
    vec![
        ("ACCESS_KEY", access_key.clone()),
        ("ACCESS_KEY", value("ASIA", "Q7ZC2MNB4VXL5RTD")),
        ("ACCESS_KEY", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        ("UPLOAD", format!("profile EXAMPLE, key {access_key}")),
        ("TWO", format!("{access_key} AKIAIOSFODNN7EXAMPLE")),
        ("AWS_SECRET_ACCESS_KEY", RANDOM.to_owned()),
        ("KEY", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----".to_owned()),
        ("KEY", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nMHcCAQEE".to_owned()),
        ("GITHUB", value("ghp_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6")),
        ("GITHUB", value("github_pat_", &"aB3dE6gH9jK2mN5pQ8sT".repeat(4))),
        ("GITLAB", value("glpat-", "aB3dE6gH9jK2mN5pQ8sT")),
        ("SLACK", value("xoxb-", "123456789012-123456789012-abcdefghijkl")),
        ("STRIPE", value("sk_live_", "aB3dE6gH9jK2mN5pQ8sT")),
        ("STRIPE", value("sk_test_", "aB3dE6gH9jK2mN5pQ8sT")),
        ("REPOSITORY", "https://me:hunter2@github.com/films/app.git".to_owned()),
        ("REPOSITORY", value("https://ghp_", "short@github.com/films/app.git")),
        ("REPOSITORY", "https://github.com/films/app.git".to_owned()),
        ("BUCKET", "thumbnails".to_owned()),
        ("SECRET_ID", "thumbnails/upload".to_owned()),
    ]
}

/// Values of which it is only known that they are passwords.
fn passwords() -> Vec<(&'static str, String)> {
    vec![("DB_PASSWORD", "S3cr3tPassw0rd123".to_owned()), ("DB_PASSWORD", "hunter2".to_owned())]
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = text.as_bytes().chunks(3).flat_map(|three| {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        (0..4).map(move |at| match at <= three.len() {
            true => char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]),
            false => '=',
        })
    });
    letters.collect()
}

/// A document of each kind that holds variables, with one that has this value.
fn documents(name: &str, value: &str) -> Vec<(&'static str, Value, &'static [&'static str])> {
    let pair = json!([{ "name": name, "value": value, "type": "PLAINTEXT" }]);
    let location = if value.starts_with("https") { value } else { "https://github.com/films/app" };
    let script = base64(&format!("#!/bin/sh\nexport {name}='{value}'\n"));
    vec![
        (
            "AWS::Lambda::Function",
            json!({ "FunctionName": "f", "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
                "PackageType": "Zip", "Environment": { "Variables": { name: value } } }),
            &[],
        ),
        (
            "AWS::CodeBuild::Project",
            json!({ "name": "p",
                "Projects": { "projects": [{ "name": "p", "environment": { "environmentVariables": pair },
                    "source": { "type": "GITHUB", "location": location } }] },
                "Project": { "projects": [{ "name": "p", "environment": { "environmentVariables": pair },
                    "source": { "type": "GITHUB", "location": location } }] } }),
            &["Project", "Projects"],
        ),
        (
            "AWS::ECS::TaskDefinition",
            json!({ "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/t:1",
                "Task": { "taskDefinition": { "family": "t",
                    "containerDefinitions": [{ "name": "c", "environment": pair }] } } }),
            &["Task"],
        ),
        (
            "AWS::EC2::Instance",
            json!({ "InstanceId": "i-1", "UserData": { "UserData": { "Value": script } } }),
            &["UserData"],
        ),
    ]
}

fn expected(library: &Library) -> Expected {
    let calls = |kind: &palisade_kinds::Kind| {
        let calls = kind.collect.iter().filter_map(|collect| {
            let call = format!("{}:{}", collect.service, collect.operation).into();
            Some(Expect { field: collect.into.clone()?, call })
        });
        (kind.kind.clone(), calls.collect())
    };
    library.kinds().iter().map(calls).collect()
}

/// The verdicts of all checks that look at secrets, and whether the secret is anywhere in the files.
fn verdicts(
    library: &Library,
    redactor: Redactor,
    name: &str,
    value: &str,
) -> (BTreeMap<String, Verdict>, bool) {
    let memory = Memory::new();
    let (mut store, _) = Store::open(Arc::new(memory.clone()), redactor).unwrap();
    let manifest = Manifest { finished: Some("2026-01-01T00:00:00Z".to_owned()), ..Manifest::default() };
    store.begin(&manifest).unwrap();
    for (kind, document, parts) in documents(name, value) {
        let key = CellKey {
            account: "111122223333".parse().unwrap(),
            region: Some("eu-west-1".parse().unwrap()),
            kind: kind.parse().unwrap(),
        };
        let asked = Asked { call: "x:Get".into(), time: "2026-01-01T00:00:00Z".into() };
        let record = Record {
            kind: key.kind.clone(),
            account: key.account,
            region: key.region.clone(),
            id: "one".into(),
            arn: None,
            document,
            listed: asked.clone(),
            parts: parts.iter().map(|part| ((*part).into(), Part::Read(asked.clone()))).collect(),
        };
        let cell = Cell { key, state: State::Read, records: 1, calls: 1, gaps: vec![] };
        store.seal(&cell, vec![record]).unwrap();
    }
    store.finish(&manifest).unwrap();
    let loaded = load(&memory, &expected(library)).unwrap();
    assert_eq!(loaded.diagnostics, []);
    let shown = format!("{:?}", loaded.resources);
    let is_there = shown.contains(&value.escape_debug().to_string()) || shown.contains(&base64(value));
    let resources = resolve(loaded.resources, library.kinds());
    let estate = Estate { resources, accounts: loaded.accounts, organisation: loaded.organisation };
    let looks = |page: &palisade_model::PageId| {
        ["secret-in-environment", "user-data-with-key", "source-with-password"]
            .iter()
            .any(|end| page.as_str().ends_with(end))
    };
    let options = Options { enabled: &|_| true, outside: &Within, progress: &|_, _| {} };
    let findings = assess(&estate, library, &options).findings.into_iter();
    let of_secrets = findings.filter(|finding| looks(&finding.page));
    let verdicts =
        of_secrets.map(|finding| (format!("{}: {}", finding.page, finding.message), finding.verdict));
    (verdicts.collect(), is_there)
}

fn key() -> Redactor {
    Redactor::with_key([7; 32])
}

#[test]
fn hashed_secrets_are_judged_as_the_secrets_themselves() {
    let (library, _) = load_pages(&shipped());
    let mut fails = 0;
    for (name, value) in values() {
        let (kept, is_there) = verdicts(&library, Redactor::keeping(), name, &value);
        assert!(is_there);
        let (hashed, is_there) = verdicts(&library, key(), name, &value);
        assert_eq!(hashed, kept, "{name}");
        fails += kept.values().filter(|verdict| **verdict == Verdict::Fails).count();
        let harmless =
            ["AKIAIOSFODNN7EXAMPLE", "https://github.com/films/app.git", "thumbnails", "thumbnails/upload"];
        assert_eq!(is_there, harmless.contains(&value.as_str()), "{name}");
    }
    assert!(fails > 30, "{fails}");
}

#[test]
fn a_password_that_could_be_anything_never_passes() {
    let (library, _) = load_pages(&shipped());
    for (name, value) in passwords() {
        let (hashed, is_there) = verdicts(&library, key(), name, &value);
        assert!(!is_there);
        let unknown = hashed.iter().filter(|(_, verdict)| **verdict == Verdict::Unknown);
        let pages: Vec<&str> = unknown.map(|(page, _)| page.split(':').next().unwrap()).collect();
        assert_eq!(
            pages,
            [
                "aws/codebuild/project-with-secret-in-environment",
                "aws/ecs/task-with-secret-in-environment",
                "aws/lambda/function-with-secret-in-environment",
            ],
            "{hashed:?}"
        );
    }
}
