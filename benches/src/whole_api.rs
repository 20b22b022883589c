//! A whole `vru-api` with the site `site`, and somebody who is logged in and may do everything.

use std::sync::Arc;
use std::time::Duration;

use vru_runtime::test_util::{Bus, ServiceLaunch, ServiceProcess, free_port, kafka, postgres};

use crate::caller::{create_admin, log_in};

const READY_WITHIN: Duration = Duration::from_mins(5);
const NAME: &str = "bench";
const PASSWORD: &str = "a password for the bench";

#[derive(Debug)]
pub struct WholeApi {
    pub service: ServiceProcess,
    pub address: String,
    pub cookie: String,
    pub database: String,
    pub bus: Arc<Bus>,
}

impl WholeApi {
    /// `name` is of its topics, which have so many partitions; `configure` adds settings.
    pub async fn start(
        name: &str,
        partitions: i32,
        configure: impl FnOnce(ServiceLaunch, &Bus) -> ServiceLaunch,
    ) -> Self {
        Self::start_on(Arc::new(kafka().bus(name, partitions)), configure).await
    }

    /// On the topics of others.
    pub async fn start_on(bus: Arc<Bus>, configure: impl FnOnce(ServiceLaunch, &Bus) -> ServiceLaunch) -> Self {
        let server = postgres();
        let database = server.database();
        let address = format!("127.0.0.1:{}", free_port());
        let launch = ServiceLaunch::new("vru-api")
            .bus(&bus)
            .set("database.url", &database)
            .set("database.migrate", "true")
            .set("http.listen", &address)
            .set("rate_limits.enabled", "false");
        let service = configure(launch, &bus).start();
        service.wait_ready(READY_WITHIN);
        create_admin(&database, NAME, PASSWORD);
        let site = "INSERT INTO sites (id, name, time_zone, units) VALUES ('site', 'Site', 'Europe/Berlin', 1)";
        server.query(&database, site);
        let cookie = log_in(&address, NAME, PASSWORD).await;
        Self { service, address, cookie, database, bus }
    }
}
