//! Limits that replicas share, in a real Redis: together they admit as many as one would.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::thread;

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::eventually;
use lattice_testkit::redis::Redis;
use lattice_testkit::stage::Stage;
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

fn replica(server: &Redis, limits: &str, more: &str) -> Stage {
    let yaml = format!(
        "limits: [{limits}]\nrate_limit: {{enabled: false, redis_url: '{}'{more}}}\nserver: {{lease: 1s}}\n",
        server.url()
    );
    Stage::start(PROGRAM, &yaml).unwrap()
}

fn ask(stage: &Stage) -> Received {
    stage.ask(&json!({"model": "openai.script-text", "input": "x"}))
}

fn limiter(stage: &Stage) -> String {
    let ready = client::get(stage.address(), "/ready").unwrap();
    assert_eq!(ready.status, 200, "{}", ready.text());
    ready.json()["checks"]["rate_limiter"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn b3_a_thousand_requests_over_two_replicas_get_exactly_as_many_as_there_are() {
    let server = Redis::start().unwrap();
    let limits = "{level: global, requests_per_minute: 60}";
    let replicas = [replica(&server, limits, ""), replica(&server, limits, "")];
    assert_eq!(limiter(&replicas[0]), "healthy");
    let admitted: usize = thread::scope(|scope| {
        let asking: Vec<_> = (0..20)
            .map(|number| {
                let stage = &replicas[number % 2];
                scope.spawn(move || (0..50).filter(|_| ask(stage).status == 200).count())
            })
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(admitted, 60);
    let refused = ask(&replicas[1]);
    assert_eq!((refused.status, refused.header("x-ratelimit-remaining-requests")), (429, Some("0")));
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn b2_a_replica_that_is_killed_leaks_no_slot() {
    let server = Redis::start().unwrap();
    let limits = "{level: global, concurrency: 2}";
    let (one, other) = (replica(&server, limits, ""), replica(&server, limits, ""));
    let body = json!({"model": "openai.held", "input": "x", "stream": true}).to_string();
    let headers = [("content-type", "application/json")];
    // A stream that was admitted and has begun.
    let stream_on = |stage: &Stage| {
        eventually(|| {
            let opened = client::open(stage.address(), "POST", "/v1/responses", &headers, body.as_bytes());
            let mut stream = opened.ok()?;
            stream.read_until("response.created").ok()?.then_some(stream)
        })
    };
    let held = [(); 2].map(|()| stream_on(&one).unwrap());
    assert_eq!(ask(&other).json()["error"]["code"], "concurrency_limit_exceeded");
    one.gateway.signal("KILL").unwrap();
    // The leases end by themselves.
    eventually(|| (ask(&other).status == 200).then_some(())).unwrap();
    drop(held);
    // A stream that goes on keeps its slot. What was held before may be given back a moment later than it was answered.
    let (kept, second) = (stream_on(&other).unwrap(), stream_on(&other).unwrap());
    for _ in 0..3 {
        let idle = client::get(other.address(), "/health").unwrap();
        assert_eq!((idle.status, ask(&other).status), (200, 429));
    }
    drop((kept, second));
    eventually(|| (ask(&other).status == 200).then_some(())).unwrap();
}

#[test]
fn while_redis_is_away_the_policy_holds_and_it_is_found_again() {
    let server = Redis::start().unwrap();
    let limits = "{level: global, requests_per_day: 1000}";
    let open = replica(&server, limits, "");
    let closed = replica(&server, limits, ", on_redis_failure: closed");
    assert_eq!([ask(&open).status, ask(&closed).status], [200, 200]);
    server.stop();
    eventually(|| limiter(&open).contains("counts by itself").then_some(())).unwrap();
    eventually(|| limiter(&closed).contains("nobody who is limited").then_some(())).unwrap();
    assert_eq!(ask(&open).status, 200);
    let refused = ask(&closed);
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].as_str()),
        (503, Some("limiter_unavailable")),
        "{}",
        refused.text()
    );
    assert!(refused.header("retry-after").is_some());
    server.resume().unwrap();
    for stage in [&open, &closed] {
        eventually(|| (limiter(stage) == "healthy").then_some(())).unwrap();
        assert_eq!(ask(stage).status, 200);
    }
    // One that is not there at the start is no reason not to start.
    server.stop();
    let late = replica(&server, limits, "");
    assert_eq!(ask(&late).status, 200);
    server.resume().unwrap();
    eventually(|| (limiter(&late) == "healthy").then_some(())).unwrap();
}
