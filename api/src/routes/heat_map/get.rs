use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vru_storage::counts::{self, Span, StoredBins};
use vru_storage::paths::{self, PathFilter};
use vru_storage::postgres::PooledClient;

use super::grid::Grid;
use crate::auth::{Permitted, actions::SeeTracks};
use crate::http::{Parameters, Problem, Problems, Time};
use crate::routes::text::{micros, time};
use crate::state::ApiState;
use crate::words::{RoadUserClass, numbers};

const MOST_CELLS: u16 = 256;
/// More are refused: their paths would fill the memory of the service.
const MOST_TRACKS: usize = 50_000;
/// In which the time that a camera was watched is known.
const QUARTER_US: i64 = 15 * 60 * 1_000_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HeatMapQuery {
    /// Tracks that began at this time or later, RFC 3339; a whole quarter of an hour.
    #[param(value_type = String, required = true, format = DateTime, example = "2026-11-02T07:00:00+01:00")]
    from: Option<Time>,
    /// Tracks that began before this time; a whole quarter of an hour.
    #[param(value_type = String, required = true, format = DateTime, example = "2026-11-02T09:00:00+01:00")]
    to: Option<Time>,
    /// Kinds of road users. Default: all.
    #[param(value_type = Option<Vec<RoadUserClass>>)]
    #[serde(default)]
    class: Vec<RoadUserClass>,
    /// Cells of a row (default 64).
    #[param(minimum = 1, maximum = 256)]
    columns: Option<u16>,
    /// Rows of cells (default 36).
    #[param(minimum = 1, maximum = 256)]
    rows: Option<u16>,
}

/// Where road users were, and for how long.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeatMap {
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    columns: u16,
    rows: u16,
    /// How long the camera was watched in this time, in seconds. If it is 0, nobody knows who was there.
    watched_seconds: f64,
    /// How many tracks there are.
    tracks: usize,
    /// How long their foot points (the middle of the bottom edge of their boxes) were in each cell of the picture, in seconds, all tracks
    /// together: a list for each row, from the top, with a number for each cell, from the left.
    seconds: Vec<Vec<f64>>,
}

/// A question that can be answered.
struct Question {
    from: SystemTime,
    to: SystemTime,
    classes: Vec<i16>,
    columns: u16,
    rows: u16,
}

/// Where in a camera's picture road users were, and for how long.
///
/// A track counts whole, in the time in which it began; only tracks that the tracker was sure of. What a deleted camera saw stays.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/cameras/{camera_id}/heat-map",
    tag = "counts",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("camera_id" = String, Path), HeatMapQuery),
    responses((status = 200, description = "The heat map", body = HeatMap), Problems)
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    Parameters(query): Parameters<HeatMapQuery>,
) -> Result<Json<HeatMap>, Problem> {
    let (question, site_id, camera_id) = (&query.checked()?, who.site_id.as_str(), who.object_id.as_str());
    let answer = |client: PooledClient| async move { answer(&client, site_id, camera_id, question).await };
    Ok(Json(state.reads.run(answer).await?))
}

impl HeatMapQuery {
    fn checked(self) -> Result<Question, Problem> {
        let (from, to) = (quarter("from", self.from)?, quarter("to", self.to)?);
        if from >= to {
            return Err(Problem::parameter("to", "is not after `from`"));
        }
        let (columns, rows) = (cells("columns", self.columns, 64)?, cells("rows", self.rows, 36)?);
        Ok(Question { from, to, classes: numbers(&self.class), columns, rows })
    }
}

fn quarter(name: &str, given: Option<Time>) -> Result<SystemTime, Problem> {
    let Time(time) = given.ok_or_else(|| Problem::parameter(name, "is missing"))?;
    let us = micros(time);
    if !vru_proto::validate::CAPTURE_TIME_US.contains(&us) {
        return Err(Problem::parameter(name, "is not between the years 2000 and 2200"));
    }
    if us % QUARTER_US != 0 {
        return Err(Problem::parameter(name, "is not a whole quarter of an hour"));
    }
    Ok(time)
}

fn cells(name: &str, given: Option<u16>, default: u16) -> Result<u16, Problem> {
    let cells = given.unwrap_or(default);
    let problem = || Problem::parameter(name, format!("is not between 1 and {MOST_CELLS}"));
    (1..=MOST_CELLS).contains(&cells).then_some(cells).ok_or_else(problem)
}

async fn answer(
    client: &PooledClient,
    site_id: &str,
    camera_id: &str,
    question: &Question,
) -> Result<HeatMap, Problem> {
    let Question { from, to, ref classes, columns, rows } = *question;
    let cameras = counts::cameras(client, site_id).await?;
    if !cameras.iter().any(|camera| camera.id == camera_id) {
        return Err(Problem::not_found("camera"));
    }
    let filter = PathFilter { camera_id, from, to, classes };
    let found = paths::paths(client, filter, MOST_TRACKS as i64 + 1).await?;
    if found.len() > MOST_TRACKS {
        let detail = format!("asks for more than {MOST_TRACKS} tracks: ask for less time, or for fewer classes");
        return Err(Problem::parameter("to", detail));
    }
    let mut grid = Grid::new(columns, rows);
    for path in &found {
        grid.add(path);
    }
    let mut watched_us = 0;
    for files in [false, true] {
        let span = Span { edges: &[from, to], stored: StoredBins::Quarters, files };
        let watched = counts::watched(client, &[camera_id], span).await?;
        watched_us += watched.iter().map(|watched| watched.watched_us).sum::<i64>();
    }
    Ok(HeatMap {
        from: time(from),
        to: time(to),
        columns,
        rows,
        watched_seconds: watched_us as f64 / 1e6,
        tracks: found.len(),
        seconds: grid.into_rows(),
    })
}
