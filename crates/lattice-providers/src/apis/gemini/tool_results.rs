//! What functions answered: <https://ai.google.dev/gemini-api/docs/function-calling#multimodal>.

use bytes::Bytes;
use lattice_model::{FunctionCallOutput, Part, Path, Text};
use lattice_wire::write::JsonWriter;

use super::media;
use crate::data_url::DataUrl;
use crate::error::EncodeError;

/// Writes one `functionResponse`. A JSON object is the response itself; any other text stands under `output`.
pub(super) fn write(
    writer: &mut JsonWriter,
    output: &FunctionCallOutput,
    name: &str,
    id: Option<&str>,
    takes_media: bool,
    path: Path<'_>,
) -> Result<(), EncodeError> {
    let mut texts = Vec::new();
    let mut data = Vec::new();
    let list = path.key("output");
    for (number, part) in output.output.iter().enumerate() {
        let path = list.index(number);
        match part {
            Part::InputText { text, .. } | Part::Refusal { refusal: text, .. } => texts.push(text),
            Part::OutputText(text) => texts.push(&text.text),
            _ if !takes_media => {
                let message = "models before Gemini 3 take only texts as the result of a tool; give it as text, or in a user message";
                return Err(EncodeError::unsupported(path, message));
            }
            other => data.push(inline(other, path)?),
        }
    }
    writer.object(|writer| {
        writer.key("functionResponse").object(|writer| {
            if let Some(id) = id {
                writer.field_str("id", id);
            }
            writer.field_str("name", name);
            writer.key("response");
            response(writer, &texts);
            if !data.is_empty() {
                writer.key("parts").array(|writer| {
                    for data in &data {
                        media::inline_data(writer, &data.media_type, &data.base64);
                    }
                });
            }
        });
    });
    Ok(())
}

fn response(writer: &mut JsonWriter, texts: &[&Text]) {
    if let [only] = texts {
        let plain = only.decode();
        let is_object = plain.trim_start().starts_with('{')
            && serde_json::from_str::<serde::de::IgnoredAny>(&plain).is_ok();
        if is_object {
            return writer.raw(&Bytes::from(plain.trim().to_owned()));
        }
    }
    writer.object(|writer| match texts {
        [] => writer.field_str("output", ""),
        [only] => writer.field_text("output", only),
        many => {
            writer.key("output").array(|writer| {
                for text in many {
                    writer.text(text);
                }
            });
        }
    });
}

fn inline(part: &Part, path: Path<'_>) -> Result<DataUrl, EncodeError> {
    let (data, key) = match part {
        Part::Image(image) => (image.url.as_ref().and_then(DataUrl::parse), "image_url"),
        Part::File(file) => (media::file_data(file), "file_data"),
        _ => (None, ""),
    };
    data.ok_or_else(|| {
        let param = if key.is_empty() { path.to_string() } else { path.key(key).to_string() };
        EncodeError::unsupported(param, "Gemini takes this in the result of a tool only as a data URL")
    })
}
