//! Lists: which page is asked for, and how it is answered.

use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Objects on a page where nothing is said, and the most.
const LIMIT: (usize, usize) = (50, 200);

/// Which page of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The object before the first one, in the order that is asked for.
    pub(crate) after: Option<String>,
    /// At most so many.
    pub(crate) limit: usize,
    /// By rising ids; else by falling ones, the newest first.
    pub(crate) is_ascending: bool,
    filters: Vec<(String, String)>,
}

impl Page {
    /// Reads the query; `filters` are those that the list knows.
    pub(crate) fn of(query: &[(String, String)], filters: &[&str]) -> Result<Self, Refusal> {
        let mut page = Self { after: None, limit: LIMIT.0, is_ascending: false, filters: Vec::new() };
        for (name, value) in query {
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(Refusal::field(name, "must say something, without signs that cannot be seen"));
            }
            match name.as_str() {
                "after" => page.after = Some(value.clone()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=LIMIT.1).contains(limit));
                    page.limit = limit.ok_or_else(|| {
                        Refusal::field("limit", &format!("must be a number from 1 to {}", LIMIT.1))
                    })?;
                }
                "order" if value == "asc" || value == "desc" => page.is_ascending = value == "asc",
                "order" => return Err(Refusal::field("order", "must be `asc` or `desc`")),
                known if filters.contains(&known) => page.filters.push((name.clone(), value.clone())),
                other => return Err(Refusal::field(other, "is not known here; take it out")),
            }
        }
        Ok(page)
    }

    /// What a filter is set to.
    pub(crate) fn filter(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A page out of two lists in the order that is asked for, one of them of the configuration and one of the database, which has one more
    /// than are wanted where there are more.
    pub(crate) fn merged(&self, declared: Vec<Value>, kept: Vec<Value>) -> Value {
        let is_behind = |object: &Value| match &self.after {
            None => true,
            Some(after) if self.is_ascending => id(object) > after.as_str(),
            Some(after) => id(object) < after.as_str(),
        };
        let mut all: Vec<Value> = declared.into_iter().filter(is_behind).collect();
        let is_declared = |object: &Value, all: &[Value]| all.iter().any(|one| id(one) == id(object));
        let kept: Vec<Value> = kept.into_iter().filter(|object| !is_declared(object, &all)).collect();
        all.extend(kept);
        all.sort_by(|one, other| id(one).cmp(id(other)));
        if !self.is_ascending {
            all.reverse();
        }
        let has_more = all.len() > self.limit;
        all.truncate(self.limit);
        list(&all, has_more)
    }
}

fn id(object: &Value) -> &str {
    object.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// A page as it is answered.
pub(crate) fn list(objects: &[Value], has_more: bool) -> Value {
    let (first, last) = (objects.first().map(id), objects.last().map(id));
    let (first, last) = (Value::from(first), Value::from(last));
    json!({"object": "list", "data": objects, "first_id": first, "last_id": last, "has_more": has_more})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(ids: &[&str]) -> Vec<Value> {
        ids.iter().map(|id| json!({"id": id})).collect()
    }

    #[test]
    fn d8_both_lists_are_paged_as_one() {
        let (declared, kept) = (["b", "d", "z"], ["a", "c", "d", "e"]);
        for (order, whole) in [("asc", "abcdez"), ("desc", "zedcba")] {
            let (mut seen, mut after) = (String::new(), None::<String>);
            loop {
                let mut query =
                    vec![("order".to_owned(), order.to_owned()), ("limit".to_owned(), "2".to_owned())];
                query.extend(after.clone().map(|after| ("after".to_owned(), after)));
                let page = Page::of(&query, &[]).unwrap();
                let mut rest: Vec<&str> = kept.to_vec();
                if !page.is_ascending {
                    rest.reverse();
                }
                let is_behind = |id: &&str| match after.as_deref() {
                    None => true,
                    Some(after) => {
                        if page.is_ascending {
                            *id > after
                        } else {
                            *id < after
                        }
                    }
                };
                let rest: Vec<&str> = rest.into_iter().filter(is_behind).take(3).collect();
                let answer = page.merged(objects(&declared), objects(&rest));
                for object in answer["data"].as_array().unwrap() {
                    seen.push_str(object["id"].as_str().unwrap());
                }
                after = answer["last_id"].as_str().map(str::to_owned);
                if answer["has_more"] == false {
                    break;
                }
            }
            assert_eq!(seen, whole);
        }
        for wrong in [("limit", "0"), ("limit", "201"), ("order", "up"), ("x", "y")] {
            assert!(Page::of(&[(wrong.0.to_owned(), wrong.1.to_owned())], &["q"]).is_err(), "{wrong:?}");
        }
    }
}
