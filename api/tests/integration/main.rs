//! The API on a real PostgreSQL, over HTTP.

mod api;
mod audit;
mod cameras;
mod command_line;
mod counts;
mod document;
mod keys;
mod log_in;
mod matrix;
mod people;
mod requests;
mod schema;
mod sites;
