//! What each role may do, and to what.

use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

use crate::stage::{OPERATOR, key, make, refused, send, stage};

/// A tenant with a key of each of its roles.
fn tenant(stage: &Stage, id: &str) -> [(&'static str, String); 4] {
    make(stage, OPERATOR, "/api/v1/tenants", &json!({"id": id}));
    ["viewer", "member", "admin", "owner"].map(|role| {
        (role, key(stage, OPERATOR, &json!({"name": format!("{id}-{role}"), "tenant_id": id, "role": role})))
    })
}

/// The key of this role.
fn of_role<'a>(keys: &'a [(&'static str, String); 4], role: &str) -> &'a str {
    keys.iter().find(|(name, _)| *name == role).map(|(_, key)| key.as_str()).unwrap()
}

#[test]
fn a3_each_role_administers_what_is_its_own_and_no_more() {
    let stage = stage();
    let acme = tenant(&stage, "acme");
    tenant(&stage, "other");
    let rank = |role: &str| {
        ["viewer", "member", "admin", "owner", "operator"].iter().position(|one| *one == role).unwrap()
    };
    // Nobody makes a key above their own role, and a viewer none at all.
    for (role, text) in &acme {
        for wanted in ["viewer", "member", "admin", "owner", "operator"] {
            let made = send(&stage, text, "POST", "/api/v1/keys", &json!({"name": "x", "role": wanted}));
            let may = *role != "viewer" && rank(wanted) <= rank(role);
            assert_eq!(made.status, if may { 201 } else { 403 }, "{role} makes {wanted}: {}", made.text());
            if may {
                assert_eq!(made.json()["tenant_id"], "acme");
            }
        }
        let elsewhere =
            send(&stage, text, "POST", "/api/v1/keys", &json!({"name": "x", "tenant_id": "other"}));
        assert_eq!(elsewhere.status, 403, "{role}");
        let made = send(&stage, text, "POST", "/api/v1/tenants", &json!({"id": "third"}));
        assert_eq!(made.status, 403, "only an operator makes tenants, not {role}");
    }
}

#[test]
fn a2_what_is_administered_elsewhere_is_not_there() {
    let stage = stage();
    let acme = tenant(&stage, "acme");
    tenant(&stage, "other");
    let by = |role: &str| of_role(&acme, role);
    // What belongs to another tenant is not there, for every role and every method.
    let theirs = send(&stage, OPERATOR, "GET", "/api/v1/keys?tenant_id=other", &Value::Null).json();
    let user = make(
        &stage,
        OPERATOR,
        "/api/v1/users",
        &json!({"kind": "service", "name": "bot", "tenant_id": "other"}),
    );
    let mut paths =
        vec![format!("/api/v1/users/{}", user["id"].as_str().unwrap()), "/api/v1/tenants/other".to_owned()];
    paths.extend(
        theirs["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| format!("/api/v1/keys/{}", key["id"].as_str().unwrap())),
    );
    assert!(paths.len() > 5);
    for path in &paths {
        for role in ["admin", "owner"] {
            for (method, body) in
                [("GET", Value::Null), ("PATCH", json!({"name": "mine"})), ("DELETE", Value::Null)]
            {
                let seen = send(&stage, by(role), method, path, &body);
                let wanted = if path.contains("tenants") && method != "GET" { 403 } else { 404 };
                assert_eq!(seen.status, wanted, "{role} {method} {path}: {}", seen.text());
            }
        }
    }
}

#[test]
fn a3_nobody_changes_or_reads_what_is_above_them() {
    let stage = stage();
    let acme = tenant(&stage, "acme");
    tenant(&stage, "other");
    let by = |role: &str| of_role(&acme, role);
    let colleague =
        send(&stage, by("admin"), "GET", "/api/v1/keys?q=acme-owner", &Value::Null).json()["data"][0].clone();
    let path = format!("/api/v1/keys/{}", colleague["id"].as_str().unwrap());
    assert_eq!(send(&stage, by("member"), "GET", &path, &Value::Null).status, 404);
    // An admin sees an owner's key and can neither change nor read it.
    assert_eq!(send(&stage, by("admin"), "GET", &path, &Value::Null).status, 200);
    for (method, path) in
        [("PATCH", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/rotate"))]
    {
        assert_eq!(
            refused(&send(&stage, by("admin"), method, &path, &json!({}))).1,
            "role_too_high",
            "{method}"
        );
    }
}

#[test]
fn a3_lists_are_of_what_is_ones_own() {
    let stage = stage();
    let acme = tenant(&stage, "acme");
    tenant(&stage, "other");
    let by = |role: &str| of_role(&acme, role);
    // Lists are of one's own tenant, and a member's of their own keys.
    let tenants = |key: &str| send(&stage, key, "GET", "/api/v1/tenants", &Value::Null).json();
    let ids = |list: &Value| {
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&tenants(by("owner"))), ["acme"]);
    assert_eq!(ids(&tenants(OPERATOR)), ["other", "default", "acme"]);
    let of = |key: &str, path: &str| send(&stage, key, "GET", path, &Value::Null);
    assert!(
        of(by("admin"), "/api/v1/keys").json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|key| key["tenant_id"] == "acme")
    );
    make(&stage, by("member"), "/api/v1/keys", &json!({"name": "own"}));
    let own = of(by("member"), "/api/v1/keys").json();
    assert_eq!(own["data"].as_array().unwrap().len(), 1, "the one that it made: {own}");
    assert_eq!(of(by("member"), "/api/v1/users").status, 403);
    assert_eq!(of(by("admin"), "/api/v1/keys?tenant_id=other").status, 403);
}
