//! The turn as a request of Chat Completions: <https://platform.openai.com/docs/api-reference/chat/create>.

use lattice_model::{Format, ServiceTier, Tool, ToolChoice, ToolMode, Turn};
use lattice_wire::responses::write::mode_word;
use lattice_wire::write::{JsonWriter, Segments};

use super::{Quirks, messages};
use crate::error::EncodeError;
use crate::foreign;
use crate::provider::Model;

pub(super) fn body(turn: &Turn, model: &Model, quirks: Quirks) -> Result<Segments, EncodeError> {
    foreign::refuse(turn, &["input_audio"])?;
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.field_str("model", &model.id);
        writer.key("stream").bool(turn.stream);
        if turn.stream {
            writer.key("stream_options").object(|writer| {
                writer.key("include_usage").bool(true);
            });
        }
        messages::write(writer, turn, quirks)?;
        tools(writer, turn, quirks);
        settings(writer, turn, quirks)?;
        format(writer, turn);
        Ok::<_, EncodeError>(())
    })?;
    Ok(writer.finish())
}

fn tools(writer: &mut JsonWriter, turn: &Turn, quirks: Quirks) {
    let only = match &turn.tool_choice {
        // A hard constraint: a server that cannot be told of it is not offered the others.
        Some(ToolChoice::Allowed { names, .. }) if !quirks.newer => Some(names),
        _ => None,
    };
    let functions = turn.tools.iter().filter_map(|tool| match tool {
        Tool::Function(function) => Some(function),
        Tool::Hosted(_) => None,
    });
    let offered: Vec<_> =
        functions.filter(|function| only.is_none_or(|names| names.contains(&function.name))).collect();
    if offered.is_empty() {
        return;
    }
    writer.key("tools").array(|writer| {
        for function in offered {
            writer.object(|writer| {
                writer.field_str("type", "function");
                writer.key("function").object(|writer| {
                    writer.field_str("name", &function.name);
                    writer.optional_text("description", function.description.as_ref());
                    if let Some(parameters) = &function.parameters {
                        writer.key("parameters").json(parameters);
                    }
                    if let Some(strict) = function.strict {
                        writer.key("strict").bool(strict);
                    }
                });
            });
        }
    });
    if let Some(choice) = &turn.tool_choice {
        writer.key("tool_choice");
        tool_choice(writer, choice, quirks);
    }
    if let Some(parallel) = turn.parallel_tool_calls {
        writer.key("parallel_tool_calls").bool(parallel);
    }
}

fn tool_choice(writer: &mut JsonWriter, choice: &ToolChoice, quirks: Quirks) {
    match choice {
        ToolChoice::Function(name) => function(writer, name),
        ToolChoice::Allowed { mode, names } if quirks.newer && *mode != ToolMode::None => {
            writer.object(|writer| {
                writer.field_str("type", "allowed_tools");
                writer.key("allowed_tools").object(|writer| {
                    writer.field_str("mode", mode_word(*mode));
                    writer.key("tools").array(|writer| {
                        for name in names {
                            function(writer, name);
                        }
                    });
                });
            });
        }
        ToolChoice::Mode(mode) | ToolChoice::Allowed { mode, .. } => writer.str(mode_word(*mode)),
        // Refused before.
        ToolChoice::Hosted(json) => writer.json(json),
    }
}

fn function(writer: &mut JsonWriter, name: &str) {
    writer.object(|writer| {
        writer.field_str("type", "function");
        writer.key("function").object(|writer| {
            writer.field_str("name", name);
        });
    });
}

fn settings(writer: &mut JsonWriter, turn: &Turn, quirks: Quirks) -> Result<(), EncodeError> {
    writer.optional_u64(quirks.max_tokens, turn.max_output_tokens);
    writer.optional_f64("temperature", turn.sampling.temperature);
    writer.optional_f64("top_p", turn.sampling.top_p);
    writer.optional_f64("presence_penalty", turn.sampling.presence_penalty);
    writer.optional_f64("frequency_penalty", turn.sampling.frequency_penalty);
    let alternatives = turn.sampling.top_logprobs.filter(|most| *most > 0);
    if turn.include.logprobs || alternatives.is_some() {
        if quirks.strict {
            let param = if alternatives.is_some() { "top_logprobs" } else { "include" };
            let message = "this server tells no log probabilities; leave them out";
            return Err(EncodeError::unsupported(param, message));
        }
        writer.key("logprobs").bool(true);
        writer.optional_u64("top_logprobs", alternatives);
    }
    let effort = turn.reasoning.as_ref().and_then(|reasoning| reasoning.effort);
    writer.optional_word("reasoning_effort", effort);
    if quirks.newer {
        writer.optional_word("verbosity", turn.verbosity);
        writer.optional_word("service_tier", turn.service_tier);
        writer.optional_text("prompt_cache_key", turn.prompt_cache_key.as_ref());
        writer.optional_text("safety_identifier", turn.safety_identifier.as_ref());
        return Ok(());
    }
    if turn.verbosity.is_some() {
        let message = "servers that are compatible with OpenAI do not know `verbosity`; leave it out";
        return Err(EncodeError::unsupported("text.verbosity", message));
    }
    if !matches!(turn.service_tier, None | Some(ServiceTier::Auto | ServiceTier::Default)) {
        let message = "servers that are compatible with OpenAI have no service tiers; leave it out";
        return Err(EncodeError::unsupported("service_tier", message));
    }
    if !quirks.strict {
        writer.optional_text("user", turn.safety_identifier.as_ref());
    }
    Ok(())
}

fn format(writer: &mut JsonWriter, turn: &Turn) {
    match &turn.format {
        Format::Text => {}
        Format::JsonObject => {
            writer.key("response_format").object(|writer| {
                writer.field_str("type", "json_object");
            });
        }
        Format::JsonSchema { name, description, schema, strict } => {
            writer.key("response_format").object(|writer| {
                writer.field_str("type", "json_schema");
                writer.key("json_schema").object(|writer| {
                    writer.field_str("name", name);
                    writer.optional_text("description", description.as_ref());
                    writer.key("schema").json(schema);
                    if let Some(strict) = strict {
                        writer.key("strict").bool(*strict);
                    }
                });
            });
        }
    }
}
