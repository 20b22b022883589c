//! Searches over what the sink wrote, the newest first, in pages: the place of the last row of a page is where the next one begins.
//!
//! The statement names only what is asked for, so that PostgreSQL plans for it. Of several cameras it reads the newest rows of each by
//! index, and of these the newest: one index over all cameras would be read past all rows of the others.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::postgres::DatabaseError;

/// Whose rows are looked for.
#[derive(Debug, Clone, Default)]
pub struct Cameras {
    /// Those of the site, also deleted ones; `None`: of all sites and of none.
    pub site_id: Option<String>,
    /// Of them, these; empty: all.
    pub ids: Vec<String>,
}

/// A table, and how its rows are listed.
pub(crate) struct Listing {
    pub(crate) table: &'static str,
    /// Of the table `t`, of the camera's row `c`, which may be missing, and of `joins`.
    pub(crate) columns: &'static str,
    pub(crate) joins: &'static str,
    /// The columns by which rows are ordered: each row has another place.
    pub(crate) order: &'static [&'static str],
}

/// What is asked for.
#[derive(Default)]
pub(crate) struct Search {
    conditions: Vec<String>,
    /// Of these each row meets one at most; empty: there are none to meet.
    cases: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Search {
    /// Returns how the statement names the value.
    pub(crate) fn value(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// A condition on the table `t`.
    pub(crate) fn require(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// Conditions on the table `t` of which each row meets one at most, and rows that are looked for meet one. PostgreSQL plans each for
    /// itself.
    pub(crate) fn require_one_of(&mut self, cases: impl IntoIterator<Item = String>) {
        self.cases.extend(cases);
    }

    /// At most `limit` rows of the cameras, the newest first.
    pub(crate) async fn newest<C: GenericClient>(
        mut self,
        client: &C,
        listing: &Listing,
        cameras: &Cameras,
        limit: i64,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.statement(listing, cameras, limit);
        let values: Vec<&(dyn ToSql + Sync)> =
            self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
        // Not kept prepared: there are too many of them.
        client.query(statement.as_str(), &values).await
    }

    /// How many rows of the cameras of one site lie in each of the bins between `edges`, by the number of the bin, from 0. At most `most`
    /// rows are counted.
    pub(crate) async fn in_bins<C: GenericClient>(
        mut self,
        client: &C,
        (listing, cameras): (&Listing, &Cameras),
        edges: &[SystemTime],
        most: i64,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.statement_of_bins(listing, cameras, edges, most);
        let values: Vec<&(dyn ToSql + Sync)> =
            self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
        client.query(statement.as_str(), &values).await
    }

    fn statement_of_bins(
        &mut self,
        Listing { table, order, .. }: &Listing,
        cameras: &Cameras,
        edges: &[SystemTime],
        most: i64,
    ) -> String {
        let (edges, most) = (self.value(edges.to_vec()), self.value(most));
        let time = order.first().copied().unwrap_or_default();
        let cameras = self.cameras(cameras);
        let rows = union(self.cases().iter().map(|case| match &cameras {
            None => format!("SELECT t.{time} AS at FROM {table} t WHERE {case}"),
            Some(cameras) => {
                format!("SELECT t.{time} AS at FROM {cameras} c JOIN {table} t ON t.camera_id = c.id WHERE {case}")
            }
        }));
        format!(
            "SELECT width_bucket(at, {edges}::timestamptz[]) - 1 AS bin, count(*) AS found \
             FROM (SELECT at FROM ({rows}) t LIMIT {most}) t GROUP BY 1"
        )
    }

    /// The conditions of each case, or the only ones.
    fn cases(&self) -> Vec<String> {
        let conditions = if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") };
        match self.cases.as_slice() {
            [] => vec![conditions],
            cases => cases.iter().map(|case| format!("{conditions} AND {case}")).collect(),
        }
    }

    /// A table of the cameras with their sites; `None`: all cameras.
    fn cameras(&mut self, cameras: &Cameras) -> Option<String> {
        let ids = (!cameras.ids.is_empty()).then(|| self.value(cameras.ids.clone()));
        match (&cameras.site_id, ids) {
            (None, None) => None,
            (None, Some(ids)) => Some(format!(
                "(SELECT DISTINCT i.id, k.site_id FROM unnest({ids}::text[]) AS i (id) LEFT JOIN cameras k ON k.id = i.id)"
            )),
            (Some(site), ids) => {
                let site = self.value(site.clone());
                let among = ids.map(|ids| format!(" AND k.id = ANY({ids})")).unwrap_or_default();
                Some(format!("(SELECT k.id, k.site_id FROM cameras k WHERE k.site_id = {site}{among})"))
            }
        }
    }

    fn statement(&mut self, listing: &Listing, cameras: &Cameras, limit: i64) -> String {
        let Listing { table, columns, joins, order } = listing;
        let order = order.iter().map(|column| format!("t.{column} DESC")).collect::<Vec<_>>().join(", ");
        let limit = self.value(limit);
        let of_cameras = self.cameras(cameras);
        let of_camera = if of_cameras.is_some() { "t.camera_id = c.id AND " } else { "" };
        let rows =
            union(self.cases().iter().map(|case| {
                format!("(SELECT * FROM {table} t WHERE {of_camera}{case} ORDER BY {order} LIMIT {limit})")
            }));
        let Some(of_cameras) = of_cameras else {
            return format!(
                "SELECT {columns} FROM (SELECT * FROM ({rows}) t ORDER BY {order} LIMIT {limit}) t \
                 LEFT JOIN cameras c ON c.id = t.camera_id {joins} ORDER BY {order}"
            );
        };
        format!(
            "SELECT {columns} FROM {of_cameras} c CROSS JOIN LATERAL ({rows}) t {joins} ORDER BY {order} LIMIT {limit}"
        )
    }
}

fn union(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" UNION ALL ")
}

/// How PostgreSQL would find the rows, as text.
#[cfg(test)]
impl Search {
    pub(crate) async fn explain<C: GenericClient>(
        mut self,
        client: &C,
        listing: &Listing,
        cameras: &Cameras,
        limit: i64,
    ) -> String {
        let statement = self.statement(listing, cameras, limit);
        self.plan(client, &statement).await
    }

    pub(crate) async fn explain_bins<C: GenericClient>(
        mut self,
        client: &C,
        (listing, cameras): (&Listing, &Cameras),
        edges: &[SystemTime],
        most: i64,
    ) -> String {
        let statement = self.statement_of_bins(listing, cameras, edges, most);
        self.plan(client, &statement).await
    }

    async fn plan<C: GenericClient>(&self, client: &C, statement: &str) -> String {
        let statement = format!("EXPLAIN (ANALYZE, BUFFERS) {statement}");
        let values: Vec<&(dyn ToSql + Sync)> =
            self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
        let rows = client.query(statement.as_str(), &values).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
    }
}

/// Reads each row.
pub(crate) fn rows<T>(
    operation: &'static str,
    found: Result<Vec<Row>, tokio_postgres::Error>,
    read: impl Fn(&Row) -> Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>, DatabaseError> {
    let failed = DatabaseError::statement(operation);
    found.map_err(failed)?.iter().map(|row| read(row).map_err(failed)).collect()
}
