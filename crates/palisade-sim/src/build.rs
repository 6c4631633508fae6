//! Grows an organisation from a seed.

use crate::company::{APPLICATIONS, Application, CELLS, FIRST_NAMES, GITHUB, LAST_NAMES, OFFICES, REGIONS};
use crate::live::policy;
use crate::organisation::{
    Account, ControlPolicy, ControlPolicyKind, Group, Organisation, PermissionSet, Person, Purpose, Size,
    Unit,
};
use crate::plant::{Plan, stand};
use crate::random::Random;
use palisade_model::{AccountId, Region};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the company, as it begins the names of what it owns everywhere.
pub const COMPANY: &str = "velvet-heron";

/// The organisation of a size.
pub fn organisation(size: Size) -> Organisation {
    let count = size.accounts.clamp(Size::ACCOUNTS_MIN, Size::ACCOUNTS_MAX);
    let mut random = Random::of(size.seed, "organisation");
    let mut organisation = Organisation {
        seed: size.seed,
        id: format!("o-{}", random.hex(10)),
        name: "Velvet Heron".to_owned(),
        domain: "velvetheron.example".to_owned(),
        directory: format!("d-{}", random.hex(10)),
        root: Unit::default(),
        accounts: accounts(size.seed, count),
        policies: BTreeMap::new(),
        people: Vec::new(),
        groups: Vec::new(),
        permission_sets: permission_sets(),
        flaws: Vec::new(),
    };
    organisation.people = people(&organisation, (count * 2).clamp(24, 600));
    organisation.groups = groups(&organisation);
    govern(&mut organisation, &mut random);
    let plan = Plan::of(&organisation);
    for index in 0..organisation.accounts.len() {
        let (account, flaws) = stand(&organisation, index, &plan);
        organisation.accounts[index] = account;
        organisation.flaws.extend(flaws);
    }
    organisation
}

fn accounts(seed: u64, count: usize) -> Vec<Account> {
    let mut random = Random::of(seed, "accounts");
    let mut ids = BTreeSet::new();
    let mut make =
        |name: String, role: Purpose, application: &str, stage: &'static str, team: &str, region: &str| {
            let id = loop {
                let id = random.between(100_000_000_000, 999_999_999_999).to_string();
                if ids.insert(id.clone()) {
                    break id;
                }
            };
            let mut octet = || random.between(4, 250);
            let gateways = (0..2).map(|_| format!("52.{}.{}.{}", octet(), octet(), octet())).collect();
            let (id, region): (Option<AccountId>, Option<Region>) = (id.parse().ok(), region.parse().ok());
            let (Some(id), Some(region)) = (id, region) else { return None };
            let application = application.to_owned();
            Some(Account {
                id,
                name,
                purpose: role,
                application,
                stage,
                team: team.to_owned(),
                region,
                gateways,
                things: Vec::new(),
            })
        };
    let home = REGIONS[0];
    let core = [
        ("management", Purpose::Management, "platform"),
        ("log-archive", Purpose::LogArchive, "security"),
        ("audit", Purpose::Audit, "security"),
        ("network", Purpose::Network, "platform"),
        ("shared-services", Purpose::Shared, "platform"),
    ];
    let mut accounts: Vec<Account> = (core.iter())
        .filter_map(|(name, role, team)| make((*name).to_owned(), *role, name, "core", team, home))
        .collect();
    accounts.extend(make("sandbox-1".to_owned(), Purpose::Sandbox, "sandbox", "nonprod", "platform", home));
    let mut number = 0;
    while accounts.len() < count {
        let application = &APPLICATIONS[number % APPLICATIONS.len()];
        let cell = number / APPLICATIONS.len();
        let suffix = CELLS.get(cell).map_or_else(|| format!("-{cell}"), ToString::to_string);
        let region = REGIONS[if cell == 0 { 0 } else { (cell + number) % REGIONS.len() }];
        for (stage, role) in [("prod", Purpose::Production), ("nonprod", Purpose::NonProduction)] {
            let name = format!("{}{suffix}-{stage}", application.name);
            if accounts.len() < count {
                accounts.extend(make(name, role, application.name, stage, application.team, region));
            }
        }
        number += 1;
        if number % 6 == 0 && accounts.len() < count {
            let (role, name) = match number % 24 {
                0 => (Purpose::Suspended, format!("closed-{number}")),
                _ => (Purpose::Sandbox, format!("sandbox-{number}")),
            };
            accounts.extend(make(name, role, "sandbox", "nonprod", application.team, home));
        }
    }
    accounts
}

/// The application that runs in an account.
pub fn application(account: &Account) -> Option<&'static Application> {
    APPLICATIONS.iter().find(|application| application.name == account.application)
}

fn teams(organisation: &Organisation) -> Vec<String> {
    let teams: BTreeSet<&str> = (organisation.accounts.iter()).map(|account| account.team.as_str()).collect();
    teams.into_iter().chain(["finance"]).map(str::to_owned).collect()
}

fn people(organisation: &Organisation, count: usize) -> Vec<Person> {
    let mut random = Random::of(organisation.seed, "people");
    let teams = teams(organisation);
    let mut names = BTreeSet::new();
    let mut people = Vec::new();
    for number in 0..count {
        let (first, last) = (random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES));
        let mut name = format!("{first}.{last}");
        if !names.insert(name.clone()) {
            name = format!("{first}.{last}{number}");
            names.insert(name.clone());
        }
        let office = &OFFICES[[0, 0, 0, 1, 1, 2][random.below(6)]];
        let home = random.pick(&office.2);
        people.push(Person {
            user_name: format!("{name}@{}", organisation.domain),
            id: uuid(&mut random),
            team: teams[number % teams.len()].clone(),
            time_zone: office.0,
            home: format!("{home}{}.{}", random.between(2, 250), random.between(2, 250)),
            office: office.1.to_owned(),
        });
    }
    people
}

/// A random id as the directory writes them.
pub fn uuid(random: &mut Random) -> String {
    let digits = random.hex(32);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn permission_sets() -> Vec<PermissionSet> {
    let aws = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    let set = |name: &str, managed: &[&str], inline: Option<String>| PermissionSet {
        name: name.to_owned(),
        managed: managed.iter().map(|name| aws(name)).collect(),
        inline,
    };
    let operate = policy(&[json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["ecs:UpdateService", "autoscaling:SetDesiredCapacity", "rds:RebootDBInstance", "ssm:StartSession",
            "lambda:UpdateFunctionConfiguration", "logs:StartQuery", "logs:GetQueryResults"],
    })
    .to_string()]);
    let identities = policy(&[json!({
        "Effect": "Allow", "Resource": "*",
        "Action": ["iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreateUser", "iam:Get*", "iam:List*"],
    })
    .to_string()]);
    vec![
        set("Administrator", &["AdministratorAccess"], None),
        set("Engineer", &["PowerUserAccess"], Some(identities)),
        set("Operator", &["ReadOnlyAccess"], Some(operate)),
        set("SecurityAudit", &["SecurityAudit", "job-function/ViewOnlyAccess"], None),
        set("Billing", &["job-function/Billing"], None),
    ]
}

fn groups(organisation: &Organisation) -> Vec<Group> {
    let of = |wanted: &dyn Fn(&Account) -> bool| -> Vec<AccountId> {
        organisation.accounts.iter().filter(|account| wanted(account)).map(|account| account.id).collect()
    };
    let members = |team: &str| -> Vec<String> {
        (organisation.people.iter().filter(|person| person.team == team))
            .map(|person| person.user_name.clone())
            .collect()
    };
    let is_open = |account: &Account| account.purpose != Purpose::Suspended;
    let mut groups = Vec::new();
    for team in teams(organisation) {
        let own =
            |purpose: Purpose| of(&|account: &Account| account.team == team && account.purpose == purpose);
        let assignments = match team.as_str() {
            "security" => vec![("SecurityAudit", of(&is_open)), ("Administrator", own(Purpose::Audit))],
            "finance" => {
                vec![
                    ("Billing", own(Purpose::Management)),
                    ("Billing", of(&|a| a.purpose == Purpose::Management)),
                ]
            }
            "platform" => vec![
                ("Administrator", [own(Purpose::Shared), own(Purpose::Network)].concat()),
                ("Operator", of(&|account| account.purpose == Purpose::Production)),
                ("Engineer", own(Purpose::Sandbox)),
            ],
            _ => vec![
                ("Engineer", [own(Purpose::NonProduction), own(Purpose::Sandbox)].concat()),
                ("Operator", own(Purpose::Production)),
            ],
        };
        let assignments = assignments.into_iter().filter(|(_, accounts)| !accounts.is_empty());
        groups.push(Group {
            members: members(&team),
            assignments: assignments.map(|(set, accounts)| (set.to_owned(), accounts)).collect(),
            name: team,
        });
    }
    groups
}

/// Makes the tree and puts policies on it.
fn govern(organisation: &mut Organisation, random: &mut Random) {
    let scp = ControlPolicyKind::Service;
    let mut add = |kind, name: &str, statements: &[serde_json::Value]| {
        let id = format!("p-{}", random.hex(8));
        let document = policy(&statements.iter().map(ToString::to_string).collect::<Vec<_>>());
        organisation.policies.insert(id.clone(), ControlPolicy { kind, name: name.to_owned(), document });
        id
    };
    let all = add(scp, "FullAWSAccess", &[json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })]);
    let stay = add(
        scp,
        "stay-in-the-organisation",
        &[
            json!({ "Sid": "Stay", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*" }),
            json!({ "Sid": "KeepTheTrail", "Effect": "Deny", "Resource": "arn:aws:cloudtrail:*:*:trail/organisation",
                "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"] }),
        ],
    );
    let regions = add(
        scp,
        "our-regions",
        &[json!({ "Effect": "Deny", "Resource": "*",
            "NotAction": ["iam:*", "organizations:*", "sts:*", "cloudfront:*", "route53:*", "support:*", "health:*"],
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": REGIONS },
                "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/break-glass" } } })],
    );
    let closed = add(scp, "closed", &[json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })]);
    let rcp = ControlPolicyKind::Resource;
    let ours = add(
        rcp,
        "only-our-principals",
        &[json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
            "Condition": { "StringNotEqualsIfExists": { "aws:PrincipalOrgID": organisation.id },
                "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } } })],
    );
    let of = |roles: &[Purpose]| -> Vec<AccountId> {
        let accounts = organisation.accounts.iter();
        accounts.filter(|account| roles.contains(&account.purpose)).map(|account| account.id).collect()
    };
    let stem = random.hex(4);
    let mut unit = |name: &str, roles: &[Purpose], policies: &[&String], units: Vec<Unit>| Unit {
        id: format!("ou-{stem}-{}", random.hex(8)),
        name: name.to_owned(),
        units,
        accounts: of(roles),
        policies: std::iter::once(&all).chain(policies.iter().copied()).cloned().collect(),
    };
    let workloads = vec![
        unit("Prod", &[Purpose::Production], &[&regions], Vec::new()),
        unit("NonProd", &[Purpose::NonProduction], &[], Vec::new()),
    ];
    let units = vec![
        unit("Security", &[Purpose::LogArchive, Purpose::Audit], &[&ours], Vec::new()),
        unit("Infrastructure", &[Purpose::Network, Purpose::Shared], &[], Vec::new()),
        unit("Workloads", &[], &[], workloads),
        unit("Sandbox", &[Purpose::Sandbox], &[&regions], Vec::new()),
        unit("Suspended", &[Purpose::Suspended], &[&closed], Vec::new()),
    ];
    organisation.root = Unit {
        id: format!("r-{stem}"),
        name: "Root".to_owned(),
        units,
        accounts: of(&[Purpose::Management]),
        policies: vec![all.clone(), stay],
    };
}

/// The trust policy of a role that a service assumes.
pub fn trusts_service(service: &str) -> String {
    let statement =
        json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
    policy(&[statement.to_string()])
}

/// The trust policy of a role that GitHub's workflows assume; without `subject`, those of any repository.
pub fn trusts_github(account: AccountId, subject: Option<&str>) -> String {
    let mut condition = json!({ "StringEquals": { format!("{GITHUB}:aud"): "sts.amazonaws.com" } });
    if let (Some(subject), Some(condition)) = (subject, condition.as_object_mut()) {
        condition.insert("StringLike".to_owned(), json!({ format!("{GITHUB}:sub"): subject }));
    }
    let statement = json!({
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{account}:oidc-provider/{GITHUB}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    });
    policy(&[statement.to_string()])
}
