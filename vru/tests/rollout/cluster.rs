//! The pods of all workloads, and the controller of Deployments that replaces them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vru_runtime::test_util::wait_for;

use crate::node::{Node, Variables};
use crate::pod::Pod;
use crate::workload::Workload;

/// The times in which load balancers learn that a pod goes are shortened by this factor: preStop, their health checks, the delay of
/// deregistration. Probes, and the time to drain after SIGTERM, are those of the manifests.
pub const SCALE: u32 = 5;
const TICK: Duration = Duration::from_millis(100);

pub fn scaled(time: Duration) -> Duration {
    time / SCALE
}

/// The settings that replace those of the manifests: addresses and secrets of the test's servers.
pub type Settings = Box<dyn Fn(&Workload, Ipv4Addr) -> Variables + Send + Sync>;

pub struct Cluster {
    node: Node,
    pods: Mutex<Vec<Arc<Pod>>>,
    deployments: Mutex<Vec<Deployment>>,
    settings: Settings,
    /// Pods of these workloads wait for their load balancer.
    gated: Vec<String>,
    stop: AtomicBool,
}

struct Deployment {
    workload: Arc<Workload>,
    revision: u32,
    since: Instant,
}

impl Cluster {
    pub fn start(node: Node, settings: Settings, gated: &[&str]) -> Arc<Self> {
        let cluster = Arc::new(Self {
            node,
            pods: Mutex::default(),
            deployments: Mutex::default(),
            settings,
            gated: gated.iter().map(|&name| name.to_owned()).collect(),
            stop: AtomicBool::new(false),
        });
        let controller = cluster.clone();
        std::thread::spawn(move || {
            while !controller.stop.load(Ordering::Acquire) {
                // Under the lock, so that no pod is added to a workload that is being deleted.
                for deployment in controller.deployments.lock().iter() {
                    controller.reconcile(deployment);
                }
                std::thread::sleep(TICK);
            }
        });
        cluster
    }

    pub fn apply(&self, workload: Workload) {
        let deployment = Deployment { workload: Arc::new(workload), revision: 1, since: Instant::now() };
        self.deployments.lock().push(deployment);
    }

    /// A new version of every workload at once.
    pub fn roll_out(&self) {
        for deployment in self.deployments.lock().iter_mut() {
            deployment.revision += 1;
            deployment.since = Instant::now();
        }
    }

    /// All that there ever were.
    pub fn pods(&self) -> Vec<Arc<Pod>> {
        self.pods.lock().clone()
    }

    pub fn pods_of(&self, workload: &str) -> Vec<Arc<Pod>> {
        self.pods().into_iter().filter(|pod| pod.workload.name == workload).collect()
    }

    pub fn faults(&self) -> Vec<String> {
        self.pods().iter().flat_map(|pod| pod.faults()).collect()
    }

    /// Waits until every Deployment has its replicas, all ready and of the newest revision, and nothing else. Panics as soon as a pod has
    /// a fault.
    pub fn wait_until_complete(&self, deadline: Duration) {
        let mut told: Vec<String> = Vec::new();
        wait_for(deadline, "the roll-outs to be complete", || {
            let faults = self.faults();
            assert!(faults.is_empty(), "{}", faults.join("\n"));
            let mut waiting = Vec::new();
            for deployment in self.deployments.lock().iter() {
                let name = &deployment.workload.name;
                let pods = self.pods_of(name);
                let old = pods.iter().filter(|pod| pod.revision != deployment.revision && !pod.is_gone()).count();
                let ready = pods.iter().filter(|pod| pod.revision == deployment.revision && pod.is_ready()).count();
                if old > 0 || ready != deployment.workload.replicas {
                    waiting.push(format!("{name}: {ready} of {} ready, {old} old", deployment.workload.replicas));
                } else if !told.contains(name) {
                    println!("{name}: complete after {:.1?}", deployment.since.elapsed());
                    told.push(name.clone());
                }
            }
            let logs =
                || self.pods().iter().filter(|pod| !pod.is_ready()).map(|pod| pod.log_tail()).collect::<Vec<_>>();
            if waiting.is_empty() { Ok(()) } else { Err(format!("{waiting:?}\n{}", logs().join("\n"))) }
        });
    }

    /// Deletes the pods of a workload for good, and waits for their ends.
    pub fn delete(&self, workload: &str, deadline: Duration) {
        self.deployments.lock().retain(|deployment| deployment.workload.name != workload);
        let pods = self.pods_of(workload);
        for pod in &pods {
            pod.delete();
        }
        wait_for(deadline, &format!("the end of {workload}"), || {
            let left: Vec<_> = pods.iter().filter(|pod| !pod.is_gone()).map(|pod| pod.name.clone()).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        });
    }

    /// As the controllers of Deployments and ReplicaSets decide it.
    fn reconcile(&self, deployment: &Deployment) {
        let workload = &deployment.workload;
        let (wanted, surge) = (workload.replicas, workload.surge());
        let active: Vec<_> = self.pods_of(&workload.name).into_iter().filter(|pod| !pod.is_terminating()).collect();
        let (new, old): (Vec<_>, Vec<_>) = active.iter().partition(|pod| pod.revision == deployment.revision);
        let room = (wanted + surge).saturating_sub(active.len());
        for _ in 0..room.min(wanted.saturating_sub(new.len())) {
            self.add(deployment);
        }
        let available = active.iter().filter(|pod| pod.is_ready()).count();
        let least = wanted - workload.unavailable();
        for pod in old.iter().take(available.saturating_sub(least)) {
            pod.delete();
        }
    }

    fn add(&self, deployment: &Deployment) {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id().to_be_bytes();
        // Every pod has the ports of its manifest, so each has an address of its own; other test processes have others.
        let address = Ipv4Addr::new(127, 64 | (pid[2] & 63), pid[3], number);
        let workload = &deployment.workload;
        let replaced = (self.settings)(workload, address);
        let gated = self.gated.contains(&workload.name);
        let pod = Pod::start(&self.node, workload, number.into(), deployment.revision, address, gated, replaced);
        self.pods.lock().push(pod);
    }
}

impl Cluster {
    /// Ends the controller, which else would replace what the test stops.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }
}
