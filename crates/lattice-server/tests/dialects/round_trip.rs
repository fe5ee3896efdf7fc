//! What a model says reaches the client as it was said, and goes back to the provider as it was given.

use bytes::Bytes;
use lattice_testkit::conformance;
use lattice_testkit::stage::{checked_stream, comparable};
use lattice_testkit::upstream::{Speech, speak};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::stage::{Script, ask, question};

/// The wire of each kind.
const WIRES: [(&str, &str); 5] = [
    ("openai", "openai"),
    ("openai_chat", "chat"),
    ("openai_compatible", "chat"),
    ("anthropic", "anthropic"),
    ("google", "gemini"),
];

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,20}"
}

/// Any text, and texts of what is awkward in JSON and in event streams.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a\"\\\\/\r\n\t\u{8}\u{0}\u{7f}\u{2028}é🌍: {}]{0,40}",
        Just("data: [DONE]\n\nevent: x\n\n".to_owned()),
    ]
}

fn arguments() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..4)
                .prop_map(|entries| Value::from(Map::from_iter(entries))),
        ]
    });
    prop::collection::vec((word(), value), 0..4).prop_map(|entries| Value::from(Map::from_iter(entries)))
}

fn said() -> impl Strategy<Value = Speech> {
    let calls = prop::collection::vec((word(), arguments()), 0..3);
    let thought = prop::option::of(text().prop_filter("a thought has words", |text| !text.trim().is_empty()));
    (thought, text(), calls, any::<bool>())
        .prop_filter("a model says something", |(_, text, calls, _)| !text.is_empty() || !calls.is_empty())
        .prop_map(|(thought, text, calls, cut)| {
            let cut = cut && calls.is_empty();
            Speech { thought, text, calls, cut }
        })
}

/// The stream in pieces of these lengths, again and again.
fn pieces(stream: &Bytes, lengths: &[usize]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut rest = stream.clone();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        pieces.push(rest.split_to((*length).min(rest.len())));
    }
    pieces
}

/// The texts, thoughts and calls of a response.
fn heard(response: &Value) -> Speech {
    let mut heard = Speech { cut: response["status"] == "incomplete", ..Speech::default() };
    for item in response["output"].as_array().unwrap() {
        let texts = |field: &str| -> String {
            let parts = item[field].as_array().into_iter().flatten();
            parts.filter_map(|part| part["text"].as_str()).collect()
        };
        match item["type"].as_str().unwrap() {
            "message" => heard.text += &texts("content"),
            "reasoning" => {
                let thought = texts("summary") + &texts("content");
                if !thought.is_empty() {
                    heard.thought.get_or_insert_default().push_str(&thought);
                }
            }
            "function_call" => {
                let arguments = serde_json::from_str(item["arguments"].as_str().unwrap()).unwrap();
                heard.calls.push((item["name"].as_str().unwrap().to_owned(), arguments));
            }
            other => panic!("nobody said {other}"),
        }
    }
    heard
}

fn same(heard: &Speech, said: &Speech) -> Result<(), TestCaseError> {
    prop_assert_eq!(&heard.text, &said.text);
    prop_assert_eq!(&heard.thought, &said.thought);
    prop_assert_eq!(&heard.calls, &said.calls);
    prop_assert_eq!(heard.cut, said.cut);
    Ok(())
}

/// All strings in a JSON value, and in JSON within its strings.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if text.starts_with('{')
                && let Ok(inner) = serde_json::from_str::<Value>(text)
            {
                strings(&inner, found);
            }
            found.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push(name.clone());
                strings(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_a_model_says_is_what_the_client_hears(
        said in said(),
        lengths in prop::collection::vec(1..200_usize, 1..6),
    ) {
        for (kind, wire) in WIRES {
            let (whole, frames) = speak(wire, &said);
            let whole = ask(kind, &question(false), Script::ok(vec![Bytes::from(whole.to_string())]));
            prop_assert_eq!(whole.status, 200, "{}: {}", kind, whole.body);
            let whole = whole.json();
            prop_assert!(conformance::response(&whole).is_empty(), "{}", whole);
            same(&heard(&whole), &said)?;
            let stream = pieces(&Bytes::from(frames.concat()), &lengths);
            let stream = ask(kind, &question(true), Script::ok(stream));
            let last = checked_stream(&stream.body).map_err(TestCaseError::fail)?;
            same(&heard(&last), &said)?;
            prop_assert_eq!(comparable(&whole), comparable(&last), "{}", kind);
        }
    }

    #[test]
    fn c7_what_the_client_sends_back_reaches_the_provider(said in said()) {
        for (kind, wire) in WIRES {
            let (whole, _) = speak(wire, &said);
            let first = ask(kind, &question(false), Script::ok(vec![Bytes::from(whole.to_string())])).json();
            let mut again = question(false);
            let mut input = vec![json!({"type": "message", "role": "user", "content": "hi"})];
            input.extend(first["output"].as_array().unwrap().iter().cloned());
            for call in first["output"].as_array().unwrap().iter().filter(|item| item["type"] == "function_call") {
                input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": "done"}));
            }
            input.push(json!({"type": "message", "role": "user", "content": "and now?"}));
            again["input"] = json!(input);
            prop_assert!(conformance::request(&again).is_empty(), "{:?}", conformance::request(&again));
            let (whole, _) = speak(wire, &Speech { text: "ok".into(), ..Speech::default() });
            let second = ask(kind, &again, Script::ok(vec![Bytes::from(whole.to_string())]));
            prop_assert_eq!(second.status, 200, "{}: {}", kind, second.body);
            let mut found = Vec::new();
            strings(&second.sent.unwrap().body, &mut found);
            let mut wanted = Vec::new();
            for (name, arguments) in &said.calls {
                wanted.push(name.clone());
                strings(arguments, &mut wanted);
            }
            // Empty and blank texts are left out for providers that refuse them.
            wanted.extend(Some(said.text.clone()).filter(|text| !text.trim().is_empty()));
            for text in wanted {
                prop_assert!(found.contains(&text), "{}: {:?} is not in {:?}", kind, text, found);
            }
        }
    }
}
