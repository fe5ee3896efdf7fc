//! Time and ids, as an argument: the real ones are named once, in the binary.

use std::fmt::Debug;
use std::time::Instant;

/// What is different in every request.
pub trait Clock: Debug + Send + Sync {
    /// Seconds since 1970, UTC.
    fn seconds(&self) -> i64;

    /// Now, to measure from.
    fn instant(&self) -> Instant;

    /// 32 hexadecimal digits that are given out once; later ones sort behind earlier ones.
    fn id(&self) -> String;
}
