//! The edge: peers that leave something undone, lengths that are not true, and refusals that have to be read.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use lattice_testkit::client;
use lattice_testkit::gateway::{eventually, timed};
use lattice_testkit::stage::Stage;
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// Short times, so that what has to end ends within a test.
const HASTY: &str = "server: {header_read_timeout: 400ms, idle_timeout: 900ms, write_timeout: 700ms, max_connections: 8, max_connections_per_ip: 6}\n";

fn connect(stage: &Stage) -> TcpStream {
    let stream = TcpStream::connect(stage.address()).unwrap();
    stream.set_read_timeout(Some(client::PATIENCE)).unwrap();
    stream
}

/// What comes until the other side closes.
fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A connection that is reset is closed too.
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn a_peer_that_begins_nothing_or_half_of_it_is_not_waited_for() {
    let stage = Stage::start(PROGRAM, HASTY).unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let beginnings: [&[u8]; 6] =
        [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nhost: x\r\n", b"PRI * HT", preface, b"P"];
    for begun in beginnings {
        let mut stream = connect(&stage);
        stream.write_all(begun).unwrap();
        let (said, took) = timed(|| rest(&mut stream));
        assert!(took < client::PATIENCE / 2, "{begun:?} was waited for");
        if begun.starts_with(b"GET") {
            assert!(said.starts_with("HTTP/1.1 408") && said.contains("request_timeout"), "{said}");
        }
    }
    // One letter at a time is no way to hold a connection.
    let mut slow = connect(&stage);
    let refused = eventually(|| slow.write_all(b"a").is_err().then_some(()));
    assert!(refused.is_some());
    assert_eq!(client::get(stage.address(), "/health").unwrap().status, 200);
}

#[test]
fn a_connection_lasts_between_requests_as_long_as_it_is_said_to() {
    let stage = Stage::start(PROGRAM, HASTY).unwrap();
    let mut stream = connect(&stage);
    let ask = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut answer = [0_u8; 12];
    for _ in 0..3 {
        stream.write_all(ask).unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = vec![0_u8; 4096];
        assert!(stream.read(&mut rest).unwrap() > 0);
    }
    let ((), took) = timed(|| {
        rest(&mut stream);
    });
    assert!(took.as_millis() >= 600, "longer than a head may take: {took:?}");
    // A stream that is quiet for longer than all of that is under way, and stays.
    let bearer = [("content-type", "application/json")];
    let body = json!({"model": "openai.held", "input": "x", "stream": true}).to_string();
    let mut held = client::open(stage.address(), "POST", "/v1/responses", &bearer, body.as_bytes()).unwrap();
    let mut idle = connect(&stage);
    rest(&mut idle);
    let mut idle = connect(&stage);
    rest(&mut idle);
    stage.upstream.release();
    let whole = held.read_rest().unwrap();
    assert!(whole.text().contains("response.completed"), "{}", whole.text());
}

#[test]
fn nobody_takes_all_places_alone() {
    let stage = Stage::start(PROGRAM, &HASTY.replace("400ms", "30s")).unwrap();
    let mut silent: Vec<TcpStream> = (0..6).map(|_| connect(&stage)).collect();
    // The first six are held; whoever comes from the same address now is turned away, and told so at once.
    let mut seventh = connect(&stage);
    assert_eq!(rest(&mut seventh), "");
    silent.pop();
    eventually(|| client::get(stage.address(), "/health").ok().filter(|answer| answer.status == 200))
        .unwrap();
}

#[test]
fn a_client_that_reads_nothing_does_not_hold_the_provider_for_good() {
    let stage = Stage::start(PROGRAM, HASTY).unwrap();
    // Without an end, it is more than the buffers of both sides hold.
    let body = json!({"model": "openai.forever", "input": "x", "stream": true}).to_string();
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let before = stage.gateway.sockets();
    let mut stream = connect(&stage);
    stream.write_all(head.as_bytes()).unwrap();
    eventually(|| (stage.upstream.counts().requests > 0).then_some(())).unwrap();
    eventually(|| (stage.gateway.sockets() <= before + 1).then_some(())).unwrap();
}

#[test]
fn a_declared_length_costs_nothing_until_it_comes() {
    let stage = Stage::start(PROGRAM, "server: {max_request_body_size: 30GB}\n").unwrap();
    let before = stage.gateway.memory();
    let mut streams: Vec<TcpStream> = (0..5).map(|_| connect(&stage)).collect();
    for stream in &mut streams {
        let head = "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 30000000000\r\n\r\n{\"a\":";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b' '; 100_000]).unwrap();
    }
    assert_eq!(client::get(stage.address(), "/health").unwrap().status, 200);
    assert!(stage.gateway.memory() < before + (64 << 20), "{} of {before}", stage.gateway.memory());
}

#[test]
fn a_refusal_is_read_also_by_clients_that_send_first() {
    let key = "auth: {keys: [{name: a, key: the-words-of-anne}]}\nserver: {max_request_body_size: 1MB}\n";
    let stage = Stage::start(PROGRAM, key).unwrap();
    for (bearer, declared, status) in [
        ("the-words-of-anne", true, "413"),
        ("the-words-of-anne", false, "413"),
        ("no-such-key-in-here", true, "401"),
    ] {
        let mut stream = connect(&stage);
        let length = 8 << 20;
        let framing = if declared {
            format!("content-length: {length}")
        } else {
            "transfer-encoding: chunked".to_owned()
        };
        let head = format!(
            "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer {bearer}\r\nconnection: close\r\n{framing}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        if !declared {
            stream.write_all(format!("{length:x}\r\n").as_bytes()).unwrap();
        }
        // All of it, before anything is read: as Node's and Python's clients do.
        stream.write_all(&vec![b' '; length]).unwrap();
        if !declared {
            stream.write_all(b"\r\n0\r\n\r\n").unwrap();
        }
        let said = rest(&mut stream);
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{bearer} {declared}: {said}");
    }
}
