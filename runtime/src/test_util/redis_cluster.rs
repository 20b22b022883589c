//! A Redis Cluster of six nodes: three masters, each with a replica.

use std::process::Command;
use std::time::Duration;

use super::redis::ping;
use super::{Launch, ServerProcess, folder, free_port, wait_for};

const NODES: usize = 6;
const DEADLINE: Duration = Duration::from_mins(2);
/// After so long without an answer a master has failed. Longer than a busy machine makes a node wait.
const NODE_TIMEOUT_MS: u32 = 3_000;

#[derive(Debug)]
pub struct RedisCluster {
    pub nodes: Vec<RedisNode>,
}

#[derive(Debug)]
pub struct RedisNode {
    pub server: ServerProcess,
    pub port: u16,
}

impl RedisCluster {
    /// Starts the nodes and makes them a cluster.
    pub fn start() -> Self {
        let nodes: Vec<RedisNode> = (0..NODES).map(|_| RedisNode::start()).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(addresses).args(["--cluster-replicas", "1", "--cluster-yes"]);
        let output = create.output().expect("redis-cli is installed");
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        let cluster = Self { nodes };
        cluster.wait_until_whole(3);
        cluster
    }

    /// Waits until every node that runs sees all slots served, and each of so many masters has a replica that follows it.
    pub fn wait_until_whole(&self, replicas: usize) {
        wait_for(DEADLINE, "the cluster to be whole", || {
            let mut following = 0;
            for node in self.nodes.iter().filter(|node| ping(node.port).is_ok()) {
                let info = node.ask(&["cluster", "info"])?;
                if !info.contains("cluster_state:ok") {
                    return Err(info);
                }
                following += usize::from(node.ask(&["info", "replication"])?.contains("master_link_status:up"));
            }
            if following >= replicas { Ok(()) } else { Err(format!("{following} replicas follow")) }
        });
    }

    /// The node that is the master of the slot of a key.
    pub fn master_of(&self, key: &str) -> &RedisNode {
        wait_for(DEADLINE, "a master of a key", || {
            for node in &self.nodes {
                let Ok(answer) = node.ask(&["exists", key]) else { continue };
                let role = node.ask(&["role"]).unwrap_or_default();
                if !answer.contains("MOVED") && role.starts_with("master") {
                    return Ok(node);
                }
            }
            Err("no node says so".to_owned())
        })
    }

    /// As `redis.url` has it.
    pub fn url(&self) -> String {
        self.nodes.iter().map(|node| format!("redis://127.0.0.1:{}", node.port)).collect::<Vec<_>>().join(",")
    }
}

impl RedisNode {
    fn start() -> Self {
        let home = folder("redis-node");
        let (port, bus) = (free_port(), free_port());
        let launch = Launch::new("redis-server", home.join("server.log"))
            .args(["--port", &port.to_string(), "--cluster-port", &bus.to_string(), "--bind", "127.0.0.1"])
            .args(["--cluster-enabled", "yes", "--cluster-node-timeout", &NODE_TIMEOUT_MS.to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .args([&home]);
        let server =
            ServerProcess::start("a Redis node", launch, "TERM", move || ping(port).map_err(|error| error.to_string()));
        Self { server, port }
    }

    /// What the node answers.
    fn ask(&self, command: &[&str]) -> Result<String, String> {
        let mut ask = Command::new("timeout");
        ask.args(["10", "redis-cli", "-p", &self.port.to_string()]).args(command);
        let output = ask.output().map_err(|error| error.to_string())?;
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
