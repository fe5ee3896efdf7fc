//! A load generator for JSON and SSE over HTTP/1.1, on one tokio thread.
//!
//!   load --url http://127.0.0.1:9100/v1/chat/completions --body FILE [--header 'k: v']…
//!        [--mode json|sse] [--conns 32] [--rate 0] [--warmup 1] [--duration 5]
//!        [--expect-deltas N] [--ramp-s 0] [--pid PID]
//!
//! --rate 0 is a closed loop over --conns connections; else an open loop at that many
//! requests a second, each timed from the moment it was due. Only what ends within the
//! window of --duration seconds after --warmup is counted. With --pid, the CPU time and
//! memory of that process and its descendants are sampled over the same window.
//! Prints one JSON object.

use latticelm_bench::{Dechunker, Flags, Framing, STAMP_DIGITS, STAMP_MARK, framing, now_ns};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

// ---- what the kernel says of the gateway -------------------------------------------------

/// `pid` and its descendants.
fn tree(pid: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(p) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(format!("/proc/{p}/stat")) else { continue };
        let Some(after) = stat.rsplit(')').next() else { continue };
        let parent = after.split_whitespace().nth(1).and_then(|v| v.parse().ok()).unwrap_or(0);
        children.entry(parent).or_default().push(p);
    }
    let mut all = vec![pid];
    let mut i = 0;
    while i < all.len() {
        all.extend(children.get(&all[i]).into_iter().flatten());
        i += 1;
    }
    all
}

/// CPU nanoseconds used by the processes: each thread's schedstat, precise to the
/// nanosecond; utime+stime come in whole ticks of 10 ms.
fn cpu_ns(pids: &[u32]) -> u64 {
    let mut sum = 0;
    for p in pids {
        for task in fs::read_dir(format!("/proc/{p}/task")).into_iter().flatten().flatten() {
            let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            sum += stat.split_whitespace().next().and_then(|v| v.parse().ok()).unwrap_or(0);
        }
    }
    sum
}

/// utime+stime in nanoseconds, as a check on the above: (user, system).
fn ticks_ns(pids: &[u32]) -> (u64, u64) {
    let mut sum = (0, 0);
    for p in pids {
        let stat = fs::read_to_string(format!("/proc/{p}/stat")).unwrap_or_default();
        let mut f = stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11);
        let mut next = || f.next().and_then(|v| v.parse::<u64>().ok()).unwrap_or(0);
        sum.0 += next() * 10_000_000;
        sum.1 += next() * 10_000_000;
    }
    sum
}

fn rss_kib(pids: &[u32]) -> u64 {
    let resident = |p: &u32| {
        let statm = fs::read_to_string(format!("/proc/{p}/statm")).unwrap_or_default();
        statm.split_whitespace().nth(1).and_then(|v| v.parse::<u64>().ok()).unwrap_or(0) * 4
    };
    pids.iter().map(resident).sum()
}

/// Per core: (busy, idle) ticks so far. What runs niced, as bench.py's spinners do, counts as idle.
fn cores() -> Vec<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let core = |l: &str| {
        let v: Vec<u64> = l.split_whitespace().skip(1).filter_map(|x| x.parse().ok()).collect();
        (v[0] + v[2] + v[5] + v[6] + v[7], v[1] + v[3] + v[4])
    };
    stat.lines().filter(|l| l.starts_with("cpu") && !l.starts_with("cpu ")).map(core).collect()
}

// ---- the requests ------------------------------------------------------------------------

#[derive(Default)]
struct Seen {
    latency: Vec<u64>, // ns, request due to last byte
    ttfb: Vec<u64>,    // ns, request due to first byte of the head
    ttft: Vec<u64>,    // ns, request due to first delta
    oneway: Vec<u64>,  // ns, delta sent by the mock to delta read here
    gaps: Vec<u64>,    // ns, between two deltas of a stream as read here
    deltas: u64,
    bytes: u64,
    errors: HashMap<String, u64>,
    open: u64,         // streams under way now
    open_max: u64,
}

struct Plan {
    addr: std::net::SocketAddr,
    request: Vec<u8>,
    sse: bool,
    expect: Option<u64>,
    from: AtomicU64, // the window, in now_ns()
    to: AtomicU64,
}

impl Plan {
    fn in_window(&self, t: u64) -> bool {
        t >= self.from.load(Relaxed) && t < self.to.load(Relaxed)
    }
}

/// Finds delta stamps in a body that arrives in pieces.
#[derive(Default)]
struct Stamps {
    carry: Vec<u8>,
}

impl Stamps {
    fn feed(&mut self, piece: &[u8], mut each: impl FnMut(u64)) {
        const LEN: usize = STAMP_MARK.len() + STAMP_DIGITS;
        let joined;
        let hay = if self.carry.is_empty() {
            piece
        } else {
            joined = [&self.carry, piece].concat();
            &joined[..]
        };
        let mut end = 0;
        for at in memchr::memmem::find_iter(hay, STAMP_MARK) {
            let Some(digits) = hay.get(at + STAMP_MARK.len()..at + LEN) else { break };
            end = at + LEN;
            if digits.iter().all(u8::is_ascii_digit) {
                each(digits.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')));
            }
        }
        // Keep what may be the start of a stamp that goes on in the next piece.
        let keep = hay[end..].len().min(LEN - 1);
        let tail = hay[hay.len() - keep..].to_vec();
        self.carry = match memchr::memchr(STAMP_MARK[0], &tail) {
            Some(at) => tail[at..].to_vec(),
            None => Vec::new(),
        };
    }
}

type Conn = Option<TcpStream>;

/// One request on `conn` (opened where there is none); the connection is left open where
/// the server leaves it open.
async fn once(plan: &Plan, conn: &mut Conn, seen: &RefCell<Seen>, due: u64) -> Result<(), String> {
    let sock = match conn {
        Some(sock) => sock,
        None => {
            let sock = TcpStream::connect(plan.addr).await.map_err(|e| format!("connect: {}", e.kind()))?;
            sock.set_nodelay(true).map_err(|e| e.to_string())?;
            conn.insert(sock)
        }
    };
    let outcome = exchange(plan, sock, seen, due).await;
    if !matches!(outcome, Ok(true)) {
        *conn = None;
    }
    outcome.map(|_| ())
}

async fn exchange(plan: &Plan, sock: &mut TcpStream, seen: &RefCell<Seen>, due: u64) -> Result<bool, String> {
    let io = |e: std::io::Error| format!("io: {}", e.kind());
    sock.write_all(&plan.request).await.map_err(io)?;
    let mut buf: Vec<u8> = Vec::with_capacity(16 * 1024);
    let mut first = 0;
    let (head, status, frame, close) = loop {
        if sock.read_buf(&mut buf).await.map_err(io)? == 0 {
            return Err("closed before an answer".into());
        }
        if first == 0 {
            first = now_ns();
        }
        let mut headers = [httparse::EMPTY_HEADER; 96];
        let mut res = httparse::Response::new(&mut headers);
        match res.parse(&buf) {
            Ok(httparse::Status::Complete(n)) => {
                let close = res.headers.iter().any(|h| h.name.eq_ignore_ascii_case("connection") && h.value.eq_ignore_ascii_case(b"close"));
                break (n, res.code.unwrap_or(0), framing(res.headers, Framing::UntilClose), close);
            }
            Ok(httparse::Status::Partial) => {}
            Err(e) => return Err(format!("head: {e}")),
        }
    };

    let mut stamps = Stamps::default();
    let mut dechunk = Dechunker::default();
    let (mut got, mut deltas, mut last, mut ttft, mut newest) = (0usize, 0u64, 0u64, 0u64, 0u64);
    let mut piece = buf.split_off(head);
    let mut opened = false;
    let over = loop {
        let now = now_ns();
        let counted = plan.in_window(now);
        let mut body = |p: &[u8]| {
            got += p.len();
            if plan.sse {
                let mut s = seen.borrow_mut();
                if !opened {
                    opened = true;
                    s.open += 1;
                    s.open_max = s.open_max.max(s.open);
                }
                stamps.feed(p, |sent| {
                    if sent <= newest {
                        return; // the whole text once more, at the end
                    }
                    newest = sent;
                    deltas += 1;
                    if ttft == 0 {
                        ttft = now - due;
                    }
                    if counted {
                        s.deltas += 1;
                        s.oneway.push(now.saturating_sub(sent));
                        if last > 0 {
                            s.gaps.push(now - last);
                        }
                    }
                    last = now;
                });
            }
        };
        let done = match frame {
            Framing::Chunked => dechunk.feed(&piece, &mut body),
            _ => {
                body(&piece);
                frame == Framing::Length(got)
            }
        };
        if done {
            break Ok(!close);
        }
        piece.clear();
        match sock.read_buf(&mut piece).await {
            Ok(0) if frame == Framing::UntilClose => break Ok(false),
            Ok(0) => break Err("closed within an answer".to_owned()),
            Ok(_) => {}
            Err(e) => break Err(io(e)),
        }
    };
    let now = now_ns();
    let mut s = seen.borrow_mut();
    if opened {
        s.open -= 1;
    }
    let keep = over?;
    if status != 200 {
        return Err(format!("status {status}"));
    }
    if plan.expect.is_some_and(|n| n != deltas) {
        return Err("wrong number of deltas".into());
    }
    if plan.in_window(now) {
        s.bytes += got as u64;
        s.latency.push(now - due);
        s.ttfb.push(first - due);
        if ttft > 0 {
            s.ttft.push(ttft);
        }
    }
    Ok(keep)
}

fn failed(seen: &RefCell<Seen>, plan: &Plan, why: String) {
    if plan.in_window(now_ns()) {
        *seen.borrow_mut().errors.entry(why).or_default() += 1;
    }
}

async fn closed_loop(plan: Rc<Plan>, seen: Rc<RefCell<Seen>>, conns: u64, ramp: Duration) {
    for i in 0..conns {
        let (plan, seen) = (plan.clone(), seen.clone());
        let wait = ramp.mul_f64(i as f64 / conns as f64);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(wait).await;
            let mut conn = None;
            while now_ns() < plan.to.load(Relaxed) {
                if let Err(why) = once(&plan, &mut conn, &seen, now_ns()).await {
                    failed(&seen, &plan, why);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        });
    }
}

/// A thread that wakes at each due time keeps the pace: tokio's own timer is good to 1 ms only.
async fn open_loop(plan: Rc<Plan>, seen: Rc<RefCell<Seen>>, rate: f64) {
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    let (start, end) = (now_ns(), plan.to.load(Relaxed));
    std::thread::spawn(move || {
        for i in 0.. {
            let due = start + (i as f64 * 1e9 / rate) as u64;
            if due >= end {
                break;
            }
            let now = now_ns();
            if due > now {
                std::thread::sleep(Duration::from_nanos(due - now));
            }
            if tx.send(now_ns().max(due)).is_err() {
                break;
            }
        }
    });
    let idle: Rc<RefCell<Vec<TcpStream>>> = Rc::default();
    while let Some(due) = rx.recv().await {
        let (plan, seen, idle) = (plan.clone(), seen.clone(), idle.clone());
        tokio::task::spawn_local(async move {
            let mut conn = idle.borrow_mut().pop();
            if let Err(why) = once(&plan, &mut conn, &seen, due).await {
                failed(&seen, &plan, why);
            }
            idle.borrow_mut().extend(conn);
        });
    }
}

// ---- the report --------------------------------------------------------------------------

fn percentiles(mut v: Vec<u64>) -> Value {
    if v.is_empty() {
        return Value::Null;
    }
    v.sort_unstable();
    let at = |q: f64| (v[((v.len() - 1) as f64 * q).round() as usize] as f64 / 100.0).round() / 10.0;
    json!({"n": v.len(), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0)})
}

fn main() {
    let flags = Flags::from_env();
    let url = flags.text("url", "");
    let rest = url.strip_prefix("http://").expect("--url http://HOST:PORT/PATH");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let addr: std::net::SocketAddr = host.parse().expect("--url: a numeric address");
    assert!(addr.ip().is_loopback(), "only loopback addresses are ever loaded");
    let body = fs::read(flags.text("body", "")).expect("--body FILE");
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\naccept: */*\r\ncontent-length: {}\r\n", body.len());
    for h in flags.all("header") {
        request += &format!("{h}\r\n");
    }
    request += "\r\n";
    let mut request = request.into_bytes();
    request.extend_from_slice(&body);

    let secs = |name, default| (flags.num(name, default) * 1e9) as u64;
    let (warmup, duration) = (secs("warmup", 1.0), secs("duration", 5.0));
    let (conns, rate) = (flags.num("conns", 32.0) as u64, flags.num("rate", 0.0));
    let sse = flags.text("mode", "json") == "sse";
    let start = now_ns();
    let plan = Rc::new(Plan {
        addr,
        request,
        sse,
        expect: flags.all("expect-deltas").last().map(|v| v.parse().expect("--expect-deltas N")),
        from: AtomicU64::new(start + warmup),
        to: AtomicU64::new(start + warmup + duration),
    });
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let pid = flags.num("pid", 0.0) as u32;

    // Memory is sampled from a thread of its own, ten times a second, warm-up included.
    let stop = Arc::new(AtomicBool::new(false));
    let peak = Arc::new(AtomicU64::new(0));
    if pid > 0 {
        let (stop, peak) = (stop.clone(), peak.clone());
        std::thread::spawn(move || {
            while !stop.load(Relaxed) {
                peak.fetch_max(rss_kib(&tree(pid)), Relaxed);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
    }
    let sample = move || {
        let pids = if pid > 0 { tree(pid) } else { Vec::new() };
        (now_ns(), cpu_ns(&pids), ticks_ns(&pids), cores(), rss_kib(&pids))
    };

    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let local = tokio::task::LocalSet::new();
    let (before, after) = local.block_on(&rt, {
        let (plan, seen) = (plan.clone(), seen.clone());
        async move {
            if rate > 0.0 {
                tokio::task::spawn_local(open_loop(plan.clone(), seen, rate));
            } else {
                closed_loop(plan.clone(), seen, conns, Duration::from_nanos(secs("ramp-s", 0.0))).await;
            }
            tokio::time::sleep(Duration::from_nanos(warmup)).await;
            let before = sample();
            plan.from.store(before.0, Relaxed);
            plan.to.store(before.0 + duration, Relaxed);
            tokio::time::sleep(Duration::from_nanos(duration)).await;
            let after = sample();
            (before, after)
        }
    });
    stop.store(true, Relaxed);
    // What is still under way is dropped with the process.

    let s = std::mem::take(&mut *seen.borrow_mut());
    let took = (after.0 - before.0) as f64 / 1e9;
    let done = s.latency.len() as f64;
    let cpu = (after.1 - before.1) as f64 / 1e3;
    let round = |v: f64| (v * 100.0).round() / 100.0;
    let per = |n: f64| if n > 0.0 && pid > 0 { json!(round(cpu / n)) } else { Value::Null };
    let busy: Vec<f64> = before.3.iter().zip(&after.3).map(|(b, a)| round((a.0 - b.0) as f64 / ((a.0 - b.0 + a.1 - b.1).max(1)) as f64)).collect();
    println!("{}", json!({
        "url": url, "mode": if sse { "sse" } else { "json" }, "body_bytes": body.len(),
        "conns": conns, "rate": rate, "seconds": round(took),
        "done": s.latency.len(), "rps": round(done / took), "answer_bytes": if done > 0.0 { (s.bytes as f64 / done) as u64 } else { 0 },
        "errors": s.errors,
        "latency_us": percentiles(s.latency), "ttfb_us": percentiles(s.ttfb), "ttft_us": percentiles(s.ttft),
        "deltas": s.deltas, "deltas_per_s": round(s.deltas as f64 / took),
        "delta_oneway_us": percentiles(s.oneway), "delta_gap_us": percentiles(s.gaps),
        "streams_open_max": s.open_max,
        "cpu_us_per_request": per(done), "cpu_us_per_delta": per(s.deltas as f64),
        "cpu_share": round(cpu / took / 1e6),
        "cpu_ticks_user_s": (after.2.0 - before.2.0) as f64 / 1e9, "cpu_ticks_sys_s": (after.2.1 - before.2.1) as f64 / 1e9,
        "core_busy": busy,
        "rss_kib": after.4, "rss_peak_kib": peak.load(Relaxed),
    }));
    std::process::exit(0);
}
