//! Events: what a client that streams is told, numbered and complete, in no dialect.

use std::sync::Arc;

use crate::item::{Annotation, Item};
use crate::json::{Extra, Json};
use crate::response::{ErrorBody, Response};
use crate::text::Text;

/// Where in the output something happens.
#[derive(Debug, Clone)]
pub struct Place {
    /// The item's id.
    pub item_id: Arc<str>,
    /// The item's position in the output.
    pub output_index: u32,
    /// The part's position in the item; 0 where an item has no parts.
    pub part: u32,
}

/// One event. Sequence numbers are given where events are written out, in order from 0.
#[derive(Debug, Clone)]
pub enum Event {
    /// `response.created`
    Created(Arc<Response>),
    /// `response.in_progress`
    InProgress(Arc<Response>),
    /// `response.output_item.added`
    ItemAdded { output_index: u32, item: Arc<Item> },
    /// `response.content_part.added`, empty as it starts (one of an unknown kind whole); for messages.
    PartAdded { place: Place, part: crate::item::Part },
    /// `response.output_text.delta`
    TextDelta { place: Place, text: Text, logprobs: Option<Json>, extra: Extra },
    /// `response.output_text.annotation.added`
    AnnotationAdded { place: Place, annotation_index: u32, annotation: Annotation },
    /// `response.output_text.done`, then `response.content_part.done`; the part is a message's.
    PartDone { place: Place, part: crate::item::Part },
    /// `response.refusal.delta`
    RefusalDelta { place: Place, text: Text },
    /// `response.content_part.added` for reasoning.
    ThoughtAdded { place: Place },
    /// `response.reasoning.delta`
    ThoughtDelta { place: Place, text: Text, extra: Extra },
    /// `response.reasoning.done`, then `response.content_part.done`
    ThoughtDone { place: Place, text: Text },
    /// `response.reasoning_summary_part.added`
    SummaryAdded { place: Place },
    /// `response.reasoning_summary_text.delta`
    SummaryDelta { place: Place, text: Text, extra: Extra },
    /// `response.reasoning_summary_text.done`, then `response.reasoning_summary_part.done`
    SummaryDone { place: Place, text: Text },
    /// `response.function_call_arguments.delta`
    ArgumentsDelta { place: Place, text: Text, extra: Extra },
    /// `response.function_call_arguments.done`
    ArgumentsDone { place: Place, name: Box<str>, arguments: Text },
    /// `response.output_item.done`
    ItemDone { output_index: u32, item: Arc<Item> },
    /// An event of a kind that the gateway does not know.
    Opaque { kind: Box<str>, output_index: Option<u32>, fields: Extra },
    /// `error`
    Error(ErrorBody),
    /// The last event, `response.completed`, `.incomplete` or `.failed` as the response's outcome says: the whole response.
    Ended(Arc<Response>),
}
