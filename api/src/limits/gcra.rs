//! The arithmetic of a limit (the generic cell rate algorithm). One number is stored of each caller: when its requests would be due if they
//! had come evenly. It may be ahead of now by `burst` intervals.
//!
//! The arithmetic is here twice: as a script for Redis, which all replicas share, and as a function for a process alone. A test gives both
//! the same requests.

use std::sync::LazyLock;

use vru_runtime::redis::{Redis, RedisError, Script};

use super::config::RateConfig;

/// How often something may happen, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) interval_us: u64,
    pub(super) burst: u64,
}

impl Rate {
    pub(super) fn new(config: RateConfig) -> Self {
        Self { interval_us: 60_000_000 / u64::from(config.per_minute.max(1)), burst: u64::from(config.burst) }
    }

    fn window_us(self) -> u64 {
        self.interval_us * self.burst
    }

    /// How many requests may come at once when the stored time is so far ahead of now.
    pub(super) fn remaining(self, ahead_us: u64) -> u64 {
        self.window_us().saturating_sub(ahead_us) / self.interval_us
    }
}

/// What is decided about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    /// Until one more is allowed; 0 for one that is.
    pub(super) wait_us: u64,
    /// How far the stored time is ahead of now.
    pub(super) ahead_us: u64,
}

/// Decides about a request now. `stored` is 0 for a caller that is not known, and follows.
pub(super) fn decide(now_us: u64, stored: &mut u64, rate: Rate) -> Verdict {
    let latest = now_us + rate.window_us();
    // A clock that was set back, or a limit that was lowered, blocks nobody for longer than the limit itself would.
    *stored = latest.min(*stored);
    let due = now_us.max(*stored);
    let next = due + rate.interval_us;
    if next > latest {
        return Verdict { allowed: false, wait_us: next - latest, ahead_us: due - now_us };
    }
    *stored = next;
    Verdict { allowed: true, wait_us: 0, ahead_us: next - now_us }
}

/// The same. Numbers in Lua are exact up to 2^53.
const DECIDE: &str = r"
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local latest = now + window
local stored = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local function store(time)
    redis.call('SET', KEYS[1], string.format('%.0f', time), 'PX', math.ceil((time - now) / 1000))
end
if stored > latest then
    stored = latest
    store(stored)
end
local due = math.max(stored, now)
local next = due + interval
if next > latest then
    return {0, next - latest, due - now}
end
store(next)
return {1, 0, next - now}
";

/// By the clock of Redis, which all replicas share.
static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(format!("local time = redis.call('TIME')\nlocal now = time[1] * 1000000 + time[2]{DECIDE}"))
});

/// Decides about a request in Redis.
pub(super) async fn count(redis: &Redis, key: &str, rate: Rate) -> Result<Verdict, RedisError> {
    verdict(redis, &SCRIPT, key, &[rate.interval_us, rate.window_us()]).await
}

async fn verdict(redis: &Redis, script: &Script, key: &str, arguments: &[u64]) -> Result<Verdict, RedisError> {
    let (allowed, wait_us, ahead_us): (u8, u64, u64) = redis.eval(script, key, arguments).await?;
    Ok(Verdict { allowed: allowed == 1, wait_us, ahead_us })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::Rng as _;
    use vru_runtime::redis::RedisConfig;
    use vru_runtime::test_util::{redis, redis_client, seeded_rng};

    use super::*;

    const RATE: Rate = Rate { interval_us: 1_000_000, burst: 3 };

    #[test]
    fn a_burst_is_allowed_and_then_one_an_interval() {
        let (mut stored, start) = (0, 1_700_000_000_000_000);
        for left in [2, 1, 0] {
            let verdict = decide(start, &mut stored, RATE);
            assert!(verdict.allowed);
            assert_eq!(RATE.remaining(verdict.ahead_us), left);
        }
        let refused = decide(start + 400_000, &mut stored, RATE);
        assert_eq!(refused, Verdict { allowed: false, wait_us: 600_000, ahead_us: 2_600_000 });
        // A refused request costs nothing.
        assert!(decide(start + 1_000_000, &mut stored, RATE).allowed);
        assert!(!decide(start + 1_000_000, &mut stored, RATE).allowed);
        assert_eq!(decide(start + 60_000_000, &mut stored, RATE).ahead_us, RATE.interval_us);
    }

    #[test]
    fn a_clock_that_is_set_back_blocks_for_one_interval_at_most() {
        let mut stored = 0;
        for _ in 0..3 {
            decide(1_700_000_000_000_000, &mut stored, RATE);
        }
        assert_eq!(decide(1_600_000_000_000_000, &mut stored, RATE).wait_us, RATE.interval_us);
        assert!(decide(1_600_000_001_000_000, &mut stored, RATE).allowed);
    }

    /// The script and the function get the same requests at the same times, which the test chooses.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_script_decides_as_the_function_does() {
        let prefix = format!("gcra-{}:", std::process::id());
        let url = tokio::task::block_in_place(|| redis().url());
        let config = RedisConfig { url, prefix, timeout: Duration::from_secs(5), ..RedisConfig::default() };
        let (redis, _stop) = redis_client(config).await;
        let script = Script::new(format!("local now = tonumber(ARGV[3]){DECIDE}"));
        let mut rng = seeded_rng("gcra");
        let (mut refused, mut allowed) = (0, 0);
        for sequence in 0..60 {
            let key = redis.key(&format!("{sequence}"));
            let mut rate = random_rate(&mut rng);
            let mut now = rng.random_range(0..4_000_000_000_000_000_u64);
            let mut stored = 0;
            for request in 0..60 {
                let arguments = [rate.interval_us, rate.window_us(), now];
                let by_script = verdict(&redis, &script, &key, &arguments).await.expect("an answer");
                let by_function = decide(now, &mut stored, rate);
                assert_eq!(by_script, by_function, "sequence {sequence}, request {request}: {rate:?} at {now}");
                if by_script.allowed {
                    allowed += 1;
                } else {
                    refused += 1;
                }
                match rng.random_range(0..20) {
                    // Clocks differ between the servers of a cluster.
                    0 => now = now.saturating_sub(rng.random_range(0..3 * rate.window_us())),
                    1 => now += rng.random_range(0..3 * rate.window_us()),
                    // Another configuration.
                    2 => rate = random_rate(&mut rng),
                    3..10 => now += rng.random_range(0..2 * rate.interval_us),
                    _ => {}
                }
                // Redis forgets what is past by its own clock, which the test does not choose.
                let kept: Option<u64> = redis.query(vru_runtime::redis::cmd("GET").arg(&key)).await.expect("an answer");
                if kept.is_none() {
                    stored = 0;
                }
            }
        }
        assert!(refused > 100 && allowed > 100, "{refused} refused, {allowed} allowed");
    }

    fn random_rate(rng: &mut impl rand::Rng) -> Rate {
        Rate { interval_us: rng.random_range(1..20_000_000), burst: rng.random_range(1..50) }
    }
}
