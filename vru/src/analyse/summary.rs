//! The numbers at the end of `vru analyse`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use vru_infer::config::Provider;
use vru_infer::model::Model;
use vru_ingest::source::file::FileReport;
use vru_proto::v1::TrackState;
use vru_vision::mot::Evaluation;

use super::stages::AnalysedFrame;

/// Numbers of crossings by line, direction and class of the road user.
pub type Crossings = BTreeMap<String, BTreeMap<&'static str, BTreeMap<&'static str, u64>>>;

/// Counts of a whole file.
#[derive(Debug, Clone)]
pub struct Summary {
    pub frames: u64,
    pub undecodable: u64,
    /// Objects in all frames, tracked or not.
    pub detections: u64,
    /// Raised alerts by rule.
    pub alerts_by_rule: BTreeMap<String, u64>,
    /// Crossings by line, direction and class.
    pub crossings: Crossings,
    /// How good the tracks are, if there is ground truth.
    pub evaluation: Option<Evaluation>,
    /// What the file gave.
    pub file: FileReport,
    video: String,
    model: String,
    provider: &'static str,
    took: Duration,
    /// By confirmed track: in how many frames it had each class.
    tracks: BTreeMap<u64, BTreeMap<&'static str, u64>>,
}

impl Summary {
    /// An empty summary.
    pub(super) fn new(video: &Path, model: &Model, provider: Provider) -> Self {
        Self {
            frames: 0,
            undecodable: 0,
            detections: 0,
            alerts_by_rule: BTreeMap::new(),
            crossings: Crossings::new(),
            evaluation: None,
            file: FileReport::default(),
            video: video.display().to_string(),
            model: format!("{} {}", model.name, model.version),
            provider: provider.name(),
            took: Duration::ZERO,
            tracks: BTreeMap::new(),
        }
    }

    /// Counts a frame.
    pub(super) fn add(&mut self, analysed: &AnalysedFrame) {
        self.frames += 1;
        self.detections += analysed.detections.objects.len() as u64;
        for alert in analysed.alerts.iter().filter(|alert| alert.is_raised()) {
            *self.alerts_by_rule.entry(alert.rule_id.clone()).or_default() += 1;
        }
        for alert in analysed.alerts.iter().filter(|alert| alert.is_crossing()) {
            let line = self.crossings.entry(alert.line_id.clone()).or_default();
            let direction = line.entry(alert.direction().word()).or_default();
            *direction.entry(alert.class().word()).or_default() += 1;
        }
        for object in &analysed.detections.objects {
            if object.track_state() == TrackState::Confirmed {
                let classes = self.tracks.entry(object.track_id).or_default();
                *classes.entry(object.class().word()).or_default() += 1;
            }
        }
    }

    /// Sets the duration of the analysis, how many of the read frames could not be decoded, and what the file gave.
    pub(super) fn finish(&mut self, took: Duration, undecodable: u64, file: FileReport) {
        self.took = took;
        self.undecodable = undecodable + file.lost;
        self.file = file;
    }

    /// Whether every frame that the file announces was analysed.
    pub fn is_whole(&self) -> bool {
        self.undecodable == 0 && self.file.is_whole()
    }

    /// Number of raised alerts.
    pub fn alerts(&self) -> u64 {
        self.alerts_by_rule.values().sum()
    }

    /// Number of confirmed tracks.
    pub fn track_count(&self) -> usize {
        self.tracks.len()
    }

    /// Confirmed tracks by class. A track counts as the class that it had in most frames.
    pub fn tracks_by_class(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for classes in self.tracks.values() {
            if let Some((class, _)) = classes.iter().max_by_key(|(_, frames)| **frames) {
                *counts.entry(*class).or_default() += 1;
            }
        }
        counts
    }

    /// Analysed frames per second.
    pub fn rate(&self) -> f64 {
        self.frames as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// As one JSON object.
    pub fn json(&self) -> serde_json::Value {
        let evaluation = self.evaluation.map(|evaluation| {
            json!({
                "mota": evaluation.mota(),
                "idf1": evaluation.idf1(),
                "hota": evaluation.hota.hota,
                "switches": evaluation.switches,
                "misses": evaluation.misses,
                "false_positives": evaluation.false_positives,
                "frames": evaluation.frames,
            })
        });
        json!({
            "video": self.video,
            "model": self.model,
            "provider": self.provider,
            "frames": self.frames,
            "undecodable": self.undecodable,
            "whole": self.is_whole(),
            "missing_seconds": self.file.missing.map(|missing| missing.millis as f64 / 1e3),
            "missing_frames": self.file.missing.map(|missing| missing.frames),
            "video_read": self.file.chosen,
            "faults": self.file.faults(),
            "frames_without_time": self.file.retimed,
            "seconds": self.took.as_secs_f64(),
            "frames_per_second": self.rate(),
            "detections": self.detections,
            "tracks": self.track_count(),
            "tracks_by_class": self.tracks_by_class(),
            "alerts": self.alerts(),
            "alerts_by_rule": self.alerts_by_rule,
            "crossings": self.crossings,
            "evaluation": evaluation,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.video)?;
        writeln!(f, "  model       {} on {}", self.model, self.provider)?;
        let seconds = self.took.as_secs_f64();
        writeln!(f, "  frames      {} in {seconds:.1} s, {:.1} per second", self.frames, self.rate())?;
        if self.undecodable > 0 {
            writeln!(f, "  undecodable {}", self.undecodable)?;
        }
        if let Some(chosen) = &self.file.chosen {
            writeln!(f, "  video       {chosen}")?;
        }
        if self.file.retimed > 0 {
            writeln!(f, "  times       {} frames had none that rises: the nominal rate was used", self.file.retimed)?;
        }
        for fault in self.file.faults() {
            writeln!(f, "  fault       {fault}")?;
        }
        writeln!(f, "  detections  {}", self.detections)?;
        writeln!(f, "  tracks      {}", self.track_count())?;
        for (class, count) in self.tracks_by_class() {
            writeln!(f, "    {class:<12} {count}")?;
        }
        write!(f, "  alerts      {}", self.alerts())?;
        for (rule, count) in &self.alerts_by_rule {
            write!(f, "\n    {rule:<12} {count}")?;
        }
        for (line, directions) in &self.crossings {
            write!(f, "\n  line {line}")?;
            for (direction, classes) in directions {
                let classes: Vec<_> = classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
                write!(f, "\n    {direction:<12} {}", classes.join(", "))?;
            }
        }
        match &self.evaluation {
            Some(evaluation) => write!(f, "\n  tracking    {evaluation}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use vru_infer::picture::Picture;
    use vru_proto::v1::{DetectedObject, Frame, FrameDetections, RoadUserClass};

    use vru_vision::image::Image;

    use super::*;

    fn analysed(objects: &[(u64, RoadUserClass, TrackState)]) -> AnalysedFrame {
        let objects = objects.iter().map(|&(track_id, class, state)| DetectedObject {
            track_id,
            class: class.into(),
            track_state: state.into(),
            ..Default::default()
        });
        let detections = FrameDetections { objects: objects.collect(), ..Default::default() };
        let picture = Picture::new(Image::filled(1, 1, [0; 3]));
        AnalysedFrame { frame: Frame::default(), picture, detections, alerts: Vec::new() }
    }

    #[test]
    fn a_track_counts_as_the_class_that_it_had_in_most_frames() {
        use RoadUserClass::{Cyclist, Pedestrian};
        use TrackState::{Confirmed, Tentative};
        let mut summary = Summary {
            frames: 0,
            undecodable: 0,
            detections: 0,
            alerts_by_rule: BTreeMap::new(),
            crossings: Crossings::new(),
            evaluation: None,
            file: FileReport::default(),
            video: String::new(),
            model: String::new(),
            provider: "cpu",
            took: Duration::from_secs(1),
            tracks: BTreeMap::new(),
        };
        summary.add(&analysed(&[(1, Pedestrian, Tentative), (2, Cyclist, Confirmed)]));
        summary.add(&analysed(&[(1, Pedestrian, Confirmed), (2, Pedestrian, Confirmed)]));
        summary.add(&analysed(&[(2, Cyclist, Confirmed), (3, Cyclist, Tentative)]));
        assert_eq!(summary.tracks_by_class(), BTreeMap::from([("cyclist", 1), ("pedestrian", 1)]));
        assert_eq!((summary.frames, summary.detections, summary.track_count()), (3, 6, 2));
    }
}
