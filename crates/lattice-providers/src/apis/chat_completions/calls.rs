//! Calls of functions, put together from their pieces and told one after the other.
//!
//! Which call a piece belongs to is told by index, id, name and position together: servers leave any of them out, or give the same to
//! several calls. An item is done before the next one is added, as in OpenAI's own streams: pieces of a later call are held back until the
//! arguments of the one before are whole, or until the answer ends. Nothing is lost.

use lattice_model::{Closing, Delta, Extra, Opening, Piece, StepKey, Text, TextBuilder};

use super::arguments::Scan;
use crate::foreign::minted_call_id;

/// The calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    response_id: String,
    /// In the order in which they began.
    all: Vec<OpenCall>,
    /// How many of them were told and closed; the one after them may be open.
    closed: usize,
}

/// A piece of a call.
#[derive(Debug)]
pub(super) struct CallPiece {
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<Text>,
}

#[derive(Debug)]
struct OpenCall {
    index: Option<u32>,
    id: Option<String>,
    name: Option<String>,
    /// Arguments that were not told yet.
    held: Vec<Text>,
    scan: Scan,
    key: Option<StepKey>,
}

impl Calls {
    pub(super) fn new(response_id: &str) -> Self {
        Self { response_id: response_id.to_owned(), all: Vec::new(), closed: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a call came without a function name, so that no client could make it.
    pub(super) fn has_nameless(&self) -> bool {
        self.all.iter().any(|call| call.name.is_none() && (call.id.is_some() || !call.held.is_empty()))
    }

    /// Takes a piece.
    pub(super) fn take(&mut self, piece: CallPiece) {
        let at = self.find(&piece);
        let Some(call) = self.all.get_mut(at) else { return };
        call.id = call.id.take().or(piece.id);
        match (&mut call.name, piece.name) {
            (Some(known), Some(more)) if *known != more && call.scan.is_empty() => known.push_str(&more),
            (Some(_), _) => {}
            (slot @ None, name) => *slot = name,
        }
        let Some(text) = piece.arguments else { return };
        let is_held = call.key.is_none() || !call.held.is_empty();
        if call.scan.is_empty_object() && is_held && !text.decode().trim().is_empty() {
            // Some servers send an empty object first, and then the arguments.
            call.held.clear();
            call.scan = Scan::default();
        }
        call.scan.feed(&text);
        // What may wait long is copied: a slice would keep the chunk that it came in alive.
        call.held.push(if is_held { copied(&text) } else { text });
    }

    /// Tells what can be told: pieces of the call that is open, and the next call where that one is whole. `open` gives the key of an
    /// item, after it has closed what stood open before.
    pub(super) fn tell(&mut self, deltas: &mut Vec<Delta>, open: &mut dyn FnMut(&mut Vec<Delta>) -> StepKey) {
        loop {
            let Some(call) = self.all.get(self.closed) else { return };
            if call.key.is_none() {
                // A name may come in pieces: it is whole when the arguments begin, or another call.
                let begun = !call.scan.is_empty() || self.closed.saturating_add(1) < self.all.len();
                if call.name.is_none() || !begun {
                    return;
                }
                self.open(deltas, open);
            }
            let has_next = self.closed.saturating_add(1) < self.all.len();
            let Some(call) = self.all.get_mut(self.closed) else { return };
            // What may yet turn out to be a placeholder waits.
            if !call.scan.is_empty_object() || has_next {
                call.flush(deltas);
            }
            if !has_next || !call.scan.is_whole() {
                return;
            }
            self.close(deltas);
        }
    }

    /// The answer is over, or goes on with something else: everything is told. The last call stays open where `keep_last` says so, because
    /// only the answer's end tells whether it is whole.
    pub(super) fn tell_all(
        &mut self,
        keep_last: bool,
        deltas: &mut Vec<Delta>,
        open: &mut dyn FnMut(&mut Vec<Delta>) -> StepKey,
    ) {
        while let Some(call) = self.all.get(self.closed) {
            if call.name.is_none() {
                self.closed = self.closed.saturating_add(1);
                continue;
            }
            if call.key.is_none() {
                self.open(deltas, open);
            }
            if let Some(call) = self.all.get_mut(self.closed) {
                call.flush(deltas);
            }
            let named_after =
                self.all.iter().skip(self.closed.saturating_add(1)).any(|call| call.name.is_some());
            if keep_last && !named_after {
                return;
            }
            self.close(deltas);
        }
    }

    /// Whether the call that is open is whole, or none is open: then something else may follow.
    pub(super) fn may_end(&self) -> bool {
        self.all.iter().skip(self.closed).all(|call| call.key.is_none() || call.scan.is_whole())
    }

    fn open(&mut self, deltas: &mut Vec<Delta>, open: &mut dyn FnMut(&mut Vec<Delta>) -> StepKey) {
        let at = self.closed;
        let key = open(deltas);
        let is_taken = |id: &String| self.all.iter().take(at).any(|call| call.id.as_ref() == Some(id));
        let id = self.all.get(at).and_then(|call| call.id.clone());
        let call_id = id
            .filter(|id| id.chars().count() <= 64 && !is_taken(id))
            .unwrap_or_else(|| minted_call_id(&self.response_id, at));
        let Some(call) = self.all.get_mut(at) else { return };
        call.key = Some(key);
        let name = call.name.clone().unwrap_or_default();
        deltas.push(Delta::Piece {
            key,
            piece: Piece::Open(Opening::FunctionCall { id: None, call_id, name }),
        });
    }

    fn close(&mut self, deltas: &mut Vec<Delta>) {
        if let Some(key) = self.all.get(self.closed).and_then(|call| call.key) {
            deltas.push(Delta::Piece { key, piece: Piece::Close(Closing::default()) });
        }
        self.closed = self.closed.saturating_add(1);
    }

    /// The position of the call that a piece belongs to; a new one where it belongs to none.
    fn find(&mut self, piece: &CallPiece) -> usize {
        let last = |wanted: &dyn Fn(&OpenCall) -> bool| self.all.iter().rposition(wanted);
        let known = match (piece.index, piece.id.as_deref()) {
            (Some(index), _) => last(&|call| call.index == Some(index)),
            (None, Some(id)) => last(&|call| call.id.as_deref() == Some(id)),
            (None, None) if piece.name.is_some() => None,
            (None, None) => self.all.len().checked_sub(1),
        };
        let known = known.filter(|at| self.all.get(*at).is_some_and(|call| !call.is_over_for(piece)));
        known.unwrap_or_else(|| {
            // Whole arguments and then others without a name: one more call of the same function.
            let is_before =
                |call: &&OpenCall| call.scan.is_whole() && piece.name.is_none() && call.index == piece.index;
            let before = self.all.last().filter(is_before);
            let name = before.filter(|_| piece.arguments.is_some()).and_then(|call| call.name.clone());
            let (held, scan) = (Vec::new(), Scan::default());
            self.all.push(OpenCall { index: piece.index, id: None, name, held, scan, key: None });
            self.all.len().saturating_sub(1)
        })
    }
}

impl OpenCall {
    /// Whether the piece begins another call, although it bears this one's number or id.
    fn is_over_for(&self, piece: &CallPiece) -> bool {
        let other_id = matches!((&self.id, &piece.id), (Some(known), Some(id)) if known != id);
        let says_more = piece.arguments.as_ref().is_some_and(|text| !text.is_empty());
        match (&self.name, &piece.name) {
            // Some servers make up an id for each piece: without a name it is no new call.
            (Some(_), Some(_)) if other_id => true,
            // Whole arguments, and a name again.
            (Some(_), Some(_)) if self.scan.is_whole() && !self.scan.is_empty_object() => true,
            (Some(known), Some(name)) if self.scan.is_whole() => known != name || says_more,
            (Some(_), None) => {
                self.scan.is_whole() && !self.scan.is_empty_object() && piece_begins_anew(piece)
            }
            _ => false,
        }
    }

    fn flush(&mut self, deltas: &mut Vec<Delta>) {
        let Some(key) = self.key else { return };
        deltas.extend(
            self.held
                .drain(..)
                .map(|text| Delta::Piece { key, piece: Piece::Arguments { text, extra: Extra::new() } }),
        );
    }
}

fn copied(text: &Text) -> Text {
    let mut copy = TextBuilder::with_capacity(text.len());
    copy.push(text);
    copy.finish()
}

/// Whether the piece's arguments are an object of their own.
fn piece_begins_anew(piece: &CallPiece) -> bool {
    piece.arguments.as_ref().is_some_and(|text| text.decode().trim_start().starts_with('{'))
}
