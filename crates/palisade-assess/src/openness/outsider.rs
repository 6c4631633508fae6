//! Outsiders and the requests they can make: one for each way in which a policy tells them apart.

use super::rewrite::{OWNER, Statement, says_who};
use super::value::{addresses, filled, instance, names_somebody, outside_account};
use super::{Question, To};
use palisade_iam::{
    Action, Asked, Context, Entry, Facts, Family, Known, Outcome, Policies, Policy, PolicyKind, Principal,
    Request, ResourceText, Rest, Strictness, Truth, decide,
};
use palisade_model::{Node, Origin, Value};
use palisade_prove::{Answer, Attached, Options, no_public_access};
use palisade_services::Reference;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// How many requests are tried for one policy.
pub(crate) const REQUESTS_MAX: usize = 5_000;
/// How many values of one key are tried.
const VALUES_MAX: usize = 16;
/// How many actions, told apart by the denials, and how many resources are tried.
const ACTIONS_MAX: usize = 24;
const RESOURCES_MAX: usize = 24;

/// Networks whose addresses no request from the internet has.
const NOT_OF_THE_INTERNET: [&str; 8] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
    "::/3",
    "4000::/2",
    "8000::/1",
];
/// The organisation that the prover gives to strangers.
const PROVERS_STRANGERS: &str = "o-stranger";

/// How many steps the prover takes for one statement.
const STEPS_MAX: u64 = 200_000;

/// Services that answer those who are not signed in.
const UNSIGNED: [&str; 4] = ["s3", "sqs", "sns", "es"];

/// The organisation of an outsider.
const ORGANISATION: &str = "o-zzoutsider0";

/// Keys that are in each request.
const ALWAYS: [&str; 5] =
    ["aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:resourceaccount", "aws:securetransport"];

/// Keys that tell where on the network a request comes from.
const WAY: [&str; 7] = [
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
];

/// Keys that only somebody who is signed in has.
const SIGNED: [&str; 9] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:sourceidentity",
    "aws:tokenissuetime",
    "aws:username",
    "aws:viaawsservice",
];

/// The values that conditions ask of a key, each with how it is compared.
type Values = Vec<(Option<Family>, Arc<str>)>;

/// One sort of outsider.
#[derive(Debug, Clone)]
struct Outsider {
    principal: Principal,
    /// In an organisation of its own?
    is_in_organisation: bool,
    /// By way of a VPC endpoint of its own?
    by_endpoint: bool,
    /// The resource on whose behalf a service calls.
    source: Option<String>,
}

/// The search for a request of an outsider that is allowed.
pub(crate) struct Search<'a> {
    question: &'a Question,
    statement: &'a Statement,
    policy: Arc<Policy>,
    account: &'static str,
    /// What the conditions of the policy ask of each key.
    keys: BTreeMap<String, Values>,
}

/// Outsiders are allowed everything by themselves.
fn everything() -> Arc<Policy> {
    static ALL: OnceLock<Arc<Policy>> = OnceLock::new();
    let make = || {
        let node = |value: Value| Node::new(value, Origin::Documented("".into()));
        let star = || node(Value::text("*"));
        let statement = Value::map([
            ("Effect".into(), node(Value::text("Allow"))),
            ("Action".into(), star()),
            ("Resource".into(), star()),
        ]);
        let document = node(Value::map([
            ("Version".into(), node(Value::text("2012-10-17"))),
            ("Statement".into(), node(Value::list(vec![node(statement)]))),
        ]));
        Arc::new(Policy::from_node(&document, "all", PolicyKind::Identity, Strictness::Forgiving))
    };
    ALL.get_or_init(make).clone()
}

impl<'a> Search<'a> {
    /// The first statement of the policy is the one that is asked about; the others deny.
    pub fn new(question: &'a Question, statement: &'a Statement, policy: Policy) -> Self {
        let mut keys: BTreeMap<String, Values> = BTreeMap::new();
        let conditions = || policy.statements.iter().flat_map(|statement| &statement.conditions);
        for condition in conditions() {
            let asked = keys.entry(condition.key.as_str().to_owned()).or_default();
            let family = condition.operator.map(|operator| operator.family);
            for value in &condition.values {
                if !asked.iter().any(|(_, text)| *text == value.text) {
                    asked.push((family, value.text.clone()));
                }
            }
        }
        let resources = policy.statements.iter().filter_map(|statement| statement.resources.as_ref());
        let resources = resources.flat_map(|resources| &resources.patterns).map(|(_, written)| &written.text);
        let texts = conditions().flat_map(|condition| &condition.values).map(|value| &value.text);
        for name in resources.chain(texts).flat_map(|text| variables(text)) {
            keys.entry(name.to_ascii_lowercase()).or_default();
        }
        let is_named = |account: &str| {
            let in_values =
                conditions().flat_map(|one| &one.values).any(|value| value.text.contains(account));
            let principals = policy.statements.iter().filter_map(|one| one.principals.as_ref());
            let mut principals = principals.flat_map(|principals| &principals.patterns);
            in_values || principals.any(|(_, written)| written.text.contains(account))
        };
        let account = outside_account(is_named);
        Self { question, statement, account, keys, policy: Arc::new(policy) }
    }

    /// Is any of the requests allowed?
    ///
    /// `left` is how many may still be tried; where they don't suffice, the answer is not known.
    pub fn run(&self, left: &Cell<usize>) -> Truth {
        let (actions, resources) = (self.actions(), self.resources());
        let mut is_open = actions.len() > ACTIONS_MAX || resources.len() > RESOURCES_MAX;
        let policies = Policies {
            identity: vec![everything()],
            resource: Some(self.policy.clone()),
            ..Policies::default()
        };
        let service_policies = Policies { identity: Vec::new(), ..policies.clone() };
        let pairs: Vec<(&Action, &ResourceText)> = actions
            .iter()
            .take(ACTIONS_MAX)
            .flat_map(|action| resources.iter().take(RESOURCES_MAX).map(move |resource| (action, resource)))
            .filter(|((_, is_in_it), resource)| {
                is_in_it.is_none_or(|is_in_it| is_in_it == resource.field(5).contains('/'))
            })
            .map(|((action, _), resource)| (action, resource))
            .collect();
        for outsider in self.outsiders() {
            let has_identity = outsider.principal.account().is_some();
            let policies = if has_identity { &policies } else { &service_policies };
            let ask = |(action, resource): (&Action, &ResourceText), context: &Context| {
                let less = left.get().checked_sub(1)?;
                left.set(less);
                Some(decide(&self.request(&outsider, action, resource, context.clone()), policies).outcome)
            };
            // With all that can be chosen left open, most policies are decided at once.
            let (context, is_whole) = self.open_context(&outsider);
            let mut perhaps = Vec::new();
            for pair in &pairs {
                match ask(*pair, &context) {
                    None => return Truth::Unknown,
                    Some(Outcome::Allowed) => return Truth::Yes,
                    Some(Outcome::Unknown) => perhaps.push(*pair),
                    Some(Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied) => {}
                }
            }
            if is_whole {
                is_open |= !perhaps.is_empty();
                continue;
            }
            if perhaps.is_empty() {
                continue;
            }
            let (contexts, is_cut) = self.contexts(&outsider, left.get() / perhaps.len());
            is_open |= is_cut;
            for context in contexts {
                for pair in &perhaps {
                    match ask(*pair, &context) {
                        None => return Truth::Unknown,
                        Some(Outcome::Allowed) => return Truth::Yes,
                        Some(Outcome::Unknown) => is_open = true,
                        Some(Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied) => {}
                    }
                }
            }
        }
        // Values that were tried prove nothing about those that were not.
        match is_open {
            true => Truth::Unknown,
            false if self.question.to == To::Everyone && self.overlaps() => self.proved(),
            false => Truth::No,
        }
    }

    /// Is a key compared with a pattern and with something else? Of the values that meet both, none may have been tried.
    fn overlaps(&self) -> bool {
        let is_pattern = |text: &str| variables(text).next().is_none() && text.contains(['*', '?']);
        let compared = self.keys.values().map(|values| values.iter().map(|(_, text)| text));
        compared.into_iter().any(|mut texts| texts.len() > 1 && texts.any(|text| is_pattern(text)))
    }

    /// What no outsider does, as denials: calls of other services, from addresses that are not of the internet, or to a
    /// resource of their own organisation.
    fn never(&self) -> Arc<Policy> {
        let node = |value: Value| Node::new(value, Origin::Documented("".into()));
        let text = |text: &str| node(Value::text(text));
        let one = |name: &str, value: Node| node(Value::map([(Arc::from(name), value)]));
        let deny = |actions: (&str, &str), condition: Option<Node>| {
            let mut entries: Vec<(Arc<str>, Node)> = vec![
                ("Effect".into(), text("Deny")),
                ("Principal".into(), one("AWS", text("*"))),
                (actions.0.into(), text(actions.1)),
                ("Resource".into(), text("*")),
            ];
            entries.extend(condition.map(|condition| (Arc::from("Condition"), condition)));
            node(Value::map(entries))
        };
        let networks = node(Value::list(NOT_OF_THE_INTERNET.iter().map(|network| text(network)).collect()));
        let statements = vec![
            deny(("NotAction", &format!("{}:*", self.question.service)), None),
            deny(("Action", "*"), Some(one("IpAddress", one("aws:SourceIp", networks)))),
            deny(
                ("Action", "*"),
                Some(one("StringEquals", one("aws:ResourceOrgID", text(PROVERS_STRANGERS)))),
            ),
        ];
        let document = node(Value::map([
            ("Version".into(), text("2012-10-17")),
            ("Statement".into(), node(Value::list(statements))),
        ]));
        Arc::new(Policy::from_node(&document, "never", PolicyKind::Resource, Strictness::Forgiving))
    }

    /// Does the prover know of a request of somebody whom nobody knows, for an action of the service?
    fn proved(&self) -> Truth {
        let policies = Attached::new(vec![self.policy.clone(), self.never()]);
        let options = Options { steps: STEPS_MAX, unlisted_actions: false };
        match no_public_access(&policies, &options).answer {
            Answer::Holds => Truth::No,
            Answer::Violated(_) => Truth::Yes,
            Answer::Unknown(_) => Truth::Unknown,
        }
    }

    fn request(
        &self,
        outsider: &Outsider,
        action: &Action,
        resource: &ResourceText,
        context: Context,
    ) -> Request {
        let account = Some(resource.field(4)).filter(|account| account.len() == 12).unwrap_or(OWNER);
        Request::new(Asked {
            principal: outsider.principal.clone(),
            action: action.clone(),
            resource: resource.text.clone(),
            resource_account: Some(account.into()),
            takes_no_resource: false,
            context,
            known: Known::default(),
            facts: Facts::default(),
        })
    }

    fn asks(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.keys.contains_key(*key))
    }

    fn outsiders(&self) -> Vec<Outsider> {
        let one = |principal: Principal| Outsider {
            principal,
            is_in_organisation: false,
            by_endpoint: false,
            source: None,
        };
        let mut all = Vec::new();
        match self.question.to {
            To::AnyRepository => {
                let provider = self.statement.provider.as_deref().unwrap_or_default();
                all.push(one(Principal::Federated { provider: provider.into() }));
            }
            To::AnyAccount => {
                let doubtful = "zz.amazonaws.com".into();
                let services = if self.statement.services.is_empty() {
                    vec![doubtful]
                } else {
                    self.statement.services.clone()
                };
                for service in services {
                    let name = service.split('.').next().unwrap_or_default().to_owned();
                    all.extend(self.sources(Some(&name)).into_iter().map(|source| Outsider {
                        source: Some(source),
                        ..one(Principal::Service(service.to_ascii_lowercase().into()))
                    }));
                }
            }
            To::Everyone => {
                let arn = format!("arn:aws:sts::{}:assumed-role/zz-outsider/zz-session", self.account);
                let account = Principal::parse(&arn).unwrap_or(Principal::Anonymous);
                all.push(one(account.clone()));
                all.push(Outsider { is_in_organisation: true, ..one(account) });
                if UNSIGNED.contains(&&*self.question.service) {
                    all.push(one(Principal::Anonymous));
                }
                if self.asks(&[
                    "aws:sourcearn",
                    "aws:sourceaccount",
                    "aws:sourceowner",
                    "aws:principalservicename",
                ]) && self.question.is_restricted.is_no()
                {
                    let by_service = self.sources(None).into_iter().map(|source| {
                        let service = source.split(':').nth(2).unwrap_or("sns").to_owned();
                        let service = Principal::Service(format!("{service}.amazonaws.com").into());
                        Outsider { source: Some(source), ..one(service) }
                    });
                    all.extend(by_service);
                }
                if self.asks(&WAY) {
                    let by_endpoint: Vec<_> = all
                        .iter()
                        .filter(|outsider| outsider.source.is_none())
                        .map(|outsider| Outsider { by_endpoint: true, ..outsider.clone() })
                        .collect();
                    all.extend(by_endpoint);
                }
            }
        }
        all
    }

    /// What an outsider could make a service act for.
    fn sources(&self, service: Option<&str>) -> Vec<String> {
        let usual = match service {
            Some("s3") => "arn:aws:s3:::zz-outsider".to_owned(),
            service => {
                let service = service.unwrap_or("sns");
                format!("arn:aws:{service}:eu-west-1:{}:zz-outsider", self.account)
            }
        };
        let patterns = self.keys.get("aws:sourcearn").into_iter().flatten().map(|(_, text)| text);
        let theirs = patterns.filter(|pattern| !names_somebody("aws:sourcearn", pattern));
        let theirs = theirs.map(|pattern| {
            let fields: Vec<&str> = pattern.splitn(6, ':').collect();
            let is_bucket = fields.get(2) == Some(&"s3") && fields.get(4) == Some(&"");
            instance(pattern, if is_bucket { "" } else { self.account })
        });
        let all: BTreeSet<String> = std::iter::once(usual).chain(theirs).collect();
        all.into_iter().take(VALUES_MAX).collect()
    }

    /// The contexts that the conditions tell apart. True: there are more than are given.
    fn contexts(&self, outsider: &Outsider, left: usize) -> (Vec<Context>, bool) {
        let mut all = vec![Context::new(Rest::Absent)];
        let mut is_cut = false;
        for key in self.keys.keys() {
            let (values, cut) = self.values(key, outsider);
            is_cut |= cut;
            let mut next = Vec::new();
            for (context, value) in
                all.iter().flat_map(|context| values.iter().map(move |value| (context, value)))
            {
                if next.len() >= left {
                    is_cut = true;
                    break;
                }
                let mut context = context.clone();
                context.set(key, value.clone());
                next.push(context);
            }
            all = next;
        }
        for context in &mut all {
            self.fixed(outsider, context);
        }
        (all, is_cut)
    }

    /// One context for all values that can be chosen, which are left open; true when there is nothing to choose.
    fn open_context(&self, outsider: &Outsider) -> (Context, bool) {
        let mut context = Context::new(Rest::Absent);
        let mut is_whole = true;
        for key in self.keys.keys() {
            match self.values(key, outsider) {
                (values, false) if values.len() == 1 => {
                    values.into_iter().for_each(|value| context.set(key, value));
                }
                _ => {
                    is_whole = false;
                    context.set(key, Entry::Unknown("an outsider chooses it".into()));
                }
            }
        }
        self.fixed(outsider, &mut context);
        (context, is_whole)
    }

    /// What holds of an outsider whatever is asked, for variables.
    fn fixed(&self, outsider: &Outsider, context: &mut Context) {
        for key in ["aws:principalorgid", "aws:principalorgpaths"] {
            if let Some(value) = self.who(key, outsider).into_iter().next() {
                context.set_default(key, value);
            }
        }
    }

    /// What an outsider may have as the value of a key. True: there are more values than are given.
    fn values(&self, key: &str, outsider: &Outsider) -> (Vec<Entry>, bool) {
        let asked = self.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        let is_signed_in = outsider.principal.account().is_some();
        if key == "aws:sourceip" {
            if outsider.by_endpoint || outsider.source.is_some() {
                return (vec![Entry::Absent], false);
            }
            let ranges: Vec<&str> = asked.iter().map(|(_, text)| &**text).collect();
            return (addresses(&ranges), false);
        }
        if says_who(key) {
            let mut values = self.who(key, outsider);
            let patterns = asked.iter().filter(|(_, text)| !names_somebody(key, text));
            let theirs = patterns.filter_map(|(_, pattern)| self.like_theirs(key, pattern, outsider));
            for value in theirs.take(VALUES_MAX) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            return (values, asked.len() > VALUES_MAX);
        }
        match key {
            // These follow from who asks.
            "aws:principaltype" | "aws:principalisawsservice" | "aws:principalservicename" => {
                return (vec![self.derived(key, outsider)], false);
            }
            // Whether there is a function URL is asked elsewhere.
            "lambda:invokedviafunctionurl" => return (vec![Entry::Absent], false),
            "aws:vpcsourceip" if !outsider.by_endpoint => return (vec![Entry::Absent], false),
            _ if SIGNED.contains(&key) && !is_signed_in => {
                let value = if key == "aws:viaawsservice" { Entry::value("false") } else { Entry::Absent };
                return (vec![value], false);
            }
            _ if !is_signed_in && key.starts_with("aws:principaltag/") => {
                return (vec![Entry::Absent], false);
            }
            _ => {}
        }
        let is_token = key.contains(".com:") || key.starts_with("saml:");
        if is_token && !(key.starts_with("token.actions.") && self.question.to == To::AnyRepository) {
            return (vec![Entry::Absent], false);
        }
        self.chosen(key, asked)
    }

    /// What can be chosen freely takes each value that some condition tells apart.
    fn chosen(&self, key: &str, asked: &[(Option<Family>, Arc<str>)]) -> (Vec<Entry>, bool) {
        let texts = &mut Vec::new();
        for (family, text) in asked.iter().filter(|(_, text)| !text.contains("${")) {
            match family {
                Some(Family::Null) => {}
                Some(Family::Numeric(_)) => {
                    let number: f64 = text.parse().unwrap_or_default();
                    [number, number - 1.0, number + 1.0]
                        .iter()
                        .for_each(|number| add(texts, number.to_string()));
                }
                Some(Family::Date(_)) => {
                    add(texts, text.to_string());
                    add(texts, "1990-01-01T00:00:00Z".into());
                    add(texts, "2990-01-01T00:00:00Z".into());
                }
                Some(Family::Bool) => {
                    add(texts, "true".into());
                    add(texts, "false".into());
                }
                Some(Family::Address) => {
                    add(texts, text.split('/').next().unwrap_or_default().to_owned());
                    add(texts, "10.254.253.252".into());
                }
                Some(Family::Arn) => add(texts, instance(text, self.account)),
                Some(Family::StringLike) => {
                    add(texts, filled(text, "zz"));
                    add(texts, filled(text, ""));
                }
                _ => add(texts, text.to_string()),
            }
        }
        let is_of_text = asked.iter().any(|(family, _)| {
            matches!(
                family,
                Some(
                    Family::String
                        | Family::StringIgnoreCase
                        | Family::StringLike
                        | Family::Arn
                        | Family::Null
                ) | None
            )
        });
        if is_of_text || texts.is_empty() {
            add(texts, "zz-other".into());
        }
        let is_cut = texts.len() > VALUES_MAX;
        let absent = (!ALWAYS.contains(&key)).then_some(Entry::Absent);
        (texts.drain(..).take(VALUES_MAX).map(Entry::value).chain(absent).collect(), is_cut)
    }

    /// What an outsider has of the keys that say who somebody is.
    fn who(&self, key: &str, outsider: &Outsider) -> Vec<Entry> {
        let own = |text: String| Entry::value(text);
        let account = || own(self.account.to_owned());
        let is_signed_in = outsider.principal.account().is_some();
        let organisation = |is_there: bool, path: bool| match (is_there, path) {
            (false, _) => Entry::Absent,
            (true, false) => own(ORGANISATION.to_owned()),
            (true, true) => Entry::values([format!("{ORGANISATION}/r-zzzz/")]),
        };
        let is_organised = outsider.is_in_organisation && is_signed_in;
        let value = match key {
            "aws:principalaccount" | "kms:calleraccount" | "aws:sourceowner" if is_signed_in => account(),
            "aws:principalarn" if is_signed_in => {
                own(format!("arn:aws:iam::{}:role/zz-outsider", self.account))
            }
            "aws:principalorgid" => organisation(is_organised, false),
            "aws:principalorgpaths" => organisation(is_organised, true),
            "aws:userid" if is_signed_in => own("AROAZZOUTSIDER000000:zz-session".to_owned()),
            "aws:userid" if outsider.principal == Principal::Anonymous => own("anonymous".to_owned()),
            "aws:sourceaccount" | "aws:sourceowner" if outsider.source.is_some() => account(),
            "aws:sourcearn" => outsider.source.clone().map_or(Entry::Absent, own),
            "aws:sourcevpc" if outsider.by_endpoint => own("vpc-0zzoutsider".to_owned()),
            "aws:sourcevpce" if outsider.by_endpoint => own("vpce-0zzoutsider".to_owned()),
            "aws:vpceaccount" if outsider.by_endpoint => account(),
            "aws:vpceorgid" if outsider.by_endpoint => organisation(outsider.is_in_organisation, false),
            "aws:vpceorgpaths" if outsider.by_endpoint => organisation(outsider.is_in_organisation, true),
            "sns:endpoint" => return vec![own("https://zz-outsider.example/".to_owned()), Entry::Absent],
            "lambda:functionurlauthtype" => return vec![Entry::Absent, own("AWS_IAM".to_owned())],
            "s3:dataaccesspointaccount" => return vec![Entry::Absent, account()],
            "s3:dataaccesspointarn" => {
                let arn = format!("arn:aws:s3:eu-west-1:{}:accesspoint/zz-outsider", self.account);
                return vec![Entry::Absent, own(arn)];
            }
            "token.actions.githubusercontent.com:sub" => {
                own("repo:zz-outsider/zz:ref:refs/heads/main".to_owned())
            }
            "token.actions.githubusercontent.com:repository" => own("zz-outsider/zz".to_owned()),
            "token.actions.githubusercontent.com:repository_owner" => own("zz-outsider".to_owned()),
            "token.actions.githubusercontent.com:repository_id"
            | "token.actions.githubusercontent.com:repository_owner_id" => own("909192939495".to_owned()),
            "token.actions.githubusercontent.com:job_workflow_ref" => {
                own("zz-outsider/zz/.github/workflows/zz.yml@refs/heads/main".to_owned())
            }
            _ => Entry::Absent,
        };
        vec![value]
    }

    /// A value like a pattern that leaves room for an outsider's own.
    fn like_theirs(&self, key: &str, pattern: &str, outsider: &Outsider) -> Option<Entry> {
        // What an outsider doesn't have at all can't be like anything.
        let usual = self.who(key, outsider);
        if usual == [Entry::Absent] || key == "aws:sourcearn" || pattern.contains("${") {
            return None;
        }
        let is_account = matches!(
            key,
            "aws:principalaccount"
                | "aws:sourceaccount"
                | "aws:sourceowner"
                | "aws:vpceaccount"
                | "kms:calleraccount"
        );
        if is_account {
            let missing = 12_usize.saturating_sub(pattern.replace('*', "").len());
            return Some(Entry::value(
                pattern.replacen('*', &"9".repeat(missing), 1).replace('*', "").replace('?', "9"),
            ));
        }
        let text = match key {
            "aws:principalarn" | "s3:dataaccesspointarn" => instance(pattern, self.account),
            _ => filled(pattern, "zz-outsider"),
        };
        Some(Entry::value(text))
    }

    fn derived(&self, key: &str, outsider: &Outsider) -> Entry {
        match (key, &outsider.principal) {
            ("aws:principalservicename", Principal::Service(name)) => Entry::value(name.clone()),
            ("aws:principalservicename", _) => Entry::Absent,
            ("aws:principalisawsservice", Principal::Service(_)) => Entry::value("true"),
            ("aws:principalisawsservice", _) => Entry::value("false"),
            (_, Principal::Anonymous) => Entry::value("Anonymous"),
            (_, Principal::Service(_) | Principal::Federated { .. }) => Entry::Absent,
            _ => Entry::value("AssumedRole"),
        }
    }

    /// One action of each sort that the statements tell apart, and of S3 whether it is about objects.
    fn actions(&self) -> Vec<(Action, Option<bool>)> {
        let service = &*self.question.service;
        let Some(own) = self.policy.statements.first() else { return Vec::new() };
        let written = own.actions.written.iter().filter(|_| !own.actions.is_negated);
        let exact =
            written.filter(|written| !written.text.contains(['*', '?'])).map(|written| written.text.clone());
        let exact: Vec<_> = exact.collect();
        let is_exact =
            !exact.is_empty() && own.actions.written.len() == exact.len() && own.actions.open.is_none();
        let known = Reference::shipped().service(service);
        let listed: Vec<Arc<str>> = match (service, is_exact, known) {
            (_, true, _) => exact,
            ("sts", ..) => ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"].map(Arc::from).to_vec(),
            (_, _, Some(known)) => {
                let all = known.actions.iter().map(|action| Arc::from(format!("{service}:{}", action.name)));
                exact.into_iter().chain(all).collect()
            }
            (_, _, None) => exact,
        };
        let wanted = match self.question.to {
            To::AnyRepository => Some("sts:assumerolewithwebidentity"),
            To::Everyone | To::AnyAccount if service == "sts" => Some("sts:assumerole"),
            To::Everyone | To::AnyAccount => None,
        };
        let context = Context::new(Rest::Absent);
        let mut sorts = BTreeSet::new();
        let mut actions = Vec::new();
        for action in listed.iter().filter_map(|name| Action::parse(name)) {
            if action.service() != service || wanted.is_some_and(|wanted| wanted != action.lowercase()) {
                continue;
            }
            let matching = |statement: &palisade_iam::Statement| statement.actions.matches(&action, &context);
            if matching(own).is_no() {
                continue;
            }
            let of_service = known.and_then(|known| known.action(action.name()));
            if of_service.is_some_and(|action| action.takes_resources() == Some(false)) {
                continue;
            }
            let is_in_it = of_service.filter(|_| service == "s3").and_then(|action| {
                let known = known?;
                let of_objects =
                    |at: usize| known.resource_types.get(at).is_some_and(|one| one.name == "object");
                let of_buckets =
                    |at: usize| known.resource_types.get(at).is_some_and(|one| one.name == "bucket");
                let objects = action.resources.iter().any(|one| of_objects(one.resource_type));
                let buckets = action.resources.iter().any(|one| of_buckets(one.resource_type));
                match (objects, buckets) {
                    (true, false) => Some(true),
                    (false, true) => Some(false),
                    _ => None,
                }
            });
            let sort: Vec<Truth> = self.policy.statements.iter().map(matching).collect();
            if sorts.insert((sort, is_in_it)) {
                actions.push((action, is_in_it));
            }
        }
        actions
    }

    /// A text with what an outsider has in the place of its variables.
    fn without_variables(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            let value = match name.to_ascii_lowercase().as_str() {
                "*" | "?" | "$" => name,
                "aws:principalaccount" => self.account,
                "aws:principalorgid" => ORGANISATION,
                "aws:userid" => "AROAZZOUTSIDER000000:zz-session",
                _ => "zz-other",
            };
            filled.push_str(value);
            filled.push_str(rest);
        }
        filled
    }

    /// What is in the reach of the statements: one resource like each pattern that any of them has.
    fn resources(&self) -> Vec<ResourceText> {
        let service = &*self.question.service;
        let all: &mut Vec<String> = &mut Vec::new();
        let written = self.policy.statements.iter().filter_map(|statement| statement.resources.as_ref());
        for (_, written) in written.flat_map(|resources| &resources.patterns) {
            let arn = &self.without_variables(&written.text);
            if !arn.starts_with("arn:") || arn.splitn(6, ':').count() < 6 {
                continue;
            }
            let account = if service == "s3" { "" } else { OWNER };
            add(all, instance_of_resource(arn, "zz", account));
            add(all, instance_of_resource(arn, "", account));
        }
        match (service, all.is_empty()) {
            ("s3", _) => {
                let bucket = all.iter().find_map(|arn| arn.split('/').next().map(str::to_owned));
                let bucket = bucket.unwrap_or_else(|| "arn:aws:s3:::zz-own".to_owned());
                add(all, format!("{bucket}/zz"));
                add(all, bucket);
            }
            ("sts", _) => add(all, format!("arn:aws:iam::{OWNER}:role/zz-own")),
            (_, true) => add(all, format!("arn:aws:{service}:eu-west-1:{OWNER}:zz-own")),
            (_, false) => {}
        }
        all.iter().map(|text| ResourceText::new(text)).collect()
    }
}

fn instance_of_resource(arn: &str, star: &str, account: &str) -> String {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let field = |at: usize, usual: &str| match fields.get(at).copied().unwrap_or_default() {
        "*" => usual.to_owned(),
        text => filled(text, star),
    };
    let resource = match fields.get(5).copied().unwrap_or_default() {
        "*" => "zz-own".to_owned(),
        text => filled(text, star),
    };
    format!(
        "arn:{}:{}:{}:{}:{resource}",
        field(1, "aws"),
        field(2, "s3"),
        field(3, "eu-west-1"),
        field(4, account)
    )
}

/// The keys that stand for parts of a text.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split(['}', ',']).next()).map(str::trim)
}

fn add(all: &mut Vec<String>, text: String) {
    if !all.contains(&text) {
        all.push(text);
    }
}
