//! The conversation as messages. An assistant's text and the calls that follow it are one message.

use lattice_model::{
    Detail, FunctionCall, FunctionCallOutput, Item, Message, OutputText, Part, Path, Role, Said, Text, Turn,
};
use lattice_wire::write::JsonWriter;

use super::Quirks;
use crate::error::EncodeError;

pub(super) fn write(writer: &mut JsonWriter, turn: &Turn, quirks: Quirks) -> Result<(), EncodeError> {
    writer.key("messages").array(|writer| {
        if let Some(instructions) = &turn.instructions {
            writer.object(|writer| {
                writer.field_str("role", role(Role::Developer, quirks));
                writer.field_text("content", instructions);
            });
        }
        let mut assistant = Assistant::default();
        for Said { item, path } in turn.items() {
            match item {
                Item::Message(message) if message.role == Role::Assistant => {
                    // The results of calls must follow the message with the calls: a text in between is part of it.
                    if assistant.calls.is_empty() {
                        assistant.flush(writer, quirks);
                    }
                    assistant.say(message, path)?;
                }
                Item::FunctionCall(call) => assistant.calls.push(call),
                // This API gives no reasoning back to the model.
                Item::Reasoning(_) | Item::Other(_) => {}
                Item::Message(message) => {
                    assistant.flush(writer, quirks);
                    self::message(writer, message, path, quirks)?;
                }
                Item::FunctionCallOutput(output) => {
                    assistant.flush(writer, quirks);
                    tool_output(writer, output, path, quirks)?;
                }
            }
        }
        assistant.flush(writer, quirks);
        Ok(())
    })
}

fn role(role: Role, quirks: Quirks) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Developer if quirks.newer => "developer",
        Role::System | Role::Developer => "system",
    }
}

/// An assistant's message that may still get calls.
#[derive(Default)]
struct Assistant<'a> {
    spoke: bool,
    texts: Vec<&'a Text>,
    refusal: Option<&'a Text>,
    calls: Vec<&'a FunctionCall>,
}

impl<'a> Assistant<'a> {
    fn say(&mut self, message: &'a Message, path: Path<'_>) -> Result<(), EncodeError> {
        self.spoke = true;
        for (at, part) in message.content.iter().enumerate() {
            match part {
                Part::OutputText(OutputText { text, .. }) | Part::InputText { text, .. } => {
                    self.texts.extend((!text.is_empty()).then_some(text));
                }
                Part::Refusal { refusal, .. } => self.refusal = self.refusal.or(Some(refusal)),
                _ => {
                    let message = "this API takes only texts from the assistant; take it out";
                    return Err(EncodeError::unsupported(path.key("content").index(at), message));
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self, writer: &mut JsonWriter, quirks: Quirks) {
        if !self.spoke && self.calls.is_empty() {
            return;
        }
        self.spoke = false;
        let texts = std::mem::take(&mut self.texts);
        let refusal = self.refusal.take();
        writer.object(|writer| {
            writer.field_str("role", "assistant");
            match texts.as_slice() {
                [] if refusal.is_some() || !self.calls.is_empty() => writer.key("content").null(),
                [] => writer.field_str("content", ""),
                [only] => writer.field_text("content", only),
                many => {
                    writer.key("content").array(|writer| {
                        for text in many {
                            text_part(writer, text);
                        }
                    });
                }
            }
            writer.optional_text("refusal", refusal);
            if !self.calls.is_empty() {
                writer.key("tool_calls").array(|writer| {
                    for call in self.calls.drain(..) {
                        writer.object(|writer| {
                            writer.field_str("id", &quirks.call_id(&call.call_id));
                            writer.field_str("type", "function");
                            writer.key("function").object(|writer| {
                                writer.field_str("name", &call.name);
                                writer.field_text("arguments", &call.arguments);
                            });
                        });
                    }
                });
            }
        });
    }
}

fn text_part(writer: &mut JsonWriter, text: &Text) {
    writer.object(|writer| {
        writer.field_str("type", "text");
        writer.field_text("text", text);
    });
}

fn message(
    writer: &mut JsonWriter,
    message: &Message,
    path: Path<'_>,
    quirks: Quirks,
) -> Result<(), EncodeError> {
    writer.object(|writer| {
        writer.field_str("role", role(message.role, quirks));
        if let [Part::InputText { text, .. }] = message.content.as_slice() {
            writer.field_text("content", text);
        } else {
            writer.key("content").array(|writer| {
                for (at, one) in message.content.iter().enumerate() {
                    part(writer, one, path.key("content").index(at))?;
                }
                Ok::<_, EncodeError>(())
            })?;
        }
        Ok(())
    })
}

fn part(writer: &mut JsonWriter, part: &Part, path: Path<'_>) -> Result<(), EncodeError> {
    match part {
        Part::InputText { text, .. } => text_part(writer, text),
        Part::Image(image) => {
            let Some(url) = &image.url else {
                return Err(EncodeError::unsupported(path, "an image needs its `image_url` here"));
            };
            writer.object(|writer| {
                writer.field_str("type", "image_url");
                writer.key("image_url").object(|writer| {
                    writer.field_text("url", url);
                    if let Some(detail) = image.detail {
                        let word = match detail {
                            Detail::Low => "low",
                            Detail::High => "high",
                            Detail::Auto => "auto",
                        };
                        writer.field_str("detail", word);
                    }
                });
            });
        }
        Part::File(file) => {
            let Some(data) = &file.data else {
                let message = "this API takes files only as `file_data`, not by their address";
                return Err(EncodeError::unsupported(path.key("file_url"), message));
            };
            writer.object(|writer| {
                writer.field_str("type", "file");
                writer.key("file").object(|writer| {
                    writer.optional_text("filename", file.filename.as_ref());
                    writer.field_text("file_data", data);
                });
            });
        }
        Part::Other { kind, fields } => {
            writer.object(|writer| {
                writer.field_str("type", kind);
                writer.extra(fields);
            });
        }
        Part::Video { .. } => {
            return Err(EncodeError::unsupported(path, "this API takes no videos; take it out"));
        }
        Part::OutputText(_) | Part::Refusal { .. } => {
            return Err(EncodeError::invalid(path, "only an assistant's message can hold this part"));
        }
    }
    Ok(())
}

fn tool_output(
    writer: &mut JsonWriter,
    output: &FunctionCallOutput,
    path: Path<'_>,
    quirks: Quirks,
) -> Result<(), EncodeError> {
    let many = |writer: &mut JsonWriter| {
        for (at, part) in output.output.iter().enumerate() {
            let Part::InputText { text, .. } = part else {
                let message = "this API takes only texts as the result of a tool; give it as text, or in a user message";
                return Err(EncodeError::unsupported(path.key("output").index(at), message));
            };
            text_part(writer, text);
        }
        Ok(())
    };
    writer.object(|writer| {
        writer.field_str("role", "tool");
        writer.field_str("tool_call_id", &quirks.call_id(&output.call_id));
        match output.output.as_slice() {
            [] => writer.field_str("content", ""),
            [Part::InputText { text, .. }] => writer.field_text("content", text),
            _ => writer.key("content").array(many)?,
        }
        Ok(())
    })
}
