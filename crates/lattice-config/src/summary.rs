//! What `config check` says about a configuration that is right.

use std::fmt::Write;

use crate::config::Config;
use crate::environment::Environment;
use crate::error::ConfigErrors;
use crate::load::load;
use crate::source::Source;

/// Loads a configuration and says what is in it: the text for `config check`.
///
/// # Errors
/// What is wrong, a line each when displayed.
pub fn check(source: &Source, environment: &Environment) -> Result<String, ConfigErrors> {
    let settings = load(source, environment)?;
    Ok(format!("ok: {source}\n{}", settings.summary()))
}

impl Config {
    /// Providers and models, a line each; then the notices.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for entry in &self.providers {
            let settings = &entry.settings;
            let endpoint = settings.endpoint().map_or_else(String::new, |endpoint| format!(" at {endpoint}"));
            // Writing to a string cannot fail.
            let _ = writeln!(text, "provider {} ({}){endpoint}", settings.name(), settings.of_type());
        }
        for model in &self.models {
            let _ = write!(text, "model {} -> {}", model.name, model.provider);
            if model.provider_model_id != model.name {
                let _ = write!(text, " as {}", model.provider_model_id);
            }
            text.push('\n');
        }
        for prefix in &self.prefixes {
            let _ = writeln!(text, "models {}* -> {}", prefix.prefix, prefix.provider);
        }
        for notice in &self.notices {
            let _ = writeln!(text, "notice: {notice}");
        }
        text
    }
}
