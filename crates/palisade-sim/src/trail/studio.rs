//! Where stories are told: what happens is put in the order of time.

use super::record::{Api, Extra, Outcome, Who, record};
use super::scene::{Place, Scene};
use crate::clock::Moment;
use crate::organisation::Organisation;
use crate::random::Random;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that happened, as CloudTrail records it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// When.
    pub time: Moment,
    /// Its place among all, in the order in which it was thought of.
    pub(crate) number: u64,
    /// The account's place among the organisation's accounts.
    pub account: usize,
    /// The region it is recorded in.
    pub region: &'static str,
    /// The record, as JSON on one line.
    pub record: String,
}

/// Where stories are told.
#[derive(Debug)]
pub struct Studio<'a> {
    /// The organisation they are told of.
    pub organisation: &'a Organisation,
    /// Its accounts.
    pub places: Vec<Place>,
    /// What is drawn by chance.
    pub random: Random,
    /// What happens from here on is not recorded any more.
    pub end: Moment,
    /// How many events there are so far.
    pub made: u64,
    pending: BinaryHeap<Reverse<Occurrence>>,
    number: u64,
}

impl<'a> Studio<'a> {
    /// An empty studio.
    pub fn new(organisation: &'a Organisation, random: Random, end: Moment) -> Self {
        let places = Place::all(organisation);
        Self { organisation, places, random, end, made: 0, pending: BinaryHeap::new(), number: 0 }
    }

    /// Records something that happened and gives its event id.
    pub fn happens(
        &mut self,
        time: Moment,
        scene: &Scene<'_>,
        who: &Who,
        api: &Api,
        outcome: Outcome,
        extra: Extra,
    ) -> String {
        let mut text = String::with_capacity(1_600);
        let id = record(&mut text, (time, who, api), outcome, extra, scene, &mut self.random);
        if time < self.end {
            self.made += 1;
            let region = scene.region_of(api.service);
            let (account, number) = (scene.place.index, self.number);
            self.pending.push(Reverse(Occurrence { time, number, account, region, record: text }));
        }
        self.number += 1;
        id
    }

    /// The next thing that happened before a moment.
    pub fn next_before(&mut self, moment: Moment) -> Option<Occurrence> {
        match self.pending.peek() {
            Some(Reverse(next)) if next.time < moment => self.pending.pop().map(|Reverse(next)| next),
            _ => None,
        }
    }
}
