//! Sessions of browsers.

use lattice_store::{Session, Sessions, Whose};

use crate::stage::{NOW, databases};

fn session(byte: u8, whose: Whose) -> Session {
    Session {
        hash: [byte; 32],
        whose,
        created_at: NOW,
        seen_at: NOW,
        expires_at: NOW + 100,
        sealed: vec![byte, 0, 255].into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_a_session_lasts_for_its_time_and_while_it_is_used() {
    for stage in databases().await {
        let (name, store) = (stage.name, stage.database.as_ref().unwrap());
        let user = Whose::User {
            issuer: "https://issuer.test".to_owned(),
            subject: "ann".to_owned(),
            tenant: "acme".to_owned(),
        };
        let (one, other) = (session(1, user), session(2, Whose::Key([7; 32])));
        for new in [&one, &other] {
            store.begin(new.clone()).await.unwrap();
            assert_eq!(store.session(&new.hash, NOW, NOW - 1).await.unwrap().as_ref(), Some(new), "{name}");
        }
        assert!(store.begin(one.clone()).await.is_err(), "{name}: no two have one text");
        let is_there = async |now, since| store.session(&one.hash, now, since).await.unwrap().is_some();
        assert!(is_there(NOW + 99, NOW - 1).await && !is_there(NOW + 100, NOW - 1).await, "{name}");
        assert!(!is_there(NOW + 50, NOW).await, "{name}: it was not used for too long");
        store.touch(&one.hash, NOW + 40).await.unwrap();
        store.touch(&one.hash, NOW + 30).await.unwrap();
        assert!(is_there(NOW + 50, NOW + 39).await, "{name}: never backwards");
        assert!(store.end(&one.hash).await.unwrap() && !store.end(&one.hash).await.unwrap(), "{name}");
        assert!(!is_there(NOW, NOW - 1).await, "{name}");
        assert_eq!(store.sweep(NOW + 5000).await.unwrap(), 1, "{name}");
    }
}
