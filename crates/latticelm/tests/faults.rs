//! Every fault of a provider, for every kind, whole and streamed: what the client is told, and how soon (C5, C10, C11).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where it cannot go on")]

use std::time::{Duration, Instant};

use lattice_testkit::client;
use lattice_testkit::gateway::eventually;
use lattice_testkit::invariants;
use lattice_testkit::stage::{KINDS, Kind, Stage, checked_stream, request};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// The stage's timeouts are a second each; nothing may take much longer.
const SOON: Duration = Duration::from_secs(8);

fn all(check: impl Fn(&Stage, &Kind) -> Result<(), String>) {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let failures: Vec<_> = KINDS
        .iter()
        .filter_map(|kind| check(&stage, kind).err().map(|error| format!("{}: {error}", kind.name)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The error's envelope (E9) with one of the statuses.
fn expect_error(stage: &Stage, body: &serde_json::Value, statuses: &[u16]) -> Result<client::Answer, String> {
    let begun = Instant::now();
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
    if begun.elapsed() > SOON {
        return Err(format!("took {:?}: {}", begun.elapsed(), context()));
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
            let begun = Instant::now();
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
            if begun.elapsed() > SOON {
                return Err(context("too late"));
            }
        }
        Ok(())
    });
}

#[test]
fn c10_a_slow_stream_is_not_cut() {
    all(|stage, kind| {
        let mut body = request(kind, "slow");
        body["stream"] = json!(true);
        let response = checked_stream(&stage.ask(&body).text())?;
        if response["status"] == "completed" { Ok(()) } else { Err(response.to_string()) }
    });
}

#[test]
fn c11_a_client_that_goes_ends_the_call_to_the_provider() {
    all(|stage, kind| {
        let aborted = stage.upstream.counts().aborted;
        let mut body = request(kind, "forever-paced");
        body["stream"] = json!(true);
        let headers = [("content-type", "application/json")];
        let text = body.to_string();
        let mut open = client::open(stage.address(), "POST", "/v1/responses", &headers, text.as_bytes())
            .map_err(|error| error.to_string())?;
        let began = open.read_until("response.output_text.delta").map_err(|error| error.to_string())?;
        if !began {
            return Err(format!("no delta: {}", open.answer().text()));
        }
        drop(open);
        eventually(SOON, || (stage.upstream.counts().aborted > aborted).then_some(()))
            .ok_or_else(|| format!("the call goes on: {:?}", stage.upstream.counts()))
    });
}

#[test]
fn c11_a_client_that_goes_before_the_answer_ends_the_call_too() {
    all(|stage, kind| {
        let (requests, aborted) = (stage.upstream.counts().requests, stage.upstream.counts().aborted);
        let text = request(kind, "forever-paced").to_string();
        let stream = std::net::TcpStream::connect(stage.address()).map_err(|error| error.to_string())?;
        let head = format!(
            "POST /v1/responses HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        std::io::Write::write_all(&mut &stream, head.as_bytes()).map_err(|error| error.to_string())?;
        eventually(SOON, || (stage.upstream.counts().requests > requests).then_some(()))
            .ok_or("nothing was asked")?;
        drop(stream);
        eventually(SOON, || (stage.upstream.counts().aborted > aborted).then_some(()))
            .ok_or_else(|| format!("the call goes on: {:?}", stage.upstream.counts()))
    });
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
        let stopped = eventually(SOON, || {
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
