//! Who may use which route: declared beside each route, and checked before anything else is read of a request (A3).

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use lattice_auth::{Arriving, Credentials, Principal, Role};

use crate::arrival::Arrival;
use crate::cookies::Cookie;
use crate::problem::Problem;
use crate::{App, body, login};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// Whoever asks for responses: a viewer reads, a member does the rest.
    Callers,
    /// Those who administer, each within what they run: the least role to read and the least to do the rest. Whoever comes without
    /// credentials is none of them, also where nobody has to show any.
    Administration { read: Role, write: Role },
    /// The caller's own session: everybody may begin one.
    Session,
}

impl Access {
    /// The least role that may use the route with this method; `None` where nobody has to say who they are.
    pub(crate) fn needed(self, method: &Method) -> Option<Role> {
        let is_read = method == Method::GET || method == Method::HEAD;
        match self {
            Self::Public => None,
            Self::Callers if is_read => Some(Role::Viewer),
            Self::Callers => Some(Role::Member),
            Self::Administration { read, .. } if is_read => Some(read),
            Self::Administration { write, .. } => Some(write),
            Self::Session if method == Method::POST => None,
            Self::Session => Some(Role::Viewer),
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
    let asking = Asking::of(&app, &request);
    match admitted(&app, access, asking).await {
        Ok(None) => next.run(request).await,
        Ok(Some(principal)) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(problem) => {
            body::drain(request.body_mut()).await;
            problem.into_response()
        }
    }
}

/// What a request shows of itself: a key or a token, else the session of a browser.
pub(crate) fn credentials(app: &App, headers: &HeaderMap) -> Credentials {
    let values = |name: &HeaderName| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let shown = Credentials::of(values(&header::AUTHORIZATION), KEYS.iter().flat_map(values));
    match (shown, Cookie::Session.of(app, headers)) {
        (Credentials::None, Some(session)) => Credentials::Session(session),
        (shown, _) => shown,
    }
}

/// What tells whether somebody is let in.
struct Asking {
    method: Method,
    address: Option<IpAddr>,
    credentials: Credentials,
    /// What a browser sends by itself has to come from a page of ours.
    origin: Result<(), Problem>,
}

impl Asking {
    fn of(app: &App, request: &Request) -> Self {
        let (method, credentials) = (request.method().clone(), credentials(app, request.headers()));
        let origin = match &credentials {
            Credentials::Session(session) if ![Method::GET, Method::HEAD].contains(&method) => {
                login::same_origin(app, request.headers(), Some(session))
            }
            _ => Ok(()),
        };
        let address = request.extensions().get::<Arrival>().and_then(|arrival| arrival.client);
        Self { method, address, credentials, origin }
    }
}

async fn admitted(app: &App, access: Access, asking: Asking) -> Result<Option<Arc<Principal>>, Problem> {
    let Asking { method, address, credentials, origin } = asking;
    let is_administration = matches!(access, Access::Administration { .. } | Access::Session);
    if is_administration && !from_there(app, address) {
        return Err(Problem::elsewhere("the administration cannot be reached from your address"));
    }
    let Some(needed) = access.needed(&method) else { return Ok(None) };
    let arriving = Arriving { address, now: app.gateway.clock().seconds() };
    let principal = app.authenticator.load_full().authenticate(&credentials, arriving).await?;
    if is_administration && principal.is_anonymous() {
        return Err(Problem::missing_key());
    }
    if principal.role < needed {
        return Err(Problem::forbidden(principal.role, needed));
    }
    // Last: whoever is not known, or may not do it anyway, learns that.
    if !principal.is_anonymous() {
        origin?;
    }
    Ok(Some(principal))
}

/// Whether the administration can be reached from an address.
fn from_there(app: &App, address: Option<IpAddr>) -> bool {
    let ranges = &app.admin_ip_ranges;
    ranges.is_empty() || address.is_some_and(|address| ranges.iter().any(|range| range.contains(&address)))
}
