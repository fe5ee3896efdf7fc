//! Limits as they are set, and which of them hold for a request.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Whom a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// All requests together.
    Global,
    /// Those of a tenant.
    Tenant,
    /// Those of a user.
    User,
    /// Those with a key.
    Key,
    /// Those for a model.
    Model,
    /// Those from an address.
    Ip,
}

impl Level {
    /// All of them, the widest first.
    pub const ALL: [Self; 6] = [Self::Global, Self::Tenant, Self::User, Self::Key, Self::Model, Self::Ip];

    /// As it is written and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Key => "key",
            Self::Model => "model",
            Self::Ip => "ip",
        }
    }
}

/// How much. Nothing is limited where nothing is said; nothing is allowed at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Numbers {
    /// At an even pace, as many of them at once as `burst` says.
    pub requests_per_second: Option<u64>,
    /// In a minute that begins with the first request.
    pub requests_per_minute: Option<u64>,
    /// In a day, UTC.
    pub requests_per_day: Option<u64>,
    /// In a minute that begins with the first request.
    pub tokens_per_minute: Option<u64>,
    /// In a day, UTC.
    pub tokens_per_day: Option<u64>,
    /// In a month, UTC.
    pub tokens_per_month: Option<u64>,
    /// At the same time.
    pub concurrency: Option<u64>,
    /// At once; the number of the shortest time where nothing is said. Makes a minute's limit one at an even pace.
    pub burst: Option<u64>,
}

impl Numbers {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        Self { burst: None, ..*self } == Self::default()
    }

    /// Whether tokens are.
    pub fn has_tokens(&self) -> bool {
        self.tokens_per_minute.or(self.tokens_per_day).or(self.tokens_per_month).is_some()
    }
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What tells it from others: what was counted is kept for as long as this is the same.
    pub id: Arc<str>,
    /// Whom it is for.
    pub level: Level,
    /// Which of them; each by itself, where nothing is said.
    pub subject: Option<Arc<str>>,
    /// How much.
    pub numbers: Numbers,
}

/// Who asks, and for what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The tenant's id.
    pub tenant: &'a str,
    /// The user's id.
    pub user: Option<&'a str>,
    /// The key's id.
    pub key: Option<&'a str>,
    /// The model by its name here.
    pub model: &'a str,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    /// What the key itself is held to.
    pub own: Option<&'a Numbers>,
}

/// All limits, found by whom they are for: finding those of a request takes the same time however many there are.
#[derive(Debug, Default)]
pub struct Rules(HashMap<For, Vec<Arc<Rule>>>);

/// Whom limits are for: a level, and which of it.
type For = (Level, Option<Arc<str>>);

/// A limit, and for whom it is counted.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) id: Arc<str>,
    pub(crate) level: Level,
    pub(crate) subject: Arc<str>,
    pub(crate) numbers: Numbers,
}

impl Rules {
    /// Of these limits.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut found: HashMap<For, Vec<Arc<Rule>>> = HashMap::new();
        for rule in rules.into_iter().filter(|rule| !rule.numbers.is_empty()) {
            let rule = Arc::new(rule);
            found.entry((rule.level, rule.subject.clone())).or_default().push(rule);
        }
        Self(found)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that hold for a request.
    pub(crate) fn of(&self, subject: &Subject<'_>) -> Vec<Bound> {
        let mut bounds = Vec::new();
        let address = subject.address.map(network);
        for level in Level::ALL {
            let name = match level {
                Level::Global => Some(""),
                Level::Tenant => Some(subject.tenant),
                Level::User => subject.user,
                Level::Key => subject.key,
                Level::Model => Some(subject.model),
                Level::Ip => address.as_deref(),
            };
            let Some(name) = name.filter(|_| !self.0.is_empty()) else { continue };
            let name: Arc<str> = name.into();
            let named = Some(Arc::clone(&name)).filter(|_| level != Level::Global);
            for key in [Some((level, None)), named.map(|name| (level, Some(name)))].into_iter().flatten() {
                for rule in self.0.get(&key).into_iter().flatten() {
                    bounds.push(Bound {
                        id: Arc::clone(&rule.id),
                        level,
                        subject: Arc::clone(&name),
                        numbers: rule.numbers,
                    });
                }
            }
        }
        if let (Some(own), Some(key)) = (subject.own, subject.key) {
            bounds.push(Bound { id: "own".into(), level: Level::Key, subject: key.into(), numbers: *own });
        }
        bounds
    }
}

/// Whoever has an IPv6 address has a whole network of them.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).to_string(),
        address @ IpAddr::V4(_) => address.to_string(),
    }
}
