//! The chunks of Chat Completions: <https://platform.openai.com/docs/api-reference/chat-streaming>.

use lattice_model::{
    AnswerFacts, Closing, Delta, End, Extra, Fault, FaultKind, Opening, Piece, ReasoningKind, StepKey, Text,
    Turn,
};
use lattice_wire::Document;
use lattice_wire::chat_completions::{Choice, Completion, Function, Message, ToolCall};
use lattice_wire::{Raw, Str};

use super::calls::{CallPiece, Calls};
use super::values::{annotation, arguments, end_of, failed, string, usage_of};
use crate::error::DecodeError;
use crate::events::EventDecoder;
use crate::faults::Meanings;

/// Reads the chunks of one answer.
#[derive(Debug)]
pub(super) struct Chunks {
    meanings: Meanings,
    begun: AnswerFacts,
    next_key: StepKey,
    reasoning: Option<StepKey>,
    message: Option<(StepKey, u32, bool)>,
    calls: Calls,
    end: Option<End>,
    ended: bool,
}

impl Chunks {
    pub(super) fn new(turn: &Turn, meanings: Meanings) -> Self {
        Self {
            meanings,
            begun: AnswerFacts::default(),
            next_key: 0,
            reasoning: None,
            message: None,
            calls: Calls::new(&turn.id),
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
        if data.trim_ascii() == b"[DONE]" {
            if self.end.is_none() && self.next_key == 0 && self.calls.is_empty() {
                return Err(DecodeError::Cut);
            }
            self.conclude(deltas);
            return Ok(());
        }
        let chunk: Completion<'_> =
            lattice_wire::parse(&data).map_err(|error| DecodeError::Malformed(error.to_string()))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            self.ended = true;
            deltas.push(Delta::End(failed(error, self.meanings)));
            return Ok(());
        }
        self.begin(&chunk, deltas);
        if let Some(usage) = chunk.usage {
            deltas.push(Delta::Usage(Box::new(usage_of(usage))));
        }
        for choice in chunk.choices.iter().flatten().filter(|choice| choice.index.unwrap_or_default() == 0) {
            self.choice(choice, &data, deltas);
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

impl Chunks {
    /// What every chunk repeats is reported when it is new.
    pub(super) fn begin(&mut self, completion: &Completion<'_>, deltas: &mut Vec<Delta>) {
        let mut news = false;
        let mut take = |known: &mut Option<String>, told: Option<Str<'_>>| {
            let told =
                told.filter(|told| !told.escaped().is_empty() && known.as_deref() != Some(told.escaped()));
            if let Some(told) = told {
                *known = Some(told.plain());
                news = true;
            }
        };
        take(&mut self.begun.upstream_id, completion.id);
        take(&mut self.begun.service_tier, completion.service_tier.and_then(string));
        if news {
            deltas.push(Delta::Begin(self.begun.clone()));
        }
    }

    /// A choice of a chunk, or of a whole completion.
    pub(super) fn choice(&mut self, choice: &Choice<'_>, data: &Document, deltas: &mut Vec<Delta>) {
        if let Some(message) = choice.delta.as_ref().or(choice.message.as_ref()) {
            let logprobs = choice.logprobs.as_ref().and_then(|logprobs| logprobs.content);
            self.piece(message, logprobs, data, deltas);
        }
        if let Some(end) = choice.finish_reason.and_then(end_of) {
            self.end = Some(end);
        }
    }

    /// The answer is over: what is still open ends, and the last item may be cut short.
    pub(super) fn conclude(&mut self, deltas: &mut Vec<Delta>) {
        if self.calls.has_nameless() {
            let message = "the provider called a function without naming it";
            self.end = Some(End::Failed(Fault::new(FaultKind::Model).with_message(message)));
        }
        let last_is_a_call = self.message.is_none() && self.reasoning.is_none();
        self.tell_calls(|calls, deltas, open| calls.tell_all(last_is_a_call, deltas, open), deltas);
        self.ended = true;
        deltas.push(Delta::End(self.end.take().unwrap_or(End::Completed)));
    }

    fn piece(
        &mut self,
        message: &Message<'_>,
        logprobs: Option<Raw<'_>>,
        data: &Document,
        deltas: &mut Vec<Delta>,
    ) {
        // Some servers send the same reasoning by both names.
        let reasoning = [message.reasoning.and_then(string), message.reasoning_content];
        let mut reasoning = reasoning.into_iter().flatten().map(|text| text.to_text(data));
        if let Some(text) = reasoning.find(|text| !text.is_empty()) {
            self.reason(text, deltas);
        }
        if let Some(content) = message.content {
            self.content(content, logprobs, data, deltas);
        }
        if let Some(text) = message.refusal.map(|text| text.to_text(data)).filter(|text| !text.is_empty()) {
            let (key, part) = self.message_part(true, deltas);
            deltas.push(Delta::Piece { key, piece: Piece::Refusal { part, text } });
        }
        for citation in message.annotations.iter().flatten().filter_map(|one| one.url_citation.as_ref()) {
            let (key, part) = self.message_part(false, deltas);
            deltas.push(Delta::Piece {
                key,
                piece: Piece::Annotation { part, annotation: annotation(citation, data) },
            });
        }
        for call in message.tool_calls.iter().flatten() {
            self.call_piece(call, call.function.as_ref(), data, deltas);
        }
        if let Some(function) = &message.function_call {
            let call = ToolCall { index: Some(0), id: None, function: None };
            self.call_piece(&call, Some(function), data, deltas);
        }
    }

    /// A text; or, with Mistral's reasoning models, a list of parts.
    fn content(
        &mut self,
        content: Raw<'_>,
        logprobs: Option<Raw<'_>>,
        data: &Document,
        deltas: &mut Vec<Delta>,
    ) {
        if let Some(text) = string(content).map(|text| text.to_text(data)) {
            let logprobs =
                logprobs.filter(|raw| raw.0.get().len() > 2 && !raw.is_null()).map(|raw| raw.to_json(data));
            // A token may be less than a character: it has a probability, and no text yet.
            if !text.is_empty() || logprobs.is_some() {
                let (key, part) = self.message_part(false, deltas);
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Text { part, text, logprobs, extra: Extra::new() },
                });
            }
            return;
        }
        let Ok(serde_json::Value::Array(parts)) = serde_json::from_str(content.0.get()) else { return };
        for part in parts {
            if let Some(text) = part.get("text").and_then(serde_json::Value::as_str) {
                let (key, number) = self.message_part(false, deltas);
                deltas.push(Delta::Piece {
                    key,
                    piece: Piece::Text {
                        part: number,
                        text: Text::new(text),
                        logprobs: None,
                        extra: Extra::new(),
                    },
                });
            }
            for piece in part.get("thinking").and_then(serde_json::Value::as_array).into_iter().flatten() {
                if let Some(text) = piece.get("text").and_then(serde_json::Value::as_str) {
                    self.reason(Text::new(text), deltas);
                }
            }
        }
    }

    fn reason(&mut self, text: Text, deltas: &mut Vec<Delta>) {
        let key = if let Some(key) = self.reasoning {
            key
        } else {
            self.close_message(deltas);
            self.end_calls(deltas);
            let key = self.key();
            self.reasoning = Some(key);
            deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Reasoning { id: None }) });
            key
        };
        deltas.push(Delta::Piece {
            key,
            piece: Piece::Reasoning { kind: ReasoningKind::Content, part: 0, text, extra: Extra::new() },
        });
    }

    /// The open message and its part of this kind.
    fn message_part(&mut self, refusal: bool, deltas: &mut Vec<Delta>) -> (StepKey, u32) {
        if let Some((key, part, kind)) = self.message {
            let part = if kind == refusal { part } else { part.saturating_add(1) };
            self.message = Some((key, part, refusal));
            return (key, part);
        }
        self.close_reasoning(deltas);
        self.end_calls(deltas);
        let key = self.key();
        self.message = Some((key, 0, refusal));
        deltas.push(Delta::Piece { key, piece: Piece::Open(Opening::Message { id: None, phase: None }) });
        (key, 0)
    }

    fn close_reasoning(&mut self, deltas: &mut Vec<Delta>) {
        if let Some(key) = self.reasoning.take() {
            deltas.push(Delta::Piece { key, piece: Piece::Close(Closing::default()) });
        }
    }

    fn close_message(&mut self, deltas: &mut Vec<Delta>) {
        if let Some((key, ..)) = self.message.take() {
            deltas.push(Delta::Piece { key, piece: Piece::Close(Closing::default()) });
        }
    }

    fn call_piece(
        &mut self,
        call: &ToolCall<'_>,
        function: Option<&Function<'_>>,
        data: &Document,
        deltas: &mut Vec<Delta>,
    ) {
        let word = |word: Option<Str<'_>>| word.map(Str::plain).filter(|word| !word.is_empty());
        self.calls.take(CallPiece {
            index: call.index,
            id: word(call.id),
            name: word(function.and_then(|function| function.name)),
            arguments: function.and_then(|function| function.arguments).and_then(|raw| arguments(raw, data)),
        });
        self.tell_calls(Calls::tell, deltas);
    }

    /// Tells calls; before each one what else stands open is closed.
    fn tell_calls(
        &mut self,
        tell: impl FnOnce(&mut Calls, &mut Vec<Delta>, &mut dyn FnMut(&mut Vec<Delta>) -> StepKey),
        deltas: &mut Vec<Delta>,
    ) {
        let mut calls = std::mem::take(&mut self.calls);
        tell(&mut calls, deltas, &mut |deltas| {
            self.close_reasoning(deltas);
            self.close_message(deltas);
            self.key()
        });
        self.calls = calls;
    }

    /// Something else than a call follows: the calls before it are done, unless one is in the middle of its arguments.
    fn end_calls(&mut self, deltas: &mut Vec<Delta>) {
        if !self.calls.is_empty() && self.calls.may_end() {
            self.tell_calls(|calls, deltas, open| calls.tell_all(false, deltas, open), deltas);
        }
    }
}
