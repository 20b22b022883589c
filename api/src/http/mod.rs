//! HTTP in general: what every route shares.

mod accept;
mod body;
mod client_address;
mod code;
mod config;
mod docs;
mod entity_tag;
mod guard;
mod idempotency;
mod large_answers;
mod network;
mod origin;
mod page;
mod panics;
mod parquet;
mod places;
mod problem;
mod query;
mod request_id;
mod rest_of_body;
mod values;
mod web;

pub(crate) use accept::accepts;
#[cfg(feature = "fuzzing")]
pub(crate) use body::read_json;
pub(crate) use body::{JsonBody, unreadable};
pub(crate) use client_address::ClientAddress;
pub(crate) use code::Code;
pub use config::HttpConfig;
pub(crate) use docs::docs;
pub(crate) use entity_tag::{Expected, Tagged, is_current};
pub(crate) use guard::{Guard, guard};
pub(crate) use idempotency::{KEY_HEADER, Repeatable, serve_once};
pub(crate) use large_answers::LargeAnswers;
pub(crate) use network::network;
pub use origin::Origin;
pub(crate) use page::{Filtered, Page, PageQuery, columns_key, foreign_cursor};
pub(crate) use panics::answer_panics;
pub(crate) use parquet::{Column, accepts_parquet, parquet_answer};
pub(crate) use places::{Full, Place, Places};
pub(crate) use problem::{Problem, ProblemDocument, Problems};
pub(crate) use query::{Id, Pairs, Parameters, Query, Time};
pub(crate) use request_id::{RequestId, Resources, record_request};
pub(crate) use web::{WebApp, serve_web};
