//! Records and the log of their changes.

use lattice_store::records::{
    Change, Deed, Hash, Kind, Looked, Outcome, Record, Repeatable, Secret, Wanted, Write,
};
use lattice_store::{Records, StoreError};

use crate::stage::{NOW, databases, encrypted};

fn record(kind: Kind, id: &str, tenant: &str, version: i64) -> Record {
    Record {
        kind,
        id: id.to_owned(),
        tenant: tenant.to_owned(),
        owner: String::new(),
        lookup: None,
        name: format!("Name of {id}"),
        status: "active".to_owned(),
        created_at: NOW,
        updated_at: NOW + version,
        version,
        document: format!(r#"{{"about":"{id}"}}"#).into(),
    }
}

fn change(follows: i64, write: impl Into<Option<Write>>) -> Change {
    let write = write.into();
    let (object_id, tenant) = match &write {
        Some(Write::Put(record)) => (record.id.clone(), record.tenant.clone()),
        Some(Write::Delete(_, id)) => (id.clone(), String::new()),
        None => (String::new(), String::new()),
    };
    let deed = Deed {
        at: NOW + follows,
        tenant,
        actor: "ann".to_owned(),
        action: "key.change".to_owned(),
        object: "key".to_owned(),
        object_id,
        detail: r#"{"before":null}"#.into(),
    };
    Change {
        follows: Some(follows),
        writes: write.into_iter().collect(),
        secrets: None,
        deed,
        concerns_callers: true,
        concerns_settings: false,
        repeatable: None,
    }
}

const WANTED: Wanted<'_> = Wanted {
    kind: Kind::Key,
    tenant: None,
    owner: None,
    status: None,
    search: None,
    after: None,
    limit: 100,
    is_ascending: true,
};

const LOOKED: Looked<'_> = Looked {
    tenant: None,
    actor: None,
    action: None,
    object: None,
    object_id: None,
    from: None,
    to: None,
    after: None,
    limit: 100,
    is_ascending: true,
};

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_follows_the_one_that_it_was_checked_against() {
    for stage in databases().await {
        let (name, store) = (stage.name, stage.database.as_ref().unwrap());
        let put = |version| Write::Put(record(Kind::Key, "key_1", "acme", version));
        assert_eq!(store.change(change(0, put(1))).await.unwrap(), Outcome::Done, "{name}");
        assert_eq!(store.change(change(0, put(2))).await.unwrap(), Outcome::Overtaken, "{name}");
        assert_eq!(store.change(change(1, put(1))).await.unwrap(), Outcome::Taken, "{name}");
        assert_eq!(store.change(change(1, put(2))).await.unwrap(), Outcome::Done, "{name}");
        let kept = store.record(Kind::Key, "key_1").await.unwrap().unwrap();
        assert_eq!(kept, record(Kind::Key, "key_1", "acme", 2), "{name}");
        assert_eq!(store.record(Kind::User, "key_1").await.unwrap(), None, "{name}");
        // Nothing of what was refused is in the log, and no number is missing.
        let log = store.log(LOOKED).await.unwrap();
        assert_eq!(log.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2], "{name}");
        let revision = store.revision().await.unwrap();
        assert_eq!((revision.changes, revision.callers), (2, 2), "{name}");
        let silent = Change { concerns_callers: false, ..change(2, None) };
        assert_eq!(store.change(silent).await.unwrap(), Outcome::Done, "{name}");
        assert_eq!(store.revision().await.unwrap().callers, 2, "{name}");
        let whenever = Change { follows: None, ..change(0, None) };
        assert_eq!(store.change(whenever).await.unwrap(), Outcome::Done, "{name}");
        let gone = change(4, Write::Delete(Kind::Key, "key_1".to_owned()));
        assert_eq!(store.change(gone).await.unwrap(), Outcome::Done, "{name}");
        assert_eq!(store.record(Kind::Key, "key_1").await.unwrap(), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_all_are_made_one_after_the_other() {
    for stage in databases().await {
        let (name, store) = (stage.name, stage.database.as_ref().unwrap());
        let tasks = (0..20).map(|number| {
            let store = std::sync::Arc::clone(store);
            tokio::spawn(async move {
                loop {
                    let follows = store.revision().await.unwrap().changes;
                    let put = Write::Put(record(Kind::Key, &format!("key_{number:02}"), "acme", 1));
                    if store.change(change(follows, put)).await.unwrap() == Outcome::Done {
                        return;
                    }
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let log = store.log(LOOKED).await.unwrap();
        assert_eq!(
            log.iter().map(|entry| entry.number).collect::<Vec<_>>(),
            (1..=20).collect::<Vec<_>>(),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_searched_and_paged_by_ids() {
    for stage in databases().await {
        let (name, store) = (stage.name, stage.database.as_ref().unwrap());
        for (number, (id, tenant)) in
            [("b", "acme"), ("C", "acme"), ("a", "other"), ("d_%", "acme")].iter().enumerate()
        {
            let follows = i64::try_from(number).unwrap();
            let mut one = record(Kind::Key, id, tenant, 1);
            one.owner = format!("owner of {tenant}");
            one.lookup = Some(format!("lookup {id}"));
            assert_eq!(store.change(change(follows, Write::Put(one))).await.unwrap(), Outcome::Done);
        }
        let list = async |wanted: Wanted<'_>| {
            let records = store.records(wanted).await.unwrap();
            ids(&records).join(" ")
        };
        // By bytes, as everywhere else, not by the habits of a language.
        assert_eq!(list(WANTED).await, "C a b d_%", "{name}");
        assert_eq!(
            list(Wanted { is_ascending: false, limit: 2, ..WANTED }).await,
            "d_% b a",
            "one more tells of more"
        );
        assert_eq!(list(Wanted { after: Some("a"), ..WANTED }).await, "b d_%", "{name}");
        assert_eq!(list(Wanted { after: Some("b"), is_ascending: false, ..WANTED }).await, "a C", "{name}");
        assert_eq!(list(Wanted { tenant: Some("acme"), ..WANTED }).await, "C b d_%", "{name}");
        assert_eq!(list(Wanted { owner: Some("owner of other"), ..WANTED }).await, "a", "{name}");
        assert_eq!(list(Wanted { status: Some("revoked"), ..WANTED }).await, "", "{name}");
        assert_eq!(list(Wanted { search: Some("NAME OF c"), ..WANTED }).await, "C", "{name}");
        assert_eq!(list(Wanted { search: Some("_%"), ..WANTED }).await, "d_%", "{name}");
        assert_eq!(store.looked_up(Kind::Key, "lookup C").await.unwrap().unwrap().id, "C", "{name}");
        assert_eq!(store.looked_up(Kind::Key, "lookup c").await.unwrap(), None, "{name}");
        let mut twin = record(Kind::Key, "e", "acme", 1);
        twin.lookup = Some("lookup C".to_owned());
        assert_eq!(store.change(change(4, Write::Put(twin))).await.unwrap(), Outcome::Taken, "{name}");
        let log = async |looked: Looked<'_>| {
            let entries = store.log(looked).await.unwrap();
            entries.iter().map(|entry| entry.number).collect::<Vec<_>>()
        };
        assert_eq!(log(Looked { tenant: Some("acme"), ..LOOKED }).await, [1, 2, 4], "{name}");
        assert_eq!(log(Looked { after: Some(3), is_ascending: false, ..LOOKED }).await, [2, 1], "{name}");
        assert_eq!(log(Looked { from: Some(NOW + 1), to: Some(NOW + 3), ..LOOKED }).await, [2, 3], "{name}");
        assert_eq!(log(Looked { object_id: Some("a"), actor: Some("ann"), ..LOOKED }).await, [3], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_a_key_is_found_by_the_hash_of_its_text() {
    for stage in databases().await {
        let (name, store) = (stage.name, stage.database.as_ref().unwrap());
        let hash = |byte: u8| -> Hash { [byte; 32] };
        let secrets = |all: &[(u8, Option<i64>)]| {
            Some(
                all.iter()
                    .map(|(byte, expires_at)| Secret { hash: hash(*byte), expires_at: *expires_at })
                    .collect(),
            )
        };
        let put = |version| Write::Put(record(Kind::Key, "key_1", "acme", version));
        let made = Change { secrets: secrets(&[(1, None)]), ..change(0, put(1)) };
        assert_eq!(store.change(made).await.unwrap(), Outcome::Done);
        assert_eq!(store.holder_of(&hash(1)).await.unwrap().unwrap().0.id, "key_1", "{name}");
        let rotated = Change { secrets: secrets(&[(1, Some(NOW)), (2, None)]), ..change(1, put(2)) };
        assert_eq!(store.change(rotated).await.unwrap(), Outcome::Done);
        assert_eq!(store.holder_of(&hash(1)).await.unwrap().unwrap().1.expires_at, Some(NOW), "{name}");
        assert_eq!(store.secrets("key_1").await.unwrap().len(), 2, "{name}");
        let revoked = Change { secrets: Some(Vec::new()), ..change(2, put(3)) };
        assert_eq!(store.change(revoked).await.unwrap(), Outcome::Done);
        assert_eq!(store.holder_of(&hash(2)).await.unwrap(), None, "{name}");
        store.note_uses(&[("key_1".to_owned(), NOW), ("key_2".to_owned(), NOW)]).await.unwrap();
        store.note_uses(&[("key_1".to_owned(), NOW - 1), ("key_2".to_owned(), NOW + 1)]).await.unwrap();
        let uses = store.uses(&["key_1", "key_2", "key_3"]).await.unwrap();
        assert_eq!(
            uses,
            [("key_1".to_owned(), NOW), ("key_2".to_owned(), NOW + 1)],
            "{name}: never backwards"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_for_its_time() {
    for stage in databases().await {
        let (name, store) = (stage.name, stage.database.as_ref().unwrap());
        let answer =
            Repeatable { name: [1; 32], request: [2; 32], answer: "sealed".into(), expires_at: NOW + 10 };
        let made = Change { repeatable: Some(answer.clone()), ..change(0, None) };
        assert_eq!(store.change(made).await.unwrap(), Outcome::Done);
        assert_eq!(store.repeated(&[1; 32], NOW).await.unwrap(), Some(answer), "{name}");
        assert_eq!(store.repeated(&[1; 32], NOW + 10).await.unwrap(), None, "{name}");
        assert_eq!(store.sweep(NOW + 5000).await.unwrap(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_only_added_to() {
    for stage in databases().await {
        let store = stage.database.as_ref().unwrap();
        store.change(change(0, None)).await.unwrap();
        for statement in ["UPDATE audit SET actor = 'bob'", "DELETE FROM audit"] {
            let refused = crate::schema::try_run(stage.place.as_ref().unwrap(), statement).await.unwrap_err();
            assert!(refused.contains("only added to"), "{}: {refused}", stage.name);
        }
        assert_eq!(store.log(LOOKED).await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_documents_are_encrypted_where_there_is_a_key() {
    let stage = encrypted().await;
    let store = stage.database.as_ref().unwrap();
    store.change(change(0, Write::Put(record(Kind::Key, "key_1", "acme", 1)))).await.unwrap();
    assert_eq!(
        store.record(Kind::Key, "key_1").await.unwrap().unwrap(),
        record(Kind::Key, "key_1", "acme", 1)
    );
    let other = lattice_sql::Database::open(stage.place.clone().unwrap(), crate::stage::keyring(9)).unwrap();
    other.opened(std::time::Duration::from_mins(1)).await;
    let unread = other.record(Kind::Key, "key_1").await.unwrap_err();
    assert!(matches!(unread, StoreError::Unreadable(_)), "{unread}");
}
