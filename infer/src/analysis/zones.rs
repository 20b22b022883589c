//! In which of the camera's zones the objects of a frame are. Every zone counts, also one that no rule names, and every object,
//! also a tentative one.

use vru_proto::v1;
use vru_vision::geometry::Rect;
use vru_vision::rules::Zone;

use vru_rules::read_zone;

/// The zones of one camera.
#[derive(Debug, Default)]
pub(super) struct CameraZones {
    zones: Vec<Zone>,
}

impl CameraZones {
    /// An invalid zone is left out; a rule that names it is skipped with a warning.
    pub(super) fn of(config: &v1::CameraConfig) -> Self {
        Self { zones: config.zones.iter().filter_map(read_zone).collect() }
    }

    /// Starts a frame.
    pub(super) fn frame(&self, picture: (u32, u32)) -> FrameZones<'_> {
        FrameZones { zones: &self.zones, picture, numbers: vec![None; self.zones.len()], ids: Vec::new() }
    }
}

/// The zones in which an object of one frame is.
#[derive(Debug)]
pub(super) struct FrameZones<'a> {
    zones: &'a [Zone],
    picture: (u32, u32),
    /// By zone of the camera: its number in the message.
    numbers: Vec<Option<u32>>,
    ids: Vec<String>,
}

impl FrameZones<'_> {
    /// The numbers of the zones that contain the foot point of the box, ascending.
    pub(super) fn around(&mut self, rect: &Rect) -> Vec<u32> {
        let foot = rect.foot_point(self.picture.0, self.picture.1);
        let mut numbers = Vec::new();
        for (zone, number) in self.zones.iter().zip(&mut self.numbers) {
            if zone.polygon.contains(foot) {
                let ids = &mut self.ids;
                numbers.push(*number.get_or_insert_with(|| {
                    ids.push(zone.id.clone());
                    ids.len() as u32 - 1
                }));
            }
        }
        numbers.sort_unstable();
        numbers
    }

    /// The ids, in the order of the numbers.
    pub(super) fn into_ids(self) -> Vec<String> {
        self.ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(id: &str, left: f64, right: f64) -> v1::Zone {
        let point = |x, y| v1::Point { x, y };
        let polygon = vec![point(left, 0.0), point(right, 0.0), point(right, 1.0), point(left, 1.0)];
        v1::Zone { id: id.to_owned(), polygon, ..Default::default() }
    }

    #[test]
    fn a_message_names_only_the_zones_that_its_objects_are_in_and_the_foot_point_decides() {
        let all = vec![zone("left", 0.0, 0.5), zone("nobody", 0.9, 1.0), zone("middle", 0.25, 0.75)];
        let zones = CameraZones::of(&v1::CameraConfig { zones: all, ..Default::default() });
        let mut frame = zones.frame((100, 100));
        // The box reaches into `left`, its foot point does not.
        assert_eq!(frame.around(&Rect::from_edges(20.0, 10.0, 100.0, 50.0)), [0]);
        assert_eq!(frame.around(&Rect::from_edges(20.0, 10.0, 60.0, 50.0)), [0, 1]);
        assert_eq!(frame.around(&Rect::from_edges(0.0, 10.0, 20.0, 50.0)), [1]);
        // Below the picture: the nearest point of the picture decides.
        assert_eq!(frame.around(&Rect::from_edges(20.0, 60.0, 60.0, 120.0)), [0, 1]);
        assert_eq!(frame.around(&Rect::from_edges(75.0, 60.0, 125.0, 120.0)), [2]);
        assert_eq!(frame.into_ids(), ["middle", "left", "nobody"]);
    }
}
