//! What is left when everything that can go wrong has gone wrong, many times at once: nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::thread;

use lattice_testkit::client;
use lattice_testkit::gateway::eventually;
use lattice_testkit::stage::{KINDS, Stage, request};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

const FAULTS: [&str; 14] = [
    "fault-reset",
    "fault-400",
    "fault-401",
    "fault-404",
    "fault-429",
    "fault-500",
    "fault-529",
    "fault-cut-3",
    "fault-stall-3",
    "fault-stall-0",
    "fault-garbage",
    "fault-oversize",
    "fault-error-event",
    "script-text",
];

/// Every fault of two kinds, whole and streamed, and a client that goes in the middle of each stream: all at once.
fn storm(stage: &Stage) {
    let kinds = KINDS.iter().filter(|kind| ["openai", "anthropic"].contains(&kind.name));
    thread::scope(|scope| {
        for kind in kinds {
            for script in FAULTS {
                for stream in [false, true] {
                    let mut body = request(kind, script);
                    body.as_object_mut().unwrap().insert("stream".to_owned(), json!(stream));
                    scope.spawn(move || stage.ask(&body));
                }
            }
            let mut body = request(kind, "forever-paced");
            body.as_object_mut().unwrap().insert("stream".to_owned(), json!(true));
            for _ in 0..10 {
                let body = body.clone();
                scope.spawn(move || leave_early(stage, &body));
            }
        }
    });
}

fn leave_early(stage: &Stage, body: &Value) {
    let headers = [("content-type", "application/json")];
    let text = body.to_string();
    let mut open = client::open(stage.address(), "POST", "/v1/responses", &headers, text.as_bytes()).unwrap();
    assert!(open.read_until("response.output_text.delta").unwrap(), "{}", open.answer().text());
}

#[test]
fn c11_no_fault_leaves_a_socket_a_call_or_memory_behind() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let sockets_at_rest = stage.gateway.sockets();
    storm(&stage);
    let memory_after_one = stage.gateway.memory();
    for _ in 0..4 {
        storm(&stage);
    }
    // The log pipe and the listener, and what the pools keep for the next request: not one for each of some 400 requests.
    let kept = sockets_at_rest + 40;
    eventually(|| (stage.gateway.sockets() <= kept).then_some(()))
        .unwrap_or_else(|| panic!("{} sockets, {sockets_at_rest} at rest", stage.gateway.sockets()));
    let calls = || stage.upstream.counts();
    eventually(|| (calls().open <= 40).then_some(())).unwrap_or_else(|| panic!("calls go on: {:?}", calls()));
    let grown = stage.gateway.memory().saturating_sub(memory_after_one);
    assert!(grown < 32 << 20, "four more storms took {grown} bytes");
}
