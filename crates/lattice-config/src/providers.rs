//! `providers`: the entries that answer, each with its settings and the way to it.

use std::path::Path as FilePath;

use http::{HeaderName, HeaderValue};
use lattice_providers::{Api, KINDS, MaxTokensField, PRESETS, Settings};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::closest::did_you_mean;
use crate::context::Context;
use crate::path::Path;
use crate::proxy::{self, Proxy};
use crate::timeouts::{self, RawTimeouts, Timeouts};
use crate::value::Secret;

/// One entry of `providers` as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawProvider {
    /// What kind of provider it is: `anthropic`, `azureanthropic`, `azureopenai`, `demo`, `google`, `openai`, `openai_compatible`, `vertexai`,
    /// or the name of a preset of `openai_compatible`.
    #[schemars(required)]
    #[serde(rename = "type")]
    kind: Option<String>,
    /// For `openai_compatible`: the preset that knows the server's address and ways.
    preset: Option<String>,
    /// The base address, as the provider's own SDK takes it. Needed for Azure and for `openai_compatible` without a preset.
    endpoint: Option<String>,
    /// The API key.
    api_key: Option<Secret>,
    /// The version of the provider's API, where it has several: a date for Azure and Anthropic, `v1` or `v1beta` for Google.
    api_version: Option<String>,
    /// Vertex AI: the Google Cloud project.
    project: Option<String>,
    /// Vertex AI: the location, such as `global` or `europe-west1`.
    location: Option<String>,
    /// Vertex AI: the file of the service account. Relative to the configuration file. Default: the application default credentials.
    credentials_file: Option<String>,
    /// Headers that go with every request to this provider. Their values are secret.
    headers: Option<Headers>,
    /// Which of OpenAI's two APIs to speak. The default depends on the type.
    api: Option<RawApi>,
    /// Azure with Entra ID: the directory.
    tenant_id: Option<String>,
    /// Azure with Entra ID: the app registration, or the user-assigned identity.
    client_id: Option<String>,
    /// Azure with Entra ID: the app registration's secret.
    client_secret: Option<Secret>,
    /// Azure with Entra ID: the base of the token service. Default: the public cloud's.
    authority: Option<String>,
    /// Azure: use the machine's managed identity. Default `false`.
    managed_identity: Option<bool>,
    /// Anthropic: set cache breakpoints. Default `true`.
    prompt_caching: Option<bool>,
    /// `openai_compatible`: what the server calls the most output tokens. Default `max_tokens`.
    max_tokens_field: Option<RawMaxTokensField>,
    /// How long to wait for this provider. What is not said here, the top-level `timeouts` say.
    timeouts: Option<RawTimeouts>,
    /// The proxy to this provider: `http://proxy:3128`, `socks5://proxy:1080`, or `none`. Default: what the environment variables
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    proxy: Option<Secret>,
}

/// Which of OpenAI's two APIs to speak.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RawApi {
    /// The Responses API.
    Responses,
    /// Chat Completions.
    ChatCompletions,
}

/// What a Chat Completions server calls the most output tokens.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RawMaxTokensField {
    /// `max_tokens`
    MaxTokens,
    /// `max_completion_tokens`
    MaxCompletionTokens,
}

/// A map in the order in which it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ordered<V>(pub(crate) Vec<(String, V)>);

/// All entries of `providers`.
pub(crate) type RawProviders = Ordered<RawProvider>;

type Headers = Ordered<Secret>;

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<V> {
            type Value = Ordered<V>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a map")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

impl<V: JsonSchema> JsonSchema for Ordered<V> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Map_of_{}", V::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        std::collections::BTreeMap::<String, V>::json_schema(generator)
    }
}

/// A provider entry whose settings the provider itself has found right.
#[derive(Debug, Clone)]
pub struct ProviderEntry {
    /// What [`lattice_providers::build`] takes; `name` is the entry's name.
    pub settings: Settings,
    /// The way to it.
    pub transport: Transport,
}

/// The way to a provider.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Headers for every request. The values are marked as sensitive, so they are not shown.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// Through what.
    pub proxy: Proxy,
}

impl ProviderEntry {
    /// Whether nothing of the entry differs, secrets included: then a reload keeps what runs (D7).
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity().expose_secret() == other.identity().expose_secret()
    }

    fn identity(&self) -> SecretString {
        let text =
            |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        let settings = &self.settings;
        let secrets = [&settings.api_key, &settings.credentials, &settings.client_secret].map(text);
        let headers: Vec<_> = self.transport.headers.iter().map(|(_, value)| value.as_bytes()).collect();
        let proxy = match &self.transport.proxy {
            Proxy::Address(address) => Some(address.url().expose_secret()),
            Proxy::System | Proxy::Direct => None,
        };
        format!("{settings:?} {:?} {secrets:?} {headers:?} {proxy:?}", self.transport).into()
    }
}

/// Checks the section. The second result is the models that the entries have of their own, with the entry's name.
pub(crate) fn check(
    raw: &RawProviders,
    defaults: Timeouts,
    context: &mut Context<'_>,
) -> (Vec<ProviderEntry>, Vec<(String, String)>) {
    let mut entries = Vec::new();
    let mut own_models = Vec::new();
    for (name, raw) in &raw.0 {
        let path = Path::of(&["providers", name]);
        let Some(entry) = entry(name, raw, defaults, &path, context) else { continue };
        match (context.build)(entry.settings.clone()) {
            Ok(models) => own_models.extend(models.into_iter().map(|model| (model, name.clone()))),
            // A setting that is wrong already has been said to be; the provider sees it as missing.
            Err(error) if context.report.is_wrong(&path.key(error.setting)) => {}
            Err(error) => context.error(&path.key(error.setting), error.message),
        }
        entries.push(entry);
    }
    (entries, own_models)
}

fn entry(
    name: &str,
    raw: &RawProvider,
    defaults: Timeouts,
    path: &Path,
    context: &mut Context<'_>,
) -> Option<ProviderEntry> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        context.error(path, "must have a name of 1 to 64 letters, digits, `-`, `_` and `.`");
    }
    check_endpoint(raw, path, context);
    let transport = Transport {
        headers: headers(raw.headers.as_ref(), &path.key("headers"), context),
        timeouts: timeouts::check(raw.timeouts.as_ref(), defaults, &path.key("timeouts"), context),
        proxy: proxy::check(raw.proxy.as_ref(), &path.key("proxy"), context),
    };
    let kind = kind(raw, path, context)?;
    let credentials = credentials(raw, path, context);
    let raw = raw.clone();
    let settings = Settings {
        name: name.to_owned(),
        kind,
        preset: raw.preset,
        endpoint: raw.endpoint,
        api_key: secret(raw.api_key, &path.key("api_key"), context),
        api_version: raw.api_version,
        project: raw.project,
        location: raw.location,
        credentials,
        api: raw.api.map(|api| match api {
            RawApi::Responses => Api::Responses,
            RawApi::ChatCompletions => Api::ChatCompletions,
        }),
        tenant_id: raw.tenant_id,
        client_id: raw.client_id,
        client_secret: secret(raw.client_secret, &path.key("client_secret"), context),
        authority: raw.authority,
        managed_identity: raw.managed_identity.unwrap_or_default(),
        prompt_caching: raw.prompt_caching,
        max_tokens_field: raw.max_tokens_field.map(|field| match field {
            RawMaxTokensField::MaxTokens => MaxTokensField::MaxTokens,
            RawMaxTokensField::MaxCompletionTokens => MaxTokensField::MaxCompletionTokens,
        }),
    };
    Some(ProviderEntry { settings, transport })
}

fn kind(raw: &RawProvider, path: &Path, context: &mut Context<'_>) -> Option<String> {
    let path = path.key("type");
    let known = || KINDS.iter().map(|kind| kind.name).chain(PRESETS.iter().map(|preset| preset.name));
    let Some(kind) = raw.kind.as_deref() else {
        let kinds: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        context.missing(&path, &format!("is needed: one of {}, or a preset's name", kinds.join(", ")));
        return None;
    };
    if known().any(|known| known == kind) {
        return Some(kind.to_owned());
    }
    let message = format!(
        "names {}, which is not a type of provider.{}",
        context.quote(&path),
        did_you_mean(kind, known())
    );
    context.error(&path, message);
    None
}

/// An endpoint with a password in it would be shown wherever endpoints are.
fn check_endpoint(raw: &RawProvider, path: &Path, context: &mut Context<'_>) {
    for (key, text) in [("endpoint", &raw.endpoint), ("authority", &raw.authority)] {
        let Some(text) = text else { continue };
        let path = path.key(key);
        match url::Url::parse(text) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                context.error(&path, "must not hold a user name or a password; put them into `headers`");
            }
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => {}
            _ => {
                // What stands there is not shown: the query may hold a key.
                context.error(&path, "must be an address such as `https://example.com/v1` without a query");
            }
        }
    }
}

fn secret(value: Option<Secret>, path: &Path, context: &mut Context<'_>) -> Option<SecretString> {
    let value = value?;
    if value.is_empty() {
        context.error(path, "is empty; take the key out, or give it a value");
    } else if HeaderValue::from_str(value.expose()).is_err() {
        context.error(path, "holds a line break or another character that a key cannot hold");
    }
    Some(value.into_secret())
}

fn headers(raw: Option<&Headers>, path: &Path, context: &mut Context<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (name, value) in raw.into_iter().flat_map(|headers| &headers.0) {
        let path = path.key(name);
        match (HeaderName::try_from(name), HeaderValue::from_str(value.expose())) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.push((name, value));
            }
            (Err(_), _) => context.error(&path, "is not a header's name"),
            (_, Err(_)) => context.error(&path, "has a value that a header cannot hold"),
        }
    }
    headers
}

/// A credentials file is small; anything larger was named by mistake.
const CREDENTIALS: u64 = 64 << 10;

fn credentials(raw: &RawProvider, path: &Path, context: &mut Context<'_>) -> Option<SecretString> {
    let path = path.key("credentials_file");
    match read(&context.file(raw.credentials_file.as_deref()?)) {
        Ok(text) => {
            context.report.secret(&text);
            Some(text.into())
        }
        Err(error) => {
            let message = format!("names {}, which cannot be read: {error}", context.quote(&path));
            context.error(&path, message);
            None
        }
    }
}

fn read(file: &FilePath) -> std::io::Result<String> {
    if std::fs::metadata(file)?.len() > CREDENTIALS {
        return Err(std::io::Error::other("it is too large for a credentials file"));
    }
    std::fs::read_to_string(file)
}
