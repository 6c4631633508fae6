//! The cases of IAMSpy: account authorisation details, resource policies and an organisation, and who can do what.

use crate::conformance::corpora;
use palisade_iam::{Case, Outcome};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// What one case reads.
struct World {
    details: Vec<Json>,
    resources: Vec<Json>,
    organisations: Vec<Json>,
}

fn read(folder: &Path, names: &Json) -> Vec<Json> {
    let names = names.as_array().cloned().unwrap_or_default();
    names
        .iter()
        .filter_map(Json::as_str)
        .map(|name| serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap())
        .collect()
}

fn items<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json[name].as_array().map_or(&[], Vec::as_slice)
}

impl World {
    fn principals(&self) -> impl Iterator<Item = (&Json, &Json)> {
        self.details.iter().flat_map(|details| {
            let users = items(details, "UserDetailList").iter();
            users.chain(items(details, "RoleDetailList")).map(move |principal| (details, principal))
        })
    }

    fn managed(details: &Json, arn: &Json) -> Option<Json> {
        let policy = items(details, "Policies").iter().find(|policy| policy["Arn"] == *arn)?;
        let versions = items(policy, "PolicyVersionList");
        versions
            .iter()
            .find(|version| version["IsDefaultVersion"] == true)
            .map(|version| version["Document"].clone())
    }

    /// From the root down to the account.
    fn levels(node: &Json, account: &str) -> Option<Vec<Json>> {
        let documents: Vec<Json> =
            items(node, "Policies").iter().map(|policy| policy["Content"].clone()).collect();
        let level = json!({"at": node["Id"], "policies": documents});
        if node["Id"] == account {
            return Some(vec![level]);
        }
        let below = items(node, "Children").iter().find_map(|child| Self::levels(child, account))?;
        Some([vec![level], below].concat())
    }

    fn can(&self, principal: &str, action: &str, resource: &str, keys: &[Json], is_strict: bool) -> bool {
        let Some((details, found)) = self.principals().find(|(_, found)| found["Arn"] == principal) else {
            return false;
        };
        let account = principal.split(':').nth(4).unwrap();
        let inline = items(found, "UserPolicyList").iter().chain(items(found, "RolePolicyList"));
        let mut identity: Vec<Json> = inline.map(|policy| policy["PolicyDocument"].clone()).collect();
        let attached = items(found, "AttachedManagedPolicies").iter();
        identity.extend(attached.filter_map(|policy| Self::managed(details, &policy["PolicyArn"])));
        let boundary = &found["PermissionsBoundary"]["PermissionsBoundaryArn"];
        let boundaries: Vec<Json> = Self::managed(details, boundary).into_iter().collect();
        let of_bucket = resource.split('/').next().unwrap();
        let policy = self
            .resources
            .iter()
            .flat_map(|list| list.as_array().unwrap())
            .find(|policy| policy["Resource"] == resource || policy["Resource"] == of_bucket);
        let own = resource.split(':').nth(4).filter(|own| !own.is_empty()).map(Json::from);
        let owner = policy.map(|policy| policy["Account"].clone()).or(own).unwrap_or_else(|| account.into());
        let scps = self.organisations.iter().find_map(|root| Self::levels(root, account)).unwrap_or_default();
        let manages = self
            .organisations
            .iter()
            .any(|root| root["Arn"].as_str().unwrap().split(':').nth(4) == Some(account));
        let pairs = || keys.iter().filter_map(Json::as_str).filter_map(|key| key.split_once('='));
        let context: serde_json::Map<String, Json> =
            pairs().map(|(key, value)| (key.to_owned(), json!(value))).collect();
        let knowledge: Vec<Json> = pairs()
            .map(|(key, _)| json!({"keyName": key, "presenceIsKnown": true, "valueIsKnown": true}))
            .collect();
        let line = json!({
            "id": "iamspy", "mode": if is_strict { "Strict" } else { "Discovery" },
            "request": {"principal": principal, "action": action, "resource": resource, "resourceAccount": owner, "context": context},
            "identity": identity, "boundaries": boundaries, "scps": scps, "knowledge": knowledge,
            "organisation": {"principal": {"management": manages}},
            "resourcePolicy": policy.map(|policy| policy["Policy"].clone()),
        });
        let case = Case::parse(&line.to_string(), &"iamspy".into(), 1).unwrap();
        case.answer().outcome == Outcome::Allowed
    }

    fn who_can(&self, action: &str, resource: &str, keys: &[Json], is_strict: bool) -> BTreeSet<String> {
        let all = self.principals().filter_map(|(_, principal)| principal["Arn"].as_str());
        all.filter(|arn| self.can(arn, action, resource, keys, is_strict)).map(str::to_owned).collect()
    }
}

/// Some values are written in Python.
fn values(json: &Json) -> Json {
    match json.as_str() {
        None => json.clone(),
        Some(text) => {
            let text = text.replace("set()", "[]").replace('(', "[").replace(')', "]").replace('\'', "\"");
            serde_json::from_str(&text.replace("None", "null").replace("True", "true").replace(",]", "]"))
                .unwrap()
        }
    }
}

#[test]
fn all_of_its_questions_are_answered_as_expected() {
    let Some(folder) = corpora().map(|folder| folder.join("iamspy")) else { return };
    let cases: Vec<Json> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("cases.json")).unwrap()).unwrap();
    let mut right = 0;
    for case in &cases {
        let values = values(&case["values"]);
        let files = folder.join("files");
        let world = World {
            details: read(&files, &values[0]["gaads"]),
            resources: read(&files, &values[0]["resources"]),
            organisations: read(&files, &values[0]["scps"]),
        };
        let (asked, expected) = (&values[1], &values[2]);
        let text = |at: usize| asked[at].as_str().unwrap_or_default().to_owned();
        let rest = |at: usize| asked[at].as_array().cloned().unwrap_or_default();
        let found = match case["test"].as_str().unwrap() {
            "test_can_i" => json!(world.can(&text(0), &text(1), &text(2), &rest(3), asked[5] == true)),
            "test_who_can" => json!(world.who_can(&text(0), &text(1), &rest(2), asked[4] == true)),
            _ => {
                let pairs = rest(1).into_iter().flat_map(|resource| {
                    let resource = resource.as_str().unwrap().to_owned();
                    let who = world.who_can(&text(0), &resource, &[], false);
                    who.into_iter().map(move |arn| json!([arn, resource])).collect::<Vec<_>>()
                });
                pairs.collect()
            }
        };
        let as_set = |json: &Json| -> BTreeSet<String> {
            json.as_array()
                .map(|list| list.iter().map(ToString::to_string).collect())
                .unwrap_or_else(|| [json.to_string()].into())
        };
        assert_eq!(as_set(&found), as_set(expected), "{case}");
        right += 1;
    }
    println!("iamspy: {right} of {} as expected", cases.len());
}
