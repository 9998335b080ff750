//! Following a chain's head: a WebSocket rings, a timer rings when it does not, and our own light
//! client decides what the head is.

use crate::header_chain::HeaderChain;
use alloy::{
    network::Ethereum,
    providers::{Provider, RootProvider, WsConnect},
    rpc::client::ClientBuilder,
};
use futures::stream::{BoxStream, StreamExt, unfold};
use lupu_adapter::{AdapterError, Head};
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
/// A WebSocket that tells of no block for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// How long connecting may take, and the pause before trying the next endpoint.
const CONNECT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(5);

/// Follows the head of one chain.
pub struct Follower {
    headers: Arc<HeaderChain>,
    last: Mutex<Option<(Instant, Head)>>,
    bell: watch::Receiver<u64>,
    listening: Arc<AtomicBool>,
    poll: Duration,
    task: Option<JoinHandle<()>>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Follower {
    /// Starts listening to the WebSockets, if there are any.
    pub fn start(headers: Arc<HeaderChain>, websockets: Vec<String>, poll: Duration) -> Arc<Self> {
        let (ring, bell) = watch::channel(0);
        let listening = Arc::<AtomicBool>::default();
        let chain = headers.source.endpoints.chain().to_string();
        let task = (!websockets.is_empty()).then(|| tokio::spawn(listen(chain, websockets, ring, listening.clone())));
        Arc::new(Self { headers, last: Mutex::default(), bell, listening, poll, task })
    }

    /// Whether a WebSocket tells of new blocks at the moment.
    pub fn listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    /// The newest verified block. Several callers at once ask the endpoints once.
    pub async fn head(&self) -> Result<Head, AdapterError> {
        let mut last = self.last.lock().await;
        if let Some((at, head)) = *last
            && at.elapsed() < FRESH
        {
            return Ok(head);
        }
        let verified = self.headers.advance().await?;
        let head =
            Head { height: verified.header.number(), hash: verified.hash, timestamp: verified.header.timestamp() };
        *last = Some((Instant::now(), head));
        Ok(head)
    }

    /// Verified blocks as they come.
    pub fn heads(self: &Arc<Self>) -> BoxStream<'static, Result<Head, AdapterError>> {
        let start = (self.clone(), self.bell.clone(), None::<Head>, false);
        unfold(start, |(follower, mut bell, mut last, wait)| async move {
            let mut wait = wait;
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
        // A WebSocket that listens makes polling a safety net.
        let poll = if self.listening() { self.poll * 5 } else { self.poll };
        tokio::select! {
            rung = bell.changed() => {
                // No WebSocket, or none any more: the timer it is.
                if rung.is_err() {
                    sleep(poll).await;
                }
            }
            () = sleep(poll) => {}
        }
    }
}

/// Listens to one WebSocket after the other, for ever.
async fn listen(chain: String, urls: Vec<String>, ring: watch::Sender<u64>, listening: Arc<AtomicBool>) {
    for url in urls.iter().cycle() {
        if let Err(why) = listen_to(url, &ring, &listening).await
            && listening.swap(false, Ordering::Relaxed)
        {
            tracing::info!(chain, "WebSocket lost, polling: {why}");
        }
        sleep(PAUSE).await;
    }
}

async fn listen_to(url: &str, ring: &watch::Sender<u64>, listening: &AtomicBool) -> Result<(), String> {
    let connect = WsConnect::new(url).with_max_retries(1);
    let client = timeout(CONNECT, ClientBuilder::default().ws(connect)).await;
    let client = client.map_err(|_| "no connection in time".to_string())?.map_err(|e| e.to_string())?;
    let provider = RootProvider::<Ethereum>::new(client);
    let subscription = timeout(CONNECT, provider.subscribe::<_, serde_json::Value>(("newHeads",)).into_future()).await;
    let mut heads = subscription.map_err(|_| "no subscription in time".to_string())?.map_err(|e| e.to_string())?;
    listening.store(true, Ordering::Relaxed);
    loop {
        match timeout(SILENCE, heads.recv()).await {
            Ok(Ok(_)) | Ok(Err(tokio::sync::broadcast::error::RecvError::Lagged(_))) => {
                ring.send_modify(|n| *n = n.wrapping_add(1));
            }
            Ok(Err(closed)) => return Err(closed.to_string()),
            Err(_) => return Err(format!("no block for {} s", SILENCE.as_secs())),
        }
    }
}
