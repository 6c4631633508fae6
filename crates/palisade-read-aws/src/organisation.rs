//! Reads the file about an organisation: its tree, and the policies on it.

use crate::node::{given, list, listed, mapped, put, said, text};
use crate::{Export, raw, wrong};
use palisade_model::{
    AccountId, Attribute, Completeness, Diagnostic, Meaning, Node, Organisation, OrganisationalUnit, Value,
    Why,
};

/// No tree is deeper: AWS allows five levels below the root.
const MAX_LEVELS: usize = 16;

/// Reads the file.
pub fn read(file: &Node, export: &mut Export) {
    let help = "`{\"Organization\": {\"Id\": \"o-…\", \"MasterAccountId\": \"…\"}, \"Root\": {…}, \"Policies\": […]}` is expected";
    let Some(about) = file.get("Organization") else {
        export.diagnostics.push(wrong(file, "it says nothing of an `Organization`", help));
        return;
    };
    if matches!(about.value, Value::Null) {
        for account in export.accounts.values_mut() {
            let none = Attribute::Absent(Meaning::Nothing, about.origin.clone());
            account.attributes.insert("organisation".into(), none);
        }
        return;
    }
    let (Some(id), Some(root)) = (text(about, "Id"), given(file, "Root")) else {
        export.diagnostics.push(wrong(about, "it says neither the organisation's `Id` nor its `Root`", help));
        return;
    };
    let management = account_id(given(about, "MasterAccountId"), &mut export.diagnostics);
    let root = unit(root, 0, &mut export.diagnostics);
    export.organisation =
        Some(Organisation { id: id.to_owned(), management, attributes: Default::default(), root });
    for account in list(file, "Accounts") {
        let name = text(account, "Name").map(str::to_owned);
        if let Some(id) = account_id(given(account, "Id"), &mut export.diagnostics)
            && let Some(account) = export.accounts.get_mut(&id)
        {
            account.name = name;
        }
    }
    if given(file, "Policies").is_some() {
        for policy in list(file, "Policies") {
            control(policy, management, export);
        }
    }
    // That all are here is told where the management account is described, whether it has a folder or not.
    if let (Some(management), Ok(kind)) = (management, "AWS::Organizations::Policy".parse()) {
        let how = match given(file, "Policies") {
            Some(_) => Completeness::All,
            None => Completeness::Some(Why::NotListed("organizations:ListPolicies".into()).into()),
        };
        export.accounts.entry(management).or_default().listed.insert(kind, how);
    }
}

fn account_id(node: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) -> Option<AccountId> {
    let node = node?;
    let id = node.text().and_then(|text| text.parse().ok());
    if id.is_none() {
        diagnostics.push(wrong(node, "it is no account", "twelve digits in quotes are expected"));
    }
    id
}

fn unit(node: &Node, level: usize, diagnostics: &mut Vec<Diagnostic>) -> OrganisationalUnit {
    if level >= MAX_LEVELS {
        diagnostics.push(wrong(node, "units are nested too deeply", "AWS allows five levels below the root"));
        return OrganisationalUnit::default();
    }
    let accounts = list(node, "Accounts").iter().filter_map(|node| {
        let id = if node.text().is_some() { Some(node) } else { given(node, "Id") };
        account_id(id.or(Some(node)), diagnostics)
    });
    OrganisationalUnit {
        id: text(node, "Id").unwrap_or_default().to_owned(),
        name: text(node, "Name").unwrap_or_default().to_owned(),
        accounts: accounts.collect(),
        units: list(node, "Units").iter().map(|node| unit(node, level + 1, diagnostics)).collect(),
    }
}

/// A policy of the organisation, as `organizations:DescribePolicy` and `ListTargetsForPolicy` describe it.
fn control(node: &Node, management: Option<AccountId>, export: &mut Export) {
    let summary = given(node, "PolicySummary").unwrap_or(node);
    let Some(id) = text(summary, "Id") else {
        export.diagnostics.push(wrong(node, "a policy has no `Id`", "`p-…` is expected"));
        return;
    };
    let mut document = mapped(Vec::new(), &node.origin);
    let name = text(summary, "Name").unwrap_or_else(|| id.trim_start_matches("p-"));
    let sort = text(summary, "Type").unwrap_or(match id {
        "p-RCPFullAWSAccess" => "RESOURCE_CONTROL_POLICY",
        _ => "SERVICE_CONTROL_POLICY",
    });
    put(&mut document, "Id", said(id, &node.origin));
    put(&mut document, "Name", said(name, &node.origin));
    put(&mut document, "Type", said(sort, &node.origin));
    let content = match (given(node, "Content"), id) {
        (Some(content), _) => content.clone(),
        // "FullAWSAccess" allows everything; it is AWS's own and the same everywhere.
        (None, "p-FullAWSAccess") => said(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            &node.origin,
        ),
        (None, "p-RCPFullAWSAccess") => said(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
            &node.origin,
        ),
        (None, _) => {
            Node::unknown(Why::NotListed("organizations:DescribePolicy".into()), node.origin.clone())
        }
    };
    put(&mut document, "Policy.Policy.Content", content);
    let ids =
        list(node, "TargetIds").iter().map(|id| mapped(vec![("TargetId".into(), id.clone())], &id.origin));
    let targets = list(node, "Targets").iter().cloned().chain(ids);
    put(&mut document, "Targets.Targets", listed(targets.collect(), &node.origin));
    export.resources.push(raw("AWS::Organizations::Policy", id, (management, None), document, &node.origin));
}
