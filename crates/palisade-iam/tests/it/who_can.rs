//! The simulation cases of iam-lens: a folder of accounts and organisations, and what their principals may do.

use crate::conformance::corpora;
use palisade_iam::Case;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

fn read(path: &Path) -> Option<Json> {
    Some(serde_json::from_str(&std::fs::read_to_string(path).ok()?).unwrap())
}

fn texts(json: &Json) -> impl Iterator<Item = &str> {
    json.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Json::as_str)
}

struct Store {
    root: PathBuf,
}

/// Where an account stands.
struct Standing {
    scps: Json,
    rcps: Json,
    side: Json,
}

impl Store {
    fn account(&self, account: &str) -> PathBuf {
        self.root.join("accounts").join(account)
    }

    fn managed(&self, account: &str, arn: &str) -> Option<Json> {
        let name = arn.rsplit('/').next()?.to_lowercase();
        let folder = if arn.contains("::aws:") { "iam/aws/policy" } else { "iam/policy" };
        read(&self.account(account).join(folder).join(name).join("current-policy.json"))
    }

    fn principal(&self, arn: &str) -> Option<PathBuf> {
        let account = arn.split(':').nth(4)?;
        let folders = ["role", "user"].map(|sort| self.account(account).join("iam").join(sort));
        let mut found =
            folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        found.find_map(|entry| {
            let path = entry.path();
            (read(&path.join("metadata.json"))?["arn"] == arn).then_some(path)
        })
    }

    fn identity(&self, arn: &str) -> (Vec<Json>, Vec<Json>) {
        let (Some(folder), Some(account)) = (self.principal(arn), arn.split(':').nth(4)) else {
            return Default::default();
        };
        let inline = read(&folder.join("inline-policies.json")).unwrap_or_default();
        let inline = inline.as_array().cloned().unwrap_or_default();
        let mut identity: Vec<Json> = inline.iter().map(|policy| policy["PolicyDocument"].clone()).collect();
        let managed = read(&folder.join("managed-policies.json")).unwrap_or_default();
        identity.extend(texts(&managed).map(|arn| self.managed(account, arn).unwrap()));
        let metadata = read(&folder.join("metadata.json")).unwrap();
        let boundary = metadata["permissionBoundary"].as_str().map(|arn| self.managed(account, arn).unwrap());
        (identity, boundary.into_iter().collect())
    }

    fn standing(&self, account: &str) -> Standing {
        let found = ["o-11111111", "o-22222222"].into_iter().find_map(|organisation| {
            let folder = self.root.join("organizations").join(organisation);
            let standing = read(&folder.join("accounts.json"))?[account].clone();
            (!standing.is_null()).then_some((organisation, folder, standing))
        });
        let Some((organisation, folder, own)) = found else {
            return Standing { scps: json!([]), rcps: json!([]), side: json!({}) };
        };
        let units = read(&folder.join("ous.json")).unwrap();
        let mut path = vec![(account.to_owned(), own.clone())];
        let mut next = own["ou"].as_str().map(str::to_owned);
        while let Some(unit) = next {
            next = units[&unit]["parent"].as_str().map(str::to_owned);
            path.insert(0, (unit.clone(), units[&unit].clone()));
        }
        let levels = |sort: &str| -> Json {
            let level = |(at, unit): &(String, Json)| {
                let policies: Vec<Json> = texts(&unit[sort])
                    .map(|arn| arn.rsplit('/').next().unwrap().to_lowercase())
                    .map(|id| read(&folder.join(sort).join(id).join("policy.json")).unwrap())
                    .collect();
                json!({"at": at, "policies": policies})
            };
            path.iter().map(level).collect()
        };
        let manages = read(&folder.join("metadata.json")).unwrap()["rootAccountId"] == account;
        Standing {
            scps: levels("scps"),
            rcps: levels("rcps"),
            side: json!({"id": organisation, "management": manages}),
        }
    }

    fn endpoints(&self, keys: &Json) -> Vec<Json> {
        let index = read(&self.root.join("indexes/vpcs.json")).unwrap();
        let by_vpc =
            keys["aws:SourceVpc"].as_str().and_then(|vpc| index["vpcs"][vpc]["endpoints"][0]["id"].as_str());
        let Some(endpoint) = keys["aws:SourceVpce"].as_str().or(by_vpc) else { return Vec::new() };
        let arn = index["endpoints"][endpoint]["arn"].as_str().unwrap();
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next().unwrap(), parts.next().unwrap());
        let path = self.account(account).join("ec2").join(region).join("vpc-endpoint").join(endpoint);
        read(&path.join("endpoint-policy.json")).into_iter().collect()
    }

    fn case(&self, request: &Json) -> Json {
        let principal = request["principal"].as_str().unwrap();
        let resource = request["resourceArn"].as_str().unwrap_or("*");
        let buckets = read(&self.root.join("indexes/buckets-to-accounts.json")).unwrap();
        let bucket = resource.strip_prefix("arn:aws:s3:::").and_then(|path| path.split('/').next());
        let own = || principal.split(':').nth(4).unwrap_or_default().to_owned();
        let owner = request["resourceAccount"].as_str().map(str::to_owned);
        let owner =
            owner.or_else(|| buckets[bucket?]["accountId"].as_str().map(str::to_owned)).unwrap_or_else(own);
        let folder = bucket.map(|bucket| self.account(&owner).join("s3").join(bucket));
        let of_bucket = |name: &str| folder.as_ref().and_then(|folder| read(&folder.join(name)));
        let block = of_bucket("bpa.json").unwrap_or_default();
        let flag = |name: &str| block[name] == true;
        let (identity, boundaries) = self.identity(principal);
        let (caller, target) = (self.standing(&own()), self.standing(&owner));
        let is_service = !principal.starts_with("arn:");
        let mut context = request["customContextKeys"].clone();
        // iam-lens knows that only services carry the keys of a source, and not which source it is.
        if context.is_null() {
            context = json!({});
        }
        if is_service {
            context["aws:SourceArn"] = json!("arn:aws:cloudtrail:us-east-1:200000000002:trail/t");
        }
        let mut knowledge =
            vec![json!({"keyName": "aws:SourceArn", "presenceIsKnown": true, "valueIsKnown": false})];
        knowledge.extend(
            texts(&request["additionalStrictContextKeys"])
                .map(|key| json!({"keyName": key, "presenceIsKnown": true, "valueIsKnown": true})),
        );
        json!({
            "id": request["principal"], "mode": request["simulationMode"], "knowledge": knowledge,
            "request": {
                "principal": principal, "action": request["action"], "resource": resource, "resourceAccount": owner,
                "wildcardOnlyAction": resource == "*", "context": context,
            },
            "identity": identity, "boundaries": boundaries, "session": request["sessionPolicy"],
            "scps": caller.scps, "rcps": target.rcps, "endpoints": self.endpoints(&request["customContextKeys"]),
            "organisation": {"principal": caller.side, "resource": target.side},
            "resourcePolicy": of_bucket("policy.json"),
            "resource": {"publicAccessBlock": {"bucket": {
                "restrictPublicBuckets": flag("RestrictPublicBuckets"), "ignorePublicAcls": flag("IgnorePublicAcls"),
            }}},
        })
    }
}

#[test]
fn its_simulations_end_as_expected() {
    let Some(folder) = corpora().map(|folder| folder.join("who-can")) else { return };
    let store = Store { root: folder.join("dataset-1/aws/aws") };
    let text = std::fs::read_to_string(folder.join("simulateIntegrationTest.json")).unwrap();
    let cases: Vec<Json> = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    let apply = cases.iter().filter(|case| case["data"] == "1");
    let count = apply.clone().count();
    for case in apply {
        let line = store.case(&case["request"]).to_string();
        let answer = Case::parse(&line, &"who-can".into(), 1).unwrap().answer();
        if json!(answer.outcome) != case["expected"] {
            wrong.push(format!(
                "{}: {} is {:?} by {:?}\n{line}",
                case["name"], case["expected"], answer.outcome, answer.blocked_by
            ));
        }
    }
    println!("simulateIntegrationTest.json: {} of {count} as expected", count - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
