//! `vru`: the whole pipeline in one process, and the same analysis offline.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use vru::analyse::AnalyseOptions;
use vru::demo::DemoOptions;
use vru::up::UpOptions;

/// Watches roads for pedestrians, cyclists and motorcyclists.
#[derive(Debug, clap::Parser)]
#[command(name = "vru", version, about, max_term_width = 100)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Demo(DemoOptions),
    Up(UpOptions),
    Analyse(Box<AnalyseOptions>),
}

fn main() -> ExitCode {
    vru_runtime::memory::limit_arenas();
    let ended = match Options::parse().command {
        Command::Demo(options) => block_on(vru::demo::run(options)),
        Command::Up(options) => block_on(vru::up::run(options)),
        Command::Analyse(options) => vru::analyse::command(&options),
    };
    ended.unwrap_or_else(|error| {
        say(&format!("vru: {error:#}"));
        ExitCode::FAILURE
    })
}

fn block_on(run: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the async runtime")?;
    runtime.spawn(vru_runtime::memory::trim_periodically());
    let ended = runtime.block_on(run);
    // Blocking calls that miss the deadline must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

#[expect(clippy::print_stderr, reason = "the last word of a command-line program")]
fn say(text: &str) {
    eprintln!("{text}");
}
