//! Errors: answers with an error status, and errors inside an answer.

use std::fmt::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, End, Fault, FaultKind};
use serde_json::{Value, json};

use super::{chunk, ends, provider, read, read_chunks, read_whole, recordings};

fn headers(fields: &Value) -> HeaderMap {
    let fields = fields.as_object().into_iter().flatten();
    let field = |(key, value): (&String, &Value)| {
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default()).unwrap();
        (HeaderName::try_from(key).unwrap(), value)
    };
    fields.map(field).collect()
}

fn fault(status: u16, body: &Value) -> Fault {
    provider("groq").fault(status, &HeaderMap::new(), body.to_string().as_bytes())
}

fn failure(deltas: &[Delta]) -> Fault {
    let [End::Failed(failure)] = ends(deltas)[..] else { panic!("{deltas:?}") };
    failure.clone()
}

#[test]
fn c5_recorded_errors_keep_their_meaning() {
    let mut all = String::new();
    for (name, recording) in recordings() {
        let response = &recording["response"];
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        if status != 200 {
            let body = response["body"].to_string();
            let fault = provider("openai").fault(status, &headers(&response["headers"]), body.as_bytes());
            writeln!(all, "{name}: {fault:#?}").unwrap();
        }
    }
    insta::assert_snapshot!("faults", all);
}

#[test]
fn c5_statuses_keep_their_meaning_and_only_words_about_the_request_are_shown() {
    for (status, kind) in [
        (400, FaultKind::InvalidRequest),
        (401, FaultKind::Credentials),
        (403, FaultKind::Credentials),
        (404, FaultKind::ModelNotFound),
        (413, FaultKind::TooLarge),
        (422, FaultKind::InvalidRequest),
        (429, FaultKind::RateLimited),
        (498, FaultKind::Overloaded),
        (500, FaultKind::Server),
        (503, FaultKind::Overloaded),
        (529, FaultKind::Overloaded),
    ] {
        let said = json!({"error": {"message": "key of project 7", "type": "some_error", "code": status}});
        let told = fault(status, &said);
        assert_eq!(told.kind, kind, "{status}");
        assert_eq!(told.message().contains("project 7"), matches!(status, 400 | 413 | 422), "{status}");
        let no_api = if status == 404 { FaultKind::Address } else { kind };
        for body in ["", "<html>", "null", "[]", "\"x\"", "{\"error\":null}"] {
            let bare = provider("groq").fault(status, &HeaderMap::new(), body.as_bytes());
            assert_eq!(bare.kind, no_api, "{status} {body}");
        }
    }
}

#[test]
fn c5_the_time_to_wait_is_told() {
    for (fields, expected) in [
        (json!({"retry-after": "12"}), Some(Duration::from_secs(12))),
        (json!({"retry-after": "1", "retry-after-ms": "250"}), Some(Duration::from_millis(250))),
        (json!({"retry-after": "soon"}), None),
        (json!({"retry-after": "-1"}), None),
        (json!({}), None),
    ] {
        let body = b"{\"error\":{\"message\":\"slow down\"}}";
        assert_eq!(provider("openai").fault(429, &headers(&fields), body).after, expected, "{fields}");
    }
}

#[test]
fn c5_a_conversation_that_is_too_long_is_told_as_such() {
    for error in [
        json!({"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}),
        json!({"message": "This model's maximum context length is 8192 tokens.", "type": "BadRequestError", "code": 400}),
        json!({"message": "the prompt does not fit the context window", "code": null}),
    ] {
        assert_eq!(fault(400, &json!({ "error": error })).kind, FaultKind::ContextLength, "{error}");
    }
    // vLLM's older form has no `error` level.
    let flat = json!({"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError", "param": null, "code": 400});
    assert_eq!(fault(400, &flat).kind, FaultKind::ContextLength);
}

#[test]
fn c5_an_error_in_the_middle_fails_the_answer_once() {
    for (error, kind, said) in [
        (json!({"message": "boom", "type": "server_error", "code": null}), FaultKind::Server, Some("boom")),
        (json!({"message": "boom", "type": "api_error", "code": 502}), FaultKind::Server, Some("boom")),
        (json!({"message": "boom", "code": "503"}), FaultKind::Overloaded, Some("boom")),
        (json!({"message": "no", "code": "rate_limit_exceeded"}), FaultKind::RateLimited, Some("no")),
        (json!({"message": "no", "code": 429}), FaultKind::RateLimited, Some("no")),
        (json!({"message": "no", "code": 404}), FaultKind::ModelNotFound, Some("no")),
        (json!("boom"), FaultKind::Server, Some("boom")),
        (json!({}), FaultKind::Server, None),
    ] {
        let choice = json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]);
        let broken = json!({"id": "c", "error": error, "choices": choice});
        let (deltas, end) = read_chunks(&[chunk(&json!({"content": "a"})), broken.clone(), broken.clone()]);
        assert_eq!(end, Ok(()), "{error}");
        let streamed = failure(&deltas);
        assert_eq!((streamed.kind, streamed.said.as_deref()), (kind, said), "{error}");
        assert_eq!(failure(&read_whole(&broken).unwrap()), streamed, "{error}");
    }
}

#[test]
fn c5_an_error_event_is_an_error() {
    let error = json!({"error": {"message": "boom", "code": "server_error"}});
    let (deltas, end) = read(&[format!("event: error\ndata: {error}\n\ndata: [DONE]\n\n").into()]);
    assert_eq!(end, Ok(()));
    assert_eq!(failure(&deltas).said.as_deref(), Some("boom"));
}

#[test]
fn a_body_that_is_no_completion_is_an_error() {
    for body in
        [json!({}), json!({"choices": []}), json!({"choices": null}), json!([]), json!({"choices": [{}]})]
    {
        assert!(read_whole(&body).is_err(), "{body}");
    }
    let mut deltas = Vec::new();
    let cut = provider("groq").decode(&crate::apis::testing::turn(), &"{\"choices\":[".into(), &mut deltas);
    assert!(cut.is_err() && deltas.is_empty());
}
