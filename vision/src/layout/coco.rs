//! The names of COCO's classes, for detectors whose exporter wrote none.

/// The 80 classes in their order.
const NAMES: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

/// The category numbers below 91 that no class has.
const UNUSED: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// Names for a detector whose file names no classes: those of COCO for 80 classes in order and for 91 category numbers, and
/// `person` for a single class. `None` for any other number, because nothing says what the classes are.
pub fn assumed_labels(classes: usize) -> Option<Vec<String>> {
    match classes {
        1 => Some(vec!["person".to_owned()]),
        80 => Some(NAMES.map(str::to_owned).to_vec()),
        91 => {
            let mut names = NAMES.iter();
            let name = |id: usize| if UNUSED.contains(&id) { None } else { names.next() };
            Some((0..91).map(name).map(|name| name.map_or("unused", |name| name).to_owned()).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn category_numbers_are_those_of_coco() {
        let names = assumed_labels(91).unwrap();
        let expected = [(1, "person"), (2, "bicycle"), (3, "car"), (4, "motorcycle"), (6, "bus"), (8, "truck")];
        for (id, name) in
            expected.into_iter().chain([(13, "stop sign"), (27, "backpack"), (84, "book"), (90, "toothbrush")])
        {
            assert_eq!(names[id], name, "{id}");
        }
        assert_eq!((names.len(), names[0].as_str()), (91, "unused"));
    }

    #[test]
    fn other_numbers_of_classes_have_no_names() {
        assert_eq!(assumed_labels(80).unwrap()[7], "truck");
        assert_eq!(assumed_labels(1).unwrap(), ["person"]);
        for classes in [0, 2, 79, 81, 90, 92, 365] {
            assert_eq!(assumed_labels(classes), None);
        }
    }
}
