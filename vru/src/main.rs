//! `vru`: the whole pipeline in one process, and the same analysis of a video file offline.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use vru::analyse::AnalyseOptions;
use vru::demo::DemoOptions;
use vru::evaluate::EvaluateOptions;
use vru::up::UpOptions;
use vru_runtime::cameras::CameraFileError;

/// Detects and tracks pedestrians, cyclists and motorcyclists in video, and raises alerts by zone.
#[derive(Debug, clap::Parser)]
#[command(name = "vru", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    Demo(DemoOptions),
    Up(UpOptions),
    Analyse(Box<AnalyseOptions>),
    Evaluate(EvaluateOptions),
}

fn main() -> ExitCode {
    vru_runtime::memory::limit_arenas();
    let ended = match Cli::parse().command {
        Subcommand::Demo(options) => block_on(vru::demo::run(options)),
        Subcommand::Up(options) => block_on(vru::up::run(options)),
        Subcommand::Analyse(options) => vru::analyse::command(&options),
        Subcommand::Evaluate(options) => vru::evaluate::command(&options),
    };
    ended.unwrap_or_else(|error| {
        print_error(&format!("vru: {error:#}"));
        let is_configuration = error.downcast_ref::<CameraFileError>().is_some();
        if is_configuration { ExitCode::from(2) } else { ExitCode::FAILURE }
    })
}

fn block_on(run: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the async runtime")?;
    runtime.spawn(vru_runtime::memory::trim_periodically());
    let ended = runtime.block_on(run);
    // Blocking calls that miss the deadline must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

#[expect(clippy::print_stderr, reason = "the error of a command-line program")]
fn print_error(text: &str) {
    eprintln!("{text}");
}
