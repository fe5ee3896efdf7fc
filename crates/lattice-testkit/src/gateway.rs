//! The real gateway as a process: started with a configuration, asked until it answers, killed when dropped.

#![expect(clippy::disallowed_methods, reason = "a test waits by the real clock")]

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::client;

/// No start takes longer, also on a machine that is busy with something else.
const START: Duration = Duration::from_mins(1);

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    address: SocketAddr,
    logs: Arc<Mutex<String>>,
    folder: PathBuf,
}

impl Gateway {
    /// Starts `program` with `yaml` on a port that the system chooses, and waits until it answers.
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
        let mut gateway = Self::spawn(program, folder, yaml)?;
        gateway.wait(!yaml.contains("\n  tls:"))?;
        Ok(gateway)
    }

    fn spawn(program: &str, folder: PathBuf, yaml: &str) -> io::Result<Self> {
        let config = folder.join("config.yaml");
        fs::write(&config, yaml)?;
        let mut child = Command::new(program)
            .arg("--config")
            .arg(&config)
            .args(["--listen", "127.0.0.1:0", "--log-level", "debug"])
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
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Ok(Self { child, address, logs, folder })
    }

    /// Waits until it says where it listens, then for an answer; where it speaks TLS, for a connection.
    fn wait(&mut self, plain: bool) -> io::Result<()> {
        let end = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the gateway ended with {status}:\n{}", self.logs())));
            }
            if let Some(address) = announced(&self.logs()) {
                self.address = address;
                let there = if plain {
                    client::get(address, "/health").is_ok()
                } else {
                    TcpStream::connect(address).is_ok()
                };
                if there {
                    return Ok(());
                }
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

    /// How many sockets it has open. From `/proc`, so 0 elsewhere than on Linux.
    pub fn sockets(&self) -> usize {
        let Ok(files) = fs::read_dir(format!("/proc/{}/fd", self.id())) else { return 0 };
        let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    /// Sends a signal by its name, such as `HUP`.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let done = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        if done.success() { Ok(()) } else { Err(io::Error::other("the signal was not sent")) }
    }

    /// Stops it as an operator does and starts it again, with the same files.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn restart(&mut self, program: &str) -> io::Result<()> {
        self.signal("TERM")?;
        self.child.wait()?;
        let yaml = fs::read_to_string(self.config())?;
        let mut next = Self::spawn(program, self.folder.clone(), &yaml)?;
        // What goes away now must not take the folder with it.
        std::mem::swap(self, &mut next);
        next.folder = PathBuf::new();
        self.wait(!yaml.contains("\n  tls:"))
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
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("latticelm-test-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            // Another process had the same number once and was killed before it could tidy up.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
}

/// The address of the banner, or of the line that stands for it in a JSON log.
fn announced(logs: &str) -> Option<SocketAddr> {
    let after = |mark: &str| logs.split_once(mark).map(|(_, rest)| rest);
    let rest = after(" listens on http://").or_else(|| after(" listens on https://"));
    let rest = rest.or_else(|| after("\"address\":\""))?;
    rest.split(['\n', '"']).next()?.parse().ok()
}

/// Asks again until `answer` is there; nothing that is waited for so takes longer than a test has patience.
pub fn eventually<T>(mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + client::PATIENCE;
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

/// How long something takes, for a test to tell.
pub fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (act(), begun.elapsed())
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
