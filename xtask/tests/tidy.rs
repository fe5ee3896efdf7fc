//! The shape of the code: sizes, headers, who may know what.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

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
        ("sqlx", "lattice-sql"),
        ("redis", "lattice-redis"),
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
        ("lattice-limits", &[]),
        ("lattice-redis", &["lattice-limits"]),
        ("lattice-auth", &["lattice-model", "lattice-store", "lattice-limits"]),
        ("lattice-admin", &["lattice-model", "lattice-store", "lattice-auth", "lattice-limits"]),
        ("lattice-config", &["lattice-model", "lattice-providers", "lattice-auth", "lattice-limits"]),
        ("lattice-store", &[]),
        ("lattice-sql", &["lattice-store"]),
        (
            "lattice-gateway",
            &["lattice-model", "lattice-wire", "lattice-providers", "lattice-store", "lattice-limits"],
        ),
        (
            "lattice-server",
            &[
                "lattice-model",
                "lattice-wire",
                "lattice-gateway",
                "lattice-store",
                "lattice-auth",
                "lattice-admin",
                "lattice-limits",
            ],
        ),
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
fn no_code_outside_the_providers_names_one() {
    let names = ["openai", "anthropic", "gemini", "azure", "vertex"];
    // The client's own dialect is OpenAI's, and has a header that bears the name.
    let dialect = "openai-processing-ms";
    let crates = ["lattice-gateway", "lattice-server", "lattice-model", "lattice-config", "latticelm"];
    let mut broken = Vec::new();
    for path in crates.iter().flat_map(|name| rust_files(&format!("crates/{name}/src"))) {
        let is_test = |part: std::path::Component<'_>| part.as_os_str().to_string_lossy().contains("tests");
        if path.components().any(is_test) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap().to_lowercase().replace(dialect, "");
        for line in text.lines().take_while(|line| *line != "#[cfg(test)]") {
            let code = line.trim_start();
            let found = names.iter().find(|name| !code.starts_with("//") && code.contains(**name));
            broken.extend(found.map(|name| format!("{} names {name}: {line}", path.display())));
        }
    }
    complain(&broken);
}

#[test]
fn every_api_folder_has_the_same_files_and_knows_no_other() {
    let apis = ["chat_completions", "gemini", "messages", "responses"];
    let mut broken = Vec::new();
    for api in apis {
        let folder = format!("crates/lattice-providers/src/apis/{api}");
        for file in ["mod.rs", "request.rs", "stream.rs", "answer.rs"] {
            let path = root().join(&folder).join(file);
            if !path.exists() {
                broken.push(format!("{} is missing", path.display()));
            }
        }
        for path in rust_files(&folder).into_iter().filter(|path| !path.to_string_lossy().contains("tests")) {
            let text = fs::read_to_string(&path).unwrap();
            let known = apis.iter().filter(|other| **other != api).map(|other| format!("apis::{other}"));
            let known = known.chain(["crate::kinds".to_owned(), "crate::served".to_owned()]);
            broken.extend(
                known
                    .filter(|known| text.contains(known))
                    .map(|known| format!("{} knows {known}", path.display())),
            );
        }
    }
    complain(&broken);
}

#[test]
fn every_route_is_documented() {
    let read = |file: &str| fs::read_to_string(root().join("crates/lattice-server").join(file)).unwrap();
    let routes =
        read("src/endpoints.rs") + &read("src/endpoints/admin.rs") + &read("src/endpoints/session.rs");
    let documented = read("openapi/gateway.json") + &read("openapi/administration.json");
    let paths = routes.lines().filter_map(|line| line.split('"').nth(1).filter(|path| path.starts_with('/')));
    let broken: Vec<String> = paths
        .map(|path| path.replace("{*", "{"))
        .filter(|path| !documented.contains(&format!("\"{path}\"")))
        .map(|path| format!("{path} is not in openapi/"))
        .collect();
    complain(&broken);
}

/// The promises that a text cites: `C11` in a comment, `c11_` at the start of a test's name.
fn cited(text: &str) -> Vec<String> {
    let is_code = |word: &str| {
        let mut letters = word.chars();
        matches!(letters.next(), Some('A'..='E'))
            && (1..=2).contains(&letters.as_str().len())
            && letters.as_str().bytes().all(|digit| digit.is_ascii_digit())
    };
    let mut codes = Vec::new();
    for line in text.lines() {
        if let Some((_, comment)) = line.split_once("//") {
            let words = comment.split(|c: char| !c.is_ascii_alphanumeric());
            codes.extend(words.filter(|word| is_code(word)).map(str::to_owned));
        }
        if let Some((_, name)) = line.split_once("fn ") {
            let start = name.split('_').next().unwrap_or_default().to_ascii_uppercase();
            codes.extend(is_code(&start).then_some(start));
        }
    }
    codes
}

#[test]
fn every_promise_that_is_cited_is_listed() {
    let listed = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let mut broken = Vec::new();
    let mut count = 0;
    for path in all_files() {
        for code in cited(&fs::read_to_string(&path).unwrap()) {
            count += 1;
            if !listed.contains(&format!("- **{code}** ")) {
                broken.push(format!("{} cites {code}, which docs/promises.md does not list", path.display()));
            }
        }
    }
    assert!(count > 100, "only {count} citations were found");
    complain(&broken);
}

/// Which files of a crate each of its files uses, by `use crate::...` and `use super::...` of production code.
fn uses(crate_root: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let files: Vec<PathBuf> = {
        let all = rust_files(crate_root.strip_prefix(root()).unwrap().to_str().unwrap());
        let inner = |file: &PathBuf| file.strip_prefix(crate_root).unwrap().to_string_lossy().into_owned();
        all.into_iter().filter(|file| !inner(file).contains("test")).collect()
    };
    let module = |file: &Path| -> Vec<String> {
        let relative = file.strip_prefix(crate_root).unwrap().with_extension("");
        let mut parts: Vec<String> =
            relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    };
    let modules: Vec<(Vec<String>, PathBuf)> =
        files.iter().map(|file| (module(file), file.clone())).collect();
    let find = |path: &[String]| {
        // The longest start of the path that is a file; the crate's root counts only for what nobody else defines.
        (1..=path.len()).rev().find_map(|length| {
            let start = &path[..length];
            modules.iter().find(|(name, _)| name.as_slice() == start).map(|(_, file)| file.clone())
        })
    };
    files
        .iter()
        .map(|file| {
            let own = module(file);
            let text = fs::read_to_string(file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let mut used = Vec::new();
            for statement in code.split("use ").skip(1).filter_map(|rest| rest.split(';').next()) {
                for path in expand(statement) {
                    let absolute: Vec<String> = match path.first().map(String::as_str) {
                        Some("crate") => path[1..].to_vec(),
                        Some("super") => {
                            let ups = path.iter().take_while(|step| *step == "super").count();
                            let base = own.len().saturating_sub(ups);
                            own[..base].iter().chain(&path[ups..]).cloned().collect()
                        }
                        Some("self") => own.iter().chain(&path[1..]).cloned().collect(),
                        _ => continue,
                    };
                    used.extend(find(&absolute).filter(|other| other != file));
                }
            }
            used.sort();
            used.dedup();
            (file.clone(), used)
        })
        .collect()
}

/// The paths of a `use` statement, with its braces taken apart.
fn expand(statement: &str) -> Vec<Vec<String>> {
    let statement: String = statement.split_whitespace().collect();
    let mut found = Vec::new();
    let mut stack: Vec<String> = Vec::new();
    let mut current = String::new();
    for letter in statement.chars() {
        match letter {
            '{' => stack.push(std::mem::take(&mut current)),
            ',' | '}' => {
                if !current.is_empty() {
                    found.push(stack.concat() + &current);
                }
                current.clear();
                if letter == '}' {
                    stack.pop();
                }
            }
            other => current.push(other),
        }
    }
    if !current.is_empty() {
        found.push(stack.concat() + &current);
    }
    found.iter().map(|path| path.split("::").map(str::to_owned).collect()).collect()
}

/// A circle of files: none of them can be read or changed without the others.
#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut broken = Vec::new();
    for name in crates() {
        let crate_root = root().join("crates").join(&name).join("src");
        let graph = uses(&crate_root);
        let folder = |file: &PathBuf| {
            let is_root = matches!(file.file_stem().unwrap().to_str(), Some("mod" | "lib" | "main"));
            if is_root { file.parent().unwrap().to_owned() } else { file.with_extension("") }
        };
        let mut edges: std::collections::BTreeMap<PathBuf, std::collections::BTreeSet<PathBuf>> =
            std::collections::BTreeMap::new();
        for (file, used) in &graph {
            for other in used {
                let (from, to) = (folder(file), folder(other));
                // A module and its own parts belong together.
                if !from.starts_with(&to) && !to.starts_with(&from) {
                    edges.entry(file.clone()).or_default().insert(other.clone());
                }
            }
        }
        for start in edges.keys() {
            let mut seen = std::collections::BTreeSet::new();
            let mut open: Vec<PathBuf> = edges[start].iter().cloned().collect();
            while let Some(next) = open.pop() {
                if &next == start {
                    broken.push(format!("{} is in a circle", start.strip_prefix(root()).unwrap().display()));
                    break;
                }
                if seen.insert(next.clone()) {
                    open.extend(edges.get(&next).into_iter().flatten().cloned());
                }
            }
        }
    }
    complain(&broken);
}
