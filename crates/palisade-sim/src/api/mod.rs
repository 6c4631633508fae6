//! The organisation as its APIs answer for it, in virtual time: pages, quotas, delays, faults, and changes meanwhile.
//!
//! [`Api::answer`] takes a call and says what comes back and after how long. Nothing waits and nothing is random: the
//! time is an argument, and all else follows from the seed. What the organisation plants is answered as its estate has
//! it; [`Options::bulk`] adds plain resources to every account and region, each made when it is asked for, so that an
//! organisation of millions takes no more memory than one of hundreds.

mod bulk;
mod change;
mod dress;
mod fault;
mod generic;
mod identity;
mod organisations;
mod pages;
mod quota;
mod refusal;
mod shape;
mod world;

pub use change::Change;
pub use fault::{BadFault, Calls, Fault, Faults, How, Permissions, When};
pub use identity::{access_key, account_of_key};
pub use quota::{BucketUse, Quota};
pub use refusal::Refusal;
pub use shape::problems;

use crate::clock::Moment;
use crate::organisation::{Organisation, Purpose};
use crate::random::Random;
use generic::Asked;
use palisade_aws::{Ask, CallFailure, FailureKind, Operation, Service, models};
use palisade_kinds::Kinds;
use palisade_model::{AccountId, Region};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use world::{Place, World};

/// The regions that every account has without asking.
pub const REGIONS: [&str; 17] = [
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
];

/// Services that are in no region; their endpoint stands in one all the same.
const GLOBAL: [&str; 7] = ["account", "cloudfront", "iam", "organizations", "route53", "s3", "sts"];

/// How the APIs are to behave.
#[derive(Debug, Clone)]
pub struct Options {
    /// The enabled regions; all that need no asking, unless told otherwise.
    pub regions: Vec<Region>,
    /// Plain resources in each account and region, beside what the organisation plants.
    pub bulk: usize,
    /// When virtual time begins.
    pub start: Moment,
    /// What goes wrong.
    pub faults: Faults,
    /// Are calls refused when there are too many?
    pub has_quotas: bool,
    /// Do answers take time?
    pub has_delays: bool,
    /// Until when some readers may still see what was before a change.
    pub lag_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            regions: REGIONS.iter().filter_map(|region| region.parse().ok()).collect(),
            bulk: 0,
            start: Moment::of_date(2026, 11, 22),
            faults: Faults::default(),
            has_quotas: true,
            has_delays: true,
            lag_max: Duration::from_secs(8),
        }
    }
}

/// What comes back for a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// An answer, in the shape that boto3 gives.
    Answer(Value),
    /// The service refuses.
    Refused(Refusal),
    /// Nothing comes, until the caller gives up.
    TimedOut,
    /// The connection is closed.
    Reset,
    /// An answer that ends in the middle.
    Truncated(Value),
    /// A page of HTML.
    Html,
}

/// What was asked so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// All calls.
    pub calls: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that were refused because their bucket was empty; injected ones are not among them.
    pub throttled: u64,
    /// Faults that were injected.
    pub injected: u64,
    /// How many were refused, by code.
    pub refused: BTreeMap<String, u64>,
    /// How much of each quota was used.
    pub buckets: BTreeMap<String, BucketUse>,
}

impl Usage {
    /// Of the buckets with a documented quota that were busy for at least this long, what share of their refill was used,
    /// weighted by calls.
    pub fn share(&self, for_at_least: Duration) -> Option<f64> {
        let is_busy = |bucket: &&BucketUse| bucket.quota.is_documented && bucket.longest >= for_at_least;
        let busy = self.buckets.values().filter(is_busy);
        let (mut calls, mut sum) = (0.0, 0.0);
        for (bucket, share) in busy.filter_map(|bucket| Some((bucket, bucket.share()?))) {
            calls += bucket.busy_calls as f64;
            sum += share * bucket.busy_calls as f64;
        }
        (calls > 0.0).then(|| sum / calls)
    }
}

/// The APIs of a simulated organisation.
#[derive(Debug)]
pub struct Api {
    world: World,
    calls: generic::Calls,
    options: Options,
    buckets: quota::Buckets,
    met: Vec<u64>,
    random: Random,
    usage: Usage,
    changes: u64,
}

impl Api {
    /// The APIs of an organisation. The kinds say which calls read their resources.
    pub fn new(organisation: Organisation, kinds: &Kinds, options: Options) -> Self {
        let random = Random::of(organisation.seed, "api");
        let met = vec![0; options.faults.rules.len()];
        Self {
            world: World::new(organisation, options.regions.clone(), options.bulk),
            calls: generic::Calls::of(kinds),
            options,
            buckets: quota::Buckets::default(),
            met,
            random,
            usage: Usage::default(),
            changes: 0,
        }
    }

    /// The organisation.
    pub fn organisation(&self) -> &Organisation {
        &self.world.organisation
    }

    /// The moment of virtual time.
    pub fn moment(&self, now: Duration) -> Moment {
        self.options.start.after(now.as_secs() as i64)
    }

    /// The services and operations that the kinds' pages name.
    pub fn known_calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.calls.names()
    }

    /// From now on other things go wrong.
    pub fn set_faults(&mut self, faults: Faults) {
        self.met = vec![0; faults.rules.len()];
        self.options.faults = faults;
    }

    /// What was asked so far.
    pub fn usage(&self) -> Usage {
        Usage { buckets: self.buckets.usage(), ..self.usage.clone() }
    }

    /// What comes back for a call that is made now, and after how long.
    pub fn answer(&mut self, now: Duration, ask: &Ask) -> (Duration, Result<Value, CallFailure>) {
        let (delay, outcome) = self.respond(now, ask);
        let failed = |kind, code: &str, message: &str| Err(CallFailure::of(kind, code, message));
        let answer = match outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::Refused(refusal) => Err(refusal.failure()),
            Outcome::TimedOut => failed(FailureKind::TimedOut, "timeout", "no answer came within 60 seconds"),
            Outcome::Reset => failed(FailureKind::Transport, "connection", "the connection was closed"),
            Outcome::Truncated(_) => failed(FailureKind::Malformed, "malformed", "the answer ends too early"),
            Outcome::Html => {
                failed(FailureKind::Malformed, "malformed", "it is no answer but a page of HTML")
            }
        };
        (delay, answer)
    }

    /// The same for a server, which writes broken answers as they would come.
    pub fn respond(&mut self, now: Duration, ask: &Ask) -> (Duration, Outcome) {
        self.usage.calls += 1;
        let mut delay = self.delay(&ask.service);
        let outcome = match self.outcome(now, ask, &mut delay) {
            Ok(outcome) => outcome,
            Err(refusal) => Outcome::Refused(refusal),
        };
        match &outcome {
            Outcome::Refused(refusal) => *self.usage.refused.entry(refusal.code.clone()).or_default() += 1,
            Outcome::Answer(_) => self.usage.answered += 1,
            _ => {}
        }
        (if self.options.has_delays { delay } else { Duration::ZERO }, outcome)
    }

    fn outcome(&mut self, now: Duration, ask: &Ask, delay: &mut Duration) -> Result<Outcome, Refusal> {
        let found = models()
            .service(&ask.service)
            .and_then(|of| Some((of, of.operations.get(ask.operation.as_ref())?)));
        let unknown = || Refusal::new(400, "UnknownOperationException", "the operation is not known");
        let (service, operation) = found.ok_or_else(unknown)?;
        let fault = self.fault(ask);
        match fault {
            None | Some(How::Truncated | How::Circle | How::Slow) => {}
            Some(How::Denied) => return Err(self.denied(service, ask)),
            Some(How::Throttled) => return Err(refusal::throttled(service)),
            Some(How::Broken) => return Err(refusal::broken(service)),
            Some(How::Expired) => return Err(refusal::expired(service)),
            Some(How::Skewed) => return Err(refusal::skewed(service)),
            Some(How::NotEnabled) => return Err(refusal::not_enabled(service)),
            Some(How::Html) => return Ok(Outcome::Html),
            Some(How::Reset) => return Ok(Outcome::Reset),
            Some(How::TimedOut) => {
                *delay = fault::TIMEOUT;
                return Ok(Outcome::TimedOut);
            }
        }
        if fault == Some(How::Slow) {
            *delay += fault::SLOW;
        }
        let place = self.place(service, ask)?;
        self.take(service, operation, ask, place, now)?;
        let permissions = self.options.faults.permissions.as_ref();
        let action = || fault::action(&service.signing_name, &service.name, &operation.name);
        if permissions.is_some_and(|permissions| !permissions.allow(&action())) {
            return Err(self.denied(service, ask));
        }
        check_required(service, operation, &ask.parameters)?;
        let key = self.key(ask);
        let asked = Asked { ask, service, operation, place, now, key };
        let answer = self.answer_of(&asked, now);
        match (fault, answer?) {
            (Some(How::Truncated), answer) => Ok(Outcome::Truncated(answer)),
            (Some(How::Circle), mut answer) => {
                // The page after the first, for ever.
                pages::mark(operation, &mut answer, key, pages::Page { first: 0, end: 1 }, 2);
                Ok(Outcome::Answer(shape::whole(service, operation, answer)))
            }
            (_, answer) => Ok(Outcome::Answer(answer)),
        }
    }

    fn answer_of(&mut self, asked: &Asked<'_>, now: Duration) -> Result<Value, Refusal> {
        let at = self.moment(now);
        if let Some(answer) = identity::answer(&mut self.world, asked, at) {
            return answer;
        }
        if let Some(answer) = organisations::answer(&mut self.world, asked) {
            return answer;
        }
        if let Some(answer) = generic::answer(&self.calls, &mut self.world, asked) {
            return answer;
        }
        Ok(generic::empty(asked.service, asked.operation))
    }

    /// Where the call is made; a refusal where nobody could make it.
    fn place(&self, service: &Service, ask: &Ask) -> Result<Place, Refusal> {
        let account = self.world.account(ask.account).ok_or_else(|| refusal::not_enabled(service))?;
        if self.world.organisation.accounts[account].purpose == Purpose::Suspended {
            return Err(self.denied(service, ask));
        }
        let region = self.world.region(&ask.region);
        let is_global = GLOBAL.contains(&service.name.as_str());
        if region.is_none() && !is_global {
            return Err(refusal::not_enabled(service));
        }
        Ok(Place { account, region })
    }

    fn take(
        &mut self,
        service: &Service,
        operation: &Operation,
        ask: &Ask,
        place: Place,
        now: Duration,
    ) -> Result<(), Refusal> {
        let is_global = GLOBAL.contains(&service.name.as_str()) && service.name != "s3";
        let region = place.region.filter(|_| !is_global).map_or(u8::MAX, |region| region as u8);
        let limits = |name: &String| name == "MaxResults" || name == "Filters" || name.ends_with("Ids");
        let is_limited = ask.parameters.as_object().is_some_and(|asked| asked.keys().any(limits));
        let cell = (place.account as u16, region);
        let is_taken = self.buckets.take(cell, &service.name, &operation.name, is_limited, now);
        if is_taken || !self.options.has_quotas {
            return Ok(());
        }
        self.usage.throttled += 1;
        Err(refusal::throttled(service))
    }

    fn denied(&self, service: &Service, ask: &Ask) -> Refusal {
        let action = fault::action(&service.signing_name, &service.name, &ask.operation);
        refusal::denied(service, &identity::session(ask.account), &action)
    }

    fn fault(&mut self, ask: &Ask) -> Option<How> {
        let mut found = None;
        for (rule, met) in self.options.faults.rules.iter().zip(&mut self.met) {
            if !rule.with.has(ask) {
                continue;
            }
            *met += 1;
            let holds = match rule.when {
                When::Always => true,
                When::Only(number) => *met == number,
                When::First(number) => *met <= number,
                When::Chance(chance) => self.random.below(1_000) < chance as usize,
            };
            if holds && found.is_none() {
                found = Some(rule.how);
            }
        }
        self.usage.injected += u64::from(found.is_some());
        found
    }

    /// What the tokens of this listing are sealed with.
    fn key(&self, ask: &Ask) -> u64 {
        let texts = [ask.region.as_str(), &ask.service, &ask.operation];
        let bytes = texts.into_iter().flat_map(str::bytes).chain(ask.account.to_string().into_bytes());
        bytes.fold(self.world.organisation.seed ^ 0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
    }

    /// How long an answer takes: most are near the middle, a few take much longer.
    fn delay(&mut self, service: &str) -> Duration {
        let middle = match service {
            "ec2" => 0.18,
            "iam" => 0.12,
            "kms" | "sqs" => 0.025,
            "s3" | "sts" => 0.04,
            "lambda" | "logs" => 0.06,
            "rds" => 0.15,
            _ => 0.08,
        };
        // Near enough to a normal distribution: the sum of four that are level.
        let sum: f64 = (0..4).map(|_| (self.random.number() >> 11) as f64 / (1_u64 << 53) as f64).sum();
        let normal = (sum - 2.0) * 1.732;
        Duration::from_secs_f64(middle * (0.45 * normal).exp())
    }

    /// Somebody changes something now; gives the record that CloudTrail will hold.
    pub fn change(
        &mut self,
        now: Duration,
        account: AccountId,
        region: &Region,
        change: &Change,
    ) -> Result<Value, UnknownPlace> {
        let place = self.world.account(account).zip(self.world.region(region));
        let (account_place, region_place) = place.ok_or(UnknownPlace)?;
        let deed = change.deed(account, region);
        let lag = self.options.lag_max.mul_f64(self.random.below(1_000) as f64 / 1_000.0);
        for edit in &deed.edits {
            self.world.edit(&deed.arn, edit.clone(), now, lag);
        }
        if let Some((kind, document)) = &deed.made {
            let place = Place { account: account_place, region: Some(region_place) };
            let account = bulk::bare(&self.world.organisation.accounts[account_place], region);
            let mut document = document.clone();
            dress::dress(kind, &account, &deed.arn, &mut document);
            self.world.edits.make(place, kind, (deed.arn.clone(), document), now + lag);
        }
        self.changes += 1;
        let who =
            self.world.organisation.people.first().map(|person| person.user_name.clone()).unwrap_or_default();
        Ok(change::record(&deed, (account, region), &who, self.moment(now), self.changes))
    }
}

/// The account is not of the organisation, or the region is not enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPlace;

impl std::fmt::Display for UnknownPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the account is not of the organisation, or the region is not enabled")
    }
}

impl std::error::Error for UnknownPlace {}

/// What the model requires of a request.
fn check_required(service: &Service, operation: &Operation, asked: &Value) -> Result<(), Refusal> {
    let input = operation.input.as_ref().and_then(|input| service.structure(input));
    let required = input.into_iter().flat_map(|input| &input.members).filter(|member| member.required);
    let none = json!(null);
    let missing =
        required.map(|member| member.name.as_str()).find(|name| asked.get(name).unwrap_or(&none).is_null());
    match missing {
        Some(name) => Err(Refusal::new(400, "ValidationException", format!("`{name}` is required"))),
        None => Ok(()),
    }
}
