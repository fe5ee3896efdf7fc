//! The real gateway as a process: started with a configuration, asked until it answers, killed when dropped.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::client;

/// No start takes longer.
const START: Duration = Duration::from_secs(15);

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    address: SocketAddr,
    logs: Arc<Mutex<String>>,
    folder: PathBuf,
}

impl Gateway {
    /// Starts `program` with `yaml` plus a `server.address` with a free port, and waits until it answers.
    ///
    /// # Errors
    /// When it ends or does not answer; the message holds its log.
    pub fn start(program: &str, yaml: &str) -> io::Result<Self> {
        Self::start_in(program, new_folder()?, yaml)
    }

    /// The same in a folder with files that the configuration needs; it is removed with the gateway.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_in(program: &str, folder: PathBuf, yaml: &str) -> io::Result<Self> {
        let address = free_address()?;
        let mut gateway = Self::spawn(program, address, folder, yaml)?;
        gateway.wait(!yaml.contains("\n  tls:"))?;
        Ok(gateway)
    }

    fn spawn(program: &str, address: SocketAddr, folder: PathBuf, yaml: &str) -> io::Result<Self> {
        let config = folder.join("config.yaml");
        fs::write(&config, yaml)?;
        let mut child = Command::new(program)
            .arg("--config")
            .arg(&config)
            .args(["--listen", &address.to_string(), "--log-level", "debug"])
            // Nothing of the machine's own environment may change what is tested.
            .env_clear()
            .env("HOME", &folder)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let logs = Arc::new(Mutex::new(String::new()));
        if let Some(out) = child.stdout.take() {
            collect(out, &logs);
        }
        if let Some(out) = child.stderr.take() {
            collect(out, &logs);
        }
        Ok(Self { child, address, logs, folder })
    }

    /// Waits for an answer; where it speaks TLS, for a connection.
    fn wait(&mut self, plain: bool) -> io::Result<()> {
        let end = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the gateway ended with {status}:\n{}", self.logs())));
            }
            // Where nobody listens yet the connection is refused at once, so that this asks again without a pause.
            let there = if plain {
                client::get(self.address, "/health").is_ok()
            } else {
                TcpStream::connect(self.address).is_ok()
            };
            if there {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(io::Error::other(format!("the gateway does not answer:\n{}", self.logs())));
            }
            thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.join("config.yaml")
    }

    /// A folder of its own, gone with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process, for signals.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn logs(&self) -> String {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much memory it has in use, in bytes. From `/proc`, so 0 elsewhere than on Linux.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line
            .and_then(|line| line.split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1024
    }

    /// Sends a signal by its name, such as `HUP`.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let done = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        if done.success() { Ok(()) } else { Err(io::Error::other("the signal was not sent")) }
    }

    /// Waits for the process to end by itself.
    pub fn exit_code(&mut self) -> io::Result<Option<i32>> {
        self.child.wait().map(|status| status.code())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder for one gateway.
pub fn new_folder() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("latticelm-test-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// An address where nobody listens.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Asks again until `answer` is there, at most as long as `limit`.
pub fn eventually<T>(limit: Duration, mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = answer() {
            return Some(answer);
        }
        if Instant::now() > end {
            return None;
        }
        // Not to wait for something to have happened, but to leave it a processor to happen on.
        thread::park_timeout(Duration::from_millis(2));
    }
}

fn collect(out: impl Read + Send + 'static, logs: &Arc<Mutex<String>>) {
    let logs = Arc::clone(logs);
    thread::spawn(move || {
        for line in BufReader::new(out).lines() {
            let Ok(line) = line else { return };
            let mut logs = logs.lock().unwrap_or_else(PoisonError::into_inner);
            logs.push_str(&line);
            logs.push('\n');
        }
    });
}
