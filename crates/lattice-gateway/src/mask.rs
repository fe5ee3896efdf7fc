//! What may be seen of a provider's words: the one place where they are masked, before anything is cut.

use std::collections::HashSet;

use http::{HeaderMap, HeaderValue};
use lattice_model::{Fault, FaultKind, Item, Part, Text, Turn};

/// The most of a provider's words that the caller reads, in characters.
const SHOWN: usize = 500;
/// The most of them that the log holds, in characters.
const LOGGED: usize = 1000;
/// Shorter values would blot out half of any sentence, and are no secrets.
const SHORTEST_SECRET: usize = 6;
/// The shortest repetition of the prompt that is cut from a log line, in bytes: less is a word, not a prompt.
const ECHO: usize = 12;

/// The values that went with a request and are nobody else's: keys, tokens, the operator's own headers.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<HeaderValue>);

impl Secrets {
    /// The values of a request that are marked as sensitive.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(headers.values().filter(|value| value.is_sensitive()).cloned().collect())
    }

    /// These values.
    pub fn of_values(values: Vec<HeaderValue>) -> Self {
        Self(values)
    }

    /// These and the others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The text with every secret blotted out.
    pub fn blot(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.0 {
            let Ok(value) = value.to_str() else { continue };
            // The scheme is no secret, and the provider may repeat the rest without it.
            let secret = value.split_once(' ').map_or(value, |(_, rest)| rest).trim();
            for secret in [value, secret] {
                if secret.len() >= SHORTEST_SECRET && text.contains(secret) {
                    text = text.replace(secret, "***");
                }
            }
        }
        text
    }
}

/// Makes a fault fit to leave: its words are blotted, masked and cut; what is for the log is added to its detail, without secrets and
/// without the prompt. `turn` is what was sent, if it is still there.
pub(crate) fn mask(fault: &mut Fault, secrets: &Secrets, turn: Option<&Turn>) {
    for text in [&mut fault.code, &mut fault.param, &mut fault.message].into_iter().flatten() {
        *text = secrets.blot(text);
    }
    fault.detail = secrets.blot(&fault.detail);
    let Some(said) = fault.said.take() else { return };
    let said = look_alikes(&secrets.blot(&said));
    if fault.kind.facts().shows_words {
        // Words about the caller's request are the caller's, and may quote it: the log has the codes alone.
        fault.said = Some(cut(&said, SHOWN));
        return;
    }
    let for_log = match turn {
        Some(turn) => Some(without_echo(&said, turn)),
        // What was sent is gone. These speak of the operator's account, not of a prompt.
        None if is_about_the_operator(fault.kind) => Some(said),
        None => None,
    };
    if let Some(words) = for_log.filter(|words| !words.is_empty()) {
        if !fault.detail.is_empty() {
            fault.detail.push_str(": ");
        }
        fault.detail.push_str(&cut(&words, LOGGED));
    }
}

fn is_about_the_operator(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::RateLimited
            | FaultKind::Quota
            | FaultKind::Account
            | FaultKind::Credentials
            | FaultKind::Overloaded
    )
}

fn cut(text: &str, most: usize) -> String {
    text.trim_end().chars().take(most).collect()
}

/// Everything that looks like a key, or names the operator's account, is masked.
fn look_alikes(said: &str) -> String {
    let mut shown = String::with_capacity(said.len());
    for word in said.split_inclusive(char::is_whitespace) {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_key_like(bare) {
            shown.push_str("*** ");
        } else {
            shown.push_str(word);
        }
    }
    shown
}

fn is_key_like(word: &str) -> bool {
    const STARTS: [&str; 11] =
        ["sk-", "sk_", "AIza", "gsk_", "xai-", "Bearer", "ya29.", "org-", "proj_", "projects/", "eyJ"];
    let inner = word.rsplit(['=', ':', '"', '\'']).next().unwrap_or(word);
    STARTS.iter().any(|start| word.starts_with(start) || inner.starts_with(start))
        || (word.len() >= 32
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-*".contains(c))
            && word.chars().any(|c| c.is_ascii_digit()))
}

/// Replaces every stretch of [`ECHO`] or more bytes that also stands in the turn's texts with `[...]`.
fn without_echo(said: &str, turn: &Turn) -> String {
    let said = cut(said, LOGGED);
    let escaped = Text::new(&said);
    let escaped = escaped.escaped();
    let windows: HashSet<&[u8]> = escaped.windows(ECHO).collect();
    if windows.is_empty() {
        return said;
    }
    let mut echoed: HashSet<&[u8]> = HashSet::new();
    for text in texts(turn) {
        echoed.extend(text.escaped().windows(ECHO).filter_map(|window| windows.get(window).copied()));
    }
    if echoed.is_empty() {
        return said;
    }
    let mut kept = vec![true; escaped.len()];
    for (at, window) in escaped.windows(ECHO).enumerate() {
        if echoed.contains(window) {
            kept.iter_mut().skip(at).take(ECHO).for_each(|kept| *kept = false);
        }
    }
    let mut shown = Vec::new();
    let mut gap = false;
    for (byte, kept) in escaped.iter().zip(kept) {
        if kept {
            shown.push(*byte);
        } else if !gap {
            shown.extend_from_slice("[...]".as_bytes());
        }
        gap = !kept;
    }
    String::from_utf8_lossy(&shown).into_owned()
}

/// Every text that the caller gave.
fn texts(turn: &Turn) -> impl Iterator<Item = &Text> {
    let of_items = turn.items().flat_map(|said| -> Vec<&Text> {
        match said.item {
            Item::Message(message) => message.content.iter().filter_map(text_of).collect(),
            Item::FunctionCallOutput(output) => output.output.iter().filter_map(text_of).collect(),
            Item::FunctionCall(call) => vec![&call.arguments],
            Item::Reasoning(reasoning) => reasoning.summary.iter().chain(&reasoning.content).collect(),
            Item::Other(_) => Vec::new(),
        }
    });
    turn.instructions.iter().chain(of_items)
}

fn text_of(part: &Part) -> Option<&Text> {
    match part {
        Part::InputText { text, .. } => Some(text),
        Part::OutputText(text) => Some(&text.text),
        Part::Refusal { refusal, .. } => Some(refusal),
        Part::Image(image) => image.url.as_ref(),
        Part::File(file) => file.data.as_ref().or(file.url.as_ref()),
        Part::Video { url, .. } => Some(url),
        Part::Other { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&'static str]) -> Secrets {
        let mut headers = HeaderMap::new();
        for value in values {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            headers.append("x-key", value);
        }
        headers.append("x-open", HeaderValue::from_static("open-value"));
        Secrets::of(&headers)
    }

    fn masked(kind: FaultKind, said: &str, secrets: &Secrets) -> Fault {
        let mut fault = Fault { said: Some(said.to_owned()), ..Fault::new(kind) };
        mask(&mut fault, secrets, None);
        fault
    }

    #[test]
    fn a10_a_key_is_blotted_out_before_anything_is_cut() {
        let secrets = secrets(&["Bearer plain-key-of-ours", "another"]);
        let long = format!("{} plain-key-of-ours another open-value", "x".repeat(SHOWN - 12));
        let shown = masked(FaultKind::InvalidRequest, &long, &secrets).said.unwrap();
        assert!(!shown.contains("plain") && shown.contains(" *** *** "), "{shown}");
        let told = masked(FaultKind::InvalidRequest, "open-value, another", &secrets);
        assert_eq!(told.said.as_deref(), Some("open-value, ***"));
    }

    #[test]
    fn what_looks_like_a_key_is_masked() {
        let told = |said: &str| masked(FaultKind::InvalidRequest, said, &Secrets::default()).said.unwrap();
        assert_eq!(told("key sk-proj-abc123. See the page."), "key *** See the page.");
        assert_eq!(told("in organization org-8fj3 on"), "in organization *** on");
        assert_eq!(told("the field `temperature` is wrong"), "the field `temperature` is wrong");
    }

    #[test]
    fn words_about_the_operator_are_for_the_log_alone() {
        let told = masked(FaultKind::Account, "your balance is 3.50", &Secrets::default());
        assert_eq!((told.said, told.detail.as_str()), (None, "your balance is 3.50"));
        let told = masked(FaultKind::Server, "failed on: my prompt", &Secrets::default());
        assert_eq!((told.said, told.detail.as_str()), (None, ""));
    }
}
