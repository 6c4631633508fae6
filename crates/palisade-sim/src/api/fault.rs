//! What goes wrong on purpose: which call, which time, and how.

use palisade_aws::Ask;
use palisade_model::{AccountId, Region};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What goes wrong, and when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// Each call is held against all of them; the first that holds counts.
    pub rules: Vec<Fault>,
    /// What the caller may do at most; what is not allowed is denied.
    pub permissions: Option<Permissions>,
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// With which calls.
    pub with: Calls,
    /// Which of these.
    pub when: When,
    /// How.
    pub how: How,
}

/// Some calls; what is not said holds for all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calls {
    /// Of this account.
    pub account: Option<AccountId>,
    /// In this region.
    pub region: Option<Region>,
    /// To this service.
    pub service: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// With just these parameters.
    pub parameters: Option<serde_json::Value>,
}

/// Which of the calls, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// Just this one.
    Only(u64),
    /// The first ones.
    First(u64),
    /// So many of a thousand, by chance that the seed gives.
    Chance(u32),
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The caller may not make it.
    Denied,
    /// Too many calls, whatever the bucket says.
    Throttled,
    /// The service answers status 500.
    Broken,
    /// There is no answer, for a minute.
    TimedOut,
    /// The connection is closed.
    Reset,
    /// The answer ends in the middle.
    Truncated,
    /// A proxy answers a page of HTML with status 200.
    Html,
    /// The credentials have run out.
    Expired,
    /// The clocks differ.
    Skewed,
    /// The region is not enabled.
    NotEnabled,
    /// Every page says that there is another, with the same token.
    Circle,
    /// The answer comes, but late.
    Slow,
}

impl How {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Denied,
        Self::Throttled,
        Self::Broken,
        Self::TimedOut,
        Self::Reset,
        Self::Truncated,
        Self::Html,
        Self::Expired,
        Self::Skewed,
        Self::NotEnabled,
        Self::Circle,
        Self::Slow,
    ];

    /// Its word: `access-denied`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "access-denied",
            Self::Throttled => "throttle",
            Self::Broken => "500",
            Self::TimedOut => "timeout",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::Html => "html",
            Self::Expired => "expired",
            Self::Skewed => "skewed",
            Self::NotEnabled => "not-enabled",
            Self::Circle => "circle",
            Self::Slow => "slow",
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How late a slow answer comes, and how long a caller waits for none.
pub(crate) const SLOW: Duration = Duration::from_secs(20);
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

impl Calls {
    /// Is this one of them?
    pub fn has(&self, ask: &Ask) -> bool {
        let is = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        self.account.is_none_or(|account| account == ask.account)
            && self.region.as_ref().is_none_or(|region| *region == ask.region)
            && is(&self.service, &ask.service)
            && is(&self.operation, &ask.operation)
            && self.parameters.as_ref().is_none_or(|parameters| *parameters == ask.parameters)
    }

    /// Just this call, however often it is made.
    pub fn just(ask: &Ask) -> Self {
        Self {
            account: Some(ask.account),
            region: Some(ask.region.clone()),
            service: Some(ask.service.to_string()),
            operation: Some(ask.operation.to_string()),
            parameters: Some(ask.parameters.clone()),
        }
    }
}

/// Why a text is no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFault(String);

impl fmt::Display for BadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadFault {}

/// `s3.GetBucketPolicy=access-denied`, `ec2.*=throttle@first 3`, `*=500@5 of 1000`, `logs.DescribeLogGroups=html@2`.
impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        let bad = |what: &str| BadFault(format!("`{text}` {what}"));
        let (calls, rest) =
            text.split_once('=').ok_or_else(|| bad("has no `=`: write `service.Operation=fault`"))?;
        let (how, when) = rest.split_once('@').unwrap_or((rest, ""));
        let (service, operation) = calls.split_once('.').unwrap_or((calls, "*"));
        let some = |text: &str| (text != "*").then(|| text.to_owned());
        let how = How::ALL.into_iter().find(|known| known.word() == how.trim()).ok_or_else(|| {
            let words: Vec<&str> = How::ALL.iter().map(|how| how.word()).collect();
            bad(&format!("names no fault: there are `{}`", words.join("`, `")))
        })?;
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| bad("has no number after `@`"));
        let when = match when.trim() {
            "" => When::Always,
            when => match (when.strip_prefix("first "), when.split_once(" of 1000")) {
                (Some(first), _) => When::First(number(first)?),
                (None, Some((chance, _))) => When::Chance(u32::try_from(number(chance)?).unwrap_or(1_000)),
                (None, None) => When::Only(number(when)?),
            },
        };
        let with = Calls { service: some(service), operation: some(operation), ..Calls::default() };
        Ok(Self { with, when, how })
    }
}

/// What a caller may do: the statements of an identity policy, as far as actions go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    allowed: Vec<String>,
    denied: Vec<String>,
}

impl Permissions {
    /// Of policy documents; resources and conditions are not looked at.
    pub fn of(documents: &[serde_json::Value]) -> Self {
        let mut permissions = Self::default();
        for document in documents {
            let statements = match &document["Statement"] {
                serde_json::Value::Array(statements) => statements.iter().collect(),
                one => vec![one],
            };
            for statement in statements {
                let actions = match &statement["Action"] {
                    serde_json::Value::Array(actions) => actions.iter().filter_map(|a| a.as_str()).collect(),
                    one => one.as_str().into_iter().collect::<Vec<_>>(),
                };
                let list = if statement["Effect"] == "Deny" {
                    &mut permissions.denied
                } else {
                    &mut permissions.allowed
                };
                list.extend(actions.into_iter().map(str::to_ascii_lowercase));
            }
        }
        permissions
    }

    /// Is this action allowed?
    pub fn allow(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let any = |list: &[String]| list.iter().any(|pattern| matches(pattern.as_bytes(), action.as_bytes()));
        any(&self.allowed) && !any(&self.denied)
    }
}

/// `*` is anything, `?` one letter.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    (at, read) = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

/// The IAM action that a call needs; most have the operation's own name.
///
/// Source: the "Service Authorization Reference", where operation and action differ.
pub(crate) fn action(signing_name: &str, service: &str, operation: &str) -> String {
    let own = match (service, operation) {
        ("s3", "ListBuckets") => "ListAllMyBuckets",
        ("s3", "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
        ("s3", "GetBucketEncryption") => "GetEncryptionConfiguration",
        ("s3", "GetObjectLockConfiguration") => "GetBucketObjectLockConfiguration",
        ("s3", "GetBucketLifecycleConfiguration") => "GetLifecycleConfiguration",
        ("s3", "GetBucketReplication") => "GetReplicationConfiguration",
        ("s3control", "GetPublicAccessBlock") => "GetAccountPublicAccessBlock",
        ("kafka", "ListClustersV2") => "ListClustersV2",
        ("elasticache" | "rds" | "dms" | "sns" | "logs" | "ecr", other) => other,
        (_, other) => other,
    };
    let prefix = match service {
        "s3control" => "s3",
        "efs" => "elasticfilesystem",
        "elbv2" | "elb" => "elasticloadbalancing",
        "opensearch" => "es",
        "sso-admin" => "sso",
        "cloudwatch" => "cloudwatch",
        _ if signing_name.is_empty() => service,
        _ => signing_name,
    };
    format!("{prefix}:{own}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_in_a_line() {
        let check = |text: &str, when: When, how: How| {
            let fault: Fault = text.parse().unwrap();
            assert_eq!((fault.when, fault.how), (when, how), "{text}");
        };
        check("s3.GetBucketPolicy=access-denied", When::Always, How::Denied);
        check("ec2.*=throttle@first 3", When::First(3), How::Throttled);
        check("*=500@5 of 1000", When::Chance(5), How::Broken);
        check("logs.DescribeLogGroups=html@2", When::Only(2), How::Html);
        for bad in ["s3", "s3.X=nothing", "s3.X=500@soon"] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }

    #[test]
    fn permissions_are_those_of_the_policy() {
        let document = serde_json::json!({"Statement": [
            {"Effect": "Allow", "Action": ["s3:Get*", "ec2:Describe*"], "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:GetBucketPolicy", "Resource": "*"},
        ]});
        let permissions = Permissions::of(&[document]);
        let allowed = ["s3:GetBucketAcl", "s3:GetBucketPolicy", "ec2:DescribeVpcs", "iam:GetRole"];
        assert_eq!(allowed.map(|action| permissions.allow(action)), [true, false, true, false]);
    }
}
