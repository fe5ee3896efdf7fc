//! An item while it is being made.

mod close;
mod open_part;

use std::collections::HashSet;
use std::sync::Arc;

use lattice_model::{
    Extra, FunctionCall, Item, Message, Opening, Part, PartKind, Phase, Piece, Position, Reasoning,
    ReasoningKind, Role, Status, StepKey, Text, TextBuilder, What,
};

use open_part::{OpenPart, OpenReasoning, ReasoningParts};

use crate::ids;
use crate::outbox::Outbox;

/// An item while it is being made.
#[derive(Debug)]
pub(crate) struct OpenItem {
    /// The provider's key for it; none where it came whole.
    pub(crate) key: Option<StepKey>,
    pub(crate) output_index: u32,
    id: Arc<str>,
    making: Making,
}

#[derive(Debug)]
enum Making {
    Message { phase: Option<Phase>, done: Vec<Part>, part: Option<OpenPart>, next: u32 },
    Call { call_id: String, name: String, arguments: TextBuilder },
    Reasoning { done: ReasoningParts, part: Option<OpenReasoning> },
    Other(Box<Item>),
}

impl OpenItem {
    /// Starts an item: it gets the provider's id, or one made of the response's where there is none, or where the provider
    /// has given it to another item before, which `taken` tells, or it is none.
    pub(crate) fn open(
        key: Option<StepKey>,
        output_index: u32,
        mut opening: Opening,
        stem: &str,
        taken: &mut HashSet<Arc<str>>,
    ) -> Self {
        if opening.id().is_some_and(|id| !ids::is_plausible(id) || taken.contains(id)) {
            opening.forget_id();
        }
        let minted = |prefix: &str| format!("{prefix}_{stem}{output_index:04x}");
        let (id, making) = match opening {
            Opening::Message { id, phase } => (
                id.unwrap_or_else(|| minted("msg")),
                Making::Message { phase, done: Vec::new(), part: None, next: 0 },
            ),
            Opening::FunctionCall { id, call_id, name } => (
                id.unwrap_or_else(|| minted("fc")),
                Making::Call { call_id, name, arguments: TextBuilder::default() },
            ),
            Opening::Reasoning { id } => (
                id.unwrap_or_else(|| minted("rs")),
                Making::Reasoning { done: ReasoningParts::default(), part: None },
            ),
            Opening::Other(item) => {
                (item.id().map_or_else(|| minted("item"), str::to_owned), Making::Other(item))
            }
        };
        let id: Arc<str> = id.into();
        taken.insert(Arc::clone(&id));
        Self { key, output_index, id, making }
    }

    /// The item as it starts.
    pub(crate) fn started(&self) -> Item {
        let id = Some(self.id.to_string());
        let status = Some(Status::InProgress);
        let extra = Extra::new();
        match &self.making {
            Making::Message { phase, .. } => Item::Message(Message {
                id,
                role: Role::Assistant,
                phase: *phase,
                status,
                content: Vec::new(),
                extra,
            }),
            Making::Call { call_id, name, .. } => Item::FunctionCall(FunctionCall {
                id,
                call_id: call_id.clone(),
                name: name.clone(),
                arguments: Text::empty(),
                status,
                extra,
            }),
            Making::Reasoning { .. } => Item::Reasoning(Reasoning { id, status, ..Reasoning::default() }),
            Making::Other(item) => {
                let mut item = (**item).clone();
                item.set_id(self.id.to_string());
                item
            }
        }
    }

    fn position(&self, part: usize) -> Position {
        let part = u32::try_from(part).unwrap_or(u32::MAX);
        Position { item_id: Arc::clone(&self.id), output_index: self.output_index, part }
    }

    /// Takes what a piece adds; one that does not fit the item's kind is not taken.
    pub(crate) fn add(&mut self, piece: Piece, out: &mut Outbox<'_>) {
        match piece {
            Piece::OpenPart { part, kind } => {
                self.part(part, kind, out);
            }
            Piece::ClosePart { part, whole } => self.close_whole_part(part, *whole, out),
            Piece::Text { part, text, logprobs, extra } => {
                let Some((at, open)) = self.part(part, PartKind::Text, out) else { return };
                open.add(&text, logprobs.as_ref());
                out.push(What::TextDelta { at, text, logprobs, extra });
            }
            Piece::Refusal { part, text } => {
                let Some((at, open)) = self.part(part, PartKind::Refusal, out) else { return };
                open.text.push(&text);
                out.push(What::RefusalDelta { at, text });
            }
            Piece::Annotation { part, annotation } => {
                let Some((at, open)) = self.part(part, PartKind::Text, out) else { return };
                let annotation_index = u32::try_from(open.annotations.len()).unwrap_or(u32::MAX);
                open.annotations.push(annotation.clone());
                out.push(What::AnnotationAdded { at, annotation_index, annotation });
            }
            Piece::Reasoning { kind, part, text, extra } => {
                let Some((at, open)) = self.reasoning(part, kind, out) else { return };
                open.text.push(&text);
                out.push(What::ReasoningDelta { at, kind, text, extra });
            }
            Piece::Arguments { text, extra } => self.add_arguments(text, extra, out),
            // The machine's own.
            Piece::Open(_) | Piece::Close(_) => {}
        }
    }

    fn add_arguments(&mut self, text: Text, extra: Extra, out: &mut Outbox<'_>) {
        let at = self.position(0);
        if let Making::Call { arguments, .. } = &mut self.making
            && !text.is_empty()
        {
            arguments.push(&text);
            out.push(What::ArgumentsDelta { at, text, extra });
        }
    }

    /// The open part of this number, opened if need be; the one before is closed.
    fn part(
        &mut self,
        number: u32,
        kind: PartKind,
        out: &mut Outbox<'_>,
    ) -> Option<(Position, &mut OpenPart)> {
        let fits = match &self.making {
            Making::Message { part: Some(open), .. } => (open.number, open.kind) == (number, kind),
            Making::Message { .. } => false,
            Making::Call { .. } | Making::Reasoning { .. } | Making::Other(_) => return None,
        };
        if !fits {
            self.close_part(None, out);
        }
        let index = match &self.making {
            Making::Message { done, .. } => done.len(),
            _ => 0,
        };
        let at = self.position(index);
        let Making::Message { part, .. } = &mut self.making else { return None };
        let open = part.get_or_insert_with(|| {
            let open = OpenPart::new(number, kind);
            out.push(What::PartAdded { at: at.clone(), part: open.empty() });
            open
        });
        Some((at, open))
    }

    fn reasoning(
        &mut self,
        number: u32,
        kind: ReasoningKind,
        out: &mut Outbox<'_>,
    ) -> Option<(Position, &mut OpenReasoning)> {
        let fits = match &self.making {
            Making::Reasoning { part: Some(open), .. } => (open.number, open.kind) == (number, kind),
            Making::Reasoning { .. } => false,
            Making::Message { .. } | Making::Call { .. } | Making::Other(_) => return None,
        };
        if !fits {
            self.close_part(None, out);
        }
        let index = match &self.making {
            Making::Reasoning { done, .. } => done.of(kind).len(),
            _ => 0,
        };
        let at = self.position(index);
        let Making::Reasoning { part, .. } = &mut self.making else { return None };
        let open = part.get_or_insert_with(|| {
            out.push(What::ReasoningPartAdded { at: at.clone(), kind });
            OpenReasoning { number, kind, text: TextBuilder::default() }
        });
        Some((at, open))
    }
}
