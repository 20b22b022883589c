//! The latencies of the pictures that a subscriber received.

use vru_benches::burnt_clock;
use vru_benches::measure::quantile;
use vru_media::jpeg::JpegDecoder;
use vru_proto::v1::{Alert, ClockSource};

#[derive(Debug, Clone)]
pub struct Arrival {
    /// Time of arrival by this process's clock, microseconds since 1970.
    pub at_us: i64,
    pub picture: bytes::Bytes,
    /// The alert with this picture; none from the peer.
    pub alert: Option<Alert>,
}

/// A received picture and its capture time.
#[derive(Debug)]
pub struct Sighting {
    /// Time on the clock in the picture, microseconds since 1970.
    pub taken_us: i64,
    pub arrival: Arrival,
}

/// The pictures that were taken in the measured window, in order of capture.
#[derive(Debug)]
pub struct Sightings {
    pub all: Vec<Sighting>,
    /// Differences between an alert's capture time and the clock in the picture, where sender reports gave the capture time.
    pub capture_errors_ms: Vec<f64>,
}

impl Sightings {
    /// Reads the clock in each picture, which must be there, and keeps pictures that were taken in the window.
    pub fn read(arrivals: Vec<Arrival>, window_us: &std::ops::Range<i64>) -> Self {
        let mut decoder = JpegDecoder::new().expect("libjpeg-turbo starts");
        let mut all: Vec<Sighting> = arrivals
            .into_iter()
            .map(|arrival| {
                assert!(!arrival.picture.is_empty(), "an alert came without its picture");
                let picture = decoder.decode(&arrival.picture).expect("a picture is a JPEG");
                let taken = burnt_clock::read(&picture, arrival.at_us);
                Sighting { taken_us: taken.expect("every picture shows its clock"), arrival }
            })
            .filter(|sighting| window_us.contains(&sighting.taken_us))
            .collect();
        all.sort_by_key(|sighting| sighting.taken_us);
        let capture_error = |sighting: &Sighting| {
            let alert = sighting.arrival.alert.as_ref()?;
            let reported = alert.clock_source() == ClockSource::SenderReport;
            reported.then(|| (alert.captured_at_us - sighting.taken_us).abs() as f64 / 1e3)
        };
        let capture_errors_ms = all.iter().filter_map(capture_error).collect();
        Self { all, capture_errors_ms }
    }

    /// The 95th percentile of the latency.
    pub fn p95_ms(&self) -> f64 {
        p95(&self.all)
    }

    /// The 95th percentile of the first and of the last half.
    pub fn p95_of_halves_ms(&self) -> (f64, f64) {
        let (first, last) = self.all.split_at(self.all.len() / 2);
        (p95(first), p95(last))
    }

    /// One line of text.
    pub fn summary(&self) -> String {
        let all = latencies(&self.all);
        let (first, last) = self.p95_of_halves_ms();
        format!(
            "{} pictures, p50 {:.1} ms, p95 {:.1} ms (halves {first:.1}, {last:.1}), most {:.1} ms",
            all.len(),
            quantile(&all, 0.5),
            quantile(&all, 0.95),
            quantile(&all, 1.0)
        )
    }
}

fn latencies(sightings: &[Sighting]) -> Vec<f64> {
    sightings.iter().map(|sighting| (sighting.arrival.at_us - sighting.taken_us) as f64 / 1e3).collect()
}

fn p95(sightings: &[Sighting]) -> f64 {
    quantile(&latencies(sightings), 0.95)
}
