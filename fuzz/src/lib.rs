//! What the fuzz targets share: every provider, as a configuration would make it.

use lattice_providers::{KINDS, Provider, Settings, build};

/// One provider of each kind.
pub fn providers() -> Vec<Box<dyn Provider>> {
    KINDS.iter().filter_map(|kind| provider(kind.name)).collect()
}

fn provider(kind: &str) -> Option<Box<dyn Provider>> {
    let key = ("api_key", "key");
    let attempts: [&[(&str, &str)]; 5] = [
        &[],
        &[key],
        &[key, ("endpoint", "https://example.com")],
        &[key, ("endpoint", "https://example.com/anthropic")],
        &[key, ("project", "p"), ("location", "global")],
    ];
    attempts.into_iter().find_map(|values| build(&Settings::with("fuzz", kind, values).ok()?).ok())
}

/// A turn to decode answers for.
pub fn turn() -> lattice_model::Turn {
    let body = bytes::Bytes::from_static(
        br#"{"model": "m", "input": "hi", "stream": true, "include": ["reasoning.encrypted_content"],
            "reasoning": {"summary": "auto"}, "tools": [{"type": "function", "name": "f"}]}"#,
    );
    lattice_server::read_turn(&body).unwrap_or_else(|problem| panic!("{problem}"))
}
