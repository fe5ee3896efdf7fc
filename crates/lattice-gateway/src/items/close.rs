//! The end of a part and of an item.
//!
//! What was streamed stands: a client has it already. What the provider tells of the whole afterwards completes it,
//! and replaces nothing.

use bytes::Bytes;
use lattice_model::{
    Closing, Delta, Event, Extra, FunctionCall, Item, Json, Message, OtherItem, Part, Reasoning, Role,
    Status, Text, TextBuilder,
};

use super::{Making, OpenItem};

impl OpenItem {
    /// Closes the open part. `whole` is the same part as the provider gave it at its end.
    pub(super) fn close_part(&mut self, whole: Option<Part>, events: &mut Vec<Event>) {
        let index = match &self.making {
            Making::Message { done, .. } => done.len(),
            Making::Reasoning { done, part: Some(open) } if open.summary => done.summary.len(),
            Making::Reasoning { done, .. } => done.content.len(),
            Making::Call { .. } | Making::Other(_) => return,
        };
        let place = self.place(index);
        match &mut self.making {
            Making::Message { done, part, next, .. } => {
                let Some(open) = part.take() else { return };
                *next = open.number.saturating_add(1);
                let part = open.finish(whole);
                done.push(part.clone());
                events.push(Event::PartDone { place, part });
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

    /// Closes a message's part that the provider gives whole: first comes what was not streamed of it.
    pub(super) fn close_whole_part(&mut self, number: u32, whole: Part, events: &mut Vec<Event>) {
        let Making::Message { part, next, .. } = &self.making else { return };
        let open = part.as_ref().map(|open| (open.number, open.refusal));
        if number < open.map_or(*next, |(open, _)| open) {
            return;
        }
        let refusal = match &whole {
            Part::OutputText(_) => false,
            Part::Refusal { .. } => true,
            _ => return self.unknown_part(number, whole, events),
        };
        if open.is_some_and(|open| open.0 == number && open.1 != refusal) {
            return self.close_part(None, events);
        }
        let Some((_, open)) = self.part(number, refusal, events) else { return };
        let annotations = open.annotations.len();
        let (rest, more) = match &whole {
            Part::OutputText(text) => {
                (rest(&text.text, &open.text), text.annotations.get(annotations..).unwrap_or_default())
            }
            Part::Refusal { refusal, .. } => (rest(refusal, &open.text), [].as_slice()),
            _ => (None, [].as_slice()),
        };
        let (key, part) = (self.key, number);
        if let Some(text) = rest {
            let logprobs = match &whole {
                Part::OutputText(whole) if whole.text.len() == text.len() => whole.logprobs.clone(),
                _ => None,
            };
            self.add(
                if refusal {
                    Delta::Refusal { key, part, text }
                } else {
                    Delta::Text { key, part, text, logprobs, extra: Extra::new() }
                },
                events,
            );
        }
        for annotation in more {
            self.add(Delta::Annotation { key, part, annotation: annotation.clone() }, events);
        }
        self.close_part(Some(whole), events);
    }

    /// A part of a kind that the gateway does not know starts and ends at once.
    fn unknown_part(&mut self, number: u32, whole: Part, events: &mut Vec<Event>) {
        self.close_part(None, events);
        let place = match &self.making {
            Making::Message { done, .. } => self.place(done.len()),
            _ => return,
        };
        if let Making::Message { done, next, .. } = &mut self.making {
            done.push(whole.clone());
            *next = number.saturating_add(1);
            events.push(Event::PartAdded { place: place.clone(), part: whole.clone() });
            events.push(Event::PartDone { place, part: whole });
        }
    }

    /// Ends the item: the events of what was still open, and the item as it is for good.
    pub(crate) fn close(mut self, closing: Closing, fallback: Status, events: &mut Vec<Event>) -> Item {
        let whole = closing.item.map(|whole| *whole).filter(|whole| self.is_kind_of(whole));
        if let Some(whole) = &whole {
            self.catch_up(whole, events);
        }
        self.close_part(None, events);
        if matches!(&self.making, Making::Call { arguments, .. } if arguments.is_empty()) {
            // The deltas of a call always add up to its arguments, also where the provider sent none (C3).
            self.add_arguments(Text::new("{}"), Extra::new(), events);
        }
        let given = closing.status.or_else(|| whole.as_ref().and_then(status));
        let status = given.filter(|status| *status != Status::InProgress).or(Some(fallback));
        let place = self.place(0);
        let id = Some(self.id.to_string());
        match self.making {
            Making::Message { phase, done: content, .. } => {
                let (phase, extra) = match whole {
                    Some(Item::Message(whole)) => (whole.phase.or(phase), whole.extra),
                    _ => (phase, Extra::new()),
                };
                Item::Message(Message { id, role: Role::Assistant, phase, status, content, extra })
            }
            Making::Call { call_id, name, arguments } => {
                let extra = match whole {
                    Some(Item::FunctionCall(whole)) => whole.extra,
                    _ => Extra::new(),
                };
                let arguments = arguments.finish();
                let done = arguments.clone();
                events.push(Event::ArgumentsDone { place, name: name.as_str().into(), arguments: done });
                Item::FunctionCall(FunctionCall { id, call_id, name, arguments, status, extra })
            }
            Making::Reasoning { done, .. } => {
                let (encrypted, extra) = match whole {
                    Some(Item::Reasoning(whole)) => (whole.encrypted.or(closing.encrypted), whole.extra),
                    _ => (closing.encrypted, Extra::new()),
                };
                let (summary, content) = (done.summary, done.content);
                Item::Reasoning(Reasoning { id, summary, content, encrypted, status, extra })
            }
            Making::Other(started) => {
                let mut item = whole.unwrap_or(*started);
                item.set_id(self.id.to_string());
                if let (Item::Other(item), Some(status)) = (&mut item, status) {
                    end_unknown(item, status);
                }
                item
            }
        }
    }

    fn is_kind_of(&self, whole: &Item) -> bool {
        match (&self.making, whole) {
            (Making::Message { .. }, Item::Message(_))
            | (Making::Call { .. }, Item::FunctionCall(_))
            | (Making::Reasoning { .. }, Item::Reasoning(_)) => true,
            (Making::Other(started), whole) => match (&**started, whole) {
                (Item::Other(started), Item::Other(whole)) => started.kind == whole.kind,
                (Item::FunctionCallOutput(_), Item::FunctionCallOutput(_)) => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Adds what the whole item has beyond what was streamed.
    fn catch_up(&mut self, whole: &Item, events: &mut Vec<Event>) {
        match whole {
            Item::Message(message) => {
                for (number, part) in (0..).zip(&message.content) {
                    self.close_whole_part(number, part.clone(), events);
                }
            }
            Item::FunctionCall(call) => {
                let missing = match &self.making {
                    Making::Call { arguments, .. } => rest(&call.arguments, arguments),
                    _ => None,
                };
                self.add_arguments(missing.unwrap_or_default(), Extra::new(), events);
            }
            Item::Reasoning(reasoning) => {
                self.catch_up_thoughts(&reasoning.summary, true, events);
                self.catch_up_thoughts(&reasoning.content, false, events);
            }
            Item::FunctionCallOutput(_) | Item::Other(_) => {}
        }
    }

    fn catch_up_thoughts(&mut self, whole: &[Text], summary: bool, events: &mut Vec<Event>) {
        for (number, text) in (0..).zip(whole) {
            let Making::Reasoning { done, part } = &self.making else { return };
            let count = if summary { done.summary.len() } else { done.content.len() };
            if usize::try_from(number).unwrap_or(usize::MAX) < count {
                continue;
            }
            let open = part.as_ref().filter(|open| open.summary == summary);
            let (key, extra) = (self.key, Extra::new());
            let part = open.map_or(number, |open| open.number);
            let text = open.map_or_else(|| Some(text.clone()), |open| rest(text, &open.text));
            if let Some(text) = text {
                self.add(
                    if summary {
                        Delta::Summary { key, part, text, extra }
                    } else {
                        Delta::Thought { key, part, text, extra }
                    },
                    events,
                );
            }
            self.close_part(None, events);
        }
    }
}

/// What `whole` has after what was `streamed` of it; `None` if nothing, or if they do not agree.
fn rest(whole: &Text, streamed: &TextBuilder) -> Option<Text> {
    whole.after(streamed).filter(|rest| !rest.is_empty())
}

/// An item of a kind that the gateway does not know may say that it is being made. When it ends it is not.
fn end_unknown(item: &mut OtherItem, status: Status) {
    let in_progress = item
        .fields
        .iter_mut()
        .find(|(name, json)| &**name == "status" && json.raw().as_ref() == br#""in_progress""#);
    if let Some((_, json)) = in_progress {
        let word: &'static [u8] =
            if status == Status::Completed { br#""completed""# } else { br#""incomplete""# };
        *json = Json::from_raw(Bytes::from_static(word));
    }
}

fn status(item: &Item) -> Option<Status> {
    match item {
        Item::Message(item) => item.status,
        Item::FunctionCall(item) => item.status,
        Item::FunctionCallOutput(item) => item.status,
        Item::Reasoning(item) => item.status,
        Item::Other(_) => None,
    }
}
