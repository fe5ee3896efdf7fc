//! Counts that replicas share, in Redis or Valkey.
//!
//! Invariants: the only crate that knows redis. A decision is one script and one round trip, by the server's time (B3); requests of one moment
//! share a connection, which pipelines them. What is held is a lease: a replica that dies leaks nothing (B2).

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lattice_limits::{Ask, Away, Counters, Pacing, Told};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{ErrorKind, IntoConnectionInfo, Script};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How long an answer may take; a request does not wait longer to know whether it may go on.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(2);

/// How often a server that is away is asked whether it is there again.
const ASKED: Duration = Duration::from_millis(500);

/// All counts stand in one slot of a cluster, as one script reads several of them.
const PREFIX: &str = "latticelm:{limits}:";

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("take.lua")));
static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("settle.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("renew.lua")));

/// Leases that are held, and what they hold.
type Leases = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// Counts in Redis.
pub struct RedisCounters {
    connection: ConnectionManager,
    is_away: Arc<AtomicBool>,
    lease: Duration,
    held: Leases,
    keeper: JoinHandle<()>,
}

impl fmt::Debug for RedisCounters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisCounters").field("is_away", &self.is_away).finish_non_exhaustive()
    }
}

impl RedisCounters {
    /// Of the server at this address (`redis://`, or `rediss://` for TLS), with leases that last so long. It may be away: it is connected to
    /// when it is needed, and tried again.
    ///
    /// # Errors
    /// An address that is none; it is not repeated, as it can hold a password.
    pub fn new(url: &SecretString, lease: Duration) -> Result<Self, String> {
        let failed = |_| "the address of Redis cannot be understood".to_owned();
        let tcp = TcpSettings::default().set_nodelay(true);
        // A peer that vanished without a word is given up by the kernel, which else takes a quarter of an hour.
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(CONNECTING);
        let address = url.expose_secret().into_connection_info().map_err(failed)?.set_tcp_settings(tcp);
        let client = redis::Client::open(address).map_err(failed)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(CONNECTING))
            .set_number_of_retries(1)
            .set_max_delay(ASKED);
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(failed)?;
        let (is_away, held) = (Arc::new(AtomicBool::new(false)), Leases::default());
        let keeper = tokio::spawn(keep(connection.clone(), Arc::clone(&is_away), Arc::clone(&held), lease));
        Ok(Self { connection, is_away, lease, held, keeper })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Vec<String>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that nobody waits for.
    fn spawn(act: impl Future<Output = ()> + Send + 'static) {
        // Outside of a runtime everything has ended already, and leases end by themselves.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(act);
        }
    }
}

impl Drop for RedisCounters {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

#[async_trait]
impl Counters for RedisCounters {
    async fn take(&self, asks: &[Ask], lease: &str) -> Result<Vec<Told>, Away> {
        if self.is_away() {
            return Err(Away("it was away a moment ago".to_owned()));
        }
        let mut call = TAKE.prepare_invoke();
        call.arg(lease).arg(millis(self.lease));
        for ask in asks {
            let (kept, interval, ahead) = match ask.pacing {
                Pacing::Even { interval, ahead } => ("even", interval, ahead),
                Pacing::Minute => ("minute", 0, 0),
                Pacing::Day => ("day", 0, 0),
                Pacing::Month => ("month", 0, 0),
                Pacing::AtOnce => ("at_once", 0, 0),
            };
            call.key(key(ask)).arg(kept).arg(ask.limit).arg(ask.cost).arg(interval).arg(ahead);
        }
        let holds: Vec<String> = asks.iter().filter(|ask| ask.pacing == Pacing::AtOnce).map(key).collect();
        let mut unread = Unread { connection: self.connection.clone(), keys: holds, lease: lease.to_owned() };
        let mut connection = self.connection.clone();
        let answer = tokio::time::timeout(PATIENCE, call.invoke_async::<Vec<u64>>(&mut connection)).await;
        let answer = answer.unwrap_or_else(|_| Err((ErrorKind::Io, "it did not answer in time").into()));
        let answer = answer.map_err(|error| {
            note(&self.is_away, &error);
            Away(error.to_string())
        })?;
        let holds = std::mem::take(&mut unread.keys);
        let told: Vec<Told> = answer
            .as_chunks::<3>()
            .0
            .iter()
            .map(|[wait, remaining, reset]| Told {
                wait: Some(*wait).filter(|wait| *wait > 0).map(Duration::from_micros),
                remaining: *remaining,
                reset: Duration::from_micros(*reset),
            })
            .collect();
        if told.len() != asks.len() {
            return Err(Away("its answer has another length".to_owned()));
        }
        if !holds.is_empty() && told.iter().all(|told| told.wait.is_none()) {
            self.held().insert(lease.to_owned(), holds);
        }
        Ok(told)
    }

    fn settle(&self, asks: Vec<Ask>, reserved: u64, spent: u64) {
        let mut connection = self.connection.clone();
        Self::spawn(async move {
            let mut call = SETTLE.prepare_invoke();
            call.arg(reserved).arg(spent);
            for ask in &asks {
                call.key(key(ask)).arg(ask.limit);
            }
            let done: redis::RedisResult<i64> = call.invoke_async(&mut connection).await;
            if let Err(error) = done {
                tracing::debug!(%error, "tokens could not be settled; what was reserved stays until its time is over");
            }
        });
    }

    fn release(&self, asks: Vec<Ask>, lease: String) {
        self.held().remove(&lease);
        give_back(self.connection.clone(), asks.iter().map(key).collect(), lease);
    }

    fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Acquire)
    }
}

/// What was asked for and whose answer nobody has read: the server may have counted it. Where the request is given up, or the server too slow,
/// its leases are given back, on the same connection and so after they were taken. What it counted otherwise stays counted.
struct Unread {
    connection: ConnectionManager,
    keys: Vec<String>,
    lease: String,
}

impl Drop for Unread {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        if !keys.is_empty() {
            give_back(self.connection.clone(), keys, std::mem::take(&mut self.lease));
        }
    }
}

fn give_back(mut connection: ConnectionManager, keys: Vec<String>, lease: String) {
    RedisCounters::spawn(async move {
        let mut pipeline = redis::pipe();
        for key in &keys {
            pipeline.zrem(key, &lease).ignore();
        }
        let done: redis::RedisResult<()> = pipeline.query_async(&mut connection).await;
        if let Err(error) = done {
            tracing::debug!(%error, "a lease could not be given back; it ends by itself");
        }
    });
}

/// Renews leases, and asks a server that is away whether it is there again, for as long as it is polled.
async fn keep(mut connection: ConnectionManager, is_away: Arc<AtomicBool>, held: Leases, lease: Duration) {
    let mut renew = tokio::time::interval(lease / 3);
    let mut ask = tokio::time::interval(ASKED);
    loop {
        tokio::select! {
            _ = ask.tick() => {
                let there: redis::RedisResult<String> = redis::cmd("PING").query_async(&mut connection).await;
                match there {
                    Ok(_) if is_away.swap(false, Ordering::AcqRel) => tracing::info!("Redis is there again"),
                    Ok(_) => {}
                    Err(error) => note(&is_away, &error),
                }
            }
            _ = renew.tick() => {
                let leases: Vec<(String, Vec<String>)> = {
                    let held = held.lock().unwrap_or_else(PoisonError::into_inner);
                    held.iter().map(|(lease, keys)| (lease.clone(), keys.clone())).collect()
                };
                for (name, keys) in leases {
                    // It may have been given back meanwhile.
                    if !held.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&name) {
                        continue;
                    }
                    let mut call = RENEW.prepare_invoke();
                    call.arg(name).arg(millis(lease));
                    for key in keys {
                        call.key(key);
                    }
                    let done: redis::RedisResult<i64> = call.invoke_async(&mut connection).await;
                    if let Err(error) = done {
                        note(&is_away, &error);
                        break;
                    }
                }
            }
        }
    }
}

/// Notes that the server is away.
fn note(is_away: &AtomicBool, error: &redis::RedisError) {
    if !is_away.swap(true, Ordering::AcqRel) {
        tracing::error!(%error, "Redis cannot be asked about limits, and is tried again");
    }
}

fn key(ask: &Ask) -> String {
    format!("{PREFIX}{}", ask.name)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
