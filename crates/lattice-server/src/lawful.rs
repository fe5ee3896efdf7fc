//! What HTTP itself demands of a request and the libraries below let through: <https://www.rfc-editor.org/rfc/rfc9112>.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, Version, header};

use crate::problem::Problem;

/// Refuses what HTTP says a server must refuse.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let headers = request.headers();
    host(request.version(), request.uri().authority(), headers)?;
    transfer_coding(headers)
}

/// HTTP/1.1: exactly one `Host` (RFC 9112, 3.2). HTTP/2: `:authority`, or `Host` in its place, and not two that differ (RFC 9113, 8.3.1).
fn host(version: Version, authority: Option<&Authority>, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let (first, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return Err(Problem::invalid_host("there is more than one"));
    }
    let Some(first) = first else {
        let needs_one = version == Version::HTTP_11 || version == Version::HTTP_2 && authority.is_none();
        return if needs_one { Err(Problem::invalid_host("there is none")) } else { Ok(()) };
    };
    let text = first.to_str().map_err(|_| Problem::invalid_host("it is no text"))?;
    let parsed = text.parse::<Authority>().ok().filter(|parsed| !parsed.as_str().contains('@'));
    if !text.is_empty() && parsed.is_none() {
        return Err(Problem::invalid_host("it is no host and port"));
    }
    if version == Version::HTTP_2
        && authority.is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(text))
    {
        return Err(Problem::invalid_host("it is not the request's `:authority`"));
    }
    Ok(())
}

/// `chunked` alone: another coding was not undone, so the body is not what it says (RFC 9112, 6.1).
fn transfer_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).into_iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Problem::transfer_coding()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn status(version: Version, uri: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder().version(version).uri(uri).body(()).unwrap();
        for (name, value) in headers {
            let name = header::HeaderName::try_from(*name).unwrap();
            request.headers_mut().append(name, HeaderValue::try_from(*value).unwrap());
        }
        check(&request).err().map(|problem| problem.status().as_u16())
    }

    #[test]
    fn e9_a_request_names_one_host() {
        let one = |headers: &[(&str, &str)]| status(Version::HTTP_11, "/x", headers);
        assert_eq!(one(&[("host", "example.com:8080")]), None);
        assert_eq!(one(&[("host", "[::1]:8080")]), None);
        assert_eq!(one(&[]), Some(400));
        assert_eq!(one(&[("host", "a"), ("host", "a")]), Some(400));
        assert_eq!(one(&[("host", "a b")]), Some(400));
        assert_eq!(one(&[("host", "user@a")]), Some(400));
        assert_eq!(one(&[("host", "a/b")]), Some(400));
        assert_eq!(status(Version::HTTP_10, "/x", &[]), None);
        assert_eq!(status(Version::HTTP_2, "http://a/x", &[]), None);
        assert_eq!(status(Version::HTTP_2, "http://a/x", &[("host", "A")]), None);
        assert_eq!(status(Version::HTTP_2, "http://a/x", &[("host", "b")]), Some(400));
        assert_eq!(status(Version::HTTP_2, "/x", &[]), Some(400));
    }

    #[test]
    fn e9_only_chunked_is_a_transfer_coding_here() {
        let coded = |codings: &[&str]| {
            let mut headers = vec![("host", "a")];
            headers.extend(codings.iter().map(|coding| ("transfer-encoding", *coding)));
            status(Version::HTTP_11, "/x", &headers)
        };
        assert_eq!(coded(&[]), None);
        assert_eq!(coded(&["chunked"]), None);
        assert_eq!(coded(&["Chunked"]), None);
        assert_eq!(coded(&["gzip, chunked"]), Some(501));
        assert_eq!(coded(&["gzip", "chunked"]), Some(501));
        assert_eq!(coded(&["chunked, chunked"]), Some(501));
        assert_eq!(coded(&["identity"]), Some(501));
    }
}
