//! Signing in and out with a browser.

mod callback;
mod get_session;
mod log_in;
mod log_out;
mod sign_in;
mod sign_out;

use axum::routing::{get, post};

use super::Route;
use crate::access::Access::{Public, Session};

/// Every route of it, who may use it, and what it does.
pub(super) fn table() -> Vec<Route> {
    vec![
        ("/api/v1/session", Session, get(get_session::handle).post(sign_in::handle).delete(sign_out::handle)),
        ("/auth/login", Public, get(log_in::handle)),
        ("/auth/callback", Public, get(callback::handle)),
        ("/auth/logout", Public, post(log_out::handle)),
    ]
}
