//! Credentials for each account: held while they are good, renewed before they end, by one caller at a time.

use aws_credential_types::Credentials;
use palisade_aws::CallFailure;
use palisade_model::AccountId;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Credentials are renewed this long before they end.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// A refusal holds this long, so that an account that can't be entered is not asked for with each of its calls.
const REFUSED: Duration = Duration::from_secs(5 * 60);

/// Whose credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// The caller's own, as the machine's configuration gives them.
    Base,
    /// The role that is taken on the way to others.
    Hub,
    /// The role in an account.
    Account(AccountId),
}

/// All credentials that are held.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    slots: Mutex<HashMap<Holder, Arc<Slot>>>,
}

#[derive(Debug, Default)]
struct Slot {
    held: tokio::sync::Mutex<Held>,
}

#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    Good(Credentials),
    Refused(CallFailure, SystemTime),
}

impl Sessions {
    /// The credentials that are held, or that `renew` brings. Who comes meanwhile waits for the same.
    pub(crate) async fn of(
        &self,
        holder: &Holder,
        now: SystemTime,
        renew: impl Future<Output = Result<Credentials, CallFailure>>,
    ) -> Result<Credentials, CallFailure> {
        let slot = self.slot(holder);
        let mut held = slot.held.lock().await;
        let old = match &*held {
            Held::Good(credentials) if !ends_within(credentials, now, EARLY) => {
                return Ok(credentials.clone());
            }
            Held::Good(credentials) => Some(credentials.clone()),
            Held::Refused(failure, until) if now < *until => return Err(failure.clone()),
            _ => None,
        };
        match (renew.await, old) {
            (Ok(credentials), _) => {
                *held = Held::Good(credentials.clone());
                Ok(credentials)
            }
            // What can't be renewed yet is used to its end.
            (Err(_), Some(old)) if !ends_within(&old, now, Duration::ZERO) => Ok(old),
            (Err(failure), _) => {
                *held = match failure.kind.is_passing() {
                    true => Held::Nothing,
                    false => Held::Refused(failure.clone(), now.checked_add(REFUSED).unwrap_or(now)),
                };
                Err(failure)
            }
        }
    }

    /// These are no longer good, AWS says; what another call brought meanwhile stays.
    pub(crate) async fn drop(&self, holder: &Holder, bad: &Credentials) {
        let slot = self.slot(holder);
        let mut held = slot.held.lock().await;
        if matches!(&*held, Held::Good(credentials) if is_same(credentials, bad)) {
            *held = Held::Nothing;
        }
    }

    fn slot(&self, holder: &Holder) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(holder.clone()).or_default())
    }
}

/// Whether both are the same credentials.
pub(crate) fn is_same(one: &Credentials, other: &Credentials) -> bool {
    one.access_key_id() == other.access_key_id() && one.session_token() == other.session_token()
}

fn ends_within(credentials: &Credentials, now: SystemTime, margin: Duration) -> bool {
    credentials.expiry().is_some_and(|end| now.checked_add(margin).is_none_or(|then| end <= then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_aws::FailureKind;

    fn key(name: &str, end: u64) -> Credentials {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(end);
        Credentials::new(name, "secret", None, Some(end), "test")
    }

    /// Asks at each time, where renewing brings what is said, and tells what was given.
    fn check(steps: &[(u64, Result<Credentials, FailureKind>, &str)]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sessions = Sessions::default();
        for (now, renewed, expected) in steps {
            let renew = async { renewed.clone().map_err(|kind| CallFailure::of(kind, "x", "")) };
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(*now);
            let found = runtime.block_on(sessions.of(&Holder::Base, now, renew));
            let found = found.map_or_else(
                |failure| failure.kind.to_string(),
                |credentials| credentials.access_key_id().to_owned(),
            );
            assert_eq!(found, *expected, "at {now:?}");
        }
    }

    #[test]
    fn credentials_are_renewed_before_they_end() {
        check(&[
            (0, Ok(key("a", 3_600)), "a"),
            (3_000, Ok(key("b", 9_999)), "a"),
            (3_301, Ok(key("b", 9_999)), "b"),
        ]);
    }

    #[test]
    fn what_can_not_be_renewed_is_used_to_its_end() {
        check(&[
            (0, Ok(key("a", 3_600)), "a"),
            (3_400, Err(FailureKind::Server), "a"),
            (3_601, Err(FailureKind::Server), "server"),
            (3_602, Ok(key("b", 9_999)), "b"),
        ]);
    }

    #[test]
    fn a_refusal_is_believed_for_a_while_and_a_throttle_is_not() {
        check(&[
            (0, Err(FailureKind::Denied), "denied"),
            (10, Ok(key("a", 3_600)), "denied"),
            (301, Ok(key("a", 3_600)), "a"),
        ]);
        check(&[(0, Err(FailureKind::Throttled), "throttled"), (1, Ok(key("a", 3_600)), "a")]);
    }
}
