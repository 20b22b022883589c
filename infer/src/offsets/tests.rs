use super::*;

fn partition() -> Partition {
    Partition::new("frames", 0)
}

fn with(registered: &[i64]) -> (Offsets, Vec<Ticket>) {
    let offsets = Offsets::default();
    offsets.assigned(&partition());
    let tickets = registered.iter().map(|offset| offsets.register(&partition(), *offset).unwrap()).collect();
    (offsets, tickets)
}

fn committable(offsets: &Offsets) -> Option<i64> {
    offsets.take_committable(None).first().map(|(_, next)| *next)
}

fn gop(camera: &str, key_frame: bool) -> GopInfo {
    GopInfo { camera: camera.parse().unwrap(), key_frame, end_of_stream: false }
}

#[test]
fn only_the_unbroken_prefix_is_committed() {
    let (offsets, tickets) = with(&[3, 4, 7, 8]);
    offsets.complete(&tickets[1]);
    assert_eq!(committable(&offsets), None);
    offsets.complete(&tickets[0]);
    assert_eq!(committable(&offsets), Some(7));
    offsets.complete(&tickets[3]);
    assert_eq!(committable(&offsets), None);
    offsets.complete(&tickets[2]);
    assert_eq!(committable(&offsets), Some(9));
    assert_eq!(committable(&offsets), None, "the same offset is not committed twice");
}

#[test]
fn a_failed_commit_is_repeated() {
    let (offsets, tickets) = with(&[0]);
    offsets.complete(&tickets[0]);
    let taken = offsets.take_committable(None);
    offsets.commit_failed(&taken);
    assert_eq!(offsets.take_committable(None), taken);
}

#[test]
fn a_late_result_of_an_earlier_assignment_is_ignored() {
    let (offsets, tickets) = with(&[0, 1]);
    offsets.revoked(&[partition()]);
    assert!(offsets.register(&partition(), 2).is_none());
    offsets.assigned(&partition());
    let again = offsets.register(&partition(), 0).unwrap();
    offsets.complete(&tickets[0]);
    offsets.complete(&tickets[1]);
    assert_eq!(committable(&offsets), None);
    offsets.complete(&again);
    assert_eq!(committable(&offsets), Some(1));
}

#[test]
fn an_abandoned_record_is_not_in_progress_and_blocks_later_commits() {
    let (offsets, tickets) = with(&[0, 1, 2]);
    offsets.complete(&tickets[0]);
    offsets.abandon(&tickets[1]);
    offsets.complete(&tickets[2]);
    assert_eq!(offsets.in_progress(&[partition()]), 0);
    assert_eq!(committable(&offsets), Some(1));
}

#[test]
fn a_restart_in_the_middle_of_a_stream_begins_at_its_key_frame() {
    let (offsets, tickets) = with(&[0, 1, 2, 3, 4, 5]);
    for (at, camera, key_frame) in
        [(0, "a", true), (1, "a", false), (2, "b", true), (3, "a", true), (4, "b", false), (5, "a", false)]
    {
        offsets.set_gop(&tickets[at], gop(camera, key_frame));
    }
    for ticket in &tickets[..4] {
        offsets.complete(ticket);
    }
    // Camera `a` could restart at its second key frame, 3. But 4 is in progress and depends on 2.
    assert_eq!(committable(&offsets), Some(2));
    offsets.complete(&tickets[4]);
    offsets.complete(&tickets[5]);
    assert_eq!(committable(&offsets), None, "the next picture of `b` depends on 2");
    let end = offsets.register(&partition(), 6).unwrap();
    offsets.set_gop(&end, GopInfo { end_of_stream: true, ..gop("b", false) });
    offsets.complete(&end);
    assert_eq!(committable(&offsets), Some(3), "the stream of `b` has ended");
}

#[test]
fn a_key_frame_does_not_release_earlier_pictures_in_progress() {
    let (offsets, tickets) = with(&[0, 1, 2]);
    for (at, key_frame) in [(0, true), (1, false), (2, true)] {
        offsets.set_gop(&tickets[at], gop("a", key_frame));
    }
    offsets.complete(&tickets[0]);
    offsets.complete(&tickets[2]);
    assert_eq!(committable(&offsets), None, "1 is in progress and depends on 0");
    offsets.complete(&tickets[1]);
    assert_eq!(committable(&offsets), Some(2));
}

#[tokio::test]
async fn draining_ends_with_the_last_completion_or_the_deadline() {
    let (offsets, tickets) = with(&[0, 1]);
    assert!(!offsets.drained(&[partition()], Duration::from_millis(20)).await);
    let offsets = std::sync::Arc::new(offsets);
    let waiting = tokio::spawn({
        let offsets = offsets.clone();
        async move { offsets.drained(&[partition()], Duration::from_mins(1)).await }
    });
    tokio::task::yield_now().await;
    for ticket in &tickets {
        offsets.complete(ticket);
    }
    assert!(waiting.await.unwrap());
}
