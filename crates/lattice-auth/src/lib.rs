//! Who is calling, and what they may do: credentials become a [`Principal`], by one chain for every route and transport (A1).
//!
//! Invariants: knows no HTTP framework; keeps a hash of a key and never the key (A6); no `Debug` shows a credential.

mod attempts;
mod authenticator;
mod credentials;
pub mod kept;
mod key;
mod login;
mod principal;
mod registry;
mod role;
mod sealed;
mod sessions;
mod tokens;

pub use authenticator::{Arriving, Authenticator, Denied, Newcomer, Welcome};
pub use credentials::Credentials;
pub use key::{Key, KeyHash, NoRandomness, mint};
pub use login::{ClientSettings, LoginFault, SignedIn, Started, finish, sign_out, start};
pub use principal::{Bounds, KeyName, Principal};
pub use registry::{DEPTH, OF_FILE, Registry};
pub use role::Role;
pub use sealed::{seal, unseal};
pub use sessions::{Begun, Sessions, is_same};
pub use tokens::{ClaimNames, Claims, Fetch, Issuer, IssuerSettings, TokenFault, Tokens, is_safe_address};
