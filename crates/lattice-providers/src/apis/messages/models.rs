//! What the models can do, as <https://docs.claude.com/en/docs/about-claude/models/overview> says. A model that is not listed
//! is taken for one of the newest.

/// How a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Not at all.
    None,
    /// Within a budget of tokens.
    Budget,
    /// As much as it sees fit, with an effort to go by; the newest know the effort `xhigh`.
    Adaptive { xhigh: bool },
}

/// What a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    /// The start of the model's id.
    start: &'static str,
    /// The most output tokens; what is asked for when the client sets no limit.
    pub(super) max_output: u64,
    pub(super) thinking: Thinking,
    /// Structured output of its own (`output_config.format`).
    pub(super) structured: bool,
    /// Takes system messages in the middle of a conversation.
    pub(super) inline_system: bool,
    /// Refuses `temperature` and `top_p` together.
    pub(super) one_of_temperature_and_top_p: bool,
}

const NEWEST: Traits = Traits {
    start: "",
    max_output: 64_000,
    thinking: Thinking::Adaptive { xhigh: true },
    structured: true,
    inline_system: true,
    one_of_temperature_and_top_p: true,
};

const ADAPTIVE: Thinking = Thinking::Adaptive { xhigh: false };

const fn since_2025(start: &'static str, max_output: u64, thinking: Thinking, structured: bool) -> Traits {
    Traits {
        start,
        max_output,
        thinking,
        structured,
        inline_system: false,
        one_of_temperature_and_top_p: true,
    }
}

const fn older(start: &'static str, max_output: u64, thinking: Thinking) -> Traits {
    let newer = since_2025(start, max_output, thinking, false);
    Traits { one_of_temperature_and_top_p: false, ..newer }
}

/// The first row whose `start` begins the model's id applies, so longer starts come first.
const MODELS: &[Traits] = &[
    older("claude-2", 4096, Thinking::None),
    older("claude-3-opus", 4096, Thinking::None),
    older("claude-3-haiku", 4096, Thinking::None),
    older("claude-3-sonnet", 4096, Thinking::None),
    older("claude-3-5", 8192, Thinking::None),
    older("claude-3-7", 64_000, Thinking::Budget),
    since_2025("claude-opus-4-1", 32_000, Thinking::Budget, true),
    since_2025("claude-opus-4-5", 64_000, Thinking::Budget, true),
    since_2025("claude-opus-4-6", 128_000, ADAPTIVE, true),
    since_2025("claude-opus-4-7", 128_000, ADAPTIVE, true),
    Traits { start: "claude-opus-4-8", max_output: 128_000, ..NEWEST },
    since_2025("claude-opus-4", 32_000, Thinking::Budget, false),
    since_2025("claude-sonnet-4-5", 64_000, Thinking::Budget, true),
    since_2025("claude-sonnet-4-6", 64_000, ADAPTIVE, true),
    since_2025("claude-sonnet-4", 64_000, Thinking::Budget, false),
    since_2025("claude-haiku-4-5", 64_000, Thinking::Budget, true),
];

/// What the model of this id can do.
pub(super) fn traits(id: &str) -> Traits {
    let bare = id.rsplit('/').next().unwrap_or(id);
    MODELS.iter().find(|model| bare.starts_with(model.start)).copied().unwrap_or(NEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_start_is_listed_first() {
        assert!(traits("claude-opus-4-1-20250805").structured);
        assert!(!traits("claude-opus-4-20250514").structured);
        assert_eq!(traits("claude-haiku-4-5-20251001").thinking, Thinking::Budget);
        assert_eq!(traits("claude-opus-5").thinking, Thinking::Adaptive { xhigh: true });
    }
}
