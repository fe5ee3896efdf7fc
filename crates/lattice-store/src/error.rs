//! Why a store did not do what it was asked for.

/// Why a store did not do what it was asked for. Texts are for the operator; they hold no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or takes nothing at present. The same may work later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is there cannot be read: it is damaged, or sealed with a key that is not given.
    #[error("what is stored cannot be read: {0}")]
    Unreadable(String),
    /// What was to be written does not fit: an id that is taken, or a defect of the gateway.
    #[error("the store refused it: {0}")]
    Refused(String),
    /// What it belongs to is not there, or not any more.
    #[error("what it belongs to is not there: {0}")]
    Gone(String),
    /// What would have to be read is larger than the gateway takes: this many bytes.
    #[error("larger than {0} bytes")]
    TooLarge(usize),
}
