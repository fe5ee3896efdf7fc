//! The recorded exchanges, read whole, in pieces and cut; and what turns become.

use std::fmt::Write;

use bytes::Bytes;
use http::HeaderMap;
use lattice_model::{Delta, End, FaultKind, Item, Text, Turn};
use serde_json::{Value, json};

use crate::apis::testing::{self, shown, turn};
use crate::error::DecodeError;
use crate::provider::{Credential, Provider};
use crate::settings::Settings;

mod counts;
mod requests;

fn google() -> Box<dyn Provider> {
    crate::build(&Settings::with("main", "google", &[("api_key", "key")]).unwrap()).unwrap()
}

fn vertex(api_key: Option<&str>) -> Box<dyn Provider> {
    let place = [("project", "acme"), ("location", "europe-west4")];
    let values = api_key.map_or_else(|| place.to_vec(), |key| vec![("api_key", key)]);
    crate::build(&Settings::with("main", "vertexai", &values).unwrap()).unwrap()
}

fn recordings() -> Vec<(String, Value)> {
    let mut found = testing::recordings("gemini", |_| true);
    found.extend(testing::recordings("vertex", |_| true));
    found
}

fn streams() -> Vec<(String, Bytes)> {
    testing::streams(recordings())
}

/// Each call to a new provider: the same conversation, the same deltas.
fn read(chunks: &[Bytes]) -> (Vec<Delta>, Result<(), DecodeError>) {
    testing::read(&*google(), &turn(), chunks)
}

#[test]
fn streams_read_the_same_however_they_are_cut() {
    for (name, stream) in streams() {
        let (whole, end) = read(std::slice::from_ref(&stream));
        assert_eq!(end, Ok(()), "{name}");
        let bytes: Vec<Bytes> = (0..stream.len()).map(|at| stream.slice(at..=at)).collect();
        assert_eq!(read(&bytes), (whole.clone(), Ok(())), "{name} byte by byte");
        let step = (stream.len() / 500).max(1);
        for at in (0..stream.len()).step_by(step) {
            assert_eq!(read(&[stream.slice(..at), stream.slice(at..)]).0, whole, "{name} cut at {at}");
        }
        insta::assert_snapshot!(name, shown(&whole));
    }
}

#[test]
fn a_stream_that_stops_is_an_answer_or_an_error_but_never_silence() {
    for (name, stream) in streams() {
        let step = (stream.len() / 500).max(1);
        for at in (0..stream.len()).step_by(step) {
            let (deltas, end) = read(&[stream.slice(..at)]);
            let ends = deltas.iter().filter(|delta| matches!(delta, Delta::End(_))).count();
            assert!(end.is_err() || ends == 1, "{name} stopped at {at}");
        }
    }
}

#[test]
fn recorded_answers_read() {
    for (name, recording) in recordings() {
        let body = &recording["response"]["body"];
        // A client of its own that asks for numbers in place of words; the gateway does not.
        let numbers = recording["request"]["query"].get("$alt").is_some();
        if numbers
            || body.is_null()
            || recording["response"]["status"] != 200
            || name == "gemini_count_tokens"
        {
            continue;
        }
        let mut deltas = Vec::new();
        let body = Bytes::from(serde_json::to_vec_pretty(body).unwrap());
        google().decode(&turn(), &body.into(), &mut deltas).unwrap();
        insta::assert_snapshot!(name, shown(&deltas));
    }
}

#[test]
fn c5_errors_keep_their_meaning() {
    let mut shown = String::new();
    for (name, recording) in recordings() {
        let status = recording["response"]["status"].as_u64().unwrap();
        if status != 200 {
            let body = recording["response"]["body"].to_string();
            let status = u16::try_from(status).unwrap();
            let fault = google().fault(status, &HeaderMap::new(), body.as_bytes());
            writeln!(shown, "{name}: {fault:#?}").unwrap();
        }
    }
    insta::assert_snapshot!("faults", shown);
    let body = json!([{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}}]);
    let fault = google().fault(400, &HeaderMap::new(), body.to_string().as_bytes());
    assert_eq!(fault.kind, FaultKind::Credentials);
    let body = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}});
    let fault = google().fault(400, &HeaderMap::new(), body.to_string().as_bytes());
    assert_eq!(fault.kind, FaultKind::ContextLength);
}

#[test]
fn c4_finish_reasons_map() {
    let end = |reason: &str| {
        let event = json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": reason}]});
        match read(&[format!("data: {event}\n\n").into()]).0.pop() {
            Some(Delta::End(end)) => end,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(end("STOP"), End::Completed);
    assert!(matches!(end("MAX_TOKENS"), End::Incomplete(reason) if reason.as_str() == "max_output_tokens"));
    assert!(matches!(end("SAFETY"), End::Incomplete(reason) if reason.as_str() == "content_filter"));
    assert!(matches!(end("MALFORMED_FUNCTION_CALL"), End::Failed(_)));
    assert!(matches!(end("NEW"), End::Incomplete(reason) if reason.as_str() == "new"));
}

#[test]
fn an_error_in_the_middle_fails_the_answer() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\ndata: {\"error\":{\"code\":503,\"message\":\"overloaded\",\"status\":\"UNAVAILABLE\"}}\n\n";
    let (deltas, end) = read(&[stream.into()]);
    assert_eq!(end, Ok(()));
    assert!(
        matches!(deltas.last(), Some(Delta::End(End::Failed(failure))) if failure.kind == FaultKind::Overloaded)
    );
}

#[test]
fn vertex_needs_a_project_or_a_key() {
    let none = Settings::new("main", "vertexai").unwrap();
    assert_eq!(crate::build(&none).unwrap_err().setting, "project");
    assert!(matches!(vertex(None).credential(), Credential::Bearer(_)));
    assert!(matches!(vertex(Some("k")).credential(), Credential::InHeaders));
}
