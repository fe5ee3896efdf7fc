//! An item while it is being made.

mod close;
mod open_part;

use std::collections::HashSet;
use std::sync::Arc;

use lattice_model::{
    Delta, Event, Extra, FunctionCall, Item, Json, Message, Opening, Part, Phase, Place, Reasoning, Role,
    Status, StepKey, Text, TextBuilder,
};

use open_part::{OpenPart, OpenThought, Thoughts};

/// An item while it is being made.
#[derive(Debug)]
pub(crate) struct OpenItem {
    pub(crate) key: StepKey,
    pub(crate) output_index: u32,
    id: Arc<str>,
    making: Making,
}

#[derive(Debug)]
enum Making {
    Message { phase: Option<Phase>, done: Vec<Part>, part: Option<OpenPart>, next: u32 },
    Call { call_id: String, name: String, arguments: TextBuilder },
    Reasoning { done: Thoughts, part: Option<OpenThought> },
    Other(Box<Item>),
}

impl OpenItem {
    /// Starts an item: it gets the provider's id, or one made of the response's where there is none, or where the provider
    /// has given it to another item before, which `ids` tells.
    pub(crate) fn open(
        key: StepKey,
        output_index: u32,
        mut opening: Opening,
        stem: &str,
        ids: &mut HashSet<Arc<str>>,
    ) -> Self {
        if opening.id().is_some_and(|id| id.is_empty() || ids.contains(id)) {
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
                Making::Reasoning { done: Thoughts::default(), part: None },
            ),
            Opening::Other(item) => {
                (item.id().map_or_else(|| minted("item"), str::to_owned), Making::Other(item))
            }
        };
        let id: Arc<str> = id.into();
        ids.insert(Arc::clone(&id));
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

    fn place(&self, part: usize) -> Place {
        let part = u32::try_from(part).unwrap_or(u32::MAX);
        Place { item_id: Arc::clone(&self.id), output_index: self.output_index, part }
    }

    /// Takes what a delta adds; one that does not fit the item's kind is not taken.
    pub(crate) fn add(&mut self, delta: Delta, events: &mut Vec<Event>) {
        match delta {
            Delta::OpenPart { part, refusal, .. } => {
                self.part(part, refusal, events);
            }
            Delta::ClosePart { part, whole, .. } => self.close_whole_part(part, *whole, events),
            Delta::Text { part, text, logprobs, extra, .. } => {
                self.add_text(part, text, logprobs, extra, events);
            }
            Delta::Refusal { part, text, .. } => {
                if let Some((place, open)) = self.part(part, true, events) {
                    open.text.push(&text);
                    events.push(Event::RefusalDelta { place, text });
                }
            }
            Delta::Annotation { part, annotation, .. } => {
                if let Some((place, open)) = self.part(part, false, events) {
                    let annotation_index = u32::try_from(open.annotations.len()).unwrap_or(u32::MAX);
                    open.annotations.push(annotation.clone());
                    events.push(Event::AnnotationAdded { place, annotation_index, annotation });
                }
            }
            Delta::Thought { part, text, extra, .. } => {
                if let Some((place, open)) = self.thought(part, false, events) {
                    open.text.push(&text);
                    events.push(Event::ThoughtDelta { place, text, extra });
                }
            }
            Delta::Summary { part, text, extra, .. } => {
                if let Some((place, open)) = self.thought(part, true, events) {
                    open.text.push(&text);
                    events.push(Event::SummaryDelta { place, text, extra });
                }
            }
            Delta::Arguments { text, extra, .. } => self.add_arguments(text, extra, events),
            _ => {}
        }
    }

    fn add_text(
        &mut self,
        part: u32,
        text: Text,
        logprobs: Option<Json>,
        extra: Extra,
        events: &mut Vec<Event>,
    ) {
        let Some((place, open)) = self.part(part, false, events) else { return };
        open.add(&text, logprobs.as_ref());
        events.push(Event::TextDelta { place, text, logprobs, extra });
    }

    fn add_arguments(&mut self, text: Text, extra: Extra, events: &mut Vec<Event>) {
        let place = self.place(0);
        if let Making::Call { arguments, .. } = &mut self.making
            && !text.is_empty()
        {
            arguments.push(&text);
            events.push(Event::ArgumentsDelta { place, text, extra });
        }
    }

    /// The open part of this number, opened if need be; the one before is closed.
    fn part(
        &mut self,
        number: u32,
        refusal: bool,
        events: &mut Vec<Event>,
    ) -> Option<(Place, &mut OpenPart)> {
        let fits = match &self.making {
            Making::Message { part: Some(open), .. } => open.is(number, refusal),
            Making::Message { .. } => false,
            Making::Call { .. } | Making::Reasoning { .. } | Making::Other(_) => return None,
        };
        if !fits {
            self.close_part(None, events);
        }
        let index = match &self.making {
            Making::Message { done, .. } => done.len(),
            _ => 0,
        };
        let place = self.place(index);
        let Making::Message { part, .. } = &mut self.making else { return None };
        let open = part.get_or_insert_with(|| {
            let open = OpenPart::new(number, refusal);
            events.push(Event::PartAdded { place: place.clone(), part: open.empty() });
            open
        });
        Some((place, open))
    }

    fn thought(
        &mut self,
        number: u32,
        summary: bool,
        events: &mut Vec<Event>,
    ) -> Option<(Place, &mut OpenThought)> {
        let fits = match &self.making {
            Making::Reasoning { part: Some(open), .. } => open.number == number && open.summary == summary,
            Making::Reasoning { .. } => false,
            Making::Message { .. } | Making::Call { .. } | Making::Other(_) => return None,
        };
        if !fits {
            self.close_part(None, events);
        }
        let index = match &self.making {
            Making::Reasoning { done, .. } if summary => done.summary.len(),
            Making::Reasoning { done, .. } => done.content.len(),
            _ => 0,
        };
        let place = self.place(index);
        let Making::Reasoning { part, .. } = &mut self.making else { return None };
        let open = part.get_or_insert_with(|| {
            let place = place.clone();
            events.push(if summary { Event::SummaryAdded { place } } else { Event::ThoughtAdded { place } });
            OpenThought { number, summary, text: TextBuilder::default() }
        });
        Some((place, open))
    }
}
