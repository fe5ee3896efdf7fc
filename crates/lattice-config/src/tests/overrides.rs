//! `LATTICELM__...` over the file.

use secrecy::ExposeSecret as _;

use super::{SMALL, errors_with, load_with};

#[test]
fn variables_win_over_the_file() {
    let file = "
server: {address: '127.0.0.1:1', cors: {allowed_origins: ['https://a.example']}}
providers:
  my-claude: {type: anthropic, api_key: k}
models:
  - {name: one, provider: my-claude}
";
    let settings = load_with(
        file,
        &[
            ("LATTICELM__SERVER__ADDRESS", "[::1]:99"),
            ("LATTICELM__SERVER__MAX_REQUEST_BODY_SIZE", "1MB"),
            ("LATTICELM__SERVER__CORS__ALLOWED_ORIGINS", "https://b.example, https://c.example"),
            ("LATTICELM__LOGGING__LEVEL", "debug"),
            ("LATTICELM__PROVIDERS__MY_CLAUDE__ENDPOINT", "https://e.example"),
            ("LATTICELM__PROVIDERS__SECOND", "{type: openai, api_key: k2}"),
            ("LATTICELM__MODELS__0__PROVIDER_MODEL_ID", "claude-x"),
            ("LATTICELM__MODELS__1", "{name: two, provider: second}"),
            ("LATTICELM__MODELS__1__MAX_OUTPUT_TOKENS", "5"),
            ("LATTICELM__ROUTING__BY_PREFIX", ""),
        ],
    )
    .unwrap();
    assert_eq!(settings.server.address.to_string(), "[::1]:99");
    assert_eq!(settings.server.max_request_body_size, 1 << 20);
    let cors = settings.server.cors.as_ref().unwrap();
    assert_eq!(cors.allowed_origins, ["https://b.example", "https://c.example"]);
    assert_eq!(settings.logging.level.name(), "debug");
    let claude = settings.provider("my-claude").unwrap();
    assert_eq!(claude.settings.endpoint(), Some("https://e.example"));
    let models: Vec<_> =
        settings.models.iter().map(|model| (&*model.name, &*model.provider_model_id)).collect();
    assert_eq!(models, [("one", "claude-x"), ("two", "two")]);
    assert_eq!(settings.models[1].max_output_tokens, Some(5));
}

#[test]
fn a_variable_that_means_nothing_is_an_error_that_names_it() {
    let two = "providers: {a-b: {type: demo}, a_b: {type: demo}}";
    let cases = [
        (SMALL, "LATTICELM__SERVR__ADDRESS", "x", "Did you mean LATTICELM__SERVER?"),
        (SMALL, "LATTICELM__SERVER__PORT", "1", "which is not a known key. Known here: ADDRESS, "),
        (SMALL, "LATTICELM__SERVER__ADDRESS__X", "1", "goes below `server.address`, which is a single value"),
        (
            SMALL,
            "LATTICELM__MODELS__3__NAME",
            "x",
            "must name an item of `models` by its number, from 0 to 0",
        ),
        (
            SMALL,
            "LATTICELM__SERVER__MAX_CONNECTIONS",
            "many",
            "`server.max_connections` must be a whole number",
        ),
        (
            SMALL,
            "LATTICELM__UI__ENABLED",
            "true",
            "`ui` asks for the web interface, which this version does not have",
        ),
        (SMALL, "LATTICELM__PROVIDERS__X", "{", "`providers.x` must be a list or a map in YAML"),
        (two, "LATTICELM__PROVIDERS__A_B__TYPE", "demo", "could mean `providers.a-b` or `providers.a_b`"),
    ];
    for (file, name, value, said) in cases {
        let text = errors_with(file, &[(name, value)]);
        assert!(text.contains(said), "{name}={value}\nsays\n{text}\nwithout\n{said}");
        assert!(text.contains(&format!("environment variable {name}")), "{text}");
    }
    load_with(SMALL, &[("LATTICELM__UI__ENABLED", "false")]).unwrap();
}

#[test]
fn a_redis_server_is_named_by_the_environment_as_by_the_file() {
    let named = |file: &str, pairs: &[(&str, &str)]| {
        let settings = load_with(file, pairs).unwrap();
        settings.counting.redis.map(|url| url.expose_secret().to_owned())
    };
    assert_eq!(named(SMALL, &[]), None);
    assert_eq!(named(SMALL, &[("REDIS_URL", "redis://h/1")]).as_deref(), Some("redis://h/1"));
    let both = [("REDIS_URL", "redis://h/1"), ("RATE_LIMIT_REDIS_URL", "rediss://h/2")];
    assert_eq!(named(SMALL, &both).as_deref(), Some("rediss://h/2"));
    let file = format!("{SMALL}\nrate_limit:\n  redis_url: redis://of-the-file\n");
    assert_eq!(named(&file, &both).as_deref(), Some("redis://of-the-file"));

    let text = errors_with(SMALL, &[("REDIS_URL", "http://h")]);
    assert!(text.contains("must begin with redis:// or rediss://"), "{text}");
}

#[test]
fn the_password_of_a_redis_server_is_not_shown() {
    let settings = load_with(SMALL, &[("REDIS_URL", "redis://user:canary-of-redis@h")]).unwrap();
    assert!(!format!("{settings:?}").contains("canary-of-redis"));
}
