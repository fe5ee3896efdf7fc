//! What each command does.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use lattice_config::{Config, Environment, Source};

use crate::cli::{Cli, Command, ConfigCommand};
use crate::output::print;
use crate::{admin, serve, storage};

pub(crate) fn run(cli: Cli, environment: &Environment) -> anyhow::Result<()> {
    match cli.command {
        None => serve::run(&cli.serve, environment),
        Some(Command::Serve(args)) => serve::run(&args.over(cli.serve), environment),
        Some(Command::Config { command: ConfigCommand::Check { file } }) => {
            let checked = lattice_config::check(&Source::File(file), environment);
            print(&checked.context("the configuration is wrong")?)
        }
        Some(Command::Config { command: ConfigCommand::Schema }) => {
            print(&format!("{:#}\n", lattice_config::schema()))
        }
        Some(Command::Openapi) => print(&format!("{}\n", lattice_server::openapi_document())),
        Some(Command::Models(args)) => {
            let file = args.config.or(cli.serve.config.config);
            let source = Source::find(file, environment, Path::new("."));
            let settings =
                lattice_config::load(&source, environment).context("the configuration is wrong")?;
            print(&models(&settings))
        }
        Some(Command::Keys { command }) => admin::keys(command, environment),
        Some(Command::Users { command }) => admin::users(command, environment),
        Some(Command::Tenants { command }) => admin::tenants(command, environment),
        Some(Command::Audit(args)) => admin::audit(&args, environment),
        Some(Command::Migrate(args)) => {
            let folder = args.data_dir.or(cli.serve.data_dir);
            storage::migrate(args.config.config.or(cli.serve.config.config), folder.as_deref(), environment)
        }
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "latticelm", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// A model per line: its name, the provider entry, and the provider's name for it.
fn models(settings: &Config) -> String {
    let width = |text: fn(&lattice_config::ModelEntry) -> &str| {
        settings.models.iter().map(|model| text(model).chars().count()).max().unwrap_or_default()
    };
    let (names, providers) = (width(|model| &model.name), width(|model| &model.provider));
    let mut text = String::new();
    for model in &settings.models {
        // Writing to a string cannot fail.
        let (name, provider, id) = (&model.name, &model.provider, &model.provider_model_id);
        let _ = writeln!(text, "{name:names$}  {provider:providers$}  {id}");
    }
    for prefix in &settings.prefixes {
        let name = format!("{}*", prefix.prefix);
        let _ = writeln!(text, "{name:names$}  {:providers$}  (any model of this prefix)", prefix.provider);
    }
    text
}
