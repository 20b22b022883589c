//! The files that `vru analyse` writes. Each gets its final name when it is complete; before, it has the ending `.part`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use vru_media::clip::{ClipInput, ClipWriter};
use vru_media::jpeg;
use vru_proto::v1;
use vru_proto::v1::{RoadUserClass, TrackState};
use vru_vision::geometry::Rect;
use vru_vision::mot::{self, MotEntry};

use super::AnalyseOptions;
use super::stages::AnalysedFrame;
use crate::annotate::{self, Overlay};

/// Deadline of the video writer. The analysis of a long file takes hours on a small machine.
const VIDEO_LIMIT: Duration = Duration::from_hours(7 * 24);

/// The requested files.
pub struct Outputs {
    entries: Vec<MotEntry>,
    mot: Option<PathBuf>,
    video: Option<(ClipWriter, PathBuf)>,
    lines: Option<(BufWriter<File>, PathBuf)>,
    classes: Vec<RoadUserClass>,
    zones: Vec<v1::Zone>,
    crossing_lines: Vec<v1::Line>,
    alerted: HashSet<u64>,
}

impl Outputs {
    /// Opens the files before the analysis starts, so that a wrong path is an error at once.
    pub fn create(options: &AnalyseOptions, camera: Option<&v1::CameraConfig>) -> anyhow::Result<Self> {
        if let Some(path) = &options.mot {
            File::create(unfinished(path)).with_context(|| format!("write {}", path.display()))?;
        }
        let video = options.annotate.clone().map(|path| -> anyhow::Result<_> {
            let writer = ClipWriter::create(&unfinished(&path), ClipInput::Pictures, VIDEO_LIMIT)?;
            Ok((writer, path))
        });
        let lines = options.detections.clone().map(|path| -> anyhow::Result<_> {
            let file = File::create(unfinished(&path)).with_context(|| format!("write {}", path.display()))?;
            Ok((BufWriter::new(file), path))
        });
        Ok(Self {
            entries: Vec::new(),
            mot: options.mot.clone(),
            video: video.transpose()?,
            lines: lines.transpose()?,
            classes: options.classes.clone(),
            zones: camera.map(|camera| camera.zones.clone()).unwrap_or_default(),
            crossing_lines: camera.map(|camera| camera.lines.clone()).unwrap_or_default(),
            alerted: HashSet::new(),
        })
    }

    /// Adds the next frame.
    pub fn add(&mut self, analysed: AnalysedFrame) -> anyhow::Result<()> {
        let AnalysedFrame { frame, picture, detections, alerts } = analysed;
        self.entries.extend(mot_entries(&detections, &self.classes));
        let raised = alerts.iter().filter(|alert| alert.is_raised());
        self.alerted.extend(raised.flat_map(|alert| alert.track_ids.iter().copied()));
        if let Some((file, path)) = &mut self.lines {
            let written =
                serde_json::to_writer(&mut *file, &json_line(&detections, &alerts)).map_err(std::io::Error::from);
            written.and_then(|()| file.write_all(b"\n")).with_context(|| format!("write {}", path.display()))?;
        }
        if let Some((writer, _)) = &mut self.video {
            let mut image = match frame.encoding() {
                v1::Encoding::Jpeg => jpeg::decode(&frame.payload, None).context("decode a frame to draw on")?,
                _ => picture.image,
            };
            let overlay = Overlay {
                detections: &detections,
                zones: &self.zones,
                lines: &self.crossing_lines,
                alerted: &self.alerted,
            };
            annotate::draw(&mut image, &overlay);
            writer.push_picture(frame.captured_at_us, image).context("write the annotated video")?;
        }
        Ok(())
    }

    /// Completes and renames the files. Returns the confirmed tracks of the requested classes.
    pub fn finish(self) -> anyhow::Result<Vec<MotEntry>> {
        if let Some(path) = &self.mot {
            let written = std::fs::write(unfinished(path), mot::write(&self.entries));
            written.with_context(|| format!("write {}", path.display()))?;
            publish(path)?;
        }
        if let Some((mut file, path)) = self.lines {
            file.flush().with_context(|| format!("write {}", path.display()))?;
            publish(&path)?;
        }
        if let Some((writer, path)) = self.video {
            writer.finish().context("finish the annotated video")?;
            publish(&path)?;
        }
        Ok(self.entries)
    }
}

/// The confirmed tracks of these classes in a frame. The frame number is the sequence number + 1.
fn mot_entries(detections: &v1::FrameDetections, classes: &[RoadUserClass]) -> impl Iterator<Item = MotEntry> {
    let frame = detections.frame_id.as_ref().map_or(0, |id| id.sequence) + 1;
    let confirmed = detections.objects.iter().filter(|object| object.track_state() == TrackState::Confirmed);
    confirmed.filter(|object| classes.contains(&object.class())).filter_map(move |object| {
        let v1::Box { left, top, width, height } = object.r#box?;
        let rect = Rect { left, top, width, height };
        Some(MotEntry { frame, track_id: object.track_id, rect, confidence: object.score, class: None })
    })
}

fn json_line(detections: &v1::FrameDetections, alerts: &[v1::Alert]) -> serde_json::Value {
    let objects: Vec<_> = detections
        .objects
        .iter()
        .map(|object| {
            let rect = object.r#box.unwrap_or_default();
            json!({
                "class": object.class().word(),
                "score": object.score,
                "track_id": object.track_id,
                "confirmed": object.track_state() == TrackState::Confirmed,
                "box": [rect.left, rect.top, rect.width, rect.height],
            })
        })
        .collect();
    let of = |which: fn(&v1::Alert) -> bool| -> Vec<serde_json::Value> {
        alerts.iter().filter(|alert| which(alert)).map(json_alert).collect()
    };
    let id = detections.frame_id.clone().unwrap_or_default();
    json!({
        "session": id.session,
        "sequence": id.sequence,
        "captured_at_us": detections.captured_at_us,
        "objects": objects,
        "alerts": of(v1::Alert::is_raised),
        "ended_alerts": of(v1::Alert::is_end),
        "crossings": of(v1::Alert::is_crossing),
    })
}

fn json_alert(alert: &v1::Alert) -> serde_json::Value {
    let time = |us: i64| (us != 0).then_some(us);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "id": alert.id,
        "rule": alert.rule_id,
        "kind": alert.kind().word(),
        "zone": text(&alert.zone_id),
        "line": text(&alert.line_id),
        "direction": alert.is_crossing().then(|| alert.direction().word()),
        "class": alert.class().word(),
        "track_ids": alert.track_ids,
        "occurrence": alert.occurrence,
        "captured_at_us": alert.captured_at_us,
        "began_at_us": time(alert.began_at_us),
        "ended_at_us": time(alert.ended_at_us),
        "end_reason": text(alert.end_reason().word()),
    })
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn publish(path: &Path) -> anyhow::Result<()> {
    std::fs::rename(unfinished(path), path).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mot_has_confirmed_tracks_of_the_requested_classes_and_counts_frames_from_one() {
        use RoadUserClass::{Car, Cyclist, Pedestrian};
        let object = |track_id, class: RoadUserClass, state: TrackState| v1::DetectedObject {
            class: class.into(),
            r#box: Some(v1::Box { left: 1.0, top: 2.0, width: 3.0, height: 4.0 }),
            score: 0.5,
            track_id,
            track_state: state.into(),
            ..Default::default()
        };
        let detections = v1::FrameDetections {
            frame_id: Some(v1::FrameId { sequence: 0, ..Default::default() }),
            objects: vec![
                object(4, Pedestrian, TrackState::Confirmed),
                object(5, Pedestrian, TrackState::Tentative),
                object(6, Car, TrackState::Confirmed),
            ],
            ..Default::default()
        };
        let text = mot::write(&mot_entries(&detections, &[Pedestrian, Cyclist]).collect::<Vec<_>>());
        assert_eq!(text, "1,4,1.00,2.00,3.00,4.00,0.5000,-1,-1,-1\n");
    }
}
