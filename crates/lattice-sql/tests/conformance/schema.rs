//! The schema: made once, by whoever comes first, and left alone by those that are too old for it (D5).

use std::time::Duration;

use lattice_sql::{Condition, Database, Keyring, Place};
use lattice_store::{Responses, StoreError};
use lattice_testkit::postgres::Postgres;
use secrecy::ExposeSecret;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::stage::{NOW, databases, reach, response};

/// Runs a statement on the database itself.
async fn run(place: &Place, statement: &'static str) {
    try_run(place, statement).await.unwrap();
}

/// The same, or what the database says to it.
pub(crate) async fn try_run(place: &Place, statement: &'static str) -> Result<(), String> {
    match place {
        Place::File(file) => {
            let mut connection = SqliteConnection::connect(&file.display().to_string()).await.unwrap();
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .map(|_| ())
                .map_err(|error| error.to_string())
        }
        Place::Server(url) => {
            let done = Postgres::shared().unwrap().query(url.expose_secret(), statement);
            done.map(|_| ()).map_err(|error| error.to_string())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_many_processes_open_one_new_database_at_once() {
    let folder = TempDir::new().unwrap();
    let file = Place::File(folder.path().join("new/latticelm.db"));
    let server = Place::Server(Postgres::shared().unwrap().database().unwrap().into());
    for place in [file, server] {
        let opening = (0..12).map(|_| tokio::spawn(Database::migrate(place.clone())));
        for opened in opening.collect::<Vec<_>>() {
            opened.await.unwrap().unwrap();
        }
        let database = Database::open(place, Keyring::default()).unwrap();
        assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
        database.commit(response("resp_1", None)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_database_that_needs_a_newer_program_is_refused_with_what_to_do() {
    for stage in databases().await {
        let (name, place) = (stage.name, stage.place.as_ref().unwrap());
        run(place, "INSERT INTO schema_versions (version, needs) VALUES (99, 99)").await;
        let applied = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', true, 'x', 0)";
        run(place, applied).await;
        let refused = Database::migrate(place.clone()).await.unwrap_err();
        let StoreError::Refused(why) = &refused else { panic!("{name}: {refused}") };
        assert!(
            why.contains("newer version of latticelm") && why.contains("Start the newer version"),
            "{name}: {why}"
        );
        let database = Database::open(place.clone(), Keyring::default()).unwrap();
        let condition = database.opened(Duration::from_mins(1)).await;
        assert!(matches!(condition, Condition::Unusable(_)), "{name}: {condition:?}");
        assert!(database.ready().is_err(), "{name}");
        // A version that says nothing of what it needs is not known to be harmless.
        run(place, "DELETE FROM schema_versions WHERE version = 99").await;
        assert!(Database::migrate(place.clone()).await.is_err(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_newer_database_that_only_added_something_goes_on_working() {
    for stage in databases().await {
        let (name, place) = (stage.name, stage.place.as_ref().unwrap());
        stage.responses.commit(response("resp_1", None)).await.unwrap();
        run(place, "INSERT INTO schema_versions (version, needs) VALUES (99, 2)").await;
        run(place, "ALTER TABLE responses ADD COLUMN lease TEXT").await;
        let applied = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', true, 'x', 0)";
        run(place, applied).await;
        let database = Database::open(place.clone(), Keyring::default()).unwrap();
        assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There, "{name}");
        database.commit(response("resp_2", Some("resp_1"))).await.unwrap();
        let chain = database.chain(&reach("acme", "ann"), "resp_2", NOW, 1 << 20).await.unwrap();
        assert_eq!(chain.len(), 2, "{name}");
    }
}
