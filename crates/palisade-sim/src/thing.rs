//! What stands in an account: one truth, from which the API's answers and the Terraform are both written.

use std::collections::BTreeMap;

/// Names and values.
pub type Tags = BTreeMap<String, String>;

/// Something that is declared in an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Its short name, which Terraform calls it by.
    pub name: String,
    /// Is it written out in a block of its own, and not one of many that a map declares?
    pub is_written_out: bool,
    /// What its author wrote beside it.
    pub remark: Option<&'static str>,
    /// What it is.
    pub thing: Thing,
}

/// What can be declared.
#[derive(Debug, Clone, PartialEq)]
pub enum Thing {
    /// An S3 bucket.
    Bucket(Bucket),
    /// An IAM role.
    Role(Role),
    /// A managed policy of the account's own.
    Policy(Policy),
    /// An IAM user.
    User(User),
    /// A security group.
    SecurityGroup(SecurityGroup),
    /// An RDS instance.
    Database(Database),
    /// A Lambda function, with its log group and its role.
    Function(Function),
    /// A log group.
    LogGroup(LogGroup),
    /// An SQS queue.
    Queue(Queue),
    /// An SNS topic.
    Topic(Topic),
    /// A KMS key.
    Key(Key),
    /// An EBS volume.
    Volume(Volume),
    /// An EC2 instance.
    Instance(Instance),
    /// A CloudTrail trail.
    Trail(Trail),
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Does it keep earlier versions?
    pub is_versioned: bool,
    /// Are public policies kept out?
    pub blocks_public_policy: bool,
    /// Statements of its policy beside the one that asks for TLS, as JSON.
    pub statements: Vec<String>,
    /// The bucket that its access logs go to.
    pub log_bucket: String,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its unique id, `AROA…`.
    pub id: String,
    /// Its path.
    pub path: String,
    /// Who may assume it: a policy document, as JSON.
    pub trust: String,
    /// Inline policies: names, and documents as JSON.
    pub inline: Vec<(String, String)>,
    /// The ARNs of the managed policies attached to it.
    pub attached: Vec<String>,
}

/// A managed policy of the account's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its document, as JSON.
    pub document: String,
    /// The role of the same account that it is attached to.
    pub role: String,
}

/// An IAM user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its unique id, `AIDA…`.
    pub id: String,
    /// Its access key, `AKIA…`.
    pub key: String,
    /// Inline policies: names, and documents as JSON.
    pub inline: Vec<(String, String)>,
}

/// A security group.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
    /// Its id, `sg-…`.
    pub id: String,
    /// The VPC it is in.
    pub vpc: String,
    /// What it is for.
    pub description: String,
    /// Who may come in.
    pub ingress: Vec<Ingress>,
}

/// A rule of a security group: TCP on one port.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingress {
    /// What it is for.
    pub description: String,
    /// The port.
    pub port: u16,
    /// From where.
    pub ranges: Vec<String>,
    /// The variable that says it in the configuration, where only whoever applies it gives a value.
    pub variable: Option<&'static str>,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// Its identifier.
    pub name: String,
    /// Its class.
    pub class: String,
    /// Its size in GiB.
    pub size: u32,
    /// Can it be reached by a public address?
    pub is_public: bool,
    /// Is its disk encrypted?
    pub is_encrypted: bool,
    /// The days that automatic backups are kept; 0 makes none.
    pub backup_days: u32,
    /// Is it guarded against deletion?
    pub is_protected: bool,
    /// Does it have a standby in another zone?
    pub is_multi_az: bool,
}

/// A Lambda function. A role of its own runs it, and a log group of its own keeps its log.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it runs on.
    pub runtime: String,
    /// Its variables.
    pub environment: BTreeMap<String, String>,
    /// The name of the queue of the same account whose URL is in its variables as `QUEUE_URL`.
    pub queue: Option<&'static str>,
    /// The unique id of its role.
    pub role_id: String,
    /// The days that its log is kept.
    pub log_days: u32,
}

/// A log group.
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// The days that it keeps what is logged.
    pub days: u32,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// The statements of its policy, as JSON.
    pub statements: Vec<String>,
}

/// An SNS topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// The name of the key of the same account that encrypts it.
    pub key: Option<String>,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its alias, without `alias/`.
    pub alias: String,
    /// What it is for.
    pub description: String,
    /// Is it rotated every year?
    pub is_rotated: bool,
}

/// An EBS volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Its id, `vol-…`.
    pub id: String,
    /// Its size in GiB.
    pub size: u32,
    /// Is it encrypted?
    pub is_encrypted: bool,
    /// Does the configuration say so, or does it leave it to the account's default?
    pub is_said: bool,
}

/// An EC2 instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its id, `i-…`.
    pub id: String,
    /// Its type.
    pub class: String,
    /// Its image, `ami-…`.
    pub image: String,
    /// The subnet it is in.
    pub subnet: String,
    /// The name of the role that it acts as.
    pub role: String,
    /// The name by which its security group is declared in the same account.
    pub group: String,
    /// Does its metadata service ask for a token?
    pub asks_for_token: bool,
    /// The id of its disk.
    pub disk: String,
}

/// A CloudTrail trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// The bucket it is delivered to.
    pub bucket: String,
    /// Does it record the whole organisation?
    pub is_organisation: bool,
    /// The name of the key of the same account that encrypts it.
    pub key: String,
}

impl Thing {
    /// CloudFormation's name of the type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bucket(_) => "AWS::S3::Bucket",
            Self::Role(_) => "AWS::IAM::Role",
            Self::Policy(_) => "AWS::IAM::ManagedPolicy",
            Self::User(_) => "AWS::IAM::User",
            Self::SecurityGroup(_) => "AWS::EC2::SecurityGroup",
            Self::Database(_) => "AWS::RDS::DBInstance",
            Self::Function(_) => "AWS::Lambda::Function",
            Self::LogGroup(_) => "AWS::Logs::LogGroup",
            Self::Queue(_) => "AWS::SQS::Queue",
            Self::Topic(_) => "AWS::SNS::Topic",
            Self::Key(_) => "AWS::KMS::Key",
            Self::Volume(_) => "AWS::EC2::Volume",
            Self::Instance(_) => "AWS::EC2::Instance",
            Self::Trail(_) => "AWS::CloudTrail::Trail",
        }
    }

    /// Its ARN in an account and region.
    pub fn arn(&self, account: palisade_model::AccountId, region: &str) -> String {
        match self {
            Self::Bucket(bucket) => format!("arn:aws:s3:::{}", bucket.name),
            Self::Role(role) => format!("arn:aws:iam::{account}:role{}{}", role.path, role.name),
            Self::Policy(policy) => format!("arn:aws:iam::{account}:policy/{}", policy.name),
            Self::User(user) => format!("arn:aws:iam::{account}:user/{}", user.name),
            Self::SecurityGroup(group) => {
                format!("arn:aws:ec2:{region}:{account}:security-group/{}", group.id)
            }
            Self::Database(database) => format!("arn:aws:rds:{region}:{account}:db:{}", database.name),
            Self::Function(function) => {
                format!("arn:aws:lambda:{region}:{account}:function:{}", function.name)
            }
            Self::LogGroup(group) => format!("arn:aws:logs:{region}:{account}:log-group:{}", group.name),
            Self::Queue(queue) => format!("arn:aws:sqs:{region}:{account}:{}", queue.name),
            Self::Topic(topic) => format!("arn:aws:sns:{region}:{account}:{}", topic.name),
            Self::Key(key) => format!("arn:aws:kms:{region}:{account}:key/{}", key.id),
            Self::Volume(volume) => format!("arn:aws:ec2:{region}:{account}:volume/{}", volume.id),
            Self::Instance(instance) => format!("arn:aws:ec2:{region}:{account}:instance/{}", instance.id),
            Self::Trail(trail) => format!("arn:aws:cloudtrail:{region}:{account}:trail/{}", trail.name),
        }
    }
}
