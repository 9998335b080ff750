//! Following a chain's finality: a subscription rings, a timer rings when it does not, and our own
//! light client decides what is final.

use crate::{
    anchor_proofs::AnchorProofs, endpoints::CallError, header_chain::HeaderChain, json::bytes, rpc::subscribe,
    sessions::session_begun, source::RawHeader,
};
use futures::stream::{BoxStream, StreamExt, unfold};
use lupu_adapter::{AdapterError, ErrorKind, Head};
use lupu_standard::Height;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// How old the head may be before the endpoints are asked again.
const FRESH: Duration = Duration::from_millis(100);
/// A subscription that tells of nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);
/// Blocks whose states a node keeps, as far as one may hope.
const STATES: u64 = 256;
/// The pause before subscribing again.
const PAUSE: Duration = Duration::from_secs(2);

/// The name of the host pallet in the runtime.
pub(crate) const PALLET: &str = "Ibc";

/// Follows the head of one chain.
pub struct Follower {
    headers: Arc<HeaderChain>,
    anchors: Arc<AnchorProofs>,
    last: Mutex<Option<(Instant, Head)>>,
    bell: watch::Receiver<u64>,
    listening: Arc<AtomicBool>,
    poll: Duration,
    task: JoinHandle<()>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Follower {
    /// Starts listening.
    pub fn start(headers: Arc<HeaderChain>, anchors: Arc<AnchorProofs>, poll: Duration) -> Arc<Self> {
        let (ring, bell) = watch::channel(0);
        let listening = Arc::<AtomicBool>::default();
        let task = tokio::spawn(listen(headers.clone(), ring, listening.clone()));
        Arc::new(Self { headers, anchors, last: Mutex::default(), bell, listening, poll, task })
    }

    /// Whether a subscription tells of finality at the moment.
    pub fn listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// The newest final block. Several callers at once ask the endpoints once.
    pub async fn head(&self) -> Result<Head, AdapterError> {
        let mut last = self.last.lock().await;
        if let Some((at, head)) = *last
            && at.elapsed() < FRESH
        {
            return Ok(head);
        }
        let header = self.headers.advance().await?;
        let known = last.map(|(_, head)| head).filter(|head| head.hash == header.hash);
        let head = match known {
            Some(head) => head,
            None => {
                let from = last.map_or_else(|| self.headers.anchor().height(), |(_, head)| head.height.0);
                self.keep_handovers(from, header.height()).await;
                self.head_of(&header).await?
            }
        };
        *last = Some((Instant::now(), head));
        Ok(head)
    }

    async fn head_of(&self, header: &RawHeader) -> Result<Head, AdapterError> {
        let proven = self.anchors.get(header).await.map_err(|e| match e {
            CallError::Missing(what) => self.headers.error(ErrorKind::Misconfigured, what),
            other => self.headers.fail(other),
        })?;
        Ok(Head { height: Height(header.height()), hash: header.hash, timestamp: proven.anchor.timestamp })
    }

    /// Keeps what clients need to pass the handovers after `from`: the anchor of each block with
    /// which other authorities begin, and of its parent, which is what a BEEFY commitment to it
    /// proves.
    async fn keep_handovers(&self, from: u64, to: u64) {
        let from = from.max(to.saturating_sub(STATES)).saturating_add(1);
        let Ok(headers) = self.headers.headers(from.min(to), to).await else { return };
        for header in headers {
            let changes = !self.headers.handovers(header.height(), header.height()).is_empty();
            if !changes && !matches!(session_begun(&header), Ok(Some(_))) {
                continue;
            }
            let Ok(parent) = self.headers.header(header.height().saturating_sub(1)).await else { continue };
            for header in [&parent, &header] {
                if let Err(error) = self.anchors.keep(header).await {
                    let chain = self.headers.source.endpoints.chain();
                    tracing::debug!(chain, block = header.height(), ?error, "the anchor was not kept");
                }
            }
        }
    }

    /// Final blocks as they come.
    pub fn heads(self: &Arc<Self>) -> BoxStream<'static, Result<Head, AdapterError>> {
        let start = (self.clone(), self.bell.clone(), None::<Head>, false);
        unfold(start, |(follower, mut bell, mut last, mut wait)| async move {
            loop {
                if wait {
                    follower.wait(&mut bell).await;
                }
                wait = true;
                match follower.head().await {
                    Ok(head) if last.is_none_or(|l| head.height > l.height) => {
                        last = Some(head);
                        return Some((Ok(head), (follower, bell, last, true)));
                    }
                    Ok(_) => {}
                    Err(error) => return Some((Err(error), (follower, bell, last, true))),
                }
            }
        })
        .boxed()
    }

    async fn wait(&self, bell: &mut watch::Receiver<u64>) {
        // A subscription that listens makes polling a safety net.
        let poll = if self.listening() { self.poll * 5 } else { self.poll };
        tokio::select! {
            rung = bell.changed() => {
                // No subscription any more: the timer it is.
                if rung.is_err() {
                    sleep(poll).await;
                }
            }
            () = sleep(poll) => {}
        }
    }
}

/// Listens at one endpoint after the other, for ever.
async fn listen(headers: Arc<HeaderChain>, ring: watch::Sender<u64>, listening: Arc<AtomicBool>) {
    loop {
        let why = match listen_once(&headers, &ring, &listening).await {
            Ok(()) => "the subscription ended".to_string(),
            Err(why) => why,
        };
        if listening.swap(false, Ordering::Relaxed) {
            tracing::info!(chain = headers.source.endpoints.chain(), "subscription lost, polling: {why}");
        }
        sleep(PAUSE).await;
    }
}

async fn listen_once(headers: &HeaderChain, ring: &watch::Sender<u64>, listening: &AtomicBool) -> Result<(), String> {
    let endpoints = &headers.source.endpoints;
    let subscription =
        subscribe(endpoints, "grandpa_subscribeJustifications", "grandpa_unsubscribeJustifications").await;
    let mut justifications = subscription.map_err(|e| format!("{e:?}"))?;
    listening.store(true, Ordering::Relaxed);
    loop {
        match timeout(SILENCE, justifications.next()).await {
            Ok(Some(Ok(value))) => {
                if let Ok(justification) = bytes(&value, "justification") {
                    headers.hint(justification);
                }
                ring.send_modify(|n| *n = n.wrapping_add(1));
            }
            Ok(Some(Err(error))) => return Err(error.to_string()),
            Ok(None) => return Ok(()),
            Err(_) => return Err(format!("nothing for {} s", SILENCE.as_secs())),
        }
    }
}
