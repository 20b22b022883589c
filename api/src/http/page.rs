//! Lists in pages: the answer to one page has the cursor of the next.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::query::{Pairs, Query};

const DEFAULT: u16 = 50;
const MOST: u16 = 200;

/// The key of an item of the list, for [`PageQuery::page`]. No column has a space.
pub(crate) fn columns_key<const N: usize>(list: &str, columns: &[String; N]) -> String {
    let key = columns.join(" ");
    format!("{} {key}", check_of(list, &key))
}

/// Detects a damaged cursor, or one of another list. It is no protection, and needs none: a made-up cursor shows only what the person may see.
fn check_of(list: &str, key: &str) -> String {
    let hash = Sha256::new().chain_update(list).chain_update([0]).chain_update(key).finalize();
    URL_SAFE_NO_PAD.encode(&hash[..6])
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Pass it as `cursor` to get the next page. Absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn map<U>(self, to: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(to).collect(), next_cursor: self.next_cursor }
    }
}

pub(crate) fn foreign_cursor() -> Problem {
    Problem::parameter("cursor", "is not a cursor of this list")
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    /// How many items the page has at most: 1 to 200, default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Debug)]
pub(crate) struct PageQuery {
    limit: usize,
    /// The key of the last item of the page before; empty for the first page.
    pub(crate) after: String,
}

impl IntoParams for PageQuery {
    fn into_params(
        parameter_in_provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        Parameters::into_params(parameter_in_provider)
    }
}

/// Which page is asked for, of a list that `F` narrows.
#[derive(Debug)]
pub(crate) struct Filtered<F> {
    pub(crate) filter: F,
    pub(crate) page: PageQuery,
}

impl<F: Query, S: Send + Sync> FromRequestParts<S> for Filtered<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (of_page, of_filter) = Pairs::read(parts.uri.query())?.split(&["limit", "cursor"]);
        Ok(Self { page: PageQuery::checked(of_page.parse()?)?, filter: F::read(of_filter)? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of_query(parts.uri.query())
    }
}

impl PageQuery {
    pub(crate) fn of_query(query: Option<&str>) -> Result<Self, Problem> {
        Self::checked(Pairs::read(query)?.parse()?)
    }

    fn checked(Parameters { limit, cursor }: Parameters) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::parameter("limit", format!("is not between 1 and {MOST}")));
        }
        let after = match cursor {
            None => String::new(),
            Some(cursor) => URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|key| String::from_utf8(key).ok())
                // PostgreSQL refuses texts with it.
                .filter(|key| !key.is_empty() && !key.contains('\0'))
                .ok_or_else(foreign_cursor)?,
        };
        Ok(Self { limit: usize::from(limit), after })
    }

    /// The key, in a list in the order of several columns; `None` for the first page. `list` is its name, so that a cursor of another
    /// list is told from one of this.
    pub(crate) fn after_columns<const N: usize>(&self, list: &str) -> Result<Option<[&str; N]>, Problem> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let key = self.after.split_once(' ').filter(|(check, key)| *check == check_of(list, key));
        let (_, key) = key.ok_or_else(foreign_cursor)?;
        let columns: Vec<&str> = key.split(' ').collect();
        columns.try_into().map(Some).map_err(|_| foreign_cursor())
    }

    /// The key, in a list in the order of a number.
    pub(crate) fn after_number(&self) -> Result<i64, Problem> {
        self.after.parse().map_err(|_| foreign_cursor())
    }

    /// How many items to read: one more than asked for tells whether there is another page.
    pub(crate) fn read(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The page of the items that were read. `key` names an item's place in the order of the list.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Page { items, next_cursor }
    }
}
