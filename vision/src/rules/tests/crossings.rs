use super::*;
use crate::rules::{Direction, Line, LineCrossing, Place};
use Direction::{In, Out};

/// From the left to the right across the middle: `In` is downwards. It does not reach the edges of the picture.
fn gate(direction: Option<Direction>) -> RuleKind {
    let line = Line::new("gate".to_owned(), Point { x: 0.2, y: 0.5 }, Point { x: 0.8, y: 0.5 }).unwrap();
    RuleKind::LineCrossing(LineCrossing::new(line, direction, &[]))
}

/// The directions in which a track with these foot points crosses.
fn crossings(direction: Option<Direction>, feet: &[(f32, f32)]) -> Vec<Direction> {
    let mut camera = Camera::new(vec![gate(direction)]);
    let mut judgements: Vec<Judgement> = feet.iter().flat_map(|&(x, y)| camera.see(&[at(1, x, y)])).collect();
    judgements.extend(camera.rules.finish(EndReason::StreamEnded));
    for (number, judgement) in judgements.iter().enumerate() {
        let finding = &judgement.finding;
        assert_eq!((finding.occurrence, &finding.place), (number as u32, &Place::Line("gate".to_owned())));
        assert_eq!(finding.ended_at_us, Some(finding.began_at_us), "a crossing is over at once");
    }
    judgements.iter().map(|judgement| judgement.finding.direction.expect("a direction")).collect()
}

#[test]
fn a_path_that_crosses_is_judged_once_with_its_direction() {
    let down: Vec<(f32, f32)> = (30..70).map(|y| (50.0, y as f32)).collect();
    let up: Vec<(f32, f32)> = down.iter().rev().copied().collect();
    assert_eq!(crossings(None, &down), [In]);
    assert_eq!(crossings(None, &up), [Out]);
    assert_eq!(crossings(None, &[down.clone(), up.clone(), down.clone()].concat()), [In, Out, In]);
    assert_eq!(crossings(Some(Out), &[down.clone(), up.clone()].concat()), [Out]);
    assert_eq!(crossings(Some(In), &up), []);
}

#[test]
fn two_frames_on_different_sides_are_enough() {
    assert_eq!(crossings(None, &[(40.0, 20.0), (60.0, 90.0)]), [In]);
    // One on the line itself.
    assert_eq!(crossings(None, &[(40.0, 20.0), (50.0, 50.0), (60.0, 90.0)]), [In]);
    assert_eq!(crossings(None, &[(40.0, 90.0), (50.0, 50.0), (60.0, 20.0)]), [Out]);
}

#[test]
fn the_frame_of_a_crossing_is_that_in_which_the_path_crossed() {
    let mut camera = Camera::new(vec![gate(None)]);
    let judgements: Vec<Judgement> = [(50.0, 40.0), (50.0, 51.0), (50.0, 52.0), (50.0, 60.0)]
        .iter()
        .flat_map(|&(x, y)| camera.see(&[at(1, x, y)]))
        .collect();
    assert_eq!(judgements.len(), 1);
    assert_eq!(judgements[0].finding.frame.sequence, 2);
    assert_eq!(judgements[0].finding.rect, at(1, 50.0, 51.0).3);
}

#[test]
fn whoever_trembles_on_the_line_crosses_it_once_at_most() {
    // The box is 30 pixels high: 3 pixels beyond the line count.
    let tremble = |frame: usize| (50.0, 50.0 + [-2.5, 1.5, -0.5, 2.5, 0.0][frame % 5]);
    let standing: Vec<(f32, f32)> = (0..200).map(tremble).collect();
    assert_eq!(crossings(None, &[&standing[..], &[(50.0, 30.0)]].concat()), []);
    assert_eq!(crossings(None, &[&[(50.0, 30.0)], &standing[..], &[(50.0, 70.0)]].concat()), [In]);
    assert_eq!(crossings(None, &[&[(50.0, 30.0)], &standing[..], &[(50.0, 30.0)]].concat()), []);
}

#[test]
fn a_way_around_an_end_of_the_line_is_no_crossing() {
    assert_eq!(crossings(None, &[(90.0, 30.0), (90.0, 70.0)]), []);
    // Around and back through the line.
    assert_eq!(crossings(None, &[(90.0, 30.0), (90.0, 70.0), (50.0, 70.0), (50.0, 30.0)]), [Out]);
    // Through and back around.
    assert_eq!(
        crossings(None, &[(50.0, 30.0), (50.0, 70.0), (90.0, 70.0), (90.0, 30.0), (50.0, 30.0), (50.0, 70.0)]),
        [In, In]
    );
}

#[test]
fn a_track_that_ends_just_beyond_the_line_has_crossed_it() {
    assert_eq!(crossings(None, &[(50.0, 30.0), (50.0, 45.0), (50.0, 51.0)]), [In]);
    // The lower edge of the picture is 2 pixels below the line.
    let line = Line::new("edge".to_owned(), Point { x: 0.0, y: 0.98 }, Point { x: 1.0, y: 0.98 }).unwrap();
    let mut camera = Camera::new(vec![RuleKind::LineCrossing(LineCrossing::new(line, None, &[]))]);
    for y in [80.0, 90.0, 97.0, 110.0, 120.0] {
        assert!(camera.see(&[at(DEAD - 1, 50.0, y)]).is_empty());
    }
    assert_eq!(camera.rules.finish(EndReason::StreamEnded).len(), 1);
}

#[test]
fn tentative_tracks_and_other_classes_do_not_cross() {
    let mut camera = Camera::new(vec![gate(None)]);
    let mut crosses = |id: u64, state: TrackState, class: RoadUserClass| {
        [30.0, 70.0, 80.0].iter().flat_map(|&y| camera.see(&[(id, state, class, at(id, 50.0, y).3)])).count()
    };
    assert_eq!(crosses(1, TrackState::Tentative, RoadUserClass::Pedestrian), 0);
    assert_eq!(crosses(2, TrackState::Confirmed, RoadUserClass::Car), 0);
    assert_eq!(crosses(3, TrackState::Confirmed, RoadUserClass::Cyclist), 1);
}

#[test]
fn a_track_that_is_confirmed_beyond_the_line_has_crossed_it() {
    let mut camera = Camera::new(vec![gate(None)]);
    let tentative = |y| (1, TrackState::Tentative, RoadUserClass::Pedestrian, at(1, 50.0, y).3);
    assert!(camera.see(&[tentative(40.0)]).is_empty());
    assert!(camera.see(&[tentative(60.0)]).is_empty());
    assert_eq!(camera.see(&[at(1, 50.0, 65.0)]).len(), 1);
}
