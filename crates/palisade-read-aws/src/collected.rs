//! Reads folders in which each user, role, policy and resource has a folder of its own, as collectors keep them.
//!
//! Below the folder of a partition, `accounts/ACCOUNT/SERVICE/…` and `organizations/o-…/…` hold folders with
//! `metadata.json` and the documents that belong to it: `trust-policy.json`, `policy.json` and the like. Each
//! organisation becomes an export of its own, because what one of them attaches says nothing about the other.

use crate::node::{given, list, listed, mapped, put, said, text};
use crate::{Export, File, authorization, document, organisation, resources};
use palisade_model::{AccountId, Diagnostic, Node, Origin, Span, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The documents of one folder, by their names without `.json`.
type Folder = BTreeMap<String, Node>;

/// The lists of identities: their folder, the name of the list, and how their fields are called.
const IDENTITIES: [(&str, &str, &str, &str, &str); 3] = [
    ("iam/user/", "UserDetailList", "UserName", "UserId", "UserPolicyList"),
    ("iam/group/", "GroupDetailList", "GroupName", "GroupId", "GroupPolicyList"),
    ("iam/role/", "RoleDetailList", "RoleName", "RoleId", "RolePolicyList"),
];

/// No tree of units is deeper: AWS allows five levels below the root.
const MAX_LEVELS: usize = 16;

/// Reads the files, whose paths begin with `accounts/` or `organizations/`.
pub fn read(files: &[File]) -> Vec<Export> {
    let mut whole = Export::default();
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    for file in files {
        let Some((folder, name)) = file.path.rsplit_once('/') else { continue };
        if let (Some(name), Some(node)) = (name.strip_suffix(".json"), document(file, &mut whole)) {
            folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), node);
        }
    }
    let mut exports: Vec<Export> = Vec::new();
    let mut member_of: BTreeMap<AccountId, usize> = BTreeMap::new();
    let organisations: Vec<&str> = folders
        .keys()
        .filter_map(|path| path.strip_prefix("organizations/"))
        .filter(|id| !id.contains('/'))
        .collect();
    for (place, id) in organisations.iter().enumerate() {
        exports.push(Export::default());
        if let Some(accounts) = folders[&format!("organizations/{id}")].get("accounts") {
            for account in names(accounts).filter_map(|account| account.parse().ok()) {
                member_of.insert(account, place);
            }
        }
    }
    if exports.is_empty() {
        exports.push(Export::default());
    }
    let mut accounts: BTreeMap<AccountId, BTreeMap<&str, &Folder>> = BTreeMap::new();
    for (path, folder) in &folders {
        if let Some((account, rest)) = path.strip_prefix("accounts/").and_then(|rest| rest.split_once('/')) {
            match account.parse() {
                Ok(account) => {
                    accounts.entry(account).or_default().insert(rest, folder);
                }
                Err(_) => whole.diagnostics.push(
                    Diagnostic::warning(format!("`{path}` was not read"))
                        .help("the folder of an account is named by its twelve digits"),
                ),
            }
        }
    }
    for (account, folders) in accounts {
        let export = &mut exports[member_of.get(&account).copied().unwrap_or(0)];
        export.accounts.entry(account).or_default();
        of_account(account, &folders, export);
    }
    for (place, id) in organisations.iter().enumerate() {
        if let Some(node) = of_organisation(id, &folders) {
            organisation::read(&node, &mut exports[place]);
        }
    }
    exports[0].diagnostics.append(&mut whole.diagnostics);
    exports
}

/// The names of a map's entries.
fn names(node: &Node) -> impl Iterator<Item = &str> {
    let map = match &node.value {
        Value::Map(map) => Some(map),
        _ => None,
    };
    map.into_iter().flat_map(|map| map.entries.keys().map(AsRef::as_ref))
}

fn nowhere() -> Origin {
    Origin::File(Span::new("-", (1, 1), (1, 1)))
}

fn origin(folder: &Folder) -> Origin {
    folder.get("metadata").or_else(|| folder.values().next()).map_or_else(nowhere, |node| node.origin.clone())
}

fn of_account(account: AccountId, folders: &BTreeMap<&str, &Folder>, export: &mut Export) {
    let has_iam = folders.keys().any(|path| path.starts_with("iam/"));
    if has_iam {
        let origin = folders.values().next().map_or_else(nowhere, |folder| origin(folder));
        let mut answer = mapped(Vec::new(), &origin);
        for (begins, name, own_name, id, inline) in IDENTITIES {
            let of = folders
                .iter()
                .filter(|(path, _)| path.strip_prefix(begins).is_some_and(|rest| !rest.contains('/')));
            let items = of.filter_map(|(_, folder)| identity(folder, own_name, id, inline));
            put(&mut answer, name, listed(items.collect(), &origin));
        }
        let is_policy = |path: &str| path.starts_with("iam/policy/") || path.starts_with("iam/aws/policy/");
        let policies =
            folders.iter().filter(|(path, _)| is_policy(path)).filter_map(|(_, folder)| managed(folder));
        put(&mut answer, "Policies", listed(policies.collect(), &origin));
        authorization::read(account, &answer, export);
    }
    let others: Vec<Node> = folders
        .iter()
        .filter(|(path, _)| !path.starts_with("iam/"))
        .filter_map(|(_, folder)| resource(folder))
        .collect();
    if let Some(first) = others.first().map(|node| node.origin.clone()) {
        let mut file = mapped(Vec::new(), &first);
        let has_buckets = folders.keys().any(|path| path.starts_with("s3/"));
        let complete = has_buckets.then(|| said("AWS::S3::Bucket", &first));
        put(&mut file, "Resources", listed(others, &first));
        put(&mut file, "Complete", listed(complete.into_iter().collect(), &first));
        resources::read(account, &file, export);
    }
}

/// Tags that a map holds, as the API lists them.
fn tags(folder: &Folder) -> Option<Node> {
    let node = folder.get("tags")?;
    let Value::Map(map) = &node.value else { return None };
    let pair = |(key, value): (&Arc<str>, &Node)| {
        mapped(vec![("Key".into(), said(key, &value.origin)), ("Value".into(), value.clone())], &value.origin)
    };
    Some(listed(map.entries.iter().map(pair).collect(), &node.origin))
}

fn identity(folder: &Folder, own_name: &str, id: &str, inline: &str) -> Option<Node> {
    let about = folder.get("metadata")?;
    let mut node = mapped(Vec::new(), &about.origin);
    for (from, to) in [("arn", "Arn"), ("name", own_name), ("id", id), ("path", "Path")] {
        if let Some(value) = given(about, from) {
            put(&mut node, to, value.clone());
        }
    }
    // Names are told in the ARN, and nowhere else for certain.
    let name = text(about, "arn").and_then(|arn| arn.rsplit('/').next());
    name.iter().for_each(|name| put(&mut node, own_name, said(name, &about.origin)));
    if let Some(boundary) = text(about, "permissionBoundary") {
        put(&mut node, "PermissionsBoundary.PermissionsBoundaryArn", said(boundary, &about.origin));
    }
    if let Some(trust) = folder.get("trust-policy") {
        put(&mut node, "AssumeRolePolicyDocument", trust.clone());
    }
    if let Some(policies) = folder.get("inline-policies") {
        put(&mut node, inline, policies.clone());
    }
    if let Some(Node { value: Value::List(managed), origin }) = folder.get("managed-policies") {
        let attached =
            managed.items.iter().map(|arn| mapped(vec![("PolicyArn".into(), arn.clone())], &arn.origin));
        put(&mut node, "AttachedManagedPolicies", listed(attached.collect(), origin));
    }
    if let Some(groups) = folder.get("groups") {
        put(&mut node, "GroupList", groups.clone());
    }
    tags(folder).into_iter().for_each(|tags| put(&mut node, "Tags", tags));
    Some(node)
}

fn managed(folder: &Folder) -> Option<Node> {
    let about = folder.get("metadata")?;
    let mut node = mapped(Vec::new(), &about.origin);
    for (from, to) in [("arn", "Arn"), ("name", "PolicyName"), ("id", "PolicyId"), ("path", "Path")] {
        if let Some(value) = given(about, from) {
            put(&mut node, to, value.clone());
        }
    }
    let versions = folder.get("current-policy").map(|document| {
        let is_default = Node::new(Value::Bool(true), document.origin.clone());
        mapped(
            vec![("Document".into(), document.clone()), ("IsDefaultVersion".into(), is_default)],
            &document.origin,
        )
    });
    put(&mut node, "PolicyVersionList", listed(versions.into_iter().collect(), &about.origin));
    Some(node)
}

/// A resource as the file about the policies of an account's resources has it.
fn resource(folder: &Folder) -> Option<Node> {
    let about = folder.get("metadata")?;
    let arn = given(about, "arn")?;
    let mut node = mapped(vec![("Arn".into(), arn.clone())], &about.origin);
    let policy = ["policy", "resource-policy", "key-policy", "queue-policy", "topic-policy"];
    let policy = policy.into_iter().find_map(|name| folder.get(name));
    let none = || Node::new(Value::Null, about.origin.clone());
    put(&mut node, "Policy", policy.cloned().unwrap_or_else(none));
    if let Some(block) = folder.get("bpa") {
        put(&mut node, "PublicAccessBlock", block.clone());
    }
    if let Some(Value::Bool(is_on)) = given(about, "abacEnabled").map(|node| &node.value) {
        let status = if *is_on { "Enabled" } else { "Disabled" };
        put(&mut node, "Abac.AbacStatus.Status", said(status, &about.origin));
    } else if text(about, "arn").is_some_and(|arn| arn.starts_with("arn:aws:s3:::")) {
        put(&mut node, "Abac.AbacStatus.Status", said("Disabled", &about.origin));
    }
    if let Some(region) = given(about, "region") {
        put(&mut node, "Region", region.clone());
    }
    tags(folder).into_iter().for_each(|tags| put(&mut node, "Tags", tags));
    Some(node)
}

/// The file about an organisation, put together of its folders.
fn of_organisation(id: &str, folders: &BTreeMap<String, Folder>) -> Option<Node> {
    let base = format!("organizations/{id}");
    let own = folders.get(&base)?;
    let about = own.get("metadata")?;
    let origin = about.origin.clone();
    let mut node = mapped(Vec::new(), &origin);
    put(&mut node, "Organization.Id", said(id, &origin));
    if let Some(management) = given(about, "rootAccountId") {
        put(&mut node, "Organization.MasterAccountId", management.clone());
    }
    let root = text(about, "rootOu")?;
    let units = own.get("ous");
    put(&mut node, "Root", unit(root, 0, &base, own, folders, &origin));
    let mut targets: BTreeMap<String, Vec<Node>> = BTreeMap::new();
    for holder in [units, own.get("accounts")].into_iter().flatten() {
        let Value::Map(map) = &holder.value else { continue };
        for (target, what) in &map.entries {
            for arn in ["scps", "rcps"].into_iter().flat_map(|sort| list(what, sort)) {
                let policy = arn.text().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
                targets.entry(policy.to_owned()).or_default().push(said(target, &arn.origin));
            }
        }
    }
    let mut policies = Vec::new();
    for (sort, kind) in [("scps", "SERVICE_CONTROL_POLICY"), ("rcps", "RESOURCE_CONTROL_POLICY")] {
        for (_, folder) in folders.range(format!("{base}/{sort}/")..format!("{base}/{sort}0")) {
            let Some(about) = folder.get("metadata") else { continue };
            let Some(policy) = text(about, "arn").and_then(|arn| arn.rsplit('/').next()) else { continue };
            let mut node = mapped(Vec::new(), &about.origin);
            put(&mut node, "Id", said(policy, &about.origin));
            given(about, "name").into_iter().for_each(|name| put(&mut node, "Name", name.clone()));
            put(&mut node, "Type", said(kind, &about.origin));
            folder.get("policy").into_iter().for_each(|content| put(&mut node, "Content", content.clone()));
            let of = targets.get(policy).cloned().unwrap_or_default();
            put(&mut node, "TargetIds", listed(of, &about.origin));
            policies.push(node);
        }
    }
    put(&mut node, "Policies", listed(policies, &origin));
    Some(node)
}

fn unit(
    id: &str,
    level: usize,
    base: &str,
    own: &Folder,
    folders: &BTreeMap<String, Folder>,
    origin: &Origin,
) -> Node {
    let mut node = mapped(vec![("Id".into(), said(id, origin))], origin);
    let about = folders.get(&format!("{base}/ous/{id}")).and_then(|folder| folder.get("metadata"));
    let name = about.and_then(|about| text(about, "name")).unwrap_or(id);
    put(&mut node, "Name", said(name, origin));
    let with = |holder: &str, field: &str| -> Vec<String> {
        let Some(Value::Map(map)) = own.get(holder).map(|node| &node.value) else { return Vec::new() };
        let is_here = |what: &Node| text(what, field) == Some(id);
        map.entries.iter().filter(|(_, what)| is_here(what)).map(|(name, _)| name.to_string()).collect()
    };
    let accounts = with("accounts", "ou").iter().map(|account| said(account, origin)).collect();
    put(&mut node, "Accounts", listed(accounts, origin));
    if level < MAX_LEVELS {
        let below = with("ous", "parent");
        let units = below.iter().filter(|other| *other != id);
        let units = units.map(|other| unit(other, level + 1, base, own, folders, origin)).collect();
        put(&mut node, "Units", listed(units, origin));
    }
    node
}
