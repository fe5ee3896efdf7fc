//! The recorded exchanges with Anthropic and Azure, read whole and in streams; and what turns become.

use std::fmt::Write;

use http::HeaderMap;
use serde_json::Value;

use crate::apis::testing::{self, shown, turn};
use crate::provider::Provider;
use crate::settings::Settings;

mod counts;
mod refusals;
mod requests;

fn claude(more: &[(&str, &str)]) -> Box<dyn Provider> {
    let values = [&[("api_key", "key")], more].concat();
    crate::build(&Settings::with("main", "anthropic", &values).unwrap()).unwrap()
}

/// All of Anthropic's and of Azure's.
fn recordings() -> Vec<(String, Value)> {
    let mut found = testing::recordings("anthropic", |_| true);
    found.extend(testing::recordings("azure-anthropic", |_| true));
    assert!(found.len() > 40);
    found
}

#[test]
fn streams_report_what_was_recorded() {
    for (name, stream) in testing::streams(recordings()) {
        let (deltas, end) = testing::read(&*claude(&[]), &turn(), &[stream]);
        let is_cut = end.is_err();
        assert_eq!(is_cut, name.ends_with("truncated_connection"), "{name}");
        insta::assert_snapshot!(name, shown(&deltas));
    }
}

#[test]
fn whole_answers_report_what_was_recorded() {
    for (name, recording) in recordings() {
        let response = &recording["response"];
        if response["status"] != 200 || response["body"]["type"] != "message" {
            continue;
        }
        let mut deltas = Vec::new();
        claude(&[]).decode(&turn(), &response["body"].to_string().into(), &mut deltas).unwrap();
        insta::assert_snapshot!(name, shown(&deltas));
    }
}

#[test]
fn c5_errors_keep_their_meaning() {
    let mut shown = String::new();
    for (name, recording) in recordings() {
        let response = &recording["response"];
        if response["status"] != 200 {
            let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
            let fault = claude(&[]).fault(status, &HeaderMap::new(), response["body"].to_string().as_bytes());
            writeln!(shown, "{name}: {fault:#?}").unwrap();
        }
    }
    insta::assert_snapshot!("faults", shown);
}
