//! `${VAR}` and `${VAR:-default}` in values.
//!
//! Done after the YAML is read, so a variable's value is always a value and can never change the shape of the file.

use crate::closest::did_you_mean;
use crate::environment::Environment;
use crate::error::Report;
use crate::path::Path;
use crate::tree::{Node, Scalar, Value};

/// Puts the variables into all values of the tree, quoted ones too. A value that cannot be had becomes none.
pub(crate) fn expand(node: &mut Node, environment: &Environment, path: &Path, report: &mut Report) {
    match &mut node.value {
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand(item, environment, &path.index(index), report);
            }
        }
        Value::Map(entries) => {
            for (key, _, below) in entries {
                expand(below, environment, &path.key(key), report);
            }
        }
        Value::Scalar(scalar) if scalar.text.contains("${") => match text(&scalar.text, environment) {
            Ok(expansion) if expansion.text.is_empty() => node.value = Value::Null,
            Ok(expansion) => {
                for secret in &expansion.values {
                    report.secret(secret);
                }
                let expanded = !expansion.values.is_empty();
                node.value = Value::Scalar(Scalar { text: expansion.text, expanded });
            }
            Err(message) => {
                report.error(&node.origin, path, message);
                node.value = Value::Null;
            }
        },
        Value::Null | Value::Scalar(_) => {}
    }
}

#[derive(Default)]
struct Expansion {
    text: String,
    values: Vec<String>,
}

fn text(raw: &str, environment: &Environment) -> Result<Expansion, String> {
    let mut expansion = Expansion::default();
    let mut rest = raw;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            expansion.text.push_str(before);
            expansion.text.push_str("${");
            rest = reference.get(2..).unwrap_or_default();
            continue;
        }
        expansion.text.push_str(before);
        let Some((inside, after)) = reference.get(2..).and_then(|inside| inside.split_once('}')) else {
            return Err("has a `${` without its `}`; write `$${` for the two signs themselves".to_owned());
        };
        let value = variable(inside, environment)?;
        expansion.text.push_str(value);
        expansion.values.push(value.to_owned());
        rest = after;
    }
    expansion.text.push_str(rest);
    Ok(expansion)
}

fn variable<'a>(inside: &'a str, environment: &'a Environment) -> Result<&'a str, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let starts_well = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if !starts_well || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err("has a `${...}` that is neither `${NAME}` nor `${NAME:-default}`".to_owned());
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(format!(
            "has a `${{{name}:-...}}` with another variable in its default, which cannot be"
        ));
    }
    match (environment.get(name), default) {
        (Some(value), _) | (None, Some(value)) => Ok(value),
        (None, None) if environment.is_empty(name) => Err(format!(
            "needs the environment variable {name}, which is set to nothing. \
             Give it a value, or write `${{{name}:-}}` if it may be empty"
        )),
        (None, None) => Err(format!(
            "needs the environment variable {name}, which is not set.{} \
             Set it, or write `${{{name}:-default}}`",
            did_you_mean(name, environment.names())
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str) -> Result<String, String> {
        let environment = [("KEY", "k}\"${X}"), ("EMPTY", "")].into_iter().collect();
        text(raw, &environment).map(|expansion| expansion.text)
    }

    #[test]
    fn variables_defaults_and_escapes_are_expanded_once() {
        let cases = [
            ("a ${KEY} b", "a k}\"${X} b"),
            ("${EMPTY:-x}${NONE:-y:-z}", "xy:-z"),
            ("${NONE:-}", ""),
            ("$${KEY} costs $5 $$", "${KEY} costs $5 $$"),
        ];
        for (raw, expanded) in cases {
            assert_eq!(check(raw).as_deref(), Ok(expanded), "{raw}");
        }
    }

    #[test]
    fn a_reference_that_cannot_be_followed_is_an_error() {
        for raw in ["${", "${NONE}", "${EMPTY}", "${1A}", "${A:?b}", "${}", "${A:-${KEY}}"] {
            assert!(check(raw).is_err(), "{raw}");
        }
        assert!(check("${KEYS}").unwrap_err().contains("Did you mean `KEY`?"));
    }
}
