//! Small random worlds, in which everybody is asked about everything in every context, and who-can says the same.

use crate::world::{ACCOUNTS, random};
use palisade_access::{Organisation, Side, Wanted, Who, question, who_can};
use palisade_iam::{Entry, Outcome, Rest, decide};
use palisade_identity::Asked;
use std::collections::{BTreeMap, BTreeSet};

const ACTIONS: [&str; 2] = ["s3:GetObject", "s3:PutObject"];

type Told = Vec<(String, Entry)>;

/// All the contexts that the conditions of these worlds tell apart.
fn contexts(principal: &str) -> Vec<Told> {
    let mut all: Vec<Told> = vec![vec![]];
    let mut vary = |key: &str, entries: &[Entry]| {
        let with = |told: &Told, entry: &Entry| -> Told {
            told.iter().cloned().chain([(key.to_owned(), entry.clone())]).collect()
        };
        all = all
            .iter()
            .flat_map(|told| entries.iter().map(move |entry| (told, entry)))
            .map(|(t, e)| with(t, e))
            .collect();
    };
    vary("aws:SourceIp", &[Entry::value("10.1.2.3"), Entry::value("203.0.113.9"), Entry::Absent]);
    vary("aws:SourceVpc", &[Entry::value("vpc-1"), Entry::value("vpc-2"), Entry::Absent]);
    if principal.contains(":role/") {
        // Sessions may bring tags, and may be made with MFA.
        vary("aws:MultiFactorAuthPresent", &[Entry::value("true"), Entry::value("false")]);
    }
    all
}

fn outcome(
    organisation: &Organisation,
    principal: &str,
    action: &str,
    resource: &str,
    told: &Told,
) -> Outcome {
    let mut asked = Asked::new(principal, action, resource);
    asked.context.clone_from(told);
    asked.rest = Rest::Absent;
    let (request, policies) = question(organisation.identities(), asked, Side::Told).unwrap();
    decide(&request, &policies).outcome
}

/// In which contexts is the request allowed: in none, some, all?
fn allowed(
    organisation: &Organisation,
    principal: &str,
    action: &str,
    resource: &str,
    count: &mut usize,
) -> (bool, bool) {
    let (mut any, mut all) = (false, true);
    for told in contexts(principal) {
        *count += 1;
        let is_allowed = outcome(organisation, principal, action, resource, &told) == Outcome::Allowed;
        any |= is_allowed;
        all &= is_allowed;
    }
    (any, all)
}

fn text(who: &Who) -> String {
    match who {
        Who::Root(account) => format!("arn:aws:iam::{account}:root"),
        other => other.name().to_owned(),
    }
}

/// Everybody of the world who asks.
fn everybody(organisation: &Organisation) -> Vec<String> {
    let principals = organisation.identities().principals().into_iter().map(str::to_owned);
    let roots = ACCOUNTS.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    principals.chain(roots).chain(["anonymous".to_owned()]).collect()
}

/// Compares who-can with all the answers, for one world; returns how many questions that were.
fn compare(seed: u64) -> usize {
    let organisation = random(seed);
    let mut count = 0;
    let everybody = everybody(&organisation);
    let roles: Vec<String> = everybody.iter().filter(|who| who.contains(":role/")).cloned().collect();
    let mut assumes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for role in &roles {
        for who in everybody.iter().filter(|who| *who != "anonymous") {
            if allowed(&organisation, who, "sts:AssumeRole", role, &mut count).0 {
                assumes.entry(role).or_default().insert(who);
            }
        }
    }
    let buckets =
        ACCOUNTS.iter().flat_map(|account| ["x", "y"].map(|key| format!("arn:aws:s3:::b{account}/{key}")));
    for resource in buckets {
        for action in ACTIONS {
            let answer = who_can(&organisation, &Wanted::new(action, resource.as_str())).unwrap();
            let place = format!("seed {seed}: {action} {resource}");
            let mut found: BTreeMap<String, bool> = BTreeMap::new();
            let mut through: BTreeSet<String> = BTreeSet::new();
            for grant in &answer.can {
                for who in &grant.who {
                    match grant.through.is_empty() {
                        true => {
                            found.insert(text(who), grant.conditions.is_empty());
                        }
                        false => {
                            through.insert(text(who));
                        }
                    }
                }
                // The witness is allowed as it stands.
                let witness = &grant.witness;
                let told: Told = witness
                    .context
                    .iter()
                    .map(|(key, values)| {
                        let entry = values
                            .as_ref()
                            .map_or(Entry::Absent, |v| Entry::values(v.iter().map(String::as_str)));
                        (key.clone(), entry)
                    })
                    .collect();
                if organisation.identities().has(&witness.principal) || witness.principal == "anonymous" {
                    let said =
                        outcome(&organisation, &witness.principal, &witness.action, &witness.resource, &told);
                    assert_eq!(said, Outcome::Allowed, "{place}: {witness:?}");
                }
            }
            assert!(
                answer.unknown.is_empty(),
                "{place}: nothing is open in these worlds: {:?}",
                answer.unknown
            );
            let mut can: BTreeSet<&str> = BTreeSet::new();
            for who in &everybody {
                let (any, all) = allowed(&organisation, who, action, &resource, &mut count);
                match found.get(who) {
                    Some(is_always) => {
                        assert!(any, "{place}: {who} cannot, and is said to");
                        assert!(all || !is_always, "{place}: {who} can only sometimes");
                    }
                    None => assert!(!any, "{place}: {who} can, and is not found"),
                }
                if any {
                    can.insert(who);
                }
            }
            let mut closure = can.clone();
            loop {
                let more: Vec<&str> = closure
                    .iter()
                    .filter_map(|role| assumes.get(role))
                    .flatten()
                    .copied()
                    .filter(|who| !closure.contains(who))
                    .collect();
                if more.is_empty() {
                    break;
                }
                closure.extend(more);
            }
            for who in &everybody {
                let is_through = closure.contains(who.as_str()) && !can.contains(who.as_str());
                assert_eq!(through.contains(who), is_through, "{place}: {who} through roles");
            }
        }
    }
    count
}

#[test]
fn who_can_agrees_with_asking_everybody_about_everything() {
    let worlds = std::env::var("PALISADE_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let count: usize = (1..=worlds).map(compare).sum();
    eprintln!("who-can agrees with {count} questions in {worlds} worlds");
    assert!(count > 10_000 || worlds < 12);
}
