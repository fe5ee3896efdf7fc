//! What only the client's own dialect can carry: refused by name by every provider of another one (C9, C14).

use lattice_model::{Extra, Item, Part, Path, Role, Tool, ToolChoice, Truncation, Turn};

use crate::error::EncodeError;

/// Fields that start so are the gateway's own: they are neither sent nor refused.
const OWN: &str = "latticelm:";

/// Refuses the first thing that this provider cannot be told. `passes` names unknown fields of parts and tools that it
/// understands all the same.
pub(crate) fn refuse(turn: &Turn, passes: &[&str]) -> Result<(), EncodeError> {
    extra(&turn.extra, None, passes)?;
    if let Some(reasoning) = &turn.reasoning {
        extra(&reasoning.extra, Some(Path::Field("reasoning")), &[])?;
    }
    if let Some(value) = turn.include.other.first() {
        let message =
            format!("`{value}` cannot be included: this provider has nothing of the kind; take it out");
        return Err(EncodeError::unsupported("include", message));
    }
    if turn.truncation == Some(Truncation::Auto) {
        let message = "this provider cannot truncate by itself; shorten `input` and leave `truncation` out";
        return Err(EncodeError::unsupported("truncation", message));
    }
    if turn.max_tool_calls.is_some() {
        let message = "this provider cannot bound the number of tool calls; leave `max_tool_calls` out";
        return Err(EncodeError::unsupported("max_tool_calls", message));
    }
    if matches!(turn.tool_choice, Some(ToolChoice::Hosted(_))) {
        return Err(EncodeError::unsupported(
            "tool_choice",
            "this provider has no tools of its own behind this API",
        ));
    }
    for (at, tool) in turn.tools.iter().enumerate() {
        match tool {
            Tool::Function(function) => {
                extra(&function.extra, Some(Path::Field("tools").index(at)), passes)?;
            }
            Tool::Hosted(hosted) => {
                let message =
                    format!("this provider does not run `{}` tools; offer a function instead", hosted.kind);
                return Err(EncodeError::unsupported(Path::Field("tools").index(at), message));
            }
        }
    }
    turn.items().try_for_each(|said| item(said.item, said.path, passes))
}

fn item(item: &Item, path: Path<'_>, passes: &[&str]) -> Result<(), EncodeError> {
    let (more, parts, key): (&Extra, &[Part], &str) = match item {
        Item::Message(message) => (&message.extra, &message.content, "content"),
        Item::FunctionCall(call) => (&call.extra, &[], ""),
        Item::FunctionCallOutput(output) => (&output.extra, &output.output, "output"),
        // Reasoning of another provider is left out as a whole, whatever it holds.
        Item::Reasoning(_) => return Ok(()),
        Item::Other(other) => {
            let message = format!("this provider cannot take items of type `{}`; take it out", other.kind);
            return Err(EncodeError::unsupported(path, message));
        }
    };
    extra(more, Some(path), passes)?;
    let list = path.key(key);
    for (at, part) in parts.iter().enumerate() {
        let path = list.index(at);
        let more = match part {
            Part::InputText { extra, .. } | Part::Refusal { extra, .. } | Part::Video { extra, .. } => extra,
            Part::OutputText(text) => &text.extra,
            Part::Image(image) => &image.extra,
            Part::File(file) => &file.extra,
            Part::Other { kind, .. } if passes.contains(&kind.as_str()) => continue,
            Part::Other { kind, .. } => {
                let message = format!("this provider cannot take parts of type `{kind}`; take it out");
                return Err(EncodeError::unsupported(path, message));
            }
        };
        extra(more, Some(path), passes)?;
    }
    Ok(())
}

fn extra(fields: &Extra, place: Option<Path<'_>>, passes: &[&str]) -> Result<(), EncodeError> {
    let foreign = |name: &str| !name.starts_with(OWN) && !passes.contains(&name);
    match fields.iter().find(|(name, _)| foreign(name)) {
        Some((name, _)) => {
            let param = match &place {
                Some(place) => place.key(name).to_string(),
                None => name.to_string(),
            };
            let message = format!(
                "`{param}` is not known to the standard, and this provider speaks another dialect; take it out"
            );
            Err(EncodeError::unsupported(param, message))
        }
        None => Ok(()),
    }
}

/// Whether a message is the operator's, not the conversation's.
pub(crate) fn is_operator(role: Role) -> bool {
    matches!(role, Role::System | Role::Developer)
}

/// An id for a call that its provider gave none: the same for the same call of the same response, in JSON and streams.
pub(crate) fn minted_call_id(response_id: &str, number: usize) -> String {
    let stem = response_id.strip_prefix("resp_").unwrap_or(response_id);
    let stem: String = stem.chars().take(32).collect();
    format!("call_{stem}{number:02x}")
}

/// A call id of letters, digits, `_` and `-`, as most providers demand: the same for the same id, so that call and result
/// stay together.
pub(crate) fn safe_call_id(id: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !id.is_empty() && id.bytes().all(fits) {
        return id.to_owned();
    }
    format!("call_{:016x}", fnv(id))
}

/// FNV-1a, 64 bits: stable over versions and replicas, which the standard library's hashers do not promise.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
