//! Look-alikes of `OpenAI`, as rows.

use crate::apis::chat_completions::{CallIds, Quirks};
use crate::faults::{GROQ, Rule};

/// A look-alike: a row, not a folder.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// The `type` that names it.
    pub name: &'static str,
    /// Where it is when `endpoint` is not set.
    pub endpoint: &'static str,
    /// Whether it runs on one's own machine, without a key.
    pub(super) local: bool,
    /// How its API differs from the common one.
    pub(super) quirks: Quirks,
    /// What its errors mean beside the API's own table; tried first.
    pub(super) faults: &'static [Rule],
}

const fn hosted(name: &'static str, endpoint: &'static str) -> Preset {
    Preset { name, endpoint, local: false, quirks: Quirks::COMMON, faults: &[] }
}

const fn local(name: &'static str, endpoint: &'static str) -> Preset {
    Preset { local: true, ..hosted(name, endpoint) }
}

/// All presets, by name.
pub const PRESETS: &[Preset] = &[
    hosted("deepseek", "https://api.deepseek.com/v1"),
    hosted("fireworks", "https://api.fireworks.ai/inference/v1"),
    Preset { faults: GROQ, ..hosted("groq", "https://api.groq.com/openai/v1") },
    local("llamacpp", "http://localhost:8080/v1"),
    local("lmstudio", "http://localhost:1234/v1"),
    Preset {
        quirks: Quirks { strict: true, call_ids: CallIds::Nine, ..Quirks::COMMON },
        ..hosted("mistral", "https://api.mistral.ai/v1")
    },
    local("ollama", "http://localhost:11434/v1"),
    hosted("openrouter", "https://openrouter.ai/api/v1"),
    hosted("together", "https://api.together.xyz/v1"),
    local("vllm", "http://localhost:8000/v1"),
    hosted("xai", "https://api.x.ai/v1"),
];

/// Their names.
#[expect(clippy::indexing_slicing, reason = "done by the compiler, where a wrong index is an error")]
pub(super) const NAMES: [&str; PRESETS.len()] = {
    let mut names = [""; PRESETS.len()];
    let mut at = 0;
    while at < PRESETS.len() {
        names[at] = PRESETS[at].name;
        at += 1;
    }
    names
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_sorted() {
        assert!(PRESETS.is_sorted_by_key(|preset| preset.name));
    }
}
