//! Several nodes of one chain as one source of answers: asked in order of health, failed over,
//! put aside when they fail, ask for patience or lie.

use crate::{
    answer::{Attempt, Bad, CallError, more_telling, sort_node_error},
    health::{Aside, Health},
    transport::{Answer, Call, ErrorObject, Failure, Transport},
};
use futures::{
    FutureExt, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use lupu_adapter::{AdapterError, ErrorKind};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long the others are waited for when one endpoint has answered.
const GRACE: Duration = Duration::from_secs(1);

/// How often a method was called on an endpoint set, and how often in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RpcCount {
    /// Requests sent.
    pub calls: u64,
    /// Requests without a usable answer.
    pub failures: u64,
}

/// What an operator wants to know about an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointStatus {
    /// Scheme, host and port; no path, no credentials.
    pub name: String,
    /// Failures since the last good answer.
    pub failures: u32,
    /// Answers contradicted by a proof or a hash, ever.
    pub lies: u32,
    /// Smoothed time of an answer, milliseconds.
    pub latency_ms: f64,
    /// How much longer it is put aside.
    pub aside: Option<Duration>,
    /// Why it failed last.
    pub last_failure: Option<String>,
}

struct Endpoint<T> {
    name: String,
    transport: T,
    health: Mutex<Health>,
}

/// The endpoints of one chain.
pub struct Endpoints<T> {
    chain: String,
    list: Vec<Endpoint<T>>,
    counts: Mutex<BTreeMap<&'static str, RpcCount>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Scheme, host and port: paths and credentials of hosted nodes are secrets.
fn public_name(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}")
}

impl<T: Transport> Endpoints<T> {
    /// Endpoints of the chain named `chain`, in order of preference; nothing is sent yet.
    pub fn new(chain: &str, urls: &[String], timeout: Duration) -> Result<Self, AdapterError> {
        let wrong = |message: String| AdapterError::new(chain, ErrorKind::Misconfigured, message);
        if urls.is_empty() {
            return Err(wrong(format!("no {} is configured", T::NAME)));
        }
        let list = urls
            .iter()
            .map(|url| {
                let name = public_name(url);
                let transport = T::open(url, timeout).map_err(|e| wrong(format!("endpoint {name}: {e}")))?;
                Ok(Endpoint { name, transport, health: Mutex::default() })
            })
            .collect::<Result<_, AdapterError>>()?;
        Ok(Self { chain: chain.into(), list, counts: Mutex::default() })
    }

    /// The chain's name in the configuration.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Number of endpoints.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Never: at least one endpoint is configured.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Calls per method since the start.
    pub fn counts(&self) -> BTreeMap<&'static str, RpcCount> {
        lock(&self.counts).clone()
    }

    /// The state of each endpoint, in the order of the configuration.
    pub fn status(&self) -> Vec<EndpointStatus> {
        let now = Instant::now();
        let of = |e: &Endpoint<T>| {
            let h = lock(&e.health);
            EndpointStatus {
                name: e.name.clone(),
                failures: h.failures,
                lies: h.lies,
                latency_ms: h.latency_ms,
                aside: h.aside(now).map(|(wait, _)| wait),
                last_failure: h.last_failure.clone(),
            }
        };
        self.list.iter().map(of).collect()
    }

    /// Asks until an endpoint gives an answer that `check` accepts. An answer it calls a lie puts
    /// the endpoint aside.
    pub async fn ask<R>(
        &self,
        method: &'static str,
        params: Value,
        check: impl Fn(Value) -> Result<R, Bad>,
    ) -> Result<R, CallError<T::Error>> {
        let calls = [Call::new(method, params)];
        self.ask_many(&calls, |mut answers| check(answers.pop().unwrap_or_default())).await
    }

    /// Asks several things of one endpoint, together; all answers are of that endpoint.
    /// The check sees the answers in order; a part that the node refuses fails the whole.
    pub async fn ask_many<R>(
        &self,
        calls: &[Call],
        check: impl Fn(Vec<Value>) -> Result<R, Bad>,
    ) -> Result<R, CallError<T::Error>> {
        let method = calls.first().map_or("batch", |c| c.method);
        let mut worst: Option<CallError<T::Error>> = None;
        for index in self.order(false) {
            // An endpoint that lied, or asks for patience, is left alone while it is put aside.
            if let Some(refusal) = self.left_alone(index) {
                worst = Some(more_telling(worst, refusal));
                continue;
            }
            let answers = self.calls_at(index, calls).await;
            match answers.and_then(|values| check(values).map_err(|bad| self.judge(index, method, bad))) {
                Ok(value) => return Ok(value),
                Err(Attempt { error, last: true }) => return Err(error),
                Err(Attempt { error, .. }) => worst = Some(more_telling(worst, error)),
            }
        }
        Err(worst.unwrap_or_else(|| CallError::Unavailable("no endpoint".into())))
    }

    /// Asks every endpoint that is not put aside, at once; once one has answered well the others
    /// have a second left. Answers with the endpoint's index.
    pub async fn ask_all<R>(
        &self,
        method: &'static str,
        params: Value,
        check: impl Fn(Value) -> Result<R, Bad>,
    ) -> Vec<(usize, Result<R, CallError<T::Error>>)> {
        let call = Call::new(method, params);
        let (call, check) = (&call, &check);
        let asked = self.order(true);
        let ask = |index: usize| async move {
            let answer = self.call_at(index, call).await;
            let answer = answer.and_then(|value| check(value).map_err(|bad| self.judge(index, method, bad)));
            (index, answer.map_err(|attempt| attempt.error))
        };
        let mut pending: FuturesUnordered<_> = asked.iter().map(|index| ask(*index)).collect();
        let mut answers = Vec::with_capacity(asked.len());
        let mut deadline = None;
        loop {
            let next = match deadline {
                None => pending.next().await,
                Some(deadline) => tokio::time::timeout_at(deadline, pending.next()).await.unwrap_or_default(),
            };
            let Some(answer) = next else { break };
            if answer.1.is_ok() && deadline.is_none() {
                deadline = Some(tokio::time::Instant::now() + GRACE);
            }
            answers.push(answer);
        }
        drop(pending);
        for late in asked.into_iter().filter(|index| answers.iter().all(|(i, _)| i != index)) {
            if let Some(endpoint) = self.list.get(late) {
                lock(&endpoint.health).failed("much slower than the others".into(), Instant::now());
            }
        }
        answers
    }

    /// What the first endpoint that grants it grants, best first: a subscription, say.
    pub async fn granted<'a, R>(
        &'a self,
        method: &'static str,
        ask: impl Fn(&'a T) -> BoxFuture<'a, Result<R, Failure<T::Error>>>,
    ) -> Result<R, CallError<T::Error>> {
        let mut worst = None;
        for index in self.order(true) {
            let Some(endpoint) = self.list.get(index) else { continue };
            let start = Instant::now();
            match ask(&endpoint.transport).await {
                Ok(granted) => return Ok(granted),
                Err(failure) => {
                    if let Err(attempt) = self.settle(endpoint, method, Err(failure), start) {
                        worst = Some(more_telling(worst, attempt.error));
                    }
                }
            }
        }
        Err(worst.unwrap_or_else(|| CallError::Unavailable("no endpoint".into())))
    }

    /// Puts an endpoint aside for an answer that turned out false later.
    pub fn lied(&self, index: usize, why: &str) {
        if let Some(endpoint) = self.list.get(index) {
            tracing::warn!(chain = %self.chain, endpoint = %endpoint.name, "endpoint put aside: {why}");
            lock(&endpoint.health).lied(why.into(), Instant::now());
        }
    }

    /// Public name of an endpoint.
    pub fn name(&self, index: usize) -> &str {
        self.list.get(index).map_or("?", |e| &e.name)
    }

    /// Endpoints to ask, best first. Those put aside come last, by how soon they are back, and
    /// not at all if `healthy_only` and any other is left.
    fn order(&self, healthy_only: bool) -> Vec<usize> {
        let now = Instant::now();
        let mut order: Vec<(Duration, (u32, u32, u64), usize)> = self
            .list
            .iter()
            .enumerate()
            .map(|(index, e)| {
                let health = lock(&e.health);
                (health.aside(now).map(|(wait, _)| wait).unwrap_or_default(), health.order(), index)
            })
            .collect();
        order.sort_unstable();
        let healthy = order.iter().filter(|(aside, ..)| aside.is_zero()).count();
        if healthy_only && healthy > 0 {
            order.truncate(healthy);
        }
        order.into_iter().map(|(.., index)| index).collect()
    }

    fn left_alone(&self, index: usize) -> Option<CallError<T::Error>> {
        let endpoint = self.list.get(index)?;
        let health = lock(&endpoint.health);
        let (wait, why) = health.aside(Instant::now())?;
        match why {
            Aside::Failed => None,
            Aside::Patience => Some(CallError::RateLimited(T::NAMES_WAIT.then_some(wait))),
            Aside::Lied => {
                let what = health.last_failure.as_deref().unwrap_or("lied");
                Some(CallError::Lied(format!("{}: {what} (put aside for {} s)", endpoint.name, wait.as_secs() + 1)))
            }
        }
    }

    fn at(&self, index: usize) -> Result<&Endpoint<T>, Attempt<T::Error>> {
        self.list.get(index).ok_or_else(|| Attempt::next(CallError::Unavailable("no endpoint".into())))
    }

    async fn call_at(&self, index: usize, call: &Call) -> Result<Value, Attempt<T::Error>> {
        let endpoint = self.at(index)?;
        let start = Instant::now();
        let answer = endpoint.transport.call(call).await;
        self.settle(endpoint, call.method, answer, start)
    }

    async fn calls_at(&self, index: usize, calls: &[Call]) -> Result<Vec<Value>, Attempt<T::Error>> {
        let messages: Vec<_> = calls.chunks(T::BATCH).map(|part| self.batch_at(index, part).boxed()).collect();
        stream::iter(messages).buffered(T::AT_ONCE).try_concat().await
    }

    async fn batch_at(&self, index: usize, calls: &[Call]) -> Result<Vec<Value>, Attempt<T::Error>> {
        if let [call] = calls {
            return Ok(vec![self.call_at(index, call).await?]);
        }
        let endpoint = self.at(index)?;
        let start = Instant::now();
        match endpoint.transport.batch(calls).await {
            Ok(answers) => {
                let asked = calls.iter().zip(answers);
                asked.map(|(call, answer)| self.settle(endpoint, call.method, answer, start)).collect()
            }
            // No batches here: one by one.
            Err(Failure::Node(_) | Failure::Garbage(_)) => {
                let mut values = Vec::with_capacity(calls.len());
                for call in calls {
                    values.push(self.call_at(index, call).await?);
                }
                Ok(values)
            }
            Err(failure) => {
                let method = calls.first().map_or("batch", |c| c.method);
                Ok(vec![self.settle(endpoint, method, Err(failure), start)?])
            }
        }
    }

    /// Books the result of a request and says what it means.
    fn settle(
        &self,
        endpoint: &Endpoint<T>,
        method: &'static str,
        answer: Answer<T::Error>,
        start: Instant,
    ) -> Result<Value, Attempt<T::Error>> {
        let now = Instant::now();
        let name = &endpoint.name;
        self.count(method, !matches!(answer, Ok(_) | Err(Failure::Node(_))));
        let mut health = lock(&endpoint.health);
        let failure = match answer {
            Ok(value) => {
                health.good(now - start);
                return Ok(value);
            }
            Err(failure) => failure,
        };
        let (fault, attempt) = match failure {
            Failure::Node(error) if error.is_internal() => {
                health.failed(error.text(), now);
                return Err(Attempt::next(CallError::Unavailable(format!("{name}: {method}: {}", error.text()))));
            }
            Failure::Node(error) => {
                health.good(now - start);
                return Err(sort_node_error(name, method, error));
            }
            Failure::RateLimited(wait) => {
                health.rate_limited(wait, now);
                drop(health);
                tracing::warn!(chain = %self.chain, endpoint = %name, method, "rate limited");
                return Err(Attempt::next(CallError::RateLimited(wait)));
            }
            Failure::Timeout => ("no answer in time".to_string(), None),
            Failure::Transport(what) => (what, None),
            Failure::Garbage(what) => (what.clone(), Some(CallError::Lied(format!("{name}: {method}: {what}")))),
        };
        health.failed(fault.clone(), now);
        let failures = health.failures;
        drop(health);
        if failures == 1 {
            tracing::warn!(chain = %self.chain, endpoint = %name, method, "endpoint failed: {fault}");
        }
        Err(Attempt::next(attempt.unwrap_or_else(|| CallError::Unavailable(format!("{name}: {method}: {fault}")))))
    }

    fn judge(&self, index: usize, method: &'static str, bad: Bad) -> Attempt<T::Error> {
        match bad {
            Bad::Missing(what) => Attempt::next(CallError::Missing(what)),
            Bad::Pruned(what) => Attempt::next(CallError::Pruned(what)),
            Bad::Lied(why) => {
                self.count_failure(method);
                let why = format!("{method}: {why}");
                self.lied(index, &why);
                Attempt::next(CallError::Lied(format!("{}: {why}", self.name(index))))
            }
        }
    }

    fn count(&self, method: &'static str, failed: bool) {
        let mut counts = lock(&self.counts);
        let count = counts.entry(method).or_default();
        count.calls = count.calls.saturating_add(1);
        count.failures = count.failures.saturating_add(u64::from(failed));
    }

    fn count_failure(&self, method: &'static str) {
        let mut counts = lock(&self.counts);
        let count = counts.entry(method).or_default();
        count.failures = count.failures.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
