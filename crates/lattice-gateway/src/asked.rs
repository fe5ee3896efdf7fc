//! What the edge hands over.

use std::net::IpAddr;
use std::time::Instant;

use lattice_model::Turn;
use lattice_store::Owner;

/// A turn, who asks for it, and until when.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub turn: Turn,
    /// Who asks.
    pub caller: Caller,
    /// When the answer has to be over, all attempts together; never, where nothing is said.
    pub deadline: Option<Instant>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose is what is stored.
    pub owner: Owner,
    /// The address that the request came from.
    pub address: Option<IpAddr>,
}
