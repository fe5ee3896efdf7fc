//! Images, files, audio and videos: as data, or by an address that the provider fetches itself (A12).
//!
//! <https://ai.google.dev/gemini-api/docs/file-input-methods>: data URLs go inline; the Gemini API takes addresses of its
//! Files API, `YouTube` and public ones (2.0 models only the first two); Vertex AI takes `gs:` and public addresses.

use bytes::Bytes;
use lattice_model::{Extra, File, Part, Path, Text};
use lattice_wire::write::JsonWriter;

use super::Service;
use super::models::Generation;
use crate::data_url::DataUrl;
use crate::error::EncodeError;

/// Writes a part that is not text.
pub(super) fn part(
    writer: &mut JsonWriter,
    part: &Part,
    path: Path<'_>,
    service: Service,
    generation: Generation,
) -> Result<(), EncodeError> {
    let by_address = |writer: &mut JsonWriter, url: &Text, named: Option<&Text>, key: &str| {
        address(writer, url, named, path.key(key), service, generation)
    };
    match part {
        Part::Image(image) => {
            let Some(url) = &image.url else {
                return Err(EncodeError::unsupported(path, "an image needs its `image_url` here"));
            };
            by_address(writer, url, None, "image_url")
        }
        Part::File(file) => match (file_data(file), &file.data, &file.url) {
            (Some(data), ..) => {
                inline_data(writer, &data.media_type, &data.base64);
                Ok(())
            }
            (None, Some(_), _) => {
                let message = "is neither a data URL nor base64 beside a `filename` that tells its kind";
                Err(EncodeError::invalid(path.key("file_data"), message))
            }
            (None, None, Some(url)) => by_address(writer, url, file.filename.as_ref(), "file_url"),
            (None, None, None) => {
                Err(EncodeError::unsupported(path, "a file needs `file_data` or `file_url` here"))
            }
        },
        Part::Video { url, .. } => by_address(writer, url, None, "video_url"),
        Part::Other { kind, fields } if kind == "input_audio" => audio(writer, fields, path),
        // Others are refused before.
        Part::Other { .. } | Part::InputText { .. } => Ok(()),
        Part::OutputText(_) | Part::Refusal { .. } => {
            Err(EncodeError::invalid(path, "only an assistant's message can hold this part"))
        }
    }
}

/// A file's data: a data URL, or bare base64 whose kind its name tells; a PDF where it has no name.
pub(super) fn file_data(file: &File) -> Option<DataUrl> {
    let data = file.data.as_ref()?;
    if let Some(url) = DataUrl::parse(data) {
        return Some(url);
    }
    let bare = data.escaped().iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    let media_type = match &file.filename {
        Some(name) => media_type(&name.decode())?,
        None => "application/pdf",
    };
    let literal = data.literal();
    let base64 = literal.slice(1..literal.len().saturating_sub(1));
    bare.then(|| DataUrl { media_type: media_type.to_owned(), base64 })
}

/// Writes a part of data.
pub(super) fn inline_data(writer: &mut JsonWriter, media_type: &str, base64: &Bytes) {
    writer.object(|writer| {
        writer.key("inlineData").object(|writer| {
            writer.field_str("mimeType", media_type);
            writer.key("data").quoted(base64);
        });
    });
}

fn audio(writer: &mut JsonWriter, fields: &Extra, path: Path<'_>) -> Result<(), EncodeError> {
    let given = fields.iter().find(|(name, _)| &**name == "input_audio").map(|(_, json)| json.to_value());
    let word =
        |key: &str| given.as_ref().and_then(|given| given.get(key)).and_then(serde_json::Value::as_str);
    let (Some(data), Some(format)) = (word("data"), word("format")) else {
        let message = "needs `data` and `format`";
        return Err(EncodeError::invalid(path.key("input_audio"), message));
    };
    writer.object(|writer| {
        writer.key("inlineData").object(|writer| {
            writer.field_str("mimeType", &format!("audio/{format}"));
            writer.field_str("data", data);
        });
    });
    Ok(())
}

fn address(
    writer: &mut JsonWriter,
    url: &Text,
    named: Option<&Text>,
    path: Path<'_>,
    service: Service,
    generation: Generation,
) -> Result<(), EncodeError> {
    if let Some(data) = DataUrl::parse(url) {
        inline_data(writer, &data.media_type, &data.base64);
        return Ok(());
    }
    let plain = url.decode();
    let place = Location::of(&plain);
    let fetched = match (place, service) {
        (Location::Upload | Location::Video, _)
        | (Location::Bucket | Location::Public, Service::Vertex { .. }) => true,
        (Location::Public, Service::Developer) => generation > Generation::Early,
        (Location::Bucket, Service::Developer) | (Location::Unknown, _) => false,
    };
    if !fetched {
        let message = "this model does not fetch from this address; give the data itself, as a data URL";
        return Err(EncodeError::unsupported(path, message));
    }
    let named = named.map(|name| name.decode().into_owned());
    let known = media_type(&plain).or_else(|| named.as_deref().and_then(media_type));
    let known = known.or((place == Location::Video).then_some("video/mp4"));
    if known.is_none() && place != Location::Upload {
        let message = "Gemini has to be told the kind of a file, and this address has no extension that tells it; give the data itself, as a data URL";
        return Err(EncodeError::unsupported(path, message));
    }
    writer.object(|writer| {
        writer.key("fileData").object(|writer| {
            if let Some(media_type) = known {
                writer.field_str("mimeType", media_type);
            }
            writer.field_text("fileUri", url);
        });
    });
    Ok(())
}

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Location {
    /// The Gemini API's own Files API, which knows what its files are.
    Upload,
    /// `YouTube`.
    Video,
    /// Google Cloud Storage.
    Bucket,
    /// Anywhere on the web.
    Public,
    /// No address that can be fetched.
    Unknown,
}

impl Location {
    fn of(url: &str) -> Self {
        let Ok(url) = url::Url::parse(url) else { return Self::Unknown };
        match (url.scheme(), url.host_str().unwrap_or_default()) {
            ("gs", _) => Self::Bucket,
            ("https", "generativelanguage.googleapis.com") => Self::Upload,
            ("https", "www.youtube.com" | "youtube.com" | "youtu.be") => Self::Video,
            ("http" | "https", _) => Self::Public,
            _ => Self::Unknown,
        }
    }
}

/// The kind of a file by the extension of its name or address; those that Gemini takes:
/// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference#filedata>.
fn media_type(name: &str) -> Option<&'static str> {
    let path = name.split(['?', '#']).next().unwrap_or(name);
    let file = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "txt" | "md" | "log" => "text/plain",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "xml" => "text/xml",
        "json" => "application/json",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "aac" => "audio/aac",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "m4a" => "audio/m4a",
        "mp4" => "video/mp4",
        "mpeg" | "mpg" => "video/mpeg",
        "mov" => "video/quicktime",
        "avi" => "video/avi",
        "webm" => "video/webm",
        "wmv" => "video/wmv",
        "flv" => "video/x-flv",
        "3gp" => "video/3gpp",
        _ => return None,
    })
}
