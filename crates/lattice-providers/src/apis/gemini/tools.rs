//! Functions and the choice of them: <https://ai.google.dev/gemini-api/docs/function-calling>.

use lattice_model::{FunctionTool, Tool, ToolChoice, ToolMode, Turn};
use lattice_wire::write::JsonWriter;

use super::models::Generation;
use crate::error::EncodeError;

/// The functions that the model is told of. Where it may choose freely, but only among some, it is offered those alone:
/// names can be given only where a call is forced.
pub(super) fn offered(turn: &Turn) -> impl Iterator<Item = (usize, &FunctionTool)> {
    let only = match &turn.tool_choice {
        Some(ToolChoice::Allowed { mode: ToolMode::Auto, names }) => Some(names),
        _ => None,
    };
    turn.tools.iter().enumerate().filter_map(move |(at, tool)| match tool {
        Tool::Function(function) if only.is_none_or(|names| names.contains(&function.name)) => {
            Some((at, function))
        }
        _ => None,
    })
}

pub(super) fn write(writer: &mut JsonWriter, turn: &Turn, generation: Generation) -> Result<(), EncodeError> {
    if offered(turn).next().is_none() {
        return Ok(());
    }
    if turn.parallel_tool_calls == Some(false) {
        let message =
            "Gemini cannot be kept from calling several functions at once; leave `parallel_tool_calls` out";
        return Err(EncodeError::unsupported("parallel_tool_calls", message));
    }
    declarations(writer, turn);
    choice(writer, turn, generation)
}

/// What the model is told of its functions, which is input like the rest.
pub(super) fn declarations(writer: &mut JsonWriter, turn: &Turn) {
    if offered(turn).next().is_none() {
        return;
    }
    writer.key("tools").array(|writer| {
        writer.object(|writer| {
            writer.key("functionDeclarations").array(|writer| {
                for (_, function) in offered(turn) {
                    writer.object(|writer| {
                        writer.field_str("name", &function.name);
                        writer.optional_text("description", function.description.as_ref());
                        if let Some(parameters) = &function.parameters {
                            writer.key("parametersJsonSchema").json(parameters);
                        }
                    });
                }
            });
        });
    });
}

fn choice(writer: &mut JsonWriter, turn: &Turn, generation: Generation) -> Result<(), EncodeError> {
    let strict = offered(turn).find(|(_, function)| function.strict == Some(true));
    let (mode, names): (_, &[String]) = match &turn.tool_choice {
        None | Some(ToolChoice::Mode(ToolMode::Auto) | ToolChoice::Allowed { mode: ToolMode::Auto, .. }) => {
            match (strict, generation) {
                // Calls follow their schemas when one is forced, and in this mode.
                (Some(_), Generation::Two5 | Generation::Three) => ("VALIDATED", &[]),
                (Some((at, _)), Generation::Early) => {
                    let message =
                        "this model cannot be held to a schema unless a call is required; leave `strict` out";
                    return Err(EncodeError::unsupported(format!("tools[{at}].strict"), message));
                }
                (None, _) if turn.tool_choice.is_none() => return Ok(()),
                (None, _) => ("AUTO", &[]),
            }
        }
        Some(ToolChoice::Mode(ToolMode::None) | ToolChoice::Allowed { mode: ToolMode::None, .. }) => {
            ("NONE", &[])
        }
        Some(ToolChoice::Mode(ToolMode::Required)) => ("ANY", &[]),
        Some(ToolChoice::Function(name)) => ("ANY", std::slice::from_ref(name)),
        Some(ToolChoice::Allowed { mode: ToolMode::Required, names }) => ("ANY", names),
        // Refused before.
        Some(ToolChoice::Hosted(_)) => return Ok(()),
    };
    writer.key("toolConfig").object(|writer| {
        writer.key("functionCallingConfig").object(|writer| {
            writer.field_str("mode", mode);
            if !names.is_empty() {
                writer.key("allowedFunctionNames").array(|writer| {
                    for name in names {
                        writer.str(name);
                    }
                });
            }
        });
    });
    Ok(())
}
