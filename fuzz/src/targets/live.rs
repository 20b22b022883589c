//! What clients of live feeds say.

use std::collections::HashSet;

use vru_live::wishes::{Wish, read};

use super::check_error;

const MOST: usize = 8;

/// An accepted message names each camera once, at most as many as allowed, and means the same when it is written again.
pub(crate) fn wishes(case: &[u8]) {
    match read(&crate::input::text(case), MOST) {
        Ok(wishes) => {
            let cameras: HashSet<&str> = wishes.iter().map(|wish| wish.camera_id.as_str()).collect();
            assert!(cameras.len() == wishes.len() && wishes.len() <= MOST);
            let written: Vec<String> = wishes.iter().map(text).collect();
            let again = format!("{{\"watch\":[{}]}}", written.join(","));
            assert_eq!(read(&again, MOST), Ok(wishes));
        }
        Err(error) => check_error(&error),
    }
}

fn text(wish: &Wish) -> String {
    // Neither needs an escape.
    format!("{{\"camera_id\":\"{}\",\"rendition\":\"{}\"}}", wish.camera_id, wish.rendition.word())
}
