//! Where a story takes place: an account's things, by which templates are filled in.

use super::record::is_global;
use crate::clock::{HOUR, Moment};
use crate::organisation::{Account, Organisation};
use crate::random::Random;
use crate::thing::Thing;

/// An account with what stories need of it, worked out once.
#[derive(Debug)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// Its place among the accounts.
    pub index: usize,
    pub(crate) region: &'static str,
    pub(crate) application: String,
    pub(crate) stage: &'static str,
    pub(crate) gateways: Vec<String>,
    pub(crate) buckets: Vec<String>,
    /// Names and unique ids.
    pub(crate) roles: Vec<(String, String)>,
    pub(crate) functions: Vec<(String, String)>,
    pub(crate) databases: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) instances: Vec<(String, String)>,
    pub(crate) queues: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) logs: Vec<String>,
    /// Names, unique ids and access keys.
    pub(crate) users: Vec<(String, String, String)>,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
}

impl Place {
    /// All accounts as places.
    pub fn all(organisation: &Organisation) -> Vec<Self> {
        let accounts = organisation.accounts.iter().enumerate();
        accounts.map(|(index, account)| Self::of(organisation.seed, index, account)).collect()
    }

    fn of(seed: u64, index: usize, account: &Account) -> Self {
        let mut random = Random::of(seed, &format!("place {}", account.name));
        let region = account.region.as_str();
        let region = crate::company::REGIONS.into_iter().find(|known| *known == region);
        let mut place = Self {
            id: account.id.to_string(),
            index,
            region: region.unwrap_or(crate::company::REGIONS[0]),
            application: account.application.clone(),
            stage: account.stage,
            gateways: account.gateways.clone(),
            buckets: Vec::new(),
            roles: Vec::new(),
            functions: Vec::new(),
            databases: Vec::new(),
            groups: Vec::new(),
            instances: Vec::new(),
            queues: Vec::new(),
            keys: Vec::new(),
            logs: Vec::new(),
            users: Vec::new(),
            subnet: format!("subnet-0{}", random.hex(16)),
            vpc: format!("vpc-0{}", random.hex(16)),
        };
        for declared in &account.things {
            match &declared.thing {
                Thing::Bucket(bucket) => place.buckets.push(bucket.name.clone()),
                Thing::Role(role) => place.roles.push((role.name.clone(), role.id.clone())),
                Thing::Function(function) => {
                    place.functions.push((function.name.clone(), function.role_id.clone()));
                    place.logs.push(format!("/aws/lambda/{}", function.name));
                }
                Thing::Database(database) => place.databases.push(database.name.clone()),
                Thing::SecurityGroup(group) => {
                    place.vpc.clone_from(&group.vpc);
                    place.groups.push(group.id.clone());
                }
                Thing::Instance(instance) => {
                    place.instances.push((instance.id.clone(), instance.role.clone()))
                }
                Thing::Queue(queue) => place.queues.push(queue.name.clone()),
                Thing::Key(key) => place.keys.push(key.id.clone()),
                Thing::LogGroup(group) => place.logs.push(group.name.clone()),
                Thing::User(user) => place.users.push((user.name.clone(), user.id.clone(), user.key.clone())),
                Thing::Policy(_) | Thing::Topic(_) | Thing::Volume(_) | Thing::Trail(_) => {}
            }
        }
        place.fill_up(&mut random);
        place
    }

    /// What every account has, whether anybody declared it or not.
    fn fill_up(&mut self, random: &mut Random) {
        let or = |list: &mut Vec<String>, name: String| {
            if list.is_empty() {
                list.push(name);
            }
        };
        or(&mut self.buckets, format!("cf-templates-{}-{}", random.hex(12), self.region));
        or(&mut self.keys, crate::build::uuid(random));
        or(&mut self.logs, "/aws/events/default".to_owned());
        or(&mut self.groups, format!("sg-0{}", random.hex(16)));
        or(&mut self.queues, "default".to_owned());
        or(&mut self.databases, format!("{}-scratch", self.application));
        if self.roles.is_empty() {
            self.roles.push(("default-task".to_owned(), format!("AROA{}", random.id(17))));
        }
        if self.functions.is_empty() {
            self.functions.push((format!("{}-tidy", self.application), format!("AROA{}", random.id(17))));
        }
        if self.instances.is_empty() {
            let role = crate::undeclared::DEFAULT_MACHINE.to_owned();
            self.instances.push((format!("i-0{}", random.hex(16)), role));
        }
    }
}

/// A story's place and what it is about, chosen once so that its calls speak of the same things.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The account.
    pub place: &'a Place,
    picks: [usize; 9],
    /// The name of a role that a session is asked for or a change is made to.
    pub role: String,
    /// The name of somebody or something that the story is about.
    pub subject: String,
    /// Another account, a range or an address that the story is about.
    pub other: String,
    /// The access key of the session that a call gives out.
    pub session: String,
}

impl<'a> Scene<'a> {
    /// A scene in an account.
    pub fn new(place: &'a Place, random: &mut Random) -> Self {
        let mut of = |length: usize| random.below(length);
        let picks = [
            of(place.buckets.len()),
            of(place.roles.len()),
            of(place.functions.len()),
            of(place.databases.len()),
            of(place.groups.len()),
            of(place.instances.len()),
            of(place.queues.len()),
            of(place.keys.len()),
            of(place.logs.len()),
        ];
        let role = place.roles[picks[1]].0.clone();
        Self { place, picks, role, subject: String::new(), other: String::new(), session: String::new() }
    }

    /// The bucket it is about.
    pub fn bucket(&self) -> &'a str {
        &self.place.buckets[self.picks[0]]
    }

    /// The function it is about, and the id of its role.
    pub fn function(&self) -> &'a (String, String) {
        &self.place.functions[self.picks[2]]
    }

    /// The instance it is about, and the name of its role.
    pub fn instance(&self) -> &'a (String, String) {
        &self.place.instances[self.picks[5]]
    }

    /// The region in which a call to a service is recorded.
    pub fn region_of(&self, service: &str) -> &'static str {
        if is_global(service) || service == "signin" { "us-east-1" } else { self.place.region }
    }

    /// Appends a template with its names filled in: `$account`, `$region`, `$bucket`, `$role`, `$roleid`, `$function`,
    /// `$db`, `$sg`, `$instance`, `$queue`, `$key`, `$log`, `$subnet`, `$vpc`, `$app`, `$stage`, `$subject`, `$other`,
    /// `$session`, `$now`, `$later` and random `$hex8`, `$hex17`, `$id17`, `$port`, `$uuid`, `$token`.
    pub fn fill(&self, template: &str, time: Moment, random: &mut Random, out: &mut String) {
        let place = self.place;
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let (name, after) = rest.split_at(length);
            rest = after;
            match name {
                "account" => out.push_str(&place.id),
                "region" => out.push_str(place.region),
                "bucket" => out.push_str(self.bucket()),
                "role" => out.push_str(&self.role),
                "roleid" => {
                    let known =
                        place.roles.iter().chain(&place.functions).find(|(name, _)| *name == self.role);
                    match known {
                        Some((_, id)) => out.push_str(id),
                        None => push_role_id(&place.id, &self.role, out),
                    }
                }
                "function" => out.push_str(&self.function().0),
                "db" => out.push_str(&place.databases[self.picks[3]]),
                "sg" => out.push_str(&place.groups[self.picks[4]]),
                "instance" => out.push_str(&self.instance().0),
                "queue" => out.push_str(&place.queues[self.picks[6]]),
                "key" => out.push_str(&place.keys[self.picks[7]]),
                "log" => out.push_str(&place.logs[self.picks[8]]),
                "subnet" => out.push_str(&place.subnet),
                "vpc" => out.push_str(&place.vpc),
                "app" => out.push_str(&place.application),
                "stage" => out.push_str(place.stage),
                "subject" => out.push_str(&self.subject),
                "other" => out.push_str(&self.other),
                "session" if self.session.is_empty() => {
                    out.push_str("ASIA");
                    random.push(16, ALPHABET, out);
                }
                "session" => out.push_str(&self.session),
                "now" => out.push_str(&time.long()),
                "later" => out.push_str(&time.after(HOUR).long()),
                "iso" => time.push(out),
                // Lambda's own name of the newest version, whose mark is the one templates use.
                "latest" => out.push_str("$LATEST"),
                "default" => out.push_str("$DEFAULT"),
                "hex8" => random.push(8, b"0123456789abcdef", out),
                "hex17" => random.push(17, b"0123456789abcdef", out),
                "id16" => random.push(16, ALPHABET, out),
                "id17" => random.push(17, ALPHABET, out),
                "token" => {
                    out.push_str("IQoJb3JpZ2luX2VjE");
                    random.push(96, ALPHABET, out);
                }
                "uuid" => super::record::uuid(out, random),
                other => debug_assert!(false, "`${other}` is not a name of a scene"),
            }
        }
        out.push_str(rest);
    }
}

pub(crate) const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The unique id of a role that nobody declared: the same whenever it is asked for.
pub(crate) fn push_role_id(account: &str, role: &str, out: &mut String) {
    out.push_str("AROA");
    Random::of(0, &format!("{account} {role}")).push(17, ALPHABET, out);
}
