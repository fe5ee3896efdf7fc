//! Requests as they come over the connection. By hand, because the faults need the bytes in hand.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The next request, or `None` when the client has closed.
    pub(super) async fn read(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.replace("%3A", ":"), query.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self { method, path, query, headers, body: Vec::new() };
        request.read_body(reader).await?;
        Ok(Some(request))
    }

    async fn read_body(&mut self, reader: &mut BufReader<OwnedReadHalf>) -> io::Result<()> {
        if self.header("transfer-encoding").is_some() {
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).await?;
                let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                (&mut *reader).take(size).read_to_end(&mut self.body).await?;
                reader.read_line(&mut line).await?;
                if size == 0 {
                    return Ok(());
                }
            }
        }
        let length = self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        reader.take(length).read_to_end(&mut self.body).await?;
        Ok(())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The token of `authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .filter(|token| !token.is_empty())
    }

    /// A parameter of the query, as it is written there.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(other, _)| *other == name))
            .map(|(_, value)| value)
    }

    /// The body as JSON; null if it is not JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// As it is kept for tests to look at.
    pub(super) fn record(&self) -> Value {
        let headers: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let body = match self.json() {
            Value::Null => json!(String::from_utf8_lossy(&self.body)),
            body => body,
        };
        json!({"method": self.method, "path": self.path, "query": self.query, "headers": headers, "body": body})
    }
}
