//! The administration from the command line: on the database of this machine, and of a gateway elsewhere.

use std::process::{Command, Output};

use lattice_testkit::gateway::{eventually, new_folder};
use lattice_testkit::stage::Stage;
use serde_json::Value;

use crate::stage::{KEYS, OPERATOR, PROGRAM, ask, refused, send, stage};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn keys_are_made_on_this_machines_database_while_the_gateway_runs() {
    let stage = stage();
    let config = stage.gateway.config().display().to_string();
    let home = stage.gateway.folder().display().to_string();
    let here = |arguments: &[&str]| run(&[arguments, &["--config", &config]].concat(), &[("HOME", &home)]);
    assert!(out(&here(&["tenants", "create", "acme", "--name", "Acme"])).contains("Acme"));
    let made = here(&[
        "keys",
        "create",
        "--name",
        "ci",
        "--tenant",
        "acme",
        "--role",
        "member",
        "--models",
        "openai.script-text",
        "--json",
    ]);
    let made: Value = serde_json::from_str(&out(&made)).unwrap();
    let (id, text) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!(made["models"], serde_json::json!(["openai.script-text"]));
    assert_eq!(ask(&stage, text).status, 200, "the running gateway knows it");
    let list = out(&here(&["keys", "list", "--tenant", "acme"]));
    assert!(list.starts_with("ID ") && list.contains(id) && !list.contains(text), "{list}");
    let rotated = out(&here(&["keys", "rotate", id, "--overlap", "1h"]));
    let second = rotated.lines().last().unwrap().trim();
    assert_eq!([text, second].map(|key| ask(&stage, key).status), [200, 200], "{rotated}");
    out(&here(&["keys", "revoke", id]));
    eventually(|| (ask(&stage, second).status == 401).then_some(())).unwrap();
    let user = out(&here(&["users", "create", "--name", "bot", "--tenant", "acme", "--json"]));
    let user: Value = serde_json::from_str(&user).unwrap();
    let id = user["id"].as_str().unwrap();
    assert!(out(&here(&["users", "suspend", id])).contains("suspended"));
    assert!(out(&here(&["users", "list", "--tenant", "acme"])).contains("bot"));
    out(&here(&["users", "delete", id]));
    let audit = out(&here(&["audit", "--tenant", "acme"]));
    for action in [
        "tenant.create",
        "key.create",
        "key.rotate",
        "key.revoke",
        "user.update",
        "user.delete",
        "command-line",
    ] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    let failed = here(&["tenants", "delete", "nowhere"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("there is no tenant `nowhere` (not_found)"), "{said}");
}

#[test]
fn the_same_commands_go_to_a_gateway_elsewhere() {
    let stage = stage();
    let url = format!("http://{}", stage.address());
    let there = |arguments: &[&str], key: &str| {
        run(&[arguments, &["--url", &url]].concat(), &[("LATTICELM_API_KEY", key)])
    };
    let made = out(&there(&["keys", "create", "--name", "a b/c", "--json"], OPERATOR));
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(ask(&stage, made["key"].as_str().unwrap()).status, 200);
    for number in 0..5 {
        out(&there(&["keys", "create", "--name", &format!("key {number}")], OPERATOR));
    }
    let some = out(&there(&["keys", "list", "--limit", "3", "--json"], OPERATOR));
    let some: Value = serde_json::from_str(&some).unwrap();
    assert_eq!(some["data"].as_array().unwrap().len(), 3);
    let found = out(&there(&["keys", "list", "-q", "a b/"], OPERATOR));
    assert_eq!(found.lines().count(), 2, "{found}");
    let refused = there(&["tenants", "create", "x"], made["key"].as_str().unwrap());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("insufficient_role"), "{said}");
    let without = run(&["keys", "list", "--url", &url], &[]);
    assert!(String::from_utf8_lossy(&without.stderr).contains("LATTICELM_API_KEY"));
    let nowhere = run(&["keys", "list", "--url", "http://127.0.0.1:1"], &[("LATTICELM_API_KEY", "x")]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("127.0.0.1:1"));
}

#[test]
fn looking_makes_no_database_and_shows_nothing_that_acts_on_a_terminal() {
    let folder = new_folder().unwrap();
    let data = folder.join("nowhere").display().to_string();
    let looked = run(&["keys", "list", "--data-dir", &data], &[]);
    let said = String::from_utf8_lossy(&looked.stderr).into_owned();
    assert!(!looked.status.success() && said.contains("there is no database at"), "{said}");
    assert!(!folder.join("nowhere").exists());
    let odd =
        run(&["keys", "create", "--name", "x", "--user", "\u{1b}]0;pwned\u{7}", "--data-dir", &data], &[]);
    let said = String::from_utf8_lossy(&odd.stderr).into_owned();
    assert!(!odd.status.success() && !said.contains('\u{1b}'), "{said:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_operator_who_lost_the_key_makes_another_before_the_gateway_starts() {
    let folder = new_folder().unwrap();
    let data = folder.join("data").display().to_string();
    let made =
        run(&["keys", "create", "--name", "root", "--role", "operator", "--data-dir", &data, "--json"], &[]);
    let made: Value = serde_json::from_str(&out(&made)).unwrap();
    let yaml = format!("database: {{data_dir: '{data}'}}\nauth: {{enabled: true}}\n");
    let stage = Stage::start(PROGRAM, &yaml).unwrap();
    let text = made["key"].as_str().unwrap();
    assert_eq!(
        send(&stage, text, "GET", "/api/v1/keys", &Value::Null).json()["data"].as_array().unwrap().len(),
        1,
        "no other was made"
    );
    assert_eq!(refused(&send(&stage, OPERATOR, "GET", "/api/v1/keys", &Value::Null)).0, 401);
    assert!(!KEYS.contains(text));
    std::fs::remove_dir_all(folder).unwrap();
}
