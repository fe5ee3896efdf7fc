//! The turn as a request of the Messages API: <https://docs.claude.com/en/api/messages>.

use lattice_model::{Format, FunctionTool, ServiceTier, Tool, ToolChoice, ToolMode, Turn, Word};
use lattice_wire::write::{JsonWriter, Segments};

use super::content::breakpoint;
use super::conversation::Conversation;
use super::models::{Traits, traits};
use super::thinking::Mode;
use crate::apis::Purpose;
use crate::error::EncodeError;
use crate::foreign;
use crate::provider::Model;

/// The tool that stands for structured output on models without one of their own. Its calls become text again.
pub(super) const OUTPUT_TOOL: &str = "latticelm_output";

pub(super) fn body(
    turn: &Turn,
    model: &Model,
    origin: &str,
    caching: bool,
    purpose: Purpose,
) -> Result<Segments, EncodeError> {
    foreign::refuse(turn, &["cache_control"])?;
    let traits = traits(&model.id);
    refuse(turn)?;
    let max_tokens = turn.max_output_tokens.or(model.max_output_tokens).unwrap_or(traits.max_output);
    let mode = Mode::of(turn, traits, max_tokens, origin)?;
    sampling_fits(turn, traits, mode)?;
    let forced_output = !traits.structured && matches!(turn.format, Format::JsonSchema { .. });
    if forced_output {
        output_tool_fits(turn, mode)?;
    }
    let conversation = Conversation::of(turn, traits, origin, mode.is_on())?;
    let own_tool_breakpoints = turn.tools.iter().any(|tool| match tool {
        Tool::Function(function) => !function.extra.is_empty(),
        Tool::Hosted(_) => false,
    });
    let caching = caching && !own_tool_breakpoints && !conversation.has_breakpoint();

    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.field_str("model", &model.id);
        if purpose == Purpose::Answer {
            writer.key("max_tokens").u64(max_tokens);
            writer.key("stream").bool(turn.stream);
        }
        if !conversation.system.is_empty() {
            writer.key("system").array(|writer| {
                let last = conversation.system.len().saturating_sub(1);
                for (at, block) in conversation.system.iter().enumerate() {
                    block.write(writer, caching && at == last);
                }
            });
        }
        tools(writer, turn, forced_output, caching);
        conversation.write(writer, caching);
        if purpose == Purpose::Answer {
            settings(writer, turn);
        }
        thinking(writer, mode);
        output_config(writer, turn, mode, forced_output);
    });
    Ok(writer.finish())
}

/// What Claude has nothing for.
fn refuse(turn: &Turn) -> Result<(), EncodeError> {
    let sampling = &turn.sampling;
    for (param, value) in
        [("presence_penalty", sampling.presence_penalty), ("frequency_penalty", sampling.frequency_penalty)]
    {
        if value.is_some_and(|value| value != 0.0) {
            return Err(EncodeError::unsupported(
                param,
                format!("Claude has no penalties; leave `{param}` out"),
            ));
        }
    }
    if turn.include.logprobs || sampling.top_logprobs.is_some_and(|most| most > 0) {
        let param = if turn.include.logprobs { "include" } else { "top_logprobs" };
        return Err(EncodeError::unsupported(param, "Claude reports no log probabilities; leave them out"));
    }
    if turn.verbosity.is_some() {
        return Err(EncodeError::unsupported(
            "text.verbosity",
            "Claude has no verbosity; say it in the instructions",
        ));
    }
    if matches!(turn.format, Format::JsonObject) {
        let message = "Claude has no free JSON mode; use `json_schema` with a schema";
        return Err(EncodeError::unsupported("text.format", message));
    }
    if let Some(tier @ (ServiceTier::Flex | ServiceTier::Priority | ServiceTier::Scale)) = turn.service_tier {
        let message = format!("Anthropic has no tier `{}`; use `auto` or `default`", tier.name());
        return Err(EncodeError::unsupported("service_tier", message));
    }
    Ok(())
}

fn sampling_fits(turn: &Turn, traits: Traits, mode: Mode) -> Result<(), EncodeError> {
    let temperature = turn.sampling.temperature.filter(|value| !is_default(*value));
    let top_p = turn.sampling.top_p.filter(|value| !is_default(*value));
    if temperature.is_some_and(|value| value > 1.0) {
        return Err(EncodeError::unsupported("temperature", "Claude takes temperatures from 0 to 1"));
    }
    if mode.is_on() && temperature.is_some() {
        return Err(EncodeError::unsupported("temperature", "Claude takes no temperature while it thinks"));
    }
    if mode.is_on() && top_p.is_some_and(|value| value < 0.95) {
        return Err(EncodeError::unsupported("top_p", "while Claude thinks, `top_p` can only be 0.95 to 1"));
    }
    if traits.one_of_temperature_and_top_p && temperature.is_some() && top_p.is_some() {
        return Err(EncodeError::unsupported("top_p", "this model takes `temperature` or `top_p`, not both"));
    }
    Ok(())
}

/// 1 is the default of both; where a model refuses the fields, the default need not be sent.
fn is_default(value: f64) -> bool {
    (value - 1.0).abs() < f64::EPSILON
}

fn output_tool_fits(turn: &Turn, mode: Mode) -> Result<(), EncodeError> {
    if mode.is_on() {
        let message = "this model cannot think and follow a schema at once; leave `reasoning` out, or use a newer model";
        return Err(EncodeError::unsupported("text.format", message));
    }
    if !turn.tools.is_empty() {
        let message = "this model cannot offer tools and follow a schema at once; use a newer model";
        return Err(EncodeError::unsupported("text.format", message));
    }
    Ok(())
}

fn tools(writer: &mut JsonWriter, turn: &Turn, forced_output: bool, caching: bool) {
    if let (true, Format::JsonSchema { schema, description, .. }) = (forced_output, &turn.format) {
        writer.key("tools").array(|writer| {
            writer.object(|writer| {
                writer.field_str("name", OUTPUT_TOOL);
                match description {
                    Some(description) => writer.field_text("description", description),
                    None => writer.field_str("description", "Give the answer by calling this tool."),
                }
                writer.key("input_schema").json(schema);
            });
        });
        writer.key("tool_choice").object(|writer| {
            writer.field_str("type", "tool");
            writer.field_str("name", OUTPUT_TOOL);
        });
        return;
    }
    let only = match &turn.tool_choice {
        // A hard constraint: what may not be called is not offered.
        Some(ToolChoice::Allowed { names, .. }) => Some(names),
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
        let last = offered.len().saturating_sub(1);
        for (at, function) in offered.iter().enumerate() {
            tool(writer, function, caching && at == last);
        }
    });
    tool_choice(writer, turn);
}

fn tool(writer: &mut JsonWriter, function: &FunctionTool, caching: bool) {
    writer.object(|writer| {
        writer.field_str("name", &function.name);
        writer.optional_text("description", function.description.as_ref());
        if let Some(parameters) = &function.parameters {
            writer.key("input_schema").json(parameters);
        } else {
            writer.key("input_schema").object(|writer| {
                writer.field_str("type", "object");
                writer.key("properties").object(|_| {});
            });
        }
        if function.strict == Some(true) {
            writer.key("strict").bool(true);
        }
        for (name, json) in function.extra.iter().filter(|(name, _)| &**name == "cache_control") {
            writer.key(name).json(json);
        }
        if caching {
            breakpoint(writer);
        }
    });
}

fn tool_choice(writer: &mut JsonWriter, turn: &Turn) {
    let mode = match &turn.tool_choice {
        Some(ToolChoice::Mode(mode) | ToolChoice::Allowed { mode, .. }) => Some(*mode),
        _ => None,
    };
    let name = match &turn.tool_choice {
        Some(ToolChoice::Function(name)) => Some(name),
        _ => None,
    };
    let one_at_a_time = turn.parallel_tool_calls == Some(false);
    if mode.is_none() && name.is_none() && !one_at_a_time {
        return;
    }
    writer.key("tool_choice").object(|writer| {
        let kind = match (name, mode) {
            (Some(_), _) => "tool",
            (None, Some(ToolMode::None)) => "none",
            (None, Some(ToolMode::Required)) => "any",
            (None, _) => "auto",
        };
        writer.field_str("type", kind);
        if let Some(name) = name {
            writer.field_str("name", name);
        }
        if one_at_a_time && kind != "none" {
            writer.key("disable_parallel_tool_use").bool(true);
        }
    });
}

fn settings(writer: &mut JsonWriter, turn: &Turn) {
    writer.optional_f64("temperature", turn.sampling.temperature.filter(|value| !is_default(*value)));
    writer.optional_f64("top_p", turn.sampling.top_p.filter(|value| !is_default(*value)));
    match turn.service_tier {
        Some(ServiceTier::Default) => writer.field_str("service_tier", "standard_only"),
        Some(ServiceTier::Auto) => writer.field_str("service_tier", "auto"),
        // Refused before.
        Some(ServiceTier::Flex | ServiceTier::Priority | ServiceTier::Scale) | None => {}
    }
    if let Some(user) = &turn.safety_identifier {
        writer.key("metadata").object(|writer| {
            writer.field_text("user_id", user);
        });
    }
}

fn thinking(writer: &mut JsonWriter, mode: Mode) {
    match mode {
        Mode::Silent => {}
        Mode::Budget(tokens) => {
            writer.key("thinking").object(|writer| {
                writer.field_str("type", "enabled");
                writer.key("budget_tokens").u64(tokens);
            });
        }
        Mode::Adaptive(_) => {
            writer.key("thinking").object(|writer| {
                writer.field_str("type", "adaptive");
            });
        }
    }
}

fn output_config(writer: &mut JsonWriter, turn: &Turn, mode: Mode, forced_output: bool) {
    let effort = match mode {
        Mode::Adaptive(effort) => effort,
        Mode::Silent | Mode::Budget(_) => None,
    };
    let schema = match &turn.format {
        Format::JsonSchema { schema, .. } if !forced_output => Some(schema),
        _ => None,
    };
    if effort.is_none() && schema.is_none() {
        return;
    }
    writer.key("output_config").object(|writer| {
        if let Some(effort) = effort {
            writer.field_str("effort", effort);
        }
        if let Some(schema) = schema {
            writer.key("format").object(|writer| {
                writer.field_str("type", "json_schema");
                writer.key("schema").json(schema);
            });
        }
    });
}
