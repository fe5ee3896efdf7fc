//! What a provider's decoder reports, in the order in which the provider said it.

use crate::fault::Fault;
use crate::item::{Annotation, Item, Part, Phase, Status};
use crate::json::{Extra, Json};
use crate::response::IncompleteReason;
use crate::text::Text;
use crate::usage::Usage;

/// The provider's own number for an item of its answer. Needs to be unique within one answer, nothing else.
pub type StepKey = u32;

/// One thing that a provider said.
///
/// A decoder only reports; order, ids, indices and the closing of what was left open are the gateway's. Parts are opened
/// by their first delta, and a part or item that is still open at [`Delta::End`] is closed by the gateway.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// Facts about the answer as a whole; may come more than once: the latest wins, where it can change during an answer.
    Begin(AnswerFacts),
    /// A piece of an item.
    Piece {
        /// The item.
        key: StepKey,
        /// What is new of it.
        piece: Piece,
    },
    /// A whole item at once: what an answer that is not streamed consists of.
    Whole(Box<Item>),
    /// An event of a kind that the gateway does not know, from a provider of the client's own dialect.
    Opaque {
        /// The item it belongs to, if any: its output index is set by the gateway.
        key: Option<StepKey>,
        /// The event's `type`.
        kind: Box<str>,
        /// Its fields without `type`, `sequence_number` and `output_index`.
        fields: Extra,
    },
    /// Tokens spent so far: always totals, the latest wins.
    Usage(Box<Usage>),
    /// The answer is over. Nothing follows.
    End(End),
}

/// A piece of one item. A part's number is the provider's own; it needs to be unique within its item, nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// The item starts.
    Open(Opening),
    /// An empty part of a message starts. Only needed where a part may stay empty.
    OpenPart {
        /// The part.
        part: u32,
        /// What it is to hold.
        kind: PartKind,
    },
    /// A part of a message ends, and this is the whole of it: it completes what was streamed.
    ClosePart {
        /// The part.
        part: u32,
        /// The whole of it.
        whole: Box<Part>,
    },
    /// More output text, of a message.
    Text {
        /// The part.
        part: u32,
        /// The piece.
        text: Text,
        /// Log probabilities of its tokens: a JSON array in the standard's form.
        logprobs: Option<Json>,
        /// Fields of the event that have no name here.
        extra: Extra,
    },
    /// More of a refusal, in a message.
    Refusal {
        /// The part.
        part: u32,
        /// The piece.
        text: Text,
    },
    /// Something that a message's text rests on. Indices are characters of the part's text.
    Annotation {
        /// The part.
        part: u32,
        /// The annotation.
        annotation: Annotation,
    },
    /// More of reasoning.
    Reasoning {
        /// Of the reasoning itself, or of its summary.
        kind: ReasoningKind,
        /// The part.
        part: u32,
        /// The piece.
        text: Text,
        /// Fields of the event that have no name here.
        extra: Extra,
    },
    /// More of a call's arguments.
    Arguments {
        /// The piece.
        text: Text,
        /// Fields of the event that have no name here.
        extra: Extra,
    },
    /// The item ends.
    Close(Closing),
}

/// What a part of a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Text.
    Text,
    /// A refusal.
    Refusal,
}

/// What a part of reasoning holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningKind {
    /// The reasoning itself.
    Content,
    /// A summary of it, for people.
    Summary,
}

/// Facts about the answer as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerFacts {
    /// The provider's id for it; for the log only.
    pub upstream_id: Option<String>,
    /// The service tier that was used, in the standard's words.
    pub service_tier: Option<String>,
    /// From a provider of the client's own dialect: the fields of its response resource, without those that the gateway
    /// owns (`id`, `object`, `created_at`, `completed_at`, `status`, `model`, `output`, `usage`, `error`,
    /// `incomplete_details`, `previous_response_id`, `store`, `background`, `metadata`, `provider`).
    pub settings: Extra,
}

/// What an item is when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A message of the assistant's.
    Message {
        /// The provider's id; `None` for one of ours.
        id: Option<String>,
        /// A remark on the way, or the answer.
        phase: Option<Phase>,
    },
    /// A function call.
    FunctionCall {
        /// The provider's id; `None` for one of ours.
        id: Option<String>,
        /// What the result will refer to: 1 to 64 characters.
        call_id: String,
        /// The function.
        name: String,
    },
    /// Reasoning.
    Reasoning {
        /// The provider's id; `None` for one of ours.
        id: Option<String>,
    },
    /// An item of a kind that the gateway does not know, as it starts.
    Other(Box<Item>),
}

impl Opening {
    /// The provider's id.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Message { id, .. } | Self::FunctionCall { id, .. } | Self::Reasoning { id } => {
                id.as_deref()
            }
            Self::Other(item) => item.id(),
        }
    }

    /// Leaves the provider's id out, so that the item gets one of ours.
    pub fn forget_id(&mut self) {
        match self {
            Self::Message { id, .. } | Self::FunctionCall { id, .. } | Self::Reasoning { id } => *id = None,
            Self::Other(item) => item.forget_id(),
        }
    }
}

/// How an item ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closing {
    /// `Completed` when not said otherwise.
    pub status: Option<Status>,
    /// For reasoning: what only the provider can read, already tagged with its origin.
    pub encrypted: Option<Text>,
    /// From a provider of the client's own dialect: the whole item. It completes what was streamed, and replaces none of it.
    pub item: Option<Box<Item>>,
}

/// How an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It is whole.
    Completed,
    /// It was cut short.
    Incomplete(IncompleteReason),
    /// It failed.
    Failed(Fault),
}
