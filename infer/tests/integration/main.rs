//! Tests of inference with the real ONNX Runtime and the real Kafka. If a part is missing, the test fails and tells how to get
//! it.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod camera_tests;
mod clip;
mod damaged_groups;
mod ends;
mod fixtures;
mod nanodet;
mod refusal;
mod service;
mod support;
mod takeover;
mod too_large;
mod worker;
