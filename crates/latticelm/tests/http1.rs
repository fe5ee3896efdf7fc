//! HTTP itself: what it forbids is refused, and in the same envelope as everything else (E9).

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::io::{Read, Write};
use std::net::TcpStream;

use lattice_testkit::client;
use lattice_testkit::stage::Stage;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// What comes back for these bytes on a connection of their own: status, and the error's code.
fn raw(stage: &Stage, request: &str) -> (u16, Value, String) {
    let mut stream = TcpStream::connect(stage.address()).unwrap();
    stream.set_read_timeout(Some(client::PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The connection may break once the answer is there: not all that was sent was read.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let error: Value = serde_json::from_str(body).unwrap_or_default();
    (status, error.pointer("/error/code").cloned().unwrap_or_default(), answer)
}

#[test]
fn e9_what_http_itself_forbids_is_refused_in_the_envelope() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let long = "x".repeat(70_000);
    let body = r#"{"model":"openai.script-text","input":"x"}"#;
    let post = "POST /v1/responses HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let cases = [
        ("GET /health HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 400, "invalid_host"),
        (
            "GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n".to_owned(),
            400,
            "invalid_host",
        ),
        ("GET /health HTTP/1.1\r\nhost: a@b\r\nconnection: close\r\n\r\n".to_owned(), 400, "invalid_host"),
        (
            format!("{post}host: localhost\r\ntransfer-encoding: gzip, chunked\r\n\r\n{chunked}"),
            501,
            "unsupported_transfer_coding",
        ),
        (
            "GET /v1/models/%ff HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned(),
            400,
            "invalid_path",
        ),
        (
            "GET /%ff/%fe HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned(),
            404,
            "unknown_route",
        ),
        ("this is no HTTP\r\n\r\n".to_owned(), 400, "invalid_http"),
        ("GET /health HTTP/9.9\r\nhost: localhost\r\n\r\n".to_owned(), 400, "invalid_http"),
        (format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n"), 431, "headers_too_large"),
    ];
    for (request, status, code) in cases {
        let (got, said, answer) = raw(&stage, &request);
        assert_eq!(
            (got, said.as_str()),
            (status, Some(code)),
            "{}: {answer}",
            request.chars().take(200).collect::<String>()
        );
        assert!(answer.to_lowercase().contains("x-request-id: "), "{answer}");
    }
    let (status, _, answer) =
        raw(&stage, &format!("{post}host: localhost\r\ntransfer-encoding: chunked\r\n\r\n{chunked}"));
    assert_eq!(status, 200, "{answer}");
    let (status, code, answer) =
        raw(&stage, "PUT /v1/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert_eq!((status, code.as_str()), (405, Some("method_not_allowed")));
    assert!(answer.to_lowercase().contains("allow: post"), "405 says what is allowed: {answer}");
}
