//! Draws boxes, classes, track ids and zones on a picture: for the annotated video.

mod canvas;
mod font;

use std::collections::HashSet;

use vru_proto::v1::{self, RoadUserClass, TrackState};
use vru_vision::image::Image;

use canvas::{Canvas, Colour, text_size};

const ALERT: Colour = [255, 77, 79];
const LINE: Colour = [255, 233, 77];
const ZONE: Colour = [250, 196, 60];
const INK: Colour = [10, 14, 20];

/// What to draw on a picture.
#[derive(Debug, Clone, Copy)]
pub struct Overlay<'a> {
    /// Boxes are in pixels of the camera's original picture, which may be larger than the one that is drawn on.
    pub detections: &'a v1::FrameDetections,
    pub zones: &'a [v1::Zone],
    pub lines: &'a [v1::Line],
    /// Tracks that raised an alert recently.
    pub alerted: &'a HashSet<u64>,
}

/// The short name for labels.
fn short_name(class: RoadUserClass) -> &'static str {
    match class {
        RoadUserClass::Pedestrian => "ped",
        RoadUserClass::Cyclist => "cyc",
        RoadUserClass::Motorcyclist => "moto",
        other => other.word(),
    }
}

/// Draws zones, then objects with a confirmed track. Tentative tracks are left out: most are false detections.
pub fn draw(image: &mut Image, overlay: &Overlay<'_>) {
    let mut canvas = Canvas::new(image);
    let (width, height) = canvas.size();
    // Legible even when a player shows the video at half its size.
    let scale = (height / 280).clamp(1, 6);
    let thickness = scale.max(2);
    let alerted = overlay.detections.objects.iter().any(|object| overlay.alerted.contains(&object.track_id));
    for zone in overlay.zones {
        let corners: Vec<(f32, f32)> =
            zone.polygon.iter().map(|p| (p.x as f32 * width as f32, p.y as f32 * height as f32)).collect();
        canvas.polygon(&corners, thickness, if alerted { ALERT } else { ZONE }, 36);
        if let Some(&(x, y)) = corners.iter().min_by(|a, b| a.1.total_cmp(&b.1)) {
            let name = if zone.name.is_empty() { &zone.id } else { &zone.name };
            label(&mut canvas, x as i32, y as i32 - 2 * scale, name, scale, if alerted { ALERT } else { ZONE });
        }
    }
    for line in overlay.lines {
        let ends: Vec<(f32, f32)> =
            line.points.iter().map(|p| (p.x as f32 * width as f32, p.y as f32 * height as f32)).collect();
        let [from, to] = ends[..] else { continue };
        canvas.line(from, to, thickness, LINE);
        let name = if line.name.is_empty() { &line.id } else { &line.name };
        label(&mut canvas, from.0 as i32, from.1 as i32 - 2 * scale, name, scale, LINE);
    }
    let to_x = width as f32 / overlay.detections.source_width.max(1) as f32;
    let to_y = height as f32 / overlay.detections.source_height.max(1) as f32;
    for object in &overlay.detections.objects {
        let (Some(rect), TrackState::Confirmed) = (&object.r#box, object.track_state()) else { continue };
        let colour = if overlay.alerted.contains(&object.track_id) { ALERT } else { class_colour(object.class()) };
        let (left, top) = ((rect.left * to_x) as i32, (rect.top * to_y) as i32);
        let (right, bottom) = (((rect.left + rect.width) * to_x) as i32, ((rect.top + rect.height) * to_y) as i32);
        canvas.outline(left, top, right, bottom, thickness, colour);
        let text = format!("{} #{}", short_name(object.class()), object.track_id);
        label(&mut canvas, left, top, &text, scale, colour);
    }
}

/// Draws dark text on a coloured plate above `bottom`, or below it where there is no room above.
fn label(canvas: &mut Canvas<'_>, left: i32, bottom: i32, text: &str, scale: i32, colour: Colour) {
    let (text_width, text_height) = text_size(text, scale);
    let (plate_width, plate_height) = (text_width + 4 * scale, text_height + 4 * scale);
    let top = if bottom >= plate_height { bottom - plate_height } else { bottom.max(0) };
    let left = left.min(canvas.size().0 - plate_width).max(0);
    canvas.fill(left, top, left + plate_width, top + plate_height, colour, 225);
    canvas.text(left + 2 * scale, top + 2 * scale, text, scale, INK);
}

fn class_colour(class: RoadUserClass) -> Colour {
    match class {
        RoadUserClass::Pedestrian => [64, 224, 172],
        RoadUserClass::Cyclist => [96, 190, 255],
        RoadUserClass::Motorcyclist => [214, 140, 255],
        RoadUserClass::Unspecified | RoadUserClass::Car | RoadUserClass::Bus | RoadUserClass::Truck => [170, 180, 195],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_object(track_id: u64, state: TrackState) -> v1::FrameDetections {
        let rect = v1::Box { left: 40.0, top: 40.0, width: 40.0, height: 80.0 };
        v1::FrameDetections {
            source_width: 200,
            source_height: 200,
            objects: vec![v1::DetectedObject {
                r#box: Some(rect),
                class: RoadUserClass::Pedestrian.into(),
                track_id,
                track_state: state.into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn drawn(detections: &v1::FrameDetections, alerted: &HashSet<u64>) -> Image {
        let mut image = Image::filled(100, 100, [0; 3]);
        draw(&mut image, &Overlay { detections, zones: &[], lines: &[], alerted });
        image
    }

    #[test]
    fn boxes_are_scaled_from_the_original_picture() {
        let image = drawn(&one_object(1, TrackState::Confirmed), &HashSet::new());
        assert_eq!(image.pixel(20, 40), class_colour(RoadUserClass::Pedestrian));
        assert_eq!(image.pixel(38, 59), class_colour(RoadUserClass::Pedestrian));
        assert_eq!(image.pixel(30, 45), [0; 3]);
    }

    #[test]
    fn a_track_with_an_alert_has_the_alert_colour() {
        let image = drawn(&one_object(7, TrackState::Confirmed), &HashSet::from([7]));
        assert_eq!(image.pixel(20, 40), ALERT);
    }

    #[test]
    fn tentative_tracks_are_not_drawn() {
        assert_eq!(drawn(&one_object(1, TrackState::Tentative), &HashSet::new()), Image::filled(100, 100, [0; 3]));
    }

    #[test]
    fn zones_and_lines_are_drawn_over_their_parts_of_the_picture() {
        let corner = |x, y| v1::Point { x, y };
        let zone = v1::Zone {
            id: "z".to_owned(),
            polygon: vec![corner(0.0, 0.5), corner(1.0, 0.5), corner(1.0, 1.0), corner(0.0, 1.0)],
            ..Default::default()
        };
        let mut image = Image::filled(100, 100, [0; 3]);
        let detections = v1::FrameDetections::default();
        let line = v1::Line { points: vec![corner(0.5, 0.3), corner(0.9, 0.3)], ..Default::default() };
        let alerted = HashSet::new();
        draw(&mut image, &Overlay { detections: &detections, zones: &[zone], lines: &[line], alerted: &alerted });
        assert_ne!(image.pixel(50, 75), [0; 3]);
        assert_eq!(image.pixel(80, 30), LINE);
        assert_eq!(image.pixel(90, 20), [0; 3]);
    }
}
