//! Records that PostgreSQL refuses, and errors that look like it but pass.

use std::collections::BTreeSet;
use std::time::Duration;

use vru_proto::names::{HEADER_REASON, HEADER_SOURCE_TOPIC};
use vru_runtime::test_util::{Bus, PostgresServer, ServiceLaunch, Topic, kafka, postgres, wait_for, wait_until};

use crate::messages::{a_minute_ago, alert, frame, object_count, publish_frames};

const DEADLINE: Duration = Duration::from_mins(2);
const CAMERAS: [&str; 3] = ["cam-a", "cam-b", "cam-c"];

fn launch(bus: &Bus, database: &str) -> ServiceLaunch {
    ServiceLaunch::new("vru-sink")
        .args(["postgres"])
        .bus(bus)
        .set("postgres.url", database)
        .set("postgres.migrate", "true")
        .set("postgres.group", format!("{}refused", bus.prefix()))
        .set("postgres.retry.max", "200ms")
        .set("kafka.session_timeout", "2s")
}

fn count(server: &PostgresServer, database: &str, what: &str) -> u64 {
    // Before the first migration, the tables do not exist.
    let rows = server.try_query(database, &format!("select count(*) from {what}")).unwrap_or_default();
    rows.first().map_or(0, |row| row[0].parse().unwrap_or(0))
}

fn wait_for_count(server: &PostgresServer, database: &str, what: &str, expected: u64) {
    wait_for(DEADLINE, &format!("{expected} rows of {what}"), || match count(server, database, what) {
        found if found >= expected => Ok(()),
        found => Err(format!("{found} rows")),
    });
}

fn wait_for_no_lag(bus: &Bus) {
    let group = format!("{}refused", bus.prefix());
    wait_until(DEADLINE, "every record to be done", || {
        bus.lag(&group, Topic::Detections) + bus.lag(&group, Topic::Alerts) == 0
    });
}

/// The reasons of the dead letters, without duplicates: a kill may repeat one.
fn reasons(bus: &Bus) -> Vec<(String, String)> {
    let letters = bus.records(Topic::DeadLetters);
    let distinct: BTreeSet<(String, String)> = letters
        .iter()
        .map(|letter| {
            let value = |name| letter.header(name).unwrap().to_owned();
            (format!("{:?}", letter.payload), format!("{} {}", value(HEADER_SOURCE_TOPIC), value(HEADER_REASON)))
        })
        .collect();
    distinct.into_iter().collect()
}

#[test]
fn refused_records_become_dead_letters_and_the_rest_of_their_batch_is_stored() {
    let (bus, server) = (kafka().bus("pg-refused", 2), postgres());
    let database = server.database();
    let service = launch(&bus, &database).start();
    service.wait_ready(DEADLINE);
    server.query(
        &database,
        "alter table frames add constraint lucky check (sequence <> 7);
         alter table alerts add constraint calm check (severity < 3);
         create unique index one_of_a_kind on alerts (rule_id) where rule_id = 'unique';
         create function refuse() returns trigger language plpgsql as $$
             begin
                 if new.camera_id = 'cam-b' and new.sequence % 20 = 11 then raise exception 'not this one'; end if;
                 if new.sequence = 14 then new.score = (1 / (new.object_index - 1))::real; end if;
                 return new;
             end $$;
         create trigger refuse before insert on detections for each row execute function refuse()",
    );
    let begin = a_minute_ago();
    publish_frames(&bus, &CAMERAS, 0..40, begin);
    let mut severe = alert(CAMERAS[0], "severe", 1, begin);
    severe.severity = 3;
    bus.produce_message(Topic::Alerts, CAMERAS[0], &severe);
    for id in ["first", "second"] {
        let mut unique = alert(CAMERAS[0], id, 1, begin);
        unique.rule_id = "unique".to_owned();
        bus.produce_message(Topic::Alerts, CAMERAS[0], &unique);
    }
    bus.produce_message(Topic::Alerts, CAMERAS[0], &alert(CAMERAS[0], "calm", 1, begin));
    // A kill in the middle: what is stored and what is refused stays the same.
    wait_for_count(server, &database, "frames", 20);
    service.kill();
    service.restart();
    publish_frames(&bus, &CAMERAS, 40..60, begin);
    wait_for_no_lag(&bus);
    // Sequence 7 of every camera; 11, 31 and 51 of camera B, of which each has objects; 14 of every camera.
    let refused = |camera: &str, sequence: u64| {
        sequence == 7 || sequence == 14 || (camera == "cam-b" && sequence % 20 == 11 && object_count(sequence) > 0)
    };
    let stored: Vec<u64> =
        CAMERAS.iter().flat_map(|&camera| (0..60).filter(move |&sequence| !refused(camera, sequence))).collect();
    let lost = CAMERAS.len() * 60 - stored.len();
    assert_eq!(count(server, &database, "frames"), stored.len() as u64);
    assert_eq!(
        count(server, &database, "detections"),
        stored.iter().map(|&sequence| object_count(sequence)).sum::<u64>()
    );
    assert_eq!(count(server, &database, "alerts"), 2);
    let letters = reasons(&bus);
    assert_eq!(letters.len(), lost + 2, "{letters:#?}");
    for (part, times) in [
        ("23514: new row for relation", CAMERAS.len() + 1),
        ("lucky", CAMERAS.len()),
        ("calm", 1),
        ("P0001: not this one", lost - 2 * CAMERAS.len()),
        ("22012: division by zero", CAMERAS.len()),
        ("23505: duplicate key", 1),
    ] {
        let found = letters.iter().filter(|(_, reason)| reason.contains(part)).count();
        assert_eq!(found, times, "{part} in {letters:#?}");
    }
    // PostgreSQL's details quote the row.
    assert!(!letters.iter().any(|(_, reason)| reason.contains("Failing row")), "{letters:#?}");
    let payload = prost::Message::encode_to_vec(&frame("cam-c", 1, 7, begin));
    let payloads: Vec<_> = bus.records(Topic::DeadLetters).into_iter().filter_map(|letter| letter.payload).collect();
    assert!(payloads.iter().any(|found| *found == payload), "a dead letter holds the record unchanged");
    service.wait_ready(DEADLINE);
}

#[test]
fn a_missing_privilege_is_named_and_retried_and_makes_no_dead_letters() {
    let (bus, server) = (kafka().bus("pg-privilege", 1), postgres());
    let database = server.database();
    let name = database.rsplit('/').next().unwrap().to_owned();
    let role = format!("sink_{name}");
    server.query(
        &database,
        &format!(
            "create role {role} login password 'hunter2';
             alter database {name} owner to {role};
             alter schema public owner to {role}"
        ),
    );
    let url = database.replace("vru:of-the-test-database@", &format!("{role}:hunter2@"));
    let service = launch(&bus, &url).start();
    service.wait_ready(DEADLINE);
    let begin = a_minute_ago();
    for (round, table) in ["frames", "detections", "alerts", "sink_positions"].into_iter().enumerate() {
        let stored = round as u64 * 20 * CAMERAS.len() as u64;
        wait_for_count(server, &database, "frames", stored);
        server.query(&database, &format!("revoke insert, select, update on {table} from {role}"));
        publish_frames(&bus, &CAMERAS, round as u64 * 20..(round as u64 + 1) * 20, begin);
        bus.produce_message(Topic::Alerts, CAMERAS[0], &alert(CAMERAS[0], &format!("alert-{round}"), 1, begin));
        wait_for(DEADLINE, "the missing privilege to be named", || match service.ready() {
            Ok((503, body)) if body.contains(table) && body.contains("privilege") => {
                assert!(!body.contains("hunter2"), "{body}");
                Ok(())
            }
            other => Err(format!("{other:?}")),
        });
        server.query(&database, &format!("grant insert, select, update on {table} to {role}"));
        service.wait_ready(DEADLINE);
    }
    wait_for_count(server, &database, "frames", 80 * CAMERAS.len() as u64);
    wait_for_no_lag(&bus);
    assert_eq!(count(server, &database, "frames"), 80 * CAMERAS.len() as u64);
    assert_eq!(count(server, &database, "alerts"), 4);
    assert_eq!(bus.written(Topic::DeadLetters), 0);
}

#[test]
fn partitions_that_are_detached_while_rows_are_written_lose_and_double_nothing() {
    let (bus, server) = (kafka().bus("pg-detach", 2), postgres());
    let database = server.database();
    let service = launch(&bus, &database).set("postgres.batch.max_records", "10").start();
    service.wait_ready(DEADLINE);
    let begin = a_minute_ago();
    publish_frames(&bus, &CAMERAS, 0..10, begin);
    wait_for_count(server, &database, "frames", 30);
    let attached = "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid \
         where i.inhparent = 'frames'::regclass and c.relname <> 'frames_default' order by 1";
    let days: Vec<String> = server.query(&database, attached).into_iter().map(|mut row| row.remove(0)).collect();
    for (round, day) in (1..).zip(&days) {
        publish_frames(&bus, &CAMERAS, round * 10..(round + 1) * 10, begin);
        server.query(&database, &format!("alter table frames detach partition {day}"));
        publish_frames(&bus, &CAMERAS, 100 + round * 10..100 + (round + 1) * 10, begin);
    }
    wait_for_no_lag(&bus);
    let everywhere: Vec<String> = days.iter().map(|day| format!("select camera_id, sequence from {day}")).collect();
    let everywhere = format!("(select camera_id, sequence from frames union all {})", everywhere.join(" union all "));
    let expected = (10 + days.len() as u64 * 20) * CAMERAS.len() as u64;
    assert!(!days.is_empty());
    assert_eq!(count(server, &database, &format!("{everywhere} as all_rows")), expected);
    let distinct = format!("(select distinct camera_id, sequence from {everywhere} as all_rows) as rows_once");
    assert_eq!(count(server, &database, &distinct), expected);
    assert_eq!(bus.written(Topic::DeadLetters), 0);
    service.wait_ready(DEADLINE);
}
