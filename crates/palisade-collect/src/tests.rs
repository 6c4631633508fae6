//! Collects a small organisation from a fake API, in virtual time; with every fault in every call; killed anywhere.

use crate::{Accounts, Collector, Event, Options, Plan, Step, UNKNOWN_ACCOUNT};
use palisade_aws::{Ask, CallFailure, FailureKind};
use palisade_document::Text;
use palisade_kinds::{Kinds, parse_kind};
use palisade_model::{AccountId, ResourceType};
use palisade_snapshot::{Cell, CellKey, JournalEntry, Manifest, Part, Record, State};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

const MANAGEMENT: &str = "999900000000";
const MEMBER: &str = "111122223333";
const SUSPENDED: &str = "444455556666";

const KINDS: [(&str, &str); 10] = [
    (
        "AWS::IAM::User",
        "- call: iam.GetAccountAuthorizationDetails\n  in: the account\n  with: { Filter: [User] }\n  each: UserDetailList\n  id: Arn\n",
    ),
    (
        "AWS::IAM::Policy",
        "- call: iam.GetAccountAuthorizationDetails\n  in: the account\n  with: { Filter: [User, Group] }\n  each: UserDetailList[].UserPolicyList\n  keep: [Arn]\n  id: [Arn, PolicyName]\n",
    ),
    (
        "AWS::S3::Bucket",
        "- call: s3.ListBuckets\n  in: the account\n  each: Buckets\n  id: Name\n- call: s3.GetBucketPolicy\n  with: { Bucket: $Name }\n  into: Policy\n  none-when: [NoSuchBucketPolicy]\n- call: s3.GetBucketEncryption\n  with: { Bucket: $Name }\n  region: $BucketRegion\n  into: Encryption\n",
    ),
    (
        "AWS::EC2::Volume",
        "- call: ec2.DescribeVolumes\n  in: every region\n  each: Volumes\n  id: VolumeId\n",
    ),
    (
        "AWS::ECS::Service",
        "- call: ecs.ListServices\n  for: AWS::ECS::Cluster\n  with: { cluster: $clusterArn }\n  each: serviceArns\n  id: serviceArn\n  keep: clusterArn\n- call: ecs.DescribeServices\n  with: { cluster: $clusterArn, services: [$serviceArn] }\n  batch: 10\n  each: services\n  id: serviceArn\n  into: Service\n",
    ),
    (
        "AWS::ECS::Cluster",
        "- call: ecs.ListClusters\n  in: every region\n  each: clusterArns\n  id: clusterArn\n",
    ),
    (
        "AWS::KMS::Key",
        "- call: kms.ListKeys\n  in: every region\n  each: Keys\n  id: KeyArn\n- call: kms.DescribeKey\n  with: { KeyId: $KeyId }\n  into: Description\n  unchanged-while: KeyId\n- call: kms.ListAliases\n  with: { KeyId: $Description.KeyMetadata.KeyId }\n  into: Aliases\n",
    ),
    (
        "AWS::EC2::EbsDefault",
        "- call: ec2.GetEbsEncryptionByDefault\n  in: every region\n  into: Encryption\n",
    ),
    (
        "AWS::IAM::AccountPasswordPolicy",
        "- call: iam.GetAccountPasswordPolicy\n  in: the account\n  each: PasswordPolicy\n  id: MinimumPasswordLength\n  none-when: [NoSuchEntity]\n",
    ),
    (
        "AWS::Organizations::Policy",
        "- call: organizations.ListPolicies\n  in: the account\n  with: { Filter: SERVICE_CONTROL_POLICY }\n  each: Policies\n  id: Id\n- call: organizations.ListTargetsForPolicy\n  with: { PolicyId: $Id }\n  into: Targets\n",
    ),
];

fn kinds() -> Kinds {
    let file: Arc<str> = "kind.md".into();
    let read = |(name, collect): &(&str, &str)| {
        let attributes = Text::whole(&file, "x: { is: text, live: X, absent: none }");
        let collect = Some(Text::whole(&file, collect));
        let (kind, diagnostics) = parse_kind(name.parse().unwrap(), "thing", None, attributes, collect);
        assert_eq!(diagnostics, []);
        kind.unwrap()
    };
    Kinds::new(KINDS.iter().map(read).collect()).0
}

fn plan() -> Plan {
    let plan = Plan::new(&kinds(), None);
    assert_eq!(plan.uncollected(), &BTreeMap::new());
    plan.of_accounts(Accounts::Organisation { except: BTreeSet::new() })
}

fn failure(kind: FailureKind, code: &str) -> CallFailure {
    CallFailure::of(kind, code, format!("{code} it is"))
}

/// What AWS would answer.
fn answer(ask: &Ask) -> Result<Value, CallFailure> {
    let account = ask.account.to_string();
    let region = ask.region.as_str();
    let asked = |name: &str| ask.parameters[name].as_str().unwrap_or_default().to_owned();
    let is_management = account == MANAGEMENT;
    let page = |first: Value, second: Value| match ask
        .parameters
        .get("NextToken")
        .or(ask.parameters.get("nextToken"))
    {
        None => first,
        Some(_) => second,
    };
    Ok(match (ask.service.as_ref(), ask.operation.as_ref()) {
        ("sts", "GetCallerIdentity") => {
            json!({"Account": MANAGEMENT, "Arn": format!("arn:aws:sts::{MANAGEMENT}:assumed-role/x/y")})
        }
        ("organizations", _) if !is_management => {
            return Err(failure(FailureKind::Denied, "AccessDeniedException"));
        }
        ("organizations", "DescribeOrganization") => {
            json!({"Organization": {"Id": "o-1", "MasterAccountId": MANAGEMENT}})
        }
        ("organizations", "ListRoots") => json!({"Roots": [{"Id": "r-1", "Name": "Root",
            "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]}),
        ("organizations", "ListAccounts") => json!({"Accounts": [
            {"Id": MANAGEMENT, "Status": "ACTIVE"}, {"Id": MEMBER, "Status": "ACTIVE", "Name": "films"},
            {"Id": SUSPENDED, "Status": "SUSPENDED"}]}),
        ("organizations", "ListOrganizationalUnitsForParent") => match asked("ParentId").as_str() {
            "r-1" => json!({"OrganizationalUnits": [{"Id": "ou-1", "Name": "Prod"}]}),
            _ => json!({"OrganizationalUnits": []}),
        },
        ("organizations", "ListAccountsForParent") => match asked("ParentId").as_str() {
            "r-1" => json!({"Accounts": [{"Id": MANAGEMENT}, {"Id": SUSPENDED, "Status": "SUSPENDED"}]}),
            _ => json!({"Accounts": [{"Id": MEMBER}]}),
        },
        ("organizations", "ListPolicies") => match asked("Filter").as_str() {
            "SERVICE_CONTROL_POLICY" => {
                json!({"Policies": [{"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY"}]})
            }
            "S3_POLICY" => return Err(failure(FailureKind::Refused, "InvalidInputException")),
            _ => json!({"Policies": []}),
        },
        ("organizations", "DescribePolicy") => {
            json!({"Policy": {"Content": "{}", "PolicySummary": {"Id": "p-1"}}})
        }
        ("organizations", "ListTargetsForPolicy") => json!({"Targets": [{"TargetId": "r-1"}]}),
        ("organizations", "ListDelegatedAdministrators") => {
            json!({"DelegatedAdministrators": [{"Id": MEMBER}]})
        }
        ("organizations", "ListDelegatedServicesForAccount") => {
            json!({"DelegatedServices": [{"ServicePrincipal": "guardduty.amazonaws.com"}]})
        }
        ("ec2", "DescribeRegions") => {
            json!({"Regions": [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}]})
        }
        ("account", "ListRegions") => {
            json!({"Regions": [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}]})
        }
        ("iam", "GetAccountAuthorizationDetails") => {
            let user = |name: &str| {
                json!({"Arn": format!("arn:aws:iam::{account}:user/{name}"), "UserName": name,
                       "UserPolicyList": [{"PolicyName": "p"}]})
            };
            match ask.parameters.get("Marker") {
                None => json!({"UserDetailList": [user("a"), user("b")], "IsTruncated": true, "Marker": "m"}),
                Some(_) => json!({"UserDetailList": [user("c")], "IsTruncated": false}),
            }
        }
        ("iam", "GetAccountPasswordPolicy") if is_management => {
            json!({"PasswordPolicy": {"MinimumPasswordLength": 14}})
        }
        ("iam", "GetAccountPasswordPolicy") => return Err(failure(FailureKind::Absent, "NoSuchEntity")),
        ("s3", "ListBuckets") => json!({"Buckets": [
            {"Name": format!("one-{account}"), "BucketRegion": "us-east-1"},
            {"Name": format!("two-{account}"), "BucketRegion": "eu-west-1"}]}),
        ("s3", _) if asked("Bucket").starts_with("two") && region != "eu-west-1" => {
            let message = "the region 'us-east-1' is wrong; expecting 'eu-west-1'";
            return Err(CallFailure::of(FailureKind::Refused, "AuthorizationHeaderMalformed", message));
        }
        ("s3", "GetBucketPolicy") if asked("Bucket").starts_with("one") => {
            return Err(failure(FailureKind::Absent, "NoSuchBucketPolicy"));
        }
        ("s3", "GetBucketPolicy") => json!({"Policy": "{}"}),
        ("s3", "GetBucketEncryption") => json!({"ServerSideEncryptionConfiguration": {"Rules": []}}),
        ("ec2", "DescribeVolumes") => {
            let volume =
                |number: u32| json!({"VolumeId": format!("vol-{region}-{number}"), "Encrypted": true});
            page(
                json!({"Volumes": [volume(1), volume(2)], "NextToken": "t"}),
                json!({"Volumes": [volume(2), volume(3)]}),
            )
        }
        ("ec2", "GetEbsEncryptionByDefault") => json!({"EbsEncryptionByDefault": true}),
        ("ecs", "ListClusters") if region == "us-east-1" => {
            json!({"clusterArns": [cluster(&account, 1), cluster(&account, 2)]})
        }
        ("ecs", "ListClusters") => json!({"clusterArns": []}),
        ("ecs", "ListServices") => {
            let service = |number: u32| format!("{}/service/{number}", asked("cluster"));
            page(
                json!({"serviceArns": [service(1), service(2)], "nextToken": "t"}),
                json!({"serviceArns": [service(3)]}),
            )
        }
        ("ecs", "DescribeServices") => {
            let arns = ask.parameters["services"].as_array().unwrap();
            let services: Vec<Value> =
                arns.iter().map(|arn| json!({"serviceArn": arn, "desiredCount": 1})).collect();
            json!({"services": services, "failures": []})
        }
        ("kms", "ListKeys") => json!({"Keys": [
            {"KeyId": "k1", "KeyArn": format!("arn:aws:kms:{region}:{account}:key/k1")},
            {"KeyId": "k2", "KeyArn": format!("arn:aws:kms:{region}:{account}:key/k2")}]}),
        ("kms", "DescribeKey") => json!({"KeyMetadata": {"KeyId": asked("KeyId")}}),
        ("kms", "ListAliases") => match ask.parameters.get("Marker") {
            None => json!({"Aliases": [{"AliasName": "alias/a"}], "Truncated": true, "NextMarker": "m"}),
            Some(_) => json!({"Aliases": [{"AliasName": "alias/b"}], "Truncated": false}),
        },
        (service, operation) => panic!("{service}.{operation}"),
    })
}

fn cluster(account: &str, number: u32) -> String {
    format!("arn:aws:ecs:us-east-1:{account}:cluster/{number}")
}

/// What came of a collection.
#[derive(Debug, Default, Clone)]
struct Collected {
    records: BTreeMap<(String, Option<String>, String), Vec<Record>>,
    cells: BTreeMap<CellKey, Cell>,
    journal: Vec<JournalEntry>,
    organisation: Option<Value>,
    asked: Vec<String>,
    manifest: Option<Manifest>,
    unread_regions: usize,
    progress: crate::Progress,
    ended: Duration,
    /// Was it killed?
    is_killed: bool,
}

impl Collected {
    fn of(&self, kind: &str) -> Vec<&Record> {
        self.records.iter().filter(|(key, _)| key.2 == kind).flat_map(|(_, records)| records).collect()
    }

    fn lines(&self) -> Vec<String> {
        self.records.values().flatten().map(|record| serde_json::to_string(record).unwrap()).collect()
    }

    fn key(record: &Record) -> (String, Option<String>, String) {
        let region = record.region.as_ref().map(ToString::to_string);
        (record.account.to_string(), region, record.kind.to_string())
    }

    /// What a store would have after a kill: records of unfinished cells are not kept.
    fn left(&mut self) {
        let cells = &self.cells;
        self.records.retain(|_, records| {
            records.first().is_some_and(|record| {
                let (account, region, kind) = (record.account, record.region.clone(), record.kind.clone());
                cells.contains_key(&CellKey { account, region, kind })
            })
        });
    }
}

fn name(ask: &Ask) -> String {
    format!("{} {} {}.{} {}", ask.account, ask.region, ask.service, ask.operation, ask.parameters)
}

type Fake<'a> = &'a dyn Fn(&Ask) -> Result<Value, CallFailure>;
type SignIn<'a> = &'a dyn Fn(AccountId) -> Result<(), CallFailure>;

struct Driver<'a> {
    answer: Fake<'a>,
    sign_in: SignIn<'a>,
    options: Options,
    plan: Plan,
    /// Killed after so many answers.
    kill_after: usize,
    earlier: Option<&'a Collected>,
}

impl<'a> Driver<'a> {
    fn new(answer: Fake<'a>) -> Self {
        let options = Options { observed: Some(Duration::from_secs(1_795_324_698)), ..Options::default() };
        Self { answer, sign_in: &|_| Ok(()), options, plan: plan(), kill_after: usize::MAX, earlier: None }
    }

    fn run(&self, before: Option<Collected>) -> Collected {
        let mut collected = before.unwrap_or_default();
        collected.is_killed = false;
        let finished: Vec<CellKey> = collected.cells.keys().cloned().collect();
        let journal = collected.journal.clone();
        let mut collector = Collector::resume(self.plan.clone(), self.options.clone(), finished, journal);
        let mut now = Duration::from_secs(1_795_000_000);
        let mut under_way: Vec<(Duration, u64, Under)> = Vec::new();
        let mut order = 0;
        let mut answers = 0;
        loop {
            let until = match collector.next(now) {
                Step::Event(event) => {
                    collected.keep(event);
                    continue;
                }
                Step::Call(id, ask) => {
                    order += 1;
                    collected.asked.push(name(&ask));
                    let result = (self.answer)(&ask);
                    under_way.push((
                        now + Duration::from_millis(50 + order * 7 % 31),
                        order,
                        Under::Call(id, result),
                    ));
                    continue;
                }
                Step::Refresh(account) => {
                    order += 1;
                    under_way.push((now + Duration::from_millis(20), order, Under::SignIn(account)));
                    continue;
                }
                Step::Recall(key) => {
                    let region = key.region.as_ref().map(ToString::to_string);
                    let name = (key.account.to_string(), region, key.kind.to_string());
                    let records = self.earlier.and_then(|earlier| earlier.records.get(&name));
                    collector.recalled(now, &key, records.cloned().unwrap_or_default());
                    continue;
                }
                Step::Wait(until) => {
                    assert!(until > now);
                    Some(until)
                }
                Step::Blocked => None,
                Step::Done => break,
            };
            under_way.sort_by_key(|(at, order, _)| (*at, *order));
            let first = under_way.first().map(|(at, ..)| *at);
            match (until, first) {
                (Some(until), first) if first.is_none_or(|first| until < first) => now = until,
                (_, Some(first)) => {
                    now = first;
                    match under_way.remove(0).2 {
                        Under::Call(id, result) => {
                            answers += 1;
                            collector.answered(now, id, result);
                            if answers >= self.kill_after {
                                collected.is_killed = true;
                                while let Step::Event(event @ Event::Journal(_)) = collector.next(now) {
                                    collected.keep(event);
                                }
                                collected.left();
                                return collected;
                            }
                        }
                        Under::SignIn(account) => collector.refreshed(now, account, (self.sign_in)(account)),
                    }
                }
                (None, None) => panic!("blocked, and nothing is under way"),
                (Some(_), None) => unreachable!(),
            }
            assert!(now < Duration::from_secs(1_795_000_000 + 86_400), "it takes for ever");
        }
        let mut manifest = Manifest::default();
        collector.fill(&mut manifest);
        collected.progress = collector.progress(now);
        collected.ended = now;
        collected.manifest = Some(manifest);
        collected
    }
}

enum Under {
    Call(crate::CallId, Result<Value, CallFailure>),
    SignIn(AccountId),
}

impl Collected {
    fn keep(&mut self, event: Event) {
        match event {
            Event::Record(record) => {
                let key = Self::key(&record);
                let (account, region, kind) = (record.account, record.region.clone(), record.kind.clone());
                assert!(!self.cells.contains_key(&CellKey { account, region, kind }), "the cell is done");
                self.records.entry(key).or_default().push(record);
            }
            Event::CellDone(cell) => {
                let region = cell.key.region.as_ref().map(ToString::to_string);
                let key = (cell.key.account.to_string(), region, cell.key.kind.to_string());
                assert_eq!(self.records.get(&key).map_or(0, Vec::len) as u64, cell.records, "{key:?}");
                assert!(self.cells.insert(cell.key.clone(), cell).is_none(), "{key:?} is done twice");
            }
            Event::Organisation(value) => self.organisation = Some(value),
            Event::Journal(entry) => self.journal.push(entry),
            Event::Released(name) => {
                let name = palisade_snapshot::For::Shared(name);
                self.journal.retain(|entry| entry.purpose != name);
            }
            Event::RegionsUnread(..) => self.unread_regions += 1,
        }
    }
}

fn collected() -> Collected {
    Driver::new(&answer).run(None)
}

#[test]
fn a_small_organisation_is_collected_whole() {
    let collected = collected();
    let count = |kind: &str| collected.of(kind).len();
    let counts: Vec<usize> = KINDS.iter().map(|(kind, _)| count(kind)).collect();
    assert_eq!(counts, [6, 6, 4, 12, 12, 4, 8, 4, 1, 1]);
    for cell in collected.cells.values() {
        let expected = match cell.key.account.to_string().as_str() {
            SUSPENDED => State::NotRead,
            _ => State::Read,
        };
        assert_eq!(cell.state, expected, "{cell:?}");
        assert_eq!(cell.gaps.len(), usize::from(expected == State::NotRead), "{cell:?}");
    }
    assert_eq!(collected.of(crate::organisation::TREE)[0].document["ParentId"], "r-1");
    let progress = &collected.progress;
    assert_eq!((progress.accounts_done, progress.accounts), (3, 3));
    assert_eq!((progress.calls, progress.remaining), (progress.calls_expected, Some(Duration::ZERO)));
    let manifest = collected.manifest.as_ref().unwrap();
    assert_eq!(manifest.organisation.as_deref(), Some("o-1"));
    assert_eq!((manifest.accounts.len(), manifest.policies_changed), (3, false));
    assert_eq!(manifest.calls as usize, collected.asked.len());
    let organisation = collected.organisation.as_ref().unwrap();
    assert_eq!(organisation["Root"]["Units"][0]["Accounts"], json!([MEMBER]));
    assert_eq!(organisation["Policies"][0]["Targets"], json!([{"TargetId": "r-1"}]));
    assert_eq!(organisation["Policies"][0]["Content"], "{}");
    assert!(collected.journal.iter().all(|entry| matches!(entry.purpose, palisade_snapshot::For::Cell(_))));
}

#[test]
fn records_are_what_the_answers_say() {
    let collected = collected();
    let bucket = collected.of("AWS::S3::Bucket")[1];
    assert_eq!(bucket.arn.as_deref(), Some("arn:aws:s3:::two-111122223333"));
    assert_eq!(bucket.document["Policy"], json!({"Policy": "{}"}));
    assert!(matches!(bucket.parts["Policy"], Part::Read(_)));
    assert!(matches!(collected.of("AWS::S3::Bucket")[0].parts["Policy"], Part::None(_)));
    let service = collected.of("AWS::ECS::Service")[0];
    assert_eq!(service.document["clusterArn"], cluster(MEMBER, 1));
    assert_eq!(service.document["Service"]["services"].as_array().unwrap().len(), 1);
    assert_eq!(service.document["Service"]["services"][0]["serviceArn"], service.id.as_ref());
    let key = collected.of("AWS::KMS::Key")[0];
    assert_eq!(
        key.document["Aliases"],
        json!({"Aliases": [{"AliasName": "alias/a"}, {"AliasName": "alias/b"}]})
    );
    let default = collected.of("AWS::EC2::EbsDefault")[0];
    assert_eq!(default.id.as_ref(), "111122223333/eu-west-1");
    assert_eq!(default.listed.call.as_ref(), "ec2:GetEbsEncryptionByDefault");
    let policy = collected.of("AWS::IAM::Policy")[0];
    assert_eq!((policy.id.as_ref(), &policy.arn), ("arn:aws:iam::111122223333:user/a/p", &None));
    assert_eq!(policy.listed.time.as_ref(), "2026-11-22T05:18:18Z");
}

#[test]
fn calls_that_several_kinds_want_are_made_once() {
    let collected = collected();
    let details: Vec<&String> =
        collected.asked.iter().filter(|asked| asked.contains("GetAccountAuthorizationDetails")).collect();
    assert_eq!(details.len(), 4, "two pages in two accounts: {details:?}");
    assert!(details.iter().all(|asked| !asked.contains("Filter")));
    let batches = collected.asked.iter().filter(|asked| asked.contains("DescribeServices"));
    assert!(batches.count() < 12);
    let mut all = collected.asked.clone();
    all.sort();
    let before = all.len();
    all.dedup();
    // The organisation's policies are read again at the end, and once more for their kind.
    assert!(before - all.len() <= 9, "{} calls are made twice", before - all.len());
}

#[test]
fn a_collection_that_is_killed_after_any_answer_goes_on_to_the_same_records() {
    let whole = collected();
    let lines = whole.lines();
    for kill_after in 1..whole.asked.len() {
        let mut driver = Driver::new(&answer);
        driver.kill_after = kill_after;
        let first = driver.run(None);
        assert!(first.is_killed);
        let asked_before = first.asked.len();
        driver.kill_after = usize::MAX;
        let second = driver.run(Some(first));
        assert_eq!(second.lines(), lines, "killed after {kill_after}");
        assert_eq!(second.cells, whole.cells, "killed after {kill_after}");
        assert_eq!(second.organisation, whole.organisation);
        let repeated = second.asked.len() - whole.asked.len();
        let in_flight = asked_before - kill_after;
        // Beside what was in flight: who we are.
        assert!(repeated <= in_flight + 1, "{repeated} calls repeated, {in_flight} were in flight");
    }
}

#[test]
fn every_fault_in_every_call_is_in_the_ledger_and_claims_nothing() {
    let whole = collected();
    let mut calls: Vec<String> = whole.asked.clone();
    calls.sort();
    calls.dedup();
    let records: HashMap<String, &Record> = (whole.records.values().flatten())
        .map(|record| (format!("{:?} {}", Collected::key(record), record.id), record))
        .collect();
    // Regions are alike, and so are accounts.
    let is_telling = |call: &&String| {
        let is_own =
            call.starts_with(MEMBER) || call.contains("organizations") || call.contains("PasswordPolicy");
        is_own && !call.contains("eu-west-1 ec2")
    };
    for call in calls.iter().filter(is_telling) {
        for kind in FailureKind::ALL {
            let fake = |ask: &Ask| match name(ask) == *call {
                true => Err(failure(kind, "Injected")),
                false => answer(ask),
            };
            let faulty = Driver::new(&fake).run(None);
            let place = format!("{kind} in {call}");
            let operation = call.split(' ').nth(2).unwrap().replace('.', ":");
            let is_told = |cell: &&Cell| cell.gaps.iter().any(|gap| gap.call.as_ref() == operation);
            let told = faulty.cells.values().filter(is_told).count();
            let is_regions = operation == "ec2:DescribeRegions";
            // Of several things asked about at once, each is asked about alone: then nothing is lost.
            let is_lossless = call.contains("DescribeServices") && faulty.lines() == whole.lines();
            assert!(told > 0 || is_regions || is_lossless, "{place}: nobody tells of it");
            for (key, cell) in &faulty.cells {
                let before = whole.cells.get(key);
                let is_worse = before.is_none_or(|before| before.state != cell.state);
                assert!(!is_worse || is_told(&cell), "{place}: {cell:?}");
                if let Some(before) = before
                    && cell.records < before.records
                {
                    let hides = cell.gaps.iter().any(|gap| gap.hides_resources);
                    let is_open = hides && cell.state != State::Read;
                    assert!(is_open || cell.state == State::NotThere, "{place}: {cell:?}");
                }
            }
            for record in faulty.records.values().flatten() {
                let known = records[&format!("{:?} {}", Collected::key(record), record.id)];
                assert!(record.parts.keys().eq(known.parts.keys()), "{place}: {record:?}");
                for (part, said) in &record.parts {
                    match said {
                        Part::Unread { .. } => {
                            assert!(record.document.get(part.as_ref()).is_none(), "{place}: {record:?}");
                            let key = CellKey {
                                account: record.account,
                                region: record.region.clone(),
                                kind: record.kind.clone(),
                            };
                            assert!(is_told(&&faulty.cells[&key]), "{place}: {record:?}");
                        }
                        said => {
                            assert_eq!(said, &known.parts[part], "{place}: {record:?}");
                            assert_eq!(
                                record.document.get(part.as_ref()),
                                known.document.get(part.as_ref()),
                                "{place}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_fault_that_passes_leaves_no_trace() {
    let whole = collected().lines();
    for kind in FailureKind::ALL.into_iter().filter(|kind| kind.is_passing()) {
        let failed = RefCell::new(BTreeSet::new());
        let fake = |ask: &Ask| match failed.borrow_mut().insert(name(ask)) {
            true => Err(failure(kind, "Injected")),
            false => answer(ask),
        };
        let collected = Driver::new(&fake).run(None);
        assert_eq!(collected.lines(), whole, "{kind}");
        let throttled = collected.manifest.unwrap().throttled;
        assert_eq!(throttled > 0, kind == FailureKind::Throttled);
    }
}

#[test]
fn an_account_that_nobody_lets_us_into_is_told_of_once_for_each_kind() {
    let check = |refused: CallFailure, call: &str, permission: &str| {
        let denied = |account: AccountId| match account.to_string().as_str() {
            MEMBER => Err(refused.clone()),
            _ => Ok(()),
        };
        let mut driver = Driver::new(&answer);
        driver.sign_in = &denied;
        let collected = driver.run(None);
        assert!(!collected.asked.iter().any(|asked| asked.starts_with(MEMBER)));
        let cells: Vec<&Cell> =
            collected.cells.values().filter(|cell| cell.key.account.to_string() == MEMBER).collect();
        assert_eq!(cells.len(), 9);
        for cell in cells {
            assert_eq!((cell.state, cell.calls, cell.gaps.len()), (State::NotRead, 0, 1));
            let gap = &cell.gaps[0];
            assert_eq!((gap.call.as_ref(), gap.permission.as_deref()), (call, Some(permission)));
            assert!(gap.hides_resources);
        }
    };
    let denied = || failure(FailureKind::Denied, "AccessDenied");
    check(denied(), "sts:AssumeRole", "sts:AssumeRole");
    let way = |call: &str, of: &str| CallFailure::on_the_way(call, of, denied());
    check(
        way("sts:AssumeRole", "arn:aws:iam::444455556666:role/audit/Reader"),
        "sts:AssumeRole",
        "sts:AssumeRole on arn:aws:iam::*:role/audit/Reader",
    );
    check(
        way("sso:GetRoleCredentials", "Reader"),
        "sso:GetRoleCredentials",
        "sso:GetRoleCredentials on Reader",
    );
}

#[test]
fn credentials_that_expire_are_renewed() {
    let calls = RefCell::new(0);
    let fake = |ask: &Ask| {
        *calls.borrow_mut() += 1;
        match *calls.borrow() % 7 {
            0 => Err(failure(FailureKind::Expired, "ExpiredToken")),
            _ => answer(ask),
        }
    };
    assert_eq!(Driver::new(&fake).run(None).lines(), collected().lines());
}

#[test]
fn an_account_whose_credentials_always_expire_ends() {
    let fake = |ask: &Ask| match ask.account.to_string().as_str() {
        MEMBER => Err(failure(FailureKind::Expired, "ExpiredToken")),
        _ => answer(ask),
    };
    let collected = Driver::new(&fake).run(None);
    let mut cells = collected.cells.values().filter(|cell| cell.key.account.to_string() == MEMBER);
    // What is there once in each region is there, and nothing is known of it.
    assert!(
        cells.all(|cell| cell.state == State::NotRead || cell.state == State::Partly && cell.records == 1)
    );
    assert!(collected.asked.iter().filter(|asked| asked.starts_with(MEMBER)).count() < 1_000);
}

#[test]
fn pages_that_go_round_in_circles_hide_resources() {
    let fake = |ask: &Ask| match ask.operation.as_ref() {
        "DescribeVolumes" => Ok(json!({"Volumes": [{"VolumeId": "vol-1"}], "NextToken": "t"})),
        _ => answer(ask),
    };
    let collected = Driver::new(&fake).run(None);
    assert_eq!(collected.of("AWS::EC2::Volume").len(), 4, "one in each region, once");
    let mut cells = collected.cells.values().filter(|cell| cell.key.kind.as_str() == "AWS::EC2::Volume");
    assert!(cells.all(|cell| cell.state == State::NotRead
        || cell.state == State::Partly
            && cell.gaps[0].hides_resources
            && cell.gaps[0].code.as_ref() == "same-token"));
}

#[test]
fn what_was_deleted_while_it_was_read_is_dropped_and_what_was_not_stays() {
    let run = |still_listed: bool| {
        let listed = RefCell::new(BTreeMap::new());
        let fake = |ask: &Ask| {
            let is_two = ask.parameters["Bucket"].as_str().is_some_and(|name| name.starts_with("two"));
            let mut listed = listed.borrow_mut();
            match ask.operation.as_ref() {
                "ListBuckets" => {
                    let times: &mut u32 = listed.entry(ask.account).or_default();
                    *times += 1;
                    let mut answer = answer(ask)?;
                    if *times > 1 && !still_listed {
                        answer["Buckets"].as_array_mut().unwrap().pop();
                    }
                    Ok(answer)
                }
                "GetBucketEncryption" if is_two => Err(failure(FailureKind::Absent, "NoSuchBucket")),
                _ => answer(ask),
            }
        };
        Driver::new(&fake).run(None)
    };
    let gone = run(false);
    assert_eq!(gone.of("AWS::S3::Bucket").len(), 2);
    for cell in gone.cells.values().filter(|cell| cell.key.kind.as_str() == "AWS::S3::Bucket") {
        if cell.state != State::NotRead {
            assert_eq!((cell.state, cell.gaps[0].failure.as_ref()), (State::Read, "absent"));
        }
    }
    let there = run(true);
    assert_eq!(there.of("AWS::S3::Bucket").len(), 4);
    assert!(matches!(there.of("AWS::S3::Bucket")[1].parts["Encryption"], Part::Unread { .. }));
}

#[test]
fn regions_that_are_not_enabled_hold_nothing() {
    let mut driver = Driver::new(&answer);
    driver.plan = plan().in_regions(vec!["eu-west-1".parse().unwrap(), "me-south-1".parse().unwrap()]);
    let collected = driver.run(None);
    assert_eq!(collected.of("AWS::EC2::Volume").len(), 6);
    let there = |region: &str| {
        let mut cells = collected.cells.values();
        cells.find(|cell| cell.key.region.as_ref().is_some_and(|found| found.as_str() == region)).unwrap()
    };
    assert_eq!(there("me-south-1").state, State::NotThere);
    assert!(!collected.asked.iter().any(|asked| asked.contains("me-south-1")));
}

#[test]
fn where_regions_can_t_be_listed_the_usual_ones_are_read_and_it_is_said() {
    let fake = |ask: &Ask| match ask.operation.as_ref() {
        "DescribeRegions" | "ListRegions" => Err(failure(FailureKind::Denied, "UnauthorizedOperation")),
        _ => answer(ask),
    };
    let collected = Driver::new(&fake).run(None);
    assert_eq!(collected.of("AWS::EC2::Volume").len(), 2 * 17 * 3);
    let unread = &collected.manifest.as_ref().unwrap().regions_unread;
    assert_eq!((unread.len(), collected.unread_regions), (2, 2));
    let gap = unread.values().next().unwrap();
    assert_eq!(gap.permission.as_deref(), Some("ec2:DescribeRegions"));
}

#[test]
fn a_caller_whom_nobody_knows_ends_it() {
    let fake = |_: &Ask| Err(failure(FailureKind::Denied, "InvalidClientTokenId"));
    let collected = Driver::new(&fake).run(None);
    assert!(collected.cells.is_empty());
    assert!(collected.asked.iter().all(|asked| asked.starts_with(UNKNOWN_ACCOUNT)));
}

#[test]
fn policies_that_change_meanwhile_are_noticed() {
    let times = RefCell::new(0);
    let fake = |ask: &Ask| match ask.operation.as_ref() {
        "DescribePolicy" => {
            *times.borrow_mut() += 1;
            Ok(json!({"Policy": {"Content": times.borrow().to_string()}}))
        }
        _ => answer(ask),
    };
    assert!(Driver::new(&fake).run(None).manifest.unwrap().policies_changed);
}

#[test]
fn the_share_of_the_quota_is_kept_and_used() {
    let took = |count: u32| {
        let fake = |ask: &Ask| match ask.operation.as_ref() {
            "ListKeys" if ask.region.as_str() == "us-east-1" => {
                let key = |key| json!({"KeyId": format!("k{key}"), "KeyArn": format!("arn:aws:kms:us-east-1:1:key/k{key}")});
                Ok(json!({"Keys": (0..count).map(key).collect::<Vec<Value>>()}))
            }
            "ListKeys" => Ok(json!({"Keys": []})),
            _ => answer(ask),
        };
        let mut driver = Driver::new(&fake);
        let wanted: BTreeSet<ResourceType> = BTreeSet::from(["AWS::KMS::Key".parse().unwrap()]);
        driver.plan = Plan::new(&kinds(), Some(&wanted)).of_accounts(Accounts::Caller);
        let collected = driver.run(None);
        assert_eq!(collected.of("AWS::KMS::Key").len() as u32, count);
        (collected.ended - Duration::from_secs(1_795_000_000)).as_secs_f64()
    };
    let quota = palisade_aws::quota("kms", "ListAliases");
    let least = (2.0 * 3_000.0 - 0.2 * quota.burst) / (0.2 * quota.per_second);
    let took = took(3_000) - took(0);
    assert!(took >= 0.99 * least, "{took} s, at least {least}");
    assert!(took <= least / 0.9, "{took} s, at least {least}");
}

#[test]
fn what_has_not_changed_since_is_not_asked_again() {
    let first = collected();
    let mut driver = Driver::new(&answer);
    driver.earlier = Some(&first);
    driver.options.has_earlier = true;
    let second = driver.run(None);
    assert_eq!(second.lines(), first.lines());
    let described = |collected: &Collected| {
        collected.asked.iter().filter(|asked| asked.contains("kms.DescribeKey")).count()
    };
    assert_eq!((described(&first), described(&second)), (8, 0));
}

#[test]
fn little_room_is_slower_and_gives_the_same() {
    let mut driver = Driver::new(&answer);
    driver.options.held_bytes = 1;
    driver.options.open_listings = 2;
    driver.options.window = 1;
    driver.options.in_flight = 1;
    assert_eq!(driver.run(None).lines(), collected().lines());
}
