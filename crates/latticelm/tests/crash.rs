//! The gateway is killed under load, again and again: what a client saw as finished is there afterwards, and nothing is stuck.
//!
//! A short run is a test like the others; `make crash` runs many rounds.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lattice_testkit::client;
use lattice_testkit::gateway::{eventually, new_folder};
use lattice_testkit::postgres::Postgres;
use lattice_testkit::stage::Stage;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

/// Clients at a time.
const CLIENTS: usize = 8;

/// What clients have seen of one round.
#[derive(Default)]
struct Seen {
    /// Responses whose end was seen, by their ids.
    finished: HashMap<String, Value>,
    /// Responses whose beginning was seen.
    begun: HashSet<String>,
    /// What each conversation was told, in order, by the client that owns it.
    said: HashMap<String, Vec<String>>,
}

/// How often the gateway is killed.
fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "the long run is asked for by a variable")]
    let asked = std::env::var("CRASH_ROUNDS");
    asked.ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

/// Asks until the gateway is gone. One in four asks for a stream, one in four goes on with a conversation.
fn talk(stage: &Stage, number: usize, seen: &Mutex<Seen>, finished: &AtomicUsize) {
    let address = stage.address();
    let made = client::post(address, "/v1/conversations", &json!({})).map(|made| made.json()["id"].clone());
    let Ok(Value::String(conversation)) = made else { return };
    let mut previous = Value::Null;
    for turn in 0.. {
        let (stream, in_conversation) = (turn % 4 < 2, turn % 4 == 3);
        let input = format!("client {number} turn {turn}");
        let mut body = json!({"model": "anthropic.script-text", "input": input, "stream": stream});
        if in_conversation {
            body["conversation"] = json!(conversation);
        } else {
            body["previous_response_id"] = previous.clone();
        }
        let Ok(answer) = client::post(address, "/v1/responses", &body) else { return };
        let response = if stream {
            let text = answer.text();
            let frames: Vec<Value> = text
                .split("\n\n")
                .filter_map(|frame| serde_json::from_str(frame.split_once("data: ")?.1).ok())
                .collect();
            let mut seen = seen.lock().unwrap();
            seen.begun.extend(
                frames.iter().filter_map(|event| event["response"]["id"].as_str().map(str::to_owned)),
            );
            frames
                .into_iter()
                .find(|event| event["type"] == "response.completed")
                .map(|event| event["response"].clone())
        } else {
            Some(answer.json()).filter(|response| answer.whole && response["status"] == "completed")
        };
        let Some(response) = response else { return };
        let mut seen = seen.lock().unwrap();
        if in_conversation {
            seen.said.entry(conversation.clone()).or_default().push(input);
        } else {
            previous = response["id"].clone();
        }
        seen.finished.insert(response["id"].as_str().unwrap().to_owned(), response);
        finished.fetch_add(1, Ordering::Relaxed);
    }
}

/// One round: load, a kill, and a look at what is left.
fn round(more: &str, kill_after: usize, earlier: &HashMap<String, Value>) -> Seen {
    let (seen, finished) = (Mutex::new(Seen::default()), AtomicUsize::new(0));
    let stage = Stage::start(PROGRAM, more).unwrap();
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (stage, seen, finished) = (&stage, &seen, &finished);
            scope.spawn(move || talk(stage, number, seen, finished));
        }
        eventually(|| (finished.load(Ordering::Relaxed) >= kill_after).then_some(())).unwrap();
        stage.gateway.signal("KILL").unwrap();
    });
    drop(stage);
    let seen = seen.into_inner().unwrap();
    let stage = Stage::start(PROGRAM, more).unwrap();
    let get = |id: &str| client::get(stage.address(), &format!("/v1/responses/{id}")).unwrap();
    for (id, response) in seen.finished.iter().chain(earlier.iter().take(50)) {
        let stored = get(id);
        assert_eq!((stored.status, &stored.json()), (200, response), "{id} was seen as finished");
    }
    for id in seen.begun.iter().filter(|id| !seen.finished.contains_key(*id)) {
        let stored = get(id);
        assert!(
            stored.status == 404 || stored.json()["status"] == "completed",
            "{id} is stuck: {}",
            stored.text()
        );
    }
    for (conversation, said) in &seen.said {
        let path = format!("/v1/conversations/{conversation}/items?order=asc&limit=100");
        let list = client::get(stage.address(), &path).unwrap().json();
        let items = list["data"].as_array().unwrap();
        let texts: Vec<&str> =
            items.iter().map(|item| item["content"][0]["text"].as_str().unwrap()).collect();
        // The last turn may have been stored although nobody saw its end; whole turns only.
        assert!(texts.len().is_multiple_of(2) && texts.len() / 2 >= said.len().min(50), "{texts:?} {said:?}");
        assert!(
            said.iter().zip(texts.iter().step_by(2)).all(|(said, text)| said == text),
            "{texts:?} {said:?}"
        );
    }
    if let Some(last) =
        seen.finished.values().max_by_key(|response| response["id"].as_str().map(str::to_owned))
    {
        let follow =
            json!({"model": "openai.script-text", "input": "after", "previous_response_id": last["id"]});
        let follow = if last["conversation"].is_null() {
            follow
        } else {
            json!({"model": "openai.script-text", "input": "after"})
        };
        assert_eq!(stage.ask(&follow).status, 200);
    }
    seen
}

fn rounds_on(more: &str) {
    let mut earlier = HashMap::new();
    for number in 0..rounds() {
        // Anywhere from the first answers to the middle of a full load.
        let kill_after = 1 + (number * 7919 + 13) % 211;
        let seen = round(more, kill_after, &earlier);
        assert!(seen.finished.len() >= kill_after);
        earlier.extend(seen.finished);
    }
}

#[test]
fn d2_what_was_seen_as_finished_survives_a_kill_on_sqlite() {
    let folder = new_folder().unwrap();
    rounds_on(&format!("database: {{data_dir: '{}'}}\n", folder.display()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verdict: String = runtime.block_on(async {
        use sqlx::Connection;
        let file = folder.join("latticelm.db").display().to_string();
        let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap()
    });
    assert_eq!(verdict, "ok");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn d2_what_was_seen_as_finished_survives_a_kill_on_postgresql() {
    let server = Postgres::start().unwrap();
    let url = server.database().unwrap();
    rounds_on(&format!("database: {{url: '{url}'}}\n"));
    let orphans = "SELECT COUNT(*) FROM conversation_items items LEFT JOIN conversations whole ON whole.id = items.conversation_id WHERE whole.id IS NULL";
    assert_eq!(server.query(&url, orphans).unwrap().trim(), "0");
}
