//! The stores under test, and what is put into them.

use std::sync::Arc;
use std::time::Duration;

use lattice_sql::{Condition, Database, Keyring, Place};
use lattice_store::memory::Memory;
use lattice_store::{Content, Frame, NewResponse, Owner, Reach, Store};
use lattice_testkit::postgres::Postgres;
use secrecy::SecretBox;
use tempfile::TempDir;

/// A store under test.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) responses: Arc<dyn Store>,
    /// The database behind it, where there is one.
    pub(crate) database: Option<Arc<Database>>,
    /// Where the database is.
    pub(crate) place: Option<Place>,
    _folder: TempDir,
}

/// One of each kind, new and empty.
pub(crate) async fn stores() -> Vec<Stage> {
    let memory = Stage {
        name: "memory",
        responses: Arc::new(Memory::default()),
        database: None,
        place: None,
        _folder: TempDir::new().unwrap(),
    };
    vec![memory, sqlite().await, postgres().await, encrypted().await]
}

/// Those with a database.
pub(crate) async fn databases() -> Vec<Stage> {
    vec![sqlite().await, postgres().await]
}

pub(crate) async fn sqlite() -> Stage {
    let folder = TempDir::new().unwrap();
    let place = Place::File(folder.path().join("data/latticelm.db"));
    store("sqlite", place, Keyring::default(), folder).await
}

/// On SQLite, with a key.
pub(crate) async fn encrypted() -> Stage {
    let folder = TempDir::new().unwrap();
    let place = Place::File(folder.path().join("latticelm.db"));
    store("sqlite, encrypted", place, keyring(7), folder).await
}

/// A key of so many of the same byte.
pub(crate) fn keyring(byte: u8) -> Keyring {
    Keyring::new(&[SecretBox::new(Box::new([byte; 32]))])
}

pub(crate) async fn postgres() -> Stage {
    let address = Postgres::shared().unwrap().database().unwrap();
    store("postgres", Place::Server(address.into()), Keyring::default(), TempDir::new().unwrap()).await
}

async fn store(name: &'static str, place: Place, keyring: Keyring, folder: TempDir) -> Stage {
    let database = Arc::new(Database::open(place.clone(), keyring).unwrap());
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There, "{name}");
    let responses = Arc::clone(&database);
    Stage { name, responses, database: Some(database), place: Some(place), _folder: folder }
}

/// The time in all these tests.
pub(crate) const NOW: i64 = 1_000_000;

/// Somebody of a tenant.
pub(crate) fn owner(tenant: &str, subject: &str) -> Owner {
    Owner { tenant: tenant.into(), issuer: "https://issuer.test".into(), subject: subject.into() }
}

/// What somebody of a tenant reaches.
pub(crate) fn reach(tenant: &str, subject: &str) -> Reach {
    Reach::own(owner(tenant, subject))
}

/// A response with contents of its own.
pub(crate) fn response(id: &str, parent: Option<&str>) -> NewResponse {
    let json = |what: &str| format!(r#"[{{"{what}":"{id} \u00e9 \u0000"}}]"#).into();
    NewResponse {
        owner: owner("acme", "ann"),
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        addition: None,
        status: "completed",
        created_at: NOW,
        expires_at: Some(NOW + 3600),
        content: Content {
            input: json("input"),
            output: json("output"),
            frame: Frame { json: format!(r#"{{"id":"{id}","output":}}"#).into(), at: 10 },
            state: json("state"),
        },
        foreign_ids: Vec::new(),
    }
}
