//! The tables: first fit wins. A rule fits where all that it names is there; what it leaves out may be anything.

use lattice_model::FaultKind;

use super::ErrorWords;

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Statuses, each from and to; any when empty. An error inside an answer counts as its own number, or as 200.
    pub statuses: &'static [(u16, u16)],
    /// One of these codes, types or reasons, in any case; any when empty.
    pub words: &'static [&'static str],
    /// The sentence holds one of these, in any case; any when empty.
    pub says: &'static [&'static str],
    /// Whether the body has to be an error of an API, and not a page of a web server.
    pub is_error: bool,
    /// What it means then.
    pub means: FaultKind,
}

impl Rule {
    /// Whether the rule fits.
    pub(crate) fn fits(&self, said: &ErrorWords) -> bool {
        let status = if said.status == 0 { 200 } else { said.status };
        let message = || said.message.as_deref().unwrap_or_default().to_lowercase();
        let within = |range: &(u16, u16)| (range.0..=range.1).contains(&status);
        (self.statuses.is_empty() || self.statuses.iter().any(within))
            && (!self.is_error || said.is_error)
            && (self.words.is_empty() || said.has_word(self.words))
            && (self.says.is_empty() || {
                let message = message();
                self.says.iter().any(|part| message.contains(part))
            })
    }
}

const fn rule(means: FaultKind) -> Rule {
    Rule { statuses: &[], words: &[], says: &[], is_error: false, means }
}

/// By a word, whatever the status.
const fn words(words: &'static [&'static str], means: FaultKind) -> Rule {
    Rule { words, ..rule(means) }
}

/// By what the sentence holds, at these statuses.
const fn says(statuses: &'static [(u16, u16)], says: &'static [&'static str], means: FaultKind) -> Rule {
    Rule { statuses, says, ..rule(means) }
}

const fn status(statuses: &'static [(u16, u16)], means: FaultKind) -> Rule {
    Rule { statuses, ..rule(means) }
}

/// 400 to 500 except 429, or no error status (200): a limit on tokens per minute is not the limit of the context.
const NOT_A_RATE_LIMIT: &[(u16, u16)] = &[(200, 200), (400, 428), (430, 500)];
const REFUSALS: &[(u16, u16)] = &[(200, 200), (400, 403), (422, 422), (451, 451)];
/// Where a word may say more than the status: within an answer, or where the status says little.
const LITTLE_SAID: &[(u16, u16)] = &[(200, 200), (400, 400), (429, 429), (500, 599)];
const OF_THE_KEY: &[(u16, u16)] = &[(200, 200), (400, 403), (407, 407), (500, 500)];

/// Words of an account that cannot be charged, or of a limit that its owner set, as the providers write them.
const ACCOUNT: &[&str] = &[
    "insufficient balance",
    "credit balance is too low",
    "insufficient credit",
    "insufficient funds",
    "not enough credit",
    "more credits",
    "used all available credits",
    "spending limit",
    "usage limits",
    "billing",
    "prepayment credits",
    "payment required",
    "account is not active",
    "account has been deactivated",
    "organization has been disabled",
];

/// Words of a key that is wrong.
const KEY: &[&str] = &[
    "api key not valid",
    "incorrect api key",
    "invalid api key",
    "invalid api-key",
    "invalid api token",
    "invalid token",
    "invalid bearer token",
    "invalid x-api-key",
    "invalid authentication",
    "invalid credentials",
    "api key expired",
    "api key is missing",
    "no api key",
    "missing api key",
    "unauthorized",
    "user not found",
    "authentication fails",
    "authentication failed",
];

/// Words of an input that does not fit into the context, as servers write them.
const CONTEXT: &[&str] = &[
    "maximum context length",
    "context window",
    "context length",
    "maximum prompt length",
    "maximum sequence length",
    "maximum model length",
    "available context size",
    "exceeds the context",
    "exceed context limit",
    "exceeds the maximum number of tokens",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input context is too long",
    "too many tokens",
    "input token count",
    "model only supports up to",
    "reduce the length of the",
    "tokens in request more than max tokens",
    "token limit exceeded",
];

/// Words of a filter.
const FILTER: &[&str] = &[
    "content violates",
    "violates usage guidelines",
    "usage guidelines",
    "usage policies",
    "content management policy",
    "content filter",
    "content policy",
    "content filtering policy",
    "input was flagged",
    "flagged for",
    "flagged by",
    "requires moderation",
    "moderation blocked",
    "safety system",
    "data_inspection_failed",
    "inappropriate content",
];

/// Words of a server that has no such path.
const NO_PATH: &[&str] = &[
    "invalid url",
    "unknown request url",
    "unexpected endpoint",
    "file not found",
    "resource not found",
    "page not found",
    "no route",
    "route not found",
    "path not found",
    "endpoint not found",
    "cannot post",
    "no such endpoint",
];

/// Chat Completions and the Responses API: OpenAI, Azure and all that took its form over.
/// <https://platform.openai.com/docs/guides/error-codes>, <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/content-filters>,
/// <https://openrouter.ai/docs/api/reference/errors-and-debugging>, <https://docs.x.ai/docs/key-information/debugging>,
/// <https://api-docs.deepseek.com/quick_start/error_codes>
pub(crate) const OPENAI: &[Rule] = &[
    // The context. llama.cpp calls it `exceed_context_size_error`.
    words(
        &["context_length_exceeded", "exceed_context_size_error", "context_window_exceeded"],
        FaultKind::ContextLength,
    ),
    says(NOT_A_RATE_LIMIT, CONTEXT, FaultKind::ContextLength),
    // Filters. Azure says the finer code inside, OpenRouter by the names of its metadata.
    words(
        &[
            "content_filter",
            "content_policy_violation",
            "ResponsibleAIPolicyViolation",
            "moderation_blocked",
            "flagged_input",
            "data_inspection_failed",
            "safety_violation",
        ],
        FaultKind::ContentFilter,
    ),
    says(REFUSALS, FILTER, FaultKind::ContentFilter),
    // The account. With status 429, or within an answer, it is a 429: callers know the code.
    Rule {
        words: &["insufficient_quota", "exceeded_current_quota_error"],
        ..status(&[(200, 200), (429, 429)], FaultKind::Quota)
    },
    words(
        &[
            "insufficient_quota",
            "exceeded_current_quota_error",
            "insufficient_balance",
            "insufficient_credits",
            "insufficient_funds",
            "billing_not_active",
            "billing_hard_limit_reached",
            "billing_error",
            "payment_required",
            "account_deactivated",
        ],
        FaultKind::Account,
    ),
    says(REFUSALS, ACCOUNT, FaultKind::Account),
    // The key. xAI answers 400 for a wrong one.
    words(
        &[
            "invalid_api_key",
            "authentication_error",
            "AuthenticationError",
            "invalid_authentication",
            "unauthorized",
        ],
        FaultKind::Credentials,
    ),
    says(OF_THE_KEY, KEY, FaultKind::Credentials),
    // Which 404: one of the path, or one of the model.
    says(&[(404, 405)], NO_PATH, FaultKind::Address),
    words(
        &["model_not_found", "DeploymentNotFound", "model_not_available", "unknown_model"],
        FaultKind::ModelNotFound,
    ),
    Rule { is_error: true, ..status(&[(404, 404)], FaultKind::ModelNotFound) },
    // Errors inside an answer often have a word and no number.
    Rule {
        words: &["rate_limit_exceeded", "rate_limit_error", "too_many_requests", "RateLimitError"],
        ..status(LITTLE_SAID, FaultKind::RateLimited)
    },
    Rule {
        words: &[
            "overloaded_error",
            "overloaded",
            "engine_overloaded",
            "service_unavailable",
            "server_overloaded",
        ],
        ..status(LITTLE_SAID, FaultKind::Overloaded)
    },
    says(
        &[(200, 200), (500, 599)],
        &["overloaded", "at capacity", "server is busy", "loading model"],
        FaultKind::Overloaded,
    ),
    Rule {
        words: &["timeout", "request_timeout", "timeout_error"],
        ..status(LITTLE_SAID, FaultKind::Timeout)
    },
    Rule {
        words: &["invalid_request_error", "invalid_prompt", "invalid_request", "BadRequestError"],
        ..status(&[(200, 200)], FaultKind::InvalidRequest)
    },
];

/// The Messages API: Anthropic and Azure. <https://docs.claude.com/en/api/errors>
pub(crate) const ANTHROPIC: &[Rule] = &[
    says(NOT_A_RATE_LIMIT, CONTEXT, FaultKind::ContextLength),
    says(REFUSALS, FILTER, FaultKind::ContentFilter),
    words(&["billing_error"], FaultKind::Account),
    says(REFUSALS, ACCOUNT, FaultKind::Account),
    words(&["authentication_error", "permission_error"], FaultKind::Credentials),
    says(OF_THE_KEY, KEY, FaultKind::Credentials),
    says(&[(404, 405)], NO_PATH, FaultKind::Address),
    words(&["not_found_error", "DeploymentNotFound"], FaultKind::ModelNotFound),
    words(&["request_too_large"], FaultKind::TooLarge),
    Rule {
        words: &["rate_limit_error", "rate_limit_exceeded"],
        ..status(LITTLE_SAID, FaultKind::RateLimited)
    },
    Rule { words: &["overloaded_error"], ..status(LITTLE_SAID, FaultKind::Overloaded) },
    Rule { words: &["timeout_error"], ..status(LITTLE_SAID, FaultKind::Timeout) },
    Rule { words: &["invalid_request_error"], ..status(&[(200, 200)], FaultKind::InvalidRequest) },
];

/// The Gemini API and Vertex AI. <https://ai.google.dev/gemini-api/docs/troubleshooting>, <https://cloud.google.com/apis/design/errors>
pub(crate) const GEMINI: &[Rule] = &[
    says(NOT_A_RATE_LIMIT, CONTEXT, FaultKind::ContextLength),
    words(&["BILLING_DISABLED"], FaultKind::Account),
    says(REFUSALS, ACCOUNT, FaultKind::Account),
    // A bad key is a 400 here; so is a project that may not use the API, or not from this country.
    words(
        &[
            "API_KEY_INVALID",
            "API_KEY_EXPIRED",
            "API_KEY_SERVICE_BLOCKED",
            "SERVICE_DISABLED",
            "CONSUMER_INVALID",
            "UNAUTHENTICATED",
            "PERMISSION_DENIED",
            "FAILED_PRECONDITION",
        ],
        FaultKind::Credentials,
    ),
    says(OF_THE_KEY, KEY, FaultKind::Credentials),
    words(&["NOT_FOUND"], FaultKind::ModelNotFound),
    Rule { words: &["RESOURCE_EXHAUSTED"], ..status(LITTLE_SAID, FaultKind::RateLimited) },
    Rule { words: &["UNAVAILABLE"], ..status(LITTLE_SAID, FaultKind::Overloaded) },
    Rule { words: &["DEADLINE_EXCEEDED"], ..status(LITTLE_SAID, FaultKind::Timeout) },
    Rule { words: &["INVALID_ARGUMENT"], ..status(&[(200, 200)], FaultKind::InvalidRequest) },
];

/// What a status means where no rule fits. A redirect or a refused method (405) comes from a wrong address.
pub(crate) const STATUSES: &[Rule] = &[
    status(&[(300, 399), (405, 405)], FaultKind::Address),
    status(&[(401, 401), (403, 403), (407, 407)], FaultKind::Credentials),
    status(&[(402, 402)], FaultKind::Account),
    Rule { is_error: true, ..status(&[(404, 404), (410, 410)], FaultKind::ModelNotFound) },
    status(&[(404, 404), (410, 410)], FaultKind::Address),
    status(&[(408, 408), (504, 504), (524, 524)], FaultKind::Timeout),
    status(&[(413, 413)], FaultKind::TooLarge),
    status(&[(429, 429)], FaultKind::RateLimited),
    status(&[(503, 503), (529, 529)], FaultKind::Overloaded),
    status(&[(400, 499)], FaultKind::InvalidRequest),
    status(&[(500, 599), (200, 200)], FaultKind::Server),
];

/// Groq's flex tier has a status of its own for no room: <https://console.groq.com/docs/flex-processing>.
pub(crate) const GROQ: &[Rule] = &[status(&[(498, 498)], FaultKind::Overloaded)];

/// The tables by the names of their APIs, for the documentation.
pub const TABLES: &[(&str, &[Rule])] = &[
    ("Chat Completions and the Responses API", OPENAI),
    ("Messages (Anthropic, Azure Anthropic)", ANTHROPIC),
    ("Gemini and Vertex AI", GEMINI),
    ("Groq, before the table of its API", GROQ),
    ("Any provider, where no row above fits", STATUSES),
];
