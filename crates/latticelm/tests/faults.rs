//! Every fault of a provider, for every kind, whole and streamed: what the client is told (C5, C10, C11).
//!
//! That it is told at all, and not by a timeout, shows in that an answer comes: what only the stage's patient timeouts would end is
//! beyond the patience of the test's client.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test ends where it cannot go on"
)]

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use lattice_testkit::client;
use lattice_testkit::gateway::eventually;
use lattice_testkit::invariants;
use lattice_testkit::stage::{KINDS, Kind, Stage, checked_stream, provider_model, request};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// Checks every kind, all at once: much of the time is spent waiting for timeouts.
fn all(check: impl Fn(&Stage, &Kind) -> Result<(), String> + Sync) {
    let (stage, check) = (&Stage::start(PROGRAM, "").unwrap(), &check);
    let failures = thread::scope(|scope| {
        let checks: Vec<_> =
            KINDS.iter().map(|kind| (kind, scope.spawn(move || check(stage, kind)))).collect();
        let failed = checks.into_iter().filter_map(|(kind, check)| {
            let error = check.join().unwrap_or_else(|_| Err("panicked".to_owned())).err()?;
            Some(format!("{}: {error}", kind.name))
        });
        failed.collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The error's envelope (E9) with one of the statuses.
fn expect_error(
    stage: &Stage,
    body: &serde_json::Value,
    statuses: &[u16],
) -> Result<client::Received, String> {
    let answer = stage.ask(body);
    let context = || format!("{} -> {} {}", body["model"], answer.status, answer.text());
    if !statuses.contains(&answer.status) {
        return Err(format!("{}, expected {statuses:?}", context()));
    }
    let error = &answer.json()["error"];
    let whole = error["message"].is_string()
        && error["type"].is_string()
        && error.get("code").is_some()
        && error.get("param").is_some();
    if !whole || answer.header("x-request-id").is_none() {
        return Err(format!("not the envelope: {}", context()));
    }
    Ok(answer)
}

#[test]
fn c5_an_error_before_the_answer_keeps_its_meaning() {
    let table: &[(&str, &[u16])] = &[
        ("fault-reset", &[502, 503]),
        ("fault-400", &[400]),
        ("fault-401", &[502]),
        ("fault-403", &[502]),
        ("fault-404", &[404]),
        ("fault-429", &[429]),
        ("fault-500", &[502]),
        ("fault-503", &[503]),
        ("fault-529", &[503]),
        ("fault-stall-0", &[504]),
    ];
    all(|stage, kind| {
        for (script, statuses) in table {
            for stream in [false, true] {
                let mut body = request(kind, script);
                body["stream"] = json!(stream);
                let answer = expect_error(stage, &body, statuses)?;
                if *script == "fault-429" && answer.header("retry-after") != Some("7") {
                    return Err(format!("retry-after is {:?}", answer.header("retry-after")));
                }
                if matches!(*script, "fault-401" | "fault-403" | "fault-500")
                    && answer.text().contains("sk-secret")
                {
                    return Err(format!("the provider's raw text reaches the client: {}", answer.text()));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn c5_a_provider_that_is_not_there_is_unavailable() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for stream in [false, true] {
        expect_error(&stage, &json!({"model": "nobody", "input": "x", "stream": stream}), &[502, 503])
            .unwrap();
    }
}

#[test]
fn c5_a_whole_answer_that_breaks_off_is_an_error() {
    let table: &[(&str, &[u16])] = &[
        ("fault-cut-3", &[502]),
        ("fault-stall-3", &[504]),
        ("fault-garbage", &[502]),
        ("fault-oversize", &[502]),
        ("fault-error-event", &[502, 503]),
    ];
    all(|stage, kind| {
        for (script, statuses) in table {
            expect_error(stage, &request(kind, script), statuses)?;
        }
        Ok(())
    });
}

#[test]
fn c1_a_stream_that_breaks_off_ends_with_an_error_and_response_failed() {
    all(|stage, kind| {
        for script in ["fault-cut-3", "fault-stall-3", "fault-garbage", "fault-oversize", "fault-error-event"]
        {
            let mut body = request(kind, script);
            body["stream"] = json!(true);
            let answer = stage.ask(&body);
            let context = |what: &str| format!("{script}: {what}: {} {}", answer.status, answer.text());
            if answer.status != 200 || !answer.whole {
                return Err(context("not a whole stream"));
            }
            let response = checked_stream(&answer.text()).map_err(|error| format!("{script}: {error}"))?;
            let kinds: Vec<_> =
                invariants::events(&answer.text()).iter().map(|event| event["type"].clone()).collect();
            if !kinds.contains(&json!("error")) || response["status"] != "failed" {
                return Err(context("no error event or not failed"));
            }
        }
        Ok(())
    });
}

#[test]
fn c10_a_slow_stream_is_not_cut() {
    all(|stage, kind| {
        let begun = Instant::now();
        let mut body = request(kind, "slower");
        body["stream"] = json!(true);
        let response = checked_stream(&stage.ask(&body).text())?;
        if response["status"] != "completed" {
            return Err(response.to_string());
        }
        let longer_than_the_timeouts = begun.elapsed() > Duration::from_secs(2);
        if longer_than_the_timeouts { Ok(()) } else { Err(format!("too quick to show it: {response}")) }
    });
}

/// Calls of this kind's script that the provider has taken, and answers whose client did not wait for the end.
fn calls(stage: &Stage, kind: &Kind) -> (u64, u64) {
    let model = provider_model(kind, "forever-paced");
    (stage.upstream.calls(&model), stage.upstream.counts().aborted)
}

#[test]
fn c11_a_client_that_goes_ends_the_call_to_the_provider() {
    // One after the other: aborted calls are counted together.
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in KINDS {
        let (_, aborted) = calls(&stage, kind);
        let mut body = request(kind, "forever-paced");
        body["stream"] = json!(true);
        let headers = [("content-type", "application/json")];
        let text = body.to_string();
        let mut open =
            client::open(stage.address(), "POST", "/v1/responses", &headers, text.as_bytes()).unwrap();
        let began = open.read_until("response.output_text.delta").unwrap();
        assert!(began, "{}: no delta: {}", kind.name, open.answer().text());
        drop(open);
        eventually(|| (calls(&stage, kind).1 > aborted).then_some(()))
            .unwrap_or_else(|| panic!("{}: the call goes on: {:?}", kind.name, stage.upstream.counts()));
    }
}

#[test]
fn c11_a_client_that_goes_before_the_answer_ends_the_call_too() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in KINDS {
        let (called, aborted) = calls(&stage, kind);
        let text = request(kind, "forever-paced").to_string();
        let mut stream = TcpStream::connect(stage.address()).unwrap();
        let head = format!(
            "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The call itself, not the request for a token that some kinds make before it.
        eventually(|| (calls(&stage, kind).0 > called).then_some(()))
            .unwrap_or_else(|| panic!("{}: nothing was asked", kind.name));
        drop(stream);
        eventually(|| (calls(&stage, kind).1 > aborted).then_some(()))
            .unwrap_or_else(|| panic!("{}: the call goes on: {:?}", kind.name, stage.upstream.counts()));
    }
}

#[test]
fn c13_a_slow_client_does_not_fill_the_memory() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in
        KINDS.iter().filter(|kind| ["openai", "openai-chat", "anthropic", "google"].contains(&kind.name))
    {
        let before = stage.upstream.counts().bytes;
        let mut body = request(kind, "forever");
        body["stream"] = json!(true);
        let text = body.to_string();
        let headers = [("content-type", "application/json")];
        let open = client::open(stage.address(), "POST", "/v1/responses", &headers, text.as_bytes()).unwrap();
        // The provider writes as fast as it can until nobody takes it any more: until the count stands still.
        let (mut last, mut since) = (0, Instant::now());
        let stopped = eventually(|| {
            let now = stage.upstream.counts().bytes;
            if now != last {
                (last, since) = (now, Instant::now());
            }
            (since.elapsed() > Duration::from_millis(400)).then_some(())
        });
        assert!(stopped.is_some(), "{}: the provider is never held back", kind.name);
        let written = last - before;
        assert!(written < 96 << 20, "{}: {written} bytes are somewhere", kind.name);
        assert!(stage.gateway.memory() < 256 << 20, "{}: {} bytes", kind.name, stage.gateway.memory());
        drop(open);
    }
}
