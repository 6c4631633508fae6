//! Policies as typed, compiled values that keep what was written and where.

use crate::condition::Condition;
use crate::context::Context;
use crate::name::Name;
use crate::pattern::{Glob, Reading, arn_fields, pattern_fields};
use crate::principal::PrincipalPattern;
use crate::truth::Truth;
use palisade_model::{Diagnostic, Span};
use serde::Serialize;
use std::sync::Arc;

/// What a policy is attached to; the grammar and the meaning of its elements depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// Of a user, group or role.
    Identity,
    /// Of a resource: a bucket, a key, a queue, …
    Resource,
    /// The trust policy of a role.
    Trust,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The policy of a VPC endpoint.
    Endpoint,
}

impl PolicyKind {
    /// What people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Identity => "identity policy",
            Self::Resource => "resource policy",
            Self::Trust => "trust policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Endpoint => "VPC endpoint policy",
        }
    }

    /// Does the policy say whom it is about?
    pub fn names_principals(self) -> bool {
        matches!(self, Self::Resource | Self::Trust | Self::ResourceControl | Self::Endpoint)
    }
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// A policy, compiled.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What it is attached to.
    pub kind: PolicyKind,
    /// What people call it: a name, an ARN, a path.
    pub name: Arc<str>,
    /// Its `Version` element: with 2012-10-17 there are policy variables.
    pub has_variables: bool,
    /// The statements in the order they were written.
    pub statements: Vec<Statement>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// AWS would not store it: it grants nothing, and its denials still deny.
    pub is_rejected: bool,
    /// It exists and could not be read, for this reason.
    pub unread: Option<Arc<str>>,
    pub(crate) index: Index,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its place in the policy, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<Arc<str>>,
    /// Allow or deny; nothing when that could not be read.
    pub effect: Option<Effect>,
    /// Where it stands.
    pub span: Option<Span>,
    /// `Principal` or `NotPrincipal`.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`.
    pub actions: Actions,
    /// `Resource` or `NotResource`; without it, the resource that the policy is attached to.
    pub resources: Option<Resources>,
    /// All must be met.
    pub conditions: Vec<Condition>,
    /// Why part of it is not known, when it is not.
    pub open: Option<Arc<str>>,
}

/// A text of a policy and where it stands.
#[derive(Debug, Clone)]
pub struct Written {
    /// As it was written.
    pub text: Arc<str>,
    /// Where.
    pub span: Option<Span>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone)]
pub struct Principals {
    /// `NotPrincipal`.
    pub is_negated: bool,
    /// Who is named.
    pub patterns: Vec<(PrincipalPattern, Written)>,
    /// Part of them is not known: anybody may be named beside.
    pub is_open: bool,
}

/// `Action` or `NotAction`, compiled for finding one action among thousands.
#[derive(Debug, Clone, Default)]
pub struct Actions {
    /// `NotAction`.
    pub is_negated: bool,
    /// As they were written.
    pub written: Vec<Written>,
    /// Why part of them is not known.
    pub open: Option<Arc<str>>,
    any: bool,
    // `service:action` without wildcards, in lowercase, sorted.
    exact: Box<[Name]>,
    // By service, sorted: patterns of what follows the colon.
    by_service: Box<[(Name, Box<[Glob]>)]>,
    // With a wildcard before the colon: patterns of the whole.
    others: Box<[Glob]>,
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// `NotResource`.
    pub is_negated: bool,
    /// The patterns and how they were written.
    pub patterns: Vec<(ResourcePattern, Written)>,
    /// Why part of them is not known.
    pub open: Option<Arc<str>>,
}

/// One pattern of resources.
#[derive(Debug, Clone)]
pub enum ResourcePattern {
    /// `*`.
    Any,
    /// The six fields of an ARN, each a pattern. With `is_unclear`, what AWS makes of it is not documented.
    Arn {
        /// `arn`, partition, service, region, account, resource.
        fields: Box<[Glob]>,
        /// A variable stands before the fifth colon, where AWS has none.
        is_unclear: bool,
        /// The service is written with a wildcard, which AWS takes for none: nothing matches.
        is_void: bool,
    },
    /// No ARN: AWS refuses it; it is compared as a whole.
    Other(Glob),
}

/// An action of a request: `service:Action`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// As it was given.
    pub text: Box<str>,
    lowercase: Name,
    service: Name,
    colon: usize,
}

impl Action {
    /// Reads `service:Action`; nothing for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let lowercase = text.to_ascii_lowercase().into_boxed_str();
        let colon = lowercase.find(':')?;
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        (is_word(&lowercase[..colon]) && is_word(&lowercase[colon + 1..])).then(|| Self {
            text: text.into(),
            service: Name::new(&lowercase[..colon]),
            lowercase: Name::new(&lowercase),
            colon,
        })
    }
    /// The service's prefix, in lowercase.
    pub fn service(&self) -> &str {
        self.service.as_str()
    }
    /// What follows the colon, in lowercase.
    pub fn name(&self) -> &str {
        &self.lowercase.as_str()[self.colon + 1..]
    }
    /// All of it, in lowercase.
    pub fn lowercase(&self) -> &str {
        self.lowercase.as_str()
    }
}

const ACTION_READING: Reading = Reading { wildcards: true, variables: false, ignores_case: false };

impl Actions {
    /// Compiles what was written.
    pub(crate) fn compile(is_negated: bool, written: Vec<Written>, open: Option<Arc<str>>) -> Self {
        let (mut any, mut exact, mut others) = (false, Vec::new(), Vec::new());
        let mut services: Vec<(Name, Vec<Glob>)> = Vec::new();
        for pattern in &written {
            let lowercase = pattern.text.to_ascii_lowercase();
            let is_plain = |text: &str| !text.contains(['*', '?']);
            match lowercase.split_once(':') {
                _ if is_plain(&lowercase) => exact.push(Name::new(&lowercase)),
                Some((service, name)) if is_plain(service) => {
                    services.push((Name::new(service), vec![Glob::parse(name, ACTION_READING).0]));
                }
                _ => {
                    let glob = Glob::parse(&lowercase, ACTION_READING).0;
                    any |= glob.is_any();
                    others.push(glob);
                }
            }
        }
        exact.sort_unstable();
        services.sort_by(|a, b| a.0.cmp(&b.0));
        services.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                earlier.1.append(&mut later.1);
            }
            is_same
        });
        Self {
            is_negated,
            written,
            open,
            any,
            exact: exact.into(),
            by_service: services.into_iter().map(|(service, globs)| (service, globs.into())).collect(),
            others: others.into(),
        }
    }

    /// Is the action among those named (or, with `NotAction`, not among them)?
    pub fn matches(&self, action: &Action, context: &Context) -> Truth {
        let is_named = self.names(action, context);
        let is_named = match (&self.open, is_named) {
            (Some(_), false) => Truth::Unknown,
            (_, is_named) => is_named.into(),
        };
        if self.is_negated { !is_named } else { is_named }
    }

    fn names(&self, action: &Action, context: &Context) -> bool {
        if self.any || self.exact.binary_search(&action.lowercase).is_ok() {
            return true;
        }
        let of_service = self.by_service.binary_search_by(|(service, _)| service.cmp(&action.service));
        let is_pattern_of_service = of_service.is_ok_and(|at| {
            self.by_service[at].1.iter().any(|glob| glob.matches(action.name(), context).is_yes())
        });
        is_pattern_of_service
            || self.others.iter().any(|glob| glob.matches(action.lowercase(), context).is_yes())
    }

    /// The services it can be about; nothing when it may be any.
    fn services(&self) -> Option<Vec<&str>> {
        if self.is_negated || self.any || !self.others.is_empty() || self.open.is_some() {
            return None;
        }
        let exact = self.exact.iter().map(|exact| exact.as_str().split(':').next().unwrap_or_default());
        Some(exact.chain(self.by_service.iter().map(|(service, _)| service.as_str())).collect())
    }
}

impl ResourcePattern {
    /// Compiles a pattern. The text is the reason why AWS would refuse it.
    pub(crate) fn compile(text: &str, variables: bool) -> (Self, Option<String>) {
        let reading = Reading { wildcards: true, variables, ignores_case: false };
        if text == "*" {
            return (Self::Any, None);
        }
        let mut fields = pattern_fields(text, variables);
        if fields.first() != Some(&"arn") || fields.len() < 2 {
            let (glob, _) = Glob::parse(text, reading);
            if glob.is_any() {
                return (Self::Any, None);
            }
            return (Self::Other(glob), Some(format!("`{text}` is neither an ARN nor `*`")));
        }
        // "If you specify an incomplete ARN (one with fewer than the standard six fields) in the Resource
        // element, AWS automatically completes the ARN by adding wildcard characters to all missing fields."
        while fields.len() < 6 {
            fields.push("*");
        }
        let globs: Box<[Glob]> = fields.iter().map(|field| Glob::parse(field, reading).0).collect();
        let is_unclear = globs.iter().take(5).any(Glob::has_variables);
        let problem = if fields[2].contains(['*', '?']) && fields[2] != "*" {
            Some(format!("`{text}` has a wildcard in its service"))
        } else if is_unclear {
            Some(format!("`{text}` has a policy variable before its fifth colon"))
        } else {
            None
        };
        // "You can't use a wildcard character in the segment of the ARN that identifies the service."
        let is_void = fields[2].contains(['*', '?']) && fields[2] != "*";
        (Self::Arn { fields: globs, is_unclear, is_void }, problem)
    }

    /// Does it match this resource?
    pub fn matches(&self, resource: &ResourceText, context: &Context) -> Truth {
        match self {
            Self::Any => Truth::Yes,
            Self::Other(glob) => glob.matches(&resource.text, context),
            Self::Arn { fields, is_unclear, is_void } => {
                if !resource.is_arn || *is_void {
                    return Truth::No;
                }
                let mut all = Truth::Yes;
                // The last field differs most often, so it is looked at first.
                for at in [5, 2, 4, 3, 1] {
                    all = all.and(fields[at].matches(resource.field(at), context));
                    if all.is_no() {
                        return Truth::No;
                    }
                }
                if *is_unclear { all.and(Truth::Unknown) } else { all }
            }
        }
    }

    /// The key of a variable in it whose value is not known.
    pub(crate) fn unknown_variable(&self, context: &Context) -> Option<Box<str>> {
        let globs: &[Glob] = match self {
            Self::Any => &[],
            Self::Other(glob) => std::slice::from_ref(glob),
            Self::Arn { fields, .. } => fields,
        };
        globs
            .iter()
            .flat_map(Glob::variables)
            .find(|variable| variable.resolve(context) == crate::pattern::Resolved::Unknown)
            .map(|variable| variable.key.as_str().into())
    }

    /// Does it hold a variable?
    pub fn has_variables(&self) -> bool {
        match self {
            Self::Any => false,
            Self::Other(glob) => glob.has_variables(),
            Self::Arn { fields, .. } => fields.iter().any(Glob::has_variables),
        }
    }
}

/// The resource of a request as text, cut into the fields of its ARN once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceText {
    /// The ARN, or `*`.
    pub text: Box<str>,
    is_arn: bool,
    starts: [usize; 7],
}

impl ResourceText {
    /// Cuts the text.
    pub fn new(text: &str) -> Self {
        let mut starts = [0; 7];
        let is_arn = match arn_fields(text) {
            Some(fields) => {
                let mut start = 0;
                for (at, field) in fields.iter().enumerate() {
                    starts[at] = start;
                    start += field.len() + 1;
                }
                starts[6] = start;
                true
            }
            None => false,
        };
        Self { text: text.into(), is_arn, starts }
    }
    /// Is it an ARN, and not `*`?
    pub fn is_arn(&self) -> bool {
        self.is_arn
    }
    /// A field of the ARN: 2 is the service, 4 the account, 5 the resource. Empty when it is no ARN.
    pub fn field(&self, at: usize) -> &str {
        if self.is_arn && at < 6 { &self.text[self.starts[at]..self.starts[at + 1] - 1] } else { "" }
    }
}

impl Resources {
    /// Is the resource among those named (or, with `NotResource`, not among them)?
    pub fn matches(&self, resource: &ResourceText, context: &Context) -> Truth {
        let mut any = Truth::No;
        for (pattern, _) in &self.patterns {
            any = any.or(pattern.matches(resource, context));
            if any.is_yes() {
                break;
            }
        }
        if self.open.is_some() && any.is_no() {
            any = Truth::Unknown;
        }
        if self.is_negated { !any } else { any }
    }

    /// Does it name everything: `Resource: "*"`, or everything but some ARNs?
    pub fn names_everything(&self) -> bool {
        let has_star = self.patterns.iter().any(|(pattern, _)| matches!(pattern, ResourcePattern::Any));
        self.is_negated != has_star
    }
}

/// Which statements can be about a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    always: Vec<u32>,
    by_service: Vec<(Name, Vec<u32>)>,
}

impl Index {
    pub(crate) fn of(statements: &[Statement]) -> Self {
        let mut index = Self::default();
        let mut pairs: Vec<(Name, u32)> = Vec::new();
        for (at, statement) in statements.iter().enumerate() {
            let Ok(at) = u32::try_from(at) else { break };
            match statement.actions.services() {
                None => index.always.push(at),
                Some(services) => pairs.extend(services.into_iter().map(|service| (Name::new(service), at))),
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        for (service, at) in pairs {
            match index.by_service.last_mut() {
                Some((last, list)) if *last == service => list.push(at),
                _ => index.by_service.push((service, vec![at])),
            }
        }
        index
    }
}

impl Policy {
    /// The statements that can be about a service, in no particular order.
    pub(crate) fn about<'a>(&'a self, action: &Action) -> impl Iterator<Item = &'a Statement> {
        let index = &self.index;
        let found = index.by_service.binary_search_by(|(name, _)| name.cmp(&action.service));
        let own: &[u32] = found.map_or(&[], |at| index.by_service[at].1.as_slice());
        own.iter().chain(&index.always).filter_map(|at| self.statements.get(*at as usize))
    }

    /// Is it a text that ends early or is no JSON: AWS would refuse it, and what it was to say is not known?
    ///
    /// It grants nothing, as all that AWS would refuse; what it denies is open.
    pub fn is_broken(&self) -> bool {
        self.is_rejected && self.unread.is_some()
    }

    /// A policy that exists and could not be read.
    pub fn unread(kind: PolicyKind, name: impl Into<Arc<str>>, why: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            name: name.into(),
            has_variables: false,
            statements: Vec::new(),
            diagnostics: Vec::new(),
            is_rejected: false,
            unread: Some(why.into()),
            index: Index::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Rest;

    fn written(text: &str) -> Written {
        Written { text: text.into(), span: None }
    }

    fn acts(patterns: &[&str], action: &str, expected: bool) {
        let actions = Actions::compile(false, patterns.iter().map(|text| written(text)).collect(), None);
        let action = Action::parse(action).unwrap();
        let context = Context::new(Rest::Absent);
        assert_eq!(actions.matches(&action, &context), expected.into(), "{patterns:?} {}", action.text);
    }

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
    #[test]
    fn actions_ignore_letter_case_and_take_wildcards_anywhere() {
        acts(&["S3:gEToBJECT"], "s3:GetObject", true);
        acts(&["s3:Get*", "sqs:*"], "SQS:SendMessage", true);
        acts(&["s3:?tObject"], "s3:GetObject", false);
        acts(&["s3:G?tObject"], "s3:GetObject", true);
        acts(&["*"], "s3:GetObject", true);
        acts(&["s*:GetObject"], "s3:GetObject", true);
        acts(&["s3:GetObject,PutObject"], "s3:GetObject", false);
        acts(&["s3:GetObject   "], "s3:GetObject", false);
    }

    #[test]
    fn characters_that_only_look_alike_are_others() {
        // A Kelvin sign, a long s, full-width letters.
        acts(&["\u{212A}ms:Decrypt"], "kms:Decrypt", false);
        acts(&["\u{17F}3:GetObject"], "s3:GetObject", false);
        acts(&["s3:ＧetObject"], "s3:GetObject", false);
        assert!(Action::parse("\u{212A}ms:Decrypt").is_none());
    }

    fn names(pattern: &str, resource: &str, expected: Truth) {
        let (compiled, _) = ResourcePattern::compile(pattern, true);
        let context = Context::new(Rest::Absent);
        assert_eq!(
            compiled.matches(&ResourceText::new(resource), &context),
            expected,
            "{pattern} {resource}"
        );
    }

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    #[test]
    fn resources_are_matched_field_by_field_and_with_letter_case() {
        for (pattern, resource, expected) in [
            ("*", "arn:aws:s3:::b/k", Truth::Yes),
            ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/3", Truth::Yes),
            ("arn:aws:s3:::b/K", "arn:aws:s3:::b/k", Truth::No),
            ("arn:aws-cn:s3:::b/k", "arn:aws:s3:::b/k", Truth::No),
            ("arn:*:s3:::b/k", "arn:aws:s3:::b/k", Truth::Yes),
            ("arn:aws:sqs:*:*:q", "arn:aws:sqs:eu-west-1:111122223333:q", Truth::Yes),
            ("arn:aws:sqs:eu-*:1111*:q", "arn:aws:sqs:eu-west-1:111122223333:q", Truth::Yes),
            ("arn:aws:sqs", "arn:aws:sqs:eu-west-1:111122223333:q", Truth::Yes),
            ("arn:aws:sqs:*", "arn:aws:sqs:eu-west-1:111122223333:q", Truth::Yes),
            ("arn:aws:s*:q", "arn:aws:sqs:eu-west-1:111122223333:q", Truth::No),
            (
                "arn:aws:logs:*:*:log-group:x:*",
                "arn:aws:logs:eu-west-1:111122223333:log-group:x:y:z",
                Truth::Yes,
            ),
            ("arn:aws:iam::*:user/*", "arn:aws:iam::111122223333:user/a/b", Truth::Yes),
            ("arn:aws:iam::${aws:PrincipalAccount}:user/*", "arn:aws:iam::111122223333:user/a", Truth::No),
            ("arn:aws:s3:::b/${aws:none}*", "arn:aws:s3:::b/k", Truth::No),
            ("arn:*:*:*:*:*", "*", Truth::No),
        ] {
            names(pattern, resource, expected);
        }
    }
}
