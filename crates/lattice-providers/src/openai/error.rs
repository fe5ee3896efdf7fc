//! Error answers: `{"error": {"message", "type", "param", "code"}}`. Azure and most compatible servers use the same envelope.

use lattice_model::Fault;

use crate::faults::{Meanings, OPENAI};

/// What errors mean at `OpenAI` and Azure.
pub(crate) const MEANINGS: Meanings = Meanings::of(OPENAI);

/// The request's field in the client's dialect, where Chat Completions calls it otherwise; none where it has no counterpart.
pub(crate) fn with_own_param(mut fault: Fault) -> Fault {
    fault.param = fault.param.take().and_then(|param| match param.as_str() {
        "max_tokens" | "max_completion_tokens" => Some("max_output_tokens".to_owned()),
        "reasoning_effort" => Some("reasoning.effort".to_owned()),
        "verbosity" => Some("text.verbosity".to_owned()),
        "logprobs" => Some("include".to_owned()),
        format if format.starts_with("response_format") => Some("text.format".to_owned()),
        messages if messages.starts_with("messages") => None,
        _ => Some(param),
    });
    fault
}
