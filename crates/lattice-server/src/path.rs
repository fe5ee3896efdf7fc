//! What stands in an address, with this server's own words for what cannot be read.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;

use crate::App;
use crate::problem::Problem;

/// The one name in the path, such as an id.
#[derive(Debug)]
pub(crate) struct Id(pub(crate) String);

/// Two names in the path: of a thing, and of one in it.
#[derive(Debug)]
pub(crate) struct Ids(pub(crate) String, pub(crate) String);

/// The parameters of the query, in their order.
#[derive(Debug)]
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl FromRequestParts<Arc<App>> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path(id) = Path::from_request_parts(parts, app).await.map_err(|_| Problem::invalid_path())?;
        Ok(Self(id))
    }
}

impl FromRequestParts<Arc<App>> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path((whole, part)) =
            Path::from_request_parts(parts, app).await.map_err(|_| Problem::invalid_path())?;
        Ok(Self(whole, part))
    }
}

impl FromRequestParts<Arc<App>> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Query(all) = Query::from_request_parts(parts, app).await.map_err(|_| Problem::invalid_query())?;
        Ok(Self(all))
    }
}
