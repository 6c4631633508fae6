//! Who calls, and how other accounts are entered.

use palisade_model::AccountId;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Who AWS says that the caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The user, or the session of a role.
    pub arn: String,
    /// Its unique id.
    pub user_id: String,
}

impl Identity {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).filter(|name| !name.is_empty()).unwrap_or("aws")
    }
}

/// How accounts other than the caller's are entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The role in each of them; without one, only the caller's own account can be asked.
    pub role: Option<Role>,
    /// The external id that the roles ask for.
    pub external_id: Option<String>,
    /// What the sessions are called in CloudTrail.
    pub session_name: String,
    /// How long a session holds; it is renewed before it ends.
    pub duration: Option<Duration>,
    /// A role that is taken first, and that may take the others.
    pub through: Option<Hub>,
    /// Whether the caller's own account is entered through its role, too.
    pub own_too: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            role: None,
            external_id: None,
            session_name: "palisade".to_owned(),
            duration: None,
            through: None,
            own_too: false,
        }
    }
}

/// A role that is taken on the way to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Its ARN.
    pub arn: String,
    /// The external id that it asks for.
    pub external_id: Option<String>,
}

/// A role that many accounts have: a name, with its path where it has one, or an ARN with `{account}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role(String);

/// Why the way into other accounts makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It is no name of a role.
    #[error(
        "`{given}` is no name of a role: letters, digits and `+=,.@_-`, at most 64, and before it perhaps a path"
    )]
    RoleName {
        /// What was given.
        given: String,
    },
    /// It is no ARN for many accounts.
    #[error("`{given}` is no ARN of a role in many accounts; one is `arn:aws:iam::{{account}}:role/Name`")]
    RoleArn {
        /// What was given.
        given: String,
    },
    /// It is no ARN of a role.
    #[error("`{given}` is no ARN of a role; one is `arn:aws:iam::111122223333:role/Name`")]
    HubArn {
        /// What was given.
        given: String,
    },
    /// It is no name of a session.
    #[error("`{given}` is no name of a session: letters, digits and `+=,.@_-`, 2 to 64")]
    SessionName {
        /// What was given.
        given: String,
    },
    /// It is no external id.
    #[error("`{given}` is no external id: letters, digits and `+=,.@:/_-`, 2 to 1,224")]
    ExternalId {
        /// What was given.
        given: String,
    },
    /// AWS gives no such session.
    #[error("a session of {} s: it holds 900 to {most} s{why}", given.as_secs())]
    Duration {
        /// What was given.
        given: Duration,
        /// The longest that AWS gives, in seconds.
        most: u64,
        /// Why no longer.
        why: &'static str,
    },
}

fn is_of(text: &str, more: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len())
        && text.chars().all(|letter| {
            letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter) || more.contains(letter)
        })
}

/// `path/Name` or `Name`.
fn is_role(name: &str) -> bool {
    let (path, name) = name.rsplit_once('/').unwrap_or(("", name));
    is_of(name, "", 1, 64) && is_of(path, "/", 0, 510)
}

impl FromStr for Role {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let given = || text.to_owned();
        if !text.starts_with("arn:") {
            let name = text.trim_start_matches('/');
            return is_role(name)
                .then(|| Self(name.to_owned()))
                .ok_or_else(|| AccessError::RoleName { given: given() });
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, "iam", "", "{account}", role]
                if (partition == "{partition}" || is_of(partition, "", 1, 20))
                    && role.strip_prefix("role/").is_some_and(is_role) =>
            {
                Ok(Self(given()))
            }
            _ => Err(AccessError::RoleArn { given: given() }),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Role {
    /// Its ARN in an account.
    pub fn arn(&self, partition: &str, account: AccountId) -> String {
        if self.0.starts_with("arn:") {
            return self.0.replace("{partition}", partition).replace("{account}", &account.to_string());
        }
        format!("arn:{partition}:iam::{account}:role/{}", self.0)
    }
}

const HOUR: u64 = 3_600;

impl Access {
    /// Whether AWS could take it.
    pub(crate) fn check(&self) -> Result<(), AccessError> {
        if !is_of(&self.session_name, "", 2, 64) {
            return Err(AccessError::SessionName { given: self.session_name.clone() });
        }
        let hub_id = self.through.as_ref().and_then(|hub| hub.external_id.as_ref());
        if let Some(id) = self.external_id.iter().chain(hub_id).find(|id| !is_of(id, ":/", 2, 1_224)) {
            return Err(AccessError::ExternalId { given: id.clone() });
        }
        if let Some(Hub { arn, .. }) = &self.through {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            let is_arn = matches!(parts[..], ["arn", partition, "iam", "", account, role]
                if !partition.is_empty() && account.parse::<AccountId>().is_ok()
                    && role.strip_prefix("role/").is_some_and(is_role));
            if !is_arn {
                return Err(AccessError::HubArn { given: arn.clone() });
            }
        }
        if let Some(given) = self.duration {
            let (most, why) = match self.through {
                Some(_) => (HOUR, ", because a role takes it"),
                None => (12 * HOUR, ""),
            };
            if !(900..=most).contains(&given.as_secs()) {
                return Err(AccessError::Duration { given, most, why });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_an_arn_in_each_account() {
        let check = |role: &str, partition: &str, expected: &str| {
            let account = "111122223333".parse().unwrap();
            let found = role
                .parse::<Role>()
                .map_or_else(|error| error.to_string(), |role| role.arn(partition, account));
            assert_eq!(found, expected);
        };
        check("Audit", "aws", "arn:aws:iam::111122223333:role/Audit");
        check("/security/Audit", "aws-cn", "arn:aws-cn:iam::111122223333:role/security/Audit");
        check("arn:aws:iam::{account}:role/a/B", "aws", "arn:aws:iam::111122223333:role/a/B");
        check(
            "arn:{partition}:iam::{account}:role/B",
            "aws-us-gov",
            "arn:aws-us-gov:iam::111122223333:role/B",
        );
        let no_arn = |given| {
            format!(
                "`{given}` is no ARN of a role in many accounts; one is `arn:aws:iam::{{account}}:role/Name`"
            )
        };
        check("arn:aws:iam::111122223333:role/B", "aws", &no_arn("arn:aws:iam::111122223333:role/B"));
        check("arn:aws:iam::{account}:user/B", "aws", &no_arn("arn:aws:iam::{account}:user/B"));
        let no_name = |given| {
            format!(
                "`{given}` is no name of a role: letters, digits and `+=,.@_-`, at most 64, and before it perhaps a path"
            )
        };
        check("", "aws", &no_name(""));
        check("a b", "aws", &no_name("a b"));
    }

    #[track_caller]
    fn refused(access: &Access, expected: &str) {
        let told = access.check().err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_aws_would_refuse_is_refused_before() {
        let usual = Access::default;
        refused(&usual(), "");
        refused(
            &Access { session_name: "a b".to_owned(), ..usual() },
            "`a b` is no name of a session: letters, digits and `+=,.@_-`, 2 to 64",
        );
        refused(
            &Access { external_id: Some("x".to_owned()), ..usual() },
            "`x` is no external id: letters, digits and `+=,.@:/_-`, 2 to 1,224",
        );
        let hub = |arn: &str| Some(Hub { arn: arn.to_owned(), external_id: None });
        let arn = "arn:aws:iam::111122223333:role/Hub";
        refused(
            &Access { through: hub("Hub"), ..usual() },
            "`Hub` is no ARN of a role; one is `arn:aws:iam::111122223333:role/Name`",
        );
        let two_hours = Some(Duration::from_secs(7_200));
        refused(&Access { duration: two_hours, ..usual() }, "");
        refused(
            &Access { duration: two_hours, through: hub(arn), ..usual() },
            "a session of 7200 s: it holds 900 to 3600 s, because a role takes it",
        );
    }

    #[test]
    fn the_partition_stands_in_the_arn() {
        let of = |arn: &str| {
            let account = "111122223333".parse().unwrap();
            Identity { account, arn: arn.to_owned(), user_id: String::new() }.partition().to_owned()
        };
        assert_eq!(of("arn:aws-cn:iam::111122223333:user/a"), "aws-cn");
        assert_eq!(of(""), "aws");
    }
}
