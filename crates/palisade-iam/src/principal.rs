//! Who asks, and whom a statement names.

use crate::truth::Truth;
use serde::Serialize;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An IAM user with its own credentials.
    User(User),
    /// A session of a role.
    RoleSession(RoleSession),
    /// A session that a user got from `sts:GetFederationToken`.
    FederatedUser(FederatedUser),
    /// The root user of an account.
    Root {
        /// The partition of its ARN.
        partition: Box<str>,
        /// Its account.
        account: Box<str>,
    },
    /// An AWS service, for itself.
    Service(Box<str>),
    /// Who has a token of an OIDC or SAML provider, by the provider's ARN or name.
    Federated {
        /// The ARN of the provider, or a name such as `cognito-identity.amazonaws.com`.
        provider: Box<str>,
    },
    /// Nobody is signed in.
    Anonymous,
}

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its ARN.
    pub arn: Box<str>,
    /// Its account.
    pub account: Box<str>,
    /// Its name, without the path.
    pub name: Box<str>,
    /// Its unique id, `AIDA…`.
    pub id: Option<Box<str>>,
}

/// A session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSession {
    /// The partition of its ARN.
    pub partition: Box<str>,
    /// The account of the role.
    pub account: Box<str>,
    /// The role's name, without the path.
    pub role: Box<str>,
    /// The role's ARN, when its path is known.
    pub role_arn: Option<Box<str>>,
    /// The session's name, when it is told.
    pub session: Option<Box<str>>,
    /// The role's unique id, `AROA…`.
    pub id: Option<Box<str>>,
    /// Is the role linked to a service? Nothing when that is not known.
    pub is_service_linked: Option<bool>,
}

/// A session of `sts:GetFederationToken`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedUser {
    /// The session's ARN.
    pub arn: Box<str>,
    /// Its account.
    pub account: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The ARN of the user who asked for it, when it is known.
    pub user_arn: Option<Box<str>>,
}

/// Where a path of an ARN ends and the name begins.
fn last_segment(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

impl Principal {
    /// Reads what a request names: an ARN, a service, `anonymous`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "anonymous" || text == "*" {
            return Some(Self::Anonymous);
        }
        let Some([_, partition, service, _, account, resource]) = crate::pattern::arn_fields(text) else {
            let is_host = text.contains('.')
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
            return is_host.then(|| Self::Service(text.to_ascii_lowercase().into()));
        };
        let (sort, rest) = resource.split_once('/').unwrap_or((resource, ""));
        match (service, sort) {
            ("iam", "root") if rest.is_empty() => {
                Some(Self::Root { partition: partition.into(), account: account.into() })
            }
            ("iam", "user") if !rest.is_empty() => Some(Self::User(User {
                arn: text.into(),
                account: account.into(),
                name: last_segment(rest).into(),
                id: None,
            })),
            ("iam", "role") if !rest.is_empty() => Some(Self::RoleSession(RoleSession {
                partition: partition.into(),
                account: account.into(),
                role: last_segment(rest).into(),
                role_arn: Some(text.into()),
                session: None,
                id: None,
                is_service_linked: Some(rest.starts_with("aws-service-role/")),
            })),
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                Some(Self::RoleSession(RoleSession {
                    partition: partition.into(),
                    account: account.into(),
                    role: role.into(),
                    role_arn: None,
                    session: Some(session.into()),
                    id: None,
                    // The names of service-linked roles begin so; that others may not is not documented.
                    is_service_linked: (!role.starts_with("AWSServiceRoleFor")).then_some(false),
                }))
            }
            ("sts", "federated-user") if !rest.is_empty() => Some(Self::FederatedUser(FederatedUser {
                arn: text.into(),
                account: account.into(),
                name: rest.into(),
                user_arn: None,
            })),
            ("iam", "oidc-provider" | "saml-provider") => Some(Self::Federated { provider: text.into() }),
            _ => None,
        }
    }

    /// The account it belongs to.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::User(user) => Some(&user.account),
            Self::RoleSession(session) => Some(&session.account),
            Self::FederatedUser(user) => Some(&user.account),
            Self::Root { account, .. } => Some(account),
            Self::Service(_) | Self::Federated { .. } | Self::Anonymous => None,
        }
    }

    /// The ARN of the session or user that asks.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::User(user) => Some(user.arn.to_string()),
            Self::RoleSession(role) => match &role.session {
                Some(session) => Some(format!(
                    "arn:{}:sts::{}:assumed-role/{}/{session}",
                    role.partition, role.account, role.role
                )),
                None => role.role_arn.as_deref().map(str::to_owned),
            },
            Self::FederatedUser(user) => Some(user.arn.to_string()),
            Self::Root { partition, account } => Some(format!("arn:{partition}:iam::{account}:root")),
            Self::Service(name) => Some(name.to_string()),
            Self::Federated { provider } => Some(provider.to_string()),
            Self::Anonymous => None,
        }
    }

    /// Is it bound by a boundary, a session policy and identity policies at all?
    pub fn has_identity(&self) -> bool {
        matches!(self, Self::User(_) | Self::RoleSession(_) | Self::FederatedUser(_))
    }
}

/// Whom a statement names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PrincipalPattern {
    /// `*`.
    Everyone,
    /// An account, by its number or its root ARN.
    Account(Box<str>),
    /// An IAM user.
    User {
        /// Its ARN.
        arn: Box<str>,
    },
    /// A role.
    Role {
        /// Its ARN.
        arn: Box<str>,
        /// Its account.
        account: Box<str>,
        /// Its name.
        name: Box<str>,
    },
    /// A session of a role.
    Session {
        /// The account.
        account: Box<str>,
        /// The role's name.
        role: Box<str>,
        /// The session's name.
        session: Box<str>,
    },
    /// A federated user's session.
    FederatedUser {
        /// Its ARN.
        arn: Box<str>,
    },
    /// An AWS service.
    Service(Box<str>),
    /// An identity provider.
    Federated(Box<str>),
    /// An account by its canonical id.
    Canonical(Box<str>),
    /// A user or role by its unique id: it was deleted since.
    UniqueId(Box<str>),
    /// Nothing that AWS knows.
    #[default]
    Nobody,
}

/// How a statement names the one who asks; what this bypasses depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// By its account.
    Account,
    /// As the role whose session it is.
    Role,
    /// As the user whose federated session it is.
    UserOfSession,
    /// As everybody.
    Everyone,
    /// As everybody, with a condition on `aws:PrincipalArn`.
    EveryoneByArn,
    /// As itself: user, session, service, provider.
    Itself,
}

impl Named {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Account, Self::Role, Self::UserOfSession, Self::Everyone, Self::EveryoneByArn, Self::Itself];
}

impl PrincipalPattern {
    /// Reads an entry of `{"AWS": …}`. The text is the reason why AWS would refuse it.
    pub fn aws(text: &str) -> (Self, Option<String>) {
        if text == "*" {
            return (Self::Everyone, None);
        }
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return (Self::Account(text.into()), None);
        }
        let is_unique_id = text.len() >= 16
            && (text.starts_with("AIDA") || text.starts_with("AROA"))
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_unique_id {
            return (Self::UniqueId(text.into()), None);
        }
        if text.contains(['*', '?']) {
            return (
                Self::Nobody,
                Some(format!("`{text}` has a wildcard: a principal is `*` or named in full")),
            );
        }
        let nobody = || (Self::Nobody, Some(format!("`{text}` is no account, user, role or session")));
        match Principal::parse(text) {
            Some(Principal::Root { account, .. }) => (Self::Account(account), None),
            Some(Principal::User(user)) => (Self::User { arn: user.arn }, None),
            Some(Principal::RoleSession(role)) => match (role.session, role.role_arn) {
                (Some(session), _) => {
                    (Self::Session { account: role.account, role: role.role, session }, None)
                }
                (None, Some(arn)) => (Self::Role { arn, account: role.account, name: role.role }, None),
                (None, None) => nobody(),
            },
            Some(Principal::FederatedUser(user)) => (Self::FederatedUser { arn: user.arn }, None),
            _ => nobody(),
        }
    }

    /// Reads whom something is given to: as an entry of `{"AWS": …}`, or a service.
    pub fn grantee(text: &str) -> Self {
        match Principal::parse(text) {
            Some(Principal::Service(name)) => Self::Service(name),
            _ => Self::aws(text).0,
        }
    }

    /// Does it name this principal, and how?
    pub fn names(&self, principal: &Principal) -> Option<(Named, Truth)> {
        let yes = |named| Some((named, Truth::Yes));
        match (self, principal) {
            (Self::Everyone, _) => yes(Named::Everyone),
            (Self::Account(account), Principal::Root { account: own, .. }) if account == own => {
                yes(Named::Itself)
            }
            (Self::Account(account), _) if principal.account() == Some(account) => yes(Named::Account),
            (Self::User { arn }, Principal::User(user)) if *arn == user.arn => yes(Named::Itself),
            (Self::User { arn }, Principal::FederatedUser(user)) => match &user.user_arn {
                Some(own) if own == arn => yes(Named::UserOfSession),
                _ => None,
            },
            (Self::Role { arn, account, name }, Principal::RoleSession(role)) => {
                let is_it = match &role.role_arn {
                    Some(own) => own == arn,
                    // Names of roles are unique in their account, whatever their path.
                    None => *account == role.account && *name == role.role,
                };
                if is_it { yes(Named::Role) } else { None }
            }
            (Self::Session { account, role, session }, Principal::RoleSession(own)) => {
                if *account != own.account || *role != own.role {
                    return None;
                }
                match &own.session {
                    Some(own) if own == session => yes(Named::Itself),
                    _ => None,
                }
            }
            (Self::FederatedUser { arn }, Principal::FederatedUser(user)) if *arn == user.arn => {
                yes(Named::Itself)
            }
            (Self::Service(name), Principal::Service(own)) if name == own => yes(Named::Itself),
            (Self::Federated(name), Principal::Federated { provider }) if name == provider => {
                yes(Named::Itself)
            }
            (Self::UniqueId(id), Principal::User(user)) if user.id.as_ref() == Some(id) => yes(Named::Itself),
            (Self::UniqueId(id), Principal::RoleSession(role)) if role.id.as_ref() == Some(id) => {
                yes(Named::Role)
            }
            // Only the owner of an account sees which canonical id it has.
            (Self::Canonical(_), _) if principal.account().is_some() => {
                Some((Named::Account, Truth::Unknown))
            }
            _ => None,
        }
    }

    /// Does it name the one who asks, and how? It may know its account's canonical id.
    pub(crate) fn names_asking(
        &self,
        principal: &Principal,
        canonical_id: Option<&str>,
    ) -> Option<(Named, Truth)> {
        match (self, canonical_id) {
            (Self::Canonical(id), Some(own)) if principal.account().is_some() => {
                (id.as_ref() == own).then_some((Named::Account, Truth::Yes))
            }
            _ => self.names(principal),
        }
    }

    /// Would it name this session of a role if only the session were called otherwise?
    pub fn session_of<'a>(&'a self, principal: &Principal) -> Option<&'a str> {
        match (self, principal) {
            (Self::Session { account, role, session }, Principal::RoleSession(own))
                if *account == own.account && *role == own.role =>
            {
                Some(session)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, principal: &str, expected: Option<Named>) {
        let (pattern, _) = PrincipalPattern::aws(pattern);
        let principal = Principal::parse(principal).unwrap();
        assert_eq!(pattern.names(&principal).map(|(named, _)| named), expected, "{pattern:?} {principal:?}");
    }

    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    #[test]
    fn principals_are_named_in_many_ways() {
        let user = "arn:aws:iam::111122223333:user/div/erin";
        let session = "arn:aws:sts::111122223333:assumed-role/batch/run1";
        check("*", "anonymous", Some(Named::Everyone));
        check("111122223333", user, Some(Named::Account));
        check("arn:aws:iam::111122223333:root", session, Some(Named::Account));
        check("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root", Some(Named::Itself));
        check(user, user, Some(Named::Itself));
        check("arn:aws:iam::111122223333:user/div/Erin", user, None);
        check("arn:aws:iam::111122223333:role/path/batch", session, Some(Named::Role));
        check("arn:aws:iam::111122223333:role/other", session, None);
        check(session, session, Some(Named::Itself));
        check(session, "arn:aws:sts::111122223333:assumed-role/batch/run2", None);
        check(session, "arn:aws:iam::111122223333:role/batch", None);
        check("444455556666", user, None);
    }

    #[test]
    fn wildcards_and_other_arns_name_nobody() {
        for text in
            ["arn:aws:iam::111122223333:user/*", "arn:aws:s3:::b", "erin", "1111", "arn:aws:iam::1:group/g"]
        {
            let (pattern, problem) = PrincipalPattern::aws(text);
            assert_eq!(pattern, PrincipalPattern::Nobody, "{text}");
            assert!(problem.is_some());
        }
    }
}
