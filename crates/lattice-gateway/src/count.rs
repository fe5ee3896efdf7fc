//! How many tokens a turn's input has: by the provider's own counter, where it has one.

use std::sync::Arc;

use lattice_model::{Fault, FaultKind, Item, Json, Part, Text, Tool, Turn};

use crate::attempt::{collect, refused};
use crate::directory::{Route, Target};
use crate::error::{Error, of_send};
use crate::mask::{Secrets, mask};
use crate::record::Record;
use crate::upstream::Call;

/// The largest answer of a counter, in bytes.
const LIMIT: usize = 1 << 20;

/// The tokens of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputTokens {
    /// How many.
    pub count: u64,
    /// Whether the gateway has guessed, because the provider does not count.
    pub is_estimate: bool,
}

pub(crate) async fn count(route: &Route, turn: &Turn, record: &Record) -> Result<InputTokens, Error> {
    let Some(target) = route.targets.first() else {
        return Err(Error::new(
            FaultKind::ModelNotFound,
            "model_not_found",
            "the model leads to no provider",
        ));
    };
    record.note(|facts| facts.provider = Some(Arc::clone(&target.entry.name)));
    let estimate = || InputTokens { count: estimate(turn), is_estimate: true };
    let request = target.entry.provider.encode_count(turn, &target.model);
    let request = request.map_err(|error| Error::of_encode(&error, &target.entry.name))?;
    let Some(request) = request else { return Ok(estimate()) };
    match ask(target, *request).await {
        Ok(count) => Ok(InputTokens { count, is_estimate: false }),
        // A server that speaks the API, but not this part of it.
        Err((fault, _)) if fault.kind == FaultKind::Address => Ok(estimate()),
        Err((mut fault, secrets)) => {
            mask(&mut fault, &secrets, Some(turn));
            record.note(|facts| facts.detail.clone_from(&fault.detail));
            Err(Error::of(&fault, Some(&target.entry.name)))
        }
    }
}

async fn ask(
    target: &Target,
    request: http::Request<lattice_wire::write::Segments>,
) -> Result<u64, (Fault, Secrets)> {
    let own = Secrets::of(request.headers());
    let mut answer = match target.entry.upstream.send(Call { request, deadline: None }).await {
        Ok(answer) => answer,
        Err(error) => return Err((of_send(error), own)),
    };
    let secrets = std::mem::take(&mut answer.secrets).and(own);
    if !(200..300).contains(&answer.status) {
        return Err((refused(target, answer).await, secrets));
    }
    let body = match collect(answer.body.as_mut(), LIMIT).await {
        Ok(body) => body,
        Err(error) => return Err((of_send(error), secrets)),
    };
    target
        .entry
        .provider
        .decode_count(&body.into())
        .ok_or_else(|| (Fault::new(FaultKind::Malformed), secrets))
}

/// What every item costs beside its contents.
const ITEM: u64 = 4;

/// What an image is taken for. Providers count from a hundred to a few thousand, by size.
const IMAGE: u64 = 800;

/// Bytes of a file that are taken for a token: a page of a document is some ten kilobytes and some thousand tokens.
const FILE_BYTES: u64 = 20;

/// A guess, mostly within a half: four characters of ASCII to a token, three of other alphabets, and four tokens to five signs of
/// Chinese, Japanese and Korean.
pub(crate) fn estimate(turn: &Turn) -> u64 {
    let instructions = turn.instructions.as_ref().map_or(0, |text| of_text(text).saturating_add(ITEM));
    let tools: u64 = turn.tools.iter().map(of_tool).fold(0, u64::saturating_add);
    let items = turn.items().map(|said| of_item(said.item).saturating_add(ITEM)).fold(0, u64::saturating_add);
    instructions.saturating_add(tools).saturating_add(items)
}

fn of_text(text: &Text) -> u64 {
    of_str(&text.decode())
}

fn of_str(text: &str) -> u64 {
    // Where the scripts begin whose signs are syllables or words.
    const SIGNS: char = '\u{2e80}';
    let (mut letters, mut others, mut signs) = (0_usize, 0_usize, 0_usize);
    for character in text.chars() {
        let kind = match character {
            character if character.is_ascii() => &mut letters,
            character if character < SIGNS => &mut others,
            _ => &mut signs,
        };
        *kind = kind.saturating_add(1);
    }
    let tokens = letters.div_ceil(4).saturating_add(others.div_ceil(3));
    u64::try_from(tokens.saturating_add(signs.saturating_mul(4).div_ceil(5))).unwrap_or(u64::MAX)
}

fn of_json(json: &Json) -> u64 {
    of_str(&String::from_utf8_lossy(json.raw()))
}

fn of_tool(tool: &Tool) -> u64 {
    match tool {
        Tool::Function(function) => {
            let description = function.description.as_ref().map_or(0, of_text);
            let parameters = function.parameters.as_ref().map_or(0, of_json);
            of_str(&function.name).saturating_add(description).saturating_add(parameters).saturating_add(ITEM)
        }
        Tool::Hosted(hosted) => {
            hosted.fields.iter().map(|(_, json)| of_json(json)).fold(ITEM, u64::saturating_add)
        }
    }
}

pub(crate) fn of_item(item: &Item) -> u64 {
    let parts = |parts: &[Part]| parts.iter().map(of_part).fold(0, u64::saturating_add);
    match item {
        Item::Message(message) => parts(&message.content),
        Item::FunctionCall(call) => of_str(&call.name).saturating_add(of_text(&call.arguments)),
        Item::FunctionCallOutput(output) => parts(&output.output),
        // Thoughts of earlier turns are not read again by most models.
        Item::Reasoning(_) => 0,
        Item::Other(other) => other.fields.iter().map(|(_, json)| of_json(json)).fold(0, u64::saturating_add),
    }
}

fn of_part(part: &Part) -> u64 {
    match part {
        Part::InputText { text, .. } | Part::Refusal { refusal: text, .. } => of_text(text),
        Part::OutputText(text) => of_text(&text.text),
        Part::Image(_) | Part::Video { .. } => IMAGE,
        Part::File(file) => {
            let bytes = file.data.as_ref().map_or(0, |data| data.len() / 4 * 3);
            u64::try_from(bytes).unwrap_or(u64::MAX).checked_div(FILE_BYTES).unwrap_or_default().max(IMAGE)
        }
        Part::Other { fields, .. } => {
            fields.iter().map(|(_, json)| of_json(json)).fold(0, u64::saturating_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use lattice_model::{Message, Role};

    use super::*;

    fn turn(text: &str) -> Turn {
        let content = vec![Part::InputText { text: Text::new(text), extra: Vec::new() }];
        let (id, phase, status, extra) = (None, None, None, Vec::new());
        let message = Message { id, role: Role::User, phase, status, content, extra };
        Turn::new("resp_0".into(), 0, "m".into(), vec![Item::Message(message)])
    }

    #[test]
    fn the_estimate_is_near_what_tokenizers_count() {
        // Counted with OpenAI's o200k_base.
        for (text, counted) in [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("Counting tokens without a tokenizer is guessing, and is called so.", 13),
            ("Die Donaudampfschifffahrtsgesellschaft fährt heute nicht.", 14),
            (r#"{"type":"object","properties":{"city":{"type":"string"}}}"#, 14),
            ("fn main() { println!(\"hello\"); }", 9),
            ("今日は天気がいいので、友達と一緒に公園へ散歩に行きました。", 23),
            ("Сегодня хорошая погода, поэтому мы пошли гулять в парк.", 15),
        ] {
            let guessed = estimate(&turn(text)).saturating_sub(ITEM);
            assert!(
                guessed * 3 >= counted * 2 && guessed * 2 <= counted * 3,
                "{text}: {guessed} for {counted}"
            );
        }
        let mut with_history = turn("x");
        with_history.history = turn("a long story").input.into_iter().map(Arc::new).collect();
        assert!(estimate(&with_history) > estimate(&turn("x")));
    }
}
