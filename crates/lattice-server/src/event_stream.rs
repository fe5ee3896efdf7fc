//! Events as a server-sent stream: written as they come, with a comment when it is quiet for long.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use lattice_gateway::Events;
use lattice_model::{Event, FaultKind, What};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::dialects::responses::EventWriter;

/// Ends every stream, also a failed one.
const DONE: &[u8] = b"data: [DONE]\n\n";

/// A comment that every client skips.
const HEARTBEAT: &[u8] = b": still working\n\n";

struct Stream {
    events: Events,
    writer: EventWriter,
    batch: Vec<Event>,
    heartbeat: Duration,
    cut: CancellationToken,
    over: bool,
}

/// Answers with the events as they come. The client going away drops everything, up to the provider's connection (C11).
pub(crate) fn respond(events: Events, obfuscate: bool, app: &App) -> Response {
    let stream = Box::new(Stream {
        events,
        writer: EventWriter::new(obfuscate),
        batch: Vec::new(),
        heartbeat: app.heartbeat,
        cut: app.cut_streams.clone(),
        over: false,
    });
    let frames = unfold(stream, |mut stream| async move {
        let frame = stream.next().await?;
        Some((Ok::<_, Infallible>(frame), stream))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx would hold the stream back otherwise (C10).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Stream {
    /// All events that are there, in one piece: nothing waits for a later one (C12).
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        self.batch.clear();
        tokio::select! {
            biased;
            more = self.events.next(&mut self.batch) => self.over = !more,
            () = self.cut.cancelled() => {
                self.batch = self.events.abort(FaultKind::Shutdown).await;
                self.over = true;
            }
            () = tokio::time::sleep(self.heartbeat) => return Some(Bytes::from_static(HEARTBEAT)),
        }
        let mut frame = BytesMut::with_capacity(512);
        for event in &self.batch {
            self.writer.sse(&mut frame, event);
            self.over |= matches!(event.what, What::Ended(_));
        }
        if self.over {
            frame.extend_from_slice(DONE);
        }
        Some(frame.freeze())
    }
}
