//! To whom a permission that is no policy is given.

use crate::decide::is_any_session;
use crate::principal::{Named, Principal, PrincipalPattern};
use crate::request::Request;
use crate::truth::Truth;

/// To whom something is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    text: Box<str>,
    pattern: PrincipalPattern,
}

impl From<Box<str>> for Receiver {
    fn from(text: Box<str>) -> Self {
        Self { pattern: PrincipalPattern::grantee(&text), text }
    }
}

/// Is this the one who asks, or its role?
pub(super) fn is_meant(pattern: &PrincipalPattern, request: &Request) -> Truth {
    match pattern.names(&request.principal) {
        Some((Named::Everyone, _)) => Truth::No,
        Some((_, truth)) => truth,
        // A session of this role is meant, and which one asks nobody told.
        None if is_any_session(&request.principal) && pattern.session_of(&request.principal).is_some() => {
            Truth::Unknown
        }
        None => Truth::No,
    }
}

impl Receiver {
    /// Is the one who asks this IAM user, or a session of this role?
    ///
    /// Services that keep grants of their own give to users and roles. What a grant to an account, an organisation or the
    /// user behind a federated session gives, their pages do not say; groups and people of a directory come as sessions.
    pub(super) fn receives(&self, request: &Request) -> Truth {
        let principal = &request.principal;
        match (&self.pattern, principal) {
            (_, Principal::Service(_) | Principal::Federated { .. } | Principal::Anonymous) => Truth::No,
            (PrincipalPattern::Account(account), _) if principal.account() != Some(account) => Truth::No,
            (PrincipalPattern::Account(_), _) => Truth::Unknown,
            (PrincipalPattern::Nobody, Principal::User(_) | Principal::Root { .. })
                if !self.is_of_organisation() =>
            {
                Truth::No
            }
            (PrincipalPattern::Nobody, _) => Truth::Unknown,
            (pattern, _) => match is_meant(pattern, request) {
                Truth::Yes if is_behind(pattern, principal) => Truth::Unknown,
                truth => truth,
            },
        }
    }

    /// Is it the one who asks, or its role?
    pub(super) fn is_meant(&self, request: &Request) -> Truth {
        is_meant(&self.pattern, request)
    }

    /// The text that was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn is_of_organisation(&self) -> bool {
        self.text.starts_with("o-") || self.text.contains(":organizations:")
    }
}

/// Is it the user behind the federated session that asks?
fn is_behind(pattern: &PrincipalPattern, principal: &Principal) -> bool {
    pattern.names(principal).is_some_and(|(named, _)| named == Named::UserOfSession)
}
