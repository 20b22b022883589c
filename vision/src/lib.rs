//! The functional core: everything that is computed from pictures and model outputs, as pure functions.
//!
//! No I/O, no clock, no async, no randomness: the same input gives the same output, on any machine and in any order of
//! calls for different cameras. In the order of the data flow:
//!
//! 1. [`letterbox`] turns a decoded [`image`] into the model's input tensor, as the [`model_card`] says;
//! 2. [`layout`] reads the output tensors, whatever family of detector wrote them, and [`nms`] removes duplicates;
//! 3. [`road_user`] turns labels into road users (a rider and the bicycle below are one cyclist) and gives a
//!    [`detection::Detection`] in pixels of the camera's own picture;
//! 4. [`tracker`] gives each road user an id that stays;
//! 5. [`rules`] judge the tracks of each frame.
//!
//! [`mot`] measures how well 1 to 4 did against ground truth.

mod assignment;
pub mod detection;
pub mod geometry;
pub mod image;
pub mod layout;
pub mod letterbox;
pub mod model_card;
pub mod mot;
pub mod nms;
pub mod road_user;
pub mod rules;
pub mod tracker;
