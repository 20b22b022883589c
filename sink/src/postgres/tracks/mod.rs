//! One row for each track: what its detections say, taken together.
//!
//! A row is an exact function of the track's rows in `detections`, taken in the order of their capture times. The transaction
//! that stores detections also changes the rows of their tracks, so whatever keeps detections exact (positions, epochs, the
//! filter of frames that have rows) keeps tracks exact, and a new owner of a partition has nothing to restore.
//!
//! [`store`] reads the rows of a batch's tracks, adds the detections ([`track`]; [`path`], [`motion`]) and writes the rows back,
//! all of them in one statement ([`columns`]). The rare detections that come after later ones make their track's row anew from
//! the table.

mod columns;
mod foot;
mod motion;
mod path;
mod store;
mod track;

pub(crate) use store::{TrackStatements, store};
pub(crate) use track::zone_ids;
