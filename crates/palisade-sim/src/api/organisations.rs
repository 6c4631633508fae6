//! The organisation: its tree, its accounts, its policies, and Identity Center's people and assignments.

use super::generic::Asked;
use super::pages::{mark, page};
use super::refusal::{self, Refusal};
use super::shape;
use super::world::World;
use crate::organisation::{Account, ControlPolicyKind, Organisation, Purpose, Unit};
use palisade_model::AccountId;
use serde_json::{Value, json};

/// The answer, where the call is one of these.
pub(crate) fn answer(world: &mut World, asked: &Asked<'_>) -> Option<Result<Value, Refusal>> {
    let (list, items) = match asked.ask.service.as_ref() {
        "organizations" => match organisation(world, asked)? {
            Ok(Answer::One(answer)) => return Some(Ok(shape::whole(asked.service, asked.operation, answer))),
            Ok(Answer::Many(list, items)) => (list, items),
            Err(refusal) => return Some(Err(refusal)),
        },
        "sso-admin" | "identitystore" => match directory(world, asked)? {
            Ok(Answer::One(answer)) => return Some(Ok(shape::whole(asked.service, asked.operation, answer))),
            Ok(Answer::Many(list, items)) => (list, items),
            Err(refusal) => return Some(Err(refusal)),
        },
        _ => return None,
    };
    Some(paged(asked, list, items))
}

enum Answer {
    One(Value),
    Many(&'static str, Vec<Value>),
}

fn paged(asked: &Asked<'_>, list: &str, items: Vec<Value>) -> Result<Value, Refusal> {
    let page = page(asked.service, asked.operation, &asked.ask.parameters, asked.key, items.len())
        .map_err(|_| refusal::bad_token(asked.service))?;
    let mut answer = json!({ list: items[page.first..page.end] });
    mark(asked.operation, &mut answer, asked.key, page, items.len());
    Ok(shape::whole(asked.service, asked.operation, answer))
}

fn management(organisation: &Organisation) -> Option<AccountId> {
    organisation.accounts.first().map(|account| account.id)
}

/// The account that security's services are run from.
fn audit(organisation: &Organisation) -> Option<&Account> {
    organisation.accounts.iter().find(|account| account.purpose == Purpose::Audit)
}

fn email(organisation: &Organisation, account: &Account) -> String {
    format!("aws+{}@{}", account.name, organisation.domain)
}

fn arn(organisation: &Organisation, rest: &str) -> String {
    let management = management(organisation).map(|id| id.to_string()).unwrap_or_default();
    format!("arn:aws:organizations::{management}:{rest}")
}

fn told(organisation: &Organisation, account: &Account) -> Value {
    let is_open = account.purpose != Purpose::Suspended;
    let status = if is_open { "ACTIVE" } else { "SUSPENDED" };
    json!({
        "Id": account.id.to_string(), "Arn": arn(organisation, &format!("account/{}/{}", organisation.id, account.id)),
        "Email": email(organisation, account), "Name": account.name, "Status": status, "State": status,
        "JoinedMethod": "CREATED", "JoinedTimestamp": "2024-01-15T08:00:00+00:00",
    })
}

/// Only the management account and delegated administrators may look at the organisation as a whole.
fn may_look(organisation: &Organisation, asker: AccountId) -> bool {
    management(organisation) == Some(asker) || audit(organisation).map(|account| account.id) == Some(asker)
}

fn organisation(world: &World, asked: &Asked<'_>) -> Option<Result<Answer, Refusal>> {
    let organisation = &world.organisation;
    let asks = &asked.ask.parameters;
    let text = |name: &str| asks[name].as_str().unwrap_or_default();
    let operation = asked.ask.operation.as_ref();
    if operation != "DescribeOrganization" && !may_look(organisation, asked.ask.account) {
        let message = "You don't have permissions to access this resource.";
        return Some(Err(Refusal::new(400, "AccessDeniedException", message)));
    }
    let missing = |code: &str, what: &str| {
        Some(Err(Refusal::new(400, code, format!("You specified {what} that doesn't exist."))))
    };
    let root = &organisation.root;
    Some(Ok(match operation {
        "DescribeOrganization" => Answer::One(describe(organisation)),
        "ListRoots" => Answer::Many(
            "Roots",
            vec![json!({
                "Id": root.id, "Arn": arn(organisation, &format!("root/{}/{}", organisation.id, root.id)), "Name": root.name,
                "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
                    { "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }],
            })],
        ),
        "ListOrganizationalUnitsForParent" => match unit(root, text("ParentId")) {
            Some(unit) => Answer::Many(
                "OrganizationalUnits",
                unit.units.iter().map(|unit| of_unit(organisation, unit)).collect(),
            ),
            None => return missing("ParentNotFoundException", "a parent"),
        },
        "DescribeOrganizationalUnit" => match unit(root, text("OrganizationalUnitId")) {
            Some(unit) => Answer::One(json!({ "OrganizationalUnit": of_unit(organisation, unit) })),
            None => return missing("OrganizationalUnitNotFoundException", "a unit"),
        },
        "ListAccountsForParent" => match unit(root, text("ParentId")) {
            Some(unit) => Answer::Many(
                "Accounts",
                (unit.accounts.iter().filter_map(|id| organisation.account(*id)))
                    .map(|account| told(organisation, account))
                    .collect(),
            ),
            None => return missing("ParentNotFoundException", "a parent"),
        },
        "ListAccounts" => {
            Answer::Many("Accounts", organisation.accounts.iter().map(|account| told(organisation, account)).collect())
        }
        "DescribeAccount" => match text("AccountId").parse().ok().and_then(|id| organisation.account(id)) {
            Some(account) => Answer::One(json!({ "Account": told(organisation, account) })),
            None => return missing("AccountNotFoundException", "an account"),
        },
        "ListParents" => match parent(root, text("ChildId")) {
            Some(parent) => {
                let sort = if parent.id.starts_with("r-") { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
                Answer::Many("Parents", vec![json!({ "Id": parent.id, "Type": sort })])
            }
            None => return missing("ChildNotFoundException", "a child"),
        },
        "ListPolicies" => Answer::Many(
            "Policies",
            (organisation.policies.keys().filter_map(|id| summary(organisation, id)))
                .filter(|summary| summary["Type"] == text("Filter"))
                .collect(),
        ),
        "DescribePolicy" => match summary(organisation, text("PolicyId")) {
            Some(summary) => {
                let content = organisation.policies.get(text("PolicyId")).map(|policy| &policy.document);
                Answer::One(json!({ "Policy": { "PolicySummary": summary, "Content": content } }))
            }
            None => return missing("PolicyNotFoundException", "a policy"),
        },
        "ListTargetsForPolicy" => match summary(organisation, text("PolicyId")) {
            Some(_) => Answer::Many("Targets", targets(organisation, text("PolicyId"))),
            None => return missing("PolicyNotFoundException", "a policy"),
        },
        "ListPoliciesForTarget" => {
            let wanted = text("TargetId");
            let has = |id: &&String| targets(organisation, id).iter().any(|target| target["TargetId"] == wanted);
            let ids = organisation.policies.keys().filter(has);
            let all = ids.filter_map(|id| summary(organisation, id)).filter(|one| one["Type"] == text("Filter"));
            Answer::Many("Policies", all.collect())
        }
        "ListDelegatedAdministrators" => Answer::Many(
            "DelegatedAdministrators",
            (audit(organisation).into_iter())
                .map(|account| {
                    let mut told = told(organisation, account);
                    told["DelegationEnabledDate"] = json!("2024-01-15T08:00:00+00:00");
                    told
                })
                .collect(),
        ),
        "ListDelegatedServicesForAccount" => Answer::Many(
            "DelegatedServices",
            ["access-analyzer.amazonaws.com", "guardduty.amazonaws.com", "securityhub.amazonaws.com"]
                .map(|name| json!({ "ServicePrincipal": name, "DelegationEnabledDate": "2024-01-15T08:00:00+00:00" }))
                .to_vec(),
        ),
        "ListAWSServiceAccessForOrganization" => Answer::Many(
            "EnabledServicePrincipals",
            ["cloudtrail.amazonaws.com", "guardduty.amazonaws.com", "ram.amazonaws.com", "sso.amazonaws.com"]
                .map(|name| json!({ "ServicePrincipal": name, "DateEnabled": "2024-01-15T08:00:00+00:00" }))
                .to_vec(),
        ),
        "ListTagsForResource" => {
            let account = text("ResourceId").parse().ok().and_then(|id| organisation.account(id));
            let tags = account.map(Account::tags).unwrap_or_default();
            let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
            Answer::Many("Tags", tags.collect())
        }
        "DescribeResourcePolicy" => return missing("ResourcePolicyNotFoundException", "a policy"),
        "DescribeEffectivePolicy" => return missing("EffectivePolicyNotFoundException", "a policy"),
        _ => return None,
    }))
}

fn describe(organisation: &Organisation) -> Value {
    let account = organisation.accounts.first();
    json!({ "Organization": {
        "Id": organisation.id, "Arn": arn(organisation, &format!("organization/{}", organisation.id)),
        "FeatureSet": "ALL", "MasterAccountId": account.map(|account| account.id.to_string()),
        "MasterAccountArn": account.map(|account| arn(organisation, &format!("account/{}/{}", organisation.id, account.id))),
        "MasterAccountEmail": account.map(|account| email(organisation, account)),
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    } })
}

fn of_unit(organisation: &Organisation, unit: &Unit) -> Value {
    let arn = arn(organisation, &format!("ou/{}/{}", organisation.id, unit.id));
    json!({ "Id": unit.id, "Arn": arn, "Name": unit.name })
}

fn unit<'a>(from: &'a Unit, id: &str) -> Option<&'a Unit> {
    if from.id == id { Some(from) } else { from.units.iter().find_map(|below| unit(below, id)) }
}

fn parent<'a>(from: &'a Unit, child: &str) -> Option<&'a Unit> {
    let is_here = from.units.iter().any(|unit| unit.id == child)
        || from.accounts.iter().any(|account| account.to_string() == child);
    if is_here { Some(from) } else { from.units.iter().find_map(|below| parent(below, child)) }
}

fn summary(organisation: &Organisation, id: &str) -> Option<Value> {
    let policy = organisation.policies.get(id)?;
    let (sort, part) = match policy.kind {
        ControlPolicyKind::Service => ("SERVICE_CONTROL_POLICY", "service_control_policy"),
        ControlPolicyKind::Resource => ("RESOURCE_CONTROL_POLICY", "resource_control_policy"),
    };
    Some(json!({
        "Id": id, "Arn": arn(organisation, &format!("policy/{}/{part}/{id}", organisation.id)), "Name": policy.name,
        "Description": "", "Type": sort, "AwsManaged": policy.name == "FullAWSAccess",
    }))
}

fn targets(organisation: &Organisation, id: &str) -> Vec<Value> {
    let plain = crate::control::plain(organisation);
    let found = plain.into_iter().find(|(_, known, _)| known == id).map(|(.., document)| document);
    let targets = found.as_ref().and_then(|document| document["Targets"]["Targets"].as_array()).cloned();
    let of = |target: Value| {
        let id = target["TargetId"].as_str().unwrap_or_default();
        let account = id.parse().ok().and_then(|id| organisation.account(id));
        let (sort, name, rest) = match (account, unit(&organisation.root, id)) {
            (Some(account), _) => {
                ("ACCOUNT", account.name.clone(), format!("account/{}/{id}", organisation.id))
            }
            (_, Some(unit)) if id.starts_with("r-") => {
                ("ROOT", unit.name.clone(), format!("root/{}/{id}", organisation.id))
            }
            (_, unit) => {
                let name = unit.map(|unit| unit.name.clone()).unwrap_or_default();
                ("ORGANIZATIONAL_UNIT", name, format!("ou/{}/{id}", organisation.id))
            }
        };
        json!({ "TargetId": id, "Arn": arn(organisation, &rest), "Name": name, "Type": sort })
    };
    targets.unwrap_or_default().into_iter().map(of).collect()
}

fn instance(organisation: &Organisation) -> String {
    format!("arn:aws:sso:::instance/ssoins-{}", &organisation.directory[2..])
}

fn set_arn(organisation: &Organisation, name: &str) -> String {
    let hex = crate::random::Random::of(organisation.seed, name).hex(16);
    format!("arn:aws:sso:::permissionSet/ssoins-{}/ps-{hex}", &organisation.directory[2..])
}

fn group_id(organisation: &Organisation, name: &str) -> String {
    crate::build::uuid(&mut crate::random::Random::of(organisation.seed, &format!("group {name}")))
}

fn directory(world: &World, asked: &Asked<'_>) -> Option<Result<Answer, Refusal>> {
    let organisation = &world.organisation;
    let asks = &asked.ask.parameters;
    let text = |name: &str| asks[name].as_str().unwrap_or_default();
    let store = organisation.directory.as_str();
    let is_home = organisation.accounts.first().is_some_and(|account| account.region == asked.ask.region);
    if asked.ask.operation.as_ref() == "ListInstances" {
        // The directory is in one region; in all others there is none.
        let instance = json!({ "InstanceArn": instance(organisation), "IdentityStoreId": store, "Status": "ACTIVE",
            "OwnerAccountId": management(organisation).map(|id| id.to_string()) });
        let is_seen = is_home && may_look(organisation, asked.ask.account);
        return Some(Ok(Answer::Many("Instances", if is_seen { vec![instance] } else { Vec::new() })));
    }
    if !is_home || !may_look(organisation, asked.ask.account) {
        let message = "You do not have sufficient access to perform this action.";
        return Some(Err(Refusal::new(400, "AccessDeniedException", message)));
    }
    let set = organisation
        .permission_sets
        .iter()
        .find(|set| set_arn(organisation, &set.name) == text("PermissionSetArn"));
    let names_set = asks.get("PermissionSetArn").is_some();
    if names_set && set.is_none() {
        return Some(Err(Refusal::new(400, "ResourceNotFoundException", "PermissionSet not found")));
    }
    let name = set.map(|set| set.name.as_str()).unwrap_or_default();
    let assigned = |account: Option<AccountId>| {
        organisation.groups.iter().flat_map(move |group| {
            let sets = group.assignments.iter().filter(move |(set, accounts)| {
                set == name && account.is_none_or(|account| accounts.contains(&account))
            });
            sets.map(move |(_, accounts)| (group, accounts))
        })
    };
    let all = match asked.ask.operation.as_ref() {
        "ListPermissionSets" => Answer::Many(
            "PermissionSets",
            organisation.permission_sets.iter().map(|set| json!(set_arn(organisation, &set.name))).collect(),
        ),
        "DescribePermissionSet" => Answer::One(json!({ "PermissionSet": {
            "Name": name, "PermissionSetArn": text("PermissionSetArn"), "SessionDuration": "PT4H",
            "CreatedDate": "2024-01-15T08:00:00+00:00" } })),
        "GetInlinePolicyForPermissionSet" => {
            Answer::One(json!({ "InlinePolicy": set.and_then(|set| set.inline.clone()).unwrap_or_default() }))
        }
        "ListManagedPoliciesInPermissionSet" => Answer::Many(
            "AttachedManagedPolicies",
            (set.into_iter().flat_map(|set| &set.managed))
                .map(|arn| json!({ "Arn": arn, "Name": arn.rsplit('/').next() }))
                .collect(),
        ),
        "ListCustomerManagedPolicyReferencesInPermissionSet" => {
            Answer::Many("CustomerManagedPolicyReferences", Vec::new())
        }
        "GetPermissionsBoundaryForPermissionSet" => {
            let message = "PermissionsBoundary not present";
            return Some(Err(Refusal::new(400, "ResourceNotFoundException", message)));
        }
        "ListTagsForResource" => Answer::Many("Tags", Vec::new()),
        "ListAccountsForProvisionedPermissionSet" => {
            let accounts: std::collections::BTreeSet<_> = assigned(None).flat_map(|(_, accounts)| accounts).collect();
            Answer::Many("AccountIds", accounts.into_iter().map(|id| json!(id.to_string())).collect())
        }
        "ListAccountAssignments" => Answer::Many(
            "AccountAssignments",
            assigned(text("AccountId").parse().ok())
                .map(|(group, _)| {
                    json!({ "AccountId": text("AccountId"), "PermissionSetArn": text("PermissionSetArn"),
                        "PrincipalType": "GROUP", "PrincipalId": group_id(organisation, &group.name) })
                })
                .collect(),
        ),
        "ListUsers" => Answer::Many(
            "Users",
            (organisation.people.iter())
                .map(|person| json!({ "UserName": person.user_name, "UserId": person.id, "IdentityStoreId": store }))
                .collect(),
        ),
        "ListGroups" => Answer::Many(
            "Groups",
            (organisation.groups.iter())
                .map(|group| {
                    json!({ "GroupId": group_id(organisation, &group.name), "DisplayName": group.name,
                        "IdentityStoreId": store })
                })
                .collect(),
        ),
        "ListGroupMemberships" => {
            let wanted = text("GroupId");
            let group = organisation.groups.iter().find(|group| group_id(organisation, &group.name) == wanted);
            let members = group.into_iter().flat_map(|group| &group.members);
            let ids = members.filter_map(|name| organisation.people.iter().find(|person| person.user_name == *name));
            let all = ids.map(|person| {
                json!({ "IdentityStoreId": store, "GroupId": wanted, "MemberId": { "UserId": person.id },
                    "MembershipId": format!("{wanted}-{}", person.id) })
            });
            Answer::Many("GroupMemberships", all.collect())
        }
        _ => return None,
    };
    Some(Ok(all))
}
