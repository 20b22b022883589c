//! The API on a real PostgreSQL, over HTTP.

mod alerts;
mod api;
mod audit;
mod cameras;
mod command_line;
mod counts;
mod docs;
mod document;
mod first_admin;
mod idempotency;
mod keys;
mod log_in;
mod matrix;
mod people;
mod pictures;
mod receiver;
mod requests;
mod rows;
mod schema;
mod schemathesis;
mod sites;
mod ten_calls;
mod tokens;
mod tokens_at_sink;
mod tracks;
mod webhooks;
