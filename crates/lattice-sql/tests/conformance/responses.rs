//! Responses: what comes out is what went in, for those whose it is, for as long as it is there.

use std::sync::Arc;

use lattice_store::{Reach, StoreError};

use crate::stage::{NOW, databases, owner, reach, response, stores};

#[tokio::test(flavor = "multi_thread")]
async fn d2_what_was_committed_comes_out_as_it_went_in() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        store.ready().unwrap();
        let new = response("resp_1", None);
        store.commit(new.clone()).await.unwrap();
        let found = store.get(&reach("acme", "ann"), "resp_1", NOW).await.unwrap().unwrap();
        assert_eq!((found.id.as_str(), found.content), ("resp_1", new.content.clone()), "{name}");
        assert_eq!(store.get(&reach("acme", "ann"), "resp_2", NOW).await.unwrap(), None, "{name}");
        let taken = store.commit(response("resp_1", None)).await;
        assert!(matches!(taken, Err(StoreError::Refused(_))), "{name}: {taken:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_somebody_elses_response_is_like_one_that_is_not_there() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        let mut new = response("resp_1", None);
        new.foreign_ids = vec!["msg_foreign".to_owned()];
        store.commit(new.clone()).await.unwrap();
        store.commit(response("resp_2", Some("resp_1"))).await.unwrap();
        let strangers = [
            owner("acme", "bob"),
            owner("other", "ann"),
            lattice_store::Owner { issuer: "https://elsewhere.test".into(), ..owner("acme", "ann") },
            lattice_store::Owner::anonymous(),
        ];
        let strangers = strangers.map(Reach::own);
        for stranger in &strangers {
            assert_eq!(store.get(stranger, "resp_1", NOW).await.unwrap(), None, "{name}");
            assert_eq!(store.chain(stranger, "resp_2", NOW, 1 << 20).await.unwrap(), [], "{name}");
            assert_eq!(store.holder(&stranger.owner, "msg_foreign", NOW).await.unwrap(), None, "{name}");
            assert!(!store.delete(stranger, "resp_1", NOW).await.unwrap(), "{name}");
        }
        // A response of somebody else's that names one of ours as its parent sees nothing of it.
        let mut grafted = response("resp_3", Some("resp_1"));
        grafted.owner = owner("other", "eve");
        store.commit(grafted.clone()).await.unwrap();
        let chain = store.chain(&Reach::own(grafted.owner.clone()), "resp_3", NOW, 1 << 20).await.unwrap();
        assert_eq!(chain.iter().map(|link| link.id.as_str()).collect::<Vec<_>>(), ["resp_3"], "{name}");
        assert!(store.get(&reach("acme", "ann"), "resp_1", NOW).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a3_who_runs_a_tenant_reaches_the_responses_of_all_in_it() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        let mut new = response("resp_1", None);
        new.foreign_ids = vec!["msg_foreign".to_owned()];
        store.commit(new).await.unwrap();
        let whole = |tenant| Reach { is_whole_tenant: true, ..reach(tenant, "boss") };
        // The boss goes on from what another has begun.
        let mut next = response("resp_2", Some("resp_1"));
        next.owner = owner("acme", "boss");
        store.commit(next).await.unwrap();
        let (boss, other) = (whole("acme"), whole("other"));
        assert!(store.get(&boss, "resp_1", NOW).await.unwrap().is_some(), "{name}");
        assert_eq!(store.chain(&boss, "resp_2", NOW, 1 << 20).await.unwrap().len(), 2, "{name}");
        assert_eq!(store.get(&other, "resp_1", NOW).await.unwrap(), None, "{name}");
        assert_eq!(store.chain(&other, "resp_2", NOW, 1 << 20).await.unwrap(), [], "{name}");
        assert!(!store.delete(&other, "resp_1", NOW).await.unwrap(), "{name}");
        assert!(store.delete(&boss, "resp_1", NOW).await.unwrap(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_a_chain_is_put_together_from_what_each_response_added() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        let ids: Vec<String> = (0..20).map(|number| format!("resp_{number}")).collect();
        for (at, id) in ids.iter().enumerate() {
            let parent = at.checked_sub(1).map(|before| ids[before].as_str());
            store.commit(response(id, parent)).await.unwrap();
        }
        // A branch beside the chain is not part of it.
        store.commit(response("resp_branch", Some("resp_7"))).await.unwrap();
        let whose = reach("acme", "ann");
        let chain = store.chain(&whose, "resp_19", NOW, 1 << 20).await.unwrap();
        assert_eq!(
            chain.iter().map(|link| &link.id).collect::<Vec<_>>(),
            ids.iter().collect::<Vec<_>>(),
            "{name}"
        );
        for (link, at) in chain.iter().zip(0..) {
            let new = response(&link.id, None);
            assert_eq!(link.parent.is_none(), at == 0, "{name}");
            assert_eq!(link.status, "completed", "{name}");
            let content = (new.content.input, new.content.output, new.content.state);
            assert_eq!((link.input.clone(), link.output.clone(), link.state.clone()), content, "{name}");
        }
        let branch = store.chain(&whose, "resp_branch", NOW, 1 << 20).await.unwrap();
        assert_eq!(branch.len(), 9, "{name}");
        let too_large = store.chain(&whose, "resp_19", NOW, 100).await;
        assert_eq!(too_large, Err(StoreError::TooLarge(100)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_what_has_expired_is_not_there_whatever_was_swept() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        let mut first = response("resp_1", None);
        (first.expires_at, first.foreign_ids) = (Some(NOW + 10), vec!["msg_foreign".to_owned()]);
        store.commit(first.clone()).await.unwrap();
        let mut kept = response("resp_2", Some("resp_1"));
        kept.expires_at = None;
        store.commit(kept.clone()).await.unwrap();
        assert!(store.get(&reach("acme", "ann"), "resp_1", NOW + 9).await.unwrap().is_some(), "{name}");
        assert!(
            store.holder(&owner("acme", "ann"), "msg_foreign", NOW + 9).await.unwrap().is_some(),
            "{name}"
        );
        for late in [NOW + 10, NOW + 1_000_000] {
            assert_eq!(store.get(&reach("acme", "ann"), "resp_1", late).await.unwrap(), None, "{name}");
            assert_eq!(
                store.holder(&owner("acme", "ann"), "msg_foreign", late).await.unwrap(),
                None,
                "{name}"
            );
            assert_eq!(
                store.chain(&reach("acme", "ann"), "resp_1", late, 1 << 20).await.unwrap(),
                [],
                "{name}"
            );
            assert!(!store.delete(&reach("acme", "ann"), "resp_1", late).await.unwrap(), "{name}");
            // What goes on from it still has it.
            assert!(store.get(&reach("acme", "ann"), "resp_2", late).await.unwrap().is_some(), "{name}");
            assert_eq!(
                store.chain(&reach("acme", "ann"), "resp_2", late, 1 << 20).await.unwrap().len(),
                2,
                "{name}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_gone_and_what_goes_on_from_it_shows_the_gap() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        for (id, parent) in [("resp_1", None), ("resp_2", Some("resp_1")), ("resp_3", Some("resp_2"))] {
            store.commit(response(id, parent)).await.unwrap();
        }
        let whose = reach("acme", "ann");
        assert!(store.delete(&whose, "resp_2", NOW).await.unwrap(), "{name}");
        assert!(!store.delete(&whose, "resp_2", NOW).await.unwrap(), "{name}");
        assert_eq!(store.get(&whose, "resp_2", NOW).await.unwrap(), None, "{name}");
        assert_eq!(store.chain(&whose, "resp_2", NOW, 1 << 20).await.unwrap(), [], "{name}");
        let chain = store.chain(&whose, "resp_3", NOW, 1 << 20).await.unwrap();
        assert_eq!(chain.len(), 1, "{name}");
        assert_eq!(chain[0].parent.as_deref(), Some("resp_2"), "{name}");
        assert!(store.get(&whose, "resp_1", NOW).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_an_item_is_found_by_the_id_that_somebody_else_gave_it() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        for (id, items) in [("resp_1", ["msg_a", "msg_b"]), ("resp_2", ["msg_b", "msg_b"])] {
            let mut new = response(id, None);
            new.foreign_ids = items.map(str::to_owned).to_vec();
            store.commit(new).await.unwrap();
        }
        let whose = reach("acme", "ann");
        let holder =
            async |item: &str| store.holder(&whose.owner, item, NOW).await.unwrap().map(|found| found.id);
        assert_eq!(holder("msg_a").await.as_deref(), Some("resp_1"), "{name}");
        assert_eq!(holder("msg_b").await.as_deref(), Some("resp_2"), "{name}: the latest");
        assert_eq!(holder("msg_c").await, None, "{name}");
        assert!(store.delete(&whose, "resp_1", NOW).await.unwrap(), "{name}");
        assert_eq!(holder("msg_a").await, None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_many_commits_of_one_moment_are_all_stored_and_a_wrong_one_takes_none_with_it() {
    for stage in stores().await {
        let (name, store) = (stage.name, &stage.responses);
        store.commit(response("resp_7", None)).await.unwrap();
        let commits: Vec<_> = (0..200)
            .map(|number| {
                let store = Arc::clone(store);
                let mut new = response(&format!("resp_{number}"), None);
                // Some have ids of others beside them, which takes a statement more.
                new.foreign_ids = (number % 3 == 0).then(|| format!("msg_{number}")).into_iter().collect();
                tokio::spawn(async move { store.commit(new).await })
            })
            .collect();
        let mut refused = 0;
        for commit in commits {
            refused += usize::from(commit.await.unwrap().is_err());
        }
        assert_eq!(refused, 1, "{name}: only the one whose id was taken");
        let whose = reach("acme", "ann");
        for number in 0..200 {
            let found = store.get(&whose, &format!("resp_{number}"), NOW).await.unwrap();
            assert!(found.is_some(), "{name}: {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeping_removes_what_has_expired_and_nothing_that_is_needed() {
    for stage in databases().await {
        let (name, store, database) = (stage.name, &stage.responses, stage.database.as_ref().unwrap());
        for number in 0..1200 {
            let mut new = response(&format!("resp_{number:04}"), None);
            // A chain of three at the start, whose last one is kept.
            new.parent = (1..3).contains(&number).then(|| format!("resp_{:04}", number - 1));
            new.expires_at = (number != 2).then_some(NOW + 10);
            new.foreign_ids = vec![format!("msg_{number}")];
            store.commit(new).await.unwrap();
        }
        assert_eq!(
            database.sweep(NOW + 10).await.unwrap(),
            0,
            "{name}: a turn may be about to go on from it"
        );
        assert_eq!(database.sweep(NOW + 1000).await.unwrap(), 1197, "{name}");
        let whose = reach("acme", "ann");
        assert_eq!(store.chain(&whose, "resp_0002", NOW, 1 << 20).await.unwrap().len(), 3, "{name}");
        assert!(store.delete(&whose, "resp_0002", NOW).await.unwrap(), "{name}");
        assert_eq!(database.sweep(NOW + 1000).await.unwrap(), 2, "{name}: nothing needs them any more");
    }
}
