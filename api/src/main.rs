//! `vru-api`: the REST API.

use std::process::ExitCode;

use clap::Parser as _;
use vru_runtime::service::{self, ServiceOptions};

/// Serves the REST API: sites, people, and what the cameras saw.
#[derive(Debug, clap::Parser)]
#[command(name = "vru-api", version, about, max_term_width = 100)]
struct Options {
    #[command(flatten)]
    service: ServiceOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Serve (the default without a command).
    Run,
    /// Only queue and send events to webhooks. The replicas that serve then have `webhooks.enabled = false`.
    Webhooks,
    /// Add a person who may do everything. Reads the password from the standard input, one line.
    CreateAdmin {
        /// What the person logs in with.
        name: String,
        /// As others see the person (default: the name).
        #[arg(long)]
        display_name: Option<String>,
    },
    /// Make a key that signs tokens from `tokens.publish_ahead` on, when every verifier knows it.
    RotateSigningKey {
        /// It signs at once, and all others are withdrawn with the tokens that they signed: for when a key is in wrong hands.
        #[arg(long)]
        at_once: bool,
    },
    /// Encrypt again with `cameras.secrets_key` what the keys of `cameras.old_secrets_keys` have encrypted: logins of cameras and at
    /// brokers, secrets of webhooks, keys that sign tokens. It may be stopped and repeated. Fails if a value needs a key that is missing.
    RotateSecrets,
}

fn main() -> ExitCode {
    vru_runtime::memory::keep_little();
    let Options { mut service, command } = Options::parse();
    match command {
        None | Some(Command::Run) => service::main("vru-api", service, vru_api::run),
        Some(Command::Webhooks) => service::main("vru-api", service, vru_api::run_webhooks),
        Some(Command::CreateAdmin { name, display_name }) => {
            // It also works on a machine where the API runs, which has the port.
            service.set.push("admin=127.0.0.1:0".to_owned());
            service::main("vru-api", service, async move |config, _| {
                let password = vru_api::read_password(std::io::stdin())?;
                let display_name = display_name.unwrap_or_else(|| name.clone());
                vru_api::create_admin(&config, &name, &display_name, password).await
            })
        }
        Some(Command::RotateSigningKey { at_once }) => {
            service.set.push("admin=127.0.0.1:0".to_owned());
            service::main("vru-api", service, async move |config, _| {
                vru_api::rotate_signing_key(&config, at_once).await
            })
        }
        Some(Command::RotateSecrets) => {
            service.set.push("admin=127.0.0.1:0".to_owned());
            service::main("vru-api", service, async move |config, _| vru_api::rotate_secrets(&config).await)
        }
    }
}
