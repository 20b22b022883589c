//! What somebody at the screen of `vru up` is told.

use std::time::{Duration, SystemTime};

use vru_runtime::test_util::{Process, folder, require_asset, wait_for};

use crate::support::up::{self, UpAddresses};

const DEADLINE: Duration = Duration::from_mins(5);

/// Starts `vru up` with these cameras.
fn start(cameras: &str) -> Process {
    let home = folder("up-screen");
    let file = home.join("cameras.toml");
    std::fs::write(&file, cameras).unwrap();
    let config = up::write_config(&home, &UpAddresses::free(), &format!("cameras.file = '{}'\n", file.display()));
    up::start(&home, &config)
}

/// Waits for a line with all of these words.
fn wait_for_line(up: &Process, words: &[&str]) {
    wait_for(DEADLINE, &words.join(" "), || {
        assert!(up.ended().is_none(), "vru up ended:\n{}", up.log());
        let log = up.log();
        let found = log.lines().any(|line| words.iter().all(|word| line.contains(word)));
        if found { Ok(()) } else { Err(up.log_tail()) }
    });
}

/// A camera's card whose clock has no battery: the file says when it was recorded, and that cannot be.
#[test]
fn a_file_of_an_impossible_date_is_refused_with_the_reason_and_the_setting_on_the_screen() {
    let clip = require_asset("clips/vtest.avi");
    let dated = |name: &str, second: u64| {
        let file = folder("dated").join(name);
        std::fs::copy(&clip, &file).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        format!("[[cameras]]\nid = '{}'\nfile = {{ path = '{}' }}\n", name.replace(".avi", ""), file.display())
    };
    let up = start(&[dated("y1970.avi", 0), dated("y1980.avi", 315_532_800)].concat());
    for (camera, date) in [("y1970", "1970-01-01"), ("y1980", "1980-01-01")] {
        wait_for_line(&up, &[camera, "is dated", date, "start_time_us"]);
    }
    up.signal("TERM");
    up.wait(DEADLINE);
    assert!(
        up.log().lines().any(|line| line.trim_start().starts_with("frames in") && line.ends_with(" 0")),
        "{}",
        up.log()
    );
}
