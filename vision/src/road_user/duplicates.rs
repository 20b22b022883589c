//! One detection for each object: a model may find the same one under two labels.

use super::labelled::LabelledDetection;
use super::labels::ObjectKind;

// Two objects whose boxes overlap by more are one behind the other, of the same size, and aligned to some pixels: models that could
// tell them apart do not suppress them by class only.
const NEAR_IDENTICAL: f32 = 0.8;

/// The labels that one object may be found under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Person,
    TwoWheeler,
    Vehicle,
}

fn family(kind: ObjectKind) -> Family {
    match kind {
        ObjectKind::Bicycle | ObjectKind::Motorcycle => Family::TwoWheeler,
        ObjectKind::Person => Family::Person,
        ObjectKind::RoadUser(class) if class.is_vulnerable() => Family::Person,
        ObjectKind::RoadUser(_) => Family::Vehicle,
    }
}

/// Keeps the strongest of detections that are nearly identical and may be one object: a car and a truck, a person and a
/// pedestrian. Of equal scores the first stays. The order remains.
pub(super) fn strongest_of_each(labelled: &[LabelledDetection]) -> Vec<LabelledDetection> {
    // From left to right, a box needs to be compared with those only that begin before its right edge.
    let mut by_left: Vec<usize> = (0..labelled.len()).filter(|&at| labelled[at].rect.is_valid()).collect();
    by_left.sort_by(|&a, &b| labelled[a].rect.left.total_cmp(&labelled[b].rect.left).then(a.cmp(&b)));
    let mut same: Vec<(usize, usize)> = Vec::new();
    for (place, &a) in by_left.iter().enumerate() {
        let first = &labelled[a];
        for &b in &by_left[place + 1..] {
            let second = &labelled[b];
            // Boxes with this overlap begin within a fifth of their width.
            if second.rect.left > first.rect.left + first.rect.width * (1.0 - NEAR_IDENTICAL) {
                break;
            }
            if family(first.kind) == family(second.kind) && first.rect.iou(&second.rect) > NEAR_IDENTICAL {
                same.push((a, b));
            }
        }
    }
    if same.is_empty() {
        return labelled.to_vec();
    }
    let stronger = |a: usize, b: usize| labelled[b].score.total_cmp(&labelled[a].score).then(a.cmp(&b));
    // The strongest pairs first, so that what is dropped does not drop others.
    let ordered = |&(a, b): &(usize, usize)| if stronger(a, b).is_le() { (a, b) } else { (b, a) };
    let mut pairs: Vec<(usize, usize)> = same.iter().map(ordered).collect();
    pairs.sort_by(|x, y| stronger(x.0, y.0).then(x.1.cmp(&y.1)));
    let mut keep = vec![true; labelled.len()];
    for (strong, weak) in pairs {
        if keep[strong] {
            keep[weak] = false;
        }
    }
    labelled.iter().zip(keep).filter_map(|(item, keep)| keep.then_some(*item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;
    use crate::road_user::RoadUserClass;

    fn item(kind: ObjectKind, left: f32, score: f32) -> LabelledDetection {
        LabelledDetection { rect: Rect { left, top: 10.0, width: 50.0, height: 40.0 }, kind, score }
    }

    const CAR: ObjectKind = ObjectKind::RoadUser(RoadUserClass::Car);
    const TRUCK: ObjectKind = ObjectKind::RoadUser(RoadUserClass::Truck);
    const PEDESTRIAN: ObjectKind = ObjectKind::RoadUser(RoadUserClass::Pedestrian);

    #[test]
    fn the_stronger_of_two_labels_of_one_object_stays() {
        let (car, truck) = (item(CAR, 100.0, 0.7), item(TRUCK, 101.0, 0.8));
        assert_eq!(strongest_of_each(&[car, truck]), [truck]);
        let (person, pedestrian) = (item(ObjectKind::Person, 100.0, 0.8), item(PEDESTRIAN, 100.0, 0.8));
        assert_eq!(strongest_of_each(&[person, pedestrian]), [person]);
        assert_eq!(strongest_of_each(&[pedestrian, person]), [pedestrian]);
    }

    #[test]
    fn a_dropped_detection_drops_no_other() {
        // The middle one is nearly identical to both others, which are not to each other.
        let row = [item(CAR, 100.0, 0.9), item(TRUCK, 104.5, 0.8), item(CAR, 109.0, 0.7)];
        assert_eq!(strongest_of_each(&row), [row[0], row[2]]);
    }

    #[test]
    fn others_stay() {
        let beside = [item(CAR, 100.0, 0.9), item(TRUCK, 110.0, 0.8)];
        assert_eq!(strongest_of_each(&beside), beside);
        let in_the_car = [item(CAR, 100.0, 0.9), item(ObjectKind::Person, 100.0, 0.8)];
        assert_eq!(strongest_of_each(&in_the_car), in_the_car);
        let bicycle = [item(ObjectKind::Bicycle, 100.0, 0.9), item(ObjectKind::Person, 100.0, 0.8)];
        assert_eq!(strongest_of_each(&bicycle), bicycle);
    }
}
