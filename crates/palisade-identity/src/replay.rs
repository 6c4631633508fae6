//! Replays a trail: asks about every event what the estate's policies say, and compares with what AWS recorded.

use crate::event::{NotAsked, access_key, read_event, session_policies};
use crate::identities::Identities;
use crate::recorded::Recorded;
use palisade_iam::{Outcome, Policy, Question, explain};
use palisade_model::Span;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many sessions with policies of their own are remembered.
const MAX_SESSIONS: usize = 100_000;
/// How many reasons and how many disagreements are told apart.
const MAX_GROUPS: usize = 10_000;

/// A trail, as far as it was replayed.
pub struct Replay<'i> {
    identities: &'i Identities,
    sessions: HashMap<String, Vec<Arc<Policy>>>,
    disagreements: BTreeMap<(String, String, String, String), Disagreement>,
    agreement: Agreement,
}

/// How far the engine and AWS agree.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Agreement {
    /// All events. The counts below add up to it.
    pub events: u64,
    /// The engine says what AWS did.
    pub agree: u64,
    /// Of those: both deny, and AWS's message names a reason that the engine does not see.
    pub agree_for_another_reason: u64,
    /// One allows what the other denies.
    pub disagree: u64,
    /// The engine can't know: something decides that neither the trail nor the estate tells.
    pub unknown: u64,
    /// The call failed for another reason than a denial.
    pub failed: u64,
    /// IAM was not asked.
    pub not_iam: u64,
    /// Which action the event is, is not known.
    pub unmapped: u64,
    /// What is not known, and how often it decided.
    pub unknown_because: Vec<Tally>,
    /// The error codes of what failed.
    pub failed_with: Vec<Tally>,
    /// Why IAM was not asked.
    pub not_iam_because: Vec<Tally>,
    /// The actions that are not known.
    pub unmapped_actions: Vec<Tally>,
    /// The disagreements, the most frequent first.
    pub disagreements: Vec<Disagreement>,
    #[serde(skip)]
    tallies: [BTreeMap<String, u64>; 4],
}

/// How often something was so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// What.
    pub what: String,
    /// How often.
    pub events: u64,
}

/// Events about which the engine and AWS disagree in the same way.
#[derive(Debug, Clone, Serialize)]
pub struct Disagreement {
    /// How many events.
    pub events: u64,
    /// Who asked.
    pub principal: String,
    /// The action.
    pub action: String,
    /// What AWS did: `allowed`, or why it denied.
    pub recorded: String,
    /// What the engine decides.
    pub decided: Outcome,
    /// Why, in one sentence.
    pub why: String,
    /// The resource of the first.
    pub resource: String,
    /// The id of the first event.
    pub event_id: Option<String>,
    /// Where it stands.
    pub at: String,
    /// What would have to be different in the estate for both to agree.
    pub changes: Vec<String>,
}

impl<'i> Replay<'i> {
    /// Begins a replay against the identities of an estate.
    pub fn new(identities: &'i Identities) -> Self {
        Self {
            identities,
            sessions: HashMap::new(),
            disagreements: BTreeMap::new(),
            agreement: Agreement::default(),
        }
    }

    /// Compares an event.
    pub fn event(&mut self, record: &Value, at: Option<&Span>) {
        self.agreement.events += 1;
        if self.sessions.len() < MAX_SESSIONS {
            self.sessions.extend(session_policies(record));
        }
        let event = match read_event(record, self.identities) {
            Ok(event) => event,
            Err(why) => return self.agreement.not_asked(why),
        };
        let session = access_key(record).and_then(|key| self.sessions.get(key)).cloned().unwrap_or_default();
        let mut all: Option<(Question, Outcome)> = None;
        let mut unread = None;
        for mut asked in event.asked {
            asked.session.clone_from(&session);
            let question = match self.identities.question(&asked) {
                Ok((request, policies)) => Question::new(request, policies),
                Err(why) => {
                    unread = Some(why);
                    continue;
                }
            };
            let outcome = question.decide().outcome;
            // All must be allowed: a denial decides, and what is not known decides before what is allowed.
            if all.as_ref().is_none_or(|(_, so_far)| rank(outcome) > rank(*so_far)) {
                all = Some((question, outcome));
            }
        }
        let Some((question, outcome)) = all else {
            return self.agreement.not_asked(NotAsked::NotShown(unread.unwrap_or_default()));
        };
        let missing = event.missing.filter(|_| outcome == Outcome::Allowed);
        if let Some(missing) = missing.or(unread.filter(|_| outcome == Outcome::Allowed)) {
            let why = format!("the trail does not show which {missing} was asked for too");
            return self.agreement.unknown(&[why]);
        }
        match (&event.recorded, outcome) {
            (_, Outcome::Unknown) => {
                let open = question.open();
                let name = |open: &palisade_iam::Open| match (&open.key, &open.fact) {
                    (Some(key), _) => format!("`{key}`: {}", open.why),
                    (None, Some(fact)) => format!("{fact}: {}", open.why),
                    (None, None) => open.why.to_string(),
                };
                self.agreement.unknown(&open.iter().map(name).collect::<Vec<_>>());
            }
            (Recorded::Done, Outcome::Allowed) => self.agreement.agree += 1,
            (Recorded::Denied(because), Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied) => {
                self.agreement.agree += 1;
                let decision = question.decide();
                if because.is_some_and(|because| !because.is_told_by(&decision)) {
                    self.agreement.agree_for_another_reason += 1;
                }
            }
            (recorded, _) => {
                self.agreement.disagree += 1;
                let recorded = match recorded {
                    Recorded::Denied(Some(because)) => format!("denied: {}", because.text()),
                    Recorded::Denied(None) => "denied".to_owned(),
                    Recorded::Done | Recorded::Failed(_) => "allowed".to_owned(),
                };
                self.disagree(event.who, &question, recorded, record, at);
            }
        }
    }

    fn disagree(
        &mut self,
        who: String,
        question: &Question,
        recorded: String,
        record: &Value,
        at: Option<&Span>,
    ) {
        let decision = question.decide();
        let action = question.request().action.text.to_string();
        let blocked: Vec<&str> = decision.blocked_by.iter().map(palisade_iam::Layer::word).collect();
        let key = (who, action, recorded, format!("{:?} {blocked:?}", decision.outcome));
        if let Some(known) = self.disagreements.get_mut(&key) {
            known.events += 1;
            return;
        }
        if self.disagreements.len() >= MAX_GROUPS {
            return;
        }
        let explanation = explain(question);
        let disagreement = Disagreement {
            events: 1,
            principal: key.0.clone(),
            action: key.1.clone(),
            recorded: key.2.clone(),
            decided: decision.outcome,
            why: explanation.why,
            resource: question.request().resource.text.to_string(),
            event_id: record.get("eventID").and_then(Value::as_str).map(str::to_owned),
            at: at.map(ToString::to_string).unwrap_or_default(),
            changes: explanation.changes,
        };
        self.disagreements.insert(key, disagreement);
    }

    /// What came of it.
    pub fn finish(self) -> Agreement {
        let mut agreement = self.agreement;
        agreement.disagreements = self.disagreements.into_values().collect();
        agreement.disagreements.sort_by_key(|it| std::cmp::Reverse(it.events));
        let [unknown, failed, not_iam, unmapped] = std::mem::take(&mut agreement.tallies);
        agreement.unknown_because = sorted(unknown);
        agreement.failed_with = sorted(failed);
        agreement.not_iam_because = sorted(not_iam);
        agreement.unmapped_actions = sorted(unmapped);
        agreement
    }
}

fn sorted(tallies: BTreeMap<String, u64>) -> Vec<Tally> {
    let mut all: Vec<Tally> = tallies.into_iter().map(|(what, events)| Tally { what, events }).collect();
    all.sort_by_key(|tally| std::cmp::Reverse(tally.events));
    all
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Allowed => 0,
        Outcome::Unknown => 1,
        Outcome::ImplicitlyDenied => 2,
        Outcome::ExplicitlyDenied => 3,
    }
}

impl Agreement {
    /// The share of agreement among the events that could be compared; nothing when none could.
    pub fn rate(&self) -> Option<f64> {
        let compared = self.agree + self.disagree;
        #[expect(clippy::cast_precision_loss, reason = "no trail has 2^52 events")]
        (compared > 0).then(|| self.agree as f64 / compared as f64)
    }

    fn tally(&mut self, of: usize, what: String) {
        let tallies = &mut self.tallies[of];
        let what = if tallies.len() < MAX_GROUPS || tallies.contains_key(&what) {
            what
        } else {
            "others".to_owned()
        };
        *tallies.entry(what).or_default() += 1;
    }

    fn not_asked(&mut self, why: NotAsked) {
        match why {
            NotAsked::NotIam(why) => {
                self.not_iam += 1;
                self.tally(2, why);
            }
            NotAsked::Unmapped(action) => {
                self.unmapped += 1;
                self.tally(3, action);
            }
            NotAsked::Failed(code) => {
                self.failed += 1;
                self.tally(1, code);
            }
            NotAsked::NotShown(why) => self.unknown(&[why]),
        }
    }

    /// An event counts once, by the first of its reasons that is the same for many.
    fn unknown(&mut self, reasons: &[String]) {
        self.unknown += 1;
        let known = reasons.iter().find(|reason| self.tallies[0].contains_key(*reason));
        let reason = known.or(reasons.first()).cloned().unwrap_or_else(|| "it is not told".to_owned());
        self.tally(0, reason);
    }
}
