//! The classes of road users.

/// The class of a road user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoadUserClass {
    Pedestrian,
    /// A rider with the bicycle; the box contains both.
    Cyclist,
    /// A rider with the motorcycle; the box contains both.
    Motorcyclist,
    Car,
    Bus,
    Truck,
}

impl RoadUserClass {
    pub const ALL: [Self; 6] = [Self::Pedestrian, Self::Cyclist, Self::Motorcyclist, Self::Car, Self::Bus, Self::Truck];

    /// Whether no vehicle body protects them: pedestrians, cyclists and motorcyclists.
    pub fn is_vulnerable(self) -> bool {
        matches!(self, Self::Pedestrian | Self::Cyclist | Self::Motorcyclist)
    }

    /// The name in lower case.
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
