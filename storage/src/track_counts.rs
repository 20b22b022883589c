//! How many tracks began when.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::postgres::DatabaseError;
use crate::search::rows;
use crate::tracks::{LISTING, TrackFilter, search};

/// By the number of the bin between `edges`, from 0, for bins in which tracks of the filter began. At most `most` tracks are counted: if the
/// sum is as much, there may be more.
pub async fn in_bins<C: GenericClient>(
    client: &C,
    filter: &TrackFilter,
    edges: &[SystemTime],
    most: i64,
) -> Result<Vec<(usize, i64)>, DatabaseError> {
    let found = search(filter, None).in_bins(client, (&LISTING, &filter.cameras), edges, most).await;
    let bin = |row: &Row| {
        let number: i32 = row.try_get("bin")?;
        Ok((usize::try_from(number).unwrap_or_default(), row.try_get("found")?))
    };
    rows("count tracks", found, bin)
}
