//! The gateway's own nouns, with no I/O, no clock and no knowledge of any provider.
//!
//! A client's dialect is read into a [`Turn`]; a provider's answer is read into [`Delta`]s; the gateway makes
//! [`Event`]s and a [`Response`] of those. Contents stay in the escaped form in which they arrived ([`Text`],
//! [`Json`]): every dialect is JSON, so a long prompt crosses the gateway as a slice of the body it came in.
//!
//! Invariant: no type here is `Serialize`; storage and wire formats are free to change without it.

mod capability;
mod delta;
mod event;
mod fault;
mod item;
mod json;
mod path;
mod response;
mod text;
mod tool;
mod turn;
mod usage;
mod word;

pub use capability::Capability;
pub use delta::{AnswerFacts, Closing, Delta, End, Opening, PartKind, Piece, ReasoningKind, StepKey};
pub use event::{Event, Position, What};
pub use fault::{Class, Facts, Fault, FaultKind, Retry};
pub use item::{
    Annotation, Detail, File, FunctionCall, FunctionCallOutput, Image, Item, Message, OtherItem, OutputText,
    Part, Phase, Reasoning, Role, Status, UrlCitation,
};
pub use json::{Extra, Json};
pub use path::Path;
pub use response::{ErrorBody, IncompleteReason, Outcome, Response, SETTINGS};
pub use text::{Text, TextBuilder};
pub use tool::{FunctionTool, HostedTool, Tool, ToolChoice, ToolMode};
pub use turn::{
    Effort, Format, Include, ReasoningSettings, Said, Sampling, ServiceTier, SummaryDetail, Truncation, Turn,
    Verbosity,
};
pub use usage::Usage;
pub use word::Word;
