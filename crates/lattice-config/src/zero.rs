//! Zero configuration: without a file, providers are found from the keys in the environment.
//!
//! What is found is written as a tree like that of a file, so everything after this is the same with and without one.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::tree::{Node, Origin};

/// A provider that a key in the environment stands for.
struct Found {
    /// Both the entry's name and its type.
    kind: &'static str,
    keys: &'static [&'static str],
    endpoints: &'static [&'static str],
    /// It has no address of its own.
    needs_endpoint: bool,
    /// Names that are listed without being asked for; others go by prefix. Azure has none: deployments have names of their own.
    models: &'static [&'static str],
}

const PROVIDERS: &[Found] = &[
    Found {
        kind: "openai",
        keys: &["OPENAI_API_KEY"],
        endpoints: &["OPENAI_BASE_URL"],
        needs_endpoint: false,
        models: &["gpt-5", "gpt-5-mini", "gpt-4.1", "gpt-4o", "gpt-4o-mini"],
    },
    Found {
        kind: "anthropic",
        keys: &["ANTHROPIC_API_KEY"],
        endpoints: &["ANTHROPIC_BASE_URL"],
        needs_endpoint: false,
        models: &["claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5"],
    },
    Found {
        kind: "google",
        keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        endpoints: &["GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"],
        needs_endpoint: false,
        models: &["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"],
    },
    Found {
        kind: "azureopenai",
        keys: &["AZURE_OPENAI_API_KEY"],
        endpoints: &["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"],
        needs_endpoint: true,
        models: &[],
    },
    Found {
        kind: "azureanthropic",
        keys: &["AZURE_ANTHROPIC_API_KEY"],
        endpoints: &["AZURE_ANTHROPIC_ENDPOINT", "AZURE_ANTHROPIC_BASE_URL"],
        needs_endpoint: true,
        models: &[],
    },
];

/// What is listed for Vertex AI when there is no key for Google's other API.
const GEMINI: &[&str] = &["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"];

/// The configuration that the environment stands for. Half of a provider is a notice.
pub(crate) fn tree(environment: &Environment, notices: &mut Vec<String>) -> Node {
    let mut tree = Node::map(Origin::Default);
    tree.entry("routing", &Origin::Default).set("by_prefix", Node::scalar(Origin::Default, "true"));
    let mut models = Vec::new();
    for found in PROVIDERS {
        let Some((key_name, key)) = environment.first(found.keys) else { continue };
        let endpoint = environment.first(found.endpoints);
        if endpoint.is_none() && found.needs_endpoint {
            let wanted = found.endpoints.first().copied().unwrap_or_default();
            notices.push(format!("{key_name} is not used: it needs {wanted} beside it"));
            continue;
        }
        let origin = Origin::Variable(key_name.into());
        let entry = provider(&mut tree, found.kind, &origin);
        entry.set("api_key", Node::scalar(origin.clone(), key));
        if let Some((name, endpoint)) = endpoint {
            entry.set("endpoint", Node::scalar(Origin::Variable(name.into()), endpoint));
        }
        models.extend(found.models.iter().map(|model| declared(model, found.kind, &origin)));
    }
    if let Some(origin) = vertex(&mut tree, environment, notices)
        && environment.first(&["GEMINI_API_KEY", "GOOGLE_API_KEY"]).is_none()
    {
        models.extend(GEMINI.iter().map(|model| declared(model, "vertexai", &origin)));
    }
    tree.set("models", Node::list(Origin::Default, models));
    tree
}

/// Without any provider there is one that needs no key.
pub(crate) fn add_demo(tree: &mut Node) {
    provider(tree, "demo", &Origin::Default);
    tree.set("models", Node::list(Origin::Default, vec![declared("demo", "demo", &Origin::Default)]));
}

/// Vertex AI has no key: a project and the application default credentials stand for it. The metadata server of a machine in
/// Google Cloud counts only with a file, since asking it would take a connection.
fn vertex(tree: &mut Node, environment: &Environment, notices: &mut Vec<String>) -> Option<Origin> {
    let named = environment.get("GOOGLE_APPLICATION_CREDENTIALS");
    let Some(project) = environment.get("GOOGLE_CLOUD_PROJECT") else {
        if named.is_some() {
            let notice =
                "GOOGLE_APPLICATION_CREDENTIALS is not used: Vertex AI needs GOOGLE_CLOUD_PROJECT beside it";
            notices.push(notice.to_owned());
        }
        return None;
    };
    if named.is_none() && !gcloud_file(environment)?.is_file() {
        return None;
    }
    let origin = Origin::Variable("GOOGLE_CLOUD_PROJECT".into());
    let entry = provider(tree, "vertexai", &origin);
    entry.set("project", Node::scalar(origin.clone(), project));
    let location = environment.get("GOOGLE_CLOUD_LOCATION").unwrap_or("global");
    entry.set("location", Node::scalar(Origin::Variable("GOOGLE_CLOUD_LOCATION".into()), location));
    if let Some(endpoint) = environment.get("VERTEX_BASE_URL") {
        entry.set("endpoint", Node::scalar(Origin::Variable("VERTEX_BASE_URL".into()), endpoint));
    }
    Some(origin)
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
