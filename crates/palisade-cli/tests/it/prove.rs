//! `palisade prove` over small organisations.

use crate::folder::Folder;
use palisade_iam::{
    Action, Asked, Context, Entry, Facts, Known, Level, Outcome, Policies, Policy, PolicyKind, Principal,
    Request, Rest, Strictness, decide,
};
use serde_json::{Value, json};
use std::sync::Arc;

const MANAGEMENT: &str = "999900000000";
const PROD: &str = "111100000000";
const SANDBOX: &str = "222200000000";

fn deny(action: &str, condition: Value) -> Value {
    let mut statement = json!({"Sid": "No", "Effect": "Deny", "Action": action, "Resource": "*"});
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// An organisation: the unit Prod with one account, the unit Sandbox with another; and its policies.
fn organisation(sort: &str, policies: &[(Value, &str)], full: &[&str]) -> Folder {
    let folder = Folder::new(&[]);
    let mut all = vec![
        json!({"Id": "p-FullAWSAccess", "TargetIds": full}),
        json!({"Id": "p-RCPFullAWSAccess", "TargetIds": ["r-1", "ou-1-prod", "ou-1-sand", PROD, SANDBOX]}),
    ];
    for (at, (policy, target)) in policies.iter().enumerate() {
        all.push(
            json!({"PolicySummary": {"Id": format!("p-{at}"), "Name": format!("ours-{at}"), "Type": sort},
            "Content": policy, "Targets": [{"TargetId": target}]}),
        );
    }
    let told = json!({
        "Organization": {"Id": "o-acme", "MasterAccountId": MANAGEMENT},
        "Root": {"Id": "r-1", "Name": "Root", "Accounts": [MANAGEMENT], "Units": [
            {"Id": "ou-1-prod", "Name": "Prod", "Units": [], "Accounts": [PROD]},
            {"Id": "ou-1-sand", "Name": "Sandbox", "Units": [], "Accounts": [SANDBOX]}]},
        "Accounts": [{"Id": MANAGEMENT, "Name": "top"}, {"Id": PROD, "Name": "films"}, {"Id": SANDBOX, "Name": "play"}],
        "Policies": all});
    folder.write("acme/organisation.json", told.to_string());
    folder
}

const FULL: [&str; 5] = ["r-1", "ou-1-prod", "ou-1-sand", PROD, SANDBOX];
const SCP: &str = "SERVICE_CONTROL_POLICY";

#[track_caller]
fn check(policies: &[(Value, &str)], never: &str, code: i32, says: &[&str]) {
    check_in(&organisation(SCP, policies, &FULL), never, code, says);
}

#[track_caller]
fn check_in(folder: &Folder, never: &str, code: i32, says: &[&str]) {
    folder.write("never.yaml", format!("- name: it\n  never: {never}\n"));
    folder.run("prove never.yaml --estate acme").ends(code, says);
}

const TRAILS: &str = "{actions: [cloudtrail:StopLogging, cloudtrail:DeleteTrail]}";

#[test]
fn what_an_scp_of_the_root_denies_is_proved_of_every_member() {
    check(
        &[(deny("cloudtrail:*", json!(null)), "r-1")],
        TRAILS,
        0,
        &["PROVED    it, 2 accounts", "999900000000"],
    );
}

#[test]
fn without_an_scp_that_denies_it_is_violated() {
    check(&[], TRAILS, 1, &["VIOLATED  it, 2 accounts", "cloudtrail:", "111100000000, 222200000000"]);
    check(&[(deny("cloudtrail:StopLogging", json!(null)), "r-1")], TRAILS, 1, &["cloudtrail:DeleteTrail"]);
}

#[test]
fn an_scp_of_the_wrong_unit_binds_only_that_unit() {
    let wrong = [(deny("cloudtrail:*", json!(null)), "ou-1-sand")];
    check(&wrong, TRAILS, 1, &["VIOLATED  it, 2 accounts", "in 111100000000\n"]);
    check(&wrong, "{actions: cloudtrail:StopLogging, in: Sandbox}", 0, &["PROVED    it, 1 account"]);
    check(&wrong, "{actions: cloudtrail:StopLogging, in: Root/Prod}", 1, &["VIOLATED  it, 1 account"]);
    check(&wrong, "{actions: cloudtrail:StopLogging, in: ou-1-prod}", 1, &["VIOLATED  it, 1 account"]);
    check(&wrong, "{actions: cloudtrail:StopLogging, in: ['222200000000']}", 0, &["PROVED    it, 1 account"]);
}

#[test]
fn a_level_that_allows_nothing_keeps_everything_out() {
    let folder = organisation(SCP, &[], &["r-1", "ou-1-sand", PROD, SANDBOX]);
    check_in(&folder, TRAILS, 1, &["in 222200000000\n"]);
    check_in(&folder, "{actions: ['*'], in: Prod}", 0, &["PROVED"]);
}

#[test]
fn the_management_account_is_bound_by_nothing() {
    let all = [(deny("cloudtrail:*", json!(null)), "r-1")];
    check(&all, "{actions: cloudtrail:StopLogging, in: '999900000000'}", 1, &["no SCP binds the account"]);
}

#[test]
fn a_role_that_an_scp_spares_is_a_hole() {
    let spared = json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}});
    let trails = (deny("cloudtrail:*", spared.clone()), "r-1");
    check(std::slice::from_ref(&trails), TRAILS, 1, &["role/deploy"]);
    let except = "{actions: [cloudtrail:StopLogging], except: 'arn:aws:iam::*:role/deploy'}";
    check(
        std::slice::from_ref(&trails),
        except,
        1,
        &["can be made or taken over by others", "iam:CreateRole"],
    );
    let anybody = "{actions: [cloudtrail:StopLogging], except: 'arn:aws:iam::*:*deploy'}";
    check(std::slice::from_ref(&trails), anybody, 1, &["can be made or taken over by others"]);
    let kept = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
        "Action": ["iam:CreateRole", "iam:UpdateAssumeRolePolicy"], "Resource": "arn:aws:iam::*:role/deploy", "Condition": spared}]});
    check(&[trails, (kept, "r-1")], except, 0, &["PROVED"]);
}

#[test]
fn a_tag_that_anybody_may_set_is_a_hole() {
    let spared = json!({"StringNotEquals": {"aws:PrincipalTag/team": "audit"}});
    check(&[(deny("cloudtrail:*", spared), "r-1")], TRAILS, 1, &["with aws:principaltag/team = audit"]);
}

#[test]
fn regions_are_proved_but_for_services_that_are_excepted() {
    let elsewhere = json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}});
    let scp = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
        "Condition": elsewhere}]});
    let never = |regions: &str, spared: &str| {
        format!("{{actions: ['*'], outside-regions: {regions}, except-services: {spared}}}")
    };
    let policies = [(scp, "r-1")];
    check(&policies, &never("[eu-west-1, eu-central-1]", "[iam, sts]"), 0, &["PROVED"]);
    check(&policies, &never("[eu-west-1]", "[iam, sts]"), 1, &["eu-central-1"]);
    check(&policies, &never("[eu-west-1, eu-central-1]", "[iam]"), 1, &["sts:"]);
}

#[test]
fn those_outside_are_bound_by_resource_control_policies() {
    let never = "{actions: [s3:GetObject], by: outside-organisation}";
    let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-acme"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}});
    let rcp = |statement: &Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let sort = "RESOURCE_CONTROL_POLICY";
    check_in(
        &organisation(sort, &[(rcp(&statement), "r-1")], &FULL),
        never,
        0,
        &["PROVED    it, 2 accounts"],
    );
    check_in(&organisation(sort, &[(rcp(&statement), "ou-1-prod")], &FULL), never, 1, &["in 222200000000\n"]);
    statement["Action"] = json!("s3:PutObject");
    check_in(&organisation(sort, &[(rcp(&statement), "r-1")], &FULL), never, 1, &["s3:GetObject"]);
    let of_ec2 = "{actions: [ec2:RunInstances], by: outside-organisation}";
    check(&[], of_ec2, 3, &["no resource control policy is known to act on `ec2`"]);
}

#[test]
fn where_narrows_what_is_forbidden() {
    let tagged = json!({"StringEquals": {"aws:ResourceTag/class": "confidential"}});
    let policies = [(deny("s3:GetObject", tagged), "r-1")];
    check(
        &policies,
        "{actions: [s3:GetObject], where: {aws:ResourceTag/class: confidential}}",
        0,
        &["PROVED"],
    );
    check(&policies, "{actions: [s3:GetObject]}", 1, &["VIOLATED"]);
}

#[test]
fn what_was_not_read_is_not_known() {
    // The policy is attached and its text is not there.
    check(&[(Value::Null, "r-1")], TRAILS, 3, &["UNKNOWN   it, 2 accounts", "was not read"]);
}

#[test]
fn what_is_wrong_with_invariants_has_its_place() {
    let wrong = [
        (
            "- name: it\n  never: {actions: [cloudtrail:StopLoging]}\n",
            "never.yaml:2:21",
            "`cloudtrail:StopLoging` names no action",
        ),
        ("- name: it\n  never: {action: [s3:*]}\n", "never.yaml:2:11", "`action` has no meaning here"),
        ("- name: it\n", "never.yaml:1:3", "does not say what must `never` be"),
        (
            "- name: it\n  never: {actions: [s3:*], in: Nowhere}\n",
            "never.yaml:2:32",
            "no account of the estate is in `Nowhere`",
        ),
        ("name: it\n", "never.yaml:1:1", "a list of invariants is expected"),
        ("", "", "holds no invariant"),
        ("- name: it\n  never: {actions: [s3:*], except: me}\n", "never.yaml:2:36", "`me` is no ARN"),
    ];
    let folder = organisation(SCP, &[], &FULL);
    for (text, place, says) in wrong {
        folder.write("never.yaml", text);
        folder.run("prove never.yaml --estate acme").ends(2, &[place, says]);
    }
    folder
        .run("prove never.yaml --estate acme --mode today")
        .ends(2, &["`--mode today` is not answered yet"]);
}

#[test]
fn the_pack_asks_for_regions() {
    let folder = organisation(SCP, &[(deny("*", json!(null)), "r-1")], &FULL);
    folder
        .run("prove --pack landing-zone --estate acme")
        .ends(1, &["`--region`", "VIOLATED  data-stays-inside"]);
    let said = folder
        .run("prove --pack landing-zone --region eu-west-1 --estate acme --format json")
        .ends(1, &[])
        .json();
    let verdicts = said["invariants"].as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap());
    assert_eq!(verdicts.filter(|verdict| *verdict == "PROVED").count(), 9);
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        &of[(self.0 >> 33) as usize % of.len()]
    }
}

#[test]
fn no_request_breaks_what_is_proved() {
    let mut dice = Dice(7);
    let actions = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:*", "*"];
    let roles = ["deploy", "admin", "x"];
    let regions = ["eu-west-1", "us-east-1"];
    let mut proved = 0;
    for _ in 0..40 {
        let mut policies = Vec::new();
        for target in ["r-1", "ou-1-prod", PROD] {
            let role = format!("arn:aws:iam::*:role/{}", dice.pick(&roles));
            let condition = dice
                .pick(&[
                    json!(null),
                    json!({"ArnNotLike": {"aws:PrincipalArn": role}}),
                    json!({"ArnLike": {"aws:PrincipalArn": role}}),
                    json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
                ])
                .clone();
            policies.push((deny(dice.pick::<&str>(&actions), condition), target));
        }
        let folder = organisation(SCP, &policies, &FULL);
        let never = "- name: it\n  never: {actions: [cloudtrail:StopLogging], in: Prod}\n";
        folder.write("never.yaml", never);
        let code = folder.run("prove never.yaml --estate acme").code;
        let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let parse = |value: &Value, kind| {
            Arc::new(Policy::parse(&value.to_string(), &"p.json".into(), kind, Strictness::Strict))
        };
        let scps: Vec<Level> = policies
            .iter()
            .map(|(policy, at)| Level {
                at: (*at).into(),
                policies: vec![
                    parse(policy, PolicyKind::ServiceControl),
                    parse(&full, PolicyKind::ServiceControl),
                ],
            })
            .collect();
        let all =
            Policies { identity: vec![parse(&full, PolicyKind::Identity)], scps, ..Policies::default() };
        let mut is_broken = false;
        for role in roles.into_iter().chain(["other"]) {
            for region in regions {
                let mut context = Context::new(Rest::Absent);
                context.set("aws:RequestedRegion", Entry::value(region));
                let principal = format!("arn:aws:sts::{PROD}:assumed-role/{role}/s");
                let request = Request::new(Asked {
                    principal: Principal::parse(&principal).unwrap(),
                    action: Action::parse("cloudtrail:StopLogging").unwrap(),
                    resource: format!("arn:aws:cloudtrail:{region}:{PROD}:trail/t").into(),
                    resource_account: Some(PROD.into()),
                    takes_no_resource: false,
                    context,
                    known: Known::default(),
                    facts: Facts { principal_in_management_account: Some(false), ..Facts::default() },
                });
                is_broken |= decide(&request, &all).outcome == Outcome::Allowed;
            }
        }
        assert_eq!(code, Some(i32::from(is_broken)), "{policies:?}");
        proved += usize::from(!is_broken);
    }
    assert!((5..=35).contains(&proved), "{proved}");
}
