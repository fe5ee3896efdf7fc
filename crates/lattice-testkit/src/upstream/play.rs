//! How an answer goes out, faults included.

use std::future::Future;
use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::stats::Stats;

/// What goes back.
#[derive(Debug)]
pub(super) enum Reply {
    /// All at once.
    Full { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// A stream with status 200.
    Stream { kind: &'static str, steps: Vec<Step> },
    /// The connection is reset instead of an answer.
    Reset,
    /// There is never an answer.
    Silent,
}

/// One step of a stream.
#[derive(Debug)]
pub(super) enum Step {
    Send(String),
    Pause(Duration),
    /// Nothing more until [`Stats::release`].
    Hold,
    /// Nothing more, and no end.
    Stall,
    /// The connection is closed without an end.
    Cut,
    /// The same again and again, as fast as the client takes it.
    Forever(String),
    /// The same again and again, with a pause each time.
    Paced(String, Duration),
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::Full { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// The two halves of a connection.
pub(super) struct Duplex<'a> {
    pub(super) reader: &'a mut BufReader<OwnedReadHalf>,
    pub(super) writer: &'a mut OwnedWriteHalf,
    pub(super) stats: &'a Stats,
}

/// Whether another request can come over the connection.
type GoesOn = bool;

impl Duplex<'_> {
    pub(super) async fn play(&mut self, reply: Reply) -> io::Result<GoesOn> {
        match reply {
            Reply::Full { status, headers, body } => {
                let mut text = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n");
                for (name, value) in headers {
                    text.push_str(&format!("{name}: {value}\r\n"));
                }
                text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
                self.write(&text).await?;
                Ok(true)
            }
            Reply::Stream { kind, steps } => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\
                     x-request-id: req_scripted\r\n\r\n"
                );
                self.write(&head).await?;
                for step in steps {
                    if !self.step(step).await? {
                        return Ok(false);
                    }
                }
                self.write("0\r\n\r\n").await?;
                Ok(true)
            }
            Reply::Reset => {
                // Unread bytes or a zero linger make the close a reset; the caller sets the latter.
                Ok(false)
            }
            Reply::Silent => {
                self.gone().await;
                Ok(false)
            }
        }
    }

    async fn step(&mut self, step: Step) -> io::Result<GoesOn> {
        match step {
            Step::Send(text) => self.chunk(&text).await?,
            Step::Pause(pause) => return Ok(self.unless_gone(tokio::time::sleep(pause)).await.is_some()),
            Step::Hold => {
                let stats = self.stats;
                return Ok(self.unless_gone(stats.released()).await.is_some());
            }
            Step::Stall => {
                self.gone().await;
                return Ok(false);
            }
            Step::Cut => return Ok(false),
            Step::Forever(text) => loop {
                self.chunk(&text).await?;
            },
            Step::Paced(text, pause) => loop {
                self.chunk(&text).await?;
                if self.unless_gone(tokio::time::sleep(pause)).await.is_none() {
                    return Ok(false);
                }
            },
        }
        Ok(true)
    }

    async fn chunk(&mut self, text: &str) -> io::Result<()> {
        self.write(&format!("{:x}\r\n{text}\r\n", text.len())).await
    }

    /// Writes, and notices when the client goes.
    async fn write(&mut self, text: &str) -> io::Result<()> {
        let written = tokio::select! {
            biased;
            written = self.writer.write_all(text.as_bytes()) => written,
            () = closed(self.reader) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        match written {
            Ok(()) => self.stats.count(|counts| counts.bytes += text.len() as u64),
            Err(_) => self.stats.count(|counts| counts.aborted += 1),
        }
        written
    }

    /// Waits for the client to go.
    async fn gone(&mut self) {
        self.unless_gone(std::future::pending::<()>()).await;
    }

    async fn unless_gone<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = wait => Some(done),
            () = closed(self.reader) => {
                self.stats.count(|counts| counts.aborted += 1);
                None
            }
        }
    }
}

/// Returns when the client has closed its side. What it sends meanwhile (nothing, from a client that does not pipeline) is
/// thrown away.
async fn closed(reader: &mut BufReader<OwnedReadHalf>) {
    let mut byte = [0; 1];
    while matches!(reader.read(&mut byte).await, Ok(1..)) {}
}
