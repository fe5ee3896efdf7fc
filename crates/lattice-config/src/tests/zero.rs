//! Without a file: what the environment stands for.

use super::zero;
use crate::Config;

fn providers(settings: &Config) -> Vec<(&str, Option<&str>)> {
    settings.providers.iter().map(|entry| (entry.settings.name(), entry.settings.endpoint())).collect()
}

#[test]
fn without_any_key_there_is_a_demo() {
    let settings = zero(&[("HOME", "/nowhere"), ("OPENAI_API_KEY", "")]).unwrap();
    assert_eq!(providers(&settings), [("demo", None)]);
    assert_eq!(settings.models.iter().map(|model| &*model.name).collect::<Vec<_>>(), ["demo"]);
    assert!(settings.prefixes.is_empty());
}

#[test]
fn each_key_is_a_provider() {
    let settings = zero(&[
        ("OPENAI_API_KEY", "a"),
        ("ANTHROPIC_API_KEY", "b"),
        ("ANTHROPIC_BASE_URL", "http://localhost:1"),
        ("GOOGLE_API_KEY", "c"),
        ("AZURE_OPENAI_API_KEY", "d"),
        ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com"),
        ("AZURE_ANTHROPIC_API_KEY", "e"),
        ("AZURE_ANTHROPIC_ENDPOINT", "https://r.services.ai.azure.com/anthropic"),
    ])
    .unwrap();
    let found = [
        ("openai", None),
        ("anthropic", Some("http://localhost:1")),
        ("google", None),
        ("azureopenai", Some("https://r.openai.azure.com")),
        ("azureanthropic", Some("https://r.services.ai.azure.com/anthropic")),
    ];
    assert_eq!(providers(&settings), found);
    let prefix = |name: &str| {
        settings.prefixes.iter().find(|prefix| prefix.prefix == name).map(|prefix| &*prefix.provider)
    };
    assert_eq!(
        [prefix("gpt-"), prefix("o3"), prefix("claude-"), prefix("gemini-")],
        [Some("openai"), Some("openai"), Some("anthropic"), Some("google")]
    );
}

#[test]
fn azure_answers_for_its_makers_where_it_is_alone() {
    let settings =
        zero(&[("AZURE_OPENAI_API_KEY", "d"), ("AZURE_OPENAI_BASE_URL", "https://r.openai.azure.com")])
            .unwrap();
    assert!(settings.models.is_empty());
    assert!(
        settings.prefixes.iter().all(|prefix| prefix.provider == "azureopenai")
            && !settings.prefixes.is_empty()
    );
}

#[test]
fn half_of_a_provider_is_a_notice() {
    for (name, said) in [
        (
            "AZURE_OPENAI_API_KEY",
            "AZURE_OPENAI_API_KEY is not used: it needs AZURE_OPENAI_ENDPOINT beside it",
        ),
        ("AZURE_ANTHROPIC_API_KEY", "it needs AZURE_ANTHROPIC_ENDPOINT beside it"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "it needs GOOGLE_CLOUD_PROJECT beside it"),
    ] {
        let settings = zero(&[(name, "x")]).unwrap();
        assert_eq!(providers(&settings), [("demo", None)]);
        assert!(settings.notices.iter().any(|line| line.contains(said)), "{:?}", settings.notices);
    }
}

#[test]
fn vertex_is_a_project_with_application_default_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let project = ("GOOGLE_CLOUD_PROJECT", "p-1");
    assert_eq!(providers(&zero(&[project, ("HOME", home)]).unwrap()), [("demo", None)]);
    let gcloud = folder.path().join(".config/gcloud");
    std::fs::create_dir_all(&gcloud).unwrap();
    std::fs::write(gcloud.join("application_default_credentials.json"), "{}").unwrap();
    let settings = zero(&[project, ("HOME", home), ("GOOGLE_CLOUD_LOCATION", "europe-west1")]).unwrap();
    assert_eq!(providers(&settings), [("vertexai", None)]);
    let entry = &settings.provider("vertexai").unwrap().settings;
    let set = |name: &str| entry.text(entry.kind().settings.iter().find(|row| row.name == name).unwrap());
    assert_eq!((set("project"), set("location")), (Some("p-1"), Some("europe-west1")));
    assert!(settings.models.iter().all(|model| model.name.starts_with("gemini-")));
}

#[test]
fn a_wrong_variable_is_named() {
    let text = zero(&[("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "localhost")]).unwrap_err().to_string();
    assert!(
        text.starts_with("environment variable OPENAI_BASE_URL: `providers.openai.endpoint` must be"),
        "{text}"
    );
}

#[test]
fn overrides_work_without_a_file() {
    let settings = zero(&[
        ("LATTICELM__SERVER__ADDRESS", ":9"),
        ("LATTICELM__AUTH__ALLOW_ANONYMOUS", "true"),
        ("LATTICELM__PROVIDERS__G__TYPE", "ollama"),
        ("LATTICELM__MODELS", "[{name: llama3.2, provider: g}]"),
    ])
    .unwrap();
    assert_eq!(settings.server.address.to_string(), "[::]:9");
    assert!(
        settings.notices.iter().any(|line| line.contains("anybody there may call")),
        "{:?}",
        settings.notices
    );
    assert_eq!(providers(&settings), [("g", None)]);
}
