//! Request bodies: bounded in size and time, unpacked when they are compressed.

use std::time::Duration;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use lattice_wire::{Collected, Document, TooLarge};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::App;
use crate::problem::Problem;

/// What is read of a body that is refused, so that the refusal is read: bytes, and time.
const DRAINED: (usize, Duration) = (64 << 20, Duration::from_secs(5));

/// Reads a request's body, which has to be JSON by its own account.
pub(crate) async fn json(app: &App, request: Request) -> Result<Document, Problem> {
    Ok(bytes(app, request).await?.into())
}

/// The same as it is.
pub(crate) async fn bytes(app: &App, request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    expect_json(&parts.headers)?;
    read(&parts.headers, body, app.max_request_body_size, app.body_timeout).await
}

/// 415 for anything that says it is something else; nothing said is taken for JSON, unless a web page sent it.
fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(said) = headers.get(header::CONTENT_TYPE) else {
        // A browser asks nobody before it sends a body without a type.
        let is_page = headers.contains_key(header::ORIGIN);
        return if is_page { Err(Problem::unsupported_media_type("")) } else { Ok(()) };
    };
    let said =
        said.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if said == "application/json" || said.starts_with("application/") && said.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::unsupported_media_type(&said))
}

/// Reads a body of at most `limit` bytes within `time`.
async fn read(headers: &HeaderMap, body: Body, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut body = body;
    if declared.is_some_and(|length| length > limit) {
        drain(&mut body).await;
        return Err(Problem::too_large(limit));
    }
    let packed = match tokio::time::timeout(time, collect(&mut body, limit, declared)).await {
        Ok(Ok(read)) => read,
        Ok(Err(problem)) => {
            drain(&mut body).await;
            return Err(problem);
        }
        Err(_) => return Err(Problem::too_slow()),
    };
    let encoding =
        headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default().trim());
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => Ok(packed),
        Some("gzip" | "x-gzip") => unpack(GzipDecoder::new(packed.as_ref()), limit).await,
        Some("zstd") => unpack(ZstdDecoder::new(packed.as_ref()), limit).await,
        Some(other) => Err(Problem::unsupported_encoding(other)),
    }
}

/// Reads on for a bounded while and forgets it: a client that is still sending would not read why it is refused.
pub(crate) async fn drain(body: &mut Body) {
    let _ = tokio::time::timeout(DRAINED.1, async {
        let mut left = DRAINED.0;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map(bytes::Bytes::len).unwrap_or_default();
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    })
    .await;
}

async fn collect(body: &mut Body, limit: usize, declared: Option<usize>) -> Result<Bytes, Problem> {
    let mut whole = Collected::expecting(declared.unwrap_or_default(), limit);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::unreadable("the connection broke"))?;
        let Ok(data) = frame.into_data() else { continue };
        whole.push(data).map_err(|TooLarge| Problem::too_large(limit))?;
    }
    Ok(whole.finish())
}

async fn unpack(decoder: impl AsyncRead + Unpin, limit: usize) -> Result<Bytes, Problem> {
    let mut unpacked = Vec::new();
    // One byte beyond the limit tells a body that fits from one that does not.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match decoder.take(most).read_to_end(&mut unpacked).await {
        Ok(_) if unpacked.len() > limit => Err(Problem::too_large(limit)),
        Ok(_) => Ok(unpacked.into()),
        Err(_) => Err(Problem::unreadable("it is not what its content encoding says")),
    }
}
