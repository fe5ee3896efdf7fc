//! What is known of a turn when it is over: one log line, also for those that were cut off or cancelled.

use std::sync::Arc;
use std::time::Instant;

use lattice_model::{Outcome, Response, Turn};

use crate::directory::Target;
use crate::error::Error;

/// Writes its line when the turn is over; dropped before that, the client has gone.
#[derive(Debug)]
pub(crate) struct Record {
    request_id: Box<str>,
    response_id: Box<str>,
    model: Box<str>,
    provider: Arc<str>,
    stream: bool,
    started: Instant,
    first_event_ms: Option<u64>,
    written: bool,
}

impl Record {
    pub(crate) fn new(request_id: &str, turn: &Turn, target: &Target) -> Self {
        Self {
            request_id: request_id.into(),
            response_id: turn.id.as_str().into(),
            model: turn.model.as_str().into(),
            provider: Arc::clone(&target.entry.name),
            stream: turn.stream,
            started: Instant::now(),
            first_event_ms: None,
            written: false,
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The first event is on its way to the client.
    pub(crate) fn begun(&mut self) {
        if self.first_event_ms.is_none() {
            self.first_event_ms = Some(self.elapsed_ms());
        }
    }

    /// The turn failed before its answer began.
    pub(crate) fn failed(mut self, error: &Error) {
        self.written = true;
        tracing::warn!(
            request_id = &*self.request_id,
            response_id = &*self.response_id,
            model = &*self.model,
            provider = &*self.provider,
            stream = self.stream,
            total_ms = self.elapsed_ms(),
            code = error.body.code,
            detail = error.detail,
            "request failed: {}",
            error.body.message,
        );
    }

    /// The turn has an end.
    pub(crate) fn ended(&mut self, response: &Response, detail: &str) {
        self.written = true;
        let (status, code) = match &response.outcome {
            Outcome::InProgress => ("in_progress", ""),
            Outcome::Completed => ("completed", ""),
            Outcome::Incomplete(reason) => ("incomplete", reason.as_str()),
            Outcome::Failed(error) => ("failed", error.code.as_str()),
        };
        let usage = response.usage.as_ref();
        tracing::info!(
            request_id = &*self.request_id,
            response_id = &*self.response_id,
            model = &*self.model,
            provider = &*self.provider,
            stream = self.stream,
            status,
            code,
            detail,
            input_tokens = usage.map(|usage| usage.input_tokens),
            output_tokens = usage.map(|usage| usage.output_tokens),
            first_event_ms = self.first_event_ms,
            total_ms = self.elapsed_ms(),
            "request done",
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.written {
            tracing::info!(
                request_id = &*self.request_id,
                response_id = &*self.response_id,
                model = &*self.model,
                provider = &*self.provider,
                stream = self.stream,
                status = "cancelled",
                first_event_ms = self.first_event_ms,
                total_ms = self.elapsed_ms(),
                "request cancelled by the client",
            );
        }
    }
}
