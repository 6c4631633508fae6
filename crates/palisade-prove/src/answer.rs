//! Answers: it holds, a request shows that it does not, or why that is not known.

use serde::Serialize;

/// How far a question goes.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// After so many steps the answer is unknown.
    pub steps: u64,
    /// Are actions asked about that the service reference does not list, such as those that AWS will add?
    pub unlisted_actions: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 5_000_000, unlisted_actions: true }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// No request can show otherwise.
    Holds,
    /// This request shows that it does not hold; the engine confirms it.
    Violated(Box<Witness>),
    /// Neither was found, for these reasons.
    Unknown(Vec<String>),
}

/// A request that shows that something does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// Who asks.
    pub principal: String,
    /// For which action.
    pub action: String,
    /// Is the action one that the service reference lists?
    pub is_listed: bool,
    /// Does the action take a resource?
    pub takes_resource: bool,
    /// On which resource; `*` for an action that takes none.
    pub resource: String,
    /// The condition keys that matter, with their values; nothing for one that the request must not carry.
    pub context: Vec<(String, Option<Vec<String>>)>,
    /// The statement that allows it.
    pub allowed_by: Option<AllowedBy>,
}

/// The statement that allows a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowedBy {
    /// Its policy.
    pub policy: String,
    /// Its place, from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it stands.
    pub at: Option<String>,
}

/// An answer and what it took.
#[derive(Debug, Clone)]
pub struct Report {
    /// The answer.
    pub answer: Answer,
    /// The steps that were taken.
    pub steps: u64,
    /// The requests that were found and put to the engine.
    pub replays: u64,
    /// The requests that should have been confirmed and were not: each is a fault of ours.
    pub unconfirmed: u64,
    pub(crate) steps_left: u64,
    limit: u64,
}

impl Report {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            answer: Answer::Holds,
            steps: 0,
            replays: 0,
            unconfirmed: 0,
            steps_left: options.steps,
            limit: options.steps,
        }
    }

    pub(crate) fn unsure(&mut self, why: String) {
        match &mut self.answer {
            Answer::Holds => self.answer = Answer::Unknown(vec![why]),
            Answer::Unknown(reasons) if reasons.len() < 20 && !reasons.contains(&why) => reasons.push(why),
            _ => {}
        }
    }

    pub(crate) fn out_of_steps(&mut self) {
        self.steps_left = 0;
        self.unsure(format!("it was not decided within {} steps", self.limit));
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Unknown(_))
    }

    /// Is there no use in going on?
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.answer, Answer::Violated(_)) || self.steps_left == 0
    }

    pub(crate) fn finish(mut self) -> Self {
        self.steps = self.limit - self.steps_left;
        self
    }

    /// Both must hold.
    pub(crate) fn and(self, other: impl FnOnce() -> Self) -> Self {
        if matches!(self.answer, Answer::Violated(_)) {
            return self;
        }
        let mut other = other();
        other.steps += self.steps;
        other.replays += self.replays;
        other.unconfirmed += self.unconfirmed;
        if let Answer::Unknown(reasons) = self.answer {
            for why in reasons {
                other.unsure(why);
            }
        }
        other
    }
}
