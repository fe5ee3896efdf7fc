//! `ENCRYPTION_KEY`: what seals the contents that are stored.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretBox;

use crate::context::Context;
use crate::environment::Environment;
use crate::path::Path;

/// The variable that stands for `database.encryption_key`.
const VARIABLE: &str = "ENCRYPTION_KEY";

/// Base64, with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys; the first one seals, the others only open. None where contents are stored as they are.
#[derive(Default)]
pub struct EncryptionKeys(pub Vec<SecretBox<[u8; 32]>>);

impl PartialEq for EncryptionKeys {
    fn eq(&self, other: &Self) -> bool {
        let plain = |keys: &Self| {
            keys.0.iter().map(|key| *secrecy::ExposeSecret::expose_secret(key)).collect::<Vec<_>>()
        };
        plain(self) == plain(other)
    }
}

impl Clone for EncryptionKeys {
    fn clone(&self) -> Self {
        let copy =
            |key: &SecretBox<[u8; 32]>| SecretBox::new(Box::new(*secrecy::ExposeSecret::expose_secret(key)));
        Self(self.0.iter().map(copy).collect())
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} keys", self.0.len())
    }
}

/// The keys of the section, or of the variable.
pub(crate) fn check(
    written: Option<&str>,
    environment: &Environment,
    context: &mut Context<'_>,
) -> EncryptionKeys {
    let path = Path::of(&["database"]);
    // Set to nothing counts as not set, as for variables.
    let written = written.filter(|keys| !keys.is_empty());
    let keys = match (written, environment.get(VARIABLE)) {
        (Some(keys), _) => parse(keys).ok_or(None),
        (None, Some(keys)) => parse(keys).ok_or(Some(VARIABLE)),
        (None, None) => return EncryptionKeys::default(),
    };
    match keys {
        Ok(keys) => keys,
        // The value is never shown.
        Err(variable) => {
            let rule = "must hold base64 of 32 bytes, as `openssl rand -base64 32` makes it; several keys are separated by commas";
            match variable {
                Some(variable) => context.error(&path, format!("the variable {variable} {rule}")),
                None => context.error(&path.key("encryption_key"), rule),
            }
            EncryptionKeys::default()
        }
    }
}

fn parse(keys: &str) -> Option<EncryptionKeys> {
    let key = |text: &str| {
        let bytes = BASE64.decode(text.trim()).ok()?;
        Some(SecretBox::new(Box::new(<[u8; 32]>::try_from(bytes).ok()?)))
    };
    keys.split(',').map(key).collect::<Option<Vec<_>>>().map(EncryptionKeys)
}
