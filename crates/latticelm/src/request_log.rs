//! One line for every request.

use lattice_gateway::{Ending, Recorder, TurnRecord};

/// Writes records to the log.
#[derive(Debug)]
pub(crate) struct RequestLog;

/// Writes nothing.
#[derive(Debug)]
pub(crate) struct Silent;

impl Recorder for Silent {
    fn turn(&self, _: TurnRecord) {}
}

/// What probes ask for every few seconds is of no interest while it is answered.
const PROBES: [&str; 2] = ["/health", "/ready"];

impl Recorder for RequestLog {
    fn turn(&self, record: TurnRecord) {
        if record.status < 400 && PROBES.contains(&record.path.as_str()) {
            tracing::debug!(
                request_id = record.request_id,
                path = record.path,
                status = record.status,
                "probe"
            );
            return;
        }
        // The gateway's and the providers' failures want somebody's attention; a caller's mistake does not.
        if record.status >= 500 || record.ending == Ending::Failed {
            line!(warn, record);
        } else {
            line!(info, record);
        }
    }
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The line, at a level; levels are part of an event's type.
macro_rules! line {
    ($level:ident, $record:ident) => {
        tracing::$level!(
            request_id = $record.request_id,
            client = $record.client.map(tracing::field::display),
            tenant = some(&$record.tenant),
            caller = some(&$record.caller),
            method = $record.method,
            path = $record.path,
            status = $record.status,
            response_id = some(&$record.response_id),
            model = some(&$record.model),
            provider = $record.provider.as_deref(),
            stream = $record.stream,
            ending = $record.ending.name(),
            code = some(&$record.code),
            detail = some(&$record.detail),
            input_tokens = $record.usage.as_ref().map(|usage| usage.input_tokens),
            output_tokens = $record.usage.as_ref().map(|usage| usage.output_tokens),
            first_event_ms = $record.first_event.map(milliseconds),
            total_ms = milliseconds($record.total),
            "request",
        )
    };
}
use line;

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
