//! A bounded memory of the signatures of function calls, for clients that replay only what the standard names.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use lattice_model::{Json, Text};

/// The most calls whose signatures are kept; beyond it the oldest is dropped.
const MOST: usize = 10_000;

/// Signatures by call.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_call: HashMap<u64, Text>,
    order: VecDeque<u64>,
}

impl Signatures {
    pub(super) fn keep(&self, call_id: &str, name: &str, arguments: &Text, signature: &Text) {
        let key = key(call_id, name, arguments);
        // A copy of its own: the slice would keep the whole event in memory.
        let signature = Text::new(&signature.decode());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.by_call.insert(key, signature).is_some() {
            return;
        }
        kept.order.push_back(key);
        if kept.order.len() > MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_call.remove(&oldest);
        }
    }

    pub(super) fn find(&self, call_id: &str, name: &str, arguments: &Text) -> Option<Text> {
        let key = key(call_id, name, arguments);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).by_call.get(&key).cloned()
    }
}

/// The provider's ids are short and may come again in another conversation, so the call itself belongs to the key; written
/// anew, since clients may have parsed its arguments.
fn key(call_id: &str, name: &str, arguments: &Text) -> u64 {
    let arguments = Json::from_raw(arguments.decode().into_owned().into()).to_value();
    let mut hasher = DefaultHasher::new();
    (call_id, name, arguments.to_string()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_found_however_the_arguments_are_spaced() {
        let kept = Signatures::default();
        kept.keep("c", "f", &Text::new(r#"{"a":1}"#), &Text::new("sig"));
        assert_eq!(kept.find("c", "f", &Text::new(r#"{ "a": 1 }"#)), Some(Text::new("sig")));
        assert_eq!(kept.find("c", "f", &Text::new(r#"{"a":2}"#)), None);
    }

    #[test]
    fn c13_the_memory_is_bounded() {
        let kept = Signatures::default();
        for number in 0..=MOST {
            kept.keep(&number.to_string(), "f", &Text::new("{}"), &Text::new("s"));
        }
        assert_eq!(kept.find("0", "f", &Text::new("{}")), None);
        assert!(kept.find(&MOST.to_string(), "f", &Text::new("{}")).is_some());
    }
}
