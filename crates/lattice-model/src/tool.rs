//! What the model may call, and whether it must.

use crate::json::{Extra, Json};
use crate::text::Text;

/// Something the model may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// A function of the application's.
    Function(FunctionTool),
    /// A tool that a provider runs itself, understood only by a provider of the same dialect.
    Hosted(HostedTool),
}

/// A function of the application's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionTool {
    /// What the model calls it: 1 to 64 of `a-zA-Z0-9_-`.
    pub name: String,
    /// What it does.
    pub description: Option<Text>,
    /// JSON Schema of its arguments: an object.
    pub parameters: Option<Json>,
    /// Whether the arguments must follow the schema to the letter.
    pub strict: Option<bool>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// A tool that a provider runs itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedTool {
    /// The `type` field, such as `web_search`.
    pub kind: String,
    /// All other fields.
    pub fields: Extra,
}

/// Whether a tool must be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolMode {
    /// Not at all.
    None,
    /// As the model sees fit.
    Auto,
    /// At least one.
    Required,
}

/// Which tools may or must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// Any of the offered ones.
    Mode(ToolMode),
    /// This function must be.
    Function(String),
    /// Only these functions may be: a hard constraint.
    Allowed {
        /// Whether one of them must be.
        mode: ToolMode,
        /// Names of the functions.
        names: Vec<String>,
    },
    /// A form that only a provider of the same dialect understands: the whole object.
    Hosted(Json),
}
