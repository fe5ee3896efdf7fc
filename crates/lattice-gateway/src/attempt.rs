//! One attempt: encode, send, and read on until it is known whether there is an answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lattice_model::{Delta, End, Fault, FaultKind, Turn};
use lattice_providers::{Decoder, Exchange};
use lattice_wire::{Collected, TooLarge};

use crate::directory::{Route, Target};
use crate::error::{self, Error};
use crate::mask::{Secrets, mask};
use crate::record::Record;
use crate::upstream::{self, Answer, AnswerBody, Call, UpstreamError};

/// The largest answer that is not streamed, in bytes.
const ANSWER_LIMIT: usize = 128 << 20;

/// At most this much of an error answer's body is read, in bytes.
const FAULT_LIMIT: usize = 64 << 10;

/// How long a client waits for its headers because the provider has sent headers and nothing else. Meanwhile an error is still an error
/// with its status; afterwards it is an event.
const UNDECIDED: Duration = Duration::from_secs(5);

/// An answer that has begun.
pub(crate) struct Begun {
    /// The provider entry that answers.
    pub(crate) provider: Arc<str>,
    /// Where the rest of it comes from.
    pub(crate) source: DeltaSource,
    /// What was read of it already.
    pub(crate) first: Vec<Delta>,
    /// What went with the request and must not come back in anybody's words.
    pub(crate) secrets: Secrets,
}

/// Where the deltas of an answer come from.
pub(crate) enum DeltaSource {
    /// All of them are there.
    Known,
    /// As they arrive.
    Stream { body: Box<dyn AnswerBody>, decoder: Box<dyn Decoder> },
}

/// Puts the turn to the target and reads until the first delta that a client would see (C15): up to there a failure is an error, and
/// nobody has seen anything of it.
pub(crate) async fn begin(
    route: &Route,
    turn: &Turn,
    deadline: Option<Instant>,
    record: &Record,
) -> Result<Begun, Error> {
    let Some(target) = route.targets.first() else {
        return Err(Error::new(
            FaultKind::ModelNotFound,
            "model_not_found",
            "the model leads to no provider",
        ));
    };
    let entry = &target.entry;
    record.note(|facts| facts.provider = Some(Arc::clone(&entry.name)));
    let begun = one(target, turn, deadline).await;
    if let Err(error) = &begun {
        record.note(|facts| facts.detail.clone_from(&error.detail));
    }
    begun
}

async fn one(target: &Target, turn: &Turn, deadline: Option<Instant>) -> Result<Begun, Error> {
    let entry = &target.entry;
    let provider = Arc::clone(&entry.name);
    let exchange =
        entry.provider.encode(turn, &target.model).map_err(|error| Error::of_encode(&error, &entry.name))?;
    let request = match exchange {
        Exchange::Known(first) => {
            return Ok(Begun { provider, source: DeltaSource::Known, first, secrets: Secrets::default() });
        }
        Exchange::Call(request) => *request,
    };
    let own_secrets = Secrets::of(request.headers());
    let told = |mut fault: Fault, secrets: &Secrets| {
        mask(&mut fault, secrets, Some(turn));
        Error::of(&fault, Some(&entry.name))
    };
    let mut answer = match entry.upstream.send(Call { request, deadline }).await {
        Ok(answer) => answer,
        Err(error) => return Err(told(error::of_send(error), &own_secrets)),
    };
    let secrets = std::mem::take(&mut answer.secrets).and(own_secrets);
    let begun = if (200..300).contains(&answer.status) {
        read(target, turn, answer).await
    } else {
        Err(refused(target, answer).await)
    };
    match begun {
        Ok((source, first)) => Ok(Begun { provider, source, first, secrets }),
        Err(fault) => Err(told(fault, &secrets)),
    }
}

async fn read(target: &Target, turn: &Turn, mut answer: Answer) -> Result<(DeltaSource, Vec<Delta>), Fault> {
    let provider = &target.entry.provider;
    let mut first = Vec::new();
    if !turn.stream || !is_event_stream(&answer) {
        let whole = collect(answer.body.as_mut(), ANSWER_LIMIT).await.map_err(error::of_send)?;
        provider.decode(turn, &whole.into(), &mut first).map_err(|error| error::of_decode(&error))?;
        return decided(&first).unwrap_or(Ok(())).map(|()| (DeltaSource::Known, first));
    }
    let (mut body, mut decoder) = (answer.body, provider.decoder(turn));
    let undecided = tokio::time::timeout(UNDECIDED, async {
        loop {
            let over = match upstream::chunk(body.as_mut()).await {
                Some(Ok(chunk)) => decoder.feed(chunk, &mut first).map(|()| false),
                Some(Err(error)) => return Err(error::of_send(error)),
                None => decoder.finish(&mut first).map(|()| true),
            };
            if let Some(decided) = decided(&first) {
                // What was said before the answer broke is the client's: the break comes after it.
                first.extend(over.err().map(|error| Delta::End(End::Failed(error::of_decode(&error)))));
                return decided;
            }
            if over.map_err(|error| error::of_decode(&error))? {
                return Ok(());
            }
        }
    });
    // Time has passed without a decision: the client gets its headers, and the rest as it comes.
    undecided.await.unwrap_or(Ok(()))?;
    Ok((DeltaSource::Stream { body, decoder }, first))
}

/// Whether there is an answer: yes with the first delta that a client would see, no with a failure before it.
fn decided(first: &[Delta]) -> Option<Result<(), Fault>> {
    let at = first.iter().position(|delta| match delta {
        Delta::Begin(_) | Delta::Usage(_) | Delta::Opaque { .. } => false,
        Delta::End(_) | Delta::Piece { .. } | Delta::Whole(_) => true,
    })?;
    Some(match first.get(at) {
        Some(Delta::End(End::Failed(fault))) => Err(fault.clone()),
        _ => Ok(()),
    })
}

/// Some servers answer a streamed request with a whole document.
fn is_event_stream(answer: &Answer) -> bool {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_none_or(|value| !value.trim_start().starts_with("application/json"))
}

/// What an answer with an error status means.
pub(crate) async fn refused(target: &Target, mut answer: Answer) -> Fault {
    // The status alone is worth reporting when the body cannot be read.
    let (body, broken) = match collect(answer.body.as_mut(), FAULT_LIMIT).await {
        Ok(body) => (body, None),
        Err(error) => (Bytes::new(), Some(error.to_string())),
    };
    let mut fault = target.entry.provider.fault(answer.status, &answer.headers, &body);
    if let Some(broken) = broken {
        fault.detail = format!("{}, body {broken}", fault.detail);
    }
    fault
}

/// A whole body.
pub(crate) async fn collect(body: &mut dyn AnswerBody, limit: usize) -> Result<Bytes, UpstreamError> {
    let mut whole = Collected::new(limit);
    while let Some(chunk) = upstream::chunk(body).await {
        whole.push(chunk?).map_err(|TooLarge| UpstreamError::TooLarge(limit))?;
    }
    Ok(whole.finish())
}
