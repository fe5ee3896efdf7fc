//! The effective configuration for people to see: everything that is in force, secrets as `***` (A10).

use std::time::Duration;

use lattice_providers::Api;
use serde_json::{Map, Value, json};

use crate::models::{Capability, ModelEntry};
use crate::providers::ProviderEntry;
use crate::proxy::Proxy;
use crate::server::Server;
use crate::settings::Settings;
use crate::timeouts::Timeouts;

/// What stands for a secret.
const MASK: &str = "***";

impl Settings {
    /// The effective configuration, defaults included, with the keys of the file.
    pub fn masked(&self) -> Value {
        let providers = self.providers.iter().map(|entry| (entry.settings.name.clone(), provider(entry)));
        let mut view = json!({
            "server": server(&self.server),
            "logging": { "format": self.logging.format.name(), "level": self.logging.level.name() },
            "providers": Value::Object(providers.collect()),
            "models": self.models.iter().map(model).collect::<Vec<_>>(),
            "routing": { "by_prefix": !self.prefixes.is_empty() },
        });
        drop_absent(&mut view);
        view
    }

    /// [`Self::masked`] as YAML.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        write_yaml(&self.masked(), 0, &mut text);
        text
    }
}

fn server(server: &Server) -> Value {
    json!({
        "address": server.address.to_string(),
        "max_request_body_size": server.max_request_body_size,
        "max_connections": server.max_connections,
        "header_read_timeout": period(server.header_read_timeout),
        "body_read_timeout": period(server.body_read_timeout),
        "heartbeat": period(server.heartbeat),
        "shutdown_timeout": period(server.shutdown_timeout),
        "tls": server.tls.as_ref().map(|tls| json!({
            "certificate_file": tls.certificate_file.display().to_string(),
            "key_file": tls.key_file.display().to_string(),
        })),
        "cors": server.cors.as_ref().map(|cors| json!({
            "allowed_origins": cors.allowed_origins,
            "max_age": period(cors.max_age),
        })),
    })
}

fn provider(entry: &ProviderEntry) -> Value {
    let settings = &entry.settings;
    let headers = entry.transport.headers.iter().map(|(name, _)| (name.to_string(), json!(MASK)));
    let headers: Map<String, Value> = headers.collect();
    json!({
        "type": settings.kind,
        "preset": settings.preset,
        "endpoint": settings.endpoint,
        "api_key": settings.api_key.as_ref().map(|_| MASK),
        "api_version": settings.api_version,
        "project": settings.project,
        "location": settings.location,
        "credentials_file": settings.credentials.as_ref().map(|_| MASK),
        "headers": (!headers.is_empty()).then_some(headers),
        "api": settings.api.map(|api| match api {
            Api::Responses => "responses",
            Api::ChatCompletions => "chat_completions",
        }),
        "tenant_id": settings.tenant_id,
        "client_id": settings.client_id,
        "client_secret": settings.client_secret.as_ref().map(|_| MASK),
        "authority": settings.authority,
        "managed_identity": settings.managed_identity.then_some(true),
        "prompt_caching": settings.prompt_caching,
        "timeouts": timeouts(&entry.transport.timeouts),
        "proxy": match &entry.transport.proxy {
            Proxy::System => None,
            Proxy::Direct => Some("none".to_owned()),
            Proxy::Address(address) => Some(address.to_string()),
        },
    })
}

fn timeouts(timeouts: &Timeouts) -> Value {
    json!({
        "connect": period(timeouts.connect),
        "first_byte": period(timeouts.first_byte),
        "idle": period(timeouts.idle),
        "total": timeouts.total.map_or_else(|| "none".to_owned(), period),
    })
}

fn model(model: &ModelEntry) -> Value {
    json!({
        "name": model.name,
        "provider": model.provider,
        "provider_model_id": model.provider_model_id,
        "max_output_tokens": model.max_output_tokens,
        "context_window": model.context_window,
        "capabilities": model.capabilities.as_ref().map(|all| all.iter().copied().map(Capability::name).collect::<Vec<_>>()),
    })
}

/// A duration in its largest whole unit.
fn period(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000_u128)] {
        if milliseconds.is_multiple_of(size) {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    format!("{milliseconds}ms")
}

fn drop_absent(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, below| !below.is_null());
            map.values_mut().for_each(drop_absent);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_absent),
        _ => {}
    }
}

/// Maps and lists of maps as blocks; everything else as JSON, which is YAML too.
fn write_yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                text.push_str(&indent);
                text.push_str(key);
                write_below(below, depth, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                write_yaml(item, depth + 1, &mut inner);
                // The dash takes the place of the first line's indent.
                text.push_str(&indent);
                text.push_str("- ");
                text.push_str(inner.trim_start());
            }
        }
        single => {
            text.push_str(&single.to_string());
            text.push('\n');
        }
    }
}

fn write_below(below: &Value, depth: usize, text: &mut String) {
    let is_block = match below {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => items.iter().any(Value::is_object),
        _ => false,
    };
    if is_block {
        text.push_str(":\n");
        write_yaml(below, depth + 1, text);
    } else {
        text.push_str(": ");
        text.push_str(&below.to_string());
        text.push('\n');
    }
}
