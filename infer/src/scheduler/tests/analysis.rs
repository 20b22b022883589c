//! What waits for its analysis limits what the model gets.

use super::*;

#[test]
fn a_camera_whose_frames_are_not_analysed_gives_no_more_and_keeps_its_newest_while_others_go_on() {
    let mut fixture = fixture();
    fixture.set_max_batch(2);
    let mut of_slow = Vec::new();
    for sequence in 0..8 {
        for camera in ["slow", "quick"] {
            fixture.enqueue(live_frame(camera, 1, sequence));
        }
        while fixture.step() {}
        let batch = fixture.scheduler.next_batch(2, Duration::ZERO).unwrap();
        let (slow, quick): (Vec<_>, Vec<_>) = batch.into_iter().partition(|taken| position(taken).0 == "slow");
        assert_eq!(quick.iter().map(position).collect::<Vec<_>>(), [("quick".to_owned(), sequence)]);
        for taken in &quick {
            fixture.scheduler.analysed(taken.lane_id);
        }
        of_slow.extend(slow);
    }
    assert_eq!(of_slow.iter().map(|taken| position(taken).1).collect::<Vec<_>>(), [0, 1, 2]);
    fixture.scheduler.analysed(of_slow[0].lane_id);
    fixture.enqueue(live_frame("quick", 1, 8));
    while fixture.step() {}
    let mut batch = fixture.batch(2);
    batch.sort();
    assert_eq!(batch, [("quick".to_owned(), 8), ("slow".to_owned(), 7)]);
}

#[test]
fn a_file_gives_three_batches_ahead_of_its_analysis() {
    let mut fixture = fixture_with(QueueConfig { file_frames: 100, ..config() });
    fixture.set_max_batch(2);
    for sequence in 0..20 {
        fixture.enqueue(file_frame("ahead", 1, sequence));
    }
    let mut taken = Vec::new();
    let fill = |fixture: &mut Fixture| {
        while fixture.step() {}
        let (mut batch, mut skipped) = (Vec::new(), Vec::new());
        let mut turns = fixture.scheduler.turns.lock();
        let begun = turns.served;
        turns.fill_batch((2, begun), Instant::now(), &mut batch, &fixture.scheduler.config, &mut skipped);
        batch
    };
    for _ in 0..5 {
        taken.extend(fill(&mut fixture));
    }
    assert_eq!(taken.iter().map(|taken| position(taken).1).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    fixture.scheduler.analysed(taken[0].lane_id);
    assert_eq!(fill(&mut fixture).iter().map(|taken| position(taken).1).collect::<Vec<_>>(), [6]);
}
