use super::*;
use serde_json::json;
use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

/// An error object that says what it is.
#[derive(Clone, Debug, PartialEq)]
struct Said(&'static str);

impl ErrorObject for Said {
    fn text(&self) -> String {
        self.0.into()
    }
    fn explain(&self) -> String {
        format!("explained: {}", self.0)
    }
    fn is_final(&self) -> bool {
        self.0 == "refused"
    }
    fn is_pruned(&self) -> bool {
        self.0 == "pruned"
    }
    fn is_no_method(&self) -> bool {
        self.0 == "no method"
    }
    fn is_internal(&self) -> bool {
        self.0 == "internal"
    }
}

type Answers = dyn Fn(&Call) -> Answer<Said> + Send + Sync;

/// What one node answers, and what it was asked.
struct Node {
    answers: Box<Answers>,
    batches: Result<(), Failure<Said>>,
    delay: Duration,
    asked: Mutex<Vec<&'static str>>,
    batched: Mutex<Vec<usize>>,
    on_their_way: AtomicUsize,
    at_most: AtomicUsize,
}

impl Node {
    fn new(answers: impl Fn(&Call) -> Answer<Said> + Send + Sync + 'static) -> Self {
        Self {
            answers: Box::new(answers),
            batches: Ok(()),
            delay: Duration::ZERO,
            asked: Mutex::default(),
            batched: Mutex::default(),
            on_their_way: AtomicUsize::new(0),
            at_most: AtomicUsize::new(0),
        }
    }

    fn asked(&self) -> usize {
        lock(&self.asked).len()
    }

    async fn answer(&self, call: &Call) -> Answer<Said> {
        let now = self.on_their_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_most.fetch_max(now, Ordering::SeqCst);
        lock(&self.asked).push(call.method);
        tokio::time::sleep(self.delay).await;
        self.on_their_way.fetch_sub(1, Ordering::SeqCst);
        (self.answers)(call)
    }
}

/// Nodes by their URL, for the transports that find them there.
static NODES: LazyLock<Mutex<BTreeMap<String, Arc<Node>>>> = LazyLock::new(Mutex::default);

/// A transport without a network: batches of `BATCH`, `AT_ONCE` of them on their way.
struct Fake<const BATCH: usize, const AT_ONCE: usize>(Arc<Node>);

impl<const BATCH: usize, const AT_ONCE: usize> Transport for Fake<BATCH, AT_ONCE> {
    type Error = Said;
    const NAME: &'static str = "fake endpoint";
    const BATCH: usize = BATCH;
    const AT_ONCE: usize = AT_ONCE;
    const NAMES_WAIT: bool = BATCH > 1;

    fn open(url: &str, _: Duration) -> Result<Self, String> {
        lock(&NODES).get(url).cloned().map(Self).ok_or("no such node".into())
    }

    async fn call(&self, call: &Call) -> Answer<Said> {
        self.0.answer(call).await
    }

    async fn batch(&self, calls: &[Call]) -> Result<Vec<Answer<Said>>, Failure<Said>> {
        lock(&self.0.batched).push(calls.len());
        self.0.batches.clone()?;
        let mut answers = Vec::new();
        for call in calls {
            answers.push(self.call(call).await);
        }
        Ok(answers)
    }
}

type Batching = Fake<3, 1>;
type Streaming = Fake<1, 2>;

/// Endpoints over these nodes, and the nodes.
fn over<T: Transport>(nodes: Vec<Node>) -> (Endpoints<T>, Vec<Arc<Node>>) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let nodes: Vec<_> = nodes.into_iter().map(Arc::new).collect();
    let urls: Vec<_> = nodes
        .iter()
        .map(|node| {
            let url = format!("fake://user:pw@node-{}/key", NEXT.fetch_add(1, Ordering::SeqCst));
            lock(&NODES).insert(url.clone(), node.clone());
            url
        })
        .collect();
    (Endpoints::new("harbour", &urls, Duration::from_secs(1)).unwrap(), nodes)
}

fn honest() -> Node {
    Node::new(|call| Ok(call.params.clone()))
}

fn failing(failure: Failure<Said>) -> Node {
    Node::new(move |_| Err(failure.clone()))
}

async fn ask<T: Transport>(endpoints: &Endpoints<T>) -> Result<Value, CallError<T::Error>> {
    endpoints.ask("number", json!([7]), Ok).await
}

fn numbers(n: usize) -> Vec<Call> {
    (0..n).map(|i| Call::new("number", json!(i))).collect()
}

#[test]
fn names_keep_no_secrets() {
    assert_eq!(public_name("https://user:pw@node.example:8545/v3/KEY?x=1"), "https://node.example:8545");
    assert_eq!(public_name("wss://user:pw@node.example:443/v3/KEY?x=1"), "wss://node.example:443");
    assert_eq!(public_name("http://127.0.0.1:8545"), "http://127.0.0.1:8545");
}

#[test]
fn endpoints_that_cannot_be_asked_are_configuration_errors() {
    let urls = [
        (vec![], "harbour: no fake endpoint is configured"),
        (vec!["fake://user:pw@nowhere/key".into()], "harbour: endpoint fake://nowhere: no such node"),
    ];
    for (urls, said) in urls {
        let error = Endpoints::<Batching>::new("harbour", &urls, Duration::from_secs(1)).err().unwrap();
        assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Misconfigured, said));
    }
}

#[tokio::test]
async fn a_failing_endpoint_is_passed_over_and_asked_last() {
    for failure in [
        Failure::Timeout,
        Failure::Transport("connection refused".into()),
        Failure::Garbage("not JSON-RPC".into()),
        Failure::Node(Said("internal")),
        Failure::Node(Said("pruned")),
        Failure::Node(Said("no method")),
        Failure::Node(Said("who knows")),
    ] {
        let at_fault = !matches!(failure, Failure::Node(Said("pruned" | "no method" | "who knows")));
        let (endpoints, nodes) = over::<Batching>(vec![failing(failure.clone()), honest()]);
        assert_eq!(ask(&endpoints).await, Ok(json!([7])), "{failure:?}");
        assert_eq!(endpoints.status()[0].failures, u32::from(at_fault), "{failure:?}");
        assert_eq!(endpoints.status()[0].aside.is_some(), at_fault, "{failure:?}");
        assert_eq!(ask(&endpoints).await, Ok(json!([7])));
        assert_eq!(nodes[0].asked(), if at_fault { 1 } else { 2 }, "{failure:?}");
    }
}

#[tokio::test]
async fn the_chains_refusal_is_final() {
    let (endpoints, nodes) = over::<Batching>(vec![failing(Failure::Node(Said("refused"))), honest()]);
    let error = ask(&endpoints).await.unwrap_err();
    assert_eq!(error, CallError::Node(Said("refused")));
    assert_eq!(nodes[1].asked(), 0);
    assert_eq!(endpoints.counts()["number"], RpcCount { calls: 1, failures: 0 });
    let error = error.into_adapter("harbour");
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Rejected, "explained: refused"));
}

#[tokio::test]
async fn failures_are_told_by_the_endpoint_that_says_most() {
    let failures = [Failure::Transport("down".into()), Failure::Node(Said("pruned")), Failure::Node(Said("no method"))];
    let (endpoints, _) = over::<Batching>(failures.map(failing).into());
    let name = endpoints.name(1).to_owned();
    assert_eq!(ask(&endpoints).await, Err(CallError::Pruned(format!("{name}: number: pruned"))));
    assert_eq!(endpoints.counts()["number"], RpcCount { calls: 3, failures: 1 });
    let (endpoints, _) = over::<Batching>(vec![failing(Failure::Timeout)]);
    let said = format!("{}: number: no answer in time", endpoints.name(0));
    assert_eq!(ask(&endpoints).await, Err(CallError::Unavailable(said)));
}

#[tokio::test]
async fn who_asks_for_patience_is_left_alone() {
    let patience = Failure::RateLimited(Some(Duration::from_secs(30)));
    let (endpoints, nodes) = over::<Batching>(vec![failing(patience.clone())]);
    assert_eq!(ask(&endpoints).await, Err(CallError::RateLimited(Some(Duration::from_secs(30)))));
    let error = ask(&endpoints).await.unwrap_err().into_adapter("harbour");
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert!(error.retry_after.is_some_and(|wait| wait > Duration::from_secs(28)), "{:?}", error.retry_after);
    assert_eq!(nodes[0].asked(), 1);
    let (endpoints, nodes) = over::<Streaming>(vec![failing(Failure::RateLimited(None))]);
    for _ in 0..2 {
        assert_eq!(ask(&endpoints).await, Err(CallError::RateLimited(None)));
    }
    assert_eq!(nodes[0].asked(), 1);
}

#[tokio::test]
async fn a_liar_is_put_aside_and_left_alone() {
    let (endpoints, nodes) = over::<Batching>(vec![Node::new(|_| Ok(json!("lie"))), honest()]);
    let check = |answer: Value| match answer.as_str() {
        Some(_) => Err(Bad::Lied("not a number".into())),
        None => Ok(answer),
    };
    for _ in 0..2 {
        assert_eq!(endpoints.ask("number", json!(7), check).await, Ok(json!(7)));
    }
    assert_eq!((nodes[0].asked(), endpoints.status()[0].lies), (1, 1));
    assert_eq!(endpoints.counts()["number"], RpcCount { calls: 3, failures: 1 });
    let (endpoints, nodes) = over::<Batching>(vec![Node::new(|_| Ok(json!("lie")))]);
    let name = endpoints.name(0).to_owned();
    let lied = endpoints.ask("number", json!(7), check).await;
    assert_eq!(lied, Err(CallError::Lied(format!("{name}: number: not a number"))));
    let aside = endpoints.ask("number", json!(7), check).await;
    assert_eq!(aside, Err(CallError::Lied(format!("{name}: number: not a number (put aside for 15 s)"))));
    assert_eq!(nodes[0].asked(), 1);
}

#[tokio::test]
async fn missing_answers_are_no_fault() {
    let (endpoints, nodes) = over::<Batching>(vec![Node::new(|_| Ok(Value::Null)), honest()]);
    let check = |answer: Value| if answer.is_null() { Err(Bad::Missing("block 7".into())) } else { Ok(answer) };
    assert_eq!(endpoints.ask("number", json!(7), check).await, Ok(json!(7)));
    assert_eq!(endpoints.ask("number", Value::Null, check).await, Err(CallError::Missing("block 7".into())));
    assert_eq!((nodes[0].asked(), endpoints.status()[0].failures, endpoints.status()[0].lies), (2, 0, 0));
}

#[tokio::test]
async fn batches_are_filled_and_answered_in_order() {
    let (endpoints, nodes) = over::<Batching>(vec![honest()]);
    let values = endpoints.ask_many(&numbers(8), Ok).await.unwrap();
    assert_eq!(json!(values), json!([0, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(*lock(&nodes[0].batched), [3, 3, 2]);
    assert_eq!(endpoints.counts()["number"], RpcCount { calls: 8, failures: 0 });
    assert_eq!(endpoints.ask_many(&[], Ok).await, Ok(vec![]));
}

#[tokio::test]
async fn without_batches_one_by_one() {
    for refusal in [Failure::Node(Said("no method")), Failure::Garbage("one answer to a batch".into())] {
        let (endpoints, nodes) = over::<Batching>(vec![Node { batches: Err(refusal), ..honest() }]);
        let values = endpoints.ask_many(&numbers(4), Ok).await.unwrap();
        assert_eq!(json!(values), json!([0, 1, 2, 3]));
        assert_eq!(nodes[0].asked(), 4);
        assert_eq!(endpoints.counts()["number"], RpcCount { calls: 4, failures: 0 });
        assert_eq!(endpoints.status()[0].failures, 0);
    }
    let broken = Node { batches: Err(Failure::Timeout), ..honest() };
    let (endpoints, nodes) = over::<Batching>(vec![broken, honest()]);
    assert_eq!(endpoints.ask_many(&numbers(4), Ok).await.unwrap().len(), 4);
    assert_eq!((nodes[0].asked(), nodes[1].asked()), (0, 4));
    assert_eq!(endpoints.counts()["number"], RpcCount { calls: 5, failures: 1 });
}

#[tokio::test]
async fn messages_are_bounded_in_flight_and_answered_in_order() {
    let (endpoints, nodes) = over::<Streaming>(vec![Node { delay: Duration::from_millis(5), ..honest() }]);
    let values = endpoints.ask_many(&numbers(7), Ok).await.unwrap();
    assert_eq!(json!(values), json!([0, 1, 2, 3, 4, 5, 6]));
    assert_eq!(nodes[0].at_most.load(Ordering::SeqCst), 2);
    assert!(lock(&nodes[0].batched).is_empty());
}

#[tokio::test]
async fn all_answers_come_from_one_endpoint() {
    let third = |call: &Call| if call.params == json!(2) { Err(Failure::Timeout) } else { Ok(json!("first")) };
    let (endpoints, _) = over::<Streaming>(vec![Node::new(third), honest()]);
    assert_eq!(json!(endpoints.ask_many(&numbers(4), Ok).await.unwrap()), json!([0, 1, 2, 3]));
}

#[tokio::test]
async fn all_are_asked_and_the_slow_are_not_waited_for() {
    let slow = Node { delay: GRACE * 60, ..honest() };
    let (endpoints, _) = over::<Batching>(vec![honest(), failing(Failure::Timeout), slow]);
    let start = Instant::now();
    let answers = endpoints.ask_all("number", json!(7), Ok).await;
    assert!(start.elapsed() < GRACE * 10, "{:?}", start.elapsed());
    let ok: Vec<_> = answers.iter().map(|(index, answer)| (*index, answer.is_ok())).collect();
    assert_eq!(ok, [(0, true), (1, false)]);
    let slow = &endpoints.status()[2];
    assert_eq!((slow.failures, slow.last_failure.as_deref()), (1, Some("much slower than the others")));
    let asked = endpoints.ask_all("number", json!(7), Ok).await;
    assert!(asked.iter().all(|(index, _)| *index != 2), "who is put aside is not asked while another is left");
}

#[tokio::test]
async fn what_one_refuses_the_next_may_grant() {
    let (endpoints, _) = over::<Streaming>(vec![failing(Failure::Node(Said("no method"))), honest()]);
    let call = Call::new("subscribe", json!(7));
    let granted = endpoints.granted("subscribe", |fake| fake.call(&call).boxed()).await;
    assert_eq!(granted, Ok(json!(7)));
    let (endpoints, _) = over::<Streaming>(vec![failing(Failure::Transport("down".into()))]);
    let granted = endpoints.granted("subscribe", |fake| fake.call(&call).boxed()).await;
    assert_eq!(granted, Err(CallError::Unavailable(format!("{}: subscribe: down", endpoints.name(0)))));
    assert_eq!(endpoints.counts()["subscribe"], RpcCount { calls: 1, failures: 1 });
}
