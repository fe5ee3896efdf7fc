//! Items as a provider of this dialect writes them: read as they are, without judging them.

use crate::Document;
use lattice_model::{
    Annotation, Detail, Extra, File, FunctionCall, FunctionCallOutput, Image, Item, Json, Message, OtherItem,
    OutputText, Part, Phase, Reasoning, Role, Status, Text, UrlCitation,
};

use super::event::AnyItem;
use super::request as wire;
use crate::leaf::{Str, extra_of};
use crate::write::JsonWriter;

/// An item. One of a kind that is not known, or not shaped as its kind is, is carried whole.
pub fn item(item: &wire::Item<'_>, document: &Document) -> Item {
    let kind = item.kind.map(Str::escaped).unwrap_or_default();
    let known = match kind {
        "message" => message(item, document).map(Item::Message),
        "function_call" => function_call(item, document).map(Item::FunctionCall),
        "function_call_output" => function_call_output(item, document).map(Item::FunctionCallOutput),
        "reasoning" => Some(Item::Reasoning(reasoning(item, document))),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let kind = item.kind.map(Str::plain).unwrap_or_default();
        Item::Other(OtherItem { id: id(item), kind, fields: item.fields(document, &["type", "id"]) })
    })
}

/// An item whose fields are not shaped as those of the known kinds; `None` for one that says it is of such a kind.
pub fn any_item(item: &AnyItem<'_>, document: &Document) -> Option<Item> {
    let kind = item.kind.map(Str::plain).unwrap_or_default();
    if matches!(kind.as_str(), "message" | "function_call" | "function_call_output" | "reasoning") {
        return None;
    }
    Some(Item::Other(OtherItem {
        id: item.id.map(Str::plain),
        kind,
        fields: extra_of(&item.extra, document),
    }))
}

fn id(item: &wire::Item<'_>) -> Option<String> {
    item.id.map(Str::plain)
}

/// A status word; `None` for one that is not known.
pub fn status(word: Option<Str<'_>>) -> Option<Status> {
    match word?.escaped() {
        "in_progress" => Some(Status::InProgress),
        "completed" => Some(Status::Completed),
        "incomplete" => Some(Status::Incomplete),
        _ => None,
    }
}

/// The phase of a message.
pub fn phase(word: Option<Str<'_>>) -> Option<Phase> {
    match word?.escaped() {
        "commentary" => Some(Phase::Commentary),
        "final_answer" => Some(Phase::FinalAnswer),
        _ => None,
    }
}

fn message(item: &wire::Item<'_>, document: &Document) -> Option<Message> {
    let role = match item.role?.escaped() {
        "assistant" => Role::Assistant,
        "user" => Role::User,
        "system" => Role::System,
        "developer" => Role::Developer,
        _ => return None,
    };
    let content = match item.content.as_ref()? {
        wire::Content::Parts(parts, _) => parts.iter().map(|one| part(one, document)).collect(),
        wire::Content::Text(text) => vec![output_text(text.to_text(document))],
        wire::Content::Other(_) => return None,
    };
    let mut extra = extra_of(&item.extra, document);
    let known_phase = phase(item.phase);
    if let Some(unknown) = item.phase.filter(|_| known_phase.is_none()) {
        // A newer word is passed on as it is.
        extra.push(("phase".into(), Json::from_raw(unknown.to_text(document).literal().clone())));
    }
    Some(Message { id: id(item), role, phase: known_phase, status: status(item.status), content, extra })
}

fn output_text(text: Text) -> Part {
    Part::OutputText(OutputText { text, ..OutputText::default() })
}

fn function_call(item: &wire::Item<'_>, document: &Document) -> Option<FunctionCall> {
    let arguments = match item.arguments.as_ref()? {
        wire::Content::Text(text) => text.to_text(document),
        _ => return None,
    };
    Some(FunctionCall {
        id: id(item),
        call_id: item.call_id?.plain(),
        name: item.name?.plain(),
        arguments,
        status: status(item.status),
        extra: extra_of(&item.extra, document),
    })
}

fn function_call_output(item: &wire::Item<'_>, document: &Document) -> Option<FunctionCallOutput> {
    let output = match item.output.as_ref()? {
        wire::Content::Text(text) => {
            vec![Part::InputText { text: text.to_text(document), extra: Extra::new() }]
        }
        wire::Content::Parts(parts, _) => parts.iter().map(|one| part(one, document)).collect(),
        wire::Content::Other(_) => return None,
    };
    let (call_id, extra) = (item.call_id?.plain(), extra_of(&item.extra, document));
    Some(FunctionCallOutput { id: id(item), call_id, output, status: status(item.status), extra })
}

fn reasoning(item: &wire::Item<'_>, document: &Document) -> Reasoning {
    let texts = |content: &Option<wire::Content<'_>>| match content {
        Some(wire::Content::Parts(parts, _)) => {
            parts.iter().filter_map(|part| Some(part.text?.to_text(document))).collect()
        }
        _ => Vec::new(),
    };
    Reasoning {
        id: id(item),
        summary: texts(&item.summary),
        content: texts(&item.content),
        encrypted: item.encrypted_content.map(|text| text.to_text(document)),
        status: status(item.status),
        extra: extra_of(&item.extra, document),
    }
}

/// A content part. One of a kind that is not known, or not shaped as its kind is, is carried whole.
pub fn part(part: &wire::Part<'_>, document: &Document) -> Part {
    let extra = || extra_of(&part.extra, document);
    let text = |value: Option<Str<'_>>| value.map(|value| value.to_text(document));
    let known = match part.kind.map(Str::escaped).unwrap_or_default() {
        "output_text" => text(part.text).map(|text| {
            Part::OutputText(OutputText {
                text,
                annotations: part.annotations.iter().flatten().map(|one| annotation(one, document)).collect(),
                logprobs: part.logprobs.filter(|raw| raw.0.get() != "[]").map(|raw| raw.to_json(document)),
                extra: extra(),
            })
        }),
        "refusal" => text(part.refusal).map(|refusal| Part::Refusal { refusal, extra: extra() }),
        "input_text" => text(part.text).map(|text| Part::InputText { text, extra: extra() }),
        "input_image" => Some(Part::Image(Image {
            url: text(part.image_url),
            detail: detail(part.detail),
            extra: extra(),
        })),
        "input_file" => Some(Part::File(File {
            filename: text(part.filename),
            data: text(part.file_data),
            url: text(part.file_url),
            extra: extra(),
        })),
        "input_video" => text(part.video_url).map(|url| Part::Video { url, extra: extra() }),
        _ => None,
    };
    known.unwrap_or_else(|| Part::Other {
        kind: part.kind.map(Str::plain).unwrap_or_default(),
        fields: part.fields(document, &["type"]),
    })
}

fn detail(word: Option<Str<'_>>) -> Option<Detail> {
    match word?.escaped() {
        "low" => Some(Detail::Low),
        "high" => Some(Detail::High),
        "auto" => Some(Detail::Auto),
        _ => None,
    }
}

/// An annotation. One of a kind that is not known is carried whole.
pub fn annotation(annotation: &wire::Annotation<'_>, document: &Document) -> Annotation {
    let index = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    if annotation.kind.map(Str::escaped) == Some("url_citation")
        && let (Some(start_index), Some(end_index)) =
            (index(annotation.start_index), index(annotation.end_index))
        && let Some(url) = annotation.url
    {
        return Annotation::UrlCitation(UrlCitation {
            start_index,
            end_index,
            url: url.to_text(document),
            title: annotation.title.map(|title| title.to_text(document)).unwrap_or_default(),
            extra: extra_of(&annotation.extra, document),
        });
    }
    Annotation::Other(annotation_object(annotation, document))
}

/// An annotation as it stands, whole.
pub fn annotation_object(annotation: &wire::Annotation<'_>, document: &Document) -> Json {
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        writer.extra(&annotation.fields(document, &[]));
    });
    Json::from_raw(writer.finish().to_bytes())
}
