//! What people ask. Each question is about another time, camera, line or class; an answer must hold what the rows say.

use jiff::Timestamp;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use crate::rows::{self, CAMERAS_OF_SITE, LINES_OF_CAMERA, SITE};

const DAY_S: i64 = 86_400;
const CLASSES: [&str; 3] = ["pedestrian", "cyclist", "motorcyclist"];

/// One request.
pub struct Question {
    pub path: String,
    /// Whether the answer says what it must.
    pub holds: Box<dyn Fn(&Value) -> bool>,
}

/// Questions that differ only in what they are about.
pub struct Kind {
    pub name: &'static str,
    pub ask: fn(&mut StdRng) -> Question,
}

pub const KINDS: [Kind; 8] = [
    Kind { name: "search newest", ask: |random| search(&format!("class={}", class(random)), 50) },
    Kind { name: "search two days", ask: |random| search(&format!("class={}&{}", class(random), days(random, 2)), 50) },
    Kind {
        name: "search a camera's zone in a month",
        ask: |random| {
            search(&format!("camera_id={}&zone_id=crossing&{}", camera(random, CAMERAS_OF_SITE), days(random, 30)), 50)
        },
    },
    Kind {
        name: "search a line in a week",
        ask: |random| search(&format!("line_id={}&direction=in&{}", line(random), days(random, 7)), 1),
    },
    Kind {
        name: "counts of 100 lines in a day by hour",
        ask: |random| counts(&format!("bin=1h&{}", days(random, 1)), 100, 24),
    },
    Kind {
        name: "counts of 10 lines in a week by quarter",
        ask: |random| {
            counts(&format!("bin=15m&camera_id={}&{}", camera(random, LINES_OF_CAMERA), days(random, 7)), 10, 672)
        },
    },
    Kind {
        name: "counts of a line in a year by day",
        ask: |random| {
            let camera = camera(random, LINES_OF_CAMERA);
            let range = range(3600 * 24 * 2 - 3600, 360);
            counts(&format!("bin=1d&camera_id={camera}&line_id={}&{range}", line(random)), 1, 360)
        },
    },
    Kind {
        name: "counts of 100 lines in a week by day",
        ask: |random| counts(&format!("bin=1d&{}", days(random, 7)), 100, 7),
    },
];

fn search(query: &str, least: usize) -> Question {
    let holds = move |answer: &Value| answer["items"].as_array().is_some_and(|items| items.len() >= least);
    Question { path: format!("/api/v1/sites/{SITE}/tracks?limit=50&{query}"), holds: Box::new(holds) }
}

fn counts(query: &str, series: usize, bins: usize) -> Question {
    let holds = move |answer: &Value| {
        let found = answer["series"].as_array();
        found.is_some_and(|found| found.len() == series && found.iter().all(|one| has_counts(one, bins)))
    };
    Question { path: format!("/api/v1/sites/{SITE}/counts?{query}"), holds: Box::new(holds) }
}

fn has_counts(series: &Value, bins: usize) -> bool {
    let found = series["bins"].as_array();
    found.is_some_and(|found| found.len() == bins && found.iter().any(|bin| bin["count"].as_i64() > Some(0)))
}

fn class(random: &mut StdRng) -> &'static str {
    CLASSES[random.random_range(0..CLASSES.len())]
}

fn camera(random: &mut StdRng, of: i64) -> String {
    format!("cam-{}", random.random_range(0..of))
}

fn line(random: &mut StdRng) -> String {
    format!("line-{}", random.random_range(0..LINES_OF_CAMERA))
}

/// Whole days of the site in winter time, when they begin at 23:00 UTC.
fn days(random: &mut StdRng, days: i64) -> String {
    range(random.random_range(1..50) * DAY_S - 3600, days)
}

fn range(from_s: i64, days: i64) -> String {
    let text = |at: Timestamp| at.to_string();
    format!("from={}&to={}", text(rows::at(from_s)), text(rows::at(from_s + days * DAY_S)))
}
