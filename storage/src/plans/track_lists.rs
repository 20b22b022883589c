//! What is asked of many tracks at once: their pictures, and how many began when. With the rows of `searches`.

use std::time::{Duration, SystemTime};

use super::searches::of_site;
use super::{check, check_days, day, explain};
use crate::counts::{self, Span, StoredBins};
use crate::past_frames;
use crate::postgres::PooledClient;
use crate::track_pictures;
use crate::tracks::{self, TrackFilter};

/// On the fifth day, a hundred tracks of two cameras have the picture of their alert. All cameras are watched all the time.
const ROWS: &str = "UPDATE tracks SET snapshot_key = 'p-' || track_id WHERE camera_id IN ('cam-3', 'cam-4') AND track_id / 10000 = 4;
    UPDATE alerts SET snapshot_key = 'p-' || track_ids[1] WHERE camera_id IN ('cam-3', 'cam-4') AND track_ids[1] / 10000 = 4;
    INSERT INTO watched_15m (camera_id, starts_at, file_session, watch_id, watched_us)
    SELECT 'cam-' || c, at, 0, 1, 900000000 FROM generate_series(0, 199) c,
        generate_series('2026-03-01T00:00:00Z'::timestamptz, '2026-03-10T23:45:00Z', '15 min') at;
    ANALYZE tracks, alerts, watched_15m";

pub(super) async fn read_few_rows(client: &PooledClient) {
    client.batch_execute(ROWS).await.unwrap();
    pictures(client).await;
    counts_in_bins(client).await;
}

async fn pictures(client: &PooledClient) {
    let tracks: Vec<i64> = (40_000..50_000).filter(|number| matches!(number % 200, 3 | 4)).collect();
    let cameras: Vec<String> = tracks.iter().map(|number| format!("cam-{}", number % 200)).collect();
    let (sessions, site) = (vec![1_i64; tracks.len()], Some("site-0"));
    assert_eq!(tracks.len(), 100);
    // The statement is kept prepared: from the sixth time on, it may be planned for any values.
    for planned in ["custom", "generic"] {
        client.batch_execute(&format!("SET plan_cache_mode = force_{planned}_plan")).await.unwrap();
        let plan = explain(client, track_pictures::PICTURES, &[&cameras, &sessions, &tracks, &site]).await;
        let what = format!("the pictures of a hundred tracks, {planned} plan");
        check(&what, &plan, "tracks_pkey", 2000);
        assert!(plan.contains("alerts_camera_captured_at") && plan.contains("detections_d4"), "{what}:\n{plan}");
        check_days(&what, &plan, "detections", 4);
    }
    client.batch_execute("RESET plan_cache_mode").await.unwrap();
    let (sessions, tracks) = (&sessions[..50], &tracks[..50]);
    let plan = explain(client, past_frames::WITH_PICTURE, &[&"cam-3", &sessions, &tracks]).await;
    check("which tracks of a preview have a picture", &plan, "tracks_pkey", 600);
}

/// A day of a site, in bins of a quarter of an hour.
async fn counts_in_bins(client: &PooledClient) {
    let edges: Vec<SystemTime> = (0..=96).map(|bin| day(4) + Duration::from_mins(15) * bin).collect();
    let (from, to) = (edges[0], edges[96]);
    let range = TrackFilter { from: Some(from), to: Some(to), ..TrackFilter::default() };
    let by_camera = "tracks_camera_first_seen";
    let crossed = TrackFilter { cameras: of_site(), line_id: Some("kerb".to_owned()), ..range.clone() };
    for (what, filter, index, pages) in [
        ("of a site", TrackFilter { cameras: of_site(), ..range.clone() }, by_camera, 700),
        // There is an index for the class too.
        ("of a class", TrackFilter { cameras: of_site(), classes: vec![2], ..range }, "first_seen", 700),
        ("that crossed a line", crossed, by_camera, 3000),
    ] {
        let search = tracks::search(&filter, None);
        let plan = search.explain_bins(client, (&tracks::LISTING, &filter.cameras), &edges, 500_000).await;
        check(&format!("the number of tracks {what}"), &plan, index, pages);
    }
    let span = Span { edges: &edges, stored: StoredBins::Quarters, files: false };
    let cameras: Vec<String> = (0..5).map(|number| format!("cam-{number}")).collect();
    let plan = explain(client, &counts::watched_sql(span), &[&cameras, &edges, &from, &to]).await;
    check("how long the cameras of a site were watched", &plan, "watched_15m_pkey", 200);
}
