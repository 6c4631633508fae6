//! Attacks: each campaign is what one compromised principal does over minutes to hours, by well-known techniques.
//!
//! Nothing but what they do gives them away: tools, names and most addresses are like everybody's.

use super::apis::*;
use super::benign::{Telling, elsewhere, sign_in, tell, tell_more};
use super::identity::{self, Session};
use super::record::{Api, Extra, Outcome, Who, read, write};
use super::studio::Studio;
use crate::clock::{HOUR, Moment};
use crate::organisation::Purpose;
use palisade_model::AccountId;

/// A campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Campaign {
    /// A workflow of a stranger's repository assumes the role that trusts any, and makes a key for a user.
    StrangersWorkflow,
    /// An engineer's session is used from elsewhere to make an administrator and to stop a trail.
    StolenSession,
    /// A machine's credentials are used from outside to read secrets and to give a snapshot away.
    MachineCredentials,
    /// The root user of an account signs in with the password alone.
    RootSignIn,
    /// An operator's session runs commands on machines and opens SSH.
    CommandsOnMachines,
    /// The detectors and recorders of an account are turned off.
    DefencesOff,
    /// A bucket is opened to everybody.
    BucketOpened,
    /// A function gets other code and lets a stranger call it.
    FunctionTaken,
    /// A role comes to trust a stranger's account, which then assumes it.
    TrustOpened,
    /// A user made for a machine gets a password, and signs in with it.
    PasswordForMachine,
    /// Keys are scheduled for deletion and old versions are left to expire.
    Ransom,
    /// Machines for mining are started, and the account tries to leave the organisation.
    Mining,
}

impl Campaign {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::StrangersWorkflow,
        Self::StolenSession,
        Self::MachineCredentials,
        Self::RootSignIn,
        Self::CommandsOnMachines,
        Self::DefencesOff,
        Self::BucketOpened,
        Self::FunctionTaken,
        Self::TrustOpened,
        Self::PasswordForMachine,
        Self::Ransom,
        Self::Mining,
    ];

    /// Its name in the truth.
    pub fn name(self) -> &'static str {
        match self {
            Self::StrangersWorkflow => "strangers-workflow",
            Self::StolenSession => "stolen-session",
            Self::MachineCredentials => "machine-credentials",
            Self::RootSignIn => "root-sign-in",
            Self::CommandsOnMachines => "commands-on-machines",
            Self::DefencesOff => "defences-off",
            Self::BucketOpened => "bucket-opened",
            Self::FunctionTaken => "function-taken",
            Self::TrustOpened => "trust-opened",
            Self::PasswordForMachine => "password-for-machine",
            Self::Ransom => "ransom",
            Self::Mining => "mining",
        }
    }
}

/// An attack that is in the trail: one technique of one campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Attack {
    /// Its id.
    pub id: &'static str,
    /// The campaign it belongs to.
    pub campaign: Campaign,
    /// MITRE ATT&CK's id of the technique.
    pub technique: &'static str,
    /// What was done, in neutral words.
    pub statement: &'static str,
    /// The account it happened in.
    pub account: AccountId,
    /// The ARN of who did it.
    pub principal: String,
    /// When it began and ended.
    pub times: (Moment, Moment),
    /// The ids of the events that are it.
    pub events: Vec<String>,
}

/// Id, technique and statement of an attack.
type What = (&'static str, &'static str, &'static str);

struct Staging<'s, 'o> {
    studio: &'s mut Studio<'o>,
    campaign: Campaign,
    at: Moment,
    place: usize,
    telling: Telling,
    who: Who,
    attacks: Vec<Attack>,
}

/// Stages a campaign that begins at a moment; nothing where the organisation has no place for it.
pub fn stage(studio: &mut Studio<'_>, campaign: Campaign, at: Moment) -> Vec<Attack> {
    let wanted: (Purpose, &[&str]) = match campaign {
        Campaign::StrangersWorkflow => (Purpose::Shared, &[]),
        Campaign::StolenSession => (Purpose::NonProduction, &["catalogue-nonprod"]),
        Campaign::MachineCredentials => (Purpose::Production, &["transcoding-prod", "playback-prod"]),
        Campaign::RootSignIn => (Purpose::Sandbox, &[]),
        Campaign::CommandsOnMachines => (Purpose::Production, &["playback-prod"]),
        Campaign::DefencesOff => (Purpose::Sandbox, &[]),
        Campaign::BucketOpened => (Purpose::NonProduction, &["billing-nonprod", "catalogue-nonprod"]),
        Campaign::FunctionTaken => (Purpose::NonProduction, &["playback-nonprod"]),
        Campaign::TrustOpened => (Purpose::NonProduction, &["playback-nonprod"]),
        Campaign::PasswordForMachine => (Purpose::Shared, &[]),
        Campaign::Ransom => (Purpose::NonProduction, &["catalogue-nonprod"]),
        Campaign::Mining => (Purpose::Sandbox, &[]),
    };
    let accounts = &studio.organisation.accounts;
    let named = |name: &&str| accounts.iter().position(|account| account.name == *name);
    let first = || accounts.iter().position(|account| account.purpose == wanted.0);
    let Some(place) = wanted.1.iter().find_map(named).or_else(first) else { return Vec::new() };
    let telling = Telling::new(place, &mut studio.random);
    let mut staging =
        Staging { studio, campaign, at, place, telling, who: Who::default(), attacks: Vec::new() };
    match campaign {
        Campaign::StrangersWorkflow => staging.strangers_workflow(),
        Campaign::StolenSession => staging.stolen_session(),
        Campaign::MachineCredentials => staging.machine_credentials(),
        Campaign::RootSignIn => staging.root_sign_in(),
        Campaign::CommandsOnMachines => staging.commands_on_machines(),
        Campaign::DefencesOff => staging.defences_off(),
        Campaign::BucketOpened => staging.bucket_opened(),
        Campaign::FunctionTaken => staging.function_taken(),
        Campaign::TrustOpened => staging.trust_opened(),
        Campaign::PasswordForMachine => staging.password_for_machine(),
        Campaign::Ransom => staging.ransom(),
        Campaign::Mining => staging.mining(),
    }
    let mut attacks = staging.attacks;
    let end = studio.end;
    attacks.retain(|attack| attack.times.1 < end);
    attacks
}

impl Staging<'_, '_> {
    fn wait(&mut self, shortest: i64, longest: i64) {
        self.at = self.at.after(self.studio.random.between(shortest, longest));
    }

    /// A call that belongs to no technique by itself: looking round.
    fn look(&mut self, apis: &[Api]) {
        for api in apis {
            tell(self.studio, self.at, &self.telling, &self.who, api, Outcome::Done);
            self.wait(2, 25);
        }
    }

    /// Calls that are the technique.
    fn act(&mut self, what: What, apis: &[Api], outcome: Outcome) {
        let begin = self.at;
        let mut events = Vec::new();
        for (position, api) in apis.iter().enumerate() {
            if position > 0 {
                self.wait(3, 40);
            }
            events.push(tell(self.studio, self.at, &self.telling, &self.who, api, outcome));
        }
        self.note(what, begin, events);
        self.wait(20, 400);
    }

    fn note(&mut self, (id, technique, statement): What, begin: Moment, events: Vec<String>) {
        self.attacks.push(Attack {
            id,
            campaign: self.campaign,
            technique,
            statement,
            account: self.studio.organisation.accounts[self.place].id,
            principal: self.who.arn.clone(),
            times: (begin, self.at),
            events,
        });
    }

    fn account(&self) -> String {
        self.studio.places[self.place].id.clone()
    }

    /// Somebody's account that is none of ours.
    fn strangers_account(&mut self) -> String {
        self.studio.random.between(200_000_000_000, 999_999_999_999).to_string()
    }

    /// A session of somebody who may work here, taken over.
    fn take_session(&mut self, set: &str) {
        let organisation = self.studio.organisation;
        let account = &organisation.accounts[self.place];
        let groups = organisation.groups.iter();
        let mut may = groups.filter(|group| {
            group.assignments.iter().any(|(of, accounts)| of == set && accounts.contains(&account.id))
        });
        let member = may.find_map(|group| group.members.first());
        let person =
            member.and_then(|name| organisation.people.iter().find(|person| person.user_name == *name));
        let Some(person) = person.or(organisation.people.first()) else { return };
        let home = person.home.clone();
        sign_in(self.studio, (person, self.place, set), self.at, &home, false);
        let begun = self.at;
        self.wait(900, 2_400);
        let (seed, source) = (organisation.seed, elsewhere(&mut self.studio.random));
        let random = &mut self.studio.random;
        self.who = identity::person(
            seed,
            (person, &self.studio.places[self.place], set),
            begun,
            &source,
            false,
            random,
        );
        self.look(&[GET_CALLER_IDENTITY]);
    }

    fn strangers_workflow(&mut self) {
        let owner = ["fern-labs", "tidepool-dev", "grumbly", "northbeam-oss"];
        let owner = *self.studio.random.pick(&owner);
        let subject = format!("repo:{owner}/infra-tools:ref:refs/heads/main");
        let role = "deploys-landing-zone";
        let random = &mut self.studio.random;
        let (before, after) =
            identity::workflow(&self.studio.places[self.place], role, &subject, self.at, false, random);
        self.telling.role = role.to_owned();
        self.telling.subject = subject;
        self.telling.session.clone_from(&after.key);
        self.who = before;
        self.act(
            (
                "foreign-repository",
                "T1078.004",
                "a workflow of a repository that is not the company's assumed a role",
            ),
            &[ASSUME_WITH_TOKEN],
            Outcome::Done,
        );
        self.who = after;
        self.telling.subject = "cdn-log-export".to_owned();
        self.look(&[GET_CALLER_IDENTITY, LIST_ROLES, LIST_USERS, LIST_KEYS_OF_USER]);
        self.act(
            ("key-for-another-user", "T1098.001", "an access key was made for another user"),
            &ROTATION[1..2],
            Outcome::Done,
        );
        self.wait(300, 900);
        let (source, agent) = (elsewhere(&mut self.studio.random), identity::tool(&mut self.studio.random));
        let key = format!("AKIA{}", self.studio.random.id(16));
        let id = self.studio.places[self.place].users.first().map(|user| user.1.clone()).unwrap_or_default();
        self.who = identity::user(&self.account(), ("cdn-log-export", &id, &key), &source, &agent);
        self.look(&[GET_CALLER_IDENTITY, LIST_BUCKETS, GET_BUCKET_ACL, LIST_BUCKETS]);
    }

    fn stolen_session(&mut self) {
        self.take_session("Engineer");
        self.look(&[LIST_USERS, ACCOUNT_SUMMARY, DESCRIBE_TRAILS, TRAIL_STATUS]);
        let names = ["svc-metrics", "backup-sync", "log-shipper", "build-cache"];
        self.telling.subject = (*self.studio.random.pick(&names)).to_owned();
        self.act(
            (
                "backdoor-administrator",
                "T1136.003",
                "a user was made, given all permissions, and given an access key",
            ),
            &[CREATE_USER, ATTACH_ADMINISTRATOR, CREATE_KEY],
            Outcome::Done,
        );
        self.act(
            ("trail-stopped", "T1562.008", "a trail of the account was stopped"),
            &[STOP_LOGGING],
            Outcome::Done,
        );
        let (source, agent) = (elsewhere(&mut self.studio.random), identity::tool(&mut self.studio.random));
        let (key, id) = (self.studio.random.id(16), self.studio.random.id(17));
        let name = self.telling.subject.clone();
        self.wait(600, 2_000);
        self.who = identity::user(
            &self.account(),
            (&name, &format!("AIDA{id}"), &format!("AKIA{key}")),
            &source,
            &agent,
        );
        self.look(&[GET_CALLER_IDENTITY, LIST_BUCKETS, LIST_SECRETS, DESCRIBE_DATABASES]);
    }

    fn machine_credentials(&mut self) {
        let machine = {
            let scene = self.telling.scene(&self.studio.places);
            identity::machine(&scene, self.at.after(-2 * HOUR), &mut self.studio.random)
        };
        let (source, agent) = (elsewhere(&mut self.studio.random), identity::tool(&mut self.studio.random));
        self.who = Who { source, agent, ..machine };
        self.act(
            (
                "machine-credentials-outside",
                "T1552.005",
                "a machine's credentials were used from outside of its network",
            ),
            &[GET_CALLER_IDENTITY, LIST_BUCKETS, DESCRIBE_INSTANCES],
            Outcome::Done,
        );
        self.look(&[LIST_SECRETS]);
        let (begin, mut events) = (self.at, Vec::new());
        for number in 0..self.studio.random.between(24, 60) {
            let application = self.studio.places[self.place].application.clone();
            self.telling.subject = format!("app/{application}/{number}");
            events.push(tell(
                self.studio,
                self.at,
                &self.telling,
                &self.who,
                &GET_THAT_SECRET,
                Outcome::Done,
            ));
            self.wait(0, 2);
        }
        self.note(
            ("secrets-in-bulk", "T1555.006", "many secrets were read one after another"),
            begin,
            events,
        );
        self.wait(400, 1_500);
        self.look(&[DESCRIBE_DATABASES, DESCRIBE_DB_SNAPSHOTS]);
        self.telling.other = self.strangers_account();
        self.act(
            ("snapshot-shared", "T1537", "a database's snapshot was shared with another account"),
            &[CREATE_SNAPSHOT, SHARE_SNAPSHOT],
            Outcome::Done,
        );
        self.act(
            ("disk-shared", "T1537", "a disk's snapshot was shared with another account"),
            &[SHARE_DISK],
            Outcome::Done,
        );
    }

    fn root_sign_in(&mut self) {
        let (source, agent) =
            (elsewhere(&mut self.studio.random), identity::browser(&mut self.studio.random));
        self.who = identity::root(&self.account(), &source, &agent);
        let extra = Extra { event_type: "AwsConsoleSignIn", fields: SIGNED_IN_PLAINLY };
        let (at, telling, who) = (self.at, &self.telling, &self.who);
        let event = tell_more(self.studio, at, telling, who, &CONSOLE_LOGIN, Outcome::Done, extra);
        self.note(
            ("root-sign-in", "T1078.004", "the root user signed in without a second factor"),
            self.at,
            vec![event],
        );
        self.who.is_console = true;
        self.wait(4, 20);
        self.look(&[ACCOUNT_SUMMARY, LIST_USERS, LIST_ROLES, DESCRIBE_INSTANCES]);
    }

    fn commands_on_machines(&mut self) {
        self.take_session("Operator");
        self.look(&[MANAGED_INSTANCES, DESCRIBE_INSTANCES]);
        self.act(
            ("command-on-machines", "T1651", "a shell script was run on machines through Systems Manager"),
            &[SEND_COMMAND, SEND_COMMAND],
            Outcome::Done,
        );
        self.act(("ssh-opened", "T1562.007", "SSH was opened to the internet"), &[OPEN_SSH], Outcome::Done);
        self.act(
            ("password-of-machine", "T1552.001", "the administrator's password of a machine was asked for"),
            &[PASSWORD_DATA],
            Outcome::Denied,
        );
    }

    fn defences_off(&mut self) {
        self.take_session("Engineer");
        self.look(&[LIST_DETECTORS, DESCRIBE_TRAILS]);
        self.telling.subject = self.studio.random.hex(32);
        self.act(("guardduty-off", "T1562.001", "GuardDuty was turned off"), &[DETECTOR_OFF], Outcome::Done);
        self.act(
            ("config-stopped", "T1562.001", "the recorder of AWS Config was stopped"),
            &[RECORDER_OFF],
            Outcome::Done,
        );
        self.act(
            ("flow-logs-deleted", "T1562.008", "the network's flow logs were deleted"),
            &[FLOW_LOGS_OFF],
            Outcome::Done,
        );
    }

    fn bucket_opened(&mut self) {
        self.take_session("Engineer");
        self.look(&[LIST_BUCKETS, GET_BUCKET_ACL]);
        self.act(
            (
                "bucket-made-public",
                "T1530",
                "a bucket's block of public access was removed and its policy lets everyone read",
            ),
            &[UNBLOCK_BUCKET, OPEN_BUCKET],
            Outcome::Done,
        );
    }

    fn function_taken(&mut self) {
        self.take_session("Engineer");
        self.look(&[LIST_FUNCTIONS]);
        self.telling.other = self.strangers_account();
        self.act(
            ("function-taken", "T1648", "a function's code was replaced and another account may call it"),
            &[UPDATE_CODE, LET_STRANGER_CALL],
            Outcome::Done,
        );
    }

    fn trust_opened(&mut self) {
        self.take_session("Engineer");
        self.telling.role = "watches-machines".to_owned();
        self.look(&[LIST_ROLES]);
        let stranger = self.strangers_account();
        self.telling.other.clone_from(&stranger);
        self.act(
            ("trust-opened", "T1098.003", "a role's trust policy came to admit a stranger's account"),
            &[OPEN_TRUST],
            Outcome::Done,
        );
        self.wait(900, 3_000);
        let (source, agent) = (elsewhere(&mut self.studio.random), identity::tool(&mut self.studio.random));
        self.who = identity::outsider(&stranger, &source, &agent, &mut self.studio.random);
        let account = self.account();
        let about = Session {
            account: &account,
            role: "watches-machines",
            path: "/",
            id: None,
            name: "session",
            begun: self.at,
            context: "",
            more: "",
        };
        let after = identity::session(&about, &source, &agent, &mut self.studio.random);
        self.telling.subject = "session".to_owned();
        self.telling.session.clone_from(&after.key);
        self.act(
            ("role-assumed-by-stranger", "T1199", "a stranger's account assumed a role"),
            &[ASSUME_ROLE],
            Outcome::Done,
        );
        self.who = after;
        self.look(&[GET_CALLER_IDENTITY, DESCRIBE_INSTANCES, LIST_BUCKETS]);
    }

    fn password_for_machine(&mut self) {
        self.take_session("Administrator");
        self.telling.subject = "cdn-log-export".to_owned();
        self.look(&[LIST_USERS, LIST_KEYS_OF_USER]);
        self.act(
            ("password-for-machine", "T1098.001", "a user made for a machine was given a password"),
            &[CREATE_LOGIN],
            Outcome::Done,
        );
        let (source, agent) =
            (elsewhere(&mut self.studio.random), identity::browser(&mut self.studio.random));
        let id = self.studio.places[self.place].users.first().map(|user| user.1.clone()).unwrap_or_default();
        self.who = identity::user(&self.account(), ("cdn-log-export", &id, ""), &source, &agent);
        let extra = Extra { event_type: "AwsConsoleSignIn", fields: SIGNED_IN_PLAINLY };
        let (at, telling, who) = (self.at, &self.telling, &self.who);
        let event = tell_more(self.studio, at, telling, who, &CONSOLE_LOGIN, Outcome::Done, extra);
        self.note(
            (
                "machine-signed-in",
                "T1078.004",
                "a user made for a machine signed in to the console without a second factor",
            ),
            self.at,
            vec![event],
        );
        self.who.is_console = true;
        self.wait(5, 20);
        self.look(&[ACCOUNT_SUMMARY, LIST_BUCKETS]);
    }

    fn ransom(&mut self) {
        self.take_session("Engineer");
        self.look(&[LIST_BUCKETS]);
        self.act(
            ("keys-deleted", "T1485", "a key was disabled and scheduled for deletion"),
            &[DISABLE_KEY, DELETE_KEY],
            Outcome::Done,
        );
        self.act(
            (
                "objects-expire",
                "T1485",
                "a bucket's versions were suspended and all objects expire within a day",
            ),
            &[SUSPEND_VERSIONS, EXPIRE_SOON],
            Outcome::Done,
        );
        self.act(
            (
                "backups-deleted",
                "T1490",
                "a database's deletion protection was removed, and it was deleted without a last snapshot",
            ),
            &[UNPROTECT_DATABASE, DELETE_DATABASE],
            Outcome::Done,
        );
    }

    fn mining(&mut self) {
        self.take_session("Engineer");
        self.look(&[DESCRIBE_INSTANCES]);
        self.act(
            ("machines-for-mining", "T1496", "many machines with graphics cards were started"),
            &[RUN_MINERS, RUN_MINERS],
            Outcome::Done,
        );
        self.act(
            ("leaving-refused", "T1666", "the account tried to leave the organisation, and was refused"),
            &[LEAVE],
            Outcome::Forbidden,
        );
    }
}

const CREATE_USER: Api = write(
    "iam",
    "CreateUser",
    r#"{"userName":"$subject"}"#,
    r#"{"user":{"path":"/","userName":"$subject","userId":"AIDA$id17","arn":"arn:aws:iam::$account:user/$subject","createDate":"$now"}}"#,
);
const ATTACH_ADMINISTRATOR: Api = write(
    "iam",
    "AttachUserPolicy",
    r#"{"userName":"$subject","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#,
    "null",
);
const CREATE_KEY: Api = write(
    "iam",
    "CreateAccessKey",
    r#"{"userName":"$subject"}"#,
    r#"{"accessKey":{"userName":"$subject","accessKeyId":"AKIA$id16","status":"Active","createDate":"$now"}}"#,
);
const CREATE_LOGIN: Api = write(
    "iam",
    "CreateLoginProfile",
    r#"{"userName":"$subject","passwordResetRequired":false}"#,
    r#"{"loginProfile":{"userName":"$subject","createDate":"$now","passwordResetRequired":false}}"#,
);
const STOP_LOGGING: Api = write(
    "cloudtrail",
    "StopLogging",
    r#"{"name":"arn:aws:cloudtrail:$region:$account:trail/account"}"#,
    "null",
);
const CREATE_SNAPSHOT: Api = write(
    "rds",
    "CreateDBSnapshot",
    r#"{"dBSnapshotIdentifier":"$db-copy","dBInstanceIdentifier":"$db"}"#,
    r#"{"dBSnapshotIdentifier":"$db-copy","dBInstanceIdentifier":"$db","status":"creating","encrypted":true,"engine":"postgres"}"#,
);
const SHARE_SNAPSHOT: Api = write(
    "rds",
    "ModifyDBSnapshotAttribute",
    r#"{"dBSnapshotIdentifier":"$db-copy","attributeName":"restore","valuesToAdd":["$other"]}"#,
    r#"{"dBSnapshotIdentifier":"$db-copy","dBSnapshotAttributes":[{"attributeName":"restore","attributeValues":["$other"]}]}"#,
);
const SHARE_DISK: Api = write(
    "ec2",
    "ModifySnapshotAttribute",
    r#"{"snapshotId":"snap-0$hex17","createVolumePermission":{"add":{"items":[{"userId":"$other"}]}},"attributeType":"CREATE_VOLUME_PERMISSION"}"#,
    r#"{"requestId":"$uuid","_return":true}"#,
);
const SEND_COMMAND: Api = write(
    "ssm",
    "SendCommand",
    r#"{"documentName":"AWS-RunShellScript","targets":[{"key":"tag:application","values":["$app"]}],"interactive":false,"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
    r#"{"command":{"commandId":"$uuid","documentName":"AWS-RunShellScript","documentVersion":"$default","status":"Pending","statusDetails":"Pending","requestedDateTime":"$now","expiresAfter":"$later","parameters":"HIDDEN_DUE_TO_SECURITY_REASONS","maxConcurrency":"50","maxErrors":"0","timeoutSeconds":3600}}"#,
);
const OPEN_SSH: Api = write(
    "ec2",
    "AuthorizeSecurityGroupIngress",
    r#"{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
    r#"{"requestId":"$uuid","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$account","groupId":"$sg","securityGroupRuleId":"sgr-0$hex17","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}]}}"#,
);
const PASSWORD_DATA: Api = read("ec2", "GetPasswordData", r#"{"instanceId":"$instance"}"#);
const DETECTOR_OFF: Api =
    write("guardduty", "UpdateDetector", r#"{"detectorId":"$subject","enable":false}"#, "null");
const RECORDER_OFF: Api =
    write("config", "StopConfigurationRecorder", r#"{"configurationRecorderName":"default"}"#, "null");
const FLOW_LOGS_OFF: Api = write(
    "ec2",
    "DeleteFlowLogs",
    r#"{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-0$hex17"}}}"#,
    r#"{"DeleteFlowLogsResponse":{"unsuccessful":"","requestId":"$uuid","xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/"}}"#,
);
const UNBLOCK_BUCKET: Api = write(
    "s3",
    "PutBucketPublicAccessBlock",
    r#"{"publicAccessBlock":"","bucketName":"$bucket","PublicAccessBlockConfiguration":{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","RestrictPublicBuckets":false,"BlockPublicPolicy":false,"BlockPublicAcls":false,"IgnorePublicAcls":false},"Host":"$bucket.s3.$region.amazonaws.com"}"#,
    "null",
);
const OPEN_BUCKET: Api = write(
    "s3",
    "PutBucketPolicy",
    r#"{"policy":"","bucketName":"$bucket","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket/*"}]},"Host":"$bucket.s3.$region.amazonaws.com"}"#,
    "null",
);
const LET_STRANGER_CALL: Api = write(
    "lambda",
    "AddPermission20150331v2",
    r#"{"functionName":"$function","statementId":"invoke","action":"lambda:InvokeFunction","principal":"$other"}"#,
    r#"{"statement":"{\"Sid\":\"invoke\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::$other:root\"},\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"arn:aws:lambda:$region:$account:function:$function\"}"}"#,
);
const OPEN_TRUST: Api = write(
    "iam",
    "UpdateAssumeRolePolicy",
    r#"{"roleName":"$role","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::$other:root\"},\"Action\":\"sts:AssumeRole\"}]}"}"#,
    "null",
);
const DISABLE_KEY: Api =
    write("kms", "DisableKey", r#"{"keyId":"arn:aws:kms:$region:$account:key/$key"}"#, "null");
const DELETE_KEY: Api = write(
    "kms",
    "ScheduleKeyDeletion",
    r#"{"keyId":"arn:aws:kms:$region:$account:key/$key","pendingWindowInDays":7}"#,
    r#"{"keyId":"arn:aws:kms:$region:$account:key/$key","keyState":"PendingDeletion","deletionDate":"$later","pendingWindowInDays":7}"#,
);
const SUSPEND_VERSIONS: Api = write(
    "s3",
    "PutBucketVersioning",
    r#"{"versioning":"","bucketName":"$bucket","VersioningConfiguration":{"Status":"Suspended","xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"},"Host":"$bucket.s3.$region.amazonaws.com"}"#,
    "null",
);
const EXPIRE_SOON: Api = write(
    "s3",
    "PutBucketLifecycle",
    r#"{"lifecycle":"","bucketName":"$bucket","LifecycleConfiguration":{"Rule":{"Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":1},"ID":"tidy"}},"Host":"$bucket.s3.$region.amazonaws.com"}"#,
    "null",
);
const UNPROTECT_DATABASE: Api = write(
    "rds",
    "ModifyDBInstance",
    r#"{"dBInstanceIdentifier":"$db","deletionProtection":false,"applyImmediately":true}"#,
    r#"{"dBInstanceIdentifier":"$db","dBInstanceStatus":"available","deletionProtection":false}"#,
);
const DELETE_DATABASE: Api = write(
    "rds",
    "DeleteDBInstance",
    r#"{"dBInstanceIdentifier":"$db","skipFinalSnapshot":true,"deleteAutomatedBackups":true}"#,
    r#"{"dBInstanceIdentifier":"$db","dBInstanceStatus":"deleting"}"#,
);
const RUN_MINERS: Api = write(
    "ec2",
    "RunInstances",
    r#"{"instancesSet":{"items":[{"imageId":"ami-0$hex17","minCount":16,"maxCount":16}]},"instanceType":"g5.12xlarge","monitoring":{"enabled":false},"disableApiTermination":false}"#,
    r#"{"requestId":"$uuid","reservationId":"r-0$hex17","ownerId":"$account","instancesSet":{"items":[{"instanceId":"i-0$hex17","imageId":"ami-0$hex17","instanceType":"g5.12xlarge","instanceState":{"code":0,"name":"pending"}}]}}"#,
);
const LEAVE: Api = write("organizations", "LeaveOrganization", "null", "null");
