//! What is asked for, from the query of the request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

use super::edges::BinLength;
use crate::http::Problem;
use crate::words::{Direction, RoadUserClass, Word as _};

/// More values of a list are a mistake.
const MOST_VALUES: usize = 1_000;
const LONGEST_VALUE: usize = 1_024;

/// What gets a series of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CountGrouping)]
pub(super) enum Grouping {
    Direction,
    Class,
}

/// Which video was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CountedVideo)]
pub(super) enum Video {
    #[default]
    Live,
    /// Files, each session of a file with series of its own.
    File,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CountFormat)]
pub(super) enum Format {
    #[default]
    Json,
    /// RFC 4180. A count that is not known is an empty field.
    Csv,
}

/// The parameters, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "Question is read from the query itself, because lists repeat their name")]
struct Parameters {
    /// Begin of the first bin, RFC 3339.
    #[param(format = DateTime, example = "2026-11-02T00:00:00+01:00")]
    from: String,
    /// End of the last bin.
    #[param(format = DateTime, example = "2026-11-03T00:00:00+01:00")]
    to: String,
    bin: BinLength,
    /// Only these cameras. Repeat it for several. Default: all cameras of the site.
    camera_id: Option<Vec<String>>,
    /// Only these lines, and the zones that `zone_id` names.
    line_id: Option<Vec<String>>,
    /// Only these zones, and the lines that `line_id` names.
    zone_id: Option<Vec<String>>,
    /// Only this direction, which excludes zones.
    direction: Option<Direction>,
    /// Only these classes. Default: all.
    class: Option<Vec<RoadUserClass>>,
    /// Each direction, each class, or both for itself. Default: all together.
    group_by: Option<Vec<Grouping>>,
    /// Default: live video.
    video: Option<Video>,
    /// Default: JSON.
    format: Option<Format>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) bin: BinLength,
    pub(super) cameras: Vec<String>,
    pub(super) lines: Vec<String>,
    pub(super) zones: Vec<String>,
    pub(super) direction: Option<Direction>,
    pub(super) classes: Vec<RoadUserClass>,
    pub(super) by_direction: bool,
    pub(super) by_class: bool,
    pub(super) video: Video,
    pub(super) format: Format,
}

impl IntoParams for Question {
    fn into_params(
        parameter_in_provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Parameters::into_params(parameter_in_provider)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

impl Question {
    pub(super) fn read(query: &str) -> Result<Self, Problem> {
        let mut pairs = Pairs::read(query)?;
        let question = Self {
            from: pairs.time("from")?,
            to: pairs.time("to")?,
            bin: pairs.word("bin", &BinLength::ALL, BinLength::word)?.ok_or_else(|| missing("bin"))?,
            cameras: pairs.list("camera_id")?,
            lines: pairs.list("line_id")?,
            zones: pairs.list("zone_id")?,
            direction: pairs.word("direction", Direction::ALL, Direction::text)?,
            classes: pairs.words("class", RoadUserClass::ALL, RoadUserClass::text)?,
            by_direction: false,
            by_class: false,
            video: pairs.word("video", &[Video::Live, Video::File], video_word)?.unwrap_or_default(),
            format: pairs.word("format", &[Format::Json, Format::Csv], format_word)?.unwrap_or_default(),
        };
        let groups = pairs.words("group_by", &[Grouping::Direction, Grouping::Class], grouping_word)?;
        pairs.end()?;
        if question.direction.is_some() && !question.zones.is_empty() {
            return Err(Problem::parameter("direction", "is of a line, but `zone_id` asks for zones"));
        }
        let by = |grouping| groups.contains(&grouping);
        Ok(Self { by_direction: by(Grouping::Direction), by_class: by(Grouping::Class), ..question })
    }

    /// Of passages to count: 0 is that of zones.
    pub(super) fn directions(&self) -> Vec<i16> {
        self.direction.map_or_else(|| vec![0, 1, 2], |direction| vec![direction.number()])
    }

    /// The classes to count.
    pub(super) fn wanted_classes(&self) -> Vec<RoadUserClass> {
        if self.classes.is_empty() { RoadUserClass::ALL.to_vec() } else { self.classes.clone() }
    }
}

fn video_word(video: Video) -> &'static str {
    match video {
        Video::Live => "live",
        Video::File => "file",
    }
}

fn format_word(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Csv => "csv",
    }
}

fn grouping_word(grouping: Grouping) -> &'static str {
    match grouping {
        Grouping::Direction => "direction",
        Grouping::Class => "class",
    }
}

fn missing(name: &str) -> Problem {
    Problem::parameter(name, "is missing")
}

/// The parameters that nobody has taken yet.
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn read(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        for (name, value) in &pairs {
            if value.len() > LONGEST_VALUE {
                return Err(Problem::parameter(name, format!("has a value of more than {LONGEST_VALUE} bytes")));
            }
            // PostgreSQL refuses texts with it.
            if value.contains('\0') || value.is_empty() {
                return Err(Problem::parameter(name, "has an empty value, or one with a zero byte"));
            }
        }
        Ok(Self(pairs))
    }

    /// All values of a parameter, each once.
    fn list(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let mut values: Vec<String> = Vec::new();
        self.0.retain(|(found, value)| {
            if found == name && !values.contains(value) {
                values.push(value.clone());
            }
            found != name
        });
        if values.len() > MOST_VALUES {
            return Err(Problem::parameter(name, format!("has more than {MOST_VALUES} values")));
        }
        Ok(values)
    }

    fn one(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.list(name)?;
        if values.len() > 1 {
            return Err(Problem::parameter(name, "has more than one value"));
        }
        Ok(values.pop())
    }

    fn time(&mut self, name: &str) -> Result<Timestamp, Problem> {
        let text = self.one(name)?.ok_or_else(|| missing(name))?;
        let time: Timestamp = text.parse().map_err(|_| {
            Problem::parameter(
                name,
                "is not a time as in RFC 3339, such as 2026-11-02T00:00:00Z or, encoded, …T00:00:00%2B01:00",
            )
        })?;
        let micros = time.as_microsecond();
        if !vru_proto::validate::CAPTURE_TIME_US.contains(&micros) {
            return Err(Problem::parameter(name, "is not between the years 2000 and 2200"));
        }
        Ok(time)
    }

    fn word<T: Copy>(&mut self, name: &str, all: &[T], word: fn(T) -> &'static str) -> Result<Option<T>, Problem> {
        self.one(name)?.map(|found| read_word(name, &found, all, word)).transpose()
    }

    fn words<T: Copy>(&mut self, name: &str, all: &[T], word: fn(T) -> &'static str) -> Result<Vec<T>, Problem> {
        self.list(name)?.iter().map(|found| read_word(name, found, all, word)).collect()
    }

    fn end(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::parameter(name, "is not a parameter of this call")),
        }
    }
}

fn read_word<T: Copy>(name: &str, found: &str, all: &[T], word: fn(T) -> &'static str) -> Result<T, Problem> {
    all.iter().copied().find(|&known| word(known) == found).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|&known| word(known)).collect();
        Problem::parameter(name, format!("is none of {}", words.join(", ")))
    })
}
