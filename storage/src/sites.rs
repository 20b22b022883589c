//! Sites: table `sites`.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::ids::new_id;
use crate::postgres::DatabaseError;

/// A place with cameras.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    pub id: String,
    pub settings: SiteSettings,
    /// Grows by one with each change.
    pub version: i64,
    pub created_at: SystemTime,
    pub changed_at: SystemTime,
}

/// What people choose about a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSettings {
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// WGS 84, degrees.
    pub location: Option<Location>,
    pub units: Units,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
}

/// How speeds and lengths are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    Metric,
    Imperial,
}

impl Units {
    fn number(self) -> i16 {
        match self {
            Self::Metric => 1,
            Self::Imperial => 2,
        }
    }
}

const COLUMNS: &str = "id, name, time_zone, latitude, longitude, units, version, created_at, changed_at";

/// Which sites somebody may see.
#[derive(Debug, Clone, Copy)]
pub enum Visible<'a> {
    All,
    /// Those that the user belongs to.
    Of(&'a str),
    /// The one with this id.
    One(&'a str),
}

/// At most `limit` sites in the order of their ids, after the id `after`.
pub async fn list<C: GenericClient>(
    client: &C,
    visible: Visible<'_>,
    after: &str,
    limit: i64,
) -> Result<Vec<Site>, DatabaseError> {
    let failed = DatabaseError::statement("list sites");
    let sql = format!(
        "SELECT {COLUMNS} FROM sites WHERE id > $1 \
         AND ($2::text IS NULL OR id IN (SELECT site_id FROM memberships WHERE user_id = $2)) \
         AND ($3::text IS NULL OR id = $3) ORDER BY id LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let (user, one) = match visible {
        Visible::All => (None, None),
        Visible::Of(user) => (Some(user), None),
        Visible::One(site) => (None, Some(site)),
    };
    let rows = client.query(&statement, &[&after, &user, &one, &limit]).await.map_err(failed)?;
    rows.iter().map(|row| site(row).map_err(failed)).collect()
}

/// `None` if there is none with that id.
pub async fn find<C: GenericClient>(client: &C, id: &str) -> Result<Option<Site>, DatabaseError> {
    let failed = DatabaseError::statement("read a site");
    let statement =
        client.prepare_cached(&format!("SELECT {COLUMNS} FROM sites WHERE id = $1")).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&id]).await.map_err(failed)?;
    row.map(|row| site(&row).map_err(failed)).transpose()
}

pub async fn exists<C: GenericClient>(client: &C, id: &str) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("look for a site");
    let statement = client.prepare_cached("SELECT 1 FROM sites WHERE id = $1").await.map_err(failed)?;
    Ok(client.query_opt(&statement, &[&id]).await.map_err(failed)?.is_some())
}

pub async fn create<C: GenericClient>(client: &C, settings: &SiteSettings) -> Result<Site, DatabaseError> {
    let failed = DatabaseError::statement("create a site");
    let sql = format!(
        "INSERT INTO sites (id, name, time_zone, latitude, longitude, units) VALUES ($1, $2, $3, $4, $5, $6) RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let id = new_id("site");
    let (latitude, longitude) = coordinates(settings);
    let SiteSettings { name, time_zone, units, .. } = settings;
    let row = client
        .query_one(&statement, &[&id, name, time_zone, &latitude, &longitude, &units.number()])
        .await
        .map_err(failed)?;
    site(&row).map_err(failed)
}

/// Changes a site of that version. `None` if it has another version by now, or is gone.
pub async fn change<C: GenericClient>(
    client: &C,
    id: &str,
    version: i64,
    settings: &SiteSettings,
) -> Result<Option<Site>, DatabaseError> {
    let failed = DatabaseError::statement("change a site");
    let sql = format!(
        "UPDATE sites SET name = $3, time_zone = $4, latitude = $5, longitude = $6, units = $7, version = version + 1, \
         changed_at = now() WHERE id = $1 AND version = $2 RETURNING {COLUMNS}"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let (latitude, longitude) = coordinates(settings);
    let SiteSettings { name, time_zone, units, .. } = settings;
    let row = client
        .query_opt(&statement, &[&id, &version, name, time_zone, &latitude, &longitude, &units.number()])
        .await
        .map_err(failed)?;
    row.map(|row| site(&row).map_err(failed)).transpose()
}

fn coordinates(settings: &SiteSettings) -> (Option<f64>, Option<f64>) {
    settings.location.map(|location| (location.latitude, location.longitude)).unzip()
}

fn site(row: &Row) -> Result<Site, tokio_postgres::Error> {
    let latitude: Option<f64> = row.try_get("latitude")?;
    let longitude: Option<f64> = row.try_get("longitude")?;
    // The values come from `Units::number`; a service is refused by a schema that is newer than itself.
    let units =
        if row.try_get::<_, i16>("units")? == Units::Imperial.number() { Units::Imperial } else { Units::Metric };
    let settings = SiteSettings {
        name: row.try_get("name")?,
        time_zone: row.try_get("time_zone")?,
        location: latitude.zip(longitude).map(|(latitude, longitude)| Location { latitude, longitude }),
        units,
    };
    Ok(Site {
        id: row.try_get("id")?,
        settings,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
        changed_at: row.try_get("changed_at")?,
    })
}
