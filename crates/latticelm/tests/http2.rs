//! HTTP/2 without TLS, by prior knowledge, as service meshes speak it: many streams over one connection.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lattice_testkit::stage::{Stage, checked_stream, text};
use serde_json::json;
use tokio::net::TcpStream;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

#[test]
fn many_streams_share_a_connection() {
    // It has a runtime of its own, which cannot start within another one.
    let stage = Stage::start(PROGRAM, "").unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(many_streams(&stage));
}

async fn many_streams(stage: &Stage) {
    let socket = TcpStream::connect(stage.address()).await.unwrap();
    let (sender, connection) =
        http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let connection = tokio::spawn(connection);
    let ask = async |number: usize| {
        let body =
            json!({"model": "openai.script-text", "input": format!("number {number}"), "stream": true});
        let request = Request::post(format!("http://{}/v1/responses", stage.address()))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .unwrap();
        let answer = sender.clone().send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("x-request-id"));
        let stream = answer.into_body().collect().await.unwrap().to_bytes();
        let response = checked_stream(std::str::from_utf8(&stream).unwrap()).unwrap();
        assert!(text(&response).contains(&format!("number {number}")), "{response}");
    };
    futures_util::future::join_all((0..50).map(ask)).await;
    drop(sender);
    connection.await.unwrap().unwrap();
}
