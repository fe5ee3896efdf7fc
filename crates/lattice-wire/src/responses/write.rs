//! Items, tools and usage as Open Responses writes them.

use lattice_model::{
    Annotation, Detail, Extra, FunctionTool, Item, OutputText, Part, Phase, Role, Status, Text, Tool,
    ToolChoice, ToolMode, Usage,
};

use crate::write::JsonWriter;

/// Who reads what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A provider: nothing that is absent is written, and nothing of our own.
    Request,
    /// A client: every required field is there, also when it is empty or null (C2).
    Response,
}

/// Fields of our own start so; no provider sees them.
const OWN: &str = "latticelm:";

/// Fields that are carried without being read; in a request without our own.
pub fn extra(writer: &mut JsonWriter, fields: &Extra, form: Form) {
    if form == Form::Response || !fields.iter().any(|(name, _)| name.starts_with(OWN)) {
        return writer.extra(fields);
    }
    for (name, json) in fields.iter().filter(|(name, _)| !name.starts_with(OWN)) {
        writer.any_key(name).json(json);
    }
}

/// An item. In a request its id is left out: ids belong to whoever stores the items.
pub fn item(writer: &mut JsonWriter, item: &Item, form: Form) {
    writer.object(|writer| {
        let kind = match item {
            Item::Message(_) => "message",
            Item::FunctionCall(_) => "function_call",
            Item::FunctionCallOutput(_) => "function_call_output",
            Item::Reasoning(_) => "reasoning",
            Item::Other(other) => &other.kind,
        };
        writer.field_str("type", kind);
        if let Some(id) = item.id().filter(|_| form == Form::Response || matches!(item, Item::Other(_))) {
            writer.field_str("id", id);
        }
        match item {
            Item::Message(message) => {
                status(writer, message.status, form);
                writer.field_str("role", role(message.role));
                if let Some(phase) = message.phase {
                    writer.field_str("phase", phase_word(phase));
                }
                parts(writer, "content", &message.content, form);
                extra(writer, &message.extra, form);
            }
            Item::FunctionCall(call) => {
                status(writer, call.status, form);
                writer.field_str("call_id", &call.call_id);
                writer.field_str("name", &call.name);
                writer.field_text("arguments", &call.arguments);
                extra(writer, &call.extra, form);
            }
            Item::FunctionCallOutput(output) => {
                status(writer, output.status, form);
                writer.field_str("call_id", &output.call_id);
                match output.output.as_slice() {
                    [Part::InputText { text, extra }] if extra.is_empty() => {
                        writer.field_text("output", text);
                    }
                    many => parts(writer, "output", many, form),
                }
                extra(writer, &output.extra, form);
            }
            Item::Reasoning(reasoning) => {
                reasoning_texts(writer, "summary", "summary_text", &reasoning.summary);
                if !reasoning.content.is_empty() {
                    reasoning_texts(writer, "content", "reasoning_text", &reasoning.content);
                }
                writer.optional_text("encrypted_content", reasoning.encrypted.as_ref());
                if form == Form::Response && reasoning.status.is_some() {
                    status(writer, reasoning.status, form);
                }
                extra(writer, &reasoning.extra, form);
            }
            Item::Other(other) => extra(writer, &other.fields, form),
        }
    });
}

fn status(writer: &mut JsonWriter, status: Option<Status>, form: Form) {
    let word = match (status, form) {
        (None, Form::Request) => return,
        (None | Some(Status::Completed), _) => "completed",
        (Some(Status::InProgress), _) => "in_progress",
        (Some(Status::Incomplete), _) => "incomplete",
    };
    writer.field_str("status", word);
}

fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Developer => "developer",
    }
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Commentary => "commentary",
        Phase::FinalAnswer => "final_answer",
    }
}

fn reasoning_texts(writer: &mut JsonWriter, key: &str, kind: &str, texts: &[Text]) {
    writer.key(key).array(|writer| {
        for text in texts {
            reasoning_text(writer, kind, text);
        }
    });
}

/// A part of reasoning: `summary_text` or `reasoning_text`.
pub fn reasoning_text(writer: &mut JsonWriter, kind: &str, text: &Text) {
    writer.object(|writer| {
        writer.field_str("type", kind);
        writer.field_text("text", text);
    });
}

fn parts(writer: &mut JsonWriter, key: &str, all: &[Part], form: Form) {
    writer.key(key).array(|writer| {
        for one in all {
            part(writer, one, form);
        }
    });
}

/// A content part.
pub fn part(writer: &mut JsonWriter, part: &Part, form: Form) {
    writer.object(|writer| match part {
        Part::InputText { text, extra: more } => {
            writer.field_str("type", "input_text");
            writer.field_text("text", text);
            extra(writer, more, form);
        }
        Part::OutputText(text) => output_text(writer, text, form),
        Part::Refusal { refusal, extra: more } => {
            writer.field_str("type", "refusal");
            writer.field_text("refusal", refusal);
            extra(writer, more, form);
        }
        Part::Image(image) => {
            writer.field_str("type", "input_image");
            match form {
                Form::Request => writer.optional_text("image_url", image.url.as_ref()),
                Form::Response => writer.text_or_null("image_url", image.url.as_ref()),
            }
            match image.detail {
                Some(detail) => writer.field_str("detail", detail_word(detail)),
                None if form == Form::Response => writer.field_str("detail", "auto"),
                None => {}
            }
            extra(writer, &image.extra, form);
        }
        Part::File(file) => {
            writer.field_str("type", "input_file");
            writer.optional_text("filename", file.filename.as_ref());
            writer.optional_text("file_data", file.data.as_ref());
            writer.optional_text("file_url", file.url.as_ref());
            extra(writer, &file.extra, form);
        }
        Part::Video { url, extra: more } => {
            writer.field_str("type", "input_video");
            writer.field_text("video_url", url);
            extra(writer, more, form);
        }
        Part::Other { kind, fields } => {
            writer.field_str("type", kind);
            extra(writer, fields, form);
        }
    });
}

fn output_text(writer: &mut JsonWriter, text: &OutputText, form: Form) {
    writer.field_str("type", "output_text");
    writer.field_text("text", &text.text);
    if form == Form::Response || !text.annotations.is_empty() {
        writer.key("annotations").array(|writer| {
            for one in &text.annotations {
                annotation(writer, one);
            }
        });
    }
    match &text.logprobs {
        Some(logprobs) => writer.key("logprobs").json(logprobs),
        None if form == Form::Response => {
            writer.key("logprobs").array(|_| {});
        }
        None => {}
    }
    extra(writer, &text.extra, form);
}

fn detail_word(detail: Detail) -> &'static str {
    match detail {
        Detail::Low => "low",
        Detail::High => "high",
        Detail::Auto => "auto",
    }
}

/// An annotation.
pub fn annotation(writer: &mut JsonWriter, annotation: &Annotation) {
    match annotation {
        Annotation::UrlCitation(citation) => {
            writer.object(|writer| {
                writer.field_str("type", "url_citation");
                writer.key("start_index").u64(citation.start_index);
                writer.key("end_index").u64(citation.end_index);
                writer.field_text("url", &citation.url);
                writer.field_text("title", &citation.title);
                writer.extra(&citation.extra);
            });
        }
        Annotation::Other(json) => writer.json(json),
    }
}

/// A tool.
pub fn tool(writer: &mut JsonWriter, tool: &Tool, form: Form) {
    writer.object(|writer| match tool {
        Tool::Function(function) => function_tool(writer, function, form),
        Tool::Hosted(hosted) => {
            writer.field_str("type", &hosted.kind);
            extra(writer, &hosted.fields, form);
        }
    });
}

fn function_tool(writer: &mut JsonWriter, function: &FunctionTool, form: Form) {
    writer.field_str("type", "function");
    writer.field_str("name", &function.name);
    match form {
        Form::Request => writer.optional_text("description", function.description.as_ref()),
        Form::Response => writer.text_or_null("description", function.description.as_ref()),
    }
    match &function.parameters {
        Some(parameters) => writer.key("parameters").json(parameters),
        None if form == Form::Response => writer.key("parameters").null(),
        None => {}
    }
    match function.strict {
        Some(strict) => writer.key("strict").bool(strict),
        None if form == Form::Response => writer.key("strict").null(),
        None => {}
    }
    extra(writer, &function.extra, form);
}

/// `none`, `auto` or `required`.
pub fn mode_word(mode: ToolMode) -> &'static str {
    match mode {
        ToolMode::None => "none",
        ToolMode::Auto => "auto",
        ToolMode::Required => "required",
    }
}

/// `tool_choice`.
pub fn tool_choice(writer: &mut JsonWriter, choice: &ToolChoice) {
    match choice {
        ToolChoice::Mode(mode) => writer.str(mode_word(*mode)),
        ToolChoice::Function(name) => function_choice(writer, name),
        ToolChoice::Allowed { mode, names } => {
            writer.object(|writer| {
                writer.field_str("type", "allowed_tools");
                writer.field_str("mode", mode_word(*mode));
                writer.key("tools").array(|writer| {
                    for name in names {
                        function_choice(writer, name);
                    }
                });
            });
        }
        ToolChoice::Hosted(json) => writer.json(json),
    }
}

fn function_choice(writer: &mut JsonWriter, name: &str) {
    writer.object(|writer| {
        writer.field_str("type", "function");
        writer.field_str("name", name);
    });
}

/// `usage`.
pub fn usage(writer: &mut JsonWriter, usage: &Usage) {
    writer.object(|writer| {
        writer.key("input_tokens").u64(usage.input_tokens);
        writer.key("input_tokens_details").object(|writer| {
            writer.key("cached_tokens").u64(usage.cached_tokens);
            if usage.cache_write_tokens > 0 {
                writer.key("cache_write_tokens").u64(usage.cache_write_tokens);
            }
            if usage.audio_input_tokens > 0 {
                writer.key("audio_tokens").u64(usage.audio_input_tokens);
            }
        });
        writer.key("output_tokens").u64(usage.output_tokens);
        writer.key("output_tokens_details").object(|writer| {
            writer.key("reasoning_tokens").u64(usage.reasoning_tokens);
            if usage.audio_output_tokens > 0 {
                writer.key("audio_tokens").u64(usage.audio_output_tokens);
            }
        });
        writer.key("total_tokens").u64(usage.total_tokens());
        writer.extra(&usage.extra);
    });
}
