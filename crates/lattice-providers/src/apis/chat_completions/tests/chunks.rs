//! Chunks that nobody recorded: in other shapes, broken, in another order.

use lattice_model::{
    Annotation, Delta, End, FaultKind, IncompleteReason, Item, Opening, Piece, ReasoningKind,
};
use serde_json::{Value, json};

use super::{chunk, ends, finish, items, read, read_chunks, read_whole, usage};
use crate::error::DecodeError;

/// The calls of an answer: id, name, arguments.
fn calls(deltas: &[Delta]) -> Vec<(String, String, String)> {
    let call = |item: Item| match item {
        Item::FunctionCall(call) => Some((call.call_id, call.name, call.arguments.decode().into_owned())),
        _ => None,
    };
    items(deltas).into_iter().filter_map(call).collect()
}

fn texts(deltas: &[Delta]) -> String {
    let text = |delta: &Delta| match delta {
        Delta::Piece { piece: Piece::Text { text, .. }, .. } => Some(text.decode().into_owned()),
        _ => None,
    };
    deltas.iter().filter_map(text).collect()
}

fn thoughts(deltas: &[Delta]) -> String {
    let text = |delta: &Delta| match delta {
        Delta::Piece { piece: Piece::Reasoning { kind: ReasoningKind::Content, text, .. }, .. } => {
            Some(text.decode().into_owned())
        }
        _ => None,
    };
    deltas.iter().filter_map(text).collect()
}

fn call_chunk(call: &Value) -> Value {
    chunk(&json!({"tool_calls": [call]}))
}

fn end_of(reason: &str) -> End {
    let (deltas, end) = read_chunks(&[chunk(&json!({"content": "a"})), finish(reason)]);
    assert_eq!(end, Ok(()), "{reason}");
    let [end] = ends(&deltas)[..] else { panic!("{reason}: {deltas:?}") };
    end.clone()
}

#[test]
fn c14_unknown_fields_never_break_a_stream() {
    let odd = json!({"id": "c", "object": "chat.completion.chunk", "new": {"a": [1]}, "system_fingerprint": 7, "choices": [
        {"index": 0, "new": null, "logprobs": null, "native_finish_reason": 3, "finish_reason": null,
         "delta": {"role": null, "content": "a", "audio": {}, "reasoning_details": [{"type": "x"}], "tool_calls": null}}]});
    let usage = json!({"choices": null, "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cost": 0.1, "queue_time": 0.5,
        "prompt_tokens_details": null, "completion_tokens_details": {"reasoning_tokens": null, "new": 1}}});
    let (deltas, end) = read_chunks(&[odd, finish("stop"), usage]);
    assert_eq!(end, Ok(()));
    assert_eq!(texts(&deltas), "a");
    assert_eq!(super::usage(&deltas).map(|usage| (usage.input_tokens, usage.output_tokens)), Some((1, 2)));
}

#[test]
fn c3_what_is_not_json_is_an_error() {
    for line in ["{\"choices\":", "upstream timed out", "<html>", "[1]", "{\"choices\":7}", "null"] {
        let stream = format!("data: {}\n\ndata: {line}\n\ndata: [DONE]\n\n", chunk(&json!({"content": "a"})));
        let (deltas, end) = read(&[stream.into()]);
        assert!(matches!(end, Err(DecodeError::Malformed(_))), "{line}: {end:?}");
        assert!(ends(&deltas).is_empty(), "{line}");
    }
}

#[test]
fn the_reason_is_an_end_also_without_done() {
    let (deltas, end) = read_chunks(&[chunk(&json!({"content": "a"})), finish("stop")]);
    assert_eq!((end, ends(&deltas)), (Ok(()), vec![&End::Completed]));
    let (deltas, end) = read_chunks(&[chunk(&json!({"content": "a"}))]);
    assert_eq!((end, ends(&deltas)), (Err(DecodeError::Cut), vec![]));
}

#[test]
fn c3_a_stream_in_which_nothing_was_said_is_no_answer() {
    let (deltas, end) = read(&["data: [DONE]\n\n".into()]);
    assert!(end.is_err() && ends(&deltas).is_empty(), "{deltas:?}");
    let (deltas, end) = read(&["".into()]);
    assert!(end.is_err() && deltas.is_empty());
}

#[test]
fn done_is_an_end_for_servers_that_give_no_reason() {
    let stream = format!("data: {}\n\ndata: [DONE]\n\n", chunk(&json!({"content": "a"})));
    let (deltas, end) = read(&[stream.into()]);
    assert_eq!((end, ends(&deltas)), (Ok(()), vec![&End::Completed]));
}

#[test]
fn nothing_follows_the_end() {
    let stream = format!(
        "data: {}\n\ndata: [DONE]\n\ndata: {}\n\ndata: not json\n\ndata: [DONE]\n\n",
        finish("stop"),
        chunk(&json!({"content": "late"}))
    );
    let (deltas, end) = read(&[stream.into()]);
    assert_eq!((end, ends(&deltas).len()), (Ok(()), 1));
    assert_eq!(texts(&deltas), "");
}

#[test]
fn only_the_first_choice_is_read() {
    let two = json!({"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]});
    let other_ends = json!({"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]});
    let (deltas, end) = read_chunks(&[two, other_ends, finish("stop")]);
    assert_eq!((end, texts(&deltas).as_str(), ends(&deltas)), (Ok(()), "a", vec![&End::Completed]));
    let choice =
        |at: u32, said: &str| json!({"index": at, "message": {"content": said}, "finish_reason": "stop"});
    let deltas = read_whole(&json!({"choices": [choice(1, "b"), choice(0, "a")]})).unwrap();
    assert_eq!((texts(&deltas).as_str(), ends(&deltas).len()), ("a", 1));
}

#[test]
fn c4_finish_reasons_map() {
    for reason in ["stop", "tool_calls", "function_call", "eos", "eos_token", "end_turn"] {
        assert_eq!(end_of(reason), End::Completed, "{reason}");
    }
    for reason in ["length", "model_length", "max_tokens", "model_context_window_exceeded"] {
        assert_eq!(end_of(reason), End::Incomplete(IncompleteReason::MaxOutputTokens), "{reason}");
    }
    for reason in ["content_filter", "sensitive"] {
        assert_eq!(end_of(reason), End::Incomplete(IncompleteReason::ContentFilter), "{reason}");
    }
    for reason in ["error", "insufficient_system_resource"] {
        assert!(matches!(end_of(reason), End::Failed(fault) if fault.kind == FaultKind::Server), "{reason}");
    }
    for reason in ["abort", "network_error", "something_new"] {
        let End::Failed(fault) = end_of(reason) else { panic!("{reason} is no good end") };
        assert!(fault.message().contains(reason), "{fault:?}");
    }
}

#[test]
fn c3_an_empty_finish_reason_is_none() {
    let piece = json!({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": ""}]});
    let (deltas, end) = read_chunks(std::slice::from_ref(&piece));
    assert_eq!((end, ends(&deltas)), (Err(DecodeError::Cut), vec![]));
    let (deltas, end) = read_chunks(&[piece, finish("length")]);
    assert_eq!((end, ends(&deltas)), (Ok(()), vec![&End::Incomplete(IncompleteReason::MaxOutputTokens)]));
}

#[test]
fn pieces_of_calls_belong_together_by_index() {
    let (deltas, end) = read_chunks(&[
        call_chunk(&json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}})),
        call_chunk(&json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{\"x\""}})),
        call_chunk(&json!({"index": 0, "function": {"arguments": "{}"}})),
        call_chunk(&json!({"index": 1, "id": "", "function": {"name": "", "arguments": ":1}"}})),
        finish("tool_calls"),
    ]);
    assert_eq!(end, Ok(()));
    let expected = [("a", "f", "{}"), ("b", "g", "{\"x\":1}")];
    assert_eq!(calls(&deltas), expected.map(|(id, name, text)| (id.into(), name.into(), text.into())));
}

#[test]
fn calls_that_are_all_numbered_zero_are_told_apart_by_their_ids() {
    for index in [json!(0), Value::Null] {
        let piece = |id: &str| {
            call_chunk(
                &json!({"index": index, "id": id, "function": {"name": "f", "arguments": format!("{{\"for\":\"{id}\"}}")}}),
            )
        };
        let (deltas, _) = read_chunks(&[piece("a"), piece("b"), finish("tool_calls")]);
        let ids: Vec<_> = calls(&deltas).into_iter().map(|(id, _, arguments)| (id, arguments)).collect();
        assert_eq!(ids, [("a".into(), "{\"for\":\"a\"}".into()), ("b".into(), "{\"for\":\"b\"}".into())]);
    }
}

#[test]
fn calls_without_index_or_id_get_one_of_ours() {
    let (deltas, _) = read_chunks(&[
        call_chunk(&json!({"function": {"name": "f", "arguments": "{"}})),
        call_chunk(&json!({"function": {"arguments": "}"}})),
        call_chunk(&json!({"function": {"name": "g", "arguments": {"a": 1}}})),
        call_chunk(&json!({"id": "x".repeat(65), "function": {"name": "h"}})),
        call_chunk(&json!({"function": {"name": "i"}})),
        finish("tool_calls"),
    ]);
    let calls = calls(&deltas);
    let said: Vec<_> = calls.iter().map(|(_, name, arguments)| (name.as_str(), arguments.as_str())).collect();
    assert_eq!(said, [("f", "{}"), ("g", "{\"a\":1}"), ("h", ""), ("i", "")]);
    let mut ids: Vec<_> = calls.iter().map(|(id, ..)| id.as_str()).collect();
    assert!(ids.iter().all(|id| id.starts_with("call_0123456789abcdef") && id.len() <= 40), "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn the_arguments_may_come_before_the_name() {
    let (deltas, _) = read_chunks(&[
        call_chunk(&json!({"index": 0, "id": "a", "function": {"arguments": "{\"a\":"}})),
        call_chunk(&json!({"index": 0, "function": {"name": "f", "arguments": "1}"}})),
        finish("tool_calls"),
    ]);
    assert_eq!(calls(&deltas), [("a".into(), "f".into(), "{\"a\":1}".into())]);
}

/// A call that nobody can make is no answer.
#[test]
fn c3_a_call_that_is_never_named_fails_the_answer() {
    let nameless = json!({"index": 0, "id": "a", "function": {"arguments": "{\"a\":1}"}});
    let (deltas, end) = read_chunks(&[call_chunk(&nameless), finish("tool_calls")]);
    assert_eq!(end, Ok(()));
    assert!(matches!(ends(&deltas)[..], [End::Failed(_)]), "{deltas:?}");
    let (deltas, _) = read_chunks(&[
        call_chunk(&json!({"index": 0, "id": "", "function": {"name": "", "arguments": ""}})),
        chunk(&json!({"content": "a"})),
        finish("stop"),
    ]);
    assert_eq!(ends(&deltas), [&End::Completed]);
}

#[test]
fn the_call_of_the_first_years_is_read() {
    let (deltas, _) = read_chunks(&[
        chunk(&json!({"function_call": {"name": "f", "arguments": ""}})),
        chunk(&json!({"function_call": {"arguments": "{}"}})),
        finish("function_call"),
    ]);
    let [(_, name, arguments)] = &calls(&deltas)[..] else { panic!("{deltas:?}") };
    assert_eq!((name.as_str(), arguments.as_str()), ("f", "{}"));
}

#[test]
fn text_after_a_call_is_a_message_of_its_own() {
    let (deltas, _) = read_chunks(&[
        chunk(&json!({"content": "a"})),
        call_chunk(&json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}})),
        chunk(&json!({"content": "b"})),
        finish("length"),
    ]);
    let kinds: Vec<_> = deltas
        .iter()
        .filter_map(
            |delta| if let Delta::Piece { piece: Piece::Open(item), .. } = delta { Some(item) } else { None },
        )
        .map(|item| matches!(item, Opening::Message { .. }))
        .collect();
    assert_eq!(kinds, [true, false, true]);
    // What was cut short is the message; the call in front of it is whole.
    let closed = |wanted: u32| {
        deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Piece { key, piece: Piece::Close(_) } if *key == wanted))
    };
    assert_eq!([closed(0), closed(1), closed(2)], [true, true, false]);
}

#[test]
fn thoughts_are_read_by_all_their_names() {
    for delta in [
        json!({"reasoning_content": "hm"}),
        json!({"reasoning": "hm"}),
        json!({"reasoning": "hm", "reasoning_content": "hm"}),
        json!({"reasoning": "", "reasoning_content": "hm"}),
        json!({"reasoning": {"effort": "low"}, "reasoning_content": "hm"}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
    ] {
        let (deltas, end) = read_chunks(&[chunk(&delta), chunk(&json!({"content": "a"})), finish("stop")]);
        assert_eq!(end, Ok(()));
        assert_eq!((thoughts(&deltas).as_str(), texts(&deltas).as_str()), ("hm", "a"), "{delta}");
        let close = deltas
            .iter()
            .position(|delta| matches!(delta, Delta::Piece { key: 0, piece: Piece::Close(_) }))
            .unwrap();
        assert!(matches!(deltas[close + 1], Delta::Piece { key: 1, piece: Piece::Open(_) }), "{deltas:?}");
    }
}

/// Servers that leave the tags in are to be set up to part them: a tag may as well be what was asked for.
#[test]
fn thoughts_in_tags_stay_text() {
    let (deltas, _) = read_chunks(&[chunk(&json!({"content": "<think>hm</think>a"})), finish("stop")]);
    assert_eq!((thoughts(&deltas).as_str(), texts(&deltas).as_str()), ("", "<think>hm</think>a"));
}

#[test]
fn refusals_and_citations_are_kept() {
    let citation = json!({"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 1, "url": "https://example.com", "title": "E"}});
    let (deltas, _) = read_chunks(&[
        chunk(&json!({"content": "a"})),
        chunk(&json!({"annotations": [citation, {"type": "file", "file": {}}]})),
        chunk(&json!({"refusal": "no"})),
        finish("stop"),
    ]);
    assert!(deltas.iter().any(|delta| matches!(delta, Delta::Piece { piece: Piece::Annotation { part: 0, annotation: Annotation::UrlCitation(one) }, .. } if one.end_index == 1)));
    assert!(
        deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Piece { piece: Piece::Refusal { part: 1, .. }, .. })),
        "{deltas:?}"
    );
}

#[test]
fn log_probabilities_come_with_their_text_or_without() {
    let tokens = json!([{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}]);
    for text in ["a", ""] {
        let piece = json!({"choices": [{"index": 0, "delta": {"content": text}, "logprobs": {"content": tokens, "refusal": null}}]});
        let (deltas, _) = read_chunks(&[piece, finish("stop")]);
        let found = deltas.iter().find_map(|delta| match delta {
            Delta::Piece { piece: Piece::Text { logprobs, .. }, .. } => {
                logprobs.as_ref().map(lattice_model::Json::to_value)
            }
            _ => None,
        });
        assert_eq!(found, Some(tokens.clone()), "{text:?}");
    }
}

#[test]
fn b7_tokens_are_counted_as_each_server_tells_them() {
    let deepseek = json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_cache_hit_tokens": 4}});
    let (deltas, _) = read_chunks(&[finish("stop"), deepseek]);
    let counted = usage(&deltas).unwrap();
    assert_eq!((counted.input_tokens, counted.cached_tokens, counted.output_tokens), (9, 4, 3));
    let details = json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 3, "audio_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 1}}});
    let (deltas, _) = read_chunks(&[finish("stop"), details]);
    let counted = usage(&deltas).unwrap();
    assert_eq!((counted.cached_tokens, counted.cache_write_tokens, counted.audio_input_tokens), (2, 3, 1));
    assert_eq!((counted.reasoning_tokens, counted.audio_output_tokens), (5, 1));
}
