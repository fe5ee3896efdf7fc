//! What a model's name tells about what it takes.

use crate::error::EncodeError;

/// A generation of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Generation {
    /// 2.0 and before: no thinking.
    Early,
    /// 2.5: thinks within a budget of tokens.
    Two5,
    /// 3 and later, and names without a number: thinks at a level and insists on signatures.
    Three,
}

impl Generation {
    pub(super) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let number: String = name
            .strip_prefix("gemini-")
            .unwrap_or_default()
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        match number.parse::<f64>() {
            Ok(number) if number < 2.5 => Self::Early,
            Ok(number) if number < 3.0 => Self::Two5,
            _ => Self::Three,
        }
    }
}

/// The model's id for the address, without the collection that it may be written with.
pub(super) fn id(model: &str) -> Result<&str, EncodeError> {
    let id = model.strip_prefix("publishers/google/").unwrap_or(model);
    let id = id.strip_prefix("models/").unwrap_or(id);
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._@".contains(c);
    if id.is_empty() || !id.chars().all(fits) {
        let message = format!("`{model}` is no Gemini model; models of other publishers need another type");
        return Err(EncodeError::invalid("model", message));
    }
    if ["claude", "llama", "mistral", "deepseek", "qwen", "jamba"].iter().any(|other| id.starts_with(other)) {
        let message = format!(
            "`{model}` is of another publisher than Google and speaks another API; it is not supported"
        );
        return Err(EncodeError::unsupported("model", message));
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_generation() {
        assert_eq!(Generation::of("gemini-1.5-flash"), Generation::Early);
        assert_eq!(Generation::of("models/gemini-2.5-pro"), Generation::Two5);
        assert_eq!(Generation::of("gemini-3-pro-preview"), Generation::Three);
        assert_eq!(Generation::of("gemini-3.1-pro-preview"), Generation::Three);
        assert_eq!(Generation::of("gemini-flash-latest"), Generation::Three);
    }

    #[test]
    fn other_publishers_are_refused_by_name() {
        assert!(id("claude-opus-4@20250514").is_err());
        assert!(id("a/../b").is_err());
        assert_eq!(id("models/gemini-2.5-pro"), Ok("gemini-2.5-pro"));
    }
}
