//! What the fuzz targets share: every provider, as a configuration would make it.

use lattice_providers::{KINDS, Provider, Settings, build};

/// One provider of each kind.
pub fn providers() -> Vec<Box<dyn Provider>> {
    KINDS.iter().filter_map(|kind| provider(kind.name)).collect()
}

fn provider(kind: &str) -> Option<Box<dyn Provider>> {
    let settings = Settings { name: "fuzz".into(), kind: kind.into(), ..Settings::default() };
    let endpoint = Some("https://example.com".to_owned());
    let key = Some("key".to_owned().into());
    let attempts = [
        settings.clone(),
        Settings { api_key: key.clone(), ..settings.clone() },
        Settings { endpoint: endpoint.clone(), api_key: key.clone(), ..settings.clone() },
        Settings { endpoint: Some("https://example.com/anthropic".into()), api_key: key.clone(), ..settings.clone() },
        Settings { api_key: key, project: Some("p".into()), location: Some("global".into()), ..settings },
    ];
    attempts.into_iter().find_map(|settings| build(settings).ok())
}

/// A turn to decode answers for.
pub fn turn() -> lattice_model::Turn {
    let body = bytes::Bytes::from_static(
        br#"{"model": "m", "input": "hi", "stream": true, "include": ["reasoning.encrypted_content"],
            "reasoning": {"summary": "auto"}, "tools": [{"type": "function", "name": "f"}]}"#,
    );
    lattice_server::read_turn(&body).unwrap_or_else(|problem| panic!("{problem}"))
}
