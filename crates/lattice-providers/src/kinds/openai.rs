//! `openai`: `OpenAI` itself, by its Responses API, or by Chat Completions where the entry says so.

use http::header::AUTHORIZATION;

use super::Kind;
use crate::apis::chat_completions::{ChatCompletions, Quirks};
use crate::apis::responses::Responses;
use crate::credentials::{bearer, needed};
use crate::error::SettingsError;
use crate::faults::{Meanings, OPENAI};
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{Api, Settings};

/// The base that the official SDKs take by default.
const ENDPOINT: &str = "https://api.openai.com/v1";

/// The kind.
pub(super) const KIND: Kind = Kind { name: "openai", build };

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    settings.only(&["api_key", "api"])?;
    let authorization = bearer(needed(settings)?)?;
    let address = Address::at(settings.base(Some(ENDPOINT))?);
    let meanings = Meanings::of(OPENAI);
    let served = match settings.api.unwrap_or(Api::Responses) {
        Api::Responses => Served::new(address, Responses::new(settings.origin(), meanings)),
        Api::ChatCompletions => Served::new(address, ChatCompletions::new(Quirks::OPENAI, meanings)),
    };
    Ok(served.with_header(AUTHORIZATION, authorization).boxed())
}
