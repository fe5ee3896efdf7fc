//! What a provider said of an error, out of any of the forms that providers and servers use.
//!
//! The forms: `{"error": {"message", "type", "code", "param"}}` (OpenAI and most others), `{"error": "words"}` (Ollama, xAI), the object
//! without its `error` level (vLLM), a list of one such (Google), `{"detail": ...}` (FastAPI, Mistral), and anything else as no form at all.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

/// The most of an error body's words that is looked at, in bytes.
const WORDS_LIMIT: usize = 16 << 10;

/// What a provider said of an error.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorWords {
    /// The answer's status, or the one that stands in the body where the answer's says 200; 0 where neither is an error's.
    pub(crate) status: u16,
    /// Everything that is a word and not a sentence: codes, types, reasons, and names of metadata.
    pub(crate) words: Vec<String>,
    /// The sentence.
    pub(crate) message: Option<String>,
    /// The request's field, in the provider's dialect.
    pub(crate) param: Option<String>,
    /// Whether it has one of the forms of an error; a page of a web server has none.
    pub(crate) is_error: bool,
    /// When to try again.
    pub(crate) after: Option<Duration>,
}

impl ErrorWords {
    /// Of an answer with an error status.
    pub(crate) fn of_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let value = serde_json::from_slice(body).unwrap_or_else(|_| text(body));
        let mut said = Self::of_value(&value);
        said.status = status;
        said.after = retry_after(headers).or(said.after);
        said
    }

    /// Reads an error that came in place of an answer or inside one: the document, or its `error`.
    pub(crate) fn of_value(document: &Value) -> Self {
        let wrapped = document.get("error").or_else(|| document.pointer("/0/error"));
        let wrapped = wrapped.filter(|error| !error.is_null());
        let error = wrapped.unwrap_or(document);
        let mut said = Self::default();
        match error {
            Value::String(message) => {
                said.message = Some(message.clone());
                said.is_error = wrapped.is_some();
            }
            Value::Object(fields) => {
                said.message = sentence(error);
                said.is_error = wrapped.is_some() || said.message.is_some() && fields.contains_key("type");
                said.param = word(error, "param");
            }
            _ => {}
        }
        said.read_words(error);
        // Some put the code beside the error and not into it.
        if !std::ptr::eq(error, document) {
            said.read_words(document);
        }
        if let Some(message) = &mut said.message {
            message.truncate(message.floor_char_boundary(WORDS_LIMIT));
        }
        said
    }

    fn read_words(&mut self, error: &Value) {
        for key in ["code", "type", "status", "error_code", "reason", "error_type"] {
            match error.get(key) {
                Some(Value::String(word)) if !word.is_empty() => match word.parse::<u16>() {
                    Ok(number) => self.number(number),
                    // That it is an error is what all of them are.
                    Err(_) if word == "error" => {}
                    Err(_) => self.words.push(word.clone()),
                },
                Some(Value::Number(number)) => {
                    self.number(
                        number.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or_default(),
                    );
                }
                _ => {}
            }
        }
        // Azure says the finer code so.
        for at in ["/innererror/code", "/inner_error/code"] {
            self.words.extend(error.pointer(at).and_then(Value::as_str).map(str::to_owned));
        }
        // OpenRouter tells what it is about by the names of its metadata.
        if let Some(Value::Object(metadata)) = error.get("metadata") {
            self.words.extend(metadata.keys().cloned());
        }
        for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
            self.words.extend(detail.get("reason").and_then(Value::as_str).map(str::to_owned));
            self.after = self.after.or_else(|| retry_delay(detail));
        }
    }

    fn number(&mut self, number: u16) {
        if self.status == 0 && (400..600).contains(&number) {
            self.status = number;
        }
    }

    /// Whether one of the words is among these; case does not matter.
    pub(crate) fn has_word(&self, words: &[&str]) -> bool {
        self.words.iter().any(|said| words.iter().any(|word| said.eq_ignore_ascii_case(word)))
    }

    /// The facts for the log: status and codes. None of them is a sentence, so none can hold a prompt.
    pub(crate) fn facts(&self) -> String {
        let mut facts = if self.status == 0 { String::new() } else { format!("status {}", self.status) };
        for (at, word) in self.words.iter().enumerate().filter(|(_, word)| is_code(word)).take(6) {
            if self.words.iter().take(at).any(|before| before == word) {
                continue;
            }
            if !facts.is_empty() {
                facts.push_str(", ");
            }
            facts.push_str(word);
        }
        facts
    }

    /// The provider's own code, if it has one that says more than `ordinary` words do.
    pub(crate) fn code(&self, ordinary: &[&str]) -> Option<String> {
        let code = self.words.iter().find(|word| is_code(word))?;
        (!ordinary.iter().any(|word| code.eq_ignore_ascii_case(word))).then(|| code.clone())
    }
}

/// A word such as `context_length_exceeded` or `RESOURCE_EXHAUSTED`.
fn is_code(word: &str) -> bool {
    word.len() <= 64 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn word(object: &Value, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).filter(|word| !word.is_empty()).map(str::to_owned)
}

/// The sentence of an error object. FastAPI's validation says it as a list.
fn sentence(error: &Value) -> Option<String> {
    let direct = ["message", "detail", "text", "msg", "error_message", "error"];
    direct.iter().find_map(|key| word(error, key)).or_else(|| word(error.pointer("/detail/0")?, "msg"))
}

/// A body that is no JSON: its words count, so that a proxy's or a server's plain refusal keeps its meaning.
fn text(body: &[u8]) -> Value {
    let start = body.get(..body.len().min(WORDS_LIMIT)).unwrap_or(body);
    Value::String(String::from_utf8_lossy(start).trim().to_owned())
}

/// `Retry-After` in whole seconds, or `retry-after-ms`, which `OpenAI` and Azure send beside it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Google's `RetryInfo.retryDelay`, such as `"48s"` or `"48.9s"`.
fn retry_delay(detail: &Value) -> Option<Duration> {
    let seconds = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
