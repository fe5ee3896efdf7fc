//! The gateway in front of the scripted provider, with one provider entry per kind and a model for every script and fault.

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{self, Received};
use crate::gateway::Gateway;
use crate::upstream::ScriptedProvider;
use crate::{conformance, invariants};

/// A kind of provider, as the stage configures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The name of its entry.
    pub name: &'static str,
    /// What its model ids start with, since the gateway knows models by their names.
    family: &'static str,
    /// The rest of its entry; `{key}`, `{upstream}` and `{folder}` are replaced.
    entry: &'static str,
    /// Whether its answers carry reasoning that can be replayed.
    pub replays: bool,
}

const fn kind(name: &'static str, family: &'static str, replays: bool, entry: &'static str) -> Kind {
    Kind { name, family, entry, replays }
}

/// All kinds, with both of OpenAI's APIs.
pub const KINDS: &[Kind] = &[
    kind("openai", "gpt-4.1", true, "type: openai, api_key: {key}, endpoint: '{upstream}/openai/v1'"),
    kind(
        "openai-chat",
        "gpt-4.1",
        false,
        "type: openai, api: chat_completions, api_key: {key}, endpoint: '{upstream}/openai/v1'",
    ),
    kind("azure", "gpt-4.1", true, "type: azureopenai, api_key: {key}, endpoint: '{upstream}/azure'"),
    kind(
        "azure-chat",
        "gpt-4.1",
        false,
        "type: azureopenai, api: chat_completions, api_version: '2024-10-21', api_key: {key}, endpoint: '{upstream}/azure'",
    ),
    kind(
        "azure-entra",
        "gpt-4.1",
        true,
        "type: azureopenai, tenant_id: t, client_id: c, client_secret: s, authority: '{upstream}/entra', \
         endpoint: '{upstream}/azure'",
    ),
    kind(
        "anthropic",
        "claude-sonnet-4-5",
        true,
        "type: anthropic, api_key: {key}, endpoint: '{upstream}/anthropic'",
    ),
    kind(
        "azure-anthropic",
        "claude-sonnet-4-5",
        true,
        "type: azureanthropic, api_key: {key}, endpoint: '{upstream}/azure-anthropic/anthropic'",
    ),
    kind("google", "gemini-3-pro", true, "type: google, api_key: {key}, endpoint: '{upstream}/gemini'"),
    kind(
        "vertex",
        "gemini-3-pro",
        true,
        "type: vertexai, project: p, location: europe-west1, credentials_file: '{folder}/google.json', \
         endpoint: '{upstream}/vertex'",
    ),
    kind(
        "compatible",
        "some-model",
        false,
        "type: openai_compatible, api_key: {key}, endpoint: '{upstream}/compat/v1'",
    ),
];

/// What the scripted provider can be asked for.
const SCRIPTS: &[&str] = &[
    "script-text",
    "script-tool",
    "script-tool-empty",
    "script-parallel-tools",
    "script-json",
    "script-reasoning",
    "script-reasoning-tool",
    "script-refusal",
    "script-length",
    "script-filter",
    "fault-reset",
    "fault-400",
    "fault-401",
    "fault-403",
    "fault-404",
    "fault-429",
    "fault-429-once",
    "fault-500",
    "fault-503",
    "fault-529",
    "fault-cut-3",
    "fault-stall-3",
    "fault-stall-0",
    "fault-garbage",
    "fault-oversize",
    "fault-error-event",
    "held",
    "slower",
    "forever",
    "forever-paced",
];

/// The key of every entry that has one: it does not look like a key.
pub const KEY: &str = "plain-words-of-the-operator";

/// Timeouts where nothing is to time out, however busy the machine is: longer than a test waits for an answer.
const PATIENT: &str = "120s";

/// Timeouts for the scripts whose silence is to time out; the pauses of `slower` are well below.
const HASTY: &str = "2s";

/// The gateway and the provider behind it.
#[derive(Debug)]
pub struct Stage {
    /// The provider.
    pub upstream: ScriptedProvider,
    /// The gateway.
    pub gateway: Gateway,
}

impl Stage {
    /// Starts both. `more` is put in front of the configuration.
    pub fn start(program: &str, more: &str) -> io::Result<Self> {
        let upstream = ScriptedProvider::start()?;
        let folder = crate::gateway::new_folder()?;
        let user = json!({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
                          "token_uri": upstream.url("/token")});
        std::fs::write(folder.join("google.json"), user.to_string())?;
        let yaml = more.to_owned() + &configuration(&upstream, &folder.to_string_lossy());
        let gateway = Gateway::start_in(program, folder, &yaml)?;
        Ok(Self { upstream, gateway })
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Asks the gateway for a response.
    pub fn ask(&self, body: &Value) -> Received {
        client::post(self.address(), "/v1/responses", body).unwrap_or_else(|error| Received {
            status: 0,
            headers: Vec::new(),
            body: error.to_string().into_bytes(),
            whole: false,
        })
    }

    /// Asks once for JSON and once for a stream, and checks everything that holds for every answer: the status, the standard's
    /// schema, the rules of a stream, and that both say the same. The response, or what is wrong.
    pub fn ask_both(&self, body: &Value) -> Result<Value, String> {
        let wrong = conformance::request(body);
        if !wrong.is_empty() {
            return Err(format!("the test's own request does not conform: {wrong:?}"));
        }
        let whole = self.ask(body);
        if whole.status != 200 {
            return Err(format!("JSON: {} {}", whole.status, whole.text()));
        }
        let wrong = conformance::response(&whole.json());
        if !wrong.is_empty() {
            return Err(format!("JSON does not conform: {wrong:#?}\n{}", whole.text()));
        }
        let mut streaming = body.clone();
        streaming["stream"] = json!(true);
        let stream = self.ask(&streaming);
        if stream.status != 200
            || !stream.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
        {
            return Err(format!("stream: {} {:?} {}", stream.status, stream.headers, stream.text()));
        }
        let last = checked_stream(&stream.text())?;
        if comparable(&whole.json()) != comparable(&last) {
            return Err(format!(
                "JSON and stream differ:\n{}\n{}",
                comparable(&whole.json()),
                comparable(&last)
            ));
        }
        Ok(whole.json())
    }
}

/// The final response of a stream that keeps all rules and conforms; or what is wrong.
pub fn checked_stream(stream: &str) -> Result<Value, String> {
    let broken = invariants::check(stream);
    if !broken.is_empty() {
        return Err(format!("the stream breaks rules: {broken:#?}\n{stream}"));
    }
    for event in invariants::events(stream) {
        let wrong = conformance::event(&event);
        if !wrong.is_empty() {
            return Err(format!("an event does not conform: {wrong:#?}\n{event}"));
        }
    }
    invariants::last_response(stream).ok_or_else(|| "no response in the stream".to_owned())
}

/// A response without what is new in every one: ids and times.
pub fn comparable(response: &Value) -> Value {
    let mut response = response.clone();
    for field in ["id", "created_at", "completed_at"] {
        response[field] = Value::Null;
    }
    for item in response["output"].as_array_mut().into_iter().flatten() {
        item["id"] = Value::Null;
        if item["type"] == "reasoning" && item["encrypted_content"].is_string() {
            item["encrypted_content"] = json!("sealed");
        }
        if item["type"] == "function_call" {
            item["call_id"] = json!("call");
        }
    }
    response
}

/// All texts of a response, one after the other.
pub fn text(response: &Value) -> String {
    let items = response["output"].as_array().into_iter().flatten();
    let parts = items.flat_map(|item| item["content"].as_array().into_iter().flatten());
    parts.filter(|part| part["type"] == "output_text").filter_map(|part| part["text"].as_str()).collect()
}

/// The items of one type.
pub fn items<'a>(response: &'a Value, kind: &str) -> Vec<&'a Value> {
    response["output"].as_array().into_iter().flatten().filter(|item| item["type"] == kind).collect()
}

/// The name under which the gateway serves a kind's script.
pub fn model(kind: &Kind, script: &str) -> String {
    format!("{}.{script}", kind.name)
}

/// The name that the provider gets to read for it.
pub fn provider_model(kind: &Kind, script: &str) -> String {
    format!("{}-{script}", kind.family)
}

/// A small request.
pub fn request(kind: &Kind, script: &str) -> Value {
    json!({"model": model(kind, script), "input": "hello there"})
}

/// Whether a script is about timeouts: it gets an entry of its own, with short ones.
fn is_hasty(script: &str) -> bool {
    script.contains("stall") || script == "slower"
}

fn configuration(upstream: &ScriptedProvider, folder: &str) -> String {
    let timeouts = |time: &str| format!("timeouts: {{connect: {PATIENT}, first_byte: {time}, idle: {time}}}");
    let mut yaml = format!("{}\nproviders:\n", timeouts(PATIENT));
    for kind in KINDS {
        let entry = kind
            .entry
            .replace("{key}", KEY)
            .replace("{upstream}", &upstream.url(""))
            .replace("{folder}", folder);
        yaml.push_str(&format!("  {}: {{{entry}}}\n", kind.name));
        yaml.push_str(&format!("  {}-hasty: {{{entry}, {}}}\n", kind.name, timeouts(HASTY)));
    }
    // Port 1 is never given out, and nobody listens there.
    yaml.push_str("  nobody: {type: openai, api_key: k, endpoint: 'http://127.0.0.1:1/v1'}\n");
    yaml.push_str("models:\n  - {name: nobody, provider: nobody}\n");
    for kind in KINDS {
        for script in SCRIPTS {
            let (name, id) = (model(kind, script), provider_model(kind, script));
            let entry = if is_hasty(script) { format!("{}-hasty", kind.name) } else { kind.name.to_owned() };
            yaml.push_str(&format!("  - {{name: {name}, provider: {entry}, provider_model_id: {id}}}\n"));
        }
    }
    yaml
}
