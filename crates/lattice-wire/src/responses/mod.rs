//! Open Responses, version 2026-04-24: the standard that clients speak, and `OpenAI`'s Responses API, which it is based on.

pub mod event;
pub mod read;
pub mod request;
pub mod response;
pub mod stored;
pub mod write;
