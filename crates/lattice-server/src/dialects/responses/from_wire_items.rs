//! `input`: items and their parts.

use lattice_model::{
    Annotation, Detail, Extra, File, FunctionCall, FunctionCallOutput, Image, Item, Json, Message, OtherItem,
    OutputText, Part, Path, Phase, Reasoning, Role, Status, Text, UrlCitation,
};
use lattice_wire::Document;
use lattice_wire::responses::request as wire;
use lattice_wire::write::JsonWriter;
use lattice_wire::{Str, extra_of};

use super::base64;
use super::check::{self, FILE_LIMIT, IMAGE_LIMIT, Invalid, TEXT_LIMIT};

/// Reads items that stand at these places.
pub(super) fn items<'p>(
    items: &[wire::Item<'_>],
    place: impl Fn(usize) -> Path<'p>,
    body: &Document,
) -> Result<Vec<Item>, Invalid> {
    items.iter().enumerate().map(|(at, one)| item(one, place(at), body)).collect()
}

fn item(item: &wire::Item<'_>, path: Path<'_>, body: &Document) -> Result<Item, Invalid> {
    let kind = match (item.kind, item.role, item.id) {
        (Some(kind), _, _) => kind.plain(),
        (None, Some(_), _) => "message".to_owned(),
        (None, None, Some(_)) => "item_reference".to_owned(),
        (None, None, None) => return Err(Invalid::missing(path.key("type"))),
    };
    match kind.as_str() {
        "message" => message(item, path, body).map(Item::Message),
        "function_call" => function_call(item, path, body).map(Item::FunctionCall),
        "function_call_output" => function_call_output(item, path, body).map(Item::FunctionCallOutput),
        "reasoning" => reasoning(item, path, body).map(Item::Reasoning),
        "item_reference" if item.id.is_none() => Err(Invalid::missing(path.key("id"))),
        "compaction" | "compaction_trigger" => Err(Invalid::unsupported(
            path,
            format!("`{kind}` items are not supported by this version; leave them out"),
        )),
        _ => Ok(Item::Other(OtherItem { id: id(item), kind, fields: item.fields(body, &["type", "id"]) })),
    }
}

fn id(item: &wire::Item<'_>) -> Option<String> {
    item.id.map(Str::plain)
}

fn status(item: &wire::Item<'_>, path: Path<'_>) -> Result<Option<Status>, Invalid> {
    let words = &["in_progress", "completed", "incomplete"];
    let word = check::one_of(item.status, path.key("status"), words)?;
    Ok(word.map(|word| match word {
        "in_progress" => Status::InProgress,
        "incomplete" => Status::Incomplete,
        _ => Status::Completed,
    }))
}

fn message(item: &wire::Item<'_>, path: Path<'_>, body: &Document) -> Result<Message, Invalid> {
    let role =
        match check::one_of(item.role, path.key("role"), &["user", "assistant", "system", "developer"])? {
            None => return Err(Invalid::missing(path.key("role"))),
            Some(role) => match role {
                "assistant" => Role::Assistant,
                "system" => Role::System,
                "developer" => Role::Developer,
                _ => Role::User,
            },
        };
    let phase = check::one_of(item.phase, path.key("phase"), &["commentary", "final_answer"])?;
    let path_content = path.key("content");
    let content = match &item.content {
        None => return Err(Invalid::missing(path_content)),
        Some(wire::Content::Text(text)) => {
            let text = check::text(*text, body, path_content, TEXT_LIMIT)?;
            vec![plain_part(role, text)]
        }
        Some(wire::Content::Parts(parts, _)) => {
            let allowed = match role {
                Role::User => Allowed::User,
                Role::Assistant => Allowed::Assistant,
                Role::System | Role::Developer => Allowed::System,
            };
            read_parts(parts, path_content, allowed, body)?
        }
        Some(wire::Content::Other(_)) => {
            return Err(Invalid::value(path_content, "`content` must be a string or a list of parts"));
        }
    };
    let extra = leftovers(item, path, &["role", "phase", "content"], body)?;
    Ok(Message {
        id: id(item),
        role,
        phase: phase.map(|phase| if phase == "commentary" { Phase::Commentary } else { Phase::FinalAnswer }),
        status: status(item, path)?,
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

fn function_call(item: &wire::Item<'_>, path: Path<'_>, body: &Document) -> Result<FunctionCall, Invalid> {
    let path_arguments = path.key("arguments");
    let arguments = match &item.arguments {
        Some(wire::Content::Text(text)) => check::text(*text, body, path_arguments, usize::MAX)?,
        None => return Err(Invalid::missing(path_arguments)),
        Some(_) => {
            return Err(Invalid::value(path_arguments, "`arguments` must be JSON written as a string"));
        }
    };
    Ok(FunctionCall {
        id: id(item),
        call_id: check::call_id(item.call_id, path.key("call_id"))?,
        name: check::name(item.name, path.key("name"))?,
        arguments,
        status: status(item, path)?,
        extra: leftovers(item, path, &["call_id", "name", "arguments"], body)?,
    })
}

fn function_call_output(
    item: &wire::Item<'_>,
    path: Path<'_>,
    body: &Document,
) -> Result<FunctionCallOutput, Invalid> {
    let path_output = path.key("output");
    let output = match &item.output {
        None => return Err(Invalid::missing(path_output)),
        Some(wire::Content::Text(text)) => {
            let text = check::text(*text, body, path_output, TEXT_LIMIT)?;
            vec![Part::InputText { text, extra: Vec::new() }]
        }
        Some(wire::Content::Parts(parts, _)) => read_parts(parts, path_output, Allowed::ToolOutput, body)?,
        Some(wire::Content::Other(_)) => {
            return Err(Invalid::value(path_output, "`output` must be a string or a list of parts"));
        }
    };
    Ok(FunctionCallOutput {
        id: id(item),
        call_id: check::call_id(item.call_id, path.key("call_id"))?,
        output,
        status: status(item, path)?,
        extra: leftovers(item, path, &["call_id", "output"], body)?,
    })
}

fn reasoning(item: &wire::Item<'_>, path: Path<'_>, body: &Document) -> Result<Reasoning, Invalid> {
    if item.summary.is_none() {
        return Err(Invalid::missing(path.key("summary")));
    }
    let summary = reasoning_texts(item.summary.as_ref(), path.key("summary"), "summary_text", body)?;
    let content = reasoning_texts(item.content.as_ref(), path.key("content"), "reasoning_text", body)?;
    let path_encrypted = path.key("encrypted_content");
    Ok(Reasoning {
        id: id(item),
        summary,
        content,
        encrypted: check::optional_text(item.encrypted_content, body, path_encrypted, usize::MAX)?,
        status: status(item, path)?,
        extra: leftovers(item, path, &["summary", "content", "encrypted_content"], body)?,
    })
}

fn reasoning_texts(
    content: Option<&wire::Content<'_>>,
    path: Path<'_>,
    kind: &'static str,
    body: &Document,
) -> Result<Vec<Text>, Invalid> {
    let parts = match content {
        None => return Ok(Vec::new()),
        Some(wire::Content::Parts(parts, _)) => parts,
        Some(_) => return Err(Invalid::value(path, format!("`{path}` must be a list of `{kind}` parts"))),
    };
    let one = |(at, part): (usize, &wire::Part<'_>)| {
        check::one_of(part.kind, path.index(at).key("type"), &[kind])?;
        check::required_text(part.text, body, path.index(at).key("text"), TEXT_LIMIT)
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
    path: Path<'_>,
    allowed: Allowed,
    body: &Document,
) -> Result<Vec<Part>, Invalid> {
    parts.iter().enumerate().map(|(at, part)| read_part(part, path.index(at), allowed, body)).collect()
}

fn read_part(
    part: &wire::Part<'_>,
    path: Path<'_>,
    allowed: Allowed,
    body: &Document,
) -> Result<Part, Invalid> {
    let kind = part.kind.ok_or_else(|| Invalid::missing(path.key("type")))?.plain();
    if !allowed.kinds().contains(&kind.as_str()) {
        if KNOWN.contains(&kind.as_str()) {
            let fits = allowed.kinds().join("`, `");
            let message = format!("a part of type `{kind}` cannot stand here; `{fits}` can");
            return Err(Invalid::value(path.key("type"), message));
        }
        return Ok(Part::Other { kind, fields: part.fields(body, &["type"]) });
    }
    let extra = part_leftovers(part, &kind, path, body)?;
    let required = |value, name: &str, limit| check::required_text(value, body, path.key(name), limit);
    Ok(match kind.as_str() {
        "output_text" => Part::OutputText(OutputText {
            text: required(part.text, "text", TEXT_LIMIT)?,
            annotations: annotations(part, path, body)?,
            logprobs: part.logprobs.filter(|raw| !raw.is_null()).map(|raw| raw.to_json(body)),
            extra,
        }),
        "refusal" => Part::Refusal { refusal: required(part.refusal, "refusal", TEXT_LIMIT)?, extra },
        "input_image" => image(part, path, extra, body)?,
        "input_file" => file(part, path, extra, body)?,
        "input_video" => Part::Video { url: required(part.video_url, "video_url", FILE_LIMIT)?, extra },
        _ => Part::InputText { text: required(part.text, "text", TEXT_LIMIT)?, extra },
    })
}

fn image(part: &wire::Part<'_>, path: Path<'_>, extra: Extra, body: &Document) -> Result<Part, Invalid> {
    let path_url = path.key("image_url");
    let url = check::optional_text(part.image_url, body, path_url, IMAGE_LIMIT)?;
    match &url {
        None if extra.iter().any(|(name, _)| &**name == "file_id") => {}
        None => return Err(Invalid::missing(path_url)),
        Some(url) => check_url(url, path_url)?,
    }
    let detail = check::one_of(part.detail, path.key("detail"), &["low", "high", "auto", "original"])?;
    let mut extra = extra;
    let detail = match detail {
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
fn check_url(url: &Text, path: Path<'_>) -> Result<(), Invalid> {
    let start = url.escaped().get(..url.len().min(256)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_ascii_lowercase().replace("\\/", "/");
    if start.starts_with("data:") {
        return base64::data_url(url).map_err(|what| Invalid::value(path, format!("`{path}` {what}")));
    }
    if start.starts_with("https://") || start.starts_with("http://") {
        return Ok(());
    }
    Err(Invalid::value(path, format!("`{path}` must be an http, https or data URL")))
}

fn file(part: &wire::Part<'_>, path: Path<'_>, extra: Extra, body: &Document) -> Result<Part, Invalid> {
    let data = check::optional_text(part.file_data, body, path.key("file_data"), FILE_LIMIT)?;
    let url = check::optional_text(part.file_url, body, path.key("file_url"), FILE_LIMIT)?;
    if data.is_none() && url.is_none() && !extra.iter().any(|(name, _)| &**name == "file_id") {
        let message = format!("`{path}` needs `file_data` or `file_url`");
        return Err(Invalid { param: Some(path.to_string()), code: "missing_required_parameter", message });
    }
    let filename = check::optional_text(part.filename, body, path.key("filename"), TEXT_LIMIT)?;
    Ok(Part::File(File { filename, data, url, extra }))
}

fn annotations(part: &wire::Part<'_>, path: Path<'_>, body: &Document) -> Result<Vec<Annotation>, Invalid> {
    let list = part.annotations.iter().flatten().enumerate();
    let list_path = path.key("annotations");
    list.map(|(at, annotation)| annotation_of(annotation, list_path.index(at), body)).collect()
}

fn annotation_of(
    annotation: &wire::Annotation<'_>,
    path: Path<'_>,
    body: &Document,
) -> Result<Annotation, Invalid> {
    let kind = annotation.kind.ok_or_else(|| Invalid::missing(path.key("type")))?.plain();
    if kind != "url_citation" {
        return Ok(Annotation::Other(annotation_object(annotation, body)));
    }
    let index = |value: Option<i64>, name: &str| {
        let path = path.key(name);
        check::whole(value, path, 0, i64::MAX)?.ok_or_else(|| Invalid::missing(path))
    };
    Ok(Annotation::UrlCitation(UrlCitation {
        start_index: index(annotation.start_index, "start_index")?,
        end_index: index(annotation.end_index, "end_index")?,
        url: check::required_text(annotation.url, body, path.key("url"), TEXT_LIMIT)?,
        title: check::required_text(annotation.title, body, path.key("title"), TEXT_LIMIT)?,
        extra: extra_of(&annotation.extra, body),
    }))
}

/// The item's unknown fields; a field that belongs to another kind of item is an error.
fn leftovers(item: &wire::Item<'_>, path: Path<'_>, own: &[&str], body: &Document) -> Result<Extra, Invalid> {
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
            Err(Invalid::value(path.key(name), message))
        }
        None => Ok(extra_of(&item.extra, body)),
    }
}

fn part_leftovers(
    part: &wire::Part<'_>,
    kind: &str,
    path: Path<'_>,
    body: &Document,
) -> Result<Extra, Invalid> {
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
            Err(Invalid::value(path.key(name), message))
        }
        None => Ok(extra_of(&part.extra, body)),
    }
}

/// An annotation of an unknown kind, whole.
fn annotation_object(annotation: &wire::Annotation<'_>, body: &Document) -> Json {
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.extra(&annotation.fields(body, &[]));
    });
    Json::from_raw(writer.finish().to_bytes())
}
