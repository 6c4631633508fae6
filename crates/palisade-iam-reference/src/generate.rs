//! Cases from a seed, made so that most lie near a decision: each part is a variation of what would just allow it.

use serde_json::{Map, Value, json};

const HERE: &str = "111122223333";
const THERE: &str = "444455556666";
const CANONICAL: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// What may be asked: action, resource, whether the action takes no resource.
const ASKED: [(&str, &str, bool); 18] = [
    ("s3:GetObject", "arn:aws:s3:::films/erin/a", false),
    ("s3:PutObject", "arn:aws:s3:::films/team-a/b:c", false),
    ("s3:ListBucket", "arn:aws:s3:::films", false),
    ("s3:PutBucketPolicy", "arn:aws:s3:::films", false),
    ("s3:ListAllMyBuckets", "*", true),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:ACCOUNT:key/1234", false),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:ACCOUNT:jobs", false),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:ACCOUNT:table/plays", false),
    ("ec2:TerminateInstances", "arn:aws:ec2:eu-west-1:ACCOUNT:instance/i-1", false),
    ("sts:AssumeRole", "arn:aws:iam::ACCOUNT:role/ops/reader", false),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:ACCOUNT:secret:db-x1", false),
    ("sts:GetSessionToken", "*", true),
    ("s3:GetDataAccess", "arn:aws:s3:eu-west-1:ACCOUNT:access-grants/default", false),
    ("eks:AccessKubernetesApi", "arn:aws:eks:eu-west-1:ACCOUNT:cluster/prod", false),
    ("glue:GetTable", "arn:aws:glue:eu-west-1:ACCOUNT:table/sales/orders", false),
    ("glue:DeleteDatabase", "arn:aws:glue:eu-west-1:ACCOUNT:database/sales", false),
    ("glue:UpdateTable", "arn:aws:glue:eu-west-1:ACCOUNT:table/sales/orders", false),
    ("lakeformation:GetDataAccess", "*", true),
];

/// Condition keys with values they may have, of which the first is the usual one.
const KEYS: [(&str, &[&str]); 17] = [
    ("aws:PrincipalOrgID", &["o-1", "o-2"]),
    (
        "aws:PrincipalArn",
        &[
            "arn:aws:iam::111122223333:user/erin",
            "arn:aws:iam::111122223333:role/ops/editor",
            "arn:aws:iam::*:role/*",
        ],
    ),
    ("aws:PrincipalAccount", &[HERE, THERE]),
    ("aws:PrincipalTag/team", &["a", "b", "${aws:ResourceTag/team}"]),
    ("aws:ResourceTag/team", &["a", "b", "${aws:PrincipalTag/team}"]),
    ("aws:ResourceAccount", &[HERE, THERE]),
    ("aws:RequestedRegion", &["eu-west-1", "us-east-1", "eu-*"]),
    ("aws:SourceVpce", &["vpce-1", "vpce-2"]),
    ("aws:username", &["erin", "sam", "e*"]),
    ("aws:userid", &["AROAEXAMPLE:s1", "AIDAEXAMPLE", "AROAEXAMPLE:*"]),
    ("s3:prefix", &["erin/", "${aws:username}/", "${aws:username, 'none'}/*"]),
    ("aws:PrincipalType", &["User", "AssumedRole", "Account"]),
    ("aws:SourceAccount", &[HERE, THERE]),
    ("aws:SourceIdentity", &["erin", "sam"]),
    ("kms:ViaService", &["s3.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"]),
    ("aws:TagKeys", &["team", "cost", "t*"]),
    ("aws:CalledVia", &["cloudformation.amazonaws.com", "athena.amazonaws.com"]),
];

/// Makes the case of a seed. The same seed makes the same case.
pub fn case(seed: u64) -> Value {
    let mut make = Maker {
        state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03,
        principal: String::new(),
        account: HERE,
        action: "",
        resource: String::new(),
    };
    make.case()
}

struct Maker {
    state: u64,
    principal: String,
    account: &'static str,
    action: &'static str,
    resource: String,
}

impl Maker {
    /// The next number of SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True so many times in a hundred.
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn case(&mut self) -> Value {
        let (action, resource, wildcard_only) = ASKED[self.below(ASKED.len())];
        let owner = if self.chance(70) { HERE } else { THERE };
        self.action = action;
        self.resource = resource.replace("ACCOUNT", owner);
        let mut case = Map::new();
        let mut request = self.request(wildcard_only, owner);
        request["action"] =
            json!(if self.chance(10) { action.to_ascii_uppercase() } else { action.to_owned() });
        case.insert("request".to_owned(), request);
        let is_service = self.principal.ends_with(".com");
        let is_ours = self.principal.starts_with("arn:") && !self.principal.contains("-provider/");
        if is_ours && !self.principal.ends_with(":root") {
            let count = 1 + self.below(2);
            let identity: Vec<Value> = (0..count).map(|_| self.policy(Hangs::Principal, 80)).collect();
            case.insert("identity".to_owned(), json!(identity));
            if self.chance(25) {
                let boundary = self.policy(Hangs::Principal, 75);
                case.insert("boundaries".to_owned(), json!([boundary]));
            }
            if self.principal.contains(":user/") && self.chance(15) {
                let group = self.policy(Hangs::Principal, 60);
                case.insert("groups".to_owned(), json!({"readers": [group]}));
            }
        }
        if self.principal.contains(":sts:") && self.chance(40) {
            let session = self.policy(Hangs::Principal, 75);
            case.insert("session".to_owned(), session);
        }
        if self.chance(if is_ours && owner == self.account { 60 } else { 90 }) {
            let policy = self.policy(Hangs::Resource, 70);
            case.insert("resourcePolicy".to_owned(), policy);
        }
        for (key, hangs, percent) in [("scps", Hangs::Principal, 35), ("rcps", Hangs::Everything, 25)] {
            if self.chance(percent) {
                let levels = self.levels(key, hangs);
                case.insert(key.to_owned(), levels);
            }
        }
        if self.chance(10) {
            let policy = self.policy(Hangs::Everything, 75);
            case.insert("endpoints".to_owned(), json!([policy]));
        }
        if self.chance(20) {
            let side = |management: bool, id: &str| json!({"id": id, "management": management});
            let (principal, resource) = (self.chance(25), self.chance(25));
            let id = self.one(&["o-1", "o-2"]);
            let principal = side(principal && !is_service, id);
            case.insert(
                "organisation".to_owned(),
                json!({"principal": principal, "resource": side(resource, "o-1")}),
            );
        }
        if self.chance(40) {
            let facts = self.facts();
            case.insert("resource".to_owned(), facts);
        }
        if action.starts_with("kms:") && self.chance(30) {
            let grantee = self.grantee();
            let operation = self.one(&["Decrypt", "Encrypt", "GenerateDataKey"]);
            case.insert(
                "grants".to_owned(),
                json!([{"kind": "kms", "grantee": grantee, "operations": [operation]}]),
            );
        }
        self.grants_of_services(&mut case);
        Value::Object(case)
    }

    /// Grants that S3, EKS and the Data Catalog ask for besides, and what the request asks of them.
    fn grants_of_services(&mut self, case: &mut Map<String, Value>) {
        let (parameters, grant) = match self.action.split(':').next() {
            Some("s3") if self.action.ends_with("DataAccess") => self.s3_access(),
            Some("eks") => self.access_entry(),
            Some("glue" | "lakeformation") => self.lake_formation(),
            _ => return,
        };
        if self.chance(85) {
            case["request"]["parameters"] = parameters;
        }
        if self.chance(20) {
            let tags = json!({"lfTags": {"team": self.one(&["a", "b"]), "area": "eu"}});
            case.insert("resource".to_owned(), tags);
        }
        let unknown = json!({"kind": grant["kind"], "unknown": "not listed"});
        let grants = match self.below(10) {
            0 => return,
            1 => json!([unknown]),
            2 => json!([unknown, grant]),
            _ => json!([grant]),
        };
        case.insert("grants".to_owned(), grants);
    }

    fn given(&mut self) -> String {
        match self.below(12) {
            0 => "IAM_ALLOWED_PRINCIPALS".to_owned(),
            1 => format!("{HERE}:IAMPrincipals"),
            2 => HERE.to_owned(),
            3 => "o-1".to_owned(),
            4 => "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111".to_owned(),
            5 => format!("{THERE}:IAMPrincipals"),
            _ => self.grantee(),
        }
    }

    fn s3_access(&mut self) -> (Value, Value) {
        let target =
            self.one(&["s3://lake/sales/x*", "s3://lake/sales/*", "s3://lake/hr/x", "s3://lake/sales"]);
        let prefix = self.one(&["s3://lake/sales/*", "s3://lake/*", "s3://lake/sales/x*", "s3://lake/hr/x"]);
        let (asked, permission) = (
            self.one(&["READ", "WRITE", "READWRITE"]),
            self.one(&["READ", "WRITE", "READWRITE", "READWRITE"]),
        );
        let grant = json!({"kind": "s3-access-grants", "grantee": self.given(), "prefix": prefix, "permission": permission});
        let parameters = if self.chance(80) {
            json!({"target": target, "permission": asked})
        } else {
            json!({"target": target})
        };
        (parameters, grant)
    }

    fn access_entry(&mut self) -> (Value, Value) {
        let parameters = match self.below(5) {
            0 => json!({}),
            1 => json!({"namespace": null}),
            _ => json!({"namespace": self.one(&["web", "jobs"])}),
        };
        let scope = match self.below(4) {
            0 => json!("cluster"),
            1 => json!({"namespaces": ["web", "mail"]}),
            2 => json!({"namespaces": ["web*"]}),
            _ => json!({"namespaces": ["jobs"]}),
        };
        let policy = self.one(&[
            "AmazonEKSClusterAdminPolicy",
            "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
            "AmazonEKSViewPolicy",
        ]);
        let mut entry =
            json!({"kind": "eks-access-entry", "principal": self.given(), "policy": policy, "scope": scope});
        if self.chance(30) {
            entry["cluster"] = if self.chance(70) {
                json!(self.resource)
            } else {
                json!("arn:aws:eks:eu-west-1:1:cluster/x")
            };
        }
        (parameters, entry)
    }

    fn lake_formation(&mut self) -> (Value, Value) {
        let table = format!("arn:aws:glue:eu-west-1:{HERE}:table/sales/orders");
        let mut parameters = json!({"permission": self.one(&["SELECT", "SELECT", "INSERT"])});
        if self.chance(80) {
            parameters["table"] = json!(table);
        }
        if self.chance(60) {
            parameters["columns"] = if self.chance(50) { json!(["id"]) } else { json!(["id", "name"]) };
        }
        let mut grant = json!({"kind": "lake-formation", "grantee": self.given()});
        if self.chance(12) {
            grant["administrator"] = json!(true);
            return (parameters, grant);
        }
        if self.chance(85) {
            let permission = self.one(&["SELECT", "SELECT", "DESCRIBE", "ALTER", "DROP", "INSERT", "ALL"]);
            grant["permissions"] =
                if self.chance(30) { json!(["DESCRIBE", permission]) } else { json!([permission]) };
        }
        let resource = match self.below(10) {
            0 => return (parameters, grant),
            1 => json!(if self.chance(50) { table } else { self.resource.clone() }),
            2 => json!({"database": "sales"}),
            3 => json!({"database": "sales", "table": "*"}),
            4 => json!({"database": self.one(&["sales", "hr"]), "table": "orders"}),
            5 => json!({"database": "sales", "table": "orders", "columns": ["id"]}),
            6 => json!({"database": "sales", "table": "orders", "excludedColumns": ["name"]}),
            7 => json!({"lfTags": {"team": ["a", "c"]}, "type": self.one(&["TABLE", "DATABASE"])}),
            8 => json!({"lfTags": {"team": ["a"], "area": ["eu"]}}),
            _ => json!({"database": "sales", "table": "orders", "filter": "eu-only"}),
        };
        grant["resource"] = resource;
        (parameters, grant)
    }

    fn request(&mut self, wildcard_only: bool, owner: &str) -> Value {
        let mut caller = Map::new();
        self.account = HERE;
        self.principal = match self.below(20) {
            0..6 => format!("arn:aws:iam::{HERE}:user/erin"),
            6..12 => {
                caller.insert("role".to_owned(), json!(format!("arn:aws:iam::{HERE}:role/ops/editor")));
                if self.chance(50) {
                    caller.insert("id".to_owned(), json!("AROAEXAMPLE"));
                }
                format!("arn:aws:sts::{HERE}:assumed-role/editor/s1")
            }
            12..14 => format!("arn:aws:iam::{HERE}:role/ops/editor"),
            14..16 => {
                caller.insert("user".to_owned(), json!(format!("arn:aws:iam::{HERE}:user/erin")));
                format!("arn:aws:sts::{HERE}:federated-user/fred")
            }
            16 => format!("arn:aws:iam::{HERE}:root"),
            17 => "lambda.amazonaws.com".to_owned(),
            18 => "anonymous".to_owned(),
            _ => format!("arn:aws:iam::{HERE}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        };
        if self.chance(30) {
            let team = self.one(&["a", "b"]);
            caller.insert("tags".to_owned(), json!({"Team": team}));
        }
        if self.chance(15) {
            caller.insert("mfa".to_owned(), json!({"present": true, "ageSeconds": 60}));
        }
        if self.chance(10) {
            caller.insert("sourceIdentity".to_owned(), json!("erin"));
        }
        if self.chance(10) {
            let id =
                self.one(&[CANONICAL, "5f5a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"]);
            caller.insert("canonicalId".to_owned(), json!(id));
        }
        let mut via = Map::new();
        if self.chance(20) {
            via.insert("region".to_owned(), json!("eu-west-1"));
        }
        if self.chance(10) {
            via.insert("endpoint".to_owned(), json!("vpce-1"));
        }
        if self.principal.starts_with("arn:") && self.chance(10) {
            via.insert("services".to_owned(), json!(["cloudformation.amazonaws.com"]));
        }
        if self.principal.ends_with(".com") && self.chance(70) {
            let account = self.one(&[HERE, THERE]);
            let source =
                json!({"account": account, "arn": format!("arn:aws:lambda:eu-west-1:{account}:function:f")});
            via.insert("source".to_owned(), source);
        }
        let mut context = Map::new();
        for (key, values) in [
            ("aws:SourceIp", ["10.1.2.3", "203.0.113.9"]),
            ("s3:prefix", ["erin/", "sam/"]),
            ("aws:CurrentTime", ["2026-06-01T00:00:00Z", "1780272000"]),
            ("s3:max-keys", ["10", "100"]),
            ("aws:SecureTransport", ["true", "false"]),
            ("s3:x-amz-acl", ["public-read", "private"]),
            ("kms:ViaService", ["s3.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"]),
        ] {
            if self.chance(25) {
                context.insert(key.to_owned(), json!(self.one(&values)));
            }
        }
        if self.chance(20) {
            let tags: &[&str] = self.one(&[&["team"][..], &["team", "cost"], &[]]);
            context.insert("aws:TagKeys".to_owned(), json!(tags));
        }
        let mut request = json!({
            "principal": self.principal, "resource": self.resource, "resourceAccount": owner,
            "wildcardOnlyAction": wildcard_only, "context": context, "caller": caller, "via": via,
        });
        if self.action == "s3:PutBucketPolicy" && self.chance(60) {
            let policy = self.policy(Hangs::Resource, 80);
            request["sets"] = json!({"policy": policy});
        }
        if self.chance(6) {
            let (key, _) = KEYS[self.below(KEYS.len())];
            request["unknown"] = json!([key]);
        }
        request
    }

    fn facts(&mut self) -> Value {
        let mut facts = Map::new();
        if self.chance(50) {
            let team = self.one(&["a", "b"]);
            facts.insert("tags".to_owned(), json!({"team": team}));
        }
        if self.action.starts_with("s3:") {
            facts.insert("bucketAbac".to_owned(), json!(self.chance(30)));
            let place = self.one(&["account", "bucket"]);
            let (restrict, ignore) = (self.chance(40), self.chance(40));
            let (lists, policies) = (self.chance(25), self.chance(25));
            let flags = json!({"restrictPublicBuckets": restrict, "ignorePublicAcls": ignore,
                "blockPublicAcls": lists, "blockPublicPolicy": policies});
            facts.insert("publicAccessBlock".to_owned(), json!({place: flags}));
            if self.chance(40) {
                let ownership = self.one(&["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]);
                let grantee = self.one(&["AllUsers", "AuthenticatedUsers", HERE, THERE, CANONICAL]);
                let permission = self.one(&["READ", "WRITE", "FULL_CONTROL", "READ_ACP"]);
                facts.insert("objectOwnership".to_owned(), json!(ownership));
                let unknown = json!({"unknown": "not told"});
                let acl = json!([{"grantee": grantee, "permission": permission}]);
                facts.insert("acl".to_owned(), if self.chance(10) { unknown.clone() } else { acl });
                match self.below(8) {
                    0 => facts.insert("objectOwner".to_owned(), unknown),
                    1 => facts.insert("objectOwner".to_owned(), json!(self.one(&[HERE, THERE]))),
                    2 => facts.insert("objectOwnership".to_owned(), unknown),
                    _ => None,
                };
            }
        }
        if self.action.starts_with("kms:") && self.chance(15) {
            facts.insert("awsManagedKey".to_owned(), json!(true));
        }
        Value::Object(facts)
    }

    fn levels(&mut self, key: &str, hangs: Hangs) -> Value {
        let count = 1 + self.below(3);
        let levels: Vec<Value> = (0..count)
            .map(|level| {
                let mut policies = Vec::new();
                if key == "scps" && self.chance(80) {
                    policies.push(json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}));
                }
                if self.chance(60) {
                    let mut policy = self.policy(hangs, 40);
                    if key == "rcps" {
                        // An RCP that one writes only denies.
                        for statement in policy["Statement"].as_array_mut().into_iter().flatten() {
                            statement["Effect"] = json!("Deny");
                            statement["Principal"] = json!("*");
                        }
                    }
                    policies.push(policy);
                }
                json!({"at": format!("level-{level}"), "policies": policies})
            })
            .collect();
        json!(levels)
    }

    fn policy(&mut self, hangs: Hangs, allowing: usize) -> Value {
        let count = 1 + self.below(2);
        let statements: Vec<Value> = (0..count).map(|_| self.statement(hangs, allowing)).collect();
        let version = if self.chance(92) { "2012-10-17" } else { "2008-10-17" };
        json!({"Version": version, "Statement": statements})
    }

    fn statement(&mut self, hangs: Hangs, allowing: usize) -> Value {
        let mut statement = Map::new();
        let effect = if self.chance(allowing) { "Allow" } else { "Deny" };
        statement.insert("Effect".to_owned(), json!(effect));
        let action = self.action_pattern();
        let element = if self.chance(6) { "NotAction" } else { "Action" };
        statement.insert(element.to_owned(), action);
        let is_trust = hangs == Hangs::Resource && self.action == "sts:AssumeRole";
        if !is_trust {
            let resource = self.resource_pattern();
            let element = if self.chance(6) { "NotResource" } else { "Resource" };
            statement.insert(element.to_owned(), resource);
        }
        match hangs {
            Hangs::Principal => {}
            Hangs::Everything => {
                statement.insert("Principal".to_owned(), json!("*"));
            }
            Hangs::Resource => {
                let spares = effect == "Deny" && !is_trust && self.chance(12);
                let mut named = self.names();
                // `NotPrincipal` with everyone spares everyone, and nobody writes it.
                if spares && named == "*" {
                    named = json!({"AWS": format!("arn:aws:iam::{HERE}:root")});
                }
                statement.insert(if spares { "NotPrincipal" } else { "Principal" }.to_owned(), named);
            }
        }
        if self.chance(45) {
            let conditions = self.conditions();
            statement.insert("Condition".to_owned(), conditions);
        }
        Value::Object(statement)
    }

    fn action_pattern(&mut self) -> Value {
        let action = self.action;
        let (service, name) = action.split_once(':').unwrap_or(("", action));
        let one = match self.below(10) {
            0..4 => action.to_owned(),
            4 => action.to_ascii_lowercase(),
            5 => format!("{service}:*"),
            6 => "*".to_owned(),
            7 => format!("{service}:{}*", &name[..3]),
            8 => format!("{service}:{}?{}", &name[..2], &name[3..]),
            _ => "s3:DeleteObject".to_owned(),
        };
        if self.chance(20) { json!(["logs:PutLogEvents", one]) } else { json!(one) }
    }

    fn resource_pattern(&mut self) -> Value {
        let resource = self.resource.clone();
        if resource == "*" {
            return json!(self.one(&["*", "*", "arn:aws:s3:::films"]));
        }
        let fields: Vec<&str> = resource.splitn(6, ':').collect();
        let (head, name) = (fields[..5].join(":"), fields[5]);
        let cut = name.len() / 2;
        let one = match self.below(12) {
            0..3 => resource.clone(),
            3 | 4 => "*".to_owned(),
            5 => format!("{head}:{}*", &name[..cut]),
            6 => format!("{head}:{}?{}", &name[..cut], &name[cut + 1..]),
            7 => format!("{}:*:{name}", fields[..4].join(":")),
            8 => format!("{head}:*${{aws:username}}*"),
            9 => format!("{head}:films/${{aws:PrincipalTag/team, 'erin'}}/*"),
            10 => format!("{head}:{}", name.to_ascii_uppercase()),
            _ => "arn:aws:s3:::other/*".to_owned(),
        };
        if self.chance(15) { json!(["arn:aws:s3:::backups", one]) } else { json!(one) }
    }

    fn names(&mut self) -> Value {
        if self.chance(18) {
            return json!("*");
        }
        if self.principal.ends_with(".com") && self.chance(80) {
            return json!({"Service": self.one(&["lambda.amazonaws.com", "lambda.amazonaws.com", "sns.amazonaws.com"])});
        }
        if self.action.starts_with("s3:") && self.chance(6) {
            return json!({"CanonicalUser": CANONICAL});
        }
        let first = self.name();
        if self.chance(30) {
            let second = self.name();
            return json!({"AWS": [first, second]});
        }
        json!({"AWS": first})
    }

    /// Who a grant is for: what a grant for a whole account means, no page says.
    fn grantee(&mut self) -> String {
        match self.below(4) {
            0 | 1 if self.principal.starts_with("arn:") => self.principal.clone(),
            2 => format!("arn:aws:iam::{HERE}:role/ops/editor"),
            _ => format!("arn:aws:iam::{HERE}:user/erin"),
        }
    }

    fn name(&mut self) -> String {
        let principal = self.principal.clone();
        match self.below(10) {
            0..3 if principal.starts_with("arn:") => principal,
            3 => format!("arn:aws:iam::{HERE}:root"),
            4 => HERE.to_owned(),
            5 | 6 => format!("arn:aws:iam::{HERE}:role/ops/editor"),
            7 => format!("arn:aws:iam::{HERE}:user/erin"),
            8 => format!("arn:aws:sts::{HERE}:assumed-role/editor/s1"),
            9 => format!("arn:aws:iam::{THERE}:root"),
            _ => "*".to_owned(),
        }
    }

    fn conditions(&mut self) -> Value {
        let mut operators = Map::new();
        for _ in 0..1 + self.below(2) {
            let (operator, key, values) = self.condition();
            let values = if values.len() == 1 { json!(values[0]) } else { json!(values) };
            operators.entry(operator).or_insert_with(|| json!({}))[key] = values;
        }
        Value::Object(operators)
    }

    fn condition(&mut self) -> (String, String, Vec<String>) {
        let fixed = |operator: &str, key: &str, value: &str| {
            (operator.to_owned(), key.to_owned(), vec![value.to_owned()])
        };
        let suffix = if self.chance(20) { "IfExists" } else { "" };
        match self.below(12) {
            0 => {
                let operator = self.one(&["IpAddress", "NotIpAddress"]);
                let range = self.one(&["10.0.0.0/8", "203.0.113.0/24", "10.1.2.3", "2001:db8::/32"]);
                fixed(&format!("{operator}{suffix}"), "aws:SourceIp", range)
            }
            1 => {
                let operator = self.one(&["Bool", "Null", "Bool"]);
                let key = self.one(&[
                    "aws:SecureTransport",
                    "aws:MultiFactorAuthPresent",
                    "aws:ViaAWSService",
                    "aws:PrincipalIsAWSService",
                ]);
                let value = self.one(&["true", "false"]);
                fixed(&format!("{operator}{}", if operator == "Bool" { suffix } else { "" }), key, value)
            }
            2 => {
                let operator = self.one(&[
                    "NumericEquals",
                    "NumericLessThanEquals",
                    "NumericGreaterThan",
                    "NumericNotEquals",
                ]);
                let (key, value) =
                    if self.chance(50) { ("s3:max-keys", "10") } else { ("aws:MultiFactorAuthAge", "3600") };
                fixed(&format!("{operator}{suffix}"), key, value)
            }
            3 => {
                let operator = self.one(&["DateLessThan", "DateGreaterThanEquals", "DateEquals"]);
                let value = self.one(&[
                    "2026-06-01T00:00:00Z",
                    "2026-01-01",
                    "1780272000",
                    "2026-06-01T02:00:00+02:00",
                ]);
                fixed(&format!("{operator}{suffix}"), "aws:CurrentTime", value)
            }
            4 => {
                let (key, _) = KEYS[self.below(KEYS.len())];
                fixed("Null", key, if self.chance(50) { "true" } else { "false" })
            }
            _ => {
                let (key, values) = KEYS[self.below(KEYS.len())];
                let many = matches!(key, "aws:TagKeys" | "aws:CalledVia");
                let set =
                    if many && self.chance(80) { self.one(&["ForAllValues:", "ForAnyValue:"]) } else { "" };
                let operator = self.one(&[
                    "StringEquals",
                    "StringEquals",
                    "StringLike",
                    "StringNotEquals",
                    "StringNotLike",
                    "StringEqualsIgnoreCase",
                    "ArnLike",
                    "ArnNotEquals",
                ]);
                let key = if self.chance(10) { key.to_ascii_lowercase() } else { key.to_owned() };
                let mut chosen = vec![self.one(values).to_owned()];
                if self.chance(30) {
                    chosen.push(self.one(values).to_owned());
                }
                (format!("{set}{operator}{suffix}"), key, chosen)
            }
        }
    }
}

/// What a policy hangs on, which decides whether its statements name a principal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hangs {
    Principal,
    Resource,
    Everything,
}

#[cfg(test)]
mod tests {
    use super::case;
    use crate::{Decision, decide};
    use std::collections::HashMap;

    #[test]
    fn cases_lie_on_both_sides_of_every_decision() {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for seed in 0..20_000 {
            let case = case(seed);
            let answer = decide(&case).unwrap_or_else(|error| panic!("{error}: {case}"));
            *seen.entry(format!("{:?}", answer.decision)).or_default() += 1;
        }
        for decision in
            [Decision::Allowed, Decision::ImplicitlyDenied, Decision::ExplicitlyDenied, Decision::Unknown]
        {
            let count = seen.get(&format!("{decision:?}")).copied().unwrap_or(0);
            assert!(count > 100, "{decision:?}: {count} of 20,000; all: {seen:?}");
        }
    }
}
