use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use rand::Rng as _;
use vru_runtime::test_util::seeded_rng;

use super::*;
use crate::feed::FeedKind;

/// A frame is its camera's number and its own; what is known about a camera is which frames were analysed.
type Queue = AnalysisQueue<(usize, u64), Vec<u64>>;

fn id(camera: usize) -> Feed {
    Feed { camera: format!("camera-{camera}").parse().unwrap(), kind: FeedKind::Live }
}

fn push(queue: &Queue, camera: usize, sequence: u64) {
    assert!(queue.push(&id(camera), (camera, sequence)));
}

/// Analyses until the queue ends.
fn serve(queue: &Queue, mut at: impl FnMut(usize, u64, &[u64])) {
    let _abort = queue.abort_on_panic();
    while let Some(turn) = queue.next(|_| true) {
        let Turn::Analyse(id, (camera, sequence), known) = turn else { unreachable!("every frame is current") };
        let mut known = known.unwrap_or_default();
        at(camera, sequence, &known);
        known.push(sequence);
        queue.finish(&id, known);
    }
}

#[test]
fn every_frame_is_analysed_once_in_order_and_by_one_thread_at_a_time_whatever_the_load() {
    let mut random = seeded_rng("frames of many cameras");
    for _ in 0..20 {
        let (cameras, threads) = (random.random_range(1..=12), random.random_range(1..=8));
        let queue = Queue::new(random.random_range(1..=20));
        let busy: Vec<AtomicBool> = (0..cameras).map(|_| AtomicBool::new(false)).collect();
        let analysed: Vec<AtomicUsize> = (0..cameras).map(|_| AtomicUsize::new(0)).collect();
        let mut sent = vec![0; cameras];
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    serve(&queue, |camera, sequence, known| {
                        assert!(!busy[camera].swap(true, Ordering::SeqCst), "two threads are at camera {camera}");
                        assert_eq!(known, (0..sequence).collect::<Vec<_>>(), "camera {camera}");
                        std::thread::yield_now();
                        analysed[camera].fetch_add(1, Ordering::SeqCst);
                        busy[camera].store(false, Ordering::SeqCst);
                    });
                });
            }
            for _ in 0..400 {
                let camera = random.random_range(0..cameras);
                push(&queue, camera, sent[camera] as u64);
                sent[camera] += 1;
            }
            queue.close();
        });
        let analysed: Vec<usize> = analysed.iter().map(|count| count.load(Ordering::SeqCst)).collect();
        assert_eq!(analysed, sent);
    }
}

#[test]
fn as_many_cameras_are_analysed_at_once_as_there_are_threads_whichever_they_are() {
    const THREADS: usize = 4;
    const CAMERAS: usize = 100;
    let mut random = seeded_rng("cameras at once");
    let queue = Queue::new(16);
    // Each analysis waits until every thread is at one.
    let all_at_once = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                serve(&queue, |_, _, _| {
                    all_at_once.wait();
                });
            });
        }
        let mut sent = vec![0; CAMERAS];
        for _ in 0..50 {
            for camera in rand::seq::index::sample(&mut random, CAMERAS, THREADS) {
                push(&queue, camera, sent[camera]);
                sent[camera] += 1;
            }
            all_at_once.wait();
        }
        queue.close();
    });
}

#[test]
fn a_camera_whose_analysis_is_slow_holds_one_thread_and_no_other_camera() {
    const OTHERS: usize = 5;
    const FRAMES: u64 = 20;
    let queue = Queue::new(16);
    let others_done = AtomicUsize::new(0);
    let slow_done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                serve(&queue, |camera, sequence, _| {
                    if camera > 0 {
                        others_done.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                    // The first frame of the slow camera takes until all others are analysed.
                    while sequence == 0 && others_done.load(Ordering::SeqCst) < OTHERS * FRAMES as usize {
                        std::thread::yield_now();
                    }
                    slow_done.fetch_add(1, Ordering::SeqCst);
                });
            });
        }
        for sequence in 0..3 {
            push(&queue, 0, sequence);
        }
        for sequence in 0..FRAMES {
            (1..=OTHERS).for_each(|camera| push(&queue, camera, sequence));
        }
        queue.close();
    });
    assert_eq!(slow_done.into_inner(), 3);
}

#[test]
fn cameras_take_turns_however_many_frames_of_one_wait() {
    let queue = Queue::new(16);
    (0..3).for_each(|sequence| push(&queue, 0, sequence));
    push(&queue, 1, 0);
    queue.close();
    let mut order = Vec::new();
    serve(&queue, |camera, sequence, _| order.push((camera, sequence)));
    assert_eq!(order, [(0, 0), (1, 0), (0, 1), (0, 2)]);
}

#[test]
fn what_is_forgotten_or_replaced_during_a_turn_does_not_come_back() {
    let queue = Queue::new(16);
    for (sequence, known_next) in [(0, None), (10, Some(vec![7]))] {
        push(&queue, 0, sequence);
        push(&queue, 0, sequence + 1);
        assert!(matches!(queue.next(|_| true), Some(Turn::Analyse(..))));
        queue.forget(&[id(0)]);
        if let Some(known) = &known_next {
            queue.know(&id(0), known.clone());
        }
        queue.finish(&id(0), vec![sequence]);
        assert_eq!(queue.next(|_| true), Some(Turn::Analyse(id(0), (0, sequence + 1), known_next)));
        queue.finish(&id(0), vec![sequence + 1]);
        queue.forget(&[id(0)]);
    }
    assert!(queue.cameras.lock().by_id.is_empty(), "a forgotten camera costs no memory");
}

#[test]
fn an_outdated_frame_takes_nothing_from_the_frames_after_it() {
    let queue = Queue::new(16);
    (0..3).for_each(|sequence| push(&queue, 0, sequence));
    queue.know(&id(0), vec![7]);
    let current = |frame: &(usize, u64)| frame.1 == 2;
    assert_eq!(queue.next(current), Some(Turn::Outdated((0, 0))));
    assert_eq!(queue.next(current), Some(Turn::Outdated((0, 1))));
    assert_eq!(queue.next(current), Some(Turn::Analyse(id(0), (0, 2), Some(vec![7]))));
}

#[test]
fn a_thread_that_panics_ends_the_others_and_who_fills_the_queue() {
    let queue = Arc::new(Queue::new(2));
    let served = {
        let queue = queue.clone();
        std::thread::spawn(move || serve(&queue, |_, _, _| panic!("a fault in the analysis")))
    };
    let other = {
        let queue = queue.clone();
        std::thread::spawn(move || while queue.next(|_| true).is_some() {})
    };
    // The other thread never finishes its turns, so this ends only if a frame is refused.
    let mut camera = 0;
    while queue.push(&id(camera), (camera, 0)) {
        camera += 1;
    }
    assert!(served.join().is_err());
    other.join().unwrap();
}
