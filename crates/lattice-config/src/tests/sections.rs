//! What a file that is right becomes.

use std::time::Duration;

use lattice_model::Capability;

use super::{SMALL, load};
use crate::Proxy;

#[test]
fn a_small_file_has_the_documented_defaults() {
    let settings = load(SMALL).unwrap();
    let server = &settings.server;
    assert_eq!(server.address.to_string(), "127.0.0.1:8080");
    assert_eq!((server.max_request_body_size, server.max_connections), (10_485_760, 10_000));
    assert_eq!([server.header_read_timeout, server.shutdown_timeout], [Duration::from_secs(30); 2]);
    assert_eq!(
        (server.body_read_timeout, server.heartbeat),
        (Duration::from_mins(1), Duration::from_secs(15))
    );
    assert!(server.tls.is_none() && server.cors.is_none());
    let entry = settings.provider("demo").unwrap();
    let timeouts = entry.transport.timeouts;
    assert_eq!((timeouts.connect, timeouts.first_byte), (Duration::from_secs(10), Duration::from_mins(10)));
    assert_eq!((timeouts.idle, timeouts.total), (Duration::from_mins(5), None));
    assert!(matches!(entry.transport.proxy, Proxy::System));
    assert!(settings.prefixes.is_empty());
    assert_eq!(settings.models[0].name, "demo", "a provider's own models need no declaration");
}

#[test]
fn e1_entries_of_one_type_share_nothing() {
    let settings = load(
        "
timeouts: {idle: 7s, total: 1h}
providers:
  one: {type: openai, api_key: a, timeouts: {total: none, connect: 1s}, headers: {X-One: '1'}}
  two: {type: openai, api_key: b, proxy: none}
models:
  - {name: m1, provider: one}
  - {name: m2, provider: two, provider_model_id: m1, context_window: 10, capabilities: [text, json]}
",
    )
    .unwrap();
    let [one, two] = ["one", "two"].map(|name| settings.provider(name).unwrap());
    let idle = Duration::from_secs(7);
    assert_eq!((one.transport.timeouts.idle, one.transport.timeouts.total), (idle, None));
    assert_eq!(
        (two.transport.timeouts.idle, two.transport.timeouts.total),
        (idle, Some(Duration::from_hours(1)))
    );
    assert_eq!(one.transport.timeouts.connect, Duration::from_secs(1));
    assert_eq!((one.transport.headers.len(), two.transport.headers.len()), (1, 0));
    assert!(matches!(two.transport.proxy, Proxy::Direct));
    assert_eq!(settings.models[0].provider_model_id, "m1");
    assert_eq!((&*settings.models[1].provider_model_id, settings.models[1].context_window), ("m1", Some(10)));
    assert_eq!(settings.models[1].capabilities.as_deref(), Some(&[Capability::Text, Capability::Json][..]));
}

#[test]
fn every_type_and_preset_can_be_configured() {
    let with_preset = lattice_providers::PRESETS.iter().map(|preset| {
        format!("  p-{0}: {{type: openai_compatible, preset: {0}, api_key: k}}\n  {0}: {{type: {0}, api_key: k}}\n", preset.name)
    });
    let yaml = format!(
        "
providers:
  openai: {{type: openai, api_key: k, api: chat_completions}}
  azure: {{type: azureopenai, api_key: k, endpoint: 'https://r.openai.azure.com', api_version: 2025-04-01-preview}}
  azure-identity: {{type: azureopenai, endpoint: 'https://r.openai.azure.com', managed_identity: true}}
  anthropic: {{type: anthropic, api_key: k, prompt_caching: false}}
  azure-claude: {{type: azureanthropic, api_key: k, endpoint: 'https://r.services.ai.azure.com/anthropic'}}
  google: {{type: google, api_key: k, api_version: v1}}
  vertex: {{type: vertexai, project: p, location: europe-west1}}
  compatible: {{type: openai_compatible, endpoint: 'http://localhost:1/v1'}}
  demo: {{type: demo}}
{}routing: {{by_prefix: true}}
",
        with_preset.collect::<String>()
    );
    let settings = load(&yaml).unwrap();
    assert_eq!(settings.providers.len(), 9 + 2 * lattice_providers::PRESETS.len());
    let used: Vec<&str> = settings.providers.iter().map(|entry| entry.settings.of_type()).collect();
    assert!(
        lattice_providers::KINDS.iter().all(|kind| used.contains(&kind.name)),
        "a type is missing here: {used:?}"
    );
}

#[test]
fn plain_http_is_for_this_machine_and_for_servers_without_a_key_unless_allowed() {
    for entry in [
        "{type: vllm, endpoint: 'http://vllm.internal:8000/v1'}",
        "{type: openai, api_key: k, endpoint: 'http://127.0.0.1:9/v1'}",
        "{type: openai, api_key: k, endpoint: 'HTTP://127.9.0.1:9/v1'}",
        "{type: openai, api_key: k, endpoint: 'http://[::1]:9/v1'}",
        "{type: openai, api_key: k, endpoint: 'HTTPS://gateway.internal/v1'}",
        "{type: openai, api_key: k, endpoint: 'http://gateway.internal/v1', allow_plain_http: true}",
    ] {
        load(&format!("providers: {{p: {entry}}}\nmodels: [{{name: m, provider: p}}]\n")).unwrap();
    }
}

#[test]
fn yaml_types_are_the_schemas_to_say() {
    let settings = load(
        "
providers:
  a: &base {type: openai, api_key: 12345, api: responses}
  b: *base
models:
  - {name: 1.10, provider: a}
  - {name: on, provider: b}
server: {max_request_body_size: 1024}
",
    )
    .unwrap();
    let names: Vec<&str> = settings.models.iter().map(|model| &*model.name).collect();
    assert_eq!(names, ["1.10", "on"]);
    assert_eq!(settings.server.max_request_body_size, 1024);
}

#[test]
fn the_summary_has_a_line_for_everything() {
    let settings = load("providers: {o: {type: openai, api_key: k, endpoint: 'http://localhost:1/v1'}}\nmodels: [{name: a, provider: o, provider_model_id: b}]\nrouting: {by_prefix: true}\n").unwrap();
    let summary = settings.summary();
    for line in ["provider o (openai) at http://localhost:1/v1", "model a -> o as b", "models gpt-* -> o"] {
        assert!(summary.lines().any(|shown| shown == line), "{summary}");
    }
}
