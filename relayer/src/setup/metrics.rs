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

fn calls(samples: &mut Vec<Sample>, chain: &str, method: &'static str, calls: u64, failures: u64) {
    let labels = [("chain", chain), ("method", method)];
    samples.push(Sample::new("lupu_rpc_calls_total", "RPC calls.", labels, number(calls)));
    samples.push(Sample::new("lupu_rpc_failures_total", "RPC calls that failed.", labels, number(failures)));
}

fn endpoint(samples: &mut Vec<Sample>, chain: &str, name: &str, up: bool, lies: u32, latency_ms: f64) {
    let labels = [("chain", chain), ("endpoint", name)];
    let up = f64::from(u8::from(up));
    samples.push(Sample::new("lupu_endpoint_up", "0 while an endpoint is set aside.", labels, up));
    samples.push(Sample::new(
        "lupu_endpoint_lies_total",
        "Answers that a proof or a hash contradicted.",
        labels,
        f64::from(lies),
    ));
    samples.push(Sample::new(
        "lupu_endpoint_latency_seconds",
        "Time to answer, smoothed.",
        labels,
        latency_ms / 1_000.0,
    ));
}

fn listening(samples: &mut Vec<Sample>, chain: &str, up: bool) {
    let up = f64::from(u8::from(up));
    let what = "1 while a WebSocket tells of new blocks.";
    samples.push(Sample::new("lupu_websocket_up", what, [("chain", chain)], up));
}

impl MetricsSource for Calls {
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for connected in &self.0 {
            match connected {
                Connected::Evm { chain, .. } => {
                    let name = chain.config().id.as_str();
                    let endpoints = chain.endpoints();
                    for (method, count) in endpoints.counts() {
                        calls(&mut samples, name, method, count.calls, count.failures);
                    }
                    for e in endpoints.status() {
                        endpoint(&mut samples, name, &e.name, e.aside.is_none(), e.lies, e.latency_ms);
                    }
                    listening(&mut samples, name, chain.is_listening());
                }
                Connected::Substrate { chain, .. } => {
                    let name = chain.config().id.as_str();
                    let endpoints = chain.endpoints();
                    for (method, count) in endpoints.counts() {
                        calls(&mut samples, name, method, count.calls, count.failures);
                    }
                    for e in endpoints.status() {
                        endpoint(&mut samples, name, &e.name, e.aside.is_none(), e.lies, e.latency_ms);
                    }
                    listening(&mut samples, name, chain.is_listening());
                }
            }
        }
        samples
    }
}
