//! The organisation's CloudTrail: benign work and planted attacks, in the order of time, made as it is asked for.

mod apis;
mod attacks;
mod benign;
mod deliver;
mod identity;
mod record;
mod scene;
mod studio;

pub use attacks::{Attack, Campaign};
pub use deliver::{Deliver, write_ndjson};
pub use studio::Occurrence;

use crate::clock::{DAY, HOUR, Moment};
use crate::organisation::Organisation;
use crate::random::Random;
use benign::Cast;
use studio::Studio;

/// The role that Identity Center keeps in an account for a permission set: its name and its unique id.
pub(crate) fn reserved_role(seed: u64, account: &str, set: &str) -> (String, String) {
    let name = identity::reserved_role(seed, account, set);
    let mut id = String::new();
    scene::push_role_id(account, &name, &mut id);
    (name, id)
}

/// What a trail covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its seed, beside the organisation's own.
    pub seed: u64,
    /// When it begins.
    pub start: Moment,
    /// How many days it covers.
    pub days: u32,
    /// About how many events it has.
    pub events: u64,
    /// What is planted in it.
    pub campaigns: Vec<Campaign>,
}

/// About how many events are thought of at a time.
const EVENTS_AT_A_TIME: i64 = 2_000;
/// No story is begun later than this before the end of what is thought of at a time.
const SECONDS_AT_A_TIME_MAX: i64 = 600;

/// An organisation's trail: an iterator over what happened, in the order of time.
#[derive(Debug)]
pub struct Trail<'a> {
    studio: Studio<'a>,
    cast: CastBox,
    span: Span,
    attacks: Vec<Attack>,
    /// Up to here everything has been thought of.
    thought: Moment,
    step: i64,
    /// The sum of the weights of all hours, and of those so far.
    weights: (f64, f64),
    planted: u64,
}

/// A cast has nothing to show of itself.
struct CastBox(Cast);

impl std::fmt::Debug for CastBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cast")
    }
}

impl<'a> Trail<'a> {
    /// The trail of an organisation.
    pub fn new(organisation: &'a Organisation, span: Span) -> Self {
        let seconds = i64::from(span.days.max(1)) * DAY;
        let end = span.start.after(seconds);
        let seed = organisation.seed ^ span.seed.rotate_left(32);
        let mut studio = Studio::new(organisation, Random::of(seed, "attacks"), end);
        let attacks = plant(&mut studio, &span, seconds);
        let planted = studio.made;
        studio.random = Random::of(seed, "benign");
        let per_event = seconds as f64 / span.events.max(1) as f64;
        let step = (per_event * EVENTS_AT_A_TIME as f64) as i64;
        let step = step.clamp(1, SECONDS_AT_A_TIME_MAX);
        let hours = (0..seconds / HOUR).map(|hour| weight(span.start.after(hour * HOUR)) * HOUR as f64);
        let weights = (hours.sum(), 0.0);
        let cast = CastBox(Cast::of(organisation));
        Self { studio, cast, thought: span.start, attacks, step, weights, planted, span }
    }

    /// What is planted in it.
    pub fn attacks(&self) -> &[Attack] {
        &self.attacks
    }

    /// Thinks of what begins in the next while.
    fn think(&mut self) {
        let (begin, step) = (self.thought, self.step);
        if begin.0.rem_euclid(DAY) < step {
            benign::calendar(&mut self.studio, Moment(begin.0 - begin.0.rem_euclid(DAY)));
        }
        self.weights.1 += weight(begin) * step as f64;
        let share = self.weights.1 / self.weights.0;
        let wanted = (self.span.events.saturating_sub(self.planted) as f64 * share) as u64 + self.planted;
        while self.studio.made < wanted.min(self.span.events) {
            let before = self.studio.made;
            let at = begin.after(self.studio.random.below(step as usize) as i64);
            benign::story(&mut self.studio, &self.cast.0, at);
            // What would be told after the end is not told: nothing more can come of it.
            if self.studio.made == before && begin.after(step) >= self.studio.end {
                break;
            }
        }
        self.thought = begin.after(step);
    }
}

impl Iterator for Trail<'_> {
    type Item = Occurrence;

    fn next(&mut self) -> Option<Occurrence> {
        loop {
            if let Some(next) = self.studio.next_before(self.thought) {
                return Some(next);
            }
            if self.thought >= self.studio.end {
                return self.studio.next_before(self.studio.end);
            }
            self.think();
        }
    }
}

/// How busy an hour is: machines always, people by day and on weekdays.
fn weight(at: Moment) -> f64 {
    let is_day = (7..20).contains(&at.time().0) && at.weekday() < 5;
    if is_day { 1.25 } else { 0.85 }
}

/// Stages the campaigns, spread over the days: the first in the small hours.
fn plant(studio: &mut Studio<'_>, span: &Span, seconds: i64) -> Vec<Attack> {
    let count = span.campaigns.len().max(1) as i64;
    let mut attacks = Vec::new();
    for (position, campaign) in span.campaigns.iter().enumerate() {
        // The last hours are left free, so that a campaign comes to its end.
        let room = (seconds - 8 * HOUR).max(1);
        let by_chance = studio.random.between(0, 2 * HOUR);
        let at = span.start.after(2 * HOUR + 14 * 60 + 7 + room * position as i64 / count);
        let at = if position == 0 { at } else { at.after(by_chance) };
        attacks.extend(attacks::stage(studio, *campaign, at));
    }
    attacks
}
