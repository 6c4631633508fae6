//! The role to deploy: the least policies for a plan, whom it trusts, and both as Terraform and CloudFormation.

use crate::permission;
use crate::plan::{Place, Plan, actions};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

/// A managed policy holds so many characters, white space apart.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const POLICY_MAX: usize = 6_144;

/// The calls that find the accounts of an organisation and read its policies.
const WALK: [&str; 10] = [
    "DescribeOrganization",
    "ListRoots",
    "ListOrganizationalUnitsForParent",
    "ListAccountsForParent",
    "ListAccounts",
    "ListPolicies",
    "DescribePolicy",
    "ListTargetsForPolicy",
    "ListDelegatedAdministrators",
    "ListDelegatedServicesForAccount",
];

/// The actions that a plan needs: no more, and no less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// In each account.
    pub account: BTreeSet<Arc<str>>,
    /// Beside those, in the account that manages the organisation or was delegated to.
    pub organisation: BTreeSet<Arc<str>>,
}

/// The actions that a plan needs.
pub fn permissions(plan: &Plan) -> Permissions {
    let mut account = actions(plan, &[Place::EveryRegion, Place::Account]);
    account.extend(permission::actions("ec2", "DescribeRegions"));
    account.extend(permission::actions("account", "ListRegions"));
    let mut organisation = actions(plan, &[Place::Organisation]);
    organisation.extend(WALK.iter().flat_map(|operation| permission::actions("organizations", operation)));
    Permissions { account, organisation }
}

/// A role that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name, the same in every account.
    pub name: String,
    /// The ARN of who may take it in the account that manages the organisation.
    pub principal: String,
    /// What whoever takes it has to know in the other accounts.
    pub external_id: String,
}

impl Permissions {
    /// The policies of the role in an account that does not manage the organisation. More than one where one is too small.
    pub fn account_policies(&self) -> Vec<Value> {
        split(&self.account, "PalisadeReads").into_iter().map(|statement| document(vec![statement])).collect()
    }

    /// The policies of the role in the account that manages the organisation.
    pub fn organisation_policies(&self, role: &Role) -> Vec<Value> {
        let enter = json!({
            "Sid": "PalisadeEntersAccounts",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": format!("arn:{}:iam::*:role/{}", role.partition(), role.name),
            "Condition": {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
        });
        let mut policies = self.account_policies();
        let own = split(&self.organisation, "PalisadeReadsTheOrganisation");
        let own = own.into_iter().chain([enter]);
        policies.push(document(own.collect()));
        policies
    }

    /// The role of the account that manages the organisation, as a CloudFormation template.
    pub fn organisation_template(&self, role: &Role) -> Value {
        let trust = document(vec![trust(&json!(role.principal), None)]);
        template(
            "The role with which Palisade reads the organisation",
            role,
            trust,
            &self.organisation_policies(role),
        )
    }

    /// The role of every other account, as the template of a StackSet. It asks for the managing account.
    pub fn account_template(&self, role: &Role) -> Value {
        let sub = "arn:${AWS::Partition}:iam::${ManagementAccount}:role/";
        let principal = json!({"Fn::Sub": format!("{sub}{}", role.name)});
        let trust = document(vec![trust(&principal, Some(&json!({"Ref": "ExternalId"})))]);
        let mut template = template(
            "The role with which Palisade reads this account",
            role,
            trust,
            &self.account_policies(),
        );
        template["Parameters"] = json!({
            "ManagementAccount": {
                "Type": "String",
                "AllowedPattern": "[0-9]{12}",
                "Description": "The account that manages the organisation",
            },
            "ExternalId": {
                "Type": "String",
                "NoEcho": true,
                "Default": role.external_id,
                "Description": "What whoever takes the role has to know",
            },
        });
        template
    }

    /// Both as Terraform: the role here, and a StackSet that brings the other one to every account, new ones too.
    pub fn terraform(&self, role: &Role) -> String {
        let mut text = String::new();
        let mut put = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        put(
            "# The role with which Palisade reads the organisation: apply this in the account that manages it.",
        );
        put("data \"aws_caller_identity\" \"current\" {}");
        put("data \"aws_organizations_organization\" \"current\" {}");
        put("");
        put("resource \"aws_iam_role\" \"palisade\" {");
        put(&format!("  name               = {}", quoted(&role.name)));
        let trust = document(vec![trust(&json!(role.principal), None)]);
        put(&format!("  assume_role_policy = jsonencode({})", hcl(&trust, 1)));
        put("}");
        for (number, policy) in self.organisation_policies(role).iter().enumerate() {
            let number = number + 1;
            put("");
            put(&format!("resource \"aws_iam_policy\" \"palisade_{number}\" {{"));
            put(&format!("  name   = {}", quoted(&format!("{}-{number}", role.name))));
            put(&format!("  policy = jsonencode({})", hcl(policy, 1)));
            put("}");
            put("");
            put(&format!("resource \"aws_iam_role_policy_attachment\" \"palisade_{number}\" {{"));
            put("  role       = aws_iam_role.palisade.name");
            put(&format!("  policy_arn = aws_iam_policy.palisade_{number}.arn"));
            put("}");
        }
        put("");
        put("# Every other account, new ones too. StackSets must have trusted access to the organisation.");
        put("resource \"aws_cloudformation_stack_set\" \"palisade\" {");
        put(&format!("  name             = {}", quoted(&role.name)));
        put("  permission_model = \"SERVICE_MANAGED\"");
        put("  capabilities     = [\"CAPABILITY_NAMED_IAM\"]");
        put("  depends_on       = [aws_iam_role.palisade]");
        put("");
        put("  auto_deployment {");
        put("    enabled                          = true");
        put("    retain_stacks_on_account_removal = false");
        put("  }");
        put("");
        put("  parameters = {");
        put("    ManagementAccount = data.aws_caller_identity.current.account_id");
        put(&format!("    ExternalId        = {}", quoted(&role.external_id)));
        put("  }");
        put("");
        put(&format!("  template_body = jsonencode({})", hcl(&self.account_template(role), 1)));
        put("");
        put("  lifecycle {");
        put("    ignore_changes = [administration_role_arn]");
        put("  }");
        put("}");
        put("");
        put("resource \"aws_cloudformation_stack_set_instance\" \"palisade\" {");
        put("  stack_set_name = aws_cloudformation_stack_set.palisade.name");
        put("");
        put("  deployment_targets {");
        put("    organizational_unit_ids = [data.aws_organizations_organization.current.roots[0].id]");
        put("  }");
        put("}");
        text
    }
}

impl Role {
    fn partition(&self) -> &str {
        crate::regions::partition_of_arn(&self.principal)
    }
}

fn trust(principal: &Value, external_id: Option<&Value>) -> Value {
    let mut statement =
        json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    if let Some(external_id) = external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": external_id}});
    }
    statement
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Statements that allow the actions, each small enough for a policy of its own.
fn split(actions: &BTreeSet<Arc<str>>, sid: &str) -> Vec<Value> {
    const FRAME: usize = 300;
    let mut groups: Vec<Vec<&str>> = vec![Vec::new()];
    let mut size = FRAME;
    for action in actions {
        size += action.len() + 3;
        if size > POLICY_MAX {
            groups.push(Vec::new());
            size = FRAME + action.len() + 3;
        }
        if let Some(group) = groups.last_mut() {
            group.push(action);
        }
    }
    let statement = |(number, actions): (usize, Vec<&str>)| {
        let sid = if number == 0 { sid.to_owned() } else { format!("{sid}{}", number + 1) };
        json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"})
    };
    groups.into_iter().enumerate().map(statement).collect()
}

fn template(about: &str, role: &Role, trust: Value, policies: &[Value]) -> Value {
    let mut resources = json!({
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": role.name,
                "Description": about,
                "AssumeRolePolicyDocument": trust,
            },
        },
    });
    for (number, policy) in policies.iter().enumerate() {
        resources[format!("Policy{}", number + 1)] = json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": policy},
        });
    }
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Description": about, "Resources": resources})
}

/// A value as Terraform writes it; templates in texts stay texts.
fn hcl(value: &Value, depth: usize) -> String {
    let inner = "  ".repeat(depth + 1);
    let outer = "  ".repeat(depth);
    match value {
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(items) => {
            let mut text = "[\n".to_owned();
            for item in items {
                let _ = writeln!(text, "{inner}{},", hcl(item, depth + 1));
            }
            text + &outer + "]"
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let mut text = "{\n".to_owned();
            for (name, value) in members {
                let _ = writeln!(text, "{inner}{} = {}", quoted(name), hcl(value, depth + 1));
            }
            text + &outer + "}"
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_content::{load, shipped};
    use palisade_services::Reference;

    fn plan() -> Plan {
        let (library, _) = load(&shipped());
        Plan::new(library.kinds(), None)
    }

    fn role() -> Role {
        Role {
            name: "palisade-read".to_owned(),
            principal: "arn:aws:iam::999900000000:role/audit".to_owned(),
            external_id: "se\"cret${x}".to_owned(),
        }
    }

    #[test]
    fn every_shipped_kind_whose_page_says_calls_is_collected() {
        let plan = plan();
        for (kind, why) in plan.uncollected() {
            assert_eq!(why, "its page says no calls", "{kind}");
        }
        assert!(plan.kinds().count() >= 40);
    }

    #[test]
    fn every_action_of_the_shipped_kinds_is_one_of_iams_and_only_reads() {
        let permissions = permissions(&plan());
        for action in permissions.account.iter().chain(&permissions.organisation) {
            let known = Reference::shipped().action(action);
            let level = known.map(|action| format!("{:?}", action.level));
            assert!(matches!(level.as_deref(), Some("Read" | "List")), "{action}: {level:?}");
        }
        assert!(!permissions.account.iter().any(|action| action.starts_with("organizations:")));
    }

    #[test]
    fn policies_fit_and_allow_everything_once() {
        let actions: BTreeSet<Arc<str>> =
            (0..1_000).map(|number| format!("service:DescribeManyThings{number}").into()).collect();
        let permissions = Permissions { account: actions.clone(), organisation: BTreeSet::new() };
        let policies = permissions.account_policies();
        let mut allowed = BTreeSet::new();
        for policy in &policies {
            assert!(policy.to_string().len() <= POLICY_MAX);
            let found = policy["Statement"][0]["Action"].as_array().unwrap();
            allowed.extend(found.iter().map(|action| Arc::from(action.as_str().unwrap())));
        }
        assert_eq!(allowed, actions);
        assert_eq!(policies.len(), 6);
    }

    #[test]
    fn the_members_role_wants_the_external_id_and_the_managing_role() {
        let template = permissions(&plan()).account_template(&role());
        let statement =
            &template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
        let principal = "arn:${AWS::Partition}:iam::${ManagementAccount}:role/palisade-read";
        assert_eq!(statement["Principal"]["AWS"]["Fn::Sub"], principal);
        assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"]["Ref"], "ExternalId");
    }

    #[test]
    fn the_terraform_is_whole_and_quotes_what_it_is_given() {
        let text = permissions(&plan()).terraform(&role());
        assert!(text.contains(r#"ExternalId        = "se\"cret$${x}""#), "{text}");
        assert!(text.contains("$${AWS::Partition}") && text.contains("s3:ListAllMyBuckets"));
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}
