//! Tokens of issuers: who comes in with them, as whom, and who does not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use jsonwebtoken::Algorithm;
use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::eventually;
use lattice_testkit::issuer::{Issuer, SigningKey};
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

const OPERATOR: &str = "the-words-of-the-operator";

/// A time that is long past, and one that is far ahead.
const PAST: i64 = 1_000_000_000;
const AHEAD: i64 = 4_000_000_000;

struct Scene {
    issuer: Issuer,
    key: SigningKey,
    stage: Stage,
}

impl Scene {
    /// A gateway that takes the tokens of one issuer. `more` stands in its entry.
    fn new(more: &str) -> Self {
        let issuer = Issuer::start().unwrap();
        let key = SigningKey::new("one", Algorithm::ES256).unwrap();
        issuer.show(vec![key.public().unwrap()]);
        let name = issuer.name();
        let yaml = format!(
            "auth: {{keys: [{{name: root, key: {OPERATOR}, role: operator}}], issuers: [{{issuer: '{name}', audiences: [gateway, other]{more}}}]}}\n"
        );
        Self { stage: Stage::start(PROGRAM, &yaml).unwrap(), issuer, key }
    }

    fn claims(&self, subject: &str, more: &Value) -> Value {
        let mut claims = json!({"iss": self.issuer.name(), "aud": "gateway", "sub": subject, "exp": AHEAD});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    }

    fn token(&self, subject: &str, more: &Value) -> String {
        self.key.sign(&self.claims(subject, more)).unwrap()
    }

    fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Received {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        client::send(self.stage.address(), method, path, &headers, text.as_bytes()).unwrap()
    }

    fn ask(&self, token: &str) -> Received {
        self.send(token, "POST", "/v1/responses", &json!({"model": "openai.script-text", "input": "x"}))
    }

    fn operator(&self, method: &str, path: &str, body: &Value) -> Value {
        let done = self.send(OPERATOR, method, path, body);
        assert!(done.status < 300, "{method} {path}: {}", done.text());
        done.json()
    }

    fn tenant(&self, id: &str) {
        self.operator("POST", "/api/v1/tenants", &json!({"id": id}));
    }
}

fn code(answer: &Received) -> (u16, String) {
    (answer.status, answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a5_every_algorithm_with_public_keys_is_taken_and_no_other() {
    let scene = Scene::new("");
    let algorithms = [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
    ];
    let keys: Vec<SigningKey> = algorithms
        .iter()
        .map(|algorithm| SigningKey::new(&format!("{algorithm:?}"), *algorithm).unwrap())
        .collect();
    let mut shown: Vec<Value> = keys.iter().map(|key| key.public().unwrap()).collect();
    // What is not understood must not take the others along.
    shown.push(json!({"kty": "XYZ", "kid": "odd"}));
    shown.push(json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}));
    scene.issuer.show(shown);
    for key in &keys {
        let answer = scene.ask(&key.sign(&scene.claims("ann", &json!({}))).unwrap());
        assert_eq!(answer.status, 200, "{}: {}", key.id, answer.text());
    }
    // A shared secret, none at all, and the public key as a secret.
    let part = |value: &Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let claims = part(&scene.claims("eve", &json!({})));
    for algorithm in ["none", "HS256", "RS1", "ES512"] {
        let token =
            format!("{}.{claims}.c2ln", part(&json!({"alg": algorithm, "typ": "JWT", "kid": "shared"})));
        assert_eq!(code(&scene.ask(&token)), refused(401, "invalid_token"), "{algorithm}");
    }
    let secret = jsonwebtoken::EncodingKey::from_secret(b"secret-secret-secret-secret-secret");
    let header = jsonwebtoken::Header { kid: Some("shared".to_owned()), ..jsonwebtoken::Header::default() };
    let token = jsonwebtoken::encode(&header, &scene.claims("eve", &json!({})), &secret).unwrap();
    assert_eq!(code(&scene.ask(&token)), refused(401, "invalid_token"));
    assert_eq!(scene.issuer.asked(), 1, "all of that took one look at the keys");
}

#[test]
fn a5_a_token_is_checked_whole() {
    let scene = Scene::new("");
    let good = scene.token("ann", &json!({"aud": ["them", "other"], "nbf": PAST, "iat": PAST}));
    assert_eq!(scene.ask(&good).status, 200);
    for (wrong, said) in [
        (json!({"aud": "them"}), "invalid_token"),
        (json!({"aud": null}), "invalid_token"),
        (json!({"aud": []}), "invalid_token"),
        (json!({"iss": "https://elsewhere.test"}), "invalid_token"),
        (json!({"exp": PAST}), "expired_token"),
        (json!({"exp": null}), "invalid_token"),
        (json!({"nbf": AHEAD}), "invalid_token"),
        (json!({"iat": AHEAD}), "invalid_token"),
        (json!({"sub": ""}), "invalid_token"),
        (json!({"sub": null}), "invalid_token"),
        (json!({"tenant": 7}), "invalid_token"),
    ] {
        assert_eq!(code(&scene.ask(&scene.token("ann", &wrong))), refused(401, said), "{wrong}");
    }
    // A letter changed anywhere.
    for at in [10, good.len() / 2, good.len() - 10] {
        let letter = if &good[at..=at] == "A" { "B" } else { "A" };
        let forged = format!("{}{letter}{}", &good[..at], &good[at + 1..]);
        assert_eq!(scene.ask(&forged).status, 401, "{at}");
    }
    let stranger = SigningKey::new("one", Algorithm::ES256).unwrap();
    let forged = stranger.sign(&scene.claims("ann", &json!({}))).unwrap();
    assert_eq!(code(&scene.ask(&forged)), refused(401, "invalid_token"));
    let logs = scene.stage.gateway.logs();
    assert!(!logs.contains(&good) && !logs.contains(&forged), "no token is logged: {logs}");
}

#[test]
fn a7_keys_are_followed_and_unknown_ones_make_nobody_fetch_without_end() {
    let scene = Scene::new("");
    assert_eq!(scene.ask(&scene.token("ann", &json!({}))).status, 200);
    let next = SigningKey::new("two", Algorithm::ES256).unwrap();
    let token = next.sign(&scene.claims("ann", &json!({}))).unwrap();
    for number in 0..50 {
        let unknown = next.named(&format!("unknown-{number}"));
        assert_eq!(scene.ask(&unknown.sign(&scene.claims("eve", &json!({}))).unwrap()).status, 401);
    }
    assert_eq!(scene.issuer.asked(), 1, "not again so soon");
    assert_eq!(scene.ask(&token).status, 401);
    // What was checked goes on, also while the issuer is away.
    scene.issuer.set_away(true);
    assert_eq!(scene.ask(&scene.token("bob", &json!({}))).status, 200);
}

#[test]
fn an_issuer_that_is_away_is_no_refusal_and_is_asked_again() {
    let scene = Scene::new("");
    scene.issuer.set_away(true);
    let token = scene.token("ann", &json!({}));
    let away = scene.ask(&token);
    assert_eq!(code(&away), refused(503, "identity_unavailable"), "{}", away.text());
    assert!(away.header("retry-after").is_some());
    scene.issuer.set_away(false);
    eventually(|| (scene.ask(&token).status == 200).then_some(())).unwrap();
}

#[test]
fn a_user_is_made_where_the_token_says_with_the_role_that_it_says() {
    let scene = Scene::new(
        ", claims: {role: realm.roles}, group_roles: [{group: bosses, role: owner}], max_role: owner",
    );
    scene.tenant("acme");
    let find = |subject: &str| {
        let users = scene.operator("GET", "/api/v1/users", &Value::Null);
        let found = users["data"].as_array().unwrap().iter().find(|user| user["subject"] == subject).cloned();
        found.unwrap_or_default()
    };
    for (subject, more, tenant, role) in [
        ("ann", json!({"tenant": "acme", "realm": {"roles": ["x", "viewer", "admin"]}}), "acme", "admin"),
        ("bob", json!({"tenant": "acme", "realm": {"roles": "viewer"}}), "acme", "viewer"),
        ("cat", json!({"tenant": "acme"}), "acme", "member"),
        ("dan", json!({}), "default", "member"),
        ("eve", json!({"realm": {"roles": ["operator"]}}), "default", "owner"),
        (
            "fay",
            json!({"groups": ["others", "bosses"], "email": "fay@acme.test", "name": "Fay"}),
            "default",
            "owner",
        ),
    ] {
        let models = scene.send(&scene.token(subject, &more), "GET", "/v1/models", &Value::Null);
        assert_eq!(models.status, 200, "{subject}: {}", models.text());
        let user = find(subject);
        assert_eq!(
            (&user["tenant_id"], &user["role"], &user["issuer"]),
            (&json!(tenant), &json!(role), &json!(scene.issuer.name())),
            "{user}"
        );
    }
    assert_eq!(
        (find("fay")["email"].clone(), find("fay")["name"].clone()),
        (json!("fay@acme.test"), json!("Fay"))
    );
    let nowhere = scene.token("gus", &json!({"tenant": "nowhere"}));
    assert_eq!(code(&scene.ask(&nowhere)), refused(403, "tenant_not_found"));
    assert_eq!(find("gus"), Value::Null);
    // Whoever is of one tenant does not come to another by a claim.
    scene.tenant("other");
    assert_eq!(
        code(&scene.ask(&scene.token("ann", &json!({"tenant": "other"})))),
        refused(403, "tenant_mismatch")
    );
    assert_eq!(scene.ask(&scene.token("ann", &json!({}))).status, 200);
    // From then on the administration says what somebody may do.
    let path = format!("/api/v1/users/{}", find("cat")["id"].as_str().unwrap());
    scene.operator("PATCH", &path, &json!({"role": "viewer"}));
    assert_eq!(
        code(&scene.ask(&scene.token("cat", &json!({"tenant": "acme"})))),
        refused(403, "insufficient_role")
    );
    let log = scene.operator("GET", "/api/v1/audit?action=user.create", &Value::Null);
    assert_eq!(
        (log["data"].as_array().unwrap().len(), &log["data"][0]["actor"]["id"]),
        (6, &json!("system"))
    );
}

#[test]
fn a4_a_suspended_user_is_out_with_every_token_and_key() {
    let scene = Scene::new("");
    let token = scene.token("ann", &json!({"role": "member"}));
    let made = scene.ask(&token);
    assert_eq!(made.status, 200, "{}", made.text());
    let key = scene.send(&token, "POST", "/api/v1/keys", &json!({"name": "mine"}));
    assert_eq!(key.status, 201, "{}", key.text());
    let (text, user) =
        (key.json()["key"].as_str().unwrap().to_owned(), key.json()["user_id"].as_str().unwrap().to_owned());
    // A1: the same person, by token and by key.
    let path = format!("/v1/responses/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(scene.send(&text, "GET", &path, &Value::Null).status, 200);
    let other = scene.token("bob", &json!({}));
    assert_eq!(scene.send(&other, "GET", &path, &Value::Null).status, 404);
    scene.operator("PATCH", &format!("/api/v1/users/{user}"), &json!({"status": "suspended"}));
    assert_eq!(
        [&token, &text].map(|shown| code(&scene.ask(shown))),
        [refused(403, "suspended"), refused(403, "suspended")]
    );
    scene.operator("PATCH", &format!("/api/v1/users/{user}"), &json!({"status": "active"}));
    assert_eq!([&token, &text].map(|shown| scene.ask(shown).status), [200, 200]);
    scene.operator("PATCH", "/api/v1/tenants/default", &json!({"status": "suspended"}));
    assert_eq!(code(&scene.ask(&token)), refused(403, "suspended"));
}

#[test]
fn many_first_requests_at_once_make_one_user() {
    let scene = Scene::new("");
    let token = scene.token("ann", &json!({}));
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(|| scene.ask(&token).status)).collect();
        assert!(asking.into_iter().all(|status| status.join().unwrap() == 200));
    });
    assert_eq!(scene.operator("GET", "/api/v1/users", &Value::Null)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn d7_a_reload_keeps_what_is_known_of_an_issuer_and_takes_others() {
    let scene = Scene::new("");
    assert_eq!(scene.ask(&scene.token("ann", &json!({}))).status, 200);
    let (second, key) = (Issuer::start().unwrap(), SigningKey::new("s", Algorithm::EdDSA).unwrap());
    second.show(vec![key.public().unwrap()]);
    let file = scene.stage.gateway.config();
    let yaml = std::fs::read_to_string(&file).unwrap();
    let added = format!("issuers: [{{issuer: '{}', audiences: [new]}}, ", second.name());
    std::fs::write(&file, yaml.replacen("issuers: [", &added, 1)).unwrap();
    let token = key.sign(&json!({"iss": second.name(), "aud": "new", "sub": "ann", "exp": AHEAD})).unwrap();
    eventually(|| (scene.ask(&token).status == 200).then_some(())).unwrap();
    // The same subject of another issuer is somebody else (A4).
    assert_eq!(scene.operator("GET", "/api/v1/users", &Value::Null)["data"].as_array().unwrap().len(), 2);
    assert_eq!(scene.ask(&scene.token("bob", &json!({}))).status, 200);
    assert_eq!(scene.issuer.asked(), 1);
}

#[test]
fn a4_whoever_is_removed_does_not_come_back_by_the_next_token() {
    let scene = Scene::new("");
    let token = scene.token("ann", &json!({"role": "operator"}));
    assert_eq!(scene.ask(&token).status, 200);
    let user =
        scene.operator("GET", "/api/v1/users", &Value::Null)["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{user}");
    scene.operator("PATCH", &path, &json!({"role": "admin"}));
    let own = scene.send(&token, "DELETE", &path, &Value::Null);
    assert_eq!(code(&own), refused(409, "own_user"), "or they would come back with the role of their token");
    scene.operator("DELETE", &path, &Value::Null);
    assert_eq!(code(&scene.ask(&token)), refused(403, "suspended"));
    // Until somebody wants them again.
    let again = json!({"issuer": scene.issuer.name(), "subject": "ann", "role": "viewer"});
    assert_eq!(scene.operator("POST", "/api/v1/users", &again)["role"], "viewer");
    assert_eq!(code(&scene.ask(&token)), refused(403, "insufficient_role"));
}

#[test]
fn a4_people_that_a_tenant_names_are_its_own_only_by_tokens_that_name_it() {
    let scene = Scene::new("");
    scene.tenant("acme");
    let admin =
        scene.operator("POST", "/api/v1/keys", &json!({"name": "a", "tenant_id": "acme", "role": "admin"}));
    let admin = admin["key"].as_str().unwrap();
    let person = json!({"issuer": scene.issuer.name(), "subject": "bob", "role": "viewer"});
    assert_eq!(scene.send(admin, "POST", "/api/v1/users", &person).status, 201);
    let who = |claims: &Value| {
        let session = scene.send(&scene.token("bob", claims), "GET", "/api/v1/session", &Value::Null).json();
        (session["tenant_id"].clone(), session["role"].clone())
    };
    assert_eq!(who(&json!({"tenant": "acme", "role": "admin"})), (json!("acme"), json!("viewer")));
    assert_eq!(who(&json!({})), (json!("default"), json!("member")), "somebody whom acme has no say in");
}
