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
    timeline.record_packet(0, NOW, Some(NOW - 25_000));
    assert_eq!(timeline.capture(10_000_000, NOW).at_us, NOW - 15_000);
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
    let times = play(400, |index| Some(if index >= 50 { -3_000_000 } else { 0 }));
    assert_steady(&times);
    assert_eq!(times[399].at_us, NOW + 399 * STEP_US - 3_000_000);
}

#[test]
fn no_capture_time_lies_after_the_arrival_whatever_the_cameras_clock_says() {
    let leads: [fn(u64) -> i64; 4] = [
        |_| 200_000,
        |index| if index < 50 { -100_000 } else { 3_000_000 },
        // The lead grows, and the way takes longer or shorter.
        |index| index as i64 * 700 + (index % 7 * 5_000) as i64,
        |index| if index.is_multiple_of(50) { 40_000_000 } else { -300_000 },
    ];
    for (number, lead) in leads.into_iter().enumerate() {
        let times = play(400, |index| (index >= 10).then(|| lead(index)));
        for (index, time) in times.iter().enumerate() {
            assert!(time.at_us <= NOW + index as i64 * STEP_US, "{number}: {index}: {time:?}");
        }
        assert!(times.is_sorted_by_key(|time| time.at_us), "{number}");
    }
}

#[test]
fn a_lead_is_reported_when_it_is_found_and_when_it_grows() {
    let mut timeline = timeline();
    let mut record = |index: i64, ahead: i64| {
        let arrived_us = NOW + index * STEP_US;
        timeline.record_packet(index as u64 * STEP_NS, arrived_us, Some(arrived_us + ahead)).ahead_by_us
    };
    assert_eq!(
        [record(0, -20_000), record(1, 7_000), record(2, 5_000), record(3, 9_000)],
        [None, Some(7_000), None, Some(2_000)]
    );
}

/// Sends pictures as an encoder with B-frames does: each group's last picture first. Returns the capture times in the order of display.
fn reordered(order: &[u64], groups: u64, ahead: Option<i64>) -> Vec<i64> {
    let size = order.len() as u64;
    let mut timeline = timeline();
    let mut shown = Vec::new();
    for group in 0..groups {
        for (place, picture) in order.iter().enumerate() {
            let number = group * size + picture;
            // A picture is sent when the last one that it depends on was captured.
            let arrived_us = NOW + (group * size + size + place as u64) as i64 * STEP_US;
            let camera_us = ahead.map(|ahead| NOW + number as i64 * STEP_US + ahead);
            timeline.record_packet(number * STEP_NS, arrived_us, camera_us);
            shown.push((number, timeline.capture(number * STEP_NS, arrived_us).at_us, arrived_us));
        }
    }
    assert!(shown.iter().all(|(_, at_us, arrived_us)| at_us <= arrived_us), "captured after it arrived");
    shown.sort_unstable();
    shown.into_iter().map(|(_, at_us, _)| at_us).collect()
}

#[test]
fn capture_times_of_reordered_pictures_are_in_the_order_of_display() {
    for order in [&[2, 0, 1][..], &[7, 3, 1, 0, 2, 5, 4, 6], &[0]] {
        for ahead in [None, Some(0), Some(-30_000), Some(2_000_000)] {
            let times = reordered(order, 40, ahead);
            for pair in times[times.len() / 2..].windows(2) {
                let step_us = pair[1] - pair[0];
                assert!((STEP_US * 3 / 4..=STEP_US * 5 / 4).contains(&step_us), "{order:?} {ahead:?}: {step_us}");
            }
        }
    }
}

#[test]
fn each_clock_jump_is_reported_once() {
    let mut timeline = timeline();
    let mut jumps = Vec::new();
    for index in 0..90_i64 {
        let ahead = if (30..60).contains(&index) { HOUR } else { index % 3 * 10_000 };
        let arrived_us = NOW + index * STEP_US;
        let news = timeline.record_packet(index as u64 * STEP_NS, arrived_us, Some(arrived_us + ahead));
        jumps.extend(news.set_by_us);
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
