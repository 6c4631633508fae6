//! Runs the corpus of questions over organisations, where PALISADE_CORPORA says where it is; says loudly when it does not.

use palisade_access::{Grant, Organisation, Wanted, Who, who_can};
use palisade_content::{load as load_pages, shipped};
use palisade_iam::Entry;
use palisade_identity::Identities;
use palisade_kinds::resolve;
use palisade_model::{Estate, Node, Value as ModelValue};
use palisade_read_aws::{Export, Loaded, load};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The folder of the corpus, or nothing, said loudly.
pub fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("PALISADE_CORPORA").map(|folder| PathBuf::from(folder).join("iam/who-can"));
    if folder.is_none() {
        eprintln!(
            "SKIPPED: PALISADE_CORPORA is not set, so the corpus of questions over organisations was not run"
        );
    }
    folder
}

/// Expectations that AWS's documentation contradicts: the case, and who is not or is beside those that it expects.
///
/// "You must use the `Principal` element in resource-based policies" (IAM user guide, "AWS JSON policy elements:
/// Principal"): a bucket policy with a statement that has none is refused whole, so none of its statements grants.
const OVERRIDES: &[(&str, &str)] = &[
    (
        "sibling statement in no-Principal resource policy still yields the expected principal",
        "IAMCollect\") is expected and not found",
    ),
    (
        "full whoCan on no-principal-bucket across s3:ListBucket and s3:GetBucketPolicy (no principalScope)",
        "(\"ListBucket\", \"arn:aws:iam::100000000002:role/IAMCollect\") is expected and not found",
    ),
];

pub fn estates(exports: Vec<Export>, change: &dyn Fn(&mut Export)) -> Vec<Estate> {
    let (library, _) = load_pages(&shipped());
    let estate = |mut export: Export| {
        change(&mut export);
        Estate {
            resources: resolve(export.resources, library.kinds()),
            accounts: export.accounts,
            organisation: export.organisation,
        }
    };
    exports.into_iter().map(estate).collect()
}

fn json(folder: &std::path::Path, name: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn texts(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Sets something of all buckets, at a path of names.
fn set(export: &mut Export, path: &[&str], text: &str) {
    for resource in export.resources.iter_mut().filter(|of| of.source_type.as_ref() == "AWS::S3::Bucket") {
        let origin = resource.raw.origin.clone();
        let mut node = Node::new(ModelValue::text(text), origin.clone());
        for name in path[1..].iter().rev() {
            node = Node::new(ModelValue::map([((*name).into(), node)]), origin.clone());
        }
        if let ModelValue::Map(map) = &mut resource.raw.value {
            map.entries.insert(path[0].into(), node);
        }
    }
}

/// The corpus knows of no access control lists: its buckets are as new ones are.
fn new_buckets(export: &mut Export) {
    set(
        export,
        &["OwnershipControls", "OwnershipControls", "Rules", "ObjectOwnership"],
        "BucketOwnerEnforced",
    );
}

/// Is somebody within what a case limits its question to?
fn is_within(scope: Option<&Json>, who: &str) -> bool {
    let Some(scope) = scope else { return true };
    let account = who.split(':').nth(4).unwrap_or_default();
    texts(&scope["accounts"]).iter().any(|of| of == account)
        || texts(&scope["principals"]).iter().any(|of| of == who)
}

#[test]
fn the_questions_of_the_corpus_are_answered_as_it_expects() {
    let Some(folder) = corpus() else { return };
    let Loaded::Exports(exports) = load(&folder.join("dataset-1")).unwrap() else { panic!("no such folder") };
    for export in &exports {
        assert!(export.diagnostics.is_empty(), "{:?}", export.diagnostics);
    }
    let organisation = |status: Option<&str>| {
        let change = |export: &mut Export| {
            new_buckets(export);
            status.into_iter().for_each(|status| set(export, &["Abac", "AbacStatus", "Status"], status));
        };
        Organisation::new(Identities::of(&estates(exports.clone(), &change)))
    };
    let usual = organisation(None);
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for case in json(&folder, "whoCanIntegrationTests.json") {
        let (name, request, expected) = (case["name"].as_str().unwrap(), &case["request"], &case["expected"]);
        let changed = match request["s3AbacOverride"].as_str() {
            Some("enabled") => Some(organisation(Some("Enabled"))),
            Some("disabled") => Some(organisation(Some("Disabled"))),
            _ => None,
        };
        let organisation = changed.as_ref().unwrap_or(&usual);
        let scope = Some(&request["principalScope"]).filter(|scope| scope.is_object());
        let mut found: BTreeMap<(String, String), Grant> = BTreeMap::new();
        let mut outside: BTreeSet<String> = BTreeSet::new();
        let mut unknown = Vec::new();
        for action in texts(&request["actions"]) {
            let mut wanted = Wanted::new(action.as_str(), request["resource"].as_str().unwrap_or("*"));
            wanted.resource_account = request["resourceAccount"].as_str().map(str::to_owned);
            wanted.chains = false;
            wanted.context =
                texts(&request["strictContextKeys"]).into_iter().map(|key| (key, Entry::Absent)).collect();
            let answer = who_can(organisation, &wanted).unwrap();
            unknown.extend(answer.unknown.iter().map(|group| format!("{} {:?}", group.why, group.such_as)));
            outside.extend(answer.nobody.iter().cloned());
            for grant in answer.can {
                for who in &grant.who {
                    match who {
                        Who::User(_) | Who::Role(_) | Who::Service(_) if is_within(scope, who.name()) => {
                            let action = action.rsplit(':').next().unwrap().to_owned();
                            found.insert((action, who.name().to_owned()), grant.clone());
                        }
                        // The corpus does not ask about root users.
                        Who::Organisation(name) | Who::Account(name) | Who::Outside(name) => {
                            outside.insert(name.to_string());
                        }
                        _ => {}
                    }
                }
            }
        }
        asked += 1;
        let mut differs = Vec::new();
        let mut wanted = BTreeMap::new();
        for who in expected["who"].as_array().into_iter().flatten() {
            let key =
                (who["action"].as_str().unwrap().to_owned(), who["principal"].as_str().unwrap().to_owned());
            wanted.insert(key, who.clone());
        }
        for (key, who) in &wanted {
            match found.get(key) {
                None => differs.push(format!("{key:?} is expected and not found")),
                Some(grant) => {
                    if who["conditions"].is_object() == grant.conditions.is_empty() {
                        differs.push(format!("{key:?}: {} but {:?}", who["conditions"], grant.conditions));
                    }
                    let by_name = grant.conditions.iter().any(|phrase| phrase.contains("session is called"));
                    if (who["dependsOnSessionName"] == true) != by_name {
                        differs.push(format!("{key:?}: session {:?}", grant.conditions));
                    }
                }
            }
        }
        for key in found.keys().filter(|key| !wanted.contains_key(*key)) {
            differs.push(format!("{key:?} is found and not expected"));
        }
        for name in ["organizationsNotFound", "accountsNotFound", "principalsNotFound"] {
            for who in texts(&expected[name]) {
                if !outside.contains(&who) && scope.is_none() {
                    differs.push(format!("{who} is outside and was not found: {outside:?}"));
                }
            }
        }
        differs.retain(|said| !OVERRIDES.iter().any(|(of, part)| *of == name && said.contains(part)));
        if !differs.is_empty() {
            wrong.push(format!("{name}\n    {}\n    unknown: {unknown:?}", differs.join("\n    ")));
        }
    }
    eprintln!("who-can: {asked} cases, {} as expected", asked - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every action that the corpus expects somebody to be allowed is there, on what it expects, and no other.
#[test]
fn what_the_corpus_expects_somebody_to_be_able_to_do_is_found() {
    let Some(folder) = corpus() else { return };
    let Loaded::Exports(exports) = load(&folder.join("dataset-1")).unwrap() else { panic!("no such folder") };
    let organisation = Organisation::new(Identities::of(&estates(exports, &new_buckets)));
    let mut wrong = Vec::new();
    for case in json(&folder, "principalCanIntegrationTests.json") {
        let principal = case["input"]["principal"].as_str().unwrap();
        let answer = palisade_access::can(&organisation, principal, 20_000).unwrap();
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |actions: &palisade_access::ByService, resources: &[String]| {
            for (service, levels) in actions {
                for name in levels.values().flatten() {
                    found.entry(format!("{service}:{name}")).or_default().extend(resources.iter().cloned());
                }
            }
        };
        // What a key's own policy must let too, the corpus lists for the keys that it has: none.
        let is_sure = |of: &&palisade_access::Permission| {
            !of.conditions.iter().any(|c| c.starts_with("the key's own policy"))
        };
        answer.permissions.iter().filter(is_sure).for_each(|of| add(&of.actions, &of.resources));
        answer.reach.iter().for_each(|of| add(&of.actions, std::slice::from_ref(&of.resource)));
        let mut expected = BTreeSet::new();
        for statement in
            case["expected"]["Statement"].as_array().unwrap().iter().filter(|of| of["Effect"] == "Allow")
        {
            let actions = statement["Action"]
                .as_str()
                .map_or_else(|| texts(&statement["Action"]), |one| vec![one.to_owned()]);
            for action in actions {
                for resource in texts(&statement["Resource"]) {
                    let is_there = found.get(&action).is_some_and(|known| {
                        known.iter().any(|of| {
                            of == "*"
                                || resource.starts_with(of.trim_end_matches('*'))
                                || of.starts_with(resource.trim_end_matches('*'))
                        })
                    });
                    if !is_there {
                        wrong.push(format!(
                            "{principal}: {action} on {resource} is expected: {:?}",
                            found.get(&action)
                        ));
                    }
                }
                expected.insert(action);
            }
        }
        for action in found.keys().filter(|action| !expected.contains(*action)) {
            wrong.push(format!("{principal}: {action} is found and not expected: {:?}", found[action]));
        }
    }
    wrong.retain(|said| !CAN_OVERRIDES.iter().any(|(part, _)| said.contains(part)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the corpus expects somebody to be able to do, and AWS's documentation says they can't, or the other way around.
const CAN_OVERRIDES: &[(&str, &str)] = &[(
    "s3:ListBucket on arn:aws:s3:::no-principal-bucket is expected",
    "a bucket policy with a statement without `Principal` is refused whole",
)];
