//! What the simulated APIs answer: in the models' shapes, page by page, the same as the estate says.

use palisade_aws::{Ask, CallFailure, FailureKind, Pager, models};
use palisade_content::{Library, load, shipped};
use palisade_kinds::{Collect, Kind, Scope};
use palisade_model::{
    AccountId, Attribute, Call, Existence, Node, Origin, RawResource, Region, Resource, Source,
};
use palisade_sim::api::{Api, Change, Fault, Faults, How, Options, Permissions, problems};
use palisade_sim::{Organisation, Purpose, Size};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

fn library() -> Library {
    load(&shipped()).0
}

fn organisation(accounts: usize) -> Organisation {
    Organisation::new(Size { seed: 7, accounts })
}

/// Somebody who asks one thing after the other, and looks at the shape of each answer.
struct Walker {
    api: Api,
    now: Duration,
    problems: BTreeSet<String>,
    asked: BTreeSet<String>,
}

impl Walker {
    fn new(library: &Library, accounts: usize, options: Options) -> Self {
        let api = Api::new(organisation(accounts), library.kinds(), options);
        Self { api, now: Duration::ZERO, problems: BTreeSet::new(), asked: BTreeSet::new() }
    }

    fn once(
        &mut self,
        account: AccountId,
        region: &Region,
        call: &str,
        parameters: Value,
    ) -> Result<Value, CallFailure> {
        let (service, operation) = call.split_once('.').unwrap();
        let ask = Ask {
            account,
            region: region.clone(),
            service: service.into(),
            operation: operation.into(),
            parameters,
        };
        self.now += Duration::from_millis(1_100);
        let (_, answer) = self.api.answer(self.now, &ask);
        self.asked.insert(call.to_owned());
        if let Ok(answer) = &answer {
            let service = models().service(service).unwrap();
            let found = problems(service, &service.operations[operation], answer);
            self.problems.extend(found.into_iter().map(|problem| format!("{call}: {problem}")));
        }
        answer
    }

    fn pages(
        &mut self,
        account: AccountId,
        region: &Region,
        call: &str,
        parameters: &Value,
    ) -> Result<Vec<Value>, CallFailure> {
        let (service, operation) = call.split_once('.').unwrap();
        let operation = &models().service(service).unwrap().operations[operation];
        let mut pager = Pager::new(operation, parameters);
        let mut pages = Vec::new();
        loop {
            let answer = self.once(account, region, call, pager.parameters())?;
            let more = pager.answered(&answer).unwrap();
            pages.push(answer);
            if !more {
                return Ok(pages);
            }
        }
    }

    /// The documents of a kind, as its block says that they are put together.
    fn documents(
        &mut self,
        kind: &Kind,
        account: AccountId,
        region: &Region,
    ) -> Result<Vec<Value>, CallFailure> {
        let Some((listing, others)) = kind.collect.split_first() else { return Ok(Vec::new()) };
        if listing.parent.is_some() {
            return Ok(Vec::new());
        }
        let nothing = json!({ "AccountId": account.to_string() });
        let listed = self.pages(account, region, &name(listing), &filled(listing, &nothing));
        let listed = match listed {
            Err(failure) if listing.none_when.contains(&failure.code) => return Ok(Vec::new()),
            listed => listed?,
        };
        let mut documents: Vec<Value> = match &listing.into {
            Some(into) => listed.iter().map(|page| json!({ into.as_ref(): page })).collect(),
            None => listed.iter().flat_map(|page| items(listing, page)).collect(),
        };
        for document in &mut documents {
            for other in others {
                let answer = self.once(account, region, &name(other), filled(other, document));
                let into = other.into.as_deref().unwrap();
                match answer {
                    Ok(answer) => document[into] = answer,
                    Err(failure) if other.none_when.contains(&failure.code) => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok(documents)
    }
}

fn name(collect: &Collect) -> String {
    format!("{}.{}", collect.service, collect.operation)
}

fn filled(collect: &Collect, document: &Value) -> Value {
    fn fill(value: Value, document: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(field) => match field.split('.').fold(document, |document, name| &document[name]) {
                    Value::Number(number) => json!(number.to_string()),
                    other => other.clone(),
                },
                None => Value::String(text),
            },
            Value::Array(items) => items.into_iter().map(|item| fill(item, document)).collect(),
            Value::Object(entries) => Value::Object(
                entries.into_iter().map(|(name, value)| (name, fill(value, document))).collect(),
            ),
            other => other,
        }
    }
    let with =
        collect.with.iter().map(|(name, node)| (name.to_string(), fill(node.value.to_json(), document)));
    Value::Object(with.collect::<Map<_, _>>())
}

fn items(collect: &Collect, page: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for path in &collect.each.as_ref().unwrap().0 {
        let mut at: Vec<(Value, Map<String, Value>)> = vec![(page.clone(), Map::new())];
        for step in &path.steps {
            at = at
                .into_iter()
                .flat_map(|(value, mut kept)| {
                    for keep in &collect.keep {
                        if let Some(value) = value.get(keep.as_ref()) {
                            kept.insert(keep.to_string(), value.clone());
                        }
                    }
                    let below = match &value[step.name.as_ref()] {
                        Value::Array(items) => items.clone(),
                        Value::Null => Vec::new(),
                        one => vec![one.clone()],
                    };
                    below.into_iter().map(move |value| (value, kept.clone())).collect::<Vec<_>>()
                })
                .collect();
        }
        all.extend(at.into_iter().map(|(value, kept)| match value {
            Value::Object(mut entries) => {
                entries.extend(kept);
                Value::Object(entries)
            }
            text => json!({ collect.id[0].as_ref(): text }),
        }));
    }
    all
}

fn raw(kind: &Kind, account: AccountId, region: &Region, name: &str, document: &Value) -> RawResource {
    let call = Call {
        operation: "a:B".to_owned(),
        account: Some(account),
        region: Some(region.clone()),
        time: None,
    };
    let origin = Origin::Call(Arc::new(call));
    RawResource {
        source: Source::Live,
        source_type: kind.kind.to_string().as_str().into(),
        address: palisade_model::Address { root: "".into(), name: name.into() },
        existence: Existence::Yes,
        raw: node(document, &origin),
        account: Some(account),
        region: Some(region.clone()),
        origin,
    }
}

fn node(value: &Value, origin: &Origin) -> Node {
    use palisade_model::Value as Is;
    let value = match value {
        Value::Null => Is::Null,
        Value::Bool(value) => Is::Bool(*value),
        Value::Number(number) => Is::Number(number.clone()),
        Value::String(text) => Is::text(text.as_str()),
        Value::Array(items) => Is::list(items.iter().map(|item| node(item, origin)).collect()),
        Value::Object(entries) => {
            Is::map(entries.iter().map(|(name, value)| (name.as_str().into(), node(value, origin))))
        }
    };
    Node::new(value, origin.clone())
}

/// Kinds with their names, and each with its attributes as text.
fn told(resources: &[Resource]) -> BTreeMap<(String, String, String), BTreeSet<String>> {
    let mut all: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for resource in resources {
        let Some(kind) = &resource.kind else { continue };
        // Which of an account's own policies a role has, the estate says with the policy only; the rest it doesn't plant.
        let is_compared = |name: &str| match kind.as_str() {
            "AWS::IAM::Role" => name != "managed_policies",
            "AWS::IAM::User" => !["access_keys", "has_password", "mfa_devices"].contains(&name),
            "AWS::EC2::Instance" => name != "state",
            _ => true,
        };
        let attributes = resource.attributes.iter().filter(|(name, _)| is_compared(name));
        let text = attributes.map(|(name, attribute)| match attribute {
            Attribute::Known(node) => format!("{name}={}", node.value.to_json()),
            Attribute::Absent(meaning, _) => {
                format!("{name} absent {meaning:?}").split("origin").next().unwrap().to_owned()
            }
            Attribute::Unknown(..) => format!("{name} unknown"),
        });
        let account = resource.declared.account.map(|account| account.to_string()).unwrap_or_default();
        let mut text: Vec<String> = text.collect();
        text.sort();
        all.entry((account, kind.to_string(), text.join("\n"))).or_default().insert(String::new());
    }
    all
}

#[test]
fn a_walk_through_all_accounts_finds_just_what_the_estate_has() {
    let library = library();
    let mut walker = Walker::new(&library, 12, Options::default());
    let organisation = organisation(12);
    let estate = organisation.estate(library.kinds());
    let planted: BTreeSet<_> = estate.resources.iter().filter_map(|resource| resource.kind.clone()).collect();
    let mut found = Vec::new();
    for account in organisation.accounts.iter().filter(|account| account.purpose != Purpose::Suspended) {
        for kind in library.kinds().iter().filter(|kind| planted.contains(&kind.kind)) {
            // Only the account that manages the organisation may look at it.
            let is_organisations = kind.kind.as_str().starts_with("AWS::Organizations::");
            let is_regional =
                kind.collect.first().is_some_and(|first| first.scope == Some(Scope::EveryRegion));
            if is_organisations && account.purpose != Purpose::Management {
                continue;
            }
            let documents = walker.documents(kind, account.id, &account.region).unwrap();
            for (place, document) in documents.iter().enumerate() {
                let name = format!("{}/{}/{place}", account.id, kind.kind);
                found.push(raw(kind, account.id, &account.region, &name, document));
            }
            if is_regional && account.purpose == Purpose::Production {
                let other: Region = "sa-east-1".parse().unwrap();
                assert_eq!(walker.documents(kind, account.id, &other).unwrap(), Vec::<Value>::new());
            }
        }
    }
    assert_eq!(walker.problems, BTreeSet::new());
    let count = found.len();
    let collected = told(&palisade_kinds::resolve(found, library.kinds()));
    // AWS's own policies are nobody's, and closed accounts answer nothing.
    let is_seen = |resource: &&Resource| {
        let address = &resource.declared.address.name;
        !address.starts_with("arn:aws:iam::aws:")
            && resource
                .declared
                .account
                .and_then(|id| organisation.account(id))
                .is_some_and(|account| account.purpose != Purpose::Suspended)
    };
    let expected: Vec<Resource> = estate.resources.iter().filter(is_seen).cloned().collect();
    let expected = told(&expected);
    // RCPs are not among the policies that the kind's own call lists, and what roles that nobody declared may do is not
    // a resource of its own in the estate.
    let is_apart = |(_, kind, text): &&(String, String, String)| match kind.as_str() {
        "AWS::Organizations::Policy" => text.contains("RESOURCE_CONTROL_POLICY"),
        "AWS::IAM::Policy" => text.contains("AWSReservedSSO_") || text.contains("default-machine"),
        _ => false,
    };
    let show = |(account, kind, text): &(String, String, String)| format!("{account} {kind}\n{text}");
    let missing: Vec<String> =
        expected.keys().filter(|key| !collected.contains_key(*key) && !is_apart(key)).map(show).collect();
    let more: Vec<String> =
        collected.keys().filter(|key| !expected.contains_key(*key) && !is_apart(key)).map(show).collect();
    let first = |all: &[String]| all.iter().take(4).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(
        missing.is_empty() && more.is_empty(),
        "{} missing:\n{}\n\n{} more:\n{}",
        missing.len(),
        first(&missing),
        more.len(),
        first(&more)
    );
    assert!(count > 300, "{count}");
}

const HOME: &str = "eu-west-1";

fn home() -> Region {
    HOME.parse().unwrap()
}

/// What an account has of one purpose.
fn account(organisation: &Organisation, purpose: Purpose) -> AccountId {
    organisation.accounts.iter().find(|account| account.purpose == purpose).unwrap().id
}

#[test]
fn every_call_that_a_kind_names_answers_in_its_shape_also_where_nothing_is() {
    let library = library();
    let mut walker = Walker::new(&library, 10, Options::default());
    let account = account(&organisation(10), Purpose::Sandbox);
    let listing = library.kinds().iter().filter_map(|kind| kind.collect.first());
    let listing: Vec<&Collect> = listing.filter(|first| first.parent.is_none()).collect();
    for collect in &listing {
        let asked = filled(collect, &json!({ "AccountId": account.to_string() }));
        match walker.once(account, &"us-west-2".parse().unwrap(), &name(collect), asked) {
            Ok(_) => {}
            Err(failure) => assert!(
                collect.none_when.contains(&failure.code) || failure.code.as_ref() == "AccessDeniedException",
                "{failure:?}"
            ),
        }
    }
    assert_eq!(walker.problems, BTreeSet::new());
    assert!(walker.asked.len() >= 30);
}

#[test]
fn the_organisation_and_its_identities_answer_in_their_shapes() {
    let library = library();
    let mut walker = Walker::new(&library, 30, Options::default());
    let organisation = organisation(30);
    let management = organisation.accounts[0].id;
    let root = organisation.root.id.clone();
    let policy = organisation.policies.keys().next().unwrap().clone();
    let unit = organisation.root.units[0].id.clone();
    let counted = |walker: &mut Walker, call: &str, parameters: Value, list: &str| -> usize {
        let pages = walker.pages(management, &home(), call, &parameters).unwrap();
        pages.iter().map(|page| page[list].as_array().map_or(0, Vec::len)).sum()
    };
    for (call, parameters, list, expected) in [
        ("organizations.ListRoots", json!({}), "Roots", 1),
        ("organizations.ListAccounts", json!({}), "Accounts", 30),
        (
            "organizations.ListOrganizationalUnitsForParent",
            json!({ "ParentId": root }),
            "OrganizationalUnits",
            5,
        ),
        ("organizations.ListAccountsForParent", json!({ "ParentId": root }), "Accounts", 1),
        ("organizations.ListPolicies", json!({ "Filter": "SERVICE_CONTROL_POLICY" }), "Policies", 4),
        ("organizations.ListPolicies", json!({ "Filter": "RESOURCE_CONTROL_POLICY" }), "Policies", 1),
        ("organizations.ListPolicies", json!({ "Filter": "TAG_POLICY" }), "Policies", 0),
        ("organizations.ListDelegatedAdministrators", json!({}), "DelegatedAdministrators", 1),
        ("sso-admin.ListInstances", json!({}), "Instances", 1),
        (
            "identitystore.ListUsers",
            json!({ "IdentityStoreId": organisation.directory }),
            "Users",
            organisation.people.len(),
        ),
        (
            "identitystore.ListGroups",
            json!({ "IdentityStoreId": organisation.directory }),
            "Groups",
            organisation.groups.len(),
        ),
        ("ec2.DescribeRegions", json!({}), "Regions", 17),
        ("account.ListRegions", json!({}), "Regions", 27),
    ] {
        assert_eq!(counted(&mut walker, call, parameters, list), expected, "{call}");
    }
    let sets = walker.pages(management, &home(), "sso-admin.ListInstances", &json!({})).unwrap();
    let instance = sets[0]["Instances"][0]["InstanceArn"].clone();
    let sets = walker
        .pages(management, &home(), "sso-admin.ListPermissionSets", &json!({ "InstanceArn": instance }))
        .unwrap();
    let set = sets[0]["PermissionSets"][0].clone();
    let of_set = json!({ "InstanceArn": instance, "PermissionSetArn": set });
    let mut of_account = of_set.clone();
    of_account["AccountId"] = json!(management.to_string());
    for (call, parameters) in [
        ("sts.GetCallerIdentity", json!({})),
        (
            "sts.AssumeRole",
            json!({ "RoleArn": format!("arn:aws:iam::{management}:role/r"), "RoleSessionName": "s" }),
        ),
        ("organizations.DescribeOrganization", json!({})),
        ("organizations.DescribePolicy", json!({ "PolicyId": policy })),
        ("organizations.ListTargetsForPolicy", json!({ "PolicyId": policy })),
        ("organizations.ListTagsForResource", json!({ "ResourceId": management.to_string() })),
        ("organizations.ListParents", json!({ "ChildId": unit })),
        (
            "organizations.ListPoliciesForTarget",
            json!({ "TargetId": unit, "Filter": "SERVICE_CONTROL_POLICY" }),
        ),
        ("organizations.DescribeAccount", json!({ "AccountId": management.to_string() })),
        ("organizations.ListAWSServiceAccessForOrganization", json!({})),
        ("iam.GetAccountAuthorizationDetails", json!({})),
        ("iam.GetAccountSummary", json!({})),
        ("iam.ListPolicies", json!({ "Scope": "All" })),
        (
            "iam.GetPolicyVersion",
            json!({ "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "VersionId": "v1" }),
        ),
        ("sso-admin.DescribePermissionSet", of_set.clone()),
        ("sso-admin.GetInlinePolicyForPermissionSet", of_set.clone()),
        ("sso-admin.ListManagedPoliciesInPermissionSet", of_set.clone()),
        ("sso-admin.ListAccountsForProvisionedPermissionSet", of_set),
        ("sso-admin.ListAccountAssignments", of_account),
        ("guardduty.ListDetectors", json!({})),
        ("wafv2.ListWebACLs", json!({ "Scope": "REGIONAL" })),
    ] {
        walker
            .once(management, &home(), call, parameters)
            .unwrap_or_else(|failure| panic!("{call}: {failure:?}"));
    }
    assert_eq!(walker.problems, BTreeSet::new());
    // What a member may not ask is refused.
    let member = organisation.accounts[5].id;
    let refused = walker.once(member, &home(), "organizations.ListAccounts", json!({})).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_ref()), (FailureKind::Denied, "AccessDeniedException"));
}

#[test]
fn the_many_are_listed_page_by_page_and_each_is_found_again() {
    let library = library();
    let options = Options { bulk: 700, ..Options::default() };
    let mut walker = Walker::new(&library, 10, options);
    let account = account(&organisation(10), Purpose::Production);
    let region: Region = "us-west-2".parse().unwrap();
    let mut sum = 0;
    for kind in library.kinds().iter() {
        let Some(first) = kind
            .collect
            .first()
            .filter(|first| first.scope == Some(Scope::EveryRegion) && first.each.is_some())
        else {
            continue;
        };
        let mut asked = filled(first, &json!({ "AccountId": account.to_string() }));
        if first.service.as_ref() == "ec2" && first.operation.as_ref() != "DescribeImages" {
            asked["MaxResults"] = json!(50);
        }
        let pages = walker.pages(account, &region, &name(first), &asked).unwrap();
        let all: Vec<Value> = pages.iter().flat_map(|page| items(first, page)).collect();
        let ids: BTreeSet<String> =
            all.iter().map(|one| first.id.iter().map(|id| one[id.as_ref()].to_string()).collect()).collect();
        assert_eq!(ids.len(), all.len(), "{}", kind.kind);
        sum += all.len();
        if let Some(last) = all.last() {
            for other in &kind.collect[1..] {
                let answer = walker.once(account, &region, &name(other), filled(other, last));
                assert!(answer.is_ok() || !other.none_when.is_empty(), "{answer:?}");
            }
        }
    }
    assert_eq!(walker.problems, BTreeSet::new());
    // Buckets and roles are listed for the account.
    assert_eq!(sum, 700 - 700 * 60 / 1_000);
    let buckets = walker.once(account, &region, "s3.ListBuckets", json!({})).unwrap();
    assert!(buckets["Buckets"].as_array().unwrap().len() >= 17 * 14);
    let wrong = json!({ "MaxResults": 50, "NextToken": "never-given" });
    assert_eq!(
        walker.once(account, &region, "ec2.DescribeVolumes", wrong).unwrap_err().kind,
        FailureKind::Refused
    );
}

#[test]
fn too_many_calls_are_refused_with_each_services_own_code() {
    let library = library();
    let organisation = organisation(10);
    let account = account(&organisation, Purpose::Production);
    let mut api = Api::new(organisation, library.kinds(), Options::default());
    let mut hammer = |service: &str, operation: &str, parameters: Value| -> (usize, String) {
        let ask =
            Ask { account, region: home(), service: service.into(), operation: operation.into(), parameters };
        let answers: Vec<_> = (0..130).map(|_| api.answer(Duration::ZERO, &ask).1).collect();
        let refused: Vec<&CallFailure> = answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .filter(|failure| failure.kind == FailureKind::Throttled)
            .collect();
        (130 - refused.len(), refused.first().map(|failure| failure.code.to_string()).unwrap_or_default())
    };
    for (service, operation, parameters, passed, code) in [
        ("ec2", "DescribeVpcs", json!({ "MaxResults": 5 }), 100, "RequestLimitExceeded"),
        ("ec2", "DescribeVolumes", json!({}), 50, "RequestLimitExceeded"),
        ("s3", "ListBuckets", json!({}), 100, "SlowDown"),
        ("iam", "GetAccountPasswordPolicy", json!({}), 40, "Throttling"),
        ("lambda", "ListFunctions", json!({}), 15, "TooManyRequestsException"),
        ("logs", "DescribeLogGroups", json!({}), 10, "ThrottlingException"),
        ("sns", "ListTopics", json!({}), 30, "Throttling"),
        ("kms", "ListKeys", json!({}), 130, ""),
    ] {
        assert_eq!(
            hammer(service, operation, parameters),
            (passed, code.to_owned()),
            "{service}.{operation}"
        );
    }
    let usage = api.usage();
    assert_eq!((usage.calls, usage.buckets["ec2.DescribeVolumes unpaginated"].throttled), (8 * 130, 80));
}

#[test]
fn faults_happen_where_and_when_they_are_told() {
    let library = library();
    let mut walker = Walker::new(&library, 10, Options::default());
    let organisation = organisation(10);
    let account = account(&organisation, Purpose::Production);
    let mut told = |faults: Faults| -> Vec<String> {
        walker.api.set_faults(faults);
        (0..3)
            .map(|_| match walker.once(account, &home(), "ec2.DescribeVolumes", json!({ "MaxResults": 5 })) {
                Ok(answer) if answer.get("NextToken").is_some() => "more".to_owned(),
                Ok(_) => "answered".to_owned(),
                Err(failure) => format!("{}", failure.kind),
            })
            .collect()
    };
    let mut check = |rule: &str, expected: [&str; 3]| {
        let faults = Faults { rules: vec![rule.parse::<Fault>().unwrap()], permissions: None };
        assert_eq!(told(faults), expected, "{rule}");
    };
    check("ec2.DescribeVolumes=access-denied@2", ["answered", "denied", "answered"]);
    check("ec2.*=throttle@first 2", ["throttled", "throttled", "answered"]);
    check("*=500", ["server"; 3]);
    check("*=timeout@1", ["timed-out", "answered", "answered"]);
    check("*=truncated", ["malformed"; 3]);
    check("*=html@3", ["answered", "answered", "malformed"]);
    check("*=expired", ["expired"; 3]);
    check("*=reset", ["transport"; 3]);
    check("*=circle", ["more"; 3]);
    check("iam.*=500", ["answered"; 3]);
    assert_eq!(How::ALL.len(), 12);
    let reads = json!({ "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
    assert_eq!(
        told(Faults { rules: Vec::new(), permissions: Some(Permissions::of(&[reads])) }),
        ["denied"; 3]
    );
}

#[test]
fn a_change_is_seen_by_all_after_a_while_and_recorded_by_cloudtrail() {
    let library = library();
    let mut walker = Walker::new(&library, 10, Options::default());
    let organisation = organisation(10);
    let account =
        organisation.accounts.iter().find(|account| account.purpose == Purpose::Production).unwrap();
    let buckets = walker.once(account.id, &account.region, "s3.ListBuckets", json!({})).unwrap();
    let bucket = buckets["Buckets"][0]["Name"].as_str().unwrap().to_owned();
    let asked = json!({ "Bucket": bucket });
    let is_blocked = |walker: &mut Walker| {
        walker.once(account.id, &account.region, "s3.GetPublicAccessBlock", asked.clone()).is_ok()
    };
    assert!(is_blocked(&mut walker));
    let change = Change::BucketUnblocked { bucket: bucket.clone() };
    let record = walker.api.change(walker.now, account.id, &account.region, &change).unwrap();
    assert_eq!(record["eventName"], "DeleteBucketPublicAccessBlock");
    assert_eq!(record["requestParameters"]["bucketName"], bucket.as_str());
    assert_eq!(record["recipientAccountId"], account.id.to_string());
    walker.now += Duration::from_secs(10);
    assert!((0..5).all(|_| !is_blocked(&mut walker)));
    let change = Change::VolumeMade { volume: "vol-0aaaaaaaaaaaaaaaa".to_owned(), is_encrypted: false };
    walker.api.change(walker.now, account.id, &account.region, &change).unwrap();
    walker.now += Duration::from_secs(10);
    let volumes = walker.once(account.id, &account.region, "ec2.DescribeVolumes", json!({})).unwrap();
    assert!(volumes.to_string().contains("vol-0aaaaaaaaaaaaaaaa"));
    walker
        .api
        .change(walker.now, account.id, &account.region, &Change::BucketDeleted { bucket: bucket.clone() })
        .unwrap();
    walker.now += Duration::from_secs(10);
    let gone = walker.once(account.id, &account.region, "s3.GetBucketAcl", asked).unwrap_err();
    assert_eq!((gone.kind, gone.code.as_ref()), (FailureKind::Absent, "NoSuchBucket"));
    assert_eq!(walker.problems, BTreeSet::new());
}

#[test]
fn whoever_is_not_there_is_refused() {
    let library = library();
    let organisation = organisation(64);
    let mut walker = Walker::new(&library, 64, Options::default());
    let management = organisation.accounts[0].id;
    let not_enabled =
        walker.once(management, &"me-south-1".parse().unwrap(), "ec2.DescribeVpcs", json!({})).unwrap_err();
    assert_eq!((not_enabled.code.as_ref(), not_enabled.kind), ("AuthFailure", FailureKind::Expired));
    let closed = account(&organisation, Purpose::Suspended);
    let role =
        json!({ "RoleArn": format!("arn:aws:iam::{closed}:role/palisade-read"), "RoleSessionName": "s" });
    assert_eq!(
        walker.once(management, &home(), "sts.AssumeRole", role).unwrap_err().kind,
        FailureKind::Denied
    );
    assert_eq!(
        walker.once(closed, &home(), "ec2.DescribeVpcs", json!({})).unwrap_err().kind,
        FailureKind::Denied
    );
    let missing =
        walker.once(management, &home(), "kms.DescribeKey", json!({ "KeyId": "none" })).unwrap_err();
    assert_eq!((missing.kind, missing.code.as_ref()), (FailureKind::Absent, "NotFoundException"));
    let nothing = walker.once(management, &home(), "kms.DescribeKey", json!({})).unwrap_err();
    assert_eq!(nothing.code.as_ref(), "ValidationException");
}
