//! Log-ins are slowed after failures: for a name, so that its password is not guessed, and for an address, so that one password is not
//! tried with all names.

use std::net::IpAddr;

use axum::http::StatusCode;
use deadpool_postgres::GenericClient;
use vru_storage::log_in_failures::{self, subject};
use vru_storage::postgres::{DatabaseError, PooledClient};

use crate::config::LogInConfig;
use crate::http::{Code, Problem, network};

/// One log-in.
pub(crate) struct Attempt {
    name: Vec<u8>,
    address: Vec<u8>,
}

impl Attempt {
    pub(crate) fn new(name: &str, address: IpAddr) -> Self {
        Self { name: subject("name", name), address: subject("address", &network(address).to_string()) }
    }

    /// Counts the attempt as a failure until it has [succeeded](Self::succeeded). Refused while its name or address is blocked, without a
    /// look at the password.
    pub(crate) async fn begin(&self, client: &mut PooledClient, config: &LogInConfig) -> Result<(), Problem> {
        let failed = DatabaseError::statement("count a log-in");
        let transaction = client.transaction().await.map_err(failed)?;
        for (subject, free) in [(&self.name, config.free_per_name), (&self.address, config.free_per_address)] {
            // A refused attempt counts for neither: the transaction ends without a commit.
            if let Some(blocked) = log_in_failures::begin(&transaction, subject, free, config.longest_block).await? {
                let detail = "too many failed log-ins; wait, then try again";
                return Err(
                    Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::LogInBlocked, detail).retry_after(blocked)
                );
            }
        }
        Ok(transaction.commit().await.map_err(failed)?)
    }

    /// The address keeps its count of failures: otherwise an attacker could reset it with a good log-in to an account of their own.
    pub(crate) async fn succeeded<C: GenericClient>(&self, client: &C) -> Result<(), DatabaseError> {
        log_in_failures::forget(client, &self.name).await?;
        log_in_failures::take_back(client, &self.address).await
    }
}
