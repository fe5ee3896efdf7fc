//! What turns become as requests.

use lattice_model::{
    Detail, Effort, Extra, File, Format, FunctionCallOutput, FunctionTool, Image, Item, Json, Message,
    OutputText, Part, Reasoning, ReasoningSettings, Role, Sampling, ServiceTier, SummaryDetail, Text, Tool,
    ToolChoice, ToolMode, Truncation, Turn, Verbosity,
};
use serde_json::{Value, json};

use super::{call, message, provider, turn};
use crate::provider::{Exchange, Model};

pub(super) fn body(server: &str, turn: &Turn) -> Value {
    let model = Model { id: "m".into(), ..Model::default() };
    match provider(server).encode(turn, &model).unwrap() {
        Exchange::Call(request) => serde_json::from_slice(&request.body().to_bytes()).unwrap(),
        Exchange::Known(deltas) => panic!("{deltas:?}"),
    }
}

pub(super) fn said(role: Role, content: Vec<Part>) -> Item {
    Item::Message(Message { id: None, role, phase: None, status: None, content, extra: Extra::new() })
}

pub(super) fn input(text: &str) -> Part {
    Part::InputText { text: text.into(), extra: Extra::new() }
}

pub(super) fn image() -> Part {
    let url = Some("https://example.com/i.png".into());
    Part::Image(Image { url, detail: None, extra: Extra::new() })
}

pub(super) fn tool(name: &str) -> Tool {
    Tool::Function(FunctionTool {
        name: name.into(),
        description: None,
        parameters: None,
        strict: None,
        extra: Extra::new(),
    })
}

fn answer(text: &str) -> Item {
    message(Part::OutputText(OutputText { text: text.into(), ..OutputText::default() }))
}

fn output(call_id: &str, output: Vec<Part>) -> Item {
    let call_id = call_id.into();
    Item::FunctionCallOutput(FunctionCallOutput {
        id: None,
        call_id,
        output,
        status: None,
        extra: Extra::new(),
    })
}

/// One of every part that a user may send.
fn shown() -> Vec<Part> {
    let data = Some("data:image/png;base64,AA==".into());
    vec![
        input("look \"here\""),
        image(),
        Part::Image(Image { url: data, detail: Some(Detail::High), extra: Extra::new() }),
        Part::File(File {
            filename: Some("a.pdf".into()),
            data: Some("data:application/pdf;base64,AA==".into()),
            ..File::default()
        }),
        Part::Other {
            kind: "input_audio".into(),
            fields: vec![("input_audio".into(), Json::from_value(&json!({"data": "AA==", "format": "wav"})))],
        },
    ]
}

/// A schema with what schemas may hold; it has to arrive as it is.
fn schema() -> Value {
    json!({"type": "object", "properties": {
        "city": {"type": "string", "description": "where", "pattern": "^[A-Z]", "minLength": 1},
        "units": {"enum": ["c", "f", null]}, "days": {"type": ["integer", "null"], "minimum": 1, "maximum": 7},
        "near": {"type": "array", "items": {"$ref": "#/$defs/place"}, "uniqueItems": true},
        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}},
        "$defs": {"place": {"type": "object", "properties": {"lat": {"type": "number"}, "next": {"$ref": "#/$defs/place"}}}},
        "required": ["city"], "additionalProperties": false})
}

fn conversation() -> Vec<Item> {
    let thoughts = Reasoning {
        content: vec!["I thought".into()],
        summary: vec!["short".into()],
        ..Reasoning::default()
    };
    let sealed = Reasoning { encrypted: Some("sealed elsewhere".into()), ..Reasoning::default() };
    vec![
        said(Role::System, vec![input("Be kind")]),
        said(Role::Developer, vec![input("Be brief"), input("Be exact")]),
        said(Role::User, shown()),
        Item::Reasoning(thoughts),
        answer("Let me see"),
        call("call_1", "weather", "{\"city\":\"Bern\"}".into()),
        Item::Reasoning(sealed),
        call(&"x".repeat(64), "weather", "{\"city\":\"Ürümqi 😀\"}".into()),
        output("call_1", vec![input("{\"temperature\": 21.5}")]),
        output(&"x".repeat(64), vec![input("warm"), input("and dry")]),
        answer("It is warm"),
        said(Role::User, vec![input("Sure?")]),
        message(Part::Refusal { refusal: "I cannot say".into(), extra: Extra::new() }),
        said(Role::User, vec![input("Why?")]),
    ]
}

/// A turn with everything that this API can be told by every server.
pub(super) fn everything() -> Turn {
    let mut turn = turn();
    turn.instructions = Some("Answer in\nrhymes".into());
    turn.input = conversation();
    turn.tools = vec![
        Tool::Function(FunctionTool {
            name: "weather".into(),
            description: Some("tells the weather".into()),
            parameters: Some(Json::from_value(&schema())),
            strict: Some(true),
            extra: Extra::new(),
        }),
        tool("time"),
    ];
    turn.tool_choice = Some(ToolChoice::Mode(ToolMode::Auto));
    turn.parallel_tool_calls = Some(false);
    turn.max_output_tokens = Some(100);
    turn.sampling = Sampling {
        temperature: Some(0.5),
        top_p: Some(1.0),
        presence_penalty: Some(0.1),
        frequency_penalty: Some(-0.1),
        top_logprobs: None,
    };
    turn.reasoning = Some(ReasoningSettings {
        effort: Some(Effort::Low),
        summary: Some(SummaryDetail::Auto),
        extra: Extra::new(),
    });
    turn.format = Format::JsonSchema {
        name: "answer".into(),
        description: Some("an answer".into()),
        schema: Json::from_value(&schema()),
        strict: Some(true),
    };
    turn.truncation = Some(Truncation::Disabled);
    turn.prompt_cache_key = Some("key".into());
    turn.safety_identifier = Some("user-1".into());
    turn.metadata = Some(Json::from_value(&json!({"note": "the gateway's own"})));
    turn
}

#[test]
fn a_turn_with_everything_is_written_as_each_server_takes_it() {
    for server in ["openai", "groq", "mistral", "deepseek", "openrouter", "ollama"] {
        let mut turn = everything();
        if server != "mistral" {
            turn.include.logprobs = true;
            turn.sampling.top_logprobs = Some(2);
        }
        if server == "openai" {
            turn.verbosity = Some(Verbosity::Low);
            turn.service_tier = Some(ServiceTier::Flex);
        }
        let sent = serde_json::to_string_pretty(&body(server, &turn)).unwrap();
        insta::assert_snapshot!(format!("request_{server}"), sent);
    }
}

#[test]
fn calls_go_to_the_servers_address_with_its_key() {
    for (server, address) in [
        ("openai", "https://api.openai.com/v1/chat/completions"),
        ("groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("ollama", "http://localhost:11434/v1/chat/completions"),
    ] {
        let Exchange::Call(request) = provider(server).encode(&turn(), &Model::default()).unwrap() else {
            panic!("{server} makes no call");
        };
        assert_eq!(request.uri(), address);
        assert_eq!(request.headers()["authorization"], "Bearer key");
        assert!(request.headers()["authorization"].is_sensitive());
        assert_eq!(request.headers()["content-type"], "application/json");
    }
}

#[test]
fn usage_is_asked_for_only_in_streams() {
    let mut turn = turn();
    assert_eq!(body("groq", &turn)["stream_options"], json!({"include_usage": true}));
    turn.stream = false;
    assert_eq!(
        body("groq", &turn),
        json!({"model": "m", "stream": false, "messages": Value::Array(Vec::new())})
    );
}

#[test]
fn c9_choices_of_tools_are_told_or_kept_by_offering_less() {
    let mut turn = turn();
    turn.tools = vec![tool("f"), tool("g")];
    let allowed = |mode| ToolChoice::Allowed { mode, names: vec!["g".into()] };
    let function = |name: &str| json!({"type": "function", "function": {"name": name}});
    for (choice, openai, others) in [
        (ToolChoice::Mode(ToolMode::None), json!("none"), json!("none")),
        (ToolChoice::Mode(ToolMode::Auto), json!("auto"), json!("auto")),
        (ToolChoice::Mode(ToolMode::Required), json!("required"), json!("required")),
        (ToolChoice::Function("g".into()), function("g"), function("g")),
        (
            allowed(ToolMode::Required),
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [function("g")]}}),
            json!("required"),
        ),
        (
            allowed(ToolMode::Auto),
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [function("g")]}}),
            json!("auto"),
        ),
        (allowed(ToolMode::None), json!("none"), json!("none")),
    ] {
        let only = if matches!(choice, ToolChoice::Allowed { .. }) { 1 } else { 2 };
        turn.tool_choice = Some(choice);
        let sent = body("openai", &turn);
        assert_eq!((&sent["tool_choice"], sent["tools"].as_array().unwrap().len()), (&openai, 2));
        let sent = body("groq", &turn);
        assert_eq!((&sent["tool_choice"], sent["tools"].as_array().unwrap().len()), (&others, only));
    }
}

#[test]
fn calls_at_once_are_allowed_or_not_only_where_there_are_tools() {
    let mut turn = turn();
    turn.parallel_tool_calls = Some(true);
    turn.tool_choice = Some(ToolChoice::Mode(ToolMode::Required));
    assert_eq!(body("openai", &turn).get("parallel_tool_calls"), None);
    assert_eq!(body("openai", &turn).get("tool_choice"), None);
    turn.tools = vec![tool("f")];
    for parallel in [true, false] {
        turn.parallel_tool_calls = Some(parallel);
        assert_eq!(body("openai", &turn)["parallel_tool_calls"], parallel);
    }
}

#[test]
fn formats_are_told_in_the_apis_words() {
    let mut turn = turn();
    assert_eq!(body("openai", &turn).get("response_format"), None);
    turn.format = Format::JsonObject;
    assert_eq!(body("openai", &turn)["response_format"], json!({"type": "json_object"}));
    let schema = Json::from_value(&json!({"type": "object"}));
    turn.format = Format::JsonSchema { name: "a".into(), description: None, schema, strict: None };
    let expected = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}});
    assert_eq!(body("openai", &turn)["response_format"], expected);
}

/// The results of calls must follow the message with the calls: what was said in between belongs to that message.
#[test]
fn c3_text_after_a_call_stays_with_the_call() {
    let mut turn = turn();
    turn.input = vec![
        answer("a"),
        call("c1", "f", "{}".into()),
        answer("b"),
        call("c2", "f", "{}".into()),
        output("c1", vec![input("1")]),
        output("c2", vec![input("2")]),
    ];
    let sent = body("openai", &turn);
    let roles: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(roles, ["assistant", "tool", "tool"]);
    let assistant = &sent["messages"][0];
    assert_eq!(assistant["content"], json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]));
    assert_eq!(assistant["tool_calls"].as_array().unwrap().len(), 2);
}

#[test]
fn answers_in_a_row_stay_messages_of_their_own() {
    let mut turn = turn();
    turn.input = vec![answer("a"), answer("b"), answer("")];
    let expected = json!([{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "assistant", "content": ""}]);
    assert_eq!(body("groq", &turn)["messages"], expected);
}

#[test]
fn a_tool_that_answers_nothing_answers_with_an_empty_text() {
    let mut turn = turn();
    turn.input = vec![call("c", "f", "{}".into()), output("c", Vec::new())];
    assert_eq!(body("groq", &turn)["messages"][1]["content"], "");
}

#[test]
fn c6_large_data_is_passed_on_by_reference() {
    let url = Text::new(&format!("data:image/png;base64,{}", "A".repeat(10_000)));
    let mut turn = turn();
    let large = Image { url: Some(url.clone()), detail: None, extra: Extra::new() };
    turn.input = vec![said(Role::User, vec![Part::Image(large)])];
    let Exchange::Call(request) = provider("groq").encode(&turn, &Model::default()).unwrap() else {
        panic!()
    };
    let pieces = request.into_body().into_pieces();
    assert!(pieces.iter().any(|piece| piece.as_ptr() == url.literal().as_ptr()));
}
