//! Errors: answers with an error status, and errors inside an answer.

use std::fmt::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use lattice_model::{Delta, End, Failure};
use serde_json::{Value, json};

use super::{chunk, ends, provider, read, read_chunks, read_whole, recordings};
use crate::Fault;
use crate::fault::FaultKind;

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

fn failure(deltas: &[Delta]) -> Failure {
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
            let mut fault = provider("openai").fault(status, &headers(&response["headers"]), body.as_bytes());
            fault.detail.truncate(60);
            writeln!(all, "{name}: {fault:#?}").unwrap();
        }
    }
    insta::assert_snapshot!("faults", all);
}

#[test]
fn c5_statuses_keep_their_meaning_and_secrets_are_not_told() {
    for (status, kind) in [
        (400, FaultKind::InvalidRequest),
        (401, FaultKind::Credentials),
        (403, FaultKind::Credentials),
        (404, FaultKind::NotFound),
        (413, FaultKind::TooLarge),
        (422, FaultKind::InvalidRequest),
        (429, FaultKind::RateLimited),
        (498, FaultKind::InvalidRequest),
        (500, FaultKind::Server),
        (503, FaultKind::Overloaded),
    ] {
        let said = json!({"error": {"message": "key sk-secret1 of project 7", "type": "some_error", "code": status}});
        let told = fault(status, &said);
        assert_eq!(told.kind, kind, "{status}");
        assert!(!told.message.contains("sk-secret1"), "{}", told.message);
        assert_eq!(
            told.message.contains("project 7"),
            matches!(status, 400 | 404 | 413 | 422 | 498),
            "{status}"
        );
        for body in ["", "<html>", "null", "[]", "\"x\"", "{\"error\":null}", "{\"error\":{\"message\":{}}}"]
        {
            let bare = provider("groq").fault(status, &HeaderMap::new(), body.as_bytes());
            assert_eq!(bare.kind, kind, "{status} {body}");
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
        assert_eq!(provider("openai").fault(429, &headers(&fields), body).retry_after, expected, "{fields}");
    }
}

#[test]
fn c5_a_conversation_that_is_too_long_is_told_as_such() {
    for error in [
        json!({"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}),
        json!({"message": "This model's maximum context length is 8192 tokens.", "type": "BadRequestError", "code": 400}),
        json!({"message": "the prompt does not fit the context window", "code": null}),
    ] {
        let fault = fault(400, &json!({ "error": error }));
        assert_eq!(fault.kind, FaultKind::InvalidRequest, "{error}");
        assert_eq!(fault.code.as_deref(), Some("context_length_exceeded"), "{error}");
    }
    // vLLM's older form has no `error` level.
    let flat = json!({"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError", "param": null, "code": 400});
    assert_eq!(fault(400, &flat).code.as_deref(), Some("context_length_exceeded"));
}

#[test]
fn c5_an_error_in_the_middle_fails_the_answer_once() {
    for (error, code, message) in [
        (json!({"message": "boom", "type": "server_error", "code": null}), "server_error", "boom"),
        (json!({"message": "boom", "type": "api_error", "code": 502}), "api_error", "boom"),
        (json!({"message": "boom", "code": "502"}), "server_error", "boom"),
        (json!({"message": "too many", "code": "rate_limit_exceeded"}), "rate_limit_exceeded", "too many"),
        (json!("boom"), "server_error", "boom"),
        (json!({}), "server_error", "the provider failed"),
    ] {
        let choice = json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]);
        let broken = json!({"id": "c", "error": error, "choices": choice});
        let (deltas, end) = read_chunks(&[chunk(&json!({"content": "a"})), broken.clone(), broken.clone()]);
        assert_eq!(end, Ok(()), "{error}");
        let streamed = failure(&deltas);
        assert_eq!((streamed.code.as_str(), streamed.message.as_str()), (code, message), "{error}");
        assert_eq!(failure(&read_whole(&broken).unwrap()), streamed, "{error}");
    }
}

#[test]
fn c5_an_error_event_is_an_error() {
    let error = json!({"error": {"message": "boom", "code": "server_error"}});
    let (deltas, end) = read(&[format!("event: error\ndata: {error}\n\ndata: [DONE]\n\n").into()]);
    assert_eq!(end, Ok(()));
    assert_eq!(failure(&deltas).message, "boom");
}

#[test]
fn c5_secrets_in_an_answers_error_are_for_the_log_only() {
    let error = json!({"error": {"message": "bad key sk-secret1", "code": "invalid_api_key"}});
    let (deltas, _) = read_chunks(&[error]);
    let failure = failure(&deltas);
    assert!(!failure.message.contains("sk-secret1") && failure.detail.contains("sk-secret1"));
}

#[test]
fn a_body_that_is_no_completion_is_an_error() {
    for body in
        [json!({}), json!({"choices": []}), json!({"choices": null}), json!([]), json!({"choices": [{}]})]
    {
        assert!(read_whole(&body).is_err(), "{body}");
    }
    let mut deltas = Vec::new();
    let cut = provider("groq").decode(&crate::openai::tests::turn(), &"{\"choices\":[".into(), &mut deltas);
    assert!(cut.is_err() && deltas.is_empty());
}
