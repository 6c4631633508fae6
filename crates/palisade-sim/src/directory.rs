//! The organisation's Identity Center, in the words of its APIs: people, groups, permission sets and who is assigned what.

use crate::organisation::Organisation;
use crate::random::Random;
use serde_json::{Value, json};

impl Organisation {
    /// What `sso-admin` and `identitystore` would list, as one document.
    pub fn identity_center(&self) -> Value {
        let instance = format!("ssoins-{}", Random::of(self.seed, "instance").hex(16));
        let set = |name: &str| {
            let id = Random::of(self.seed, &format!("permission set {name}")).hex(16);
            format!("arn:aws:sso:::permissionSet/{instance}/ps-{id}")
        };
        let group = |name: &str| Random::of(self.seed, &format!("group {name}")).hex(32);
        let assignments = self.groups.iter().flat_map(|of| {
            of.assignments.iter().flat_map(move |(name, accounts)| {
                accounts.iter().map(move |account| {
                    json!({ "AccountId": account.to_string(), "PermissionSetArn": set(name), "PrincipalType": "GROUP",
                        "PrincipalId": group(&of.name) })
                })
            })
        });
        let member = |name: &str| self.people.iter().find(|person| person.user_name == name);
        let memberships = self.groups.iter().flat_map(|of| {
            of.members
                .iter()
                .filter_map(|name| member(name))
                .map(move |person| json!({ "GroupId": group(&of.name), "MemberId": { "UserId": person.id } }))
        });
        json!({
            "PermissionSets": self.permission_sets.iter()
                .map(|of| json!({ "PermissionSetArn": set(&of.name), "Name": of.name })).collect::<Vec<_>>(),
            "Assignments": assignments.collect::<Vec<_>>(),
            "Users": self.people.iter().map(|of| json!({ "UserId": of.id, "UserName": of.user_name })).collect::<Vec<_>>(),
            "Groups": self.groups.iter().map(|of| json!({ "GroupId": group(&of.name), "DisplayName": of.name })).collect::<Vec<_>>(),
            "GroupMemberships": memberships.collect::<Vec<_>>(),
        })
    }
}
