//! Counting tokens: a recorded exchange, of `crmne/ruby_llm`, `spec/fixtures/vcr_cassettes` (MIT).

use lattice_model::{FunctionTool, Json, Role, Text, Tool, Turn};
use serde_json::json;

use crate::apis::testing::{counting, message, text, turn};

#[test]
fn the_call_that_counts_is_the_recorded_one() {
    let provider = super::claude(&[]);
    let tool = FunctionTool {
        name: "counting_weather".into(),
        description: Some(Text::new("Gets current weather for a city")),
        parameters: Some(Json::from_value(&json!({"type": "object"}))),
        strict: None,
        extra: Vec::new(),
    };
    let turn = Turn {
        instructions: Some(Text::new("Be terse.")),
        input: vec![message(Role::User, vec![text("What is the capital of France?")])],
        tools: vec![Tool::Function(tool)],
        max_output_tokens: Some(5000),
        ..turn()
    };
    let (address, body) = counting(&*provider, &turn, "claude-haiku-4-5-20251001");
    assert_eq!(address, "https://api.anthropic.com/v1/messages/count_tokens");
    let expected = json!({
        "model": "claude-haiku-4-5-20251001",
        "system": [{"type": "text", "text": "Be terse."}],
        "tools": [{"name": "counting_weather", "description": "Gets current weather for a city", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]}],
    });
    assert_eq!(body, expected);
    assert_eq!(provider.decode_count(&r#"{"input_tokens":588}"#.into()), Some(588));
    assert_eq!(provider.decode_count(&"{}".into()), None);
}
