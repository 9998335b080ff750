//! A client over its life: following a chain through changes of its authorities, expiring,
//! freezing; anchors and what a relayer does to justifications.
#![allow(missing_docs)]

mod common;

use common::Scenario;
use lupu_grandpa::GrandpaClient;
use lupu_light_client::{LightClient, UpdateResult};
use lupu_standard::{Height, TimestampSecs};

#[test]
fn smoke() {
    for n in 1..=10 {
        let s = Scenario::new(n);
        let mut client =
            GrandpaClient::from_snapshot(s.client.clone(), s.stored.iter().map(|(h, x)| (Height(*h), *x)));
        let message = s.message().encode();
        assert_eq!(client.update(&message, TimestampSecs(s.now)), Ok(UpdateResult::Update));
        let plain = common::reference::Client::new(&s.client.encode(), &s.stored, s.now);
        assert_eq!(common::reference::update_client(&plain, &message).unwrap().consensus, s.consensus().encode());
    }
}
