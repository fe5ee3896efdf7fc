//! In what the servers of this API differ: the columns of a preset's row.

use crate::foreign::fnv;

/// What a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// Whether it knows the newer fields and roles: `developer`, native `allowed_tools`, `verbosity`, cache keys.
    pub(crate) newer: bool,
    /// Whether a field that it does not know is an error: it is sent no `user` and no log probabilities then.
    pub(crate) strict: bool,
    /// Which call ids it takes.
    pub(crate) call_ids: CallIds,
    /// The request field that limits output tokens, such as `max_completion_tokens`.
    pub(crate) max_tokens: &'static str,
}

/// Which call ids a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallIds {
    /// At most 40 characters.
    Forty,
    /// Nine letters or digits.
    Nine,
}

impl Quirks {
    /// `OpenAI` and Azure.
    pub(crate) const OPENAI: Self = Self { newer: true, max_tokens: "max_completion_tokens", ..Self::COMMON };

    /// The fields that everybody took over.
    pub(crate) const COMMON: Self =
        Self { newer: false, strict: false, call_ids: CallIds::Forty, max_tokens: "max_tokens" };

    /// With the operator's own name for the output limit's field, if one is configured.
    pub(crate) fn with_max_tokens(self, field: Option<&'static str>) -> Self {
        Self { max_tokens: field.unwrap_or(self.max_tokens), ..self }
    }

    /// A call id that the server takes; the same for the same id, so that call and result stay together.
    pub(crate) fn call_id(self, id: &str) -> String {
        match self.call_ids {
            CallIds::Forty if id.len() <= 40 => id.to_owned(),
            CallIds::Forty => format!("call_{:016x}", fnv(id)),
            CallIds::Nine if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                id.to_owned()
            }
            CallIds::Nine => format!("{:09x}", fnv(id) & 0xf_ffff_ffff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_fit_the_server() {
        let long = "x".repeat(64);
        assert_eq!(Quirks::OPENAI.call_id("call_1"), "call_1");
        assert!(Quirks::OPENAI.call_id(&long).len() <= 40);
        let nine = Quirks { call_ids: CallIds::Nine, ..Quirks::COMMON };
        assert_eq!(nine.call_id(&long).len(), 9);
        assert_eq!(nine.call_id(&long), nine.call_id(&long));
        assert_eq!(nine.call_id("abcdefgh1"), "abcdefgh1");
    }
}
