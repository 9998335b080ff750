//! The numbers of `/metrics`, in Prometheus' text format.

use crate::{
    engine::Shared,
    store::{StoreError, WorkerState, now_ms},
};
use std::{collections::BTreeMap, fmt::Write, sync::Arc};

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its name, `lupu_…`; a counter's ends in `_total`.
    pub name: &'static str,
    /// What it says, one line.
    pub help: &'static str,
    /// Label names and values.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: f64,
}

impl Sample {
    /// A number with labels.
    pub fn new<const N: usize>(
        name: &'static str,
        help: &'static str,
        labels: [(&'static str, &str); N],
        value: f64,
    ) -> Self {
        Self { name, help, labels: labels.map(|(k, v)| (k, v.to_owned())).to_vec(), value }
    }
}

/// Numbers from outside the engine: an adapter's RPC calls, for example.
pub trait MetricsSource: Send + Sync {
    /// The numbers now. Must not block.
    fn samples(&self) -> Vec<Sample>;
}

pub(super) async fn render(shared: &Shared, sources: &[Arc<dyn MetricsSource>]) -> Result<String, StoreError> {
    let mut samples = vec![Sample::new(
        "lupu_store_ok",
        "1 while the store can be written; nothing is submitted otherwise.",
        [],
        f64::from(u8::from(shared.store.outage().is_none())),
    )];
    packets(shared, &mut samples).await?;
    transactions(shared, &mut samples).await?;
    clients(shared, &mut samples).await?;
    chains(shared, &mut samples).await;
    for source in sources {
        samples.extend(source.samples());
    }
    Ok(text(samples))
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus numbers are floating")]
fn number(n: u64) -> f64 {
    n as f64
}

async fn packets(shared: &Shared, samples: &mut Vec<Sample>) -> Result<(), StoreError> {
    let mut oldest: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in shared.store.counts().await? {
        let lane = &row.lane;
        let labels = [
            ("source", lane.source_chain.as_str()),
            ("client", lane.source_client.as_str()),
            ("destination", lane.destination_chain.as_str()),
            ("state", row.state.name()),
        ];
        samples.push(Sample::new("lupu_packets", "Packets by direction and state.", labels, number(row.packets)));
        let entry = oldest.entry((lane.source_chain.to_string(), lane.source_client.to_string())).or_insert(i64::MAX);
        if let Some(since) = row.oldest {
            *entry = (*entry).min(since);
        }
    }
    for ((source, client), since) in oldest {
        let age = now_ms().saturating_sub(since).max(0);
        let seconds = u64::try_from(age).unwrap_or_default() / 1_000;
        samples.push(Sample::new(
            "lupu_oldest_pending_seconds",
            "How long the oldest packet that is not done has been known; 0 if none.",
            [("source", &source), ("client", &client)],
            number(if since == i64::MAX { 0 } else { seconds }),
        ));
    }
    Ok(())
}

async fn transactions(shared: &Shared, samples: &mut Vec<Sample>) -> Result<(), StoreError> {
    for row in shared.store.transaction_totals().await? {
        let labels = [("chain", row.chain.as_str()), ("kind", row.kind.as_str()), ("state", row.state.as_str())];
        samples.push(Sample::new(
            "lupu_transactions",
            "Transactions by chain, kind and state.",
            labels,
            number(row.transactions),
        ));
        if row.state == "included" {
            let labels = [("chain", row.chain.as_str()), ("kind", row.kind.as_str())];
            samples.push(Sample::new(
                "lupu_gas_used_total",
                "Gas used by included transactions.",
                labels,
                number(row.gas),
            ));
            samples.push(Sample::new(
                "lupu_fees_paid_total",
                "Fees paid, in the chain's smallest unit.",
                labels,
                row.fees,
            ));
        }
    }
    Ok(())
}

async fn clients(shared: &Shared, samples: &mut Vec<Sample>) -> Result<(), StoreError> {
    for client in shared.store.clients().await? {
        let labels = [("chain", client.chain.as_str()), ("client", client.client.as_str())];
        let now = shared
            .chains
            .values()
            .find(|c| c.id.as_str() == client.chain)
            .and_then(|c| c.now())
            .map_or(client.host_timestamp, |t| t.0);
        let age = number(now.saturating_sub(client.latest_timestamp)) / number(client.trusting_period.max(1));
        samples.push(Sample::new(
            "lupu_client_age_ratio",
            "Share of the trusting period since the client's newest state; expires at 1.",
            labels,
            age,
        ));
        samples.push(Sample::new(
            "lupu_client_height",
            "Newest height that the client knows.",
            labels,
            number(client.latest_height),
        ));
        for status in ["active", "expired", "frozen"] {
            let labels = [("chain", client.chain.as_str()), ("client", client.client.as_str()), ("status", status)];
            samples.push(Sample::new(
                "lupu_client_status",
                "1 for the client's status.",
                labels,
                f64::from(u8::from(client.status == status)),
            ));
        }
    }
    for worker in shared.workers() {
        for state in WorkerState::ALL {
            let labels =
                [("chain", worker.chain.as_str()), ("client", worker.client.as_str()), ("state", state.name())];
            samples.push(Sample::new(
                "lupu_worker_state",
                "1 for the state of the client's worker.",
                labels,
                f64::from(u8::from(worker.state == state)),
            ));
        }
    }
    Ok(())
}

async fn chains(shared: &Shared, samples: &mut Vec<Sample>) {
    for ctx in shared.chains.values() {
        let chain = ctx.id.as_str();
        let head = ctx.head.borrow().map(|s| s.head.height.0);
        let scanned = ctx.scanned.borrow().map(|h| h.0);
        if let Some(head) = head {
            samples.push(Sample::new("lupu_head_height", "Newest finalized block.", [("chain", chain)], number(head)));
        }
        if let Some((head, scanned)) = head.zip(scanned) {
            samples.push(Sample::new(
                "lupu_scanner_lag_blocks",
                "Finalized blocks whose events are not in the store yet.",
                [("chain", chain)],
                number(head.saturating_sub(scanned)),
            ));
        }
        for (account, paused) in ctx.accounts.list() {
            let labels = [("chain", chain), ("account", account.0.as_str())];
            samples.push(Sample::new(
                "lupu_account_paused",
                "1 while an account rests because it cannot pay.",
                labels,
                f64::from(u8::from(paused.is_some())),
            ));
            let balance = tokio::time::timeout(std::time::Duration::from_secs(2), ctx.chain.balance(&account)).await;
            if let Ok(Ok(Some(balance))) = balance {
                #[expect(clippy::cast_precision_loss, reason = "Prometheus numbers are floating")]
                samples.push(Sample::new(
                    "lupu_account_balance",
                    "Balance in the chain's smallest unit.",
                    labels,
                    balance as f64,
                ));
            }
        }
    }
}

fn text(samples: Vec<Sample>) -> String {
    let mut families: BTreeMap<&'static str, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        families.entry(sample.name).or_default().push(sample);
    }
    let mut out = String::new();
    for (name, family) in families {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let help = family.first().map_or("", |s| s.help);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for sample in family {
            let labels: Vec<String> = sample.labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escape(v))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(out, "{name}{labels} {}", sample.value);
        }
    }
    out
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_groups_families_and_escapes_labels() {
        let samples = vec![
            Sample::new("lupu_a", "A.", [("x", "say \"hi\"\n")], 1.0),
            Sample::new("lupu_b_total", "B.", [], 2.5),
            Sample::new("lupu_a", "A.", [("x", "two")], 3.0),
        ];
        let expected = "# HELP lupu_a A.\n# TYPE lupu_a gauge\nlupu_a{x=\"say \\\"hi\\\"\\n\"} 1\nlupu_a{x=\"two\"} 3\n\
                        # HELP lupu_b_total B.\n# TYPE lupu_b_total counter\nlupu_b_total 2.5\n";
        assert_eq!(text(samples), expected);
    }
}
