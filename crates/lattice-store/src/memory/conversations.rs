//! Conversations in memory.

use async_trait::async_trait;
use bytes::Bytes;

use super::{Kept, Memory, is_live};
use crate::conversations::{Addition, Conversation, Conversations, Entries, Entry, NewConversation, Page};
use crate::error::StoreError;
use crate::owner::Reach;

/// A conversation and when it ends.
#[derive(Debug)]
pub(super) struct Held {
    new: NewConversation,
    expires_at: Option<i64>,
}

impl Kept {
    fn conversation(&mut self, reach: &Reach, id: &str, now: i64) -> Option<&mut Held> {
        let is_it = |held: &&mut Held| {
            held.new.id == id && reach.covers(&held.new.owner) && is_live(held.expires_at, now)
        };
        self.conversations.iter_mut().find(is_it)
    }

    /// Adds to a conversation; false where it is not there.
    pub(super) fn add(&mut self, addition: Addition) -> bool {
        let Some(held) = self.conversation(&addition.reach, &addition.conversation, addition.now) else {
            return false;
        };
        held.new.entries.extend(addition.entries);
        held.touch(addition.now);
        true
    }
}

impl Held {
    fn touch(&mut self, now: i64) {
        self.expires_at = self.new.ttl.map(|ttl| now.saturating_add(ttl));
    }

    fn shown(&self) -> Conversation {
        let NewConversation { id, created_at, metadata, .. } = &self.new;
        Conversation { id: id.clone(), created_at: *created_at, metadata: metadata.clone() }
    }
}

#[async_trait]
impl Conversations for Memory {
    async fn create(&self, new: NewConversation) -> Result<(), StoreError> {
        let mut held = Held { expires_at: None, new };
        held.touch(held.new.created_at);
        self.open()?.conversations.push(held);
        Ok(())
    }

    async fn conversation(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(self.open()?.conversation(reach, id, now).map(|held| held.shown()))
    }

    async fn set_metadata(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        metadata: Bytes,
    ) -> Result<Option<Conversation>, StoreError> {
        let mut kept = self.open()?;
        let Some(held) = kept.conversation(reach, id, now) else { return Ok(None) };
        held.new.metadata = metadata;
        held.touch(now);
        Ok(Some(held.shown()))
    }

    async fn delete_conversation(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError> {
        let mut kept = self.open()?;
        let is_there = kept.conversation(reach, id, now).is_some();
        kept.conversations.retain(|held| !is_there || held.new.id != id);
        Ok(is_there)
    }

    async fn append(&self, addition: Addition) -> Result<bool, StoreError> {
        Ok(self.open()?.add(addition))
    }

    async fn entries(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        page: Page<'_>,
    ) -> Result<Option<Entries>, StoreError> {
        let mut kept = self.open()?;
        let Some(held) = kept.conversation(reach, id, now) else { return Ok(None) };
        let mut all: Vec<&Entry> = held.new.entries.iter().collect();
        if !page.is_ascending {
            all.reverse();
        }
        let start = match page.after {
            None => 0,
            // The latest of those with one id, wherever it stands.
            Some(after) => {
                let mut places =
                    all.iter().enumerate().filter(|(_, entry)| entry.id == after).map(|(at, _)| at);
                let place = if page.is_ascending { places.next_back() } else { places.next() };
                let Some(place) = place else { return Ok(None) };
                place.saturating_add(1)
            }
        };
        let rest = all.get(start..).unwrap_or_default();
        let entries: Vec<Entry> = rest.iter().take(page.limit).map(|entry| Entry::clone(entry)).collect();
        Ok(Some(Entries { has_more: rest.len() > entries.len(), entries }))
    }

    async fn history(
        &self,
        reach: &Reach,
        id: &str,
        now: i64,
        limit: usize,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let mut kept = self.open()?;
        let Some(held) = kept.conversation(reach, id, now) else { return Ok(None) };
        let size: usize = held.new.entries.iter().map(|entry| entry.item.len()).sum();
        if size > limit {
            return Err(StoreError::TooLarge(limit));
        }
        Ok(Some(held.new.entries.clone()))
    }

    async fn entry(
        &self,
        reach: &Reach,
        id: &str,
        item: &str,
        now: i64,
    ) -> Result<Option<Entry>, StoreError> {
        let mut kept = self.open()?;
        let held = kept.conversation(reach, id, now);
        Ok(held.and_then(|held| held.new.entries.iter().rfind(|entry| entry.id == item).cloned()))
    }

    async fn delete_entry(&self, reach: &Reach, id: &str, item: &str, now: i64) -> Result<bool, StoreError> {
        let mut kept = self.open()?;
        let Some(held) = kept.conversation(reach, id, now) else { return Ok(false) };
        let Some(at) = held.new.entries.iter().rposition(|entry| entry.id == item) else { return Ok(false) };
        held.new.entries.remove(at);
        held.touch(now);
        Ok(true)
    }

    async fn find_entry(&self, reach: &Reach, item: &str, now: i64) -> Result<Option<Entry>, StoreError> {
        let kept = self.open()?;
        let own = kept
            .conversations
            .iter()
            .filter(|held| reach.covers(&held.new.owner) && is_live(held.expires_at, now));
        let mut own: Vec<&Held> = own.collect();
        own.sort_by(|one, two| two.new.id.cmp(&one.new.id));
        Ok(own
            .into_iter()
            .flat_map(|held| held.new.entries.iter().rev())
            .find(|entry| entry.id == item)
            .cloned())
    }
}
