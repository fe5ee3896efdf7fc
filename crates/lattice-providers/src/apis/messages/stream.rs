//! The events of the Messages API: <https://docs.claude.com/en/docs/build-with-claude/streaming>.

use lattice_model::{
    Annotation, AnswerFacts, Closing, Delta, End, Extra, IncompleteReason, Json, Opening, Piece,
    ReasoningKind, Text, TextBuilder, Turn, UrlCitation, Usage,
};
use lattice_wire::Document;
use lattice_wire::Str;
use lattice_wire::anthropic as wire;

use super::MEANINGS;
use super::request::OUTPUT_TOOL;
use super::thinking::sealed;
use crate::error::DecodeError;
use crate::events::EventDecoder;

/// Reads the events of one answer.
#[derive(Debug)]
pub(super) struct MessageEvents {
    /// Tags encrypted reasoning; `None` when nobody asked for it.
    origin: Option<String>,
    /// Whether thoughts are shown as a summary.
    summary: bool,
    next_key: u32,
    block: Block,
    /// The open message: texts that follow each other are one message.
    message: Option<Message>,
    usage: wire::Usage,
    end: Option<End>,
    ended: bool,
}

/// The open message.
#[derive(Debug)]
struct Message {
    key: u32,
    /// Characters so far: what citations count.
    characters: u64,
}

/// The open block.
#[derive(Debug)]
enum Block {
    /// None, or one of a kind that is not known.
    Unknown,
    /// `start` is where it begins in the message.
    Text {
        start: u64,
        citations: Vec<Citation>,
    },
    Thinking {
        key: u32,
        text: TextBuilder,
        signature: TextBuilder,
    },
    Redacted {
        key: u32,
        data: Text,
    },
    Call {
        key: u32,
    },
    /// A call of the tool that stands for structured output.
    Output,
}

#[derive(Debug)]
struct Citation {
    url: Text,
    title: Text,
    extra: Extra,
}

impl MessageEvents {
    pub(super) fn new(turn: &Turn, origin: &str) -> Self {
        Self {
            origin: turn.keeps_reasoning().then(|| origin.to_owned()),
            summary: turn.reasoning.as_ref().is_some_and(|reasoning| reasoning.summary.is_some()),
            next_key: 0,
            block: Block::Unknown,
            message: None,
            usage: wire::Usage::default(),
            end: None,
            ended: false,
        }
    }

    fn key(&mut self) -> u32 {
        let key = self.next_key;
        self.next_key = self.next_key.saturating_add(1);
        key
    }
}

impl EventDecoder for MessageEvents {
    fn event(&mut self, _: &[u8], data: Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended {
            return Ok(());
        }
        let event: wire::Event<'_> =
            lattice_wire::parse(&data).map_err(|error| DecodeError::Malformed(error.to_string()))?;
        match event.kind.escaped() {
            "message_start" => {
                if let Some(message) = &event.message {
                    self.count(message.usage, deltas);
                    let upstream_id = message.id.map(Str::plain);
                    deltas.push(Delta::Begin(AnswerFacts { upstream_id, ..AnswerFacts::default() }));
                }
            }
            "content_block_start" => {
                if let Some(block) = &event.content_block {
                    self.start(block, &data, deltas);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = &event.delta {
                    self.piece(delta, &data, deltas);
                }
            }
            "content_block_stop" => self.stop(deltas),
            "message_delta" => {
                self.count(event.usage, deltas);
                if let Some(delta) = &event.delta {
                    self.reason(delta.stop_reason, delta.stop_details.as_ref(), &data, deltas);
                }
            }
            "message_stop" => self.conclude(deltas),
            "error" => {
                self.ended = true;
                let error = serde_json::from_slice(&data).unwrap_or_default();
                deltas.push(Delta::End(End::Failed(MEANINGS.of_value(&error))));
            }
            // `ping`, and what is still to come (C14).
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended {
            return Ok(());
        }
        if self.end.is_none() {
            return Err(DecodeError::Cut);
        }
        self.conclude(deltas);
        Ok(())
    }
}

impl MessageEvents {
    /// A block starts, with what it holds already.
    pub(super) fn start(&mut self, block: &wire::Block<'_>, data: &Document, deltas: &mut Vec<Delta>) {
        let text = |value: Option<Str<'_>>| value.map(|value| value.to_text(data)).unwrap_or_default();
        match block.kind.map(Str::escaped) {
            Some("text") => {
                let start = self.open_message(deltas);
                self.block = Block::Text { start, citations: Vec::new() };
                self.text(text(block.text), deltas);
                for citation in block.citations.iter().flatten() {
                    self.cite(citation, data);
                }
            }
            Some("thinking") => {
                self.close_message(deltas);
                let key = self.key();
                deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Reasoning { id: None }) });
                let (text_builder, mut signature) = (TextBuilder::default(), TextBuilder::default());
                signature.push(&text(block.signature));
                self.block = Block::Thinking { key, text: text_builder, signature };
                self.think(text(block.thinking), deltas);
            }
            Some("redacted_thinking") => {
                self.close_message(deltas);
                let key = self.key();
                deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Reasoning { id: None }) });
                self.block = Block::Redacted { key, data: text(block.data) };
            }
            Some("tool_use") if block.name.is_some_and(|name| name.escaped() == OUTPUT_TOOL) => {
                self.open_message(deltas);
                self.block = Block::Output;
                self.whole_input(block, deltas);
            }
            Some("tool_use") => {
                self.close_message(deltas);
                let key = self.key();
                let call_id = block.id.map(Str::plain).unwrap_or_default();
                let name = block.name.map(Str::plain).unwrap_or_default();
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Open(Opening::FunctionCall { id: None, call_id, name }),
                });
                self.block = Block::Call { key };
                self.whole_input(block, deltas);
            }
            _ => self.block = Block::Unknown,
        }
    }

    /// In a stream the input is `{}` at first and comes in pieces; in a whole message it is all there.
    fn whole_input(&mut self, block: &wire::Block<'_>, deltas: &mut Vec<Delta>) {
        let input = block.input.map(|raw| raw.0.get()).filter(|input| *input != "{}" && *input != "null");
        if let Some(input) = input {
            self.input(Text::new(input), deltas);
        }
    }

    fn piece(&mut self, delta: &wire::Delta<'_>, data: &Document, deltas: &mut Vec<Delta>) {
        match delta.kind.map(Str::escaped) {
            Some("text_delta") => {
                if let Some(text) = delta.text {
                    self.text(text.to_text(data), deltas);
                }
            }
            Some("input_json_delta") => {
                if let Some(piece) = delta.partial_json {
                    self.input(piece.to_text(data), deltas);
                }
            }
            Some("thinking_delta") => {
                if let Some(text) = delta.thinking {
                    self.think(text.to_text(data), deltas);
                }
            }
            Some("signature_delta") => {
                if let (Block::Thinking { signature, .. }, Some(piece)) = (&mut self.block, delta.signature) {
                    signature.push(&piece.to_text(data));
                }
            }
            Some("citations_delta") => {
                if let Some(citation) = &delta.citation {
                    self.cite(citation, data);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: Text, deltas: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        if let (Block::Text { .. }, Some(message)) = (&self.block, &mut self.message) {
            let count = text.decode().chars().count();
            message.characters = message.characters.saturating_add(u64::try_from(count).unwrap_or_default());
            let key = message.key;
            deltas.push(Delta::Piece {
                key,
                piece: Piece::Text { part: 0, text, logprobs: None, extra: Extra::new() },
            });
        }
    }

    fn input(&mut self, text: Text, deltas: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        match (&self.block, &self.message) {
            (Block::Call { key }, _) => {
                deltas
                    .push(Delta::Piece { key: *key, piece: Piece::Arguments { text, extra: Extra::new() } });
            }
            (Block::Output, Some(message)) => {
                let key = message.key;
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Text { part: 0, text, logprobs: None, extra: Extra::new() },
                });
            }
            _ => {}
        }
    }

    fn think(&mut self, piece: Text, deltas: &mut Vec<Delta>) {
        let Block::Thinking { key, text, .. } = &mut self.block else { return };
        if piece.is_empty() {
            return;
        }
        if self.origin.is_some() {
            text.push(&piece);
        }
        let (key, part, extra) = (*key, 0, Extra::new());
        deltas.push(if self.summary {
            Delta::Piece {
                key,
                piece: Piece::Reasoning { kind: ReasoningKind::Summary, part, text: piece, extra },
            }
        } else {
            Delta::Piece {
                key,
                piece: Piece::Reasoning { kind: ReasoningKind::Content, part, text: piece, extra },
            }
        });
    }

    fn cite(&mut self, citation: &wire::Citation<'_>, data: &Document) {
        let Block::Text { citations, .. } = &mut self.block else { return };
        let mut extra = Extra::new();
        if let Some(words) = citation.cited_text {
            extra.push(("cited_text".into(), Json::from_raw(words.to_text(data).literal().clone())));
        }
        if let Some(index) = citation.document_index {
            extra.push(("document_index".into(), Json::from_value(&index.into())));
        }
        let url = match (citation.url, citation.document_index) {
            (Some(url), _) => url.to_text(data),
            // A document of the request has no address: it gets a name, so that the annotation is whole.
            (None, index) => Text::new(&format!("urn:latticelm:document:{}", index.unwrap_or_default())),
        };
        let title =
            citation.title.or(citation.document_title).map(|title| title.to_text(data)).unwrap_or_default();
        citations.push(Citation { url, title, extra });
    }

    /// The open block ends.
    pub(super) fn stop(&mut self, deltas: &mut Vec<Delta>) {
        match std::mem::replace(&mut self.block, Block::Unknown) {
            Block::Text { start, citations } => {
                let Some(message) = &self.message else { return };
                for Citation { url, title, extra } in citations {
                    let (start_index, end_index) = (start, message.characters);
                    let annotation =
                        Annotation::UrlCitation(UrlCitation { start_index, end_index, url, title, extra });
                    deltas.push(Delta::Piece {
                        key: message.key,
                        piece: Piece::Annotation { part: 0, annotation },
                    });
                }
            }
            Block::Thinking { key, text, signature } => {
                let (text, signature) = (text.finish(), signature.finish());
                let kind = Text::new("thinking");
                let fields = [("type", &kind), ("thinking", &text), ("signature", &signature)];
                let encrypted = self.origin.as_ref().map(|origin| sealed(origin, &fields));
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Close(Closing { encrypted, ..Closing::default() }),
                });
            }
            Block::Redacted { key, data } => {
                let kind = Text::new("redacted_thinking");
                let encrypted =
                    self.origin.as_ref().map(|origin| sealed(origin, &[("type", &kind), ("data", &data)]));
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Close(Closing { encrypted, ..Closing::default() }),
                });
            }
            Block::Call { key } => deltas.push(Delta::Piece { key, piece: Piece::Close(Closing::default()) }),
            Block::Output | Block::Unknown => {}
        }
    }

    /// Opens a message if none is open; gives its length so far.
    fn open_message(&mut self, deltas: &mut Vec<Delta>) -> u64 {
        if let Some(message) = &self.message {
            return message.characters;
        }
        let key = self.key();
        self.message = Some(Message { key, characters: 0 });
        deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Message { id: None, phase: None }) });
        0
    }

    fn close_message(&mut self, deltas: &mut Vec<Delta>) {
        if let Some(message) = self.message.take() {
            deltas.push(Delta::Piece { key: message.key, piece: Piece::Close(Closing::default()) });
        }
    }

    /// Totals so far: a later event may know more.
    pub(super) fn count(&mut self, usage: Option<wire::Usage>, deltas: &mut Vec<Delta>) {
        let Some(usage) = usage else { return };
        let known = &mut self.usage;
        known.input_tokens = usage.input_tokens.or(known.input_tokens);
        known.cache_creation_input_tokens =
            usage.cache_creation_input_tokens.or(known.cache_creation_input_tokens);
        known.cache_read_input_tokens = usage.cache_read_input_tokens.or(known.cache_read_input_tokens);
        known.output_tokens = usage.output_tokens.or(known.output_tokens);
        known.output_tokens_details = usage.output_tokens_details.or(known.output_tokens_details);
        let cached = known.cache_read_input_tokens.unwrap_or_default();
        let written = known.cache_creation_input_tokens.unwrap_or_default();
        deltas.push(Delta::Usage(Box::new(Usage {
            input_tokens: known
                .input_tokens
                .unwrap_or_default()
                .saturating_add(cached)
                .saturating_add(written),
            cached_tokens: cached,
            cache_write_tokens: written,
            output_tokens: known.output_tokens.unwrap_or_default(),
            reasoning_tokens: known
                .output_tokens_details
                .and_then(|details| details.thinking_tokens)
                .unwrap_or_default(),
            ..Usage::default()
        })));
    }

    /// Why the answer ended.
    pub(super) fn reason(
        &mut self,
        reason: Option<Str<'_>>,
        details: Option<&wire::StopDetails<'_>>,
        data: &Document,
        deltas: &mut Vec<Delta>,
    ) {
        let Some(reason) = reason else { return };
        self.end = Some(match reason.escaped() {
            "max_tokens" | "model_context_window_exceeded" => {
                End::Incomplete(IncompleteReason::MaxOutputTokens)
            }
            "pause_turn" => End::Incomplete(IncompleteReason::Other("pause_turn".to_owned())),
            "refusal" => {
                let said = details.and_then(|details| details.explanation).map(|text| text.to_text(data));
                let text = said.unwrap_or_else(|| Text::new("The model declined to answer."));
                self.open_message(deltas);
                if let Some(message) = &self.message {
                    deltas.push(Delta::Piece { key: message.key, piece: Piece::Refusal { part: 1, text } });
                }
                End::Completed
            }
            _ => End::Completed,
        });
    }

    pub(super) fn conclude(&mut self, deltas: &mut Vec<Delta>) {
        self.close_message(deltas);
        self.ended = true;
        deltas.push(Delta::End(self.end.take().unwrap_or(End::Completed)));
    }
}
