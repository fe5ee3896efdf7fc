//! A good stream is passed; each way of spoiling it is seen.

use serde_json::{Value, json};

use super::check;

fn response(status: &str, output: &Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": output,
           "error": null, "incomplete_details": null})
}

/// A text, then a call.
fn good() -> Vec<Value> {
    let part = json!({"type": "output_text", "text": "ab", "annotations": []});
    let message = json!({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]});
    let call = json!({"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"});
    let at = |kind: &str, rest: Value| {
        let mut event = json!({"type": kind, "item_id": "msg_1", "output_index": 0, "content_index": 0});
        for (name, value) in rest.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    };
    let mut events = vec![
        json!({"type": "response.created", "response": response("in_progress", &json!([]))}),
        json!({"type": "response.in_progress", "response": response("in_progress", &json!([]))}),
        json!({"type": "response.output_item.added", "output_index": 0,
               "item": {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}}),
        at(
            "response.content_part.added",
            json!({"part": {"type": "output_text", "text": "", "annotations": []}}),
        ),
        at("response.output_text.delta", json!({"delta": "a"})),
        at("response.output_text.delta", json!({"delta": "b"})),
        at("response.output_text.done", json!({"text": "ab"})),
        at("response.content_part.done", json!({"part": part})),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"id": "fc_1", "type": "function_call",
               "status": "in_progress", "call_id": "c", "name": "f", "arguments": ""}}),
        at(
            "response.function_call_arguments.delta",
            json!({"item_id": "fc_1", "output_index": 1, "delta": "{}"}),
        ),
        at(
            "response.function_call_arguments.done",
            json!({"item_id": "fc_1", "output_index": 1, "arguments": "{}"}),
        ),
        json!({"type": "response.output_item.done", "output_index": 1, "item": call}),
        json!({"type": "response.completed", "response": response("completed", &json!([message, call]))}),
    ];
    number(&mut events);
    events
}

fn number(events: &mut [Value]) {
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
}

fn stream(events: &[Value]) -> String {
    let mut stream: String = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
        .collect();
    stream.push_str("data: [DONE]\n\n");
    stream
}

#[test]
fn c1_a_good_stream_breaks_no_rule() {
    assert_eq!(check(&stream(&good())), Vec::<String>::new());
}

#[test]
fn c1_a_comment_is_no_event() {
    let text = format!(": ping\n\n{}", stream(&good()));
    assert_eq!(check(&text), Vec::<String>::new());
}

#[test]
fn c1_no_event_can_be_left_out() {
    let whole = good();
    for left_out in 0..whole.len() {
        let mut events = whole.clone();
        let gone = events.remove(left_out);
        number(&mut events);
        assert!(!check(&stream(&events)).is_empty(), "nobody missed {gone}");
    }
}

#[test]
fn c1_no_event_can_come_twice() {
    let whole = good();
    for twice in 0..whole.len() {
        let mut events = whole.clone();
        events.insert(twice, whole[twice].clone());
        number(&mut events);
        assert!(!check(&stream(&events)).is_empty(), "nobody minded a second {}", whole[twice]);
    }
}

#[test]
fn c1_neighbours_cannot_change_places() {
    let whole = good();
    // The second item may be added before the first is done: items can be open side by side.
    for first in (0..whole.len() - 1).filter(|first| *first != 8) {
        let mut events = whole.clone();
        events.swap(first, first + 1);
        number(&mut events);
        assert!(!check(&stream(&events)).is_empty(), "{first} and its neighbour changed places");
    }
}

#[test]
fn c1_gaps_in_the_numbers_are_seen() {
    let mut events = good();
    events[5]["sequence_number"] = json!(9);
    assert!(!check(&stream(&events)).is_empty());
}

#[test]
fn c1_what_the_end_says_has_to_be_what_was_streamed() {
    for (pointer, value) in [
        ("/6/text", json!("abc")),
        ("/7/part/text", json!("a")),
        ("/8/item/content/0/text", json!("b")),
        ("/11/arguments", json!("{\"a\":1}")),
        ("/12/item/arguments", json!("")),
        ("/13/response/output/0/content/0/text", json!("")),
        ("/13/response/id", json!("resp_2")),
        ("/13/response/created_at", json!(2)),
        ("/13/response/model", json!("other")),
        ("/13/response/status", json!("in_progress")),
        ("/13/response/output/1/status", json!("incomplete")),
        ("/2/item/status", json!("completed")),
        ("/9/output_index", json!(2)),
        ("/9/item/id", json!("msg_1")),
        ("/4/content_index", json!(1)),
    ] {
        let mut events = Value::Array(good());
        *events.pointer_mut(pointer).unwrap() = value;
        assert!(!check(&stream(events.as_array().unwrap())).is_empty(), "{pointer} was not seen");
    }
}

#[test]
fn c1_done_comes_last_and_once() {
    let whole = stream(&good());
    assert!(!check(whole.trim_end_matches("data: [DONE]\n\n")).is_empty());
    assert!(!check(&format!("{whole}data: [DONE]\n\n")).is_empty());
    assert!(!check("data: [DONE]\n\n").is_empty());
    assert!(!check("").is_empty());
    assert!(!check(&whole.replace("event: response.completed", "event: response.failed")).is_empty());
}
