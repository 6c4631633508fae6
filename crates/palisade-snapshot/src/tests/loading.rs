//! Reading: what the records and the ledger say, and what damaged files leave open.

use super::*;
use palisade_model::{Attribute, Completeness};

/// The document of the first resource.
fn check(record: Record, expected: &[(&str, &str)], shown_document: &str) {
    let expected: Vec<Expect> = expected
        .iter()
        .map(|(field, call)| Expect { field: (*field).into(), call: (*call).into() })
        .collect();
    let memory = written(vec![(cell(BUCKETS, State::Read, 1), vec![record])]);
    let loaded = load(&memory, &[(kind("AWS::S3::Bucket"), expected)].into()).expect("it is a snapshot");
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(shown(&loaded.resources[0].raw), shown_document);
}

fn with_part(document: Value, field: &str, part: Part) -> Record {
    let mut record = record(BUCKETS, "films", document);
    record.parts.insert(field.into(), part);
    record
}

fn unread(failure: &str, code: &str) -> Part {
    Part::Unread {
        asked: asked("s3:GetBucketPolicy"),
        failure: failure.into(),
        code: code.into(),
        message: "m".into(),
    }
}

#[test]
fn what_was_read_is_known_and_what_is_not_there_stays_away() {
    let read = Part::Read(asked("s3:GetBucketPolicy"));
    let document = json!({ "Name": "films", "Policy": { "Policy": "{}" }, "N": [1, null, true] });
    check(
        with_part(document, "Policy", read),
        &[],
        r#"{Name: "films", Policy: {Policy: "{}"}, N: [1, null, true]}"#,
    );
    let none = Part::None(asked("s3:GetBucketPolicy"));
    check(
        with_part(json!({ "Name": "films" }), "Policy", none),
        &[("Policy", "s3:GetBucketPolicy")],
        r#"{Name: "films"}"#,
    );
}

#[test]
fn what_was_not_read_is_unknown_with_its_cause() {
    let document = || json!({ "Name": "films" });
    check(
        with_part(document(), "Policy", unread("denied", "AccessDenied")),
        &[],
        r#"{Name: "films", Policy: ? `s3:GetBucketPolicy` was denied}"#,
    );
    check(
        with_part(document(), "Policy", unread("throttled", "SlowDown")),
        &[],
        r#"{Name: "films", Policy: ? it could not be read: `s3:GetBucketPolicy` failed: throttled (`SlowDown`)}"#,
    );
    // Even where the listing had something to say of it.
    check(
        with_part(json!({ "Policy": "old" }), "Policy", unread("timeout", "")),
        &[],
        "{Policy: ? it could not be read: `s3:GetBucketPolicy` failed: timeout}",
    );
}

#[test]
fn what_was_never_asked_is_unknown_and_not_absent() {
    check(
        record(BUCKETS, "films", json!({ "Name": "films" })),
        &[("Policy", "s3:GetBucketPolicy")],
        r#"{Name: "films", Policy: ? it could not be read: `s3:GetBucketPolicy` was not asked when the snapshot was taken}"#,
    );
    check(
        with_part(json!({ "Name": "films" }), "Acl", Part::Read(asked("s3:GetBucketAcl"))),
        &[],
        r#"{Name: "films", Acl: ? it could not be read: the answer of `s3:GetBucketAcl` is missing}"#,
    );
    check(
        record(BUCKETS, "films", json!([])),
        &[],
        "? it could not be read: the record's document is no map",
    );
}

#[test]
fn each_value_knows_the_call_that_gave_it() {
    let mut part = asked("s3:GetBucketPolicy");
    part.time = "2026-02-02T00:00:00Z".into();
    let record =
        with_part(json!({ "Name": "films", "Policy": { "Policy": "{}" } }), "Policy", Part::Read(part));
    let memory = written(vec![(cell(BUCKETS, State::Read, 1), vec![record])]);
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    let raw = &loaded.resources[0].raw;
    let origin = |node: Option<&Node>| node.map(|node| node.origin.to_string()).unwrap_or_default();
    assert_eq!(origin(raw.get("Name")), "x:List in 111122223333 at 2026-01-01T00:00:00Z");
    let policy = raw.get("Policy").and_then(|policy| policy.get("Policy"));
    assert_eq!(origin(policy), "s3:GetBucketPolicy in 111122223333 at 2026-02-02T00:00:00Z");
    assert_eq!(loaded.resources[0].origin.to_string(), "x:List in 111122223333 at 2026-01-01T00:00:00Z");
}

#[test]
fn a_resource_is_called_by_its_arn_or_by_its_id_and_place() {
    let check = |cell: &str, id: &str, arn: Option<&str>, expected: &str| {
        let record = Record { arn: arn.map(Into::into), ..record(cell, id, json!({})) };
        assert_eq!(crate::load::name(&record).as_ref(), expected);
    };
    let volumes = "111122223333 eu-west-1 AWS::EC2::Volume";
    check(volumes, "vol-1", None, "111122223333/eu-west-1/vol-1");
    check(
        volumes,
        "vol-1",
        Some("arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"),
        "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1",
    );
    check(BUCKETS, "films", None, "111122223333/films");
    check(
        "111122223333 global AWS::IAM::Policy",
        "arn:aws:iam::111122223333:role/a/p",
        None,
        "arn:aws:iam::111122223333:role/a/p",
    );
}

/// How completely queues and buckets are listed, everywhere and by region.
fn completeness(manifest: Manifest, cells: Vec<Cell>) -> Vec<String> {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    for cell in cells {
        store.seal(&cell, vec![]).expect("it is sealed");
    }
    store.finish(&manifest).expect("it is finished");
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    let how = |how: &Completeness| match how {
        Completeness::All => "all".to_owned(),
        Completeness::Some(unknown) => format!("some: {unknown}"),
    };
    let account = &loaded.accounts[&account("111122223333")];
    let everywhere = account.listed.iter().map(|(kind, listed)| format!("{kind}: {}", how(listed)));
    let in_regions = account.listed_in.iter().flat_map(|(region, listed)| {
        listed.iter().map(move |(kind, listed)| format!("{kind} {region}: {}", how(listed)))
    });
    everywhere.chain(in_regions).collect()
}

const QUEUES: &str = "111122223333 eu-west-1 AWS::SQS::Queue";
const FURTHER_QUEUES: &str = "111122223333 eu-west-2 AWS::SQS::Queue";

#[test]
fn all_are_listed_only_where_the_ledger_says_so() {
    let with = |name: &str, state: State, gaps: &[Gap]| Cell { gaps: gaps.to_vec(), ..cell(name, state, 0) };
    let check = |cell: Cell, expected: &str| {
        assert_eq!(completeness(manifest(), vec![cell]), [format!("AWS::S3::Bucket: {expected}")]);
    };
    check(with(BUCKETS, State::Read, &[]), "all");
    check(with(BUCKETS, State::NotThere, &[]), "all");
    check(with(BUCKETS, State::Partly, &[gap("s3:GetBucketAcl", "denied", false)]), "all");
    check(
        with(BUCKETS, State::Partly, &[gap("s3:ListBuckets", "denied", true)]),
        "some: `s3:ListBuckets` was denied",
    );
    check(
        with(BUCKETS, State::Read, &[gap("s3:ListBuckets", "denied", true)]),
        "some: `s3:ListBuckets` was denied",
    );
    check(
        with(BUCKETS, State::NotRead, &[gap("s3:ListBuckets", "throttled", false)]),
        "some: it could not be read: `s3:ListBuckets` failed: throttled (`Code`)",
    );
    check(with(BUCKETS, State::NotRead, &[]), "some: it could not be read: it was not read");
}

#[test]
fn everywhere_means_in_every_region_of_the_account() {
    let check = |manifest: Manifest, cells: &[Cell], expected: &str| {
        assert_eq!(completeness(manifest, cells.to_vec())[0], format!("AWS::SQS::Queue: {expected}"));
    };
    let both = [cell(QUEUES, State::Read, 0), cell(FURTHER_QUEUES, State::NotThere, 0)];
    check(manifest(), &both, "all");
    let denied =
        Cell { gaps: vec![gap("sqs:ListQueues", "denied", true)], ..cell(FURTHER_QUEUES, State::NotRead, 0) };
    check(manifest(), &[both[0].clone(), denied], "some: `sqs:ListQueues` was denied");
    let regions = Manifest { regions: vec!["eu-west-1".parse().expect("a region")], ..manifest() };
    check(regions, &both, "some: the snapshot, of some regions only, lists only some of what exists");
    let unread = [(account("111122223333"), gap("account:ListRegions", "denied", true))].into();
    check(Manifest { regions_unread: unread, ..manifest() }, &both, "some: `account:ListRegions` was denied");
}

#[test]
fn a_region_of_which_the_ledger_says_nothing_leaves_the_kind_open() {
    let cells = vec![
        cell("111122223333 eu-west-1 AWS::SNS::Topic", State::Read, 0),
        cell(FURTHER_QUEUES, State::Read, 0),
    ];
    assert_eq!(
        completeness(manifest(), cells)[..2],
        [
            "AWS::SNS::Topic: some: the snapshot, which says nothing of eu-west-2, lists only some of what exists",
            "AWS::SQS::Queue: some: the snapshot, which says nothing of eu-west-1, lists only some of what exists",
        ]
    );
}

#[test]
fn an_account_that_was_not_reached_lists_nothing() {
    assert_eq!(completeness(manifest(), vec![]), Vec::<String>::new());
}

/// What is said of the account itself.
fn about(manifest: Manifest, cells: Vec<Cell>) -> Vec<String> {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    for cell in cells {
        store.seal(&cell, vec![]).expect("it is sealed");
    }
    store.finish(&manifest).expect("it ends");
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    let attributes = loaded.accounts[&account("111122223333")].attributes.iter();
    let said = attributes.map(|(name, attribute)| match attribute {
        Attribute::Known(node) => format!("{name}: {}", node.text().unwrap_or_default()),
        Attribute::Unknown(unknown, _) => format!("{name} unknown: {unknown}"),
        Attribute::Absent(..) => format!("{name} absent"),
    });
    said.collect()
}

#[test]
fn regions_that_were_not_looked_into_are_told_of_with_the_call() {
    let check = |manifest: Manifest, cells: &[Cell], expected: &[&str]| {
        assert_eq!(about(manifest, cells.to_vec()), expected);
    };
    let shut = |gap: Gap| {
        let of = |name: &str| Cell { calls: 0, gaps: vec![gap.clone()], ..cell(name, State::NotRead, 0) };
        [of(BUCKETS), of("111122223333 global AWS::SQS::Queue")]
    };
    let denied = shut(gap("sts:AssumeRole", "denied", true));
    check(manifest(), &denied, &["regions unknown: `sts:AssumeRole` was denied"]);
    let read = [cell(BUCKETS, State::Read, 0), cell(QUEUES, State::Read, 0)];
    check(manifest(), &read, &[]);
    let buckets = gap("s3:ListBuckets", "denied", true);
    let partly =
        [Cell { gaps: vec![buckets], ..cell(BUCKETS, State::NotRead, 0) }, cell(QUEUES, State::Read, 0)];
    check(manifest(), &partly, &[]);
    let unread = || [(account("111122223333"), gap("ec2:DescribeRegions", "denied", true))].into();
    let open = Manifest { regions_unread: unread(), ..manifest() };
    check(open.clone(), &read, &["regions unknown: `ec2:DescribeRegions` was denied"]);
    // Who asked for some regions asked of those alone.
    check(Manifest { regions: vec!["eu-west-1".parse().expect("a region")], ..open }, &read, &[]);
    let unfinished = "regions unknown: it could not be read: the snapshot is not finished, and its ledger says nothing of the account";
    check(Manifest { finished: None, ..manifest() }, &[], &[unfinished]);
    check(manifest(), &[], &[]);
    let closed =
        |code: &str| Gap { code: code.into(), ..gap("organizations:ListAccounts", "disabled", true) };
    check(manifest(), &shut(closed("SUSPENDED")), &["status: SUSPENDED"]);
    // What is being closed may still run.
    let closing = "regions unknown: it could not be read: `organizations:ListAccounts` failed: disabled (`PENDING_CLOSURE`)";
    check(manifest(), &shut(closed("PENDING_CLOSURE")), &[closing]);
}

const PATH: &str = "records/111122223333/global/AWS-S3-Bucket.ndjson.gz";

/// The names, the diagnostics and how buckets are listed, after a file of three records was damaged.
fn damaged(damage: impl Fn(Vec<u8>) -> Vec<u8>) -> (Vec<String>, Vec<String>, String) {
    let records = ["a", "b", "c"].map(|id| record(BUCKETS, id, json!({ "Name": id })));
    let memory = written(vec![(cell(BUCKETS, State::Read, 3), records.into())]);
    let bytes = memory.contents()[PATH].clone();
    memory.put(PATH, damage(bytes));
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    let how = match &loaded.accounts[&account("111122223333")].listed[&kind("AWS::S3::Bucket")] {
        Completeness::All => "all".to_owned(),
        Completeness::Some(unknown) => unknown.to_string(),
    };
    let said = loaded.diagnostics.iter().map(|diagnostic| {
        let place = diagnostic.span.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{place}: {}", diagnostic.message)
    });
    (names(&loaded.resources), said.collect(), how)
}

fn packed(text: &str) -> Vec<u8> {
    crate::packed(text.as_bytes())
}

fn line(id: &str) -> String {
    serde_json::to_string(&record(BUCKETS, id, json!({}))).expect("it is JSON") + "\n"
}

const DAMAGED: &str = "it could not be read: its file in the snapshot is damaged";

#[test]
fn of_a_file_that_is_cut_off_the_rest_is_read_and_the_cell_is_not_whole() {
    let (_, said, how) = damaged(|bytes| bytes[..bytes.len() - 9].to_vec());
    assert_eq!(how, DAMAGED);
    assert!(said[0].contains("the file is damaged or cut off here"), "{said:?}");
    let (names, said, how) = damaged(|_| packed(&format!("{}{}", line("a"), &line("b")[..40])));
    assert_eq!((names.len(), how.as_str()), (1, DAMAGED));
    assert_eq!(said, [format!("{PATH}:2:1: `{PATH}`: the file is cut off within a line")]);
    let (names, said, how) = damaged(|_| b"no gzip at all".to_vec());
    assert_eq!((names.len(), said.len(), how.as_str()), (0, 1, DAMAGED));
}

#[test]
fn lines_that_are_no_records_of_the_cell_are_diagnostics() {
    let elsewhere = line("x").replace("111122223333", "444455556666");
    let deep = format!("{{\"document\":{}", "[".repeat(10_000));
    let text = format!("{}nonsense\n{elsewhere}{deep}\n\u{0}\n{}", line("a"), line("c"));
    let (names, said, how) = damaged(|_| packed(&text));
    assert_eq!((names.len(), how.as_str()), (2, DAMAGED));
    assert_eq!(said.len(), 4);
    assert!(said[0].starts_with(&format!("{PATH}:2:1: `{PATH}`: it is no record: ")), "{said:?}");
    assert!(said[1].ends_with("a record of 444455556666 global AWS::S3::Bucket stands here"), "{said:?}");
    assert!(said[2].contains("recursion limit"), "{said:?}");
}

#[test]
fn records_that_are_missing_or_too_many_are_noticed() {
    let (names, said, how) = damaged(|_| packed(&line("a")));
    assert_eq!(names.len(), 1);
    assert!(said[0].ends_with("it holds 1 resources, and the ledger counts 3"), "{said:?}");
    assert_eq!(how, "it could not be read: its file in the snapshot is not the one that was written");
}

#[test]
fn of_many_bad_lines_the_first_are_shown_and_the_rest_is_counted() {
    let (_, said, _) = damaged(|_| packed(&"x\n".repeat(100)));
    assert_eq!(said.len(), 21);
    assert!(said[20].ends_with(&format!("`{PATH}` has 79 further lines that can't be read")), "{said:?}");
}

#[test]
fn a_missing_file_a_file_without_a_cell_and_foreign_files_are_said() {
    let memory = written(vec![(cell(BUCKETS, State::Read, 3), vec![])]);
    memory.put(
        "records/111122223333/eu-west-1/AWS-SQS-Queue.ndjson.gz",
        packed(
            &line("q")
                .replace("AWS::S3::Bucket", "AWS::SQS::Queue")
                .replace("\"id\"", "\"region\":\"eu-west-1\",\"id\""),
        ),
    );
    memory.put("records/111122223333/eu-west-1/AWS-SNS-Topic.ndjson.gz.part", "half");
    memory.put("records/readme.txt", "?");
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    assert_eq!(names(&loaded.resources), ["111122223333/eu-west-1/q"]);
    let said: Vec<&str> = loaded.diagnostics.iter().map(|said| said.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "`records/readme.txt` is no part of a snapshot and was not read",
            &format!("`{PATH}`: the file is missing; the ledger counts 3 resources in it"),
        ]
    );
    let account = &loaded.accounts[&account("111122223333")];
    assert!(account.listed.values().all(|how| matches!(how, Completeness::Some(_))), "{:?}", account.listed);
    assert_eq!(loaded.ledger.len(), 2);
}

#[test]
fn a_snapshot_that_is_not_finished_says_so_and_is_read() {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    store.begin(&manifest()).expect("it begins");
    store.seal(&cell(BUCKETS, State::Read, 1), vec![record(BUCKETS, "a", json!({}))]).expect("it is sealed");
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    assert_eq!(loaded.resources.len(), 1);
    assert_eq!(loaded.diagnostics[0].message, "`manifest.json`: the snapshot is not finished");
}

#[test]
fn a_folder_without_a_manifest_is_no_snapshot() {
    let error = load(&Memory::new(), &Expected::new()).expect_err("there is none").to_string();
    assert_eq!(error, "`manifest.json` is missing: this is no snapshot");
}

#[test]
fn the_organisation_its_names_and_its_policies_are_read() {
    const POLICIES: &str = "999900000000 global AWS::Organizations::Policy";
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    let policies = vec![record(POLICIES, "p-1", json!({ "Id": "p-1", "from": "record" }))];
    store.seal(&cell(POLICIES, State::Read, 1), policies).expect("it is sealed");
    let organisation = json!({
        "Organization": { "Id": "o-1", "MasterAccountId": "999900000000" },
        "Root": { "Id": "r-1", "Name": "Root", "Accounts": ["999900000000", "111122223333"], "Units": [] },
        "Accounts": [{ "Id": "111122223333", "Name": "films" }],
        "Policies": [{ "PolicySummary": { "Id": "p-1" }, "Content": "{}" }, { "Id": "p-FullAWSAccess" }],
    });
    store.organisation(&organisation).expect("it is written");
    store.finish(&manifest()).expect("it is finished");
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.organisation.expect("there is one").id, "o-1");
    assert_eq!(loaded.accounts[&account("111122223333")].name.as_deref(), Some("films"));
    assert_eq!(names(&loaded.resources), ["999900000000/p-1", "p-FullAWSAccess"]);
}

#[test]
fn accounts_without_an_organisation_know_that_there_is_none() {
    let memory = Memory::new();
    let (mut store, _) = store(&memory);
    store.organisation(&json!({ "Organization": null })).expect("it is written");
    store.finish(&manifest()).expect("it is finished");
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    assert!(loaded.accounts[&account("111122223333")].attributes.contains_key("organisation"));
}
