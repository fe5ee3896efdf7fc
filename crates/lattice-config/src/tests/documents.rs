//! The example, the reference and the schema file are true, because these tests compare them.

use std::path::{Path as FilePath, PathBuf};
use std::{env, fs};

use serde_json::Value;

use crate::shape::{keys, present};
use crate::tree::{self, Node};
use crate::{Environment, Source, check, error, reference, schema, yaml};

const KEYS: [(&str, &str); 5] = [
    ("OPENAI_API_KEY", "k"),
    ("ANTHROPIC_API_KEY", "k"),
    ("GEMINI_API_KEY", "k"),
    ("AZURE_OPENAI_API_KEY", "k"),
    ("GROQ_API_KEY", "k"),
];

fn root() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a part of a document with what it must be; `UPDATE_DOCS=1` writes it.
fn same(file: &FilePath, now: &str, wanted: &str, update: impl FnOnce() -> String) {
    if now == wanted {
        return;
    }
    assert!(
        env::var_os("UPDATE_DOCS").is_some(),
        "{} is not up to date: run the tests with UPDATE_DOCS=1",
        file.display()
    );
    fs::write(file, update()).unwrap();
}

#[test]
fn the_example_is_right_as_it_stands() {
    let environment: Environment = KEYS.into_iter().collect();
    let said = check(&Source::File(root().join("config.example.yaml")), &environment).unwrap();
    assert!(said.contains("model smart -> anthropic as claude-sonnet-4-5"), "{said}");
}

/// The example with every setting in force that its comments hold. The sections that are not available stay switched off.
fn whole_example() -> String {
    let text = fs::read_to_string(root().join("config.example.yaml")).unwrap();
    let setting =
        |line: &str| line.strip_prefix('#').filter(|rest| rest.starts_with("  ")).map(str::to_owned);
    text.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[test]
fn the_example_has_every_key_and_all_of_it_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["certificate.pem", "key.pem", "service-account.json", "azure-key"] {
        fs::write(folder.path().join(file), "{}").unwrap();
    }
    let text = whole_example();
    let file = folder.path().join("config.yaml");
    fs::write(&file, &text).unwrap();
    let environment = KEYS
        .into_iter()
        .chain([("AZURE_CLIENT_SECRET", "k"), ("CI_KEY", "sixteen-characters"), ("OIDC_CLIENT_SECRET", "k")])
        .collect();
    let said = check(&Source::File(file), &environment).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(said.contains("provider vertex (vertexai)"), "{said}");

    let tree = yaml::parse(&text, &|_, _| tree::Origin::Default, &mut error::Report::default()).unwrap();
    let mut missing = Vec::new();
    absent(&schema(), &[&tree], "", &mut missing);
    assert!(missing.is_empty(), "config.example.yaml does not show {missing:?}");
}

/// The keys of the schema that none of these nodes has.
fn absent(schema: &Value, nodes: &[&Node], path: &str, missing: &mut Vec<String>) {
    let schema = present(schema);
    for (key, below) in keys(schema).into_iter().flatten() {
        let path = format!("{path}.{key}");
        let found: Vec<&Node> = nodes.iter().filter_map(|node| node.get(key)).collect();
        if found.is_empty() {
            missing.push(path);
        } else {
            absent(below, &found, &path, missing);
        }
    }
    let entries: Vec<&Node> = nodes
        .iter()
        .flat_map(|node| match &node.value {
            tree::Value::List(items) => items.iter().collect(),
            tree::Value::Map(entries) => entries.iter().map(|(_, _, node)| node).collect::<Vec<_>>(),
            tree::Value::Null | tree::Value::Scalar(_) => Vec::new(),
        })
        .collect();
    for below in [schema.get("items"), schema.get("additionalProperties")].into_iter().flatten() {
        absent(below, &entries, &format!("{path}[]"), missing);
    }
}

#[test]
fn the_reference_in_the_documentation_is_that_of_the_code() {
    let file = root().join("docs/configuration.md");
    let text = fs::read_to_string(&file).unwrap();
    let mark =
        "<!-- The tables below are written from the code: UPDATE_DOCS=1 cargo test -p lattice-config -->\n\n";
    let (before, tables) = text.split_once(mark).unwrap();
    same(&file, tables, &reference(), || format!("{before}{mark}{}", reference()));
}

#[test]
fn the_schema_file_is_that_of_the_code() {
    let file = root().join("docs/config.schema.json");
    let wanted = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    same(&file, &fs::read_to_string(&file).unwrap_or_default(), &wanted, || wanted.clone());
}
