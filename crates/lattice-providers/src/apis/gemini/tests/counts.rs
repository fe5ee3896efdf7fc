//! Counting tokens: a recorded exchange, of `crmne/ruby_llm`, `spec/fixtures/vcr_cassettes` (MIT).

use lattice_model::{FunctionTool, Json, Role, Text, Tool, Turn};
use serde_json::json;

use crate::apis::testing::{counting, message, text, turn};
use crate::settings::Settings;

#[test]
fn the_call_that_counts_is_the_recorded_one() {
    let provider = crate::build(&Settings::with("main", "google", &[("api_key", "key")]).unwrap()).unwrap();
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
    let (address, body) = counting(&*provider, &turn, "gemini-3.5-flash");
    assert_eq!(
        address,
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash:countTokens"
    );
    let expected = json!({"generateContentRequest": {
        "model": "models/gemini-3.5-flash",
        "systemInstruction": {"parts": [{"text": "Be terse."}]},
        "contents": [{"role": "user", "parts": [{"text": "What is the capital of France?"}]}],
        "tools": [{"functionDeclarations": [{"name": "counting_weather", "description": "Gets current weather for a city", "parametersJsonSchema": {"type": "object"}}]}],
    }});
    assert_eq!(body, expected);
    assert_eq!(
        provider.decode_count(
            &r#"{"totalTokens":61,"promptTokensDetails":[{"modality":"TEXT","tokenCount":61}]}"#.into()
        ),
        Some(61)
    );
    assert_eq!(provider.decode_count(&"{}".into()), None);
}
