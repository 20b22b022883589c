//! Converts between the types of `vru_vision` and the Protobuf messages.

use vru_proto::v1;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{Direction, KindName, Severity};

pub fn severity_from_wire(severity: v1::Severity) -> Severity {
    match severity {
        v1::Severity::Critical => Severity::Critical,
        v1::Severity::Warning => Severity::Warning,
        v1::Severity::Info | v1::Severity::Unspecified => Severity::Info,
    }
}

pub fn severity_to_wire(severity: Severity) -> v1::Severity {
    match severity {
        Severity::Critical => v1::Severity::Critical,
        Severity::Warning => v1::Severity::Warning,
        Severity::Info => v1::Severity::Info,
    }
}

/// `None` for a class that this version does not know.
pub fn class_from_wire(class: v1::RoadUserClass) -> Option<RoadUserClass> {
    Some(match class {
        v1::RoadUserClass::Pedestrian => RoadUserClass::Pedestrian,
        v1::RoadUserClass::Cyclist => RoadUserClass::Cyclist,
        v1::RoadUserClass::Motorcyclist => RoadUserClass::Motorcyclist,
        v1::RoadUserClass::Car => RoadUserClass::Car,
        v1::RoadUserClass::Bus => RoadUserClass::Bus,
        v1::RoadUserClass::Truck => RoadUserClass::Truck,
        v1::RoadUserClass::Unspecified => return None,
    })
}

pub fn class_to_wire(class: RoadUserClass) -> v1::RoadUserClass {
    match class {
        RoadUserClass::Pedestrian => v1::RoadUserClass::Pedestrian,
        RoadUserClass::Cyclist => v1::RoadUserClass::Cyclist,
        RoadUserClass::Motorcyclist => v1::RoadUserClass::Motorcyclist,
        RoadUserClass::Car => v1::RoadUserClass::Car,
        RoadUserClass::Bus => v1::RoadUserClass::Bus,
        RoadUserClass::Truck => v1::RoadUserClass::Truck,
    }
}

pub fn kind_to_wire(kind: KindName) -> v1::AlertKind {
    match kind {
        KindName::Presence => v1::AlertKind::Presence,
        KindName::Dwell => v1::AlertKind::Dwell,
        KindName::LineCrossing => v1::AlertKind::LineCrossing,
    }
}

pub fn direction_to_wire(direction: Option<Direction>) -> v1::CrossingDirection {
    match direction {
        Some(Direction::In) => v1::CrossingDirection::In,
        Some(Direction::Out) => v1::CrossingDirection::Out,
        None => v1::CrossingDirection::Unspecified,
    }
}

pub fn direction_from_wire(direction: v1::CrossingDirection) -> Option<Direction> {
    match direction {
        v1::CrossingDirection::In => Some(Direction::In),
        v1::CrossingDirection::Out => Some(Direction::Out),
        v1::CrossingDirection::Unspecified => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_survive_the_wire() {
        for class in RoadUserClass::ALL {
            assert_eq!(class_from_wire(class_to_wire(class)), Some(class));
        }
    }
}
