//! A throw-away Redis server: started by a test, gone with it. It can be stopped and started again in between.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::gateway::eventually;

/// A running server.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    server: Mutex<Option<Child>>,
}

impl Redis {
    /// Starts one of its own, empty and without a disk.
    ///
    /// # Errors
    /// Where it is not installed (`scripts/need.sh redis`), or does not answer.
    pub fn start() -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let server = Self { port, server: Mutex::new(None) };
        server.resume()?;
        Ok(server)
    }

    /// Starts it again on the same port: it has forgotten everything.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn resume(&self) -> io::Result<()> {
        // A shell stands between: it stops the server when this process ends, however that happens.
        let script = r#"redis-server --port "$0" --bind 127.0.0.1 --save "" --appendonly no --daemonize no >/dev/null 2>&1 & pid=$!
            read -r _; kill -KILL "$pid"; wait "$pid""#;
        let mut shell = Command::new("sh");
        let child = shell
            .arg("-c")
            .arg(script)
            .arg(self.port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(child.stderr(Stdio::null()).spawn()?);
        let there = || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok().then_some(());
        eventually(there).ok_or_else(|| io::Error::other("Redis does not answer"))
    }

    /// Stops it at once.
    pub fn stop(&self) {
        if let Some(mut shell) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}
