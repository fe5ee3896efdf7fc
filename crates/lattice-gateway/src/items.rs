//! An item while it is being made.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use lattice_model::{
    Annotation, Closing, Delta, Event, Extra, FunctionCall, Item, Json, Message, Opening, OutputText, Part,
    Phase, Place, Reasoning, Role, Status, StepKey, Text, TextBuilder,
};

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
    Message { phase: Option<Phase>, done: Vec<Part>, part: Option<OpenPart> },
    Call { call_id: String, name: String, arguments: TextBuilder },
    Reasoning { done: Thoughts, part: Option<OpenThought> },
    Other(Box<Item>),
}

#[derive(Debug)]
struct OpenPart {
    number: u32,
    refusal: bool,
    text: TextBuilder,
    annotations: Vec<Annotation>,
    logprobs: BytesMut,
}

#[derive(Debug, Default)]
struct Thoughts {
    summary: Vec<Text>,
    content: Vec<Text>,
}

#[derive(Debug)]
struct OpenThought {
    number: u32,
    summary: bool,
    text: TextBuilder,
}

impl OpenItem {
    /// Starts an item: it gets the provider's id, or one made of the response's.
    pub(crate) fn open(key: StepKey, output_index: u32, opening: Opening, stem: &str) -> Self {
        let minted = |prefix: &str| format!("{prefix}_{stem}{output_index:04x}");
        let (id, making) = match opening {
            Opening::Message { id, phase } => {
                (id.unwrap_or_else(|| minted("msg")), Making::Message { phase, done: Vec::new(), part: None })
            }
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
        Self { key, output_index, id: id.into(), making }
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
            Delta::Arguments { text, extra, .. } => {
                let place = self.place(0);
                if let Making::Call { arguments, .. } = &mut self.making
                    && !text.is_empty()
                {
                    arguments.push(&text);
                    events.push(Event::ArgumentsDelta { place, text, extra });
                }
            }
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
        open.text.push(&text);
        if let Some(more) = &logprobs {
            // Both are JSON arrays: what stands between the brackets is joined.
            let raw = more.raw();
            let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default().trim_ascii();
            if !inner.is_empty() {
                if !open.logprobs.is_empty() {
                    open.logprobs.extend_from_slice(b",");
                }
                open.logprobs.extend_from_slice(inner);
            }
        }
        events.push(Event::TextDelta { place, text, logprobs, extra });
    }

    /// The open part of this number, opened if need be; the one before is closed.
    fn part(
        &mut self,
        number: u32,
        refusal: bool,
        events: &mut Vec<Event>,
    ) -> Option<(Place, &mut OpenPart)> {
        let fits = match &self.making {
            Making::Message { part: Some(open), .. } => open.number == number && open.refusal == refusal,
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
        if part.is_none() {
            events.push(Event::PartAdded { place: place.clone(), refusal });
        }
        let open = part.get_or_insert_with(|| OpenPart {
            number,
            refusal,
            text: TextBuilder::default(),
            annotations: Vec::new(),
            logprobs: BytesMut::new(),
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
        if part.is_none() {
            let place = place.clone();
            events.push(if summary { Event::SummaryAdded { place } } else { Event::ThoughtAdded { place } });
        }
        let open = part.get_or_insert_with(|| OpenThought { number, summary, text: TextBuilder::default() });
        Some((place, open))
    }

    /// Closes the open part. `whole` is the item as a provider of the same dialect gave it: its parts are more exact.
    fn close_part(&mut self, whole: Option<&Item>, events: &mut Vec<Event>) {
        let index = match &self.making {
            Making::Message { done, .. } => done.len(),
            Making::Reasoning { done, part: Some(open) } if open.summary => done.summary.len(),
            Making::Reasoning { done, .. } => done.content.len(),
            Making::Call { .. } | Making::Other(_) => return,
        };
        let place = self.place(index);
        match &mut self.making {
            Making::Message { done, part, .. } => {
                let Some(open) = part.take() else { return };
                let made = open.finish();
                let exact = match whole {
                    Some(Item::Message(message)) => message.content.get(index).cloned(),
                    _ => None,
                };
                let made = exact.unwrap_or(made);
                done.push(made.clone());
                events.push(Event::PartDone { place, part: made });
            }
            Making::Reasoning { done, part } => {
                let Some(open) = part.take() else { return };
                let text = open.text.finish();
                if open.summary {
                    done.summary.push(text.clone());
                    events.push(Event::SummaryDone { place, text });
                } else {
                    done.content.push(text.clone());
                    events.push(Event::ThoughtDone { place, text });
                }
            }
            Making::Call { .. } | Making::Other(_) => {}
        }
    }

    /// Ends the item: the events of what was still open, and the item as it is for good.
    pub(crate) fn close(mut self, closing: Closing, fallback: Status, events: &mut Vec<Event>) -> Item {
        self.close_part(closing.item.as_deref(), events);
        let status = Some(closing.status.unwrap_or(fallback));
        let place = self.place(0);
        let id = Some(self.id.to_string());
        let extra = Extra::new();
        let made = match self.making {
            Making::Message { phase, done, .. } => {
                Item::Message(Message { id, role: Role::Assistant, phase, status, content: done, extra })
            }
            Making::Call { call_id, name, arguments } => {
                let streamed = arguments.finish();
                let arguments = final_arguments(closing.arguments, closing.item.as_deref(), &streamed);
                if streamed.is_empty() {
                    // The deltas of a call always add up to its arguments, also where the provider sent none (C3).
                    let text = arguments.clone();
                    events.push(Event::ArgumentsDelta { place: place.clone(), text, extra: Extra::new() });
                }
                let done = arguments.clone();
                events.push(Event::ArgumentsDone { place, name: name.as_str().into(), arguments: done });
                Item::FunctionCall(FunctionCall { id, call_id, name, arguments, status, extra })
            }
            Making::Reasoning { done, .. } => Item::Reasoning(Reasoning {
                id,
                summary: done.summary,
                content: done.content,
                encrypted: closing.encrypted,
                status,
                extra,
            }),
            Making::Other(item) => *item,
        };
        let mut item = closing.item.map_or(made, |whole| *whole);
        item.set_id(self.id.to_string());
        if let Item::FunctionCall(call) = &mut item
            && call.arguments.is_empty()
        {
            call.arguments = Text::new("{}");
        }
        item
    }
}

fn final_arguments(given: Option<Text>, whole: Option<&Item>, streamed: &Text) -> Text {
    let whole = match whole {
        Some(Item::FunctionCall(call)) => Some(call.arguments.clone()),
        _ => None,
    };
    let known = given.or(whole).unwrap_or_else(|| streamed.clone());
    if known.is_empty() { Text::new("{}") } else { known }
}

impl OpenPart {
    fn finish(self) -> Part {
        let text = self.text.finish();
        if self.refusal {
            return Part::Refusal { refusal: text, extra: Extra::new() };
        }
        let logprobs = (!self.logprobs.is_empty()).then(|| {
            let joined = [b"[", self.logprobs.as_ref(), b"]"].concat();
            Json::from_raw(Bytes::from(joined))
        });
        Part::OutputText(OutputText { text, annotations: self.annotations, logprobs, extra: Extra::new() })
    }
}
