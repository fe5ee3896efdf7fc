//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::admin::{AuditArgs, KeysCommand, TenantsCommand, UsersCommand};
use crate::banner::keys;

/// An LLM gateway: one API, Open Responses, in front of many providers.
#[derive(Debug, Parser)]
#[command(
    name = "latticelm",
    version,
    after_help = after_help()
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

fn after_help() -> String {
    format!(
        "Without a command the gateway is started. Without a configuration file it finds its providers from the \
         environment ({}, ...), and with none of them it answers with a demo.\n\nExit status: 0 success, 1 the \
         configuration or the start failed, 2 the command line is wrong.",
        keys().join(", ")
    )
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the gateway (also without a command)
    Serve(ServeArgs),
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the OpenAPI description of the API
    Openapi,
    /// List the models that the gateway would serve
    Models(ConfigArgs),
    /// API keys: make, list, rotate, revoke
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Users: people and services
    Users {
        #[command(subcommand)]
        command: UsersCommand,
    },
    /// Tenants
    Tenants {
        #[command(subcommand)]
        command: TenantsCommand,
    },
    /// What was done in the administration, the latest first
    Audit(AuditArgs),
    /// Bring the database up to date; the gateway does so itself when it starts
    Migrate(MigrateArgs),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a file: every mistake with its line, and what to do
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print the JSON Schema of the file, for editors
    Schema,
}

/// Where the configuration is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Which database.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The folder for what the gateway keeps, where it keeps it in a file; wins over the configuration
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// How to start.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Where to listen, such as 127.0.0.1:8080; wins over the configuration
    #[arg(long, value_name = "HOST:PORT", value_parser = lattice_config::parse_address)]
    pub(crate) listen: Option<SocketAddr>,
    /// The folder for what the gateway keeps, where it keeps it in a file; wins over the configuration
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// How much to log; wins over the configuration
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevel>,
}

impl ServeArgs {
    /// These options, and `general` ones from before the command where one is not given here.
    pub(crate) fn over(self, general: Self) -> Self {
        Self {
            config: ConfigArgs { config: self.config.config.or(general.config.config) },
            listen: self.listen.or(general.listen),
            data_dir: self.data_dir.or(general.data_dir),
            log_level: self.log_level.or(general.log_level),
        }
    }
}

/// How much to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Only failures of the gateway's own
    Error,
    /// Failed requests too
    Warn,
    /// A line for each request
    Info,
    /// Connections and decisions
    Debug,
    /// Everything
    Trace,
}

impl LogLevel {
    /// As the log filter names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default() {
        let cli = Cli::parse_from(["latticelm", "--listen", "127.0.0.1:0", "--log-level", "warn"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.serve.listen, Some(SocketAddr::from(([127, 0, 0, 1], 0))));
    }
}
