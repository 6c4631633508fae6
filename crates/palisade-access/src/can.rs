//! What somebody can do: their own policies after boundary and service control policies, and the resources that let them.

use crate::answer::{Group, Groups, Witness, usual};
use crate::ask::{Found, Side, ask, found};
use crate::exposure::{level, requests};
use crate::index::Organisation;
use crate::phrase::{phrases, said};
use crate::who::Wanted;
use palisade_iam::{
    Action, Context, Effect, Level, Policy, PolicyKind, PrincipalPattern, Question, Rest, Statement,
    StatementRef, Strictness,
};
use palisade_identity::{Asked, Identity};
use palisade_services::{Presence, Reference, global_key};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many requests are put to the engine about resources that let somebody in.
const MAX_REACHED: usize = 20_000;

/// Actions by service and level.
pub type ByService = BTreeMap<String, BTreeMap<&'static str, Vec<String>>>;

/// What somebody can do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Can {
    /// Who.
    pub principal: String,
    /// What their own policies let them do, after all that limits them. Resources of other accounts must let them too.
    pub permissions: Vec<Permission>,
    /// What resources let them do by their own policies, roles that they may assume among them.
    pub reach: Vec<Reach>,
    /// What their policies allow and something else takes away, by what that is.
    pub cut: Vec<Group>,
    /// What is not known.
    pub unknown: Vec<Group>,
    /// How many requests were put to the engine.
    pub decided: usize,
}

/// Actions that somebody can do to the same resources under the same conditions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// The actions.
    pub actions: ByService,
    /// The resources, as patterns; `*` where they are all.
    pub resources: Vec<String>,
    /// Where they must be all the same, for the boundary and each level of the organisation that names resources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// The resources among them that are denied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// What must hold; nothing when it holds anyway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The statements that allow it.
    pub by: Vec<StatementRef>,
    /// A request that the engine allows.
    pub witness: Witness,
}

/// A resource whose own policy lets somebody do something.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reach {
    /// The resource.
    pub resource: String,
    /// Who owns it.
    pub owner: Option<String>,
    /// The actions.
    pub actions: ByService,
    /// What must hold; nothing when it holds anyway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The statement that lets them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<StatementRef>,
    /// A request that the engine allows.
    pub witness: Witness,
}

/// What can a user or role do?
///
/// # Errors
/// The estate does not hold them.
pub fn can(organisation: &Organisation, principal: &str, steps: u64) -> Result<Can, String> {
    let identity = organisation.identities.get(principal);
    let identity = identity.ok_or_else(|| format!("the estate does not hold `{principal}`"))?;
    let mut work = Work {
        organisation,
        identity,
        levels: organisation.identities.scps(&identity.account),
        steps,
        decided: 0,
        cut: Groups::default(),
        unknown: Groups::default(),
    };
    for policy in identity.policies.iter().chain(&identity.boundary) {
        if let Some(why) = &policy.unread {
            work.unknown.add(format!("policies were not read: {why}"), 1, [policy.name.to_string()]);
        }
    }
    let permissions = work.permissions()?;
    let reach = work.reach();
    Ok(Can {
        principal: principal.to_owned(),
        permissions,
        reach,
        cut: work.cut.finish(),
        unknown: work.unknown.finish(),
        decided: work.decided,
    })
}

/// The statements of all layers that are about an action, by layer, policy and place.
type Signature = Vec<(u8, usize, usize)>;

struct Work<'w> {
    organisation: &'w Organisation,
    identity: &'w Identity,
    levels: Vec<Level>,
    steps: u64,
    decided: usize,
    cut: Groups,
    unknown: Groups,
}

/// A group of actions that the same statements are about.
struct Alike {
    actions: Vec<String>,
    takes_no_resource: bool,
}

impl Work<'_> {
    /// All the policies of the identity's side, with the number of their layer.
    fn layers(&self) -> Vec<(u8, &Arc<Policy>)> {
        let own = self.identity.policies.iter().map(|policy| (0, policy));
        let boundary = self.identity.boundary.iter().map(|policy| (1, policy));
        let levels = self.levels.iter().flat_map(|level| &level.policies).map(|policy| (2, policy));
        own.chain(boundary).chain(levels).collect()
    }

    fn groups(&self) -> BTreeMap<(Signature, bool, Option<String>), Alike> {
        let context = Context::new(Rest::Absent);
        let layers = self.layers();
        let reference = Reference::shipped();
        let mut groups: BTreeMap<(Signature, bool, Option<String>), Alike> = BTreeMap::new();
        for prefix in reference.prefixes() {
            let Some(service) = reference.service(prefix) else { continue };
            for known in &service.actions {
                let name = format!("{prefix}:{}", known.name);
                let Some(action) = Action::parse(&name) else { continue };
                let mut signature = Vec::new();
                let (mut is_allowed, mut is_alone) = (false, false);
                for (at, (layer, policy)) in layers.iter().enumerate() {
                    for statement in &policy.statements {
                        if statement.actions.matches(&action, &context).is_no() {
                            continue;
                        }
                        is_allowed |= *layer == 0 && statement.effect != Some(Effect::Deny);
                        is_alone |= statement.conditions.iter().any(|condition| {
                            // Which requests carry such keys depends on the action.
                            global_key(&condition.key_text)
                                .is_none_or(|key| key.presence == Presence::Request)
                        });
                        signature.push((*layer, at, statement.index));
                    }
                }
                if !is_allowed {
                    continue;
                }
                let takes_no_resource = known.resources.is_empty();
                let alone =
                    is_alone.then(|| name.clone()).or(needed(&name, takes_no_resource).map(str::to_owned));
                let alike = groups.entry((signature, takes_no_resource, alone));
                alike.or_insert_with(|| Alike { actions: Vec::new(), takes_no_resource }).actions.push(name);
            }
        }
        groups
    }

    fn permissions(&mut self) -> Result<Vec<Permission>, String> {
        let groups = self.groups();
        let mut all: Vec<Permission> = Vec::new();
        for ((signature, ..), alike) in groups {
            let layers = self.layers();
            let statement = |(_, at, index): &(u8, usize, usize)| {
                layers.get(*at).and_then(|(_, policy)| Some((*policy, policy.statements.get(*index)?)))
            };
            let of = |layer: u8, effect: Effect| {
                let of_layer = signature.iter().filter(move |part| part.0 == layer).filter_map(statement);
                of_layer.filter(move |(_, statement)| statement.effect == Some(effect))
            };
            let except: BTreeSet<String> = match alike.takes_no_resource {
                true => BTreeSet::new(),
                false => (0..3)
                    .flat_map(|layer| of(layer, Effect::Deny))
                    .filter_map(|(_, s)| denied(s))
                    .flatten()
                    .collect(),
            };
            let within = within(&signature, &layers, alike.takes_no_resource);
            let allowing: Vec<&(u8, usize, usize)> = signature.iter().filter(|part| part.0 == 0).collect();
            let mut by: Vec<StatementRef> = Vec::new();
            let mut asks: Vec<(Vec<Arc<Policy>>, Vec<String>)> = Vec::new();
            for part in allowing {
                let Some((policy, allow)) = statement(part).filter(|(_, s)| s.effect != Some(Effect::Deny))
                else {
                    continue;
                };
                by.push(refer(policy, allow));
                let patterns = match alike.takes_no_resource {
                    true => vec!["*".to_owned()],
                    false => widest(patterns(allow, self.identity)),
                };
                asks.push((self.only(part.1, part.2), patterns));
            }
            let mut found: BTreeMap<Vec<String>, (Vec<String>, Witness)> = BTreeMap::new();
            let mut denials: BTreeSet<String> = BTreeSet::new();
            for (own, patterns) in asks {
                for pattern in patterns {
                    self.decided += 1;
                    match self.ask(&alike, &pattern, &own)? {
                        Found::Can { met, .. } => {
                            let mut conditions = phrases(&met.formula);
                            let also = alike
                                .actions
                                .first()
                                .and_then(|action| needed(action, alike.takes_no_resource));
                            conditions.extend(also.map(str::to_owned));
                            let entry = found.entry(conditions);
                            let list = &mut entry.or_insert_with(|| (Vec::new(), Witness::of(&met))).0;
                            if !list.contains(&pattern) {
                                list.push(pattern);
                            }
                        }
                        Found::Cannot(why) => {
                            denials.insert(why);
                        }
                        Found::Unknown(why) => {
                            self.unknown.add(why, alike.actions.len(), alike.actions.iter().cloned());
                        }
                    }
                }
            }
            if found.is_empty() {
                for why in denials {
                    self.cut.add(why, alike.actions.len(), alike.actions.iter().cloned());
                }
            }
            // What holds anyway needs not be told again with conditions.
            if let Some((always, _)) = found.get(&Vec::new()) {
                let always = always.clone();
                found.retain(|conditions, (resources, _)| {
                    conditions.is_empty()
                        || !resources.iter().all(|of| always.contains(of) || always.iter().any(|o| o == "*"))
                });
            }
            for (conditions, (resources, witness)) in found {
                let except: Vec<String> = except.iter().cloned().collect();
                let known = all.iter_mut().find(|other| {
                    other.conditions == conditions
                        && other.resources == resources
                        && other.except == except
                        && other.within == within
                });
                match known {
                    Some(known) => {
                        sorted(&alike.actions, &mut known.actions);
                        let new: Vec<StatementRef> =
                            by.iter().filter(|by| !known.by.contains(by)).cloned().collect();
                        known.by.extend(new);
                    }
                    None => {
                        let mut actions = ByService::new();
                        sorted(&alike.actions, &mut actions);
                        let within = within.clone();
                        all.push(Permission {
                            actions,
                            resources,
                            within,
                            except,
                            conditions,
                            by: by.clone(),
                            witness,
                        });
                    }
                }
            }
        }
        all.sort_by_key(|permission| {
            (
                !permission.resources.iter().any(|resource| resource == "*"),
                permission.conditions.len(),
                permission.resources.clone(),
            )
        });
        Ok(all)
    }

    /// The policies of the identity, of which only this statement allows something.
    fn only(&self, policy: usize, statement: usize) -> Vec<Arc<Policy>> {
        let of = |(at, policy_at): (usize, &Arc<Policy>)| {
            let mut copy = policy_at.as_ref().clone();
            let others = copy.statements.iter_mut().filter(|other| other.effect == Some(Effect::Allow));
            for other in others.filter(|other| at != policy || other.index != statement) {
                other.effect = None;
            }
            Arc::new(copy)
        };
        self.identity.policies.iter().enumerate().map(of).collect()
    }

    /// Asks as if the resource left all to the policies of its account.
    fn ask(&self, alike: &Alike, pattern: &str, own: &[Arc<Policy>]) -> Result<Found, String> {
        let mut asked = Asked::new(self.identity.arn.as_ref(), alike.actions[0].as_str(), pattern);
        asked.resource_account = Some(self.identity.account.to_string());
        asked.takes_no_resource = Some(alike.takes_no_resource);
        usual(&mut asked.context);
        let (mut request, mut policies) = self.organisation.identities.question(&asked)?;
        policies.identity = own.to_vec();
        policies.resource = Some(delegation(&self.identity.account));
        policies.rcps = Vec::new();
        request.facts.grants = palisade_iam::Grants::default();
        request.facts.s3 = palisade_iam::S3Facts::default();
        request.facts.resource_need_is_unverified = false;
        Ok(found(Question::new(request, policies), self.steps))
    }

    /// The resources whose policies let the identity in beyond what its own policies do in its account.
    fn reach(&mut self) -> Vec<Reach> {
        let identities = &self.organisation.identities;
        let mut found: Vec<Reach> = Vec::new();
        let mut all: Vec<(&str, Option<&str>, &Arc<Policy>)> = identities
            .resources()
            .filter_map(|(arn, owner, policy)| Some((arn, owner, policy?)))
            .filter(|(_, _, policy)| policy.unread.is_none())
            .collect();
        all.sort_by_key(|(arn, ..)| *arn);
        let mut left = MAX_REACHED;
        for (arn, owner, policy) in all {
            let is_key = arn.split(':').nth(2) == Some("kms");
            let mut seen: BTreeSet<String> = BTreeSet::new();
            for statement in
                policy.statements.iter().filter(|statement| statement.effect != Some(Effect::Deny))
            {
                if !self.is_let_in(statement, policy.kind, owner, is_key) {
                    continue;
                }
                for (action, resource) in requests(statement, policy.kind, arn) {
                    if !seen.insert(format!("{action} {resource}"))
                        || action.contains("With") && policy.kind == PolicyKind::Trust
                    {
                        continue;
                    }
                    if left == 0 {
                        self.unknown.add(format!("more than {MAX_REACHED} requests would have to be asked about resources that let many in"), 1, [arn.to_owned()]);
                        break;
                    }
                    left -= 1;
                    self.decided += 1;
                    let mut wanted = Wanted::new(action.as_str(), resource);
                    wanted.resource_account = owner.map(str::to_owned);
                    match ask(identities, wanted.asked(&self.identity.arn), Side::Told, self.steps) {
                        Err(_) | Ok(Found::Cannot(_)) => {}
                        Ok(Found::Unknown(why)) => self.unknown.add(why, 1, [format!("{action} on {arn}")]),
                        Ok(answer) => {
                            let by = answer.reference();
                            // What its own policies let it do in its account is told already.
                            let is_own = owner == Some(self.identity.account.as_ref())
                                && policy.kind != PolicyKind::Trust
                                && !is_key;
                            let by_itself = |by: &StatementRef| by.layer == palisade_iam::Layer::Identity;
                            if is_own && by.as_ref().is_some_and(by_itself) {
                                continue;
                            }
                            let Found::Can { met, .. } = answer else { continue };
                            add(
                                &mut found,
                                arn,
                                owner,
                                &action,
                                phrases(&met.formula),
                                by,
                                Witness::of(&met),
                            );
                        }
                    }
                }
            }
        }
        found
    }

    /// Does the statement let the identity in, and not only leave it to the policies of its account?
    fn is_let_in(&self, statement: &Statement, kind: PolicyKind, owner: Option<&str>, is_key: bool) -> bool {
        let Some(principals) = &statement.principals else { return false };
        let is_own = owner == Some(self.identity.account.as_ref());
        let is_needed = !is_own || kind == PolicyKind::Trust || is_key;
        principals.is_negated
            || principals.patterns.iter().any(|(pattern, _)| match pattern {
                PrincipalPattern::Everyone => true,
                PrincipalPattern::Account(account) => is_needed && **account == *self.identity.account,
                other => self
                    .organisation
                    .named(other)
                    .is_some_and(|at| self.organisation.principal(at).arn == self.identity.arn),
            })
    }
}

fn add(
    found: &mut Vec<Reach>,
    arn: &str,
    owner: Option<&str>,
    action: &str,
    conditions: Vec<String>,
    by: Option<StatementRef>,
    witness: Witness,
) {
    let is_same = |of: &&mut Reach| of.resource == arn && of.conditions == conditions && of.by == by;
    if let Some(known) = found.iter_mut().find(is_same) {
        return sorted(&[action.to_owned()], &mut known.actions);
    }
    let mut actions = ByService::new();
    sorted(&[action.to_owned()], &mut actions);
    let owner = owner.map(str::to_owned);
    found.push(Reach { resource: arn.to_owned(), owner, actions, conditions, by, witness });
}

fn refer(policy: &Policy, statement: &Statement) -> StatementRef {
    StatementRef {
        layer: palisade_iam::Layer::Identity,
        level: None,
        policy: policy.name.clone(),
        statement: statement.index + 1,
        sid: statement.sid.clone(),
        at: statement.span.as_ref().map(ToString::to_string),
    }
}

/// What a resource must say itself, also within its account.
///
/// Sources: KMS developer guide, "Key policies in AWS KMS"; STS API reference, "AssumeRole".
fn needed(action: &str, takes_no_resource: bool) -> Option<&'static str> {
    let lowercase = action.to_ascii_lowercase();
    match lowercase.split_once(':') {
        Some(("kms", _)) if !takes_no_resource => Some("the key's own policy leaves it to its account"),
        Some(("sts", name))
            if name.starts_with("assumerole") || name == "tagsession" || name == "setsourceidentity" =>
        {
            Some("the role's trust policy allows it too")
        }
        _ => None,
    }
}

/// The resources that layers beside the identity's own allow, where they name any.
fn within(signature: &Signature, layers: &[(u8, &Arc<Policy>)], takes_no_resource: bool) -> Vec<String> {
    let mut found = Vec::new();
    if takes_no_resource {
        return found;
    }
    // Each policy of an organisation by itself: those of one level add up, which is seen only in the answer.
    let mut by_layer: BTreeMap<u8, Vec<&Statement>> = BTreeMap::new();
    for (layer, at, index) in signature.iter().filter(|part| part.0 == 1) {
        let statement = layers.get(*at).and_then(|(_, policy)| policy.statements.get(*index));
        by_layer.entry(*layer).or_default().extend(statement.filter(|s| s.effect == Some(Effect::Allow)));
    }
    for statements in by_layer.values() {
        let names = |statement: &Statement| -> Vec<String> {
            match &statement.resources {
                None => vec!["*".to_owned()],
                Some(resources) => {
                    let but = if resources.is_negated { "all but " } else { "" };
                    resources.patterns.iter().map(|(_, written)| format!("{but}{}", written.text)).collect()
                }
            }
        };
        let all: Vec<String> = statements.iter().flat_map(|statement| names(statement)).collect();
        if !all.iter().any(|name| name == "*") {
            found.extend(all);
        }
    }
    found
}

/// Leaves all to the policies of an account.
fn delegation(account: &str) -> Arc<Policy> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"*","Resource":"*"}}]}}"#
    );
    Arc::new(Policy::parse(&text, &"the resource".into(), PolicyKind::Resource, Strictness::Strict))
}

/// Puts actions where they belong.
fn sorted(actions: &[String], all: &mut ByService) {
    for action in actions {
        let Some((service, name)) = action.split_once(':') else { continue };
        let list = all.entry(service.to_owned()).or_default().entry(level(action)).or_default();
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
            list.sort();
        }
    }
}

/// What a statement names as resources, with the values of the identity for the variables that are known.
fn patterns(statement: &Statement, identity: &Identity) -> BTreeSet<String> {
    match &statement.resources {
        Some(resources) if !resources.is_negated => {
            resources.patterns.iter().map(|(_, written)| filled(&written.text, identity)).collect()
        }
        _ => BTreeSet::from(["*".to_owned()]),
    }
}

fn filled(pattern: &str, identity: &Identity) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        text += before;
        let tag = || {
            let key = name.get(..17).filter(|begin| begin.eq_ignore_ascii_case("aws:PrincipalTag/"))?;
            let tags = identity.tags.as_ref()?;
            tags.iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(&name[key.len()..]))
                .map(|(_, value)| value.to_string())
        };
        text += &match name.to_ascii_lowercase().as_str() {
            "aws:username" if identity.is_user => identity.name().to_owned(),
            "aws:principalaccount" => identity.account.to_string(),
            _ => tag().unwrap_or_else(|| "*".to_owned()),
        };
        rest = after;
    }
    text + rest
}

/// The resources that a denial names, with its conditions; nothing for one that denies all, which is seen in the answer.
fn denied(statement: &Statement) -> Option<Vec<String>> {
    let resources = statement.resources.as_ref()?;
    let conditions: Vec<String> = statement.conditions.iter().map(said).collect();
    let when =
        if conditions.is_empty() { String::new() } else { format!(" if {}", conditions.join(" and ")) };
    if resources.is_negated {
        let list: Vec<&str> = resources.patterns.iter().map(|(_, written)| written.text.as_ref()).collect();
        return Some(vec![format!("all but {}{when}", list.join(", "))]);
    }
    if resources.patterns.iter().any(|(_, written)| written.text.as_ref() == "*") {
        return None;
    }
    Some(resources.patterns.iter().map(|(_, written)| format!("{}{when}", written.text)).collect())
}

/// Without those that another names too.
fn widest(patterns: BTreeSet<String>) -> Vec<String> {
    if patterns.contains("*") {
        return vec!["*".to_owned()];
    }
    let covers = |wide: &str, narrow: &str| {
        wide != narrow
            && wide
                .strip_suffix('*')
                .is_some_and(|begin| !begin.contains(['*', '?']) && narrow.starts_with(begin))
    };
    patterns.iter().filter(|narrow| !patterns.iter().any(|wide| covers(wide, narrow))).cloned().collect()
}
