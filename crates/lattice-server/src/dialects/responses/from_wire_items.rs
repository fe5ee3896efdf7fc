//! `input`: items and their parts.

use std::collections::HashSet;

use bytes::Bytes;
use lattice_model::{
    Annotation, Detail, Extra, File, FunctionCall, FunctionCallOutput, Image, Item, Json, Message, OtherItem,
    OutputText, Part, Phase, Reasoning, Role, Status, Text, UrlCitation,
};
use lattice_wire::responses::request as wire;
use lattice_wire::write::JsonWriter;
use lattice_wire::{Str, extra_of};

use super::base64;
use super::check::{self, FILE_LIMIT, IMAGE_LIMIT, Invalid, TEXT_LIMIT};

pub(super) fn items(items: &[wire::Item<'_>], body: &Bytes) -> Result<Vec<Item>, Invalid> {
    let mut calls = HashSet::new();
    let mut all = Vec::with_capacity(items.len());
    for (at, one) in items.iter().enumerate() {
        let item = item(one, &format!("input[{at}]"), body)?;
        match &item {
            Item::FunctionCall(call) => {
                calls.insert(call.call_id.clone());
            }
            Item::FunctionCallOutput(output) if !calls.contains(&output.call_id) => {
                let message = format!(
                    "no `function_call` before it has the call id `{}`",
                    check::shown(&output.call_id)
                );
                return Err(Invalid::value(format!("input[{at}].call_id"), message));
            }
            _ => {}
        }
        all.push(item);
    }
    Ok(all)
}

fn item(item: &wire::Item<'_>, param: &str, body: &Bytes) -> Result<Item, Invalid> {
    let kind = match (item.kind, item.role, item.id) {
        (Some(kind), _, _) => kind.plain(),
        (None, Some(_), _) => "message".to_owned(),
        (None, None, Some(_)) => "item_reference".to_owned(),
        (None, None, None) => return Err(Invalid::missing(format!("{param}.type"))),
    };
    match kind.as_str() {
        "message" => message(item, param, body).map(Item::Message),
        "function_call" => function_call(item, param, body).map(Item::FunctionCall),
        "function_call_output" => function_call_output(item, param, body).map(Item::FunctionCallOutput),
        "reasoning" => reasoning(item, param, body).map(Item::Reasoning),
        "item_reference" => Err(Invalid::unsupported(
            param,
            "an `item_reference` needs stored responses, which this version does not have; send the item itself",
        )),
        "compaction" | "compaction_trigger" => Err(Invalid::unsupported(
            param,
            format!("`{kind}` items are not supported by this version; leave them out"),
        )),
        _ => Ok(Item::Other(OtherItem { id: id(item), kind, fields: item.fields(body, &["type", "id"]) })),
    }
}

fn id(item: &wire::Item<'_>) -> Option<String> {
    item.id.map(Str::plain)
}

fn status(item: &wire::Item<'_>, param: &str) -> Result<Option<Status>, Invalid> {
    let word =
        check::word(item.status, &format!("{param}.status"), &["in_progress", "completed", "incomplete"])?;
    Ok(word.map(|word| match word.as_str() {
        "in_progress" => Status::InProgress,
        "incomplete" => Status::Incomplete,
        _ => Status::Completed,
    }))
}

fn message(item: &wire::Item<'_>, param: &str, body: &Bytes) -> Result<Message, Invalid> {
    let role = match check::word(
        item.role,
        &format!("{param}.role"),
        &["user", "assistant", "system", "developer"],
    )? {
        None => return Err(Invalid::missing(format!("{param}.role"))),
        Some(role) => match role.as_str() {
            "assistant" => Role::Assistant,
            "system" => Role::System,
            "developer" => Role::Developer,
            _ => Role::User,
        },
    };
    let phase = check::word(item.phase, &format!("{param}.phase"), &["commentary", "final_answer"])?;
    let param_content = format!("{param}.content");
    let content = match &item.content {
        None => return Err(Invalid::missing(param_content)),
        Some(wire::Content::Text(text)) => {
            let text = check::text(*text, body, &param_content, TEXT_LIMIT)?;
            vec![plain_part(role, text)]
        }
        Some(wire::Content::Parts(parts, _)) => {
            let allowed = match role {
                Role::User => Allowed::User,
                Role::Assistant => Allowed::Assistant,
                Role::System | Role::Developer => Allowed::System,
            };
            read_parts(parts, &param_content, allowed, body)?
        }
        Some(wire::Content::Other(_)) => {
            return Err(Invalid::value(param_content, "`content` must be a string or a list of parts"));
        }
    };
    let extra = leftovers(item, param, &["role", "phase", "content"], body)?;
    Ok(Message {
        id: id(item),
        role,
        phase: phase.map(|phase| if phase == "commentary" { Phase::Commentary } else { Phase::FinalAnswer }),
        status: status(item, param)?,
        content,
        extra,
    })
}

fn plain_part(role: Role, text: Text) -> Part {
    if role == Role::Assistant {
        Part::OutputText(OutputText { text, ..OutputText::default() })
    } else {
        Part::InputText { text, extra: Vec::new() }
    }
}

fn function_call(item: &wire::Item<'_>, param: &str, body: &Bytes) -> Result<FunctionCall, Invalid> {
    let param_arguments = format!("{param}.arguments");
    let arguments = match &item.arguments {
        Some(wire::Content::Text(text)) => check::text(*text, body, &param_arguments, usize::MAX)?,
        None => return Err(Invalid::missing(param_arguments)),
        Some(_) => {
            return Err(Invalid::value(param_arguments, "`arguments` must be JSON written as a string"));
        }
    };
    Ok(FunctionCall {
        id: id(item),
        call_id: check::call_id(item.call_id, format!("{param}.call_id"))?,
        name: check::name(item.name, format!("{param}.name"))?,
        arguments,
        status: status(item, param)?,
        extra: leftovers(item, param, &["call_id", "name", "arguments"], body)?,
    })
}

fn function_call_output(
    item: &wire::Item<'_>,
    param: &str,
    body: &Bytes,
) -> Result<FunctionCallOutput, Invalid> {
    let param_output = format!("{param}.output");
    let output = match &item.output {
        None => return Err(Invalid::missing(param_output)),
        Some(wire::Content::Text(text)) => {
            let text = check::text(*text, body, &param_output, TEXT_LIMIT)?;
            vec![Part::InputText { text, extra: Vec::new() }]
        }
        Some(wire::Content::Parts(parts, _)) => read_parts(parts, &param_output, Allowed::ToolOutput, body)?,
        Some(wire::Content::Other(_)) => {
            return Err(Invalid::value(param_output, "`output` must be a string or a list of parts"));
        }
    };
    Ok(FunctionCallOutput {
        id: id(item),
        call_id: check::call_id(item.call_id, format!("{param}.call_id"))?,
        output,
        status: status(item, param)?,
        extra: leftovers(item, param, &["call_id", "output"], body)?,
    })
}

fn reasoning(item: &wire::Item<'_>, param: &str, body: &Bytes) -> Result<Reasoning, Invalid> {
    if item.summary.is_none() {
        return Err(Invalid::missing(format!("{param}.summary")));
    }
    let summary = thoughts(item.summary.as_ref(), &format!("{param}.summary"), "summary_text", body)?;
    let content = thoughts(item.content.as_ref(), &format!("{param}.content"), "reasoning_text", body)?;
    let param_encrypted = format!("{param}.encrypted_content");
    Ok(Reasoning {
        id: id(item),
        summary,
        content,
        encrypted: check::optional_text(item.encrypted_content, body, &param_encrypted, usize::MAX)?,
        status: status(item, param)?,
        extra: leftovers(item, param, &["summary", "content", "encrypted_content"], body)?,
    })
}

fn thoughts(
    content: Option<&wire::Content<'_>>,
    param: &str,
    kind: &str,
    body: &Bytes,
) -> Result<Vec<Text>, Invalid> {
    let parts = match content {
        None => return Ok(Vec::new()),
        Some(wire::Content::Parts(parts, _)) => parts,
        Some(_) => return Err(Invalid::value(param, format!("`{param}` must be a list of `{kind}` parts"))),
    };
    let one = |(at, part): (usize, &wire::Part<'_>)| {
        check::word(part.kind, &format!("{param}[{at}].type"), &[kind])?;
        check::required_text(part.text, body, format!("{param}[{at}].text"), TEXT_LIMIT)
    };
    parts.iter().enumerate().map(one).collect()
}

/// Which parts may stand in a place.
#[derive(Clone, Copy)]
enum Allowed {
    User,
    Assistant,
    System,
    ToolOutput,
}

impl Allowed {
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::User | Self::ToolOutput => &["input_text", "input_image", "input_file", "input_video"],
            Self::Assistant => &["output_text", "refusal"],
            Self::System => &["input_text"],
        }
    }
}

/// All kinds of parts that the standard has.
const KNOWN: &[&str] = &[
    "input_text",
    "input_image",
    "input_file",
    "input_video",
    "output_text",
    "refusal",
    "text",
    "summary_text",
    "reasoning_text",
];

fn read_parts(
    parts: &[wire::Part<'_>],
    param: &str,
    allowed: Allowed,
    body: &Bytes,
) -> Result<Vec<Part>, Invalid> {
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| read_part(part, &format!("{param}[{at}]"), allowed, body))
        .collect()
}

fn read_part(part: &wire::Part<'_>, param: &str, allowed: Allowed, body: &Bytes) -> Result<Part, Invalid> {
    let kind = part.kind.ok_or_else(|| Invalid::missing(format!("{param}.type")))?.plain();
    if !allowed.kinds().contains(&kind.as_str()) {
        if KNOWN.contains(&kind.as_str()) {
            let fits = allowed.kinds().join("`, `");
            let message = format!("a part of type `{kind}` cannot stand here; `{fits}` can");
            return Err(Invalid::value(format!("{param}.type"), message));
        }
        return Ok(Part::Other { kind, fields: part.fields(body, &["type"]) });
    }
    let extra = part_leftovers(part, &kind, param, body)?;
    let required =
        |value, name: &str, limit| check::required_text(value, body, format!("{param}.{name}"), limit);
    Ok(match kind.as_str() {
        "output_text" => Part::OutputText(OutputText {
            text: required(part.text, "text", TEXT_LIMIT)?,
            annotations: annotations(part, param, body)?,
            logprobs: part.logprobs.filter(|raw| !raw.is_null()).map(|raw| raw.to_json(body)),
            extra,
        }),
        "refusal" => Part::Refusal { refusal: required(part.refusal, "refusal", TEXT_LIMIT)?, extra },
        "input_image" => image(part, param, extra, body)?,
        "input_file" => file(part, param, extra, body)?,
        "input_video" => Part::Video { url: required(part.video_url, "video_url", FILE_LIMIT)?, extra },
        _ => Part::InputText { text: required(part.text, "text", TEXT_LIMIT)?, extra },
    })
}

fn image(part: &wire::Part<'_>, param: &str, extra: Extra, body: &Bytes) -> Result<Part, Invalid> {
    let param_url = format!("{param}.image_url");
    let url = check::optional_text(part.image_url, body, &param_url, IMAGE_LIMIT)?;
    match &url {
        None if extra.iter().any(|(name, _)| &**name == "file_id") => {}
        None => return Err(Invalid::missing(param_url)),
        Some(url) => check_url(url, &param_url)?,
    }
    let detail = check::word(part.detail, &format!("{param}.detail"), &["low", "high", "auto", "original"])?;
    let mut extra = extra;
    let detail = match detail.as_deref() {
        Some("low") => Some(Detail::Low),
        Some("high") => Some(Detail::High),
        Some("auto") => Some(Detail::Auto),
        // Beyond the standard, of OpenAI's newest models: carried like a field without a name.
        Some(other) => {
            extra.push(("detail".into(), Json::from_value(&other.into())));
            None
        }
        None => None,
    };
    Ok(Part::Image(Image { url, detail, extra }))
}

/// Web and data URLs; what a data URL holds is checked here, so that no provider has to be asked to find out (C6).
fn check_url(url: &Text, param: &str) -> Result<(), Invalid> {
    let start = url.escaped().get(..url.len().min(256)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_ascii_lowercase().replace("\\/", "/");
    if start.starts_with("data:") {
        return base64::data_url(url).map_err(|what| Invalid::value(param, format!("`{param}` {what}")));
    }
    if start.starts_with("https://") || start.starts_with("http://") {
        return Ok(());
    }
    Err(Invalid::value(param, format!("`{param}` must be an http, https or data URL")))
}

fn file(part: &wire::Part<'_>, param: &str, extra: Extra, body: &Bytes) -> Result<Part, Invalid> {
    let data = check::optional_text(part.file_data, body, &format!("{param}.file_data"), FILE_LIMIT)?;
    let url = check::optional_text(part.file_url, body, &format!("{param}.file_url"), FILE_LIMIT)?;
    if data.is_none() && url.is_none() && !extra.iter().any(|(name, _)| &**name == "file_id") {
        let message = format!("`{param}` needs `file_data` or `file_url`");
        return Err(Invalid { param: Some(param.to_owned()), code: "missing_required_parameter", message });
    }
    let filename = check::optional_text(part.filename, body, &format!("{param}.filename"), TEXT_LIMIT)?;
    Ok(Part::File(File { filename, data, url, extra }))
}

fn annotations(part: &wire::Part<'_>, param: &str, body: &Bytes) -> Result<Vec<Annotation>, Invalid> {
    let list = part.annotations.iter().flatten().enumerate();
    list.map(|(at, annotation)| annotation_of(annotation, &format!("{param}.annotations[{at}]"), body))
        .collect()
}

fn annotation_of(
    annotation: &wire::Annotation<'_>,
    param: &str,
    body: &Bytes,
) -> Result<Annotation, Invalid> {
    let kind = annotation.kind.ok_or_else(|| Invalid::missing(format!("{param}.type")))?.plain();
    if kind != "url_citation" {
        return Ok(Annotation::Other(annotation_object(annotation, body)));
    }
    let index = |value: Option<i64>, name: &str| {
        let param = format!("{param}.{name}");
        check::whole(value, &param, 0, i64::MAX)?.ok_or_else(|| Invalid::missing(param))
    };
    Ok(Annotation::UrlCitation(UrlCitation {
        start_index: index(annotation.start_index, "start_index")?,
        end_index: index(annotation.end_index, "end_index")?,
        url: check::required_text(annotation.url, body, format!("{param}.url"), TEXT_LIMIT)?,
        title: check::required_text(annotation.title, body, format!("{param}.title"), TEXT_LIMIT)?,
        extra: extra_of(&annotation.extra, body),
    }))
}

/// The item's unknown fields; a field that belongs to another kind of item is an error.
fn leftovers(item: &wire::Item<'_>, param: &str, own: &[&str], body: &Bytes) -> Result<Extra, Invalid> {
    let set = [
        ("role", item.role.is_some()),
        ("phase", item.phase.is_some()),
        ("content", item.content.is_some()),
        ("call_id", item.call_id.is_some()),
        ("name", item.name.is_some()),
        ("arguments", item.arguments.is_some()),
        ("output", item.output.is_some()),
        ("summary", item.summary.is_some()),
        ("encrypted_content", item.encrypted_content.is_some()),
    ];
    match set.iter().find(|(name, is_set)| *is_set && !own.contains(name)) {
        Some((name, _)) => {
            let message = format!("`{name}` is not a field of this type of item; take it out");
            Err(Invalid::value(format!("{param}.{name}"), message))
        }
        None => Ok(extra_of(&item.extra, body)),
    }
}

fn part_leftovers(part: &wire::Part<'_>, kind: &str, param: &str, body: &Bytes) -> Result<Extra, Invalid> {
    let own: &[&str] = match kind {
        "output_text" => &["text", "annotations", "logprobs"],
        "refusal" => &["refusal"],
        "input_image" => &["image_url", "detail"],
        "input_file" => &["filename", "file_data", "file_url"],
        "input_video" => &["video_url"],
        _ => &["text"],
    };
    let set = [
        ("text", part.text.is_some()),
        ("refusal", part.refusal.is_some()),
        ("image_url", part.image_url.is_some()),
        ("detail", part.detail.is_some()),
        ("filename", part.filename.is_some()),
        ("file_data", part.file_data.is_some()),
        ("file_url", part.file_url.is_some()),
        ("video_url", part.video_url.is_some()),
        ("annotations", part.annotations.as_ref().is_some_and(|list| !list.is_empty())),
        ("logprobs", part.logprobs.is_some_and(|raw| raw.0.get() != "[]")),
    ];
    match set.iter().find(|(name, is_set)| *is_set && !own.contains(name)) {
        Some((name, _)) => {
            let message = format!("`{name}` is not a field of a part of type `{kind}`; take it out");
            Err(Invalid::value(format!("{param}.{name}"), message))
        }
        None => Ok(extra_of(&part.extra, body)),
    }
}

/// An annotation of an unknown kind, whole.
fn annotation_object(annotation: &wire::Annotation<'_>, body: &Bytes) -> Json {
    let mut writer = JsonWriter::new();
    writer.begin_object();
    writer.extra(&annotation.fields(body, &[]));
    writer.end_object();
    Json::from_raw(writer.finish().to_bytes())
}
