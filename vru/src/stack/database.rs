//! The few queries that the stack itself sends to the database. Each uses a connection of its own.

use anyhow::Context as _;
use vru_proto::v1;
use vru_storage::postgres::{DatabaseConfig, connect};

/// Counts the frames that ingest received since `since_us` (microseconds since 1970) and that have a row.
pub(super) async fn frames_since(config: &DatabaseConfig, since_us: i64) -> anyhow::Result<u64> {
    let client = connect(config, "vru").await?;
    let since = vru_runtime::clock::from_us(since_us);
    let row = client.query_one("SELECT count(*) FROM frames WHERE ingested_at >= $1", &[&since]).await;
    Ok(row.context("count the rows of frames")?.get::<_, i64>(0) as u64)
}

/// Ends the alerts that went on when the program was stopped: what was known about them was in the embedded broker. No later than when
/// their road user was seen last. Only for a database that belongs to this program.
pub(super) async fn end_alerts_of_earlier_runs(config: &DatabaseConfig) -> anyhow::Result<u64> {
    const END: &str = "UPDATE alerts SET end_reason = $1, ended_at = coalesce((SELECT last_seen FROM tracks \
         WHERE tracks.camera_id = alerts.camera_id AND tracks.session = alerts.session AND track_id = track_ids[1]), captured_at) \
         WHERE ended_at IS NULL AND began_at IS NOT NULL";
    let client = connect(config, "vru").await?;
    let ended = client.execute(END, &[&(v1::EndReason::ProgramStopped as i16)]).await;
    ended.context("end the alerts of earlier runs")
}

/// Whether somebody can log in to the API.
pub(super) async fn has_people(config: &DatabaseConfig) -> anyhow::Result<bool> {
    let client = connect(config, "vru").await?;
    let found = client.query_one("SELECT EXISTS (SELECT FROM users)", &[]).await;
    Ok(found.context("look for people")?.get(0))
}

/// Deletes the stored positions of embedded brokers. Such a broker starts empty each time, possibly under the cluster id of
/// an earlier one: the earlier positions would make the sink skip records.
pub(super) async fn forget_embedded_positions(config: &DatabaseConfig) -> anyhow::Result<()> {
    let client = connect(config, "vru").await?;
    let exists = client.query_one("SELECT to_regclass('sink_positions') IS NOT NULL", &[]).await;
    if exists.context("look for the table sink_positions")?.get::<_, bool>(0) {
        let deleted = client.execute("DELETE FROM sink_positions WHERE cluster_id LIKE 'mockCluster%'", &[]).await;
        deleted.context("delete the positions of an earlier embedded broker")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use vru_runtime::secret::Secret;
    use vru_runtime::test_util::postgres;
    use vru_storage::postgres::migrate;

    use super::*;

    #[tokio::test]
    async fn alerts_that_an_earlier_run_left_end_when_their_road_user_was_seen_last() {
        let url = postgres().database();
        let database = DatabaseConfig { url: Secret::new(url.clone()), ..DatabaseConfig::default() };
        migrate(&database, "test").await.unwrap();
        let client = connect(&database, "test").await.unwrap();
        let alert = |id: &str, columns: &str, values: &str| {
            format!(
                "INSERT INTO alerts (id, camera_id, captured_at, session, sequence, rule_id, zone_id, severity, class, track_ids, \
                 clock_source, emitted_at, source_width, source_height, snapshot_key, clip_key, kind{columns}) \
                 VALUES ('{id}', 'cam', '2026-01-01 10:00Z', 1, 2, 'r', 'z', 1, 1, '{{7}}', 1, '2026-01-01 10:00Z', 10, 10, '', '', 2{values});"
            )
        };
        let began = "'2026-01-01 09:59Z'";
        let rows = [
            alert("open", ", began_at", &format!(", {began}")),
            alert("ended", ", began_at, ended_at, end_reason", &format!(", {began}, {began}, 1")),
            alert("old", "", ""),
        ];
        client.batch_execute(&rows.concat()).await.unwrap();
        assert_eq!(end_alerts_of_earlier_runs(&database).await.unwrap(), 1);
        assert_eq!(end_alerts_of_earlier_runs(&database).await.unwrap(), 0);
        let sql = "select id, end_reason, extract(epoch from ended_at - captured_at)::int from alerts order by id";
        let row = |id: &str, reason: &str, seconds: &str| [id, reason, seconds].map(str::to_owned).to_vec();
        assert_eq!(postgres().query(&url, sql), [row("ended", "1", "-60"), row("old", "0", ""), row("open", "8", "0")]);
    }
}
