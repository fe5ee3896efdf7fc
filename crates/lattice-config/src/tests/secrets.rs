//! A10: no secret in an error, in `Debug`, or in the configuration that is shown.

use super::{errors_with, load_with};

const SECRET: &str = "sk-very-secret-value";

#[test]
fn a10_no_error_shows_what_came_from_a_variable_or_stands_at_a_secret_key() {
    let files = [
        "providers: {o: {type: '${S}', api_key: k}}",
        "providers: {o: {type: openai, api_key: k, endpoint: '${S}'}}",
        "providers: {o: {type: openai, api_key: k, endpoint: 'https://h/v1?key=sk-very-secret-value'}}",
        "providers: {o: {type: openai, api_key: k, endpoint: 'https://u:sk-very-secret-value@h/v1'}}",
        "providers: {o: {type: openai, api_key: k, authority: 'https://h/?key=sk-very-secret-value'}}",
        "providers: {o: {type: openai, api_key: k, proxy: 'ftp://u:${S}@p'}}",
        "providers: {o: {type: openai, api_key: \"${S}\\n\"}}",
        "providers: {o: {type: openai, api_key: sk-very-secret-value, project: sk-very-secret-value}}",
        "providers: {o: {type: openai, api_key: k, headers: {a: \"${S}\\n\"}}}",
        "providers: {o: {type: openai, api_key: k, timeouts: {idle: '${S}'}}}",
        "providers: {o: {type: openai, api_key: k, api: '${S}'}}",
        "providers: {v: {type: vertexai, project: p, location: '${S}', credentials_file: '/${S}'}}",
        "providers: {demo: {type: demo}}\nserver: {address: '${S}', max_connections: '${S}'}",
        "providers: {demo: {type: demo}}\nmodels: [{name: a, provider: '${S}'}]",
    ];
    for file in files {
        let text = errors_with(file, &[("S", SECRET)]);
        assert!(!text.contains(SECRET), "{file}\n{text}");
    }
}

#[test]
fn a10_settings_show_no_secret() {
    let file = "
providers:
  o:
    type: openai
    api_key: '${S}'
    headers: {x-more: '${S}'}
    proxy: 'http://user:${S}@proxy:3128'
  a:
    type: azureopenai
    endpoint: https://e.example
    tenant_id: t
    client_id: c
    client_secret: '${S}'
routing: {by_prefix: true}
";
    let settings =
        load_with(file, &[("S", SECRET), ("DATABASE_URL", "postgres://u:sk-very-secret-value@h/d")]).unwrap();
    for shown in [format!("{settings:?}"), settings.summary()] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn d7_a_changed_secret_makes_another_entry() {
    let entry = |key: &str, more: &str| {
        let yaml = format!(
            "providers: {{o: {{type: openai, api_key: {key}, {more}}}}}\nrouting: {{by_prefix: true}}"
        );
        load_with(&yaml, &[]).unwrap().provider("o").unwrap().clone()
    };
    assert!(entry("one", "").is_same(&entry("one", "")));
    for other in [
        entry("two", ""),
        entry("one", "headers: {a: b}"),
        entry("one", "proxy: none"),
        entry("one", "timeouts: {idle: 1s}"),
        entry("one", "endpoint: 'https://e.example/v1'"),
    ] {
        assert!(!entry("one", "").is_same(&other), "{other:?}");
    }
}

#[test]
fn a10_a_key_that_a_file_holds_is_used_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let yaml = format!(
        "providers: {{o: {{type: openai, api_key_file: '{}'}}}}\nmodels: [{{name: a, provider: o}}]",
        file.display()
    );
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let settings = load_with(&yaml, &[]).unwrap();
    let same = yaml.replace(&format!("api_key_file: '{}'", file.display()), &format!("api_key: {SECRET}"));
    assert_eq!(settings.providers[0].settings, load_with(&same, &[]).unwrap().providers[0].settings);
    assert!(!format!("{settings:?}").contains(SECRET));
    for (content, said) in
        [("\n", "names a file that is empty"), ("two\nlines", "names a file whose content")]
    {
        std::fs::write(&file, content).unwrap();
        let text = errors_with(&yaml, &[]);
        assert!(text.contains(said), "{text}");
        assert_eq!(text.lines().count(), 1, "the key is not said to be missing as well: {text}");
    }
}
