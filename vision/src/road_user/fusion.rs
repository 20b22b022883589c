//! Fusion of a rider and the bicycle or motorcycle into one road user.

use super::class::RoadUserClass;
use super::duplicates::strongest_of_each;
use super::labelled::LabelledDetection;
use super::labels::ObjectKind;
use crate::detection::Detection;
use crate::geometry::Rect;

// Two riders: a tandem, or a child on the luggage rack.
const MAX_RIDERS: usize = 2;
// With a lower fit the person stands beside or behind the vehicle. Riders in the data sets have a fit of 0.5 and more.
const MIN_FIT: f32 = 0.3;

struct RiderPair {
    fit: f32,
    person: usize,
    vehicle: usize,
}

/// Converts labelled detections to road users.
///
/// A person on a bicycle or motorcycle becomes one cyclist or motorcyclist, with the union of both boxes and the higher of both
/// scores. Pairs are made in descending order of fit; a vehicle has at most two riders, and a person rides at most one vehicle.
/// The remaining persons are pedestrians. The remaining bicycles and motorcycles may be parked, or ridden by somebody whom the model
/// misses: they are riderless, and their tracks decide.
///
/// An object that is found under two labels counts once. The result is in the order of the input; a fused road user takes the
/// position of the vehicle's first rider.
pub fn fuse_riders(labelled: &[LabelledDetection]) -> Vec<Detection> {
    let labelled = &strongest_of_each(labelled)[..];
    let mut rides: Vec<Option<usize>> = vec![None; labelled.len()];
    let mut riders = vec![0_usize; labelled.len()];
    for pair in pairs(labelled) {
        if rides[pair.person].is_none() && riders[pair.vehicle] < MAX_RIDERS {
            rides[pair.person] = Some(pair.vehicle);
            riders[pair.vehicle] += 1;
        }
    }

    let mut road_users: Vec<Detection> = Vec::with_capacity(labelled.len());
    let mut fused: Vec<Option<usize>> = vec![None; labelled.len()];
    for (index, item) in labelled.iter().enumerate() {
        match (item.kind, rides[index]) {
            (ObjectKind::RoadUser(class), _) => {
                road_users.push(Detection::new(item.rect, class, item.score));
            }
            (ObjectKind::Person, None) => {
                road_users.push(Detection::new(item.rect, RoadUserClass::Pedestrian, item.score));
            }
            (ObjectKind::Person, Some(vehicle)) => {
                if let Some(first) = fused[vehicle] {
                    let rider = &mut road_users[first];
                    rider.rect = rider.rect.union(&item.rect);
                    rider.score = rider.score.max(item.score);
                } else {
                    fused[vehicle] = Some(road_users.len());
                    road_users.push(on_vehicle(item, &labelled[vehicle]));
                }
            }
            (ObjectKind::Bicycle | ObjectKind::Motorcycle, _) if riders[index] == 0 => {
                let alone = Detection::new(item.rect, class_of_rider(item.kind), item.score);
                road_users.push(Detection { riderless: true, ..alone });
            }
            (ObjectKind::Bicycle | ObjectKind::Motorcycle, _) => {}
        }
    }
    road_users
}

fn on_vehicle(person: &LabelledDetection, vehicle: &LabelledDetection) -> Detection {
    let rect = person.rect.union(&vehicle.rect);
    Detection::new(rect, class_of_rider(vehicle.kind), person.score.max(vehicle.score))
}

fn class_of_rider(vehicle: ObjectKind) -> RoadUserClass {
    if vehicle == ObjectKind::Bicycle { RoadUserClass::Cyclist } else { RoadUserClass::Motorcyclist }
}

/// Every plausible pair of person and vehicle, in descending order of fit.
fn pairs(labelled: &[LabelledDetection]) -> Vec<RiderPair> {
    let persons = || labelled.iter().enumerate().filter(|(_, item)| item.kind == ObjectKind::Person);
    let mut pairs = Vec::new();
    for (vehicle, below) in labelled.iter().enumerate() {
        if !matches!(below.kind, ObjectKind::Bicycle | ObjectKind::Motorcycle) {
            continue;
        }
        for (person, above) in persons() {
            let fit = fit(&above.rect, &below.rect);
            if fit >= MIN_FIT {
                pairs.push(RiderPair { fit, person, vehicle });
            }
        }
    }
    pairs.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(a.person.cmp(&b.person)).then(a.vehicle.cmp(&b.vehicle)));
    pairs
}

/// How plausible it is that a person rides a vehicle, 0 to 1: the horizontal overlap of both boxes times how well they are
/// centred on each other, or 0 if their heights do not match. A rider's feet are inside the vehicle's box and the head is well
/// above it.
fn fit(person: &Rect, vehicle: &Rect) -> f32 {
    if !person.is_valid() || !vehicle.is_valid() || person.intersection(vehicle) <= 0.0 {
        return 0.0;
    }
    let over = person.right().min(vehicle.right()) - person.left.max(vehicle.left);
    let beside = over / person.width.min(vehicle.width);
    let feet = (person.bottom() - vehicle.top) / vehicle.height;
    let head = (vehicle.bottom() - person.top) / vehicle.height;
    // A rider's feet are between the saddle and slightly below the wheels. The box of a person behind the vehicle ends at its
    // top; the box of a person in front of it extends far below it.
    let seated = if (0.2..=1.25).contains(&feet) && head >= 0.9 { 1.0 } else { 0.0 };
    // A rider's box and the vehicle's have similar heights. A person ten times as high is nearer to the camera.
    let tall = person.height / vehicle.height;
    let alike = if (0.5..=3.5).contains(&tall) { 1.0 } else { 0.0 };
    let centred = 1.0 - ((person.centre().0 - vehicle.centre().0).abs() / person.width.max(vehicle.width)).min(1.0);
    beside * centred * seated * alike
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(kind: ObjectKind, left: f32, top: f32, right: f32, bottom: f32, score: f32) -> LabelledDetection {
        LabelledDetection { rect: Rect::from_edges(left, top, right, bottom), kind, score }
    }

    #[test]
    fn a_person_on_a_bicycle_is_one_cyclist() {
        let found = fuse_riders(&[
            labelled(ObjectKind::Person, 110.0, 50.0, 150.0, 180.0, 0.8),
            labelled(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.6),
        ]);
        assert_eq!(found, [Detection::new(Rect::from_edges(90.0, 50.0, 170.0, 200.0), RoadUserClass::Cyclist, 0.8)]);
    }

    #[test]
    fn a_person_on_a_motorcycle_is_a_motorcyclist() {
        let found = fuse_riders(&[
            labelled(ObjectKind::Motorcycle, 90.0, 120.0, 190.0, 200.0, 0.9),
            labelled(ObjectKind::Person, 110.0, 60.0, 160.0, 190.0, 0.5),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].class, RoadUserClass::Motorcyclist);
        assert!((found[0].score - 0.9).abs() < 1e-6);
    }

    #[test]
    fn the_best_fitting_person_rides_and_the_other_is_a_pedestrian() {
        let rider = labelled(ObjectKind::Person, 110.0, 50.0, 150.0, 180.0, 0.8);
        let passer_by = labelled(ObjectKind::Person, 160.0, 60.0, 200.0, 205.0, 0.8);
        let bicycle = labelled(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.6);
        let found = fuse_riders(&[passer_by, rider, bicycle]);
        let classes: Vec<_> = found.iter().map(|d| d.class).collect();
        assert_eq!(classes, [RoadUserClass::Pedestrian, RoadUserClass::Cyclist]);
    }

    #[test]
    fn a_vehicle_has_at_most_two_riders() {
        let person = |left: f32| labelled(ObjectKind::Person, left, 50.0, left + 40.0, 180.0, 0.8);
        let bicycle = labelled(ObjectKind::Bicycle, 90.0, 120.0, 190.0, 200.0, 0.6);
        let found = fuse_riders(&[person(100.0), person(120.0), person(140.0), bicycle]);
        let count = |class| found.iter().filter(|d| d.class == class).count();
        assert_eq!((count(RoadUserClass::Cyclist), count(RoadUserClass::Pedestrian)), (1, 1));
    }

    #[test]
    fn a_bicycle_without_a_rider_is_riderless() {
        let found = fuse_riders(&[
            labelled(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.9),
            labelled(ObjectKind::Person, 400.0, 50.0, 440.0, 180.0, 0.8),
            labelled(ObjectKind::Motorcycle, 500.0, 120.0, 590.0, 200.0, 0.6),
            labelled(ObjectKind::RoadUser(RoadUserClass::Car), 0.0, 0.0, 50.0, 40.0, 0.7),
        ]);
        let got: Vec<_> = found.iter().map(|d| (d.class, d.riderless)).collect();
        let (cyclist, motorcyclist) = (RoadUserClass::Cyclist, RoadUserClass::Motorcyclist);
        let want =
            [(cyclist, true), (RoadUserClass::Pedestrian, false), (motorcyclist, true), (RoadUserClass::Car, false)];
        assert_eq!(got, want);
    }

    #[test]
    fn a_person_behind_or_in_front_of_a_vehicle_is_not_a_rider() {
        let bicycle = labelled(ObjectKind::Bicycle, 90.0, 120.0, 170.0, 200.0, 0.9);
        let behind = labelled(ObjectKind::Person, 110.0, 40.0, 140.0, 125.0, 0.8);
        let in_front = labelled(ObjectKind::Person, 80.0, 0.0, 190.0, 330.0, 0.8);
        for person in [behind, in_front] {
            let found = fuse_riders(&[bicycle, person]);
            assert_eq!(found.len(), 2);
            assert!(found[0].riderless && found[1].class == RoadUserClass::Pedestrian);
        }
    }

    #[test]
    fn boxes_that_are_not_finite_are_not_fused() {
        let found = fuse_riders(&[
            labelled(ObjectKind::Person, f32::NAN, 50.0, 150.0, 180.0, f32::NAN),
            labelled(ObjectKind::Bicycle, 90.0, f32::INFINITY, 170.0, 200.0, 0.6),
        ]);
        assert_eq!(found.len(), 2);
    }
}
