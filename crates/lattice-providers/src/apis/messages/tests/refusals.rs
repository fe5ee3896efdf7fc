//! What Claude cannot be told, by the name of the parameter (C9).

use lattice_model::{
    Effort, Format, Image, Json, Part, ReasoningSettings, Role, ServiceTier, ToolChoice, ToolMode, Turn,
    Verbosity,
};
use serde_json::json;

use super::{claude, turn};
use crate::apis::testing::{call, message, sent, text, tool};

/// A parameter, and a change that makes it wrong.
type Case = (&'static str, fn(&mut Turn));

fn refused(model: &str, change: impl FnOnce(&mut Turn)) -> String {
    let mut turn = Turn { input: vec![message(Role::User, vec![text("hi")])], ..turn() };
    change(&mut turn);
    sent(&*claude(&[]), &turn, model).unwrap_err().param
}

fn think(turn: &mut Turn) {
    turn.reasoning = Some(ReasoningSettings { effort: Some(Effort::High), summary: None, extra: Vec::new() });
}

fn schema(turn: &mut Turn) {
    let schema = Json::from_value(&json!({"type": "object"}));
    turn.format = Format::JsonSchema { name: "n".into(), description: None, schema, strict: None };
}

#[test]
fn c9_what_no_model_has_is_refused_by_name() {
    let new = "claude-opus-5";
    let cases: [Case; 11] = [
        ("presence_penalty", |turn| turn.sampling.presence_penalty = Some(0.5)),
        ("frequency_penalty", |turn| turn.sampling.frequency_penalty = Some(0.5)),
        ("top_logprobs", |turn| turn.sampling.top_logprobs = Some(2)),
        ("include", |turn| turn.include.logprobs = true),
        ("text.verbosity", |turn| turn.verbosity = Some(Verbosity::Low)),
        ("text.format", |turn| turn.format = Format::JsonObject),
        ("service_tier", |turn| turn.service_tier = Some(ServiceTier::Flex)),
        ("temperature", |turn| turn.sampling.temperature = Some(1.5)),
        ("input[0].content[0]", |turn| {
            turn.input = vec![message(
                Role::User,
                vec![Part::Image(Image { url: None, detail: None, extra: Vec::new() })],
            )];
        }),
        ("input[1].arguments", |turn| turn.input.push(call("c", "f", "[1]"))),
        ("input", |turn| turn.input.clear()),
    ];
    for (param, change) in cases {
        assert_eq!(refused(new, change), param);
    }
}

#[test]
fn c9_what_does_not_go_together_is_refused_by_name() {
    let (new, budget, old) = ("claude-opus-5", "claude-sonnet-4-20250514", "claude-3-5-haiku-latest");
    assert_eq!(refused(old, think), "reasoning.effort");
    for (param, change) in [
        ("temperature", (|turn| turn.sampling.temperature = Some(0.5)) as fn(&mut Turn)),
        ("top_p", |turn| turn.sampling.top_p = Some(0.5)),
        ("tool_choice", |turn| {
            turn.tools = vec![tool("f")];
            turn.tool_choice = Some(ToolChoice::Mode(ToolMode::Required));
        }),
    ] {
        let both = |turn: &mut Turn| {
            think(turn);
            change(turn);
        };
        assert_eq!(refused(new, both), param);
    }
    let short = |turn: &mut Turn| {
        think(turn);
        turn.max_output_tokens = Some(500);
    };
    assert_eq!(refused(budget, short), "max_output_tokens");
    let schema_and_thoughts = |turn: &mut Turn| {
        think(turn);
        schema(turn);
    };
    assert_eq!(refused("claude-3-7-sonnet-latest", schema_and_thoughts), "text.format");
    let schema_and_tools = |turn: &mut Turn| {
        schema(turn);
        turn.tools = vec![tool("f")];
    };
    assert_eq!(refused(old, schema_and_tools), "text.format");
    let both_samplings = |turn: &mut Turn| {
        turn.sampling.temperature = Some(0.5);
        turn.sampling.top_p = Some(0.5);
    };
    assert_eq!(refused(new, both_samplings), "top_p");
}
