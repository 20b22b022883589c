//! `vru analyse`: a video file offline, through the code of the services, as fast as the machine allows.
//!
//! The frames come from ingest's file source, JPEG encoding included, and go through infer's decoder, engine and analysis.
//! Therefore the detections are those that the pipeline stores for the same file, bit for bit. [`stages`] runs the threads,
//! [`outputs`] writes the files, [`summary`] counts.

mod duration;
mod options;
mod outputs;
mod stages;
mod summary;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vru_infer::analysis::{AnalysisSettings, camera_tracker};
use vru_infer::engine::Engine;
use vru_ingest::source::OutputPlan;
use vru_ingest::source::file::{FileFrames, FileOptions};
use vru_media::pipeline_set::PipelineSet;
use vru_proto::CameraId;
use vru_proto::v1::{CameraConfig, FileSource};
use vru_runtime::cameras;
use vru_vision::mot::{self, EvaluationOptions};

pub use options::AnalyseOptions;
use outputs::Outputs;
use stages::AnalysedFrame;
pub use summary::Summary;

use crate::evaluate;

/// Analyses the file and writes the requested outputs. Blocks.
pub fn run(options: &AnalyseOptions) -> anyhow::Result<Summary> {
    // A wrong path must not cost the time that the model takes to load.
    let video =
        std::fs::metadata(&options.video).with_context(|| format!("open the video {}", options.video.display()))?;
    anyhow::ensure!(video.is_file(), "open the video {}: it is not a file", options.video.display());
    let truth = options.ground_truth.as_deref().map(|path| evaluate::read(path, "the ground truth")).transpose()?;
    let (camera, config) = camera(options)?;
    let bar = ProgressBar::with_draw_target(None, draw_target(options)).with_style(spinner());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar.set_message("loading the model");
    let mut engine = Engine::load(&options.model_config()?).context("load the model")?;
    if let Some(config) = &config {
        camera_tracker(&engine.model().tracker, config)?;
    }
    bar.suspend(|| engine.warnings().iter().for_each(|warning| warn(warning)));
    bar.set_message("warming up");
    let batch = engine.max_batch(0);
    engine.warm_up(batch).context("warm up the model")?;
    let source = FileSource {
        path: options.video.display().to_string(),
        start_time_us: options.start_time_us,
        session: options.session,
        ..FileSource::default()
    };
    let output = config.as_ref().and_then(|config| config.output.as_ref());
    let plan = OutputPlan::new(output, &PipelineSet::embedded()).context("build the pipeline that reads the video")?;
    let file = FileOptions::new(camera, &source, plan);
    let frames = FileFrames::open(&file).with_context(|| format!("read the video {}", options.video.display()))?;
    let report = frames.report();
    let length = duration::of(&options.video);
    if let Some(length) = length {
        bar.set_style(progress());
        bar.set_length(length.as_millis() as u64);
    }
    bar.set_message("");

    let settings = AnalysisSettings::of(engine.model().clone());
    let mut outputs = Outputs::create(options, config.as_ref())?;
    let mut summary = Summary::new(&options.video, engine.model(), engine.provider());
    let started = Instant::now();
    let mut first_us = None;
    let (undecodable, unconverted) =
        stages::run(frames, engine, config.as_ref(), settings, &mut |analysed: AnalysedFrame| {
            let captured_at_us = analysed.detections.captured_at_us;
            let position_us = captured_at_us - *first_us.get_or_insert(captured_at_us);
            bar.set_position(position_us.max(0) as u64 / 1_000);
            summary.add(&analysed);
            bar.set_message(format!(
                "{} frames, {:.1}/s, {} tracks, {} alerts",
                summary.frames,
                summary.frames as f64 / started.elapsed().as_secs_f64(),
                summary.track_count(),
                summary.alerts()
            ));
            outputs.add(analysed)
        })?;
    summary.finish(started.elapsed(), undecodable, report.get());
    bar.finish_and_clear();
    for kind in summary.file.unconverted.iter().chain(&unconverted) {
        warn(&format!("{}: {kind}", options.video.display()));
    }
    let entries = outputs.finish()?;
    if let Some(truth) = truth {
        summary.evaluation = Some(mot::evaluate(&truth, &entries, &EvaluationOptions::default()));
    }
    Ok(summary)
}

/// The camera that the video stands for, with its configuration from the cameras file if there is one.
fn camera(options: &AnalyseOptions) -> anyhow::Result<(CameraId, Option<CameraConfig>)> {
    let named: Option<CameraId> = options.camera.as_deref().map(str::parse).transpose().context("--camera")?;
    let Some(path) = &options.zones else {
        let camera = named.map_or_else(|| "video".parse(), Ok).context("the default camera id is valid")?;
        return Ok((camera, None));
    };
    let mut cameras = cameras::parse_views(path)?;
    let at = match &named {
        Some(named) => cameras.iter().position(|(id, _)| id == named),
        None => (cameras.len() == 1).then_some(0),
    };
    let Some(at) = at else {
        let ids: Vec<_> = cameras.iter().map(|(id, _)| id.as_str()).collect();
        match &named {
            Some(named) => anyhow::bail!("{} has no camera {named}; it has {}", path.display(), ids.join(", ")),
            None => {
                anyhow::bail!("{} has several cameras, choose one with --camera: {}", path.display(), ids.join(", "))
            }
        }
    };
    let (id, config) = cameras.swap_remove(at);
    Ok((id, Some(config)))
}

#[expect(clippy::print_stderr, reason = "a warning of a command-line program, which has no log")]
fn warn(text: &str) {
    eprintln!("vru: warning: {text}");
}

fn draw_target(options: &AnalyseOptions) -> ProgressDrawTarget {
    let wanted = !options.quiet && std::io::stderr().is_terminal();
    if wanted { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner:.cyan} {msg}").expect("the template is valid")
}

fn progress() -> ProgressStyle {
    let template = "{spinner:.cyan} {bar:30.cyan/blue} {percent:>3} %  {msg}  {eta} left";
    ProgressStyle::with_template(template).expect("the template is valid")
}

/// The exit status where the results lack frames of the file.
const DAMAGED: u8 = 3;

/// Runs the analysis and prints the summary.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's result")]
pub fn command(options: &AnalyseOptions) -> anyhow::Result<ExitCode> {
    let summary = run(options)?;
    if options.json {
        println!("{}", summary.json());
    } else {
        println!("{summary}");
    }
    if summary.is_whole() {
        return Ok(ExitCode::SUCCESS);
    }
    for fault in summary.file.faults() {
        eprintln!("vru analyse: {}: {fault}", options.video.display());
    }
    Ok(ExitCode::from(DAMAGED))
}
