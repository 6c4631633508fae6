//! Regions: where a partition keeps what has none, which are enabled unless somebody says otherwise, where a bucket is.

use crate::calls::Failed;
use palisade_model::Region;

/// The partition of an ARN.
pub(crate) fn partition_of_arn(arn: &str) -> &str {
    arn.split(':').nth(1).filter(|partition| partition.starts_with("aws")).unwrap_or("aws")
}

/// The region in which services without regions are asked for.
pub(crate) fn home(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// The regions that every account of a partition has, unless it is told otherwise.
///
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
pub(crate) fn always_enabled(partition: &str) -> &'static [&'static str] {
    match partition {
        "aws-cn" => &["cn-north-1", "cn-northwest-1"],
        "aws-us-gov" => &["us-gov-east-1", "us-gov-west-1"],
        "aws-iso" => &["us-iso-east-1", "us-iso-west-1"],
        "aws-iso-b" => &["us-isob-east-1"],
        "aws-eusc" => &["eusc-de-east-1"],
        _ => &[
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ca-central-1",
            "eu-central-1",
            "eu-north-1",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    }
}

/// The region that a bucket's location names; the oldest ones have names of their own.
pub(crate) fn of_bucket(location: &str) -> Option<Region> {
    match location {
        "" | "US" => "us-east-1".parse().ok(),
        "EU" => "eu-west-1".parse().ok(),
        other => other.parse().ok(),
    }
}

/// The region that a refusal of S3 sends us to.
pub(crate) fn told_by(failed: &Failed) -> Option<Region> {
    let is_redirect = matches!(
        failed.code.as_ref(),
        "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "301"
            | "307"
    );
    if !is_redirect {
        return None;
    }
    // "… the region 'us-east-1' is wrong; expecting 'eu-west-1'", or the header's words.
    let after = ["expecting ", "the bucket is in ", "x-amz-bucket-region"].iter().find_map(|words| {
        let at = failed.message.find(words)?;
        Some(&failed.message[at + words.len()..])
    })?;
    let is_letter = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let mut words = after.split(|char: char| !is_letter(char)).filter(|word| !word.is_empty());
    words.find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_aws::{CallFailure, FailureKind};

    #[test]
    fn s3_says_where_a_bucket_is() {
        let check = |code: &str, message: &str, expected: Option<&str>| {
            let failed = Failed::new(&CallFailure::of(FailureKind::Refused, code, message));
            assert_eq!(told_by(&failed).as_ref().map(Region::as_str), expected, "{message}");
        };
        let wrong =
            "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
        check("AuthorizationHeaderMalformed", wrong, Some("eu-west-1"));
        check("PermanentRedirect", "use the endpoint (x-amz-bucket-region: eu-west-3)", Some("eu-west-3"));
        check("PermanentRedirect", "moved (the bucket is in `eu-west-3`)", Some("eu-west-3"));
        check("PermanentRedirect", "use the endpoint", None);
        check("AccessDenied", "expecting 'eu-west-1'", None);
        assert_eq!(of_bucket("EU"), "eu-west-1".parse().ok());
        assert_eq!(of_bucket("nowhere"), None);
    }
}
