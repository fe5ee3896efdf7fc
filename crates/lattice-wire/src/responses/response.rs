//! The response resource, as the standard writes it: every required field is there, in every state (C2).

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use lattice_model::{
    ErrorBody, Extra, Format, Json, Outcome, ReasoningSettings, Response, SETTINGS, ServiceTier, Text,
    Truncation, Turn, Word,
};
use serde_json::Value;

use super::write::{self, Form};
use crate::write::{JsonWriter, Segments};

/// A response that was written in one piece, so that what is kept of it is what is sent.
#[derive(Debug, Clone)]
pub struct Written {
    /// The whole.
    pub json: Json,
    /// Where in it the list of output items stands.
    pub output: Range<usize>,
}

/// A whole response as a JSON body.
pub fn body(response: &Response) -> Segments {
    let mut writer = JsonWriter::new();
    self::response(&mut writer, response);
    writer.finish()
}

/// A whole response in one piece.
pub fn written(response: &Response) -> Written {
    let mut writer = JsonWriter::with_buffer(BytesMut::with_capacity(1024));
    let output = fields(&mut writer, response);
    Written { json: Json::from_raw(writer.into_buffer().freeze()), output }
}

/// A whole error as a JSON body.
pub fn error_body(error: &ErrorBody) -> Bytes {
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.key("error");
        self::error(writer, error);
    });
    writer.finish().to_bytes()
}

/// The error object: class, code, message and the field concerned.
pub fn error(writer: &mut JsonWriter, error: &ErrorBody) {
    writer.object(|writer| {
        writer.field_str("message", &error.message);
        writer.field_str("type", error.kind);
        writer.field_str("code", &error.code);
        match &error.param {
            Some(param) => writer.field_str("param", param),
            None => writer.key("param").null(),
        }
    });
}

/// A response in any state.
pub fn response(writer: &mut JsonWriter, response: &Response) {
    match &response.written {
        Some(written) => writer.json(written),
        None => {
            fields(writer, response);
        }
    }
}

/// Writes the response and tells where its list of items stands, where everything goes into one buffer.
fn fields(writer: &mut JsonWriter, response: &Response) -> Range<usize> {
    let turn = &*response.turn;
    writer.object(|writer| {
        writer.field_str("id", &turn.id);
        writer.field_str("object", "response");
        writer.key("created_at").i64(turn.created_at);
        match response.completed_at {
            Some(at) => writer.key("completed_at").i64(at),
            None => writer.key("completed_at").null(),
        }
        outcome(writer, &response.outcome);
        writer.field_str("model", &turn.model);
        writer.field_str("provider", &response.provider);
        match &turn.previous_response_id {
            Some(id) => writer.field_str("previous_response_id", id),
            None => writer.key("previous_response_id").null(),
        }
        if let Some(id) = &turn.conversation {
            writer.key("conversation").object(|writer| writer.field_str("id", id));
        }
        let start = writer.key("output").position();
        writer.array(|writer| {
            for item in &response.output {
                write::item(writer, item, Form::Response);
            }
        });
        let output = start..writer.position();
        let mut settings = Settings { writer, reported: &response.settings };
        settings.write(turn, response.service_tier.as_deref());
        writer.key("usage");
        match &response.usage {
            Some(usage) => write::usage(writer, usage),
            None => writer.null(),
        }
        if let Some(metadata) = &turn.metadata {
            writer.key("metadata").json(metadata);
        } else {
            writer.key("metadata").object(|_| {});
        }
        writer.key("store").bool(turn.store);
        writer.key("background").bool(false);
        output
    })
}

fn outcome(writer: &mut JsonWriter, outcome: &Outcome) {
    let status = match outcome {
        Outcome::InProgress => "in_progress",
        Outcome::Completed => "completed",
        Outcome::Incomplete(_) => "incomplete",
        Outcome::Failed(_) => "failed",
    };
    writer.field_str("status", status);
    writer.key("incomplete_details");
    match outcome {
        Outcome::Incomplete(reason) => {
            writer.object(|writer| {
                writer.field_str("reason", reason.as_str());
            });
        }
        _ => writer.null(),
    }
    writer.key("error");
    match outcome {
        Outcome::Failed(error) => {
            writer.object(|writer| {
                writer.field_str("code", &error.code);
                writer.field_str("message", &error.message);
            });
        }
        _ => writer.null(),
    }
}

/// The settings that a response repeats: what a provider of the same dialect reported, else what was asked, else the
/// standard's default. What no provider can be asked to honour was refused before, so what is repeated was honoured.
struct Settings<'a> {
    writer: &'a mut JsonWriter,
    reported: &'a Extra,
}

/// Whether the gateway writes a setting itself; the others that were reported follow after those.
fn is_named(setting: &str) -> bool {
    setting == "service_tier" || SETTINGS.contains(&setting)
}

impl Settings<'_> {
    /// Writes the reported value, or calls `asked` to write what was asked.
    fn one(&mut self, key: &str, asked: impl FnOnce(&mut JsonWriter)) {
        self.writer.key(key);
        match reported(self.reported, key) {
            Some(json) => self.writer.json(json),
            None => asked(self.writer),
        }
    }

    /// The caller's own value, else the reported one.
    fn label(&mut self, key: &str, said: Option<&Text>) {
        match said {
            Some(text) => self.writer.field_text(key, text),
            None => self.one(key, JsonWriter::null),
        }
    }

    fn write(&mut self, turn: &Turn, service_tier: Option<&str>) {
        self.one("instructions", |writer| match &turn.instructions {
            Some(text) => writer.text(text),
            None => writer.null(),
        });
        self.one("tools", |writer| {
            writer.array(|writer| {
                for tool in &turn.tools {
                    write::tool(writer, tool, Form::Response);
                }
            });
        });
        self.one("tool_choice", |writer| match &turn.tool_choice {
            Some(choice) => write::tool_choice(writer, choice),
            None => writer.str("auto"),
        });
        self.one("truncation", |writer| writer.str(turn.truncation.unwrap_or(Truncation::Disabled).name()));
        self.one("parallel_tool_calls", |writer| writer.bool(turn.parallel_tool_calls.unwrap_or(true)));
        self.one("text", |writer| text(writer, turn));
        self.one("temperature", |writer| writer.f64(turn.sampling.temperature.unwrap_or(1.0)));
        self.one("top_p", |writer| writer.f64(turn.sampling.top_p.unwrap_or(1.0)));
        self.one("presence_penalty", |writer| writer.f64(turn.sampling.presence_penalty.unwrap_or(0.0)));
        self.one("frequency_penalty", |writer| writer.f64(turn.sampling.frequency_penalty.unwrap_or(0.0)));
        self.one("top_logprobs", |writer| writer.u64(turn.sampling.top_logprobs.unwrap_or(0)));
        self.writer.key("reasoning");
        match reported(self.reported, "reasoning") {
            Some(json) => reported_reasoning(self.writer, json),
            None => reasoning(self.writer, turn.reasoning.as_ref()),
        }
        self.one("max_output_tokens", |writer| number_or_null(writer, turn.max_output_tokens));
        self.one("max_tool_calls", |writer| number_or_null(writer, turn.max_tool_calls));
        match service_tier {
            Some(tier) => self.writer.field_str("service_tier", tier),
            None => self.one("service_tier", |writer| {
                writer.str(turn.service_tier.unwrap_or(ServiceTier::Default).name());
            }),
        }
        // Labels that the gateway keeps, whatever the provider makes of them.
        self.label("safety_identifier", turn.safety_identifier.as_ref());
        self.label("prompt_cache_key", turn.prompt_cache_key.as_ref());
        for (key, json) in self.reported.iter().filter(|(key, _)| !is_named(key)) {
            self.writer.key(key).json(json);
        }
    }
}

fn reported<'a>(settings: &'a Extra, key: &str) -> Option<&'a Json> {
    settings.iter().find(|(name, json)| &**name == key && !json.is_null()).map(|(_, json)| json)
}

fn number_or_null(writer: &mut JsonWriter, number: Option<u64>) {
    match number {
        Some(number) => writer.u64(number),
        None => writer.null(),
    }
}

fn reasoning(writer: &mut JsonWriter, settings: Option<&ReasoningSettings>) {
    let Some(settings) = settings else { return writer.null() };
    let word = |writer: &mut JsonWriter, key: &str, value: Option<&str>| match value {
        Some(word) => writer.field_str(key, word),
        None => writer.key(key).null(),
    };
    writer.object(|writer| {
        word(writer, "effort", settings.effort.map(Word::name));
        word(writer, "summary", settings.summary.map(Word::name));
    });
}

/// The standard wants both fields; providers leave out what they have no value for.
fn reported_reasoning(writer: &mut JsonWriter, json: &Json) {
    let has = |key: &str| memchr::memmem::find(json.raw(), key.as_bytes()).is_some();
    let mut whole = match json.to_value() {
        Value::Object(whole) if !has("\"effort\"") || !has("\"summary\"") => whole,
        _ => return writer.json(json),
    };
    for key in ["effort", "summary"] {
        whole.entry(key).or_insert(Value::Null);
    }
    writer.json(&Json::from_value(&Value::Object(whole)));
}

fn text(writer: &mut JsonWriter, turn: &Turn) {
    writer.object(|writer| {
        writer.key("format").object(|writer| match &turn.format {
            Format::Text => writer.field_str("type", "text"),
            Format::JsonObject => writer.field_str("type", "json_object"),
            Format::JsonSchema { name, description, schema, strict } => {
                writer.field_str("type", "json_schema");
                writer.field_str("name", name);
                writer.text_or_null("description", description.as_ref());
                writer.key("schema").json(schema);
                writer.key("strict").bool(strict.unwrap_or_default());
            }
        });
        writer.optional_word("verbosity", turn.verbosity);
    });
}
