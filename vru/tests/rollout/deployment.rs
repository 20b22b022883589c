//! Workloads of an overlay, deployed with the load balancers in front of them.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::runtime::Runtime;
use vru_runtime::test_util::{Launch, binary, folder};

use crate::application_balancer::{Access, ApplicationBalancer};
use crate::cluster::Cluster;
use crate::manifests::Manifests;
use crate::network_balancer;
use crate::node::Node;
use crate::pipeline::Pipeline;
use crate::servers::Addresses;
use crate::targets::Targets;
use crate::workload::Workload;

/// Of the first administrator.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The load balancers of a cluster.
#[derive(Default)]
pub struct Balancers {
    targets: Vec<(String, Arc<Targets>)>,
    pub web: Option<ApplicationBalancer>,
    pub api: Option<ApplicationBalancer>,
    pub cameras: Option<SocketAddr>,
    pub alerts: Option<SocketAddr>,
}

impl Balancers {
    /// Of the targets that are pods of this workload.
    pub fn faults_of(&self, workload: &str) -> Vec<String> {
        let of = self.targets.iter().filter(|(name, _)| name == workload);
        of.flat_map(|(_, targets)| targets.faults.lock().clone()).collect()
    }

    pub fn faults(&self) -> Vec<String> {
        self.targets.iter().flat_map(|(_, targets)| targets.faults.lock().clone()).collect()
    }

    /// The requests of people and programs.
    pub fn log(&self) -> Vec<Access> {
        self.web.iter().chain(&self.api).flat_map(ApplicationBalancer::log).collect()
    }
}

/// Applies these workloads, with the load balancers in front of them.
pub fn deploy(
    manifests: &Manifests,
    workloads: Vec<Workload>,
    addresses: Addresses,
    runtime: &Runtime,
) -> (Arc<Cluster>, Balancers) {
    let gated: &[&str] = if manifests.has_readiness_gates() { &["web", "api", "ingest", "sink-alerts"] } else { &[] };
    let settings = move |workload: &Workload, pod| {
        let mut settings = addresses.of(workload, pod);
        if workload.name == "api" {
            settings.push(("VRU__FIRST_ADMIN__TOKEN".to_owned(), TOKEN.to_owned()));
        }
        settings
    };
    let cluster = Cluster::start(Node::Programs, Box::new(settings), gated);
    let mut balancers = Balancers::default();
    for workload in workloads {
        let name = workload.name.clone();
        let rules = match name.as_str() {
            "web" | "api" => Some(manifests.application_targets("vru", &name, &workload)),
            "ingest" => Some(manifests.network_targets("cameras", "rtsp", &workload)),
            "sink-alerts" => Some(manifests.network_targets("alerts", "grpc", &workload)),
            _ => None,
        };
        cluster.apply(workload);
        let Some(rules) = rules else { continue };
        let targets = Targets::follow(&cluster, rules);
        balancers.targets.push((name.clone(), targets.clone()));
        match name.as_str() {
            "web" => balancers.web = Some(ApplicationBalancer::start(runtime, targets)),
            "api" => balancers.api = Some(ApplicationBalancer::start(runtime, targets)),
            "ingest" => balancers.cameras = Some(network_balancer::start(runtime, targets)),
            _ => balancers.alerts = Some(network_balancer::start(runtime, targets)),
        }
    }
    (cluster, balancers)
}

/// As the Job `migrate` does it.
pub fn migrate(pipeline: &Pipeline<'_>) {
    Launch::new(binary("vru-sink"), folder("migrate").join("log"))
        .args(["migrate"])
        .env("VRU__POSTGRES__URL", &pipeline.database)
        .env("VRU__ADMIN", "127.0.0.1:0")
        .run();
}
