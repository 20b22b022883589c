//! Road users: what labels mean on a road, and how a rider and a bicycle become one.

mod fusion;
mod labels;

pub use fusion::{Raw, fuse_riders};
pub use labels::{LabelMap, ObjectKind};

/// What a road user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoadUserClass {
    /// On foot.
    Pedestrian,
    /// On a bicycle; the box holds both.
    Cyclist,
    /// On a motorcycle; the box holds both.
    Motorcyclist,
    /// In a car.
    Car,
    /// In a bus.
    Bus,
    /// In a truck.
    Truck,
}

impl RoadUserClass {
    /// Every class.
    pub const ALL: [Self; 6] = [Self::Pedestrian, Self::Cyclist, Self::Motorcyclist, Self::Car, Self::Bus, Self::Truck];

    /// Whether nothing protects them: pedestrians, cyclists and motorcyclists.
    pub fn is_vulnerable(self) -> bool {
        matches!(self, Self::Pedestrian | Self::Cyclist | Self::Motorcyclist)
    }

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pedestrian => "pedestrian",
            Self::Cyclist => "cyclist",
            Self::Motorcyclist => "motorcyclist",
            Self::Car => "car",
            Self::Bus => "bus",
            Self::Truck => "truck",
        }
    }
}

impl std::fmt::Display for RoadUserClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
