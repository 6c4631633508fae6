//! Explains a decision: what decided, what each layer says, why the near misses missed, and what would change it.

use crate::condition::{Comparison, Condition, Family, Quantifier};
use crate::context::Entry;
use crate::decide::{
    At, By, Concrete, Decision, Layer, Open, Outcome, Place, about_resource, decide, evaluate,
    policy_is_mandatory, settle, ways_named,
};
use crate::grants::{self, Grant, GrantKind};
use crate::policy::{Effect, Policy, PolicyKind, ResourceText, Statement};
use crate::principal::Principal;
use crate::request::{Level, Policies, Request, Switch};
use crate::rules::Rule;
use crate::sets::Question;
use crate::truth::Truth;
use palisade_services::Reference;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::fmt::Write;
use std::sync::Arc;

/// How many near misses are told.
const MAX_NEAR_MISSES: usize = 5;
/// How many changes are tried.
const MAX_CHANGES: usize = 12;

/// A decision, explained.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What AWS would answer.
    pub decision: Outcome,
    /// The request in one sentence.
    pub request: String,
    /// Why, in one sentence.
    pub why: String,
    /// Why the statement that denies applies here: what it asks for, and what the request has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// The statement that decides.
    pub by: Option<StatementRef>,
    /// What each layer says, in the order in which AWS looks at them.
    pub layers: Vec<LayerVerdict>,
    /// The statements that almost allowed it (or almost denied it, when it is allowed).
    pub near_misses: Vec<NearMiss>,
    /// What is not known and decides.
    pub open: Vec<Open>,
    /// The smallest change found that turns the decision; each step is needed.
    pub changes: Vec<String>,
}

/// A statement, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatementRef {
    /// The layer of its policy.
    pub layer: Layer,
    /// The level of the organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Arc<str>>,
    /// Its policy.
    pub policy: Arc<str>,
    /// Its place in the policy, from 1.
    pub statement: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Arc<str>>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// What a layer says.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerVerdict {
    /// The layer.
    pub layer: Layer,
    /// `denies`, `denies nothing`, `allows`, `does not allow`, `is not needed`, `is not known`.
    pub verdict: &'static str,
    /// More about it.
    pub note: String,
    /// The statement it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<StatementRef>,
}

/// A statement that almost applied.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// The statement.
    pub statement: StatementRef,
    /// Why it did not apply.
    pub missed: Vec<Miss>,
}

/// An element of a statement that kept it from applying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Miss {
    /// `Principal`, `Action`, `Resource` or `Condition`.
    pub element: &'static str,
    /// What the statement asks for.
    pub needed: String,
    /// What the request has.
    pub had: String,
    /// Where the element stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Explains the decision about a question.
pub fn explain(question: &Question) -> Explanation {
    let decision = question.decide();
    let request = question.deciding_request();
    let policies = question.policies();
    let mut explanation = Explanation {
        decision: decision.outcome,
        request: sentence(question.request()),
        why: String::new(),
        because: match decision.by.filter(|_| decision.outcome == Outcome::ExplicitlyDenied) {
            Some(by) => because(by, request, policies),
            None => Vec::new(),
        },
        by: decision.by.map(|by| reference(by, policies)),
        layers: layers(request, policies),
        near_misses: near_misses(request, policies, decision),
        open: if decision.outcome == Outcome::Unknown { question.open() } else { Vec::new() },
        changes: changes(request, policies, decision),
    };
    explanation.why = why(&explanation, decision, request);
    explanation
}

fn sentence(request: &Request) -> String {
    let who = request.principal.arn().unwrap_or_else(|| "an anonymous caller".to_owned());
    let on = if request.takes_no_resource { String::new() } else { format!(" on {}", request.resource.text) };
    format!("{who} asks for {}{on}", request.action.text)
}

fn reference(by: By, policies: &Policies) -> StatementRef {
    let policy = policies.at(by.place);
    let statement = policy.and_then(|policy| policy.statements.get(by.statement));
    StatementRef {
        layer: by.place.layer,
        level: policies.level(by.place).cloned(),
        policy: policy.map_or_else(|| by.place.layer.noun().into(), |policy| policy.name.clone()),
        statement: by.statement + 1,
        sid: statement.and_then(|statement| statement.sid.clone()),
        at: statement.and_then(|statement| statement.span.as_ref()).map(ToString::to_string),
    }
}

impl StatementRef {
    /// What sort of policy it is in, where its name may not tell.
    pub fn sort(&self) -> &'static str {
        match self.layer {
            Layer::ServiceControl => {
                " (a service control policy: what accounts of the organisation may do at most)"
            }
            Layer::ResourceControl => {
                " (a resource control policy: what may be done at most with resources of the organisation)"
            }
            Layer::Boundary => " (a permissions boundary: what the identity may do at most)",
            Layer::Session => " (a session policy: given when the session was made)",
            Layer::Endpoint => " (the policy of the VPC endpoint)",
            _ => "",
        }
    }

    fn text(&self) -> String {
        let mut text = format!("statement {}", self.statement);
        if let Some(sid) = &self.sid {
            let _ = write!(text, " (`{sid}`)");
        }
        let _ = write!(text, " of {}", self.policy);
        if let Some(level) = &self.level {
            let _ = write!(text, " at {level}");
        }
        if let Some(at) = &self.at {
            let _ = write!(text, ", {at}");
        }
        text
    }
}

fn why(explanation: &Explanation, decision: Decision, request: &Request) -> String {
    if let Some(rule) = decision.rule {
        return rule.text().to_owned();
    }
    let blocked: Vec<&str> = decision.blocked_by.iter().map(Layer::noun).collect();
    match (decision.outcome, &explanation.by) {
        (Outcome::Allowed, Some(by)) => format!("{} allows it and nothing denies it", by.text()),
        (Outcome::Allowed, None) if matches!(request.principal, Principal::Root { .. }) => {
            "the root user may do everything that nothing denies".to_owned()
        }
        (Outcome::Allowed, None) => "a grant allows it and nothing denies it".to_owned(),
        (Outcome::ExplicitlyDenied, Some(by)) => {
            format!("{}{} denies it, and a denial always wins", by.text(), by.sort())
        }
        (Outcome::ExplicitlyDenied, None) => "a statement denies it, and a denial always wins".to_owned(),
        (Outcome::ImplicitlyDenied, _) if blocked.is_empty() => "nothing allows it".to_owned(),
        (Outcome::ImplicitlyDenied, _) => {
            let is_one = |noun: &str| !noun.ends_with("policies") && noun != "grants";
            let verb = if blocked.len() == 1 && is_one(blocked[0]) { "does" } else { "do" };
            format!("nothing denies it, but {} {verb} not allow it", and(&blocked))
        }
        (Outcome::Unknown, _) => {
            let open: Vec<String> = explanation.open.iter().map(open_name).collect();
            let open: Vec<&str> = open.iter().map(String::as_str).collect();
            format!("it depends on what is not known: {}", and(&open))
        }
    }
}

/// Which of its exceptions and conditions make a statement apply; nothing when it has none.
fn because(by: By, request: &Request, policies: &Policies) -> Vec<String> {
    let mut parts = Vec::new();
    let Some(statement) = policies.at(by.place).and_then(|policy| policy.statements.get(by.statement)) else {
        return parts;
    };
    if statement.actions.is_negated {
        parts.push(format!("`{}` is not among the actions that it spares", request.action.text));
    }
    if statement.resources.as_ref().is_some_and(|resources| resources.is_negated) {
        parts.push("the resource is not among those that it spares".to_owned());
    }
    if statement.principals.as_ref().is_some_and(|principals| principals.is_negated) {
        parts.push("the caller is not among those that it spares".to_owned());
    }
    for condition in &statement.conditions {
        parts.push(format!("{}: the request has {}", condition_text(condition), had(condition, request)));
    }
    parts
}

fn open_name(open: &Open) -> String {
    match (&open.key, &open.fact) {
        (Some(key), _) => format!("`{key}`"),
        (None, Some(fact)) => fact.to_string(),
        (None, None) => open.why.to_string(),
    }
}

fn and(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl Rule {
    /// The rule in one sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::CallerIdentityIsAlwaysTold => {
                "AWS always tells callers who they are: the action needs no permission and can't be denied"
            }
            Self::SessionTokenNeedsNoPermission => "users may always ask for a session token of their own",
            Self::AwsManagedPolicy => "policies that AWS manages can't be changed by customers",
            Self::ReservedRole => {
                "roles below /aws-reserved/ belong to AWS and can't be changed by customers"
            }
            Self::AwsManagedAlias => "key aliases that begin with alias/aws/ belong to AWS",
            Self::FederatedSessionCallsNeitherIamNorSts => {
                "a federated user's session may call neither IAM (but in the console) nor STS"
            }
            Self::SessionTokenIsLimited => {
                "a session token of a user may call IAM only with MFA, and of STS only AssumeRole"
            }
            Self::RoleSessionGetsNoToken => {
                "a role's session may ask for neither federation nor session tokens"
            }
            Self::PublicAclIsBlocked => "BlockPublicAcls refuses an ACL that lets everyone in",
            Self::PublicPolicyIsBlocked => "BlockPublicPolicy refuses a policy that lets everyone in",
            Self::RootAssumesNoRole => "the root user can't assume roles",
            Self::OutsideOfTheAccessPointsVpc => "the access point accepts requests from its VPC only",
        }
    }
}

fn layers(request: &Request, policies: &Policies) -> Vec<LayerVerdict> {
    let mut logic = Concrete::default();
    let mut verdicts = evaluate(&mut logic, request, policies);
    settle(&logic, request, &mut verdicts);
    let mut all = Vec::new();
    let named = verdicts.named.iter().copied().max().unwrap_or(Truth::No);
    for layer in Layer::ALL {
        let (is_there, allows, note) = match layer {
            Layer::ServiceControl => (!policies.scps.is_empty(), verdicts.scp, scp_note(request, policies)),
            Layer::ResourceControl => (!policies.rcps.is_empty(), Truth::Yes, rcp_note(request)),
            Layer::Resource => {
                let is_own = request.principal.account().is_some()
                    && request.principal.account() == request.resource_account.as_deref();
                let is_needed = !is_own || policy_is_mandatory(request);
                let denies = verdicts.denies[Layer::Resource as usize];
                let note = match (policies.resource.is_none(), is_needed) {
                    (true, true) => "there is none, and one is needed",
                    (true, false) => "there is none, and none is needed within the account",
                    (false, false) if named.is_no() && denies.is_no() => "not needed within the account",
                    (false, _) => "",
                };
                (true, named, note.to_owned())
            }
            Layer::Identity => {
                let note = match &request.principal {
                    Principal::Root { .. } => "the root user needs none",
                    principal if !principal.has_identity() => "this caller has none",
                    _ if policies.identity.is_empty() => "there are none",
                    _ => "",
                };
                (true, verdicts.identity, note.to_owned())
            }
            Layer::Boundary => (!policies.boundaries.is_empty(), verdicts.boundary, String::new()),
            Layer::Session => {
                let is_fed = matches!(request.principal, Principal::FederatedUser(_));
                let note = if policies.session.is_empty() {
                    "a federated user's session without a policy may do nothing"
                } else {
                    ""
                };
                (is_fed || !policies.session.is_empty(), verdicts.session, note.to_owned())
            }
            Layer::Endpoint => (!policies.endpoints.is_empty(), verdicts.endpoint, String::new()),
            Layer::PublicAccessBlock => {
                let is_on = request.facts.s3.restrict_public_buckets != Switch::Off;
                (is_on, !verdicts.restricted, "RestrictPublicBuckets".to_owned())
            }
            Layer::AccessPoint => {
                (request.facts.s3.access_point.is_some(), verdicts.access_point, String::new())
            }
            Layer::Grant => {
                let given = verdicts.grant.or(verdicts.grant_added);
                let needed = grants::also_needed(request);
                if needed.is_yes() {
                    (!given.is_no(), given, String::new())
                } else {
                    let kind = grants::needed_kind(request).map_or("grants", GrantKind::noun);
                    (true, needed, format!("{kind}, which are asked for besides the policies"))
                }
            }
        };
        if !is_there {
            continue;
        }
        let denial = denial(layer, request, policies).filter(|_| !verdicts.denies[layer as usize].is_no());
        let (verdict, by) = match (verdicts.denies[layer as usize], allows) {
            (Truth::Yes, _) => ("denies", denial),
            (Truth::Unknown, _) => ("is not known", denial),
            (Truth::No, Truth::Yes) if layer == Layer::ResourceControl => ("denies nothing", None),
            (Truth::No, Truth::Yes) => ("allows", logic.allowed_by[layer as usize]),
            (Truth::No, Truth::No) if note.contains("none is needed") || note.starts_with("not needed") => {
                ("is not needed", None)
            }
            (Truth::No, Truth::No) => ("does not allow", None),
            (Truth::No, Truth::Unknown) => ("is not known", None),
        };
        let note = match verdict {
            "is not needed" if policies.resource.is_none() => {
                "there is none; within one account the others are enough".to_owned()
            }
            "is not needed" => {
                "it does not name this caller; within one account the others are enough".to_owned()
            }
            _ => note,
        };
        all.push(LayerVerdict { layer, verdict, note, by: by.map(|by| reference(by, policies)) });
    }
    all
}

/// Whether they act on the service at all, which grows: so the day of what is known is told.
fn rcp_note(request: &Request) -> String {
    let (service, date) = (request.action.service(), &Reference::shipped().date);
    match request.facts.rcp_supported {
        Some(true) => String::new(),
        Some(false) => format!("they do not act on `{service}`, as of {date}"),
        None => format!("whether they act on `{service}` is not known, as of {date}"),
    }
}

/// Which levels do not allow.
fn scp_note(request: &Request, policies: &Policies) -> String {
    let silent: Vec<&str> = policies
        .scps
        .iter()
        .enumerate()
        .filter(|(level, _)| {
            !statements(policies).into_iter().any(|(place, policy, statement)| {
                place.layer == Layer::ServiceControl
                    && place.level == *level
                    && statement.effect == Some(Effect::Allow)
                    && applies(place, policy, statement, request, policies).is_yes()
            })
        })
        .map(|(_, level)| level.at.as_ref())
        .collect();
    if silent.is_empty() { String::new() } else { format!("no allowance at {}", and(&silent)) }
}

/// All statements of all policies, with their places.
fn statements(policies: &Policies) -> Vec<(Place, &Arc<Policy>, &Statement)> {
    let mut all = Vec::new();
    let mut add = |layer: Layer, level: usize, at: usize| all.push(Place { layer, level, policy: at });
    let levels = [(Layer::ServiceControl, &policies.scps), (Layer::ResourceControl, &policies.rcps)];
    for (layer, levels) in levels {
        for (level, Level { policies, .. }) in levels.iter().enumerate() {
            (0..policies.len()).for_each(|at| add(layer, level, at));
        }
    }
    policies.resource.iter().for_each(|_| add(Layer::Resource, 0, 0));
    policies.access_point.iter().for_each(|_| add(Layer::AccessPoint, 0, 0));
    (0..policies.identity.len()).for_each(|at| add(Layer::Identity, 0, at));
    (0..policies.endpoints.len()).for_each(|at| add(Layer::Endpoint, at, 0));
    (0..policies.boundaries.len()).for_each(|at| add(Layer::Boundary, at, 0));
    (0..policies.session.len()).for_each(|at| add(Layer::Session, 0, at));
    all.into_iter()
        .filter_map(|place| policies.at(place).map(|policy| (place, policy)))
        .flat_map(|(place, policy)| policy.statements.iter().map(move |statement| (place, policy, statement)))
        .collect()
}

fn denial(layer: Layer, request: &Request, policies: &Policies) -> Option<By> {
    let found = statements(policies).into_iter().find(|(place, policy, statement)| {
        place.layer == layer
            && statement.effect == Some(Effect::Deny)
            && !applies(*place, policy, statement, request, policies).is_no()
    });
    found.map(|(place, _, statement)| By { place, statement: statement.index })
}

fn principal_truth(
    place: Place,
    policy: &Policy,
    statement: &Statement,
    request: &Request,
    policies: &Policies,
) -> Truth {
    if statement.principals.is_none() {
        return Truth::Yes;
    }
    let mut logic = Concrete::default();
    let at = At { place, policy, statement };
    let has_boundary = place.layer == Layer::Resource && !policies.boundaries.is_empty();
    let ways = ways_named(&mut logic, &at, request, has_boundary);
    ways.into_iter().flatten().max().unwrap_or(Truth::No)
}

fn applies(
    place: Place,
    policy: &Policy,
    statement: &Statement,
    request: &Request,
    policies: &Policies,
) -> Truth {
    use crate::decide::Logic;
    let at = At { place, policy, statement };
    let about = Concrete::default().applies(&at, request, resource_of(place, request));
    about.and(principal_truth(place, policy, statement, request, policies))
}

/// The resource as the policies of this place name it.
fn resource_of(place: Place, request: &Request) -> &ResourceText {
    match (&request.facts.s3.access_point, place.layer) {
        (Some(access_point), Layer::AccessPoint) => &access_point.resource,
        _ => &request.resource,
    }
}

fn near_misses(request: &Request, policies: &Policies, decision: Decision) -> Vec<NearMiss> {
    let wanted = match decision.outcome {
        Outcome::Allowed => Effect::Deny,
        Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied | Outcome::Unknown => Effect::Allow,
    };
    let mut found: Vec<((usize, bool), NearMiss)> = Vec::new();
    for (place, policy, statement) in statements(policies) {
        let is_in_question = wanted == Effect::Deny
            || decision.blocked_by.contains(place.layer)
            || (place.layer == Layer::Resource && decision.outcome != Outcome::Allowed);
        if statement.effect != Some(wanted) || !is_in_question {
            continue;
        }
        let (missed, met) = misses(place, policy, statement, request, policies);
        // What has nothing to do with the request is no near miss.
        if missed.is_empty() || missed.len() > 2 || met == 0 {
            continue;
        }
        let by = By { place, statement: statement.index };
        // Of two that miss by as much, the one for a few actions comes first: to add somebody to it gives less away.
        let is_wide = statement.actions.is_negated
            || statement
                .actions
                .written
                .iter()
                .any(|written| written.text.ends_with(":*") || written.text.as_ref() == "*");
        found.push(((missed.len(), is_wide), NearMiss { statement: reference(by, policies), missed }));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().take(MAX_NEAR_MISSES).map(|(_, miss)| miss).collect()
}

/// The elements that do not match, and how many of action, resource and named principal do.
fn misses(
    place: Place,
    policy: &Policy,
    statement: &Statement,
    request: &Request,
    policies: &Policies,
) -> (Vec<Miss>, usize) {
    let mut missed = Vec::new();
    let mut met = 0;
    let mut judge = |truth: Truth, says_something: bool, miss: &dyn Fn() -> Miss| match truth {
        Truth::Yes => met += usize::from(says_something),
        Truth::No | Truth::Unknown => missed.push(miss()),
    };
    let at = |span: &Option<palisade_model::Span>| span.as_ref().map(ToString::to_string);
    let listed = |is_negated: bool, texts: Vec<&str>| {
        let shown: Vec<String> = texts.iter().take(4).map(|text| format!("`{text}`")).collect();
        let more = if texts.len() > 4 { format!(" and {} more", texts.len() - 4) } else { String::new() };
        format!("{}{}{more}", if is_negated { "anything but " } else { "" }, shown.join(", "))
    };
    if let Some(principals) = &statement.principals {
        let truth = principal_truth(place, policy, statement, request, policies);
        judge(truth, !principals.patterns.is_empty(), &|| Miss {
            element: "Principal",
            needed: listed(
                principals.is_negated,
                principals.patterns.iter().map(|(_, w)| w.text.as_ref()).collect(),
            ),
            had: match &request.principal {
                Principal::Anonymous => "nobody: the request is not signed".to_owned(),
                principal => format!("`{}`", nameable(principal)),
            },
            at: principals.patterns.first().and_then(|(_, written)| at(&written.span)),
        });
    }
    let actions = &statement.actions;
    judge(actions.matches(&request.action, &request.context), !actions.is_negated, &|| Miss {
        element: "Action",
        needed: listed(actions.is_negated, actions.written.iter().map(|w| w.text.as_ref()).collect()),
        had: format!("`{}`", request.action.text),
        at: actions.written.first().and_then(|written| at(&written.span)),
    });
    if let Some(resources) = &statement.resources {
        let resource = resource_of(place, request);
        judge(about_resource(statement, request, resource), !resources.names_everything(), &|| Miss {
            element: "Resource",
            needed: listed(
                resources.is_negated,
                resources.patterns.iter().map(|(_, w)| w.text.as_ref()).collect(),
            ),
            had: if request.takes_no_resource {
                "`*`: the action takes no resource".to_owned()
            } else {
                format!("`{}`", resource.text)
            },
            at: resources.patterns.first().and_then(|(_, written)| at(&written.span)),
        });
    }
    for condition in &statement.conditions {
        judge(condition.holds(&request.context), false, &|| Miss {
            element: "Condition",
            needed: condition_text(condition),
            had: had(condition, request),
            at: at(&condition.span),
        });
    }
    (missed, met)
}

/// The name by which a policy would let somebody in: of a role's session, the role.
fn nameable(principal: &Principal) -> String {
    match principal {
        Principal::RoleSession(role) => role.role_arn.as_deref().map_or_else(
            || format!("arn:{}:iam::{}:role/{}", role.partition, role.account, role.role),
            str::to_owned,
        ),
        principal => principal.arn().unwrap_or_default(),
    }
}

/// What a condition key stands for, for those who do not know it by heart.
fn meaning(key: &str) -> Option<&'static str> {
    let known = MEANINGS.iter().find(|(known, _)| key.eq_ignore_ascii_case(known));
    known.map(|(_, meaning)| *meaning).or_else(|| {
        let (prefix, _) = key.split_once('/')?;
        TAGS.iter().find(|(known, _)| prefix.eq_ignore_ascii_case(known)).map(|(_, meaning)| *meaning)
    })
}

/// Source: "AWS global condition context keys", IAM user guide, and the pages of the services.
const MEANINGS: [(&str, &str); 24] = [
    ("aws:CalledVia", "the services that call for the caller"),
    ("aws:CurrentTime", "the time of the request"),
    ("aws:MultiFactorAuthAge", "the seconds since the caller gave an MFA code"),
    ("aws:MultiFactorAuthPresent", "whether the caller signed in with MFA"),
    ("aws:PrincipalAccount", "the caller's account"),
    ("aws:PrincipalArn", "the caller's ARN; of a session, its role's"),
    ("aws:PrincipalIsAWSService", "whether an AWS service is calling for itself"),
    ("aws:PrincipalOrgID", "the caller's organisation"),
    ("aws:PrincipalOrgPaths", "where the caller's account is in its organisation"),
    ("aws:RequestedRegion", "the region that is called"),
    ("aws:ResourceAccount", "the account of the resource"),
    ("aws:ResourceOrgID", "the organisation of the resource"),
    ("aws:SecureTransport", "whether TLS is used"),
    ("aws:SourceAccount", "the account on whose behalf a service calls"),
    ("aws:SourceArn", "the resource on whose behalf a service calls"),
    ("aws:SourceIp", "the public address the request comes from"),
    ("aws:SourceVpc", "the VPC the request comes from"),
    ("aws:SourceVpce", "the VPC endpoint the request comes through"),
    ("aws:ViaAWSService", "whether a service calls for the caller"),
    ("aws:userid", "the caller's unique id, with the session's name"),
    ("iam:PassedToService", "the service that gets the role"),
    ("iam:PermissionsBoundary", "the boundary that the identity has or gets"),
    ("kms:ViaService", "the service through which the key is used"),
    ("sts:ExternalId", "the external id that the caller passes"),
];

const TAGS: [(&str, &str); 3] = [
    ("aws:PrincipalTag", "a tag of the caller"),
    ("aws:RequestTag", "a tag that the request sets"),
    ("aws:ResourceTag", "a tag of the resource"),
];

/// A key with what it stands for.
fn key_text(key: &str) -> String {
    match meaning(key) {
        Some(meaning) => format!("`{key}` ({meaning})"),
        None => format!("`{key}`"),
    }
}

/// A condition in words, with the operator for those who look it up.
fn condition_text(condition: &Condition) -> String {
    in_words(condition, false)
}

/// A condition in words, or what would keep it from being met.
fn in_words(condition: &Condition, is_opposite: bool) -> String {
    let values: Vec<String> = condition.values.iter().map(|value| format!("`{}`", value.text)).collect();
    let key = key_text(&condition.key_text);
    let Some(operator) = condition.operator else {
        return format!("{key} {} {}", condition.operator_text, values.join(" or "));
    };
    let whose = match (operator.quantifier, is_opposite) {
        (None, _) => "",
        (Some(Quantifier::ForAllValues), false) | (Some(Quantifier::ForAnyValue), true) => "each value of ",
        (Some(Quantifier::ForAnyValue), false) | (Some(Quantifier::ForAllValues), true) => "some value of ",
    };
    let (mut is_negated, mut values) = (operator.is_negated != is_opposite, values);
    if let (Family::Bool, true, [value]) = (operator.family, is_negated, condition.values.as_slice()) {
        // Not false is true.
        let other = if value.text.eq_ignore_ascii_case("true") { "false" } else { "true" };
        (is_negated, values) = (false, vec![format!("`{other}`")]);
    }
    let values = values.join(if is_negated { " nor " } else { " or " });
    let says = match (operator.family, is_negated) {
        (Family::Null, is_opposite) => {
            let is_absent = condition.values.first().is_some_and(|value| value.text.as_ref() == "true");
            return format!("{key} is {}", if is_absent != is_opposite { "absent" } else { "present" });
        }
        (Family::String | Family::StringIgnoreCase | Family::Bool | Family::Binary, false) => "is",
        (Family::StringLike | Family::Arn, false) => "is like",
        (Family::Address, false) => "is within",
        (Family::Address, true) => "is not within",
        (Family::StringLike | Family::Arn, true) => "is not like",
        (Family::Numeric(comparison) | Family::Date(comparison), false) => match comparison {
            Comparison::Equals => "is",
            Comparison::Less => "is less than",
            Comparison::LessOrEqual => "is at most",
            Comparison::Greater => "is more than",
            Comparison::GreaterOrEqual => "is at least",
        },
        (Family::Numeric(comparison) | Family::Date(comparison), true) => match comparison {
            Comparison::Equals => "is not",
            Comparison::Less => "is at least",
            Comparison::LessOrEqual => "is more than",
            Comparison::Greater => "is at most",
            Comparison::GreaterOrEqual => "is less than",
        },
        (_, true) => "is not",
    };
    match (is_opposite, operator.if_exists) {
        (true, true) if is_negated => format!("{whose}{key} is there and {says} {values}"),
        (true, true) => format!("{whose}{key} {says} {values}"),
        (true, false) => format!("{whose}{key} {says} {values}"),
        (false, true) => {
            format!("{whose}{key} {says} {values}, or is not there ({})", condition.operator_text)
        }
        (false, false) => format!("{whose}{key} {says} {values} ({})", condition.operator_text),
    }
}

fn had(condition: &Condition, request: &Request) -> String {
    match request.context.get(&condition.key) {
        Entry::Values(values) if values.is_empty() => "no values".to_owned(),
        Entry::Values(values) => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            values.join(", ")
        }
        Entry::Absent => "none".to_owned(),
        Entry::Present(why) | Entry::Unknown(why) => format!("a value that is not known ({why})"),
    }
}

/// Tries changes until the decision turns, each the smallest for what stands in the way.
fn changes(request: &Request, policies: &Policies, decision: Decision) -> Vec<String> {
    if let Some(rule) = decision.rule {
        return vec![format!("no policy changes this: {}", rule.text())];
    }
    if decision.outcome == Outcome::Unknown {
        return Vec::new();
    }
    let is_allowed = decision.outcome == Outcome::Allowed;
    let (mut request, mut policies, mut now) = (request.clone(), policies.clone(), decision);
    let mut steps = Vec::new();
    while steps.len() < MAX_CHANGES {
        let before = steps.len();
        match now.outcome {
            Outcome::Allowed if !is_allowed => return steps,
            Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied if is_allowed => return steps,
            Outcome::Unknown => {
                steps.push("then it depends on what is not known".to_owned());
                return steps;
            }
            Outcome::Allowed | Outcome::ExplicitlyDenied => match now.by {
                Some(by) => steps.push(take_out(by, &mut policies)),
                None if is_allowed => return vec!["add a statement that denies it".to_owned()],
                None => {}
            },
            Outcome::ImplicitlyDenied => {
                let layers: Vec<Layer> = now.blocked_by.iter().collect();
                let near = near_misses(&request, &policies, now);
                for layer in layers {
                    let added = allow_in(layer, &mut request, &mut policies);
                    let single =
                        near.iter().find(|miss| miss.statement.layer == layer && miss.missed.len() == 1);
                    match single.and_then(NearMiss::mend) {
                        Some(mended) if !added.is_empty() => steps.push(mended),
                        _ => steps.extend(added),
                    }
                }
            }
        }
        if steps.len() == before {
            break;
        }
        now = decide(&request, &policies);
    }
    if steps.is_empty() {
        steps
    } else {
        steps.into_iter().chain(["and more than that".to_owned()]).collect()
    }
}

impl NearMiss {
    /// What would make the statement apply, when it misses by one element.
    fn mend(&self) -> Option<String> {
        let [Miss { element, needed, had, .. }] = self.missed.as_slice() else { return None };
        let statement = self.statement.text();
        Some(match *element {
            "Condition" => {
                format!("send the request so that {needed}; or widen that condition of {statement}")
            }
            element => format!("add {had} to the `{element}` of {statement}"),
        })
        .filter(|_| !needed.starts_with("anything but") && !had.starts_with("`*`:"))
    }
}

/// Removes a statement; says so.
fn take_out(by: By, policies: &mut Policies) -> String {
    let reference = reference(by, policies);
    let Some(policy) = policies.at(by.place).cloned() else {
        return format!("change {}", by.place.layer.noun());
    };
    let otherwise = policy.statements.get(by.statement).map(|statement| {
        let otherwise: Vec<String> =
            statement.conditions.iter().map(|condition| in_words(condition, true)).collect();
        otherwise.join(", or that ")
    });
    let effect = policy.statements.get(by.statement).and_then(|statement| statement.effect);
    let without = |policy: &Policy| {
        let mut policy = policy.clone();
        if let Some(statement) = policy.statements.get_mut(by.statement) {
            // It stays in its place, so that the others keep theirs, and applies no more.
            statement.effect = None;
            statement.open = None;
        }
        Arc::new(policy)
    };
    replace(by.place, without(&policy), policies);
    let statement = reference.text();
    match otherwise.filter(|_| effect == Some(Effect::Deny)) {
        None => format!("remove {statement}"),
        Some(otherwise) if otherwise.is_empty() => format!("make an exception in {statement}, or remove it"),
        Some(otherwise) => {
            format!("send the request so that {otherwise}; or make an exception in {statement}, or remove it")
        }
    }
}

fn replace(place: Place, policy: Arc<Policy>, policies: &mut Policies) {
    let slot = match place.layer {
        Layer::ServiceControl => {
            policies.scps.get_mut(place.level).and_then(|level| level.policies.get_mut(place.policy))
        }
        Layer::ResourceControl => {
            policies.rcps.get_mut(place.level).and_then(|level| level.policies.get_mut(place.policy))
        }
        Layer::Resource => policies.resource.as_mut(),
        Layer::Identity => policies.identity.get_mut(place.policy),
        Layer::Boundary => policies.boundaries.get_mut(place.level),
        Layer::Session => policies.session.get_mut(place.policy),
        Layer::Endpoint => policies.endpoints.get_mut(place.level),
        Layer::AccessPoint => policies.access_point.as_mut(),
        Layer::PublicAccessBlock | Layer::Grant => None,
    };
    if let Some(slot) = slot {
        *slot = policy;
    }
}

/// Adds to a layer what lets the request through; says so.
fn allow_in(layer: Layer, request: &mut Request, policies: &mut Policies) -> Vec<String> {
    let resource = if request.takes_no_resource { "*" } else { request.resource.text.as_ref() };
    let plain = json!({"Effect": "Allow", "Action": request.action.text, "Resource": resource});
    let who = match &request.principal {
        Principal::Service(name) => json!({"Service": name}),
        Principal::Federated { provider } => json!({"Federated": provider}),
        Principal::Anonymous => json!("*"),
        Principal::RoleSession(role) => {
            let arn = role.role_arn.as_deref().map_or_else(
                || format!("arn:{}:iam::{}:role/{}", role.partition, role.account, role.role),
                str::to_owned,
            );
            json!({"AWS": arn})
        }
        principal => json!({"AWS": principal.arn()}),
    };
    let mut named = plain.clone();
    named["Principal"] = who;
    let policy = |statement: &Json, kind: PolicyKind| {
        let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        Policy::parse(&text, &"the change".into(), kind, crate::parse::Strictness::Forgiving)
    };
    let add = |to: Option<&Arc<Policy>>, statement: &Json, kind: PolicyKind| -> Arc<Policy> {
        let mut changed = to.map_or_else(|| policy(statement, kind), |to| to.as_ref().clone());
        if to.is_some() {
            changed.is_rejected = false;
            let mut new = policy(statement, kind).statements;
            new.iter_mut().for_each(|new| new.index = changed.statements.len());
            changed.statements.append(&mut new);
            changed.index = crate::policy::Index::of(&changed.statements);
        }
        Arc::new(changed)
    };
    match layer {
        Layer::Identity => {
            policies.identity.push(add(None, &plain, PolicyKind::Identity));
            vec![format!("add to an identity policy: {plain}")]
        }
        Layer::Session => {
            policies.session.push(add(None, &plain, PolicyKind::Session));
            vec![format!("add to the session policy: {plain}")]
        }
        Layer::Boundary => {
            for boundary in &mut policies.boundaries {
                *boundary = add(Some(boundary), &plain, PolicyKind::Boundary);
            }
            vec![format!("add to the permissions boundary: {plain}")]
        }
        Layer::Endpoint => {
            let mut open = plain.clone();
            open["Principal"] = json!("*");
            for endpoint in &mut policies.endpoints {
                *endpoint = add(Some(endpoint), &open, PolicyKind::Endpoint);
            }
            vec![format!("add to the VPC endpoint policy: {open}")]
        }
        Layer::ServiceControl => {
            let note = scp_note(request, policies);
            for level in &mut policies.scps {
                level.policies.push(add(None, &plain, PolicyKind::ServiceControl));
            }
            let at = note.trim_start_matches("no allowance at ");
            vec![format!("allow `{}` in a service control policy at {at}", request.action.text)]
        }
        Layer::Resource => {
            let kind = policies.resource.as_ref().map_or(PolicyKind::Resource, |policy| policy.kind);
            if kind == PolicyKind::Trust || crate::decide::is_role_assumption(request) {
                named.as_object_mut().map(|object| object.remove("Resource"));
            }
            policies.resource = Some(add(policies.resource.as_ref(), &named, kind));
            vec![format!("add to the {}: {named}", kind.noun())]
        }
        Layer::PublicAccessBlock => {
            request.facts.s3.restrict_public_buckets = Switch::Off;
            vec!["name the caller in a bucket policy that is not public (turning RestrictPublicBuckets off lets the world in)".to_owned()]
        }
        Layer::AccessPoint => {
            let Some(access_point) = &request.facts.s3.access_point else { return Vec::new() };
            named["Resource"] = json!(access_point.resource.text);
            policies.access_point = Some(add(policies.access_point.as_ref(), &named, PolicyKind::Resource));
            vec![format!("add to the policy of the access point: {named}")]
        }
        Layer::Grant => {
            let kind = grants::needed_kind(request).map_or("grants", GrantKind::noun);
            request.facts.grants.known.push(Grant::Any);
            vec![format!("give {} what it asks for by {kind}", nameable(&request.principal))]
        }
        Layer::ResourceControl => Vec::new(),
    }
}

impl Explanation {
    /// The explanation as text, for people who are no experts.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let verdict = match self.decision {
            Outcome::Allowed => "Allowed",
            Outcome::ImplicitlyDenied => "Denied (nothing allows it)",
            Outcome::ExplicitlyDenied => "Denied (by a statement)",
            Outcome::Unknown => "Not known",
        };
        let _ = writeln!(text, "{verdict}: {}.", self.request);
        let _ = writeln!(text, "Because {}.", self.why);
        if !self.because.is_empty() {
            let _ = writeln!(text, "It applies here: {}.", self.because.join("; and "));
        }
        let _ = writeln!(text, "\nWhat each layer says:");
        for layer in &self.layers {
            let _ = write!(text, "  {:<32}{}", layer.layer.noun(), layer.verdict);
            if let Some(by) = &layer.by {
                let _ = write!(text, ": {}", by.text());
            }
            if !layer.note.is_empty() {
                let _ = write!(text, " ({})", layer.note);
            }
            text.push('\n');
        }
        if !self.near_misses.is_empty() {
            let almost =
                if self.decision == Outcome::Allowed { "Almost denied by:" } else { "Almost allowed by:" };
            let _ = writeln!(text, "\n{almost}");
            for miss in &self.near_misses {
                let _ = writeln!(text, "  {}", miss.statement.text());
                for missed in &miss.missed {
                    let verb = if missed.element == "Condition" { "that" } else { "for" };
                    let (needed, had) = (&missed.needed, &missed.had);
                    let _ = writeln!(
                        text,
                        "    {}: it asks {verb} {needed}; the request has {had}",
                        missed.element
                    );
                }
            }
        }
        if !self.open.is_empty() {
            let _ = writeln!(text, "\nNot known:");
            for open in &self.open {
                let _ = writeln!(text, "  {}: {}", open_name(open), open.why);
            }
        }
        if !self.changes.is_empty() {
            let turned = if self.decision == Outcome::Allowed { "To deny it:" } else { "To allow it:" };
            let _ = writeln!(text, "\n{turned}");
            for (number, change) in self.changes.iter().enumerate() {
                let _ = writeln!(text, "  {}. {change}", number + 1);
            }
        }
        text
    }
}
