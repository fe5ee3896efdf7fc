//! What this API cannot be told is refused by name (C9).

use lattice_model::{
    Extra, File, Format, HostedTool, Item, Json, Part, Role, ServiceTier, Tool, ToolChoice, ToolMode,
    Truncation, Turn, Verbosity,
};
use serde_json::{Value, json};

use super::requests::{body, everything, image, input, said, tool};
use super::{provider, turn};
use crate::provider::Model;

type Change = fn(&mut Turn);

/// The parameter that is refused, and what is said about it.
fn refused(server: &str, change: Change) -> (String, String) {
    let mut turn = turn();
    change(&mut turn);
    let error = provider(server).encode(&turn, &Model::default()).expect_err(server);
    assert_eq!(error.code, "unsupported_parameter", "{error:?}");
    (error.param, error.message)
}

fn field(name: &str) -> Extra {
    vec![(name.into(), Json::from_value(&json!(1)))]
}

fn user(part: Part) -> Vec<Item> {
    vec![said(Role::User, vec![part])]
}

#[test]
fn c9_every_server_refuses_by_name_what_it_cannot_be_told() {
    let cases: &[(&str, Change)] = &[
        ("top_k", |turn| turn.extra = field("top_k")),
        ("reasoning.budget", |turn| {
            turn.reasoning =
                Some(lattice_model::ReasoningSettings { extra: field("budget"), ..Default::default() });
        }),
        ("include", |turn| turn.include.other = vec!["web_search_call.action.sources".into()]),
        ("truncation", |turn| turn.truncation = Some(Truncation::Auto)),
        ("max_tool_calls", |turn| turn.max_tool_calls = Some(3)),
        ("tool_choice", |turn| {
            turn.tool_choice = Some(ToolChoice::Hosted(Json::from_value(&json!({"type": "web_search"}))));
        }),
        ("tools[1]", |turn| {
            let hosted = HostedTool { kind: "web_search".into(), fields: Extra::new() };
            turn.tools = vec![tool("f"), Tool::Hosted(hosted)];
        }),
        ("tools[0].cache", |turn| {
            turn.tools = vec![tool("f")];
            let Some(Tool::Function(function)) = turn.tools.first_mut() else { unreachable!() };
            function.extra = field("cache");
        }),
        ("input[0].content[0].file_id", |turn| {
            turn.input = user(Part::File(File { extra: field("file_id"), ..File::default() }));
        }),
        ("input[0].content[0].file_url", |turn| {
            turn.input =
                user(Part::File(File { url: Some("https://e.com/a.pdf".into()), ..File::default() }));
        }),
        ("input[0].content[0]", |turn| {
            turn.input =
                user(Part::Image(lattice_model::Image { url: None, detail: None, extra: Extra::new() }));
        }),
        ("input[0].content[0]", |turn| {
            turn.input = user(Part::Video { url: "https://e.com/v.mp4".into(), extra: Extra::new() });
        }),
        ("input[0].content[0]", |turn| {
            turn.input = user(Part::Other { kind: "input_hologram".into(), fields: Extra::new() });
        }),
        ("input[0].content[0]", |turn| turn.input = vec![said(Role::Assistant, vec![image()])]),
        ("input[0].content[0]", |turn| {
            let fields = vec![("input_audio".into(), Json::from_value(&json!({"data": "AA=="})))];
            turn.input =
                vec![said(Role::Assistant, vec![Part::Other { kind: "input_audio".into(), fields }])];
        }),
        ("input[1].output[1]", |turn| {
            turn.input = vec![super::call("c", "f", "{}".into()), output(vec![input("see"), image()])];
        }),
        ("input[0]", |turn| {
            let kind = "web_search_call".into();
            turn.input = vec![Item::Other(lattice_model::OtherItem { id: None, kind, fields: Extra::new() })];
        }),
    ];
    for server in ["openai", "groq", "mistral", "deepseek", "openrouter", "ollama"] {
        for (param, change) in cases {
            let (named, message) = refused(server, *change);
            assert_eq!(named, *param, "{server}: {message}");
            assert!(message.len() > 20, "{message}");
        }
    }
}

fn output(output: Vec<Part>) -> Item {
    Item::FunctionCallOutput(lattice_model::FunctionCallOutput {
        id: None,
        call_id: "c".into(),
        output,
        status: None,
        extra: Extra::new(),
    })
}

#[test]
fn c9_hosted_tools_are_refused_by_their_kind() {
    for kind in ["web_search", "file_search", "code_interpreter", "image_generation", "mcp", "computer_use"] {
        let mut turn = turn();
        turn.tools = vec![Tool::Hosted(HostedTool { kind: kind.into(), fields: Extra::new() })];
        let error = provider("openai").encode(&turn, &Model::default()).unwrap_err();
        assert!(error.param == "tools[0]" && error.message.contains(&format!("`{kind}`")), "{error:?}");
    }
}

#[test]
fn c9_look_alikes_refuse_what_only_openai_knows() {
    for server in ["groq", "mistral", "deepseek", "openrouter", "ollama"] {
        assert_eq!(refused(server, |turn| turn.verbosity = Some(Verbosity::Low)).0, "text.verbosity");
        assert_eq!(refused(server, |turn| turn.service_tier = Some(ServiceTier::Flex)).0, "service_tier");
    }
}

/// Mistral refuses fields that it does not know: with 422, and in words that say nothing to the client.
#[test]
fn c9_mistral_is_told_only_what_it_knows() {
    assert_eq!(refused("mistral", |turn| turn.sampling.top_logprobs = Some(2)).0, "top_logprobs");
    assert_eq!(refused("mistral", |turn| turn.include.logprobs = true).0, "include");
    let mut turn = turn();
    turn.safety_identifier = Some("user-1".into());
    assert_eq!(body("mistral", &turn).get("user"), None);
    assert_eq!(body("groq", &turn)["user"], "user-1");
}

#[test]
fn parts_of_the_wrong_side_are_wrong_for_everybody() {
    let mut turn = turn();
    turn.input = user(Part::OutputText(lattice_model::OutputText::default()));
    let error = provider("groq").encode(&turn, &Model::default()).unwrap_err();
    assert_eq!((error.code, error.param.as_str()), ("invalid_value", "input[0].content[0]"));
}

#[test]
fn the_gateways_own_fields_are_neither_sent_nor_refused() {
    let mut turn = everything();
    let own = || vec![("latticelm:signature".into(), Json::from_value(&json!("secret")))];
    turn.extra = own();
    for item in &mut turn.input {
        match item {
            Item::Message(message) => message.extra = own(),
            Item::FunctionCall(call) => call.extra = own(),
            _ => {}
        }
    }
    assert!(!body("openai", &turn).to_string().contains("latticelm"));
}

#[test]
fn harmless_settings_are_taken() {
    let mut turn = turn();
    turn.truncation = Some(Truncation::Disabled);
    turn.service_tier = Some(ServiceTier::Auto);
    turn.sampling.top_logprobs = Some(0);
    turn.format = Format::Text;
    turn.prompt_cache_key = Some("key".into());
    turn.metadata = Some(Json::from_value(&json!({"a": "b"})));
    turn.tool_choice = Some(ToolChoice::Mode(ToolMode::Auto));
    turn.parallel_tool_calls = Some(true);
    turn.stream = false;
    for server in ["groq", "mistral"] {
        let sent = body(server, &turn);
        assert_eq!(sent, json!({"model": "m", "stream": false, "messages": Value::Array(Vec::new())}));
    }
}
