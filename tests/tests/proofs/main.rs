//! Proof files of everything that can become of a packet, by every family's proofs, across changes
//! of the validators: exported from the relayer's store and from nodes, verified, tampered with.

#![allow(missing_docs)]

mod grandpa;

use lupu_demo::{
    progress::Progress,
    scenes,
    side::{Order, lower},
    stage::{self, Stage, StageOptions},
};
use lupu_proof::Kind;
use lupu_relayer::{
    packet::State,
    proof::{Anchors, Source, Wanted},
    store::PacketRow,
};
use lupu_tests::proofs::{Bundles, Seen, all_rows, assert_missing, covered};
use std::{collections::BTreeSet, time::Duration};

const BLOCK: Duration = Duration::from_millis(300);

/// Two join the validators of `bank`, one after the other, and those of `customs` hand over.
async fn change_validators(stage: &Stage) {
    let bank = &stage.world.bank.devnet;
    for index in 0..2 {
        let new = bank.vote_in(index);
        while !bank.validators().contains(&new) {
            tokio::time::sleep(BLOCK).await;
        }
        tokio::time::sleep(BLOCK * 4).await;
    }
    assert_eq!(bank.validators().len(), 6);
    let customs = &stage.world.customs().unwrap().devnet;
    let members: Vec<_> = customs.authorities().iter().skip(1).take(3).map(|a| a.account.clone()).collect();
    customs.rotate(&members).await.unwrap();
}

/// A transfer that `harbour` cannot receive, because its relayer is kept out: on its way.
async fn on_its_way(stage: &Stage) -> PacketRow {
    let (world, bank) = (&stage.world, &stage.world.bank);
    let out = world.harbour.relayers.clone();
    world.harbour.devnet.censor(move |transaction| out.contains(&transaction.sender));
    let to = lower(world.harbour.person(0).unwrap().address);
    let order = Order { token: world.token, amount: 700, to: &to, seconds: scenes::HOUR };
    let sent = bank.transfer(bank.person(1).unwrap(), &world.harbour.id, order, 1).await.unwrap();
    let client = bank.client(&world.harbour.id).unwrap();
    let there = |s| s == State::Receiving;
    world.wait(client, &sent, |_| {}, there).await.unwrap().remove(0)
}

/// Three chains, `harbour` and `bank` proven by QBFT, `customs` by BEEFY.
#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_every_packet_is_exported_verified_and_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let options = StageOptions { block_time: BLOCK, customs: true, ..StageOptions::new(folder.path().to_owned()) };
    let progress = Progress::new(true, false);
    let stage = stage::set(&options, &progress).await.unwrap();
    let relayer = stage.relayer().await.unwrap();
    let (world, config) = (&stage.world, &stage.config);

    tokio::try_join!(scenes::duty(world, &progress), scenes::documents(world, &progress)).unwrap();
    change_validators(&stage).await;
    tokio::try_join!(scenes::hops(world, &progress), scenes::refused(world, &progress)).unwrap();
    scenes::late(world, &progress).await.unwrap();
    let open = on_its_way(&stage).await;

    // What the relayer first saw of each chain is where bundles begin, also for those of later.
    let anchors = Anchors::load(&world.store, Vec::new()).await.unwrap();
    let first: BTreeSet<_> = [&world.harbour.id, &world.bank.id, &world.customs().unwrap().id]
        .map(|id| anchors.of_chain(id))
        .concat()
        .into_iter()
        .map(|a| a.digest())
        .collect();
    assert_eq!(first.len(), 3, "one for each chain");

    let rows = all_rows(&world.store).await;
    let seen = Seen { config, store: &world.store };
    let kept = seen.export(rows.clone(), Wanted::Every, Source::Store, false).await;
    assert_eq!(kept.made.len(), 3, "one for each chain");
    kept.verify();
    assert_eq!(kept.anchors(), first);
    for row in &rows {
        let wanted = match row.state {
            State::Acknowledged => Kind::Acknowledged,
            State::Refused => Kind::Acknowledged,
            State::TimedOut => Kind::NeverReceived,
            _ => Kind::Locked,
        };
        assert!(kept.says(row, wanted), "{}/{}: {wanted:?}", row.packet.source_client, row.packet.sequence);
        assert!(kept.says(row, Kind::Sent) || row.id == open.id || row.state == State::TimedOut);
    }
    // Receipts are nobody's proof, and what never left needs no commitment proven.
    assert_missing(&kept.missing, &[Kind::Received, Kind::Sent, Kind::Locked]);

    // Nodes: everything that the chains still store.
    let asked = seen.export(rows.clone(), Wanted::Every, Source::Nodes, false).await;
    asked.verify();
    for row in &rows {
        let received = matches!(row.state, State::Acknowledged | State::Refused);
        assert_eq!(asked.says(row, Kind::Received), received);
        assert_eq!(asked.says(row, Kind::Acknowledged), received);
        assert_eq!(asked.says(row, Kind::Sent), row.id == open.id, "{row:?}");
    }
    assert_missing(&asked.missing, &[Kind::Sent, Kind::Locked]);

    // Both together, each statement in a file of its own.
    let each = seen.export(rows.clone(), Wanted::Every, Source::Any, true).await;
    each.verify();
    assert!(each.made.iter().all(|made| made.entries.len() == 1));
    assert_eq!(each.anchors(), first);
    for client_type in ["qbft", "beefy"] {
        for kind in Kind::ALL {
            assert!(covered(&each.made, client_type, kind), "{client_type} {kind:?}");
        }
    }
    assert_missing(&each.missing, &[Kind::Sent, Kind::Locked]);
    for bundles in [&kept, &asked, &each] {
        bundles.tamper();
    }

    let strongest = seen.export(rows.clone(), Wanted::Strongest, Source::Any, false).await;
    strongest.verify();
    assert!(strongest.missing.is_empty(), "{:?}", strongest.missing);
    assert_eq!(strongest.made.iter().map(|m| m.entries.len()).sum::<usize>(), rows.len());

    later_anchors(&seen, &rows, &kept).await;
    world.harbour.devnet.uncensor();
    relayer.stop().await.unwrap();
}

/// An anchor made now serves what is proven from now on, and nothing before.
async fn later_anchors(seen: &Seen<'_>, rows: &[PacketRow], kept: &Bundles) {
    let client = seen.config.clients.iter().find(|c| c.of.as_str() == "customs").unwrap();
    let mut nodes = lupu_relayer::proof::Nodes::new(seen.config);
    let anchor = lupu_relayer::proof::fresh(&mut nodes, client).await.unwrap();
    assert!(!kept.anchors().contains(&anchor.digest()));
    let given =
        seen.export_from(vec![anchor.clone()], rows.to_vec(), Wanted::Kinds(vec![Kind::Acknowledged]), Source::Store);
    let given = given.await;
    assert!(given.made.iter().all(|m| m.report.anchor != anchor.digest()));
    assert!(given.missing.iter().any(|m| m.reason.contains("before the anchor")), "{:?}", given.missing);
    let given =
        seen.export_from(vec![anchor.clone()], rows.to_vec(), Wanted::Kinds(vec![Kind::Acknowledged]), Source::Any);
    let given = given.await;
    given.verify();
    assert!(given.made.iter().any(|m| m.report.anchor == anchor.digest()), "nodes can still prove it");
}
