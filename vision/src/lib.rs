//! The computer vision algorithms, as pure functions of pictures and model outputs.
//!
//! There is no I/O, no clock, no async and no randomness: the same input gives the same output, on every machine and in any
//! order of calls for different cameras. In the order of the data flow:
//!
//! 1. [`letterbox`] converts a decoded [`image`] to the model's input tensor, according to the [`model_card`];
//! 2. [`layout`] decodes the output tensors of several detector families, and [`nms`] removes duplicates;
//! 3. [`road_user`] maps labels to road users (a rider and a bicycle become one cyclist), each a [`detection::Detection`] in
//!    pixels of the camera's picture;
//! 4. [`tracker`] assigns each road user a stable track id, by its place and its [`appearance`];
//! 5. [`rules`] evaluate the tracks of each frame.
//!
//! [`privacy`] makes heads and plates unrecognisable in pictures that others see.
//!
//! [`mot`] measures the quality of 1 to 4 against ground truth.

pub mod appearance;
mod assignment;
pub mod detection;
pub mod frame_stamp;
pub mod geometry;
pub mod image;
pub mod layout;
pub mod letterbox;
pub mod model_card;
pub mod mot;
pub mod nms;
pub mod orientation;
pub mod privacy;
pub mod road_user;
pub mod rules;
pub mod shrink;
mod state_codec;
pub mod tracker;
