//! Who is behind a role: the workloads that run with it, and the people whom Identity Center lets use it.

use crate::attribute::text;
use crate::identities::{account_of, arn_of};
use palisade_model::{Estate, Node, Resource, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What uses roles, and who is assigned what in Identity Center.
#[derive(Debug, Default)]
pub struct People {
    uses: HashMap<Box<str>, Vec<Use>>,
    /// The roles in instance profiles, by the profile's ARN.
    profiles: HashMap<Box<str>, Box<str>>,
    /// Instances by the ARN of their profile.
    instances: Vec<(Box<str>, Box<str>)>,
    sets: HashMap<Box<str>, Box<str>>,
    assignments: BTreeMap<(Box<str>, Box<str>), Vec<Assignee>>,
    users: HashMap<Box<str>, Box<str>>,
    groups: HashMap<Box<str>, Box<str>>,
    members: HashMap<Box<str>, BTreeSet<Box<str>>>,
}

#[derive(Debug)]
struct Assignee {
    is_group: bool,
    id: Box<str>,
}

/// A workload that runs with a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What it is: `Lambda function`.
    pub what: Box<str>,
    /// Its ARN or id.
    pub name: Box<str>,
}

/// Somebody whom Identity Center lets use a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name they sign in by, or their id where the name is not known.
    pub user: Box<str>,
    /// The group that is assigned the permission set; nothing when the user is, directly.
    pub group: Option<Box<str>>,
}

/// What the types of workloads are called, and the attribute that names the role they run with.
const WORKLOADS: [(&str, &str, &str); 7] = [
    ("AWS::Lambda::Function", "Lambda function", "role"),
    ("AWS::ECS::TaskDefinition", "ECS task definition", "task_role"),
    ("AWS::EKS::Cluster", "EKS cluster", "role"),
    ("AWS::EKS::PodIdentityAssociation", "EKS pod", "role"),
    ("AWS::CodeBuild::Project", "CodeBuild project", "role"),
    ("AWS::SageMaker::NotebookInstance", "SageMaker notebook", "role"),
    ("AWS::StepFunctions::StateMachine", "state machine", "role"),
];

/// The entries that name the role where a source gives workloads in a form that their kinds do not describe.
const ROLES: [&str; 5] = ["RoleArn", "roleArn", "taskRoleArn", "TaskRoleArn", "serviceRole"];

impl People {
    pub(crate) fn add(&mut self, estate: &Estate) {
        for resource in &estate.resources {
            let raw = &resource.declared.raw;
            let said = |name: &str| text(resource, name).map(Box::<str>::from);
            let written = |name: &str| raw.get(name).and_then(Node::text).map(Box::<str>::from);
            // The lists of a directory's file give at the top what attributes have of live accounts.
            let either = |attribute: &str, entry: &str| said(attribute).or_else(|| written(entry));
            match resource.declared.source_type.as_ref() {
                "AWS::IAM::Role" => self.profiles_of(resource),
                "AWS::IAM::User" | "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::Group" => {}
                "AWS::EC2::Instance" => {
                    // No attribute holds the id, which is the only name that some sources give.
                    let id = written("InstanceId").or_else(|| arn_of(resource).map(Into::into));
                    let profile =
                        raw.get("IamInstanceProfile").and_then(|node| node.get("Arn")).and_then(Node::text);
                    let profile = said("iam_instance_profile").or_else(|| profile.map(Into::into));
                    self.instances.extend(profile.zip(id));
                }
                "AWS::SSO::PermissionSet" => {
                    self.sets.extend(either("arn", "PermissionSetArn").zip(either("name", "Name")));
                }
                "AWS::SSO::Assignment" => {
                    let account = either("account", "AccountId").or_else(|| written("TargetId"));
                    let set = either("permission_set", "PermissionSetArn");
                    if let (Some(account), Some(set), Some(id)) =
                        (account, set, either("principal", "PrincipalId"))
                    {
                        let is_group = either("principal_type", "PrincipalType").as_deref() == Some("GROUP");
                        self.assignments.entry((account, set)).or_default().push(Assignee { is_group, id });
                    }
                }
                "AWS::IdentityStore::User" => {
                    self.users.extend(either("id", "UserId").zip(either("name", "UserName")));
                }
                "AWS::IdentityStore::Group" => {
                    self.groups.extend(either("id", "GroupId").zip(either("name", "DisplayName")));
                }
                "AWS::IdentityStore::GroupMembership" => {
                    let written =
                        raw.get("MemberId").and_then(|node| node.get("UserId")).and_then(Node::text);
                    let member = said("user").or_else(|| written.map(Into::into));
                    if let (Some(group), Some(member)) = (either("group", "GroupId"), member) {
                        self.members.entry(group).or_default().insert(member);
                    }
                }
                kind => {
                    let Some((_, what, role)) = WORKLOADS.iter().find(|(of, ..)| *of == kind) else {
                        continue;
                    };
                    let name = arn_of(resource).map(Box::from).or_else(|| said("arn"));
                    let role = said(role).or_else(|| ROLES.iter().find_map(|name| written(name)));
                    if let Some((role, name)) = role.filter(|arn| arn.contains(":role/")).zip(name) {
                        self.uses.entry(role).or_default().push(Use { what: (*what).into(), name });
                    }
                }
            }
        }
    }

    fn profiles_of(&mut self, resource: &Resource) {
        let Some(arn) = arn_of(resource) else { return };
        if let Some(Value::List(list)) =
            resource.declared.raw.get("InstanceProfileList").map(|node| &node.value)
        {
            for profile in list.items.iter().filter_map(|node| node.get("Arn")).filter_map(Node::text) {
                self.profiles.insert(profile.into(), arn.as_str().into());
            }
        } else if let Some(name) = text(resource, "name") {
            // The console gives the profile the name of the role that it makes it for.
            let account = account_of(resource, &arn);
            let profile = format!("arn:aws:iam::{account}:instance-profile/{name}");
            self.profiles.entry(profile.into()).or_insert_with(|| arn.as_str().into());
        }
    }

    /// The workloads that run with a role.
    pub fn uses(&self, role: &str) -> Vec<Use> {
        let mut all = self.uses.get(role).cloned().unwrap_or_default();
        let with = |profile: &str| self.profiles.get(profile).is_some_and(|of| of.as_ref() == role);
        let account = role.split(':').nth(4).unwrap_or_default();
        let instances =
            self.instances.iter().filter(|(profile, _)| profile.split(':').nth(4) == Some(account));
        all.extend(
            instances
                .filter(|(profile, _)| with(profile))
                .map(|(_, id)| Use { what: "EC2 instance".into(), name: id.clone() }),
        );
        all
    }

    /// The permission set of a role that Identity Center keeps, by its name.
    pub fn permission_set(role: &str) -> Option<&str> {
        let name = role.rsplit('/').next()?.strip_prefix("AWSReservedSSO_")?;
        name.rsplit_once('_').map(|(set, _)| set)
    }

    /// Who may use a role that Identity Center keeps; nothing when the estate does not tell of its assignments.
    pub fn holders(&self, role: &str) -> Option<Vec<Holder>> {
        let set = Self::permission_set(role)?;
        let account = role.split(':').nth(4)?;
        if self.assignments.is_empty() {
            return None;
        }
        let mut all = Vec::new();
        let of_account = self.assignments.range((account.into(), "".into())..);
        let of_account = of_account.take_while(|((of, _), _)| of.as_ref() == account);
        let of_set =
            of_account.filter(|((_, arn), _)| self.sets.get(arn).is_some_and(|name| name.as_ref() == set));
        for assignee in of_set.flat_map(|(_, assignees)| assignees) {
            let name = |known: &HashMap<Box<str>, Box<str>>, id: &str| {
                known.get(id).cloned().unwrap_or_else(|| id.into())
            };
            if !assignee.is_group {
                all.push(Holder { user: name(&self.users, &assignee.id), group: None });
                continue;
            }
            let group = name(&self.groups, &assignee.id);
            for member in self.members.get(&assignee.id).into_iter().flatten() {
                all.push(Holder { user: name(&self.users, member), group: Some(group.clone()) });
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_content::{load, shipped};
    use palisade_model::{Address, Existence, Node, Origin, RawResource, Source};
    use serde_json::{Value as Json, json};

    fn node(json: &Json) -> Node {
        let value = match json {
            Json::Object(map) => {
                Value::map(map.iter().map(|(name, value)| (name.as_str().into(), node(value))))
            }
            Json::Array(items) => Value::list(items.iter().map(node).collect::<Vec<_>>()),
            other => Value::text(other.as_str().unwrap_or_default()),
        };
        Node::new(value, Origin::Documented("a test".into()))
    }

    /// What is known of these resources of a live account.
    fn people(resources: &[(&str, &str, Json)]) -> People {
        let live = |(kind, name, document): &(&str, &str, Json)| RawResource {
            source: Source::Live,
            source_type: (*kind).into(),
            address: Address { root: "".into(), name: (*name).into() },
            existence: Existence::Yes,
            raw: node(document),
            account: "111122223333".parse().ok(),
            region: "eu-west-1".parse().ok(),
            origin: Origin::Documented("a test".into()),
        };
        let (library, _) = load(&shipped());
        let raw = resources.iter().map(live).collect();
        let estate = Estate { resources: palisade_kinds::resolve(raw, library.kinds()), ..Estate::default() };
        let mut people = People::default();
        people.add(&estate);
        people
    }

    const ROLE: &str = "arn:aws:iam::111122223333:role/app";

    #[test]
    fn workloads_of_a_live_account_name_their_roles() {
        let check = |kind: &str, name: &str, document: Json, expected: &str| {
            let uses = people(&[(kind, name, document)]).uses(ROLE);
            let said: Vec<String> = uses.iter().map(|of| format!("{} {}", of.what, of.name)).collect();
            assert_eq!(said, [expected], "{kind}");
        };
        let arn = "arn:aws:x:eu-west-1:111122223333:y";
        let named = "111122223333/eu-west-1/y";
        check("AWS::Lambda::Function", arn, json!({ "Role": ROLE }), &format!("Lambda function {arn}"));
        check(
            "AWS::ECS::TaskDefinition",
            arn,
            json!({ "Task": { "taskDefinition": { "taskDefinitionArn": arn, "taskRoleArn": ROLE } } }),
            &format!("ECS task definition {arn}"),
        );
        check(
            "AWS::EKS::PodIdentityAssociation",
            arn,
            json!({ "associationArn": arn, "Association": { "association": { "roleArn": ROLE } } }),
            &format!("EKS pod {arn}"),
        );
        check(
            "AWS::CodeBuild::Project",
            named,
            json!({ "Projects": { "projects": [{ "arn": arn, "serviceRole": ROLE }] } }),
            &format!("CodeBuild project {arn}"),
        );
        check(
            "AWS::StepFunctions::StateMachine",
            arn,
            json!({ "stateMachineArn": arn, "Machine": { "roleArn": ROLE } }),
            &format!("state machine {arn}"),
        );
    }

    #[test]
    fn assignments_of_a_live_organisation_name_their_people() {
        let set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
        let live = people(&[
            (
                "AWS::SSO::PermissionSet",
                set,
                json!({ "PermissionSetArn": set, "Set": { "PermissionSet": { "Name": "Admin" } } }),
            ),
            (
                "AWS::SSO::Assignment",
                "a",
                json!({ "AccountId": "111122223333", "PermissionSetArn": set, "PrincipalType": "GROUP", "PrincipalId": "g-1" }),
            ),
            ("AWS::IdentityStore::Group", "g", json!({ "GroupId": "g-1", "DisplayName": "admins" })),
            ("AWS::IdentityStore::User", "u", json!({ "UserId": "u-1", "UserName": "erin" })),
            (
                "AWS::IdentityStore::GroupMembership",
                "m",
                json!({ "GroupId": "g-1", "MemberId": { "UserId": "u-1" } }),
            ),
        ]);
        let from_a_directory =
            people(&[("AWS::SSO::PermissionSet", set, json!({ "PermissionSetArn": set, "Name": "Admin" }))]);
        assert_eq!(from_a_directory.sets.get(set).map(AsRef::as_ref), Some("Admin"));
        let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
        let holder = Holder { user: "erin".into(), group: Some("admins".into()) };
        assert_eq!(live.holders(role), Some(vec![holder]));
    }
}
