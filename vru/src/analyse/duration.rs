use std::path::Path;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

const DEADLINE: gst::ClockTime = gst::ClockTime::from_seconds(3);

/// How long a video is, if its container says so. Only for the progress bar.
pub(super) fn of(path: &Path) -> Option<Duration> {
    vru_media::init().ok()?;
    let pipeline =
        gst::parse::launch("filesrc name=file ! parsebin ! fakesink").ok()?.downcast::<gst::Pipeline>().ok()?;
    pipeline.by_name("file")?.set_property("location", path);
    let asked = pipeline.set_state(gst::State::Paused).ok().and_then(|_| {
        let (reached, _, _) = pipeline.state(DEADLINE);
        reached.ok()?;
        pipeline.query_duration::<gst::ClockTime>()
    });
    if pipeline.set_state(gst::State::Null).is_err() {
        tracing::debug!("an element did not stop");
    }
    asked.map(|length| Duration::from_nanos(length.nseconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_clip_lasts_as_long_as_its_frames() {
        let path = vru_runtime::assets::require("clips/vtest-h264.mp4").unwrap();
        assert_eq!(of(&path), Some(Duration::from_millis(79_500)));
        assert_eq!(of(Path::new("/nowhere.mp4")), None);
    }
}
