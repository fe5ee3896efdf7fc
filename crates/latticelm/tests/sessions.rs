//! Sessions of browsers: signing in with a key, what counts with the cookie, and what does not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use lattice_testkit::client::{self, Received};
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

const OPERATOR: &str = "the-words-of-the-operator";

const KEYS: &str = "auth: {keys: [{name: root, key: the-words-of-the-operator, role: operator}]}\n";

fn send(stage: &Stage, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Received {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers);
    let text = if body.is_null() { String::new() } else { body.to_string() };
    client::send(stage.address(), method, path, &all, text.as_bytes()).unwrap()
}

/// Signs in: the cookie as a browser shows it, and the token against foreign pages.
fn sign_in(stage: &Stage, key: &str) -> (String, String) {
    let begun = send(stage, "POST", "/api/v1/session", &[], &json!({"key": key}));
    assert_eq!(begun.status, 201, "{}", begun.text());
    let set = begun.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    (cookie, begun.json()["csrf_token"].as_str().unwrap().to_owned())
}

fn with<'a>(cookie: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("cookie", cookie)], more].concat()
}

fn code(answer: &Received) -> (u16, String) {
    (answer.status, answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a1_whoever_signs_in_with_a_key_is_who_has_the_key() {
    let stage = Stage::start(PROGRAM, KEYS).unwrap();
    let (cookie, csrf) = sign_in(&stage, OPERATOR);
    let who = send(&stage, "GET", "/api/v1/session", &with(&cookie, &[]), &Value::Null).json();
    assert_eq!(
        (&who["role"], &who["key_id"], &who["csrf_token"]),
        (&json!("operator"), &json!("file_root"), &json!(csrf)),
        "{who}"
    );
    assert!(who["permissions"].as_array().unwrap().contains(&json!("createTenant")), "{who}");
    let by_key = send(
        &stage,
        "GET",
        "/api/v1/session",
        &[("authorization", &format!("Bearer {OPERATOR}"))],
        &Value::Null,
    )
    .json();
    assert_eq!((&by_key["subject"], &by_key["csrf_token"]), (&who["subject"], &Value::Null));
    // What is stored with the one is there for the other.
    let ask = json!({"model": "openai.script-text", "input": "x"});
    let made = send(&stage, "POST", "/v1/responses", &with(&cookie, &[("x-csrf-token", &csrf)]), &ask);
    assert_eq!(made.status, 200, "{}", made.text());
    let path = format!("/v1/responses/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(send(&stage, "GET", &path, &[("x-api-key", OPERATOR)], &Value::Null).status, 200);
    for wrong in [json!({"key": "no-such-key-in-here"}), json!({"key": ""}), json!({})] {
        assert!([400, 401].contains(&send(&stage, "POST", "/api/v1/session", &[], &wrong).status), "{wrong}");
    }
    let log = send(&stage, "GET", "/api/v1/audit", &with(&cookie, &[]), &Value::Null).json();
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["after"]["by"]),
        (&json!("session.create"), &json!("key")),
        "{log}"
    );
    let text = cookie.split_once('=').unwrap().1;
    assert!(
        !stage.gateway.logs().contains(text) && !log.to_string().contains(text),
        "no cookie is written anywhere"
    );
}

#[test]
fn a5_what_changes_something_has_to_come_from_a_page_of_this_server() {
    let stage = Stage::start(PROGRAM, KEYS).unwrap();
    let (cookie, csrf) = sign_in(&stage, OPERATOR);
    let make = |headers: &[(&str, &str)]| {
        code(&send(&stage, "POST", "/api/v1/keys", &with(&cookie, headers), &json!({"name": "x"})))
    };
    for fine in [
        &[("x-csrf-token", csrf.as_str())][..],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", "http://localhost")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost")],
    ] {
        assert_eq!(make(fine).0, 201, "{fine:?}");
    }
    for foreign in [
        &[][..],
        &[("x-csrf-token", "guessed")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://localhost")],
        &[("sec-fetch-site", "none"), ("x-csrf-token", "guessed")],
        &[("origin", "null")],
        &[("origin", "http://evil.test"), ("x-csrf-token", csrf.as_str())],
    ] {
        let refused = make(foreign);
        assert_eq!(refused.0, 403, "{foreign:?}: {}", refused.1);
    }
    // Reading is free, and a key needs no page.
    assert_eq!(send(&stage, "GET", "/api/v1/keys", &with(&cookie, &[]), &Value::Null).status, 200);
    let bearer = format!("Bearer {OPERATOR}");
    let both = with(&cookie, &[("authorization", &bearer), ("sec-fetch-site", "cross-site")]);
    assert_eq!(send(&stage, "POST", "/api/v1/keys", &both, &json!({"name": "x"})).status, 201);
    let foreign =
        send(&stage, "POST", "/api/v1/session", &[("origin", "http://evil.test")], &json!({"key": OPERATOR}));
    assert_eq!(foreign.status, 403, "nobody is signed in by a page from elsewhere");
}

#[test]
fn a4_a_session_ends_with_its_key_by_signing_out_and_with_its_time() {
    let stage =
        Stage::start(PROGRAM, &KEYS.replace("}]}", "}], session: {lifetime: 1h, idle: 1h}}")).unwrap();
    let root = ("authorization", format!("Bearer {OPERATOR}"));
    let root = [(root.0, root.1.as_str())];
    let made = send(&stage, "POST", "/api/v1/keys", &root, &json!({"name": "x", "role": "admin"})).json();
    let (cookie, csrf) = sign_in(&stage, made["key"].as_str().unwrap());
    let who = |cookie: &str| send(&stage, "GET", "/api/v1/session", &with(cookie, &[]), &Value::Null).status;
    assert_eq!(who(&cookie), 200);
    assert_eq!(
        send(
            &stage,
            "DELETE",
            &format!("/api/v1/keys/{}", made["id"].as_str().unwrap()),
            &root,
            &Value::Null
        )
        .status,
        200
    );
    assert_eq!(who(&cookie), 401);
    // Another text of the same key is another matter: whoever had the old one is out.
    let made = send(&stage, "POST", "/api/v1/keys", &root, &json!({"name": "y", "role": "admin"})).json();
    let (cookie, _) = sign_in(&stage, made["key"].as_str().unwrap());
    let path = format!("/api/v1/keys/{}/rotate", made["id"].as_str().unwrap());
    assert_eq!(send(&stage, "POST", &path, &root, &json!({})).status, 200);
    assert_eq!(who(&cookie), 401);
    let (cookie_2, csrf_2) = sign_in(&stage, OPERATOR);
    assert_ne!((&cookie, &csrf), (&cookie_2, &csrf_2), "each sign-in has a session of its own");
    let out = send(
        &stage,
        "DELETE",
        "/api/v1/session",
        &with(&cookie_2, &[("x-csrf-token", &csrf_2)]),
        &Value::Null,
    );
    assert_eq!((out.status, out.header("set-cookie").unwrap().contains("Max-Age=0")), (204, true));
    assert_eq!(who(&cookie_2), 401);
    let (third, csrf) = sign_in(&stage, OPERATOR);
    let out = send(&stage, "POST", "/auth/logout", &with(&third, &[("x-csrf-token", &csrf)]), &Value::Null);
    assert_eq!((out.status, who(&third)), (303, 401), "{}", out.text());
    assert_eq!(who("latticelm=made-up-by-somebody-who-hopes-for-the-best"), 401);
    // A session that is over in the next moment.
    let hasty = Stage::start(PROGRAM, &KEYS.replace("}]}", "}], session: {lifetime: 1s}}")).unwrap();
    let (cookie, _) = sign_in(&hasty, OPERATOR);
    let who = || send(&hasty, "GET", "/api/v1/session", &with(&cookie, &[]), &Value::Null).status;
    lattice_testkit::gateway::eventually(|| (who() == 401).then_some(())).unwrap();
}

#[test]
fn a_cookie_is_secure_where_browsers_come_over_https() {
    let yaml = format!("server: {{public_url: 'https://gateway.test'}}\n{KEYS}");
    let stage = Stage::start(PROGRAM, &yaml).unwrap();
    let begun = send(
        &stage,
        "POST",
        "/api/v1/session",
        &[("origin", "https://gateway.test")],
        &json!({"key": OPERATOR}),
    );
    let set = begun.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-latticelm=") && set.contains("; Secure"), "{set}");
    let cookie = set.split(';').next().unwrap();
    assert_eq!(send(&stage, "GET", "/api/v1/session", &with(cookie, &[]), &Value::Null).status, 200);
    // A name that another page of the same domain could have set counts for nothing.
    let plain = cookie.replace("__Host-", "");
    assert_eq!(send(&stage, "GET", "/api/v1/session", &with(&plain, &[]), &Value::Null).status, 401);
}

#[test]
fn a5_nobody_is_sent_elsewhere_and_nothing_comes_back_that_was_not_asked_for() {
    let stage = Stage::start(PROGRAM, KEYS).unwrap();
    let get = |path: &str, headers: &[(&str, &str)]| code(&send(&stage, "GET", path, headers, &Value::Null));
    assert_eq!(get("/auth/login", &[]), (404, "login_not_offered".to_owned()));
    for way in ["//evil.test", "https://evil.test", "/%5Cevil.test", "evil", ""] {
        assert_eq!(
            get(&format!("/auth/login?return_to={way}"), &[]),
            (400, "invalid_value".to_owned()),
            "{way}"
        );
    }
    assert_eq!(get("/auth/callback?code=x&state=y", &[]), (400, "login_state".to_owned()));
    assert_eq!(get("/auth/callback?code=x&state=y", &[("cookie", "latticelm-login=made.up.text")]).0, 400);
}
