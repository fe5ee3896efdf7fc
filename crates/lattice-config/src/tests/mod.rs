//! The way from a file's text and an environment to settings or errors.

mod auth;
mod documents;
mod memory;
mod mistakes;
mod overrides;
mod secrets;
mod sections;
mod zero;

use std::path::PathBuf;

use crate::load::Loading;
use crate::{Config, ConfigErrors, Environment, Source};

/// The smallest file that starts.
const SMALL: &str = "providers:\n  demo:\n    type: demo\n";

/// Loads a text as the file `config.yaml`, the environment empty.
fn load(yaml: &str) -> Result<Config, ConfigErrors> {
    load_with(yaml, &[])
}

/// The same with an environment.
fn load_with(yaml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let environment: Environment = variables.iter().copied().collect();
    run(&Source::File(PathBuf::from("config.yaml")), &environment, Some(yaml))
}

/// Loads without a file.
fn zero(variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    run(&Source::Environment, &variables.iter().copied().collect(), None)
}

fn run(source: &Source, environment: &Environment, yaml: Option<&str>) -> Result<Config, ConfigErrors> {
    Loading::new(source, environment).run(yaml.map(|text| ("config.yaml", text)))
}

/// The errors' text, a line each.
fn errors(yaml: &str) -> String {
    errors_with(yaml, &[])
}

fn errors_with(yaml: &str, variables: &[(&str, &str)]) -> String {
    match load_with(yaml, variables) {
        Ok(_) => panic!("is accepted:\n{yaml}"),
        Err(errors) => errors.to_string(),
    }
}
