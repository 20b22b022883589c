//! Runs a loaded model on pictures. The service and `vru analyse` share this code, so they give the same detections.

use std::path::Path;
use std::sync::Arc;

use vru_vision::detection::Detection;
use vru_vision::model_card::ModelCard;

use crate::backend::{Backend, ModelIo, OrtBackend, TensorData, input_spec};
use crate::config::{ModelConfig, Provider};
use crate::error::EngineError;
use crate::model::{Model, ModelOutput, PreparedPicture, Preparer, find_card};
use crate::picture::Picture;
use crate::trial::{self, Trial};
use crate::weights;

/// A loaded model, ready to run. One thread drives it.
pub struct Engine {
    backend: Box<dyn Backend>,
    model: Arc<Model>,
    preparer: Preparer,
    sizes: BatchSizes,
    warnings: Vec<String>,
}

/// The batch sizes that the model can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchSizes {
    Any,
    /// Only this size: a smaller batch is padded.
    Fixed(usize),
    /// These sizes, rising: a batch is padded to the next one.
    Profiles(Vec<usize>),
}

impl BatchSizes {
    /// The most pictures in one run, if the caller asks for `wanted`.
    pub fn limit(&self, wanted: usize) -> usize {
        match self {
            Self::Any => wanted.max(1),
            Self::Fixed(size) => *size,
            Self::Profiles(sizes) => wanted.clamp(1, sizes.last().copied().unwrap_or(1)),
        }
    }

    /// The size of the batch in which `count` pictures are run. `count` must be within the limit.
    pub fn padded(&self, count: usize) -> usize {
        match self {
            Self::Any => count,
            Self::Fixed(size) => *size,
            Self::Profiles(sizes) => sizes.iter().copied().find(|size| *size >= count).unwrap_or(count),
        }
    }

    fn of(io: &ModelIo, config: &ModelConfig) -> Self {
        match io.input.dims.first().copied() {
            Some(size) if size > 0 => Self::Fixed(size as usize),
            _ if matches!(io.provider, Provider::Tensorrt | Provider::Cuda) => {
                Self::Profiles(config.batch_profiles.clone())
            }
            _ => Self::Any,
        }
    }
}

impl Engine {
    /// Loads the configured model, runs it once on a street picture, and logs the provider that computes it and what it finds.
    /// Fails if the model cannot be used.
    pub fn load(config: &ModelConfig) -> Result<Self, EngineError> {
        let path = config.model_path()?;
        let card = find_card(config, &path)?;
        let card = card.as_ref();
        let digest = weights::digest(&path)?;
        let mut backend = OrtBackend::load(config, &path, card, &digest)?;
        let batch = BatchSizes::of(backend.io(), config).padded(1);
        let spec = input_spec(backend.io(), card)?;
        let mut trial = Trial::run(&mut backend, &spec, batch)?;
        let model = Model::new(config, backend.io(), &path, Some(&digest), card, Some(&trial.outputs))?;
        if model.input != trial.spec {
            trial = Trial::run(&mut backend, &model.input, batch)?;
        }
        let output = ModelOutput::new(Arc::new(trial.outputs), 0);
        let found = model.detections(&output, trial.picture.placement, trial.picture.source)?;
        let mut engine = Self::assemble(Box::new(backend), config, model)?;
        engine.warnings.extend(trial::report(&found));
        Ok(engine)
    }

    /// Creates an engine on a given backend, without a run. `path` is used for the model's name if there is no card.
    pub fn with_backend(
        backend: Box<dyn Backend>,
        config: &ModelConfig,
        path: &Path,
        card: Option<&ModelCard>,
    ) -> Result<Self, EngineError> {
        let model = Model::new(config, backend.io(), path, None, card, None)?;
        Self::assemble(backend, config, model)
    }

    fn assemble(backend: Box<dyn Backend>, config: &ModelConfig, model: Model) -> Result<Self, EngineError> {
        let io = backend.io();
        let sizes = BatchSizes::of(io, config);
        for share in &io.placement {
            tracing::info!(provider = share.provider, nodes = share.nodes, "model nodes placed");
        }
        tracing::info!(
            model = model.name,
            version = model.version,
            layout = ?model.layout.name(),
            input = %io.input,
            width = model.input.width,
            height = model.input.height,
            provider = io.provider.name(),
            batch = ?sizes,
            "model loaded"
        );
        let preparer = model.preparer()?;
        let warnings = model.assumed_labels.iter().cloned().collect();
        Ok(Self { backend, model: Arc::new(model), preparer, sizes, warnings })
    }

    /// What was assumed about the model, and what speaks against it. The log has it too.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The execution provider that computes the model.
    pub fn provider(&self) -> Provider {
        self.backend.io().provider
    }

    pub fn io(&self) -> &ModelIo {
        self.backend.io()
    }

    /// The most pictures in one run: `wanted`, or if that is 0, the size that is fastest on this provider.
    pub fn max_batch(&self, wanted: usize) -> usize {
        match (&self.sizes, wanted) {
            (BatchSizes::Profiles(sizes), 0) => sizes.last().copied().unwrap_or(1),
            (sizes, 0) => sizes.limit(1),
            (sizes, wanted) => sizes.limit(wanted),
        }
    }

    /// Runs every batch size that the service uses, so that no frame waits while the provider builds an engine or selects an
    /// algorithm.
    pub fn warm_up(&mut self, max_batch: usize) -> Result<(), EngineError> {
        let sizes = match &self.sizes {
            BatchSizes::Any => vec![1, max_batch],
            BatchSizes::Fixed(size) => vec![*size],
            BatchSizes::Profiles(sizes) => {
                sizes.iter().copied().filter(|size| *size <= self.sizes.padded(max_batch)).collect()
            }
        };
        for size in sizes {
            let started = std::time::Instant::now();
            let spec = &self.model.input;
            let input = TensorData::zeros(spec.element, spec.tensor_len() * size);
            self.backend.run(size, &input)?;
            tracing::info!(batch = size, seconds = started.elapsed().as_secs_f64(), "model warmed up");
        }
        Ok(())
    }

    /// Runs the model. The outputs are in the order of the pictures.
    pub fn run(&mut self, pictures: &[&PreparedPicture]) -> Result<Vec<ModelOutput>, EngineError> {
        let spec = &self.model.input;
        let mut results = Vec::with_capacity(pictures.len());
        for chunk in pictures.chunks(self.sizes.limit(pictures.len()).max(1)) {
            let batch = self.sizes.padded(chunk.len());
            let outputs = match chunk {
                [only] if batch == 1 => self.backend.run(1, &only.tensor)?,
                several => {
                    let parts = several.iter().map(|prepared| &prepared.tensor);
                    self.backend.run(batch, &TensorData::stack(parts, spec.element, spec.tensor_len() * batch))?
                }
            };
            let outputs = Arc::new(outputs);
            results.extend((0..chunk.len()).map(|index| ModelOutput::new(outputs.clone(), index)));
        }
        Ok(results)
    }

    /// The road users in each picture, in pixels of the camera's original picture.
    pub fn infer(&mut self, pictures: &[&Picture]) -> Result<Vec<Vec<Detection>>, EngineError> {
        let prepared: Vec<PreparedPicture> =
            pictures.iter().map(|picture| self.preparer.prepare(picture)).collect::<Result<_, _>>()?;
        let outputs = self.run(&prepared.iter().collect::<Vec<_>>())?;
        let detections = |(output, prepared): (&ModelOutput, &PreparedPicture)| {
            self.model.detections(output, prepared.placement, prepared.source)
        };
        outputs.iter().zip(&prepared).map(detections).collect()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("model", &self.model.name).field("sizes", &self.sizes).finish_non_exhaustive()
    }
}
