//! The frames of an event stream, read strictly: what the gateway writes has one form.

use serde_json::Value;

/// One frame.
#[derive(Debug)]
pub struct Frame {
    /// What its `event:` line says.
    pub name: Option<String>,
    /// Its data; `None` for `[DONE]`.
    pub event: Option<Value>,
}

/// Splits a stream. Comments are passed over; whatever else is not a frame of the standard is reported.
pub fn frames(stream: &str, found: &mut Vec<String>) -> Vec<Frame> {
    let mut frames = Vec::new();
    if !stream.is_empty() && !stream.ends_with("\n\n") {
        found.push("the stream ends inside a frame".to_owned());
    }
    for block in stream.split("\n\n") {
        let (mut name, mut data) = (None, None);
        for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
            match line.split_once(": ") {
                Some(("event", value)) if name.is_none() => name = Some(value.to_owned()),
                Some(("data", value)) if data.is_none() => data = Some(value),
                _ => found.push(format!("not a line of the standard: {line:?}")),
            }
        }
        match data {
            Some("[DONE]") => frames.push(Frame { name, event: None }),
            Some(data) => match serde_json::from_str(data) {
                Ok(event) => frames.push(Frame { name, event: Some(event) }),
                Err(error) => found.push(format!("data is not JSON ({error}): {data:?}")),
            },
            None if name.is_some() => found.push(format!("a frame without data: {block:?}")),
            None => {}
        }
    }
    frames
}
