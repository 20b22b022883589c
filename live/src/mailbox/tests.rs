use super::*;

fn message(text: &str, content: Content) -> Arc<Message> {
    Arc::new(Message { bytes: Bytes::copy_from_slice(text.as_bytes()), content })
}

fn unit(sequence: u64, key_frame: bool) -> Arc<Message> {
    message(&sequence.to_string(), Content::Unit { session: 1, sequence, key_frame })
}

fn camera(name: &str) -> CameraId {
    name.parse().unwrap()
}

fn watching(wanted: &[(&str, Rendition)]) -> Mailbox {
    let mailbox = Mailbox::default();
    mailbox.set(&wanted.iter().map(|(name, rendition)| (camera(name), *rendition)).collect());
    mailbox
}

fn all(mailbox: &Mailbox) -> Vec<String> {
    std::iter::from_fn(|| mailbox.take()).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect()
}

#[test]
fn the_newest_picture_of_each_camera_waits_and_the_others_are_counted() {
    let mailbox = watching(&[("a", Rendition::Full), ("b", Rendition::Tile)]);
    for number in 0..5 {
        mailbox.push(&camera("a"), message(&format!("a{number}"), Content::Picture));
    }
    mailbox.push(&camera("b"), message("b0", Content::Picture));
    mailbox.push(&camera("c"), message("nobody asked for it", Content::Picture));
    assert_eq!(all(&mailbox), ["a4", "b0"]);
    let rates: Vec<_> = mailbox.rates().into_iter().map(|rate| (rate.taken, rate.skipped)).collect();
    assert_eq!(rates, [(1, 4), (1, 0)]);
    assert!(mailbox.rates().iter().all(|rate| (rate.taken, rate.skipped) == (0, 0)));
}

#[test]
fn boxes_wait_in_order_and_the_oldest_beyond_the_bound_are_counted() {
    let mailbox = watching(&[("a", Rendition::None)]);
    for number in 0..MAX_BOXES + 3 {
        mailbox.push(&camera("a"), message(&number.to_string(), Content::Boxes));
    }
    let wanted: Vec<String> = (3..MAX_BOXES + 3).map(|number| number.to_string()).collect();
    assert_eq!(all(&mailbox), wanted);
    assert_eq!(mailbox.rates()[0].skipped, 3);
}

#[test]
fn access_units_are_skipped_up_to_a_key_frame() {
    let mailbox = watching(&[("a", Rendition::H264)]);
    let push = |sequence, key_frame| mailbox.push(&camera("a"), unit(sequence, key_frame));
    push(1, false);
    push(2, true);
    push(3, false);
    // 4 is missing.
    push(5, false);
    push(6, false);
    push(7, true);
    push(8, false);
    assert_eq!(all(&mailbox), ["2", "3", "7", "8"]);
    for sequence in 9..=9 + MAX_UNITS as u64 {
        push(sequence, false);
    }
    assert_eq!(all(&mailbox), Vec::<String>::new(), "what is too much is skipped with all that needs it");
    assert_eq!(mailbox.rates()[0].skipped, MAX_UNITS as u64 + 1);
    push(500, false);
    push(501, true);
    assert_eq!(all(&mailbox), ["501"]);
}

#[test]
fn whoever_comes_in_the_middle_gets_what_is_before_and_the_bounds_are_for_what_follows() {
    let mailbox = watching(&[("a", Rendition::H264)]);
    mailbox.push(&camera("a"), unit(200, false));
    let earlier: Vec<_> = (0..=200).map(|sequence| unit(sequence, sequence == 0)).collect();
    mailbox.begin(&camera("a"), &earlier);
    for sequence in 201..201 + MAX_UNITS as u64 {
        mailbox.push(&camera("a"), unit(sequence, false));
    }
    let wanted: Vec<String> = (0..201 + MAX_UNITS).map(|sequence| sequence.to_string()).collect();
    assert_eq!(all(&mailbox), wanted);
    assert_eq!(mailbox.rates()[0].skipped, 0);
    // Whoever has something already goes on with it.
    mailbox.begin(&camera("a"), &earlier);
    assert_eq!(all(&mailbox), Vec::<String>::new());
    mailbox.push(&camera("a"), unit(201 + MAX_UNITS as u64, false));
    assert_eq!(all(&mailbox).len(), 1);
}

#[test]
fn a_viewer_who_is_slow_from_the_start_skips_all_of_it() {
    let mailbox = watching(&[("a", Rendition::H264)]);
    mailbox.begin(&camera("a"), &[unit(0, true), unit(1, false)]);
    for sequence in 2..=2 + MAX_UNITS as u64 {
        mailbox.push(&camera("a"), unit(sequence, false));
    }
    assert_eq!(all(&mailbox), Vec::<String>::new());
    assert_eq!(mailbox.rates()[0].skipped, MAX_UNITS as u64 + 3);
}

#[test]
fn cameras_have_their_turn_one_after_the_other() {
    let mailbox = watching(&[("a", Rendition::None), ("b", Rendition::None)]);
    for name in ["a", "a", "a", "b"] {
        mailbox.push(&camera(name), message(name, Content::Boxes));
    }
    assert_eq!(all(&mailbox), ["a", "b", "a", "a"]);
}

#[test]
fn what_is_not_watched_any_more_does_not_come() {
    let mailbox = watching(&[("a", Rendition::Full), ("b", Rendition::Full)]);
    mailbox.push(&camera("a"), message("a", Content::Picture));
    mailbox.push(&camera("b"), message("b", Content::Picture));
    mailbox.set(&HashMap::from([(camera("a"), Rendition::Tile), (camera("b"), Rendition::Full)]));
    assert_eq!(all(&mailbox), ["b"]);
    mailbox.set(&HashMap::new());
    mailbox.push(&camera("b"), message("b", Content::Picture));
    assert_eq!(all(&mailbox), Vec::<String>::new());
}
