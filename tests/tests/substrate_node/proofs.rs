//! Proof files about packets on real nodes: from what the relayer kept, and from the nodes.

use crate::route::Route;
use lupu_proof::Kind;
use lupu_relayer::{
    Store,
    packet::State,
    proof::{Source, Wanted},
};
use lupu_tests::proofs::{Seen, all_rows, assert_missing, covered};

impl Route {
    /// Every packet is proven offline, by bundles that were made of what the relayer kept while it
    /// worked, and by others that nodes prove now. Nobody believes a changed one.
    pub async fn proven(&self) {
        let store = Store::open_shared(&self.config.relayer.store).await.unwrap();
        let rows = all_rows(&store).await;
        assert!(rows.len() >= 4 && rows.iter().all(|row| row.state == State::Acknowledged), "{rows:?}");
        let seen = Seen { config: &self.config, store: &store };

        let kept = seen.export(rows.clone(), Wanted::Every, Source::Store, false).await;
        kept.verify();
        for row in &rows {
            for kind in [Kind::Sent, Kind::Locked, Kind::Received, Kind::Acknowledged, Kind::Minted] {
                assert!(kept.says(row, kind), "{kind:?}: {row:?}, {:?}", kept.missing);
            }
        }
        for client_type in ["qbft", "beefy"] {
            for kind in [Kind::Locked, Kind::Minted] {
                assert!(covered(&kept.made, client_type, kind), "{client_type} {kind:?}");
            }
        }

        let asked = seen.export(rows.clone(), Wanted::Every, Source::Nodes, false).await;
        asked.verify();
        for row in &rows {
            assert!(asked.says(row, Kind::Received) && asked.says(row, Kind::Minted), "{row:?}");
        }
        // Commitments are deleted when packets settle.
        assert_missing(&asked.missing, &[Kind::Sent, Kind::Locked]);
        kept.tamper();
        asked.tamper();
    }
}
