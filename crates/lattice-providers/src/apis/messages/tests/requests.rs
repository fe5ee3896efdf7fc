//! What turns become as requests.

use lattice_model::{
    Effort, File, Format, Item, Json, Part, Reasoning, ReasoningSettings, Role, ServiceTier, Text, Tool,
    ToolChoice, ToolMode, Turn,
};
use serde_json::{Value, json};

use super::{claude, turn};
use crate::apis::testing::{call, image, message, output, sent, text, tool};
use crate::seal;

/// Models of the four ways to think and to follow a schema.
const OLD: &str = "claude-3-5-haiku-latest";
const BUDGET: &str = "claude-sonnet-4-20250514";
const NEWEST: &str = "claude-opus-5";

fn body(turn: &Turn, model: &str) -> Value {
    sent(&*claude(&[("prompt_caching", "false")]), turn, model).unwrap().1
}

fn asked(content: Vec<Part>) -> Turn {
    Turn { input: vec![message(Role::User, content)], ..turn() }
}

fn thinking(effort: Effort) -> ReasoningSettings {
    ReasoningSettings { effort: Some(effort), summary: None, extra: Vec::new() }
}

fn schema() -> Format {
    let schema = Json::from_value(&json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    Format::JsonSchema {
        name: "n".into(),
        description: Some(Text::new("a thing")),
        schema,
        strict: Some(true),
    }
}

#[test]
fn a_conversation_with_tools_is_written() {
    let pdf = Part::File(File {
        filename: Some("a.pdf".into()),
        data: Some("data:application/pdf;base64,AA==".into()),
        ..File::default()
    });
    let mut turn =
        asked(vec![text("hi"), image("data:image/png;base64,AAAA"), image("https://e.com/a.jpg"), pdf]);
    turn.instructions = Some(Text::new("be kind"));
    turn.input.push(message(Role::Developer, vec![text("be brief")]));
    turn.input.push(call("c1", "weather", r#"{ "city": "Paris" }"#));
    turn.input.push(call("call 2!", "time", ""));
    turn.input.push(output("c1", vec![text(r#"{"t":20}"#)]));
    turn.input.push(output("call 2!", vec![text("noon"), image("data:image/png;base64,BBBB")]));
    turn.input.push(message(Role::User, vec![text("and?")]));
    turn.tools = vec![tool("weather"), tool("time")];
    turn.sampling.temperature = Some(0.5);
    turn.max_output_tokens = Some(100);
    turn.service_tier = Some(ServiceTier::Default);
    turn.safety_identifier = Some(Text::new("user-1"));
    let newest = sent(&*claude(&[]), &turn, NEWEST).unwrap();
    insta::assert_json_snapshot!("request_newest", newest);
    let old = sent(&*claude(&[("api_version", "2024-01-01")]), &turn, OLD).unwrap();
    insta::assert_json_snapshot!("request_old", old);
}

#[test]
fn breakpoints_are_set_unless_they_are_off_or_the_clients_own() {
    let mut turn = asked(vec![text("hi")]);
    turn.instructions = Some(Text::new("be kind"));
    turn.tools = vec![tool("a"), tool("b")];
    let count = |turn: &Turn, setting: &str| {
        let provider = claude(&[("prompt_caching", setting)]);
        sent(&*provider, turn, NEWEST).unwrap().1.to_string().matches("cache_control").count()
    };
    assert_eq!(count(&turn, "false"), 0);
    let set = count(&turn, "true");
    assert!((1..=4).contains(&set), "Anthropic takes four: {set}");
    let Tool::Function(own) = &mut turn.tools[0] else { panic!() };
    own.extra = vec![("cache_control".into(), Json::from_value(&json!({"type": "ephemeral", "ttl": "1h"})))];
    assert_eq!(count(&turn, "true"), 1, "only the client's own");
}

#[test]
fn each_model_thinks_in_its_own_way() {
    let mut turn = asked(vec![text("hi")]);
    turn.reasoning = Some(thinking(Effort::High));
    turn.max_output_tokens = Some(20_000);
    assert_eq!(body(&turn, BUDGET)["thinking"], json!({"type": "enabled", "budget_tokens": 16_384}));
    turn.max_output_tokens = Some(4000);
    assert_eq!(body(&turn, BUDGET)["thinking"]["budget_tokens"], 3999, "it leaves room for an answer");
    let newest = body(&turn, NEWEST);
    assert_eq!(newest["thinking"], json!({"type": "adaptive"}));
    assert_eq!(newest["output_config"], json!({"effort": "high"}));
    turn.reasoning = Some(thinking(Effort::XHigh));
    assert_eq!(body(&turn, NEWEST)["output_config"], json!({"effort": "xhigh"}));
}

#[test]
fn c7_thoughts_return_to_the_entry_that_made_them() {
    let block = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    let payload = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, block.to_string());
    let thought = |origin: &str| {
        Item::Reasoning(Reasoning {
            encrypted: Some(seal::tag(origin, &Text::new(&payload))),
            ..Reasoning::default()
        })
    };
    for (origin, returns) in [("anthropic/main", true), ("anthropic/other", false)] {
        let mut turn = asked(vec![text("hi")]);
        turn.reasoning = Some(thinking(Effort::Low));
        turn.input.extend([thought(origin), call("c", "f", "{}"), output("c", vec![text("ok")])]);
        turn.tools = vec![tool("f")];
        let body = body(&turn, NEWEST);
        let said = &body["messages"][1]["content"];
        assert_eq!(said[0] == block, returns, "{said}");
        assert_eq!(
            body.get("thinking").is_some(),
            returns,
            "a call without its thoughts cannot go on thinking"
        );
    }
}

#[test]
fn a_schema_is_followed_by_a_tool_where_the_model_has_nothing_else() {
    let turn = Turn { format: schema(), ..asked(vec![text("hi")]) };
    let old = body(&turn, OLD);
    assert_eq!(old["tool_choice"], json!({"type": "tool", "name": "latticelm_output"}));
    assert_eq!(old["tools"][0]["input_schema"]["type"], "object");
    let newest = body(&turn, NEWEST);
    assert_eq!(newest["output_config"]["format"]["type"], "json_schema");
    assert_eq!(newest.get("tools"), None);
}

#[test]
fn choices_of_tools_are_written() {
    let mut turn = asked(vec![text("hi")]);
    turn.tools = vec![tool("a"), tool("b")];
    for (choice, wanted) in [
        (ToolChoice::Mode(ToolMode::Auto), json!({"type": "auto"})),
        (ToolChoice::Mode(ToolMode::None), json!({"type": "none"})),
        (ToolChoice::Mode(ToolMode::Required), json!({"type": "any"})),
        (ToolChoice::Function("b".into()), json!({"type": "tool", "name": "b"})),
    ] {
        turn.tool_choice = Some(choice);
        assert_eq!(body(&turn, NEWEST)["tool_choice"], wanted);
    }
    turn.tool_choice = Some(ToolChoice::Allowed { mode: ToolMode::Required, names: vec!["b".into()] });
    let allowed = body(&turn, NEWEST);
    assert_eq!(allowed["tool_choice"], json!({"type": "any"}));
    assert_eq!(allowed["tools"].as_array().unwrap().len(), 1, "what may not be called is not offered");
    turn.tool_choice = None;
    turn.parallel_tool_calls = Some(false);
    let one = body(&turn, NEWEST);
    assert_eq!(one["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
}
