//! Lists of items: which page is asked for, and how it is answered.

use lattice_gateway::Page;
use lattice_model::Item;
use lattice_wire::responses::write::{self, Form};
use lattice_wire::write::{JsonWriter, Segments};

use crate::problem::Problem;

/// Items on a page where nothing is said, and the most.
const LIMIT: (usize, usize) = (20, 100);

/// What can be asked to be included and is there anyway, where it was made: the rest of what `OpenAI`'s API lists.
const STORED: &[&str] = &[
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "web_search_call.action.sources",
    "web_search_call.results",
    "code_interpreter_call.outputs",
];

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The item before the first one, in the order that is asked for.
    pub(crate) after: Option<String>,
    /// At most so many.
    pub(crate) limit: usize,
    /// Oldest first; else newest first.
    pub(crate) is_ascending: bool,
    /// With encrypted reasoning.
    pub(crate) with_state: bool,
}

impl Asked {
    /// Reads `after`, `limit` and `order`; `include` may stand beside them.
    pub(crate) fn of(query: &[(String, String)]) -> Result<Self, Problem> {
        let mut page =
            Self { after: None, limit: LIMIT.0, is_ascending: false, with_state: includes_encrypted(query)? };
        for (name, value) in query {
            match name.as_str() {
                "after" => page.after = Some(value.clone()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=LIMIT.1).contains(limit));
                    page.limit = limit.ok_or_else(|| {
                        Problem::query("limit", &format!("`limit` must be a number from 1 to {}", LIMIT.1))
                    })?;
                }
                "order" if value == "asc" || value == "desc" => page.is_ascending = value == "asc",
                "order" => return Err(Problem::query("order", "`order` must be `asc` or `desc`")),
                "include" | "include[]" => {}
                other => {
                    return Err(Problem::query(other, &format!("`{other}` is not known here; take it out")));
                }
            }
        }
        Ok(page)
    }

    /// The same for a store.
    pub(crate) fn page(&self) -> Page<'_> {
        Page { after: self.after.as_deref(), limit: self.limit, is_ascending: self.is_ascending }
    }

    /// The page out of all items, which stand oldest first.
    pub(crate) fn cut(&self, mut all: Vec<Item>) -> Result<Segments, Problem> {
        if !self.is_ascending {
            all.reverse();
        }
        let start = match &self.after {
            None => 0,
            Some(after) => match all.iter().position(|item| item.id() == Some(after)) {
                Some(at) => at.saturating_add(1),
                None => return Err(Problem::query("after", "`after` names no item of this list")),
            },
        };
        let rest = all.get(start..).unwrap_or_default();
        let page = rest.get(..self.limit).unwrap_or(rest);
        Ok(list(page, rest.len() > page.len()))
    }
}

/// A page of items.
pub(crate) fn list(page: &[Item], has_more: bool) -> Segments {
    let mut writer = JsonWriter::new();
    let id = |writer: &mut JsonWriter, key: &str, item: Option<&Item>| match item.and_then(Item::id) {
        Some(id) => writer.field_str(key, id),
        None => writer.key(key).null(),
    };
    writer.object(|writer| {
        writer.field_str("object", "list");
        writer.key("data").array(|writer| {
            for item in page {
                write::item(writer, item, Form::Response);
            }
        });
        id(writer, "first_id", page.first());
        id(writer, "last_id", page.last());
        writer.key("has_more").bool(has_more);
    });
    writer.finish()
}

/// Refuses everything but `include`: whether it asks for encrypted reasoning.
pub(crate) fn only_include(query: &[(String, String)]) -> Result<bool, Problem> {
    match query.iter().find(|(name, _)| name != "include" && name != "include[]") {
        Some((other, _)) => Err(Problem::query(other, &format!("`{other}` is not known here; take it out"))),
        None => includes_encrypted(query),
    }
}

/// Whether `include` asks for encrypted reasoning; anything else that is stored is there without asking.
pub(crate) fn includes_encrypted(query: &[(String, String)]) -> Result<bool, Problem> {
    let mut encrypted = false;
    for (_, value) in query.iter().filter(|(name, _)| name == "include" || name == "include[]") {
        for value in value.split(',') {
            match value {
                "reasoning.encrypted_content" => encrypted = true,
                known if STORED.contains(&known) => {}
                other => {
                    let shown: String = other.chars().take(80).collect();
                    let message =
                        format!("`{shown}` cannot be included: nothing of the kind is stored; take it out");
                    return Err(Problem::query("include", &message));
                }
            }
        }
    }
    Ok(encrypted)
}

#[cfg(test)]
mod tests {
    use lattice_model::OtherItem;

    use super::*;

    fn items(count: usize) -> Vec<Item> {
        let item =
            |at| Item::Other(OtherItem { id: Some(format!("i{at}")), kind: "x".into(), fields: Vec::new() });
        (0..count).map(item).collect()
    }

    fn page(query: &[(&str, &str)]) -> Result<Asked, Problem> {
        Asked::of(
            &query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn pages_follow_each_other_in_both_orders() {
        for (order, first) in [("asc", "i0"), ("desc", "i6")] {
            let (mut seen, mut after) = (Vec::new(), None::<String>);
            loop {
                let mut query = vec![("order", order), ("limit", "3")];
                query.extend(after.as_deref().map(|after| ("after", after)));
                let json = page(&query).unwrap().cut(items(7)).unwrap().to_bytes();
                let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
                let ids = json["data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned());
                let ids: Vec<String> = ids.collect();
                assert_eq!(
                    (json["first_id"].as_str(), json["last_id"].as_str()),
                    (ids.first().map(String::as_str), ids.last().map(String::as_str))
                );
                after = ids.last().cloned();
                seen.extend(ids);
                if json["has_more"] == false {
                    break;
                }
            }
            assert_eq!((seen.len(), seen[0].as_str()), (7, first));
        }
        assert_eq!(
            page(&[]).unwrap(),
            Asked { after: None, limit: 20, is_ascending: false, with_state: false }
        );
        for wrong in [
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "x"),
            ("order", "up"),
            ("before", "i1"),
            ("include", "x"),
        ] {
            assert!(page(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(page(&[("after", "i9")]).unwrap().cut(items(7)).is_err());
    }
}
