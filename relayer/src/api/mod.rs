//! What the running relayer answers over HTTP: `/healthz` and `/metrics`.

mod health;
mod metrics;

pub use health::{ChainHealth, Health, StoreHealth};
pub use metrics::{MetricsSource, Sample};

use crate::engine::Shared;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(Clone)]
struct Answers {
    shared: Arc<Shared>,
    sources: Arc<[Arc<dyn MetricsSource>]>,
}

/// Serves until the engine stops.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, sources: Vec<Arc<dyn MetricsSource>>) {
    let token = shared.token.clone();
    let answers = Answers { shared, sources: sources.into() };
    let router = Router::new().route("/healthz", get(healthz)).route("/metrics", get(metrics_text)).with_state(answers);
    let stop = async move { token.cancelled().await };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
        tracing::warn!(%error, "the API stopped");
    }
}

async fn healthz(State(answers): State<Answers>) -> Response {
    let health = health::look(&answers.shared);
    let code = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(health)).into_response()
}

async fn metrics_text(State(answers): State<Answers>) -> Response {
    match metrics::render(&answers.shared, &answers.sources).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("# {error}\n")).into_response(),
    }
}
