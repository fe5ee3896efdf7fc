//! The gateway's router over a provider whose answer is given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use lattice_gateway::{
    Answer, AnswerBody, Call, Clock, Directory, Entry, Gateway, Recorder, Secrets, Target, TurnRecord,
    Upstream, UpstreamError,
};
use lattice_providers::{Model, Provider, Settings, build};
use lattice_server::App;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The key of every entry: it does not look like one.
pub(crate) const KEY: &str = "plain-words";

/// What a provider answers: a status and a body in these chunks.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) status: u16,
    pub(crate) chunks: Vec<Bytes>,
    /// Whether the answer says that it is JSON; else it says nothing.
    pub(crate) json: bool,
}

impl Script {
    pub(crate) fn ok(chunks: Vec<Bytes>) -> Self {
        Self { status: 200, chunks, json: false }
    }
}

/// A request as the provider gets it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Debug)]
struct Scripted {
    script: Script,
    sent: Arc<Mutex<Option<Sent>>>,
}

impl Upstream for Scripted {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Answer, UpstreamError>> {
        let (parts, body) = call.request.into_parts();
        let body = serde_json::from_slice(&body.to_bytes()).unwrap();
        *self.sent.lock().unwrap() = Some(Sent { uri: parts.uri.to_string(), headers: parts.headers, body });
        let body = Box::new(Chunks(self.script.chunks.clone().into()));
        let mut headers = HeaderMap::new();
        if self.script.json {
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        }
        Box::pin(async move {
            Ok(Answer { status: self.script.status, headers, secrets: Secrets::default(), body })
        })
    }
}

struct Chunks(VecDeque<Bytes>);

impl AnswerBody for Chunks {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, UpstreamError>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn finish(self: Box<Self>) {}
}

/// One provider entry of each wire, by a name of its own.
pub(crate) const KINDS: [&str; 9] = [
    "openai",
    "openai_chat",
    "azureopenai",
    "azureopenai_chat",
    "openai_compatible",
    "anthropic",
    "azureanthropic",
    "google",
    "vertexai",
];

/// The provider for one of [`KINDS`].
pub(crate) fn provider(kind: &str) -> Box<dyn Provider> {
    let endpoint = match kind {
        "azureopenai" | "azureopenai_chat" => Some("https://r.example"),
        "azureanthropic" => Some("https://r.example/anthropic"),
        "openai_compatible" => Some("https://c.example/v1"),
        _ => None,
    };
    let access = if kind == "vertexai" { ("project", "acme") } else { ("api_key", KEY) };
    let api = kind.ends_with("_chat").then_some(("api", "chat_completions"));
    let more = api.into_iter().chain(endpoint.map(|endpoint| ("endpoint", endpoint)));
    let values: Vec<_> = [access].into_iter().chain(more).collect();
    made(kind.trim_end_matches("_chat"), &values)
}

/// A provider of these settings.
pub(crate) fn made(of_type: &str, values: &[(&str, &str)]) -> Box<dyn Provider> {
    let settings =
        Settings::with("test", of_type, values).unwrap_or_else(|error| panic!("{of_type}: {error}"));
    build(&settings).unwrap_or_else(|error| panic!("{of_type}: {error}"))
}

/// A clock whose time of day stands still.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn seconds(&self) -> i64 {
        1_760_000_000
    }

    #[expect(clippy::disallowed_methods, reason = "nothing here depends on how much time passes")]
    fn instant(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "ids have to differ, and nothing else")]
    fn id(&self) -> String {
        uuid::Uuid::now_v7().simple().to_string()
    }
}

/// Keeps what was recorded.
#[derive(Debug, Default)]
struct Records(Mutex<Vec<TurnRecord>>);

impl Recorder for Records {
    fn turn(&self, record: TurnRecord) {
        self.0.lock().unwrap().push(record);
    }
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// What the provider got, if it was asked.
    pub(crate) sent: Option<Sent>,
}

impl Outcome {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Takes a request to `model` through the gateway to a provider that answers by the script.
pub(crate) fn ask_model(provider: Box<dyn Provider>, model: &str, body: &Value, script: Script) -> Outcome {
    let sent = Arc::new(Mutex::new(None));
    let upstream = Box::new(Scripted { script, sent: Arc::clone(&sent) });
    let entry = Arc::new(Entry { name: "test".into(), provider, upstream });
    let mut directory = Directory::new(vec![Arc::clone(&entry)]);
    let name = body["model"].as_str().unwrap_or("m").to_owned();
    let model = Model { id: model.to_owned(), ..Model::default() };
    directory.declare(name, Target { entry, model, capabilities: None });
    let records = Arc::new(Records::default());
    let app = Arc::new(App {
        gateway: Gateway::new(directory, Arc::new(Stopped), Arc::clone(&records) as Arc<dyn Recorder>),
        max_request_body_size: 10 << 20,
        body_timeout: Duration::from_mins(1),
        heartbeat: Duration::from_mins(1),
        allowed_hosts: Vec::new(),
        public_url: None,
        is_tls: false,
        trusted_proxies: Vec::new(),
        admin_ip_ranges: Vec::new(),
        administration: None,
        authenticator: arc_swap::ArcSwap::from_pointee(lattice_auth::Authenticator::new(
            [],
            Some(lattice_auth::Principal::anonymous(lattice_auth::Role::Member)),
        )),
        storage: None,
        cors: None,
        version: "test",
        stopping: CancellationToken::new(),
        cut_streams: CancellationToken::new(),
    });
    let request = Request::post("/v1/responses")
        .header(header::HOST, "gateway.test")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let runtime = runtime();
    runtime.block_on(async {
        let response = lattice_server::router(&app).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let records = std::mem::take(&mut *records.0.lock().unwrap());
        assert_eq!(records.len(), 1, "every request is recorded once: {records:?}");
        assert_eq!(records.first().map(|record| record.status), Some(status));
        Outcome { status, body, sent: sent.lock().unwrap().take() }
    })
}

/// The same with a model that the kind's codec takes.
pub(crate) fn ask(kind: &str, body: &Value, script: Script) -> Outcome {
    ask_model(provider(kind), model_of(kind), body, script)
}

/// A newer model of each kind: it can all that its provider can.
pub(crate) fn model_of(kind: &str) -> &'static str {
    match kind {
        "anthropic" | "azureanthropic" => "claude-sonnet-4-5",
        "google" | "vertexai" => "gemini-3-pro-preview",
        "openai_compatible" => "llama-3.3-70b",
        _ => "gpt-5",
    }
}

/// A request with a tool and a wish for all that a model can tell about its thinking.
pub(crate) fn question(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "input": "hi", "include": ["reasoning.encrypted_content"],
           "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]})
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}
