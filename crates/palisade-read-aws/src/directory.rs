//! Reads the file about Identity Center: its people, groups, permission sets and assignments.

use crate::node::{given, list, text};
use crate::{Export, raw, wrong};
use palisade_model::{Node, RawResource};

/// The lists of the file: the name, the type of what is in it, and the fields that together name one.
const LISTS: [(&str, &str, &[&str]); 5] = [
    ("PermissionSets", "AWS::SSO::PermissionSet", &["PermissionSetArn"]),
    ("Assignments", "AWS::SSO::Assignment", &["PermissionSetArn", "AccountId", "PrincipalId"]),
    ("Users", "AWS::IdentityStore::User", &["UserId"]),
    ("Groups", "AWS::IdentityStore::Group", &["GroupId"]),
    ("GroupMemberships", "AWS::IdentityStore::GroupMembership", &["GroupId"]),
];

/// Reads the file.
pub fn read(file: &Node, export: &mut Export) {
    let help = "lists as sso-admin and identitystore give them are expected: `PermissionSets`, `Assignments`, `Users`, `Groups`, `GroupMemberships`";
    if LISTS.iter().all(|(name, ..)| given(file, name).is_none()) {
        export.diagnostics.push(wrong(file, "it tells of no Identity Center", help));
        return;
    }
    for (name, kind, keys) in LISTS {
        for (at, node) in list(file, name).iter().enumerate() {
            let names: Option<Vec<&str>> = keys.iter().map(|key| text(node, key)).collect();
            match names {
                Some(names) => export.resources.push(one(kind, &names, at, node)),
                None => export.diagnostics.push(wrong(
                    node,
                    format!(
                        "an item of `{name}` lacks {}",
                        keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ")
                    ),
                    help,
                )),
            }
        }
    }
}

fn one(kind: &str, names: &[&str], at: usize, node: &Node) -> RawResource {
    let member = node.get("MemberId").and_then(|member| text(member, "UserId")).map(str::to_owned);
    let name = names.iter().copied().map(str::to_owned).chain(member).collect::<Vec<_>>().join(" ");
    // Two that are the same are still two.
    let name = if name.is_empty() { at.to_string() } else { name };
    raw(kind, &name, (None, None), node.clone(), &node.origin)
}
