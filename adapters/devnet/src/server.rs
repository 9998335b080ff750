//! The endpoint: connections, and the faults that strike them.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification, RpcServiceBuilder, RpcServiceT};
use jsonrpsee::core::server::{BatchResponseBuilder, Methods};
use jsonrpsee::core::traits::IdProvider;
use jsonrpsee::server::{
    HttpBody, HttpRequest, HttpResponse, ServerBuilder, ServerConfig, serve_with_graceful_shutdown, stop_channel,
};
use jsonrpsee::types::{ErrorObjectOwned, Request, SubscriptionId};
use jsonrpsee::{MethodResponse, ResponsePayload};
use rand::Rng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::faults::{Fault, NodeFaults};

/// Largest request and response, in bytes.
const MAX_BODY: u32 = 256 * 1024 * 1024;

/// Serves a node's methods on `listener` until `stop`.
pub async fn serve(listener: TcpListener, methods: Methods, faults: Arc<NodeFaults>, stop: CancellationToken) {
    let (stop_handle, server_handle) = stop_channel();
    let config = ServerConfig::builder()
        .max_connections(4_096)
        .max_request_body_size(MAX_BODY)
        .max_response_body_size(MAX_BODY)
        .max_subscriptions_per_connection(1_024)
        .set_id_provider(HexIds)
        .build();
    let builder = ServerBuilder::with_config(config).to_service_builder();
    let ids = AtomicU32::new(0);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        let connection = Arc::new(Connection::default());
        faults.track(&connection);
        let layer = {
            let (faults, connection, stop) = (faults.clone(), connection.clone(), stop.clone());
            RpcServiceBuilder::new().layer_fn(move |service| Faulty {
                service,
                faults: faults.clone(),
                connection: connection.clone(),
                stop: stop.clone(),
            })
        };
        let service = builder
            .clone()
            .connection_id(ids.fetch_add(1, Ordering::Relaxed))
            .set_rpc_middleware(layer)
            .build(methods.clone(), stop_handle.clone());
        let service = StatusFault { service, connection: connection.clone() };
        let stream = Stream { stream, connection };
        let stopped = stop_handle.clone().shutdown();
        tokio::spawn(async move {
            let _ = serve_with_graceful_shutdown(stream, service, stopped).await;
        });
    }
    faults.drop_connections();
    let _ = server_handle.stop();
}

/// Subscription ids: 16 random bytes in hex.
#[derive(Debug)]
struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        let id: [u8; 16] = rand::rng().random();
        SubscriptionId::Str(format!("0x{}", hex::encode(id)).into())
    }
}

/// One TCP connection, from outside.
#[derive(Default)]
pub(crate) struct Connection {
    dropped: AtomicBool,
    waker: AtomicWaker,
    /// The HTTP status of the next response; 0 for the real one.
    status: AtomicU16,
}

impl Connection {
    /// Cuts the connection; the other side sees a reset.
    pub(crate) fn cut(&self) {
        self.dropped.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    fn check(&self) -> io::Result<()> {
        if self.dropped.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

struct Stream {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.connection.waker.register(cx.waker());
        self.connection.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Replaces the HTTP status when a fault asked for it.
#[derive(Clone)]
struct StatusFault<S> {
    service: S,
    connection: Arc<Connection>,
}

impl<S, B> Service<HttpRequest<B>> for StatusFault<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let connection = self.connection.clone();
        let answer = self.service.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let status = connection.status.swap(0, Ordering::SeqCst);
            if status == 0 {
                return Ok(response);
            }
            let mut failure = HttpResponse::new(HttpBody::from("out of order".to_owned()));
            if let Ok(status) = status.try_into() {
                *failure.status_mut() = status;
            }
            Ok(failure)
        })
    }
}

/// Applies a node's faults to every request.
#[derive(Clone)]
struct Faulty<S> {
    service: S,
    faults: Arc<NodeFaults>,
    connection: Arc<Connection>,
    stop: CancellationToken,
}

impl<S> Faulty<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    async fn answer(&self, request: Request<'_>) -> MethodResponse {
        let method = request.method_name().to_owned();
        let id = request.id.clone().into_owned();
        let params = request.params().as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut edits = Vec::new();
        for fault in self.faults.strike(&method) {
            match fault {
                Fault::Hang => {
                    self.stop.cancelled().await;
                    return failure(id, -32_000, "stopped");
                }
                Fault::Drop => {
                    self.connection.cut();
                    return failure(id, -32_000, "dropped");
                }
                Fault::Delay(time) => tokio::time::sleep(time).await,
                Fault::Http(status) => {
                    self.connection.status.store(status, Ordering::SeqCst);
                    return failure(id, -32_000, "unavailable");
                }
                Fault::Error { code, message } => return failure(id, code, &message),
                Fault::Edit(edit) => edits.push(edit),
            }
        }
        let response = self.service.call(request).await;
        if edits.is_empty() || response.is_subscription() || response.is_error() {
            return response;
        }
        let Ok(mut json) = serde_json::from_str::<serde_json::Value>(response.as_json().get()) else {
            return response;
        };
        let mut result = json.get_mut("result").map(serde_json::Value::take).unwrap_or_default();
        edits.iter().for_each(|edit| edit(&method, &params, &mut result));
        MethodResponse::response(id, ResponsePayload::success(result), MAX_BODY as usize)
    }
}

fn failure(id: jsonrpsee::types::Id<'_>, code: i32, message: &str) -> MethodResponse {
    MethodResponse::error(id, ErrorObjectOwned::owned(code, message, None::<()>))
}

impl<S> RpcServiceT for Faulty<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move { this.answer(request).await }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let mut responses = BatchResponseBuilder::new_with_limit(MAX_BODY as usize);
            let mut notified = false;
            for entry in batch {
                let response = match entry {
                    Ok(BatchEntry::Call(request)) => this.answer(request).await,
                    Ok(BatchEntry::Notification(_)) => {
                        notified = true;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_large) = responses.append(response) {
                    return too_large;
                }
            }
            if responses.is_empty() && notified {
                return MethodResponse::notification();
            }
            MethodResponse::from_batch(responses.finish())
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
