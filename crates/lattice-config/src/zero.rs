//! Zero configuration: without a file, providers are found from the keys in the environment.
//!
//! What is found is written as a tree like that of a file, so everything after this is the same with and without one.

use std::path::PathBuf;

use lattice_providers::{KINDS, Kind, Variable};

use crate::environment::Environment;
use crate::tree::{Node, Origin};

/// The variable that Google's libraries read for application default credentials.
const GOOGLE_CREDENTIALS: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// Builds the configuration from the environment. A provider whose variables are incomplete only adds a notice.
pub(crate) fn tree(environment: &Environment, notices: &mut Vec<String>) -> Node {
    let mut tree = Node::map(Origin::Default);
    tree.entry("routing", &Origin::Default).set("by_prefix", Node::scalar(Origin::Default, "true"));
    let (mut models, mut names) = (Vec::new(), Vec::new());
    for kind in KINDS {
        let Some(origin) = entry(&mut tree, kind, environment, notices) else { continue };
        for model in kind.models.iter().filter(|model| !names.contains(*model)).collect::<Vec<_>>() {
            names.push(*model);
            models.push(declared(model, kind.name, &origin));
        }
    }
    tree.set("models", Node::list(Origin::Default, models));
    tree
}

/// Adds a provider entry, named after its type, if its variables are set. Returns the first variable as its origin.
fn entry(
    tree: &mut Node,
    kind: &Kind,
    environment: &Environment,
    notices: &mut Vec<String>,
) -> Option<Origin> {
    let found = |variable: &Variable| environment.first(variable.names);
    let first = kind.environment.first()?;
    let named = environment.get(GOOGLE_CREDENTIALS).map(|_| GOOGLE_CREDENTIALS);
    let Some((start, _)) = found(first) else {
        if let Some(name) = named.filter(|_| kind.with_google_default) {
            notices.push(half(name, first));
        }
        return None;
    };
    if let Some(missing) =
        kind.environment.iter().find(|variable| variable.is_needed && found(variable).is_none())
    {
        notices.push(half(start, missing));
        return None;
    }
    // Google's metadata server is not asked, since that takes a connection: a credentials file is needed.
    if kind.with_google_default && named.is_none() && !gcloud_file(environment)?.is_file() {
        return None;
    }
    let origin = Origin::Variable(start.into());
    let entry = provider(tree, kind.name, &origin);
    for variable in kind.environment {
        if let Some((name, value)) = found(variable) {
            entry.set(variable.setting, Node::scalar(Origin::Variable(name.into()), value));
        }
    }
    Some(origin)
}

fn half(name: &str, missing: &Variable) -> String {
    let wanted = missing.names.first().copied().unwrap_or_default();
    format!("{name} is not used: it needs {wanted} beside it")
}

/// Without any provider there is one that needs no key.
pub(crate) fn add_demo(tree: &mut Node) {
    provider(tree, "demo", &Origin::Default);
    tree.set("models", Node::list(Origin::Default, vec![declared("demo", "demo", &Origin::Default)]));
}

/// Where gcloud keeps the application default credentials.
/// <https://cloud.google.com/docs/authentication/application-default-credentials#personal>
fn gcloud_file(environment: &Environment) -> Option<PathBuf> {
    let folder = |name| environment.get(name).map(PathBuf::from);
    let gcloud = folder("CLOUDSDK_CONFIG")
        .or_else(|| Some(folder("APPDATA")?.join("gcloud")))
        .or_else(|| Some(folder("HOME")?.join(".config/gcloud")))?;
    Some(gcloud.join("application_default_credentials.json"))
}

fn provider<'a>(tree: &'a mut Node, kind: &str, origin: &Origin) -> &'a mut Node {
    let entry = tree.entry("providers", origin).entry(kind, origin);
    entry.set("type", Node::scalar(origin.clone(), kind));
    entry
}

fn declared(name: &str, provider: &str, origin: &Origin) -> Node {
    let mut model = Node::map(origin.clone());
    model.set("name", Node::scalar(origin.clone(), name));
    model.set("provider", Node::scalar(origin.clone(), provider));
    model
}
