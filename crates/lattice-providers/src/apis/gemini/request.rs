//! The turn as a `GenerateContentRequest`: <https://ai.google.dev/api/generate-content#request-body>.

use lattice_model::{Detail, Effort, Format, Item, Part, Said, ServiceTier, Text, Turn, Verbosity, Word};
use lattice_wire::write::{JsonWriter, Segments};
use serde_json::Value;

use super::models::Generation;
use super::{Gemini, Service, contents, models, tools};
use crate::error::EncodeError;
use crate::foreign;
use crate::provider::Model;

pub(super) fn body(codec: &Gemini, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
    foreign::refuse(turn, &["input_audio"])?;
    let generation = Generation::of(&model.id);
    let mut writer = JsonWriter::new();
    writer.object(|writer| {
        contents::system(writer, turn)?;
        contents::write(writer, turn, codec, generation)?;
        tools::write(writer, turn, generation)?;
        generation_config(writer, turn, model, generation)?;
        tier(writer, turn, codec)?;
        Ok::<_, EncodeError>(())
    })?;
    Ok(writer.finish())
}

/// The same for counting: the developer API takes the whole request with its model in it, Vertex AI the parts that are input.
pub(super) fn count(codec: &Gemini, turn: &Turn, model: &Model) -> Result<Segments, EncodeError> {
    foreign::refuse(turn, &["input_audio"])?;
    let generation = Generation::of(&model.id);
    let mut writer = JsonWriter::new();
    let input = |writer: &mut JsonWriter| {
        contents::system(writer, turn)?;
        contents::write(writer, turn, codec, generation)?;
        tools::declarations(writer, turn);
        Ok::<_, EncodeError>(())
    };
    writer.object(|writer| match codec.service {
        Service::Vertex { .. } => input(writer),
        Service::Developer => writer.key("generateContentRequest").object(|writer| {
            writer.field_str("model", &format!("models/{}", models::id(&model.id)?));
            input(writer)
        }),
    })?;
    Ok(writer.finish())
}

/// The Gemini API takes the tier as a field: <https://ai.google.dev/gemini-api/docs/flex-inference>. Vertex AI takes it as a header, and
/// at its global endpoint alone: <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo>.
fn tier(writer: &mut JsonWriter, turn: &Turn, codec: &Gemini) -> Result<(), EncodeError> {
    match turn.service_tier {
        None | Some(ServiceTier::Auto | ServiceTier::Default) => {}
        Some(tier @ (ServiceTier::Flex | ServiceTier::Priority)) => match codec.service {
            Service::Developer => writer.field_str("serviceTier", tier.name()),
            // Sent as a header.
            Service::Vertex { is_global: true } => {}
            Service::Vertex { is_global: false } => {
                let message = format!(
                    "Vertex AI has the tier `{}` at the location `global` alone; leave it out",
                    tier.name()
                );
                return Err(EncodeError::unsupported("service_tier", message));
            }
        },
        Some(ServiceTier::Scale) => {
            let message = "Gemini has no tier `scale`; there are `auto`, `default`, `flex` and `priority`";
            return Err(EncodeError::unsupported("service_tier", message));
        }
    }
    Ok(())
}

fn generation_config(
    writer: &mut JsonWriter,
    turn: &Turn,
    model: &Model,
    generation: Generation,
) -> Result<(), EncodeError> {
    if turn.verbosity.is_some_and(|verbosity| verbosity != Verbosity::Medium) {
        let message = "Gemini does not know `verbosity`; ask for the length you want in `instructions`";
        return Err(EncodeError::unsupported("text.verbosity", message));
    }
    writer.key("generationConfig").object(|writer| {
        writer.optional_u64("maxOutputTokens", turn.max_output_tokens);
        writer.optional_f64("temperature", turn.sampling.temperature);
        writer.optional_f64("topP", turn.sampling.top_p);
        // 0 is the default, and some models refuse the fields.
        let set = |penalty: Option<f64>| penalty.filter(|penalty| *penalty != 0.0);
        writer.optional_f64("presencePenalty", set(turn.sampling.presence_penalty));
        writer.optional_f64("frequencyPenalty", set(turn.sampling.frequency_penalty));
        let alternatives = turn.sampling.top_logprobs.filter(|most| *most > 0);
        if turn.include.logprobs || alternatives.is_some() {
            writer.key("responseLogprobs").bool(true);
            writer.optional_u64("logprobs", alternatives);
        }
        format(writer, turn, generation)?;
        thinking(writer, turn, model, generation)?;
        resolution(writer, turn)?;
        Ok(())
    })
}

fn format(writer: &mut JsonWriter, turn: &Turn, generation: Generation) -> Result<(), EncodeError> {
    if turn.format == Format::Text {
        return Ok(());
    }
    if generation < Generation::Three && tools::offered(turn).next().is_some() {
        let message = "this model takes no response format beside functions; leave one of the two out, or use Gemini 3 or later";
        return Err(EncodeError::unsupported("text.format", message));
    }
    writer.field_str("responseMimeType", "application/json");
    if let Format::JsonSchema { description, schema, .. } = &turn.format {
        writer.key("responseJsonSchema");
        match description {
            None => writer.json(schema),
            Some(description) => writer.json(&described(schema, description)),
        }
    }
    Ok(())
}

/// The schema with the description inside it: Gemini has no other field for it.
fn described(schema: &lattice_model::Json, description: &Text) -> lattice_model::Json {
    let mut tree = schema.to_value();
    if let Some(fields) = tree.as_object_mut() {
        fields.entry("description").or_insert_with(|| Value::from(description.decode()));
    }
    lattice_model::Json::from_value(&tree)
}

/// <https://ai.google.dev/gemini-api/docs/thinking>
fn thinking(
    writer: &mut JsonWriter,
    turn: &Turn,
    model: &Model,
    generation: Generation,
) -> Result<(), EncodeError> {
    let Some(reasoning) = &turn.reasoning else { return Ok(()) };
    let effort = reasoning.effort;
    let refused = |why: String| Err(EncodeError::unsupported("reasoning.effort", why));
    let budget = match (generation, effort) {
        (_, None)
        | (Generation::Early, Some(Effort::None))
        | (Generation::Three, Some(Effort::Minimal | Effort::Low | Effort::Medium | Effort::High)) => None,
        (Generation::Early, Some(_)) => {
            return refused(format!("`{}` does not reason; leave it out", model.id));
        }
        (Generation::Two5, Some(Effort::None)) if model.id.contains("pro") => {
            return refused("this model cannot do without reasoning; ask for `low`".to_owned());
        }
        (Generation::Three, Some(Effort::None)) => {
            return refused("this model cannot do without reasoning; ask for `minimal` or `low`".to_owned());
        }
        // The budgets that Google's own OpenAI-compatible endpoint gives these words:
        // <https://ai.google.dev/gemini-api/docs/openai#thinking>.
        (Generation::Two5, Some(Effort::None)) => Some(0),
        (Generation::Two5, Some(Effort::Minimal | Effort::Low)) => Some(1024),
        (Generation::Two5, Some(Effort::Medium)) => Some(8192),
        (Generation::Two5, Some(Effort::High)) => Some(24576),
        (_, Some(other @ (Effort::XHigh | Effort::Max))) => {
            return refused(format!("Gemini has no effort `{}`; the most is `high`", other.name()));
        }
    };
    let level = effort.filter(|_| generation == Generation::Three);
    let thoughts = reasoning.summary.is_some() && generation > Generation::Early;
    if budget.is_none() && level.is_none() && !thoughts {
        return Ok(());
    }
    writer.key("thinkingConfig").object(|writer| {
        writer.optional_word("thinkingLevel", level);
        writer.optional_u64("thinkingBudget", budget);
        if thoughts {
            writer.key("includeThoughts").bool(true);
        }
    });
    Ok(())
}

/// How closely to look is one setting for all media: <https://ai.google.dev/gemini-api/docs/media-resolution>.
fn resolution(writer: &mut JsonWriter, turn: &Turn) -> Result<(), EncodeError> {
    let mut wanted = None;
    for Said { item, path } in turn.items() {
        let (parts, key) = match item {
            Item::Message(message) => (&message.content, "content"),
            Item::FunctionCallOutput(output) => (&output.output, "output"),
            _ => continue,
        };
        for (number, part) in parts.iter().enumerate() {
            let Part::Image(image) = part else { continue };
            let Some(detail) = image.detail.filter(|detail| *detail != Detail::Auto) else { continue };
            if wanted.is_some_and(|other| other != detail) {
                let message = "Gemini looks at all images alike; give all of them the same `detail`";
                let list = path.key(key);
                return Err(EncodeError::unsupported(list.index(number).key("detail"), message));
            }
            wanted = Some(detail);
        }
    }
    match wanted {
        Some(Detail::Low) => writer.field_str("mediaResolution", "MEDIA_RESOLUTION_LOW"),
        Some(Detail::High) => writer.field_str("mediaResolution", "MEDIA_RESOLUTION_HIGH"),
        Some(Detail::Auto) | None => {}
    }
    Ok(())
}
