//! What must be remembered: the traits of the stores, what is put into them and what comes out.
//!
//! Invariants: no method reads or writes what somebody stored without the [`Owner`] whose it is, or the [`Reach`] of whoever asks (A2); nothing here knows a database, and no row
//! leaves one. [`records`] are the administration's. [`memory`] keeps everything in the process, for tests.

mod bounded;
mod conversations;
mod error;
mod owner;
mod responses;
mod sessions;

pub mod memory;
pub mod records;

pub use bounded::Bounded;
pub use conversations::{Addition, Conversation, Conversations, Entries, Entry, NewConversation, Page};
pub use error::StoreError;
pub use owner::{Owner, Reach};
pub use records::Records;
pub use responses::{Content, Frame, Link, NewResponse, Responses, StoredResponse};
pub use sessions::{Session, Sessions, Whose};

/// Everything that is kept about what was said.
pub trait Store: Responses + Conversations {}

impl<S: Responses + Conversations> Store for S {}
