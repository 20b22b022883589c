use std::path::Path;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

const DEADLINE: gst::ClockTime = gst::ClockTime::from_seconds(3);

/// The length of a video, if its container states one. Only the progress bar needs it.
pub(super) fn of(path: &Path) -> Option<Duration> {
    vru_media::init().ok()?;
    let pipeline =
        gst::parse::launch("filesrc name=file ! parsebin ! fakesink").ok()?.downcast::<gst::Pipeline>().ok()?;
    pipeline.by_name("file")?.set_property("location", path);
    let length = pipeline.set_state(gst::State::Paused).ok().and_then(|_| {
        let (reached, _, _) = pipeline.state(DEADLINE);
        reached.ok()?;
        pipeline.query_duration::<gst::ClockTime>()
    });
    if pipeline.set_state(gst::State::Null).is_err() {
        tracing::debug!("an element did not stop");
    }
    length.map(|length| Duration::from_nanos(length.nseconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_the_sample_clip_is_read() {
        let path = vru_runtime::assets::require("clips/vtest-h264.mp4").unwrap();
        assert_eq!(of(&path), Some(Duration::from_millis(79_500)));
        assert_eq!(of(Path::new("/nowhere.mp4")), None);
    }
}
