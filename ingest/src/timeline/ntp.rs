//! NTP times of sender reports. Their 32 bits of seconds start again at 0 in February 2036.

/// Seconds from 1900, the NTP epoch, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// Seconds below this belong to the era that begins in 2036, as in SNTP (RFC 4330). The times of the first era below it end in 1968.
const FIRST_ERA_FROM_S: u64 = 1 << 31;

const ERA_S: u64 = 1 << 32;

/// Converts an NTP time (32 bits of seconds, 32 bits of fraction) to microseconds since the Unix epoch; `None` for 0, which a camera
/// without a clock sends, and before 1970.
pub fn ntp_to_unix_us(ntp: u64) -> Option<i64> {
    let micros = ((ntp & 0xffff_ffff) * 1_000_000) >> 32;
    (ntp != 0).then(|| to_unix_us(ntp >> 32, micros))?
}

/// The same from nanoseconds. GStreamer adds the time since the last report, so the seconds may exceed 32 bits.
pub fn ntp_ns_to_unix_us(ntp_ns: u64) -> Option<i64> {
    (ntp_ns != 0).then(|| to_unix_us(ntp_ns / 1_000_000_000, ntp_ns % 1_000_000_000 / 1_000))?
}

fn to_unix_us(seconds: u64, micros: u64) -> Option<i64> {
    let seconds = if seconds < FIRST_ERA_FROM_S { seconds + ERA_S } else { seconds };
    i64::try_from(seconds.checked_sub(NTP_TO_UNIX_S)? * 1_000_000 + micros).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_times_are_converted_to_unix_times() {
        // 2024-01-01 00:00:00.5
        assert_eq!(ntp_to_unix_us((3_913_056_000 << 32) | (1 << 31)), Some(1_704_067_200_500_000));
        assert_eq!(ntp_ns_to_unix_us(3_913_056_000_500_000_000), Some(1_704_067_200_500_000));
        assert_eq!(ntp_to_unix_us(0), None, "the camera has no clock");
        assert_eq!(ntp_ns_to_unix_us(0), None);
        assert_eq!(ntp_to_unix_us(1 << 63), None, "1968");
        assert!(ntp_to_unix_us(u64::MAX).is_some() && ntp_ns_to_unix_us(u64::MAX).is_some());
    }

    #[test]
    fn times_go_on_when_the_seconds_start_again_in_2036() {
        // 2036-02-07 06:28:16
        const TURN_US: i64 = 2_085_978_496_000_000;
        assert_eq!(ntp_to_unix_us(0xffff_ffff << 32), Some(TURN_US - 1_000_000));
        assert_eq!(ntp_to_unix_us(1 << 31), Some(TURN_US + 500_000));
        assert_eq!(ntp_to_unix_us(7 << 32), Some(TURN_US + 7_000_000));
        // GStreamer adds 2 s to a report from before the turn, and to one from after it.
        assert_eq!(ntp_ns_to_unix_us(0xffff_ffff * 1_000_000_000 + 2_000_000_000), Some(TURN_US + 1_000_000));
        assert_eq!(ntp_ns_to_unix_us(3_000_000_000), Some(TURN_US + 3_000_000));
    }
}
