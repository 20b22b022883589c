//! Pictures that are no frames of cameras, on their way to the model.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::model::{ModelOutput, PreparedPicture};
use crate::scheduler::FrameScheduler;

/// A picture for the model, and who waits for its output. Nobody is told anything if the model fails.
#[derive(Debug)]
pub struct Request {
    pub picture: PreparedPicture,
    pub answer: oneshot::Sender<ModelOutput>,
}

/// At most one picture waits for the model, which takes it between two batches.
#[derive(Debug, Clone)]
pub struct ModelRequests {
    waiting: Arc<Mutex<Option<Request>>>,
    scheduler: Arc<FrameScheduler>,
}

impl ModelRequests {
    pub fn new(scheduler: Arc<FrameScheduler>) -> Self {
        Self { waiting: Arc::default(), scheduler }
    }

    /// The model's output for the picture; `None` if the model fails, or has ended. A request that nobody waits for any more is replaced.
    pub async fn ask(&self, picture: PreparedPicture) -> Option<ModelOutput> {
        let (answer, output) = oneshot::channel();
        *self.waiting.lock() = Some(Request { picture, answer });
        self.scheduler.interrupt();
        output.await.ok()
    }

    /// For the thread of the model.
    pub(crate) fn take(&self) -> Option<Request> {
        self.waiting.lock().take().filter(|request| !request.answer.is_closed())
    }
}
