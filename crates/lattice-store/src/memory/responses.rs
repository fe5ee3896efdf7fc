//! Responses in memory.

use async_trait::async_trait;

use super::{Memory, is_live};
use crate::error::StoreError;
use crate::owner::{Owner, Reach};
use crate::responses::{Link, NewResponse, Responses, StoredResponse};

#[async_trait]
impl Responses for Memory {
    fn ready(&self) -> Result<(), StoreError> {
        self.open().map(|_| ())
    }

    async fn commit(&self, new: NewResponse) -> Result<(), StoreError> {
        let mut kept = self.open()?;
        if kept.responses.iter().any(|one| one.id == new.id) {
            return Err(StoreError::Refused(format!("there is a response `{}` already", new.id)));
        }
        if let Some(addition) = &new.addition
            && !kept.add(addition.clone())
        {
            return Err(StoreError::Gone(addition.conversation.clone()));
        }
        kept.responses.push(new);
        Ok(())
    }

    async fn get(&self, reach: &Reach, id: &str, now: i64) -> Result<Option<StoredResponse>, StoreError> {
        let kept = self.open()?;
        Ok(kept.response(reach, id).filter(|one| is_live(one.expires_at, now)).map(stored))
    }

    async fn chain(&self, reach: &Reach, id: &str, now: i64, limit: usize) -> Result<Vec<Link>, StoreError> {
        let kept = self.open()?;
        let mut chain = Vec::new();
        let mut size = 0_usize;
        let mut next = kept.response(reach, id).filter(|one| is_live(one.expires_at, now));
        while let Some(one) = next {
            let content = &one.content;
            size = size.saturating_add(content.input.len().saturating_add(content.output.len()));
            if size > limit {
                return Err(StoreError::TooLarge(limit));
            }
            chain.push(Link {
                id: one.id.clone(),
                parent: one.parent.clone(),
                conversation: one.addition.as_ref().map(|addition| addition.conversation.clone()),
                status: one.status.to_owned(),
                input: content.input.clone(),
                output: content.output.clone(),
                state: content.state.clone(),
            });
            next = one.parent.as_deref().and_then(|parent| kept.response(reach, parent));
        }
        chain.reverse();
        Ok(chain)
    }

    async fn holder(
        &self,
        owner: &Owner,
        item_id: &str,
        now: i64,
    ) -> Result<Option<StoredResponse>, StoreError> {
        let kept = self.open()?;
        let holds = |one: &&NewResponse| {
            one.owner == *owner
                && is_live(one.expires_at, now)
                && one.foreign_ids.iter().any(|id| id == item_id)
        };
        Ok(kept.responses.iter().filter(holds).max_by_key(|one| &one.id).map(stored))
    }

    async fn delete(&self, reach: &Reach, id: &str, now: i64) -> Result<bool, StoreError> {
        let mut kept = self.open()?;
        let before = kept.responses.len();
        kept.responses
            .retain(|one| one.id != id || !reach.covers(&one.owner) || !is_live(one.expires_at, now));
        Ok(kept.responses.len() < before)
    }
}

fn stored(one: &NewResponse) -> StoredResponse {
    StoredResponse { id: one.id.clone(), content: one.content.clone() }
}
