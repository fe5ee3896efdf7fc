//! The `latticelm` binary: the command line, and the assembly of all parts.

mod admin;
mod auth;
mod banner;
mod cli;
mod clock;
mod commands;
mod directory;
mod identity;
mod logging;
mod output;
mod reload;
mod request_log;
mod serve;
mod storage;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use lattice_config::Environment;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let environment = Environment::from_process();
    match commands::run(cli, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when this fails.
            let _ = writeln!(std::io::stderr(), "{}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes; several lines, such as all mistakes of a configuration, stand as they are.
fn told(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let separator = if causes.iter().any(|cause| cause.contains('\n')) { ":\n" } else { ": " };
    let text = format!("latticelm: {}", causes.join(separator));
    // What others said may be among it, and must not act on the terminal.
    text.chars().map(|sign| if sign != '\n' && output::is_hidden(sign) { '?' } else { sign }).collect()
}
