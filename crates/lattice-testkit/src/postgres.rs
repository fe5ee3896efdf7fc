//! A throw-away PostgreSQL server: started by a test, gone with it. It can be stopped and started again in between.

use std::fs;
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::gateway::{eventually, new_folder};

/// The user that the server runs as where the tests run as root, which it refuses.
const USER: &str = "postgres";

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that the tests of one process share; each takes a database of its own.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn shared() -> Result<&'static Self, String> {
        static SHARED: OnceLock<Result<Postgres, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let why = |error| {
                format!("PostgreSQL cannot be started (scripts/need.sh postgres installs it): {error}")
            };
            Self::start().map_err(why)
        });
        shared.as_ref().map_err(Clone::clone)
    }

    /// Starts a server of its own.
    ///
    /// # Errors
    /// Where it is not installed, or does not start; the message holds its log.
    pub fn start() -> io::Result<Self> {
        let programs = programs()?;
        let folder = new_folder()?;
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        if is_root() {
            run(Command::new("chown").arg("-R").arg(USER).arg(&folder))?;
        }
        let mut initdb = as_user(&programs.join("initdb"));
        let options =
            ["--no-sync", "--auth=trust", "--username=test", "--encoding=UTF8", "--locale=C", "--pgdata"];
        run(initdb.args(options).arg(&data))?;
        let (server, databases) = (Mutex::new(None), AtomicU32::new(0));
        let server = Self { programs, folder, port: free_port()?, server, databases };
        server.resume()?;
        Ok(server)
    }

    /// Starts it again on the same port, and waits until it answers.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn resume(&self) -> io::Result<()> {
        // A shell stands between: it stops the server when this process ends, however that happens.
        let script = r#""$0" -D "$1" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off -c max_connections=200 2>"$3" & pid=$!; read -r how; kill "-${how:-QUIT}" "$pid"; wait "$pid""#;
        let mut shell = as_user(Path::new("sh"));
        shell.arg("-c").arg(script).arg(self.programs.join("postgres")).arg(self.folder.join("data"));
        shell.arg(self.port.to_string()).arg(self.folder.join("log"));
        let child = shell
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        *self.child() = Some(child);
        if eventually(|| self.is_ready().then_some(())).is_some() {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!(
            "PostgreSQL does not answer:
{log}"
        )))
    }

    /// Stops it at once, as if it had been killed.
    pub fn stop(&self) {
        if let Some(mut shell) = self.child().take() {
            // Its shell reads the end of the pipe and stops the server.
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }

    /// The address of a new, empty database.
    ///
    /// # Errors
    /// Where the server does not make it.
    pub fn database(&self) -> io::Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut createdb = Command::new(self.programs.join("createdb"));
        let port = self.port.to_string();
        run(createdb.args(["--host=127.0.0.1", "--username=test", "--port", &port, &name]))?;
        Ok(format!("postgres://test@127.0.0.1:{port}/{name}"))
    }

    /// Runs a statement in a database and returns what it prints, a line for each row.
    ///
    /// # Errors
    /// What the server says.
    pub fn query(&self, database: &str, statement: &str) -> io::Result<String> {
        let options = ["--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command"];
        run(Command::new(self.programs.join("psql")).arg(database).args(options).arg(statement))
    }

    fn is_ready(&self) -> bool {
        let port = self.port.to_string();
        let mut ready = Command::new(self.programs.join("pg_isready"));
        run(ready.args([
            "--quiet",
            "--host=127.0.0.1",
            "--username=test",
            "--dbname=postgres",
            "--port",
            &port,
        ]))
        .is_ok()
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the newest installed version's programs.
fn programs() -> io::Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for version in fs::read_dir("/usr/lib/postgresql")?.flatten() {
        let folder = version.path().join("bin");
        let number = version.file_name().to_string_lossy().parse().unwrap_or_default();
        if folder.join("initdb").exists() {
            found.push((number, folder));
        }
    }
    found.sort();
    found.pop().map(|(_, folder)| folder).ok_or_else(|| io::Error::other("no version has an initdb"))
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"))
}

/// A command as the user that the server may run as.
fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={USER}"), "--regid", USER, "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Runs a command to its end and returns what it prints.
fn run(command: &mut Command) -> io::Result<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut out = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut out)?;
    }
    let done = child.wait_with_output()?;
    if done.status.success() {
        return Ok(out);
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr))))
}
