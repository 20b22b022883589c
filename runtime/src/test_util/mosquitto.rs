//! An MQTT broker that keeps what it acknowledged when it is stopped, and subscribers. Killed, it may lose what it acknowledged since it wrote
//! its file last: seen in one of 25 kills on a busy machine.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};

use super::process::{Launch, Process};
use super::{IssuedCertificate, ServerProcess, folder, free_port};

#[derive(Debug)]
pub struct Mosquitto {
    pub server: ServerProcess,
    port: u16,
    home: PathBuf,
    /// How clients connect.
    client: Vec<String>,
}

/// Reads all topics until it is dropped, over restarts of the broker too.
#[derive(Debug)]
pub struct Subscriber {
    log: PathBuf,
    _process: Process,
}

impl Mosquitto {
    /// One that lets everybody in.
    pub fn start() -> Self {
        Self::launch(None, None)
    }

    /// One that knows one user.
    pub fn with_login(username: &str, password: &str) -> Self {
        Self::launch(None, Some((username, password)))
    }

    /// One that speaks TLS only. `ca`: what its clients trust.
    pub fn secured(certificate: &IssuedCertificate, ca: &Path) -> Self {
        Self::launch(Some((certificate, ca)), None)
    }

    fn launch(tls: Option<(&IssuedCertificate, &Path)>, login: Option<(&str, &str)>) -> Self {
        let (home, port) = (folder("mosquitto"), free_port());
        let mut config = format!(
            "listener {port} 127.0.0.1\nuser root\npersistence true\npersistence_location {}/\nautosave_on_changes true\n\
             autosave_interval 1\n",
            home.display()
        );
        let mut client: Vec<String> = vec!["-h".into(), "localhost".into(), "-p".into(), port.to_string()];
        if let Some((certificate, ca)) = tls {
            let (file, key) = (certificate.certificate.display(), certificate.key.display());
            writeln!(config, "certfile {file}\nkeyfile {key}").expect("a string takes it");
            client.extend(["--cafile".to_owned(), ca.display().to_string(), "--insecure".to_owned()]);
        }
        match login {
            None => config += "allow_anonymous true\n",
            Some((username, password)) => {
                let file = home.join("passwords");
                Launch::new("mosquitto_passwd", home.join("passwd.log"))
                    .args(["-b", "-c"])
                    .args([&file])
                    .args([username, password])
                    .run();
                writeln!(config, "allow_anonymous false\npassword_file {}", file.display()).expect("a string takes it");
                client.extend(["-u", username, "-P", password].map(str::to_owned));
            }
        }
        let file = home.join("mosquitto.conf");
        fs::write(&file, config).expect("the folder is ours");
        let launch = Launch::new("/usr/sbin/mosquitto", home.join("server.log")).args(["-c"]).args([&file]);
        let probe =
            move || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| error.to_string());
        let server = ServerProcess::start("Mosquitto (Debian package mosquitto)", launch, "TERM", probe);
        Self { server, port, home, client }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Remembers what it missed while it was away.
    pub fn subscribe(&self, name: &str) -> Subscriber {
        let log = self.home.join(format!("{name}.log"));
        let process = Launch::new("mosquitto_sub", &log)
            .args(&self.client)
            .args(["-i", name, "-c", "-q", "1", "-t", "#", "-F", "%r %t %p"])
            .spawn();
        Subscriber { log, _process: process }
    }

    /// What a client that comes now is told: topics and payloads.
    pub fn retained(&self) -> Vec<(String, String)> {
        let log = self.home.join(format!("retained-{}.log", rand::random::<u32>()));
        // It ends by itself after this time, with an error. On a busy machine a second was over before it had connected.
        Launch::new("mosquitto_sub", &log)
            .args(&self.client)
            .args(["-t", "#", "--retained-only", "-F", "%r %t %p", "-W", "3"])
            .spawn()
            .wait(std::time::Duration::from_secs(30));
        let found = read(&log);
        found.into_iter().map(|(_, topic, payload)| (topic, payload)).collect()
    }
}

impl Subscriber {
    /// Topics and payloads in the order in which they came, without what was retained before it subscribed.
    pub fn messages(&self) -> Vec<(String, String)> {
        let live = read(&self.log).into_iter().filter(|(retained, ..)| !retained);
        live.map(|(_, topic, payload)| (topic, payload)).collect()
    }
}

fn read(log: &Path) -> Vec<(bool, String, String)> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let message = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let retained = match parts.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        Some((retained, parts.next()?.to_owned(), parts.next().unwrap_or_default().to_owned()))
    };
    complete.lines().filter_map(message).collect()
}
