//! The one state machine that makes all events (C1): whatever a provider says, and in whatever order, the client sees
//! `created` first, every item and part opened and closed once, dense indices, and exactly one terminal event.

use std::collections::HashSet;
use std::sync::Arc;

use lattice_model::{
    Closing, Delta, End, Event, Extra, Fault, FaultKind, Item, Json, Opening, Outcome, Piece, Response,
    SETTINGS, Status, StepKey, ToolChoice, ToolMode, Turn, What,
};

use crate::clock::Clock;
use crate::error::body;
use crate::items::OpenItem;
use crate::outbox::Outbox;

/// The most that one answer may hold, in bytes: its text plus 64 per delta. Beyond it the answer fails (C13).
const OUTPUT_LIMIT: usize = 256 << 20;

/// How far the end of an answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    NotYet,
    /// Everything is closed but the answer itself.
    Closing,
    Over,
}

/// The state of one answer.
pub struct Machine {
    turn: Arc<Turn>,
    stem: Box<str>,
    clock: Arc<dyn Clock>,
    began: bool,
    /// The number of the next event.
    next_number: u64,
    /// How far the end has come.
    end: Ended,
    open: Vec<OpenItem>,
    /// The ids given out so far: an id is one item's.
    ids: HashSet<Arc<str>>,
    /// An item's end, held back until the next delta shows whether the item was cut short.
    closing: Option<(u32, Closing)>,
    /// Items that are done, by output index.
    done: Vec<Option<Arc<Item>>>,
    size: usize,
    response: Arc<Response>,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Machine")
            .field("id", &self.turn.id)
            .field("end", &self.end)
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// Does not give these ids out, whatever the provider says: they are those of items that stand in the same conversation.
    #[must_use]
    pub fn avoiding(mut self, ids: impl IntoIterator<Item = Arc<str>>) -> Self {
        self.ids.extend(ids);
        self
    }

    /// Starts an answer to `turn` by the provider entry of this name.
    pub fn new(turn: Arc<Turn>, provider: Arc<str>, clock: Arc<dyn Clock>) -> Self {
        let stem = turn.id.strip_prefix("resp_").unwrap_or(&turn.id).into();
        let response = Arc::new(Response {
            turn: Arc::clone(&turn),
            provider,
            outcome: Outcome::InProgress,
            completed_at: None,
            output: Vec::new(),
            usage: None,
            service_tier: None,
            settings: Arc::default(),
            state: Vec::new(),
            written: None,
        });
        Self {
            turn,
            stem,
            clock,
            began: false,
            next_number: 0,
            end: Ended::NotYet,
            open: Vec::new(),
            ids: HashSet::new(),
            closing: None,
            done: Vec::new(),
            size: 0,
            response,
        }
    }

    /// The response as it stands.
    pub fn response(&self) -> &Arc<Response> {
        &self.response
    }

    /// Whether the answer is whole and its terminal event is to come: [`Self::conclude`] makes it.
    pub fn is_closing(&self) -> bool {
        self.end == Ended::Closing
    }

    /// Whether the terminal event was made.
    pub fn is_over(&self) -> bool {
        self.end == Ended::Over
    }

    /// Takes what the provider said and adds the events that follow from it. After the end nothing is taken.
    pub fn take(&mut self, delta: Delta, events: &mut Vec<Event>) {
        self.tell(events, |machine, out| machine.digest(delta, out));
    }

    fn digest(&mut self, delta: Delta, out: &mut Outbox<'_>) {
        if self.end != Ended::NotYet {
            return;
        }
        match delta {
            Delta::Begin(answer) => {
                let response = Arc::make_mut(&mut self.response);
                if answer.service_tier.is_some() {
                    response.service_tier = answer.service_tier;
                }
                if self.began {
                    update(&mut response.settings, answer.settings);
                } else {
                    response.settings = Arc::new(answer.settings);
                }
                self.begin(out);
            }
            Delta::Usage(usage) => Arc::make_mut(&mut self.response).usage = Some(*usage),
            Delta::End(end) => self.close(end, out),
            other => {
                self.begin(out);
                self.settle(Status::Completed, out);
                self.step(other, out);
            }
        }
    }

    /// Ends an answer that its source has not ended: as a failure.
    pub fn end_if_open(&mut self, events: &mut Vec<Event>) {
        if self.end == Ended::NotYet {
            let cut = End::Failed(Fault::new(FaultKind::Cut));
            self.tell(events, |machine, out| machine.close(cut, out));
        }
    }

    /// Events of what `act` does, numbered on from the last.
    fn tell(&mut self, events: &mut Vec<Event>, act: impl FnOnce(&mut Self, &mut Outbox<'_>)) {
        let mut next = self.next_number;
        act(self, &mut Outbox::new(events, &mut next));
        self.next_number = next;
    }

    fn begin(&mut self, out: &mut Outbox<'_>) {
        if !self.began {
            self.began = true;
            out.push(What::Created(Arc::clone(&self.response)));
            out.push(What::InProgress(Arc::clone(&self.response)));
        }
    }

    fn step(&mut self, delta: Delta, out: &mut Outbox<'_>) {
        self.size = self.size.saturating_add(size_of(&delta));
        if self.size > OUTPUT_LIMIT {
            return self.close(End::Failed(Fault::new(FaultKind::AnswerTooLarge)), out);
        }
        match delta {
            Delta::Piece { key, piece: Piece::Open(opening) } => self.open(Some(key), opening, out),
            Delta::Piece { key, piece: Piece::Close(closing) } => {
                self.closing = self.index_of(key).map(|output_index| (output_index, closing));
            }
            Delta::Piece { key, piece } => {
                if let Some(item) = self.open.iter_mut().find(|item| item.key == Some(key)) {
                    item.add(piece, out);
                }
            }
            Delta::Whole(item) => self.whole(*item, out),
            Delta::Opaque { key, kind, fields } => {
                let output_index = key.and_then(|key| self.index_of(key));
                out.push(What::Opaque { kind, output_index, fields });
            }
            Delta::Begin(_) | Delta::Usage(_) | Delta::End(_) => {}
        }
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.done.len()).unwrap_or(u32::MAX)
    }

    /// The position in the output of the open item of this key.
    fn index_of(&self, key: StepKey) -> Option<u32> {
        self.open.iter().find(|item| item.key == Some(key)).map(|item| item.output_index)
    }

    fn open(&mut self, key: Option<StepKey>, opening: Opening, out: &mut Outbox<'_>) {
        if let Opening::FunctionCall { name, .. } = &opening
            && !may_call(self.turn.tool_choice.as_ref(), name)
        {
            let message = format!("the model called `{name}`, which `tool_choice` does not allow");
            let fault = Fault::new(FaultKind::Model).with_code("tool_not_allowed").with_message(message);
            return self.close(End::Failed(fault), out);
        }
        let output_index = self.next_index();
        let item = OpenItem::open(key, output_index, opening, &self.stem, &mut self.ids);
        self.done.push(None);
        out.push(What::ItemAdded { output_index, item: Arc::new(item.started()) });
        self.open.push(item);
    }

    /// A whole item goes through the same states as one that comes in pieces.
    fn whole(&mut self, item: Item, out: &mut Outbox<'_>) {
        let id = item.id().map(str::to_owned);
        let opening = match &item {
            Item::Message(message) => Opening::Message { id, phase: message.phase },
            Item::FunctionCall(call) => {
                Opening::FunctionCall { id, call_id: call.call_id.clone(), name: call.name.clone() }
            }
            Item::Reasoning(_) => Opening::Reasoning { id },
            Item::FunctionCallOutput(_) | Item::Other(_) => Opening::Other(Box::new(item.clone())),
        };
        let output_index = self.next_index();
        self.open(None, opening, out);
        self.closing = Some((output_index, Closing { item: Some(Box::new(item)), ..Closing::default() }));
    }

    /// Closes the item whose end was held back, if any. `status` is used where the provider gave none.
    fn settle(&mut self, status: Status, out: &mut Outbox<'_>) {
        let Some((output_index, closing)) = self.closing.take() else { return };
        if let Some(at) = self.open.iter().position(|item| item.output_index == output_index) {
            let item = self.open.remove(at);
            self.close_item(item, closing, status, out);
        }
    }

    fn close_item(&mut self, item: OpenItem, closing: Closing, status: Status, out: &mut Outbox<'_>) {
        let output_index = item.output_index;
        let mut item = item.close(closing, status, out);
        if !self.turn.include.encrypted_reasoning
            && let Item::Reasoning(reasoning) = &mut item
            && let Some((id, sealed)) = reasoning.id.clone().zip(reasoning.encrypted.take())
        {
            // The client did not ask for it, but later turns need it.
            Arc::make_mut(&mut self.response).state.push((id, sealed));
        }
        let item = Arc::new(item);
        if let Some(slot) = self.done.get_mut(output_index as usize) {
            *slot = Some(Arc::clone(&item));
        }
        out.push(What::ItemDone { output_index, item });
    }

    /// Closes what is open. The terminal event is kept back.
    fn close(&mut self, end: End, out: &mut Outbox<'_>) {
        self.begin(out);
        let cut = !matches!(end, End::Completed);
        // An item that ran out of budget is incomplete, and it is the last one: earlier ones are whole.
        let last_is_waiting =
            self.closing.as_ref().is_some_and(|(index, _)| index.saturating_add(1) == self.next_index());
        let incomplete = matches!(end, End::Incomplete(_)) && last_is_waiting;
        self.settle(if incomplete { Status::Incomplete } else { Status::Completed }, out);
        for item in std::mem::take(&mut self.open) {
            let status = if cut { Status::Incomplete } else { Status::Completed };
            self.close_item(item, Closing::default(), status, out);
        }
        let outcome = match end {
            End::Completed => Outcome::Completed,
            End::Incomplete(reason) => Outcome::Incomplete(reason),
            End::Failed(fault) => self.failed(&fault),
        };
        let completed_at = (outcome == Outcome::Completed).then(|| self.clock.seconds());
        let response = Arc::make_mut(&mut self.response);
        response.outcome = outcome;
        response.completed_at = completed_at;
        response.output = self.done.drain(..).flatten().collect();
        self.end = Ended::Closing;
    }

    /// Makes the terminal event of an answer that is whole. `kept` says whether what had to be stored is safe: where it is not, the client
    /// has its content and is told that the response failed. With it comes what was written, if anything was.
    pub fn conclude(&mut self, kept: Result<Option<Json>, Fault>, events: &mut Vec<Event>) {
        if self.end != Ended::Closing {
            return;
        }
        self.end = Ended::Over;
        match kept {
            Ok(None) => {}
            Ok(written) => Arc::make_mut(&mut self.response).written = written,
            Err(fault) => {
                let outcome = self.failed(&fault);
                let response = Arc::make_mut(&mut self.response);
                (response.outcome, response.completed_at) = (outcome, None);
            }
        }
        self.tell(events, |machine, out| {
            if let Outcome::Failed(error) = &machine.response.outcome {
                out.push(What::Error(error.clone()));
            }
            out.push(What::Ended(Arc::clone(&machine.response)));
        });
    }

    fn failed(&self, fault: &Fault) -> Outcome {
        // What is the gateway's own has nothing to do with the provider.
        let is_own = matches!(fault.kind, FaultKind::Shutdown | FaultKind::Storage | FaultKind::NotStored);
        let provider = (!is_own).then_some(&*self.response.provider);
        Outcome::Failed(body(fault, provider))
    }
}

/// Takes what a provider reports later: of the rest, the latest is true.
fn update(settings: &mut Arc<Extra>, latest: Extra) {
    let settings = Arc::make_mut(settings);
    for (name, json) in latest {
        if SETTINGS.contains(&&*name) {
            continue;
        }
        match settings.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = json,
            None => settings.push((name, json)),
        }
    }
}

/// A choice of tools is a hard constraint: a call outside it never reaches the client.
fn may_call(choice: Option<&ToolChoice>, name: &str) -> bool {
    match choice {
        Some(ToolChoice::Mode(ToolMode::None)) => false,
        Some(ToolChoice::Allowed { mode, names }) => {
            *mode != ToolMode::None && names.iter().any(|allowed| allowed == name)
        }
        Some(ToolChoice::Function(only)) => only == name,
        _ => true,
    }
}

fn size_of(delta: &Delta) -> usize {
    let text = match delta {
        Delta::Piece { piece: Piece::Text { text, .. }, .. }
        | Delta::Piece { piece: Piece::Refusal { text, .. }, .. }
        | Delta::Piece { piece: Piece::Reasoning { text, .. }, .. }
        | Delta::Piece { piece: Piece::Arguments { text, .. }, .. } => text.len(),
        _ => 0,
    };
    text.saturating_add(64)
}
