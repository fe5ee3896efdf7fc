//! What a person reads who made a mistake: file, line, column, key, and what to do.

use super::{SMALL, errors, errors_with, load};

/// What stands after a small file that is right, and what is said about it.
const AFTER_SMALL: &[(&str, &str)] = &[
    (
        "    apikey: x\n",
        "config.yaml:4:5: `providers.demo.apikey` is not a known key. Did you mean `api_key`?",
    ),
    ("servr: {}\n", "config.yaml:4:1: `servr` is not a known key. Did you mean `server`?"),
    ("server: {address: nonsense}\n", "`server.address` must be an address of this machine"),
    ("server: {max_connections: many}\n", "`server.max_connections` must be a whole number, not `many`"),
    ("server: {max_connections: 0}\n", "`server.max_connections` must be at least 1"),
    ("server: {max_request_body_size: 1.5MB}\n", "must be a number of bytes"),
    ("server: {heartbeat: 0s}\n", "must be a duration of more than nothing"),
    ("server: {tls: {certificate_file: c.pem}}\n", "`server.tls.key_file` is needed for `tls`"),
    (
        "server: {cors: {allowed_origins: ['https://a.example/']}}\n",
        "`server.cors.allowed_origins[0]` must be an origin",
    ),
    ("server: {cors: {}}\n", "`server.cors.allowed_origins` is needed for `cors`"),
    ("server: here\n", "`server` must be a map of keys and values"),
    ("models: here\n", "`models` must be a list"),
    ("logging: {level: loud}\n", "must be one of trace, debug, info, warn, error, not `loud`"),
    ("logging: {level: inf}\n", "Did you mean `info`?"),
    ("routing: {by_prefix: maybe}\n", "must be true or false, not `maybe`"),
    ("timeouts: {connect: 10}\n", "`timeouts.connect` must be a duration"),
    ("models: [{name: a}]\n", "`models[0].provider` is needed"),
    ("models: [{provider: demo}]\n", "`models[0].name` is needed"),
    (
        "models: [{name: a, provider: demmo}]\n",
        "names `demmo`, which is not one of `providers`. Did you mean `demo`?",
    ),
    (
        "models: [{name: a, provider: demo}, {name: a, provider: demo}]\n",
        "is `a` again; the first is at config.yaml:4:11",
    ),
    (
        "models: [{name: a, provider: demo, max_output_tokens: 0}]\n",
        "`models[0].max_output_tokens` must be at least 1",
    ),
    (
        "models: [{name: a, provider: demo, capabilities: [vision]}]\n",
        "`models[0].capabilities[0]` must be one of text, images",
    ),
    ("providers: {}\n", "config.yaml:4:1: `providers`"),
];

/// Whole files.
const WHOLE: &[(&str, &str)] = &[
    ("models: []\n", "`providers` needs at least one entry"),
    (
        "providers: {o: {type: openai, api_key: k}}\n",
        "`models` needs at least one entry, or `routing.by_prefix: true`",
    ),
    (
        "providers: {o: {type: opena, api_key: k}}\n",
        "names `opena`, which is not a type of provider. Did you mean `openai`?",
    ),
    ("providers: {o: {api_key: k}}\n", "`providers.o.type` is needed: one of"),
    ("providers: {a b: {type: demo}}\n", "must have a name of 1 to 64 letters"),
    ("providers: {o: {type: openai}}\n", "`providers.o.api_key`"),
    ("providers: {o: {type: openai, api_key: ''}}\n", "`providers.o.api_key`"),
    (
        "providers: {o: {type: openai, api_key: k, project: p}}\n",
        "`providers.o.project` is not a setting of type `openai`; take it out",
    ),
    (
        "providers: {o: {type: openai, api_key: k, endpoint: 'api.example'}}\n",
        "`providers.o.endpoint` must be an address such as",
    ),
    (
        "providers: {o: {type: openai, api_key: k, endpoint: 'https://u:p@e.example/v1'}}\n",
        "must not hold a user name or a password",
    ),
    (
        "providers: {o: {type: openai, api_key: k, proxy: 'ftp://p'}}\n",
        "`providers.o.proxy` must be the address of a proxy",
    ),
    (
        "providers: {o: {type: openai, api_key: k, headers: {'a b': c}}}\n",
        "`providers.o.headers.a b` is not a header's name",
    ),
    (
        "providers: {v: {type: vertexai, project: p, credentials_file: gone.json}}\n",
        "names `gone.json`, which cannot be read",
    ),
    (
        "providers: {o: {type: openai, api_key_file: gone.txt}}\n",
        "`providers.o.api_key_file` names a file that cannot be read",
    ),
    (
        "providers: {o: {type: openai, api_key: k, api_key_file: gone.txt}}\n",
        "`providers.o.api_key_file` and `api_key` exclude each other; keep one",
    ),
    ("providers: {o: {type: openai, endpoint_file: x}}\n", "`providers.o.endpoint_file`"),
    (
        "providers: {o: {type: openai, api_key: k, endpoint: 'http://localhost.example/v1'}}\n",
        "`providers.o.endpoint` is plain HTTP on another machine",
    ),
    (
        "providers: {o: {type: vllm, headers: {authorization: k}, endpoint: 'HTTP://10.0.0.1/v1'}}\n",
        "`providers.o.endpoint` is plain HTTP on another machine",
    ),
    (
        "providers: {a: {type: azureopenai, endpoint: 'https://r.openai.azure.com', tenant_id: t, client_id: c, client_secret: s, authority: 'http://login.example'}}\n",
        "`providers.a.authority` is plain HTTP on another machine",
    ),
    (
        "providers: {demo: {type: demo}}\nlimits: [{level: global, tokens_per_month: 18446744073709551615}]\n",
        "`limits[0]` has a number above 9007199254740992",
    ),
    ("providers: {v: {type: vertexai}}\n", "`providers.v.project` is needed for type `vertexai`"),
    (
        "providers: {a: {type: azureopenai, api_key: k}}\n",
        "`providers.a.endpoint` is needed for type `azureopenai`",
    ),
    (
        "providers: {a: {type: azureanthropic, api_key: k, endpoint: 'https://e.example'}}\n",
        "must end in `/anthropic`",
    ),
    ("providers: {c: {type: openai_compatible}}\n", "`providers.c.endpoint` is needed"),
    ("providers: {\n", "is not valid YAML here"),
    ("- a\n", "must be a map of keys and values"),
];

#[test]
fn every_mistake_is_named_with_its_place() {
    let after = AFTER_SMALL.iter().map(|(yaml, said)| (format!("{SMALL}{yaml}"), *said));
    let whole = WHOLE.iter().map(|(yaml, said)| ((*yaml).to_owned(), *said));
    for (yaml, said) in after.chain(whole) {
        let text = errors(&yaml);
        assert!(text.contains(said), "{yaml}\nsays\n{text}\nwithout\n{said}");
        assert!(text.lines().all(|line| line.starts_with("config.yaml")), "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = errors(
        "server: {address: x, tsl: {}}\nproviders: {o: {type: nope}}\nmodels: [{name: a, provider: p}]\n",
    );
    let keys: Vec<&str> = text.lines().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(keys, ["server.address", "server.tsl", "providers.o.type", "models[0].provider"], "{text}");
}

#[test]
fn a_missing_variable_is_named_and_nothing_else_is_made_of_it() {
    let text = errors_with(
        "providers: {o: {type: openai, api_key: '${OPENAI_KEY}'}}\nrouting: {by_prefix: true}\n",
        &[("OPENAI_KEYS", "x")],
    );
    assert_eq!(
        text,
        "config.yaml:1:40: `providers.o.api_key` needs the environment variable OPENAI_KEY, which is not set. \
         Did you mean `OPENAI_KEYS`? Set it, or write `${OPENAI_KEY:-default}`"
    );
}

#[test]
fn e7_a_section_that_is_not_there_yet_is_refused_unless_it_is_off() {
    for section in ["observability", "ui"] {
        for on in ["{enabled: true}", "{}", "{ttl: 1h}", "{enabled: maybe}", "x"] {
            let text = errors(&format!("{SMALL}{section}: {on}\n"));
            assert!(text.contains(&format!("config.yaml:4:1: `{section}` asks for ")), "{text}");
            assert!(text.contains(&format!("set `{section}.enabled` to `false`")), "{text}");
        }
        for off in ["{enabled: false, anything: {else: 1}}", ""] {
            load(&format!("{SMALL}{section}: {off}\n")).unwrap();
        }
    }
}

#[test]
fn yaml_cannot_be_a_bomb_or_recurse() {
    let mut lines = vec!["a: &a [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for (one, next) in ["a", "b", "c", "d", "e", "f"].iter().zip(["b", "c", "d", "e", "f", "g"]) {
        lines.push(format!("{next}: &{next} [{}]", format!("*{one}, ").repeat(10)));
    }
    let text = errors(&lines.join("\n"));
    assert!(text.contains("holds more values than a configuration can"), "{text}");
    assert!(errors(&"[".repeat(10_000)).starts_with("config.yaml"));
}
