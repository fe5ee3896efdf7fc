//! Sections that mean something, but not in this version.
//!
//! They are refused unless they say `enabled: false`: a gateway that starts without the authentication its file asks for is
//! worse than one that does not start (E7).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Report;
use crate::path::Path;
use crate::tree::{Node, Value};

/// A section that is not available yet.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Planned {
    /// Must be `false` in this version; the section's other keys are then not read.
    enabled: Option<bool>,
}

/// What such a section is about, for the error.
const PLANNED: &[(&str, &str)] = &[
    ("observability", "metrics and traces"),
    ("ui", "the web interface"),
    ("admin", "administration"),
    ("budgets", "budgets"),
    ("cache", "caching"),
    ("circuit_breakers", "circuit breakers"),
    ("failover", "failover"),
    ("keys", "API keys"),
    ("metrics", "metrics"),
    ("pricing", "prices"),
    ("tracing", "traces"),
    ("webhooks", "webhooks"),
];

/// Takes the sections that are not available out of the tree, and refuses those that are not switched off.
pub(crate) fn take(tree: &mut Node, report: &mut Report) {
    let Value::Map(entries) = &mut tree.value else { return };
    entries.retain(|(name, origin, node)| {
        let Some((_, subject)) = PLANNED.iter().find(|(planned, _)| planned == name) else { return true };
        if !is_off(node) {
            let message = format!(
                "asks for {subject}, which this version does not have. \
                 Take the section out, or set `{name}.enabled` to `false`"
            );
            report.error(origin, &Path::of(&[name]), message);
        }
        false
    });
}

fn is_off(node: &Node) -> bool {
    match (&node.value, node.get("enabled").map(|enabled| &enabled.value)) {
        (Value::Null, _) => true,
        (_, Some(Value::Scalar(enabled))) => enabled.text == "false",
        _ => false,
    }
}
