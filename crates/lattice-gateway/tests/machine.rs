//! The state machine against anything a provider may say, in any order (C1).
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::sync::Arc;

use lattice_gateway::{Clock, Machine};
use lattice_model::{
    Closing, Delta, End, Event, Fault, FaultKind, IncompleteReason, Item, Opening, Outcome, Part, Piece,
    ReasoningKind, Status, Text, TextBuilder, ToolChoice, ToolMode, Turn, Usage, What,
};
use proptest::prelude::*;

/// A clock that stands still.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn seconds(&self) -> i64 {
        2
    }

    #[expect(clippy::disallowed_methods, reason = "nothing is measured by it")]
    fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    fn id(&self) -> String {
        "00112233445566778899aabbccddeeff".to_owned()
    }
}

fn turn(tool_choice: Option<ToolChoice>) -> Turn {
    Turn {
        tool_choice,
        stream: true,
        ..Turn::new("resp_00112233445566778899aabbccddeeff".into(), 1, "m".into(), Vec::new())
    }
}

fn run(deltas: Vec<Delta>, tool_choice: Option<ToolChoice>) -> Vec<Event> {
    let mut machine = Machine::new(Arc::new(turn(tool_choice)), "p".into(), Arc::new(Stopped));
    let mut events = Vec::new();
    for delta in deltas {
        machine.take(delta, &mut events);
    }
    machine.end_if_open(&mut events);
    assert!(machine.is_closing());
    machine.conclude(Ok(None), &mut events);
    assert!(machine.is_over());
    events
}

/// Checks how a stream begins, is numbered, and ends.
fn check_frame(events: &[Event]) {
    assert!(matches!(events[0].what, What::Created(_)), "created comes first");
    assert!(matches!(events[1].what, What::InProgress(_)), "in_progress comes second");
    for (number, event) in (0..).zip(events) {
        assert_eq!(event.number, number, "events are numbered without gaps");
    }
    let terminals = events.iter().filter(|event| matches!(event.what, What::Ended(_))).count();
    assert_eq!(terminals, 1, "exactly one terminal event");
}

/// Checks what every stream promises and returns the final response.
fn check(events: &[Event]) -> Arc<lattice_model::Response> {
    check_frame(events);
    let mut added = 0_u32;
    let mut open: HashMap<u32, TextBuilder> = HashMap::new();
    let mut part_open: HashMap<u32, u32> = HashMap::new();
    let mut done: HashMap<u32, Arc<Item>> = HashMap::new();
    let mut part_text = TextBuilder::default();
    for event in &events[2..] {
        match &event.what {
            What::ItemAdded { output_index, item } => {
                assert_eq!(*output_index, added, "indices are dense");
                assert!(item.id().is_some());
                added += 1;
                open.insert(*output_index, TextBuilder::default());
            }
            What::PartAdded { at, .. } | What::ReasoningPartAdded { at, .. } => {
                assert!(open.contains_key(&at.output_index), "a part opens in an open item");
                assert!(part_open.insert(at.output_index, at.part).is_none(), "one part at a time");
                part_text = TextBuilder::default();
            }
            What::TextDelta { at, text, .. }
            | What::RefusalDelta { at, text }
            | What::ReasoningDelta { at, text, .. } => {
                assert_eq!(part_open.get(&at.output_index), Some(&at.part), "a delta's part is open");
                if part_open.len() == 1 {
                    part_text.push(text);
                }
            }
            What::ArgumentsDelta { at, text, .. } => {
                open.get_mut(&at.output_index).unwrap().push(text);
            }
            What::ArgumentsDone { at, arguments, .. } => {
                assert_eq!(open.get_mut(&at.output_index).unwrap().take(), *arguments, "deltas add up");
            }
            What::PartDone { at, .. } | What::ReasoningPartDone { at, .. } => {
                assert_eq!(part_open.remove(&at.output_index), Some(at.part));
            }
            What::ItemDone { output_index, item } => {
                assert!(open.remove(output_index).is_some(), "an item ends once");
                assert!(!part_open.contains_key(output_index), "its parts ended before");
                done.insert(*output_index, Arc::clone(item));
            }
            What::Created(_) | What::InProgress(_) => panic!("twice"),
            _ => {}
        }
    }
    assert!(open.is_empty() && part_open.is_empty(), "everything that opened has ended");
    let Some(What::Ended(response)) = events.last().map(|event| &event.what) else {
        panic!("the terminal event is the last one")
    };
    assert_eq!(response.output.len(), done.len());
    for (index, item) in response.output.iter().enumerate() {
        assert_eq!(item, &done[&u32::try_from(index).unwrap()], "the response holds what item.done said");
    }
    assert_eq!(response.completed_at, (response.outcome == Outcome::Completed).then_some(2));
    assert_ne!(response.outcome, Outcome::InProgress);
    Arc::clone(response)
}

fn text(key: u32, part: u32, text: &str) -> Delta {
    Delta::Piece {
        key,
        piece: Piece::Text { part, text: Text::new(text), logprobs: None, extra: Vec::new() },
    }
}

fn arguments(key: u32, text: &str) -> Delta {
    Delta::Piece { key, piece: Piece::Arguments { text: Text::new(text), extra: Vec::new() } }
}

fn call(key: u32, name: &str) -> Delta {
    let item = Opening::FunctionCall { id: None, call_id: format!("call_{key}"), name: name.into() };
    Delta::Piece { key, piece: Piece::Open(item) }
}

fn message(key: u32) -> Delta {
    Delta::Piece { key, piece: Piece::Open(Opening::Message { id: None, phase: None }) }
}

fn close(key: u32) -> Delta {
    Delta::Piece { key, piece: Piece::Close(Closing::default()) }
}

#[test]
fn c3_calls_interleaved_over_chunks_stay_apart() {
    let deltas = vec![
        call(0, "a"),
        call(1, "b"),
        arguments(0, "{\"x\":"),
        arguments(1, "{\"y\":"),
        arguments(0, "1}"),
        arguments(1, "2}"),
        Delta::End(End::Completed),
    ];
    let response = check(&run(deltas, None));
    let arguments: Vec<_> = response
        .output
        .iter()
        .map(|item| match &**item {
            Item::FunctionCall(call) => call.arguments.decode().into_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(arguments, ["{\"x\":1}", "{\"y\":2}"]);
}

#[test]
fn c3_a_call_without_arguments_has_an_empty_object() {
    let events = run(vec![call(0, "a"), close(0), Delta::End(End::Completed)], None);
    check(&events);
    let streamed: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::ArgumentsDelta { text, .. } => Some(text.decode().into_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(streamed, ["{}"]);
}

#[test]
fn c4_an_item_that_ran_out_of_budget_is_incomplete_also_when_it_was_closed_before() {
    let end = Delta::End(End::Incomplete(IncompleteReason::MaxOutputTokens));
    let response = check(&run(
        vec![message(0), text(0, 0, "x"), close(0), message(1), text(1, 0, "y"), close(1), end],
        None,
    ));
    let statuses: Vec<_> = response
        .output
        .iter()
        .map(|item| match &**item {
            Item::Message(message) => message.status,
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [Some(Status::Completed), Some(Status::Incomplete)]);
}

#[test]
fn allowed_tools_are_a_hard_constraint() {
    let choice = ToolChoice::Allowed { mode: ToolMode::Auto, names: vec!["a".into()] };
    let events = run(vec![call(0, "a"), close(0), call(1, "b"), Delta::End(End::Completed)], Some(choice));
    let response = check(&events);
    assert_eq!(response.output.len(), 1);
    assert!(matches!(&response.outcome, Outcome::Failed(error) if error.code == "tool_not_allowed"));
}

#[test]
fn a_source_that_merely_stops_is_a_failure() {
    let events = run(vec![message(0), text(0, 0, "half")], None);
    let response = check(&events);
    assert!(matches!(&response.outcome, Outcome::Failed(error) if error.code == "provider_cut"));
    assert!(
        events.iter().any(|event| matches!(event.what, What::Error(_))),
        "the error event comes before the terminal one"
    );
    assert_eq!(response.output.len(), 1, "what was made so far is kept");
}

#[test]
fn whole_items_and_pieces_give_the_same_response() {
    let pieces = check(&run(
        vec![message(0), text(0, 0, "a"), text(0, 0, "b"), close(0), Delta::End(End::Completed)],
        None,
    ));
    let item = Item::clone(&pieces.output[0]);
    let whole = check(&run(vec![Delta::Whole(Box::new(item)), Delta::End(End::Completed)], None));
    assert_eq!(pieces.output, whole.output);
    let Item::Message(message) = &*whole.output[0] else { panic!("a message") };
    assert!(matches!(&message.content[0], Part::OutputText(text) if text.text == Text::new("ab")));
}

fn any_delta() -> impl Strategy<Value = Delta> {
    let key = 0_u32..4;
    let part = 0_u32..3;
    let piece = "[a-z\"\\\\\n]{0,4}";
    prop_oneof![
        key.clone().prop_map(message),
        key.clone().prop_map(|key| call(key, "f")),
        key.clone().prop_map(|key| Delta::Piece { key, piece: Piece::Open(Opening::Reasoning { id: None }) }),
        (key.clone(), part.clone(), piece).prop_map(|(key, part, piece)| text(key, part, &piece)),
        (key.clone(), part.clone(), piece).prop_map(|(key, part, piece)| Delta::Piece {
            key,
            piece: Piece::Refusal { part, text: Text::new(&piece) }
        }),
        (key.clone(), part.clone(), piece).prop_map(|(key, part, piece)| Delta::Piece {
            key,
            piece: Piece::Reasoning {
                kind: ReasoningKind::Content,
                part,
                text: Text::new(&piece),
                extra: Vec::new()
            }
        }),
        (key.clone(), part, piece).prop_map(|(key, part, piece)| Delta::Piece {
            key,
            piece: Piece::Reasoning {
                kind: ReasoningKind::Summary,
                part,
                text: Text::new(&piece),
                extra: Vec::new()
            }
        }),
        (key.clone(), piece).prop_map(|(key, piece)| arguments(key, &piece)),
        key.prop_map(close),
        Just(Delta::Usage(Box::<Usage>::default())),
        Just(Delta::End(End::Completed)),
        Just(Delta::End(End::Incomplete(IncompleteReason::ContentFilter))),
        Just(Delta::End(End::Failed(Fault::new(FaultKind::Server)))),
    ]
}

proptest! {
    #[test]
    fn c1_whatever_is_said_the_stream_is_well_formed(deltas in proptest::collection::vec(any_delta(), 0..40)) {
        check(&run(deltas, None));
    }
}

#[test]
fn c1_an_id_that_a_provider_gives_twice_is_one_items_only() {
    let open = |key, id: &str| Delta::Piece {
        key,
        piece: Piece::Open(Opening::FunctionCall {
            id: Some(id.to_owned()),
            call_id: format!("call_{key}"),
            name: "f".into(),
        }),
    };
    let close = |key| Delta::Piece { key, piece: Piece::Close(Closing::default()) };
    let deltas = vec![
        open(0, "fc_1"),
        close(0),
        open(1, "fc_1"),
        close(1),
        open(2, ""),
        close(2),
        Delta::End(End::Completed),
    ];
    let events = run(deltas, None);
    let ids: Vec<_> = check(&events).output.iter().map(|item| item.id().unwrap().to_owned()).collect();
    let stem = "00112233445566778899aabbccddeeff";
    assert_eq!(ids, ["fc_1".to_owned(), format!("fc_{stem}0001"), format!("fc_{stem}0002")]);
}

#[test]
fn d2_a_response_that_could_not_be_kept_has_its_content_and_failed() {
    let mut machine = Machine::new(Arc::new(turn(None)), "p".into(), Arc::new(Stopped));
    let mut events = Vec::new();
    let open = Delta::Piece { key: 0, piece: Piece::Open(Opening::Message { id: None, phase: None }) };
    for delta in [open, text(0, 0, "said"), Delta::End(End::Completed)] {
        machine.take(delta, &mut events);
    }
    assert!(machine.is_closing() && !events.iter().any(|event| matches!(event.what, What::Ended(_))));
    assert_eq!(machine.response().outcome, Outcome::Completed, "what is stored is what is told");
    machine.conclude(Err(Fault::new(FaultKind::Server)), &mut events);
    let response = check(&events);
    assert!(matches!(response.outcome, Outcome::Failed(_)) && response.output.len() == 1);
    assert!(events.iter().any(|event| matches!(event.what, What::Error(_))));
    let count = events.len();
    machine.conclude(Ok(None), &mut events);
    assert_eq!(events.len(), count, "there is one end");
}
