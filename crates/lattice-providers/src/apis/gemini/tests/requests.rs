//! What turns become.

use lattice_model::{
    Effort, File, Format, FunctionCall, Json, Part, ReasoningSettings, Role, ServiceTier, SummaryDetail,
    ToolChoice, ToolMode, Verbosity, Word,
};

use super::*;
use crate::apis::testing::{call, image, message, output, sent, text, tool};

fn refused(turn: &Turn, model: &str) -> String {
    sent(&*google(), turn, model).unwrap_err().param
}

fn asked(content: Vec<Part>) -> Turn {
    Turn { input: vec![message(Role::User, content)], ..turn() }
}

#[test]
fn a_conversation_with_tools_is_written() {
    let mut turn =
        asked(vec![text("hi"), image("data:image/png;base64,AAAA"), image("https://e.com/a.jpg?x=1")]);
    turn.instructions = Some(Text::new("be kind"));
    turn.input.push(message(Role::Developer, vec![text("be brief")]));
    turn.input.push(call("c1", "weather", r#"{ "city": "Paris" }"#));
    turn.input.push(call("c2", "time", ""));
    turn.input.push(output("c1", vec![text(r#"{"t":20}"#)]));
    turn.input.push(output("c2", vec![text("noon"), image("data:image/png;base64,BBBB")]));
    turn.input.push(message(Role::User, vec![text("and?")]));
    turn.tools = vec![tool("weather"), tool("time")];
    turn.tool_choice = Some(ToolChoice::Allowed { mode: ToolMode::Required, names: vec!["time".into()] });
    turn.reasoning = Some(ReasoningSettings {
        effort: Some(Effort::Low),
        summary: Some(SummaryDetail::Auto),
        extra: Vec::new(),
    });
    turn.sampling.temperature = Some(0.5);
    turn.sampling.top_logprobs = Some(2);
    turn.max_output_tokens = Some(100);
    turn.service_tier = Some(ServiceTier::Flex);
    turn.format = Format::JsonSchema {
        name: "n".into(),
        description: Some(Text::new("a thing")),
        schema: Json::from_value(&json!({"type": "object"})),
        strict: Some(true),
    };
    let gemini = sent(&*google(), &turn, "gemini-3-pro-preview").unwrap();
    insta::assert_json_snapshot!("request_gemini", gemini);
    // Tiers are the global endpoint's.
    turn.service_tier = None;
    let vertex = sent(&*vertex(None), &turn, "gemini-3-pro-preview").unwrap();
    insta::assert_json_snapshot!("request_vertex", vertex);
}

#[test]
fn a_signature_returns_on_the_call_it_came_with() {
    let (_, stream) =
        streams().into_iter().find(|(name, _)| name == "gemini_stream_tool_call_signature").unwrap();
    let provider = google();
    let mut decoder = provider.decoder(&turn());
    let mut deltas = Vec::new();
    decoder.feed(stream, &mut deltas).unwrap();
    decoder.finish(&mut deltas).unwrap();
    let made = deltas.into_iter().find_map(|delta| match delta {
        Delta::Whole(item) => Some(*item),
        _ => None,
    });
    let Some(Item::FunctionCall(made)) = made else { panic!("a call is needed") };
    let signed = |provider: &dyn Provider, call: &FunctionCall| {
        let mut turn = asked(vec![text("hi")]);
        turn.input.push(Item::FunctionCall(call.clone()));
        turn.input.push(output(&call.call_id, vec![text("Mexico")]));
        let body = sent(provider, &turn, "gemini-3-pro-preview").unwrap().1;
        body["contents"][1]["parts"][0]["thoughtSignature"].as_str().unwrap().to_owned()
    };
    // By itself, also through another replica.
    let signature = signed(&*google(), &made);
    assert!(signature.starts_with("EpwICpkIAXLI2nxl"), "{signature}");
    // By the memory, for clients that replay only what the standard names.
    let bare = FunctionCall { extra: Vec::new(), ..made };
    assert_eq!(signed(&*provider, &bare), signature);
    // By neither.
    assert_eq!(signed(&*google(), &bare), "skip_thought_signature_validator");
}

#[test]
fn a_signature_on_text_returns_on_that_text() {
    let (_, stream) =
        streams().into_iter().find(|(name, _)| name == "vertex_stream_service_tier_signature").unwrap();
    let (deltas, _) = read(&[stream]);
    let behind = deltas.into_iter().find_map(|delta| match delta {
        Delta::Whole(item) => Some(*item),
        _ => None,
    });
    let mut turn = asked(vec![text("hi")]);
    turn.input.push(message(Role::Assistant, vec![text("OK")]));
    turn.input.push(behind.unwrap());
    turn.input.push(message(Role::User, vec![text("more")]));
    let body = sent(&*google(), &turn, "gemini-3-pro-preview").unwrap().1;
    let part = &body["contents"][1]["parts"][0];
    assert_eq!(part["text"], "OK");
    assert!(part["thoughtSignature"].as_str().unwrap().starts_with("CiQBjz1rX+z7"));
    // Another entry's signatures are left out (C7).
    let body = sent(&*vertex(Some("k")), &turn, "gemini-3-pro-preview").unwrap().1;
    assert!(body["contents"][1]["parts"][0].get("thoughtSignature").is_none());
}

#[test]
fn c9_what_cannot_be_honoured_is_refused_by_name() {
    let with_tools = |change: fn(&mut Turn)| {
        let mut turn = asked(vec![text("hi")]);
        turn.tools = vec![tool("a"), tool("b")];
        change(&mut turn);
        turn
    };
    let model = "gemini-2.5-flash";
    assert_eq!(
        refused(&with_tools(|turn| turn.parallel_tool_calls = Some(false)), model),
        "parallel_tool_calls"
    );
    assert_eq!(refused(&with_tools(|turn| turn.format = Format::JsonObject), model), "text.format");
    assert_eq!(refused(&with_tools(|turn| turn.verbosity = Some(Verbosity::Low)), model), "text.verbosity");
    assert_eq!(
        refused(&with_tools(|turn| turn.service_tier = Some(ServiceTier::Scale)), model),
        "service_tier"
    );
    assert_eq!(
        refused(&with_tools(|turn| turn.input.push(output("x", Vec::new()))), model),
        "input[1].call_id"
    );
    assert_eq!(refused(&turn(), model), "input");
    let file = File { url: Some(Text::new("https://e.com/x")), ..File::default() };
    assert_eq!(refused(&asked(vec![Part::File(file)]), model), "input[0].content[0].file_url");
    assert_eq!(
        refused(&asked(vec![image("https://e.com/x.png")]), "gemini-2.0-flash"),
        "input[0].content[0].image_url"
    );
    assert_eq!(refused(&asked(vec![text("hi")]), "claude-opus-4"), "model");
}

#[test]
fn c9_only_allowed_tools_are_offered_where_the_model_may_choose() {
    let mut turn = asked(vec![text("hi")]);
    turn.tools = vec![tool("a"), tool("b")];
    turn.tool_choice = Some(ToolChoice::Allowed { mode: ToolMode::Auto, names: vec!["b".into()] });
    let body = sent(&*google(), &turn, "gemini-2.5-flash").unwrap().1;
    let offered = body["tools"][0]["functionDeclarations"].as_array().unwrap();
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0]["name"], "b");
}

#[test]
fn efforts_become_budgets_or_levels() {
    let thinking = |model: &str, effort: &str| {
        let mut turn = asked(vec![text("hi")]);
        turn.reasoning = Some(ReasoningSettings { effort: Effort::of_name(effort), ..Default::default() });
        sent(&*google(), &turn, model).map(|(_, body)| body["generationConfig"]["thinkingConfig"].clone())
    };
    assert_eq!(thinking("gemini-2.5-flash", "none").unwrap(), json!({"thinkingBudget": 0}));
    assert_eq!(thinking("gemini-2.5-pro", "high").unwrap(), json!({"thinkingBudget": 24576}));
    assert_eq!(thinking("gemini-3-flash-preview", "minimal").unwrap(), json!({"thinkingLevel": "minimal"}));
    assert_eq!(thinking("gemini-2.5-pro", "none").unwrap_err().param, "reasoning.effort");
    assert_eq!(thinking("gemini-3-pro-preview", "xhigh").unwrap_err().param, "reasoning.effort");
}
