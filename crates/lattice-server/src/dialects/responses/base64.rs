//! Data URLs of images: whether their data is base64, without decoding it.

use lattice_model::Text;

/// Whether a data URL (RFC 2397) holds base64; else what is wrong with it, to follow the field's name.
pub(super) fn data_url(url: &Text) -> Result<(), &'static str> {
    let escaped = url.escaped();
    let Some(comma) = memchr::memchr(b',', escaped) else { return Err("is a data URL without data") };
    let (head, data) = (escaped.get(..comma).unwrap_or_default(), escaped.get(comma.saturating_add(1)..));
    let is_base64 = head
        .rsplit(|byte| *byte == b';')
        .next()
        .is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"base64"));
    if !is_base64 {
        return Err("is a data URL that is not in base64: it must be `data:image/...;base64,...`");
    }
    let mut length = 0_usize;
    let mut padding = 0_usize;
    let mut bytes = data.unwrap_or_default().iter();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            // JSON may escape the slash, and a URL the other letters that mean something to it.
            b'\\' if bytes.as_slice().first() == Some(&b'/') => bytes.next(),
            b'%' => percent(&mut bytes),
            other => Some(other),
        };
        match byte {
            Some(b'=') => padding = padding.saturating_add(1),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/') if padding == 0 => {
                length = length.saturating_add(1);
            }
            _ => return Err("is a data URL whose data is not base64"),
        }
    }
    match (length, length % 4, padding) {
        (0, ..) => Err("is a data URL without data"),
        (_, 0, 0) | (_, 2, 0 | 2) | (_, 3, 0 | 1) => Ok(()),
        _ => Err("is a data URL whose data is not whole base64"),
    }
}

/// The letter behind a percent sign, if it is one of base64's.
fn percent(bytes: &mut std::slice::Iter<'_, u8>) -> Option<&'static u8> {
    let digits = [bytes.next()?.to_ascii_uppercase(), bytes.next()?.to_ascii_uppercase()];
    match &digits {
        b"2B" => Some(&b'+'),
        b"2F" => Some(&b'/'),
        b"3D" => Some(&b'='),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c6_a_data_url_holds_base64_or_is_refused() {
        for good in [
            "data:image/png;base64,AAAA",
            "data:image/png;base64,AA==",
            "data:image/png;base64,AAA",
            "data:image/png;name=x;BASE64,A+/=",
            "data:image/png;base64,A%2B%2f%3D",
            "data:;base64,QQ",
        ] {
            assert_eq!(data_url(&Text::new(good)), Ok(()), "{good}");
        }
        for bad in [
            "data:image/png;base64",
            "data:image/png;base64,",
            "data:image/png,AAAA",
            "data:image/png;base64,A",
            "data:image/png;base64,AAAA=",
            "data:image/png;base64,AA%41A",
            "data:image/png;base64,AA=A",
            "data:image/png;base64,AA-_",
            "data:image/png;base64,AAAA AAAA",
            "data:image/png;base64,not base64!",
            "data:image/png;base64,AA\n",
            "data:image/svg+xml,%3Csvg%3E",
        ] {
            assert!(data_url(&Text::new(bad)).is_err(), "{bad}");
        }
        let escaped =
            Text::from_literal(bytes::Bytes::from_static(br#""data:image\/png;base64,AA\/\/""#)).unwrap();
        assert_eq!(data_url(&escaped), Ok(()));
    }
}
