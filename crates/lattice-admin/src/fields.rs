//! The fields of a body: read one by one, each with its own error, and none left over.

use lattice_model::Word;
use serde_json::{Map, Value};

use crate::refusal::{Reason, Refusal};
use crate::times;

/// The longest text, in characters.
const LONGEST: usize = 256;

/// The longest list.
const MOST: usize = 1000;

/// What a body says of a field. A patch removes what is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given<T> {
    Nothing,
    Null,
    Value(T),
}

impl<T> Given<T> {
    /// What it is after the patch.
    pub(crate) fn or(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Nothing => before,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The same for a field that has to be there.
    pub(crate) fn needed(self, name: &str, before: Option<T>) -> Result<T, Refusal> {
        self.or(before).ok_or_else(|| {
            let message = format!("`{name}` is required");
            Refusal::new(Reason::Invalid, "missing_required_parameter", message).with_param(name)
        })
    }
}

/// The fields of a body that are not read yet.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Of a body, which has to be an object.
    pub(crate) fn of(body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(Refusal::new(Reason::Invalid, "invalid_json", "the body must be an object")),
            Err(error) => {
                // What serde says of a place is a line and a column; it quotes nothing.
                let message =
                    format!("the body is not JSON: line {}, column {}", error.line(), error.column());
                Err(Refusal::new(Reason::Invalid, "invalid_json", message))
            }
        }
    }

    fn take<T>(
        &mut self,
        name: &str,
        must: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Given<T>, Refusal> {
        match self.0.remove(name) {
            None => Ok(Given::Nothing),
            Some(Value::Null) => Ok(Given::Null),
            Some(value) => read(value).map(Given::Value).ok_or_else(|| Refusal::field(name, must)),
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Given<String>, Refusal> {
        let must =
            format!("must be a text of 1 to {LONGEST} characters that can be seen, without line breaks");
        self.take(name, &must, text)
    }

    pub(crate) fn word<W: Word>(&mut self, name: &str) -> Result<Given<W>, Refusal> {
        let known: Vec<&str> = W::ALL.iter().map(|word| word.name()).collect();
        let must = format!("must be one of `{}`", known.join("`, `"));
        self.take(name, &must, |value| W::of_name(value.as_str()?))
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Given<Vec<String>>, Refusal> {
        let must = format!("must be a list of at most {MOST} texts, each of 1 to {LONGEST} characters");
        self.take(name, &must, list(text))
    }

    pub(crate) fn ranges(&mut self, name: &str) -> Result<Given<Vec<ipnet::IpNet>>, Refusal> {
        let must = format!(
            "must be a list of at most {MOST} ranges such as `10.0.0.0/8`, or addresses: one of them is neither"
        );
        self.take(name, &must, list(|value| range(value.as_str()?)))
    }

    /// An object with fields of its own.
    pub(crate) fn object(&mut self, name: &str) -> Result<Given<Self>, Refusal> {
        self.take(name, "must be an object", |value| match value {
            Value::Object(object) => Some(Self(object)),
            _ => None,
        })
    }

    /// A number of things, at most as many as can be counted exactly by everybody.
    pub(crate) fn number(&mut self, name: &str) -> Result<Given<u64>, Refusal> {
        let must = "must be a whole number from 0 to 9007199254740991";
        self.take(name, must, |value| value.as_u64().filter(|number| *number <= 1 << 53))
    }

    pub(crate) fn time(&mut self, name: &str) -> Result<Given<i64>, Refusal> {
        let must = "must be a time such as `2030-01-31T12:00:00Z`";
        self.take(name, must, |value| times::read(value.as_str()?))
    }

    /// A time's length such as `90s`, `5m`, `1h` or `7d`, in seconds.
    pub(crate) fn period(&mut self, name: &str) -> Result<Given<i64>, Refusal> {
        self.take(name, "must be a time such as `30s`, `5m`, `1h` or `7d`", |value| period(value.as_str()?))
    }

    /// Refuses what is not read.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let mut refusal = Refusal::field(unknown, "is not known here, or cannot be set");
                refusal.code = "unknown_parameter";
                Err(refusal)
            }
        }
    }
}

fn text(value: Value) -> Option<String> {
    let Value::String(text) = value else { return None };
    let is_shown = !text.trim().is_empty() && !text.chars().any(is_hidden);
    let fits = is_shown && (1..=LONGEST).contains(&text.chars().count());
    fits.then_some(text)
}

/// Signs that are not seen and change how others are: nobody could trust what a list shows.
pub(crate) fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn list<T>(read: impl Fn(Value) -> Option<T>) -> impl FnOnce(Value) -> Option<Vec<T>> {
    move |value| {
        let Value::Array(values) = value else { return None };
        if values.len() > MOST {
            return None;
        }
        values.into_iter().map(read).collect()
    }
}

fn range(text: &str) -> Option<ipnet::IpNet> {
    let text = text.trim();
    let range = text.parse::<ipnet::IpNet>().ok();
    let range = range.or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))?.trunc();
    // An IPv4 address in IPv6's clothes is that IPv4 address.
    match range {
        ipnet::IpNet::V6(wide) if wide.prefix_len() >= 96 => match wide.addr().to_ipv4_mapped() {
            Some(address) => ipnet::IpNet::new(address.into(), wide.prefix_len().saturating_sub(96)).ok(),
            None => Some(range),
        },
        range => Some(range),
    }
}

fn period(text: &str) -> Option<i64> {
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => return None,
    };
    let number = text.get(..text.len().checked_sub(1)?)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<i64>().ok().filter(|_| is_number)?.checked_mul(unit)
}

/// Whether a text can be an id that people choose.
pub(crate) fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && text != "."
        && text != ".."
}

#[cfg(test)]
mod tests {
    use lattice_auth::Role;

    use super::*;

    #[test]
    fn a_patch_keeps_sets_and_removes() {
        let mut fields = Fields::of(br#"{"set": "new", "gone": null}"#).unwrap();
        let before = || Some("old".to_owned());
        assert_eq!(fields.text("set").unwrap().or(before()), Some("new".to_owned()));
        assert_eq!(fields.text("gone").unwrap().or(before()), None);
        assert_eq!(fields.text("kept").unwrap().or(before()), before());
        fields.finish().unwrap();
        assert_eq!(
            Given::<String>::Null.needed("name", before()).unwrap_err().param.as_deref(),
            Some("name")
        );
    }

    #[test]
    fn what_is_wrong_is_said_by_its_name() {
        let param = |body: &str, read: fn(&mut Fields) -> Result<(), Refusal>| {
            let mut fields = Fields::of(body.as_bytes())?;
            read(&mut fields)?;
            fields.finish()
        };
        let text = |fields: &mut Fields| fields.text("f").map(|_| ());
        for (body, read) in [
            (r#"{"f": 1}"#, text as fn(&mut Fields) -> Result<(), Refusal>),
            (r#"{"f": ""}"#, text),
            (r#"{"f": "a\nb"}"#, text),
            (r#"{"f": "  "}"#, text),
            (r#"{"f": "a\u202eb"}"#, text),
            (r#"{"f": "root"}"#, |fields| fields.word::<Role>("f").map(|_| ())),
            (r#"{"f": ["10.0.0.0/33"]}"#, |fields| fields.ranges("f").map(|_| ())),
            (r#"{"f": "now"}"#, |fields| fields.time("f").map(|_| ())),
            (r#"{"f": "-1h"}"#, |fields| fields.period("f").map(|_| ())),
            (r#"{"f": "99999999999999999d"}"#, |fields| fields.period("f").map(|_| ())),
            (r#"{"f": "x"}"#, |_| Ok(())),
        ] {
            let refusal = param(body, read).unwrap_err();
            assert_eq!((refusal.reason, refusal.param.as_deref()), (Reason::Invalid, Some("f")), "{body}");
        }
        for body in ["[]", "{", "nonsense", "\"text\""] {
            assert_eq!(Fields::of(body.as_bytes()).unwrap_err().code, "invalid_json", "{body}");
        }
        let mut fields =
            Fields::of(br#"{"a": ["10.1.2.3/8", "::1", "::ffff:192.0.2.1"], "b": "1h"}"#).unwrap();
        let ranges = fields.ranges("a").unwrap().or(None).unwrap();
        assert_eq!(
            ranges.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "::1/128", "192.0.2.1/32"]
        );
        assert_eq!(fields.period("b").unwrap(), Given::Value(3600));
    }
}
