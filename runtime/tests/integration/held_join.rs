//! A member that takes long to give its partitions back holds up the join of every other member. The coordinator answers them nothing in
//! the meantime.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use vru_runtime::kafka::{
    Committer, ConsumerOptions, Event, GroupConsumer, GroupOffsets, KafkaConfig, Partition, describe_topic,
};
use vru_runtime::metrics;
use vru_runtime::test_util::{Bus, Metrics, Topic, eventually, kafka};

const PARTITIONS: i32 = 6;
/// The longest that may be configured: a member that is gone without having left holds up its group for that long.
const SESSION: Duration = Duration::from_mins(5);
/// For the group to settle; much shorter than the session.
const DEADLINE: Duration = Duration::from_mins(2);

/// A commit that nothing holds up takes less.
const COMMITTED_WITHIN: Duration = Duration::from_secs(5);

struct Member {
    committer: Committer,
    owned: Arc<Mutex<BTreeSet<Partition>>>,
    leave: Arc<AtomicBool>,
    running: JoinHandle<()>,
}

impl Member {
    /// Gives no partition back while `held` is set.
    fn join(bus: &Bus, held: &Arc<AtomicBool>) -> Self {
        let mut options = ConsumerOptions::new(&format!("{}group", bus.prefix()), &[&bus.name(Topic::Alerts)]);
        options.rebalance_deadline = SESSION;
        let config = KafkaConfig { session_timeout: SESSION, ..bus.config() };
        let mut group = GroupConsumer::start(&config, &options).expect("a member can be made");
        let committer = group.committer();
        let (owned, leave) = (Arc::<Mutex<BTreeSet<Partition>>>::default(), Arc::<AtomicBool>::default());
        let (held, mine, leaving) = (held.clone(), owned.clone(), leave.clone());
        let running = tokio::spawn(async move {
            while !leaving.load(Ordering::Relaxed) {
                let Ok(event) = tokio::time::timeout(Duration::from_millis(50), group.next()).await else { continue };
                match event.expect("the member runs") {
                    Event::Record(_) => {}
                    Event::Assigned(assignment) => mine.lock().extend(assignment.partitions.iter().cloned()),
                    Event::Revoked(revocation) => {
                        assert!(!revocation.lost, "the member was evicted");
                        mine.lock().retain(|partition| !revocation.partitions.contains(partition));
                        while held.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    }
                }
            }
            tokio::task::spawn_blocking(move || drop(group)).await.unwrap();
        });
        Self { committer, owned, leave, running }
    }

    fn owned(&self) -> usize {
        self.owned.lock().len()
    }
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    eventually(DEADLINE, what, async || if condition() { Ok(()) } else { Err("not yet".to_owned()) }).await;
}

/// One member gives its partitions back only when `held` is unset, a second one waits for them, and a third one wants to join.
async fn held_group(bus: &Bus, held: &Arc<AtomicBool>) -> [Member; 3] {
    let free = Arc::<AtomicBool>::default();
    let first = Member::join(bus, held);
    until("the first member has all partitions", || first.owned() == PARTITIONS as usize).await;
    let second = Member::join(bus, &free);
    until("the first member is to give some back", || first.owned() < PARTITIONS as usize).await;
    let third = Member::join(bus, &free);
    [first, second, third]
}

async fn assert_settles(members: &[&Member]) {
    until("each member has its share", || {
        members.iter().all(|member| member.owned() == PARTITIONS as usize / members.len())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_wait_for_a_join_that_takes_long_are_not_replaced() {
    let bus = kafka().bus("held", PARTITIONS);
    let held = Arc::new(AtomicBool::new(true));
    let [first, second, third] = held_group(&bus, &held).await;
    // Long enough for two checks whether a member is stuck.
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!((second.owned(), third.owned()), (0, 0));
    held.store(false, Ordering::Relaxed);
    assert_settles(&[&first, &second, &third]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_leaves_during_a_join_that_takes_long_is_not_waited_for() {
    let bus = kafka().bus("leaves", PARTITIONS);
    let held = Arc::new(AtomicBool::new(true));
    let [first, second, third] = held_group(&bus, &held).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    second.leave.store(true, Ordering::Relaxed);
    second.running.await.unwrap();
    // Librdkafka waits 5 s for the answer to its request to leave.
    tokio::time::sleep(Duration::from_secs(7)).await;
    held.store(false, Ordering::Relaxed);
    assert_settles(&[&first, &third]).await;
}

/// Committed offset of a partition.
fn committed(bus: &Bus, partition: &Partition) -> Option<i64> {
    let (config, group) = (bus.config(), format!("{}group", bus.prefix()));
    let topic = describe_topic(&config, &partition.topic, DEADLINE).expect("the topic is there").id;
    let offsets = GroupOffsets::new(&config, "test", &group, &partition.topic).expect("a client can be made");
    offsets.committed(topic, partition.number, DEADLINE).expect("the group has offsets")
}

/// While a member waits for its join, its commits wait too, and Kafka then refuses them: they name the generation before.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_during_a_join_that_takes_long_is_made_again_for_a_partition_that_stays() {
    let bus = kafka().bus("stays", PARTITIONS);
    let (held, free) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let first = Member::join(&bus, &held);
    until("the first member has all partitions", || first.owned() == PARTITIONS as usize).await;
    let second = Member::join(&bus, &free);
    assert_settles(&[&first, &second]).await;
    held.store(true, Ordering::Relaxed);
    let third = Member::join(&bus, &free);
    until("both are to give one back", || first.owned() < 3 && second.owned() < 3).await;

    let stays = second.owned.lock().first().expect("it keeps two").clone();
    let mut offset = 0;
    loop {
        offset += 1;
        second.committer.commit(&[(stays.clone(), offset)], false).unwrap();
        let in_time = tokio::time::timeout(COMMITTED_WITHIN, async {
            while tokio::task::block_in_place(|| committed(&bus, &stays)) != Some(offset) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        // Otherwise the member has not asked to join yet.
        if in_time.await.is_err() {
            break;
        }
    }
    held.store(false, Ordering::Relaxed);
    assert_settles(&[&first, &second, &third]).await;
    eventually(DEADLINE, "the commit", async || match tokio::task::block_in_place(|| committed(&bus, &stays)) {
        Some(found) if found == offset => Ok(()),
        other => Err(format!("{other:?} instead of {offset}")),
    })
    .await;
    let metrics = Metrics::parse(&metrics::encode()).unwrap();
    let refused = [("topic", &*stays.topic), ("error", "IllegalGeneration")];
    assert!(metrics.count("kafka_failed_commits_total", &refused) > 0, "Kafka has refused it once");
}
