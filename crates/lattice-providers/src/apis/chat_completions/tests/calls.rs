//! Calls in every order and with every mark that servers leave out: none is lost, none is joined to another, one is told at a time (C3).

use lattice_model::{Delta, End, Opening, Piece};
use serde_json::{Value, json};

use super::{chunk, ends, finish, items, read_chunks, read_whole};

/// Name and arguments of the calls of an answer, and their ids.
fn calls(deltas: &[Delta]) -> (Vec<(String, String)>, Vec<String>) {
    let calls = items(deltas).into_iter().filter_map(|item| match item {
        lattice_model::Item::FunctionCall(call) => Some(call),
        _ => None,
    });
    calls.map(|call| ((call.name, call.arguments.decode().into_owned()), call.call_id)).unzip()
}

fn piece(call: &Value) -> Value {
    chunk(&json!({"tool_calls": [call]}))
}

fn stream(pieces: &[Value]) -> Vec<Delta> {
    let mut chunks: Vec<Value> = pieces.iter().map(piece).collect();
    chunks.push(finish("tool_calls"));
    let (deltas, end) = read_chunks(&chunks);
    assert_eq!(end, Ok(()));
    assert_eq!(ends(&deltas), [&End::Completed]);
    one_at_a_time(&deltas);
    deltas
}

/// An item is closed before the next one opens.
fn one_at_a_time(deltas: &[Delta]) {
    let mut open = None;
    for delta in deltas {
        match delta {
            Delta::Piece { key, piece: Piece::Open(_) } => {
                assert_eq!(open.replace(*key), None, "{deltas:#?}");
            }
            Delta::Piece { key, piece: Piece::Close(_) } => {
                assert_eq!(open.take(), Some(*key), "{deltas:#?}");
            }
            Delta::Piece { key, piece: Piece::Arguments { .. } } => {
                assert_eq!(open, Some(*key), "{deltas:#?}");
            }
            _ => {}
        }
    }
}

fn said(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, arguments)| ((*name).to_owned(), (*arguments).to_owned())).collect()
}

fn check(pieces: &[Value], expected: &[(&str, &str)]) {
    let (calls, mut ids) = calls(&stream(pieces));
    assert_eq!(calls, said(expected), "{pieces:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), expected.len(), "each call has an id of its own: {ids:?}");
}

#[test]
fn c3_pieces_that_interleave_are_held_back_and_none_is_lost() {
    let start = |index: u32| json!({"index": index, "id": format!("c{index}"), "function": {"name": format!("f{index}"), "arguments": ""}});
    let more = |index: u32, text: &str| json!({"index": index, "function": {"arguments": text}});
    let expected = [("f0", "{\"a\":0}"), ("f1", "{\"a\":1}"), ("f2", "{\"a\":2}")];
    // One after the other; all names first; in turns; the last one first.
    let orders: [Vec<Value>; 4] = [
        vec![
            start(0),
            more(0, "{\"a\""),
            more(0, ":0}"),
            start(1),
            more(1, "{\"a\":1}"),
            start(2),
            more(2, "{\"a\":2}"),
        ],
        vec![start(0), start(1), start(2), more(0, "{\"a\":0}"), more(1, "{\"a\":1}"), more(2, "{\"a\":2}")],
        vec![
            start(0),
            start(1),
            start(2),
            more(0, "{\"a\""),
            more(1, "{\"a\""),
            more(2, "{\"a\""),
            more(0, ":0}"),
            more(1, ":1}"),
            more(2, ":2}"),
        ],
        vec![start(0), start(1), start(2), more(2, "{\"a\":2}"), more(1, "{\"a\":1}"), more(0, "{\"a\":0}")],
    ];
    for order in orders {
        check(&order, &expected);
    }
}

#[test]
fn c12_the_call_in_front_is_told_as_it_comes() {
    let first = json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":"}});
    let second = json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{\"y\":"}});
    let (deltas, _) = read_chunks(&[piece(&first), piece(&second)]);
    let told = deltas
        .iter()
        .filter(|delta| matches!(delta, Delta::Piece { piece: Piece::Arguments { .. }, .. }))
        .count();
    assert_eq!(told, 1, "{deltas:?}");
    let whole = json!({"index": 0, "function": {"arguments": "1}"}});
    let more = json!({"index": 1, "function": {"arguments": "2"}});
    let (deltas, _) = read_chunks(&[piece(&first), piece(&whole), piece(&second), piece(&more)]);
    let told = deltas
        .iter()
        .filter(|delta| matches!(delta, Delta::Piece { piece: Piece::Arguments { .. }, .. }))
        .count();
    assert_eq!(told, 4, "the second is told as soon as the first is whole: {deltas:?}");
}

#[test]
fn c3_calls_all_numbered_zero_without_ids_are_told_apart() {
    for id in [json!(""), Value::Null] {
        let call = |name: &str, city: &str| json!({"index": 0, "id": id, "function": {"name": name, "arguments": format!("{{\"city\":\"{city}\"}}")}});
        check(&[call("f", "A"), call("f", "B")], &[("f", "{\"city\":\"A\"}"), ("f", "{\"city\":\"B\"}")]);
        check(&[call("f", "A"), call("g", "A")], &[("f", "{\"city\":\"A\"}"), ("g", "{\"city\":\"A\"}")]);
    }
}

#[test]
fn c3_calls_with_one_id_are_told_apart() {
    let call = |index: Value, city: &str| json!({"index": index, "id": "get_weather", "function": {"name": "get_weather", "arguments": format!("{{\"city\":\"{city}\"}}")}});
    let expected = [("get_weather", "{\"city\":\"A\"}"), ("get_weather", "{\"city\":\"B\"}")];
    check(&[call(Value::Null, "A"), call(Value::Null, "B")], &expected);
    check(&[call(json!(0), "A"), call(json!(1), "B")], &expected);
    check(&[call(json!(0), "A"), call(json!(0), "B")], &expected);
    let both = json!({"tool_calls": [call(Value::Null, "A"), call(Value::Null, "B")]});
    let whole = json!({"choices": [{"index": 0, "message": both, "finish_reason": "tool_calls"}]});
    let deltas = read_whole(&whole).unwrap();
    let (calls, ids) = calls(&deltas);
    assert_eq!(calls, said(&expected));
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn c3_a_name_may_come_in_pieces_or_again_and_again() {
    let named = |name: &str| json!({"index": 0, "function": {"name": name}});
    let more = |text: &str| json!({"index": 0, "function": {"arguments": text}});
    check(&[named("get_"), named("weather"), more("{\"a\""), more(":1}")], &[("get_weather", "{\"a\":1}")]);
    let again = |text: &str| json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": text}});
    check(&[again(""), again("{\"a\""), again(":1}")], &[("f", "{\"a\":1}")]);
}

#[test]
fn c3_an_empty_object_first_is_a_placeholder() {
    let first = json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}});
    let more = |text: &str| json!({"index": 0, "function": {"arguments": text}});
    check(&[first.clone(), more("{\"city\":"), more("\"A\"}")], &[("f", "{\"city\":\"A\"}")]);
    check(std::slice::from_ref(&first), &[("f", "{}")]);
    check(&[first.clone(), more("\n")], &[("f", "{}\n")]);
    let second = json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}});
    check(&[first, second], &[("f", "{}"), ("g", "{}")]);
}

#[test]
fn text_after_a_call_closes_it_first() {
    let call = json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}});
    let (deltas, _) = read_chunks(&[piece(&call), chunk(&json!({"content": "b"})), finish("stop")]);
    one_at_a_time(&deltas);
    let kinds: Vec<bool> = deltas
        .iter()
        .filter_map(
            |delta| if let Delta::Piece { piece: Piece::Open(item), .. } = delta { Some(item) } else { None },
        )
        .map(|item| matches!(item, Opening::Message { .. }))
        .collect();
    assert_eq!(kinds, [false, true]);
}
