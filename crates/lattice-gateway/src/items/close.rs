//! The end of a part and of an item.
//!
//! What was streamed stands: a client has it already. What the provider tells of the whole afterwards completes it,
//! and replaces nothing.

use bytes::Bytes;
use lattice_model::{
    Closing, Extra, FunctionCall, Item, Json, Message, OtherItem, Part, PartKind, Piece, Reasoning,
    ReasoningKind, Role, Status, Text, TextBuilder, What,
};

use super::open_part::OpenReasoning;
use super::{Making, OpenItem};
use crate::outbox::Outbox;

impl OpenItem {
    /// Closes the open part. `whole` is the same part as the provider gave it at its end.
    pub(super) fn close_part(&mut self, whole: Option<Part>, out: &mut Outbox<'_>) {
        let index = match &self.making {
            Making::Message { done, .. } => done.len(),
            Making::Reasoning { done, part: Some(open) } => done.of(open.kind).len(),
            Making::Reasoning { part: None, .. } | Making::Call { .. } | Making::Other(_) => return,
        };
        let at = self.position(index);
        match &mut self.making {
            Making::Message { done, part, next, .. } => {
                let Some(open) = part.take() else { return };
                *next = open.number.saturating_add(1);
                let part = open.finish(whole);
                done.push(part.clone());
                match &part {
                    Part::OutputText(text) => {
                        let (text, logprobs) = (text.text.clone(), text.logprobs.clone());
                        out.push(What::TextDone { at: at.clone(), text, logprobs });
                    }
                    Part::Refusal { refusal, .. } => {
                        out.push(What::RefusalDone { at: at.clone(), text: refusal.clone() });
                    }
                    _ => {}
                }
                out.push(What::PartDone { at, part });
            }
            Making::Reasoning { done, part } => {
                let Some(OpenReasoning { kind, text, .. }) = part.take() else { return };
                let text = text.finish();
                done.push(kind, text.clone());
                out.push(What::ReasoningDone { at: at.clone(), kind, text: text.clone() });
                out.push(What::ReasoningPartDone { at, kind, text });
            }
            Making::Call { .. } | Making::Other(_) => {}
        }
    }

    /// Closes a message's part that the provider gives whole: first comes what was not streamed of it.
    pub(super) fn close_whole_part(&mut self, number: u32, whole: Part, out: &mut Outbox<'_>) {
        let Making::Message { part, next, .. } = &self.making else { return };
        let open = part.as_ref().map(|open| (open.number, open.kind));
        if number < open.map_or(*next, |(open, _)| open) {
            return;
        }
        let kind = match &whole {
            Part::OutputText(_) => PartKind::Text,
            Part::Refusal { .. } => PartKind::Refusal,
            _ => return self.unknown_part(number, whole, out),
        };
        if open.is_some_and(|open| open.0 == number && open.1 != kind) {
            return self.close_part(None, out);
        }
        let Some((_, open)) = self.part(number, kind, out) else { return };
        let annotations = open.annotations.len();
        let (rest, more) = match &whole {
            Part::OutputText(text) => {
                (rest(&text.text, &open.text), text.annotations.get(annotations..).unwrap_or_default())
            }
            Part::Refusal { refusal, .. } => (rest(refusal, &open.text), [].as_slice()),
            _ => (None, [].as_slice()),
        };
        let part = number;
        if let Some(text) = rest {
            let logprobs = match &whole {
                Part::OutputText(whole) if whole.text.len() == text.len() => whole.logprobs.clone(),
                _ => None,
            };
            let extra = Extra::new();
            self.add(
                match kind {
                    PartKind::Refusal => Piece::Refusal { part, text },
                    PartKind::Text => Piece::Text { part, text, logprobs, extra },
                },
                out,
            );
        }
        for annotation in more {
            self.add(Piece::Annotation { part, annotation: annotation.clone() }, out);
        }
        self.close_part(Some(whole), out);
    }

    /// A part of a kind that the gateway does not know starts and ends at once.
    fn unknown_part(&mut self, number: u32, whole: Part, out: &mut Outbox<'_>) {
        self.close_part(None, out);
        let at = match &self.making {
            Making::Message { done, .. } => self.position(done.len()),
            _ => return,
        };
        if let Making::Message { done, next, .. } = &mut self.making {
            done.push(whole.clone());
            *next = number.saturating_add(1);
            out.push(What::PartAdded { at: at.clone(), part: whole.clone() });
            out.push(What::PartDone { at, part: whole });
        }
    }

    /// Ends the item: the events of what was still open, and the item as it is for good.
    pub(crate) fn close(mut self, closing: Closing, fallback: Status, out: &mut Outbox<'_>) -> Item {
        let whole = closing.item.map(|whole| *whole).filter(|whole| self.is_kind_of(whole));
        if let Some(whole) = &whole {
            self.catch_up(whole, out);
        }
        self.close_part(None, out);
        if matches!(&self.making, Making::Call { arguments, .. } if arguments.is_empty()) {
            // The deltas of a call always add up to its arguments, also where the provider sent none (C3).
            self.add_arguments(Text::new("{}"), Extra::new(), out);
        }
        let given = closing.status.or_else(|| whole.as_ref().and_then(status));
        let status = given.filter(|status| *status != Status::InProgress).or(Some(fallback));
        let at = self.position(0);
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
                out.push(What::ArgumentsDone { at, name: name.as_str().into(), arguments: done });
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
    fn catch_up(&mut self, whole: &Item, out: &mut Outbox<'_>) {
        match whole {
            Item::Message(message) => {
                for (number, part) in (0..).zip(&message.content) {
                    self.close_whole_part(number, part.clone(), out);
                }
            }
            Item::FunctionCall(call) => {
                let missing = match &self.making {
                    Making::Call { arguments, .. } => rest(&call.arguments, arguments),
                    _ => None,
                };
                self.add_arguments(missing.unwrap_or_default(), Extra::new(), out);
            }
            Item::Reasoning(reasoning) => {
                self.catch_up_reasoning(&reasoning.summary, ReasoningKind::Summary, out);
                self.catch_up_reasoning(&reasoning.content, ReasoningKind::Content, out);
            }
            Item::FunctionCallOutput(_) | Item::Other(_) => {}
        }
    }

    fn catch_up_reasoning(&mut self, whole: &[Text], kind: ReasoningKind, out: &mut Outbox<'_>) {
        for (number, text) in (0..).zip(whole) {
            let Making::Reasoning { done, part } = &self.making else { return };
            if usize::try_from(number).unwrap_or(usize::MAX) < done.of(kind).len() {
                continue;
            }
            let open = part.as_ref().filter(|open| open.kind == kind);
            let part = open.map_or(number, |open| open.number);
            let text = open.map_or_else(|| Some(text.clone()), |open| rest(text, &open.text));
            if let Some(text) = text {
                self.add(Piece::Reasoning { kind, part, text, extra: Extra::new() }, out);
            }
            self.close_part(None, out);
        }
    }
}

/// What `whole` has after what was `streamed` of it; `None` if nothing, or if they do not agree.
fn rest(whole: &Text, streamed: &TextBuilder) -> Option<Text> {
    whole.after(streamed).filter(|rest| !rest.is_empty())
}

/// An unknown item that still says `in_progress` at its end becomes `completed` or `incomplete`.
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
