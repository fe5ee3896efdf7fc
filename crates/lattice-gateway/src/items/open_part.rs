//! A part of an item while it is being made.

use bytes::{Bytes, BytesMut};
use lattice_model::{Annotation, Extra, Json, OutputText, Part, PartKind, ReasoningKind, Text, TextBuilder};

/// An open part of a message: text or a refusal.
#[derive(Debug)]
pub(super) struct OpenPart {
    /// The provider's number for it, which need not be its index.
    pub(super) number: u32,
    pub(super) kind: PartKind,
    pub(super) text: TextBuilder,
    pub(super) annotations: Vec<Annotation>,
    logprobs: BytesMut,
}

/// The parts of a reasoning item that are done.
#[derive(Debug, Default)]
pub(super) struct ReasoningParts {
    pub(super) summary: Vec<Text>,
    pub(super) content: Vec<Text>,
}

impl ReasoningParts {
    pub(super) fn of(&self, kind: ReasoningKind) -> &Vec<Text> {
        match kind {
            ReasoningKind::Content => &self.content,
            ReasoningKind::Summary => &self.summary,
        }
    }

    pub(super) fn push(&mut self, kind: ReasoningKind, text: Text) {
        match kind {
            ReasoningKind::Content => self.content.push(text),
            ReasoningKind::Summary => self.summary.push(text),
        }
    }
}

/// An open part of reasoning.
#[derive(Debug)]
pub(super) struct OpenReasoning {
    pub(super) number: u32,
    pub(super) kind: ReasoningKind,
    pub(super) text: TextBuilder,
}

impl OpenPart {
    pub(super) fn new(number: u32, kind: PartKind) -> Self {
        let (text, annotations, logprobs) = (TextBuilder::default(), Vec::new(), BytesMut::new());
        Self { number, kind, text, annotations, logprobs }
    }

    /// The part as it starts.
    pub(super) fn empty(&self) -> Part {
        if self.kind == PartKind::Refusal {
            Part::Refusal { refusal: Text::empty(), extra: Extra::new() }
        } else {
            Part::OutputText(OutputText::default())
        }
    }

    pub(super) fn add(&mut self, text: &Text, logprobs: Option<&Json>) {
        self.text.push(text);
        let Some(more) = logprobs else { return };
        // Both are JSON arrays: what stands between the brackets is joined.
        let raw = more.raw();
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default().trim_ascii();
        if !inner.is_empty() {
            if !self.logprobs.is_empty() {
                self.logprobs.extend_from_slice(b",");
            }
            self.logprobs.extend_from_slice(inner);
        }
    }

    /// The part as it was streamed. From `whole`, the provider's own, it takes what no delta tells.
    pub(super) fn finish(self, whole: Option<Part>) -> Part {
        let text = self.text.finish();
        if self.kind == PartKind::Refusal {
            let extra = match whole {
                Some(Part::Refusal { extra, .. }) => extra,
                _ => Extra::new(),
            };
            return Part::Refusal { refusal: text, extra };
        }
        let streamed = (!self.logprobs.is_empty()).then(|| {
            let joined = [b"[", self.logprobs.as_ref(), b"]"].concat();
            Json::from_raw(Bytes::from(joined))
        });
        let (logprobs, extra) = match whole {
            Some(Part::OutputText(whole)) if whole.text == text => (whole.logprobs.or(streamed), whole.extra),
            Some(Part::OutputText(whole)) => (streamed, whole.extra),
            _ => (streamed, Extra::new()),
        };
        Part::OutputText(OutputText { text, annotations: self.annotations, logprobs, extra })
    }
}
