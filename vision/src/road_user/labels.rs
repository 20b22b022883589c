//! The meaning of a model's labels.

use std::collections::BTreeSet;

use super::class::RoadUserClass;

/// What a label means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A person on foot or riding: most label sets do not distinguish these.
    Person,
    /// A bicycle with or without a rider.
    Bicycle,
    /// A motorcycle with or without a rider.
    Motorcycle,
    /// A label that names a road user, so that no fusion is needed.
    RoadUser(RoadUserClass),
}

impl ObjectKind {
    /// Looks up a label; `None` for anything that is not a road user (a dog, a traffic light). Supports the names of COCO and of
    /// common traffic data sets; case, spaces, `-` and `_` do not matter.
    pub fn from_label(label: &str) -> Option<Self> {
        let name: String =
            label.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
        let kind = match name.as_str() {
            "person" | "people" | "rider" | "human" => Self::Person,
            "pedestrian" => Self::RoadUser(RoadUserClass::Pedestrian),
            "bicycle" | "bike" => Self::Bicycle,
            "cyclist" | "bicyclist" => Self::RoadUser(RoadUserClass::Cyclist),
            "motorcycle" | "motorbike" | "motor" | "moped" => Self::Motorcycle,
            "motorcyclist" | "motorbiker" => Self::RoadUser(RoadUserClass::Motorcyclist),
            "car" | "van" | "taxi" => Self::RoadUser(RoadUserClass::Car),
            "bus" | "minibus" => Self::RoadUser(RoadUserClass::Bus),
            "truck" | "lorry" => Self::RoadUser(RoadUserClass::Truck),
            _ => return None,
        };
        Some(kind)
    }

    /// The class of a road user that is found under this label, with a rider if it is a vehicle for one.
    fn class(self) -> RoadUserClass {
        match self {
            Self::Person => RoadUserClass::Pedestrian,
            Self::Bicycle => RoadUserClass::Cyclist,
            Self::Motorcycle => RoadUserClass::Motorcyclist,
            Self::RoadUser(class) => class,
        }
    }
}

/// Maps the class indices of a model to kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    kinds: Vec<Option<ObjectKind>>,
}

impl LabelMap {
    /// `labels` are the names of the model's classes, by class index.
    pub fn new<S: AsRef<str>>(labels: &[S]) -> Self {
        Self { kinds: labels.iter().map(|label| ObjectKind::from_label(label.as_ref())).collect() }
    }

    /// The kind of a class index; `None` if it is not a road user or has no label.
    pub fn kind(&self, class_index: u32) -> Option<ObjectKind> {
        self.kinds.get(class_index as usize).copied().flatten()
    }

    /// The classes of road users that can be found under these labels, ascending.
    pub fn classes(&self) -> Vec<RoadUserClass> {
        let found: BTreeSet<RoadUserClass> = self.kinds.iter().flatten().map(|kind| kind.class()).collect();
        found.into_iter().collect()
    }

    /// Number of labels that mean a road user. A model without any is useless here.
    pub fn road_user_labels(&self) -> usize {
        self.kinds.iter().flatten().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_names_are_mapped() {
        let map = LabelMap::new(&["person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck"]);
        assert_eq!(map.kind(0), Some(ObjectKind::Person));
        assert_eq!(map.kind(1), Some(ObjectKind::Bicycle));
        assert_eq!(map.kind(2), Some(ObjectKind::RoadUser(RoadUserClass::Car)));
        assert_eq!(map.kind(3), Some(ObjectKind::Motorcycle));
        assert_eq!(map.kind(4), None);
        assert_eq!(map.kind(5), Some(ObjectKind::RoadUser(RoadUserClass::Bus)));
        assert_eq!(map.kind(7), Some(ObjectKind::RoadUser(RoadUserClass::Truck)));
        assert_eq!(map.kind(8), None);
        assert_eq!(map.road_user_labels(), 6);
        assert_eq!(map.classes(), RoadUserClass::ALL);
        assert_eq!(
            LabelMap::new(&["truck", "dog", "person"]).classes(),
            [RoadUserClass::Pedestrian, RoadUserClass::Truck]
        );
    }

    #[test]
    fn spelling_of_labels_does_not_matter() {
        assert_eq!(ObjectKind::from_label("Motor-Bike"), Some(ObjectKind::Motorcycle));
        assert_eq!(ObjectKind::from_label("traffic light"), None);
        assert_eq!(ObjectKind::from_label(""), None);
    }
}
