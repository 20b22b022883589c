use super::*;

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
    assert_eq!(clock.time_packet(packet(1, start)).unwrap().pts_ns, 0);
    assert_eq!(clock.time_packet(packet(1, start.wrapping_add(9_000))).unwrap().pts_ns, 100_000_000);
    assert_eq!(clock.time_packet(packet(1, start.wrapping_add(18_000))).unwrap().pts_ns, 200_000_000);
    // A late packet of the previous picture.
    assert_eq!(clock.time_packet(packet(1, start.wrapping_add(9_000))).unwrap().pts_ns, 100_000_000);
}

#[test]
fn a_sender_report_maps_packets_to_the_cameras_clock() {
    let mut clock = RtpClock::new(90_000);
    assert_eq!(clock.time_packet(packet(7, 1_000)).unwrap().camera_us, None);
    let mut compound = report(7, 1_700_000_000, 46_000);
    // A source description follows, as RTCP requires.
    compound.extend([0x81, 202, 0, 1, 0, 0, 0, 7]);
    let reports = sender_reports(&compound);
    assert_eq!(reports.len(), 1);
    clock.record_report(reports[0]);
    assert_eq!(clock.time_packet(packet(7, 91_000)).unwrap().camera_us, Some(1_700_000_000_500_000));
    assert_eq!(clock.time_packet(packet(7, 1_000)).unwrap().camera_us, Some(1_699_999_999_500_000));
}

#[test]
fn a_report_before_the_first_packet_is_used() {
    let mut clock = RtpClock::new(90_000);
    clock.record_report(sender_reports(&report(7, 1_700_000_000, 1_000))[0]);
    assert_eq!(clock.time_packet(packet(7, 1_000)).unwrap().camera_us, Some(1_700_000_000_000_000));
}

#[test]
fn a_report_of_another_stream_is_ignored() {
    let mut clock = RtpClock::new(90_000);
    clock.time_packet(packet(7, 1_000)).unwrap();
    clock.record_report(sender_reports(&report(8, 1_700_000_000, 1_000))[0]);
    assert_eq!(clock.time_packet(packet(7, 1_000)).unwrap().camera_us, None);
}

#[test]
fn stream_time_advances_when_the_encoder_restarts() {
    let mut clock = RtpClock::new(90_000);
    clock.time_packet(packet(1, 0)).unwrap();
    clock.time_packet(packet(1, 90_000)).unwrap();
    clock.record_report(sender_reports(&report(1, 1_700_000_000, 0))[0]);
    let restarted = clock.time_packet(packet(2, 4_000_000_000)).unwrap();
    assert_eq!(restarted.pts_ns, 1_040_000_000);
    assert_eq!(restarted.camera_us, None, "the old report does not apply to the new stream");
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
        clock.time_packet(bytes.into());
    }
}
