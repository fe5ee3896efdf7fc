//! Keys from their making to their end.

use lattice_testkit::gateway::eventually;
use serde_json::{Value, json};

use crate::stage::{OPERATOR, ask, key, make, refused, send, send_with, stage};

#[test]
fn a6_a_key_lives_from_its_making_to_its_end_and_its_text_is_shown_once() {
    let stage = stage();
    make(&stage, OPERATOR, "/api/v1/tenants", &json!({"id": "acme", "name": "Acme"}));
    let made = make(&stage, OPERATOR, "/api/v1/keys", &json!({"name": "ci", "tenant_id": "acme"}));
    let (id, text) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(text.starts_with(made["prefix"].as_str().unwrap()), "{made}");
    assert_eq!(
        (&made["role"], &made["status"], &made["origin"]),
        (&json!("member"), &json!("active"), &json!("database"))
    );
    let path = format!("/api/v1/keys/{id}");
    assert_eq!(ask(&stage, text).status, 200);
    let shown = send(&stage, OPERATOR, "GET", &path, &Value::Null);
    assert!(!shown.text().contains(text) && shown.json().get("key").is_none(), "{}", shown.text());
    assert_eq!(shown.header("etag"), Some("\"1\""));
    // A change of another version is refused, and one of this version is not.
    let change = json!({"models": ["openai.script-tool"], "name": "ci2"});
    let outdated = send_with(&stage, OPERATOR, "PATCH", &path, &change, &[("if-match", "\"7\"")]);
    assert_eq!(refused(&outdated).0, 412);
    let changed = send_with(&stage, OPERATOR, "PATCH", &path, &change, &[("if-match", "\"1\"")]);
    assert_eq!((changed.status, &changed.json()["version"]), (200, &json!(2)), "{}", changed.text());
    assert_eq!(refused(&ask(&stage, text)).1, "model_not_allowed", "in force at once");
    send(&stage, OPERATOR, "PATCH", &path, &json!({"models": null}));
    assert_eq!(ask(&stage, text).status, 200);
    // Two texts for a while, then one.
    let rotated = send(&stage, OPERATOR, "POST", &format!("{path}/rotate"), &json!({"overlap": "1h"}));
    let second = rotated.json()["key"].as_str().unwrap().to_owned();
    assert_eq!((ask(&stage, text).status, ask(&stage, &second).status), (200, 200), "{}", rotated.text());
    let rotated = send(&stage, OPERATOR, "POST", &format!("{path}/rotate"), &Value::Null);
    let third = rotated.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(
        [text, &second, &third].map(|key| ask(&stage, key).status),
        [401, 401, 200],
        "without an overlap the others end"
    );
    // It owns what it made, whichever text it had.
    assert_eq!(rotated.json()["id"], made["id"]);
    let revoked = send(&stage, OPERATOR, "DELETE", &path, &Value::Null);
    assert_eq!((revoked.status, &revoked.json()["status"]), (200, &json!("revoked")));
    assert_eq!([text, &second, &third].map(|key| ask(&stage, key).status), [401; 3]);
    assert_eq!(refused(&send(&stage, OPERATOR, "PATCH", &path, &json!({"name": "x"}))).1, "key_revoked");
    let listed =
        send(&stage, OPERATOR, "GET", "/api/v1/keys?status=revoked&tenant_id=acme&q=CI2", &Value::Null);
    assert_eq!(listed.json()["data"][0]["id"], made["id"], "{}", listed.text());
    let logs = stage.gateway.logs();
    assert!([text, &second, &third].iter().all(|text| !logs.contains(*text)), "{logs}");
}

#[test]
fn a6_a_key_that_expires_or_comes_from_elsewhere_lets_nobody_in() {
    let stage = stage();
    let past = send(
        &stage,
        OPERATOR,
        "POST",
        "/api/v1/keys",
        &json!({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}),
    );
    assert_eq!(refused(&past), (400, "invalid_value".to_owned(), json!("expires_at")));
    let made = make(&stage, OPERATOR, "/api/v1/keys", &json!({"name": "x", "ip_ranges": ["10.0.0.0/8"]}));
    let text = made["key"].as_str().unwrap();
    assert_eq!(
        (ask(&stage, text).status, refused(&ask(&stage, text)).1.as_str()),
        (403, "address_not_allowed")
    );
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    // Over now: a change may say so.
    let over = json!({"ip_ranges": ["127.0.0.1"], "expires_at": "2001-01-01T00:00:00Z"});
    assert_eq!(send(&stage, OPERATOR, "PATCH", &path, &over).json()["status"], "expired");
    assert_eq!(refused(&ask(&stage, text)), (401, "expired_api_key".to_owned(), Value::Null));
    send(&stage, OPERATOR, "PATCH", &path, &json!({"expires_at": null}));
    assert_eq!(ask(&stage, text).status, 200);
    assert_eq!(send(&stage, OPERATOR, "PATCH", &path, &json!({"providers": ["anthropic"]})).status, 200);
    assert_eq!(refused(&ask(&stage, text)).1, "provider_not_allowed");
    let models = send(&stage, text, "GET", "/v1/models", &Value::Null).json();
    let others = models["data"].as_array().unwrap().iter().filter(|model| model["provider"] != "anthropic");
    assert_eq!(others.count(), 0, "{models}");
}

#[test]
fn a6_nobody_hands_out_more_than_their_own_key_allows() {
    let stage = stage();
    let bound = json!({"name": "bound", "role": "admin", "models": ["a", "b"], "ip_ranges": ["127.0.0.0/8"], "expires_at": "2100-01-01T00:00:00Z"});
    let text = key(&stage, OPERATOR, &bound);
    let made = make(&stage, &text, "/api/v1/keys", &json!({"name": "child"}));
    assert_eq!(
        (&made["models"], &made["ip_ranges"], &made["expires_at"]),
        (&bound["models"], &bound["ip_ranges"], &bound["expires_at"])
    );
    make(
        &stage,
        &text,
        "/api/v1/keys",
        &json!({"name": "less", "models": ["a"], "ip_ranges": ["127.0.0.1"]}),
    );
    for (param, value) in [
        ("models", json!(["a", "c"])),
        ("ip_ranges", json!(["0.0.0.0/0"])),
        ("expires_at", json!("2101-01-01T00:00:00Z")),
    ] {
        let wider = send(&stage, &text, "POST", "/api/v1/keys", &json!({"name": "wider", param: value}));
        assert_eq!(refused(&wider), (403, "scope_too_wide".to_owned(), json!(param)));
        let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
        assert_eq!(send(&stage, &text, "PATCH", &path, &json!({param: null})).status, 403, "{param}");
    }
    // Nor does it read the text of a key that may more.
    let free = make(&stage, OPERATOR, "/api/v1/keys", &json!({"name": "free"}));
    let path = format!("/api/v1/keys/{}/rotate", free["id"].as_str().unwrap());
    assert_eq!(refused(&send(&stage, &text, "POST", &path, &Value::Null)).1, "scope_too_wide");
}

#[test]
fn b8_a_request_that_is_sent_again_is_done_once() {
    let stage = stage();
    let body = json!({"name": "once"});
    let send = |key: &str, body: &Value, name: &str| {
        send_with(&stage, key, "POST", "/api/v1/keys", body, &[("idempotency-key", name)])
    };
    let (first, again) = (send(OPERATOR, &body, "a"), send(OPERATOR, &body, "a"));
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json(), "the new key's text too");
    assert_eq!(refused(&send(OPERATOR, &json!({"name": "other"}), "a")).1, "idempotency_key_reused");
    assert_ne!(send(OPERATOR, &body, "b").json()["id"], first.json()["id"]);
    let list = self::send(&stage, OPERATOR, "GET", "/api/v1/keys?q=once", &Value::Null).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    // What is kept of the answer is of no use to whoever reads the database.
    let text = first.json()["key"].as_str().unwrap().to_owned();
    let folder = stage.gateway.folder();
    let mut files = vec![folder.to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            read += bytes.len();
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{}", path.display());
        }
    }
    assert!(read > 10_000);
}

#[test]
fn a6_what_a_members_key_made_ends_with_it() {
    let stage = stage();
    let made = make(&stage, OPERATOR, "/api/v1/keys", &json!({"name": "m", "role": "member"}));
    let member = made["key"].as_str().unwrap();
    let mut family = vec![member.to_owned()];
    for depth in 1.. {
        let child = send(&stage, family.last().unwrap(), "POST", "/api/v1/keys", &json!({"name": "child"}));
        if child.status != 201 {
            assert_eq!((refused(&child).1.as_str(), depth), ("scope_too_wide", 4), "not without end");
            break;
        }
        family.push(child.json()["key"].as_str().unwrap().to_owned());
    }
    assert!(family.iter().all(|key| ask(&stage, key).status == 200));
    let own = key(&stage, &family[1], &json!({"name": "own"}));
    let by_admin = key(&stage, OPERATOR, &json!({"name": "the tenant's"}));
    send(&stage, OPERATOR, "DELETE", &format!("/api/v1/keys/{}", made["id"].as_str().unwrap()), &Value::Null);
    let after: Vec<u16> = family.iter().chain([&own, &by_admin]).map(|key| ask(&stage, key).status).collect();
    assert_eq!(after, [401, 401, 401, 401, 401, 200]);
    // The same for one of the file.
    let file = stage.gateway.config();
    let yaml = std::fs::read_to_string(&file).unwrap();
    let with = yaml.replacen("keys: [", "keys: [{name: filed, key: the-words-of-filed}, ", 1);
    std::fs::write(&file, with).unwrap();
    stage.gateway.signal("HUP").unwrap();
    eventually(|| (ask(&stage, "the-words-of-filed").status == 200).then_some(())).unwrap();
    let child = key(&stage, "the-words-of-filed", &json!({"name": "child"}));
    assert_eq!(ask(&stage, &child).status, 200);
    std::fs::write(&file, yaml).unwrap();
    stage.gateway.signal("HUP").unwrap();
    eventually(|| (ask(&stage, &child).status == 401).then_some(())).unwrap();
}

#[test]
fn a6_a_key_that_is_held_to_something_frees_nobody_through_users() {
    let stage = stage();
    let bound = key(&stage, OPERATOR, &json!({"name": "b", "role": "admin", "models": ["a"]}));
    let person = json!({"issuer": "https://id.test", "subject": "me", "role": "admin"});
    assert_eq!(refused(&send(&stage, &bound, "POST", "/api/v1/users", &person)).1, "scope_too_wide");
    let user = make(&stage, OPERATOR, "/api/v1/users", &person);
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    assert_eq!(refused(&send(&stage, &bound, "PATCH", &path, &json!({"name": "x"}))).1, "scope_too_wide");
    // Nor does anybody act in the name of somebody above them.
    let owner =
        make(&stage, OPERATOR, "/api/v1/users", &json!({"kind": "service", "name": "o", "role": "owner"}));
    let admin = key(&stage, OPERATOR, &json!({"name": "a", "role": "admin"}));
    let in_the_name =
        send(&stage, &admin, "POST", "/api/v1/keys", &json!({"name": "x", "user_id": owner["id"]}));
    assert_eq!(refused(&in_the_name).1, "role_too_high");
}
