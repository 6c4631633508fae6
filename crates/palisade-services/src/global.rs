//! The condition keys of AWS itself, which any service's requests may carry.
//!
//! From [AWS global condition context keys][page], with the keys of services that are there in other services'
//! requests. What is not listed is a key of one service, or not a key.
//!
//! [page]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

use crate::ValueType::{self, Address, Arn, Bool, Date, Number, Text};

/// A condition key that requests to any service may carry.
#[derive(Debug, PartialEq, Eq)]
pub struct GlobalKey {
    /// Its name; one that ends in `/` goes on with a tag's key.
    pub name: &'static str,
    /// What its values are.
    pub of: ValueType,
    /// Whether it has several values at once, so that only set operators fit.
    pub many: bool,
    /// When a request carries it.
    pub presence: Presence,
}

/// When a request carries a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Every request, also one that is not signed.
    Always,
    /// Every signed request.
    Signed,
    /// Some principals: those with tags, of an organisation, of a kind.
    Principal,
    /// Some sessions: temporary credentials, those with a source identity, federated ones.
    Session,
    /// Some networks: from the internet, or through a VPC endpoint.
    Network,
    /// Some resources: those with tags, of an organisation, of services that tell.
    Resource,
    /// Requests that an AWS service makes for somebody, or as itself.
    Service,
    /// Requests that say something about it, as tags to set.
    Request,
}

/// All of them, by name.
pub fn global_keys() -> &'static [GlobalKey] {
    &KEYS
}

/// The global key of this name, as `aws:SourceIp` or `aws:ResourceTag/team`; letter case does not matter.
pub fn global_key(name: &str) -> Option<&'static GlobalKey> {
    KEYS.iter().find(|key| match key.name.strip_suffix('/') {
        None => key.name.eq_ignore_ascii_case(name),
        Some(family) => name
            .split_once('/')
            .is_some_and(|(head, tag)| !tag.is_empty() && head.eq_ignore_ascii_case(family)),
    })
}

const fn one(name: &'static str, of: ValueType, presence: Presence) -> GlobalKey {
    GlobalKey { name, of, many: false, presence }
}

const fn many(name: &'static str, of: ValueType, presence: Presence) -> GlobalKey {
    GlobalKey { name, of, many: true, presence }
}

static KEYS: [GlobalKey; 55] = [
    one("aws:AssumedRoot", Bool, Presence::Session),
    many("aws:CalledVia", Text, Presence::Service),
    one("aws:CalledViaFirst", Text, Presence::Service),
    one("aws:CalledViaLast", Text, Presence::Service),
    one("aws:ChatbotSourceArn", Arn, Presence::Session),
    one("aws:CurrentTime", Date, Presence::Always),
    one("aws:Ec2InstanceSourcePrivateIPv4", Address, Presence::Session),
    one("aws:Ec2InstanceSourceVpc", Text, Presence::Session),
    one("aws:EpochTime", Date, Presence::Always),
    one("aws:FederatedProvider", Text, Presence::Session),
    one("aws:MultiFactorAuthAge", Number, Presence::Session),
    one("aws:MultiFactorAuthPresent", Bool, Presence::Session),
    one("aws:PrincipalAccount", Text, Presence::Always),
    one("aws:PrincipalArn", Arn, Presence::Signed),
    one("aws:PrincipalIsAWSService", Bool, Presence::Signed),
    one("aws:PrincipalOrgID", Text, Presence::Principal),
    many("aws:PrincipalOrgPaths", Text, Presence::Principal),
    one("aws:PrincipalServiceName", Text, Presence::Service),
    many("aws:PrincipalServiceNamesList", Text, Presence::Service),
    one("aws:PrincipalTag/", Text, Presence::Principal),
    one("aws:PrincipalType", Text, Presence::Always),
    one("aws:referer", Text, Presence::Request),
    one("aws:RequestedRegion", Text, Presence::Always),
    one("aws:RequestTag/", Text, Presence::Request),
    one("aws:ResourceAccount", Text, Presence::Resource),
    one("aws:ResourceOrgID", Text, Presence::Resource),
    many("aws:ResourceOrgPaths", Text, Presence::Resource),
    one("aws:ResourceTag/", Text, Presence::Resource),
    one("aws:SecureTransport", Bool, Presence::Always),
    one("aws:SourceAccount", Text, Presence::Service),
    one("aws:SourceArn", Arn, Presence::Service),
    one("aws:SourceIdentity", Text, Presence::Session),
    one("aws:SourceIp", Address, Presence::Network),
    one("aws:SourceOrgID", Text, Presence::Service),
    many("aws:SourceOrgPaths", Text, Presence::Service),
    one("aws:SourceVpc", Text, Presence::Network),
    one("aws:SourceVpcArn", Arn, Presence::Network),
    one("aws:SourceVpce", Text, Presence::Network),
    many("aws:TagKeys", Text, Presence::Request),
    one("aws:TokenIssueTime", Date, Presence::Session),
    one("aws:UserAgent", Text, Presence::Always),
    one("aws:userid", Text, Presence::Signed),
    one("aws:username", Text, Presence::Principal),
    one("aws:ViaAWSService", Bool, Presence::Always),
    one("aws:VpceAccount", Text, Presence::Network),
    one("aws:VpceOrgID", Text, Presence::Network),
    many("aws:VpceOrgPaths", Text, Presence::Network),
    one("aws:VpcSourceIp", Address, Presence::Network),
    one("codebuild:BuildArn", Arn, Presence::Session),
    one("codebuild:ProjectArn", Arn, Presence::Session),
    one("ec2:RoleDelivery", Number, Presence::Session),
    one("ec2:SourceInstanceArn", Arn, Presence::Session),
    one("identitystore:UserId", Text, Presence::Session),
    one("lambda:SourceFunctionArn", Arn, Presence::Session),
    one("ssm:SourceInstanceArn", Arn, Presence::Session),
];

#[cfg(test)]
mod tests {
    use super::global_key;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(global_key(name).map(|key| key.name), expected, "{name}");
    }

    #[test]
    fn names_ignore_case_and_tags_go_on() {
        check("aws:sourceip", Some("aws:SourceIp"));
        check("aws:PrincipalTag/team/a", Some("aws:PrincipalTag/"));
        check("AWS:RESOURCETAG/x", Some("aws:ResourceTag/"));
        check("aws:PrincipalTag/", None);
        check("aws:PrincipalTag", None);
        check("aws:Nonsense", None);
    }
}
