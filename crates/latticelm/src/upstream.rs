//! The transport, plugged into the gateway.

use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use lattice_gateway::{Answer, AnswerBody, Secrets, SendFailure, Upstream};
use lattice_transport::SendError;
use lattice_wire::write::Segments;

/// A way to a provider, as the gateway wants it.
#[derive(Debug)]
pub(crate) struct Line(pub(crate) lattice_transport::Upstream);

impl Upstream for Line {
    fn send(&self, request: http::Request<Segments>) -> BoxFuture<'_, Result<Answer, SendFailure>> {
        Box::pin(async {
            let answer = self.0.send(request).await.map_err(failure)?;
            Ok(Answer {
                status: answer.status.as_u16(),
                headers: answer.headers,
                secrets: Secrets::of_values(answer.sensitive),
                body: Box::new(Body(answer.body)),
            })
        })
    }
}

struct Body(lattice_transport::AnswerBody);

impl AnswerBody for Body {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, SendFailure>>> {
        self.0.poll_chunk(context).map(|chunk| chunk.map(|chunk| chunk.map_err(failure)))
    }

    fn finish(self: Box<Self>) {
        self.0.finish();
    }
}

fn failure(error: SendError) -> SendFailure {
    match error {
        SendError::Connect { reason, detail } => SendFailure::Unreachable(format!("{reason}: {detail}")),
        SendError::ConnectTimeout => SendFailure::Timeout("connecting to the provider took too long"),
        SendError::FirstByteTimeout => SendFailure::Timeout("the provider took too long to begin its answer"),
        SendError::IdleTimeout => SendFailure::Timeout("the provider was silent for too long"),
        SendError::TotalTimeout => SendFailure::Timeout("the provider took too long for its whole answer"),
        SendError::Reset { detail } | SendError::Cut { detail } => SendFailure::Broken(detail),
        SendError::TooLarge { limit } => SendFailure::TooLarge(limit),
        SendError::Token { reason } => SendFailure::Credentials(reason),
    }
}
