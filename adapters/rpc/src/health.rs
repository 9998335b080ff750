//! How well an endpoint does: whether to ask it now, and in which order.

use std::time::{Duration, Instant};

/// The longest an endpoint is put aside for failing.
const MAX_ASIDE: Duration = Duration::from_secs(60);
/// The longest an endpoint is put aside for lying.
const MAX_LIE_ASIDE: Duration = Duration::from_secs(900);

/// Why an endpoint is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    /// It did not answer, or with garbage. Asked again when all others are worse off.
    Failed,
    /// It asked for patience.
    Patience,
    /// It lied.
    Lied,
}

/// What is remembered about an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// Failures since the last good answer.
    pub(crate) failures: u32,
    /// Answers that a proof or a hash contradicted, ever.
    pub(crate) lies: u32,
    /// Smoothed time of an answer, milliseconds.
    pub(crate) latency_ms: f64,
    /// Not asked before this time, if another endpoint is left.
    aside_until: Option<(Instant, Aside)>,
    /// Why it failed last.
    pub(crate) last_failure: Option<String>,
}

impl Health {
    pub(crate) fn good(&mut self, took: Duration) {
        let ms = took.as_secs_f64() * 1e3;
        self.latency_ms = if self.latency_ms == 0.0 { ms } else { self.latency_ms * 0.8 + ms * 0.2 };
        self.failures = 0;
        self.aside_until = None;
    }

    /// Put aside for 1, 2, 4 … 60 seconds.
    pub(crate) fn failed(&mut self, why: String, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(why);
        self.put_aside(Duration::from_secs(1 << (self.failures - 1).min(6)).min(MAX_ASIDE), Aside::Failed, now);
    }

    /// Put aside for as long as it asked for, or as for a failure.
    pub(crate) fn rate_limited(&mut self, retry_after: Option<Duration>, now: Instant) {
        self.failed("asks for patience".into(), now);
        let wait = retry_after.unwrap_or_else(|| self.aside(now).map_or(Duration::from_secs(1), |(wait, _)| wait));
        self.put_aside(wait, Aside::Patience, now);
    }

    /// Put aside for 15, 30, 60 … 900 seconds.
    pub(crate) fn lied(&mut self, why: String, now: Instant) {
        self.lies = self.lies.saturating_add(1);
        self.last_failure = Some(why);
        self.put_aside(Duration::from_secs(15 << (self.lies - 1).min(6)).min(MAX_LIE_ASIDE), Aside::Lied, now);
    }

    fn put_aside(&mut self, wait: Duration, why: Aside, now: Instant) {
        self.aside_until = Some((now + wait, why));
    }

    /// How much longer it is put aside, and why.
    pub(crate) fn aside(&self, now: Instant) -> Option<(Duration, Aside)> {
        let (until, why) = self.aside_until?;
        until.checked_duration_since(now).filter(|d| !d.is_zero()).map(|wait| (wait, why))
    }

    /// Smaller is asked first: few lies, few failures, then fast in steps of 50 ms.
    pub(crate) fn order(&self) -> (u32, u32, u64) {
        (self.lies.min(8), self.failures.min(8), (self.latency_ms / 50.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aside_grows_and_a_good_answer_forgives() {
        let now = Instant::now();
        let mut health = Health::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            health.failed("x".into(), now);
            waits.push(health.aside(now).unwrap().0.as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        health.good(Duration::from_millis(10));
        assert_eq!((health.aside(now), health.failures), (None, 0));
        health.rate_limited(Some(Duration::from_secs(7)), now);
        assert_eq!(health.aside(now), Some((Duration::from_secs(7), Aside::Patience)));
        health.lied("y".into(), now);
        health.good(Duration::from_millis(10));
        assert_eq!(health.order().0, 1, "a lie is remembered");
    }
}
