//! Who is calling, and what they may do: credentials become a [`Principal`], by one chain for every route and transport (A1).
//!
//! Invariants: knows no HTTP framework; keeps a hash of a key and never the key (A6); no `Debug` shows a credential.

mod authenticator;
mod credentials;
mod key;
mod principal;
mod role;

pub use authenticator::{Authenticator, Denied};
pub use credentials::Credentials;
pub use key::{Key, KeyHash};
pub use principal::Principal;
pub use role::Role;
