//! Data URLs (RFC 2397), taken apart without copying their data (C6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lattice_model::Text;
use percent_encoding::percent_decode_str;

/// A data URL's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataUrl {
    /// Such as `image/png`; `text/plain` when the URL has none.
    pub(crate) media_type: String,
    /// The data in base64, escaped as JSON, without quotes: a slice of the URL wherever that could be.
    pub(crate) base64: Bytes,
}

impl DataUrl {
    /// Takes a URL apart; `None` if it is not a data URL.
    pub(crate) fn parse(url: &Text) -> Option<Self> {
        let escaped = url.escaped();
        if !escaped.get(..5)?.eq_ignore_ascii_case(b"data:") {
            return None;
        }
        let comma = memchr_comma(escaped)?;
        let head = Text::from_literal([b"\"", escaped.get(5..comma)?, b"\""].concat().into()).ok()?;
        let head = head.decode().into_owned();
        let mut settings = head.split(';');
        let media_type =
            settings.next().filter(|media| !media.is_empty()).unwrap_or("text/plain").to_ascii_lowercase();
        let is_base64 = settings.any(|setting| setting.trim().eq_ignore_ascii_case("base64"));
        // The literal has its opening quote before the content.
        let data = url.literal().slice(comma.saturating_add(2)..url.literal().len().saturating_sub(1));
        let base64 = if is_base64 && !data.contains(&b'\\') && !data.contains(&b'%') {
            data
        } else {
            let plain = Text::from_literal([b"\"", data.as_ref(), b"\""].concat().into()).ok()?;
            let plain = plain.decode();
            // `%2B` becomes `+`; a `+` stays a `+`.
            let bytes: Vec<u8> = percent_decode_str(&plain).collect();
            if is_base64 { bytes.into() } else { STANDARD.encode(bytes).into() }
        };
        Some(Self { media_type, base64 })
    }

    /// The data as text, where it is UTF-8.
    pub(crate) fn text(&self) -> Option<String> {
        String::from_utf8(STANDARD.decode(&self.base64).ok()?).ok()
    }
}

fn memchr_comma(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Option<(String, String)> {
        let url = DataUrl::parse(&Text::new(url))?;
        Some((url.media_type, String::from_utf8_lossy(&url.base64).into_owned()))
    }

    #[test]
    fn c6_data_urls_are_read_as_rfc_2397() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(parsed("data:image/png;base64,AA+/BB=="), pair("image/png", "AA+/BB=="));
        assert_eq!(parsed("DATA:image/PNG;name=x;BASE64,AA"), pair("image/png", "AA"));
        assert_eq!(parsed("data:image/png;base64,AA%2B/"), pair("image/png", "AA+/"));
        assert_eq!(parsed("data:,a+b%20c"), pair("text/plain", "YStiIGM="));
        assert_eq!(parsed("https://example.com/a,b"), None);
        assert_eq!(parsed("data:image/png;base64"), None);
    }

    #[test]
    fn data_is_a_slice_of_the_url() {
        let url = Text::new("data:image/png;base64,AAAA");
        let parsed = DataUrl::parse(&url).unwrap();
        assert!(url.literal().as_ptr_range().contains(&parsed.base64.as_ptr()));
    }
}
