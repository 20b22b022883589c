//! `vru up` as a test starts it: on free ports, with a data folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use vru_runtime::test_util::{Launch, Process, binary, free_port};

/// Where its servers listen.
pub struct UpAddresses {
    pub api: SocketAddr,
    pub push: SocketAddr,
    pub ingest: SocketAddr,
    pub sink: SocketAddr,
    pub alerts: SocketAddr,
    pub api_admin: SocketAddr,
    settings: String,
}

impl UpAddresses {
    pub fn free() -> Self {
        let [api, push, ingest, sink, alerts, infer, api_admin] =
            [(); 7].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let settings = format!(
            "api.http.listen = '{api}'\npush.listen = '{push}'\n\
             alerts = {{ listen = '{alerts}', auth = 'none' }}\n\
             admin = {{ infer = '{infer}', ingest = '{ingest}', sink = '{sink}', api = '{api_admin}' }}\n"
        );
        Self { api, push, ingest, sink, alerts, api_admin, settings }
    }

    /// The web app is served to other machines, too.
    #[must_use]
    pub fn for_others(mut self) -> Self {
        let (own, all) = (self.api.to_string(), format!("0.0.0.0:{}", self.api.port()));
        self.settings = self.settings.replace(&own, &all);
        self
    }

    /// The gRPC server of alerts wants tokens.
    #[must_use]
    pub fn with_tokens(mut self) -> Self {
        self.settings = self.settings.replace("auth = 'none'", "auth = 'jwt'");
        self
    }
}

/// Writes the configuration: the addresses, and `settings` in the form of the configuration file.
pub fn write_config(folder: &Path, addresses: &UpAddresses, settings: &str) -> PathBuf {
    let config = folder.join("up.toml");
    std::fs::write(&config, format!("{}{settings}", addresses.settings)).unwrap();
    config
}

/// The command, with its data in `data`.
pub fn command(launch: Launch, config: &Path, data: &Path) -> Launch {
    launch.args([Path::new("up"), Path::new("--config"), config, Path::new("--data"), data])
}

/// Starts it with its data and log in the folder.
pub fn start(folder: &Path, config: &Path) -> Process {
    command(Launch::new(binary("vru"), folder.join("up.log")), config, &folder.join("data")).spawn()
}
