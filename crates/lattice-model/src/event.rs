//! Events: what a client that streams is told, numbered and complete, in no dialect. Each is one event of the standard.

use std::sync::Arc;

use crate::delta::ReasoningKind;
use crate::item::{Annotation, Item, Part};
use crate::json::{Extra, Json};
use crate::response::{ErrorBody, Response};
use crate::text::Text;

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its `sequence_number`: from 0, without gaps, and the same whenever the event is told again.
    pub number: u64,
    /// What is told.
    pub what: What,
}

/// Where in the output something happens.
#[derive(Debug, Clone)]
pub struct Position {
    /// The item's id.
    pub item_id: Arc<str>,
    /// The item's position in the output.
    pub output_index: u32,
    /// The part's position in the item; 0 where an item has no parts.
    pub part: u32,
}

/// What an event tells.
#[derive(Debug, Clone)]
pub enum What {
    /// `response.created`
    Created(Arc<Response>),
    /// `response.in_progress`
    InProgress(Arc<Response>),
    /// `response.output_item.added`
    ItemAdded { output_index: u32, item: Arc<Item> },
    /// `response.content_part.added`, empty as it starts (one of an unknown kind whole); for messages.
    PartAdded { at: Position, part: Part },
    /// `response.output_text.delta`
    TextDelta { at: Position, text: Text, logprobs: Option<Json>, extra: Extra },
    /// `response.output_text.annotation.added`
    AnnotationAdded { at: Position, annotation_index: u32, annotation: Annotation },
    /// `response.output_text.done`
    TextDone { at: Position, text: Text, logprobs: Option<Json> },
    /// `response.refusal.delta`
    RefusalDelta { at: Position, text: Text },
    /// `response.refusal.done`
    RefusalDone { at: Position, text: Text },
    /// `response.content_part.done`; for messages.
    PartDone { at: Position, part: Part },
    /// `response.content_part.added` or `response.reasoning_summary_part.added`
    ReasoningPartAdded { at: Position, kind: ReasoningKind },
    /// `response.reasoning.delta` or `response.reasoning_summary_text.delta`
    ReasoningDelta { at: Position, kind: ReasoningKind, text: Text, extra: Extra },
    /// `response.reasoning.done` or `response.reasoning_summary_text.done`
    ReasoningDone { at: Position, kind: ReasoningKind, text: Text },
    /// `response.content_part.done` or `response.reasoning_summary_part.done`
    ReasoningPartDone { at: Position, kind: ReasoningKind, text: Text },
    /// `response.function_call_arguments.delta`
    ArgumentsDelta { at: Position, text: Text, extra: Extra },
    /// `response.function_call_arguments.done`
    ArgumentsDone { at: Position, name: Box<str>, arguments: Text },
    /// `response.output_item.done`
    ItemDone { output_index: u32, item: Arc<Item> },
    /// An event of a kind that the gateway does not know.
    Opaque { kind: Box<str>, output_index: Option<u32>, fields: Extra },
    /// `error`
    Error(ErrorBody),
    /// The last event, `response.completed`, `.incomplete` or `.failed` as the response's outcome says: the whole response.
    Ended(Arc<Response>),
}
