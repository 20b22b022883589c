use super::*;

const NOW: i64 = 1_700_000_000_000_000;
const HOUR: i64 = 3_600_000_000;
/// The interval between two pictures.
const STEP_NS: u64 = 40_000_000;
const STEP_US: i64 = 40_000;

fn timeline() -> Timeline {
    Timeline::new(Duration::from_mins(1))
}

/// Plays pictures of a camera whose clock is ahead of ours by `ahead(index)`, and returns their capture times.
fn play(pictures: u64, ahead: impl Fn(u64) -> Option<i64>) -> Vec<Capture> {
    let mut timeline = timeline();
    (0..pictures)
        .map(|index| {
            let (pts_ns, arrived_us) = (index * STEP_NS, NOW + index as i64 * STEP_US);
            timeline.record_packet(pts_ns, arrived_us, ahead(index).map(|ahead| arrived_us + ahead));
            timeline.capture(pts_ns, arrived_us)
        })
        .collect()
}

fn assert_steady(times: &[Capture]) {
    for pair in times.windows(2) {
        let step = pair[1].at_us - pair[0].at_us;
        assert!((STEP_US * 3 / 4..=STEP_US * 5 / 4).contains(&step), "{pair:?}");
    }
}

#[test]
fn ntp_times_are_converted_to_unix_times() {
    // 2024-01-01 00:00:00.5
    assert_eq!(ntp_to_unix_us((3_913_056_000 << 32) | (1 << 31)), Some(1_704_067_200_500_000));
    assert_eq!(ntp_ns_to_unix_us(3_913_056_000_500_000_000), Some(1_704_067_200_500_000));
    assert_eq!(ntp_to_unix_us(0), None);
    assert_eq!(ntp_ns_to_unix_us(5), None);
    assert!(ntp_to_unix_us(u64::MAX).is_some());
}

#[test]
fn capture_time_is_that_of_the_packets_and_not_of_decoding() {
    let mut timeline = timeline();
    timeline.record_packet(0, NOW, None);
    timeline.record_packet(100_000_000, NOW + 100_000, None);
    let capture = timeline.capture(100_000_000, NOW + 900_000);
    assert_eq!(capture, Capture { at_us: NOW + 100_000, clock: ClockSource::Arrival });
}

#[test]
fn the_cameras_clock_is_used_once_a_sender_report_has_come() {
    // The first report comes with the fifth picture. All pictures arrive 200 ms after their capture.
    let times = play(50, |index| (index >= 5).then_some(-200_000));
    assert_steady(&times);
    assert_eq!(times[4].clock, ClockSource::Arrival);
    assert_eq!(times[5].clock, ClockSource::SenderReport);
    assert_eq!(times[49].at_us, NOW + 49 * STEP_US - 200_000, "after a second it must be the camera's time");
}

#[test]
fn capture_time_between_two_packets_is_extrapolated() {
    let mut timeline = timeline();
    timeline.record_packet(0, NOW, Some(NOW + 25_000));
    assert_eq!(timeline.capture(10_000_000, NOW).at_us, NOW + 35_000);
}

#[test]
fn a_camera_clock_in_another_year_is_not_used() {
    let mut timeline = timeline();
    timeline.record_packet(0, NOW, Some(946_684_800_000_000));
    assert_eq!(timeline.capture(0, NOW), Capture { at_us: NOW, clock: ClockSource::Arrival });
}

#[test]
fn a_clock_set_by_an_hour_and_back_changes_only_the_clock_source() {
    for jump in [HOUR, -HOUR] {
        let times = play(300, |index| Some(if (100..200).contains(&index) { 30_000 + jump } else { 30_000 }));
        assert_steady(&times);
        for (index, time) in times.iter().enumerate() {
            let jumped = (100..200).contains(&index);
            assert_eq!(time.clock == ClockSource::Arrival, jumped, "{index}");
            assert!((time.at_us - NOW - index as i64 * STEP_US).abs() <= 30_000, "{index}: {time:?}");
        }
    }
}

#[test]
fn a_clock_set_by_seconds_is_followed_without_a_step() {
    for jump in [3_000_000, -3_000_000] {
        let times = play(400, |index| Some(if index >= 50 { jump } else { 0 }));
        assert_steady(&times);
        assert_eq!(times[399].at_us, NOW + 399 * STEP_US + jump);
    }
}

#[test]
fn each_clock_jump_is_reported_once() {
    let mut timeline = timeline();
    let mut jumps = Vec::new();
    for index in 0..90_i64 {
        let ahead = if (30..60).contains(&index) { HOUR } else { index % 3 * 10_000 };
        let arrived_us = NOW + index * STEP_US;
        jumps.extend(timeline.record_packet(index as u64 * STEP_NS, arrived_us, Some(arrived_us + ahead)));
    }
    assert_eq!(jumps.len(), 2, "{jumps:?}");
    assert!((jumps[0] - HOUR).abs() < 100_000 && (jumps[1] + HOUR).abs() < 100_000, "{jumps:?}");
}

#[test]
fn packets_that_arrive_in_a_burst_get_no_future_capture_times() {
    let mut timeline = timeline();
    for index in 0..25_u64 {
        timeline.record_packet(index * STEP_NS, NOW, None);
        assert_eq!(timeline.capture(index * STEP_NS, NOW).at_us, NOW);
    }
}

#[test]
fn capture_times_advance_when_our_own_clock_is_set_back() {
    let mut timeline = timeline();
    let mut before = i64::MIN;
    for index in 0..200_i64 {
        let set = if index >= 100 { -HOUR } else { 0 };
        timeline.record_packet(index as u64 * STEP_NS, NOW + index * STEP_US + set, None);
        let capture = timeline.capture(index as u64 * STEP_NS, NOW).at_us;
        assert!(capture > before);
        before = capture;
    }
}

#[test]
fn memory_is_bounded() {
    let mut timeline = timeline();
    for index in 0..100_000 {
        timeline.record_packet(index * 1_000, NOW, None);
    }
    assert_eq!(timeline.packets.len(), CAPACITY);
    assert_eq!(timeline.capture(3_000, NOW + 7).at_us, NOW + 7, "packets this old are forgotten");
}
