//! The command line as a person uses it: what is printed where, and the exit status.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::fs;
use std::process::{Command, Output};

use lattice_testkit::gateway::new_folder;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// In a folder without any configuration and an environment without any keys.
fn run(arguments: &[&str]) -> Output {
    let folder = new_folder().unwrap();
    let output = Command::new(PROGRAM).args(arguments).env_clear().current_dir(&folder).output().unwrap();
    fs::remove_dir_all(folder).unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

struct File(std::path::PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let folder = new_folder().unwrap();
        fs::write(folder.join("gateway.yaml"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.join("gateway.yaml").display().to_string()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_version_is_printed() {
    let output = run(&["--version"]);
    assert_eq!(out(&output), format!("latticelm {}\n", env!("CARGO_PKG_VERSION")));
    assert!(output.status.success());
}

#[test]
fn a_wrong_option_is_status_2_and_names_it() {
    let output = run(&["--lissten", "127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("--listen"), "{}", err(&output));
    let output = run(&["--listen", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("--listen") && err(&output).contains("127.0.0.1:8080"), "{}", err(&output));
}

#[test]
fn a_right_file_is_checked_with_a_summary() {
    let file = File::new("providers:\n  demo: {type: demo}\n");
    let output = run(&["config", "check", &file.path()]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        out(&output).starts_with("ok: ") && out(&output).contains("model demo -> demo"),
        "{}",
        out(&output)
    );
}

#[test]
fn every_mistake_of_a_wrong_file_is_told_with_its_line_and_key() {
    let file = File::new("servr: {}\nproviders:\n  demo: {type: demo, timeouts: {connect: soon}}\n");
    let path = file.path();
    for arguments in
        [vec!["config", "check", &path], vec!["--config", &path], vec!["models", "--config", &path]]
    {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        let told = err(&output);
        assert!(told.contains("gateway.yaml:1:1") && told.contains("`server`"), "{told}");
        assert!(
            told.contains("gateway.yaml:3:") && told.contains("providers.demo.timeouts.connect"),
            "{told}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let output = run(&["--config", "/nowhere/gateway.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("/nowhere/gateway.yaml"), "{}", err(&output));
}

#[test]
fn the_documents_are_json() {
    for arguments in [vec!["config", "schema"], vec!["openapi"]] {
        let output = run(&arguments);
        let document: Value = serde_json::from_str(&out(&output)).unwrap();
        assert!(document.is_object() && output.status.success());
    }
}

#[test]
fn the_models_are_listed_without_starting() {
    let output = run(&["models"]);
    assert!(out(&output).starts_with("demo "), "{}", out(&output));
    let output =
        Command::new(PROGRAM).arg("models").env_clear().env("ANTHROPIC_API_KEY", "k").output().unwrap();
    assert!(out(&output).contains("claude-*"), "{}", out(&output));
}

#[test]
fn completions_know_the_commands() {
    let output = run(&["completions", "bash"]);
    assert!(out(&output).contains("latticelm") && out(&output).contains("openapi"));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(&address), "{}", err(&output));
}

#[test]
fn d5_migrate_brings_a_database_up_to_date_and_says_so() {
    let folder = new_folder().unwrap();
    let data = folder.join("data");
    let migrate = || run(&["migrate", "--data-dir", &data.display().to_string()]);
    for _ in 0..2 {
        let output = migrate();
        assert!(output.status.success(), "{}", err(&output));
        assert_eq!(out(&output), format!("{} is up to date\n", data.join("latticelm.db").display()));
    }
    fs::remove_dir_all(&data).unwrap();
    fs::write(&data, "a file in the way").unwrap();
    let output = migrate();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("was not brought up to date") && err(&output).contains("cannot be made"),
        "{}",
        err(&output)
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn e7_authorities_that_cannot_be_read_are_not_replaced_by_the_public_ones() {
    let folder = new_folder().unwrap();
    fs::write(folder.join("empty.pem"), "").unwrap();
    fs::write(folder.join("wrong.pem"), "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
    for (name, file) in [
        ("SSL_CERT_FILE", "gone.pem"),
        ("SSL_CERT_FILE", "empty.pem"),
        ("SSL_CERT_FILE", "wrong.pem"),
        ("SSL_CERT_DIR", "gone"),
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(["--listen", "127.0.0.1:0"]).env_clear().current_dir(&folder);
        let output = command.env(name, folder.join(file)).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name} {file}");
        assert!(err(&output).contains(&format!("{name} names ")), "{}", err(&output));
    }
    fs::remove_dir_all(folder).unwrap();
}
