//! How the databases go about the statements: by an index, however much there is.

use std::time::Duration;

use lattice_store::records::{Kind, Looked, Wanted};
use lattice_testkit::postgres::Postgres;
use sqlx::{AssertSqlSafe, Row};
use tempfile::TempDir;

use crate::pools::Pools;
use crate::{
    Condition, Database, Keyring, Place, additions, changes, conversations, records, responses, sessions,
    sweep,
};

/// The statements that run on the way of a request, and the sweep's.
const STATEMENTS: &[&str] = &[
    responses::GET,
    responses::CHAIN,
    responses::HOLDER,
    responses::DELETE,
    additions::RESERVE,
    conversations::CONVERSATION,
    conversations::SET_METADATA,
    conversations::DELETE,
    conversations::HISTORY,
    conversations::POSITION,
    conversations::ASCENDING,
    conversations::DESCENDING,
    conversations::ENTRY,
    conversations::DELETE_ENTRY,
    conversations::FIND_ENTRY,
    records::RECORD,
    records::LOOKED_UP,
    records::SECRET,
    records::SECRETS,
    records::REPEATED,
    records::USE,
    changes::TAKE,
    changes::DELETE,
    changes::FORGET,
    sessions::SESSION,
    sessions::TOUCH,
    sessions::END,
    sweep::REPEATABLE,
    sweep::SESSIONS,
    sweep::RESPONSES,
    sweep::CONVERSATIONS,
];

async fn plan(place: Place, statement: &str) -> String {
    let database = Database::open(place, Keyring::default()).unwrap();
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
    match database.shared.pools() {
        Pools::Sqlite { write, .. } => {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::query(explain).fetch_all(&write).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
        }
        Pools::Postgres(pool) => {
            // A table that is empty is read whole by preference, whatever indexes it has.
            let mut connection = pool.acquire().await.unwrap();
            sqlx::query("SET enable_seqscan = off").execute(&mut *connection).await.unwrap();
            sqlx::query("SET plan_cache_mode = force_generic_plan").execute(&mut *connection).await.unwrap();
            let name = AssertSqlSafe(format!("PREPARE one AS {statement}"));
            sqlx::raw_sql(name).execute(&mut *connection).await.unwrap();
            let count = (1..=9).filter(|number| statement.contains(&format!("${number}"))).count();
            let arguments = vec!["NULL"; count].join(", ");
            let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE one ({arguments})"));
            let rows = sqlx::raw_sql(explain).fetch_all(&mut *connection).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
        }
    }
}

/// Statements whose conditions depend on what is asked for: no page may need a whole list to be sorted.
fn pages() -> Vec<String> {
    let wanted = Wanted {
        kind: Kind::Key,
        tenant: None,
        owner: None,
        status: None,
        search: None,
        after: Some("x"),
        limit: 50,
        is_ascending: false,
    };
    let looked = Looked {
        tenant: None,
        actor: None,
        action: None,
        object: None,
        object_id: None,
        from: None,
        to: None,
        after: Some(1),
        limit: 50,
        is_ascending: false,
    };
    vec![
        records::records(&wanted, None).0,
        records::records(&Wanted { tenant: Some("t"), status: Some("active"), ..wanted }, None).0,
        records::records(&Wanted { owner: Some("o"), ..wanted }, None).0,
        records::log(&looked).0,
        records::log(&Looked { tenant: Some("t"), ..looked }).0,
        records::log(&Looked { actor: Some("a"), ..looked }).0,
        records::log(&Looked { object: Some("key"), object_id: Some("key_1"), ..looked }).0,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_pages_are_read_in_their_order() {
    let folder = TempDir::new().unwrap();
    let server = Postgres::shared().unwrap().database().unwrap();
    for statement in pages() {
        let file = plan(Place::File(folder.path().join("latticelm.db")), &statement).await;
        assert!(!file.contains("TEMP B-TREE") && file.contains("SEARCH"), "{statement}\n{file}");
        let on_server = plan(Place::Server(server.clone().into()), &statement).await;
        assert!(!on_server.contains("Seq Scan"), "{statement}\n{on_server}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_every_statement_goes_by_an_index() {
    let folder = TempDir::new().unwrap();
    for statement in STATEMENTS {
        let plan = plan(Place::File(folder.path().join("latticelm.db")), statement).await;
        // The chain that was found is small, and read as it is.
        let scanned =
            |line: &&str| line.contains("SCAN") && !line.contains("USING") && !line.contains("SCAN chain");
        assert_eq!(plan.lines().find(scanned), None, "{statement}\n{plan}");
        assert!(
            plan.contains("USING INDEX")
                || plan.contains("USING PRIMARY KEY")
                || plan.contains("USING INTEGER PRIMARY KEY")
                || plan.contains("USING COVERING INDEX"),
            "{plan}"
        );
    }
    let server = Postgres::shared().unwrap().database().unwrap();
    for statement in STATEMENTS {
        let plan = plan(Place::Server(server.clone().into()), statement).await;
        assert!(!plan.contains("Seq Scan"), "{statement}\n{plan}");
        assert!(plan.contains("Index"), "{statement}\n{plan}");
    }
}
