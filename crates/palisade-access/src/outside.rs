//! Those of whom the estate does not tell: anybody, other accounts and organisations, services, identity providers.

use crate::answer::{Grant, Who, Witness};
use crate::ask::{Found, Side, ask};
use crate::index::{Organisation, accounts_in, organisations_in};
use crate::phrase::phrases;
use crate::who::{Direct, Target, Wanted, allowing};
use palisade_iam::{Entry, PrincipalPattern, Principals};
use palisade_identity::Asked;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An account that is nobody's here.
pub(crate) const STRANGER: &str = "000000000000";
/// The organisation of that account.
const ELSEWHERE: &str = "o-elsewhere0";

/// Somebody outside, as a request names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outsider {
    pub who: Who,
    pub principal: String,
    /// The organisation they are of, where that is what they are known by.
    pub organisation: Option<Box<str>>,
}

impl Outsider {
    /// Anybody without credentials.
    pub fn anonymous() -> Self {
        Self { who: Who::Anonymous, principal: "anonymous".to_owned(), organisation: None }
    }

    /// Somebody with an account that no policy names.
    pub fn stranger() -> Self {
        Self::of_account(STRANGER, Who::AnyAccount, None)
    }

    fn of_account(account: &str, who: Who, organisation: Option<&str>) -> Self {
        Self {
            who,
            principal: format!("arn:aws:iam::{account}:user/somebody"),
            organisation: organisation.map(Into::into),
        }
    }

    fn of_organisation(id: &str) -> Self {
        Self::of_account(STRANGER, Who::Organisation(id.into()), Some(id))
    }

    /// The question, completed by what is certain of them.
    pub fn asked(&self, mut asked: Asked) -> Asked {
        asked.principal.clone_from(&self.principal);
        if let Who::AnyAccount | Who::Organisation(_) = self.who {
            let id = self.organisation.as_deref().unwrap_or(ELSEWHERE);
            asked.context.push(("aws:PrincipalOrgID".to_owned(), Entry::value(id)));
            // Where in its organisation an account stands is its owner's to choose.
            if self.organisation.is_none() {
                let path = format!("{id}/r-else/ou-else-elsewhere/");
                asked.context.push(("aws:PrincipalOrgPaths".to_owned(), Entry::values([path])));
            } else {
                let open = Entry::Unknown("where in it the account stands is not known".into());
                asked.context.push(("aws:PrincipalOrgPaths".to_owned(), open));
            }
        }
        asked
    }
}

/// Those outside whom a policy's statements speak of, and the ids of those that are nobody.
pub(crate) fn candidates(organisation: &Organisation, target: &Target) -> (BTreeSet<Outsider>, Vec<Nobody>) {
    let (mut found, mut nobody) = (BTreeSet::new(), Vec::new());
    let is_role = target.action.service() == "sts";
    if target.action.service() == "s3" {
        // Access control lists let in whom no policy names.
        found.extend([Outsider::anonymous(), Outsider::stranger()]);
    }
    let Some(policy) = &target.policy else { return (found, nobody) };
    for statement in allowing(policy, target) {
        let Some(principals) = &statement.principals else { continue };
        let names_everyone = principals.is_negated
            || principals.patterns.iter().any(|(pattern, _)| *pattern == PrincipalPattern::Everyone);
        if names_everyone {
            // Whoever assumes a role has signed the request.
            found.extend((!is_role).then(Outsider::anonymous));
            found.insert(Outsider::stranger());
            let known = organisation.identities.organisations();
            let others = organisations_in(statement);
            found.extend(
                others
                    .iter()
                    .filter(|id| !known.contains(&id.as_ref()))
                    .map(|id| Outsider::of_organisation(id)),
            );
            for (account, arn) in accounts_in(statement) {
                if organisation.identities.looks_into(&account) {
                    continue;
                }
                let named = arn.filter(|arn| {
                    !arn.contains(['*', '?', '$']) && palisade_iam::Principal::parse(arn).is_some()
                });
                found.insert(match named {
                    Some(arn) => Outsider {
                        who: Who::Outside(arn.as_ref().into()),
                        principal: arn.into(),
                        organisation: None,
                    },
                    None => Outsider::of_account(&account, Who::Account(account.as_ref().into()), None),
                });
            }
        }
        named(organisation, principals, &mut found, &mut nobody);
    }
    (found, nobody)
}

/// A name in a policy behind which there is nobody, or of whom that is not known.
#[derive(Debug, Clone)]
pub(crate) struct Nobody {
    pub text: String,
    /// Why it is not known whether there is somebody.
    pub open: Option<String>,
}

fn named(
    organisation: &Organisation,
    principals: &Principals,
    found: &mut BTreeSet<Outsider>,
    nobody: &mut Vec<Nobody>,
) {
    let identities = &organisation.identities;
    if principals.is_negated {
        return;
    }
    for (pattern, written) in &principals.patterns {
        let arn = || -> Arc<str> { written.text.clone() };
        match pattern {
            PrincipalPattern::Everyone | PrincipalPattern::Nobody => {}
            PrincipalPattern::Account(account) => {
                if !identities.looks_into(account) {
                    found.insert(Outsider::of_account(account, Who::Account(account.as_ref().into()), None));
                }
            }
            PrincipalPattern::Service(name) => {
                let who = Who::Service(name.as_ref().into());
                found.insert(Outsider { who, principal: name.to_string(), organisation: None });
            }
            PrincipalPattern::Federated(name) => {
                let who = Who::Federated(name.as_ref().into());
                found.insert(Outsider { who, principal: name.to_string(), organisation: None });
            }
            PrincipalPattern::Canonical(_) => nobody.push(Nobody {
                text: arn().to_string(),
                open: Some("whose canonical id a policy names is not known".to_owned()),
            }),
            PrincipalPattern::UniqueId(id) => {
                if organisation.by_id(id).is_none() {
                    let open = identities
                        .accounts()
                        .find_map(|account| identities.why_not_listed(&account.to_string()));
                    let open = open.map(|why| {
                        format!("whether a unique id that a policy names is still somebody's: {why}")
                    });
                    nobody.push(Nobody { text: format!("{id}, a deleted user or role"), open });
                }
            }
            PrincipalPattern::User { arn: of } | PrincipalPattern::FederatedUser { arn: of } => {
                outside_or_gone(organisation, pattern, of, &arn(), found, nobody);
            }
            PrincipalPattern::Role { arn: of, .. } => {
                outside_or_gone(organisation, pattern, of, &arn(), found, nobody);
            }
            PrincipalPattern::Session { account, role, session } => {
                let of = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
                outside_or_gone(organisation, pattern, &of, &arn(), found, nobody);
            }
        }
    }
}

/// Somebody of an account that the estate does not look into; or nobody, where it does and they are not there.
fn outside_or_gone(
    organisation: &Organisation,
    pattern: &PrincipalPattern,
    arn: &str,
    written: &Arc<str>,
    found: &mut BTreeSet<Outsider>,
    nobody: &mut Vec<Nobody>,
) {
    let identities = &organisation.identities;
    let account = arn.split(':').nth(4).unwrap_or_default();
    if !identities.looks_into(account) {
        let who = Who::Outside(written.clone());
        found.insert(Outsider { who, principal: arn.to_owned(), organisation: None });
    } else if matches!(pattern, PrincipalPattern::FederatedUser { .. }) {
        let open = "a session of `sts:GetFederationToken` can do what its own policy says, which is not told";
        nobody.push(Nobody { text: written.to_string(), open: Some(open.to_owned()) });
    } else if organisation.named(pattern).is_none() {
        let open = identities
            .why_not_listed(account)
            .map(|why| format!("whether somebody that a policy names is there: {why}"));
        nobody.push(Nobody { text: written.to_string(), open });
    }
}

/// Asks for everybody outside whom the resource's policy speaks of.
pub(crate) fn outsiders(
    organisation: &Organisation,
    wanted: &Wanted,
    target: &Target,
    direct: &mut Direct,
) -> Result<(), String> {
    let (found, nobody) = candidates(organisation, target);

    for outsider in found {
        let takes_token = matches!(outsider.who, Who::Federated(_));
        // A token is exchanged in another way than a role is assumed.
        if takes_token != matches!(target.action.name(), "assumerolewithsaml" | "assumerolewithwebidentity")
            && target.action.service() == "sts"
            && target.action.name().starts_with("assumerole")
        {
            continue;
        }
        let asked = outsider.asked(wanted.asked(&outsider.principal));
        let answer = ask(&organisation.identities, asked, Side::Assumed, wanted.steps)?;
        direct.decided += 1;
        match &answer {
            Found::Cannot(_) => {}
            Found::Unknown(why) => {
                let name = match outsider.who.name() {
                    "anonymous" => "anybody, without credentials",
                    name => name,
                };
                direct.unknown.add(why.clone(), 1, [name.to_owned()]);
            }
            Found::Can { met, .. } => {
                direct.grants.push(Grant {
                    who: vec![outsider.who.clone()],
                    through: Vec::new(),
                    by: answer.admitted_by(),
                    conditions: phrases(&met.formula),
                    witness: Witness::of(met),
                });
            }
        }
    }

    for Nobody { text, open } in nobody {
        match open {
            Some(why) => direct.unknown.add(why, 1, [text]),
            None => {
                direct.nobody.insert(text);
            }
        }
    }
    Ok(())
}
