//! Providers as pure codecs between the gateway's turn and what an upstream speaks: one folder per API (`apis`), one thin kind for
//! each way an API is served (`kinds`).
//!
//! Invariants: opens no socket, reads no clock and no environment. An API knows no kind, and no other API's folder.

mod apis;
mod credentials;
mod data_url;
mod error;
mod events;
mod faults;
mod foreign;
mod kinds;
mod provider;
pub mod seal;
mod served;
mod settings;

pub use error::{DecodeError, EncodeError, SettingsError};
pub use events::{EventDecoder, SseDecoder};
pub use faults::{Rule, TABLES};
pub use kinds::{KINDS, PRESETS, Preset, build};
pub use provider::{Credential, Decoder, Exchange, Model, Provider, TokenSource};
pub use settings::{Kind, Setting, Settings, ValueForm, Variable};
