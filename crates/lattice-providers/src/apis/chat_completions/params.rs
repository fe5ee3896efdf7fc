//! The names of parameters in error answers.

use lattice_model::Fault;

/// With the request's field as the client's dialect calls it; with none where it has no counterpart.
pub(super) fn in_the_clients_words(mut fault: Fault) -> Fault {
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
