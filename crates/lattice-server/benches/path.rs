//! The parts of a request's path, one by one: reading the request, writing the provider's, reading its stream, writing events.
//!
//! Per-request figures are for one call; per-delta figures are for one whole recorded stream, with its number of deltas as the
//! throughput, so that criterion reports time per delta.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark ends where it cannot go on")]

use std::hint::black_box;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lattice_gateway::{Clock, Machine};
use lattice_model::{Delta, Event, Turn};
use lattice_providers::{Exchange, Model, Provider, Settings, build};
use lattice_server::EventWriter;
use serde_json::{Value, json};

/// The kinds, one of each dialect, with a recorded stream.
const PROVIDERS: [(&str, &str); 4] = [
    ("openai", include_str!("../../lattice-providers/fixtures/openai-responses/stream_tool_call.json")),
    ("openai_compatible", include_str!("../../lattice-providers/fixtures/openai-chat/stream_tool_call.json")),
    ("anthropic", include_str!("../../lattice-providers/fixtures/anthropic/stream_text.json")),
    ("google", include_str!("../../lattice-providers/fixtures/gemini/stream_thinking.json")),
];

fn provider(kind: &str) -> Box<dyn Provider> {
    let endpoint = (kind == "openai_compatible").then_some(("endpoint", "http://localhost/v1"));
    let values: Vec<_> = [("api_key", "key")].into_iter().chain(endpoint).collect();
    build(&Settings::with("bench", kind, &values).unwrap()).unwrap()
}

/// A conversation with a tool: about 2.4 KB.
fn small() -> Bytes {
    let said = |role: &str, kind: &str, text: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]});
    let question =
        "Which of the suppliers in the list below can deliver 400 units by the end of March? ".repeat(8);
    let answer = "Two of them can: the first has stock in Rotterdam, the second in Gdańsk.\n".repeat(8);
    let body = json!({
        "model": "m",
        "stream": true,
        "instructions": "Answer in one paragraph.",
        "input": [said("user", "input_text", &question), said("assistant", "output_text", &answer),
            said("user", "input_text", "And by April?")],
        "tools": [{"type": "function", "name": "stock", "description": "Units in stock",
            "parameters": {"type": "object", "properties": {"supplier": {"type": "string"}}, "required": ["supplier"]}}],
        "temperature": 0.2,
    });
    body.to_string().into()
}

/// Source code in one text: about 220 KB, with an escape in every line.
fn one_large_text() -> Bytes {
    let code = "    let total = items.iter().map(|item| item.price).sum::<u64>(); // \"net\"\n".repeat(2800);
    json!({"model": "m", "input": [{"role": "user", "content": code}]}).to_string().into()
}

/// A long conversation: 1000 items of about 220 bytes.
fn many_items() -> Bytes {
    let text = "What was said in this turn of the conversation, about as long as people write. ".repeat(2);
    let input: Vec<Value> = (0..1000)
        .map(|at| json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text}))
        .collect();
    json!({"model": "m", "input": input}).to_string().into()
}

fn bodies() -> [(&'static str, Bytes); 3] {
    [("2.4 KB", small()), ("220 KB in one text", one_large_text()), ("220 KB in 1000 items", many_items())]
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn seconds(&self) -> i64 {
        0
    }

    fn instant(&self) -> std::time::Instant {
        unreachable!("nothing is measured by it here")
    }

    fn id(&self) -> String {
        "0".to_owned()
    }
}

fn turn(body: &Bytes) -> Turn {
    lattice_server::read_turn(body).unwrap_or_else(|error| panic!("{error}"))
}

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read a request");
    for (name, body) in bodies() {
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap()));
        group.bench_function(name, |bencher| bencher.iter(|| turn(black_box(&body))));
    }
    group.finish();
    let model = Model { id: "m".into(), ..Model::default() };
    for (kind, _) in PROVIDERS {
        let provider = provider(kind);
        let mut group = criterion.benchmark_group(format!("encode for {kind}"));
        for (name, body) in bodies() {
            let turn = turn(&body);
            group.bench_function(name, |bencher| {
                bencher.iter(|| match provider.encode(black_box(&turn), &model).unwrap() {
                    Exchange::Call(request) => request,
                    Exchange::Known(_) => panic!("a call was expected"),
                });
            });
        }
        group.finish();
    }
}

fn decode(provider: &dyn Provider, turn: &Turn, events: &[Bytes]) -> Vec<Delta> {
    let mut decoder = provider.decoder(turn);
    let mut deltas = Vec::new();
    for event in events {
        decoder.feed(event.clone(), &mut deltas).unwrap();
    }
    decoder.finish(&mut deltas).unwrap();
    deltas
}

fn streams(criterion: &mut Criterion) {
    let turn = Arc::new(turn(&small()));
    for (kind, recording) in PROVIDERS {
        let recording: Value = serde_json::from_str(recording).unwrap();
        let stream = recording.pointer("/response/sse").and_then(Value::as_str).unwrap();
        // One event at a time, as they arrive.
        let events: Vec<Bytes> =
            stream.split_inclusive("\n\n").map(|event| Bytes::copy_from_slice(event.as_bytes())).collect();
        let provider = provider(kind);
        let deltas = decode(provider.as_ref(), &turn, &events);
        let throughput = Throughput::Elements(u64::try_from(deltas.len()).unwrap());

        let mut group = criterion.benchmark_group(format!("stream of {kind}"));
        group.throughput(throughput);
        group.bench_function("decode", |bencher| {
            bencher.iter(|| decode(provider.as_ref(), &turn, black_box(&events)));
        });
        group.bench_function("deltas to events to bytes", |bencher| {
            bencher.iter(|| {
                let mut machine = Machine::new(Arc::clone(&turn), "bench".into(), Arc::new(Stopped));
                let writer = EventWriter::new(false);
                let (mut events, mut out): (Vec<Event>, BytesMut) =
                    (Vec::new(), BytesMut::with_capacity(64 * 1024));
                for delta in deltas.clone() {
                    machine.take(delta, &mut events);
                    for event in events.drain(..) {
                        writer.sse(&mut out, &event);
                    }
                }
                machine.conclude(Ok(None), &mut events);
                for event in &events {
                    writer.sse(&mut out, event);
                }
                out
            });
        });
        group.finish();
    }
}

criterion_group!(benches, requests, streams);
criterion_main!(benches);
