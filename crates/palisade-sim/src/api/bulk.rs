//! The many plain resources of large accounts, each made when it is asked for: the same index gives the same resource.

use crate::live::{document, policy};
use crate::organisation::{Account, Organisation};
use crate::random::Random;
use crate::thing::{
    Bucket, Database, Declared, Function, Ingress, Instance, Key, LogGroup, Queue, Role, SecurityGroup,
    Thing, Topic, Volume,
};
use palisade_model::Region;
use serde_json::{Value, json};

/// How many of a thousand resources of an account and region are of each kind. Buckets and roles are in no region.
const MIX: [(&str, usize); 12] = [
    ("AWS::EC2::Volume", 230),
    ("AWS::EC2::SecurityGroup", 170),
    ("AWS::EC2::Instance", 110),
    ("AWS::EC2::Subnet", 90),
    ("AWS::Logs::LogGroup", 160),
    ("AWS::Lambda::Function", 60),
    ("AWS::SQS::Queue", 40),
    ("AWS::SNS::Topic", 30),
    ("AWS::RDS::DBInstance", 30),
    ("AWS::KMS::Key", 20),
    ("AWS::S3::Bucket", 20),
    ("AWS::IAM::Role", 40),
];

/// Is the kind listed once for the account?
fn is_global(kind: &str) -> bool {
    matches!(kind, "AWS::S3::Bucket" | "AWS::IAM::Role")
}

/// How many there are in an account, and in a region for a kind that is in one. Over an account's regions they make just
/// `bulk` for each region.
pub(crate) fn count(bulk: usize, regions: usize, kind: &str) -> usize {
    let mut before = 0;
    for (name, share) in MIX {
        let after = before + share;
        if name == kind {
            // What rounding takes from one it gives to the next, so the sum is right.
            let of_region = bulk * after / 1_000 - bulk * before / 1_000;
            return if is_global(kind) { of_region * regions } else { of_region };
        }
        before = after;
    }
    0
}

/// How long the end of a name is that says which one of many it is.
const TAIL: usize = 6;

/// Which one of many a name or id speaks of.
pub(crate) fn index(name: &str) -> Option<usize> {
    let tail = name.get(name.len().checked_sub(TAIL)?..)?;
    usize::from_str_radix(tail, 16).ok()
}

/// A place where many stand.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    /// The organisation.
    pub(crate) organisation: &'a Organisation,
    /// The account, as it is in one of its regions; nothing is declared in it.
    pub(crate) account: &'a Account,
}

const WORDS: [&str; 16] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "iris", "jetty", "knoll",
    "larch", "mesa", "north", "opal", "pine",
];

impl Field<'_> {
    /// The resource of this kind and index, as the API would give it, with its ARN.
    pub(crate) fn resource(&self, kind: &str, index: usize) -> Option<(String, Value)> {
        let purpose = MIX.iter().position(|(name, _)| *name == kind)? as u64;
        let region = self.account.region.as_str();
        let place = region
            .bytes()
            .chain(self.account.id.to_string().into_bytes())
            .fold(purpose, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        let mut random = Random::new(self.organisation.seed ^ place.rotate_left(20) ^ index as u64);
        let tail = format!("{index:06x}");
        // Of one place all begin alike, so that no other place has the same.
        let stem = format!("{:011x}", place & 0xfff_ffff_ffff);
        let hex = format!("{stem}{tail}");
        let word = WORDS[random.below(WORDS.len())];
        let name = format!("vh-{}-{word}-{tail}", self.account.name);
        if kind == "AWS::EC2::Subnet" {
            return Some(self.subnet(&hex, index));
        }
        let thing = match kind {
            "AWS::EC2::Volume" => Thing::Volume(Volume {
                id: format!("vol-{hex}"),
                size: 8 << random.below(7),
                is_encrypted: !random.chance(2),
                is_said: true,
            }),
            "AWS::EC2::SecurityGroup" => Thing::SecurityGroup(self.group(&hex, name, &mut random)),
            "AWS::EC2::Instance" => Thing::Instance(Instance {
                id: format!("i-{hex}"),
                class: (*random.pick(&["t4g.medium", "m7g.large", "c7g.xlarge", "r7g.2xlarge"])).to_owned(),
                image: format!("ami-0{:016x}", place),
                subnet: format!("subnet-{stem}{:06x}", index / 4),
                role: "default-machine".to_owned(),
                group: String::new(),
                asks_for_token: !random.chance(3),
                disk: format!("vol-{hex}"),
            }),
            "AWS::Logs::LogGroup" => Thing::LogGroup(LogGroup {
                name: format!("/app/{name}"),
                days: *random.pick(&[30, 90, 365, 400]),
            }),
            "AWS::Lambda::Function" => Thing::Function(Function {
                name,
                runtime: (*random.pick(&["python3.13", "nodejs22.x", "java21"])).to_owned(),
                environment: [("STAGE".to_owned(), self.account.stage.to_owned())].into(),
                queue: None,
                role_id: format!("AROA{}", random.id(17)),
                log_days: 365,
            }),
            "AWS::SQS::Queue" => Thing::Queue(Queue { name, statements: Vec::new() }),
            "AWS::SNS::Topic" => Thing::Topic(Topic { name, key: None }),
            "AWS::RDS::DBInstance" => Thing::Database(Database {
                name,
                class: "db.r7g.large".to_owned(),
                size: 100,
                is_public: random.chance(1),
                is_encrypted: true,
                backup_days: if random.chance(3) { 0 } else { 14 },
                is_protected: true,
                is_multi_az: true,
            }),
            "AWS::KMS::Key" => Thing::Key(Key {
                id: format!(
                    "{}-{}-4{}-8{}-000000{tail}",
                    &stem[..8],
                    random.hex(4),
                    random.hex(3),
                    random.hex(3)
                ),
                alias: name,
                description: "Made by a pipeline".to_owned(),
                is_rotated: !random.chance(4),
            }),
            "AWS::S3::Bucket" => Thing::Bucket(Bucket {
                name: format!("{COMPANY}-{}-{word}-{tail}", self.account.id, COMPANY = crate::build::COMPANY),
                is_versioned: !random.chance(5),
                blocks_public_policy: true,
                statements: Vec::new(),
                log_bucket: format!("{}-access-logs", crate::build::COMPANY),
            }),
            "AWS::IAM::Role" => Thing::Role(self.role(name, &mut random)),
            _ => return None,
        };
        let declared = Declared { name: tail, is_written_out: false, remark: None, thing };
        let arn = declared.thing.arn(self.account.id, region);
        Some((arn, document(self.account, &declared)))
    }

    fn subnet(&self, hex: &str, index: usize) -> (String, Value) {
        let (account, region) = (self.account.id, self.account.region.as_str());
        let arn = format!("arn:aws:ec2:{region}:{account}:subnet/subnet-{hex}");
        let document = json!({
            "SubnetId": format!("subnet-{hex}"), "SubnetArn": arn, "VpcId": format!("vpc-{}", &hex[..17]),
            "OwnerId": account.to_string(), "State": "available", "AvailabilityZone": format!("{region}a"),
            "CidrBlock": format!("10.{}.{}.0/24", index / 256 % 256, index % 256), "AvailableIpAddressCount": 251,
            "MapPublicIpOnLaunch": false, "AssignIpv6AddressOnCreation": false, "DefaultForAz": false, "Tags": [],
        });
        (arn, document)
    }

    fn group(&self, hex: &str, name: String, random: &mut Random) -> SecurityGroup {
        let port = *random.pick(&[443, 5432, 6379, 8080]);
        let range = if random.chance(2) { "0.0.0.0/0" } else { "10.20.0.0/16" };
        SecurityGroup {
            name,
            id: format!("sg-{hex}"),
            vpc: format!("vpc-{}", &hex[..17]),
            description: "Made by a pipeline".to_owned(),
            ingress: vec![Ingress {
                description: "From the network".to_owned(),
                port,
                ranges: vec![range.to_owned()],
                variable: None,
            }],
        }
    }

    fn role(&self, name: String, random: &mut Random) -> Role {
        let reads = json!({ "Effect": "Allow", "Action": ["sqs:ReceiveMessage", "s3:GetObject"],
            "Resource": format!("arn:aws:s3:::{}-{}-*", crate::build::COMPANY, self.account.id) });
        Role {
            name,
            id: format!("AROA{}", random.id(17)),
            path: "/".to_owned(),
            trust: crate::build::trusts_service("lambda.amazonaws.com"),
            inline: vec![("read".to_owned(), policy(&[reads.to_string()]))],
            attached: Vec::new(),
        }
    }
}

/// The account as it is in a region, where nothing is declared.
pub(crate) fn bare(account: &Account, region: &Region) -> Account {
    Account {
        id: account.id,
        name: account.name.clone(),
        purpose: account.purpose,
        application: account.application.clone(),
        stage: account.stage,
        team: account.team.clone(),
        region: region.clone(),
        gateways: Vec::new(),
        things: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_together_make_what_was_asked_for() {
        for bulk in [0, 1, 7, 294, 1_000] {
            let sum: usize = MIX
                .iter()
                .map(|(kind, _)| count(bulk, 17, kind) * if is_global(kind) { 1 } else { 17 })
                .sum();
            assert_eq!(sum, bulk * 17);
        }
    }

    #[test]
    fn a_name_says_which_of_many_it_is() {
        assert_eq!(index("vol-0123456789a00002a"), Some(42));
        assert_eq!((index("x"), index("nothing")), (None, None));
    }
}
