//! Counts in a real Redis.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lattice_limits::{Ask, Counters, Pacing, Told};
use lattice_redis::RedisCounters;
use lattice_testkit::redis::Redis;

fn counters(server: &Redis, lease: Duration) -> RedisCounters {
    RedisCounters::new(&server.url().into(), lease).unwrap()
}

fn ask(name: &str, pacing: Pacing, limit: u64, cost: u64) -> Ask {
    Ask { name: name.to_owned(), pacing, limit, cost }
}

fn is_admitted(told: &[Told]) -> bool {
    told.iter().all(|told| told.wait.is_none())
}

const EVEN: Pacing = Pacing::Even { interval: 3_600_000_000, ahead: 3 * 3_600_000_000 };

#[tokio::test(flavor = "multi_thread")]
async fn b3_each_kind_of_count_gives_as_much_as_it_has() {
    let server = Redis::start().unwrap();
    let counters = counters(&server, Duration::from_mins(1));
    for (name, pacing) in [
        ("even", EVEN),
        ("minute", Pacing::Minute),
        ("day", Pacing::Day),
        ("month", Pacing::Month),
        ("held", Pacing::AtOnce),
    ] {
        let mut left = Vec::new();
        for number in 0..5 {
            let told = counters.take(&[ask(name, pacing, 3, 1)], &format!("{name}{number}")).await.unwrap();
            left.push((is_admitted(&told), told[0].remaining));
        }
        assert_eq!(left, [(true, 2), (true, 1), (true, 0), (false, 0), (false, 0)], "{name}");
    }
    let told = counters
        .take(&[ask("day", Pacing::Day, 3, 1), ask("month", Pacing::Month, 3, 1)], "l")
        .await
        .unwrap();
    assert!(told[0].reset <= Duration::from_hours(24) && told[0].wait == Some(told[0].reset), "{told:?}");
    assert!(told[1].reset <= Duration::from_hours(24 * 31) && told[1].reset >= told[0].reset, "{told:?}");
    let none = counters.take(&[ask("none", Pacing::Minute, 0, 1)], "l").await.unwrap();
    assert!(!is_admitted(&none));
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_a_request_counts_for_all_or_for_none() {
    let server = Redis::start().unwrap();
    let counters = counters(&server, Duration::from_mins(1));
    let both = |wide| [ask("narrow", Pacing::Minute, 1, 1), ask(wide, Pacing::Day, 10, 1)];
    assert!(is_admitted(&counters.take(&both("w"), "l").await.unwrap()));
    for _ in 0..5 {
        assert!(!is_admitted(&counters.take(&both("w"), "l").await.unwrap()));
    }
    let told = counters.take(&[ask("w", Pacing::Day, 10, 1)], "l").await.unwrap();
    assert_eq!(told[0].remaining, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_of_many_at_once_over_two_replicas_exactly_as_many_pass_as_there_are() {
    let server = Redis::start().unwrap();
    let replicas = [0, 1].map(|_| Arc::new(counters(&server, Duration::from_mins(1))));
    let asking = (0..1000).map(|number: usize| {
        let replica = Arc::clone(&replicas[number % 2]);
        tokio::spawn(async move {
            let asks = [ask("r", Pacing::Minute, 137, 1), ask("c", Pacing::AtOnce, 900, 1)];
            is_admitted(&replica.take(&asks, &format!("lease-{number}")).await.unwrap())
        })
    });
    let mut passed = 0;
    for one in asking.collect::<Vec<_>>() {
        passed += usize::from(one.await.unwrap());
    }
    assert_eq!(passed, 137);
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_tokens_are_settled_and_leases_are_given_back_and_end_by_themselves() {
    let server = Redis::start().unwrap();
    let one = counters(&server, Duration::from_millis(600));
    let tokens = |cost| [ask("t", Pacing::Day, 100, cost)];
    assert_eq!(one.take(&tokens(60), "a").await.unwrap()[0].remaining, 40);
    one.settle(tokens(60).to_vec(), 60, 10);
    let mut left = 0;
    while left != 90 {
        left = one.take(&tokens(0), "b").await.unwrap()[0].remaining;
    }
    let slot = || [ask("s", Pacing::AtOnce, 1, 1)];
    assert!(is_admitted(&one.take(&slot(), "x").await.unwrap()));
    assert!(!is_admitted(&one.take(&slot(), "y").await.unwrap()));
    one.release(slot().to_vec(), "x".to_owned());
    while !is_admitted(&one.take(&slot(), "z").await.unwrap()) {}
    // Held for longer than a lease lasts, as somebody renews it, and free when nobody does.
    let other = counters(&server, Duration::from_millis(600));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!is_admitted(&other.take(&slot(), "w").await.unwrap()), "it is renewed");
    drop(one);
    while !is_admitted(&other.take(&slot(), "w").await.unwrap()) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_noticed_and_found_again() {
    let server = Redis::start().unwrap();
    let counters = counters(&server, Duration::from_mins(1));
    assert!(is_admitted(&counters.take(&[ask("a", Pacing::Day, 10, 1)], "l").await.unwrap()));
    server.stop();
    while counters.take(&[ask("a", Pacing::Day, 10, 1)], "l").await.is_ok() {}
    assert!(counters.is_away());
    server.resume().unwrap();
    while counters.is_away() {
        tokio::task::yield_now().await;
    }
    assert!(is_admitted(&counters.take(&[ask("a", Pacing::Day, 10, 1)], "l").await.unwrap()));
    let odd = RedisCounters::new(&"nonsense://secret".into(), Duration::from_mins(1)).unwrap_err();
    assert!(!odd.contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_a_request_that_is_given_up_while_it_asks_holds_nothing() {
    let server = Redis::start().unwrap();
    let counters = counters(&server, Duration::from_mins(1));
    let slot = [ask("s", Pacing::AtOnce, 1, 1)];
    assert!(is_admitted(&counters.take(&[ask("d", Pacing::Day, 1, 1)], "connects").await.unwrap()));
    for number in 0..20 {
        let lease = format!("given-up-{number}");
        let mut taking = counters.take(&slot, &lease);
        // It asks, and is not there any more when the answer comes.
        std::future::poll_fn(|context| Poll::Ready(taking.as_mut().poll(context).is_pending())).await;
    }
    let freed = async { while !is_admitted(&counters.take(&slot, "next").await.unwrap()) {} };
    tokio::time::timeout(Duration::from_secs(20), freed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_what_runs_is_counted_again_by_a_server_that_has_lost_it() {
    let server = Redis::start().unwrap();
    let one = counters(&server, Duration::from_millis(600));
    let slot = [ask("s", Pacing::AtOnce, 1, 1)];
    assert!(is_admitted(&one.take(&slot, "x").await.unwrap()));
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
    let counted = async {
        let mut held = 0;
        while held != 1 {
            held = redis::cmd("ZCARD")
                .arg("latticelm:{limits}:s")
                .query_async::<i64>(&mut connection)
                .await
                .unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.unwrap();
    assert!(!is_admitted(&one.take(&slot, "y").await.unwrap()));
}
