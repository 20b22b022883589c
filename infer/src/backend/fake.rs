//! A backend for tests that needs no model. The same input always gives the same output.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use vru_vision::letterbox::Element;

use super::{Backend, BackendError, ModelIo, OutputTensor, TensorData, TensorPort};
use crate::config::Provider;

/// Width and height of its input, in pixels.
pub const SIDE: u32 = 8;

/// Detects one person in each picture: a box over the middle half of it, with the picture's brightness as score, so a
/// black picture has no detection above the threshold. The output has the end-to-end layout, `batch×1×6`.
#[derive(Debug)]
pub struct FakeBackend {
    io: ModelIo,
    control: Arc<FakeControl>,
}

/// Lets a test observe and control the backend while an engine owns it.
#[derive(Debug, Default)]
pub struct FakeControl {
    /// The sizes of the batches that were run, in order.
    pub batches: Mutex<Vec<usize>>,
    pub run_time: Mutex<Duration>,
    failures: AtomicUsize,
}

impl FakeControl {
    /// Makes the next `count` runs fail.
    pub fn fail_next(&self, count: usize) {
        self.failures.store(count, Ordering::Relaxed);
    }
}

impl FakeBackend {
    /// The model card that describes its output.
    pub const CARD: &'static str = "name = 'fake'\nversion = '1'\nlabels = ['person']\n\
        [input]\nscale = 1.0\n[output]\nlayout = 'end2end'\n";

    /// A backend that takes batches of any size.
    pub fn new() -> (Self, Arc<FakeControl>) {
        let side = i64::from(SIDE);
        let port = |name: &str, dims: Vec<i64>, element| TensorPort {
            name: name.to_owned(),
            dims,
            element: Some(element),
            type_name: format!("{element:?}"),
        };
        let io = ModelIo {
            input: port("images", vec![-1, side, side, 3], Element::U8),
            sizes: Vec::new(),
            outputs: vec![port("found", vec![-1, 1, 6], Element::F32)],
            metadata: [("names".to_owned(), "{0: 'person'}".to_owned())].into(),
            provider: Provider::Cpu,
            placement: Vec::new(),
        };
        let control = Arc::new(FakeControl::default());
        (Self { io, control: control.clone() }, control)
    }
}

impl Backend for FakeBackend {
    fn io(&self) -> &ModelIo {
        &self.io
    }

    fn run(&mut self, batch: usize, input: &TensorData) -> Result<Vec<OutputTensor>, BackendError> {
        let run_time = *self.control.run_time.lock();
        if !run_time.is_zero() {
            std::thread::sleep(run_time);
        }
        let failing =
            self.control.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if failing.is_ok() {
            return Err(BackendError::Fake);
        }
        self.control.batches.lock().push(batch);
        let TensorData::U8(numbers) = input else {
            return Err(BackendError::OutputType { output: "images".to_owned(), type_name: "not uint8".to_owned() });
        };
        let side = SIDE as f32;
        let data = numbers
            .chunks(numbers.len() / batch.max(1))
            .flat_map(|picture| {
                let brightest = picture.iter().copied().max().unwrap_or(0);
                [side / 4.0, side / 4.0, side * 0.75, side * 0.75, f32::from(brightest) / 255.0, 0.0]
            })
            .collect();
        Ok(vec![OutputTensor { name: "found".to_owned(), dims: vec![batch, 1, 6], data }])
    }
}
