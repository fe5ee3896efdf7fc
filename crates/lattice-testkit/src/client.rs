//! A small HTTP/1.1 client that shows everything: the status, all headers, the body as it came, and whether it came whole. One
//! connection per request, blocking, and bounded in time, so that a test that hangs fails.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// No answer in a test takes longer, also on a machine that is busy with something else. Whatever a stage's patient timeouts
/// would have to end (`stage::PATIENT`) ends here first: the test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// An answer.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its status.
    pub status: u16,
    /// Its headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// Whether the body ended as its framing says.
    pub whole: bool,
}

impl Received {
    /// The first header with this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Sends a request and reads the whole answer.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Received> {
    let mut open = open(address, method, path, headers, body)?;
    open.read_rest()
}

/// `POST` with a JSON body.
pub fn post(address: SocketAddr, path: &str, body: &Value) -> io::Result<Received> {
    send(address, "POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// `GET`.
pub fn get(address: SocketAddr, path: &str) -> io::Result<Received> {
    send(address, "GET", path, &[], b"")
}

/// An answer whose head has been read and whose body has not; dropping it closes the connection.
#[derive(Debug)]
pub struct Open<S> {
    answer: Received,
    reader: BufReader<S>,
    ended: bool,
}

/// Sends a request over a new connection and reads the answer's head.
pub fn open(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Open<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    over(stream, method, path, headers, body)
}

/// Sends a request over a connection that is already there, such as one with TLS.
pub fn over<S: Read + Write>(
    mut stream: S,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Open<S>> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    // A server that refuses the body may close before it has read all of it; its answer is what counts.
    let _ = stream.write_all(body).and_then(|()| stream.flush());
    let mut reader = BufReader::new(stream);
    let answer = read_head(&mut reader)?;
    Ok(Open { answer, reader, ended: false })
}

fn read_head<S: Read>(reader: &mut BufReader<S>) -> io::Result<Received> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| invalid(&format!("not a status line: {line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("not a header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Received { status, headers, body: Vec::new(), whole: false })
}

impl<S: Read> Open<S> {
    /// The answer so far.
    pub fn answer(&self) -> &Received {
        &self.answer
    }

    /// Reads until the body holds `text` or ends.
    pub fn read_until(&mut self, text: &str) -> io::Result<bool> {
        loop {
            if self.answer.text().contains(text) {
                return Ok(true);
            }
            if !self.read_piece()? {
                return Ok(false);
            }
        }
    }

    /// Reads what is left.
    pub fn read_rest(&mut self) -> io::Result<Received> {
        while self.read_piece()? {}
        Ok(self.answer.clone())
    }

    /// Reads one piece of the body; false at its end.
    fn read_piece(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let going_on = match self.answer.header("transfer-encoding") {
            Some(_) => self.read_chunk(),
            None => self.read_plain(),
        };
        match going_on {
            // A connection that breaks is something to look at, not a failure of the test's own.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) =>
            {
                self.ended = true;
                Ok(false)
            }
            other => {
                self.ended = !matches!(other, Ok(true));
                other
            }
        }
    }

    fn read_chunk(&mut self) -> io::Result<bool> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let mut chunk = Vec::new();
        (&mut self.reader).take(size).read_to_end(&mut chunk)?;
        self.answer.body.extend_from_slice(&chunk);
        self.reader.read_line(&mut line)?;
        self.answer.whole = size == 0;
        Ok(size > 0)
    }

    fn read_plain(&mut self) -> io::Result<bool> {
        let length: Option<u64> = self.answer.header("content-length").and_then(|length| length.parse().ok());
        let read = match length {
            Some(length) => (&mut self.reader).take(length).read_to_end(&mut self.answer.body)?,
            None => self.reader.read_to_end(&mut self.answer.body)?,
        };
        self.answer.whole = length.is_none_or(|length| length == read as u64);
        Ok(false)
    }
}
