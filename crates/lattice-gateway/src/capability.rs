//! What a model was declared to be able to do, held against what a turn asks of it.

use lattice_model::{
    Capability, FaultKind, Format, FunctionCallOutput, Item, Message, Part, Said, Tool, Turn, Word,
};

use crate::error::Error;

/// Refuses what the model was not declared to be able to do, by the path of the field that asks for it.
pub(crate) fn check(declared: &[Capability], turn: &Turn) -> Result<(), Error> {
    let missing = |capability| !declared.contains(&capability);
    if let (Some(tool), true) = (turn.tools.first(), missing(Capability::Tools)) {
        let kind = match tool {
            Tool::Function(_) => "functions",
            Tool::Hosted(_) => "hosted tools",
        };
        return Err(refusal(&turn.model, Capability::Tools, &format!("call {kind}"), "tools"));
    }
    if !matches!(turn.format, Format::Text) && missing(Capability::Json) {
        return Err(refusal(&turn.model, Capability::Json, "be held to JSON", "text.format"));
    }
    if turn.reasoning.is_some() && missing(Capability::Reasoning) {
        return Err(refusal(&turn.model, Capability::Reasoning, "reason", "reasoning"));
    }
    for Said { item, path } in turn.items() {
        let (parts, field) = match item {
            Item::Message(Message { content, .. }) => (content, "content"),
            Item::FunctionCallOutput(FunctionCallOutput { output, .. }) => (output, "output"),
            _ => continue,
        };
        for (part_at, part) in parts.iter().enumerate() {
            if let Some((capability, what)) = needed(part).filter(|(capability, _)| missing(*capability)) {
                let list = path.key(field);
                return Err(refusal(&turn.model, capability, what, &list.index(part_at).to_string()));
            }
        }
    }
    Ok(())
}

fn needed(part: &Part) -> Option<(Capability, &'static str)> {
    match part {
        Part::Image(_) => Some((Capability::Images, "take images")),
        Part::File(_) => Some((Capability::Files, "take files")),
        Part::Video { .. } => Some((Capability::Video, "take videos")),
        Part::Other { kind, .. } if &**kind == "input_audio" => Some((Capability::Audio, "take audio")),
        _ => None,
    }
}

fn refusal(model: &str, capability: Capability, what: &str, param: &str) -> Error {
    let message = format!(
        "the model `{model}` cannot {what}: its declared capabilities do not include `{}`. Take it out, or choose another model",
        capability.name()
    );
    Error::new(FaultKind::InvalidRequest, "unsupported_parameter", message).with_param(param)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lattice_model::{Image, Role};

    use super::*;

    #[test]
    fn what_the_caller_did_not_send_is_not_named_by_a_path_of_the_input() {
        let image = Part::Image(Image { url: None, detail: None, extra: Vec::new() });
        let (id, phase, status, extra) = (None, None, None, Vec::new());
        let item =
            Item::Message(Message { id, role: Role::User, phase, status, content: vec![image], extra });
        let mut turn = Turn::new("resp_0".into(), 0, "m".into(), vec![item.clone()]);
        let refused = |turn: &Turn| check(&[Capability::Text], turn).unwrap_err().body.param;
        assert_eq!(refused(&turn).as_deref(), Some("input[0].content[0]"));
        turn.history = vec![Arc::new(item)];
        turn.input.clear();
        assert_eq!(refused(&turn).as_deref(), Some("the stored conversation"));
    }
}
