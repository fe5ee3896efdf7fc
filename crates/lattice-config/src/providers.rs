//! `providers`: the entries that answer, each with its settings and the way to it.

use http::{HeaderName, HeaderValue};
use lattice_auth::is_safe_address;
use lattice_providers::{Credential, KINDS, PRESETS, Setting, Settings, ValueForm};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::closest::did_you_mean;
use crate::context::Context;
use crate::path::Path;
use crate::proxy::{self, Proxy};
use crate::timeouts::{self, RawTimeouts, Timeouts};
use crate::value::Secret;

/// One entry of `providers` as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(transform = closed)]
pub(crate) struct RawProvider {
    /// What kind of provider it is: a row of the table of types, or the name of a preset of `openai_compatible`.
    #[schemars(required)]
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(flatten)]
    settings: Own,
    /// Headers that go with every request to this provider. Their values are secret.
    headers: Option<Headers>,
    /// How long to wait for this provider. What is not said here, the top-level `timeouts` say.
    timeouts: Option<RawTimeouts>,
    /// The proxy to this provider: `http://proxy:3128`, `socks5://proxy:1080`, or `none`. Default: what the environment variables
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    proxy: Option<Secret>,
    /// Whether keys may go to an `http://` address of another machine, where whoever is on the way can read them. Default `false`.
    allow_plain_http: Option<bool>,
}

/// What a kind of provider has of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
struct Own(serde_json::Map<String, serde_json::Value>);

impl JsonSchema for Own {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProviderSettings".into()
    }
    /// The rows of all kinds; whether one fits the entry's type is said when it is set.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let rows = KINDS.iter().flat_map(|kind| kind.settings);
        let files = KINDS.iter().flat_map(|kind| kind.settings).filter(|row| row.form == ValueForm::Secret);
        let files = files.map(|row| {
            let help = format!("A file that holds the `{}`, in its place. It is watched.", row.name);
            (in_file(row), json_schema!({ "type": ["string", "null"], "description": help }).to_value())
        });
        let properties: serde_json::Map<_, _> =
            rows.map(|row| (row.name.to_owned(), schema_of(row).to_value())).chain(files).collect();
        json_schema!({ "type": "object", "properties": properties })
    }
}

/// The key that names a file with what a secret setting would hold.
fn in_file(row: &Setting) -> String {
    format!("{}_file", row.name)
}

fn schema_of(row: &Setting) -> Schema {
    let mut schema = match row.form {
        ValueForm::Text | ValueForm::SecretFile => json_schema!({ "type": ["string", "null"] }),
        ValueForm::Address => json_schema!({ "type": ["string", "null"], "format": "uri" }),
        ValueForm::Secret => json_schema!({ "type": ["string", "null"], "writeOnly": true }),
        ValueForm::Flag => json_schema!({ "type": ["boolean", "null"] }),
        ValueForm::Word(words) => {
            let words: Vec<_> = words.iter().copied().map(Some).chain([None]).collect();
            json_schema!({ "type": ["string", "null"], "enum": words })
        }
    };
    schema.insert("description".to_owned(), row.help.into());
    schema
}

/// Other keys than those that are named are mistakes; the derived schema says so only where nothing is flattened.
fn closed(schema: &mut Schema) {
    schema.insert("additionalProperties".to_owned(), false.into());
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
    /// What [`lattice_providers::build`] takes.
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
    /// Which proxy to use, if any.
    pub proxy: Proxy,
}

impl ProviderEntry {
    /// Whether nothing of the entry differs, secrets included: then a reload keeps what runs (D7).
    pub fn is_same(&self, other: &Self) -> bool {
        let Transport { headers, timeouts, proxy } = &self.transport;
        self.settings == other.settings
            && *headers == other.transport.headers
            && *timeouts == other.transport.timeouts
            && *proxy == other.transport.proxy
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
        // Made and thrown away: that says whether the settings are right.
        match lattice_providers::build(&entry.settings) {
            Ok(provider) => {
                let models = provider.own_models().iter();
                own_models.extend(models.map(|model| ((*model).to_owned(), name.clone())));
                let has_token = matches!(provider.credential(), Credential::Bearer(_));
                if let Some(key) = sends_key_in_the_open(raw, &entry, has_token) {
                    let message = "is plain HTTP on another machine, and the key would go there readable for whoever is on the way: \
                                   use https://, or set `allow_plain_http: true` beside it";
                    context.error(&path.key(key), message);
                }
            }
            // A setting that is wrong already has been said to be; the provider sees it as missing.
            Err(error) if context.report.is_wrong(&path.key(&error.setting)) => {}
            Err(error) if context.report.is_wrong(&path.key(&format!("{}_file", error.setting))) => {}
            Err(error) => context.error(&path.key(&error.setting), error.message),
        }
        entries.push(entry);
    }
    (entries, own_models)
}

/// The setting with an address that keys would go to readable.
fn sends_key_in_the_open(raw: &RawProvider, entry: &ProviderEntry, has_token: bool) -> Option<&'static str> {
    let rows = entry.settings.kind().settings.iter().filter(|row| row.form == ValueForm::Address);
    let mut open =
        rows.filter(|row| entry.settings.text(row).is_some_and(|address| !is_safe_address(address)));
    let has_key = has_token
        || !entry.transport.headers.is_empty()
        || ["api_key", "api_key_file"].iter().any(|key| raw.settings.0.contains_key(*key));
    let is_refused = has_key && raw.allow_plain_http != Some(true);
    open.next().filter(|_| is_refused).map(|row| row.name)
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
    let transport = Transport {
        headers: headers(raw.headers.as_ref(), &path.key("headers"), context),
        timeouts: timeouts::check(raw.timeouts.as_ref(), defaults, &path.key("timeouts"), context),
        proxy: proxy::check(raw.proxy.as_ref(), &path.key("proxy"), context),
    };
    let kind = kind(raw, path, context)?;
    let mut settings = Settings::new(name, &kind).ok()?;
    for (key, value) in &raw.settings.0 {
        let secret = kept_in_file(&settings, key);
        let is_twice = secret.is_some_and(|secret| raw.settings.0.contains_key(secret));
        let set = match secret {
            Some(secret) if is_twice => {
                Err((key.clone(), format!("and `{secret}` exclude each other; keep one")))
            }
            Some(secret) => set_from_file(&mut settings, secret, key, value, context),
            None => set(&mut settings, key, value, path, context),
        };
        if let Err((key, message)) = set {
            context.error(&path.key(&key), message);
        }
    }
    Some(ProviderEntry { settings, transport })
}

/// The setting whose value is in the file that this key names.
fn kept_in_file(settings: &Settings, key: &str) -> Option<&'static str> {
    let rows = settings.kind().settings.iter().filter(|row| row.form == ValueForm::Secret);
    rows.map(|row| row.name).find(|name| key.strip_suffix("_file") == Some(name))
}

/// Sets a secret to what a file holds, without the end of its line.
fn set_from_file(
    settings: &mut Settings,
    secret: &str,
    key: &str,
    file: &serde_json::Value,
    context: &mut Context<'_>,
) -> Result<(), (String, String)> {
    let failed = |message: String| (key.to_owned(), message);
    // A key that was put here by mistake is not repeated.
    let text = context.read(file.as_str().unwrap_or_default(), CREDENTIALS);
    let text = text.map_err(|error| failed(format!("names a file that cannot be read: {error}")))?;
    let text = text.trim();
    context.report.secret(text);
    if text.is_empty() {
        return Err(failed("names a file that is empty".to_owned()));
    }
    settings
        .set(secret, text)
        .map_err(|error| failed(format!("names a file whose content {}", error.message)))
}

/// Sets one value; a file's name stands for its text. The error is about the key that it names.
fn set(
    settings: &mut Settings,
    key: &str,
    value: &serde_json::Value,
    path: &Path,
    context: &mut Context<'_>,
) -> Result<(), (String, String)> {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let is_file =
        settings.kind().settings.iter().any(|row| row.name == key && row.form == ValueForm::SecretFile);
    let text = if is_file {
        let text = context.read(&text, CREDENTIALS).map_err(|error| {
            let shown = context.quote(&path.key(key));
            (key.to_owned(), format!("names {shown}, which cannot be read: {error}"))
        })?;
        context.report.secret(&text);
        text
    } else {
        text
    };
    settings.set(key, &text).map_err(|error| (error.setting.into_owned(), error.message.into_owned()))
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
