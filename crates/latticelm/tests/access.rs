//! Who is let in, to what, and what they see of others: every route, every role, every way to show a key.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::{eventually, new_folder};
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

const ROLES: [&str; 5] = ["viewer", "member", "admin", "owner", "operator"];

/// A key for each role in the tenant `acme`, one of another there, and one of another tenant.
fn keys() -> String {
    let key = |name: &str, tenant: &str, role: &str| {
        // `admin` is the name of the key in LATTICELM_ADMIN_KEY.
        format!("{{name: the-{name}, key: {}, tenant_id: {tenant}, role: {role}}}", secret(name))
    };
    let mut all: Vec<String> = ROLES.iter().map(|role| key(role, "acme", role)).collect();
    all.extend([
        key("colleague", "acme", "member"),
        key("stranger", "other", "member"),
        key("neighbour", "other", "owner"),
    ]);
    all.push(format!("{{name: the-bound, key: {}, models: [openai.script-text]}}", secret("bound")));
    format!("auth: {{keys: [{}]}}\n", all.join(", "))
}

/// The key of this name: it does not look like one.
fn secret(name: &str) -> String {
    format!("the-words-of-{name}-here")
}

fn send(stage: &Stage, key: Option<&str>, method: &str, path: &str, body: &Value) -> Received {
    let bearer = key.map(|key| format!("Bearer {}", secret(key)));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let text = if body.is_null() { String::new() } else { body.to_string() };
    client::send(stage.address(), method, path, &headers, text.as_bytes()).unwrap()
}

#[test]
fn a3_every_route_lets_in_the_roles_that_it_declares_and_nobody_else() {
    let stage = Stage::start(PROGRAM, &keys()).unwrap();
    let document = client::get(stage.address(), "/openapi.json").unwrap().json();
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let allowed: Vec<&str> = operation["x-roles"]
                .as_array()
                .unwrap_or_else(|| panic!("{method} {path} declares no roles"))
                .iter()
                .map(|role| role.as_str().unwrap())
                .collect();
            let (method, path) =
                (method.to_uppercase(), path.replace("{id}", "none").replace("{item_id}", "none"));
            let body = if method == "POST" { json!({}) } else { Value::Null };
            let nobody = send(&stage, None, &method, &path, &body);
            let wrong = client::send(
                stage.address(),
                &method,
                &path,
                &[("authorization", "Bearer no-such-key-in-here")],
                b"",
            )
            .unwrap();
            if allowed.is_empty() {
                // What they ask for may be wrong; it is not refused for who they are.
                let is_let_in = |answer: &Received| ![401, 403].contains(&answer.status);
                assert!(
                    is_let_in(&nobody) && is_let_in(&wrong),
                    "{method} {path} is public: {}",
                    nobody.text()
                );
                continue;
            }
            assert_eq!(
                (nobody.status, &nobody.json()["error"]["code"]),
                (401, &json!("missing_api_key")),
                "{method} {path}"
            );
            assert_eq!(
                (wrong.status, &wrong.json()["error"]["code"]),
                (401, &json!("invalid_api_key")),
                "{method} {path}"
            );
            assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
            for role in ROLES {
                let answer = send(&stage, Some(role), &method, &path, &body);
                // Rights come before ids and bodies, which are wrong here.
                let is_let_in = ![401, 403].contains(&answer.status);
                assert_eq!(is_let_in, allowed.contains(&role), "{role} {method} {path}: {}", answer.text());
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "only {checked}");
    assert_eq!(stage.upstream.counts().requests, 0);
}

#[test]
fn a1_one_key_is_one_principal_however_it_is_shown() {
    let stage = Stage::start(PROGRAM, &keys()).unwrap();
    let body = json!({"model": "openai.script-text", "input": "x"}).to_string();
    let bearer = format!("bearer {}", secret("member"));
    let mut ids = Vec::new();
    for (name, value) in
        [("authorization", bearer.as_str()), ("x-api-key", &secret("member")), ("api-key", &secret("member"))]
    {
        let answer =
            client::send(stage.address(), "POST", "/v1/responses", &[(name, value)], body.as_bytes())
                .unwrap();
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    for id in ids {
        assert_eq!(
            send(&stage, Some("member"), "GET", &format!("/v1/responses/{id}"), &Value::Null).status,
            200
        );
    }
    let two = [("authorization", bearer.as_str()), ("x-api-key", &secret("colleague"))];
    assert_eq!(
        client::send(stage.address(), "POST", "/v1/responses", &two, body.as_bytes()).unwrap().status,
        401,
        "which of the two counts is no guess"
    );
}

/// A way to somebody's thing: the method, the path, the body, and the id that it is found by.
type Attempt = (&'static str, String, Value, String);

/// Every route that takes the id of something stored, with ids of what the key `member` has stored.
fn attempts(stage: &Stage) -> Vec<Attempt> {
    let made = send(
        stage,
        Some("member"),
        "POST",
        "/v1/responses",
        &json!({"model": "anthropic.script-text", "input": "mine"}),
    );
    let response = made.json();
    let (id, item) = (response["id"].as_str().unwrap(), response["output"][0]["id"].as_str().unwrap());
    let made = send(
        stage,
        Some("member"),
        "POST",
        "/v1/conversations",
        &json!({"items": [{"role": "user", "content": "mine"}]}),
    );
    let conversation = made.json()["id"].as_str().unwrap().to_owned();
    let list =
        send(stage, Some("member"), "GET", &format!("/v1/conversations/{conversation}/items"), &Value::Null);
    let entry = list.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let text = json!({"model": "openai.script-text", "input": "x"});
    let with = |more: Value| {
        let mut body = text.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let all: Vec<(&'static str, String, Value, &str)> = vec![
        ("GET", format!("/v1/responses/{id}"), Value::Null, id),
        ("GET", format!("/v1/responses/{id}/input_items"), Value::Null, id),
        ("POST", "/v1/responses".to_owned(), with(json!({"previous_response_id": id})), id),
        ("POST", "/v1/responses/input_tokens".to_owned(), with(json!({"previous_response_id": id})), id),
        (
            "POST",
            "/v1/responses".to_owned(),
            with(json!({"input": [{"type": "item_reference", "id": item}]})),
            item,
        ),
        (
            "POST",
            "/v1/responses".to_owned(),
            with(json!({"input": [{"type": "item_reference", "id": entry}]})),
            &entry,
        ),
        ("POST", "/v1/responses".to_owned(), with(json!({"conversation": conversation})), &conversation),
        ("GET", format!("/v1/conversations/{conversation}"), Value::Null, &conversation),
        ("POST", format!("/v1/conversations/{conversation}"), json!({"metadata": {}}), &conversation),
        ("GET", format!("/v1/conversations/{conversation}/items"), Value::Null, &conversation),
        (
            "POST",
            format!("/v1/conversations/{conversation}/items"),
            json!({"items": [{"role": "user", "content": "x"}]}),
            &conversation,
        ),
        ("GET", format!("/v1/conversations/{conversation}/items/{entry}"), Value::Null, &conversation),
        ("DELETE", format!("/v1/conversations/{conversation}/items/{entry}"), Value::Null, &conversation),
        ("DELETE", format!("/v1/conversations/{conversation}"), Value::Null, &conversation),
        ("DELETE", format!("/v1/responses/{id}"), Value::Null, id),
    ];
    all.into_iter().map(|(method, path, body, id)| (method, path, body, id.to_owned())).collect()
}

#[test]
fn a2_what_is_somebody_elses_answers_like_what_is_not_there() {
    let stage = Stage::start(PROGRAM, &keys()).unwrap();
    let attempts = attempts(&stage);
    let missing = |id: &str| {
        id.chars().map(|letter| if letter.is_ascii_digit() { '7' } else { letter }).collect::<String>()
    };
    let asked = stage.upstream.counts().requests;
    for (method, path, body, wanted) in &attempts {
        for stranger in ["colleague", "stranger", "neighbour"] {
            let seen = send(&stage, Some(stranger), method, path, body);
            assert_eq!(seen.status, 404, "{stranger} {method} {path} {body}: {}", seen.text());
            // The same words as for an id that nobody has.
            let nowhere = missing(wanted);
            let body: Value =
                serde_json::from_str(&body.to_string().replace(wanted.as_str(), &nowhere)).unwrap();
            let unseen =
                send(&stage, Some(stranger), method, &path.replace(wanted.as_str(), &nowhere), &body);
            assert_eq!(
                seen.text().replace(wanted.as_str(), "ID"),
                unseen.text().replace(&nowhere, "ID"),
                "{method} {path}"
            );
        }
    }
    assert_eq!(stage.upstream.counts().requests, asked, "no provider sees anything of it");
    for (method, path, body, _) in &attempts {
        let own = send(&stage, Some("member"), method, path, body);
        assert_eq!(own.status, 200, "{method} {path} {body}: {}", own.text());
    }
}

#[test]
fn a3_who_runs_a_tenant_sees_what_all_in_it_have_stored() {
    let stage = Stage::start(PROGRAM, &keys()).unwrap();
    for role in ["admin", "owner", "operator"] {
        for (method, path, body, _) in attempts(&stage) {
            let seen = send(&stage, Some(role), method, &path, &body);
            assert_eq!(seen.status, 200, "{role} {method} {path} {body}: {}", seen.text());
        }
    }
}

#[test]
fn a11_a_key_asks_only_for_its_models() {
    let stage = Stage::start(PROGRAM, &keys()).unwrap();
    let ask = |model: &str, more: Value| {
        let mut body = json!({"model": model, "input": "x"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        [("/v1/responses", body.clone()), ("/v1/responses/input_tokens", body)]
            .map(|(path, body)| send(&stage, Some("bound"), "POST", path, &body))
    };
    assert!(ask("openai.script-text", json!({})).iter().all(|answer| answer.status == 200));
    for (model, more) in [
        ("anthropic.script-text", json!({})),
        ("openai.script-tool", json!({"provider": "openai"})),
        ("nothing", json!({})),
    ] {
        for refused in ask(model, more.clone()) {
            assert_eq!(
                (refused.status, &refused.json()["error"]["code"]),
                (403, &json!("model_not_allowed")),
                "{}",
                refused.text()
            );
        }
    }
    let models = send(&stage, Some("bound"), "GET", "/v1/models", &Value::Null).json();
    assert_eq!(models["data"].as_array().unwrap().len(), 1, "{models}");
    assert_eq!(send(&stage, Some("bound"), "GET", "/v1/models/openai.script-tool", &Value::Null).status, 404);
    assert_eq!(send(&stage, Some("bound"), "GET", "/v1/models/openai.script-text", &Value::Null).status, 200);
}

#[test]
fn a9_a_gateway_that_others_can_reach_does_not_start_without_knowing_who_calls() {
    let start = |yaml: &str| {
        let folder = new_folder().unwrap();
        std::fs::write(folder.join("config.yaml"), yaml).unwrap();
        let done = std::process::Command::new(PROGRAM)
            .args(["config", "check"])
            .arg(folder.join("config.yaml"))
            .env_clear()
            .output()
            .unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        (
            done.status.success(),
            String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout),
        )
    };
    let demo = "providers: {demo: {type: demo}}\n";
    let open = "server: {address: ':8080'}\n";
    let (fine, said) = start(&format!("{demo}{open}"));
    assert!(!fine && said.contains("`server.address`") && said.contains("LATTICELM_ADMIN_KEY"), "{said}");
    assert!(start(&format!("{demo}{open}auth: {{allow_anonymous: true}}\n")).0);
    assert!(start(&format!("{demo}{open}auth: {{keys: [{{name: a, key: 0123456789abcdef}}]}}\n")).0);
    assert!(start(demo).0, "on this machine alone nobody has to say who they are");
}

#[test]
fn a10_keys_are_taken_over_when_the_file_changes_and_show_up_nowhere() {
    let stage = Stage::start(PROGRAM, &keys()).unwrap();
    let ask = |key: &str| {
        send(
            &stage,
            Some(key),
            "POST",
            "/v1/responses",
            &json!({"model": "openai.script-text", "input": "x"}),
        )
    };
    assert_eq!((ask("member").status, ask("newcomer").status), (200, 401));
    let file = stage.gateway.config();
    let yaml = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, yaml.replace(&secret("member"), &secret("newcomer"))).unwrap();
    stage.gateway.signal("HUP").unwrap();
    eventually(|| (ask("newcomer").status == 200).then_some(())).unwrap();
    assert_eq!(ask("member").status, 401, "a key that is gone lets nobody in");
    let logs = stage.gateway.logs();
    assert!(!logs.contains("the-words-of"), "{logs}");
    assert!(logs.contains("key:the-member") && logs.contains("acme"), "the log says who it was: {logs}");
}

#[test]
fn the_operators_key_comes_from_the_environment() {
    let run = |key: &str| {
        std::process::Command::new(PROGRAM)
            .args(["models"])
            .env_clear()
            .env("LATTICELM_ADMIN_KEY", key)
            .output()
            .unwrap()
    };
    let short = run("too-short");
    let said = String::from_utf8_lossy(&short.stderr).into_owned();
    assert!(
        !short.status.success() && said.contains("LATTICELM_ADMIN_KEY") && !said.contains("too-short"),
        "{said}"
    );
    assert!(run("long-enough-to-be-a-key").status.success());
}
