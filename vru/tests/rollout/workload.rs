//! A Deployment, as far as it says how pods start, are asked, are replaced and end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::cluster::scaled;

/// A Deployment with what its pods get.
#[derive(Debug, Clone)]
pub struct Workload {
    pub name: String,
    pub replicas: usize,
    /// Variables, and files by their path in the pod.
    pub inputs: (BTreeMap<String, String>, Vec<(String, String)>),
    pub spec: DeploymentSpec,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    pub strategy: Strategy,
    pub template: Template,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    pub rolling_update: RollingUpdate,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollingUpdate {
    pub max_surge: Amount,
    pub max_unavailable: Amount,
}

/// A number of pods, or a percentage of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    Pods(usize),
    Percent(String),
}

impl Amount {
    fn percent(text: &str) -> usize {
        text.strip_suffix('%')
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{text} is no percentage"))
    }

    pub fn rounded_up(&self, of: usize) -> usize {
        match self {
            Self::Pods(pods) => *pods,
            Self::Percent(text) => (of * Self::percent(text)).div_ceil(100),
        }
    }

    pub fn rounded_down(&self, of: usize) -> usize {
        match self {
            Self::Pods(pods) => *pods,
            Self::Percent(text) => of * Self::percent(text) / 100,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Template {
    pub spec: PodSpec,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    pub termination_grace_period_seconds: u64,
    pub containers: [Container; 1],
    pub volumes: Vec<Volume>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    pub name: String,
    pub config_map: Option<Name>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Name {
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    pub image: String,
    #[serde(default)]
    pub args: Vec<String>,
    #[serde(default)]
    pub env: Vec<Variable>,
    #[serde(default)]
    pub env_from: Vec<EnvFrom>,
    pub ports: Vec<Port>,
    pub startup_probe: Probe,
    pub liveness_probe: Probe,
    pub readiness_probe: Probe,
    pub lifecycle: Option<Lifecycle>,
    #[serde(default)]
    pub volume_mounts: Vec<VolumeMount>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Variable {
    pub name: String,
    /// Empty where it comes from a label of the pod, which pods have not here.
    #[serde(default)]
    pub value: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvFrom {
    #[serde(default)]
    pub prefix: String,
    pub config_map_ref: Name,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    pub name: String,
    pub container_port: u16,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeMount {
    pub name: String,
    pub mount_path: String,
    #[serde(default)]
    pub read_only: bool,
}

/// With the defaults of Kubernetes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    pub http_get: HttpGet,
    #[serde(default = "ten")]
    pub period_seconds: u64,
    #[serde(default = "one")]
    pub timeout_seconds: u64,
    #[serde(default = "three")]
    pub failure_threshold: u32,
}

fn one() -> u64 {
    1
}

fn three() -> u32 {
    3
}

fn ten() -> u64 {
    10
}

#[derive(Debug, Clone, Deserialize)]
pub struct HttpGet {
    pub path: String,
    pub port: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    pub pre_stop: PreStop,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PreStop {
    pub sleep: Sleep,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Sleep {
    pub seconds: u64,
}

impl Workload {
    pub fn container(&self) -> &Container {
        &self.spec.template.spec.containers[0]
    }

    pub fn port(&self, name: &str) -> u16 {
        let port = self.container().ports.iter().find(|port| port.name == name);
        port.unwrap_or_else(|| panic!("{} has no port {name}", self.name)).container_port
    }

    /// The image, as `images/Dockerfile` names it.
    pub fn image(&self) -> &str {
        let image = self.container().image.split(['@', ':']).next().unwrap_or_default();
        image.rsplit('/').next().unwrap_or_default().trim_start_matches("vru-").trim_end_matches("-gpu")
    }

    /// Our program in its image.
    pub fn program(&self) -> String {
        format!("vru-{}", self.image())
    }

    fn pre_stop_seconds(&self) -> u64 {
        self.container().lifecycle.as_ref().map_or(0, |lifecycle| lifecycle.pre_stop.sleep.seconds)
    }

    /// Scaled.
    pub fn pre_stop(&self) -> Duration {
        scaled(Duration::from_secs(self.pre_stop_seconds()))
    }

    /// What the grace period leaves for the program after preStop, which is not scaled.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(
            self.spec.template.spec.termination_grace_period_seconds.saturating_sub(self.pre_stop_seconds()),
        )
    }

    pub fn surge(&self) -> usize {
        self.spec.strategy.rolling_update.max_surge.rounded_up(self.replicas)
    }

    pub fn unavailable(&self) -> usize {
        self.spec.strategy.rolling_update.max_unavailable.rounded_down(self.replicas)
    }
}
