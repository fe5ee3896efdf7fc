//! `openai`: `OpenAI` itself, by its Responses API, or by Chat Completions where the entry says so.

use http::header::AUTHORIZATION;

use super::{Kind, Variable};
use crate::apis::chat_completions::{ChatCompletions, Quirks};
use crate::apis::responses::Responses;
use crate::credentials::{bearer, needed};
use crate::error::SettingsError;
use crate::faults::{Meanings, OPENAI};
use crate::provider::Provider;
use crate::served::{Address, Served};
use crate::settings::{API, API_KEY, Api, ENDPOINT, Settings};

/// The base that the official SDKs take by default.
const BASE: &str = "https://api.openai.com/v1";

/// The kind.
pub(super) const KIND: Kind = Kind {
    environment: &[
        Variable::needed("api_key", &["OPENAI_API_KEY"]),
        Variable::optional("endpoint", &["OPENAI_BASE_URL"]),
    ],
    models: &["gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o", "gpt-4o-mini"],
    prefixes: PREFIXES,
    ..Kind::new("openai", &[ENDPOINT, API_KEY, API], build)
};

/// How the names of `OpenAI`'s models start, also on Azure.
pub(super) const PREFIXES: &[&str] = &["gpt-", "chatgpt-", "o1", "o3", "o4"];

fn build(settings: &Settings) -> Result<Box<dyn Provider>, SettingsError> {
    let authorization = bearer(needed(settings)?)?;
    let address = Address::at(settings.base(Some(BASE))?);
    let meanings = Meanings::of(OPENAI);
    let served = match Api::of(settings).unwrap_or(Api::Responses) {
        Api::Responses => Served::new(address, Responses::new(settings.origin(), meanings)),
        Api::ChatCompletions => Served::new(address, ChatCompletions::new(Quirks::OPENAI, meanings)),
    };
    Ok(served.with_header(AUTHORIZATION, authorization).boxed())
}
