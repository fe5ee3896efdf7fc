//! The shape of the code: sizes, headers, who may know what.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Rust files below a folder of the project.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has Rust files");
    found
}

fn all_files() -> Vec<PathBuf> {
    ["crates", "xtask"].iter().flat_map(|folder| rust_files(folder)).collect()
}

fn complain(broken: &[String]) {
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let silent = |path: &PathBuf| !fs::read_to_string(path).unwrap().starts_with("//!");
    let broken: Vec<String> = all_files()
        .iter()
        .filter(|path| silent(path))
        .map(|path| format!("{} has no //! line", path.display()))
        .collect();
    complain(&broken);
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut broken = Vec::new();
    for path in all_files() {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > 600 {
            broken.push(format!("{}: {lines} lines", path.display()));
        }
    }
    complain(&broken);
}

#[test]
fn nothing_is_left_open() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX:")];
    let mut broken = Vec::new();
    for path in all_files() {
        let text = fs::read_to_string(&path).unwrap();
        broken.extend(
            marks
                .iter()
                .filter(|mark| text.contains(**mark))
                .map(|mark| format!("{}: {mark}", path.display())),
        );
    }
    complain(&broken);
}

/// The names under `[dependencies]` of a crate.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let section = manifest.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1);
    let section = section.take_while(|line| !line.starts_with('['));
    section
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn crates() -> Vec<String> {
    let folders = fs::read_dir(root().join("crates")).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn only_one_crate_knows_each_of_these() {
    let knows = [
        ("axum", "lattice-server"),
        ("tower-http", "lattice-server"),
        ("hyper-rustls", "lattice-transport"),
        ("notify", "lattice-config"),
        ("clap", "latticelm"),
    ];
    let mut broken = Vec::new();
    for name in crates() {
        let dependencies = dependencies(&name);
        for (what, who) in knows {
            if name != who && dependencies.iter().any(|dependency| dependency == what) {
                broken.push(format!("{name} depends on {what}, which only {who} may know"));
            }
        }
    }
    complain(&broken);
}

#[test]
fn crates_know_only_those_below_them() {
    let allowed: &[(&str, &[&str])] = &[
        ("lattice-model", &[]),
        ("lattice-wire", &["lattice-model"]),
        ("lattice-providers", &["lattice-model", "lattice-wire"]),
        // It plugs into the seam that the gateway defines.
        ("lattice-transport", &["lattice-providers", "lattice-wire", "lattice-gateway"]),
        ("lattice-config", &["lattice-providers"]),
        ("lattice-gateway", &["lattice-model", "lattice-wire", "lattice-providers"]),
        ("lattice-server", &["lattice-model", "lattice-wire", "lattice-gateway"]),
        ("lattice-testkit", &[]),
    ];
    let mut broken = Vec::new();
    for (name, below) in allowed {
        for dependency in dependencies(name).iter().filter(|dependency| dependency.starts_with("lattice-")) {
            if !below.contains(&dependency.as_str()) {
                broken.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    complain(&broken);
}

#[test]
fn the_flow_names_no_provider() {
    let names = ["anthropic", "gemini", "azure", "vertex"];
    let mut broken = Vec::new();
    for path in ["crates/lattice-gateway/src", "crates/lattice-server/src", "crates/lattice-model/src"]
        .iter()
        .flat_map(|folder| rust_files(folder))
    {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        broken.extend(
            names
                .iter()
                .filter(|name| text.contains(**name))
                .map(|name| format!("{} names {name}", path.display())),
        );
    }
    complain(&broken);
}

#[test]
fn every_provider_folder_has_the_same_files() {
    // The demo calls nobody; the wrappers differ from what they wrap in address and credentials alone.
    let whole = ["anthropic", "gemini", "openai", "openai_compatible"];
    let mut broken = Vec::new();
    for provider in whole {
        for file in ["mod.rs", "config.rs", "request.rs", "stream.rs", "answer.rs"] {
            let path = root().join("crates/lattice-providers/src").join(provider).join(file);
            if !path.exists() {
                broken.push(format!("{} is missing", path.display()));
            }
        }
    }
    complain(&broken);
}

#[test]
fn every_route_is_documented() {
    let routes = fs::read_to_string(root().join("crates/lattice-server/src/endpoints.rs")).unwrap();
    let documented = fs::read_to_string(root().join("crates/lattice-server/openapi/gateway.json")).unwrap();
    let paths = routes.lines().filter_map(|line| line.trim().strip_prefix(".route(\"")?.split('"').next());
    let broken: Vec<String> = paths
        .map(|path| path.replace("{*", "{"))
        .filter(|path| !documented.contains(&format!("\"{path}\"")))
        .map(|path| format!("{path} is not in openapi/gateway.json"))
        .collect();
    complain(&broken);
}
