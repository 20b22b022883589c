//! Partitions that cannot be created.

use super::*;

#[tokio::test]
async fn a_partition_that_cannot_be_created_is_tried_again_and_gets_its_rows() {
    let database = Database::migrated().await;
    let mut writer = database.writer();
    let claims = take_over(&mut writer).await;
    let time = now_us() - 3 * 86_400_000_000;
    let name = format!("frames_d{}", utc(time).strftime("%Y%m%d"));
    postgres().query(&database.url, &format!("create table {name} (x int)"));
    writer.write(&claims, &[frame(0, 0, time)]).await.unwrap();
    assert_eq!(database.count("frames_default"), "1");
    postgres().query(&database.url, &format!("drop table {name}"));
    let mut offset = 1;
    while database.count("frames_default") != "0" {
        writer.write(&claims, &[frame(offset, offset as u64, time)]).await.unwrap();
        offset += 1;
    }
    assert_eq!(database.count(&name), offset.to_string());
}
