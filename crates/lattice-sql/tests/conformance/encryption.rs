//! Contents are encrypted where there is a key, and what was stored without one can still be read.

use std::time::Duration;

use lattice_sql::{Condition, Database, Keyring, Place};
use lattice_store::{Addition, Conversations, Entry, NewConversation, Owner, Reach, Responses, StoreError};

use crate::stage::{NOW, encrypted, keyring, owner, reach, response, sqlite};

async fn open(place: &Place, keyring: Keyring) -> Database {
    let database = Database::open(place.clone(), keyring).unwrap();
    assert_eq!(database.opened(Duration::from_mins(1)).await, Condition::There);
    database
}

/// Everything that the database keeps in its folder.
fn bytes_of(place: &Place) -> Vec<u8> {
    let Place::File(file) = place else { return Vec::new() };
    let files = std::fs::read_dir(file.parent().unwrap()).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn conversation() -> NewConversation {
    NewConversation {
        owner: owner("acme", "ann"),
        id: "conv_1".to_owned(),
        created_at: NOW,
        ttl: None,
        metadata: r#"{"note":"of-the-metadata"}"#.into(),
        entries: vec![Entry { id: "i1".to_owned(), item: r#"{"text":"of-the-beginning"}"#.into() }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_are_not_in_the_files_and_no_other_key_opens_them() {
    let stage = encrypted().await;
    let (store, place, whose) = (&stage.responses, stage.place.as_ref().unwrap(), reach("acme", "ann"));
    store.create(conversation()).await.unwrap();
    let mut new = response("resp_1", None);
    new.content.input = r#"["of-the-input"]"#.into();
    new.content.output = r#"["of-the-output"]"#.into();
    new.content.state = r#"["of-the-state"]"#.into();
    new.content.frame.json = r#"{"x":"of-the-frame"}"#.into();
    let item = Entry { id: "i2".to_owned(), item: r#"{"text":"of-the-turn"}"#.into() };
    new.addition = Some(Addition {
        reach: reach("acme", "ann"),
        conversation: "conv_1".to_owned(),
        now: NOW,
        entries: vec![item.clone()],
    });
    store.commit(new.clone()).await.unwrap();
    let bytes = bytes_of(place);
    assert!(holds(&bytes, "resp_1") && holds(&bytes, "conv_1"), "the right files are read");
    assert!(!holds(&bytes, "of-the-"), "no content may be in them");
    assert_eq!(store.get(&whose, "resp_1", NOW).await.unwrap().unwrap().content, new.content);
    assert_eq!(store.find_entry(&whose, "i2", NOW).await.unwrap(), Some(item));

    let other = open(place, keyring(8)).await;
    let unreadable = other.get(&whose, "resp_1", NOW).await.unwrap_err();
    assert!(
        matches!(&unreadable, StoreError::Unreadable(why) if why.contains("ENCRYPTION_KEY")),
        "{unreadable}"
    );
    assert!(other.history(&whose, "conv_1", NOW, 1 << 20).await.is_err());
    assert!(other.ready().is_ok(), "one that cannot be read is no reason to stop");
    assert!(other.get(&Reach::own(Owner::anonymous()), "resp_1", NOW).await.unwrap().is_none());
    assert!(other.delete(&whose, "resp_1", NOW).await.unwrap(), "what cannot be read can be deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_without_a_key_is_read_with_one() {
    let stage = sqlite().await;
    let place = stage.place.as_ref().unwrap();
    stage.responses.commit(response("resp_1", None)).await.unwrap();
    let database = open(place, keyring(7)).await;
    database.commit(response("resp_2", Some("resp_1"))).await.unwrap();
    let chain = database.chain(&reach("acme", "ann"), "resp_2", NOW, 1 << 20).await.unwrap();
    assert_eq!(chain.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_not_in_the_files_after_the_sweep() {
    let stage = sqlite().await;
    let (store, place) = (&stage.responses, stage.place.as_ref().unwrap());
    let mut new = response("resp_1", None);
    new.content.input = r#"["the-deleted-part"]"#.into();
    store.commit(new).await.unwrap();
    for number in 0..50 {
        let mut other = response(&format!("resp_other_{number}"), None);
        other.content.output = "x".repeat(5000).into();
        store.commit(other).await.unwrap();
    }
    assert!(holds(&bytes_of(place), "the-deleted-part"));
    assert!(store.delete(&reach("acme", "ann"), "resp_1", NOW).await.unwrap());
    stage.database.as_ref().unwrap().sweep(NOW).await.unwrap();
    assert!(!holds(&bytes_of(place), "the-deleted-part"));
}
