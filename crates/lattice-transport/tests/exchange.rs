//! One exchange over HTTP/1.1, and all the ways in which it can end.

mod fake;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fake::{MIDDLE, SHORT, Server, ok, patient, post, read_request, upstream};
use lattice_model::Text;
use lattice_transport::{HttpAnswerBody, SendError, Timeouts};
use lattice_wire::write::JsonWriter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_body_in_pieces_arrives_whole_with_its_length_and_the_operator_s_headers() {
    let seen = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&seen);
    let server = Server::answering(move |request| {
        request.clone_into(&mut note.lock().unwrap());
        ok("{}")
    })
    .await;
    let mut writer = JsonWriter::new();
    writer.begin_array();
    writer.text(&Text::new(&"x".repeat(10_000)));
    writer.u64(1);
    writer.end_array();
    let request =
        http::Request::post(format!("http://{}/v1/x?y=z", server.address)).body(writer.finish()).unwrap();
    let answer = upstream(patient()).send(request, None).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.collect(100).await.unwrap(), Bytes::from_static(b"{}"));
    let seen = seen.lock().unwrap();
    assert!(seen.starts_with("POST /v1/x?y=z HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("content-length: 10006\r\n"), "{seen}");
    assert!(seen.contains("x-extra: from-the-operator\r\n"), "{seen}");
    assert!(!seen.contains("accept-encoding"), "{seen}");
    assert!(seen.ends_with("x\",1]"), "{seen}");
}

#[tokio::test]
async fn a_kept_connection_is_used_again() {
    let server = Server::answering(|_| ok("again")).await;
    let upstream = upstream(patient());
    for _ in 0..5 {
        let answer = upstream.send(post(server.address, "{}"), None).await.unwrap();
        assert_eq!(answer.body.collect(100).await.unwrap(), Bytes::from_static(b"again"));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn e1_two_upstreams_share_no_connection() {
    let server = Server::answering(|_| ok("{}")).await;
    for upstream in [upstream(patient()), upstream(patient())] {
        upstream.send(post(server.address, "{}"), None).await.unwrap().body.collect(100).await.unwrap();
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::answering(|_| {
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into()
    })
    .await;
    let answer = upstream(patient()).send(post(server.address, "{}"), None).await.unwrap();
    assert_eq!(answer.status, 307);
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = upstream(patient()).send(post(address, "{}"), None).await.unwrap_err();
    assert!(matches!(&error, SendError::Connect { reason: "connection refused", .. }), "{error:?}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_head_is_reset() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    let error = upstream(patient()).send(post(server.address, "{}"), None).await.unwrap_err();
    assert!(matches!(error, SendError::Reset { .. }), "{error:?}");
    assert_eq!(server.connections(), 1, "a request that was sent is not sent again");
}

#[tokio::test]
async fn c10_an_answer_that_does_not_begin_times_out() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.read_u8().await.unwrap_err();
    })
    .await;
    let send = |timeouts| async move {
        upstream(timeouts).send(post(server.address, "{}"), None).await.unwrap_err()
    };
    assert_eq!(send(Timeouts { first_byte: SHORT, ..patient() }).await, SendError::FirstByteTimeout);
    assert_eq!(send(Timeouts { total: Some(SHORT), ..patient() }).await, SendError::TotalTimeout);
}

#[tokio::test]
async fn c10_a_server_that_never_shakes_hands_is_a_connect_timeout() {
    let server = Server::start(|mut stream| async move {
        let mut hello = Vec::new();
        stream.read_to_end(&mut hello).await.unwrap();
    })
    .await;
    let mut request = post(server.address, "{}");
    *request.uri_mut() = format!("https://{}/", server.address).parse().unwrap();
    let timeouts = Timeouts { connect: SHORT, ..patient() };
    assert_eq!(upstream(timeouts).send(request, None).await.unwrap_err(), SendError::ConnectTimeout);
}

#[tokio::test]
async fn c10_only_silence_between_chunks_is_idle() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(HEAD).await.unwrap();
        // Longer in all than the idle timeout, never silent for as long.
        for _ in 0..6 {
            tokio::time::sleep(MIDDLE / 5).await;
            stream.write_all(b"2\r\nab\r\n").await.unwrap();
        }
        stream.read_u8().await.unwrap_err();
    })
    .await;
    let timeouts = Timeouts { idle: MIDDLE, ..patient() };
    let mut body = upstream(timeouts).send(post(server.address, "{}"), None).await.unwrap().body;
    let mut bytes = 0;
    let error = loop {
        match body.chunk().await.unwrap() {
            Ok(chunk) => bytes += chunk.len(),
            Err(error) => break error,
        }
    };
    assert_eq!((bytes, error), (12, SendError::IdleTimeout));
    assert_eq!(body.chunk().await, None);
}

#[tokio::test]
async fn c10_the_deadline_of_all_cuts_a_live_stream_only_when_it_is_set() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(HEAD).await.unwrap();
        while stream.write_all(b"2\r\nab\r\n").await.is_ok() {
            tokio::time::sleep(MIDDLE / 100).await;
        }
    })
    .await;
    let timeouts = Timeouts { total: Some(MIDDLE), ..patient() };
    let body = upstream(timeouts).send(post(server.address, "{}"), None).await.unwrap().body;
    assert_eq!(body.collect(1 << 20).await, Err(SendError::TotalTimeout));
}

#[tokio::test]
async fn a_body_that_stops_early_is_cut_and_not_complete() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(HEAD).await.unwrap();
        stream.write_all(b"5\r\nhello\r\n").await.unwrap();
    })
    .await;
    let mut body = upstream(patient()).send(post(server.address, "{}"), None).await.unwrap().body;
    assert_eq!(body.chunk().await, Some(Ok(Bytes::from_static(b"hello"))));
    let error = body.chunk().await.unwrap().unwrap_err();
    assert!(matches!(error, SendError::Cut { .. }), "{error:?}");
    assert_eq!(body.chunk().await, None);
}

#[tokio::test]
async fn c13_a_body_that_is_too_large_is_refused_announced_or_not() {
    let announced = Server::answering(|_| ok(&"x".repeat(101))).await;
    let chunked = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(HEAD).await.unwrap();
        while stream.write_all(b"a\r\n0123456789\r\n").await.is_ok() {}
    })
    .await;
    for server in [announced, chunked] {
        let body = upstream(patient()).send(post(server.address, "{}"), None).await.unwrap().body;
        assert_eq!(body.collect(100).await, Err(SendError::TooLarge { limit: 100 }));
    }
}

#[tokio::test]
async fn c11_dropping_the_body_ends_the_call() {
    let (gone, is_gone) = tokio::sync::oneshot::channel();
    let gone = Mutex::new(Some(gone));
    let server = Server::start(move |mut stream| {
        let gone = gone.lock().unwrap().take();
        async move {
            read_request(&mut stream).await;
            stream.write_all(HEAD).await.unwrap();
            stream.write_all(b"5\r\nhello\r\n").await.unwrap();
            assert!(!matches!(stream.read(&mut [0; 8]).await, Ok(1..)));
            gone.unwrap().send(()).unwrap();
        }
    })
    .await;
    let mut body = upstream(patient()).send(post(server.address, "{}"), None).await.unwrap().body;
    body.chunk().await.unwrap().unwrap();
    drop(body);
    is_gone.await.unwrap();
}

#[tokio::test]
async fn c11_dropping_the_call_before_the_head_ends_it() {
    let (gone, is_gone) = tokio::sync::oneshot::channel();
    let gone = Mutex::new(Some(gone));
    let (here, is_here) = tokio::sync::oneshot::channel();
    let here = Mutex::new(Some(here));
    let server = Server::start(move |mut stream| {
        let (here, gone) = (here.lock().unwrap().take(), gone.lock().unwrap().take());
        async move {
            read_request(&mut stream).await;
            here.unwrap().send(()).unwrap();
            assert!(!matches!(stream.read(&mut [0; 8]).await, Ok(1..)));
            gone.unwrap().send(()).unwrap();
        }
    })
    .await;
    let upstream = upstream(patient());
    tokio::select! {
        answer = upstream.send(post(server.address, "{}"), None) => panic!("{answer:?}"),
        arrived = is_here => arrived.unwrap(),
    }
    is_gone.await.unwrap();
}

#[tokio::test]
async fn a_body_whose_end_is_all_that_is_missing_gives_its_connection_back() {
    let finished = Arc::new(Notify::new());
    let is_finished = Arc::clone(&finished);
    let server = Server::start(move |mut stream| {
        let is_finished = Arc::clone(&is_finished);
        async move {
            while read_request(&mut stream).await.is_some() {
                stream.write_all(HEAD).await.unwrap();
                stream.write_all(b"4\r\nlast\r\n").await.unwrap();
                is_finished.notified().await;
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
        }
    })
    .await;
    let upstream = upstream(patient());
    // The connection is free again a moment after `finish`; it would never be if the body were dropped.
    for sent in 1..1000 {
        let mut body = upstream.send(post(server.address, "{}"), None).await.unwrap().body;
        body.chunk().await.unwrap().unwrap();
        body.finish();
        finished.notify_one();
        if server.connections() < sent {
            return;
        }
    }
    panic!("no connection was used again");
}

#[test]
fn a_waiting_stream_takes_little_memory() {
    let upstream = upstream(patient());
    let calling = upstream.send(post("x", "{}"), None);
    let sizes = (size_of_val(&calling), size_of::<HttpAnswerBody>());
    assert!(sizes.0 <= 2048 && sizes.1 <= 192, "{sizes:?}");
}

#[test]
fn nothing_secret_is_shown() {
    let shown = format!("{:?}", upstream(patient()));
    assert!(!shown.contains("from-the-operator"), "{shown}");
}
