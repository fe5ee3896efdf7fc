//! Keys as they are shown.

use lattice_auth::kept::ApiKey;
use lattice_model::Word;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::declared::DeclaredKey;
use crate::limits::shown;
use crate::times;

/// A key of the database. `used_at` is when it was last used.
pub(super) fn kept(key: &ApiKey, used_at: Option<i64>, now: i64) -> Value {
    let ranges = key.ip_ranges.as_ref();
    let status = match key.expires_at {
        _ if key.is_revoked => "revoked",
        Some(at) if at <= now => "expired",
        _ => "active",
    };
    json!({
        "id": key.stamp.id,
        "object": "key",
        "name": key.name,
        "tenant_id": key.tenant,
        "user_id": key.user,
        "role": key.role.name(),
        "models": key.models,
        "providers": key.providers,
        "ip_ranges": ranges.map(|ranges| ranges.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "expires_at": times::shown(key.expires_at),
        "limits": key.limits.as_ref().map(shown),
        "prefix": key.prefix,
        "status": status,
        "created_by": key.made_by,
        "last_used_at": times::shown(used_at),
        "origin": "database",
        "created_at": times::shown(key.stamp.created_at),
        "updated_at": times::shown(key.stamp.updated_at),
        "version": key.stamp.version,
    })
}

/// A key of the configuration file.
pub(super) fn declared(key: &DeclaredKey) -> Value {
    json!({
        "id": key.id(),
        "object": "key",
        "name": key.name,
        "tenant_id": key.tenant,
        "user_id": null,
        "role": key.role.name(),
        "models": key.models,
        "providers": null,
        "ip_ranges": null,
        "expires_at": null,
        "limits": key.limits.as_ref().map(shown),
        "prefix": null,
        "status": "active",
        "created_by": null,
        "last_used_at": null,
        "origin": "file",
        "created_at": null,
        "updated_at": null,
        "version": null,
    })
}

/// The same with the key's text, for the one answer that holds it.
pub(super) fn with_text(mut object: Value, text: &SecretString) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert("key".to_owned(), text.expose_secret().into());
    }
    object
}
