//! A store that answers in time, or says that it is away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::conversations::{Addition, Conversation, Conversations, Entries, Entry, NewConversation, Page};
use crate::error::StoreError;
use crate::owner::{Owner, Reach};
use crate::records::{
    self, Change, Hash, Kind, Looked, Outcome, Record, Records, Repeatable, Revision, Secret, Wanted,
};
use crate::responses::{Link, NewResponse, Responses, StoredResponse};
use crate::sessions::{Session, Sessions};

/// A store whose every answer is waited for so long and no longer.
pub struct Bounded<S> {
    store: Arc<S>,
    patience: Duration,
}

impl<S> Bounded<S> {
    /// That store, with this patience.
    pub fn new(store: Arc<S>, patience: Duration) -> Self {
        Self { store, patience }
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::Unavailable(format!("no answer within {:?}", self.patience))),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Bounded<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Bounded").field(&self.store).finish()
    }
}

#[async_trait]
impl<S: Responses> Responses for Bounded<S> {
    fn ready(&self) -> Result<(), StoreError> {
        self.store.ready()
    }

    async fn commit(&self, new: NewResponse) -> Result<(), StoreError> {
        self.within(self.store.commit(new)).await
    }

    async fn get(&self, reach: &Reach, id: &str, now: i64) -> Result<Option<StoredResponse>, StoreError> {
        self.within(self.store.get(reach, id, now)).await
    }

    async fn chain(&self, reach: &Reach, id: &str, now: i64, limit: usize) -> Result<Vec<Link>, StoreError> {
        self.within(self.store.chain(reach, id, now, limit)).await
    }

    async fn holder(
        &self,
        owner: &Owner,
        item_id: &str,
        now: i64,
    ) -> Result<Option<StoredResponse>, StoreError> {
        self.within(self.store.holder(owner, item_id, now)).await
    }

    async fn delete(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError> {
        self.within(self.store.delete(reach, id, now)).await
    }
}

#[async_trait]
impl<S: Conversations> Conversations for Bounded<S> {
    async fn create(&self, new: NewConversation) -> Result<(), StoreError> {
        self.within(self.store.create(new)).await
    }

    async fn conversation(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
    ) -> Result<Option<Conversation>, StoreError> {
        self.within(self.store.conversation(reach, id, now)).await
    }

    async fn set_metadata(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        metadata: Bytes,
    ) -> Result<Option<Conversation>, StoreError> {
        self.within(self.store.set_metadata(reach, id, now, metadata)).await
    }

    async fn delete_conversation(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError> {
        self.within(self.store.delete_conversation(reach, id, now)).await
    }

    async fn append(&self, addition: Addition) -> Result<bool, StoreError> {
        self.within(self.store.append(addition)).await
    }

    async fn entries(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        page: Page<'_>,
    ) -> Result<Option<Entries>, StoreError> {
        self.within(self.store.entries(reach, id, now, page)).await
    }

    async fn history(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        limit: usize,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        self.within(self.store.history(reach, id, now, limit)).await
    }

    async fn entry(
        &self,
        reach: &Reach,
        id: &str,
        item: &str,
        now: i64,
    ) -> Result<Option<Entry>, StoreError> {
        self.within(self.store.entry(reach, id, item, now)).await
    }

    async fn delete_entry(&self, reach: &Reach, id: &str, item: &str, now: i64) -> Result<bool, StoreError> {
        self.within(self.store.delete_entry(reach, id, item, now)).await
    }

    async fn find_entry(&self, reach: &Reach, item: &str, now: i64) -> Result<Option<Entry>, StoreError> {
        self.within(self.store.find_entry(reach, item, now)).await
    }
}

#[async_trait]
impl<S: Records> Records for Bounded<S> {
    async fn revision(&self) -> Result<Revision, StoreError> {
        self.within(self.store.revision()).await
    }

    async fn record(&self, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
        self.within(self.store.record(kind, id)).await
    }

    async fn looked_up(&self, kind: Kind, lookup: &str) -> Result<Option<Record>, StoreError> {
        self.within(self.store.looked_up(kind, lookup)).await
    }

    async fn records(&self, wanted: Wanted<'_>) -> Result<Vec<Record>, StoreError> {
        self.within(self.store.records(wanted)).await
    }

    async fn holder_of(&self, hash: &Hash) -> Result<Option<(Record, Secret)>, StoreError> {
        self.within(self.store.holder_of(hash)).await
    }

    async fn secrets(&self, key: &str) -> Result<Vec<Secret>, StoreError> {
        self.within(self.store.secrets(key)).await
    }

    async fn change(&self, change: Change) -> Result<Outcome, StoreError> {
        self.within(self.store.change(change)).await
    }

    async fn log(&self, looked: Looked<'_>) -> Result<Vec<records::Entry>, StoreError> {
        self.within(self.store.log(looked)).await
    }

    async fn repeated(&self, name: &Hash, now: i64) -> Result<Option<Repeatable>, StoreError> {
        self.within(self.store.repeated(name, now)).await
    }

    async fn note_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError> {
        self.within(self.store.note_uses(uses)).await
    }

    async fn uses(&self, keys: &[&str]) -> Result<Vec<(String, i64)>, StoreError> {
        self.within(self.store.uses(keys)).await
    }
}

#[async_trait]
impl<S: Sessions> Sessions for Bounded<S> {
    async fn begin(&self, session: Session) -> Result<(), StoreError> {
        self.within(self.store.begin(session)).await
    }

    async fn session(&self, hash: &Hash, now: i64, since: i64) -> Result<Option<Session>, StoreError> {
        self.within(self.store.session(hash, now, since)).await
    }

    async fn touch(&self, hash: &Hash, now: i64) -> Result<(), StoreError> {
        self.within(self.store.touch(hash, now)).await
    }

    async fn end(&self, hash: &Hash) -> Result<bool, StoreError> {
        self.within(self.store.end(hash)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Never answers.
    #[derive(Debug)]
    struct Silent;

    #[async_trait]
    impl Responses for Silent {
        fn ready(&self) -> Result<(), StoreError> {
            Ok(())
        }

        async fn commit(&self, _: NewResponse) -> Result<(), StoreError> {
            std::future::pending().await
        }

        async fn get(&self, _: &Reach, _: &str, _: i64) -> Result<Option<StoredResponse>, StoreError> {
            std::future::pending().await
        }

        async fn chain(&self, _: &Reach, _: &str, _: i64, _: usize) -> Result<Vec<Link>, StoreError> {
            std::future::pending().await
        }

        async fn holder(&self, _: &Owner, _: &str, _: i64) -> Result<Option<StoredResponse>, StoreError> {
            std::future::pending().await
        }

        async fn delete(&self, _: &Reach, _: &str, _: i64) -> Result<bool, StoreError> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn e8_a_store_that_hangs_is_given_up() {
        let store = Bounded::new(Arc::new(Silent), Duration::from_millis(1));
        let reach = Reach::own(Owner::anonymous());
        let away = |answer: StoreError| matches!(answer, StoreError::Unavailable(_));
        assert!(away(store.get(&reach, "x", 0).await.unwrap_err()));
        assert!(away(store.chain(&reach, "x", 0, 1).await.unwrap_err()));
        assert!(away(store.delete(&reach, "x", 0).await.unwrap_err()));
        assert!(store.ready().is_ok());
    }
}
