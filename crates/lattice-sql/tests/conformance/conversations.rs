//! Conversations: what was added is there in its order, for those whose it is.

use std::sync::Arc;

use lattice_store::{Addition, Entry, NewConversation, Owner, Page, Reach, Store, StoreError};

use crate::stage::{NOW, databases, owner, reach, response, stores};

fn entry(id: &str) -> Entry {
    Entry { id: id.to_owned(), item: format!(r#"{{"id":"{id}"}}"#).into() }
}

fn conversation(id: &str, entries: &[&str]) -> NewConversation {
    NewConversation {
        owner: owner("acme", "ann"),
        id: id.to_owned(),
        created_at: NOW,
        ttl: Some(100),
        metadata: r#"{"a":"b"}"#.into(),
        entries: entries.iter().map(|id| entry(id)).collect(),
    }
}

fn addition(id: &str, now: i64, entries: &[&str]) -> Addition {
    Addition {
        reach: reach("acme", "ann"),
        conversation: id.to_owned(),
        now,
        entries: entries.iter().map(|id| entry(id)).collect(),
    }
}

async fn history(store: &Arc<dyn Store>, whose: &Reach, id: &str, now: i64) -> Option<Vec<String>> {
    let entries = store.history(whose, id, now, 1 << 20).await.unwrap()?;
    Some(entries.into_iter().map(|entry| entry.id).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn items_stand_in_the_order_in_which_they_were_added() {
    for stage in stores().await {
        let (name, store, whose) = (stage.name, &stage.responses, reach("acme", "ann"));
        store.create(conversation("conv_1", &["a", "b"])).await.unwrap();
        assert!(store.append(addition("conv_1", NOW, &["c"])).await.unwrap(), "{name}");
        let mut new = response("resp_1", None);
        new.addition = Some(addition("conv_1", NOW, &["d", "e"]));
        store.commit(new).await.unwrap();
        let chain = store.chain(&whose, "resp_1", NOW, 1 << 20).await.unwrap();
        assert_eq!(chain[0].conversation.as_deref(), Some("conv_1"), "{name}");
        assert_eq!(history(store, &whose, "conv_1", NOW).await.unwrap(), ["a", "b", "c", "d", "e"], "{name}");
        let found = store.conversation(&whose, "conv_1", NOW).await.unwrap().unwrap();
        assert_eq!((found.created_at, &found.metadata[..]), (NOW, &br#"{"a":"b"}"#[..]), "{name}");
        let changed = store.set_metadata(&whose, "conv_1", NOW, "{}".into()).await.unwrap().unwrap();
        assert_eq!(&changed.metadata[..], b"{}", "{name}");
        let too_large = store.history(&whose, "conv_1", NOW, 20).await;
        assert_eq!(too_large, Err(StoreError::TooLarge(20)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_pages_follow_each_other_in_both_orders() {
    for stage in stores().await {
        let (name, store, whose) = (stage.name, &stage.responses, reach("acme", "ann"));
        let ids: Vec<String> = (0..25).map(|number| format!("i{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        store.create(conversation("conv_1", &ids)).await.unwrap();
        for is_ascending in [true, false] {
            let (mut seen, mut after, mut pages) = (Vec::new(), None::<String>, 0);
            loop {
                let page = Page { after: after.as_deref(), limit: 10, is_ascending };
                let page = store.entries(&whose, "conv_1", NOW, page).await.unwrap().unwrap();
                seen.extend(page.entries.iter().map(|entry| entry.id.clone()));
                (after, pages) = (seen.last().cloned(), pages + 1);
                if !page.has_more {
                    break;
                }
            }
            if !is_ascending {
                seen.reverse();
            }
            assert_eq!((seen, pages), (ids.iter().map(|id| (*id).to_owned()).collect(), 3), "{name}");
        }
        let nowhere = Page { after: Some("gone"), limit: 10, is_ascending: true };
        assert_eq!(store.entries(&whose, "conv_1", NOW, nowhere).await.unwrap(), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a3_who_runs_a_tenant_reaches_the_conversations_of_all_in_it() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        store.create(conversation("conv_1", &["a"])).await.unwrap();
        let whole = |tenant| Reach { is_whole_tenant: true, ..reach(tenant, "boss") };
        let (boss, other) = (whole("acme"), whole("other"));
        for (who, is_there) in [(&boss, true), (&other, false)] {
            let page = Page { after: None, limit: 10, is_ascending: true };
            assert_eq!(store.conversation(who, "conv_1", NOW).await.unwrap().is_some(), is_there, "{name}");
            let metadata = store.set_metadata(who, "conv_1", NOW, "{}".into()).await.unwrap();
            assert_eq!(metadata.is_some(), is_there, "{name}");
            assert_eq!(store.entries(who, "conv_1", NOW, page).await.unwrap().is_some(), is_there, "{name}");
            assert_eq!(history(store, who, "conv_1", NOW).await.is_some(), is_there, "{name}");
            assert_eq!(store.find_entry(who, "a", NOW).await.unwrap().is_some(), is_there, "{name}");
            let added = Addition { reach: who.clone(), ..addition("conv_1", NOW, &["x"]) };
            assert_eq!(store.append(added.clone()).await.unwrap(), is_there, "{name}");
            let mut new = response(&format!("resp_{}", who.owner.tenant), None);
            (new.owner, new.addition) = (who.owner.clone(), Some(added));
            assert_eq!(store.commit(new).await.is_ok(), is_there, "{name}");
        }
        assert!(!store.delete_conversation(&other, "conv_1", NOW).await.unwrap(), "{name}");
        assert!(store.delete_entry(&boss, "conv_1", "a", NOW).await.unwrap(), "{name}");
        assert!(store.delete_conversation(&boss, "conv_1", NOW).await.unwrap(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_somebody_elses_conversation_is_like_one_that_is_not_there() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        store.create(conversation("conv_1", &["a"])).await.unwrap();
        for stranger in [reach("acme", "bob"), reach("other", "ann"), Reach::own(Owner::anonymous())] {
            let page = Page { after: None, limit: 10, is_ascending: true };
            assert_eq!(store.conversation(&stranger, "conv_1", NOW).await.unwrap(), None, "{name}");
            assert_eq!(
                store.set_metadata(&stranger, "conv_1", NOW, "{}".into()).await.unwrap(),
                None,
                "{name}"
            );
            assert_eq!(store.entries(&stranger, "conv_1", NOW, page).await.unwrap(), None, "{name}");
            assert_eq!(history(store, &stranger, "conv_1", NOW).await, None, "{name}");
            assert_eq!(store.entry(&stranger, "conv_1", "a", NOW).await.unwrap(), None, "{name}");
            assert_eq!(store.find_entry(&stranger, "a", NOW).await.unwrap(), None, "{name}");
            let added = Addition { reach: stranger.clone(), ..addition("conv_1", NOW, &["x"]) };
            assert!(!store.append(added.clone()).await.unwrap(), "{name}");
            assert!(!store.delete_entry(&stranger, "conv_1", "a", NOW).await.unwrap(), "{name}");
            assert!(!store.delete_conversation(&stranger, "conv_1", NOW).await.unwrap(), "{name}");
            let mut new = response(&format!("resp_{}", stranger.owner.subject), None);
            (new.owner, new.addition) = (stranger.owner, Some(added));
            assert!(matches!(store.commit(new).await, Err(StoreError::Gone(_))), "{name}");
        }
        assert_eq!(history(store, &reach("acme", "ann"), "conv_1", NOW).await.unwrap(), ["a"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_a_conversation_ends_when_nothing_has_changed_it_for_long() {
    for stage in stores().await {
        let (name, store, whose) = (stage.name, &stage.responses, reach("acme", "ann"));
        store.create(conversation("conv_1", &["a"])).await.unwrap();
        let mut kept = conversation("conv_kept", &["k"]);
        kept.ttl = None;
        store.create(kept).await.unwrap();
        assert!(store.append(addition("conv_1", NOW + 99, &["b"])).await.unwrap(), "{name}");
        let mut new = response("resp_1", None);
        new.addition = Some(addition("conv_1", NOW + 150, &["c"]));
        store.commit(new).await.unwrap();
        assert!(store.delete_entry(&whose, "conv_1", "b", NOW + 200).await.unwrap(), "{name}");
        assert!(
            store.set_metadata(&whose, "conv_1", NOW + 250, "{}".into()).await.unwrap().is_some(),
            "{name}"
        );
        assert_eq!(history(store, &whose, "conv_1", NOW + 349).await.unwrap(), ["a", "c"], "{name}");
        for late in [NOW + 350, NOW + 1_000_000] {
            assert_eq!(history(store, &whose, "conv_1", late).await, None, "{name}");
            assert_eq!(store.find_entry(&whose, "a", late).await.unwrap(), None, "{name}");
            assert!(!store.append(addition("conv_1", late, &["d"])).await.unwrap(), "{name}");
            let mut new = response(&format!("resp_{late}"), None);
            new.addition = Some(addition("conv_1", late, &["x"]));
            assert!(matches!(store.commit(new).await, Err(StoreError::Gone(_))), "{name}");
        }
        assert_eq!(history(store, &whose, "conv_kept", NOW + 1_000_000).await.unwrap(), ["k"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_items_are_found_and_deleted_by_their_ids() {
    for stage in stores().await {
        let (name, store, whose) = (stage.name, &stage.responses, reach("acme", "ann"));
        store.create(conversation("conv_1", &["a", "b", "a"])).await.unwrap();
        store.create(conversation("conv_2", &["b"])).await.unwrap();
        assert_eq!(store.entry(&whose, "conv_1", "b", NOW).await.unwrap(), Some(entry("b")), "{name}");
        assert_eq!(store.entry(&whose, "conv_2", "a", NOW).await.unwrap(), None, "{name}");
        assert_eq!(store.find_entry(&whose, "a", NOW).await.unwrap(), Some(entry("a")), "{name}");
        assert!(store.delete_entry(&whose, "conv_1", "a", NOW).await.unwrap(), "{name}");
        assert_eq!(history(store, &whose, "conv_1", NOW).await.unwrap(), ["a", "b"], "{name}: the latest");
        assert!(store.delete_conversation(&whose, "conv_1", NOW).await.unwrap(), "{name}");
        assert!(!store.delete_conversation(&whose, "conv_1", NOW).await.unwrap(), "{name}");
        assert_eq!(store.find_entry(&whose, "a", NOW).await.unwrap(), None, "{name}");
        assert_eq!(history(store, &whose, "conv_2", NOW).await.unwrap(), ["b"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_that_end_at_once_are_added_whole_one_behind_the_other() {
    for stage in stores().await {
        let (name, store, whose) = (stage.name, &stage.responses, reach("acme", "ann"));
        for number in 0..3 {
            store.create(conversation(&format!("conv_{number}"), &[])).await.unwrap();
        }
        let commits: Vec<_> = (0..60)
            .map(|number| {
                let (store, ids) = (Arc::clone(store), [format!("q{number}"), format!("a{number}")]);
                let mut new = response(&format!("resp_{number}"), None);
                // Every fifth belongs to a conversation that is not there: it fails alone.
                let conversation =
                    if number % 5 == 4 { "conv_gone".to_owned() } else { format!("conv_{}", number % 3) };
                new.addition = Some(addition(&conversation, NOW, &[&ids[0], &ids[1]]));
                tokio::spawn(async move { store.commit(new).await })
            })
            .collect();
        for (commit, number) in commits.into_iter().zip(0..) {
            let committed = commit.await.unwrap();
            assert_eq!(committed.is_err(), number % 5 == 4, "{name} {number}: {committed:?}");
            let found = store.get(&whose, &format!("resp_{number}"), NOW).await.unwrap();
            assert_eq!(found.is_some(), committed.is_ok(), "{name} {number}");
        }
        let mut all = 0;
        for number in 0..3 {
            let items = history(store, &whose, &format!("conv_{number}"), NOW).await.unwrap();
            for turn in items.chunks(2) {
                assert_eq!(
                    turn[0].trim_start_matches('q'),
                    turn[1].trim_start_matches('a'),
                    "{name}: {items:?}"
                );
            }
            all += items.len();
        }
        assert_eq!(all, 96, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeping_takes_conversations_with_their_items() {
    for stage in databases().await {
        let (name, store, database) = (stage.name, &stage.responses, stage.database.as_ref().unwrap());
        store.create(conversation("conv_1", &["a", "b"])).await.unwrap();
        assert_eq!(database.sweep(NOW + 900).await.unwrap(), 0, "{name}");
        assert_eq!(database.sweep(NOW + 1100).await.unwrap(), 1, "{name}");
        assert_eq!(history(store, &reach("acme", "ann"), "conv_1", NOW).await, None, "{name}");
    }
}
