//! Exporting, verifying as a stranger does, and tampering.

use lupu_adapter::{Prover, TrustedState};
use lupu_light_client::Claim;
use lupu_proof::{Anchor, Builder, Bundle, Hosted, Kind, Statement, verify};
use lupu_relayer::{
    Store,
    config::Config,
    proof::{Anchors, Entry, Exporter, Format, Made, Missing, Options, Source, Wanted},
    store::{PacketFilter, PacketRow},
};
use lupu_standard::{Acknowledgement, B256, Packet, Path};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;

/// Changed bytes per bundle.
const CHANGES: usize = 96;

/// What a relayer has: its configuration and its store.
pub struct Seen<'a> {
    /// Its configuration.
    pub config: &'a Config,
    /// Its store.
    pub store: &'a Store,
}

/// What came of an export.
pub struct Bundles {
    /// The files.
    pub made: Vec<Made>,
    /// What cannot be had.
    pub missing: Vec<Missing>,
}

/// Every packet of a store.
pub async fn all_rows(store: &Store) -> Vec<PacketRow> {
    store.packets(&PacketFilter { limit: 10_000, ..Default::default() }).await.unwrap()
}

fn name(row: &PacketRow) -> String {
    format!("{}/{}/{}", row.lane.source_chain, row.lane.source_client, row.packet.sequence)
}

impl Seen<'_> {
    /// As CBOR, from the anchors that the relayer has kept.
    pub async fn export(&self, rows: Vec<PacketRow>, wanted: Wanted, source: Source, separate: bool) -> Bundles {
        self.run(Vec::new(), rows, Options { wanted, source, separate, format: Format::Cbor }).await
    }

    /// As JSON, from these anchors where they serve.
    pub async fn export_from(
        &self,
        anchors: Vec<Anchor>,
        rows: Vec<PacketRow>,
        wanted: Wanted,
        source: Source,
    ) -> Bundles {
        self.run(anchors, rows, Options { wanted, source, separate: false, format: Format::Json }).await
    }

    async fn run(&self, given: Vec<Anchor>, rows: Vec<PacketRow>, options: Options) -> Bundles {
        let started = std::time::Instant::now();
        let anchors = Anchors::load(self.store, given).await.unwrap();
        let mut exporter = Exporter::new(self.store, self.config, anchors, options.clone());
        let mut made = Vec::new();
        for page in rows.chunks(7) {
            made.extend(exporter.add(page.to_vec()).await.unwrap());
        }
        made.extend(exporter.finish().await.unwrap());
        let bytes: usize = made.iter().map(|m| m.file.len()).sum();
        let statements: usize = made.iter().map(|m| m.entries.len()).sum();
        println!(
            "{:?} from {:?}: {} bundles, {statements} statements, {bytes} bytes, {:.1?}",
            options.wanted,
            options.source,
            made.len(),
            started.elapsed()
        );
        Bundles { made, missing: exporter.take_missing() }
    }
}

impl Bundles {
    /// The anchors at which they begin.
    pub fn anchors(&self) -> BTreeSet<B256> {
        self.made.iter().map(|m| m.report.anchor).collect()
    }

    /// Whether a statement about a packet is in one of them.
    pub fn says(&self, row: &PacketRow, kind: Kind) -> bool {
        let name = name(row);
        self.made.iter().flat_map(|m| &m.entries).any(|e| e.packet == name && e.statement == kind)
    }

    /// Each file is what it claims to be, and begins where it says.
    pub fn verify(&self) {
        for made in &self.made {
            let bundle = Bundle::decode(&made.file).unwrap();
            let report = verify(&bundle, &[made.report.anchor], None).unwrap();
            assert_eq!(report, made.report);
            let said: Vec<_> = bundle
                .statements
                .iter()
                .map(|s| (s.packet.source_client.clone(), s.packet.sequence, s.kind, s.height))
                .collect();
            assert_eq!(said.len(), made.entries.len());
            for Entry { packet, statement, height } in &made.entries {
                let is = |(client, sequence, kind, at): &(_, _, Kind, _)| {
                    packet.ends_with(&format!("/{client}/{sequence}")) && kind == statement && at == height
                };
                assert!(said.iter().any(is), "{packet} {statement:?}");
            }
            if self.made.len() < 4 {
                println!("  {} {}: {} B, {}", made.tracks, made.client_type, made.file.len(), report.trust);
            }
        }
    }

    /// One byte changed, anywhere: no longer a bundle, or not true. With one exception: that nothing
    /// was received under a sequence is true whatever the packet is said to have held.
    pub fn tamper(&self) {
        let mut random = StdRng::seed_from_u64(20_261_129);
        let (mut malformed, mut untrue, mut unbound) = (0, 0, 0);
        for made in &self.made {
            let original = Bundle::decode(&made.file).unwrap();
            let bytes = original.to_cbor();
            for _ in 0..CHANGES {
                let at = random.random_range(0..bytes.len());
                let mut changed = bytes.clone();
                changed[at] ^= random.random_range(1..=255u8);
                let Ok(bundle) = Bundle::decode(&changed) else {
                    malformed += 1;
                    continue;
                };
                assert_ne!(bundle.digest(), made.report.digest);
                match verify(&bundle, &[made.report.anchor], None) {
                    Err(_) => untrue += 1,
                    Ok(_) => {
                        assert!(only_what_was_not_received(&original, &bundle), "byte {at}: {original:?}\n{bundle:?}");
                        unbound += 1;
                    }
                }
            }
        }
        println!("  tampered: {malformed} malformed, {untrue} not true, {unbound} in packets never received");
        assert!(malformed > 0 && untrue > 0 && unbound < untrue);
    }
}

/// A bundle made by hand: from a client, as it is created or stored, to the newest height that the
/// prover can prove, and these statements there.
pub async fn bundle_of(
    prover: &dyn Prover,
    prefix: &[Vec<u8>],
    state: &[u8],
    from: &TrustedState,
    statements: &[(Kind, Packet, Acknowledgement)],
) -> Bundle {
    let validators = prover.validators(from).await.unwrap();
    let client_type = prover.client_type();
    let hosted = Hosted { client_type, state, height: from.height, consensus: &from.consensus_state };
    let mut builder = Builder::new(Anchor::of_hosted("real", hosted, &validators).unwrap());
    let target = prover.provable_height().await.unwrap();
    let mut at = from.clone();
    for update in prover.updates(state, from, target).await.unwrap() {
        builder.update(&update.message).unwrap();
        at = TrustedState { height: update.height, consensus_state: update.consensus_state };
    }
    let mut claims: Vec<(Path, Claim)> = Vec::new();
    for (kind, packet, acknowledgement) in statements {
        let statement = Statement::new(*kind, at.height, packet.clone(), acknowledgement.clone());
        claims.extend(kind.paths(packet).into_iter().zip(statement.claims()).map(|(path, (_, claim))| (path, claim)));
        builder.statement(*kind, at.height, packet.clone(), acknowledgement.clone());
    }
    builder.membership(&prover.prove(&at, prefix, &claims).await.unwrap().proof).unwrap();
    builder.finish().unwrap()
}

/// Whether two bundles differ in nothing but what packets hold of which absence is proven.
fn only_what_was_not_received(before: &Bundle, after: &Bundle) -> bool {
    let mut same = after.clone();
    for (changed, original) in same.statements.iter_mut().zip(&before.statements) {
        if changed.kind == Kind::NeverReceived && changed.path == original.path {
            changed.packet = original.packet.clone();
        }
    }
    same == *before
}

/// Whether some bundle of a client type has a statement of this kind.
pub fn covered(made: &[Made], client_type: &str, kind: Kind) -> bool {
    made.iter().filter(|m| m.client_type == client_type).flat_map(|m| &m.entries).any(|e| e.statement == kind)
}

/// That only statements of these kinds are missing, and that each says why.
pub fn assert_missing(missing: &[Missing], kinds: &[Kind]) {
    for one in missing {
        assert!(kinds.contains(&one.statement) && !one.reason.is_empty(), "{one:?}");
    }
}
