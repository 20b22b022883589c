//! What messages and tables number, as words. A number that this version does not know has no word: the field is absent then.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_proto::v1;

pub(crate) trait Word: Sized + 'static {
    const ALL: &'static [Self];

    /// Of a number.
    fn word(number: i16) -> Option<Self>;

    fn number(self) -> i16;

    /// As requests and answers have it.
    fn text(self) -> &'static str;
}

/// The numbers of words.
pub(crate) fn numbers<T: Word + Copy>(words: &[T]) -> Vec<i16> {
    words.iter().map(|word| word.number()).collect()
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident of $message:ident { $($(#[$word_about:meta])* $word:ident $text:literal = $in_message:ident),* $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        $(#[$about])*
        pub(crate) enum $name {
            $($(#[$word_about])* $word),*
        }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$word),*];

            fn word(number: i16) -> Option<Self> {
                match v1::$message::try_from(i32::from(number)) {
                    $(Ok(v1::$message::$in_message) => Some(Self::$word),)*
                    _ => None,
                }
            }

            fn number(self) -> i16 {
                match self {
                    $(Self::$word => v1::$message::$in_message as i16,)*
                }
            }

            fn text(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }
    };
}

words! {
    /// What kind of road user.
    RoadUserClass of RoadUserClass {
        Pedestrian "pedestrian" = Pedestrian,
        Cyclist "cyclist" = Cyclist,
        Motorcyclist "motorcyclist" = Motorcyclist,
        Car "car" = Car,
        Bus "bus" = Bus,
        Truck "truck" = Truck,
    }
}

words! {
    /// How a line was crossed, for somebody who stands at its first point and looks to its second: `in` is from the left hand to the right
    /// hand.
    #[schema(as = CrossingDirection)]
    Direction of CrossingDirection {
        In "in" = In,
        Out "out" = Out,
    }
}

words! {
    /// What kind of rule raised it.
    AlertKind of AlertKind {
        Presence "presence" = Presence,
        Dwell "dwell" = Dwell,
        LineCrossing "line_crossing" = LineCrossing,
    }
}

words! {
    Severity of Severity {
        Info "info" = Info,
        Warning "warning" = Warning,
        Critical "critical" = Critical,
    }
}

words! {
    /// Why it is over.
    EndReason of EndReason {
        /// The road user left.
        Left "left" = Left,
        TrackLost "track_lost" = TrackLost,
        /// The rule or its zone was changed or removed.
        RuleChanged "rule_changed" = RuleChanged,
        /// The camera was removed or disabled.
        CameraRemoved "camera_removed" = CameraRemoved,
        /// The camera sent no frames.
        CameraSilent "camera_silent" = CameraSilent,
        /// The camera connected again.
        SessionEnded "session_ended" = SessionEnded,
        /// The video file ended.
        StreamEnded "stream_ended" = StreamEnded,
        ProgramStopped "program_stopped" = ProgramStopped,
    }
}

words! {
    /// By which clock: the camera's own, when the frame arrived, or the start time of the file plus the position in it.
    Clock of ClockSource {
        Camera "camera" = SenderReport,
        Arrival "arrival" = Arrival,
        File "file" = File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_numbers_and_other_numbers_have_none() {
        for number in 1..=6 {
            assert_eq!(RoadUserClass::word(number).map(RoadUserClass::number), Some(number));
        }
        for number in 1..=3 {
            assert_eq!(AlertKind::word(number).map(AlertKind::number), Some(number));
            assert_eq!(Severity::word(number).map(Severity::number), Some(number));
            assert_eq!(Clock::word(number).map(Clock::number), Some(number));
        }
        for number in 1..=8 {
            assert_eq!(EndReason::word(number).map(EndReason::number), Some(number));
        }
        for number in 1..=2 {
            assert_eq!(Direction::word(number).map(Direction::number), Some(number));
        }
        for number in [-1, 0, 9, i16::MAX, i16::MIN] {
            assert_eq!(
                (RoadUserClass::word(number), AlertKind::word(number), Severity::word(number)),
                (None, None, None)
            );
            assert_eq!((EndReason::word(number), Clock::word(number), Direction::word(number)), (None, None, None));
        }
    }

    fn check_texts<T: Word + Serialize + Copy>() {
        for word in T::ALL {
            assert_eq!(serde_json::to_value(word).unwrap(), word.text());
        }
    }

    #[test]
    fn texts_are_those_of_requests_and_answers() {
        check_texts::<RoadUserClass>();
        check_texts::<Direction>();
        check_texts::<AlertKind>();
        check_texts::<Severity>();
        check_texts::<EndReason>();
        check_texts::<Clock>();
    }
}
