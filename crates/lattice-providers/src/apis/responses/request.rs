//! The turn as a request of the Responses API: <https://platform.openai.com/docs/api-reference/responses/create>.

use lattice_model::{Format, Item, ToolChoice, ToolMode, Turn};
use lattice_wire::responses::write::{self, Form};
use lattice_wire::write::{JsonWriter, Segments};

use crate::error::EncodeError;
use crate::provider::Model;
use crate::seal;

use super::models;
use crate::apis::Purpose;

pub(super) fn body(
    turn: &Turn,
    model: &Model,
    origin: &str,
    purpose: Purpose,
) -> Result<Segments, EncodeError> {
    refuse(turn)?;
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.field_str("model", &model.id);
        if purpose == Purpose::Answer {
            writer.key("stream").bool(turn.stream);
            // The gateway is the memory: nothing is kept upstream, so reasoning has to come back encrypted.
            writer.key("store").bool(false);
        }
        writer.optional_text("instructions", turn.instructions.as_ref());
        input(writer, turn, origin);
        tools(writer, turn);
        if purpose == Purpose::Answer {
            settings(writer, turn);
            include(writer, turn, &model.id);
        }
        reasoning(writer, turn);
        text(writer, turn);
        if purpose == Purpose::Answer {
            write::extra(writer, &turn.extra, Form::Request);
        }
    });
    Ok(writer.finish())
}

/// What the standard has and this API has not. 0 is the standard's default, and asks for nothing.
fn refuse(turn: &Turn) -> Result<(), EncodeError> {
    let sampling = &turn.sampling;
    for (param, value) in
        [("presence_penalty", sampling.presence_penalty), ("frequency_penalty", sampling.frequency_penalty)]
    {
        if value.is_some_and(|value| value != 0.0) {
            let message = format!(
                "the Responses API has no penalties; leave `{param}` out, or use `api: chat_completions`"
            );
            return Err(EncodeError::unsupported(param, message));
        }
    }
    Ok(())
}

fn input(writer: &mut JsonWriter, turn: &Turn, origin: &str) {
    writer.key("input").array(|writer| {
        for said in turn.items() {
            match said.item {
                // Reasoning goes back only where it came from (C7); without its encrypted part it would be refused.
                Item::Reasoning(reasoning) => {
                    if let Some(payload) =
                        reasoning.encrypted.as_ref().and_then(|sealed| seal::open(origin, sealed))
                    {
                        let mut own = reasoning.clone();
                        own.encrypted = Some(payload);
                        own.content.clear();
                        write::item(writer, &Item::Reasoning(own), Form::Request);
                    }
                }
                other => write::item(writer, other, Form::Request),
            }
        }
    });
}

fn tools(writer: &mut JsonWriter, turn: &Turn) {
    if !turn.tools.is_empty() {
        writer.key("tools").array(|writer| {
            for tool in &turn.tools {
                write::tool(writer, tool, Form::Request);
            }
        });
    }
    if let Some(choice) = &turn.tool_choice {
        writer.key("tool_choice");
        match choice {
            // The provider knows this mode only as a word.
            ToolChoice::Allowed { mode: ToolMode::None, .. } => writer.str("none"),
            other => write::tool_choice(writer, other),
        }
    }
    if let Some(parallel) = turn.parallel_tool_calls {
        writer.key("parallel_tool_calls").bool(parallel);
    }
}

fn settings(writer: &mut JsonWriter, turn: &Turn) {
    writer.optional_u64("max_tool_calls", turn.max_tool_calls);
    writer.optional_u64("max_output_tokens", turn.max_output_tokens);
    writer.optional_f64("temperature", turn.sampling.temperature);
    writer.optional_f64("top_p", turn.sampling.top_p);
    writer.optional_u64("top_logprobs", turn.sampling.top_logprobs);
    writer.optional_word("truncation", turn.truncation);
    writer.optional_word("service_tier", turn.service_tier);
    writer.optional_text("prompt_cache_key", turn.prompt_cache_key.as_ref());
    writer.optional_text("safety_identifier", turn.safety_identifier.as_ref());
    if let Some(metadata) = &turn.metadata {
        writer.key("metadata").json(metadata);
    }
    if let Some(obfuscation) = turn.obfuscation.filter(|_| turn.stream) {
        writer.key("stream_options").object(|writer| {
            writer.key("include_obfuscation").bool(obfuscation);
        });
    }
}

fn reasoning(writer: &mut JsonWriter, turn: &Turn) {
    if let Some(reasoning) = &turn.reasoning {
        writer.key("reasoning").object(|writer| {
            writer.optional_word("effort", reasoning.effort);
            writer.optional_word("summary", reasoning.summary);
            write::extra(writer, &reasoning.extra, Form::Request);
        });
    }
}

fn include(writer: &mut JsonWriter, turn: &Turn, model: &str) {
    let include = &turn.include;
    // The gateway's store needs it too, where there is some.
    let encrypted =
        include.encrypted_reasoning || turn.store && (turn.reasoning.is_some() || models::reasons(model));
    if !encrypted && !include.logprobs && include.other.is_empty() {
        return;
    }
    writer.key("include").array(|writer| {
        if encrypted {
            writer.str("reasoning.encrypted_content");
        }
        if include.logprobs {
            writer.str("message.output_text.logprobs");
        }
        for other in &include.other {
            writer.str(other);
        }
    });
}

fn text(writer: &mut JsonWriter, turn: &Turn) {
    if turn.format == Format::Text && turn.verbosity.is_none() {
        return;
    }
    writer.key("text").object(|writer| {
        match &turn.format {
            Format::Text => {}
            Format::JsonObject => {
                writer.key("format").object(|writer| {
                    writer.field_str("type", "json_object");
                });
            }
            Format::JsonSchema { name, description, schema, strict } => {
                writer.key("format").object(|writer| {
                    writer.field_str("type", "json_schema");
                    writer.field_str("name", name);
                    writer.optional_text("description", description.as_ref());
                    writer.key("schema").json(schema);
                    if let Some(strict) = strict {
                        writer.key("strict").bool(*strict);
                    }
                });
            }
        }
        writer.optional_word("verbosity", turn.verbosity);
    });
}
