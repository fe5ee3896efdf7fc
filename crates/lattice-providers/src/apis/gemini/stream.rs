//! The events of a stream: each is a whole `GenerateContentResponse` with the next parts, and none of them marks the end.

use lattice_wire::Document;
use std::sync::Arc;

use bytes::Bytes;
use lattice_model::{
    AnswerFacts, Closing, Delta, End, Extra, FunctionCall, Item, Json, Opening, OtherItem, Piece, Reasoning,
    ReasoningKind, Status, StepKey, Text, Turn,
};
use lattice_wire::gemini::{self as wire, Candidate, Part, Response};
use lattice_wire::{Raw, Str};

use super::signatures::Signatures;
use super::{endings, sources, usage};
use crate::error::DecodeError;
use crate::events::EventDecoder;
use crate::foreign::minted_call_id;
use crate::seal;

/// The field of a function call that carries its signature.
pub(super) const SIGNATURE: &str = "latticelm:signature";

/// Reads the events of one answer.
#[derive(Debug)]
pub(super) struct Chunks {
    response_id: String,
    origin: Arc<str>,
    signatures: Arc<Signatures>,
    /// Whether thoughts carry their signatures.
    keeps: bool,
    /// Whether other signatures get reasoning items of their own, which a client sees.
    shows: bool,
    told: Told,
    next_key: StepKey,
    calls: usize,
    open: Option<Open>,
    /// The text so far, for sources that name its bytes. A copy: slices would keep every chunk of the stream alive.
    said: String,
    end: Option<End>,
    ended: bool,
}

/// What is known to the gateway of the answer as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Id,
    Tier,
}

/// The item that is being made.
#[derive(Debug)]
enum Open {
    Thoughts { key: StepKey, signature: Option<Text> },
    Message { key: StepKey, signature: Option<Text>, apart: bool },
}

impl Chunks {
    pub(super) fn new(turn: &Turn, origin: Arc<str>, signatures: Arc<Signatures>) -> Self {
        Self {
            response_id: turn.id.clone(),
            origin,
            signatures,
            keeps: turn.keeps_reasoning(),
            shows: turn.include.encrypted_reasoning,
            told: Told::Nothing,
            next_key: 0,
            calls: 0,
            open: None,
            said: String::new(),
            end: None,
            ended: false,
        }
    }

    fn key(&mut self) -> StepKey {
        let key = self.next_key;
        self.next_key = self.next_key.saturating_add(1);
        key
    }
}

impl EventDecoder for Chunks {
    fn event(&mut self, _: &[u8], data: Document, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended {
            return Ok(());
        }
        let response: Response<'_> =
            lattice_wire::parse(&data).map_err(|error| DecodeError::Malformed(error.to_string()))?;
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            self.ended = true;
            deltas.push(Delta::End(endings::failed(error)));
            return Ok(());
        }
        self.begin(&response, deltas);
        for candidate in response.candidates.iter().flatten() {
            if candidate.index.unwrap_or_default() == 0 {
                self.candidate(candidate, &data, deltas);
            }
        }
        if let Some(usage) = response.usage_metadata.as_ref().and_then(usage::of) {
            deltas.push(Delta::Usage(Box::new(usage)));
        }
        let blocked = response.prompt_feedback.as_ref().and_then(|feedback| feedback.block_reason);
        if self.end.is_none() && blocked.is_some() {
            self.end = Some(endings::blocked());
        }
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), DecodeError> {
        if self.ended {
            return Ok(());
        }
        let Some(end) = self.end.take() else { return Err(DecodeError::Cut) };
        self.ended = true;
        if end == End::Completed {
            self.close(deltas);
        }
        deltas.push(Delta::End(end));
        Ok(())
    }
}

impl Chunks {
    fn begin(&mut self, response: &Response<'_>, deltas: &mut Vec<Delta>) {
        let tier = response.usage_metadata.as_ref().and_then(usage::tier);
        // Every event repeats these; what was told once need not be told again.
        let told = if tier.is_some() { Told::Tier } else { Told::Id };
        if told <= self.told {
            return;
        }
        self.told = told;
        let upstream_id = response.response_id.map(Str::plain);
        deltas.push(Delta::Begin(AnswerFacts { upstream_id, service_tier: tier, settings: Extra::new() }));
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, data: &Document, deltas: &mut Vec<Delta>) {
        let mut logprobs = candidate.logprobs_result.as_ref().and_then(sources::logprobs);
        let content = candidate.content.as_ref();
        for part in content.and_then(|content| content.parts.as_ref()).into_iter().flatten() {
            self.part(part, &mut logprobs, data, deltas);
        }
        if let Some(Open::Message { key, .. }) = &self.open {
            for annotation in sources::annotations(candidate, &self.said, data) {
                deltas.push(Delta::Piece { key: *key, piece: Piece::Annotation { part: 0, annotation } });
            }
        }
        if let Some(reason) = candidate.finish_reason {
            self.end = endings::of(reason.escaped()).or(self.end.take());
        }
    }

    fn part(
        &mut self,
        part: &Part<'_>,
        logprobs: &mut Option<Json>,
        data: &Document,
        deltas: &mut Vec<Delta>,
    ) {
        let signature = part.thought_signature.map(|signature| signature.to_text(data));
        if let Some(call) = &part.function_call {
            return self.call(call, signature.as_ref(), deltas);
        }
        if let Some(inline) = &part.inline_data {
            return self.image(inline, data, deltas);
        }
        let text = part.text.map(|text| text.to_text(data)).unwrap_or_default();
        if part.thought == Some(true) {
            self.thought(text, signature, deltas);
        } else {
            self.text(text, signature, logprobs.take(), deltas);
        }
    }

    fn thought(&mut self, text: Text, signature: Option<Text>, deltas: &mut Vec<Delta>) {
        if text.is_empty() && signature.is_none() {
            return;
        }
        // A signed part is whole: what follows is another.
        let key = if let Some(Open::Thoughts { key, signature: None }) = &self.open {
            *key
        } else {
            self.close(deltas);
            let key = self.key();
            deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Reasoning { id: None }) });
            key
        };
        self.open = Some(Open::Thoughts { key, signature });
        if !text.is_empty() {
            let (part, extra) = (0, Extra::new());
            // Gemini shows summaries of its thoughts, never the thoughts.
            deltas.push(Delta::Piece {
                key,
                piece: Piece::Reasoning { kind: ReasoningKind::Summary, part, text, extra },
            });
        }
    }

    fn text(&mut self, text: Text, signature: Option<Text>, logprobs: Option<Json>, deltas: &mut Vec<Delta>) {
        // An answer often ends with an empty part, which only may hold a signature.
        if text.is_empty() && (signature.is_none() || !matches!(self.open, Some(Open::Message { .. }))) {
            return self.signature_apart(signature.as_ref(), deltas);
        }
        let key = if let Some(Open::Message { key, signature: None, .. }) = &self.open {
            *key
        } else {
            self.close(deltas);
            let key = self.key();
            deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Message { id: None, phase: None }) });
            key
        };
        self.open = Some(Open::Message { key, signature, apart: text.is_empty() });
        if !text.is_empty() {
            self.said.push_str(&text.decode());
            deltas.push(Delta::Piece {
                key,
                piece: Piece::Text { part: 0, text, logprobs, extra: Extra::new() },
            });
        }
    }

    /// A signature on an empty part that follows no text.
    fn signature_apart(&mut self, signature: Option<&Text>, deltas: &mut Vec<Delta>) {
        if let Some(signature) = signature {
            self.close(deltas);
            self.signed(endings::PART, signature, deltas);
        }
    }

    fn call(&mut self, call: &wire::FunctionCall<'_>, signature: Option<&Text>, deltas: &mut Vec<Delta>) {
        self.close(deltas);
        let given = call.id.map(Str::plain).filter(|id| !id.is_empty() && id.chars().count() <= 64);
        let call_id = given.unwrap_or_else(|| minted_call_id(&self.response_id, self.calls));
        self.calls += 1;
        let name = call.name.map(Str::plain).unwrap_or_default();
        let arguments = call.args.map_or_else(|| Text::new("{}"), arguments);
        let mut extra = Extra::new();
        if let Some(signature) = signature {
            self.signatures.keep(&call_id, &name, &arguments, signature);
            let tagged = seal::tag(&self.origin, signature);
            extra.push((SIGNATURE.into(), Json::from_raw(tagged.literal().clone())));
        }
        let status = Some(Status::Completed);
        let call = FunctionCall { id: None, call_id, name, arguments, status, extra };
        deltas.push(Delta::Whole(Box::new(Item::FunctionCall(call))));
    }

    fn image(&mut self, inline: &wire::InlineData<'_>, data: &Document, deltas: &mut Vec<Delta>) {
        self.close(deltas);
        let field = |name: &str, raw: Option<Raw<'_>>| raw.map(|raw| (Box::from(name), raw.to_json(data)));
        let mut fields: Extra = vec![("status".into(), Json::from_raw(Bytes::from_static(b"\"completed\"")))];
        fields.extend(field("mime_type", inline.mime_type));
        fields.extend(field("data", inline.data));
        let item = OtherItem { id: None, kind: "latticelm:image".to_owned(), fields };
        deltas.push(Delta::Whole(Box::new(Item::Other(item))));
    }

    /// Ends the open item; a signature that came on text goes into a reasoning item behind it.
    fn close(&mut self, deltas: &mut Vec<Delta>) {
        match self.open.take() {
            None => {}
            Some(Open::Thoughts { key, signature }) => {
                let signature = signature.filter(|_| self.keeps);
                let encrypted = signature.map(|signature| self.sealed(endings::THOUGHT, &signature));
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Close(Closing { encrypted, ..Closing::default() }),
                });
            }
            Some(Open::Message { key, signature, apart }) => {
                self.said.clear();
                deltas.push(Delta::Piece { key, piece: Piece::Close(Closing::default()) });
                if let Some(signature) = signature {
                    self.signed(if apart { endings::PART } else { endings::TEXT }, &signature, deltas);
                }
            }
        }
    }

    fn signed(&self, kind: &str, signature: &Text, deltas: &mut Vec<Delta>) {
        if self.shows {
            let encrypted = Some(self.sealed(kind, signature));
            let item = Reasoning { encrypted, status: Some(Status::Completed), ..Reasoning::default() };
            deltas.push(Delta::Whole(Box::new(Item::Reasoning(item))));
        }
    }

    fn sealed(&self, kind: &str, signature: &Text) -> Text {
        let payload = format!("{kind}{}", signature.decode());
        seal::tag(&self.origin, &Text::new(&payload))
    }
}

/// An object as a text, without the spaces that the provider puts in.
fn arguments(raw: Raw<'_>) -> Text {
    let mut compact = String::with_capacity(raw.0.get().len());
    let (mut quoted, mut escaped) = (false, false);
    for c in raw.0.get().chars() {
        if quoted {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            quoted = !closes;
        } else if c.is_ascii_whitespace() {
            continue;
        } else if c == '"' {
            quoted = true;
        }
        compact.push(c);
    }
    Text::new(if compact == "null" { "{}" } else { &compact })
}
