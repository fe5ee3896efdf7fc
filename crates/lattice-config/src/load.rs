//! From a source to settings, step by step.

use std::path::{Path as FilePath, PathBuf};

use serde::Deserialize;

use crate::config::Config;
use crate::context::Context;
use crate::environment::Environment;
use crate::error::{ConfigErrors, Report};
use crate::file::{File, schema};
use crate::models::ModelEntry;
use crate::path::Path;
use crate::source::Source;
use crate::tree::{Node, Origin, Value};
use crate::value::Secret;
use crate::{
    auth, conversations, database, encryption, expand, limits, logging, models, overrides, planned,
    providers, routing, server, shape, tenants, timeouts, watch, yaml, zero,
};

/// The largest configuration file that is read, in bytes; a larger one is refused.
const FILE_LIMIT: u64 = 4 << 20;

/// Reads the configuration: the file if there is one, and the environment over it.
///
/// # Errors
/// [`ConfigErrors`] names everything that is wrong, not only the first.
pub fn load(source: &Source, environment: &Environment) -> Result<Config, ConfigErrors> {
    let Source::File(file) = source else {
        return Loading::new(source, environment).run(None);
    };
    let name = file.display().to_string();
    let (seen, text) = watch::read(file, FILE_LIMIT);
    match text {
        Ok(text) => {
            let mut loading = Loading::new(source, environment);
            loading.report.seen.push(seen);
            loading.run(Some((&name, &text)))
        }
        Err(error) => {
            let mut report = Report::default();
            report.seen.push(seen);
            let origin = Origin::File(name.as_str().into(), 0, 0);
            report.error(&origin, &Path::top(), format!("cannot be read: {error}"));
            report.finish(None)
        }
    }
}

/// One run of [`load`].
pub(crate) struct Loading<'a> {
    source: &'a Source,
    environment: &'a Environment,
    report: Report,
    notices: Vec<String>,
}

impl<'a> Loading<'a> {
    pub(crate) fn new(source: &'a Source, environment: &'a Environment) -> Self {
        Self { source, environment, report: Report::default(), notices: Vec::new() }
    }

    /// `file` is the name and the text of the file, if there is one.
    pub(crate) fn run(mut self, file: Option<(&str, &str)>) -> Result<Config, ConfigErrors> {
        let Some((tree, raw)) = self.tree(file) else { return self.report.finish(None) };
        let folder =
            self.source.file().and_then(FilePath::parent).map_or_else(PathBuf::new, FilePath::to_owned);
        let mut context = Context { tree: &tree, report: &mut self.report, folder };
        let settings = check(&raw, self.source, self.environment, &mut context);
        self.close_door(&tree, &settings);
        let seen = self.report.seen.clone();
        self.report.finish(Some(Config { notices: self.notices, seen, ..settings }))
    }

    /// What is written, with variables and overrides in it, and the same in types.
    fn tree(&mut self, file: Option<(&str, &str)>) -> Option<(Node, File)> {
        let schema = schema();
        let mut tree = match file {
            Some((name, text)) => {
                let mut tree = yaml::parse(text, &yaml::places(name), &mut self.report)?;
                expand::expand(&mut tree, self.environment, &Path::top(), &mut self.report);
                tree
            }
            None => zero::tree(self.environment, &mut self.notices),
        };
        overrides::apply(&mut tree, &schema, self.environment, &mut self.report);
        let is_zero = file.is_none()
            && matches!(tree.get("providers").map(|node| &node.value), None | Some(Value::Null));
        if is_zero {
            zero::add_demo(&mut tree);
        }
        planned::take(&mut tree, &mut self.report);
        let json = shape::convert(&tree, &schema, &Path::top(), &mut self.report);
        let raw = json.map_or_else(|| Ok(File::default()), File::deserialize);
        let Ok(raw) = raw else {
            // The shape was just checked against the same types. Whatever serde says may quote values, so it is not shown.
            self.report.error(&tree.origin, &Path::top(), "cannot be read into the gateway's settings");
            return None;
        };
        Some((tree, raw))
    }

    /// Refuses to be open to other machines without knowing who calls (A9).
    fn close_door(&mut self, tree: &Node, settings: &Config) {
        let address = settings.server.address;
        let is_open = !settings.auth.enabled && !address.ip().is_loopback();
        if is_open && settings.auth.allow_anonymous {
            self.notices
                .push(format!("{address} can be reached from other machines, and anybody there may call"));
        } else if is_open {
            let path = Path::of(&["server", "address"]);
            let message = format!(
                "can be reached from other machines, and nobody has to show a key: set LATTICELM_ADMIN_KEY, `auth.keys` or `auth.enabled: true`, \
                 or `auth.allow_anonymous: true` if everybody there may call ({address})"
            );
            let origin = tree.origin_of(&path).clone();
            self.report.error(&origin, &path, message);
        }
    }
}

/// Section by section. Errors go to the report; the result is used only if there are none.
fn check(raw: &File, source: &Source, environment: &Environment, context: &mut Context<'_>) -> Config {
    let timeouts_path = Path::of(&["timeouts"]);
    let defaults =
        timeouts::check(raw.timeouts.as_ref(), timeouts::Timeouts::default(), &timeouts_path, context);
    let none = providers::RawProviders::default();
    let entries = raw.providers.as_ref().unwrap_or(&none);
    if entries.0.is_empty() {
        let message =
            "needs at least one entry. Without a file, providers are found from the keys in the environment";
        context.missing(&Path::of(&["providers"]), message);
    }
    let (providers, own_models) = providers::check(entries, defaults, context);
    let names: Vec<&str> = entries.0.iter().map(|(name, _)| name.as_str()).collect();
    let mut models = models::check(raw.models.as_deref().unwrap_or_default(), &names, context);
    add_own_models(&mut models, &own_models);
    let by_prefix = raw.routing.as_ref().and_then(|routing| routing.by_prefix).unwrap_or_default();
    let prefixes = if by_prefix { routing::prefixes(&providers) } else { Vec::new() };
    if models.is_empty() && prefixes.is_empty() && context.report.is_clean() {
        let message = "needs at least one entry, or `routing.by_prefix: true` for a provider whose models have well-known names";
        context.missing(&Path::of(&["models"]), message);
    }
    Config {
        source: source.clone(),
        server: raw.server.as_ref().map_or_else(server::Server::default, |raw| server::check(raw, context)),
        logging: raw.logging.as_ref().map(logging::check).unwrap_or_default(),
        providers,
        models,
        prefixes,
        auth: auth::check(raw.auth.as_ref(), environment, context),
        limits: limits::check(raw.limits.as_ref(), raw.rate_limit.as_ref(), context),
        counting: limits::counting(raw.rate_limit.as_ref(), environment, context),
        tenants: tenants::check(raw.tenants.as_ref(), context),
        conversations: conversations::check(raw.conversations.as_ref(), context),
        database: database::check(raw.database.as_ref(), environment, context),
        encryption: encryption::check(
            raw.database.as_ref().and_then(|raw| raw.encryption_key.as_ref()).map(Secret::expose),
            environment,
            context,
        ),
        notices: Vec::new(),
        seen: Vec::new(),
    }
}

/// A provider for which no model is declared has its own, if it has any.
fn add_own_models(models: &mut Vec<ModelEntry>, own: &[(String, String)]) {
    let declared: Vec<String> = models.iter().map(|model| model.provider.clone()).collect();
    for (model, provider) in own {
        let is_taken = models.iter().any(|known| known.name == *model);
        if !declared.contains(provider) && !is_taken {
            models.push(ModelEntry::named(model, provider));
        }
    }
}
