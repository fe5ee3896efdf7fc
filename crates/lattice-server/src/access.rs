//! Who may use which route: declared beside each route, and checked before anything else is read of a request (A3).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use lattice_auth::{Credentials, Denied, Principal, Role};

use crate::App;
use crate::problem::Problem;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// Whoever asks for responses: a viewer reads, a member does the rest.
    Callers,
}

impl Access {
    /// The least role that may use the route with this method; `None` where nobody has to say who they are.
    pub(crate) fn needed(self, method: &Method) -> Option<Role> {
        match self {
            Self::Public => None,
            Self::Callers if method == Method::GET || method == Method::HEAD => Some(Role::Viewer),
            Self::Callers => Some(Role::Member),
        }
    }

    /// The roles that may use the route with this method, for its description; empty for everybody.
    #[cfg(test)]
    pub(crate) fn roles(self, method: &Method) -> Vec<&'static str> {
        let needed = self.needed(method);
        let covering = <Role as lattice_model::Word>::ALL
            .iter()
            .filter(|role| needed.is_some_and(|needed| **role >= needed));
        covering.map(|role| lattice_model::Word::name(*role)).collect()
    }
}

/// The other headers in which SDKs show a key.
const KEYS: [HeaderName; 2] = [HeaderName::from_static("x-api-key"), HeaderName::from_static("api-key")];

/// Lets only those in that may use the route.
pub(crate) fn guarded(
    app: &Arc<App>,
    access: Access,
    handlers: MethodRouter<Arc<App>>,
) -> MethodRouter<Arc<App>> {
    handlers.layer(from_fn_with_state((Arc::clone(app), access), check))
}

async fn check(
    State((app, access)): State<(Arc<App>, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    match admitted(&app, access, request.method(), request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(principal)) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What a request shows of itself.
pub(crate) fn credentials(headers: &HeaderMap) -> Credentials {
    let values = |name: &HeaderName| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    Credentials::of(values(&header::AUTHORIZATION), KEYS.iter().flat_map(values))
}

fn admitted(
    app: &App,
    access: Access,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Arc<Principal>>, Problem> {
    let Some(needed) = access.needed(method) else { return Ok(None) };
    match app.authenticator.load().authenticate(&credentials(headers)) {
        Ok(principal) if principal.role >= needed => Ok(Some(principal)),
        Ok(principal) => Err(Problem::forbidden(principal.role, needed)),
        Err(Denied::Missing) => Err(Problem::unauthorized(
            "missing_api_key",
            "a key is needed: send it as `Authorization: Bearer KEY`",
        )),
        Err(Denied::Invalid) => Err(Problem::unauthorized("invalid_api_key", "the key is not valid here")),
    }
}
