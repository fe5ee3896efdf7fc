//! What a person reads on the terminal when the gateway has started.

use std::fmt::Write;
use std::net::SocketAddr;

use lattice_config::Config;
use lattice_providers::{KINDS, Kind};

use crate::storage;

/// More models than this are counted, not listed.
const LISTED: usize = 12;

/// Where it listens, what it has, and something to paste.
pub(crate) fn banner(settings: &Config, address: SocketAddr) -> String {
    let scheme = if settings.server.tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", reachable(address));
    let mut text = format!("latticelm {} listens on {base}\n", env!("CARGO_PKG_VERSION"));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  configuration  {}", settings.source);
    if storage::is_needed(settings) {
        let _ = writeln!(text, "  database       {}", settings.database);
    } else {
        text.push_str("  database       none: nothing is stored\n");
    }
    for entry in &settings.providers {
        let (name, kind) = (entry.settings.name(), entry.settings.of_type());
        let demo = if kind == "demo" { ": made-up answers, for trying the API" } else { "" };
        let _ = writeln!(text, "  provider       {name} ({kind}){demo}");
        let mut models: Vec<&str> = settings
            .models
            .iter()
            .filter(|model| model.provider == name)
            .map(|model| model.name.as_str())
            .collect();
        let more = models.len().saturating_sub(LISTED);
        models.truncate(LISTED);
        let prefixes = settings.prefixes.iter().filter(|prefix| prefix.provider == name);
        let prefixes: Vec<String> = prefixes.map(|prefix| format!("{}*", prefix.prefix)).collect();
        models.extend(prefixes.iter().map(String::as_str));
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "    models       {}{more}", models.join(", "));
    }
    for notice in &settings.notices {
        let _ = writeln!(text, "  notice         {notice}");
    }
    if is_demo(settings) {
        let _ = writeln!(
            text,
            "  No provider is configured, so a DEMO answers. Set one of {} and start\n  \
             again, or write a configuration file (config.example.yaml shows everything).",
            keys().join(", ")
        );
    }
    let model = settings.models.first().map(|model| model.name.as_str());
    let model = model.or_else(|| settings.prefixes.first().map(|prefix| example(prefix.prefix)));
    if let Some(model) = model {
        let _ = write!(
            text,
            "\nTry it:\n  curl {base}/v1/responses -H 'Content-Type: application/json' \\\n    \
             -d '{{\"model\": \"{model}\", \"input\": \"Say hello\"}}'\n"
        );
    }
    text
}

fn is_demo(settings: &Config) -> bool {
    settings.source.file().is_none()
        && settings.providers.iter().all(|entry| entry.settings.of_type() == "demo")
}

/// A model for a provider that has none declared.
fn example(prefix: &str) -> &'static str {
    let named = KINDS.iter().filter(|kind| kind.prefixes.contains(&prefix));
    named.flat_map(|kind| kind.models).copied().next().unwrap_or("MODEL")
}

/// The variables that are all that a provider needs.
pub(crate) fn keys() -> Vec<&'static str> {
    let alone = |kind: &&Kind| kind.environment.iter().filter(|variable| variable.is_needed).count() == 1;
    let keys = KINDS.iter().filter(alone).filter_map(|kind| kind.environment.first());
    keys.filter(|variable| variable.setting == "api_key")
        .filter_map(|key| key.names.first().copied())
        .collect()
}

/// An address that a person can paste: nobody can connect to "all addresses".
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}
