//! What is known of the models behind this API by their names.

/// How the names of reasoning models begin: <https://platform.openai.com/docs/guides/reasoning>.
const REASONING: &[&str] = &["o1", "o3", "o4", "gpt-5", "gpt-6", "codex-", "computer-use-"];

/// Whether the model reasons, by its name. Asking any other for encrypted reasoning is an error there: "Encrypted content is not supported
/// with this model".
pub(super) fn reasons(id: &str) -> bool {
    REASONING.iter().any(|start| id.starts_with(start)) && !id.contains("-chat")
}
