//! What the pictures say that came to a subscriber.

use vru_benches::burnt_clock;
use vru_benches::measure::quantile;
use vru_media::jpeg::JpegDecoder;
use vru_proto::v1::{Alert, ClockSource};

/// A picture that came.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When, by this process's clock: microseconds since the Unix epoch.
    pub at_us: i64,
    /// JPEG.
    pub picture: bytes::Bytes,
    /// The alert that it came with, where it came with one.
    pub alert: Option<Alert>,
}

/// A picture, and when its light fell on the camera.
#[derive(Debug)]
pub struct Sighting {
    /// What the picture shows.
    pub taken_us: i64,
    /// What came.
    pub arrival: Arrival,
}

/// Those of a window of time, in the order in which they were taken.
#[derive(Debug)]
pub struct Sightings {
    /// Each one.
    pub all: Vec<Sighting>,
    /// How far capture time was off, where the camera's sender reports gave it.
    pub capture_errors_ms: Vec<f64>,
}

impl Sightings {
    /// Reads the clocks of what came, keeping pictures that were taken in the window. Each picture must show one.
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

    /// How long 95 in 100 took at most.
    pub fn p95_ms(&self) -> f64 {
        p95(&self.all)
    }

    /// The same of those that were taken first, and last.
    pub fn p95_of_halves_ms(&self) -> (f64, f64) {
        let (first, last) = self.all.split_at(self.all.len() / 2);
        (p95(first), p95(last))
    }

    /// For people.
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
