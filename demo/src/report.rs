//! What the demo ends with: one table, the conservation line, a verdict; or the same as JSON.

use crate::progress::paint;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use lupu_relayer::store::PacketRow;
use owo_colors::Style;
use serde::Serialize;

/// One line of the table: one packet, or many of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// `client/sequence` at the source; a range where the line stands for many.
    pub packet: String,
    /// `bank → harbour`.
    pub route: String,
    /// What it carried.
    pub kind: String,
    /// What became of it.
    pub outcome: String,
    /// How many packets the line stands for.
    pub packets: usize,
    /// Milliseconds from seeing it sent to its receiving transaction being signed.
    pub proven_ms: Option<i64>,
    /// From there to seeing it received.
    pub received_ms: Option<i64>,
    /// From there (or from being sent, for a timeout) to seeing it acknowledged or timed out.
    pub settled_ms: Option<i64>,
    /// Gas on both chains, per packet.
    pub gas: Option<u64>,
    /// Bytes of proof on both chains, per packet.
    pub proof_bytes: Option<u64>,
}

impl Line {
    /// From the store's rows of one kind; times are of the slowest, gas and proof sizes the mean.
    pub fn new(rows: &[PacketRow], kind: impl Into<String>, outcome: impl Into<String>) -> Option<Self> {
        let (first, last) = (rows.first()?, rows.last()?);
        let sequence = |row: &PacketRow| row.packet.sequence.get();
        let range = match sequence(first) == sequence(last) {
            true => sequence(first).to_string(),
            false => format!("{}–{}", sequence(first), sequence(last)),
        };
        let mean = |f: fn(&PacketRow) -> Option<u64>| {
            rows.iter().map(f).sum::<Option<u64>>().map(|sum| sum / rows.len() as u64)
        };
        let slowest = |f: fn(&PacketRow) -> Option<i64>| rows.iter().filter_map(f).max();
        Some(Self {
            packet: format!("{}/{range}", first.packet.source_client),
            route: format!("{} → {}", first.lane.source_chain, first.lane.destination_chain),
            kind: kind.into(),
            outcome: outcome.into(),
            packets: rows.len(),
            proven_ms: slowest(|r| Some(r.receiving_at? - r.sent?.seen_at)),
            received_ms: slowest(|r| Some(r.received?.seen_at - r.receiving_at?)),
            settled_ms: slowest(|r| Some(r.settled?.seen_at - r.received.or(r.sent)?.seen_at)),
            gas: mean(|r| Some(r.receive_gas.unwrap_or(0) + r.settle_gas?)),
            proof_bytes: mean(|r| Some(r.receive_proof_bytes.unwrap_or(0) + r.settle_proof_bytes?)),
        })
    }
}

/// One equation of conservation, for a link and a denomination.
#[derive(Clone, Debug, Serialize)]
pub struct Conservation {
    /// What it is about.
    pub what: String,
    /// Accounted escrow at home.
    pub escrow: u128,
    /// Tokens that the transfer application really holds.
    pub held: u128,
    /// Vouchers on the other chain.
    pub vouchers: u128,
    /// Sent towards the other chain and neither received nor refunded.
    pub outbound: u128,
    /// Burned on the other chain and neither released nor refunded.
    pub inbound: u128,
}

impl Conservation {
    /// Whether nothing was made and nothing was lost.
    pub fn holds(&self) -> bool {
        self.escrow == self.vouchers + self.outbound + self.inbound && self.held >= self.escrow
    }
}

/// The whole story's result.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Every line of the table.
    pub packets: Vec<Line>,
    /// Transactions that carried the fifty transfers to their destination.
    pub batch_transactions: u64,
    /// The conservation equations.
    pub conservation: Vec<Conservation>,
    /// What was not as it must be; empty if all is well.
    pub failures: Vec<String>,
    /// Seconds for everything.
    pub seconds: f64,
}

fn seconds(ms: Option<i64>) -> String {
    ms.map_or_else(|| "–".into(), |ms| format!("{:.1} s", ms as f64 / 1000.0))
}

fn number(n: Option<u64>) -> String {
    n.map_or_else(|| "–".into(), group)
}

/// `1234567` as `1,234,567`.
pub fn group(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Hundredths as `1,000.00`.
pub fn money(hundredths: u128) -> String {
    let whole = u64::try_from(hundredths / 100).unwrap_or(u64::MAX);
    format!("{}.{:02}", group(whole), hundredths % 100)
}

impl Report {
    /// The table, the conservation line and the verdict, for a person.
    pub fn print(&self, color: bool) {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["packet", "route", "what", "became", "proven", "received", "settled", "gas", "proof bytes"]);
        for line in &self.packets {
            table.add_row([
                line.packet.clone(),
                line.route.clone(),
                line.kind.clone(),
                line.outcome.clone(),
                seconds(line.proven_ms),
                seconds(line.received_ms),
                seconds(line.settled_ms),
                number(line.gas),
                number(line.proof_bytes),
            ]);
        }
        for column in table.column_iter_mut().skip(4) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("\n{table}");
        println!(
            "proven, received, settled: time in each stage, of the slowest where a line stands for several packets; gas and proof bytes: per packet, both chains\n"
        );
        for c in &self.conservation {
            let sign = if c.holds() { "=" } else { "≠" };
            println!(
                "conservation  {}: escrowed {} {sign} vouchers {} + on the way out {} + on the way home {}; held {}",
                c.what,
                money(c.escrow),
                money(c.vouchers),
                money(c.outbound),
                money(c.inbound),
                money(c.held),
            );
        }
        if self.failures.is_empty() {
            let verdict = paint("Everything arrived, or came back.", Style::new().green(), color);
            println!("\n{verdict} {:.0} s in all.", self.seconds);
        } else {
            println!("\n{}", paint("Not as it must be:", Style::new().red(), color));
            for failure in &self.failures {
                println!("  - {failure}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(group(0), "0");
        assert_eq!(group(1_234_567), "1,234,567");
        assert_eq!(money(100_000), "1,000.00");
        assert_eq!(money(5), "0.05");
    }

    #[test]
    fn conservation_sees_a_voucher_too_many() {
        let mut c =
            Conservation { what: "eCNY".into(), escrow: 100, held: 100, vouchers: 60, outbound: 30, inbound: 10 };
        assert!(c.holds());
        c.vouchers += 1;
        assert!(!c.holds());
        c.vouchers -= 1;
        c.held -= 1;
        assert!(!c.holds(), "escrow that is accounted but not there");
    }
}
