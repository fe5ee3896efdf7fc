//! Ids: which are made here, and what they tell.
//!
//! `resp_` and 32 hexadecimal digits name a response; the ids of its items begin with the same digits, so that the response is found by
//! any of them. Ids that a client or a provider made tell nothing.

use lattice_model::Item;

/// How many digits of an item's id are its response's.
const STEM: usize = 32;

/// The longest id, in bytes.
const LONGEST: usize = 128;

/// Whether it could be an id that was given out: letters, digits and a few signs that stand in an address as they are. Anything else is
/// not looked for, and not kept.
pub(crate) fn is_plausible(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:~=+@".contains(&byte);
    let begins = id.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    begins && id.len() <= LONGEST && id.bytes().all(fits)
}

/// An id for an item that somebody sent; `owner` is a response's id, or digits of its own.
pub(crate) fn of_input(item: &Item, owner: &str, at: usize) -> String {
    let prefix = match item {
        Item::Message(_) => "msg",
        Item::FunctionCall(_) => "fc",
        Item::FunctionCallOutput(_) => "fco",
        Item::Reasoning(_) => "rs",
        Item::Other(_) => "item",
    };
    let stem = owner.strip_prefix("resp_").unwrap_or(owner);
    format!("{prefix}_{stem}i{at:x}")
}

/// The response that an item with this id belongs to, if the id tells.
pub(crate) fn response_of(item_id: &str) -> Option<String> {
    let (_, rest) = item_id.split_once('_')?;
    let stem = rest.get(..STEM)?;
    stem.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| format!("resp_{stem}"))
}

/// The id, if it does not tell that its item belongs to this response, and could be asked for.
pub(crate) fn foreign(item_id: &str, response_id: &str) -> Option<String> {
    let is_own = response_of(item_id).is_some_and(|of| of == response_id);
    (!is_own && is_plausible(item_id)).then(|| item_id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_items_id_tells_its_response() {
        let stem = "0193f0a1b2c3d4e5f60718293a4b5c6d";
        let response = format!("resp_{stem}");
        assert_eq!(response_of(&format!("msg_{stem}0001")).as_ref(), Some(&response));
        assert_eq!(foreign(&format!("fco_{stem}i2"), &response), None);
        assert_eq!(foreign("msg_abc", &response).as_deref(), Some("msg_abc"));
        for wrong in ["", "a b", "a/b", "../x", "a\u{0}", "\u{e9}", &"x".repeat(129)] {
            assert!(!is_plausible(wrong), "{wrong:?}");
        }
        assert!(is_plausible("__fake_id__") && is_plausible(&"x".repeat(128)));
        assert_eq!(foreign("msg abc", &response), None);
        let other = format!("resp_{}", stem.replace('0', "1"));
        assert!(foreign(&format!("msg_{stem}0001"), &other).is_some());
        assert_eq!(response_of("msg_é93f0a1b2c3d4e5f60718293a4b5c6dxx"), None);
    }
}
