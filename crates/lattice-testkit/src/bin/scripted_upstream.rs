//! `scripted-upstream [PORT]`: the scripted provider as a program. It prints `listening on http://ADDRESS` once it does.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or_default();
    lattice_testkit::upstream::run(port, |address| {
        let mut out = std::io::stdout();
        let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
    })
}
