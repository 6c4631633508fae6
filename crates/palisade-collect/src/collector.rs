//! The collector: who we are, the organisation, its accounts, their regions, and then listing after listing.

use crate::calls::{Call, CallId, Calls, Failed, Next, Owner, Settled};
use crate::cell;
use crate::document::shortened;
use crate::options::Options;
use crate::organisation::{Extent, Member, Walk};
use crate::plan::{Accounts, Place as Where, Plan};
use crate::progress::{Progress, Tally};
use crate::run::{Desk, Outcome, Place, Run};
use crate::{regions, time};
use palisade_aws::{Ask, CallFailure, FailureKind};
use palisade_model::{AccountId, Region};
use palisade_snapshot::{
    Answer, Cell, CellKey, For, Gap, JournalEntry, Manifest, Record, State, parameters_hash,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What the driver is to do next.
#[derive(Debug)]
pub enum Step {
    /// Keep this, before anything else.
    Event(Event),
    /// Start this call, and say what came with [`Collector::answered`].
    Call(CallId, Ask),
    /// Get credentials for this account, new ones where there are some, and say so with [`Collector::refreshed`].
    Refresh(AccountId),
    /// Say with [`Collector::recalled`] what the earlier snapshot has of this cell. Only with
    /// [`Options::has_earlier`](crate::Options::has_earlier).
    Recall(CellKey),
    /// Come back at this time, or with an answer.
    Wait(Duration),
    /// Come back with an answer.
    Blocked,
    /// All is done.
    Done,
}

/// What the driver is to keep.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A resource that is whole. Those of a cell come in the order they are listed; a run that goes on later gives all of
    /// an unfinished cell again.
    Record(Record),
    /// A cell is finished: no more records of it come.
    CellDone(Cell),
    /// The organisation, as docs/reference/estate.md describes `organisation.json`.
    Organisation(Value),
    /// A call was answered: with this, nobody needs to ask again.
    Journal(JournalEntry),
    /// The journal's entries for what is shared under this name are no longer needed.
    Released(Arc<str>),
    /// It could not be read which regions an account has enabled, so others than those that are read may hold resources.
    RegionsUnread(AccountId, Gap),
}

/// The account of calls that are made before it is known whose credentials these are.
pub const UNKNOWN_ACCOUNT: &str = "000000000000";

/// How many listings get room for a page when none has any and nothing else is under way.
const FORCED: usize = 8;

/// How many accounts may be asked for their regions ahead of time.
const AHEAD: usize = 8;

const ORGANISATION: &str = "organisation";
const ORGANISATION_AGAIN: &str = "organisation again";
const REGIONS: &str = "regions";

type JournalKey = (For, AccountId, Option<Region>, Arc<str>, Arc<str>, Arc<str>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Caller,
    Walk,
    Accounts,
    WalkAgain,
    Done,
}

/// An account that is being read; the organisation itself is one too.
#[derive(Debug)]
struct Entered {
    account: AccountId,
    asks_as: AccountId,
    /// Listings and their regions that are not begun yet, the last first.
    left: Vec<(usize, Option<Region>)>,
    open: usize,
    has_regions: bool,
    is_organisation: bool,
    /// Did the first way to ask for regions fail?
    has_failed: bool,
}

/// A listing that is open.
#[derive(Debug)]
struct Open {
    run: Run,
    /// What it held when that was last counted.
    held: usize,
    /// Does it wait for room for its next page?
    is_hungry: bool,
    /// How many of its cells are yet to be recalled.
    recalls: usize,
    /// How many bytes are kept free for the page that is on its way.
    expected: usize,
}

/// How large a page is taken to be before one was seen.
const PAGE_BYTES: usize = 16 * 1_024;

/// How many bytes a call takes that waits for its turn, with what is kept for its answer.
const CALL_BYTES: usize = 1_200;

/// Collects a cloud: says what to ask next, and takes what is answered.
///
/// It has no clock, no files and no network. The time is an argument, as what has passed since 1970.
#[derive(Debug)]
pub struct Collector {
    plan: Plan,
    options: Options,
    calls: Calls,
    events: VecDeque<Event>,
    replayed: VecDeque<(Call, JournalEntry)>,
    settled: VecDeque<Settled>,
    journal: HashMap<JournalKey, JournalEntry>,
    finished: HashSet<CellKey>,
    phase: Phase,
    caller: Option<AccountId>,
    partition: Arc<str>,
    walk: Option<Walk>,
    walked: Option<Walk>,
    policies_changed: bool,
    management: Option<AccountId>,
    organisation: Option<String>,
    members: Vec<Member>,
    waiting: VecDeque<Member>,
    entered: Vec<Entered>,
    runs: HashMap<u64, Open>,
    next_run: u64,
    hungry: VecDeque<u64>,
    to_recall: VecDeque<(CellKey, u64)>,
    recalling: HashMap<CellKey, u64>,
    held: usize,
    /// How large the pages of each listing are.
    pages: Vec<usize>,
    regions_unread: BTreeMap<AccountId, Gap>,
    all_regions: BTreeSet<Region>,
    tally: Tally,
    began: Option<Duration>,
    ended: Option<Duration>,
    fatal: Option<CallFailure>,
}

impl Collector {
    /// Begins a collection.
    pub fn new(plan: Plan, options: Options) -> Self {
        Self::resume(plan, options, [], [])
    }

    /// Goes on with one that was killed: finished cells are left alone, answers in the journal are not asked for again.
    ///
    /// The records of cells that are not finished come again.
    pub fn resume(
        plan: Plan,
        options: Options,
        finished: impl IntoIterator<Item = CellKey>,
        journal: impl IntoIterator<Item = JournalEntry>,
    ) -> Self {
        let calls = Calls::new(&options);
        let tally = Tally::new(&plan);
        let pages = vec![PAGE_BYTES; plan.listings.len()];
        Self {
            plan,
            options,
            calls,
            events: VecDeque::new(),
            replayed: VecDeque::new(),
            settled: VecDeque::new(),
            journal: journal.into_iter().map(|entry| (key_of(&entry), entry)).collect(),
            finished: finished.into_iter().collect(),
            phase: Phase::Begin,
            caller: None,
            partition: "aws".into(),
            walk: None,
            walked: None,
            policies_changed: false,
            management: None,
            organisation: None,
            members: Vec::new(),
            waiting: VecDeque::new(),
            entered: Vec::new(),
            runs: HashMap::new(),
            next_run: 0,
            hungry: VecDeque::new(),
            to_recall: VecDeque::new(),
            recalling: HashMap::new(),
            held: 0,
            pages,
            regions_unread: BTreeMap::new(),
            all_regions: BTreeSet::new(),
            tally,
            began: None,
            ended: None,
            fatal: None,
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Duration) -> Step {
        self.began.get_or_insert(now);
        loop {
            if let Some(event) = self.events.pop_front() {
                self.count(&event);
                return Step::Event(event);
            }
            if let Some((call, entry)) = self.replayed.pop_front() {
                self.replay(now, call, entry);
                continue;
            }
            if let Some((call, result)) = self.settled.pop_front() {
                self.settle(now, call, result);
                continue;
            }
            self.calls.wake(now);
            self.settled.extend(self.calls.shut_out());
            if !self.settled.is_empty() || self.advance(now) {
                continue;
            }
            if let Some((key, run)) = self.to_recall.pop_front() {
                self.recalling.insert(key.clone(), run);
                return Step::Recall(key);
            }
            match self.calls.next(now) {
                Next::Idle if !self.recalling.is_empty() => return Step::Blocked,
                Next::Start(id, ask) => return Step::Call(id, ask),
                Next::Refresh(account) => return Step::Refresh(account),
                Next::Wait(until) => return Step::Wait(until),
                Next::Blocked => return Step::Blocked,
                Next::Idle if self.phase == Phase::Done => return Step::Done,
                Next::Idle => {
                    // Nothing is under way: whoever waits for room must get it, or all would wait for ever.
                    let fed = (0..FORCED).take_while(|_| self.feed_one(now, true)).count();
                    if fed == 0 {
                        self.close(now);
                    }
                }
            }
        }
    }

    /// Says what came of a call.
    pub fn answered(&mut self, now: Duration, id: CallId, result: Result<Value, CallFailure>) {
        self.settled.extend(self.calls.answered(now, id, result));
    }

    /// Says whether there are credentials for an account now.
    pub fn refreshed(&mut self, now: Duration, account: AccountId, result: Result<(), CallFailure>) {
        self.settled.extend(self.calls.refreshed(now, account, result));
    }

    /// Says what the earlier snapshot has of a cell; nothing, where it has none.
    pub fn recalled(&mut self, now: Duration, key: &CellKey, records: Vec<Record>) {
        let Some(id) = self.recalling.remove(key) else { return };
        let Some(open) = self.runs.get_mut(&id) else { return };
        open.run.recall(&self.plan, records);
        open.recalls = open.recalls.saturating_sub(1);
        if open.recalls == 0 {
            self.with_run(id, now, |run, desk| run.start(desk));
        }
    }

    /// Whose credentials these are, once that is known.
    pub fn caller(&self) -> Option<AccountId> {
        self.caller
    }

    /// Why nothing could be collected: nobody knows the credentials.
    pub fn fatal(&self) -> Option<&CallFailure> {
        self.fatal.as_ref()
    }

    /// How far it is.
    pub fn progress(&self, now: Duration) -> Progress {
        let elapsed = now.saturating_sub(self.began.unwrap_or(now));
        self.tally.progress(elapsed, (self.calls.sent, self.calls.throttled))
    }

    /// Says in the manifest what is known of the collection by now.
    pub fn fill(&self, manifest: &mut Manifest) {
        let shown = |at: Option<Duration>| at.map(|at| time::rfc3339(self.options.observed.unwrap_or(at)));
        manifest.organisation = match self.plan.accounts {
            Accounts::Organisation { .. } => self.organisation.clone(),
            _ => None,
        };
        if let Some(began) = shown(self.began).filter(|_| manifest.started.is_empty()) {
            manifest.started = began;
        }
        manifest.finished = shown(self.ended);
        manifest.accounts = self.members.iter().map(|member| member.id).collect();
        manifest.regions = self.plan.regions.clone();
        manifest.kinds = self.plan.kinds().cloned().collect();
        manifest.calls = self.calls.sent;
        manifest.throttled = self.calls.throttled;
        manifest.policies_changed = self.policies_changed;
        manifest.regions_unread = self.regions_unread.clone();
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::Record(_) => self.tally.records += 1,
            Event::CellDone(_) => self.tally.cells += 1,
            _ => {}
        }
    }

    fn home(&self) -> Option<Region> {
        let usual = regions::home(&self.partition).parse().ok();
        self.options.region.clone().or(usual)
    }

    // Phases

    /// Takes a step that needs no answer; was there one?
    fn advance(&mut self, now: Duration) -> bool {
        match self.phase {
            Phase::Begin => {
                self.phase = Phase::Caller;
                self.ask_caller(now);
                true
            }
            Phase::Walk if self.walk.as_ref().is_none_or(Walk::is_done) => {
                self.walked_once(now);
                true
            }
            Phase::Accounts => self.enter_more(now) || self.open_more(now) || self.feed_one(now, false),
            Phase::WalkAgain if self.walk.as_ref().is_none_or(Walk::is_done) => {
                self.walked_again();
                self.phase = Phase::Done;
                self.ended = Some(now);
                true
            }
            _ => false,
        }
    }

    /// Nothing is left to do in this phase.
    fn close(&mut self, now: Duration) {
        if self.phase == Phase::Accounts {
            let left: Vec<u64> = self.runs.keys().copied().collect();
            debug_assert!(left.is_empty(), "listings are open and nothing is under way");
            for id in left {
                if let Some(open) = self.runs.get_mut(&id) {
                    open.run.give_up(&self.plan);
                }
                self.finish_run(id);
            }
            let again = self.walked.as_ref().is_some_and(Walk::is_whole);
            self.phase = Phase::WalkAgain;
            if again && let Some(caller) = self.caller {
                self.walk = Walk::new(Extent::Policies, caller, &self.options);
                self.start_walk(now, ORGANISATION_AGAIN);
            }
            return;
        }
        self.phase = Phase::Done;
        self.ended = Some(now);
    }

    fn ask_caller(&mut self, now: Duration) {
        let (Some(region), Ok(account)) = (self.home(), UNKNOWN_ACCOUNT.parse::<AccountId>()) else {
            return;
        };
        self.calls.is_ours(account);
        let ask = Ask {
            account,
            region,
            service: "sts".into(),
            operation: "GetCallerIdentity".into(),
            parameters: json!({}),
        };
        let call = Call::new(Owner::Caller, For::Shared("caller".into()), ask);
        self.settled.extend(self.calls.submit(call, now));
    }

    fn know_caller(&mut self, now: Duration, result: Result<Value, Failed>) {
        let caller = match result {
            Ok(answer) => {
                if let Some(arn) = answer["Arn"].as_str() {
                    self.partition = regions::partition_of_arn(arn).into();
                }
                let account = answer["Account"].as_str().and_then(|id| id.parse().ok());
                account.ok_or_else(|| {
                    CallFailure::of(FailureKind::Malformed, "malformed", "the answer names no account")
                })
            }
            Err(failed) => Err(CallFailure {
                kind: failed.kind,
                code: failed.code,
                message: failed.message.to_string(),
                retry_after: None,
            }),
        };
        match caller {
            Ok(caller) => {
                self.calls.is_ours(caller);
                self.caller = Some(caller);
                let extent = match self.plan.accounts {
                    Accounts::Organisation { .. } => Extent::Whole,
                    _ => Extent::IfManaged,
                };
                self.phase = Phase::Walk;
                self.walk = Walk::new(extent, caller, &self.options);
                self.start_walk(now, ORGANISATION);
            }
            Err(failure) => {
                self.fatal = Some(failure);
                self.phase = Phase::Done;
                self.ended = Some(now);
            }
        }
    }

    fn start_walk(&mut self, now: Duration, purpose: &str) {
        let wanted = self.walk.as_mut().map(Walk::start).unwrap_or_default();
        self.ask_walk(now, purpose, wanted);
    }

    fn ask_walk(&mut self, now: Duration, purpose: &str, wanted: Vec<crate::organisation::Wanted>) {
        let (Some(account), Some(region)) = (self.caller, self.home()) else { return };
        for wanted in wanted {
            let ask = Ask {
                account,
                region: region.clone(),
                service: "organizations".into(),
                operation: wanted.operation.into(),
                parameters: wanted.parameters,
            };
            self.submit(Call::new(Owner::Walk(wanted.task), For::Shared(purpose.into()), ask), now);
        }
    }

    fn walked_once(&mut self, now: Duration) {
        let (Some(walk), Some(caller)) = (self.walk.take(), self.caller) else {
            self.close(now);
            return;
        };
        self.management = walk.management;
        self.organisation = walk.id();
        if let Some(document) = walk.document() {
            self.events.push_back(Event::Organisation(document));
        }
        let known = walk.members();
        let member = |id: &AccountId| {
            let known = known.iter().find(|member| member.id == *id).cloned();
            known.unwrap_or(Member { id: *id, inactive: None })
        };
        let mut members = match &self.plan.accounts {
            Accounts::Caller => vec![member(&caller)],
            Accounts::These(accounts) => accounts.iter().map(member).collect(),
            Accounts::Organisation { except } => {
                let kept = known.iter().filter(|member| !except.contains(&member.id));
                kept.cloned().collect()
            }
        };
        if members.is_empty() {
            // The organisation could not be read; what can be is.
            members.push(member(&caller));
        }
        self.members = members.clone();
        self.tally.accounts = members.len() as u64;
        self.waiting = members.into();
        self.enter_organisation(caller);
        self.walked = Some(walk);
        self.phase = Phase::Accounts;
    }

    /// What is listed once for the organisation is listed first.
    fn enter_organisation(&mut self, caller: AccountId) {
        let of = |listing: &&usize| self.plan.listings[**listing].place == Where::Organisation;
        let left: Vec<_> = self.plan.order.iter().rev().filter(of).map(|listing| (*listing, None)).collect();
        if left.is_empty() {
            return;
        }
        self.entered.push(Entered {
            account: self.management.unwrap_or(caller),
            asks_as: caller,
            left,
            open: 0,
            has_regions: true,
            is_organisation: true,
            has_failed: false,
        });
    }

    fn walked_again(&mut self) {
        if let (Some(again), Some(walked)) = (self.walk.take(), self.walked.as_ref()) {
            self.policies_changed = again.policies() != walked.policies();
            // What could not be read again may have changed.
            self.policies_changed |= again.has_gaps();
        }
        let told = |walked: &Walk| walked.is_whole() || self.organisation.is_none();
        if let Some(walked) = self.walked.take().filter(told) {
            let (records, cell) = walked.into_cell();
            if !self.finished.contains(&cell.key) {
                self.events.extend(records.into_iter().map(Event::Record));
            }
            self.done(cell);
        }
        for name in [ORGANISATION, ORGANISATION_AGAIN, REGIONS] {
            self.events.push_back(Event::Released(name.into()));
        }
    }

    // Accounts

    /// Enters the next accounts, if there is room for them.
    fn enter_more(&mut self, now: Duration) -> bool {
        let is_waiting = |entered: &&Entered| !entered.has_regions;
        let left: usize = self.entered.iter().map(|entered| entered.left.len()).sum();
        let has_room = left == 0 && self.runs.len() < self.options.open_listings;
        if !has_room || self.entered.iter().filter(is_waiting).count() >= AHEAD {
            return false;
        }
        let Some(member) = self.waiting.pop_front() else { return false };
        self.enter(now, member);
        true
    }

    fn enter(&mut self, now: Duration, member: Member) {
        let account = member.id;
        if let Some(status) = &member.inactive {
            let failed = Failed {
                instead: None,
                kind: FailureKind::Disabled,
                code: status.as_str().into(),
                message: shortened(&format!("the account is {}", status.to_lowercase().replace('_', " "))),
            };
            let asked = cell::Asked { service: "organizations", operation: "ListAccounts" };
            self.shut(account, &cell::gap(asked, &failed, true));
            return;
        }
        if self.is_shut_already(account) {
            self.tally.accounts_done += 1;
            self.tally.closed += 1;
            return;
        }
        self.entered.push(Entered {
            account,
            asks_as: account,
            left: Vec::new(),
            open: 0,
            has_regions: false,
            is_organisation: false,
            has_failed: false,
        });
        self.ask_regions(now, account, "ec2", "DescribeRegions", json!({"AllRegions": false}));
    }

    fn ask_regions(
        &mut self,
        now: Duration,
        account: AccountId,
        service: &str,
        operation: &str,
        parameters: Value,
    ) {
        let Some(region) = self.home() else { return };
        let ask = Ask { account, region, service: service.into(), operation: operation.into(), parameters };
        self.submit(Call::new(Owner::Regions(account), For::Shared(REGIONS.into()), ask), now);
    }

    fn know_regions(&mut self, now: Duration, account: AccountId, call: &Ask, result: Result<Value, Failed>) {
        let find = |entered: &Entered| entered.account == account && !entered.has_regions;
        let Some(place) = self.entered.iter().position(find) else { return };
        let listed = |answer: &Value, list: &str| -> Option<Vec<Region>> {
            let names = answer[list].as_array()?.iter();
            let names = names.filter(|region| {
                let status = region["OptInStatus"].as_str().or(region["RegionOptStatus"].as_str());
                !matches!(status, Some("not-opted-in" | "DISABLED" | "DISABLING"))
            });
            Some(names.filter_map(|region| region["RegionName"].as_str()?.parse().ok()).collect())
        };
        let result = result.and_then(|answer| {
            let regions = listed(&answer, "Regions");
            regions
                .filter(|regions| !regions.is_empty())
                .ok_or_else(|| Failed::malformed("malformed", "the answer names no region"))
        });
        let asked = cell::Asked { service: &call.service, operation: &call.operation };
        match result {
            Ok(mut enabled) => {
                enabled.sort();
                self.begin(place, Some(enabled));
            }
            Err(failed) if failed.instead.is_some() => {
                self.entered.remove(place);
                self.shut(account, &cell::gap(asked, &failed, true));
            }
            Err(failed) if !self.entered[place].has_failed => {
                self.entered[place].has_failed = true;
                self.regions_unread.insert(account, cell::gap(asked, &failed, true));
                let parameters =
                    json!({"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"], "MaxResults": 50});
                self.ask_regions(now, account, "account", "ListRegions", parameters);
                return;
            }
            Err(_) => {
                if let Some(gap) = self.regions_unread.get(&account) {
                    self.events.push_back(Event::RegionsUnread(account, gap.clone()));
                }
                self.begin(place, None);
                return;
            }
        }
        self.regions_unread.remove(&account);
    }

    /// Puts an account's listings in order; regions that are not enabled hold nothing.
    fn begin(&mut self, place: usize, enabled: Option<Vec<Region>>) {
        let account = self.entered[place].account;
        let asked_for = &self.plan.regions;
        let chosen: Vec<Region> = match &enabled {
            Some(enabled) if asked_for.is_empty() => enabled.clone(),
            Some(enabled) => asked_for.iter().filter(|region| enabled.contains(region)).cloned().collect(),
            None if asked_for.is_empty() => {
                let usual = regions::always_enabled(&self.partition).iter();
                usual.filter_map(|region| region.parse().ok()).collect()
            }
            None => asked_for.clone(),
        };
        let mut left = Vec::new();
        for listing in &self.plan.order {
            match self.plan.listings[*listing].place {
                Where::Account => left.push((*listing, None)),
                Where::EveryRegion => {
                    left.extend(chosen.iter().map(|region| (*listing, Some(region.clone()))));
                }
                Where::Organisation | Where::Each(_) => {}
            }
        }
        if let Some(enabled) = &enabled {
            let missing = asked_for.iter().filter(|region| !enabled.contains(region));
            let missing: Vec<Region> = missing.cloned().collect();
            missing.into_iter().for_each(|region| self.not_there(account, &region));
        }
        left.reverse();
        self.all_regions.extend(chosen.iter().cloned());
        self.tally.regions(chosen.len());
        let entered = &mut self.entered[place];
        entered.left = left;
        entered.has_regions = true;
        self.leave(place);
    }

    fn not_there(&mut self, account: AccountId, region: &Region) {
        let regional = self.kinds_in(&[Where::EveryRegion]);
        for kind in regional {
            let key =
                CellKey { account, region: Some(region.clone()), kind: self.plan.kinds[kind].kind.clone() };
            self.done(Cell { key, state: State::NotThere, records: 0, calls: 0, gaps: Vec::new() });
        }
    }

    fn kinds_in(&self, places: &[Where]) -> BTreeSet<usize> {
        let listings = self.plan.order.iter();
        let listings = listings.filter(|listing| places.contains(&self.plan.listings[**listing].place));
        let kinds = listings.flat_map(|listing| self.plan.brought_by(*listing));
        kinds.filter(|kind| self.plan.kinds[*kind].is_wanted).collect()
    }

    /// An account is closed to us: nothing of it is known, for one reason.
    fn shut(&mut self, account: AccountId, gap: &Gap) {
        for kind in self.kinds_in(&[Where::Account, Where::EveryRegion]) {
            let key = CellKey { account, region: None, kind: self.plan.kinds[kind].kind.clone() };
            self.done(Cell { key, state: State::NotRead, records: 0, calls: 0, gaps: vec![gap.clone()] });
        }
        self.tally.accounts_done += 1;
        self.tally.closed += 1;
    }

    fn is_shut_already(&self, account: AccountId) -> bool {
        let regional = self.kinds_in(&[Where::EveryRegion]);
        let is_done = |kind: &usize| {
            let kind = self.plan.kinds[*kind].kind.clone();
            self.finished.contains(&CellKey { account, region: None, kind })
        };
        !regional.is_empty() && regional.iter().all(is_done)
    }

    fn done(&mut self, cell: Cell) {
        if !self.finished.contains(&cell.key) {
            self.events.push_back(Event::CellDone(cell));
        }
    }

    /// An account of which nothing is left is left.
    fn leave(&mut self, place: usize) {
        let entered = &self.entered[place];
        if !entered.has_regions || !entered.left.is_empty() || entered.open > 0 {
            return;
        }
        let entered = self.entered.swap_remove(place);
        if !entered.is_organisation {
            self.calls.forget(entered.asks_as);
            self.tally.accounts_done += 1;
        }
    }

    // Listings

    /// Opens the next listing, if there is room for it.
    fn open_more(&mut self, now: Duration) -> bool {
        if self.runs.len() >= self.options.open_listings {
            return false;
        }
        let Some(place) = self.entered.iter().position(|entered| !entered.left.is_empty()) else {
            return false;
        };
        let Some((listing, region)) = self.entered[place].left.pop() else { return false };
        let Some(home) = self.home() else { return false };
        let entered = &mut self.entered[place];
        let at = Place {
            account: entered.account,
            asks_as: entered.asks_as,
            asked_in: region.clone().unwrap_or(home),
            region,
            partition: self.partition.clone(),
            is_organisation: entered.is_organisation,
        };
        let finished = &self.finished;
        let run = Run::new(&self.plan, &self.options, at, listing, |key| finished.contains(key));
        match run {
            Some(run) => {
                entered.open += 1;
                self.next_run += 1;
                let id = self.next_run;
                let recalls = match self.options.has_earlier {
                    true => run.could_recall(&self.plan),
                    false => Vec::new(),
                };
                self.runs
                    .insert(id, Open { run, held: 0, is_hungry: false, recalls: recalls.len(), expected: 0 });
                if recalls.is_empty() {
                    self.with_run(id, now, |run, desk| run.start(desk));
                }
                self.to_recall.extend(recalls.into_iter().map(|key| (key, id)));
            }
            None => {
                self.tally.skipped(listing);
                self.leave(place);
            }
        }
        true
    }

    /// Lets a listing that has room ask for its next page, if there is room for it here.
    fn feed_one(&mut self, now: Duration, at_any_rate: bool) -> bool {
        let held = self.held + self.calls.waiting as usize * CALL_BYTES;
        if self.hungry.is_empty() || (held >= self.options.held_bytes && !at_any_rate) {
            return false;
        }
        // One that has begun may be finished, and gives back what it holds.
        let begun = |id: &u64| self.runs.get(id).is_some_and(|open| open.run.has_begun());
        let place = if at_any_rate { self.hungry.iter().position(begun).unwrap_or(0) } else { 0 };
        let Some(id) = self.hungry.remove(place) else { return false };
        if let Some(open) = self.runs.get_mut(&id) {
            open.is_hungry = false;
        }
        self.with_run(id, now, |run, desk| run.feed(desk));
        true
    }

    fn with_run(&mut self, id: u64, now: Duration, act: impl FnOnce(&mut Run, &mut Desk<'_>)) {
        let Some(open) = self.runs.get_mut(&id) else { return };
        let mut desk =
            Desk { plan: &self.plan, options: &self.options, events: &mut self.events, calls: Vec::new() };
        act(&mut open.run, &mut desk);
        let wanted = desk.calls;
        let page = &mut self.pages[open.run.listing];
        if open.expected > 0 && !open.run.is_fed() {
            // Pages differ: the largest of late counts.
            *page = (open.run.held.saturating_sub(open.held)).max(*page - *page / 64);
            self.held -= open.expected;
            open.expected = 0;
        } else if open.expected == 0 && open.run.is_fed() {
            open.expected = (*page).max(1);
            self.held += open.expected;
        }
        self.held = self.held - open.held + open.run.held;
        open.held = open.run.held;
        if open.run.is_hungry() && !open.is_hungry {
            open.is_hungry = true;
            self.hungry.push_back(id);
        }
        let run = &open.run;
        let purpose = run.purpose.clone();
        let is_done = run.is_done() && wanted.is_empty();
        for wanted in wanted {
            let purpose = if wanted.is_again { again(&purpose) } else { purpose.clone() };
            self.submit(Call::new(Owner::Run(id, wanted.task), purpose, wanted.ask), now);
        }
        if is_done {
            self.finish_run(id);
        }
    }

    fn finish_run(&mut self, id: u64) {
        let Some(Open { run, held, expected, .. }) = self.runs.remove(&id) else { return };
        self.held -= held + expected;
        self.tally.finished(run.listing, run.calls);
        let (purpose, place) = (run.purpose.clone(), run.place.clone());
        for cell in run.into_cells() {
            self.done(cell);
        }
        for purpose in [again(&purpose), purpose] {
            if let For::Shared(name) = purpose {
                self.events.push_back(Event::Released(name));
            }
        }
        let is_its = |entered: &Entered| {
            entered.account == place.account && entered.is_organisation == place.is_organisation
        };
        if let Some(found) = self.entered.iter().position(is_its) {
            self.entered[found].open -= 1;
            self.leave(found);
        }
    }

    // Answers

    /// Makes a call, or takes its answer from the journal.
    fn submit(&mut self, call: Call, now: Duration) {
        if !self.journal.is_empty()
            && let Some(entry) = self.journal.get(&key_of_call(&call))
        {
            self.replayed.push_back((call, entry.clone()));
            return;
        }
        self.settled.extend(self.calls.submit(call, now));
    }

    fn replay(&mut self, now: Duration, call: Call, entry: JournalEntry) {
        let result = match entry.answer {
            Answer::Output(value) => Ok(value),
            Answer::Failure { failure, code, message, .. } => Err(Failed {
                instead: None,
                kind: FailureKind::named(&failure).unwrap_or(FailureKind::Malformed),
                code,
                message,
            }),
        };
        let outcome = Outcome { result, time: entry.time, attempts: entry.attempts };
        self.give(now, call, outcome);
    }

    fn settle(&mut self, now: Duration, call: Call, result: Result<Value, Failed>) {
        let time: Arc<str> = time::rfc3339(self.options.observed.unwrap_or(now)).into();
        let was_asked = !matches!(&result, Err(failed) if failed.instead.is_some());
        if was_asked && call.owner != Owner::Caller {
            let answer = match &result {
                Ok(value) => Answer::Output(value.clone()),
                Err(failed) => Answer::Failure {
                    failure: failed.kind.word().into(),
                    code: failed.code.clone(),
                    message: failed.message.clone(),
                    status: 0,
                },
            };
            self.events.push_back(Event::Journal(JournalEntry {
                purpose: call.purpose.clone(),
                account: call.ask.account,
                region: Some(call.ask.region.clone()),
                service: call.ask.service.clone(),
                operation: call.ask.operation.clone(),
                parameters: parameters_hash(&call.ask.parameters),
                time: time.clone(),
                attempts: call.attempts,
                answer,
            }));
        }
        let attempts = call.attempts;
        self.give(now, call, Outcome { result, time, attempts });
    }

    fn give(&mut self, now: Duration, call: Call, outcome: Outcome) {
        self.tally.answered += u64::from(outcome.attempts);
        match call.owner {
            Owner::Caller => self.know_caller(now, outcome.result),
            Owner::Walk(task) => {
                let wanted = self.walk.as_mut().map(|walk| walk.answered(task, outcome));
                let purpose = match &call.purpose {
                    For::Shared(name) => name.clone(),
                    For::Cell(_) => ORGANISATION.into(),
                };
                self.ask_walk(now, &purpose, wanted.unwrap_or_default());
            }
            Owner::Regions(account) => self.know_regions(now, account, &call.ask, outcome.result),
            Owner::Run(id, task) => {
                self.with_run(id, now, |run, desk| run.answered(task, outcome, desk));
            }
        }
    }
}

/// What a second look at the same listing is for.
fn again(purpose: &For) -> For {
    For::Shared(format!("{purpose} again").into())
}

fn key_of(entry: &JournalEntry) -> JournalKey {
    (
        entry.purpose.clone(),
        entry.account,
        entry.region.clone(),
        entry.service.clone(),
        entry.operation.clone(),
        entry.parameters.clone(),
    )
}

fn key_of_call(call: &Call) -> JournalKey {
    (
        call.purpose.clone(),
        call.ask.account,
        Some(call.ask.region.clone()),
        call.ask.service.clone(),
        call.ask.operation.clone(),
        parameters_hash(&call.ask.parameters),
    )
}
