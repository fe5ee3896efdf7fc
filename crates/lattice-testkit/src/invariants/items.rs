//! The lifecycles of items and of their parts.

use serde_json::Value;

/// All items of a stream so far.
#[derive(Default)]
pub(super) struct Items(Vec<Item>);

struct Item {
    id: String,
    kind: String,
    parts: Vec<Part>,
    summaries: Vec<Part>,
    arguments: String,
    arguments_done: bool,
    /// As `output_item.done` told it.
    done: Option<Value>,
}

#[derive(Default)]
struct Part {
    is_known: bool,
    text: String,
    annotations: usize,
    text_done: bool,
    done: Option<Value>,
}

type Wrong = Vec<String>;

/// Events about what is inside an item.
const KINDS: &[&str] = &[
    "response.content_part.added",
    "response.content_part.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_text.annotation.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.reasoning.delta",
    "response.reasoning.done",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.refusal.delta",
    "response.refusal.done",
];

impl Items {
    /// Takes in one event that is about an item.
    pub(super) fn event(&mut self, kind: &str, event: &Value) -> Wrong {
        match kind {
            "response.output_item.added" => self.added(event),
            "response.output_item.done" => self.done(event),
            _ if kind.starts_with("response.") => self.inside(kind, event),
            _ => Wrong::new(),
        }
    }

    fn added(&mut self, event: &Value) -> Wrong {
        let mut wrong = Wrong::new();
        let item = &event["item"];
        if index(event, "output_index") != Some(self.0.len()) {
            wrong.push(format!("output_index is {}, not {}", event["output_index"], self.0.len()));
        }
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        if id.is_empty() || self.0.iter().any(|other| other.id == id) {
            wrong.push(format!("the item's id {id:?} is empty or was used before"));
        }
        // One of an unknown kind may come whole.
        let is_known = matches!(item["type"].as_str(), Some("message" | "function_call" | "reasoning"));
        if is_known && item["status"].as_str().is_some_and(|status| status != "in_progress") {
            wrong.push(format!("an added item is {}", item["status"]));
        }
        for filled in ["content", "summary"] {
            if item[filled].as_array().is_some_and(|parts| !parts.is_empty()) {
                wrong.push(format!("an added item already has {filled}"));
            }
        }
        self.0.push(Item {
            id,
            kind: item["type"].as_str().unwrap_or_default().to_owned(),
            parts: Vec::new(),
            summaries: Vec::new(),
            arguments: item["arguments"].as_str().unwrap_or_default().to_owned(),
            arguments_done: false,
            done: None,
        });
        wrong
    }

    /// The open item that an event is about.
    fn open(&mut self, event: &Value) -> Result<&mut Item, String> {
        let place = index(event, "output_index");
        let item = place.and_then(|place| self.0.get_mut(place));
        let item =
            item.ok_or_else(|| format!("no item was added at output_index {}", event["output_index"]))?;
        let said = event["item_id"].as_str().or_else(|| event["item"]["id"].as_str());
        if said != Some(item.id.as_str()) {
            return Err(format!("the item at {} is {}, not {said:?}", event["output_index"], item.id));
        }
        if item.done.is_some() {
            return Err(format!("{} comes after the item was done", event["type"]));
        }
        Ok(item)
    }

    fn done(&mut self, event: &Value) -> Wrong {
        match self.open(event) {
            Ok(item) => item.finish(&event["item"]),
            Err(wrong) => vec![wrong],
        }
    }

    fn inside(&mut self, kind: &str, event: &Value) -> Wrong {
        // An extension of the provider's has rules of its own.
        if !KINDS.contains(&kind) {
            return Wrong::new();
        }
        let item = match self.open(event) {
            Ok(item) => item,
            Err(wrong) => return vec![wrong],
        };
        match kind {
            "response.function_call_arguments.delta" => item.arguments_delta(event),
            "response.function_call_arguments.done" => item.arguments_are(event),
            "response.content_part.added" => add(&mut item.parts, event, "content_index"),
            "response.reasoning_summary_part.added" => add(&mut item.summaries, event, "summary_index"),
            _ if kind.starts_with("response.reasoning_summary") => {
                part(&mut item.summaries, event, "summary_index", kind)
            }
            _ => part(&mut item.parts, event, "content_index", kind),
        }
    }

    /// Compares with the final response.
    pub(super) fn finish(&self, status: &str, output: &Value) -> Wrong {
        let mut wrong = Wrong::new();
        let output = output.as_array().map(Vec::as_slice).unwrap_or_default();
        if output.len() != self.0.len() {
            wrong.push(format!("{} items were streamed and the response has {}", self.0.len(), output.len()));
        }
        for (index, (item, last)) in self.0.iter().zip(output).enumerate() {
            match &item.done {
                None => wrong.push(format!("item {index} was never done")),
                Some(done) if done != last => {
                    wrong.push(format!("item {index} is {last} in the response and was done as {done}"));
                }
                Some(_) => {}
            }
            let state = last["status"].as_str();
            // Where an answer failed, all that was being made then is cut short.
            let may_be_cut = match status {
                "completed" => false,
                "incomplete" => index + 1 == output.len(),
                _ => true,
            };
            if state == Some("in_progress") || (state == Some("incomplete") && !may_be_cut) {
                wrong.push(format!("item {index} is {state:?} in a response that is {status}"));
            }
        }
        wrong
    }
}

impl Item {
    fn arguments_delta(&mut self, event: &Value) -> Wrong {
        self.arguments.push_str(event["delta"].as_str().unwrap_or_default());
        if self.kind != "function_call" || self.arguments_done {
            return vec![format!("arguments for a {} or after their end", self.kind)];
        }
        Wrong::new()
    }

    fn arguments_are(&mut self, event: &Value) -> Wrong {
        if std::mem::replace(&mut self.arguments_done, true) {
            return vec!["the arguments were done before".to_owned()];
        }
        if event["arguments"].as_str() != Some(self.arguments.as_str()) {
            return vec![format!(
                "arguments are {} and their deltas {:?}",
                event["arguments"], self.arguments
            )];
        }
        Wrong::new()
    }

    fn finish(&mut self, last: &Value) -> Wrong {
        let mut wrong = Wrong::new();
        if last["type"].as_str() != Some(self.kind.as_str()) {
            wrong.push(format!("a {} was done as {}", self.kind, last["type"]));
        }
        if self.kind == "function_call" {
            if !self.arguments_done {
                wrong.push("a call was done before its arguments".to_owned());
            }
            if last["arguments"].as_str() != Some(self.arguments.as_str()) {
                wrong.push(format!(
                    "the call has {} and its deltas were {:?}",
                    last["arguments"], self.arguments
                ));
            }
        }
        for (name, parts) in [("content", &self.parts), ("summary", &self.summaries)] {
            let last = last[name].as_array().map(Vec::as_slice).unwrap_or_default();
            if last.len() != parts.len() {
                wrong.push(format!(
                    "{} {name} parts were streamed and the item has {}",
                    parts.len(),
                    last.len()
                ));
            }
            for (part, last) in parts.iter().zip(last) {
                match &part.done {
                    None => wrong.push(format!("a {name} part was never done: {:?}", part.text)),
                    Some(done) if done != last => {
                        wrong.push(format!("a {name} part is {last} in the item and was done as {done}"));
                    }
                    Some(_) => {}
                }
            }
        }
        self.done = Some(last.clone());
        wrong
    }
}

fn index(event: &Value, name: &str) -> Option<usize> {
    event[name].as_u64().and_then(|index| usize::try_from(index).ok())
}

fn add(parts: &mut Vec<Part>, event: &Value, name: &str) -> Wrong {
    let mut wrong = Wrong::new();
    if index(event, name) != Some(parts.len()) {
        wrong.push(format!("{name} is {}, not {}", event[name], parts.len()));
    }
    if parts.last().is_some_and(|part| part.done.is_none()) {
        wrong.push("a part is added while another is open".to_owned());
    }
    // One of an unknown kind comes whole: there are no deltas for it.
    let is_known = matches!(
        event["part"]["type"].as_str(),
        Some("output_text" | "refusal" | "reasoning_text" | "summary_text")
    );
    if is_known && !text_of(&event["part"]).is_empty() {
        wrong.push("an added part already has text".to_owned());
    }
    parts.push(Part { is_known, ..Part::default() });
    wrong
}

fn part(parts: &mut [Part], event: &Value, name: &str, kind: &str) -> Wrong {
    let Some(part) = index(event, name).and_then(|index| parts.get_mut(index)) else {
        return vec![format!("{kind}: no part was added at {name} {}", event[name])];
    };
    if part.done.is_some() {
        return vec![format!("{kind} comes after the part was done")];
    }
    if kind.ends_with("annotation.added") {
        let expected = part.annotations;
        part.annotations += 1;
        return match index(event, "annotation_index") {
            Some(index) if index == expected => Wrong::new(),
            _ => vec![format!("annotation_index is {}, not {expected}", event["annotation_index"])],
        };
    }
    if kind.ends_with("_part.done") {
        part.done = Some(event["part"].clone());
        if !part.is_known {
            return Wrong::new();
        }
        let annotations = event["part"]["annotations"].as_array().map_or(0, Vec::len);
        let mut wrong = Wrong::new();
        if !part.text_done {
            wrong.push("a part was done before its text".to_owned());
        }
        if text_of(&event["part"]) != part.text || annotations != part.annotations {
            wrong.push(format!("the part is {} and its deltas were {:?}", event["part"], part.text));
        }
        return wrong;
    }
    if part.text_done {
        return vec![format!("{kind} comes after the text was done")];
    }
    if kind.rsplit('.').next() == Some("delta") {
        part.text.push_str(event["delta"].as_str().unwrap_or_default());
        return Wrong::new();
    }
    part.text_done = true;
    if text_of(event) == part.text {
        return Wrong::new();
    }
    vec![format!("{kind} says {:?} and the deltas were {:?}", text_of(event), part.text)]
}

/// The text of a part or of a `done` event.
fn text_of(value: &Value) -> &str {
    value["text"].as_str().or_else(|| value["refusal"].as_str()).unwrap_or_default()
}
