//! What holds for every change.

use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

use crate::stage::{KEYS, OPERATOR, PROGRAM, ask, key, make, refused, send, send_with, stage};

#[test]
fn a4_suspension_is_in_force_at_once_and_the_last_owner_stays() {
    let stage = stage();
    make(&stage, OPERATOR, "/api/v1/tenants", &json!({"id": "acme"}));
    let person = json!({"issuer": "https://id.test", "subject": "ann", "tenant_id": "acme", "role": "owner", "email": "ann@acme.test"});
    let ann = make(&stage, OPERATOR, "/api/v1/users", &person);
    assert_eq!(
        refused(&send(&stage, OPERATOR, "POST", "/api/v1/users", &person)),
        (409, "already_exists".to_owned(), Value::Null)
    );
    let path = format!("/api/v1/users/{}", ann["id"].as_str().unwrap());
    let text = key(
        &stage,
        OPERATOR,
        &json!({"name": "of ann", "tenant_id": "acme", "user_id": ann["id"], "role": "owner"}),
    );
    assert_eq!(ask(&stage, &text).status, 200);
    for (method, body) in [
        ("PATCH", json!({"status": "suspended"})),
        ("PATCH", json!({"role": "admin"})),
        ("DELETE", Value::Null),
    ] {
        assert_eq!(refused(&send(&stage, OPERATOR, method, &path, &body)).1, "last_owner", "{method} {body}");
    }
    let bob = make(
        &stage,
        &text,
        "/api/v1/users",
        &json!({"issuer": "https://id.test", "subject": "bob", "role": "owner"}),
    );
    assert_eq!(bob["tenant_id"], "acme");
    assert_eq!(send(&stage, OPERATOR, "PATCH", &path, &json!({"status": "suspended"})).status, 200);
    assert_eq!(refused(&ask(&stage, &text)), (403, "suspended".to_owned(), Value::Null));
    send(&stage, OPERATOR, "PATCH", &path, &json!({"status": "active", "role": "viewer"}));
    assert_eq!(refused(&ask(&stage, &text)).1, "insufficient_role", "a key is worth no more than its user");
    send(&stage, OPERATOR, "PATCH", &path, &json!({"role": "member"}));
    let stored = ask(&stage, &text);
    assert_eq!(stored.status, 200);
    assert_eq!(
        send(&stage, OPERATOR, "PATCH", "/api/v1/tenants/acme", &json!({"status": "suspended"})).status,
        200
    );
    assert_eq!(refused(&ask(&stage, &text)).1, "suspended");
    send(&stage, OPERATOR, "PATCH", "/api/v1/tenants/acme", &json!({"status": "active"}));
    // A1: the user owns what they store, with whichever key.
    let second = key(&stage, OPERATOR, &json!({"name": "second", "tenant_id": "acme", "user_id": ann["id"]}));
    let response = format!("/v1/responses/{}", stored.json()["id"].as_str().unwrap());
    assert_eq!(send(&stage, &second, "GET", &response, &Value::Null).status, 200);
    assert_eq!(send(&stage, OPERATOR, "DELETE", &path, &Value::Null).status, 200);
    assert_eq!([&text, &second].map(|key| ask(&stage, key).status), [401, 401], "a user's keys go with them");
}

#[test]
fn every_change_stands_in_the_log_with_what_was_before_and_after_it() {
    let stage = stage();
    make(&stage, OPERATOR, "/api/v1/tenants", &json!({"id": "acme"}));
    let admin = key(&stage, OPERATOR, &json!({"name": "admin", "tenant_id": "acme", "role": "admin"}));
    let made = make(&stage, &admin, "/api/v1/keys", &json!({"name": "one"}));
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    send(&stage, &admin, "PATCH", &path, &json!({"name": "two"}));
    send(&stage, &admin, "DELETE", &path, &Value::Null);
    let log = send(
        &stage,
        &admin,
        "GET",
        &format!("/api/v1/audit?object=key&object_id={}", made["id"].as_str().unwrap()),
        &Value::Null,
    );
    let entries = log.json()["data"].as_array().unwrap().clone();
    let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["key.revoke", "key.update", "key.create"], "{}", log.text());
    assert_eq!((&entries[1]["before"]["name"], &entries[1]["after"]["name"]), (&json!("one"), &json!("two")));
    assert_eq!(
        (&entries[1]["address"], &entries[1]["actor"]["role"]),
        (&json!("127.0.0.1"), &json!("admin"))
    );
    let secret = made["key"].as_str().unwrap();
    assert!(!log.text().contains(secret), "{}", log.text());
    // An admin sees what was done in the own tenant, an operator everything, in pages.
    let of = |key: &str, query: &str| {
        send(&stage, key, "GET", &format!("/api/v1/audit{query}"), &Value::Null).json()
    };
    assert!(of(&admin, "")["data"].as_array().unwrap().iter().all(|entry| entry["tenant_id"] == "acme"));
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = of(OPERATOR, &format!("?order=asc&limit=2{after}"));
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()),
        );
        after = format!("&after={}", page["last_id"].as_str().unwrap());
        if page["has_more"] == false {
            break;
        }
    }
    let numbers: Vec<String> = (1..=seen.len()).map(|number| number.to_string()).collect();
    assert_eq!(seen, numbers, "every change has its line, none is missing");
    assert_eq!(of(OPERATOR, "?to=2001-01-01T00:00:00Z")["data"], json!([]));
}

#[test]
fn d8_what_the_file_owns_is_shown_and_changed_only_there() {
    let yaml = format!("{KEYS}tenants: [{{id: filed, name: Filed, status: suspended}}]\n");
    let stage = Stage::start(
        PROGRAM,
        &yaml.replace("]}\n", ", {name: of-filed, key: the-words-of-filed, tenant_id: filed}]}\n"),
    )
    .unwrap();
    let keys = send(&stage, OPERATOR, "GET", "/api/v1/keys?order=asc", &Value::Null).json();
    let ids: Vec<&str> =
        keys["data"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["file_of-filed", "file_root"], "{keys}");
    assert_eq!(keys["data"][0]["origin"], "file");
    for path in ["/api/v1/keys/file_root", "/api/v1/tenants/filed"] {
        assert_eq!(send(&stage, OPERATOR, "GET", path, &Value::Null).json()["origin"], "file");
        for method in ["PATCH", "DELETE"] {
            assert_eq!(
                refused(&send(&stage, OPERATOR, method, path, &json!({}))).1,
                "owned_by_file",
                "{method} {path}"
            );
        }
    }
    assert_eq!(
        refused(&send(&stage, OPERATOR, "POST", "/api/v1/tenants", &json!({"id": "filed"}))).1,
        "owned_by_file"
    );
    assert_eq!(refused(&ask(&stage, "the-words-of-filed")).1, "suspended");
}

#[test]
fn what_is_wrong_is_said_by_its_name_and_nothing_is_changed() {
    let stage = stage();
    let post = |path: &str, body: Value| refused(&send(&stage, OPERATOR, "POST", path, &body));
    for (path, body, param) in [
        ("/api/v1/keys", json!({}), "name"),
        ("/api/v1/keys", json!({"name": "x", "role": "root"}), "role"),
        ("/api/v1/keys", json!({"name": "x", "tenant_id": "nowhere"}), "tenant_id"),
        ("/api/v1/keys", json!({"name": "x", "user_id": "user_nobody"}), "user_id"),
        ("/api/v1/keys", json!({"name": "x", "ip_ranges": ["all"]}), "ip_ranges"),
        ("/api/v1/keys", json!({"name": "x", "key": "my own words, no"}), "key"),
        ("/api/v1/tenants", json!({"id": "a b"}), "id"),
        ("/api/v1/users", json!({"subject": "x"}), "issuer"),
        ("/api/v1/users", json!({"kind": "robot"}), "kind"),
    ] {
        let (status, _, said) = post(path, body.clone());
        assert_eq!((status, said), (400, json!(param)), "{path} {body}");
    }
    assert_eq!(post("/api/v1/keys", json!([])).0, 400);
    let list = |query: &str| send(&stage, OPERATOR, "GET", &format!("/api/v1/keys{query}"), &Value::Null);
    assert_eq!(list("").json()["data"].as_array().unwrap().len(), 1);
    for query in ["?limit=0", "?limit=201", "?order=up", "?unknown=1", "?status=odd"] {
        assert_eq!(list(query).status, 400, "{query}");
    }
    assert_eq!(
        refused(&send(&stage, OPERATOR, "DELETE", "/api/v1/tenants/default", &Value::Null)).1,
        "tenant_in_use"
    );
    let odd =
        send_with(&stage, OPERATOR, "PATCH", "/api/v1/tenants/default", &json!({}), &[("if-match", "one")]);
    assert_eq!(refused(&odd).0, 400);
}

#[test]
fn a2_nobody_claims_or_probes_people_of_another_tenant() {
    let stage = stage();
    let admin = |tenant: &str| {
        make(&stage, OPERATOR, "/api/v1/tenants", &json!({"id": tenant}));
        key(&stage, OPERATOR, &json!({"name": "a", "tenant_id": tenant, "role": "admin"}))
    };
    let (acme, other) = (admin("acme"), admin("other"));
    let person = json!({"issuer": "https://id.test", "subject": "bob"});
    let first = make(&stage, &other, "/api/v1/users", &person);
    let second = make(&stage, &acme, "/api/v1/users", &person);
    assert_eq!(
        (&first["tenant_id"], &second["tenant_id"]),
        (&json!("other"), &json!("acme")),
        "neither shows the other"
    );
    assert_eq!(refused(&send(&stage, &acme, "POST", "/api/v1/users", &person)).0, 409);
}

#[test]
fn whoever_is_removed_takes_their_keys_along_and_a_tenants_id_stays_taken() {
    let stage = stage();
    make(&stage, OPERATOR, "/api/v1/tenants", &json!({"id": "acme"}));
    let bot = make(
        &stage,
        OPERATOR,
        "/api/v1/users",
        &json!({"kind": "service", "name": "bot", "tenant_id": "acme"}),
    );
    let made = make(
        &stage,
        OPERATOR,
        "/api/v1/keys",
        &json!({"name": "k", "tenant_id": "acme", "user_id": bot["id"]}),
    );
    assert_eq!(
        refused(&send(&stage, OPERATOR, "DELETE", "/api/v1/tenants/acme", &Value::Null)).1,
        "tenant_in_use"
    );
    let path = format!("/api/v1/users/{}", bot["id"].as_str().unwrap());
    assert_eq!(send(&stage, OPERATOR, "DELETE", &path, &Value::Null).status, 200);
    let shown = send(
        &stage,
        OPERATOR,
        "GET",
        &format!("/api/v1/keys/{}", made["id"].as_str().unwrap()),
        &Value::Null,
    );
    assert_eq!(shown.json()["status"], "revoked", "{}", shown.text());
    assert_eq!(send(&stage, OPERATOR, "DELETE", "/api/v1/tenants/acme", &Value::Null).status, 200);
    let again = send(&stage, OPERATOR, "POST", "/api/v1/tenants", &json!({"id": "acme"}));
    assert_eq!(refused(&again).1, "already_exists", "what its people stored may be there still");
}

#[test]
fn an_operator_cannot_shut_everybody_out() {
    let stage = stage();
    let path = "/api/v1/tenants/default";
    assert_eq!(send(&stage, OPERATOR, "PATCH", path, &json!({"status": "suspended"})).status, 200);
    let member = send(&stage, OPERATOR, "POST", "/api/v1/keys", &json!({"name": "x"})).json();
    assert_eq!(refused(&ask(&stage, member["key"].as_str().unwrap())).1, "suspended");
    assert_eq!(send(&stage, OPERATOR, "PATCH", path, &json!({"status": "active"})).status, 200);
    assert_eq!(ask(&stage, member["key"].as_str().unwrap()).status, 200);
}

#[test]
fn a_change_that_changes_nothing_is_none() {
    let stage = stage();
    let made = make(&stage, OPERATOR, "/api/v1/keys", &json!({"name": "x"}));
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    for same in [json!({}), json!({"name": "x"}), json!({"models": null})] {
        let answer = send(&stage, OPERATOR, "PATCH", &path, &same);
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")), "{same}: {}", answer.text());
    }
    let changed = |tag: &str| {
        send_with(&stage, OPERATOR, "PATCH", &path, &json!({"name": tag}), &[("if-match", tag)]).status
    };
    assert_eq!(
        ["W/\"1\"", "\"01\"", "\"-1\"", "1", "\"1\", \"2\"", "\"1\""].map(changed),
        [412, 412, 412, 400, 400, 200]
    );
    let log = send(&stage, OPERATOR, "GET", "/api/v1/audit", &Value::Null).json();
    assert_eq!(log["data"].as_array().unwrap().len(), 2, "{log}");
}

#[test]
fn many_changes_at_once_wait_for_each_other() {
    let stage = stage();
    let made: Vec<u16> = std::thread::scope(|scope| {
        let making: Vec<_> = (0..100)
            .map(|number| {
                let stage = &stage;
                scope.spawn(move || {
                    send(stage, OPERATOR, "POST", "/api/v1/keys", &json!({"name": format!("k{number}")}))
                        .status
                })
            })
            .collect();
        making.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(made.iter().all(|status| *status == 201), "{made:?}");
}

#[test]
fn names_show_what_they_are() {
    let stage = stage();
    for name in ["\u{202e}evil", "  ", "a\u{200b}b", "a\u{7}"] {
        assert_eq!(
            refused(&send(&stage, OPERATOR, "POST", "/api/v1/keys", &json!({"name": name}))).0,
            400,
            "{name:?}"
        );
    }
    for id in [".", ".."] {
        assert_eq!(
            refused(&send(&stage, OPERATOR, "POST", "/api/v1/tenants", &json!({"id": id}))).0,
            400,
            "{id}"
        );
    }
    for query in ["q=%00", "q=", "after=", "after=%00"] {
        assert_eq!(
            send(&stage, OPERATOR, "GET", &format!("/api/v1/keys?{query}"), &Value::Null).status,
            400,
            "{query}"
        );
    }
}
