use super::*;
use crate::source::stream_clock::RESTART_GAP;

/// Adds the times to a packet that arrives at once.
fn time(clock: &mut RtpClock, packet: Bytes) -> TimedPacket {
    clock.time_packet(packet, Instant::now()).unwrap()
}

fn packet(ssrc: u32, timestamp: u32) -> Bytes {
    let mut bytes = vec![0x80, 96, 0, 1];
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.push(0x65);
    bytes.into()
}

fn report(ssrc: u32, unix_s: u64, timestamp: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(((unix_s + 2_208_988_800) as u32).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend([0; 8]);
    bytes
}

#[test]
fn stream_times_advance_across_the_timestamp_wrap() {
    let mut clock = RtpClock::new(90_000);
    let start = u32::MAX - 9_000;
    assert_eq!(time(&mut clock, packet(1, start)).pts_ns, 0);
    assert_eq!(time(&mut clock, packet(1, start.wrapping_add(9_000))).pts_ns, 100_000_000);
    assert_eq!(time(&mut clock, packet(1, start.wrapping_add(18_000))).pts_ns, 200_000_000);
    // A late packet of the previous picture.
    assert_eq!(time(&mut clock, packet(1, start.wrapping_add(9_000))).pts_ns, 100_000_000);
}

#[test]
fn a_sender_report_maps_packets_to_the_cameras_clock() {
    let mut clock = RtpClock::new(90_000);
    assert_eq!(time(&mut clock, packet(7, 1_000)).camera_us, None);
    let mut compound = report(7, 1_700_000_000, 46_000);
    // A source description follows, as RTCP requires.
    compound.extend([0x81, 202, 0, 1, 0, 0, 0, 7]);
    let reports = sender_reports(&compound);
    assert_eq!(reports.len(), 1);
    clock.record_report(reports[0]);
    assert_eq!(time(&mut clock, packet(7, 91_000)).camera_us, Some(1_700_000_000_500_000));
    assert_eq!(time(&mut clock, packet(7, 1_000)).camera_us, Some(1_699_999_999_500_000));
}

#[test]
fn a_report_before_the_first_packet_is_used() {
    let mut clock = RtpClock::new(90_000);
    clock.record_report(sender_reports(&report(7, 1_700_000_000, 1_000))[0]);
    assert_eq!(time(&mut clock, packet(7, 1_000)).camera_us, Some(1_700_000_000_000_000));
}

#[test]
fn a_report_of_another_stream_is_ignored() {
    let mut clock = RtpClock::new(90_000);
    time(&mut clock, packet(7, 1_000));
    clock.record_report(sender_reports(&report(8, 1_700_000_000, 1_000))[0]);
    assert_eq!(time(&mut clock, packet(7, 1_000)).camera_us, None);
}

#[test]
fn a_restarted_clock_begins_where_the_stream_is_and_needs_a_new_report() {
    for (ssrc, timestamp) in [(2, 4_000_000_000), (1, 4_000_000_000), (1, 243_000_000), (1, 10_000_000)] {
        for passed in [Duration::ZERO, Duration::from_secs(5)] {
            let mut clock = RtpClock::new(90_000);
            let now = Instant::now();
            clock.time_packet(packet(1, 99_910_000), now).unwrap();
            clock.time_packet(packet(1, 100_000_000), now).unwrap();
            clock.record_report(sender_reports(&report(1, 1_700_000_000, 100_000_000))[0]);
            let restarted = clock.time_packet(packet(ssrc, timestamp), now + passed).unwrap();
            let gap = passed.max(RESTART_GAP).as_nanos() as u64;
            assert_eq!((restarted.pts_ns, restarted.restarted), (1_000_000_000 + gap, true), "{timestamp}");
            assert_eq!(restarted.camera_us, None, "the old report does not apply to the new clock");
            clock.record_report(sender_reports(&report(ssrc, 1_700_000_009, timestamp))[0]);
            let next = clock.time_packet(packet(ssrc, timestamp + 90_000), now + passed).unwrap();
            assert_eq!((next.pts_ns, next.restarted), (2_000_000_000 + gap, false), "{timestamp}");
            assert_eq!(next.camera_us, Some(1_700_000_010_000_000), "{timestamp}");
        }
    }
}

#[test]
fn a_report_that_comes_before_the_restarted_clock_is_used_for_it_only() {
    let mut clock = RtpClock::new(90_000);
    time(&mut clock, packet(1, 1_000));
    clock.record_report(sender_reports(&report(1, 1_700_000_000, 1_000))[0]);
    clock.record_report(sender_reports(&report(1, 1_700_000_001, 3_000_000_000))[0]);
    assert_eq!(time(&mut clock, packet(1, 46_000)).camera_us, Some(1_700_000_000_500_000));
    assert_eq!(time(&mut clock, packet(1, 3_000_000_000)).camera_us, Some(1_700_000_001_000_000));
}

#[test]
fn hostile_bytes_are_refused_and_never_panic() {
    for bytes in [&[][..], &[0x80; 11], &[0x40; 40], &[0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] {
        assert!(RtpHeader::parse(bytes).is_none(), "{bytes:?}");
    }
    // Truncated, a length beyond the end, and a report that is too short.
    for bytes in
        [&[][..], &[0x80, 200], &[0x80, 200, 0xff, 0xff, 0, 0, 0, 0], &[0x80, 200, 0, 1, 0, 0, 0, 0], &[0, 200, 0, 0]]
    {
        assert_eq!(sender_reports(bytes), [], "{bytes:?}");
    }
    let mut seed = 1_u64;
    let mut clock = RtpClock::new(1);
    for _ in 0..20_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (seed >> 33) as usize % 64;
        let mut bytes: Vec<u8> = (0..length).map(|index| (seed >> (index % 56)) as u8 ^ index as u8).collect();
        if let Some(first) = bytes.first_mut() {
            *first = 0x80 | (*first & 0x0f);
        }
        for found in sender_reports(&bytes) {
            clock.record_report(found);
        }
        clock.time_packet(bytes.into(), Instant::now());
    }
}
