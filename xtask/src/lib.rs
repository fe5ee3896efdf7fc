//! The rules about the shape of the code, as tests: see `tests/tidy.rs`.
