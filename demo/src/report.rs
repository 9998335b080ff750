//! What the demo ends with: one table, the conservation lines, a verdict; or the same as JSON.

use crate::progress::paint;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use lupu_relayer::store::PacketRow;
use lupu_standard::ChainId;
use owo_colors::Style;
use serde::Serialize;

/// A line below the header, and no other.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

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
    /// Gas on EVM chains, per packet.
    pub gas: Option<u64>,
    /// Weight on Substrate chains, per packet, in picoseconds of a validator's time.
    pub weight: Option<u64>,
    /// Bytes of proof on both chains, per packet.
    pub proof_bytes: Option<u64>,
}

impl Line {
    /// From the store's rows of one kind; times are of the slowest, gas, weight and proof sizes the
    /// mean. `weighs` says of a chain that it measures weight, not gas.
    pub fn new(
        rows: &[PacketRow],
        kind: impl Into<String>,
        outcome: impl Into<String>,
        weighs: impl Fn(&ChainId) -> bool,
    ) -> Option<Self> {
        let (first, last) = (rows.first()?, rows.last()?);
        let sequence = |row: &PacketRow| row.packet.sequence.get();
        let range = match sequence(first) == sequence(last) {
            true => sequence(first).to_string(),
            false => format!("{}–{}", sequence(first), sequence(last)),
        };
        let mean = |f: fn(&PacketRow) -> Option<u64>| {
            rows.iter().map(f).sum::<Option<u64>>().map(|sum| sum / rows.len() as u64)
        };
        let spent = |weight: bool| {
            let received = weighs(&first.lane.destination_chain) == weight;
            let settled = weighs(&first.lane.source_chain) == weight;
            if !received && !settled {
                return None;
            }
            let of = |row: &PacketRow| {
                let receive = if received { row.receive_gas.unwrap_or(0) } else { 0 };
                Some(receive + if settled { row.settle_gas? } else { 0 })
            };
            let sum = rows.iter().map(of).sum::<Option<u64>>()?;
            (sum > 0).then_some(sum / rows.len() as u64)
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
            gas: spent(false),
            weight: spent(true),
            proof_bytes: mean(|r| Some(r.receive_proof_bytes.unwrap_or(0) + r.settle_proof_bytes?)),
        })
    }
}

/// One equation of conservation, for a link and a denomination.
#[derive(Clone, Debug, Serialize)]
pub struct Conservation {
    /// What it is about.
    pub what: String,
    /// The full trace on the side that has the vouchers.
    pub trace: String,
    /// Decimals of a whole unit.
    pub decimals: u8,
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
    /// Transactions that carried the two times fifty transfers to their destinations.
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
    units(hundredths, 2)
}

/// Smallest units as whole ones: at least two decimals, without more zeros than that.
pub fn units(amount: u128, decimals: u8) -> String {
    if decimals == 0 {
        return group(u64::try_from(amount).unwrap_or(u64::MAX));
    }
    let one = 10_u128.saturating_pow(u32::from(decimals));
    let whole = u64::try_from(amount / one).unwrap_or(u64::MAX);
    let mut fraction = format!("{:0width$}", amount % one, width = usize::from(decimals));
    while fraction.len() > 2 && fraction.ends_with('0') {
        fraction.pop();
    }
    format!("{}.{fraction}", group(whole))
}

/// Picoseconds as milliseconds, with two decimals.
fn milliseconds(picoseconds: Option<u64>) -> String {
    picoseconds.map_or_else(|| "–".into(), |ps| format!("{:.2} ms", ps as f64 / 1e9))
}

impl Report {
    /// The table, the conservation line and the verdict, for a person.
    pub fn print(&self, color: bool) {
        let mut table = Table::new();
        table.load_style(RULED).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header([
            "packet",
            "route",
            "what",
            "became",
            "proven",
            "received",
            "settled",
            "gas",
            "weight",
            "proof bytes",
        ]);
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
                milliseconds(line.weight),
                number(line.proof_bytes),
            ]);
        }
        for column in table.column_iter_mut().skip(4) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("\n{table}");
        println!(
            "proven, received, settled: time in each stage, of the slowest where a line stands for several packets\ngas (EVM), weight (Substrate) and proof bytes: per packet, both chains\n"
        );
        println!("conservation: what one side holds in escrow is what the other side's vouchers stand for");
        let mut table = Table::new();
        table.load_style(RULED).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["", "escrowed", "", "vouchers", "on the way out", "on the way home", "held"]);
        for c in &self.conservation {
            let amount = |n| units(n, c.decimals);
            let sign = if c.holds() { "=" } else { "≠" };
            let cells = [amount(c.vouchers), amount(c.outbound), amount(c.inbound), amount(c.held)];
            table.add_row([vec![c.what.clone(), amount(c.escrow), sign.to_owned()], cells.to_vec()].concat());
        }
        for index in [1, 3, 4, 5, 6] {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        println!("{table}");
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
        assert_eq!(units(5_000_000_000_000, 12), "5.00");
        assert_eq!(units(1_234_500_000_000, 12), "1.2345");
        assert_eq!(units(7, 0), "7");
    }

    #[test]
    fn conservation_sees_a_voucher_too_many() {
        let mut c = Conservation {
            what: "eCNY".into(),
            trace: "transfer/a/b".into(),
            decimals: 2,
            escrow: 100,
            held: 100,
            vouchers: 60,
            outbound: 30,
            inbound: 10,
        };
        assert!(c.holds());
        c.vouchers += 1;
        assert!(!c.holds());
        c.vouchers -= 1;
        c.held -= 1;
        assert!(!c.holds(), "escrow that is accounted but not there");
    }
}
