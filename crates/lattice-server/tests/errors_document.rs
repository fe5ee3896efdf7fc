//! `docs/errors.md` is written from the code that decides.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use lattice_model::{FaultKind, Retry};
use lattice_providers::{Rule, TABLES};
use lattice_server::status_of;

const MARK: &str =
    "<!-- The tables below are written from the code: UPDATE_DOCS=1 cargo test -p lattice-server -->\n\n";

fn kinds() -> String {
    let mut text = String::from(
        "| code | status | type | the provider's words are shown | another attempt | message |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for kind in FaultKind::ALL {
        let facts = kind.facts();
        let retry = match facts.retry {
            Retry::Never => "is in vain",
            Retry::Same => "may help",
            Retry::Elsewhere => "may help elsewhere",
        };
        let shown = if facts.shows_words { "yes" } else { "no" };
        let (status, class) = (status_of(facts.class).as_u16(), facts.class.error_type());
        writeln!(text, "| `{}` | {status} | `{class}` | {shown} | {retry} | {} |", facts.code, facts.message)
            .unwrap();
    }
    text
}

fn row(rule: &Rule) -> String {
    let ranges: Vec<String> = rule
        .statuses
        .iter()
        .map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") })
        .collect();
    let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let any = |text: String| if text.is_empty() { "any".to_owned() } else { text };
    let body = if rule.is_error { "an error's" } else { "any" };
    let (statuses, words, says) = (any(ranges.join(", ")), any(quoted(rule.words)), any(quoted(rule.says)));
    format!("| {statuses} | {words} | {says} | {body} | `{}` |", rule.means.facts().code)
}

fn tables() -> String {
    let mut text = String::new();
    for (name, rules) in TABLES {
        writeln!(text, "\n### {name}\n\n| status | code, type or reason | words | body | means |\n| --- | --- | --- | --- | --- |").unwrap();
        for rule in *rules {
            writeln!(text, "{}", row(rule)).unwrap();
        }
    }
    text
}

#[test]
fn the_documentation_of_errors_is_that_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, written) = text.split_once(MARK).unwrap();
    let wanted =
        format!("## What the client reads\n\n{}\n## What a provider's error means\n{}", kinds(), tables());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, format!("{before}{MARK}{wanted}")).unwrap();
        return;
    }
    assert_eq!(
        written, wanted,
        "docs/errors.md is not up to date: UPDATE_DOCS=1 cargo test -p lattice-server"
    );
}
