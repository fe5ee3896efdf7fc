//! `tools` and `tool_choice`.

use lattice_model::{FunctionTool, HostedTool, Path, Tool, ToolChoice, ToolMode};
use lattice_wire::Document;
use lattice_wire::responses::request as wire;
use lattice_wire::{Raw, extra_of};

use super::check::{self, Invalid, TEXT_LIMIT};

/// More tools than this are refused.
const TOOLS_LIMIT: usize = 1024;

pub(super) fn tools(tools: &[wire::Tool<'_>], body: &Document) -> Result<Vec<Tool>, Invalid> {
    if tools.len() > TOOLS_LIMIT {
        return Err(Invalid::value("tools", format!("`tools` may hold at most {TOOLS_LIMIT} tools")));
    }
    let tools: Vec<Tool> = tools
        .iter()
        .enumerate()
        .map(|(at, one)| tool(one, Path::Field("tools").index(at), body))
        .collect::<Result<_, _>>()?;
    let mut names = std::collections::HashSet::new();
    for (at, tool) in tools.iter().enumerate() {
        if let Tool::Function(function) = tool
            && !names.insert(function.name.as_str())
        {
            let param = format!("tools[{at}].name");
            return Err(Invalid::value(param, format!("two tools are called `{}`", function.name)));
        }
    }
    Ok(tools)
}

fn tool(tool: &wire::Tool<'_>, path: Path<'_>, body: &Document) -> Result<Tool, Invalid> {
    let kind = tool.kind.ok_or_else(|| Invalid::missing(path.key("type")))?.plain();
    if kind != "function" {
        return Ok(Tool::Hosted(HostedTool { kind, fields: tool.fields(body, &["type"]) }));
    }
    if let Some(parameters) = tool.parameters {
        check::object(parameters, path.key("parameters"))?;
    }
    Ok(Tool::Function(FunctionTool {
        name: check::name(tool.name, path.key("name"))?,
        description: check::optional_text(tool.description, body, path.key("description"), TEXT_LIMIT)?,
        parameters: tool.parameters.map(|parameters| parameters.to_json(body)),
        strict: tool.strict,
        extra: extra_of(&tool.extra, body),
    }))
}

pub(super) fn tool_choice(
    choice: Option<Raw<'_>>,
    tools: &[Tool],
    body: &Document,
) -> Result<Option<ToolChoice>, Invalid> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else { return Ok(None) };
    let choice = read_choice(choice, body)?;
    match &choice {
        ToolChoice::Mode(ToolMode::Required) if tools.is_empty() => {
            Err(Invalid::value("tool_choice", "`tool_choice` demands a tool, but `tools` has none"))
        }
        ToolChoice::Function(name) if !offers(tools, name) => Err(Invalid::value(
            "tool_choice.name",
            format!("`tools` has no function `{}`", check::shown(name)),
        )),
        ToolChoice::Allowed { names, .. } => match names.iter().position(|name| !offers(tools, name)) {
            Some(at) => {
                let name = names.get(at).map(String::as_str).unwrap_or_default();
                let param = format!("tool_choice.tools[{at}].name");
                Err(Invalid::value(param, format!("`tools` has no function `{}`", check::shown(name))))
            }
            None => Ok(Some(choice)),
        },
        _ => Ok(Some(choice)),
    }
}

fn offers(tools: &[Tool], name: &str) -> bool {
    tools.iter().any(|tool| matches!(tool, Tool::Function(function) if function.name == name))
}

fn read_choice(choice: Raw<'_>, body: &Document) -> Result<ToolChoice, Invalid> {
    let raw = choice.0.get();
    if raw.starts_with('"') {
        let word = serde_json::from_str::<String>(raw).unwrap_or_default();
        return mode(&word, "tool_choice").map(ToolChoice::Mode);
    }
    let object: wire::ToolChoice<'_> = lattice_wire::parse(raw.as_bytes()).map_err(|error| {
        let param = if error.path.is_empty() {
            "tool_choice".to_owned()
        } else {
            format!("tool_choice.{}", error.path)
        };
        let message = format!("`{param}`: {}", error.message);
        Invalid { param: Some(param), code: "invalid_type", message }
    })?;
    let kind = object.kind.ok_or_else(|| Invalid::missing("tool_choice.type"))?.plain();
    match kind.as_str() {
        "function" => check::name(object.name, Path::Field("tool_choice.name")).map(ToolChoice::Function),
        "allowed_tools" => allowed(&object, choice, body),
        _ => Ok(ToolChoice::Hosted(choice.to_json(body))),
    }
}

/// A list with a hosted tool in it is left to a provider that knows it.
fn allowed(object: &wire::ToolChoice<'_>, whole: Raw<'_>, body: &Document) -> Result<ToolChoice, Invalid> {
    let tools = object.tools.as_deref().ok_or_else(|| Invalid::missing("tool_choice.tools"))?;
    if tools.is_empty() || tools.len() > 128 {
        return Err(Invalid::value("tool_choice.tools", "`tool_choice.tools` must hold 1 to 128 tools"));
    }
    let mode = match object.mode {
        Some(word) => mode(&word.plain(), "tool_choice.mode")?,
        None => ToolMode::Auto,
    };
    let mut names = Vec::with_capacity(tools.len());
    for (at, tool) in tools.iter().enumerate() {
        let list = Path::Field("tool_choice.tools");
        let path = list.index(at);
        match tool.kind.map(lattice_wire::Str::plain).as_deref() {
            None => return Err(Invalid::missing(path.key("type"))),
            Some("function") => names.push(check::name(tool.name, path.key("name"))?),
            Some(_) => return Ok(ToolChoice::Hosted(whole.to_json(body))),
        }
    }
    Ok(ToolChoice::Allowed { mode, names })
}

fn mode(word: &str, param: &str) -> Result<ToolMode, Invalid> {
    match word {
        "none" => Ok(ToolMode::None),
        "auto" => Ok(ToolMode::Auto),
        "required" => Ok(ToolMode::Required),
        other => {
            let message =
                format!("`{param}` must be one of `none`, `auto`, `required`, not `{}`", check::shown(other));
            Err(Invalid::value(param, message))
        }
    }
}
