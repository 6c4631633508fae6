//! Worlds for tests: small organisations from texts and from seeds.

use palisade_access::Organisation;
use palisade_content::{load, shipped};
use palisade_identity::Identities;
use palisade_kinds::{Kinds, resolve};
use palisade_model::Estate;
use palisade_read_aws::{File, read};
use serde_json::{Value, json};
use std::sync::OnceLock;

fn kinds() -> &'static Kinds {
    static LIBRARY: OnceLock<palisade_content::Library> = OnceLock::new();
    LIBRARY.get_or_init(|| load(&shipped()).0).kinds()
}

/// The organisation of an estate's files.
pub fn organisation(files: &[(&str, String)]) -> Organisation {
    Organisation::new(Identities::new(&estate(files)))
}

/// The estate of some files; they must be well formed.
pub fn estate(files: &[(&str, String)]) -> Estate {
    let file = |(path, text): &(&str, String)| File {
        path: (*path).into(),
        shown: (*path).into(),
        text: text.as_str().into(),
    };
    let export = read(&files.iter().map(file).collect::<Vec<_>>());
    assert!(export.diagnostics.is_empty(), "{:?}", export.diagnostics);
    Estate {
        resources: resolve(export.resources, kinds()),
        accounts: export.accounts,
        organisation: export.organisation,
    }
}

/// Numbers from a seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
    pub fn often(&mut self, in_ten: usize) -> bool {
        self.below(10) < in_ten
    }
}

pub const ACCOUNTS: [&str; 3] = ["111100000000", "222200000000", "333300000000"];

/// A random organisation of three accounts, the third of which is in none.
pub fn random(seed: u64) -> Organisation {
    let dice = &mut Dice::new(seed);
    let mut files: Vec<(String, String)> = Vec::new();
    let scps = (0..2).map(|at| {
        json!({"Id": format!("p-scp{at}"), "Name": format!("scp{at}"), "Type": "SERVICE_CONTROL_POLICY",
            "TargetIds": [dice.one(&["r-1", "ou-1", ACCOUNTS[0], ACCOUNTS[1]])],
            "Content": document(vec![statement(dice, "Deny", None)])})
    });
    let mut policies: Vec<Value> = scps.collect();
    policies.push(json!({"Id": "p-FullAWSAccess", "TargetIds": ["r-1", "ou-1", ACCOUNTS[0], ACCOUNTS[1]]}));
    if dice.often(4) {
        policies.push(
            json!({"Id": "p-rcp", "Name": "rcp", "Type": "RESOURCE_CONTROL_POLICY", "TargetIds": ["r-1"],
            "Content": document(vec![statement(dice, "Deny", Some(json!("*")))])}),
        );
    }
    let organisation = json!({
        "Organization": {"Id": "o-acme", "MasterAccountId": ACCOUNTS[0]},
        "Root": {"Id": "r-1", "Name": "Root", "Accounts": [ACCOUNTS[0]],
            "Units": [{"Id": "ou-1", "Name": "Prod", "Accounts": [ACCOUNTS[1]]}]},
        "Policies": policies});
    files.push(("organisation.json".to_owned(), organisation.to_string()));
    for account in ACCOUNTS {
        let mut identity = |sort: &str, name: &str| {
            let mut object = json!({"Arn": format!("arn:aws:iam::{account}:{sort}/{name}"), "Path": "/",
                "Tags": [{"Key": "team", "Value": dice.one(&["a", "b"])}]});
            let list = if sort == "user" { "UserPolicyList" } else { "RolePolicyList" };
            let statements = (0..1 + dice.below(2)).map(|_| {
                let effect = if dice.often(8) { "Allow" } else { "Deny" };
                statement(dice, effect, None)
            });
            object[list] = json!([{"PolicyName": "p", "PolicyDocument": document(statements.collect())}]);
            if dice.often(2) {
                object["PermissionsBoundary"] =
                    json!({"PermissionsBoundaryArn": format!("arn:aws:iam::{account}:policy/limit")});
            }
            match sort {
                "user" => object["UserName"] = json!(name),
                _ => {
                    object["RoleName"] = json!(name);
                    let who = principal(dice);
                    let condition = condition(dice);
                    let mut trust = json!({"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"});
                    condition.into_iter().for_each(|condition| trust["Condition"] = condition);
                    object["AssumeRolePolicyDocument"] = document(vec![trust]);
                }
            }
            object
        };
        let users = json!([identity("user", "u1"), identity("user", "u2")]);
        let roles = json!([identity("role", "r1"), identity("role", "r2")]);
        let limit = document(vec![statement(dice, "Allow", None), statement(dice, "Allow", None)]);
        let iam = json!({"UserDetailList": users, "RoleDetailList": roles, "GroupDetailList": [], "Policies": [
            {"Arn": format!("arn:aws:iam::{account}:policy/limit"), "PolicyName": "limit",
             "PolicyVersionList": [{"IsDefaultVersion": true, "Document": limit}]}]});
        files.push((format!("{account}/iam.json"), iam.to_string()));
        let policy = dice.often(8).then(|| {
            let count = 1 + dice.below(2);
            let statements = (0..count).map(|_| {
                let (effect, who) = (if dice.often(7) { "Allow" } else { "Deny" }, principal(dice));
                let mut statement = statement(dice, effect, Some(who));
                let own = [format!("arn:aws:s3:::b{account}"), format!("arn:aws:s3:::b{account}/*")];
                statement["Resource"] = json!(own);
                statement["Action"] = json!(dice.one(&["s3:*", "s3:GetObject", "s3:PutObject"]));
                statement
            });
            document(statements.collect())
        });
        let resources = json!({"Resources": [{"Arn": format!("arn:aws:s3:::b{account}"), "Policy": policy,
            "Region": "eu-west-1", "Abac": {"AbacStatus": {"Status": "Disabled"}}, "Tags": [],
            "ObjectOwnership": "BucketOwnerEnforced", "PublicAccessBlock": {"BlockPublicAcls": false,
            "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": dice.often(2)}},
            {"Arn": format!("arn:aws:s3::{account}:account"), "PublicAccessBlock": {"BlockPublicAcls": false,
            "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}}],
            "Complete": ["AWS::S3::Bucket"]});
        files.push((format!("{account}/resource-policies.json"), resources.to_string()));
    }
    let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let mut estate = estate(&files);
    // The third account is in no organisation, for certain.
    if let Some(account) = ACCOUNTS[2].parse().ok().and_then(|id| estate.accounts.get_mut(&id)) {
        let origin = palisade_model::Origin::Documented("test".into());
        let none = palisade_model::Attribute::Absent(palisade_model::Meaning::Nothing, origin);
        account.attributes.insert("organisation".into(), none);
    }
    Organisation::new(Identities::new(&estate))
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn statement(dice: &mut Dice, effect: &str, principal: Option<Value>) -> Value {
    let actions = ["*", "s3:*", "s3:GetObject", "s3:PutObject", "s3:Get*", "sts:AssumeRole", "sts:*"];
    let action = if effect == "Deny" { dice.one(&actions[2..]) } else { dice.one(&actions) };
    let resources = [
        "*",
        "arn:aws:s3:::b111100000000/*",
        "arn:aws:s3:::*/x",
        "arn:aws:iam::*:role/r1",
        "arn:aws:s3:::b2*",
    ];
    let mut statement = json!({"Effect": effect, "Action": action, "Resource": dice.one(&resources)});
    if principal.is_some() && effect == "Deny" {
        statement["Resource"] = json!("*");
    }
    principal.into_iter().for_each(|principal| statement["Principal"] = principal);
    if dice.often(5) {
        condition(dice).into_iter().for_each(|condition| statement["Condition"] = condition);
    }
    statement
}

fn condition(dice: &mut Dice) -> Option<Value> {
    let all = [
        json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
        json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "a"}}),
        json!({"StringNotEquals": {"aws:PrincipalTag/team": "a"}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-acme"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r1"}}),
        json!({"Null": {"aws:SourceVpc": "true"}}),
        json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": ["111100000000", "333300000000"]}}),
    ];
    dice.often(5).then(|| dice.one(&all).clone())
}

fn principal(dice: &mut Dice) -> Value {
    let account = *dice.one(&ACCOUNTS);
    match dice.below(7) {
        0 | 1 => json!("*"),
        2 => json!({"AWS": account}),
        3 => json!({"AWS": format!("arn:aws:iam::{account}:user/u1")}),
        4 => {
            json!({"AWS": [format!("arn:aws:iam::{account}:role/r1"), format!("arn:aws:iam::{account}:role/r2")]})
        }
        5 => json!({"AWS": [ACCOUNTS[0], ACCOUNTS[2]]}),
        _ => json!({"AWS": format!("arn:aws:iam::{account}:role/r2")}),
    }
}
