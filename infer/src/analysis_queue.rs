//! The frames that wait for analysis: a queue for each camera, which several threads serve. One thread at a time is at a camera, so its
//! frames are analysed in order, and what is known about it needs no lock. A thread that is free takes a frame of the camera that waits
//! the longest: a camera whose analysis is slow holds one thread.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::feed::Feed;

/// The queues of all cameras. `F` is a frame, `K` is what is known about a camera from one frame to the next.
#[derive(Debug)]
pub struct AnalysisQueue<F, K> {
    cameras: Mutex<Cameras<F, K>>,
    /// Notified when a frame may have its turn, and at the end.
    turn: Condvar,
    /// Notified when a frame was taken, and at the end.
    room: Condvar,
    /// Notified when the queue is closed.
    closing: Condvar,
    limit: usize,
}

#[derive(Debug)]
struct Cameras<F, K> {
    by_id: HashMap<Feed, Camera<F, K>>,
    /// The cameras with a frame and without a thread, the one that waits the longest first.
    turns: VecDeque<Feed>,
    /// The frames of all cameras that no thread has taken.
    waiting: usize,
    closed: bool,
    aborted: bool,
}

#[derive(Debug)]
struct Camera<F, K> {
    frames: VecDeque<F>,
    /// `None` also while a thread has it.
    known: Option<K>,
    /// A thread is at a frame of this camera.
    busy: bool,
    /// What the thread knows was replaced or forgotten in the meantime.
    replaced: bool,
}

/// What a thread does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<F, K> {
    /// Analyse the frame with what is known about the camera, and then call [`AnalysisQueue::finish`].
    Analyse(Feed, F, Option<K>),
    /// The frame is from an assignment that has ended. There is nothing to finish.
    Outdated(F),
}

/// What [`AnalysisQueue::between_frames`] finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Between<K> {
    /// Frames of the camera wait, or a thread is at it.
    Busy,
    Known(K),
    Unknown,
}

/// Ends the queue if its thread panics. See [`AnalysisQueue::abort_on_panic`].
#[derive(Debug)]
pub struct AbortOnPanic<'a, F, K>(&'a AnalysisQueue<F, K>);

impl<F, K> AnalysisQueue<F, K> {
    /// A queue in which `limit` frames of all cameras together may wait.
    pub fn new(limit: usize) -> Self {
        let cameras =
            Cameras { by_id: HashMap::new(), turns: VecDeque::new(), waiting: 0, closed: false, aborted: false };
        Self {
            cameras: Mutex::new(cameras),
            turn: Condvar::new(),
            room: Condvar::new(),
            closing: Condvar::new(),
            limit: limit.max(1),
        }
    }

    /// Appends a frame. Blocks while the queue is full; false if the queue has ended.
    pub fn push(&self, id: &Feed, frame: F) -> bool {
        let mut cameras = self.cameras.lock();
        while cameras.waiting >= self.limit && !cameras.aborted {
            self.room.wait(&mut cameras);
        }
        if cameras.closed || cameras.aborted {
            return false;
        }
        cameras.waiting += 1;
        let camera = cameras.camera(id);
        camera.frames.push_back(frame);
        if !camera.busy && camera.frames.len() == 1 {
            cameras.turns.push_back(id.clone());
            self.turn.notify_one();
        }
        true
    }

    /// The next turn. Blocks until there is one; `None` when the queue is closed and no frame is left. `is_current` says whether the
    /// assignment that a frame was read in lasts.
    pub fn next(&self, is_current: impl Fn(&F) -> bool) -> Option<Turn<F, K>> {
        let mut cameras = self.cameras.lock();
        loop {
            if cameras.aborted {
                return None;
            }
            if let Some(turn) = cameras.take(&is_current) {
                self.room.notify_one();
                self.notify_if_ended(&cameras);
                return Some(turn);
            }
            if cameras.has_ended() {
                return None;
            }
            self.turn.wait(&mut cameras);
        }
    }

    /// Ends the turn of a camera, with what is known about it for its next frame.
    pub fn finish(&self, id: &Feed, known: K) {
        let mut cameras = self.cameras.lock();
        let camera = cameras.camera(id);
        camera.busy = false;
        if !std::mem::take(&mut camera.replaced) {
            camera.known = Some(known);
        }
        if camera.frames.is_empty() {
            cameras.remove_if_unused(id);
        } else {
            cameras.turns.push_back(id.clone());
            self.turn.notify_one();
        }
    }

    /// The cameras about which something is known.
    pub fn known(&self) -> Vec<Feed> {
        let cameras = self.cameras.lock();
        cameras.by_id.iter().filter(|(_, camera)| camera.known.is_some()).map(|(id, _)| id.clone()).collect()
    }

    /// A turn between two frames: what is known about the camera, if no frame of it waits and no thread is at it. Call
    /// [`AnalysisQueue::finish`] in the end if anything is known.
    pub fn between_frames(&self, id: &Feed) -> Between<K> {
        let mut cameras = self.cameras.lock();
        match cameras.by_id.get_mut(id) {
            Some(camera) if camera.busy || !camera.frames.is_empty() => Between::Busy,
            Some(camera) => match camera.known.take() {
                Some(known) => {
                    camera.busy = true;
                    Between::Known(known)
                }
                None => Between::Unknown,
            },
            None => Between::Unknown,
        }
    }

    /// Waits for so long; true as soon as the queue is closed.
    pub fn wait_closed(&self, at_most: Duration) -> bool {
        let mut cameras = self.cameras.lock();
        let over = |cameras: &mut Cameras<F, K>| cameras.closed || cameras.aborted;
        self.closing.wait_while_for(&mut cameras, |cameras| !over(cameras), at_most);
        over(&mut cameras)
    }

    /// Replaces what is known about a camera, for its next frame.
    pub fn know(&self, id: &Feed, known: K) {
        let mut cameras = self.cameras.lock();
        let camera = cameras.camera(id);
        camera.known = Some(known);
        camera.replaced = camera.busy;
    }

    /// Forgets what is known about these cameras. Their frames stay.
    pub fn forget(&self, ids: &[Feed]) {
        let mut cameras = self.cameras.lock();
        for id in ids {
            if let Some(camera) = cameras.by_id.get_mut(id) {
                camera.known = None;
                camera.replaced = camera.busy;
                cameras.remove_if_unused(id);
            }
        }
    }

    /// Ends the queue when its frames are taken.
    pub fn close(&self) {
        let mut cameras = self.cameras.lock();
        cameras.closed = true;
        self.closing.notify_all();
        self.notify_if_ended(&cameras);
    }

    /// The guard ends the queue at once if the present thread panics: the frames of the camera that it is at would wait forever.
    #[must_use]
    pub fn abort_on_panic(&self) -> AbortOnPanic<'_, F, K> {
        AbortOnPanic(self)
    }

    fn notify_if_ended(&self, cameras: &Cameras<F, K>) {
        if cameras.has_ended() {
            self.turn.notify_all();
            self.room.notify_all();
        }
    }
}

impl<F, K> Drop for AbortOnPanic<'_, F, K> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut cameras = self.0.cameras.lock();
            cameras.aborted = true;
            self.0.closing.notify_all();
            self.0.notify_if_ended(&cameras);
        }
    }
}

impl<F, K> Cameras<F, K> {
    fn camera(&mut self, id: &Feed) -> &mut Camera<F, K> {
        self.by_id.entry(id.clone()).or_insert_with(|| Camera {
            frames: VecDeque::new(),
            known: None,
            busy: false,
            replaced: false,
        })
    }

    /// `is_current` is asked under the lock: otherwise a partition could leave and return in between, and an old frame would be analysed
    /// with what is known for the new ones.
    fn take(&mut self, is_current: impl Fn(&F) -> bool) -> Option<Turn<F, K>> {
        let id = self.turns.pop_front()?;
        let camera = self.by_id.get_mut(&id)?;
        let frame = camera.frames.pop_front()?;
        self.waiting -= 1;
        if is_current(&frame) {
            camera.busy = true;
            let known = camera.known.take();
            return Some(Turn::Analyse(id, frame, known));
        }
        if camera.frames.is_empty() {
            self.remove_if_unused(&id);
        } else {
            self.turns.push_back(id);
        }
        Some(Turn::Outdated(frame))
    }

    fn remove_if_unused(&mut self, id: &Feed) {
        let unused = |camera: &Camera<F, K>| !camera.busy && camera.known.is_none() && camera.frames.is_empty();
        if self.by_id.get(id).is_some_and(unused) {
            self.by_id.remove(id);
        }
    }

    fn has_ended(&self) -> bool {
        self.aborted || (self.closed && self.waiting == 0)
    }
}
