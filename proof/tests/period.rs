//! Each update lies within the trusting period of the state that it builds upon, by proven times
//! alone; a clock, where there is one, judges the newest state and nothing before it.
#![allow(missing_docs, clippy::duplicate_mod)]

mod common;
#[path = "common/long.rs"]
mod long;

use common::{Chain, T0, plain};
use lupu_proof::{Bundle, Place, Report, VerifyError, verify};
use lupu_standard::TimestampSecs;

const PERIOD: u64 = 7 * 86_400;
/// The farthest that an update may be from the state before it.
const STEP: u64 = PERIOD - 1;

/// The verdict, which the plain checker shares.
fn judge(bundle: &Bundle, now: Option<u64>) -> Result<Report, (&'static str, Place)> {
    let (file, trusted) = (bundle.to_cbor(), bundle.anchor.digest());
    let bundle = Bundle::decode(&file).unwrap();
    let verdict = verify(&bundle, &[trusted], now.map(TimestampSecs));
    assert_eq!(plain::accepts(&file, trusted, now), verdict.is_ok(), "the plain checker, {now:?}: {verdict:?}");
    verdict.map_err(|e| match e {
        VerifyError::False(failure) => (failure.check, failure.place),
        other => panic!("{other}"),
    })
}

fn expired(chain: Chain) -> &'static str {
    if chain == Chain::Beefy { "ClientExpired" } else { "TrustedStateExpired" }
}

#[test]
fn an_update_at_the_edge_is_accepted_and_one_second_later_is_not() {
    for chain in Chain::ALL {
        let of = |times: &[u64]| judge(&long::bundle(chain, 2, times), None);
        assert!(of(&[T0 + STEP]).is_ok());
        assert_eq!(of(&[T0 + STEP + 1]).unwrap_err(), (expired(chain), Place::Update(0)));
        // The second is measured against the first, not against the anchor.
        assert!(of(&[T0 + STEP, T0 + 2 * STEP]).is_ok());
        assert_eq!(of(&[T0 + STEP, T0 + 2 * STEP + 1]).unwrap_err(), (expired(chain), Place::Update(1)));
        assert_eq!(of(&[T0 + 1, T0 + STEP + 2]).unwrap_err(), (expired(chain), Place::Update(1)));
        assert!(of(&[T0, T0, T0 + STEP]).is_ok());
        // Time does not go back, whatever the clock says.
        assert_eq!(of(&[T0 + STEP, T0 + STEP - 1]).unwrap_err(), ("TimeWentBack", Place::Update(1)));
    }
}

/// The anchor is older than the trusting period by far; so are most updates.
#[test]
fn a_chain_of_many_trusting_periods() {
    const N: u64 = 40;
    let times: Vec<u64> = (1..=N).map(|i| T0 + i * STEP).collect();
    let last = T0 + N * STEP;
    for chain in Chain::ALL {
        let bundle = long::bundle(chain, 2, &times);
        let report = judge(&bundle, None).unwrap();
        assert_eq!(report.trace.steps.len(), times.len());
        assert_eq!(report.latest.1, TimestampSecs(last));
        assert_eq!(report.fresh_until, TimestampSecs(last + STEP));

        // A clock is for the newest state alone.
        assert!(judge(&bundle, Some(last)).is_ok());
        assert!(judge(&bundle, Some(last + STEP)).is_ok());
        for late in [last + STEP + 1, last + N * PERIOD, u64::MAX] {
            assert_eq!(judge(&bundle, Some(late)).unwrap_err(), ("ClientExpired", Place::Clock));
        }
        for early in [T0, T0 + PERIOD, last - 31] {
            assert_eq!(judge(&bundle, Some(early)).unwrap_err(), ("HeaderFromFuture", Place::Clock));
        }

        // Without one of them the next is too far from the one before.
        for gap in [0, 17, N as usize - 2] {
            let times: Vec<u64> = times.iter().enumerate().filter(|(i, _)| *i != gap).map(|(_, t)| *t).collect();
            let failed = judge(&long::bundle(chain, 2, &times), None).unwrap_err();
            assert_eq!(failed, (expired(chain), Place::Update(gap)));
        }
    }
}
