//! Which provider a path belongs to, and what happens to a request there.

use serde_json::{Value, json};
use tokio::io::BufReader;
use tokio::net::TcpStream;

use super::http::Request;
use super::play::{Duplex, Reply, Step};
use super::script::Fault;
use super::stats::Stats;
use super::wire::Wire;
use super::{anthropic, chat, count, gemini, openai, token};

/// Answers the requests of one connection.
pub(super) async fn connection(stream: TcpStream, stats: &Stats) {
    let _ = stream.set_nodelay(true);
    stats.count(|counts| (counts.connections, counts.open) = (counts.connections + 1, counts.open + 1));
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Ok(Some(request)) = Request::read(&mut reader).await {
        let reply = reply(&request, stats);
        if matches!(reply, Reply::Reset) {
            let _ = writer.as_ref().set_zero_linger();
        }
        let mut line = Duplex { reader: &mut reader, writer: &mut writer, stats };
        if !line.play(reply).await.unwrap_or(false) {
            break;
        }
    }
    stats.count(|counts| counts.open -= 1);
}

fn reply(request: &Request, stats: &Stats) -> Reply {
    match request.path.as_str() {
        "/_stats" => return Reply::json(200, &stats.to_json()),
        "/_requests" => return Reply::json(200, &Value::Array(stats.requests())),
        "/_reset" => {
            stats.reset();
            return Reply::json(200, &json!({}));
        }
        _ => stats.keep(request.record()),
    }
    if let Some(reply) = token::reply(request) {
        return reply;
    }
    if let Some(reply) = count::reply(request) {
        return reply;
    }
    match wire(request) {
        Some(wire) => provider(request, &wire, stats),
        None => Reply::json(
            404,
            &json!({"error": {"message": format!("no such path: {}", request.path), "type": "not_found_error"}}),
        ),
    }
}

fn wire(request: &Request) -> Option<Wire> {
    let path = request.path.trim_end_matches('/');
    let (_, rest) = path.trim_start_matches('/').split_once('/')?;
    Some(match (path.split('/').nth(1)?, rest) {
        ("openai", "v1/responses") => openai::WIRE,
        ("azure", "openai/v1/responses" | "openai/responses") => openai::AZURE,
        ("openai" | "compat", "v1/chat/completions") => chat::WIRE,
        ("azure", rest) if rest.ends_with("/chat/completions") => chat::AZURE,
        ("anthropic", "v1/messages") | ("azure-anthropic", "anthropic/v1/messages") => anthropic::WIRE,
        ("gemini", rest) if rest.contains("models/") => gemini::WIRE,
        ("vertex", rest) if rest.contains("/publishers/anthropic/") => return None,
        ("vertex", rest) if rest.contains("/publishers/google/models/") => gemini::VERTEX,
        _ => return None,
    })
}

fn provider(request: &Request, wire: &Wire, stats: &Stats) -> Reply {
    let question = match (wire.read)(request) {
        Ok(question) => question,
        Err(refused) => {
            stats.count(|counts| counts.refused += 1);
            return Reply::json(
                refused.status,
                &(wire.error)(refused.status, refused.kind, &refused.message),
            );
        }
    };
    stats.call(&question.model);
    let fault = Fault::of(&question.model);
    match fault {
        Some(Fault::Reset) => return Reply::Reset,
        Some(Fault::Stall(0)) => return Reply::Silent,
        Some(Fault::Status(code, once)) if !once || stats.turn(&question.model).is_multiple_of(2) => {
            return status_fault(wire, code, once, request);
        }
        Some(Fault::ErrorEvent) if !question.stream => return status_fault(wire, 500, false, request),
        _ => {}
    }
    let answer = question.answer();
    if question.stream {
        let frames = (wire.frames)(&answer);
        let steps = match fault {
            Some(fault) => fault.spoil(frames, wire.is_delta, (wire.error_frame)()),
            None => frames.into_iter().map(Step::Send).collect(),
        };
        return Reply::Stream { kind: "text/event-stream; charset=utf-8", steps };
    }
    let body = (wire.whole)(&answer);
    match fault {
        Some(fault) => Reply::Stream { kind: "application/json", steps: half(fault, &body.to_string()) },
        None => Reply::json(200, &body),
    }
}

/// A fault of a JSON answer: half of it, then the fault.
fn half(fault: Fault, body: &str) -> Vec<Step> {
    let first: String = body.chars().take(body.chars().count() / 2).collect();
    let second = body.get(first.len()..).unwrap_or_default().to_owned();
    let rest = match fault {
        Fault::Cut(_) => Step::Cut,
        Fault::Stall(_) => Step::Stall,
        Fault::Oversize | Fault::Forever => Step::Forever(" ".repeat(1 << 16)),
        Fault::Paced => Step::Paced(" ".to_owned(), std::time::Duration::from_millis(5)),
        Fault::Garbage => return vec![Step::Send("<html>this is not JSON</html>".to_owned())],
        Fault::Held => return vec![Step::Send(first), Step::Hold, Step::Send(second)],
        _ => Step::Send(second),
    };
    vec![Step::Send(first), rest]
}

/// An error as careless providers make them: it repeats the key and what was asked.
fn status_fault(wire: &Wire, status: u16, once: bool, request: &Request) -> Reply {
    let kind = match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let key = ["authorization", "x-api-key", "api-key", "x-goog-api-key"]
        .iter()
        .find_map(|name| request.header(name));
    let message = format!(
        "scripted failure sk-secret-in-the-raw-text for {} on {}",
        key.unwrap_or_default(),
        String::from_utf8_lossy(&request.body)
    );
    let reply = Reply::json(status, &(wire.error)(status, kind, &message));
    match (status, once) {
        (429, false) => reply.with("retry-after", "7"),
        (429, true) => reply.with("retry-after", "1"),
        _ => reply,
    }
}
