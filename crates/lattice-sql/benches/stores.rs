//! What the stores cost: by the length of a chain, and on an empty database beside one with many responses (ROWS, a million).
//!
//! `cargo bench -p lattice-sql --bench stores`. PostgreSQL runs beside it without `fsync`; SQLite writes to the disk of the temporary folder.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures and prints"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lattice_sql::{Condition, Database, Keyring, Place};
use lattice_store::{
    Content, Conversations, Entry, Frame, NewConversation, NewResponse, Owner, Page, Reach, Responses,
};
use lattice_testkit::postgres::Postgres;
use tempfile::TempDir;

/// Samples of each figure.
const SAMPLES: usize = 200;

/// Writers at a time where many write.
const WRITERS: usize = 64;

const NOW: i64 = 1_000_000;

fn reach() -> Reach {
    Reach::own(owner())
}

fn owner() -> Owner {
    Owner { tenant: "default".into(), issuer: "".into(), subject: "anonymous".into() }
}

/// A small response: a question and an answer of a few lines, and the settings beside them.
fn response(id: String, parent: Option<String>) -> NewResponse {
    let text =
        |length: usize| format!("[{{\"type\":\"message\",\"text\":\"{}\"}}]", "x".repeat(length)).into();
    NewResponse {
        owner: owner(),
        id,
        parent,
        addition: None,
        status: "completed",
        created_at: NOW,
        expires_at: Some(NOW + 3600),
        content: Content {
            input: text(200),
            output: text(400),
            frame: Frame { json: "x".repeat(900).into(), at: 300 },
            state: bytes::Bytes::new(),
        },
        foreign_ids: Vec::new(),
    }
}

fn id(series: &str, number: usize) -> String {
    format!("resp_{series}{number:026x}")
}

/// The middle of the samples, and the 99th of a hundred, in microseconds.
fn shown(mut samples: Vec<Duration>) -> String {
    samples.sort();
    let at = |share: usize| samples.get(samples.len() * share / 100).copied().unwrap_or_default().as_micros();
    format!("{:>7} {:>7}", at(50), at(99))
}

async fn sample<F: Future<Output = ()>>(name: &str, mut act: impl FnMut(usize) -> F) {
    let mut samples = Vec::with_capacity(SAMPLES);
    for number in 0..SAMPLES {
        let begun = Instant::now();
        act(number).await;
        samples.push(begun.elapsed());
    }
    println!("  {name:<44} {}", shown(samples));
}

/// Stores so many, many at a time: how many in a second.
async fn fill(database: &Arc<Database>, series: &'static str, count: u32) -> f64 {
    let all = usize::try_from(count).unwrap();
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let database = Arc::clone(database);
            tokio::spawn(async move {
                for number in (writer..all).step_by(WRITERS) {
                    // Chains of ten.
                    let parent =
                        (!(number / WRITERS).is_multiple_of(10)).then(|| id(series, number - WRITERS));
                    database.commit(response(id(series, number), parent)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

async fn chains(database: &Arc<Database>) {
    println!("  a chain of so many turns, whole              p50 us  p99 us");
    for length in [1_usize, 10, 100, 1000] {
        let series = format!("c{length:05}");
        for number in 0..length {
            let parent = number.checked_sub(1).map(|before| id(&series, before));
            database.commit(response(id(&series, number), parent)).await.unwrap();
        }
        let last = id(&series, length - 1);
        sample(&length.to_string(), |_| async {
            assert_eq!(database.chain(&reach(), &last, NOW, 1 << 30).await.unwrap().len(), length);
        })
        .await;
    }
}

async fn operations(database: &Arc<Database>, series: &'static str) {
    let whose = reach();
    println!("  one operation at a time                      p50 us  p99 us");
    sample("create", |number| database_commit(database, response(id(series, number), None))).await;
    sample("continue: read the chain, store the next", |number| async move {
        let before = id(series, number);
        assert_eq!(database.chain(&reach(), &before, NOW, 1 << 30).await.unwrap().len(), 1);
        database.commit(response(id(series, number + 10_000), Some(before))).await.unwrap();
    })
    .await;
    sample("get", |number| {
        let (whose, wanted) = (&whose, id(series, number));
        async move { assert!(database.get(whose, &wanted, NOW).await.unwrap().is_some()) }
    })
    .await;
    let entries = (0..200).map(|number| Entry { id: format!("i{number}"), item: "x".repeat(300).into() });
    let conversation = format!("conv_{series}");
    let new = NewConversation {
        owner: owner(),
        id: conversation.clone(),
        created_at: NOW,
        ttl: None,
        metadata: "{}".into(),
        entries: entries.collect(),
    };
    database.create(new).await.unwrap();
    sample("list 20 items of a conversation of 200", |_| async {
        let page = Page { after: Some("i100"), limit: 20, is_ascending: false };
        let found = database.entries(&reach(), &conversation, NOW, page).await.unwrap().unwrap();
        assert_eq!(found.entries.len(), 20);
    })
    .await;
    sample("delete", |number| {
        let (whose, wanted) = (&whose, id(series, number + 10_000));
        async move { assert!(database.delete(whose, &wanted, NOW).await.unwrap()) }
    })
    .await;
}

async fn database_commit(database: &Arc<Database>, new: NewResponse) {
    database.commit(new).await.unwrap();
}

async fn measure(name: &str, place: Place, rows: u32) {
    let database = Arc::new(Database::open(place, Keyring::default()).unwrap());
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
    println!("{name}, empty");
    operations(&database, "aaaaaa").await;
    chains(&database).await;
    let rate = fill(&database, "bbbbbb", 20_000).await;
    println!("  {WRITERS} writers at a time: {rate:.0} responses/s");
    let begun = Instant::now();
    fill(&database, "cccccc", rows).await;
    println!("{name}, {rows} responses more ({:.0} s)", begun.elapsed().as_secs_f64());
    operations(&database, "dddddd").await;
    let rate = fill(&database, "eeeeee", 20_000).await;
    println!("  {WRITERS} writers at a time: {rate:.0} responses/s");
    let begun = Instant::now();
    let gone = database.sweep(NOW).await.unwrap();
    println!("  a sweep that finds nothing: {} us ({gone} rows)", begun.elapsed().as_micros());
    database.close().await;
}

fn main() {
    // Cargo passes options of the usual harness, which mean nothing here.
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = TempDir::new().unwrap();
    runtime.block_on(measure("SQLite", Place::File(folder.path().join("latticelm.db")), rows));
    drop(folder);
    let server = Postgres::start().unwrap();
    let url = server.database().unwrap();
    runtime.block_on(measure("PostgreSQL", Place::Server(url.into()), rows));
}
