//! What the database knows of callers, kept in the process for as long as it is true.
//!
//! A caller's key is read once. It counts for as long as nobody's rights were changed, which a number in the database tells: it is asked for
//! now and then, not with every request. While the database is away, what was known goes on counting for a while (A6).

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use lattice_store::records::{Kind, Record, Records, Wanted};
use lattice_store::{Owner, StoreError};
use moka::sync::Cache;
use tokio::sync::Mutex;

use crate::kept::{ApiKey, Kept, Status, User, lookup};
use crate::key::KeyHash;
use crate::principal::{Bounds, KeyName, Principal};

/// Keys that are kept in the process at most: a few hundred bytes each.
const KNOWN: u64 = 100_000;

/// How long what is known counts while the database is away, in seconds.
const GRACE: i64 = 3600;

/// Uses of keys that are written down at once.
const NOTED_AT_ONCE: usize = 500;

/// Suspended tenants that are read at once.
const PAGE: usize = 500;

/// A key that was read.
#[derive(Debug)]
pub(crate) struct Known {
    id: String,
    pub(crate) principal: Arc<Principal>,
    /// The key's user is let in.
    pub(crate) is_active: bool,
    /// The key of the configuration that it ends with.
    pub(crate) ends_with: Option<String>,
    /// How far the changes were when it was read.
    callers: i64,
    /// Seconds since 1970, UTC.
    used_at: AtomicI64,
    noted_at: AtomicI64,
}

impl Known {
    /// It was used.
    pub(crate) fn used(&self, now: i64) {
        self.used_at.store(now, Ordering::Relaxed);
    }
}

/// How the ids of keys of the configuration begin.
pub const OF_FILE: &str = "file_";

/// How many keys can have been made with each other in a row.
pub const DEPTH: usize = 4;

/// A key that lets somebody in.
struct ReadKey {
    principal: Principal,
    is_active: bool,
    ends_with: Option<String>,
}

/// A user who was read.
#[derive(Debug)]
pub(crate) struct KnownUser {
    pub(crate) principal: Arc<Principal>,
    /// They are let in.
    pub(crate) is_active: bool,
    /// How far the changes were when they were read.
    callers: i64,
}

/// What the database knows of callers.
#[derive(Debug)]
pub struct Registry {
    records: Arc<dyn Records>,
    known: Cache<KeyHash, Arc<Known>>,
    /// Those whom an issuer vouches for, by issuer and subject.
    users: Cache<String, Arc<KnownUser>>,
    suspended: ArcSwap<HashSet<String>>,
    /// How far the changes of callers are; less than 0 before anything was read.
    callers: AtomicI64,
    /// When the database said so.
    heard_at: AtomicI64,
    /// How far the changes of settings are; less than 0 before anything was read.
    settings: AtomicI64,
    /// One looks at a time: a look that took longer must not undo one that began later.
    looking: Mutex<()>,
}

impl Registry {
    /// Over these records; nothing is read yet.
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self {
            records,
            known: Cache::new(KNOWN),
            users: Cache::new(KNOWN),
            suspended: ArcSwap::default(),
            callers: AtomicI64::new(-1),
            heard_at: AtomicI64::new(0),
            settings: AtomicI64::new(-1),
            looking: Mutex::new(()),
        }
    }

    /// Asks the database how far the changes are. What has changed is read when it is needed.
    ///
    /// # Errors
    /// Where the database is away: what is known counts for a while.
    pub async fn refresh(&self, now: i64) -> Result<(), StoreError> {
        let _looking = self.looking.lock().await;
        let revision = self.records.revision().await?;
        if revision.callers != self.callers.load(Ordering::Acquire) {
            self.suspended.store(Arc::new(self.read_suspended().await?));
            self.callers.store(revision.callers, Ordering::Release);
        }
        self.heard_at.store(now, Ordering::Relaxed);
        self.settings.store(revision.settings, Ordering::Release);
        Ok(())
    }

    /// How far the changes of settings are; less than 0 before anything was read.
    pub fn settings(&self) -> i64 {
        self.settings.load(Ordering::Acquire)
    }

    /// Whether nobody of this tenant is let in.
    pub(crate) fn is_suspended(&self, tenant: &str) -> bool {
        self.suspended.load().contains(tenant)
    }

    /// The key of this hash, if it lets somebody in.
    ///
    /// # Errors
    /// Where it is not known, or not any more, and the database is away.
    pub(crate) async fn key(&self, hash: KeyHash, now: i64) -> Result<Option<Arc<Known>>, StoreError> {
        if let Some(known) = self.cached(hash, now) {
            return Ok(Some(known));
        }
        if self.callers.load(Ordering::Acquire) < 0 {
            self.refresh(now).await?;
        }
        // Whatever is read is at least as new as this.
        let callers = self.callers.load(Ordering::Acquire);
        let Some((record, secret)) = self.records.holder_of(hash.bytes()).await? else { return Ok(None) };
        let Some(read) = self.read_key(&record, secret.expires_at).await? else { return Ok(None) };
        let before = self.known.get(&hash);
        let times = |time: fn(&Known) -> i64| AtomicI64::new(before.as_deref().map_or(0, time));
        let known = Arc::new(Known {
            id: record.id,
            is_active: read.is_active,
            ends_with: read.ends_with,
            principal: Arc::new(read.principal),
            callers,
            used_at: times(|known| known.used_at.load(Ordering::Relaxed)),
            noted_at: times(|known| known.noted_at.load(Ordering::Relaxed)),
        });
        self.known.insert(hash, Arc::clone(&known));
        Ok(Some(known))
    }

    /// Whether the key of this hash let somebody in before, whatever has changed since.
    pub(crate) fn was_known(&self, hash: KeyHash) -> bool {
        self.known.contains_key(&hash)
    }

    /// The key of this hash as it was read, if that is true still.
    pub(crate) fn cached(&self, hash: KeyHash, now: i64) -> Option<Arc<Known>> {
        self.known.get(&hash).filter(|known| self.is_true(known.callers, now))
    }

    /// Who calls with a key, if it lets somebody in. `until` is when its text ends.
    async fn read_key(&self, record: &Record, until: Option<i64>) -> Result<Option<ReadKey>, StoreError> {
        let key = ApiKey::of_record(record)?;
        if key.is_revoked {
            return Ok(None);
        }
        let user = match &key.user {
            None => None,
            // Its user is gone, and it with them.
            Some(id) => match self.records.record(Kind::User, id).await? {
                None => return Ok(None),
                Some(record) => Some(User::of_record(&record)?),
            },
        };
        let mut is_active = user.as_ref().is_none_or(|user| user.status == Status::Active);
        let mut ends_with = key.parent.clone();
        for _ in 0..DEPTH {
            let Some(id) = ends_with.as_deref().filter(|id| !id.starts_with(OF_FILE)) else { break };
            let Some(record) = self.records.record(Kind::Key, id).await? else { return Ok(None) };
            let parent = ApiKey::of_record(&record)?;
            if parent.is_revoked {
                return Ok(None);
            }
            if let Some(user) = &parent.user {
                let Some(record) = self.records.record(Kind::User, user).await? else { return Ok(None) };
                is_active &= User::of_record(&record)?.status == Status::Active;
            }
            ends_with = parent.parent;
        }
        let principal = principal(&key, user.as_ref(), until);
        // Deeper than that nobody can have made any.
        let ends_with = ends_with.map(|id| if id.starts_with(OF_FILE) { id } else { OF_FILE.to_owned() });
        Ok(Some(ReadKey { principal, is_active, ends_with }))
    }

    /// The user whom an issuer knows by this subject, if there is one; `tenant` is the one that the issuer names.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub(crate) async fn user(
        &self,
        issuer: &str,
        subject: &str,
        tenant: Option<&str>,
        now: i64,
    ) -> Result<Option<Arc<KnownUser>>, StoreError> {
        let whole = lookup(issuer, subject, None);
        if let Some(known) = self.looked_up(whole, now).await? {
            return Ok(Some(known));
        }
        match tenant {
            None => Ok(None),
            tenant => self.looked_up(lookup(issuer, subject, tenant), now).await,
        }
    }

    async fn looked_up(&self, lookup: String, now: i64) -> Result<Option<Arc<KnownUser>>, StoreError> {
        if let Some(known) = self.users.get(&lookup).filter(|known| self.is_true(known.callers, now)) {
            return Ok(Some(known));
        }
        if self.callers.load(Ordering::Acquire) < 0 {
            self.refresh(now).await?;
        }
        let callers = self.callers.load(Ordering::Acquire);
        let Some(record) = self.records.looked_up(Kind::User, &lookup).await? else { return Ok(None) };
        let user = User::of_record(&record)?;
        let principal = Principal {
            owner: owner(&user),
            role: user.role,
            user: Some(user.stamp.id.as_str().into()),
            key: None,
            bounds: Bounds::default(),
        };
        let is_active = user.status == Status::Active;
        let known = Arc::new(KnownUser { principal: Arc::new(principal), is_active, callers });
        self.users.insert(lookup, Arc::clone(&known));
        Ok(Some(known))
    }

    /// Whether what was read at that point of the changes is true still.
    fn is_true(&self, callers: i64, now: i64) -> bool {
        let heard_at = self.heard_at.load(Ordering::Relaxed);
        callers == self.callers.load(Ordering::Acquire) && now.saturating_sub(heard_at) <= GRACE
    }

    /// Writes down when keys were last used, those that were since the last time.
    ///
    /// # Errors
    /// Where the database is away; they are written the next time.
    pub async fn note_uses(&self) -> Result<(), StoreError> {
        let used =
            self.known.iter().map(|(_, known)| known).filter(|known| {
                known.used_at.load(Ordering::Relaxed) > known.noted_at.load(Ordering::Relaxed)
            });
        let used: Vec<(Arc<Known>, i64)> =
            used.map(|known| (Arc::clone(&known), known.used_at.load(Ordering::Relaxed))).collect();
        if used.is_empty() {
            return Ok(());
        }
        // In one order, so that two replicas never wait for each other, and in parts that take no time.
        let mut used = used;
        used.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        for part in used.chunks(NOTED_AT_ONCE) {
            let noted: Vec<(String, i64)> = part.iter().map(|(known, at)| (known.id.clone(), *at)).collect();
            self.records.note_uses(&noted).await?;
            for (known, at) in part {
                known.noted_at.store(*at, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    async fn read_suspended(&self) -> Result<HashSet<String>, StoreError> {
        let mut suspended = HashSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = Wanted {
                kind: Kind::Tenant,
                tenant: None,
                owner: None,
                status: Some("suspended"),
                search: None,
                after: after.as_deref(),
                limit: PAGE,
                is_ascending: true,
            };
            let found: Vec<Record> = self.records.records(page).await?;
            let has_more = found.len() > PAGE;
            after = found.last().map(|record| record.id.clone());
            suspended.extend(found.into_iter().map(|record| record.id));
            if !has_more {
                return Ok(suspended);
            }
        }
    }
}

/// Who calls with a key. `until` is when this text of it ends.
fn principal(key: &ApiKey, user: Option<&User>, until: Option<i64>) -> Principal {
    let owner = match user {
        Some(user) => owner(user),
        // A key without a user owns what it makes.
        None => Owner {
            tenant: key.tenant.as_str().into(),
            issuer: "".into(),
            subject: format!("key:{}", key.stamp.id).into(),
        },
    };
    let bounds = Bounds {
        models: key.models.as_deref().map(Arc::from),
        providers: key.providers.as_deref().map(Arc::from),
        ip_ranges: key.ip_ranges.as_deref().map(Arc::from),
        expires_at: [key.expires_at, until].into_iter().flatten().min(),
        limits: key.limits.map(Arc::new),
    };
    Principal {
        owner,
        role: user.map_or(key.role, |user| user.role.min(key.role)),
        user: user.map(|user| user.stamp.id.as_str().into()),
        key: Some(KeyName { id: key.stamp.id.as_str().into(), name: key.name.as_str().into() }),
        bounds,
    }
}

/// Whose is what a user stores, however they come in (A1).
pub(crate) fn owner(user: &User) -> Owner {
    Owner {
        tenant: user.tenant.as_str().into(),
        issuer: user.issuer.as_str().into(),
        subject: user.subject.as_str().into(),
    }
}
