//! What is kept of secrets, what a check sees in their place, and what stays as it is.

use super::*;

const RANDOM: &str = "kR9vXz3Lq8TfYw2PmJ5uHs7DgB1cNaE4oVtQiZx6";

fn hashing() -> Redactor {
    Redactor::with_key([1; 32])
}

/// What a check sees of an answer after its secrets were replaced.
fn seen(answer: Value) -> String {
    let mut record = record(BUCKETS, "x", answer);
    hashing().record(&mut record);
    let again = record.clone();
    hashing().record(&mut record);
    assert_eq!(record, again, "replacing twice is replacing once");
    let memory = written(vec![(cell(BUCKETS, State::Read, 1), vec![record])]);
    let loaded = load(&memory, &Expected::new()).expect("it is a snapshot");
    shown(&loaded.resources[0].raw)
}

#[test]
fn a_marker_says_class_length_hash_and_form_and_never_the_secret() {
    let mut answer =
        json!({ "Environment": { "Variables": { "K": format!("key={RANDOM};"), "B": "films" } } });
    hashing().answer(&mut answer);
    let variables = &answer["Environment"]["Variables"];
    assert_eq!(variables["B"], "films");
    let marker = &variables["K"]["$secret"];
    assert_eq!(marker["around"], json!(["key=", ";"]));
    let part = &marker["parts"][0];
    assert_eq!(part["class"], "high-entropy");
    assert_eq!(part["length"], 40);
    assert_eq!(part["form"], "aA0aAa0Aa0AaAa0AaA0aAa0AaA0aAaA0aAaAaAa0");
    assert_eq!(part["hash"].as_str().map(str::len), Some(32));
    assert!(!answer.to_string().contains(&RANDOM[..8]));
}

#[test]
fn the_hash_depends_on_the_key_and_on_the_secret_alone() {
    let hash = |key: u8, answer: Value| {
        let mut answer = answer;
        Redactor::with_key([key; 32]).answer(&mut answer);
        let marker = answer.pointer("/Variables/K/$secret/parts/0/hash").cloned();
        marker.and_then(|hash| hash.as_str().map(str::to_owned)).expect("a hash")
    };
    let of = |text: String| json!({ "Variables": { "K": text } });
    assert_eq!(hash(1, of(RANDOM.into())), hash(1, of(format!("a {RANDOM}"))));
    assert_ne!(hash(1, of(RANDOM.into())), hash(2, of(RANDOM.into())));
    assert_ne!(hash(1, of(RANDOM.into())), hash(1, of(RANDOM.replace('k', "j"))));
    assert_eq!(Redactor::with_key([1; 32]).key_name(), Redactor::with_key([1; 32]).key_name());
    assert_ne!(Redactor::with_key([1; 32]).key_name(), Redactor::with_key([2; 32]).key_name());
    assert_eq!(Redactor::keeping().key_name(), None);
}

#[test]
fn a_check_sees_a_text_of_the_same_form_or_that_it_is_not_known() {
    let text = seen(json!({ "Variables": { "K": RANDOM } }));
    assert!(text.starts_with("{Variables: {K: \"") && !text.contains(RANDOM), "{text}");
    assert_eq!(text.len(), RANDOM.len() + "{Variables: {K: \"\"}}".len());
    assert_eq!(
        seen(json!({ "environment": [{ "name": "DB_PASSWORD", "value": "hunter2" }] })),
        r#"{environment: [{name: "DB_PASSWORD", value: ? it could not be read: the snapshot keeps only a hash of it (password): collect with secrets kept}]}"#,
    );
}

#[test]
fn the_places_where_secrets_are_put_are_known() {
    for answer in [
        json!({ "Functions": [{ "Environment": { "Variables": { "A_PASSWORD": "hunter2" } } }] }),
        json!({ "containerDefinitions": [{ "environment": [{ "name": "A_PASSWORD", "value": "hunter2" }] }] }),
        json!({ "Outputs": [{ "OutputKey": "ThePassword", "OutputValue": "hunter2" }] }),
        json!({ "Parameters": [{ "ParameterKey": "ThePassword", "ParameterValue": "hunter2" }] }),
        json!({ "Parameter": { "Name": "/films/password", "Type": "String", "Value": "hunter2" } }),
        json!({ "OptionSettings": [{ "OptionName": "DB_PASSWORD", "Value": "hunter2" }] }),
        json!({ "UserPoolClient": { "ClientSecret": "hunter2" } }),
        json!({ "definition": "{\"States\":{\"A\":{\"Parameters\":{\"password\":\"hunter2\"}}}}" }),
        json!({ "DefaultArguments": { "--db-password": "hunter2" } }),
        json!({ "variables": { "dbPassword": "hunter2" } }),
        json!({ "UserData": { "Value": "ZXhwb3J0IFBBU1NXT1JEPWh1bnRlcjIK" } }),
        json!({ "LaunchTemplateData": { "UserData": "ZXhwb3J0IFBBU1NXT1JEPWh1bnRlcjIK" } }),
        json!({ "description": "postgres://me:hunter2@db/films" }),
        json!({ "Tags": [{ "Key": "dsn", "Value": "postgres://me:hunter2@db/films" }] }),
    ] {
        let mut redacted = answer.clone();
        hashing().answer(&mut redacted);
        let text = redacted.to_string();
        assert!(!text.contains("hunter2") && !text.contains("ZXhwb3J0"), "{text}");
        assert!(text.contains("$secret"), "{text}");
    }
}

#[test]
fn what_is_no_secret_is_kept_to_the_letter() {
    for answer in [
        json!({ "AccessKeyId": (["AKIA", "Q7ZC2MNB4VXL5RTD"].concat()), "UserName": "me" }),
        json!({ "CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "RevisionId": RANDOM }),
        json!({ "PasswordLastUsed": "2026-01-01T00:00:00Z", "MinimumPasswordLength": 14 }),
        json!({ "MasterUserSecret": { "SecretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf" } }),
        json!({ "Parameters": [{ "ParameterKey": "Stage", "ParameterValue": "prod" }] }),
        json!({ "UserData": { "Value": "IyEvYmluL3NoCnl1bSBpbnN0YWxsIC15IGh0dHBkCg==" } }),
        json!({ "UserData": {} }),
        json!({ "Policy": "{\"Statement\":[{\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"*\"}]}" }),
        json!({ "HttpTokens": "required", "TokenType": "JWT" }),
    ] {
        let mut redacted = answer.clone();
        hashing().answer(&mut redacted);
        assert_eq!(redacted, answer);
    }
}

#[test]
fn nothing_of_a_secret_reaches_any_file_not_even_the_journal() {
    let memory = Memory::new();
    let redactor = Redactor::of_folder(&memory).expect("it makes a key");
    let (mut store, _) = Store::open(Arc::new(memory.clone()), redactor).expect("it opens");
    store.begin(&manifest()).expect("it begins");
    let answer = json!({ "Functions": [{ "Environment": { "Variables": { "DB_PASSWORD": "hunter2", "K": RANDOM } } }] });
    let entry = JournalEntry {
        purpose: For::Shared("s".into()),
        account: account("111122223333"),
        region: None,
        service: "lambda".into(),
        operation: "ListFunctions".into(),
        parameters: parameters_hash(&json!({})),
        time: TIME.into(),
        attempts: 1,
        answer: Answer::Output(answer),
    };
    store.journal_append(&[entry]).expect("it is noted");
    let variables = json!({ "Environment": { "Variables": { "DB_PASSWORD": "hunter2", "K": RANDOM } } });
    let mut function = record(BUCKETS, "f", variables);
    function.parts.insert(
        "Policy".into(),
        Part::Unread {
            asked: asked("x:Y"),
            failure: "denied".into(),
            code: "No".into(),
            message: "at https://me:hunter2@example.com".into(),
        },
    );
    store.seal(&cell(BUCKETS, State::Read, 1), vec![function]).expect("it is sealed");
    for (path, bytes) in memory.contents() {
        let mut plain = Vec::new();
        let unpacked = std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut plain);
        let text = String::from_utf8_lossy(if unpacked.is_ok() { &plain } else { &bytes }).into_owned();
        assert!(!text.contains("hunter2") && !text.contains(RANDOM), "{path}: {text}");
    }
    let key = memory.contents()["key"].clone();
    memory.restart();
    let again = Redactor::of_folder(&memory).expect("it is there");
    assert_eq!(memory.contents()["key"], key);
    assert_eq!(
        again.key_name(),
        parse_key(&String::from_utf8_lossy(&key)).and_then(|key| Redactor::with_key(key).key_name())
    );
}

#[test]
fn a_key_that_is_none_is_an_error() {
    let memory = Memory::new();
    memory.put("key", "short");
    let error = Redactor::of_folder(&memory).expect_err("it is none").to_string();
    assert_eq!(
        error,
        "`key` holds no key: 64 hexadecimal digits are expected, as `openssl rand -hex 32` prints"
    );
    for text in ["", "é", &"g".repeat(64), &"é".repeat(32), &"0".repeat(63)] {
        assert_eq!(parse_key(text), None, "{text}");
    }
    assert_eq!(parse_key(&format!(" {}\n", "0f".repeat(32))), Some([15; 32]));
}

#[test]
fn markers_that_somebody_else_wrote_are_bounded_and_never_a_known_secret() {
    for (marker, expected) in [
        (json!({ "$secret": "text" }), r#"{x: {$secret: "text"}}"#),
        (json!({ "$secret": { "parts": [], "around": [] } }), "{x: ? "),
        (json!({ "$secret": { "parts": [{}], "around": ["a", "b"] } }), "{x: ? "),
        (json!({ "$secret": { "parts": 7, "around": 7 } }), "{x: {$secret: "),
    ] {
        assert!(seen(json!({ "x": marker })).starts_with(expected), "{expected}");
    }
}

#[test]
fn a_later_snapshot_takes_over_the_key_of_an_earlier_one() {
    let (earlier, later) = (Memory::new(), Memory::new());
    let first = Redactor::of_folder(&earlier).expect("it makes a key");
    let second = Redactor::of_folder_like(&later, &earlier).expect("it takes the key");
    assert_eq!(first.key_name(), second.key_name());
    assert_eq!(later.contents()["key"], earlier.contents()["key"]);
    // One that has a key keeps it.
    let other = Memory::new();
    let own = Redactor::of_folder(&other).expect("it makes a key").key_name();
    assert_eq!(Redactor::of_folder_like(&other, &earlier).expect("it has one").key_name(), own);
}
