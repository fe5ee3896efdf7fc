//! Who is calling, and what they may do: credentials become a [`Principal`], by one chain for every route and transport (A1).
//!
//! Invariants: knows no HTTP framework; keeps a hash of a key and never the key (A6); no `Debug` shows a credential.

mod attempts;
mod authenticator;
mod credentials;
pub mod kept;
mod key;
mod principal;
mod registry;
mod role;

pub use authenticator::{Arriving, Authenticator, Denied};
pub use credentials::Credentials;
pub use key::{Key, KeyHash, NoRandomness, mint};
pub use principal::{Bounds, KeyName, Principal};
pub use registry::Registry;
pub use role::Role;
