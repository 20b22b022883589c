use super::*;

#[test]
fn the_cameras_of_a_revoked_partition_are_removed_and_may_come_back() {
    let mut fixture = fixture();
    fixture.enqueue(file_frame("moved", 1, 0));
    fixture.enqueue(file_frame("moved", 1, 1));
    let task = fixture.next().unwrap();
    fixture.offsets.revoked(&[partition()]);
    let feeds = fixture.scheduler.remove_feeds(&[partition()]);
    assert_eq!(feeds.iter().map(|feed| feed.camera.as_str()).collect::<Vec<_>>(), ["moved"]);
    fixture.finish(task);
    assert_eq!(dropped("moved", "revoked"), 2);
    fixture.offsets.assigned(&partition());
    assert_eq!(fixture.enqueue(file_frame("moved", 1, 0)), Admission::Queued, "unacknowledged frames come again");
}

#[test]
fn before_a_revocation_only_started_frames_are_finished() {
    let mut fixture = fixture();
    for sequence in 0..4 {
        fixture.enqueue(file_frame("leaving", 1, sequence));
    }
    assert!(fixture.step());
    fixture.scheduler.abandon_unstarted(&[partition()]);
    assert_eq!(fixture.offsets.in_progress(&[partition()]), 1, "the started frame is finished");
    let taken = fixture.scheduler.next_batch(1, Duration::ZERO).unwrap().remove(0);
    fixture.offsets.complete(&taken.ready.job.ticket);
    assert_eq!(fixture.offsets.in_progress(&[partition()]), 0);
    assert_eq!(fixture.offsets.take_committable(None), [(partition(), 1)]);
    assert_eq!(dropped("leaving", "revoked"), 3);
}
