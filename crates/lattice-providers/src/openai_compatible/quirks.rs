//! In what the servers of this API differ.

use crate::foreign::fnv;
use crate::settings::MaxTokensField;

/// In what the servers of this API differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `OpenAI` and Azure: newer fields and roles.
    OpenAi,
    /// Mistral: call ids are nine letters or digits, and a field that it does not know is an error.
    Mistral,
    /// All others: the fields that everybody took over.
    Common,
}

/// What a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quirks {
    family: Family,
    /// What the most output tokens are called.
    pub(crate) max_tokens: &'static str,
}

impl Quirks {
    /// `OpenAI` and Azure.
    pub(crate) const fn openai() -> Self {
        Self { family: Family::OpenAi, max_tokens: "max_completion_tokens" }
    }

    /// Those of a preset.
    pub(crate) fn of_preset(name: Option<&str>) -> Self {
        let family = if name == Some("mistral") { Family::Mistral } else { Family::Common };
        Self { family, max_tokens: "max_tokens" }
    }

    /// With the name that the operator knows better.
    pub(crate) fn with_max_tokens(mut self, field: Option<MaxTokensField>) -> Self {
        match field {
            Some(MaxTokensField::MaxTokens) => self.max_tokens = "max_tokens",
            Some(MaxTokensField::MaxCompletionTokens) => self.max_tokens = "max_completion_tokens",
            None => {}
        }
        self
    }

    /// The role `developer`, native `allowed_tools`, `verbosity` and cache keys.
    pub(crate) fn is_openai(self) -> bool {
        self.family == Family::OpenAi
    }

    /// No `user` and no log probabilities.
    pub(crate) fn is_mistral(self) -> bool {
        self.family == Family::Mistral
    }

    /// A call id that the server takes: `OpenAI` at most 40 characters, Mistral nine letters or digits. The same for the
    /// same id, so that call and result stay together.
    pub(crate) fn call_id(self, id: &str) -> String {
        let fits = match self.family {
            Family::OpenAi | Family::Common => id.len() <= 40,
            Family::Mistral => id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        };
        if fits {
            return id.to_owned();
        }
        let hash = fnv(id);
        match self.family {
            Family::Mistral => format!("{:09x}", hash & 0xf_ffff_ffff),
            Family::OpenAi | Family::Common => format!("call_{hash:016x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_fit_the_server() {
        let long = "x".repeat(64);
        assert_eq!(Quirks::openai().call_id("call_1"), "call_1");
        assert!(Quirks::openai().call_id(&long).len() <= 40);
        let mistral = Quirks::of_preset(Some("mistral"));
        assert_eq!(mistral.call_id(&long).len(), 9);
        assert_eq!(mistral.call_id(&long), mistral.call_id(&long));
        assert_eq!(mistral.call_id("abcdefgh1"), "abcdefgh1");
    }
}
