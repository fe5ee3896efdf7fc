#!/usr/bin/env python3
"""Measures the gateway beside a bare proxy and nginx, one at a time, against the same mock provider, and prints one table. Then the
same gateway with a store, on SQLite and on PostgreSQL, its responses stored and not.

    bench.py [quick | stores] [--out rows.jsonl]
    bench.py --table rows.jsonl

A target file (see targets/) says how to start a server and what each API needs. The mock and the load generator run on core 1,
the server on core 0. Where it may, everything runs in a network namespace of its own that has loopback and nothing else.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

from postgres import Postgres

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.setdefault("BENCH_BIN", str(HERE.parent / "target/bench/release")))
WORK = pathlib.Path(os.environ.setdefault("BENCH_WORK", str(HERE.parent / "target/bench/work")))
MOCK = 9100
GATEWAY_CORE, LOAD_CORE = "0", "1"
PATHS = {"responses": "/v1/responses"}
# name: (body, streamed, mock settings, load flags); RATE and BIGRATE are the target's.
SCENARIOS = {
    "small": ("small", False, {}, "--conns 32 --warmup 1 --duration 4"),
    "small_rate": ("small", False, {}, "--rate 200 --warmup 1 --duration 6"),
    "big": ("big", False, {}, "--conns 4 --warmup 1 --duration 4"),
    "big_rate": ("big", False, {}, "--rate 50 --warmup 1 --duration 6"),
    "burst": ("small", True, {"deltas": 100, "delay_ms": 0}, "--conns 8 --expect-deltas 100 --warmup 1 --duration 4"),
    "paced_100": ("small", True, {"deltas": 1000, "delay_ms": 20}, "--conns 100 --ramp-s 1 --warmup 2 --duration 5"),
    "paced_1000": ("small", True, {"deltas": 1000, "delay_ms": 20}, "--conns 1000 --ramp-s 3 --warmup 6 --duration 6"),
}
# In two minutes: what is measured shorter, and what is left out. An API beside `responses` shows what translating costs.
QUICK = {
    "small": "--conns 32 --warmup 0.5 --duration 2",
    "small_rate": "--rate 200 --warmup 0.5 --duration 3",
    "big": "--conns 4 --warmup 0.5 --duration 2",
    "burst": "--conns 8 --expect-deltas 100 --warmup 0.5 --duration 2",
    "paced_100": "--conns 100 --ramp-s 0.5 --warmup 1 --duration 3",
    "paced_1000": "--conns 1000 --ramp-s 2 --warmup 3 --duration 3",
}
QUICK_TRANSLATED = ("small", "big", "burst")
# What a store is measured by.
STORES = ("small", "small_rate", "big", "burst")


def isolated():
    """Runs this program again in its own session and network namespace."""
    if os.environ.get("BENCH_ISOLATED"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stderr=subprocess.DEVNULL)
        try:  # ahead of what else runs on the machine
            pathlib.Path("/proc/self/autogroup").write_text("-20")
        except OSError:
            pass
        return
    os.environ["BENCH_ISOLATED"] = "1"
    if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp("setsid", ["setsid", "-w", "unshare", "-n", sys.executable, *sys.argv])
    print("bench: no network namespace can be had; measuring without one", file=sys.stderr)


def post(port, path, body, headers=(), timeout=30):
    """Status and body of one request; OSError where there is no answer."""
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n"
        s.sendall((head + "".join(h + "\r\n" for h in headers) + "\r\n").encode() + body)
        data = b""
        while piece := s.recv(65536):
            data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1.1 (\d+)", head)
    return int(found[1]) if found else 0, rest


def expand(text):
    return os.path.expandvars(text).replace("{HERE}", str(HERE))


def spawn(argv, core, log, env=None, cwd=None):
    out = open(log, "wb")
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", core, *argv], stdout=out, stderr=out, env={**os.environ, **(env or {})}, cwd=cwd
    )


def spinners():
    """Keeps both cores from halting: on a virtual machine, to wake a halted core costs the
    waker tens of microseconds and would drown the rest. They are in sessions of their own at
    the lowest priority there is, so that they take only what nobody else wants."""
    loop = ["setsid", "nice", "-n", "19", "chrt", "-i", "0", "sh", "-c", "echo 19 > /proc/self/autogroup; while :; do :; done"]
    return [spawn(loop, core, os.devnull) for core in (GATEWAY_CORE, LOAD_CORE)]


def tree(pid):
    kids = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(pathlib.Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        kids.setdefault(parent, []).append(int(p))
    out = [pid]
    for p in out:
        out += kids.get(p, [])
    return out


def memory_kib(pids, field="Rss"):
    total = 0
    for p in pids:
        try:
            text = pathlib.Path(f"/proc/{p}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(rf"^{field}:\s+(\d+)", text, re.M)[1])
    return total


def stop(proc):
    pids = tree(proc.pid)
    proc.terminate()
    try:
        proc.wait(5)
    except subprocess.TimeoutExpired:
        pass
    for p in pids:  # what the gateway itself started and left
        try:
            os.kill(p, 9)
        except ProcessLookupError:
            pass
    proc.wait()


class Target:
    def __init__(self, spec):
        self.spec = spec
        self.name = spec["name"]
        self.port = spec["port"]
        self.proc = None
        self.env = {k: expand(v) for k, v in spec.get("env", {}).items()}

    def api(self, name):
        a = {"model": "mock-model", "headers": [], "path": PATHS[name.split(":")[0]], **self.spec["apis"][name]}
        a["headers"] = self.spec.get("headers", []) + a["headers"]
        return a

    def body(self, name, size, stream):
        """File and path for an API; `chat:x` is the API chat with the settings of `chat:x`."""
        a, api = self.api(name), name.split(":")[0]
        folder = WORK / "bodies" / re.sub(r"\W", "_", a["model"])
        if not folder.exists():
            subprocess.run([sys.executable, HERE / "bodies.py", folder, a["model"]], check=True)
        return folder / f"{api}-{size}{'-sse' if stream else ''}.json", a["path"], a["headers"]

    def start(self, first_api):
        """Starts the gateway; seconds until its first good answer."""
        if "argv" not in self.spec:
            return None
        argv = [expand(a) for a in self.spec["argv"]]
        began = time.monotonic()
        self.proc = spawn(argv, GATEWAY_CORE, WORK / f"{self.name}.log", self.env, WORK)
        file, path, headers = self.body(first_api, "small", False)
        payload = file.read_bytes()
        last = None
        while time.monotonic() - began < self.spec.get("start_timeout", 120):
            if self.proc.poll() is not None:
                raise RuntimeError(f"{self.name} exited with {self.proc.returncode}: see {WORK}/{self.name}.log")
            try:
                last = post(self.port, path, payload, headers)
                if last[0] == 200:
                    return round(time.monotonic() - began, 4)
            except OSError as e:
                last = e
            time.sleep(0.001)
        raise RuntimeError(f"{self.name}: no good answer; the last was {last}")

    def stop(self):
        if self.proc:
            stop(self.proc)
            self.proc = None


def mock_set(**settings):
    post(MOCK, "/_control?" + "&".join(f"{k}={v}" for k, v in settings.items()), b"")


def measure(target, api, scenario, flags, pid):
    size, stream, settings, _ = SCENARIOS[scenario]
    mock_set(**{"deltas": 100, "delay_ms": 0, **settings})
    file, path, headers = target.body(api, size, stream)
    argv = ["taskset", "-c", LOAD_CORE, BIN / "load", "--url", f"http://127.0.0.1:{target.port}{path}", "--body", file]
    argv += ["--mode", "sse" if stream else "json", "--pid", str(pid), *flags.split()]
    for header in headers:
        argv += ["--header", header]
    out = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=90)
    return json.loads(out.stdout) if out.stdout else {"failed": out.returncode}


def plan(quick, api):
    """The scenarios of an API, with their load."""
    if not quick:
        return {name: flags for name, (*_, flags) in SCENARIOS.items()}
    return {name: flags for name, flags in QUICK.items() if api == "responses" or name in QUICK_TRANSLATED}


def run(mode, out):
    quick = mode == "quick"
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "nginx.conf").write_text((HERE / "targets/nginx.conf").read_text().replace("BENCH_WORK", str(WORK)))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with open(out, "w") as file:
        rows = spinners()
        try:
            for name in ("direct", "proxy") if mode == "stores" else ("direct", "proxy", "nginx", "latticelm"):
                target = load_target(name)
                if mode == "stores":
                    target.spec["scenarios"] = STORES
                run_target(quick, target, file)
            if not quick:
                run_stores(file)
        finally:
            for spinner in rows:
                stop(spinner)


def load_target(name):
    return Target(json.loads((HERE / f"targets/{name}.json").read_text()))


def run_stores(file):
    """The gateway with a store, its responses stored and not; the server runs on the load generator's core."""
    for store in ("sqlite", "postgres"):
        server = None
        if store == "postgres":
            server = Postgres(WORK / "postgres", 9500, LOAD_CORE)
            server.start()
            os.environ["BENCH_POSTGRES"] = server.url
        try:
            for name in (f"latticelm-{store}-off", f"latticelm-{store}"):
                target = load_target(name)
                target.spec["scenarios"] = STORES
                run_target(False, target, file)
        finally:
            shutil.rmtree(WORK / "data", ignore_errors=True)
            if server:
                server.stop()


def run_target(quick, target, file):
    def emit(api, scenario, row):
        print(json.dumps({"target": target.name, "api": api, "scenario": scenario, **row}), file=file, flush=True)

    mock = spawn([str(BIN / "mock"), "--listen", f"127.0.0.1:{MOCK}"], LOAD_CORE, WORK / "mock.log")
    try:
        time.sleep(0.3)
        starts = []
        for _ in range(1 if quick else 5):
            target.stop()
            starts.append(target.start("responses"))
        time.sleep(1)
        pids = tree(target.proc.pid if target.proc else mock.pid)
        emit(None, "start", {"start_s": starts, "idle_kib": memory_kib(pids)})
        for api in target.spec["apis"]:
            wanted = target.spec.get("scenarios", plan(quick, api))
            for scenario, flags in plan(quick, api).items():
                if scenario not in wanted:
                    continue
                fresh = {}
                if scenario == "paced_1000" and target.proc:  # memory: from a fresh start
                    target.stop()
                    target.start(api)
                    time.sleep(1)
                    fresh = {"before_kib": memory_kib(tree(target.proc.pid))}
                row = measure(target, api, scenario, flags, target.proc.pid if target.proc else mock.pid)
                emit(api, scenario, {**row, **fresh})
                brief = {key: row.get(key) for key in ("rps", "cpu_us_per_request", "cpu_us_per_delta", "errors")}
                print(target.name, api, scenario, brief, file=sys.stderr, flush=True)
    finally:
        target.stop()
        stop(mock)


def table(file):
    """Figures beside those of the bare proxy of the same run: what is a ratio is the one thing to compare between two days."""
    rows = {}
    for line in open(file):
        row = json.loads(line)
        rows[row["target"], row["api"], row["scenario"]] = row

    def get(target, api, scenario, *path):
        value = rows.get((target, api, scenario))
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def beside(target, api, scenario, what):
        value, floor = get(target, api, scenario, what), get("proxy", "responses", scenario, what)
        if value is None:
            return ""
        return f"{value:.1f}" + (f" ({value / floor:.2f}x)" if floor and target != "proxy" else "")

    def added(target, api, scenario, at):
        value = get(target, api, scenario, "latency_us", at)
        direct = get("direct", "responses", scenario, "latency_us", at)
        return "" if value is None or direct is None else f"{value - direct:.0f}"

    def a_stream(target, api):
        row = rows.get((target, api, "paced_1000"), {})
        before, peak, streams = row.get("before_kib"), row.get("rss_peak_kib"), row.get("streams_open_max")
        return f"{(peak - before) / streams:.0f}" if before and peak and streams else ""

    heads = ["server", "API there", "CPU us a request, 2.4 KB", "220 KB", "a delta, burst", "a delta, 100 streams", "a delta, 1,000 streams",
             "added us p50", "added us p99", "requests/s", "KiB a stream", "MiB idle", "start ms", "errors"]
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
    for target, api in dict.fromkeys((target, api) for target, api, _ in rows if api and target != "direct"):
        idle = get(target, None, "start", "idle_kib") if api == "responses" else None
        starts = [start for start in get(target, None, "start", "start_s") or [] if start] if api == "responses" else []
        errors = sum(sum(row.get("errors", {}).values()) for (t, a, _), row in rows.items() if (t, a) == (target, api))
        cells = [
            target, api.partition(":")[2] or "the same",
            beside(target, api, "small", "cpu_us_per_request"), beside(target, api, "big", "cpu_us_per_request"),
            beside(target, api, "burst", "cpu_us_per_delta"), beside(target, api, "paced_100", "cpu_us_per_delta"),
            beside(target, api, "paced_1000", "cpu_us_per_delta"),
            added(target, api, "small_rate", "p50"), added(target, api, "small_rate", "p99"),
            f"{get(target, api, 'small', 'rps') or 0:.0f}", a_stream(target, api),
            f"{idle / 1024:.1f}" if idle else "", f"{min(starts) * 1000:.0f}" if starts else "", str(errors),
        ]
        print("| " + " | ".join(cells) + " |")
    return sum(sum(row.get("errors", {}).values()) for row in rows.values()) + sum("failed" in row for row in rows.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=str(WORK / "rows.jsonl"))
    parser.add_argument("mode", nargs="?", choices=["full", "quick", "stores"], default="full")
    parser.add_argument("--table")
    args = parser.parse_args()
    if not args.table:
        isolated()
        run(args.mode, args.out)
    sys.exit(1 if table(args.table or args.out) else 0)
