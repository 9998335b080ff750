//! What the adapters count, for `/metrics`.

use super::Connected;
use crate::api::{MetricsSource, Sample};
use std::sync::Arc;

struct Calls(Vec<Connected>);

/// RPC calls and the health of the endpoints of these chains.
pub fn metrics(connected: &[Connected]) -> Arc<dyn MetricsSource> {
    Arc::new(Calls(connected.to_vec()))
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus numbers are floating")]
fn number(n: u64) -> f64 {
    n as f64
}

impl MetricsSource for Calls {
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for connected in &self.0 {
            let (chain, endpoints) = (&connected.chain, connected.chain.endpoints());
            let name = chain.config().id.as_str();
            for (method, count) in endpoints.counts() {
                let labels = [("chain", name), ("method", method)];
                samples.push(Sample::new("lupu_rpc_calls_total", "RPC calls.", labels, number(count.calls)));
                samples.push(Sample::new(
                    "lupu_rpc_failures_total",
                    "RPC calls that failed.",
                    labels,
                    number(count.failures),
                ));
            }
            for endpoint in endpoints.status() {
                let labels = [("chain", name), ("endpoint", endpoint.name.as_str())];
                let up = f64::from(u8::from(endpoint.aside.is_none()));
                samples.push(Sample::new("lupu_endpoint_up", "0 while an endpoint is set aside.", labels, up));
                samples.push(Sample::new(
                    "lupu_endpoint_lies_total",
                    "Answers that a proof or a hash contradicted.",
                    labels,
                    f64::from(endpoint.lies),
                ));
                samples.push(Sample::new(
                    "lupu_endpoint_latency_seconds",
                    "Time to answer, smoothed.",
                    labels,
                    endpoint.latency_ms / 1_000.0,
                ));
            }
            let listening = f64::from(u8::from(chain.is_listening()));
            samples.push(Sample::new(
                "lupu_websocket_up",
                "1 while a WebSocket tells of new blocks.",
                [("chain", name)],
                listening,
            ));
        }
        samples
    }
}
