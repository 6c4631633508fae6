//! Calls on their way: who may go now at the pace that is left to us, who tries again and when, whose account has no credentials.

use crate::document::{fingerprint, shortened};
use crate::options::Options;
use palisade_aws::{Ask, CallFailure, FailureKind, RetryStock, TokenBucket, quota_of_call};
use palisade_model::{AccountId, Region};
use palisade_snapshot::For;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Names a call that is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The question who we are.
    Caller,
    /// A step of the walk through the organisation.
    Walk(u32),
    /// An account's regions.
    Regions(AccountId),
    /// A task of a listing.
    Run(u64, u32),
}

/// A call that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) owner: Owner,
    pub(crate) purpose: For,
    pub(crate) ask: Ask,
    pub(crate) attempts: u32,
    refreshes: u32,
    paid_for_timeout: Option<bool>,
}

impl Call {
    pub(crate) fn new(owner: Owner, purpose: For, ask: Ask) -> Self {
        Self { owner, purpose, ask, attempts: 0, refreshes: 0, paid_for_timeout: None }
    }
}

/// Why a call brought no answer for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// What failed, where it is not the call that was asked for: nobody let us in.
    pub(crate) instead: Option<Box<Entering>>,
    pub(crate) kind: FailureKind,
    pub(crate) code: Arc<str>,
    pub(crate) message: Arc<str>,
}

/// A call that has to come first, to enter an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entering {
    pub(crate) call: Arc<str>,
    /// The role, where that is known.
    pub(crate) role: Option<Arc<str>>,
}

impl Entering {
    /// What the failure says of the way in.
    fn of(failure: &CallFailure) -> Option<Box<Self>> {
        let (call, role) = failure.way()?;
        Some(Box::new(Self { call: call.into(), role: Some(role.into()) }))
    }
}

impl Failed {
    /// A failure to enter the account.
    pub(crate) fn outside(failure: &CallFailure) -> Self {
        let usual = || Box::new(Entering { call: SIGN_IN.into(), role: None });
        Self { instead: Some(Entering::of(failure).unwrap_or_else(usual)), ..Self::new(failure) }
    }

    pub(crate) fn new(failure: &CallFailure) -> Self {
        Self {
            instead: Entering::of(failure),
            kind: failure.kind,
            code: failure.code.clone(),
            message: shortened(&failure.message),
        }
    }

    pub(crate) fn malformed(code: &str, message: impl Into<String>) -> Self {
        Self::new(&CallFailure::of(FailureKind::Malformed, code, message))
    }
}

/// What is to be done now.
#[derive(Debug)]
pub(crate) enum Next {
    Start(CallId, Ask),
    Refresh(AccountId),
    Wait(Duration),
    /// Something is under way.
    Blocked,
    /// Nothing is.
    Idle,
}

/// What becomes of an answer.
pub(crate) type Settled = (Call, Result<Value, Failed>);

/// The call by which an account is entered.
pub(crate) const SIGN_IN: &str = "sts:AssumeRole";

/// How often credentials are asked for anew for one call.
const REFRESHES: u32 = 3;

/// How often in a row they are, without a call that goes through, before the account counts as closed to us.
const REFRESHES_IN_A_ROW: u32 = 10;

#[derive(Debug, Default)]
struct Account {
    entry: Entry,
    buckets: Vec<Bucket>,
    names: HashMap<(Region, Arc<str>, Arc<str>), usize>,
    stocks: HashMap<(Region, Arc<str>), RetryStock>,
    parked: Vec<Call>,
    /// How often credentials were asked for since a call last went through.
    refreshes: u32,
    tries: u32,
}

#[derive(Debug, Default, Clone, PartialEq)]
enum Entry {
    #[default]
    Outside,
    Asked,
    Inside,
    Closed(Failed),
}

#[derive(Debug)]
struct Bucket {
    tokens: TokenBucket,
    calls: VecDeque<Call>,
    is_queued: bool,
    /// The time that counts as none for the tokens: what was used before there was a bucket says nothing.
    born: Duration,
}

impl Bucket {
    fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let taken = self.tokens.take(now.saturating_sub(self.born));
        taken.map_err(|until| self.born.saturating_add(until.0))
    }

    fn answered(&mut self, now: Duration, throttled: bool, pause: Option<Duration>) {
        let now = now.saturating_sub(self.born);
        if !throttled {
            return self.tokens.succeeded(now);
        }
        self.tokens.throttled(now);
        if let Some(pause) = pause {
            self.tokens.pause_until(now.saturating_add(pause));
        }
    }
}

/// Calls on their way.
#[derive(Debug)]
pub(crate) struct Calls {
    share: f64,
    in_flight_max: usize,
    attempts_max: u32,
    seed: u64,
    accounts: HashMap<AccountId, Account>,
    /// Buckets with calls, by when the first of them may go.
    queue: BinaryHeap<Reverse<(Duration, u64, AccountId, usize)>>,
    /// Calls that try again, and accounts that ask again to be let in.
    delayed: BinaryHeap<Reverse<(Duration, u64)>>,
    later: HashMap<u64, Later>,
    to_enter: VecDeque<AccountId>,
    entering: usize,
    /// Calls of accounts that were closed to us while they waited.
    shut: Vec<Settled>,
    in_flight: HashMap<u64, (Call, usize)>,
    next: u64,
    pub(crate) sent: u64,
    pub(crate) throttled: u64,
    pub(crate) waiting: u64,
}

#[derive(Debug)]
enum Later {
    Call(Call),
    Enter(AccountId),
}

impl Calls {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            share: options.share,
            in_flight_max: options.in_flight.max(1),
            attempts_max: options.attempts.max(1),
            seed: options.seed,
            accounts: HashMap::new(),
            queue: BinaryHeap::new(),
            delayed: BinaryHeap::new(),
            later: HashMap::new(),
            to_enter: VecDeque::new(),
            entering: 0,
            shut: Vec::new(),
            in_flight: HashMap::new(),
            next: 0,
            sent: 0,
            throttled: 0,
            waiting: 0,
        }
    }

    /// The account's credentials are those that the driver began with.
    pub(crate) fn is_ours(&mut self, account: AccountId) {
        self.accounts.entry(account).or_default().entry = Entry::Inside;
    }

    /// Nothing more is asked of the account.
    pub(crate) fn forget(&mut self, account: AccountId) {
        if let Some(found) = self.accounts.get_mut(&account)
            && found.buckets.iter().all(|bucket| bucket.calls.is_empty() && !bucket.is_queued)
            && found.parked.is_empty()
        {
            found.buckets = Vec::new();
            found.names = HashMap::new();
            found.stocks = HashMap::new();
        }
    }

    /// A call that is to be made as soon as it may; what nobody lets us ask comes back.
    pub(crate) fn submit(&mut self, call: Call, now: Duration) -> Option<Settled> {
        let account = self.accounts.entry(call.ask.account).or_default();
        match &account.entry {
            Entry::Closed(failed) => {
                let failed = failed.clone();
                return Some((call, Err(failed)));
            }
            Entry::Outside => {
                account.entry = Entry::Asked;
                self.to_enter.push_back(call.ask.account);
                account.parked.push(call);
            }
            Entry::Asked => account.parked.push(call),
            Entry::Inside => self.queue_call(call, now, false),
        }
        self.waiting += 1;
        None
    }

    fn queue_call(&mut self, call: Call, now: Duration, is_first: bool) {
        let id = call.ask.account;
        let account = self.accounts.entry(id).or_default();
        let quota = quota_of_call(&call.ask.service, &call.ask.operation, &call.ask.parameters);
        // Calls that draw on a larger bucket of the same name have that bucket for themselves.
        let word: Arc<str> = format!("{}/{}", quota.bucket.key(&call.ask.operation), quota.per_second).into();
        let key = (call.ask.region.clone(), call.ask.service.clone(), word);
        let place = *account.names.entry(key).or_insert_with(|| {
            let tokens = TokenBucket::of_share(&quota, self.share);
            account.buckets.push(Bucket { tokens, calls: VecDeque::new(), is_queued: false, born: now });
            account.buckets.len() - 1
        });
        let bucket = &mut account.buckets[place];
        match is_first {
            true => bucket.calls.push_front(call),
            false => bucket.calls.push_back(call),
        }
        if !bucket.is_queued {
            bucket.is_queued = true;
            self.next += 1;
            self.queue.push(Reverse((now, self.next, id, place)));
        }
    }

    /// What is to be done now.
    pub(crate) fn next(&mut self, now: Duration) -> Next {
        if self.in_flight.len() + self.entering >= self.in_flight_max {
            return Next::Blocked;
        }
        if let Some(account) = self.to_enter.pop_front() {
            self.entering += 1;
            return Next::Refresh(account);
        }
        while let Some(Reverse((at, order, id, place))) = self.queue.peek().copied() {
            if at > now {
                break;
            }
            self.queue.pop();
            let Some(account) = self.accounts.get_mut(&id) else { continue };
            let bucket = &mut account.buckets[place];
            if bucket.calls.is_empty() {
                bucket.is_queued = false;
                continue;
            }
            match bucket.take(now) {
                Err(until) => self.queue.push(Reverse((until, order, id, place))),
                Ok(()) => {
                    let Some(call) = bucket.calls.pop_front() else { continue };
                    bucket.is_queued = !bucket.calls.is_empty();
                    self.next += 1;
                    if bucket.is_queued {
                        self.queue.push(Reverse((now, self.next, id, place)));
                    }
                    return self.start(call, place);
                }
            }
        }
        let queued = self.queue.peek().map(|entry| entry.0.0);
        let delayed = self.delayed.peek().map(|entry| entry.0.0);
        match queued.into_iter().chain(delayed).min() {
            Some(until) => Next::Wait(until),
            None if self.in_flight.is_empty() && self.entering == 0 => Next::Idle,
            None => Next::Blocked,
        }
    }

    fn start(&mut self, mut call: Call, place: usize) -> Next {
        self.next += 1;
        self.sent += 1;
        self.waiting = self.waiting.saturating_sub(1);
        call.attempts += 1;
        let ask = call.ask.clone();
        self.in_flight.insert(self.next, (call, place));
        Next::Start(CallId(self.next), ask)
    }

    /// Lets those try again whose time has come.
    pub(crate) fn wake(&mut self, now: Duration) {
        while let Some(Reverse((at, order))) = self.delayed.peek().copied() {
            if at > now {
                return;
            }
            self.delayed.pop();
            match self.later.remove(&order) {
                Some(Later::Call(call)) => self.resume(call, now),
                Some(Later::Enter(account)) => self.to_enter.push_back(account),
                None => {}
            }
        }
    }

    /// A call goes on, or waits until its account is entered again.
    fn resume(&mut self, call: Call, now: Duration) {
        let account = self.accounts.entry(call.ask.account).or_default();
        match &account.entry {
            Entry::Inside => self.queue_call(call, now, true),
            Entry::Closed(failed) => self.shut.push((call, Err(failed.clone()))),
            Entry::Outside | Entry::Asked => account.parked.push(call),
        }
    }

    fn delay(&mut self, later: Later, until: Duration) {
        self.next += 1;
        self.later.insert(self.next, later);
        self.delayed.push(Reverse((until, self.next)));
    }

    /// Takes an answer; nothing comes back when the call is tried again.
    pub(crate) fn answered(
        &mut self,
        now: Duration,
        id: CallId,
        result: Result<Value, CallFailure>,
    ) -> Option<Settled> {
        let (mut call, place) = self.in_flight.remove(&id.0)?;
        let account = self.accounts.entry(call.ask.account).or_default();
        let stock = account.stocks.entry((call.ask.region.clone(), call.ask.service.clone())).or_default();
        let failure = match result {
            Ok(value) => {
                stock.succeeded(call.paid_for_timeout);
                account.refreshes = 0;
                if let Some(bucket) = account.buckets.get_mut(place) {
                    bucket.answered(now, false, None);
                }
                return Some((call, Ok(value)));
            }
            Err(failure) => failure,
        };
        if failure.kind == FailureKind::Throttled {
            self.throttled += 1;
            if let Some(bucket) = account.buckets.get_mut(place) {
                bucket.answered(now, true, failure.retry_after);
            }
        }
        if matches!(failure.kind, FailureKind::Expired | FailureKind::Skewed) {
            return self.expired(call, &failure);
        }
        let attempts = match failure.kind {
            FailureKind::Malformed => self.attempts_max.min(3),
            _ => self.attempts_max,
        };
        let after_timeout = failure.kind == FailureKind::TimedOut;
        if !failure.kind.is_passing() || call.attempts >= attempts || !stock.pay(after_timeout) {
            return Some((call, Err(Failed::new(&failure))));
        }
        call.paid_for_timeout = Some(after_timeout);
        let chance = self.chance(&call);
        let wait = back_off(call.attempts, chance).max(failure.retry_after.unwrap_or_default());
        self.waiting += 1;
        self.delay(Later::Call(call), now.saturating_add(wait));
        None
    }

    /// The credentials are no longer good: the account is entered again, but not for ever.
    fn expired(&mut self, mut call: Call, failure: &CallFailure) -> Option<Settled> {
        let id = call.ask.account;
        let account = self.accounts.entry(id).or_default();
        if call.refreshes >= REFRESHES {
            return Some((call, Err(Failed::new(failure))));
        }
        call.refreshes += 1;
        match &account.entry {
            Entry::Closed(failed) => {
                let failed = failed.clone();
                return Some((call, Err(failed)));
            }
            Entry::Inside if account.refreshes >= REFRESHES_IN_A_ROW => {
                let failed = Failed::outside(failure);
                account.entry = Entry::Closed(failed.clone());
                // Those that wait for their turn are let go of with it.
                let queued = account.buckets.iter_mut().flat_map(|bucket| bucket.calls.drain(..));
                let all = queued.chain(account.parked.drain(..));
                self.shut.extend(all.map(|call| (call, Err(failed.clone()))));
                return Some((call, Err(failed)));
            }
            Entry::Inside => {
                account.refreshes += 1;
                account.entry = Entry::Asked;
                self.to_enter.push_back(id);
            }
            Entry::Outside | Entry::Asked => {}
        }
        account.parked.push(call);
        self.waiting += 1;
        None
    }

    /// The driver has credentials for the account, or can't get any.
    pub(crate) fn refreshed(
        &mut self,
        now: Duration,
        id: AccountId,
        result: Result<(), CallFailure>,
    ) -> Vec<Settled> {
        let account = self.accounts.entry(id).or_default();
        if account.entry != Entry::Asked {
            return Vec::new();
        }
        self.entering = self.entering.saturating_sub(1);
        account.tries += 1;
        match result {
            Ok(()) => {
                account.entry = Entry::Inside;
                account.tries = 0;
                let parked = std::mem::take(&mut account.parked);
                parked.into_iter().for_each(|call| self.queue_call(call, now, false));
                Vec::new()
            }
            Err(failure) if failure.kind.is_passing() && account.tries < self.attempts_max => {
                let tries = account.tries;
                let chance = chance_of(self.seed, fingerprint(&(id.to_string(), tries)));
                let wait = back_off(tries, chance).max(failure.retry_after.unwrap_or_default());
                self.delay(Later::Enter(id), now.saturating_add(wait));
                Vec::new()
            }
            Err(failure) => {
                let failed = Failed::outside(&failure);
                account.entry = Entry::Closed(failed.clone());
                let calls: Vec<Call> = std::mem::take(&mut account.parked).into_iter().collect();
                self.waiting = self.waiting.saturating_sub(calls.len() as u64);
                calls.into_iter().map(|call| (call, Err(failed.clone()))).collect()
            }
        }
    }

    /// Calls of accounts that were closed to us while they waited.
    pub(crate) fn shut_out(&mut self) -> Vec<Settled> {
        self.waiting = self.waiting.saturating_sub(self.shut.len() as u64);
        std::mem::take(&mut self.shut)
    }

    fn chance(&self, call: &Call) -> f64 {
        let name = (
            call.ask.account.to_string(),
            call.ask.region.as_str(),
            &call.ask.service,
            &call.ask.operation,
            call.ask.parameters.to_string(),
            call.attempts,
        );
        chance_of(self.seed, fingerprint(&name))
    }
}

/// From 0 to 1, always the same for the same call.
fn chance_of(seed: u64, name: u64) -> f64 {
    // splitmix64
    let mut mixed = (seed ^ name).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Exponential with full jitter: anything up to half a second, one, two, … twenty.
fn back_off(attempt: u32, chance: f64) -> Duration {
    let most = 0.5 * f64::from(1_u32 << attempt.saturating_sub(1).min(6));
    Duration::from_secs_f64(most.min(20.0) * chance)
}
