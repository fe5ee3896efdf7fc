//! A scripted provider: one server that speaks every provider's API on loopback, is as strict as they are, answers by the
//! model's name, and counts what it sees.
//!
//! Paths: `/openai/v1/responses`, `/azure/openai/...`, `/compat/v1/chat/completions`, `/anthropic/v1/messages`,
//! `/azure-anthropic/anthropic/v1/messages`, `/gemini/v1beta/models/...`, `/vertex/v1/projects/...`, `/token` (Google's token
//! service) and `/entra/{tenant}/oauth2/v2.0/token`. `GET /_stats` tells the counts, `POST /_reset` sets them to zero, `GET /_requests`
//! tells the last requests.

mod anthropic;
mod chat;
mod count;
mod gemini;
mod http;
mod openai;
mod play;
mod route;
mod script;
mod speech;
mod stats;
mod token;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub use speech::{Speech, speak};
pub use stats::Counts;
use stats::Stats;

/// A running scripted provider, stopped when dropped. It has threads of its own, so that blocking tests can use it.
#[derive(Debug)]
pub struct ScriptedProvider {
    address: SocketAddr,
    stats: Arc<Stats>,
    _stop: oneshot::Sender<()>,
}

impl ScriptedProvider {
    /// Starts on a free port.
    pub fn start() -> io::Result<Self> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let stats = Arc::new(Stats::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(listener, Arc::clone(&stats));
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! { () = serving => {}, _ = stopped => {} }
            });
            runtime.shutdown_background();
        });
        Ok(Self { address, stats, _stop: stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and where it listens, with `path` behind it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it has counted.
    pub fn counts(&self) -> Counts {
        self.stats.counts()
    }

    /// How often this model was called: nothing else moves this count, neither another model nor a token service.
    pub fn calls(&self, model: &str) -> u64 {
        self.stats.calls(model)
    }

    /// Lets the answers of `held` go on, which stop half-way: those that are open, and all that come.
    pub fn release(&self) {
        self.stats.release();
    }

    /// The last requests: `{"method", "path", "headers", "body"}`, oldest first.
    pub fn requests(&self) -> Vec<serde_json::Value> {
        self.stats.requests()
    }
}

/// Accepts connections for as long as the process runs.
async fn serve(listener: TcpListener, stats: Arc<Stats>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let stats = Arc::clone(&stats);
        tokio::spawn(async move { route::connection(stream, &stats).await });
    }
}

/// Serves on `port` until the process is ended; `ready` is called with the address.
pub fn run(port: u16, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        ready(listener.local_addr()?);
        serve(listener, Arc::new(Stats::default())).await;
        Ok(())
    })
}
