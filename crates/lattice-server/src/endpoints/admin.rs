//! The routes of the administration, below `/api/v1`.

mod create_key;
mod create_limit;
mod create_tenant;
mod create_user;
mod delete_limit;
mod delete_tenant;
mod delete_user;
mod get_key;
mod get_limit;
mod get_tenant;
mod get_user;
mod list_audit;
mod list_keys;
mod list_limits;
mod list_tenants;
mod list_users;
mod revoke_key;
mod rotate_key;
mod update_key;
mod update_limit;
mod update_tenant;
mod update_user;

use axum::routing::{get, post};
use lattice_auth::Role;

use super::Route;
use crate::access::Access::{self, Administration};

/// Runs a tenant.
const ADMINS: Access = Administration { read: Role::Admin, write: Role::Admin };

/// Runs the installation, and lets those who run a tenant look.
const OPERATORS: Access = Administration { read: Role::Admin, write: Role::Operator };

/// Has things of their own.
const MEMBERS: Access = Administration { read: Role::Viewer, write: Role::Member };

/// Every route of the administration, who may use it, and what it does.
pub(super) fn table() -> Vec<Route> {
    vec![
        ("/api/v1/tenants", OPERATORS, get(list_tenants::handle).post(create_tenant::handle)),
        (
            "/api/v1/tenants/{id}",
            OPERATORS,
            get(get_tenant::handle).patch(update_tenant::handle).delete(delete_tenant::handle),
        ),
        ("/api/v1/users", ADMINS, get(list_users::handle).post(create_user::handle)),
        (
            "/api/v1/users/{id}",
            ADMINS,
            get(get_user::handle).patch(update_user::handle).delete(delete_user::handle),
        ),
        ("/api/v1/keys", MEMBERS, get(list_keys::handle).post(create_key::handle)),
        (
            "/api/v1/keys/{id}",
            MEMBERS,
            get(get_key::handle).patch(update_key::handle).delete(revoke_key::handle),
        ),
        ("/api/v1/keys/{id}/rotate", MEMBERS, post(rotate_key::handle)),
        ("/api/v1/limits", ADMINS, get(list_limits::handle).post(create_limit::handle)),
        (
            "/api/v1/limits/{id}",
            ADMINS,
            get(get_limit::handle).patch(update_limit::handle).delete(delete_limit::handle),
        ),
        ("/api/v1/audit", ADMINS, get(list_audit::handle)),
    ]
}
