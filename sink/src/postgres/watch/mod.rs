//! How long each camera was watched, and for what, in bins of minutes and quarters of an hour.
//!
//! The time between two stored frames that follow each other was watched if tracks could go on over it: both are of the same session, and not
//! further apart than the tracker keeps a track. So the bins are a function of the rows in `frames`, whatever the order in which they came,
//! and change in the transaction that stores them.
//!
//! [`watched`] is the function, [`target`] what a frame is watched for, [`store`] the rows.

mod store;
mod target;
mod watched;

pub(super) use store::{WatchStatements, store};
pub(super) use target::watch_id;
