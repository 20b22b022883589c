//! Pipelines with an element that does not return from the change of its state to NULL.

use std::sync::Arc;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use parking_lot::{Condvar, Mutex};
use vru_runtime::admin::Readiness;
use vru_runtime::failure::Failure;
use vru_runtime::test_util::eventually;

use super::*;
use crate::source::running_pipeline::RunningPipeline;

const DEADLINE: Duration = Duration::from_mins(1);

/// Closed until it is opened.
#[derive(Debug, Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut open = self.open.lock();
        while !*open {
            self.changed.wait(&mut open);
        }
    }

    fn open(&self) {
        *self.open.lock() = true;
        self.changed.notify_all();
    }
}

mod imp {
    use std::sync::OnceLock;

    use gstreamer::subclass::prelude::*;

    use super::*;

    #[derive(Default)]
    pub(super) struct Stuck {
        pub(super) gate: OnceLock<Arc<Gate>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Stuck {
        const NAME: &'static str = "VruStuckForTests";
        type Type = super::Stuck;
        type ParentType = gst::Element;
    }

    impl ObjectImpl for Stuck {}
    impl GstObjectImpl for Stuck {}

    impl ElementImpl for Stuck {
        fn change_state(&self, transition: gst::StateChange) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
            if transition == gst::StateChange::ReadyToNull
                && let Some(gate) = self.gate.get()
            {
                gate.pass();
            }
            self.parent_change_state(transition)
        }
    }
}

glib::wrapper! {
    struct Stuck(ObjectSubclass<imp::Stuck>) @extends gst::Element, gst::Object;
}

/// A pipeline that cannot be shut down before the gate is open.
fn stuck(gate: &Arc<Gate>, shutdowns: &Arc<PipelineShutdowns>, camera: &CameraId) -> RunningPipeline {
    use gstreamer::subclass::prelude::ObjectSubclassIsExt as _;
    let element: Stuck = glib::Object::new();
    assert!(element.imp().gate.set(gate.clone()).is_ok());
    let running = RunningPipeline::new(shutdowns, camera).unwrap();
    running.pipeline.add(&element).unwrap();
    running.pipeline.set_state(gst::State::Ready).unwrap();
    running
}

struct Rig {
    shutdowns: Arc<PipelineShutdowns>,
    readiness: Readiness,
    failure: Failure,
    gate: Arc<Gate>,
}

fn rig(limits: HangLimits) -> Rig {
    vru_media::init().unwrap();
    let (readiness, failure) = (Readiness::default(), Failure::default());
    let shutdowns = PipelineShutdowns::new(limits, readiness.part("pipelines"), failure.clone());
    Rig { shutdowns, readiness, failure, gate: Arc::default() }
}

fn camera(name: &str) -> CameraId {
    name.parse().unwrap()
}

fn gauge(camera: &str) -> Option<i64> {
    let counts = vru_runtime::metrics::gauges_by(&HUNG_PIPELINES, ["camera"]);
    counts.get(&[camera.to_owned()]).copied()
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_shutdowns_are_counted_reported_and_stop_only_their_camera() {
    let limits = HangLimits { deadline: Duration::from_millis(50), per_camera: 2, report: 2, total: 100 };
    let Rig { shutdowns, readiness, failure, gate } = rig(limits);
    let (bad, good) = (camera("hangs"), camera("hangs-not"));
    assert!(readiness.waiting_for().is_empty());
    stuck(&gate, &shutdowns, &bad).shut_down().await;
    assert_eq!(gauge("hangs"), Some(1));
    shutdowns.check(&bad).unwrap();
    stuck(&gate, &shutdowns, &bad).shut_down().await;
    assert_eq!(gauge("hangs"), Some(2));
    // The camera is not connected again; another one is.
    assert!(matches!(RunningPipeline::new(&shutdowns, &bad), Err(SourceError::PipelinesHang { hung: 2 })));
    RunningPipeline::new(&shutdowns, &good).unwrap().shut_down().await;
    let why = readiness.waiting_for()["pipelines"].clone();
    assert!(why.contains("hangs (2)"), "{why}");
    gate.open();
    eventually(DEADLINE, "the pipelines to end", async || {
        let waiting = readiness.waiting_for();
        if gauge("hangs").is_none() && waiting.is_empty() { Ok(()) } else { Err(format!("{waiting:?}")) }
    })
    .await;
    shutdowns.check(&bad).unwrap();
    assert!(!failure.is_reported());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_too_many_hung_shutdowns_ends_with_an_error() {
    let limits = HangLimits { deadline: Duration::from_millis(50), per_camera: 2, report: 2, total: 3 };
    let Rig { shutdowns, failure, gate, .. } = rig(limits);
    for name in ["too-many-a", "too-many-b", "too-many-c"] {
        assert!(!failure.is_reported());
        stuck(&gate, &shutdowns, &camera(name)).shut_down().await;
    }
    let error = failure.take().expect("the service fails").to_string();
    assert!(error.contains("3 pipelines hang") && error.contains("too-many-b"), "{error}");
    gate.open();
}
