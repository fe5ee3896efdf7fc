//! The log: lines on standard error, as text or JSON, whose level can change while the gateway runs.

use std::io;

use anyhow::Context;
use lattice_config::{Format, Logging};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// Changes the level.
pub(crate) type Level = reload::Handle<Targets, Registry>;

/// Starts logging.
pub(crate) fn start(logging: Logging) -> anyhow::Result<Level> {
    let (filter, handle) = reload::Layer::new(filter(logging.level));
    let lines = match logging.format {
        Format::Json => fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
        Format::Text => fmt::layer().with_ansi(false).with_writer(io::stderr).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).try_init().context("logging cannot start")?;
    Ok(handle)
}

/// The gateway's own lines from this level on; of the libraries, warnings and errors.
pub(crate) fn filter(level: lattice_config::Level) -> Targets {
    let level = match level {
        lattice_config::Level::Trace => LevelFilter::TRACE,
        lattice_config::Level::Debug => LevelFilter::DEBUG,
        lattice_config::Level::Info => LevelFilter::INFO,
        lattice_config::Level::Warn => LevelFilter::WARN,
        lattice_config::Level::Error => LevelFilter::ERROR,
    };
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("latticelm", level)
        .with_target("lattice", level)
}
