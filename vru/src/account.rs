//! The account at the end of a run: what became of every frame.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::counts::PipelineCounts;
use crate::latency::Percentiles;

/// It balances when every frame that ingest received was analysed or dropped for a reason, every analysed frame has a row, and
/// every alert reached the subscriber.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// Cameras that sent frames and still exist.
    pub cameras: usize,
    /// Frames that ingest received, after sampling.
    pub frames_in: u64,
    /// Frames whose detections were published.
    pub frames_inferred: u64,
    /// Objects in these frames.
    pub detections: u64,
    /// Rows of these frames in PostgreSQL.
    pub rows: u64,
    /// Frames that had a row before this run: those of a file that was read again.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows_before: u64,
    /// Alerts that a gRPC subscriber received.
    pub alerts: u64,
    /// Frames that were not analysed, by stage and reason.
    pub drops: BTreeMap<String, u64>,
    /// From the capture of a frame to its alert at the subscriber, milliseconds; null without alerts.
    pub glass_to_alert_ms: Option<Percentiles>,
    #[serde(skip)]
    raised: u64,
}

impl Account {
    /// Compares the services' counts with the rows in the database and the alerts at the subscriber.
    pub fn new(counts: &PipelineCounts, rows: u64, alerts: u64, glass_to_alert_ms: Option<Percentiles>) -> Self {
        let total = counts.total();
        Self {
            cameras: counts.cameras.values().filter(|camera| camera.frames_in > 0).count(),
            // Pictures that are decoded only as references are not to be analysed.
            frames_in: total.frames_in.saturating_sub(total.references),
            frames_inferred: total.inferred,
            detections: total.detections,
            rows,
            // A batch whose commit succeeded unnoticed is written again: its frames count as known, but their rows are of this run.
            rows_before: counts.known_frames.min(total.inferred.saturating_sub(rows)),
            alerts,
            drops: total.drops.into_iter().filter(|(_, count)| *count > 0).collect(),
            glass_to_alert_ms,
            raised: total.alerts,
        }
    }

    /// What does not balance; empty when everything does.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let dropped: u64 = self.drops.values().sum();
        let Self { frames_in, frames_inferred, rows, rows_before, alerts, raised, .. } = self;
        if *frames_in != frames_inferred + dropped {
            problems.push(format!("{frames_in} frames in, but {frames_inferred} inferred and {dropped} dropped"));
        }
        if rows + rows_before != *frames_inferred {
            problems.push(format!("{frames_inferred} frames inferred, but {rows} rows in PostgreSQL"));
        }
        if alerts != raised {
            problems.push(format!("{raised} alerts raised, but {alerts} received by the subscriber"));
        }
        problems
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  cameras        {}", self.cameras)?;
        writeln!(f, "  frames in      {}", self.frames_in)?;
        writeln!(f, "  inferred       {}", self.frames_inferred)?;
        for (reason, count) in &self.drops {
            writeln!(f, "  dropped        {count} ({reason})")?;
        }
        writeln!(f, "  rows           {}", self.rows)?;
        if self.rows_before > 0 {
            writeln!(f, "  stored before  {}", self.rows_before)?;
        }
        writeln!(f, "  detections     {}", self.detections)?;
        write!(f, "  alerts         {}", self.alerts)?;
        match self.glass_to_alert_ms {
            Some(Percentiles { p50, p95 }) => write!(f, "\n  glass to alert p50 {p50:.0} ms, p95 {p95:.0} ms"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use vru_infer::InferCounts;
    use vru_ingest::IngestCounts;
    use vru_sink::postgres::PostgresCounts;

    use super::*;
    use crate::counts::CameraCounts;

    fn counts() -> PipelineCounts {
        let camera = CameraCounts {
            frames_in: 10,
            published: 9,
            received: 9,
            inferred: 7,
            detections: 20,
            alerts: 1,
            references: 0,
            drops: [("ingest_queue_full".to_owned(), 1), ("infer_too_old".to_owned(), 2)].into(),
        };
        let silent = CameraCounts::default();
        let cameras = [("a".to_owned(), camera), ("b".to_owned(), silent)].into();
        PipelineCounts { cameras, stored_frames: 7, ..PipelineCounts::default() }
    }

    #[test]
    fn a_balanced_account_has_no_problem_and_the_promised_keys() {
        let latency = Percentiles { p50: 200.0, p95: 300.0 };
        let account = Account::new(&counts(), 7, 1, Some(latency));
        assert_eq!(account.problems(), Vec::<String>::new());
        let json = serde_json::to_string(&account).unwrap();
        let wanted = r#"{"cameras":1,"frames_in":10,"frames_inferred":7,"detections":20,"rows":7,"alerts":1,"#;
        assert!(json.starts_with(wanted), "{json}");
        assert!(json.contains(r#""drops":{"infer_too_old":2,"ingest_queue_full":1}"#), "{json}");
        assert!(json.ends_with(r#""glass_to_alert_ms":{"p50":200.0,"p95":300.0}}"#), "{json}");
    }

    /// A dead letter is a frame of its camera too.
    #[test]
    fn frames_that_inference_cannot_read_are_in_the_account() {
        let inference =
            InferCounts { sent: 8, dropped: [("unreadable".to_owned(), 2)].into(), ..InferCounts::default() };
        let ingest = IngestCounts { received: 10, sent: 10, ..IngestCounts::default() };
        let rows = PostgresCounts { stored_frames: 8, ..PostgresCounts::default() };
        let of = |counts| [("a".to_owned(), counts)].into();
        let counts = PipelineCounts::of(of(ingest), [("a".to_owned(), inference)].into(), rows);
        let account = Account::new(&counts, 8, 0, None);
        assert_eq!(account.problems(), Vec::<String>::new());
        assert!(account.to_string().contains("dropped        2 (infer_unreadable)"), "{account}");
        assert_eq!(counts.cameras["a"].settled(), 10, "nobody waits for them");
    }

    #[test]
    fn frames_that_had_rows_before_are_shown_and_are_no_problem() {
        let again = PipelineCounts { stored_frames: 4, known_frames: 3, ..counts() };
        let account = Account::new(&again, 4, 1, None);
        assert_eq!(account.problems(), Vec::<String>::new());
        assert!(account.to_string().contains("stored before  3"), "{account}");
        assert_eq!(Account::new(&again, 3, 1, None).problems().len(), 1, "one frame has no row");
        // All rows are of this run, and three frames were written twice.
        assert_eq!(Account::new(&again, 7, 1, None).rows_before, 0);
    }

    #[test]
    fn a_missing_frame_row_or_alert_is_a_problem() {
        assert_eq!(Account::new(&counts(), 6, 1, None).problems().len(), 1);
        assert_eq!(Account::new(&counts(), 7, 0, None).problems().len(), 1);
        let mut lost = counts();
        lost.cameras.get_mut("a").unwrap().frames_in = 11;
        assert_eq!(Account::new(&lost, 7, 1, None).problems().len(), 1);
    }

    #[test]
    fn reference_pictures_are_not_counted_as_frames() {
        let mut passthrough = counts();
        let camera = passthrough.cameras.get_mut("a").unwrap();
        (camera.frames_in, camera.references) = (40, 30);
        assert_eq!(Account::new(&passthrough, 7, 1, None).problems(), Vec::<String>::new());
    }
}
