//! What no principal of an account can ever do, whatever its owner writes: only the organisation's policies bind.
//!
//! What an invariant forbids becomes one denying statement. It holds in an account when the levels of control policies
//! above it let through nothing that the statement describes, which `palisade-prove` decides; a request that shows
//! otherwise is put to `palisade-iam` with everything allowed in the account.

use crate::ask::{Side, everything, question};
use crate::invariant::{By, Invariant, Wrong, matches};
use palisade_iam::{
    Effect, Entry, Level, Outcome, Policies, Policy, PolicyKind, Question, Rest, StatementRef, Strictness,
};
use palisade_identity::{Asked, Identities};
use palisade_prove::{Answer, Options, levels_keep_out};
use palisade_services::Reference;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// Where an account stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its twelve digits.
    pub account: String,
    /// The id of its organisation.
    pub organisation: String,
    /// Its place in the organisation: `o-…/r-…/ou-…/`.
    pub path: String,
    /// Is it the management account? Nothing when that is not known.
    pub is_management: Option<bool>,
}

/// The accounts with the same policies above them, and what is so of each.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// The accounts.
    pub accounts: Vec<String>,
    /// What is so.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Does an invariant hold?
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// No request can break it.
    Proved,
    /// This one does.
    Violated(Box<Breach>),
    /// It is not known, for these reasons.
    Unknown {
        /// The reasons.
        why: Vec<String>,
    },
}

/// A request that breaks an invariant: the engine allows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Breach {
    /// Who asks.
    pub principal: String,
    /// The ARN that policies know the principal by.
    pub principal_arn: Option<String>,
    /// For which action.
    pub action: String,
    /// On which resource.
    pub resource: String,
    /// The condition keys that matter; nothing for one that the request must not carry.
    pub context: Vec<(String, Option<Vec<String>>)>,
    /// The statements that let it through, one of each level; without one, nothing is attached that could deny.
    pub through: Vec<StatementRef>,
    /// Not the forbidden request itself, but one that makes a principal that the invariant excepts.
    pub makes_excepted: bool,
}

/// Somebody of an account, or somebody signed in from outside, whom the policies of the account may let do anything.
struct Sort {
    principal: &'static str,
    conditions: Vec<(&'static str, &'static str, Vec<String>)>,
}

const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];
const STRANGER: &str = "arn:aws:iam::444455556666:user/stranger";

/// Decides an invariant for each group of accounts that the same policies bind.
///
/// # Errors
/// The invariant can't be asked.
pub fn guardrail(
    identities: &Identities,
    invariant: &Invariant,
    accounts: &[Standing],
    steps: u64,
) -> Result<Vec<Chain>, Wrong> {
    let mut groups: BTreeMap<String, Vec<&Standing>> = BTreeMap::new();
    for standing in accounts {
        groups.entry(group(identities, invariant, standing)).or_default().push(standing);
    }
    let mut found: Vec<Chain> = Vec::new();
    for members in groups.into_values() {
        let Some(first) = members.first() else { continue };
        let verdict = verdict(identities, invariant, first, steps)?;
        found.push(Chain { accounts: members.iter().map(|m| m.account.clone()).collect(), verdict });
    }
    found.sort_by(|a, b| a.accounts.cmp(&b.accounts));
    Ok(found)
}

/// The policies that bind.
fn levels(identities: &Identities, invariant: &Invariant, account: &Standing) -> Result<Vec<Level>, String> {
    match account.is_management {
        Some(true) => return Ok(Vec::new()),
        Some(false) => {}
        None => return Err("it is not known which account is the management account".to_owned()),
    }
    match invariant.by {
        By::Inside => Ok(identities.scps(&account.account)),
        By::Outside => rcps(identities, &account.account),
    }
}

/// The resource control policies of an account.
fn rcps(identities: &Identities, account: &str) -> Result<Vec<Level>, String> {
    let mut asked = Asked::new(STRANGER, "s3:GetObject", "arn:aws:s3:::a-bucket-that-nobody-has/k");
    asked.resource_account = Some(account.to_owned());
    let (_, policies) = question(identities, asked, Side::Assumed)?;
    Ok(policies.rcps)
}

/// The same text for accounts of which the same is so.
fn group(identities: &Identities, invariant: &Invariant, standing: &Standing) -> String {
    let mut said = format!("{} {:?};", standing.organisation, standing.is_management);
    let mut is_own = invariant.names_accounts();
    for level in levels(identities, invariant, standing).unwrap_or_default() {
        for policy in &level.policies {
            match &policy.unread {
                Some(why) => drop(write!(said, "{why},")),
                None => drop(write!(said, "{:p},", Arc::as_ptr(policy))),
            }
            is_own |= tells_accounts_apart(policy);
        }
        said.push(';');
    }
    if is_own {
        said.push_str(&standing.account);
    }
    said
}

/// May a policy say different things of different accounts?
fn tells_accounts_apart(policy: &Policy) -> bool {
    let text = format!("{:?}", policy.statements).to_ascii_lowercase();
    crate::invariant::has_account(&text)
        || ["principalaccount", "resourceaccount", "orgpaths", "sourceaccount", "variable("]
            .iter()
            .any(|word| text.contains(word))
}

fn verdict(
    identities: &Identities,
    invariant: &Invariant,
    standing: &Standing,
    steps: u64,
) -> Result<Verdict, Wrong> {
    let levels = match levels(identities, invariant, standing) {
        Ok(levels) => levels,
        Err(why) => return Ok(Verdict::Unknown { why: vec![why] }),
    };
    let mut reasons = Vec::new();
    if invariant.by == By::Outside
        && let Some(verdict) = unreached(invariant)
    {
        return Ok(verdict);
    }
    let compared: Vec<Level> = if invariant.by == By::Outside { as_scps(&levels) } else { levels.clone() };
    let mut questions = vec![(invariant.clone(), false)];
    questions.extend(making(invariant, &standing.account).map(|made| (made, true)));
    for (asked, makes_excepted) in &questions {
        for sort in sorts(asked, standing) {
            let described = described(asked, &sort)?;
            let options = Options { steps, unlisted_actions: true };
            match levels_keep_out(&compared, &described, &options).answer {
                Answer::Holds => {}
                Answer::Unknown(why) => reasons.extend(why),
                Answer::Violated(witness) => {
                    match replayed(identities, asked, standing, &levels, &sort, &witness) {
                        Ok(mut breach) => {
                            breach.makes_excepted = *makes_excepted;
                            return Ok(Verdict::Violated(Box::new(breach)));
                        }
                        Err(why) => reasons.push(why),
                    }
                }
            }
        }
    }
    if reasons.is_empty() && !describes_something(invariant, standing, steps)? {
        reasons.push("no request was found that it forbids, so there is nothing to prove".to_owned());
    }
    reasons.sort();
    reasons.dedup();
    Ok(if reasons.is_empty() { Verdict::Proved } else { Verdict::Unknown { why: reasons } })
}

/// Is there a request that an invariant forbids, where nothing binds? One that forbids none would hold anywhere.
fn describes_something(invariant: &Invariant, standing: &Standing, steps: u64) -> Result<bool, Wrong> {
    let options = Options { steps, unlisted_actions: true };
    for sort in sorts(invariant, standing) {
        let report = levels_keep_out(&[], &described(invariant, &sort)?, &options);
        if matches!(report.answer, Answer::Violated(_)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What resource control policies do not reach.
fn unreached(invariant: &Invariant) -> Option<Verdict> {
    let reference = Reference::shipped();
    let why: Vec<String> = invariant
        .actions
        .iter()
        .map(|action| action.split_once(':').map_or("*", |(service, _)| service))
        .filter(|service| reference.reached_by_rcps(service) != Some(true))
        .map(|service| {
            format!(
                "no resource control policy is known to act on `{service}`, so its resource policies decide"
            )
        })
        .collect();
    (!why.is_empty()).then_some(Verdict::Unknown { why })
}

/// The levels of resource control policies, for comparison: they name everybody and only deny, as AWS keeps the one that
/// allows everything attached everywhere.
fn as_scps(levels: &[Level]) -> Vec<Level> {
    let turn = |policy: &Arc<Policy>| {
        let mut policy = policy.as_ref().clone();
        policy.kind = PolicyKind::ServiceControl;
        for statement in &mut policy.statements {
            statement.principals = None;
            if statement.effect == Some(Effect::Allow) {
                statement.effect = None;
            }
        }
        Arc::new(policy)
    };
    let denying = levels.iter().flat_map(|level| &level.policies).map(turn);
    vec![Level {
        at: "the organisation".into(),
        policies: [everything()].into_iter().chain(denying).collect(),
    }]
}

/// That nobody makes a principal that an invariant excepts, or takes one over.
fn making(invariant: &Invariant, account: &str) -> impl Iterator<Item = Invariant> {
    let own = |word: &str| {
        invariant
            .except
            .iter()
            .filter_map(|pattern| {
                let fields: Vec<&str> = pattern.splitn(6, ':').collect();
                let [arn, partition, service, region, owner, name] = fields.as_slice() else { return None };
                let is_own = matches(owner, account) && matches(service, "iam");
                let fixed = name.split(['*', '?']).next().unwrap_or(name);
                if !fixed.starts_with(word) && !word.starts_with(fixed) {
                    return None;
                }
                let rest = name.strip_prefix(word).unwrap_or("");
                // AWS alone makes roles below these paths.
                let is_kept = rest.starts_with("/aws-service-role/") || rest.starts_with("/aws-reserved/");
                (is_own && !is_kept).then(|| format!("{arn}:{partition}:iam:{region}:{account}:{name}"))
            })
            .collect::<Vec<String>>()
    };
    let make = |word: &str, actions: &[&str]| {
        let resources = own(word);
        (invariant.by == By::Inside && !resources.is_empty()).then(|| Invariant {
            name: invariant.name.clone(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources,
            except: invariant.except.clone(),
            ..Invariant::default()
        })
    };
    let roles = make("role", &["iam:CreateRole", "iam:UpdateAssumeRolePolicy"]);
    let users = make(
        "user",
        &["iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"],
    );
    [roles, users].into_iter().flatten()
}

/// Those who may ask.
fn sorts(invariant: &Invariant, standing: &Standing) -> Vec<Sort> {
    if invariant.by == By::Outside {
        let org = vec![standing.organisation.clone()];
        let conditions = vec![
            ("StringNotEquals", "aws:PrincipalOrgID", org),
            ("Bool", "aws:PrincipalIsAWSService", vec!["false".to_owned()]),
            ("StringEquals", "aws:ResourceAccount", vec![standing.account.clone()]),
        ];
        return vec![Sort { principal: "stranger", conditions }];
    }
    let account = &standing.account;
    let sort = |principal, arn: &str, of: &str| {
        let conditions = vec![
            (
                "ArnLike",
                "aws:PrincipalArn",
                PARTITIONS.iter().map(|partition| format!("arn:{partition}:{arn}")).collect(),
            ),
            ("StringEquals", "aws:PrincipalAccount", vec![account.clone()]),
            ("StringEquals", "aws:PrincipalType", vec![of.to_owned()]),
            ("StringEquals", "aws:PrincipalOrgID", vec![standing.organisation.clone()]),
            ("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", vec![standing.path.clone()]),
            ("Bool", "aws:PrincipalIsAWSService", vec!["false".to_owned()]),
        ];
        Sort { principal, conditions }
    };
    vec![
        sort("role", &format!("iam::{account}:role/?*"), "AssumedRole"),
        sort("user", &format!("iam::{account}:user/?*"), "User"),
        sort("root", &format!("iam::{account}:root"), "Account"),
    ]
}

/// What an invariant forbids somebody, as one denying statement.
fn described(invariant: &Invariant, sort: &Sort) -> Result<Arc<Policy>, Wrong> {
    let mut conditions: Map<String, Value> = Map::new();
    let mut add = |operator: &str, key: &str, values: Vec<String>| {
        let block = conditions.entry(operator).or_insert_with(|| json!({}));
        if let Some(block) = block.as_object_mut() {
            block.insert(key.to_owned(), json!(values));
        }
    };
    for (operator, key, values) in &sort.conditions {
        add(operator, key, values.clone());
    }
    if invariant.by == By::Inside {
        let mut except = invariant.except.clone();
        if sort.principal == "role" {
            except.push("arn:*:iam::*:role/aws-service-role/*".to_owned());
        }
        if !except.is_empty() {
            add("ArnNotLike", "aws:PrincipalArn", except);
        }
    }
    if !invariant.outside_regions.is_empty() {
        add("StringNotEquals", "aws:RequestedRegion", invariant.outside_regions.clone());
    }
    for (key, values) in &invariant.conditions {
        add("StringLike", key, values.clone());
    }
    let mut statement = json!({"Effect": "Deny", "Condition": conditions});
    if invariant.except_services.is_empty() {
        statement["Action"] = json!(invariant.actions);
    } else {
        let spared: Vec<String> = invariant.except_services.iter().map(|s| format!("{s}:*")).collect();
        statement["NotAction"] = json!(spared);
    }
    let all = vec!["*".to_owned()];
    statement["Resource"] = json!(if invariant.resources.is_empty() { &all } else { &invariant.resources });
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let policy = Policy::parse(&text, &"the invariant".into(), PolicyKind::Identity, Strictness::Strict);
    if policy.is_rejected {
        let why = policy.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str());
        return Err(Wrong(why.collect::<Vec<_>>().join("; ")));
    }
    Ok(Arc::new(policy))
}

/// Puts a request to the engine: everything is allowed in the account, and only the organisation's policies deny.
fn replayed(
    identities: &Identities,
    invariant: &Invariant,
    standing: &Standing,
    levels: &[Level],
    sort: &Sort,
    witness: &palisade_prove::Witness,
) -> Result<Breach, String> {
    let of = |wanted: &str| {
        let is_it = |(key, _): &&(String, Option<Vec<String>>)| key.eq_ignore_ascii_case(wanted);
        witness.context.iter().find(is_it).and_then(|(_, values)| values.as_ref()?.first().cloned())
    };
    let arn = of("aws:PrincipalArn");
    let account = &standing.account;
    let principal = match (sort.principal, &arn) {
        ("stranger", _) => STRANGER.to_owned(),
        ("role", Some(arn)) => {
            let name = arn.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("anyone");
            let partition = arn.split(':').nth(1).unwrap_or("aws");
            format!("arn:{partition}:sts::{account}:assumed-role/{name}/session")
        }
        (_, Some(arn)) => arn.clone(),
        (_, None) => return Err("a request was found that does not say who asks".to_owned()),
    };
    let mut asked = Asked::new(principal.clone(), witness.action.clone(), witness.resource.clone());
    asked.resource_account = Some(account.clone());
    asked.takes_no_resource = Some(!witness.takes_resource);
    asked.rest = Rest::Absent;
    for (key, values) in &witness.context {
        let entry =
            values.as_ref().map_or(Entry::Absent, |values| Entry::values(values.iter().map(String::as_str)));
        asked.context.push((key.clone(), entry));
    }
    let (mut request, mut policies) = question(identities, asked, Side::Assumed)?;
    request.facts.s3 = palisade_iam::S3Facts::default();
    request.facts.grants = palisade_iam::Grants::default();
    bound(&mut policies, invariant.by, levels);
    let question = Question::new(request, policies);
    if question.decide().outcome != Outcome::Allowed {
        return Err(format!(
            "a request for `{}` on `{}` was found, which the engine does not confirm",
            witness.action, witness.resource
        ));
    }
    Ok(Breach {
        principal,
        principal_arn: arn,
        action: witness.action.clone(),
        resource: witness.resource.clone(),
        context: witness.context.clone(),
        through: through(&question, levels, invariant.by),
        makes_excepted: false,
    })
}

/// Leaves nothing that binds but the levels.
fn bound(policies: &mut Policies, by: By, levels: &[Level]) {
    policies.identity = vec![everything()];
    policies.resource = Some(anybody());
    policies.boundaries = Vec::new();
    policies.session = Vec::new();
    let (scps, rcps) = match by {
        By::Inside => (levels.to_vec(), Vec::new()),
        By::Outside => (Vec::new(), levels.to_vec()),
    };
    (policies.scps, policies.rcps) = (scps, rcps);
}

/// The first statement of each level that lets a request through.
fn through(question: &Question, levels: &[Level], by: By) -> Vec<StatementRef> {
    let one = |level: &Level, policy: &Arc<Policy>, index: usize| {
        let mut own = policy.as_ref().clone();
        own.statements.iter_mut().enumerate().for_each(|(at, statement)| {
            if at != index {
                statement.effect = None;
            }
        });
        let mut policies = question.policies().clone();
        let alone = Level { at: level.at.clone(), policies: vec![Arc::new(own)] };
        bound(&mut policies, by, &[alone]);
        palisade_iam::decide(question.request(), &policies).outcome == Outcome::Allowed
    };
    let of_level = |level: &Level| {
        level.policies.iter().find_map(|policy| {
            let allowing = policy
                .statements
                .iter()
                .enumerate()
                .filter(|(_, statement)| statement.effect == Some(Effect::Allow));
            let mut letting = allowing.filter(|(index, _)| one(level, policy, *index));
            letting.next().map(|(index, statement)| StatementRef {
                layer: match by {
                    By::Inside => palisade_iam::Layer::ServiceControl,
                    By::Outside => palisade_iam::Layer::ResourceControl,
                },
                level: Some(level.at.clone()),
                policy: policy.name.clone(),
                statement: index + 1,
                sid: statement.sid.clone(),
                at: statement.span.as_ref().map(ToString::to_string),
            })
        })
    };
    levels.iter().filter_map(of_level).collect()
}

/// A resource's policy that lets everybody do everything.
fn anybody() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let parse =
        || Policy::parse(text, &"the resource's policy".into(), PolicyKind::Resource, Strictness::Strict);
    POLICY.get_or_init(|| Arc::new(parse())).clone()
}

/// Every action that an invariant may name by this pattern; none for one that names nothing.
pub fn names_an_action(pattern: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let Some((service, name)) = pattern.split_once(':') else { return false };
    let Some(service) = Reference::shipped().service(service) else { return false };
    service.actions.iter().any(|action| matches(name, &action.name))
}
