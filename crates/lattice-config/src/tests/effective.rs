//! The configuration that is in force, written as a file again.

use super::{load, load_with};

#[test]
fn what_is_shown_can_be_read_again() {
    let settings = load_with(
        "
server: {address: ':81', cors: {allowed_origins: ['*']}}
timeouts: {idle: 7s}
providers:
  one: {type: openai, api_key: '${K}', proxy: 'socks5://p:1', headers: {X-A: b}, timeouts: {total: 1m}}
  two: {type: vertexai, project: p, location: eu}
models:
  - {name: 'a: b', provider: one, provider_model_id: \"it's\", capabilities: [text]}
",
        &[("K", "secret-key")],
    )
    .unwrap();
    let shown = settings.to_yaml();
    let again = load(&shown).unwrap_or_else(|errors| panic!("{errors}\n{shown}"));
    assert_eq!(again.to_yaml(), shown);
    assert_eq!(again.models, settings.models);
    assert_eq!(again.server, settings.server);
}

#[test]
fn the_summary_has_a_line_for_everything() {
    let settings = load("providers: {o: {type: openai, api_key: k, endpoint: 'http://localhost:1/v1'}}\nmodels: [{name: a, provider: o, provider_model_id: b}]\nrouting: {by_prefix: true}\n").unwrap();
    let summary = settings.summary();
    for line in ["provider o (openai) at http://localhost:1/v1", "model a -> o as b", "models gpt-* -> o"] {
        assert!(summary.lines().any(|shown| shown == line), "{summary}");
    }
}
