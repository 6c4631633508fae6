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

/// What the types of workloads are called.
const WORKLOADS: [(&str, &str); 8] = [
    ("AWS::Lambda::Function", "Lambda function"),
    ("AWS::EC2::Instance", "EC2 instance"),
    ("AWS::ECS::TaskDefinition", "ECS task definition"),
    ("AWS::EKS::Cluster", "EKS cluster"),
    ("AWS::EKS::PodIdentityAssociation", "EKS pod"),
    ("AWS::CodeBuild::Project", "CodeBuild project"),
    ("AWS::SageMaker::NotebookInstance", "SageMaker notebook"),
    ("AWS::StepFunctions::StateMachine", "state machine"),
];

/// The entries that name the role a workload runs with.
const ROLES: [&str; 8] = [
    "Role",
    "RoleArn",
    "roleArn",
    "taskRoleArn",
    "TaskRoleArn",
    "serviceRole",
    "ServiceRole",
    "ExecutionRoleArn",
];

impl People {
    pub(crate) fn add(&mut self, estate: &Estate) {
        for resource in &estate.resources {
            let raw = &resource.declared.raw;
            let said = |name: &str| raw.get(name).and_then(Node::text).map(Box::<str>::from);
            match resource.declared.source_type.as_ref() {
                "AWS::IAM::Role" => self.profiles_of(resource),
                "AWS::IAM::User" | "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::Group" => {}
                "AWS::EC2::Instance" => {
                    let profile =
                        raw.get("IamInstanceProfile").and_then(|node| node.get("Arn")).and_then(Node::text);
                    let id = said("InstanceId").or_else(|| arn_of(resource).map(Into::into));
                    self.instances.extend(profile.map(Into::into).zip(id));
                }
                "AWS::SSO::PermissionSet" => self.sets.extend(said("PermissionSetArn").zip(said("Name"))),
                "AWS::SSO::Assignment" => {
                    let account = said("AccountId").or_else(|| said("TargetId"));
                    if let (Some(account), Some(set), Some(id)) =
                        (account, said("PermissionSetArn"), said("PrincipalId"))
                    {
                        let is_group = said("PrincipalType").as_deref() == Some("GROUP");
                        self.assignments.entry((account, set)).or_default().push(Assignee { is_group, id });
                    }
                }
                "AWS::IdentityStore::User" => self.users.extend(said("UserId").zip(said("UserName"))),
                "AWS::IdentityStore::Group" => self.groups.extend(said("GroupId").zip(said("DisplayName"))),
                "AWS::IdentityStore::GroupMembership" => {
                    let member = raw.get("MemberId").and_then(|node| node.get("UserId")).and_then(Node::text);
                    if let (Some(group), Some(member)) = (said("GroupId"), member) {
                        self.members.entry(group).or_default().insert(member.into());
                    }
                }
                kind => {
                    let role = ROLES.iter().find_map(|name| said(name)).filter(|arn| arn.contains(":role/"));
                    let found = WORKLOADS.iter().find(|(of, _)| *of == kind);
                    if let (Some(role), Some((_, what)), Some(name)) = (role, found, arn_of(resource)) {
                        self.uses
                            .entry(role)
                            .or_default()
                            .push(Use { what: (*what).into(), name: name.into() });
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
