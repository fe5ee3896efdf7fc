//! Parts as content blocks: texts, images, documents.

use bytes::Bytes;
use lattice_model::{File, Image, Json, OutputText, Part, Path, Text};
use lattice_wire::write::JsonWriter;

use crate::data_url::DataUrl;
use crate::error::EncodeError;

/// A content block of a request.
#[derive(Debug)]
pub(super) enum Block {
    Text {
        text: Text,
        cache: Option<Json>,
    },
    Image {
        source: Source,
        cache: Option<Json>,
    },
    Document {
        source: Source,
        title: Option<Text>,
        cache: Option<Json>,
    },
    /// A block as this API made it.
    Own(Json),
    ToolUse {
        id: String,
        name: String,
        input: Bytes,
    },
    ToolResult {
        id: String,
        content: Vec<Block>,
    },
}

/// Where the content of an image or a document is.
#[derive(Debug)]
pub(super) enum Source {
    Url(Text),
    Base64 { media_type: String, data: Bytes },
    Text(Text),
}

/// A breakpoint of the client's own.
fn cache_of(extra: &lattice_model::Extra) -> Option<Json> {
    extra.iter().find(|(name, _)| &**name == "cache_control").map(|(_, json)| json.clone())
}

/// A part as a block; `None` for an empty text, which the API refuses.
pub(super) fn block(part: &Part, path: Path<'_>) -> Result<Option<Block>, EncodeError> {
    Ok(match part {
        Part::InputText { text, extra } | Part::OutputText(OutputText { text, extra, .. }) => {
            text_block(text, cache_of(extra))
        }
        Part::Refusal { refusal, .. } => text_block(refusal, None),
        Part::Image(image) => Some(image_block(image, path)?),
        Part::File(file) => Some(document(file, path)?),
        Part::Video { .. } => {
            return Err(EncodeError::unsupported(path, "Claude takes no videos; take it out"));
        }
        Part::Other { kind, .. } => {
            return Err(EncodeError::unsupported(
                path,
                format!("Claude takes no parts of type `{kind}`; take it out"),
            ));
        }
    })
}

fn text_block(text: &Text, cache: Option<Json>) -> Option<Block> {
    (!text.is_empty()).then(|| Block::Text { text: text.clone(), cache })
}

fn image_block(image: &Image, path: Path<'_>) -> Result<Block, EncodeError> {
    let Some(url) = &image.url else {
        return Err(EncodeError::unsupported(path, "an image needs its `image_url` here"));
    };
    let source = match DataUrl::parse(url) {
        None => Source::Url(url.clone()),
        Some(data) => {
            let media_type =
                if data.media_type == "image/jpg" { "image/jpeg".to_owned() } else { data.media_type };
            if !["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&media_type.as_str()) {
                let message =
                    format!("Claude takes images as JPEG, PNG, GIF and WebP, not as `{media_type}`");
                return Err(EncodeError::unsupported(path.key("image_url"), message));
            }
            Source::Base64 { media_type, data: data.base64 }
        }
    };
    Ok(Block::Image { source, cache: cache_of(&image.extra) })
}

fn document(file: &File, path: Path<'_>) -> Result<Block, EncodeError> {
    let source = match (&file.data, &file.url) {
        (Some(data), _) => {
            // Bare base64 is taken for what it mostly is.
            let data = DataUrl::parse(data).unwrap_or_else(|| DataUrl {
                media_type: "application/pdf".to_owned(),
                base64: Bytes::copy_from_slice(data.escaped()),
            });
            if data.media_type == "application/pdf" {
                Source::Base64 { media_type: data.media_type, data: data.base64 }
            } else if let Some(text) =
                data.text().filter(|text| is_text(&data.media_type) && !text.is_empty())
            {
                Source::Text(Text::new(&text))
            } else {
                let message = format!("Claude takes files as PDF and as text, not as `{}`", data.media_type);
                return Err(EncodeError::unsupported(path.key("file_data"), message));
            }
        }
        (None, Some(url)) => Source::Url(url.clone()),
        (None, None) => {
            return Err(EncodeError::unsupported(path, "a file needs `file_data` or `file_url` here"));
        }
    };
    Ok(Block::Document { source, title: file.filename.clone(), cache: cache_of(&file.extra) })
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || ["application/json", "application/xml"].contains(&media_type)
}

impl Block {
    /// Whether the client set a breakpoint of its own here.
    pub(super) fn has_breakpoint(&self) -> bool {
        match self {
            Self::Text { cache, .. } | Self::Image { cache, .. } | Self::Document { cache, .. } => {
                cache.is_some()
            }
            Self::ToolResult { content, .. } => content.iter().any(Self::has_breakpoint),
            Self::Own(_) | Self::ToolUse { .. } => false,
        }
    }

    /// Writes the block; `breakpoint` sets one of ours.
    pub(super) fn write(&self, writer: &mut JsonWriter, breakpoint: bool) {
        if let Self::Own(block) = self {
            return writer.json(block);
        }
        writer.object(|writer| {
            let cache = match self {
                Self::Text { text, cache } => {
                    writer.field_str("type", "text");
                    writer.field_text("text", text);
                    cache.as_ref()
                }
                Self::Image { source, cache } => {
                    writer.field_str("type", "image");
                    source.write(writer);
                    cache.as_ref()
                }
                Self::Document { source, title, cache } => {
                    writer.field_str("type", "document");
                    source.write(writer);
                    writer.optional_text("title", title.as_ref());
                    cache.as_ref()
                }
                Self::ToolUse { id, name, input } => {
                    writer.field_str("type", "tool_use");
                    writer.field_str("id", id);
                    writer.field_str("name", name);
                    writer.key("input").raw(input);
                    None
                }
                Self::ToolResult { id, content } => {
                    writer.field_str("type", "tool_result");
                    writer.field_str("tool_use_id", id);
                    match content.as_slice() {
                        [] => {}
                        [Self::Text { text, cache: None }] => writer.field_text("content", text),
                        many => {
                            writer.key("content").array(|writer| {
                                for block in many {
                                    block.write(writer, false);
                                }
                            });
                        }
                    }
                    None
                }
                Self::Own(_) => None,
            };
            match cache {
                Some(own) => writer.key("cache_control").json(own),
                None if breakpoint => self::breakpoint(writer),
                None => {}
            }
        });
    }
}

/// A cache breakpoint: <https://docs.claude.com/en/docs/build-with-claude/prompt-caching>.
pub(super) fn breakpoint(writer: &mut JsonWriter) {
    writer.key("cache_control").object(|writer| {
        writer.field_str("type", "ephemeral");
    });
}

impl Source {
    fn write(&self, writer: &mut JsonWriter) {
        writer.key("source").object(|writer| match self {
            Self::Url(url) => {
                writer.field_str("type", "url");
                writer.field_text("url", url);
            }
            Self::Base64 { media_type, data } => {
                writer.field_str("type", "base64");
                writer.field_str("media_type", media_type);
                writer.key("data").quoted(data);
            }
            Self::Text(text) => {
                writer.field_str("type", "text");
                writer.field_str("media_type", "text/plain");
                writer.field_text("data", text);
            }
        });
    }
}
