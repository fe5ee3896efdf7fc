//! `POST /v1/responses`, the request body. Items and parts are unions of the fields of all their kinds: which of them a
//! kind has is checked where the request becomes a turn.

use crate::Document;
use std::fmt;
use std::marker::PhantomData;

use lattice_model::{Json, Text};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::leaf::{Raw, Str};
use crate::object::{Carried, keeping_object, parse_within};

keeping_object! {
    /// The request body.
    pub struct Request<'a> {
        model "model": Str<'a>,
        provider "provider": Str<'a>,
        input "input": Input<'a>,
        instructions "instructions": Str<'a>,
        previous_response_id "previous_response_id": Str<'a>,
        conversation "conversation": Raw<'a>,
        include "include": Vec<Str<'a>>,
        tools "tools": Vec<Tool<'a>>,
        tool_choice "tool_choice": Raw<'a>,
        metadata "metadata": Raw<'a>,
        text "text": TextSettings<'a>,
        temperature "temperature": f64,
        top_p "top_p": f64,
        presence_penalty "presence_penalty": f64,
        frequency_penalty "frequency_penalty": f64,
        parallel_tool_calls "parallel_tool_calls": bool,
        stream "stream": bool,
        stream_options "stream_options": StreamOptions<'a>,
        background "background": bool,
        max_output_tokens "max_output_tokens": i64,
        max_tool_calls "max_tool_calls": i64,
        reasoning "reasoning": Reasoning<'a>,
        safety_identifier "safety_identifier": Str<'a>,
        prompt_cache_key "prompt_cache_key": Str<'a>,
        truncation "truncation": Str<'a>,
        store "store": bool,
        expires_after "expires_after": ExpiresAfter<'a>,
        service_tier "service_tier": Str<'a>,
        top_logprobs "top_logprobs": i64,
    }
}

/// `input`: a text, or items.
#[derive(Debug)]
pub enum Input<'a> {
    /// A single user message.
    Text(Text),
    /// Items.
    Items(Vec<Item<'a>>),
}

keeping_object! {
    /// An item: the fields of all kinds together.
    pub struct Item<'a> {
        kind "type": Str<'a>,
        id "id": Str<'a>,
        status "status": Str<'a>,
        role "role": Str<'a>,
        phase "phase": Str<'a>,
        content "content": Content<'a>,
        call_id "call_id": Str<'a>,
        name "name": Str<'a>,
        arguments "arguments": Content<'a>,
        output "output": Content<'a>,
        summary "summary": Content<'a>,
        encrypted_content "encrypted_content": Str<'a>,
    }
}

/// A text or parts; anything else for kinds of items that the standard does not know.
#[derive(Debug)]
pub enum Content<'a> {
    /// A plain text.
    Text(Str<'a>),
    /// Parts, and the list as it stands.
    Parts(Vec<Part<'a>>, Raw<'a>),
    /// Another shape.
    Other(Raw<'a>),
}

keeping_object! {
    /// A content part: the fields of all kinds together.
    pub struct Part<'a> {
        kind "type": Str<'a>,
        text "text": Str<'a>,
        refusal "refusal": Str<'a>,
        image_url "image_url": Str<'a>,
        detail "detail": Str<'a>,
        filename "filename": Str<'a>,
        file_data "file_data": Str<'a>,
        file_url "file_url": Str<'a>,
        video_url "video_url": Str<'a>,
        annotations "annotations": Vec<Annotation<'a>>,
        logprobs "logprobs": Raw<'a>,
    }
}

keeping_object! {
    /// An annotation: the fields of all kinds together.
    pub struct Annotation<'a> {
        kind "type": Str<'a>,
        start_index "start_index": i64,
        end_index "end_index": i64,
        url "url": Str<'a>,
        title "title": Str<'a>,
    }
}

keeping_object! {
    /// A tool: the fields of a function, and those of the others in `extra`.
    pub struct Tool<'a> {
        kind "type": Str<'a>,
        name "name": Str<'a>,
        description "description": Str<'a>,
        parameters "parameters": Raw<'a>,
        strict "strict": bool,
    }
}

keeping_object! {
    /// `text`: the form of the answer.
    pub struct TextSettings<'a> {
        format "format": TextFormat<'a>,
        verbosity "verbosity": Str<'a>,
    }
}

keeping_object! {
    /// `text.format`
    pub struct TextFormat<'a> {
        kind "type": Str<'a>,
        name "name": Str<'a>,
        description "description": Str<'a>,
        schema "schema": Raw<'a>,
        strict "strict": bool,
    }
}

keeping_object! {
    /// `reasoning`
    pub struct Reasoning<'a> {
        effort "effort": Str<'a>,
        summary "summary": Str<'a>,
    }
}

keeping_object! {
    /// `expires_after`: the gateway's own, in the form that `OpenAI` has for files.
    pub struct ExpiresAfter<'a> {
        anchor "anchor": Str<'a>,
        seconds "seconds": i64,
    }
}

keeping_object! {
    /// `conversation` in its object form.
    pub struct ConversationId<'a> {
        id "id": Str<'a>,
    }
}

keeping_object! {
    /// `POST /v1/conversations` and what is below it: the bodies of all together.
    pub struct Conversation<'a> {
        items "items": Vec<Item<'a>>,
        metadata "metadata": Raw<'a>,
        expires_after "expires_after": ExpiresAfter<'a>,
    }
}

keeping_object! {
    /// `stream_options`
    pub struct StreamOptions<'a> {
        include_obfuscation "include_obfuscation": bool,
    }
}

keeping_object! {
    /// `tool_choice` in its object form.
    pub struct ToolChoice<'a> {
        kind "type": Str<'a>,
        name "name": Str<'a>,
        mode "mode": Str<'a>,
        tools "tools": Vec<ToolChoice<'a>>,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    /// A list, the large case, is read in one pass; a visitor gets a string unescaped, so one with escapes is written anew.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Union<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Union<'a> {
            type Value = Input<'a>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a list of items")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Input::Text(Text::new(text)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Input::Items(items))
            }
        }
        deserializer.deserialize_any(Union(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    /// Strings, the large case, are skipped over once; lists are read a second time.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        Ok(match raw.0.get().as_bytes().first() {
            Some(b'"') => Self::Text(parse_within(raw.0.get())?),
            Some(b'[') => Self::Parts(parse_within(raw.0.get())?, raw),
            _ => Self::Other(raw),
        })
    }
}

impl Carried for Content<'_> {
    fn carried(&self, document: &Document) -> Json {
        match self {
            Self::Text(text) => text.carried(document),
            Self::Parts(_, raw) | Self::Other(raw) => raw.carried(document),
        }
    }
}

impl Carried for Input<'_> {
    fn carried(&self, document: &Document) -> Json {
        match self {
            Self::Text(text) => Json::from_raw(text.literal().clone()),
            Self::Items(items) => items.carried(document),
        }
    }
}
