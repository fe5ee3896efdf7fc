//! The recorded exchanges with `OpenAI` and Azure, read whole, in pieces and cut; and events that nobody recorded.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, End, Fault, FaultKind, IncompleteReason, Item, Part, Piece, Text, Turn};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::apis::testing::{self, shown, turn};
use crate::error::DecodeError;
use crate::provider::Provider;
use crate::settings::Settings;

mod requests;

pub(crate) fn openai() -> Box<dyn Provider> {
    crate::build(&Settings::with("main", "openai", &[("api_key", "key")]).unwrap()).unwrap()
}

/// What speaks this API: all of `openai-responses`, and of `azure-openai` what is not about chat completions.
fn recordings() -> Vec<(String, Value)> {
    let mut found = testing::recordings("azure-openai", |name| !name.starts_with("chat_"));
    found.extend(testing::recordings("openai-responses", |_| true));
    assert!(found.len() > 40);
    found
}

fn streams() -> Vec<(String, Bytes)> {
    testing::streams(recordings())
}

fn read_for(turn: &Turn, chunks: &[Bytes]) -> (Vec<Delta>, Result<(), DecodeError>) {
    testing::read(&*openai(), turn, chunks)
}

fn read(chunks: &[Bytes]) -> (Vec<Delta>, Result<(), DecodeError>) {
    read_for(&turn(), chunks)
}

/// A stream of these events.
fn read_events(events: &[Value]) -> (Vec<Delta>, Result<(), DecodeError>) {
    let mut stream = String::new();
    for event in events {
        write!(stream, "data: {event}\n\n").unwrap();
    }
    read(&[stream.into()])
}

fn completed(output: &Value) -> Value {
    json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": output}})
}

fn ends(deltas: &[Delta]) -> Vec<&End> {
    deltas.iter().filter_map(|delta| if let Delta::End(end) = delta { Some(end) } else { None }).collect()
}

/// The items of an answer, by whatever delta each of them came.
fn items(deltas: &[Delta]) -> Vec<&Item> {
    fn item(delta: &Delta) -> Option<&Item> {
        match delta {
            Delta::Whole(item) => Some(item.as_ref()),
            Delta::Piece { piece: Piece::Close(closing), .. } => closing.item.as_deref(),
            _ => None,
        }
    }
    deltas.iter().filter_map(item).collect()
}

#[test]
fn streams_read_the_same_however_they_are_cut() {
    for (name, stream) in streams() {
        let (whole, end) = read(std::slice::from_ref(&stream));
        assert_eq!(end, Ok(()), "{name}");
        assert_eq!(ends(&whole).len(), 1, "{name}");
        let bytes: Vec<Bytes> = (0..stream.len()).map(|at| stream.slice(at..=at)).collect();
        assert_eq!(read(&bytes), (whole.clone(), Ok(())), "{name} byte by byte");
        let step = (stream.len() / 500).max(1);
        for at in (0..stream.len()).step_by(step) {
            let halves = [stream.slice(..at), stream.slice(at..)];
            assert_eq!(read(&halves), (whole.clone(), Ok(())), "{name} split at {at}");
        }
    }
}

#[test]
fn a_stream_that_stops_is_an_answer_or_an_error_but_never_silence() {
    for (name, stream) in streams() {
        let step = (stream.len() / 500).max(1);
        for at in (0..stream.len()).step_by(step) {
            let (deltas, end) = read(&[stream.slice(..at)]);
            assert!(end.is_err() || ends(&deltas).len() == 1, "{name} cut at {at}");
        }
    }
}

#[test]
fn a_stream_and_the_resource_at_its_end_give_the_same_items() {
    for (name, stream) in streams() {
        let (streamed, _) = read(std::slice::from_ref(&stream));
        let text = std::str::from_utf8(&stream).unwrap();
        let data =
            text.lines().filter_map(|line| line.strip_prefix("data: ")).rfind(|data| *data != "[DONE]");
        let last: Value = serde_json::from_str(data.unwrap()).unwrap();
        let mut whole = Vec::new();
        openai().decode(&turn(), &last["response"].to_string().into(), &mut whole).unwrap();
        assert_eq!(items(&streamed).len(), items(&whole).len(), "{name}");
        for (a, b) in items(&streamed).into_iter().zip(items(&whole)) {
            assert_eq!(sorted(a), sorted(b), "{name}");
        }
        assert_eq!(ends(&streamed).len(), ends(&whole).len(), "{name}");
    }
}

/// An item as JSON, where the order of fields is no difference. Sealed reasoning is made anew for each event.
fn sorted(item: &Item) -> Value {
    let mut writer = lattice_wire::write::JsonWriter::new();
    lattice_wire::responses::write::item(&mut writer, item, lattice_wire::responses::write::Form::Response);
    let mut value: Value = serde_json::from_slice(&writer.finish().to_bytes()).unwrap();
    if let Some(object) = value.as_object_mut() {
        object.remove("encrypted_content");
    }
    value
}

#[test]
fn streams_report_what_was_recorded() {
    for scenario in [
        "azure-openai_responses_stream",
        "openai-responses_stream_apply_patch_tool",
        "openai-responses_stream_error_event_then_failed",
        "openai-responses_stream_incomplete_max_output_tokens",
        "openai-responses_stream_logprobs",
        "openai-responses_stream_multi_item_phase_tool",
        "openai-responses_stream_reasoning_encrypted_tool_call",
        "openai-responses_stream_tool_call",
        "openai-responses_stream_tool_search_and_calls",
        "openai-responses_stream_web_search",
    ] {
        let (_, stream) = streams().into_iter().find(|(name, _)| name == scenario).unwrap();
        insta::assert_snapshot!(scenario, shown(&read(&[stream]).0));
    }
}

#[test]
fn whole_answers_report_what_was_recorded() {
    for (name, recording) in recordings() {
        let body = &recording["response"]["body"];
        if recording["response"]["status"] != 200 || body.is_null() {
            continue;
        }
        let mut deltas = Vec::new();
        openai().decode(&turn(), &body.to_string().into(), &mut deltas).unwrap();
        assert_eq!(ends(&deltas), [&End::Completed], "{name}");
        assert!(
            deltas.iter().any(|delta| matches!(delta, Delta::Usage(usage) if usage.output_tokens > 0)),
            "{name}"
        );
        assert_eq!(items(&deltas).len(), body["output"].as_array().unwrap().len(), "{name}");
        for (item, recorded) in items(&deltas).into_iter().zip(body["output"].as_array().unwrap()) {
            assert_eq!(item.id(), recorded["id"].as_str(), "{name}");
            assert!(!matches!(item, Item::Other(_)) || recorded["type"] != "message", "{name}");
        }
    }
}

#[test]
fn c5_errors_keep_their_meaning() {
    let mut all = String::new();
    for (name, recording) in recordings() {
        let response = &recording["response"];
        if response["status"] == 200 {
            continue;
        }
        let mut headers = HeaderMap::new();
        for (key, value) in response["headers"].as_object().into_iter().flatten() {
            let value = HeaderValue::from_str(value.as_str().unwrap_or_default()).unwrap();
            headers.insert(HeaderName::try_from(key).unwrap(), value);
        }
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        let fault = openai().fault(status, &headers, response["body"].to_string().as_bytes());
        writeln!(all, "{name}: {fault:#?}").unwrap();
    }
    insta::assert_snapshot!("faults", all);
}

fn fault(status: u16, body: &Value) -> Fault {
    openai().fault(status, &HeaderMap::new(), body.to_string().as_bytes())
}

#[test]
fn c5_quota_limits_models_and_filters_are_told_apart() {
    let quota = json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}});
    let quota = fault(429, &quota);
    assert_eq!((quota.kind, quota.code()), (FaultKind::Quota, "insufficient_quota"));
    assert!(!quota.message().contains("current quota"), "{}", quota.message());
    let limit = json!({"error": {"message": "Rate limit reached for m in organization org-secret", "type": "tokens", "code": "rate_limit_exceeded"}});
    let limit = fault(429, &limit);
    assert_eq!((limit.kind, limit.code()), (FaultKind::RateLimited, "rate_limit_exceeded"));
    assert!(!limit.message().contains("org-secret"), "{}", limit.message());
    let model = json!({"error": {"message": "no such model", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}});
    assert_eq!(fault(400, &model).kind, FaultKind::ModelNotFound);
    assert_eq!(fault(404, &model).kind, FaultKind::ModelNotFound);
    let filter = json!({"error": {"message": "filtered", "code": "content_filter", "param": "prompt", "innererror": {}}});
    let filter = fault(400, &filter);
    assert_eq!((filter.kind, filter.code()), (FaultKind::ContentFilter, "content_filter"));
    let numbered = json!({"error": {"message": "too many", "code": "429"}});
    assert_eq!(fault(429, &numbered).code, None);
    assert_eq!(fault(500, &json!("oops")).kind, FaultKind::Server);
    assert_eq!(openai().fault(502, &HeaderMap::new(), b"<html>").kind, FaultKind::Server);
}

#[test]
fn c7_encrypted_reasoning_is_tagged_when_asked_for_and_taken_out_when_not() {
    let item = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"});
    let body = json!({"id": "r", "status": "completed", "output": [item]}).to_string();
    for asked in [true, false] {
        let mut turn = turn();
        turn.include.encrypted_reasoning = asked;
        let stream = format!(
            "data: {}\n\ndata: {}\n\n",
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            completed(&json!([item]))
        );
        let mut whole = Vec::new();
        openai().decode(&turn, &body.clone().into(), &mut whole).unwrap();
        for deltas in [whole, read_for(&turn, &[stream.into()]).0] {
            let [Item::Reasoning(reasoning)] = items(&deltas)[..] else { panic!("{deltas:?}") };
            let opened = reasoning.encrypted.as_ref().map(|sealed| crate::seal::open("openai/main", sealed));
            assert_eq!(opened, asked.then(|| Some(Text::new("gAAAA"))));
        }
    }
}

#[test]
fn c14_items_and_events_of_unknown_kinds_and_shapes_are_passed_on() {
    let odd = json!({"type": "new_call", "id": "nc_1", "status": 3, "name": {"a": 1}, "output": ["x"], "content": [1], "role": null});
    let (deltas, end) = read_events(&[
        json!({"type": "response.output_item.added", "output_index": 0, "item": odd}),
        json!({"type": "response.new_call.step", "output_index": 0, "item": "x", "part": 7, "delta": {"a": 1}, "code": [], "sequence_number": 2}),
        json!({"type": "keepalive", "sequence_number": 3}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": odd}),
        completed(&json!([odd])),
    ]);
    assert_eq!(end, Ok(()));
    insta::assert_snapshot!("unknown_kinds", shown(&deltas));
    let mut whole = Vec::new();
    let body = json!({"status": "completed", "output": [odd, {"type": "message", "role": "assistant", "content": []}]});
    openai().decode(&turn(), &body.to_string().into(), &mut whole).unwrap();
    let [Item::Other(other), Item::Message(_)] = items(&whole)[..] else { panic!("{whole:?}") };
    assert_eq!((other.kind.as_str(), other.id.as_deref()), ("new_call", Some("nc_1")));
}

#[test]
fn known_events_in_another_shape_are_refused() {
    for event in [
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": {"text": "x"}}),
        json!({"type": "response.output_text.delta", "output_index": 0}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": 7, "role": 1}}),
        json!({"type": "response.completed"}),
        json!({"type": "response.completed", "response": {"status": "queued", "output": []}}),
        json!({"something": "else"}),
    ] {
        let (deltas, end) = read_events(std::slice::from_ref(&event));
        assert!(matches!(end, Err(DecodeError::Malformed(_))), "{event}: {end:?}");
        assert!(ends(&deltas).is_empty());
    }
    assert!(matches!(
        read(&[Bytes::from_static(b"data: upstream timed out\n\n")]).1,
        Err(DecodeError::Malformed(_))
    ));
}

#[test]
fn items_that_no_event_reported_come_from_the_end() {
    let message = |id: &str| json!({"type": "message", "id": id, "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": id}]});
    let (first, second) = (message("msg_1"), message("msg_2"));
    let done = json!({"type": "response.output_item.done", "output_index": 0, "item": first});
    let output = json!([first, second]);
    for events in [vec![completed(&output)], vec![done, completed(&output)]] {
        let (deltas, _) = read_events(&events);
        let ids: Vec<_> = items(&deltas).into_iter().map(Item::id).collect();
        assert_eq!(ids, [Some("msg_1"), Some("msg_2")]);
    }
}

#[test]
fn the_type_may_stand_last_or_beside_the_data() {
    let stream = "event: response.output_text.delta\ndata: {\"output_index\":1,\"delta\":\"a\"}\n\n\
                  data: {\"delta\":\"b\",\"output_index\":1,\"type\":\"response.output_text.delta\"}\n\n: ping\n\ndata:\n\n";
    let (deltas, end) = read(&[stream.into()]);
    assert_eq!(end, Err(DecodeError::Cut));
    let texts: Vec<_> = deltas
        .iter()
        .map(|delta| matches!(delta, Delta::Piece { key: 1, piece: Piece::Text { .. } }))
        .collect();
    assert_eq!(texts, [true, true]);
}

#[test]
fn an_error_ends_the_answer_once_whatever_form_it_has() {
    let flat = json!({"type": "error", "code": "server_error", "message": "boom", "param": null});
    let nested = json!({"type": "error", "error": {"type": "server_error", "code": null, "message": "boom"}});
    let bare = json!({"error": {"type": "server_error", "code": 500, "message": "boom"}});
    let failed = json!({"type": "response.failed", "response": {"status": "failed", "output": [], "error": {"code": "server_error", "message": "boom"}}});
    for first in [flat, nested, bare, failed.clone()] {
        let (deltas, end) = read_events(&[first.clone(), failed.clone()]);
        assert_eq!(end, Ok(()));
        let [End::Failed(failure)] = ends(&deltas)[..] else { panic!("{first}: {deltas:?}") };
        assert_eq!((failure.kind, failure.said.as_deref()), (FaultKind::Server, Some("boom")), "{first}");
    }
    let limit = json!({"type": "error", "code": "rate_limit_exceeded", "message": "limit reached in organization org-secret"});
    let (deltas, _) = read_events(&[limit]);
    let [End::Failed(failure)] = ends(&deltas)[..] else { panic!("{deltas:?}") };
    assert_eq!(failure.kind, FaultKind::RateLimited);
    assert!(!failure.message().contains("org-secret"));
}

#[test]
fn c4_reasons_for_being_incomplete_are_kept() {
    for (reason, expected) in [
        ("max_output_tokens", IncompleteReason::MaxOutputTokens),
        ("content_filter", IncompleteReason::ContentFilter),
        ("newer_reason", IncompleteReason::Other("newer_reason".into())),
    ] {
        let body = json!({"status": "incomplete", "output": [], "incomplete_details": {"reason": reason}});
        let mut deltas = Vec::new();
        openai().decode(&turn(), &body.to_string().into(), &mut deltas).unwrap();
        assert_eq!(ends(&deltas), [&End::Incomplete(expected)]);
    }
}

#[test]
fn b7_usage_is_the_total_and_keeps_what_it_does_not_know() {
    let usage = json!({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10, "audio_tokens": 2},
        "output_tokens": 30, "output_tokens_details": {"reasoning_tokens": 20}, "total_tokens": 130, "cost": 0.5});
    let body = json!({"status": "completed", "output": [], "usage": usage});
    let mut deltas = Vec::new();
    openai().decode(&turn(), &body.to_string().into(), &mut deltas).unwrap();
    let usage = deltas
        .iter()
        .find_map(|delta| if let Delta::Usage(usage) = delta { Some(usage) } else { None })
        .unwrap();
    assert_eq!((usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens), (100, 40, 10));
    assert_eq!((usage.output_tokens, usage.reasoning_tokens, usage.audio_input_tokens), (30, 20, 2));
    assert_eq!(usage.extra.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>(), ["cost"]);
}

#[test]
fn a_newer_phase_and_the_padding_of_deltas_survive() {
    let message =
        json!({"type": "message", "id": "msg_1", "role": "assistant", "phase": "planning", "content": []});
    let (deltas, _) = read_events(&[
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "a", "obfuscation": "xyz"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message}),
    ]);
    let Delta::Piece { piece: Piece::Text { extra, .. }, .. } = &deltas[0] else { panic!("{deltas:?}") };
    assert_eq!(extra[0].0.as_ref(), "obfuscation");
    let [Item::Message(message)] = items(&deltas)[..] else { panic!("{deltas:?}") };
    assert_eq!(message.extra[0].1.raw().as_ref(), b"\"planning\"");
}

#[test]
fn large_texts_are_slices_of_the_event() {
    let text = "x".repeat(5000);
    let event =
        json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text});
    let stream = Bytes::from(format!("data: {event}\n\n"));
    let (deltas, _) = read(std::slice::from_ref(&stream));
    let Delta::Piece { piece: Piece::Text { text, .. }, .. } = &deltas[0] else { panic!("{deltas:?}") };
    assert!(stream.as_ptr_range().contains(&text.literal().as_ptr()));
}

proptest! {
    #[test]
    fn any_text_comes_through_unchanged(plain in any::<String>(), cut in any::<prop::sample::Index>()) {
        let delta = json!({"type": "response.output_text.delta", "output_index": 0, "delta": plain});
        let item = json!({"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": plain}]});
        let done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
        let stream = Bytes::from(format!("data: {delta}\r\n\r\ndata: {done}\r\n\r\ndata: {}\r\n\r\n", completed(&json!([item]))));
        let at = cut.index(stream.len());
        let (deltas, end) = read(&[stream.slice(..at), stream.slice(at..)]);
        prop_assert_eq!(end, Ok(()));
        let Delta::Piece { piece: Piece::Text { text, .. }, .. } = &deltas[0] else { panic!("{deltas:?}") };
        prop_assert_eq!(text.decode(), plain.as_str());
        let [Item::Message(message)] = items(&deltas)[..] else { panic!("{deltas:?}") };
        let [Part::OutputText(part)] = &message.content[..] else { panic!("{message:?}") };
        prop_assert_eq!(part.text.decode(), plain.as_str());
    }
}
