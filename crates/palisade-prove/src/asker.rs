//! Those who may ask: for policies of identities, the one they are attached to; for others, one of each sort.

use crate::compile::{Attached, Statement};
use crate::difference::Fixed;
use crate::keys::State;
use crate::word::letters;
use ipnet::IpNet;
use palisade_iam::{
    Action, Asked, Context, Effect, Entry, Facts, Known, Principal, PrincipalPattern, Request, Rest, Test,
};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Somebody who may ask.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub principal: Principal,
    pub text: String,
    /// Are the policies those of a resource, which name principals?
    pub is_named: bool,
    /// The condition keys that follow from who asks.
    pub fixed: Fixed,
}

/// The account of the resources, where policies of resources are asked about.
pub(crate) const OWNER: &str = "999988887777";
const IDENTITY: &str = "arn:aws:sts::111122223333:assumed-role/anyone/session";
const USER: &str = "arn:aws:iam::111122223333:user/anyone";
const STRANGER: &str = "arn:aws:iam::444455556666:user/stranger";

impl Asker {
    fn new(text: &str, is_named: bool) -> Option<Self> {
        let principal = Principal::parse(text)?;
        let fixed = if is_named { derived(&principal) } else { Fixed::new() };
        Some(Self { principal, text: text.to_owned(), is_named, fixed })
    }

    /// A user instead of a session, where the policies are those of an identity.
    pub fn as_user(&self) -> Option<Self> {
        if self.is_named { None } else { Self::new(USER, false) }
    }

    /// Is a statement about the one who asks?
    pub fn is_named(&self, statement: &Statement) -> bool {
        if !self.is_named {
            return true;
        }
        statement.principals.as_ref().is_some_and(|principals| {
            let is_named =
                principals.patterns.iter().any(|(pattern, _)| pattern.names(&self.principal).is_some());
            is_named != principals.is_negated
        })
    }
}

/// The keys that follow from the principal.
fn derived(principal: &Principal) -> Fixed {
    let mut fixed = Fixed::new();
    let Some(action) = Action::parse("s3:getobject") else { return fixed };
    let request = Request::new(Asked {
        principal: principal.clone(),
        action,
        resource: "*".into(),
        resource_account: Some(OWNER.into()),
        takes_no_resource: false,
        context: Context::new(Rest::Absent),
        known: Known::default(),
        facts: Facts::default(),
    });
    let follows = |key: &str| {
        (key.starts_with("aws:principal") && !key.contains("org") && !key.contains("tag"))
            || matches!(
                key,
                "aws:username"
                    | "aws:sourceaccount"
                    | "aws:sourcearn"
                    | "aws:sourceorgid"
                    | "aws:sourceorgpaths"
            )
    };
    for (key, entry) in request.context.entries().filter(|(key, _)| follows(key)) {
        match entry {
            Entry::Absent => {
                fixed.insert(key.into(), State::Absent);
            }
            Entry::Values(values) => {
                fixed.insert(key.into(), State::Values(values.iter().map(|value| letters(value)).collect()));
            }
            Entry::Present(_) | Entry::Unknown(_) => {}
        }
    }
    // Of services AWS tells for which resource they call.
    if matches!(principal, Principal::Service(_)) {
        fixed.retain(|key, _| !key.starts_with("aws:source"));
    }
    fixed
}

/// Who may ask, of policies that are compared. The text is why one of them can't be taken.
pub(crate) fn of_policies(policies: &[&Attached]) -> (Vec<Asker>, Vec<String>) {
    if !policies.iter().any(|attached| attached.names_principals()) {
        return (Asker::new(IDENTITY, false).into_iter().collect(), Vec::new());
    }
    let mut texts: BTreeSet<String> = BTreeSet::from([STRANGER.to_owned(), "anonymous".to_owned()]);
    let mut open = Vec::new();
    let statements = policies.iter().flat_map(|attached| attached.statements.iter());
    for principals in statements.filter_map(|statement| statement.principals.as_ref()) {
        if principals.is_negated {
            open.push("`NotPrincipal`: AWS documents only in part whom it spares".to_owned());
        }
        for (pattern, written) in &principals.patterns {
            let text = match pattern {
                PrincipalPattern::Everyone | PrincipalPattern::Nobody => continue,
                PrincipalPattern::Account(account) => format!("arn:aws:iam::{account}:user/somebody"),
                PrincipalPattern::User { arn } | PrincipalPattern::FederatedUser { arn } => arn.to_string(),
                PrincipalPattern::Role { account, name, .. } => {
                    format!("arn:aws:sts::{account}:assumed-role/{name}/session")
                }
                PrincipalPattern::Session { account, role, session } => {
                    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
                }
                PrincipalPattern::Service(name) | PrincipalPattern::Federated(name) => name.to_string(),
                PrincipalPattern::Canonical(_) | PrincipalPattern::UniqueId(_) => {
                    open.push(format!(
                        "`{}` names somebody by an id, which only AWS can resolve",
                        written.text
                    ));
                    continue;
                }
            };
            texts.insert(text);
        }
    }
    (texts.iter().filter_map(|text| Asker::new(text, true)).collect(), open)
}

/// Those whom nobody knows: no key that tells who they are or whence they come has a value that a policy names.
pub(crate) fn strangers(policy: &Attached) -> Vec<Asker> {
    let networks: Vec<IpNet> = policy
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .flat_map(|statement| &statement.conditions)
        .flat_map(|condition| &condition.inner.values)
        .filter_map(|value| match &value.test {
            Test::Network(network) => Some(*network),
            _ => None,
        })
        .collect();
    // Wider than this is as good as everywhere: S3 user guide, "The meaning of public".
    let is_wide = |network: &&IpNet| match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 32,
    };
    let in_narrow =
        |address: &IpAddr| networks.iter().any(|network| !is_wide(&network) && network.contains(address));
    let mut addresses: Vec<IpAddr> = (1..=223_u8).map(|first| IpAddr::from([first, 77, 113, 9])).collect();
    addresses.retain(|address| !networks.iter().any(|network| network.contains(address)));
    addresses.truncate(1);
    addresses
        .extend(networks.iter().filter(is_wide).map(IpNet::network).filter(|address| !in_narrow(address)));
    let mut found = Vec::new();
    for text in [STRANGER, "anonymous"] {
        for address in &addresses {
            for is_in_vpc in [false, true] {
                let Some(mut asker) = Asker::new(text, true) else { continue };
                let mut set = |key: &str, value: Option<&str>| {
                    let state = value.map_or(State::Absent, |value| State::Values(vec![letters(value)]));
                    asker.fixed.insert(Arc::from(key), state);
                };
                let is_signed = text == STRANGER;
                set("aws:principalorgid", is_signed.then_some("o-stranger"));
                set("aws:principalorgpaths", is_signed.then_some("o-stranger/r-stranger/ou-stranger/"));
                set("aws:userid", if is_signed { Some("AIDASTRANGER") } else { Some("anonymous") });
                set("aws:sourceowner", is_signed.then_some("444455556666"));
                set("aws:sourcevpc", is_in_vpc.then_some("vpc-stranger"));
                set("aws:sourcevpce", is_in_vpc.then_some("vpce-stranger"));
                set("aws:vpcsourceip", is_in_vpc.then_some("192.0.2.77"));
                set("aws:ec2instancesourcevpc", None);
                set("s3:dataaccesspointarn", None);
                set("s3:dataaccesspointaccount", None);
                let shown = address.to_string();
                set("aws:sourceip", (!is_in_vpc).then_some(shown.as_str()));
                found.push(asker);
            }
        }
    }
    found
}
