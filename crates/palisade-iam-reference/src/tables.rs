//! Tables of AWS's pages, as data.

use std::cmp::Ordering::{self, Equal, Greater, Less};

/// How an operator compares the statement's value with the request's.
pub(crate) enum Compare {
    Exactly,
    IgnoringCase,
    Like,
    Arn,
    Number(&'static [Ordering]),
    Moment(&'static [Ordering]),
    Bool,
    Binary,
    Range,
}

/// The operators, with the negated ones beside theirs (`operators`). `ArnEquals` behaves like `ArnLike`.
pub(crate) const OPERATORS: [(&str, &str, Compare); 18] = [
    ("stringequals", "stringnotequals", Compare::Exactly),
    ("stringequalsignorecase", "stringnotequalsignorecase", Compare::IgnoringCase),
    ("stringlike", "stringnotlike", Compare::Like),
    ("arnequals", "arnnotequals", Compare::Arn),
    ("arnlike", "arnnotlike", Compare::Arn),
    ("numericequals", "numericnotequals", Compare::Number(&[Equal])),
    ("numericlessthan", "-", Compare::Number(&[Less])),
    ("numericlessthanequals", "-", Compare::Number(&[Less, Equal])),
    ("numericgreaterthan", "-", Compare::Number(&[Greater])),
    ("numericgreaterthanequals", "-", Compare::Number(&[Greater, Equal])),
    ("dateequals", "datenotequals", Compare::Moment(&[Equal])),
    ("datelessthan", "-", Compare::Moment(&[Less])),
    ("datelessthanequals", "-", Compare::Moment(&[Less, Equal])),
    ("dategreaterthan", "-", Compare::Moment(&[Greater])),
    ("dategreaterthanequals", "-", Compare::Moment(&[Greater, Equal])),
    ("bool", "-", Compare::Bool),
    ("binaryequals", "-", Compare::Binary),
    ("ipaddress", "notipaddress", Compare::Range),
];

/// Keys that are what the case says at one place, for whom it says it (`keys`).
pub(crate) const TOLD: [(&str, &str); 15] = [
    ("aws:resourceorgid", "/organisation/resource/id"),
    ("aws:resourceorgpaths", "/organisation/resource/path"),
    ("aws:resourceaccount", "/request/resourceAccount"),
    ("aws:securetransport", "/request/via/secureTransport"),
    ("aws:sourcevpc", "/request/via/vpc"),
    ("aws:sourcevpce", "/request/via/endpoint"),
    ("aws:vpcsourceip", "/request/via/privateIp"),
    ("aws:calledviafirst", "/request/via/services/0"),
    ("aws:sourceidentity", "/request/caller/sourceIdentity"),
    ("aws:ec2instancesourcevpc", "/request/caller/instance/vpc"),
    ("aws:ec2instancesourceprivateipv4", "/request/caller/instance/privateIp"),
    ("ec2:sourceinstancearn", "/request/caller/instance/arn"),
    ("s3:dataaccesspointarn", "/resource/accessPoint/arn"),
    ("s3:dataaccesspointaccount", "/resource/accessPoint/account"),
    ("s3:resourceaccount", "/request/resourceAccount"),
];

/// `s3-block`: the keys that make a statement for everyone not public, when they have fixed values.
pub(crate) const NARROWING: &str = "aws:SourceArn aws:SourceVpc aws:SourceVpce aws:SourceOwner aws:SourceAccount \
    aws:SourceIp aws:PrincipalAccount aws:PrincipalArn aws:PrincipalOrgID aws:PrincipalOrgPaths aws:userid \
    s3:x-amz-server-side-encryption-aws-kms-key-id s3:DataAccessPointArn";

/// Keys that are as narrow as those, and that the page does not name.
pub(crate) const PERHAPS_NARROWING: &str = "aws:VpcSourceIp aws:Ec2InstanceSourceVpc aws:SourceOrgID aws:SourceOrgPaths \
    s3:DataAccessPointAccount";

/// `s3-acl`, "Mapping of ACL permissions and access policy permissions": a permission, on what, and its actions.
pub(crate) const ACL: [(&str, &str, &str); 7] = [
    ("READ", "bucket", "s3:ListBucket s3:ListBucketVersions s3:ListBucketMultipartUploads"),
    ("READ", "object", "s3:GetObject s3:GetObjectVersion s3:GetObjectTorrent"),
    ("WRITE", "either", "s3:PutObject s3:DeleteObject s3:DeleteObjectVersion"),
    ("READ_ACP", "bucket", "s3:GetBucketAcl"),
    ("READ_ACP", "object", "s3:GetObjectAcl s3:GetObjectVersionAcl"),
    ("WRITE_ACP", "bucket", "s3:PutBucketAcl"),
    ("WRITE_ACP", "object", "s3:PutObjectAcl s3:PutObjectVersionAcl"),
];

/// `kms-external`: what principals of other accounts can be let do with a key.
pub(crate) const FROM_OUTSIDE: &str = "CreateGrant Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey \
    GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GetKeyRotationStatus GetPublicKey \
    ListGrants ReEncrypt ReEncryptFrom ReEncryptTo RetireGrant RevokeGrant Sign Verify VerifyMac";

/// `lake-formation`: an action, what it is about, the permissions that are enough for it, and those that perhaps are.
/// Making and changing also takes a permission on the data's location, which no request shows.
pub(crate) const LAKE: [(&str, &str, &str, &str); 10] = [
    ("glue:GetDatabase", "database", "DESCRIBE ALL", "ALTER CREATE_TABLE DROP"),
    ("glue:UpdateDatabase", "database", "", "ALTER ALL"),
    ("glue:DeleteDatabase", "database", "DROP ALL", ""),
    ("glue:CreateDatabase", "catalog", "", "CREATE_DATABASE ALL"),
    ("glue:CreateTable", "database", "", "CREATE_TABLE ALL"),
    ("glue:GetTable", "table", "DESCRIBE SELECT INSERT DELETE ALL", "ALTER DROP"),
    ("glue:GetTableVersion", "table", "DESCRIBE SELECT INSERT DELETE ALL", "ALTER DROP"),
    ("glue:GetTableVersions", "table", "DESCRIBE SELECT INSERT DELETE ALL", "ALTER DROP"),
    ("glue:UpdateTable", "table", "", "ALTER ALL"),
    ("glue:DeleteTable", "table", "DROP ALL", ""),
];
