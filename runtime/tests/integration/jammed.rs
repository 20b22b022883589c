//! Members whose receivers stop at random moments, for longer than the poll thread waits before it pauses everything, while other
//! members come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::Rng as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, Partition};
use vru_runtime::test_util::{Bus, Topic, kafka, seeded_rng, wait_for};

const PARTITIONS: i32 = 6;
const ROUNDS: usize = 10;
const MEMBERS: usize = 3;
/// For the members to read the rest, on a machine with much else to do.
const DEADLINE: Duration = Duration::from_mins(3);
/// What may wait for a receiver: a record, one more of each partition, and two rebalances of each.
const MAX_BACKLOG: usize = 2 + 3 * PARTITIONS as usize;

#[derive(Default)]
struct Seen {
    offsets: Mutex<BTreeMap<Partition, Vec<i64>>>,
    backlog: AtomicUsize,
}

impl Seen {
    fn count(&self) -> usize {
        self.offsets.lock().values().map(Vec::len).sum()
    }
}

struct Member {
    jammed_until: Arc<Mutex<Instant>>,
    leave: Arc<AtomicBool>,
    running: JoinHandle<()>,
}

impl Member {
    fn join(bus: &Bus, seen: Arc<Seen>, seed: u64) -> Self {
        let mut options = ConsumerOptions::new(&format!("{}group", bus.prefix()), &[&bus.name(Topic::Alerts)]);
        options.capacity = 2;
        // Longer than any jam: a receiver that takes its revocation in time reads each record once.
        options.rebalance_deadline = Duration::from_mins(1);
        let config = KafkaConfig { session_timeout: Duration::from_secs(45), ..bus.config() };
        let group = GroupConsumer::start(&config, &options).expect("a member can be made");
        let (jammed_until, leave) = (Arc::new(Mutex::new(Instant::now())), Arc::<AtomicBool>::default());
        let running =
            tokio::spawn(receive(group, seen, jammed_until.clone(), leave.clone(), StdRng::seed_from_u64(seed)));
        Self { jammed_until, leave, running }
    }

    fn jam(&self, length: Duration) {
        *self.jammed_until.lock() = Instant::now() + length;
    }

    /// Leaves the group when its receiver gets to it.
    fn leave(self) -> JoinHandle<()> {
        self.leave.store(true, Ordering::Relaxed);
        self.running
    }
}

async fn receive(
    mut group: GroupConsumer,
    seen: Arc<Seen>,
    jammed_until: Arc<Mutex<Instant>>,
    leave: Arc<AtomicBool>,
    mut random: StdRng,
) {
    let mut next: BTreeMap<Partition, i64> = BTreeMap::new();
    let mut paused: Vec<Partition> = Vec::new();
    let mut stopping = false;
    loop {
        let until = *jammed_until.lock();
        tokio::time::sleep_until(until.into()).await;
        if leave.load(Ordering::Relaxed) && !stopping {
            stopping = true;
            group.stop();
        }
        seen.backlog.fetch_max(group.backlog(), Ordering::Relaxed);
        for partition in paused.drain(..) {
            group.resume(&partition);
        }
        let Ok(event) = tokio::time::timeout(Duration::from_millis(50), group.next()).await else { continue };
        match event {
            None => break,
            Some(Event::Assigned(_)) => {}
            // The next owner reads it again.
            Some(Event::Record(_)) if stopping => {}
            Some(Event::Record(record)) => {
                seen.offsets.lock().entry(record.partition.clone()).or_default().push(record.offset);
                next.insert(record.partition.clone(), record.offset + 1);
                if random.random_bool(0.1) {
                    group.pause(&record.partition);
                    paused.push(record.partition);
                }
                tokio::time::sleep(Duration::from_micros(random.random_range(0..4_000))).await;
            }
            Some(Event::Revoked(revocation)) => {
                assert!(!revocation.lost, "the member was evicted");
                let mine = revocation.partitions.iter().filter_map(|partition| next.remove_entry(partition));
                let (committer, mine) = (group.committer(), mine.collect::<Vec<_>>());
                tokio::task::spawn_blocking(move || committer.commit(&mine, true)).await.unwrap().unwrap();
            }
        }
    }
    tokio::task::spawn_blocking(move || drop(group)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalances_of_jammed_members_at_any_moment_give_each_record_once_and_in_order() {
    let mut random = seeded_rng("rebalances_of_jammed_members_at_any_moment_give_each_record_once_and_in_order");
    let bus = Arc::new(tokio::task::spawn_blocking(|| kafka().bus("jammed", PARTITIONS)).await.unwrap());
    let seen = Arc::<Seen>::default();
    let published = Arc::<AtomicUsize>::default();
    let enough = Arc::<AtomicBool>::default();
    let publishing = tokio::task::spawn_blocking({
        let (bus, published, enough) = (bus.clone(), published.clone(), enough.clone());
        move || {
            while !enough.load(Ordering::Relaxed) {
                let number = published.fetch_add(1, Ordering::Relaxed);
                bus.produce(Topic::Alerts, &format!("key-{}", number % 64), Some(b"record"));
                // Members that wait after each record must be able to follow.
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let mut members = vec![Member::join(&bus, seen.clone(), random.random())];
    let mut leaving = Vec::new();
    for _ in 0..ROUNDS {
        let chosen = random.random_range(0..members.len());
        // Longer than the 2 s after which the poll thread pauses all partitions.
        members[chosen].jam(Duration::from_millis(random.random_range(2_100..4_500)));
        tokio::time::sleep(Duration::from_millis(random.random_range(0..2_500))).await;
        if members.len() < MEMBERS && (members.len() == 1 || random.random_bool(0.5)) {
            members.push(Member::join(&bus, seen.clone(), random.random()));
        } else {
            leaving.push(members.swap_remove(random.random_range(0..members.len())).leave());
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..1_500))).await;
    }
    enough.store(true, Ordering::Relaxed);
    publishing.await.unwrap();
    let all = published.load(Ordering::Relaxed);
    let reading = seen.clone();
    tokio::task::spawn_blocking(move || {
        wait_for(DEADLINE, "all records", || {
            let count = reading.count();
            if count >= all { Ok(()) } else { Err(format!("{count} of {all}")) }
        });
    })
    .await
    .unwrap();
    leaving.extend(members.into_iter().map(Member::leave));
    for member in leaving {
        member.await.unwrap();
    }
    for (partition, offsets) in &*seen.offsets.lock() {
        let breaks: Vec<&[i64]> = offsets.windows(2).filter(|pair| pair[1] != pair[0] + 1).collect();
        assert!(offsets[0] == 0 && breaks.is_empty(), "{partition}: {breaks:?}");
    }
    assert_eq!(seen.count(), all);
    let backlog = seen.backlog.load(Ordering::Relaxed);
    assert!(backlog <= MAX_BACKLOG, "{backlog} events waited");
}
