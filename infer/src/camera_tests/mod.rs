//! Pictures of cameras that are tested: ingest, which has no model, sends them here, and people see them only when heads and plates are
//! coarse blocks ([decision 97](../../../docs/decisions/0097-blurred-camera-tests.md)).
//!
//! ```text
//! vru.camera-test-pictures ─▶ reader (group) ─▶ picture (decode, prepare) ─▶ requests ─▶ the thread of the model
//!                                │ vru.camera-test-reports ◀─ picture (blur, encode) ◀─────────┘
//! ```

mod config;
mod picture;
mod reader;
mod requests;

pub use config::CameraTestsConfig;
pub(crate) use reader::read_pictures;
pub use requests::{ModelRequests, Request};
