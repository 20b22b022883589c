//! The API on a real PostgreSQL, over HTTP.

mod api;
mod command_line;
mod document;
mod log_in;
mod requests;
mod sites;
