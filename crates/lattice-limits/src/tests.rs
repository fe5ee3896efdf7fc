//! Limits of all kinds, together.
#![expect(clippy::disallowed_methods, reason = "a moment to count from")]

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::{Counted, Denied, Level, Limiter, Numbers, Permit, Refused, Rule, Rules, Subject};

fn rule(id: &str, level: Level, subject: Option<&str>, numbers: Numbers) -> Rule {
    Rule { id: id.into(), level, subject: subject.map(Arc::from), numbers }
}

fn subject(user: &str) -> Subject<'_> {
    Subject { tenant: "acme", user: Some(user), model: "m", ..Subject::default() }
}

/// A time of day in the middle of a month: 2026-11-18, 11:06:40.
const NOW: i64 = 1_795_000_000;

struct Scene {
    limiter: Limiter,
    now: Instant,
}

impl Scene {
    fn new(rules: Vec<Rule>) -> Self {
        let now = Instant::now();
        Self { limiter: Limiter::new(Rules::new(rules), now, NOW), now }
    }

    fn ask(&self, user: &str, tokens: u64) -> Result<Permit, Refused> {
        self.admit(&subject(user), tokens)
    }

    /// What is counted in the process is decided at once.
    fn admit(&self, subject: &Subject<'_>, tokens: u64) -> Result<Permit, Refused> {
        let admitted = std::pin::pin!(self.limiter.admit(subject, || tokens, self.now));
        match admitted.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(permit)) => Ok(permit),
            Poll::Ready(Err(Denied::Reached(refused))) => Err(refused),
            other => panic!("{other:?}"),
        }
    }

    fn admitted(&self, user: &str, count: usize) -> usize {
        (0..count).filter(|_| self.ask(user, 0).is_ok()).count()
    }
}

#[test]
fn b3_exactly_as_many_as_a_window_has() {
    let per_minute = Numbers { requests_per_minute: Some(7), ..Numbers::default() };
    let mut scene = Scene::new(vec![rule("a", Level::User, None, per_minute)]);
    assert_eq!((scene.admitted("ann", 100), scene.admitted("bob", 100)), (7, 7));
    scene.now += Duration::from_secs(59);
    let refused = scene.ask("ann", 0).unwrap_err();
    assert_eq!((refused.counted, refused.level, refused.limit), (Counted::Requests, Level::User, 7));
    assert_eq!(refused.wait, Duration::from_secs(1));
    scene.now += Duration::from_secs(1);
    assert_eq!(scene.admitted("ann", 100), 7);
}

#[test]
fn a_burst_goes_at_once_and_the_rest_at_its_pace() {
    let numbers = Numbers { requests_per_second: Some(10), burst: Some(20), ..Numbers::default() };
    let mut scene = Scene::new(vec![rule("a", Level::Global, None, numbers)]);
    assert_eq!(scene.admitted("ann", 100), 20);
    scene.now += Duration::from_millis(500);
    assert_eq!(scene.admitted("bob", 100), 5);
    let state = scene.ask("ann", 0).unwrap_err().state.requests.unwrap();
    assert_eq!((state.limit, state.remaining, state.reset), (10, 0, Duration::from_secs(2)));
}

#[test]
fn b3_a_request_counts_for_all_limits_or_for_none() {
    let narrow = Numbers { requests_per_minute: Some(1), ..Numbers::default() };
    let wide = Numbers { requests_per_day: Some(10), ..Numbers::default() };
    let scene = Scene::new(vec![
        rule("n", Level::User, Some("ann"), narrow),
        rule("w", Level::Tenant, Some("acme"), wide),
    ]);
    assert_eq!(scene.admitted("ann", 50), 1);
    assert_eq!(scene.admitted("bob", 50), 9, "what was refused used nothing up");
    assert_eq!(scene.ask("bob", 0).unwrap_err().level, Level::Tenant);
}

#[test]
fn b2_tokens_are_reserved_and_settled() {
    let numbers =
        Numbers { tokens_per_minute: Some(100), tokens_per_month: Some(1000), ..Numbers::default() };
    let mut scene = Scene::new(vec![rule("t", Level::User, None, numbers)]);
    let mut first = scene.ask("ann", 60).unwrap();
    assert!(scene.ask("ann", 50).is_err(), "60 are taken");
    first.settle(20, scene.now);
    assert_eq!(scene.ask("ann", 50).unwrap().state().tokens.unwrap().remaining, 30);
    first.settle(90, scene.now);
    assert!(scene.ask("ann", 1).is_err(), "more was spent than there is");
    // Whatever is larger than the whole fits where nothing else was.
    scene.now += Duration::from_mins(1);
    drop(first);
    assert_eq!(scene.ask("ann", 500).unwrap().state().tokens.unwrap().remaining, 0);
    let refused = scene.ask("ann", 1).unwrap_err();
    assert_eq!(refused.counted, Counted::Tokens);
    // The month ends on the first of December.
    scene.now += Duration::from_hours(72);
    for _ in 0..20 {
        if let Ok(mut permit) = scene.ask("ann", 100) {
            permit.settle(100, scene.now);
        }
        scene.now += Duration::from_mins(1);
    }
    let wait = scene.ask("ann", 100).unwrap_err().wait;
    assert!(wait > Duration::from_hours(24 * 9) && wait < Duration::from_hours(24 * 10), "{wait:?}");
}

#[test]
fn b2_an_answer_longer_than_its_window_takes_nothing_from_the_next() {
    let numbers = Numbers { tokens_per_minute: Some(1000), ..Numbers::default() };
    let mut scene = Scene::new(vec![rule("t", Level::User, None, numbers)]);
    let mut first = scene.ask("ann", 1000).unwrap();
    scene.now += Duration::from_secs(61);
    let _second = scene.ask("ann", 600).unwrap();
    first.settle(100, scene.now);
    assert_eq!(scene.ask("ann", 300).unwrap().state().tokens.unwrap().remaining, 100);
    assert!(scene.ask("ann", 101).is_err());
}

#[test]
fn b2_a_slot_is_free_when_its_request_is_over() {
    let numbers = Numbers { concurrency: Some(2), ..Numbers::default() };
    let scene = Scene::new(vec![rule("c", Level::Key, None, numbers)]);
    let ask = || {
        let subject = Subject { key: Some("k"), ..subject("ann") };
        scene.admit(&subject, 0)
    };
    let (one, two) = (ask().unwrap(), ask().unwrap());
    let refused = ask().unwrap_err();
    assert_eq!((refused.counted, refused.limit), (Counted::Concurrency, 2));
    drop(one);
    let three = ask().unwrap();
    assert!(ask().is_err());
    drop((two, three));
    assert_eq!((0..2).map(|_| ask().unwrap()).collect::<Vec<_>>().len(), 2);
    assert!(scene.ask("ann", 0).is_ok(), "whoever has no key has no key's limit");
}

#[test]
fn limits_that_stay_keep_their_counts_and_others_begin_anew() {
    let numbers = Numbers { requests_per_day: Some(5), ..Numbers::default() };
    let scene = Scene::new(vec![rule("a", Level::User, None, numbers)]);
    assert_eq!(scene.admitted("ann", 3), 3);
    let more = Numbers { requests_per_day: Some(6), ..Numbers::default() };
    scene.limiter.replace(Rules::new([rule("a", Level::User, None, more)]));
    assert_eq!(scene.admitted("ann", 10), 3);
    scene.limiter.replace(Rules::new([rule("b", Level::User, None, more)]));
    assert_eq!(scene.admitted("ann", 10), 6);
    let none = Numbers { requests_per_minute: Some(0), ..Numbers::default() };
    scene.limiter.replace(Rules::new([rule("z", Level::Model, Some("m"), none)]));
    assert_eq!(scene.admitted("ann", 10), 0);
    scene.limiter.replace(Rules::default());
    assert_eq!(scene.admitted("ann", 10), 10);
}

#[test]
fn an_address_counts_by_its_network_and_a_key_by_what_it_is_held_to() {
    let numbers = Numbers { requests_per_day: Some(1), ..Numbers::default() };
    let scene = Scene::new(vec![rule("i", Level::Ip, None, numbers)]);
    let from = |address: &str| {
        let subject = Subject { address: address.parse().ok(), ..subject("ann") };
        scene.admit(&subject, 0).is_ok()
    };
    assert!(from("192.0.2.1") && !from("::ffff:192.0.2.1") && from("192.0.2.2"));
    assert!(from("2001:db8::1") && !from("2001:db8::ffff") && from("2001:db8:0:1::1"));
    let own = |key| {
        let subject = Subject { key: Some(key), own: Some(&numbers), ..subject("ann") };
        scene.admit(&subject, 0).is_ok()
    };
    assert!(own("k1") && !own("k1") && own("k2"));
}

#[test]
fn b3_many_threads_never_get_more_than_there_is() {
    let numbers = Numbers { requests_per_day: Some(500), concurrency: Some(1000), ..Numbers::default() };
    let scene = Scene::new(vec![rule("a", Level::Global, None, numbers)]);
    let admitted: usize = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.admitted("ann", 500))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(admitted, 500);
}
