//! What a request shows of itself, in the ways that the SDKs of `OpenAI`, Anthropic and Azure have.

use secrecy::SecretString;

/// What a request shows of itself.
#[derive(Debug)]
pub enum Credentials {
    /// Nothing.
    None,
    /// A key or a token: of `Authorization: Bearer`, `x-api-key` or `api-key`.
    Token(SecretString),
    /// The text of a browser's session, where nothing else is shown.
    Session(SecretString),
    /// Something that cannot be read, or two different ones: which of them counts must not be a guess.
    Unclear,
}

impl Credentials {
    /// Of the values of `authorization`, `x-api-key` and `api-key`, as often as they stand in the request.
    pub fn of<'a>(
        authorization: impl Iterator<Item = &'a [u8]>,
        keys: impl Iterator<Item = &'a [u8]>,
    ) -> Self {
        let mut found: Option<&str> = None;
        let bearer = authorization.map(|value| bearer(value));
        let plain = keys.map(|value| std::str::from_utf8(value).ok().map(str::trim));
        for token in bearer.chain(plain) {
            match token.filter(|token| !token.is_empty()) {
                None => return Self::Unclear,
                Some(token) if found.is_some_and(|known| known != token) => return Self::Unclear,
                Some(token) => found = Some(token),
            }
        }
        found.map_or(Self::None, |token| Self::Token(token.into()))
    }
}

fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn token(authorization: &[&str], keys: &[&str]) -> Result<Option<String>, ()> {
        let bytes =
            |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
        let (authorization, keys) = (bytes(authorization), bytes(keys));
        match Credentials::of(authorization.iter().map(Vec::as_slice), keys.iter().map(Vec::as_slice)) {
            Credentials::None => Ok(None),
            Credentials::Token(token) => Ok(Some(token.expose_secret().to_owned())),
            Credentials::Unclear | Credentials::Session(_) => Err(()),
        }
    }

    #[test]
    fn every_sdk_shows_its_key_in_its_own_way() {
        assert_eq!(token(&[], &[]), Ok(None));
        assert_eq!(token(&["Bearer k"], &[]), Ok(Some("k".to_owned())));
        assert_eq!(token(&["bearer  k "], &[]), Ok(Some("k".to_owned())));
        assert_eq!(token(&[], &["k"]), Ok(Some("k".to_owned())));
        assert_eq!(token(&["Bearer k"], &["k"]), Ok(Some("k".to_owned())));
        for (authorization, keys) in [
            (&["Bearer k"][..], &["other"][..]),
            (&["Basic dTpw"], &[]),
            (&["Bearer"], &[]),
            (&[], &[""]),
            (&["Bearer k", "Bearer l"], &[]),
        ] {
            assert_eq!(token(authorization, keys), Err(()), "{authorization:?} {keys:?}");
        }
    }
}
