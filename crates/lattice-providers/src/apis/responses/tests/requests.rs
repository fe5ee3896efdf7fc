//! What turns become as requests.

use http::Request;
use lattice_model::{
    Annotation, Detail, Effort, Extra, File, Format, FunctionCall, FunctionCallOutput, FunctionTool,
    HostedTool, Image, Item, Json, Message, OtherItem, OutputText, Part, Phase, Reasoning, ReasoningSettings,
    Role, Sampling, ServiceTier, Status, SummaryDetail, Text, Tool, ToolChoice, ToolMode, Truncation, Turn,
    UrlCitation, Verbosity,
};
use lattice_wire::write::Segments;
use serde_json::{Value, json};

use super::{openai, turn};
use crate::provider::{Exchange, Model};
use crate::seal;

fn call(turn: &Turn) -> Request<Segments> {
    let model = Model { id: "gpt-5".into(), ..Model::default() };
    match openai().encode(turn, &model).unwrap() {
        Exchange::Call(request) => *request,
        Exchange::Known(deltas) => panic!("{deltas:?}"),
    }
}

fn body(turn: &Turn) -> Value {
    serde_json::from_slice(&call(turn).body().to_bytes()).unwrap()
}

fn own_and_foreign() -> Extra {
    vec![
        ("latticelm:signature".into(), Json::from_value(&json!("secret"))),
        ("kept \"field\"".into(), Json::from_value(&json!({"a": 1}))),
    ]
}

fn message(role: Role, content: Vec<Part>) -> Message {
    Message { id: Some("msg_ours".into()), role, phase: None, status: None, content, extra: Extra::new() }
}

fn input_text(text: &str) -> Part {
    Part::InputText { text: text.into(), extra: Extra::new() }
}

/// One of every part that a user may send.
fn looked_at() -> Vec<Part> {
    vec![
        input_text("look \"here\""),
        Part::Image(Image {
            url: Some("data:image/png;base64,AA==".into()),
            detail: Some(Detail::High),
            extra: own_and_foreign(),
        }),
        Part::Image(Image {
            url: None,
            detail: None,
            extra: vec![("file_id".into(), Json::from_value(&json!("file-1")))],
        }),
        Part::File(File {
            filename: Some("a.pdf".into()),
            data: Some("data:application/pdf;base64,AA==".into()),
            ..File::default()
        }),
        Part::Other {
            kind: "input_audio".into(),
            fields: vec![("input_audio".into(), Json::from_value(&json!({"data": "AA=="})))],
        },
    ]
}

/// One of everything that a conversation may hold.
fn conversation() -> Vec<Item> {
    let citation = UrlCitation {
        start_index: 0,
        end_index: 5,
        url: "https://example.com".into(),
        title: "Example".into(),
        extra: Extra::new(),
    };
    let said = OutputText {
        text: "Hello".into(),
        annotations: vec![Annotation::UrlCitation(citation)],
        ..OutputText::default()
    };
    let reasoning = |encrypted| {
        let summary = vec![Text::new("I thought")];
        Item::Reasoning(Reasoning { id: Some("rs_1".into()), summary, encrypted, ..Reasoning::default() })
    };
    vec![
        Item::Message(message(Role::Developer, vec![input_text("Be brief")])),
        Item::Message(message(Role::User, looked_at())),
        reasoning(Some(seal::tag("openai/main", &Text::new("gAAAA")))),
        reasoning(Some(seal::tag("anthropic/main", &Text::new("signature")))),
        reasoning(None),
        Item::Message(Message {
            phase: Some(Phase::Commentary),
            status: Some(Status::Completed),
            extra: own_and_foreign(),
            ..message(
                Role::Assistant,
                vec![Part::OutputText(said), Part::Refusal { refusal: "no".into(), extra: Extra::new() }],
            )
        }),
        Item::FunctionCall(FunctionCall {
            id: Some("fc_ours".into()),
            call_id: "call_1".into(),
            name: "f".into(),
            arguments: Text::new("{\"a\":1}"),
            status: Some(Status::Completed),
            extra: own_and_foreign(),
        }),
        Item::FunctionCallOutput(FunctionCallOutput {
            id: None,
            call_id: "call_1".into(),
            output: vec![input_text("42")],
            status: None,
            extra: Extra::new(),
        }),
        Item::FunctionCallOutput(FunctionCallOutput {
            id: None,
            call_id: "call_2".into(),
            output: vec![
                input_text("an image"),
                Part::Image(Image {
                    url: Some("https://example.com/i.png".into()),
                    detail: None,
                    extra: Extra::new(),
                }),
            ],
            status: Some(Status::Completed),
            extra: Extra::new(),
        }),
        Item::Other(OtherItem {
            id: Some("ws_1".into()),
            kind: "web_search_call".into(),
            fields: vec![("status".into(), Json::from_value(&json!("completed")))],
        }),
    ]
}

#[test]
fn a_turn_with_everything_is_written() {
    let mut turn = turn();
    turn.instructions = Some("Be kind".into());
    turn.input = conversation();
    turn.tools = vec![
        Tool::Function(FunctionTool {
            name: "f".into(),
            description: Some("does f".into()),
            parameters: Some(Json::from_value(&json!({"type": "object"}))),
            strict: Some(false),
            extra: own_and_foreign(),
        }),
        Tool::Function(FunctionTool {
            name: "g".into(),
            description: None,
            parameters: None,
            strict: None,
            extra: Extra::new(),
        }),
        Tool::Hosted(HostedTool {
            kind: "web_search".into(),
            fields: vec![("search_context_size".into(), Json::from_value(&json!("low")))],
        }),
    ];
    turn.tool_choice =
        Some(ToolChoice::Allowed { mode: ToolMode::Required, names: vec!["f".into(), "g".into()] });
    turn.parallel_tool_calls = Some(false);
    turn.max_tool_calls = Some(3);
    turn.max_output_tokens = Some(100);
    turn.sampling = Sampling {
        temperature: Some(0.5),
        top_p: Some(1.0),
        presence_penalty: Some(0.0),
        frequency_penalty: None,
        top_logprobs: Some(2),
    };
    turn.reasoning = Some(ReasoningSettings {
        effort: Some(Effort::Low),
        summary: Some(SummaryDetail::Auto),
        extra: own_and_foreign(),
    });
    turn.format = Format::JsonSchema {
        name: "answer".into(),
        description: Some("an answer".into()),
        schema: Json::from_value(&json!({"type": "object"})),
        strict: Some(true),
    };
    turn.verbosity = Some(Verbosity::Low);
    turn.include.logprobs = true;
    turn.include.other = vec!["web_search_call.action.sources".into()];
    turn.truncation = Some(Truncation::Auto);
    turn.service_tier = Some(ServiceTier::Flex);
    turn.prompt_cache_key = Some("key".into());
    turn.safety_identifier = Some("user-1".into());
    turn.metadata = Some(Json::from_value(&json!({"note": "the gateway's own"})));
    turn.obfuscation = Some(false);
    turn.extra = own_and_foreign();
    insta::assert_snapshot!(serde_json::to_string_pretty(&body(&turn)).unwrap());
}

#[test]
fn a_turn_with_nothing_is_short() {
    let mut turn = turn();
    turn.include.encrypted_reasoning = false;
    turn.stream = false;
    turn.obfuscation = Some(true);
    let call = call(&turn);
    assert_eq!(call.uri(), "https://api.openai.com/v1/responses");
    assert_eq!(call.headers()["authorization"], "Bearer key");
    assert!(call.headers()["authorization"].is_sensitive());
    assert_eq!(body(&turn), json!({"model": "gpt-5", "stream": false, "store": false, "input": []}));
}

#[test]
fn c9_choices_of_tools_are_told_in_the_providers_words() {
    let mut turn = turn();
    for (choice, expected) in [
        (ToolChoice::Mode(ToolMode::Required), json!("required")),
        (ToolChoice::Function("f".into()), json!({"type": "function", "name": "f"})),
        (ToolChoice::Allowed { mode: ToolMode::None, names: vec!["f".into()] }, json!("none")),
        (ToolChoice::Hosted(Json::from_value(&json!({"type": "web_search"}))), json!({"type": "web_search"})),
    ] {
        turn.tool_choice = Some(choice);
        assert_eq!(body(&turn)["tool_choice"], expected);
    }
}

#[test]
fn the_format_is_only_sent_when_it_says_something() {
    let mut turn = turn();
    assert_eq!(body(&turn).get("text"), None);
    turn.format = Format::JsonObject;
    assert_eq!(body(&turn)["text"], json!({"format": {"type": "json_object"}}));
    turn.format = Format::Text;
    turn.verbosity = Some(Verbosity::High);
    assert_eq!(body(&turn)["text"], json!({"verbosity": "high"}));
}

#[test]
fn c6_large_data_is_passed_on_by_reference() {
    let url = Text::new(&format!("data:image/png;base64,{}", "A".repeat(10_000)));
    let mut turn = turn();
    let image = Image { url: Some(url.clone()), detail: None, extra: Extra::new() };
    turn.input = vec![Item::Message(message(Role::User, vec![Part::Image(image)]))];
    let pieces = call(&turn).into_body().into_pieces();
    assert!(pieces.iter().any(|piece| piece.as_ptr() == url.literal().as_ptr()));
}

/// What `OpenAI` answered can be said to it again: the items of a recorded answer, as input, are the recorded ones.
#[test]
fn c3_the_output_of_one_turn_is_the_input_of_the_next() {
    for (name, recording) in super::recordings() {
        let recorded = &recording["response"]["body"];
        let Some(output) = recorded["output"].as_array() else { continue };
        let mut deltas = Vec::new();
        openai().decode(&turn(), &recorded.to_string().into(), &mut deltas).unwrap();
        let mut next = turn();
        next.input = super::items(&deltas).into_iter().cloned().collect();
        let sent = body(&next);
        // Reasoning that came without its encrypted part cannot go back.
        let expected: Vec<&Value> = output
            .iter()
            .filter(|item| item["type"] != "reasoning" || item["encrypted_content"].is_string())
            .collect();
        assert_eq!(sent["input"].as_array().unwrap().len(), expected.len(), "{name}");
        for (sent, recorded) in sent["input"].as_array().unwrap().iter().zip(expected) {
            for (key, value) in sent.as_object().unwrap() {
                if key != "content" {
                    assert_eq!(value, &recorded[key], "{name}: {key}");
                }
            }
            assert!(sent["type"] != "reasoning" || sent.get("id").is_none(), "{name}");
        }
    }
}
