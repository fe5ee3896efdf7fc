//! The rules of a stream (C1), checked over the bytes of a whole one: order of events, dense numbers, one lifecycle per item
//! and part, deltas that add up to what the end says, and exactly one terminal event before `[DONE]`.

mod frames;
mod items;
#[cfg(test)]
mod mutations;

use serde_json::Value;

pub use frames::{Frame, frames};
use items::Items;

/// Every rule that the stream breaks, in the order of its events; empty if it keeps all.
pub fn check(stream: &str) -> Vec<String> {
    let mut found = Vec::new();
    let frames = frames(stream, &mut found);
    let mut checker = Checker { found, ..Checker::default() };
    for frame in &frames {
        checker.frame(frame);
    }
    checker.end();
    checker.found
}

/// The events of a stream without `[DONE]`.
pub fn events(stream: &str) -> Vec<Value> {
    let frames = frames(stream, &mut Vec::new());
    frames.into_iter().filter_map(|frame| frame.event).collect()
}

/// The response object of the terminal event.
pub fn last_response(stream: &str) -> Option<Value> {
    events(stream).into_iter().rev().find_map(|mut event| event.get_mut("response").map(Value::take))
}

#[derive(Default)]
struct Checker {
    found: Vec<String>,
    /// How many events were seen.
    count: u64,
    first: Option<Value>,
    progressed: bool,
    /// The type of the terminal event, once it came.
    terminal: Option<String>,
    errored: bool,
    done: bool,
    items: Items,
}

const TERMINAL: [&str; 3] = ["response.completed", "response.incomplete", "response.failed"];

impl Checker {
    fn broken(&mut self, rule: impl Into<String>) {
        self.found.push(format!("event {}: {}", self.count, rule.into()));
    }

    fn frame(&mut self, frame: &Frame) {
        if self.done {
            self.broken("something comes after [DONE]");
        }
        let Some(event) = &frame.event else {
            self.done = true;
            if self.terminal.is_none() {
                self.broken("[DONE] comes before a terminal event");
            }
            return;
        };
        let kind = event["type"].as_str().unwrap_or_default();
        if frame.name.as_deref() != Some(kind) {
            self.broken(format!("`event:` says {:?} and `type` says {kind:?}", frame.name));
        }
        if event["sequence_number"].as_u64() != Some(self.count) {
            self.broken(format!("sequence_number is {}, not {}", event["sequence_number"], self.count));
        }
        if let Some(terminal) = self.terminal.clone() {
            self.broken(format!("{kind} comes after {terminal}"));
        }
        self.order(kind, event);
        self.count += 1;
    }

    fn order(&mut self, kind: &str, event: &Value) {
        match (self.count, kind) {
            (0, "response.created") => {
                self.first = Some(event["response"].clone());
                self.status(event, &["queued", "in_progress"]);
            }
            (0, _) => self.broken(format!("the first event is {kind}, not response.created")),
            (_, "response.created") => self.broken("a second response.created"),
            (1, "response.queued") => self.snapshot(event),
            (1 | 2, "response.in_progress") if !self.progressed => {
                self.progressed = true;
                self.snapshot(event);
                self.status(event, &["in_progress"]);
            }
            (_, "response.in_progress" | "response.queued") => self.broken(format!("{kind} out of order")),
            (_, "error") => self.errored = true,
            (_, kind) if TERMINAL.contains(&kind) => self.terminal(kind, event),
            _ => {
                if !self.progressed {
                    self.broken(format!("{kind} comes before response.in_progress"));
                }
                if self.errored {
                    self.broken(format!("{kind} comes after an error event"));
                }
                let mut wrong = self.items.event(kind, event);
                for wrong in wrong.drain(..) {
                    self.broken(wrong);
                }
            }
        }
    }

    fn terminal(&mut self, kind: &str, event: &Value) {
        self.snapshot(event);
        let status = kind.trim_start_matches("response.");
        self.status(event, &[status]);
        let response = &event["response"];
        if self.errored && status != "failed" {
            self.broken(format!("{kind} ends a stream with an error event"));
        }
        if status == "failed" && !response["error"].is_object() {
            self.broken("response.failed has no error");
        }
        if status != "failed" && !response["error"].is_null() {
            self.broken(format!("{kind} has an error"));
        }
        if (status == "incomplete") != response["incomplete_details"].is_object() {
            self.broken("incomplete_details and the status do not agree");
        }
        for wrong in self.items.finish(status, &response["output"]) {
            self.broken(wrong);
        }
        self.terminal = Some(kind.to_owned());
    }

    /// What every snapshot of the response has in common (C2).
    fn snapshot(&mut self, event: &Value) {
        let Some(first) = self.first.clone() else { return };
        for field in [
            "id",
            "object",
            "created_at",
            "model",
            "previous_response_id",
            "instructions",
            "metadata",
            "tools",
            "text",
        ] {
            if first[field] != event["response"][field] {
                self.broken(format!("{field} was {} and is now {}", first[field], event["response"][field]));
            }
        }
    }

    fn status(&mut self, event: &Value, allowed: &[&str]) {
        let status = event["response"]["status"].as_str().unwrap_or("missing");
        if !allowed.contains(&status) {
            self.broken(format!("the response's status is {status} in {}", event["type"]));
        }
    }

    fn end(&mut self) {
        if self.terminal.is_none() {
            self.broken("the stream ends without a terminal event");
        }
        if !self.done {
            self.broken("the stream ends without [DONE]");
        }
    }
}
