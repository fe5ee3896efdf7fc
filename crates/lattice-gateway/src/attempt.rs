//! One attempt: encode, send, and judge the answer's head.

use bytes::{Bytes, BytesMut};
use lattice_model::{Delta, End, Turn};
use lattice_providers::{Decoder, Exchange};

use crate::directory::Target;
use crate::error::Error;
use crate::upstream::{self, Answer, AnswerBody, SendFailure};

/// An answer that is not streamed may be so large, in bytes.
const ANSWER_LIMIT: usize = 128 << 20;

/// Of an error answer so much is read, in bytes.
const FAULT_LIMIT: usize = 64 << 10;

/// Where the deltas of an answer come from.
pub(crate) enum Source {
    /// All at once.
    Known(Vec<Delta>),
    /// As they arrive.
    Stream { body: Box<dyn AnswerBody>, decoder: Box<dyn Decoder> },
}

/// Puts the turn to the target.
pub(crate) async fn attempt(target: &Target, turn: &Turn) -> Result<Source, Error> {
    let entry = &target.entry;
    let exchange =
        entry.provider.encode(turn, &target.model).map_err(|error| Error::of_encode(&error, &entry.name))?;
    let request = match exchange {
        Exchange::Known(deltas) => return Ok(Source::Known(deltas)),
        Exchange::Call(request) => *request,
    };
    let send_error = |failure| Error::of_send(failure, &entry.name);
    let mut answer = entry.upstream.send(request).await.map_err(send_error)?;
    if !(200..300).contains(&answer.status) {
        return Err(fault(target, answer).await);
    }
    if turn.stream && is_event_stream(&answer) {
        return Ok(Source::Stream { body: answer.body, decoder: entry.provider.decoder(turn) });
    }
    let whole = collect(answer.body.as_mut(), ANSWER_LIMIT).await.map_err(send_error)?;
    let mut deltas = Vec::new();
    match entry.provider.decode(turn, &whole, &mut deltas) {
        Ok(()) => match deltas.as_slice() {
            // An error with status 200 is an error all the same.
            [Delta::End(End::Failed(failure))] => Err(Error::of_failure(failure, &entry.name)),
            _ => Ok(Source::Known(deltas)),
        },
        Err(error) => Err(Error::of_decode(&error, &entry.name)),
    }
}

/// Some servers answer a streamed request with a whole document.
fn is_event_stream(answer: &Answer) -> bool {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_none_or(|value| !value.trim_start().starts_with("application/json"))
}

async fn fault(target: &Target, mut answer: Answer) -> Error {
    // The status alone is worth reporting when the body cannot be read.
    let body = match collect(answer.body.as_mut(), FAULT_LIMIT).await {
        Ok(body) => body,
        Err(failure) => Bytes::from(failure.to_string()),
    };
    let fault = target.entry.provider.fault(answer.status, &answer.headers, &body);
    Error::of_fault(fault, &target.entry.name)
}

async fn collect(body: &mut dyn AnswerBody, limit: usize) -> Result<Bytes, SendFailure> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(chunk) = upstream::chunk(body).await {
        let chunk = chunk?;
        if first.len().saturating_add(joined.len()).saturating_add(chunk.len()) > limit {
            return Err(SendFailure::TooLarge(limit));
        }
        if first.is_empty() && joined.is_empty() {
            first = chunk;
        } else {
            if joined.is_empty() {
                joined.extend_from_slice(&std::mem::take(&mut first));
            }
            joined.extend_from_slice(&chunk);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}
