//! What `/ready` needs to know of parts that the server does not know.

use std::fmt;

/// How a part is. Texts are safe for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It works.
    Healthy,
    /// It does not work at present; what does not need it goes on.
    Away(String),
    /// It will not work until somebody does something.
    Unusable(String),
}

/// Tells how the store is now.
pub struct StorageReport(Box<dyn Fn() -> Report + Send + Sync>);

impl StorageReport {
    /// By asking this.
    pub fn new(ask: impl Fn() -> Report + Send + Sync + 'static) -> Self {
        Self(Box::new(ask))
    }

    /// How it is now.
    pub fn now(&self) -> Report {
        (self.0)()
    }
}

impl fmt::Debug for StorageReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("StorageReport").finish()
    }
}
