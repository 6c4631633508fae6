//! What happens on any day: people, pipelines, services, and what goes wrong without anybody meaning harm.

use super::apis::*;
use super::identity::{self, Session};
use super::record::{Api, Extra, Outcome, Who};
use super::scene::Scene;
use super::studio::Studio;
use crate::build::COMPANY;
use crate::clock::{HOUR, Moment};
use crate::company::ELSEWHERE;
use crate::organisation::{Group, Organisation, Person, Purpose};
use crate::random::Random;

/// Who may work where: people by the permission sets they have.
pub struct Cast {
    /// Indexes of a person, an account and the permission set.
    assignments: Vec<(usize, usize, &'static str)>,
    /// Indexes of the accounts with something that runs.
    workloads: Vec<usize>,
    /// Indexes of all open accounts.
    open: Vec<usize>,
}

impl Cast {
    /// The cast of an organisation.
    pub fn of(organisation: &Organisation) -> Self {
        let sets = ["Administrator", "Engineer", "Operator", "SecurityAudit", "Billing"];
        let mut assignments = Vec::new();
        for Group { members, assignments: of_group, .. } in &organisation.groups {
            let people: Vec<usize> = (organisation.people.iter().enumerate())
                .filter(|(_, person)| members.contains(&person.user_name))
                .map(|(index, _)| index)
                .collect();
            for (set, accounts) in of_group {
                let Some(set) = sets.into_iter().find(|known| known == set) else { continue };
                // An audit of everything is done now and then, and not by everybody in every account.
                for (position, account) in accounts.iter().enumerate() {
                    let index = organisation.accounts.iter().position(|other| other.id == *account);
                    let Some(index) = index else { continue };
                    let wanted = if set == "SecurityAudit" { 1 } else { people.len() };
                    let some = people.iter().cycle().skip(position).take(wanted.min(people.len()));
                    assignments.extend(some.map(|person| (*person, index, set)));
                }
            }
        }
        let of = |wanted: &dyn Fn(Purpose) -> bool| -> Vec<usize> {
            let accounts = organisation.accounts.iter().enumerate();
            accounts.filter(|(_, account)| wanted(account.purpose)).map(|(index, _)| index).collect()
        };
        Self {
            assignments,
            workloads: of(&|role| matches!(role, Purpose::Production | Purpose::NonProduction)),
            open: of(&|role| role != Purpose::Suspended),
        }
    }
}

/// Tells one story that begins at a moment.
pub fn story(studio: &mut Studio<'_>, cast: &Cast, time: Moment) {
    match studio.random.below(2_200) {
        0..22 => pipeline(studio, cast, time),
        22..44 => person(studio, cast, time, true),
        44..74 => person(studio, cast, time, false),
        74..77 => on_call(studio, cast, time),
        77..150 => vendor(studio, cast, time),
        150..165 => exporter(studio, time),
        _ => service(studio, cast, time),
    }
}

/// What is done on a calendar: the drill, the rotation of the exporter's key.
pub fn calendar(studio: &mut Studio<'_>, day: Moment) {
    let (_, _, date) = day.date();
    if day.weekday() == 2 && date <= 7 {
        drill(studio, day.after(13 * HOUR + 120));
    }
    if date == 12 {
        rotation(studio, day.after(9 * HOUR + 1_800));
    }
}

fn pause(random: &mut Random, longest: i64) -> i64 {
    random.between(1, longest)
}

/// Where somebody works from today: mostly the office or home, now and then a hotel or a train.
fn address(person: &Person, random: &mut Random) -> String {
    match random.below(20) {
        0..9 => person.office.clone(),
        9..19 => person.home.clone(),
        _ => elsewhere(random),
    }
}

/// An address of a hotel, a phone or a rented host.
pub fn elsewhere(random: &mut Random) -> String {
    format!("{}{}.{}", random.pick(&ELSEWHERE), random.between(2, 250), random.between(2, 250))
}

/// How a call ends that nobody has reason to worry about.
fn usual(random: &mut Random, api: &Api) -> Outcome {
    match random.below(400) {
        0..3 if api.is_read => Outcome::Denied,
        3..5 => Outcome::Throttled,
        _ => Outcome::Done,
    }
}

/// Somebody at work, if it is their time of day.
fn person(studio: &mut Studio<'_>, cast: &Cast, time: Moment, is_console: bool) {
    let Some(&(who, place, set)) = cast.assignments.get(studio.random.below(cast.assignments.len().max(1)))
    else {
        return;
    };
    let organisation = studio.organisation;
    let person = &organisation.people[who];
    let local = time.after(person.time_zone * HOUR);
    let is_at_work = (8..19).contains(&local.time().0) && local.weekday() < 5;
    if !is_at_work && !studio.random.chance(4) {
        return service(studio, cast, time);
    }
    let source = address(person, &mut studio.random);
    let who = sign_in(studio, (person, place, set), time, &source, is_console);
    let (reads, writes): (&[Api], &[Api]) = match (set, is_console) {
        ("Billing", _) => (&BILLING_READS, &[]),
        ("SecurityAudit", _) => (&SECURITY_READS, &[]),
        ("Operator", true) => (&CONSOLE_READS, &[]),
        ("Operator", false) => (&TOOL_READS, &OPERATOR_WRITES),
        (_, true) => (&CONSOLE_READS, &CONSOLE_WRITES),
        (_, false) => (&TOOL_READS, &ENGINEER_WRITES),
    };
    let calls = if is_console { studio.random.between(8, 40) } else { studio.random.between(2, 20) };
    let mut at = time.after(4);
    let mut scene = scene(studio, place);
    for _ in 0..calls {
        // A page of the console asks for several things at once.
        at = at.after(if studio.random.chance(55) { 0 } else { pause(&mut studio.random, 50) });
        if studio.random.chance(20) {
            scene = self::scene(studio, place);
        }
        let api = match !writes.is_empty() && studio.random.chance(8) {
            true => studio.random.pick(writes),
            false => studio.random.pick(reads),
        };
        let outcome = usual(&mut studio.random, api);
        scene.other.clone_from(&source);
        tell(studio, at, &scene, &who, api, outcome);
    }
}

fn scene(studio: &mut Studio<'_>, place: usize) -> Telling {
    let mut random = studio.random.clone();
    let scene = Scene::new(&studio.places[place], &mut random);
    let telling = Telling {
        place,
        picks: random.number(),
        role: scene.role,
        subject: String::new(),
        other: String::new(),
        session: String::new(),
    };
    studio.random = random;
    telling
}

/// A scene by what it was made from, so that the studio can be told of it and changed at once.
#[derive(Clone)]
pub struct Telling {
    place: usize,
    picks: u64,
    pub role: String,
    pub subject: String,
    pub other: String,
    pub session: String,
}

impl Telling {
    /// A scene in an account.
    pub fn new(place: usize, random: &mut Random) -> Self {
        Self {
            place,
            picks: random.number(),
            role: String::new(),
            subject: String::new(),
            other: String::new(),
            session: String::new(),
        }
    }

    /// The scene itself.
    pub fn scene<'p>(&self, places: &'p [super::scene::Place]) -> Scene<'p> {
        let mut scene = Scene::new(&places[self.place], &mut Random::new(self.picks));
        if !self.role.is_empty() {
            scene.role.clone_from(&self.role);
        }
        scene.subject.clone_from(&self.subject);
        scene.other.clone_from(&self.other);
        scene.session.clone_from(&self.session);
        scene
    }
}

/// Records a call of a scene and gives its event id.
pub fn tell(
    studio: &mut Studio<'_>,
    time: Moment,
    telling: &Telling,
    who: &Who,
    api: &Api,
    outcome: Outcome,
) -> String {
    tell_more(studio, time, telling, who, api, outcome, super::record::CALL)
}

/// As [`tell`], of what is no plain call.
pub fn tell_more(
    studio: &mut Studio<'_>,
    time: Moment,
    telling: &Telling,
    who: &Who,
    api: &Api,
    outcome: Outcome,
    extra: Extra,
) -> String {
    let places = std::mem::take(&mut studio.places);
    let id = studio.happens(time, &telling.scene(&places), who, api, outcome, extra);
    studio.places = places;
    id
}

/// Somebody comes in by Identity Center; gives who they are from then on.
pub fn sign_in(
    studio: &mut Studio<'_>,
    (person, place, set): (&Person, usize, &str),
    time: Moment,
    source: &str,
    is_console: bool,
) -> Who {
    let organisation = studio.organisation;
    let management = organisation.accounts[0].id.to_string();
    let agent = identity::browser(&mut studio.random);
    let at_portal = identity::portal(&management, &organisation.directory, person, source, &agent);
    let mut telling = Telling::new(0, &mut studio.random);
    telling.subject = studio.places[place].id.clone();
    telling.other = set.to_owned();
    let role = identity::reserved_role(organisation.seed, &studio.places[place].id, set);
    if is_console {
        let federated = Extra { event_type: "AwsServiceEvent", fields: FEDERATED };
        tell_more(studio, time, &telling, &at_portal, &FEDERATE, Outcome::Done, federated);
        let mut here = Telling::new(place, &mut studio.random);
        here.role = role;
        here.subject.clone_from(&person.user_name);
        let assertion = identity::saml(&studio.places[place], person, source);
        let who = studio_person(studio, (person, place, set), time, source, true);
        here.session.clone_from(&who.key);
        tell(studio, time.after(1), &here, &assertion, &ASSUME_WITH_SAML, Outcome::Done);
        let signed_in = Extra { event_type: "AwsConsoleSignIn", fields: SIGNED_IN_FEDERATED };
        let before = Who { is_console: false, ..who.clone() };
        tell_more(studio, time.after(2), &here, &before, &CONSOLE_LOGIN, Outcome::Done, signed_in);
        return who;
    }
    tell(studio, time, &telling, &at_portal, &GET_ROLE_CREDENTIALS, Outcome::Done);
    studio_person(studio, (person, place, set), time, source, false)
}

fn studio_person(
    studio: &mut Studio<'_>,
    (person, place, set): (&Person, usize, &str),
    begun: Moment,
    source: &str,
    is_console: bool,
) -> Who {
    let seed = studio.organisation.seed;
    identity::person(
        seed,
        (person, &studio.places[place], set),
        begun,
        source,
        is_console,
        &mut studio.random,
    )
}

/// Somebody is woken: looks, and mends.
fn on_call(studio: &mut Studio<'_>, cast: &Cast, time: Moment) {
    let organisation = studio.organisation;
    let operators: Vec<_> = cast.assignments.iter().filter(|(_, _, set)| *set == "Operator").collect();
    if operators.is_empty() {
        return;
    }
    let &&(who, place, set) = studio.random.pick(&operators);
    let person = &organisation.people[who];
    let home = person.home.clone();
    let browsing = sign_in(studio, (person, place, set), time, &home, true);
    let telling = scene(studio, place);
    let mut at = time.after(5);
    for _ in 0..studio.random.between(6, 25) {
        let api = studio.random.pick(&ON_CALL_READS);
        tell(studio, at, &telling, &browsing, api, Outcome::Done);
        at = at.after(pause(&mut studio.random, 40));
    }
    let typing = sign_in(studio, (person, place, set), at, &home, false);
    for _ in 0..studio.random.between(1, 3) {
        at = at.after(pause(&mut studio.random, 200));
        let api = studio.random.pick(&OPERATOR_WRITES);
        tell(studio, at, &telling, &typing, api, Outcome::Done);
    }
}

/// A workflow deploys: Terraform looks at everything first, and then changes a little.
fn pipeline(studio: &mut Studio<'_>, cast: &Cast, time: Moment) {
    let hour = time.time().0;
    if cast.workloads.is_empty() || (!(7..22).contains(&hour) && !studio.random.chance(20)) {
        return service(studio, cast, time);
    }
    let place = *studio.random.pick(&cast.workloads);
    let (application, stage) = (studio.places[place].application.clone(), studio.places[place].stage);
    let subject = format!("repo:{COMPANY}/{application}:environment:{stage}");
    let role = format!("deploys-{application}");
    let runs_terraform = studio.random.chance(60);
    let (before, who) =
        identity::workflow(&studio.places[place], &role, &subject, time, runs_terraform, &mut studio.random);
    let mut telling = scene(studio, place);
    telling.role = role;
    telling.subject = subject;
    telling.session.clone_from(&who.key);
    tell(studio, time, &telling, &before, &ASSUME_WITH_TOKEN, Outcome::Done);
    let mut at = time.after(2);
    tell(studio, at, &telling, &who, &GET_CALLER_IDENTITY, Outcome::Done);
    let name = format!("{application}-{}", studio.random.hex(6));
    if !runs_terraform {
        let mut scene = scene(studio, place);
        scene.subject = name;
        for api in DEPLOY {
            at = at.after(pause(&mut studio.random, 8));
            tell(studio, at, &scene, &who, api, Outcome::Done);
        }
        return;
    }
    for _ in 0..studio.random.between(20, 70) {
        let scene = scene(studio, place);
        let api = studio.random.pick(&TERRAFORM_READS);
        let outcome = match studio.random.below(30) {
            0 if api.name == "GetBucketPolicy" => {
                Outcome::Missing("NoSuchBucketPolicy", "The bucket policy does not exist")
            }
            1 => Outcome::Throttled,
            _ => Outcome::Done,
        };
        tell(studio, at, &scene, &who, api, outcome);
        at = at.after(i64::from(studio.random.chance(30)));
    }
    let mut scene = scene(studio, place);
    scene.role.clone_from(&name);
    scene.subject = name;
    // Another account of the same organisation.
    let other = studio.random.below(studio.places.len());
    scene.other = studio.places[other].id.clone();
    let changes: [&[Api]; 9] = [
        &NEW_ROLE,
        &NEW_BUCKET,
        &NEW_RULES,
        &NEW_QUEUE,
        &NEW_FUNCTION,
        &CHANGED_ROLE,
        &SHARED_IMAGE,
        &SHARED_BUCKET,
        &SHARED_ROLE,
    ];
    for _ in 0..studio.random.between(0, 2) {
        for api in *studio.random.pick(&changes) {
            at = at.after(pause(&mut studio.random, 4));
            tell(studio, at, &scene, &who, api, Outcome::Done);
        }
    }
}

/// The company that watches the machines comes by its role.
fn vendor(studio: &mut Studio<'_>, cast: &Cast, time: Moment) {
    let place = *studio.random.pick(&cast.open);
    let (account, role) = studio.organisation.vendor();
    if !studio.places[place].roles.iter().any(|(name, _)| name == role) {
        return service(studio, cast, time);
    }
    let source = format!("3.233.{}.{}", studio.random.between(144, 159), studio.random.between(2, 250));
    let agent = "Boto3/1.35.40 md/Botocore#1.35.40 ua/2.0 os/linux#5.15 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython Botocore/1.35.40";
    let before = identity::outsider(account, &source, agent, &mut studio.random);
    let mut telling = scene(studio, place);
    telling.role = role.to_owned();
    telling.subject = "watches-machines".to_owned();
    let place = &studio.places[place];
    let id = place.roles.iter().find(|(name, _)| name == role).map(|(_, id)| id.clone());
    let about = Session {
        account: &place.id,
        role,
        path: "/",
        id: id.as_deref(),
        name: "watches-machines",
        begun: time,
        context: "",
        more: "",
    };
    let who = identity::session(&about, &source, agent, &mut studio.random);
    telling.session.clone_from(&who.key);
    tell(studio, time, &telling, &before, &ASSUME_AS_VENDOR, Outcome::Done);
    for second in 0..studio.random.between(1, 4) {
        let api = studio.random.pick(&VENDOR_READS);
        let outcome = if studio.random.chance(2) { Outcome::Denied } else { Outcome::Done };
        tell(studio, time.after(1 + second), &telling, &who, api, outcome);
    }
}

/// The CDN's exporter, which has a user with a key because it knows no roles.
fn exporter(studio: &mut Studio<'_>, time: Moment) {
    let Some(place) = studio.places.iter().position(|place| !place.users.is_empty()) else { return };
    let (name, id, key) = studio.places[place].users[0].clone();
    let account = studio.places[place].id.clone();
    let source = format!("151.101.{}.{}", studio.random.between(2, 60), studio.random.between(2, 250));
    let agent = "aws-sdk-java/2.29.45 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10 lang/java#17.0.13 md/vendor#Eclipse_Adoptium m/D";
    let who = identity::user(&account, (&name, &id, &key), &source, agent);
    let telling = scene(studio, place);
    for api in &EXPORTER_READS[..studio.random.below(EXPORTER_READS.len()) + 1] {
        tell(studio, time, &telling, &who, api, Outcome::Done);
    }
}

/// The exporter's owner gives it a new key by the old one, as its manual says, and takes the old one away.
fn rotation(studio: &mut Studio<'_>, time: Moment) {
    let Some(place) = studio.places.iter().position(|place| !place.users.is_empty()) else { return };
    let (name, id, key) = studio.places[place].users[0].clone();
    let account = studio.places[place].id.clone();
    let agent = identity::tool(&mut studio.random);
    let person = studio.organisation.people.iter().find(|person| person.team == "platform");
    let source = person.map_or_else(String::new, |person| person.office.clone());
    let who = identity::user(&account, (&name, &id, &key), &source, &agent);
    let mut telling = scene(studio, place);
    telling.subject = name;
    telling.other = key;
    for (seconds, api) in (0_i64..).step_by(40).zip(&ROTATION) {
        tell(studio, time.after(seconds), &telling, &who, api, Outcome::Done);
    }
}

/// Once a month somebody breaks the glass on purpose, with a ticket, and puts it back.
fn drill(studio: &mut Studio<'_>, time: Moment) {
    let organisation = studio.organisation;
    let Some(person) = organisation.people.iter().find(|person| person.team == "security") else { return };
    let Some(place) = organisation.accounts.iter().position(|account| account.purpose == Purpose::Audit)
    else {
        return;
    };
    let who = sign_in(studio, (person, place, "Administrator"), time, &person.office.clone(), false);
    let mut telling = scene(studio, place);
    telling.role = "break-glass".to_owned();
    telling.subject = format!("DRILL-{}", time.date().1);
    let session = format!("DRILL-{}", time.date().1);
    let about = Session {
        account: &studio.places[place].id,
        role: "break-glass",
        path: "/",
        id: None,
        name: &session,
        begun: time.after(20),
        context: "",
        more: "",
    };
    let glass = identity::session(&about, &person.office, &who.agent, &mut studio.random);
    telling.session.clone_from(&glass.key);
    tell(studio, time.after(20), &telling, &who, &ASSUME_BREAK_GLASS, Outcome::Done);
    for (seconds, api) in (40_i64..).step_by(35).zip(&DRILL) {
        tell(studio, time.after(seconds), &telling, &glass, api, Outcome::Done);
    }
}

/// Services at their work, which is most of what a trail records.
fn service(studio: &mut Studio<'_>, cast: &Cast, time: Moment) {
    let is_everywhere = studio.random.chance(30);
    let places = if is_everywhere || cast.workloads.is_empty() { &cast.open } else { &cast.workloads };
    let place = *studio.random.pick(places);
    let mut telling = scene(studio, place);
    let begun = time.after(-studio.random.between(60, 3_000));
    let scene = telling.scene(&studio.places);
    let random = &mut studio.random;
    if is_everywhere {
        let (who, reads): (Who, &[Api]) = match random.below(6) {
            0 => {
                let role = "AWSServiceRoleForConfig";
                (
                    linked(&scene, role, "AWSConfig-Describe", "config.amazonaws.com", begun, random),
                    &CONFIG_READS,
                )
            }
            1 => {
                let role = "AWSServiceRoleForResourceExplorer";
                let service = "resource-explorer-2.amazonaws.com";
                (linked(&scene, role, "ResourceExplorer", service, begun, random), &EXPLORER_READS)
            }
            2 => {
                let role = "AWSServiceRoleForTrustedAdvisor";
                let service = "trustedadvisor.amazonaws.com";
                (linked(&scene, role, "TrustedAdvisor", service, begun, random), &ADVISOR_READS)
            }
            3 => (identity::service("cloudtrail.amazonaws.com"), &DELIVERY_CALLS),
            4 => {
                let role = "AWSServiceRoleForAmazonGuardDuty";
                let service = "guardduty.amazonaws.com";
                (linked(&scene, role, "GuardDuty", service, begun, random), &GUARD_READS)
            }
            _ => {
                let role = "AWSServiceRoleForAccessAnalyzer";
                let service = "access-analyzer.amazonaws.com";
                (linked(&scene, role, "access-analyzer", service, begun, random), &ANALYZER_READS)
            }
        };
        drop(scene);
        for second in 0..studio.random.between(2, 8) {
            let api = studio.random.pick(reads);
            let outcome = if studio.random.chance(1) { Outcome::Throttled } else { Outcome::Done };
            tell(studio, time.after(second / 3), &telling, &who, api, outcome);
        }
        return;
    }
    let kind = random.below(12);
    let (who, calls): (Who, &[Api]) = match kind {
        0..3 => (identity::service("lambda.amazonaws.com"), &ASSUMED_BY_SERVICE),
        3 => (identity::service("ecs-tasks.amazonaws.com"), &ASSUMED_BY_SERVICE),
        4 => (identity::service("ec2.amazonaws.com"), &ASSUMED_BY_SERVICE),
        5 | 6 => (identity::function(&scene, begun, random), &FUNCTION_CALLS),
        7 => (identity::machine(&scene, begun, random), &MACHINE_CALLS),
        8 | 9 => (identity::task(&scene, begun, random), &TASK_CALLS),
        10 => {
            let role = "AWSServiceRoleForAutoScaling";
            (linked(&scene, role, "AutoScaling", "autoscaling.amazonaws.com", begun, random), &SCALING_CALLS)
        }
        _ if !(6..22).contains(&time.time().0) && random.chance(25) => {
            let role = "AWSServiceRoleForAmazonSSM";
            (linked(&scene, role, "StateManagerService", "ssm.amazonaws.com", begun, random), &PATCH_CALLS)
        }
        _ => {
            let role = "AWSBackupDefaultServiceRole";
            (linked(&scene, role, "AWSBackup", "backup.amazonaws.com", begun, random), &BACKUP_CALLS)
        }
    };
    let function = scene.function().0.clone();
    let machine = scene.instance().1.clone();
    drop(scene);
    match kind {
        0..3 => telling.role = function,
        3 => telling.role = format!("{}-task", studio.places[place].application),
        4 => telling.role = machine,
        _ => {}
    }
    let all_in_turn = kind == 10 || kind == 11;
    let count = if all_in_turn { calls.len() as i64 } else { studio.random.between(1, 5) };
    for number in 0..count {
        let api = if all_in_turn { &calls[number as usize] } else { studio.random.pick(calls) };
        let outcome = match studio.random.below(300) {
            0 => Outcome::Throttled,
            1 if api.name == "GetParameter" => Outcome::Missing("ParameterNotFound", ""),
            2 if api.name == "CreateLogStream" => {
                Outcome::Missing("ResourceAlreadyExistsException", "The specified log stream already exists")
            }
            _ => Outcome::Done,
        };
        tell(studio, time.after(number), &telling, &who, api, outcome);
    }
}

fn linked(
    scene: &Scene<'_>,
    role: &str,
    name: &str,
    service: &str,
    begun: Moment,
    random: &mut Random,
) -> Who {
    identity::linked(scene.place, role, name, service, begun, random)
}
