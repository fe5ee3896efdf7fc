//! The real clock and the real ids: named here and nowhere else.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lattice_gateway::Clock;

/// The machine's.
#[derive(Debug)]
pub(crate) struct RealClock;

impl Clock for RealClock {
    fn seconds(&self) -> i64 {
        let since = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "everything else gets its time from here")]
    fn instant(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "everything else gets its ids from here")]
    fn id(&self) -> String {
        uuid::Uuid::now_v7().simple().to_string()
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "everything else gets its time from here")]
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}
