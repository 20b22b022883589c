use super::*;

fn partition() -> Partition {
    Partition::new("frames", 0)
}

fn with(offsets: &[i64]) -> (Offsets, Vec<Ticket>) {
    let book = Offsets::default();
    book.assigned(&partition());
    let tickets = offsets.iter().map(|offset| book.register(&partition(), *offset).unwrap()).collect();
    (book, tickets)
}

fn committable(book: &Offsets) -> Option<i64> {
    book.take_committable(None).first().map(|(_, next)| *next)
}

fn coded(camera: &str, key_frame: bool) -> Coded {
    Coded { camera: camera.parse().unwrap(), key_frame, end_of_stream: false }
}

#[test]
fn only_the_unbroken_prefix_is_committed() {
    let (book, tickets) = with(&[3, 4, 7, 8]);
    book.complete(&tickets[1]);
    assert_eq!(committable(&book), None);
    book.complete(&tickets[0]);
    assert_eq!(committable(&book), Some(7));
    book.complete(&tickets[3]);
    assert_eq!(committable(&book), None);
    book.complete(&tickets[2]);
    assert_eq!(committable(&book), Some(9));
    assert_eq!(committable(&book), None, "the same offset is not committed twice");
}

#[test]
fn a_failed_commit_is_made_up_for() {
    let (book, tickets) = with(&[0]);
    book.complete(&tickets[0]);
    let taken = book.take_committable(None);
    book.uncommitted(&taken);
    assert_eq!(book.take_committable(None), taken);
}

#[test]
fn a_late_result_of_an_earlier_assignment_counts_for_nothing() {
    let (book, tickets) = with(&[0, 1]);
    book.revoked(&[partition()]);
    assert!(book.register(&partition(), 2).is_none());
    book.assigned(&partition());
    let again = book.register(&partition(), 0).unwrap();
    book.complete(&tickets[0]);
    book.complete(&tickets[1]);
    assert_eq!(committable(&book), None);
    book.complete(&again);
    assert_eq!(committable(&book), Some(1));
}

#[test]
fn what_is_left_for_the_next_owner_is_not_open_and_not_committed() {
    let (book, tickets) = with(&[0, 1, 2]);
    book.complete(&tickets[0]);
    book.leave(&tickets[1]);
    book.complete(&tickets[2]);
    assert_eq!(book.open(&[partition()]), 0);
    assert_eq!(committable(&book), Some(1));
}

#[test]
fn a_restart_in_the_middle_of_a_stream_begins_at_its_key_frame() {
    let (book, tickets) = with(&[0, 1, 2, 3, 4, 5]);
    for (at, camera, key_frame) in
        [(0, "a", true), (1, "a", false), (2, "b", true), (3, "a", true), (4, "b", false), (5, "a", false)]
    {
        book.coded(&tickets[at], coded(camera, key_frame));
    }
    for ticket in &tickets[..4] {
        book.complete(ticket);
    }
    // Of `a` from its second key frame; but 4 is open, and builds on 2.
    assert_eq!(committable(&book), Some(2));
    book.complete(&tickets[4]);
    book.complete(&tickets[5]);
    assert_eq!(committable(&book), None, "what comes next of `b` builds on 2");
    let end = book.register(&partition(), 6).unwrap();
    book.coded(&end, Coded { end_of_stream: true, ..coded("b", false) });
    book.complete(&end);
    assert_eq!(committable(&book), Some(3), "nothing comes next of `b`");
}

#[test]
fn a_key_frame_does_not_free_what_is_still_open_before_it() {
    let (book, tickets) = with(&[0, 1, 2]);
    for (at, key_frame) in [(0, true), (1, false), (2, true)] {
        book.coded(&tickets[at], coded("a", key_frame));
    }
    book.complete(&tickets[0]);
    book.complete(&tickets[2]);
    assert_eq!(committable(&book), None, "1 is open and builds on 0");
    book.complete(&tickets[1]);
    assert_eq!(committable(&book), Some(2));
}

#[tokio::test]
async fn draining_ends_with_the_last_result_or_the_deadline() {
    let (book, tickets) = with(&[0, 1]);
    assert!(!book.drained(&[partition()], Duration::from_millis(20)).await);
    let book = std::sync::Arc::new(book);
    let waiting = tokio::spawn({
        let book = book.clone();
        async move { book.drained(&[partition()], Duration::from_mins(1)).await }
    });
    tokio::task::yield_now().await;
    for ticket in &tickets {
        book.complete(ticket);
    }
    assert!(waiting.await.unwrap());
}
