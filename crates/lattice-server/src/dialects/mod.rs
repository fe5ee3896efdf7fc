//! How each client API speaks. One folder per dialect, two named halves each: `from_wire` and `to_wire`.

pub(crate) mod responses;
