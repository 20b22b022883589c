//! The targets of a load balancer, as its controller registers them and its health checks judge them.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, scaled};
use crate::manifests::TargetRules;
use crate::pod::{Pod, get, is_ok};

const TICK: Duration = Duration::from_millis(100);
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a load balancer may go on choosing a pod after its deletion: the controller must see it, tell the load balancer, and this
/// must tell its nodes.
const PROPAGATION: Duration = Duration::from_secs(5);

/// The targets at this moment.
pub struct Targets {
    rules: TargetRules,
    by_pod: Mutex<HashMap<String, Target>>,
    turn: AtomicUsize,
    /// What clients saw of a pod that was chosen and did not serve.
    pub faults: Mutex<Vec<String>>,
}

struct Target {
    pod: Arc<Pod>,
    healthy: bool,
    /// Checks in a row that say otherwise.
    against: u32,
    checked: Instant,
    /// Since when it is to go.
    unwanted: Option<Instant>,
    cut: CancellationToken,
}

impl Target {
    fn may_be_chosen(&self) -> bool {
        self.unwanted.is_none_or(|since| since.elapsed() < scaled(PROPAGATION))
    }
}

/// Where a connection or a request goes.
pub struct Chosen {
    pub pod: String,
    pub address: SocketAddr,
    /// Then what it still does with the target ends.
    pub cut: CancellationToken,
}

impl Targets {
    /// Follows the pods of the workload. Runs until the process ends.
    pub fn follow(cluster: &Arc<Cluster>, rules: TargetRules) -> Arc<Self> {
        let targets =
            Arc::new(Self { rules, by_pod: Mutex::default(), turn: AtomicUsize::new(0), faults: Mutex::default() });
        let (following, cluster) = (targets.clone(), cluster.clone());
        std::thread::spawn(move || {
            loop {
                following.register(&cluster);
                following.check();
                std::thread::sleep(TICK);
            }
        });
        targets
    }

    /// One of the healthy targets in turn; of all if none is healthy.
    pub fn choose(&self) -> Option<Chosen> {
        let targets = self.by_pod.lock();
        let mut usable: Vec<_> = targets.values().filter(|target| target.may_be_chosen()).collect();
        if usable.iter().any(|target| target.healthy) {
            usable.retain(|target| target.healthy);
        }
        usable.sort_by(|one, other| one.pod.name.cmp(&other.pod.name));
        let chosen = usable.get(self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(usable.len())?)?;
        Some(Chosen {
            pod: chosen.pod.name.clone(),
            address: SocketAddr::from((chosen.pod.address, self.rules.port)),
            cut: chosen.cut.clone(),
        })
    }

    pub fn fault(&self, what: String) {
        self.faults.lock().push(what);
    }

    /// As the controller: a pod is a target from when its containers are ready until its deletion; where addresses are published although
    /// pods are not ready, from its start until its end.
    fn register(&self, cluster: &Cluster) {
        let mut targets = self.by_pod.lock();
        for pod in cluster.pods_of(&self.rules.workload) {
            let wanted = if self.rules.publish_not_ready {
                !pod.is_gone()
            } else {
                pod.containers_are_ready() && !pod.is_terminating()
            };
            match targets.get_mut(&pod.name) {
                None if wanted => {
                    let target = Target {
                        pod: pod.clone(),
                        healthy: false,
                        against: 0,
                        checked: Instant::now(),
                        unwanted: None,
                        cut: CancellationToken::new(),
                    };
                    targets.insert(pod.name.clone(), target);
                }
                Some(target) if !wanted => {
                    target.unwanted.get_or_insert_with(Instant::now);
                }
                Some(target) if !target.cut.is_cancelled() => target.unwanted = None,
                _ => {}
            }
        }
        let all = scaled(PROPAGATION + self.rules.deregistration_delay);
        targets.retain(|_, target| {
            let ended = target.unwanted.is_some_and(|since| since.elapsed() >= all);
            if ended {
                target.cut.cancel();
            }
            !ended
        });
    }

    fn check(&self) {
        let due: Vec<Arc<Pod>> = {
            let mut targets = self.by_pod.lock();
            let interval = scaled(self.rules.check_interval);
            let due = targets.values_mut().filter(|target| target.checked.elapsed() >= interval);
            due.map(|target| {
                target.checked = Instant::now();
                target.pod.clone()
            })
            .collect()
        };
        for pod in due {
            let passed = self.passes(&pod);
            let mut targets = self.by_pod.lock();
            let Some(target) = targets.get_mut(&pod.name) else { continue };
            target.against = if passed == target.healthy { 0 } else { target.against + 1 };
            if target.against >= self.rules.threshold {
                target.healthy = passed;
                target.against = 0;
            }
            if target.healthy {
                pod.open_gate();
            }
        }
    }

    fn passes(&self, pod: &Pod) -> bool {
        let address = SocketAddr::from((pod.address, self.rules.check_port));
        match &self.rules.check_path {
            Some(path) => get(address, path, CHECK_TIMEOUT).is_ok_and(|answer| is_ok(&answer)),
            None => TcpStream::connect_timeout(&address, CHECK_TIMEOUT).is_ok(),
        }
    }
}
