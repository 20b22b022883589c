//! A rider and the bicycle or motorcycle below are one road user.

use super::{ObjectKind, RoadUserClass};
use crate::detection::Detection;
use crate::geometry::Rect;

/// A detection whose label is understood but whose role on the road is not yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raw {
    /// In pixels of the camera's own picture.
    pub rect: Rect,
    /// What the label says.
    pub kind: ObjectKind,
    /// The model's confidence, 0 to 1.
    pub score: f32,
}

// A tandem, or a child on the luggage rack.
const MAX_RIDERS: usize = 2;
// Below this the person stands beside or behind the vehicle. Pictures from the data sets put riders at 0.5 and more.
const MIN_FIT: f32 = 0.3;

struct Pair {
    fit: f32,
    person: usize,
    vehicle: usize,
}

/// Turns labelled boxes into road users.
///
/// A person on a bicycle or motorcycle becomes one cyclist or motorcyclist with the box around both and the larger score of
/// the two. The best fitting pairs are made first; a vehicle takes two riders at most, a person rides one vehicle. Persons
/// left over are pedestrians; bicycles and motorcycles left over are parked, no road users, and dropped.
///
/// The order is that of the input, a rider standing where the vehicle's (first) person was.
pub fn fuse_riders(raw: &[Raw]) -> Vec<Detection> {
    let mut rides: Vec<Option<usize>> = vec![None; raw.len()];
    let mut riders = vec![0_usize; raw.len()];
    for pair in pairs(raw) {
        if rides[pair.person].is_none() && riders[pair.vehicle] < MAX_RIDERS {
            rides[pair.person] = Some(pair.vehicle);
            riders[pair.vehicle] += 1;
        }
    }

    let mut road_users: Vec<Detection> = Vec::with_capacity(raw.len());
    let mut fused: Vec<Option<usize>> = vec![None; raw.len()];
    for (index, item) in raw.iter().enumerate() {
        match (item.kind, rides[index]) {
            (ObjectKind::RoadUser(class), _) => {
                road_users.push(Detection { rect: item.rect, class, score: item.score });
            }
            (ObjectKind::Person, None) => {
                road_users.push(Detection { rect: item.rect, class: RoadUserClass::Pedestrian, score: item.score });
            }
            (ObjectKind::Person, Some(vehicle)) => {
                if let Some(first) = fused[vehicle] {
                    let rider = &mut road_users[first];
                    rider.rect = rider.rect.union(&item.rect);
                    rider.score = rider.score.max(item.score);
                } else {
                    fused[vehicle] = Some(road_users.len());
                    road_users.push(on_vehicle(item, &raw[vehicle]));
                }
            }
            (ObjectKind::Bicycle | ObjectKind::Motorcycle, _) => {}
        }
    }
    road_users
}

fn on_vehicle(person: &Raw, vehicle: &Raw) -> Detection {
    let class = if vehicle.kind == ObjectKind::Bicycle { RoadUserClass::Cyclist } else { RoadUserClass::Motorcyclist };
    Detection { rect: person.rect.union(&vehicle.rect), class, score: person.score.max(vehicle.score) }
}

/// Pairs that may belong together, the best first.
fn pairs(raw: &[Raw]) -> Vec<Pair> {
    let persons = || raw.iter().enumerate().filter(|(_, item)| item.kind == ObjectKind::Person);
    let mut pairs = Vec::new();
    for (vehicle, below) in raw.iter().enumerate() {
        if !matches!(below.kind, ObjectKind::Bicycle | ObjectKind::Motorcycle) {
            continue;
        }
        for (person, above) in persons() {
            let fit = fit(&above.rect, &below.rect);
            if fit >= MIN_FIT {
                pairs.push(Pair { fit, person, vehicle });
            }
        }
    }
    pairs.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(a.person.cmp(&b.person)).then(a.vehicle.cmp(&b.vehicle)));
    pairs
}

/// How well a person sits on a vehicle, 0 to 1: the share of the person's width over the vehicle, times how well the height
/// fits. A rider's feet are inside the vehicle's box and the head well above it.
fn fit(person: &Rect, vehicle: &Rect) -> f32 {
    if !person.is_valid() || !vehicle.is_valid() || person.intersection(vehicle) <= 0.0 {
        return 0.0;
    }
    let over = person.right().min(vehicle.right()) - person.left.max(vehicle.left);
    let beside = over / person.width.min(vehicle.width);
    let feet = (person.bottom() - vehicle.top) / vehicle.height;
    let head = (vehicle.bottom() - person.top) / vehicle.height;
    // Feet from the saddle down to a little below the wheels; somebody behind the vehicle ends at its top, somebody in front
    // reaches far below it.
    let seated = if (0.2..=1.25).contains(&feet) && head >= 0.9 { 1.0 } else { 0.0 };
    // Boxes of one rider are of a like size: a person ten times as high stands in front, nearer to the camera.
    let tall = person.height / vehicle.height;
    let alike = if (0.5..=3.5).contains(&tall) { 1.0 } else { 0.0 };
    let centred = 1.0 - ((person.centre().0 - vehicle.centre().0).abs() / person.width.max(vehicle.width)).min(1.0);
    beside * centred * seated * alike
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(kind: ObjectKind, left: f32, top: f32, right: f32, bottom: f32, score: f32) -> Raw {
        Raw { rect: Rect::from_edges(left, top, right, bottom), kind, score }
    }

    #[test]
    fn a_person_on_a_bicycle_is_one_cyclist() {
        let found = fuse_riders(&[
            raw(ObjectKind::Person, 110.0, 50.0, 150.0, 180.0, 0.8),
            raw(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.6),
        ]);
        assert_eq!(
            found,
            [Detection { rect: Rect::from_edges(90.0, 50.0, 170.0, 200.0), class: RoadUserClass::Cyclist, score: 0.8 }]
        );
    }

    #[test]
    fn a_person_on_a_motorcycle_is_a_motorcyclist() {
        let found = fuse_riders(&[
            raw(ObjectKind::Motorcycle, 90.0, 120.0, 190.0, 200.0, 0.9),
            raw(ObjectKind::Person, 110.0, 60.0, 160.0, 190.0, 0.5),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].class, RoadUserClass::Motorcyclist);
        assert!((found[0].score - 0.9).abs() < 1e-6);
    }

    #[test]
    fn the_better_fitting_person_rides_and_the_passer_by_walks() {
        let rider = raw(ObjectKind::Person, 110.0, 50.0, 150.0, 180.0, 0.8);
        let passer_by = raw(ObjectKind::Person, 160.0, 60.0, 200.0, 205.0, 0.8);
        let bicycle = raw(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.6);
        let found = fuse_riders(&[passer_by, rider, bicycle]);
        let classes: Vec<_> = found.iter().map(|d| d.class).collect();
        assert_eq!(classes, [RoadUserClass::Pedestrian, RoadUserClass::Cyclist]);
    }

    #[test]
    fn a_tandem_takes_two_and_no_third() {
        let person = |left: f32| raw(ObjectKind::Person, left, 50.0, left + 40.0, 180.0, 0.8);
        let bicycle = raw(ObjectKind::Bicycle, 90.0, 120.0, 190.0, 200.0, 0.6);
        let found = fuse_riders(&[person(100.0), person(120.0), person(140.0), bicycle]);
        let count = |class| found.iter().filter(|d| d.class == class).count();
        assert_eq!((count(RoadUserClass::Cyclist), count(RoadUserClass::Pedestrian)), (1, 1));
    }

    #[test]
    fn parked_vehicles_are_no_road_users() {
        let found = fuse_riders(&[
            raw(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.9),
            raw(ObjectKind::Person, 400.0, 50.0, 440.0, 180.0, 0.8),
            raw(ObjectKind::RoadUser(RoadUserClass::Car), 0.0, 0.0, 50.0, 40.0, 0.7),
        ]);
        let classes: Vec<_> = found.iter().map(|d| d.class).collect();
        assert_eq!(classes, [RoadUserClass::Pedestrian, RoadUserClass::Car]);
    }

    #[test]
    fn somebody_behind_or_in_front_does_not_ride() {
        let bicycle = raw(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.9);
        let behind = raw(ObjectKind::Person, 110.0, 40.0, 140.0, 125.0, 0.8);
        let in_front = raw(ObjectKind::Person, 80.0, 0.0, 190.0, 330.0, 0.8);
        for person in [behind, in_front] {
            let found = fuse_riders(&[bicycle, person]);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].class, RoadUserClass::Pedestrian);
        }
    }

    #[test]
    fn boxes_that_are_no_numbers_do_not_fuse() {
        let found = fuse_riders(&[
            raw(ObjectKind::Person, f32::NAN, 50.0, 150.0, 180.0, f32::NAN),
            raw(ObjectKind::Bicycle, 90.0, f32::INFINITY, 170.0, 200.0, 0.6),
        ]);
        assert_eq!(found.len(), 1);
    }
}
