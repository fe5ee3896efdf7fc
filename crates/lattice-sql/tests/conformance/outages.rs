//! A database that goes away and comes back, or was never there (E8).

use std::time::Duration;

use lattice_sql::{Condition, Database, Keyring, Place};
use lattice_store::{Responses, StoreError};
use lattice_testkit::postgres::Postgres;
use tempfile::TempDir;

use crate::stage::{NOW, reach, response};

/// Waits until the database is as it should be.
async fn until(database: &Database, is: impl Fn(&Condition) -> bool) {
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        while !is(&database.condition()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "it stays {:?}", database.condition());
}

#[tokio::test(flavor = "multi_thread")]
async fn e8_a_server_that_stops_is_noticed_at_once_and_used_again_when_it_is_back() {
    let server = Postgres::start().unwrap();
    let address = server.database().unwrap();
    let database = Database::open(Place::Server(address.into()), Keyring::default()).unwrap();
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
    database.commit(response("resp_1", None)).await.unwrap();
    server.stop();
    // Without a single statement in between.
    until(&database, |condition| matches!(condition, Condition::Away(_))).await;
    let refused = database.commit(response("resp_2", None)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = database.get(&reach("acme", "ann"), "resp_1", NOW).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    server.resume().unwrap();
    until(&database, |condition| *condition == Condition::There).await;
    database.commit(response("resp_2", Some("resp_1"))).await.unwrap();
    let chain = database.chain(&reach("acme", "ann"), "resp_2", NOW, 1 << 20).await.unwrap();
    assert_eq!(chain.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn e8_a_server_that_is_not_there_yet_is_used_as_soon_as_it_is() {
    let server = Postgres::start().unwrap();
    let address = server.database().unwrap();
    server.stop();
    let database = Database::open(Place::Server(address.into()), Keyring::default()).unwrap();
    let condition = database.opened(Duration::from_mins(1)).await;
    assert!(matches!(condition, Condition::Away(_)), "{condition:?}");
    server.resume().unwrap();
    until(&database, |condition| *condition == Condition::There).await;
    database.commit(response("resp_1", None)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_named_and_tried_again() {
    let folder = TempDir::new().unwrap();
    let blocked = folder.path().join("data");
    std::fs::write(&blocked, "a file where the folder should be").unwrap();
    let database = Database::open(Place::File(blocked.join("latticelm.db")), Keyring::default()).unwrap();
    let Condition::Away(why) = database.opened(Duration::from_mins(1)).await else { panic!("it is there") };
    assert!(why.contains(&blocked.display().to_string()), "{why}");
    std::fs::remove_file(&blocked).unwrap();
    until(&database, |condition| *condition == Condition::There).await;
    database.commit(response("resp_1", None)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_away_is_noticed_and_made_anew() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let database = Database::open(Place::File(data.join("latticelm.db")), Keyring::default()).unwrap();
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
    database.commit(response("resp_1", None)).await.unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    // It is tried again until it is there, which is soon: what was in it is gone, and nothing more is written to nowhere.
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        while !data.join("latticelm.db").exists() || database.condition() != Condition::There {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok());
    database.commit(response("resp_2", None)).await.unwrap();
    let again = Database::open(Place::File(data.join("latticelm.db")), Keyring::default()).unwrap();
    assert_eq!(again.opened(Duration::from_mins(1)).await, Condition::There);
    assert!(again.get(&reach("acme", "ann"), "resp_2", NOW).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_committed_before_the_database_is_closed() {
    let folder = TempDir::new().unwrap();
    let place = Place::File(folder.path().join("latticelm.db"));
    let database = std::sync::Arc::new(Database::open(place.clone(), Keyring::default()).unwrap());
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
    let commits: Vec<_> = (0..50)
        .map(|number| {
            let database = std::sync::Arc::clone(&database);
            tokio::spawn(async move { database.commit(response(&format!("resp_{number}"), None)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    database.close().await;
    let mut safe = Vec::new();
    for (commit, number) in commits.into_iter().zip(0..) {
        safe.extend(commit.await.unwrap().is_ok().then(|| format!("resp_{number}")));
    }
    let late = database.commit(response("resp_late", None)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    let again = Database::open(place, Keyring::default()).unwrap();
    assert_eq!(again.opened(Duration::from_mins(1)).await, Condition::There);
    for id in &safe {
        assert!(again.get(&reach("acme", "ann"), id, NOW).await.unwrap().is_some(), "{id}");
    }
}
