//! A crowd with known identities: what the tracker reaches there, it must not lose. Real sequences are in `benches/README.md`.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use vru_vision::appearance::Appearance;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::image::Image;
use vru_vision::mot::{self, Evaluation, EvaluationOptions, MotEntry};
use vru_vision::road_user::RoadUserClass;
use vru_vision::tracker::{TrackState, Tracker, TrackerConfig};

const WALKERS: usize = 16;
const SECONDS: f32 = 40.0;

/// Somebody who walks from one random place to the next.
struct Walker {
    x: f32,
    y: f32,
    goal: (f32, f32),
    speed: f32,
    clothes: [u8; 3],
}

impl Walker {
    fn new(random: &mut StdRng) -> Self {
        let (x, y, speed) = (place_x(random), place_y(random), random.random_range(30.0..70.0));
        Self { x, y, goal: (x, y), speed, clothes: [0; 3].map(|_: u8| random.random_range(20..220)) }
    }

    fn walk(&mut self, seconds: f32, random: &mut StdRng) {
        let (right, down) = (self.goal.0 - self.x, self.goal.1 - self.y);
        let distance = right.hypot(down);
        let step = self.speed * seconds;
        if distance <= step {
            self.goal = (place_x(random), place_y(random));
        } else {
            self.x += right / distance * step;
            self.y += down / distance * step;
        }
    }

    fn rect(&self) -> Rect {
        // Who is nearer to the camera, lower in the picture, is larger.
        let height = 50.0 + self.y * 0.12;
        Rect { left: self.x - height * 0.2, top: self.y - height, width: height * 0.4, height }
    }
}

fn place_x(random: &mut StdRng) -> f32 {
    random.random_range(20.0..700.0)
}

fn place_y(random: &mut StdRng) -> f32 {
    random.random_range(120.0..480.0)
}

/// The share of a box that is not hidden by somebody nearer to the camera.
fn visible(rect: &Rect, others: &[Rect]) -> f32 {
    let nearer = others.iter().filter(|other| other.bottom() > rect.bottom());
    let hidden = nearer.map(|other| rect.intersection(other) / rect.area()).fold(0.0, f32::max);
    1.0 - hidden
}

/// Tracks the crowd at a frame rate.
fn evaluate(rate: u32, clothes: bool) -> Evaluation {
    let mut random = StdRng::seed_from_u64(27);
    let mut crowd: Vec<Walker> = (0..WALKERS).map(|_| Walker::new(&mut random)).collect();
    let mut tracker = Tracker::new(TrackerConfig::default());
    let (mut truth, mut found) = (Vec::new(), Vec::new());
    for frame in 1..=(SECONDS * rate as f32) as u64 {
        for walker in &mut crowd {
            walker.walk(1.0 / rate as f32, &mut random);
        }
        let rects: Vec<Rect> = crowd.iter().map(Walker::rect).collect();
        let mut detections = Vec::new();
        for (at, (walker, rect)) in crowd.iter().zip(&rects).enumerate() {
            let confidence = 1.0;
            truth.push(MotEntry { frame, track_id: at as u64 + 1, rect: *rect, confidence, class: None });
            let score = 0.15 + 0.7 * visible(rect, &rects) + random.random_range(-0.1..0.1);
            let mut noise = |size: f32| size * random.random_range(-0.04..0.04);
            let seen = Rect {
                left: rect.left + noise(rect.width),
                top: rect.top + noise(rect.height),
                width: rect.width + noise(rect.width),
                height: rect.height + noise(rect.height),
            };
            if score > 0.4 {
                let picture =
                    Image::filled(32, 80, walker.clothes.map(|c| c.saturating_add(random.random_range(0..12))));
                let whole = Rect { left: 0.0, top: 0.0, width: 32.0, height: 80.0 };
                let appearance = if clothes { Appearance::of(picture.view(), &whole) } else { None };
                let detection = Detection::new(seen, RoadUserClass::Pedestrian, score);
                detections.push(Detection { appearance, ..detection });
            }
        }
        for object in tracker.update(frame as i64 * 1_000_000 / i64::from(rate), &detections) {
            if object.state == TrackState::Confirmed {
                let Detection { rect, score, .. } = detections[object.detection];
                found.push(MotEntry { frame, track_id: object.track_id, rect, confidence: score, class: None });
            }
        }
    }
    mot::evaluate(&truth, &found, &EvaluationOptions::default())
}

#[test]
fn a_crowd_is_tracked_as_well_as_it_was() {
    for (rate, mota, idf1, hota) in [(5, 0.93, 0.89, 0.82), (10, 0.94, 0.96, 0.86), (25, 0.96, 0.96, 0.87)] {
        let got = evaluate(rate, true);
        let reached = got.mota() >= mota && got.idf1() >= idf1 && got.hota.hota >= hota;
        assert!(reached, "at {rate} frames per second: {got}");
        let places_only = evaluate(rate, false);
        assert!(got.idf1() > places_only.idf1(), "at {rate} frames per second: {got}, by place only {places_only}");
    }
}
