//! How long to wait before the next try.

use rand::Rng;
use std::time::Duration;

/// Waiting times that double from `initial` to `max`, with a tenth of jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub initial: Duration,
    /// Never longer than this.
    pub max: Duration,
}

impl Backoff {
    /// The wait after `failures` earlier failures of the same thing.
    pub fn delay(&self, failures: u32) -> Duration {
        let doubled = self.initial.saturating_mul(1u32.checked_shl(failures.min(20)).unwrap_or(u32::MAX));
        let wait = doubled.min(self.max);
        wait.mul_f64(rand::rng().random_range(0.9..=1.1)).min(self.max)
    }

    /// The same in milliseconds.
    pub fn delay_ms(&self, failures: u32) -> i64 {
        i64::try_from(self.delay(failures).as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff { initial: Duration::from_millis(500), max: Duration::from_secs(60) };
        for (failures, expected) in
            [(0, 500.0), (1, 1000.0), (3, 4000.0), (7, 60_000.0), (40, 60_000.0), (u32::MAX, 60_000.0)]
        {
            let found = backoff.delay(failures).as_secs_f64() * 1000.0;
            assert!((found - expected).abs() <= expected * 0.11, "{failures}: {found}");
        }
    }
}
