//! Identifiers, parsed once at the edge: past this module an `AccountId` is twelve digits.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// Why a text is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseIdError {
    /// An account id is exactly twelve digits.
    #[error("`{0}` is not an account id: twelve digits are expected")]
    AccountId(String),
    /// A region is lowercase words and a number joined by `-`, as in `eu-west-1`.
    #[error("`{0}` is not a region: something like `eu-west-1` is expected")]
    Region(String),
    /// An ARN has six parts joined by `:`.
    #[error("`{0}` is not an ARN: `arn:partition:service:region:account:resource` is expected")]
    Arn(String),
    /// A resource type is CloudFormation's name.
    #[error("`{0}` is not a resource type: CloudFormation's name is expected, like `AWS::S3::Bucket`")]
    ResourceType(String),
}

macro_rules! text_serde {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}

/// An AWS account: twelve digits, leading zeros kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

impl FromStr for AccountId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.len() == 12
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(number) = text.parse()
        {
            return Ok(Self(number));
        }
        Err(ParseIdError::AccountId(text.to_owned()))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}
text_serde!(AccountId);

/// A region of a partition, such as `eu-west-1` or `us-gov-east-1`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

impl Region {
    /// The region as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len() >= 3
            && parts[..parts.len() - 1]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()));
        let numbered = parts
            .last()
            .is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        if words && numbered { Ok(Self(text.into())) } else { Err(ParseIdError::Region(text.to_owned())) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
text_serde!(Region);

/// An Amazon Resource Name of any partition (`aws`, `aws-cn`, `aws-us-gov`, `aws-iso`, …).
///
/// Source: "Identify AWS resources with Amazon Resource Names (ARNs)", IAM user guide.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`, an isolated one.
    pub partition: Arc<str>,
    /// The service's namespace, as in `s3`.
    pub service: Arc<str>,
    /// The region, where the service puts one into its ARNs.
    pub region: Option<Region>,
    /// The owning account, where the service puts one into its ARNs; `aws` (AWS's own) is kept as none.
    pub account: Option<AccountId>,
    /// All that follows the account, colons and slashes included.
    pub resource: Arc<str>,
    owned_by_aws: bool,
}

impl FromStr for Arn {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let wrong = || ParseIdError::Arn(text.to_owned());
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(wrong);
        let (prefix, partition, service, region, account, resource) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if prefix != "arn"
            || !is_word(partition)
            || !partition.starts_with("aws")
            || !is_word(service)
            || resource.is_empty()
        {
            return Err(wrong());
        }
        let optional = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        Ok(Self {
            partition: partition.into(),
            service: service.into(),
            region: optional(region).map(|region| region.parse()).transpose().map_err(|_| wrong())?,
            account: optional(account)
                .filter(|account| account != "aws")
                .map(|account| account.parse())
                .transpose()
                .map_err(|_| wrong())?,
            resource: resource.into(),
            owned_by_aws: account == "aws",
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:", self.partition, self.service)?;
        if let Some(region) = &self.region {
            write!(f, "{region}")?;
        }
        match &self.account {
            Some(account) => write!(f, ":{account}:{}", self.resource),
            None if self.owned_by_aws => write!(f, ":aws:{}", self.resource),
            None => write!(f, "::{}", self.resource),
        }
    }
}
text_serde!(Arn);

/// What sort of thing a resource is, by CloudFormation's name: `AWS::S3::Bucket`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(Arc<str>);

impl ResourceType {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceType {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parts: Vec<&str> = text.split("::").collect();
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if parts.len() >= 3 && parts.iter().all(is_word) {
            Ok(Self(text.into()))
        } else {
            Err(ParseIdError::ResourceType(text.to_owned()))
        }
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
text_serde!(ResourceType);

/// A content page, by its path below its sort's folder and without `.md`: `aws/ec2/volume-not-encrypted`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageId(Arc<str>);

impl PageId {
    /// The id of the page at this path below its sort's folder.
    pub fn new(path: &str) -> Self {
        Self(path.into())
    }
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_back<T: FromStr + fmt::Display>(text: &str) -> bool {
        text.parse::<T>().is_ok_and(|parsed| parsed.to_string() == text)
    }

    #[test]
    fn arns_of_every_partition_read_back_to_the_letter() {
        for arn in [
            "arn:aws:s3:::bucket/key:with:colons",
            "arn:aws-cn:iam::000000000012:role/path/name",
            "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:volume/vol-1",
            "arn:aws-iso-b:sqs:us-isob-east-1:111122223333:queue",
            "arn:aws-eusc:sns:eusc-de-east-1:111122223333:topic",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ] {
            assert!(reads_back::<Arn>(arn), "{arn}");
        }
    }

    #[test]
    fn what_is_not_an_arn_is_refused() {
        for arn in [
            "",
            "arn",
            "arn:aws:s3:::",
            "urn:aws:s3:::b",
            "arn:gcp:s3:::b",
            "arn:aws:s3:nowhere::b",
            "arn:aws:s3::12:b",
        ] {
            assert!(arn.parse::<Arn>().is_err(), "{arn}");
        }
    }

    #[test]
    fn an_account_id_keeps_its_leading_zeros_and_nothing_else_is_one() {
        assert!(reads_back::<AccountId>("000000000012"));
        for text in ["", "12", "0000000000123", "+11122223333", "11112222333x", "１１１１２２２２３３３３"]
        {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }

    #[test]
    fn regions_and_resource_types_are_checked() {
        assert!(reads_back::<Region>("us-gov-east-1") && reads_back::<Region>("eusc-de-east-1"));
        assert!(
            "europe".parse::<Region>().is_err()
                && "eu-west".parse::<Region>().is_err()
                && "EU-WEST-1".parse::<Region>().is_err()
        );
        assert!(reads_back::<ResourceType>("AWS::S3::Bucket") && reads_back::<ResourceType>("AWS::EC2::VPC"));
        assert!(
            "aws_s3_bucket".parse::<ResourceType>().is_err() && "AWS::S3".parse::<ResourceType>().is_err()
        );
    }
}
