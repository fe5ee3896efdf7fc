//! Objects as tables, for people.

use serde_json::Value;

use crate::output::is_hidden;

/// A column: its head, and where its text stands in the object.
pub(super) type Column = (&'static str, &'static str);

pub(super) const KEYS: &[Column] = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("TENANT", "/tenant_id"),
    ("USER", "/user_id"),
    ("ROLE", "/role"),
    ("STATUS", "/status"),
    ("EXPIRES", "/expires_at"),
    ("LAST USED", "/last_used_at"),
    ("ORIGIN", "/origin"),
];

pub(super) const USERS: &[Column] = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("KIND", "/kind"),
    ("TENANT", "/tenant_id"),
    ("ROLE", "/role"),
    ("STATUS", "/status"),
    ("EMAIL", "/email"),
];

pub(super) const TENANTS: &[Column] = &[
    ("ID", "/id"),
    ("NAME", "/name"),
    ("STATUS", "/status"),
    ("ORIGIN", "/origin"),
    ("CREATED", "/created_at"),
];

pub(super) const AUDIT: &[Column] = &[
    ("TIME", "/created_at"),
    ("ACTOR", "/actor/id"),
    ("ACTION", "/action"),
    ("OBJECT", "/target/id"),
    ("TENANT", "/tenant_id"),
    ("FROM", "/address"),
];

/// The objects, a line each, under a head.
pub(super) fn table(columns: &[Column], objects: &[Value]) -> String {
    let mut rows: Vec<Vec<String>> = vec![columns.iter().map(|(head, _)| (*head).to_owned()).collect()];
    for object in objects {
        rows.push(columns.iter().map(|(_, place)| text(object.pointer(place))).collect());
    }
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| {
            rows.iter().filter_map(|row| row.get(at)).map(|text| text.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut lines = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}")).collect();
        lines.push_str(cells.join("  ").trim_end());
        lines.push('\n');
    }
    lines
}

/// What a cell shows: nothing that could act on a terminal.
fn text(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    text.chars().map(|sign| if is_hidden(sign) { '?' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let objects = [
            json!({"id": "a", "name": "längst", "status": "active"}),
            json!({"id": "bbb", "name": "x\u{1b}[2J"}),
        ];
        let columns: &[Column] = &[("ID", "/id"), ("NAME", "/name"), ("STATUS", "/status")];
        assert_eq!(table(columns, &objects), "ID   NAME    STATUS\na    längst  active\nbbb  x?[2J   -\n");
    }
}
