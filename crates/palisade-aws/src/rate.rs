//! How fast a caller may go: a bucket of tokens that slows down when it is told to, and the cap on trying again.
//!
//! Pure: the time is an argument, as what has passed since any one moment. The bucket is the one of the SDKs' adaptive
//! retry mode: a throttle multiplies the rate by 0.7, and successes take it back along a cubic curve, quickly at
//! first, carefully near the rate at which it was throttled. Beyond the SDKs', it never exceeds a rate of its own,
//! which is the caller's share of a documented quota.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>

use std::time::Duration;

/// What a throttle leaves of the rate.
const BETA: f64 = 0.7;

/// How steeply the rate comes back.
const SCALE: f64 = 0.4;

/// The least rate, in calls a second; also what a bucket whose rate is no number gets.
pub const RATE_MIN: f64 = 0.01;

/// Who waits for a token longer than this has asked for nonsense.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// When there will be a token again, on the caller's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitUntil(pub Duration);

/// Tokens for calls: each call takes one, and they come back at a rate.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenBucket {
    /// The rate that is never exceeded, and the one that holds now.
    rate_max: f64,
    rate: f64,
    burst: f64,
    tokens: f64,
    refilled: Duration,
    /// The rate of the last throttle, and when it was; none before the first.
    throttled: Option<Throttle>,
    /// Calls since `measured`, for the rate that was really used.
    calls: f64,
    /// When the measured time began; none before the first call, because until then nobody wanted any.
    measured: Option<Duration>,
    used: f64,
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Throttle {
    rate: f64,
    at: Duration,
}

/// The rate that was really used is measured over this long.
const WINDOW: f64 = 0.5;

/// How much of the last window counts.
const SMOOTH: f64 = 0.8;

impl TokenBucket {
    /// A full bucket: so many calls a second for long, and so many at once (at least one).
    pub fn new(rate_per_second: f64, burst: f64) -> Self {
        let rate = if rate_per_second.is_finite() { rate_per_second.max(RATE_MIN) } else { RATE_MIN };
        let burst = if burst.is_finite() { burst.max(1.0) } else { 1.0 };
        Self {
            rate_max: rate,
            rate,
            burst,
            tokens: burst,
            refilled: Duration::ZERO,
            throttled: None,
            calls: 0.0,
            measured: None,
            used: 0.0,
            pause: Duration::ZERO,
        }
    }

    /// A bucket for this share of a quota: a fifth of the rate, and a fifth of the burst.
    pub fn of_share(quota: &crate::Quota, share: f64) -> Self {
        Self::new(quota.per_second * share, quota.burst * share)
    }

    /// Takes a token, or says when to come again. A time before the last one counts as the last one.
    pub fn take(&mut self, now: Duration) -> Result<(), WaitUntil> {
        if now < self.pause {
            return Err(WaitUntil(self.pause));
        }
        self.refill(now);
        // What floating point lost must not cost another round.
        if self.tokens >= 1.0 - 1e-6 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            self.measure(now);
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / self.rate;
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(WAIT_MAX).min(WAIT_MAX);
        // The time is rounded up, so that who comes then finds the token.
        Err(WaitUntil(self.refilled.saturating_add(wait).saturating_add(Duration::from_nanos(1))))
    }

    /// A call was throttled: slower from now on, and what was saved up is gone.
    pub fn throttled(&mut self, now: Duration) {
        self.refill(now);
        let used = if self.used > 0.0 { self.rate.min(self.used) } else { self.rate };
        self.throttled = Some(Throttle { rate: used, at: now });
        self.rate = (used * BETA).max(RATE_MIN).min(self.rate_max);
        self.tokens = 0.0;
    }

    /// A call was not throttled: after a throttle, a little faster from now on.
    pub fn succeeded(&mut self, now: Duration) {
        self.refill(now);
        let Some(throttle) = self.throttled else { return };
        let since = now.saturating_sub(throttle.at).as_secs_f64();
        let window = (throttle.rate * (1.0 - BETA) / SCALE).cbrt();
        let rate = SCALE * (since - window).powi(3) + throttle.rate;
        // The SDKs let it double at most what was really used.
        let cap = if self.used > 0.0 { 2.0 * self.used } else { self.rate_max };
        self.rate = rate.min(cap.max(self.rate)).clamp(RATE_MIN, self.rate_max).max(throttle.rate * BETA);
        self.rate = self.rate.clamp(RATE_MIN, self.rate_max);
        if self.rate >= self.rate_max {
            self.throttled = None;
        }
    }

    /// The service asks to be left alone until then.
    pub fn pause_until(&mut self, then: Duration) {
        self.pause = self.pause.max(then);
    }

    /// The rate that holds now, in calls a second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The rate that is never exceeded.
    pub fn rate_max(&self) -> f64 {
        self.rate_max
    }

    /// How many calls can be made at once.
    pub fn burst(&self) -> f64 {
        self.burst
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.burst);
        self.refilled = self.refilled.max(now);
    }

    fn measure(&mut self, now: Duration) {
        let Some(measured) = self.measured else {
            self.measured = Some(now);
            return;
        };
        self.calls += 1.0;
        let passed = now.saturating_sub(measured).as_secs_f64();
        if passed >= WINDOW {
            let used = self.calls / passed;
            // The first measure is all that is known.
            self.used = if self.used > 0.0 { used * SMOOTH + self.used * (1.0 - SMOOTH) } else { used };
            self.calls = 0.0;
            self.measured = Some(now);
        }
    }
}

/// How long to wait before another attempt: twice as long each time, up to a limit, less a share that `chance` takes
/// away (0 to 1), so that callers who failed together do not come back together. The first attempt is number 1.
pub fn back_off(attempt: u32, chance: f64) -> Duration {
    const BASE: Duration = Duration::from_millis(1_000);
    const LIMIT: Duration = Duration::from_secs(20);
    let doubled =
        BASE.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1).min(10)).unwrap_or(u32::MAX));
    let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 1.0 };
    doubled.min(LIMIT).mul_f64(1.0 - 0.5 * chance)
}

/// A stock from which attempts again are paid, so that a service that is down is not asked for ever and by everybody.
///
/// As the SDKs' standard retry mode has it: 500 to begin with, 5 for an attempt again, 10 for one after a timeout; a
/// success gives back what its last attempt cost, or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryStock {
    left: u32,
}

impl Default for RetryStock {
    fn default() -> Self {
        Self { left: Self::FULL }
    }
}

impl RetryStock {
    const FULL: u32 = 500;

    /// Pays for another attempt, or says that there is nothing left to pay with.
    pub fn pay(&mut self, after_timeout: bool) -> bool {
        let cost = Self::cost(after_timeout);
        let can = self.left >= cost;
        if can {
            self.left -= cost;
        }
        can
    }

    /// Gives back; `after` is what the attempt that succeeded was paid for, none for a first one.
    pub fn succeeded(&mut self, after: Option<bool>) {
        self.left = self.left.saturating_add(after.map_or(1, Self::cost)).min(Self::FULL);
    }

    fn cost(after_timeout: bool) -> u32 {
        if after_timeout { 10 } else { 5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Calls that are made as soon as they may be, until the end.
    fn calls(bucket: &mut TokenBucket, from: f64, until: f64) -> usize {
        let (mut now, mut count) = (at(from), 0);
        while now < at(until) {
            match bucket.take(now) {
                Ok(()) => count += 1,
                Err(WaitUntil(then)) => {
                    assert!(then > now, "to wait until {then:?} at {now:?}");
                    now = then;
                }
            }
        }
        count
    }

    #[test]
    fn the_burst_is_there_at_once_and_the_rest_at_the_rate() {
        let check = |rate: f64, burst: f64, seconds: f64, expected: usize| {
            let count = calls(&mut TokenBucket::new(rate, burst), 0.0, seconds);
            assert!(count.abs_diff(expected) <= 1, "{rate}/s burst {burst} for {seconds} s: {count}");
        };
        check(10.0, 1.0, 10.0, 100);
        check(10.0, 50.0, 10.0, 149);
        check(0.2, 1.0, 60.0, 12);
        check(0.0, 0.0, 250.0, 3);
        check(f64::NAN, f64::INFINITY, 250.0, 3);
    }

    #[test]
    fn who_comes_when_told_finds_a_token() {
        for rate in [0.03, 0.333, 1.7, 20.0, 97.3] {
            let mut bucket = TokenBucket::new(rate, 3.0);
            let mut now = Duration::ZERO;
            let mut refused = 0;
            for _ in 0..1_000 {
                if let Err(WaitUntil(then)) = bucket.take(now) {
                    refused += 1;
                    now = then;
                    assert_eq!(bucket.take(now), Ok(()), "{rate} at {now:?}");
                }
            }
            assert!(refused > 900);
        }
    }

    #[test]
    fn a_throttle_slows_down_and_successes_bring_the_rate_back() {
        let mut bucket = TokenBucket::new(20.0, 20.0);
        calls(&mut bucket, 0.0, 10.0);
        bucket.throttled(at(10.0));
        let slowed = bucket.rate();
        assert!((13.0..15.0).contains(&slowed), "{slowed}");
        assert!(bucket.take(at(10.0)).is_err(), "what was saved up is gone");
        let mut last = slowed;
        for step in 1..=300 {
            let now = 10.0 + f64::from(step) * 0.1;
            calls(&mut bucket, now - 0.1, now);
            bucket.succeeded(at(now));
            assert!(bucket.rate() >= last - 0.2, "{} after {last} at {now}", bucket.rate());
            last = bucket.rate();
        }
        assert_eq!(bucket.rate(), 20.0);
    }

    #[test]
    fn a_throttle_soon_after_the_first_call_is_no_collapse() {
        // A clock that counts from 1970, or one that idles for an hour before the first call.
        for first in [0.0, 3_600.0, 1_795_000_000.0] {
            let check = |calls_made: f64, expected: std::ops::Range<f64>| {
                let mut bucket = TokenBucket::new(20.0, 20.0);
                bucket.take(at(first)).unwrap();
                calls(&mut bucket, first, first + calls_made);
                bucket.throttled(at(first + calls_made));
                assert!(expected.contains(&bucket.rate()), "{} after {calls_made} s", bucket.rate());
            };
            check(0.0, 13.9..14.1);
            check(0.3, 13.9..14.1);
            check(5.0, 12.0..14.1);
        }
    }

    #[test]
    fn throttles_without_end_leave_a_trickle() {
        let mut bucket = TokenBucket::new(20.0, 20.0);
        (0..100).for_each(|second| bucket.throttled(at(f64::from(second))));
        assert_eq!(bucket.rate(), RATE_MIN);
    }

    #[test]
    fn a_rate_is_never_above_its_own() {
        let mut bucket = TokenBucket::new(5.0, 5.0);
        for step in 0..1_000 {
            let now = f64::from(step);
            calls(&mut bucket, now, now + 1.0);
            if step == 10 {
                bucket.throttled(at(now + 1.0));
            }
            bucket.succeeded(at(now + 1.0));
            assert!(bucket.rate() <= 5.0);
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_away() {
        let mut bucket = TokenBucket::new(1.0, 1.0);
        assert_eq!(bucket.take(at(100.0)), Ok(()));
        let Err(WaitUntil(then)) = bucket.take(at(50.0)) else { panic!("a second token") };
        assert!((100.9..101.1).contains(&then.as_secs_f64()), "{then:?}");
    }

    #[test]
    fn a_pause_holds() {
        let mut bucket = TokenBucket::new(100.0, 100.0);
        bucket.pause_until(at(5.0));
        assert_eq!(bucket.take(at(1.0)), Err(WaitUntil(at(5.0))));
        assert_eq!(bucket.take(at(5.0)), Ok(()));
    }

    #[test]
    fn waits_double_up_to_a_limit() {
        let check = |attempt, chance, milliseconds| {
            assert_eq!(back_off(attempt, chance), Duration::from_millis(milliseconds), "{attempt} {chance}");
        };
        check(1, 0.0, 1_000);
        check(1, 1.0, 500);
        check(2, 0.0, 2_000);
        check(5, 0.0, 16_000);
        check(6, 0.0, 20_000);
        check(u32::MAX, 0.5, 15_000);
        check(1, f64::NAN, 500);
    }

    #[test]
    fn a_service_that_is_down_uses_up_the_attempts() {
        let mut stock = RetryStock::default();
        assert_eq!((0..1_000).filter(|_| stock.pay(false)).count(), 100);
        stock.succeeded(None);
        assert!(!stock.pay(false));
        stock.succeeded(Some(true));
        assert!(stock.pay(true));
    }
}
