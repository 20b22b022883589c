//! One object is one track, whatever labels the model finds it under; and tracks are measured as they are.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use vru_runtime::test_util::{Launch, binary, folder};

use crate::analysis::Analyse;
use crate::videos;

fn confirmed_tracks(model: &str) -> BTreeSet<(u64, String)> {
    // Three seconds whose brightness changes every three frames.
    let video = videos::make(
        "flicker.mkv",
        r#"-f lavfi -i color=gray:s=64x64:r=10:d=3,format=yuv420p -vf "geq=lum='if(mod(floor(N/3),2),220,30)':cb=128:cr=128" -c:v ffv1"#,
    );
    let analysis = Analyse::fixture(&video, model).succeed();
    assert_eq!(analysis.frames.len(), 30, "{}", analysis.log);
    let objects = analysis.frames.iter().flat_map(|frame| &frame.objects);
    objects.filter(|object| object.confirmed).map(|object| (object.track_id, object.class.clone())).collect()
}

#[test]
fn a_vehicle_that_is_found_as_car_and_truck_is_one_track() {
    let tracks = confirmed_tracks("probe-car-and-truck");
    assert_eq!(tracks.iter().map(|(_, class)| class.as_str()).collect::<Vec<_>>(), ["car"]);
}

#[test]
fn a_vehicle_that_is_found_as_car_and_truck_in_turn_keeps_its_id() {
    let tracks = confirmed_tracks("probe-car-or-truck");
    let ids: BTreeSet<u64> = tracks.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 1, "{tracks:?}");
}

/// What `vru evaluate` prints, and whether it succeeded.
fn evaluate(args: &[&str]) -> (bool, String) {
    let log = folder("evaluate").join("log");
    let status = Launch::new(binary("vru"), &log).args(["evaluate"]).args(args).spawn().wait(Duration::from_mins(1));
    (status.success(), fs::read_to_string(log).unwrap())
}

#[test]
fn the_command_evaluates_two_files_and_names_what_is_wrong_with_them() {
    let folder = folder("mot");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // A walker of three frames, who gets another id in the last; a box that is not considered, with a track on it.
    let truth = file("truth", "1,1,0,0,10,20,1\n2,1,1,0,10,20,1\n3,1,2,0,10,20,1\n3,2,90,0,10,20,0\n");
    let tracks = file("tracks", "1,5,0,0,10,20,0.9\n2,5,1,0,10,20,0.9\n3,6,2,0,10,20,0.9\n3,7,90,0,10,20,0.9\n");
    let (ended, text) = evaluate(&[&truth, &tracks, "--json"]);
    assert!(ended, "{text}");
    let found: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    let number = |name: &str| found[name].as_f64().unwrap();
    assert_eq!((number("switches"), number("false_positives"), number("boxes")), (1.0, 0.0, 3.0), "{found}");
    assert!((number("mota") - 2.0 / 3.0).abs() < 1e-9 && (number("idf1") - 2.0 / 3.0).abs() < 1e-9, "{found}");
    // Two matches of a pair with 2 of 3 boxes in common, and one of a pair with 1 of 3.
    assert!((number("association") - 5.0 / 9.0).abs() < 1e-9, "{found}");
    let (_, table) = evaluate(&[&truth, &tracks]);
    assert!(table.contains("MOTA") && table.contains("0.667") && table.contains("HOTA"), "{table}");
    for (truth, tracks, problem) in [
        (&truth, &file("twice", "1,5,0,0,10,20,0.9\n1,5,1,0,10,20,0.9\n"), "has the id 5 twice in frame 1"),
        (&truth, &file("broken", "1,5,0,0\n"), "line 1"),
        (&file("nobody", "1,1,0,0,10,20,0\n"), &tracks, "has no box to evaluate"),
        (&truth, &"/nowhere/tracks".to_owned(), "/nowhere/tracks"),
    ] {
        let (ended, text) = evaluate(&[truth, tracks]);
        assert!(!ended && text.contains(problem), "{text}");
    }
}
