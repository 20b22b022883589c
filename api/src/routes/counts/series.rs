//! Makes the series of an answer from what is stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use vru_storage::counts::{Counted, CountedCamera, Place, Watch, Watched};

use super::answer::{Bin, Series};
use super::question::{Question, Video};
use crate::http::Problem;
use crate::routes::bins::local;
use crate::words::{Direction, RoadUserClass, Word as _};

/// The most numbers of an answer.
pub(super) const MOST_BINS: usize = 50_000;

/// The lines and zones that are asked for: those that the cameras have, or that they were watched for at some time.
pub(super) fn places(
    question: &Question,
    cameras: &[CountedCamera],
    watches: &[Watch],
) -> Result<BTreeSet<Place>, Problem> {
    let mut known = BTreeSet::new();
    for camera in cameras {
        known.extend(configured(camera));
    }
    for watch in watches {
        known.extend(watch.line_ids.iter().map(|id| line(&watch.camera_id, id)));
        known.extend(watch.zone_ids.iter().map(|id| zone(&watch.camera_id, id)));
    }
    for (name, wanted, id) in [
        ("line_id", &question.lines, (|place| &place.line_id) as fn(&Place) -> &String),
        ("zone_id", &question.zones, |place| &place.zone_id),
    ] {
        if let Some(unknown) = wanted.iter().find(|wanted| !known.iter().any(|place| id(place) == *wanted)) {
            return Err(Problem::parameter(name, format!("these cameras never had {unknown:?}")));
        }
    }
    let all = question.lines.is_empty() && question.zones.is_empty();
    known.retain(|place| {
        let named = question.lines.contains(&place.line_id) || question.zones.contains(&place.zone_id);
        (all || named) && (question.direction.is_none() || place.zone_id.is_empty())
    });
    Ok(known)
}

/// Lines and zones that the camera has now.
fn configured(camera: &CountedCamera) -> Vec<Place> {
    let ids = |list: &str| {
        let list = camera.settings.get(list).and_then(Value::as_array);
        let ids = list.into_iter().flatten().filter_map(|place| place.get("id")?.as_str()).map(str::to_owned);
        if camera.deleted { Vec::new() } else { ids.collect() }
    };
    let lines = ids("lines").into_iter().map(|id| line(&camera.id, &id));
    lines.chain(ids("zones").into_iter().map(|id| zone(&camera.id, &id))).collect()
}

fn line(camera_id: &str, id: &str) -> Place {
    Place { camera_id: camera_id.to_owned(), line_id: id.to_owned(), zone_id: String::new() }
}

fn zone(camera_id: &str, id: &str) -> Place {
    Place { camera_id: camera_id.to_owned(), line_id: String::new(), zone_id: id.to_owned() }
}

/// Leaves out what is gone and was not watched in this time, unless it is asked for by name. So it does with the lines and zones of files
/// where live video is asked for.
pub(super) fn retain_present(
    places: &mut BTreeSet<Place>,
    question: &Question,
    cameras: &[CountedCamera],
    looks: &Looks<'_>,
) {
    let present = cameras.iter().filter(|camera| !camera.file || question.video == Video::File);
    let present: BTreeSet<Place> = present.flat_map(configured).collect();
    places.retain(|place| {
        let named = question.lines.contains(&place.line_id) || question.zones.contains(&place.zone_id);
        named || present.contains(place) || looks.was_watched(place)
    });
}

/// When cameras were watched, and for what.
pub(super) struct Looks<'a> {
    watches: HashMap<(&'a str, i64), &'a Watch>,
    /// By camera, session of a file, and number of the bin.
    bins: BTreeMap<(&'a str, i64), Vec<&'a Watched>>,
}

impl<'a> Looks<'a> {
    pub(super) fn new(watches: &'a [Watch], watched: &'a [Watched]) -> Self {
        let mut bins: BTreeMap<(&str, i64), Vec<&Watched>> = BTreeMap::new();
        for bin in watched {
            bins.entry((&bin.camera_id, bin.file_session)).or_default().push(bin);
        }
        Self { watches: watches.iter().map(|watch| ((watch.camera_id.as_str(), watch.id), watch)).collect(), bins }
    }

    fn was_watched(&self, place: &Place) -> bool {
        let bins = self.bins.iter().filter(|((camera, _), _)| *camera == place.camera_id).flat_map(|(_, bins)| bins);
        bins.into_iter().any(|bin| bin.watched_us > 0 && self.is_for(bin, place, &[]))
    }

    fn is_for(&self, bin: &Watched, place: &Place, classes: &[RoadUserClass]) -> bool {
        self.watches.get(&(bin.camera_id.as_str(), bin.watch_id)).is_some_and(|watch| {
            let here = watch.line_ids.contains(&place.line_id) || watch.zone_ids.contains(&place.zone_id);
            here && classes.iter().all(|class| watch.classes.contains(&class.number()))
        })
    }

    /// Microseconds by number of the bin.
    fn of(&self, place: &Place, session: i64, classes: &[RoadUserClass]) -> HashMap<usize, i64> {
        let mut watched = HashMap::new();
        let bins = self.bins.get(&(place.camera_id.as_str(), session)).into_iter().flatten();
        for bin in bins.filter(|bin| self.is_for(bin, place, classes)) {
            *watched.entry(bin.bin).or_default() += bin.watched_us;
        }
        watched
    }

    /// The sessions of files of a camera.
    fn sessions(&self, camera: &str) -> impl Iterator<Item = i64> {
        self.bins.keys().filter(move |(found, _)| *found == camera).map(|(_, session)| *session)
    }
}

/// What a series counts.
#[derive(Debug, Clone, Copy)]
struct Part {
    direction: Option<Direction>,
    class: Option<RoadUserClass>,
    session: i64,
}

/// All series, each with all bins.
pub(super) fn series(
    question: &Question,
    places: &BTreeSet<Place>,
    looks: &Looks<'_>,
    counted: &[Counted],
    edges: &[Timestamp],
    zone: &TimeZone,
) -> Result<Vec<Series>, Problem> {
    let mut counts: HashMap<(&Place, i64, i16, i16), Vec<&Counted>> = HashMap::new();
    for found in counted {
        counts.entry((&found.place, found.file_session, found.direction, found.class)).or_default().push(found);
    }
    let parts: Vec<(&Place, Part)> = places
        .iter()
        .flat_map(|place| parts(question, place, looks, counted).into_iter().map(move |part| (place, part)))
        .collect();
    let bins = edges.len().saturating_sub(1);
    if parts.len().saturating_mul(bins) > MOST_BINS {
        return Err(too_many(parts.len(), bins));
    }
    let times: Vec<String> = edges.iter().map(|&edge| local(edge, zone)).collect();
    let lengths: Vec<i64> = edges.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    let one = |(place, part): (&Place, Part)| {
        let classes = part.class.map_or_else(|| question.classes.clone(), |class| vec![class]);
        let watched = looks.of(place, part.session, &classes);
        let key = (
            place,
            part.session,
            part.direction.filter(|_| question.by_direction).map_or(0, Direction::number),
            part.class.filter(|_| question.by_class).map_or(0, RoadUserClass::number),
        );
        let counts: HashMap<usize, i64> =
            counts.get(&key).into_iter().flatten().map(|found| (found.bin, found.passages)).collect();
        let bin = |at: usize| {
            let (count, watched_us) = (counts.get(&at).copied().unwrap_or(0), watched.get(&at).copied().unwrap_or(0));
            Bin {
                from: times[at].clone(),
                to: times[at + 1].clone(),
                seconds: lengths[at],
                watched_seconds: watched_us as f64 / 1e6,
                // What was counted is shown whatever else is known.
                count: (watched_us > 0 || count > 0).then_some(count),
            }
        };
        let text = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        Series {
            camera_id: place.camera_id.clone(),
            line_id: text(&place.line_id),
            zone_id: text(&place.zone_id),
            direction: part.direction,
            class: part.class,
            session: (part.session != 0).then(|| part.session.to_string()),
            bins: (0..bins).map(bin).collect(),
        }
    };
    Ok(parts.into_iter().map(one).collect())
}

pub(super) fn too_many(series: usize, bins: usize) -> Problem {
    let problem = format!(
        "asks for {series} series of {bins} bins, together more than {MOST_BINS}: ask for less time, longer bins, or fewer cameras, lines and zones"
    );
    Problem::parameter("to", problem)
}

/// The series of one line or zone.
fn parts(question: &Question, place: &Place, looks: &Looks<'_>, counted: &[Counted]) -> Vec<Part> {
    let directions = match (question.by_direction && place.zone_id.is_empty(), question.direction) {
        (false, direction) => vec![direction],
        (true, Some(direction)) => vec![Some(direction)],
        (true, None) => Direction::ALL.iter().copied().map(Some).collect(),
    };
    let classes =
        if question.by_class { question.wanted_classes().into_iter().map(Some).collect() } else { vec![None] };
    let sessions: BTreeSet<i64> = match question.video {
        Video::Live => [0].into(),
        Video::File => {
            let counted = counted.iter().filter(|found| found.place.camera_id == place.camera_id);
            looks.sessions(&place.camera_id).chain(counted.map(|found| found.file_session)).collect()
        }
    };
    let part = |session, direction, class| Part { direction, class, session };
    let of_session = |session: i64| {
        let (directions, classes) = (directions.clone(), classes.clone());
        let of_direction =
            move |direction| classes.clone().into_iter().map(move |class| part(session, direction, class));
        directions.into_iter().flat_map(of_direction)
    };
    sessions.into_iter().flat_map(of_session).collect()
}
