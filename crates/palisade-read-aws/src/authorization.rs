//! Reads the answer of `iam:GetAccountAuthorizationDetails`: users, groups, roles and managed policies.

use crate::node::{given, list, listed, mapped, put, said, text, unescaped};
use crate::{Export, raw, wrong};
use palisade_model::{AccountId, Completeness, Diagnostic, Node, Value, Why};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A list of the answer: its name, the type of what is in it, and where that keeps inline policies and its own name.
const LISTS: [(&str, &str, &str, &str); 3] = [
    ("UserDetailList", "AWS::IAM::User", "UserPolicyList", "UserName"),
    ("GroupDetailList", "AWS::IAM::Group", "GroupPolicyList", "GroupName"),
    ("RoleDetailList", "AWS::IAM::Role", "RolePolicyList", "RoleName"),
];

/// Reads the answer about an account.
pub fn read(account: AccountId, answer: &Node, export: &mut Export) {
    if !matches!(answer.value, Value::Map(_)) {
        let help = "what `aws iam get-account-authorization-details` prints is expected";
        export.diagnostics.push(wrong(answer, "it is not the answer of a call", help));
        return;
    }
    let is_whole = !matches!(given(answer, "IsTruncated").map(|node| &node.value), Some(Value::Bool(true)));
    if !is_whole {
        let message =
            "the answer goes on: `IsTruncated` is true, so some users, groups, roles or policies are missing";
        let help = "let the command line follow the pages (leave --no-paginate and --max-items away)";
        export.diagnostics.push(wrong(answer, message, help));
    }
    let mut attached: BTreeMap<Arc<str>, Vec<(usize, Arc<str>)>> = BTreeMap::new();
    for (place, (name, kind, inline, own_name)) in LISTS.into_iter().enumerate() {
        let Some(items) = given(answer, name) else { continue };
        for item in list(answer, name) {
            let Some(arn) = text(item, "Arn") else {
                export.diagnostics.push(wrong(
                    item,
                    format!("an item of `{name}` has no `Arn`"),
                    "every item has one",
                ));
                continue;
            };
            let called = text(item, own_name).unwrap_or_default();
            for policy in list(item, "AttachedManagedPolicies") {
                if let Some(policy) = text(policy, "PolicyArn") {
                    attached.entry(policy.into()).or_default().push((place, called.into()));
                }
            }
            let mut document = item.clone();
            decode(&mut document, &["AssumeRolePolicyDocument"], &mut export.diagnostics);
            let mut policies = Vec::new();
            for policy in list(item, inline) {
                let mut policy = policy.clone();
                decode(&mut policy, &["PolicyDocument"], &mut export.diagnostics);
                let mut alone = policy.clone();
                put(&mut alone, "Arn", said(arn, &policy.origin));
                put(&mut alone, own_name, said(called, &policy.origin));
                let id = format!("{arn} {}", text(&policy, "PolicyName").unwrap_or_default());
                let origin = alone.origin.clone();
                export.resources.push(raw("AWS::IAM::Policy", &id, (Some(account), None), alone, &origin));
                policies.push(policy);
            }
            put(&mut document, inline, listed(policies, &items.origin));
            export.resources.push(raw(kind, arn, (Some(account), None), document, &item.origin));
        }
        seen(account, kind, is_whole, export);
    }
    if given(answer, "UserDetailList").is_some() && given(answer, "RoleDetailList").is_some() {
        seen(account, "AWS::IAM::Policy", is_whole, export);
    }
    if given(answer, "Policies").is_some() {
        for policy in list(answer, "Policies") {
            managed(account, policy, &attached, export);
        }
        seen(account, "AWS::IAM::ManagedPolicy", is_whole, export);
    }
}

fn seen(account: AccountId, kind: &str, is_whole: bool, export: &mut Export) {
    let Ok(kind) = kind.parse() else { return };
    let how = if is_whole {
        Completeness::All
    } else {
        Completeness::Some(Why::NotListed("iam:GetAccountAuthorizationDetails".into()).into())
    };
    export.accounts.entry(account).or_default().listed.insert(kind, how);
}

/// A managed policy, with its version that counts where `iam:GetPolicyVersion` would put it, and who has it.
fn managed(
    account: AccountId,
    policy: &Node,
    attached: &BTreeMap<Arc<str>, Vec<(usize, Arc<str>)>>,
    export: &mut Export,
) {
    let Some(arn) = text(policy, "Arn") else {
        export.diagnostics.push(wrong(policy, "an item of `Policies` has no `Arn`", "every item has one"));
        return;
    };
    let mut document = policy.clone();
    let is_default = |version: &&Node| {
        matches!(version.get("IsDefaultVersion").map(|node| &node.value), Some(Value::Bool(true)))
    };
    match list(policy, "PolicyVersionList").iter().find(is_default) {
        Some(version) => {
            let mut version = version.clone();
            decode(&mut version, &["Document"], &mut export.diagnostics);
            put(&mut document, "Version.PolicyVersion", version);
        }
        None => {
            let message = format!("no version of `{arn}` is the default one");
            export.diagnostics.push(wrong(policy, message, "`IsDefaultVersion` is true for one of them"));
            let why = Why::NotListed("iam:GetPolicyVersion".into());
            put(&mut document, "Version", Node::unknown(why, policy.origin.clone()));
        }
    }
    let users = attached.get(arn).map_or(&[][..], Vec::as_slice);
    for (place, path, name) in
        [(0, "PolicyUsers", "UserName"), (1, "PolicyGroups", "GroupName"), (2, "PolicyRoles", "RoleName")]
    {
        let of = users.iter().filter(|(sort, _)| *sort == place);
        let of =
            of.map(|(_, called)| mapped(vec![(name.into(), said(called, &policy.origin))], &policy.origin));
        put(&mut document, &format!("Entities.{path}"), listed(of.collect(), &policy.origin));
    }
    // The policies that AWS manages are of no account, and each account lists those that it uses.
    let is_own = !arn.contains("::aws:policy/");
    let known = |resource: &palisade_model::RawResource| resource.address.name.as_ref() == arn;
    if is_own || !export.resources.iter().any(known) {
        export.resources.push(raw(
            "AWS::IAM::ManagedPolicy",
            arn,
            (is_own.then_some(account), None),
            document,
            &policy.origin,
        ));
    }
}

/// Policies as the API itself gives them are escaped.
fn decode(document: &mut Node, names: &[&str], diagnostics: &mut Vec<Diagnostic>) {
    let Value::Map(map) = &mut document.value else { return };
    for name in names {
        let Some(node) = map.entries.get_mut(*name) else { continue };
        let Some(escaped) = node.text().filter(|text| text.trim_start().starts_with('%')) else { continue };
        match unescaped(escaped) {
            Some(text) => node.value = Value::Text(text.into()),
            None => diagnostics.push(wrong(
                node,
                format!("`{name}` is not escaped as URLs are"),
                "a JSON policy is expected",
            )),
        }
    }
}
