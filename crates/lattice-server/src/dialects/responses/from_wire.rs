//! `POST /v1/responses`: the body becomes a turn, strictly checked. Every refusal names its field by its path.

use lattice_model::{
    Format, Include, Item, Message, Part, Path, ReasoningSettings, Role, Sampling, Turn, Verbosity,
};
use lattice_wire::responses::request::{
    ConversationId, ExpiresAfter, Input, Reasoning, Request, TextFormat, TextSettings,
};
use lattice_wire::{Document, Str, extra_of};

use super::check::{self, Invalid, TEXT_LIMIT};
use super::from_wire_items::items;
use super::from_wire_tools::{tool_choice, tools};

/// What the body does not say of the response that is to be made.
#[derive(Debug)]
pub(crate) struct Asking {
    /// Its id.
    pub(crate) id: String,
    /// When it was asked for: seconds since 1970, UTC.
    pub(crate) created_at: i64,
    /// Whether it is stored where the client does not say.
    pub(crate) store_by_default: bool,
}

/// Reads the body.
pub(crate) fn turn(body: &Document, asking: Asking) -> Result<Turn, Invalid> {
    let request: Request<'_> = lattice_wire::parse(body).map_err(|error| {
        let param = (!error.path.is_empty()).then_some(error.path);
        let message = match &param {
            Some(path) => format!("`{path}`: {}", error.message),
            None => format!("the body is not a valid request: {}", error.message),
        };
        Invalid { param, code: "invalid_type", message }
    })?;
    refuse_later(&request)?;
    let model = request.model.ok_or_else(|| Invalid::missing("model"))?.plain();
    if model.is_empty() {
        return Err(Invalid::value("model", "`model` is empty; GET /v1/models lists the models"));
    }
    let (format, verbosity) = text_settings(request.text.as_ref(), body)?;
    let tools = tools(request.tools.as_deref().unwrap_or_default(), body)?;
    let tool_choice = tool_choice(request.tool_choice, &tools, body)?;
    if let Some(metadata) = request.metadata {
        check::metadata(metadata)?;
    }
    let previous_response_id = request.previous_response_id.map(Str::plain);
    let conversation = conversation(&request)?;
    let goes_on = previous_response_id.is_some() || conversation.is_some();
    let input = input(request.input.as_ref(), goes_on, body)?;
    Ok(Turn {
        provider: request.provider.map(Str::plain),
        // What belongs to a conversation is stored.
        store: request.store.unwrap_or(asking.store_by_default || conversation.is_some()),
        conversation,
        expires_after: expires_after(request.expires_after.as_ref())?,
        previous_response_id,
        instructions: check::optional_text(
            request.instructions,
            body,
            Path::Field("instructions"),
            usize::MAX,
        )?,
        tools,
        tool_choice,
        parallel_tool_calls: request.parallel_tool_calls,
        max_tool_calls: check::whole(request.max_tool_calls, Path::Field("max_tool_calls"), 1, i64::MAX)?,
        max_output_tokens: check::whole(
            request.max_output_tokens,
            Path::Field("max_output_tokens"),
            16,
            i64::MAX,
        )?,
        sampling: sampling(&request)?,
        reasoning: request.reasoning.as_ref().map(|settings| reasoning(settings, body)).transpose()?,
        format,
        verbosity,
        include: include(&request),
        truncation: check::word(request.truncation, Path::Field("truncation"))?,
        service_tier: check::word(request.service_tier, Path::Field("service_tier"))?,
        prompt_cache_key: check::optional_text(
            request.prompt_cache_key,
            body,
            Path::Field("prompt_cache_key"),
            64,
        )?,
        safety_identifier: check::optional_text(
            request.safety_identifier,
            body,
            Path::Field("safety_identifier"),
            64,
        )?,
        metadata: request.metadata.map(|metadata| metadata.to_json(body)),
        stream: request.stream.unwrap_or_default(),
        obfuscation: request.stream_options.as_ref().and_then(|options| options.include_obfuscation),
        extra: extra(&request, body)?,
        ..Turn::new(asking.id, asking.created_at, model, input)
    })
}

/// What this version does not have.
fn refuse_later(request: &Request<'_>) -> Result<(), Invalid> {
    let later = |param: &str, instead: &str| {
        Err(Invalid::unsupported(param, format!("`{param}` is not supported by this version; {instead}")))
    };
    if request.background == Some(true) {
        return later("background", "send `background: false` or leave it out");
    }
    Ok(())
}

/// `conversation`: an id, or an object with one.
fn conversation(request: &Request<'_>) -> Result<Option<String>, Invalid> {
    let Some(raw) = request.conversation else { return Ok(None) };
    let refused = |message: &str| Err(Invalid::value("conversation", message));
    let id = match raw.0.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Str<'_>>(raw.0.get()).ok(),
        Some(b'{') => match serde_json::from_str::<ConversationId<'_>>(raw.0.get()) {
            Ok(object) => object.id,
            Err(_) => None,
        },
        _ => None,
    };
    match id.map(Str::plain) {
        None => refused("`conversation` must be an id, or an object with an `id`"),
        Some(_) if request.previous_response_id.is_some() => {
            refused("`conversation` and `previous_response_id` cannot stand together: take one out")
        }
        Some(_) if request.store == Some(false) => Err(Invalid::value(
            "store",
            "`store` must not be `false` where there is a `conversation`: it is what is stored to",
        )),
        Some(id) => Ok(Some(id)),
    }
}

/// How long something is to be kept, in seconds.
pub(super) fn expires_after(asked: Option<&ExpiresAfter<'_>>) -> Result<Option<u64>, Invalid> {
    let Some(asked) = asked else { return Ok(None) };
    if let Some((field, _)) = asked.extra.first() {
        let param = format!("expires_after.{field}");
        return Err(Invalid::unsupported(param.clone(), format!("`{param}` is not known")));
    }
    check::one_of(asked.anchor, Path::Field("expires_after.anchor"), &["created_at"])?;
    let path = Path::Field("expires_after.seconds");
    check::whole(asked.seconds, path, 0, i64::MAX)?.map(Some).ok_or_else(|| Invalid::missing(path))
}

fn extra(request: &Request<'_>, body: &Document) -> Result<lattice_model::Extra, Invalid> {
    if let Some((field, _)) = request.stream_options.as_ref().and_then(|options| options.extra.first()) {
        let param = format!("stream_options.{field}");
        return Err(Invalid::unsupported(param.clone(), format!("`{param}` is not known")));
    }
    if let Some((field, _)) = request.text.as_ref().and_then(|text| text.extra.first()) {
        let param = format!("text.{field}");
        return Err(Invalid::unsupported(param.clone(), format!("`{param}` is not known")));
    }
    Ok(extra_of(&request.extra, body))
}

fn input(input: Option<&Input<'_>>, goes_on: bool, body: &Document) -> Result<Vec<Item>, Invalid> {
    match input {
        // The conversation that it goes on from is input enough.
        None if goes_on => Ok(Vec::new()),
        Some(Input::Items(list)) if list.is_empty() && goes_on => Ok(Vec::new()),
        None => Err(Invalid::missing("input")),
        Some(Input::Items(list)) if list.is_empty() => {
            Err(Invalid::value("input", "`input` is empty: give at least one item"))
        }
        Some(Input::Items(list)) => items(list, Path::Input, body),
        Some(Input::Text(text)) if text.len() > TEXT_LIMIT && text.decode().chars().count() > TEXT_LIMIT => {
            Err(Invalid::value("input", format!("`input` is longer than {TEXT_LIMIT} characters")))
        }
        Some(Input::Text(text)) => Ok(vec![Item::Message(Message {
            id: None,
            role: Role::User,
            phase: None,
            status: None,
            content: vec![Part::InputText { text: text.clone(), extra: Vec::new() }],
            extra: Vec::new(),
        })]),
    }
}

fn sampling(request: &Request<'_>) -> Result<Sampling, Invalid> {
    Ok(Sampling {
        temperature: check::number(request.temperature, Path::Field("temperature"), 0.0, 2.0)?,
        top_p: check::number(request.top_p, Path::Field("top_p"), 0.0, 1.0)?,
        presence_penalty: check::number(
            request.presence_penalty,
            Path::Field("presence_penalty"),
            -2.0,
            2.0,
        )?,
        frequency_penalty: check::number(
            request.frequency_penalty,
            Path::Field("frequency_penalty"),
            -2.0,
            2.0,
        )?,
        top_logprobs: check::whole(request.top_logprobs, Path::Field("top_logprobs"), 0, 20)?,
    })
}

fn reasoning(settings: &Reasoning<'_>, body: &Document) -> Result<ReasoningSettings, Invalid> {
    Ok(ReasoningSettings {
        effort: check::word(settings.effort, Path::Field("reasoning.effort"))?,
        summary: check::word(settings.summary, Path::Field("reasoning.summary"))?,
        extra: extra_of(&settings.extra, body),
    })
}

fn include(request: &Request<'_>) -> Include {
    let mut include = Include::default();
    for value in request.include.iter().flatten() {
        match value.plain().as_str() {
            "reasoning.encrypted_content" => include.encrypted_reasoning = true,
            "message.output_text.logprobs" => include.logprobs = true,
            other => include.other.push(other.to_owned()),
        }
    }
    include
}

fn text_settings(
    text: Option<&TextSettings<'_>>,
    body: &Document,
) -> Result<(Format, Option<Verbosity>), Invalid> {
    let Some(text) = text else { return Ok((Format::Text, None)) };
    let verbosity = check::word(text.verbosity, Path::Field("text.verbosity"))?;
    let format = text.format.as_ref().map(|format| text_format(format, body)).transpose()?;
    Ok((format.unwrap_or_default(), verbosity))
}

fn text_format(format: &TextFormat<'_>, body: &Document) -> Result<Format, Invalid> {
    let kind =
        check::one_of(format.kind, Path::Field("text.format.type"), &["text", "json_object", "json_schema"])?;
    if let Some((field, _)) = format.extra.first() {
        let param = format!("text.format.{field}");
        return Err(Invalid::unsupported(param.clone(), format!("`{param}` is not known")));
    }
    match kind {
        None => Err(Invalid::missing("text.format.type")),
        Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(Format::JsonObject),
        Some(_) => {
            let schema = format.schema.ok_or_else(|| Invalid::missing("text.format.schema"))?;
            check::object(schema, Path::Field("text.format.schema"))?;
            Ok(Format::JsonSchema {
                name: check::name(format.name, Path::Field("text.format.name"))?,
                description: check::optional_text(
                    format.description,
                    body,
                    Path::Field("text.format.description"),
                    TEXT_LIMIT,
                )?,
                schema: schema.to_json(body),
                strict: format.strict,
            })
        }
    }
}
