//! Errors as the client sees them: one envelope on every route (E9). The only place that chooses a status.

use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use lattice_admin::{Reason, Refusal};
use lattice_auth::{Denied, LoginFault, Role, TokenFault};
use lattice_gateway::Error;
use lattice_limits::State;
use lattice_model::{Class, ErrorBody, Word};

use lattice_wire::responses::response::error_body;

use crate::dialects::responses::Invalid;
use crate::limits;

/// When to come again where the database is away.
const AGAIN: Duration = Duration::from_secs(2);

/// An error with its status.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    retry_after: Option<Duration>,
    limits: Option<Box<State>>,
    body: ErrorBody,
}

impl Problem {
    fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let body =
            ErrorBody { kind: kind_of(status), code: code.to_owned(), message: message.into(), param: None };
        Self { status, retry_after: None, limits: None, body }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the request body is larger than {limit} bytes, the limit of this gateway");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the request body took too long to arrive")
    }

    pub(crate) fn unreadable(what: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unreadable_body",
            format!("the request body cannot be read: {what}"),
        )
    }

    pub(crate) fn unsupported_media_type(said: &str) -> Self {
        let message = format!("the body must be `application/json`, not `{said}`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    pub(crate) fn unsupported_encoding(said: &str) -> Self {
        let message = format!("the content encoding `{said}` is not known; `gzip` and `zstd` are");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", message)
    }

    pub(crate) fn model_not_found(name: &str) -> Self {
        let message = format!("the model `{name}` does not exist here; GET /v1/models lists those that do");
        let mut problem = Self::new(StatusCode::NOT_FOUND, "model_not_found", message);
        problem.body.param = Some("model".to_owned());
        problem
    }

    pub(crate) fn invalid_path() -> Self {
        let message = "the path is no UTF-8 once its percent signs are decoded";
        Self::new(StatusCode::BAD_REQUEST, "invalid_path", message)
    }

    /// Nothing was shown; 401.
    pub(crate) fn missing_key() -> Self {
        let message = "a key is needed: send it as `Authorization: Bearer KEY`";
        Self::new(StatusCode::UNAUTHORIZED, "missing_api_key", message)
    }

    /// Somebody is known who may not do this from there; 403.
    pub(crate) fn elsewhere(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "address_not_allowed", message)
    }

    /// The administration has nowhere to keep anything; 503.
    pub(crate) fn no_database() -> Self {
        let message = "this gateway has no database, which the administration needs: set `conversations.enabled` or `auth.enabled`";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_database", message)
    }

    /// Somebody is known who may not do this; 403.
    pub(crate) fn forbidden(role: Role, needed: Role) -> Self {
        let message = format!("this needs the role `{}`, and the key has `{}`", needed.name(), role.name());
        Self::new(StatusCode::FORBIDDEN, "insufficient_role", message)
    }

    /// A name that is not this machine's; 403.
    pub(crate) fn foreign_host(host: &str) -> Self {
        let shown: String = host.chars().take(80).collect();
        let message = format!(
            "nobody has to show a key here, so only calls to this machine by its own names are answered, and `{shown}` is none. \
             Name it in `server.allowed_hosts`, or give the gateway keys"
        );
        Self::new(StatusCode::FORBIDDEN, "host_not_allowed", message)
    }

    /// A web page from elsewhere; 403.
    pub(crate) fn foreign_origin(origin: &str) -> Self {
        let shown: String = origin.chars().take(80).collect();
        let message =
            format!("web pages of `{shown}` may not call; name them in `server.cors.allowed_origins`");
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", message)
    }

    pub(crate) fn invalid_query() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_query", "the query of the address cannot be read")
    }

    /// A field of the body that has to be there.
    pub(crate) fn missing(param: &str) -> Self {
        let message = format!("`{param}` is required");
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "missing_required_parameter", message);
        problem.body.param = Some(param.to_owned());
        problem
    }

    /// A parameter of the query that is wrong.
    pub(crate) fn query(param: &str, message: &str) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "invalid_value", message);
        problem.body.param = Some(param.chars().take(80).collect());
        problem
    }

    /// Somebody's rights were changed while their request arrived; 403.
    pub(crate) fn changed_rights() -> Self {
        let message = "the rights of the caller were changed while the request arrived; send it again";
        Self::new(StatusCode::FORBIDDEN, "rights_changed", message)
    }

    /// What changes something came from a page of elsewhere; 403.
    pub(crate) fn foreign_request() -> Self {
        let message = "this changes something and does not come from a page of this server: send `X-CSRF-Token` with the session's `csrf_token`";
        Self::new(StatusCode::FORBIDDEN, "csrf", message)
    }

    /// Somebody could not sign in at an issuer.
    pub(crate) fn of_login(fault: &LoginFault) -> Self {
        match fault {
            LoginFault::NotOffered => {
                let message = "nobody can sign in here at an issuer: `auth.issuers` needs a `client_id`";
                Self::new(StatusCode::NOT_FOUND, "login_not_offered", message)
            }
            LoginFault::Unreachable(why) => {
                tracing::warn!("an issuer could not be asked for a sign-in: {why}");
                let message = "the issuer cannot be reached at present; try again";
                let problem = Self::new(StatusCode::BAD_GATEWAY, "issuer_unreachable", message);
                Self { retry_after: Some(AGAIN), ..problem }
            }
            LoginFault::Foreign => {
                let message =
                    "this is not the answer to a sign-in that this browser began; begin again at /auth/login";
                Self::new(StatusCode::BAD_REQUEST, "login_state", message)
            }
            LoginFault::Refused(why) => {
                let message = format!("the issuer did not sign you in: {why}");
                Self::new(StatusCode::FORBIDDEN, "login_refused", message)
            }
            LoginFault::Token(fault) => of_token(fault),
        }
    }

    /// A header that is wrong.
    pub(crate) fn header(name: &str, must: &str) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "invalid_value", format!("`{name}` {must}"));
        problem.body.param = Some(name.to_owned());
        problem
    }

    pub(crate) fn invalid_host(what: &str) -> Self {
        let message = format!("the request must name its host once, in a `Host` header: {what}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_host", message)
    }

    pub(crate) fn transfer_coding() -> Self {
        let message = "the only transfer coding that is understood is `chunked`; send compressed bodies with `Content-Encoding`";
        Self::new(StatusCode::NOT_IMPLEMENTED, "unsupported_transfer_coding", message)
    }

    /// The head of a request that could not be read; `status` is the HTTP library's verdict.
    pub(crate) fn unreadable_head(status: u16) -> Self {
        let (code, message) = match status {
            414 => ("uri_too_long", "the request's target is too long"),
            431 => ("headers_too_large", "the request's headers are larger than this gateway takes"),
            408 => ("request_timeout", "the request's head took too long to arrive"),
            _ => ("invalid_http", "the request is not HTTP that this gateway understands"),
        };
        Self::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), code, message)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn code(&self) -> &str {
        &self.body.code
    }

    pub(crate) fn body(&self) -> Bytes {
        error_body(&self.body)
    }

    pub(crate) fn internal() -> Self {
        let message = "the gateway failed; this is a defect: report it with the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }
}

/// The code that the client was told, on the answer, for the record.
#[derive(Debug, Clone)]
pub(crate) struct Told(pub(crate) String);

/// The standard's class of error for a status.
fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        status if status.is_client_error() => "invalid_request",
        _ => "server_error",
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, invalid.code, invalid.message);
        problem.body.param = invalid.param;
        problem
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let unauthorized = |code, message: &str| Self::new(StatusCode::UNAUTHORIZED, code, message);
        match denied {
            Denied::Missing => Self::missing_key(),
            Denied::Invalid => unauthorized("invalid_api_key", "the key is not valid here"),
            Denied::Expired => unauthorized("expired_api_key", "the key has expired; ask for another"),
            Denied::Elsewhere => Self::elsewhere("the key may not be used from your address"),
            Denied::Suspended => {
                let message = "the user or the tenant of this key is suspended";
                Self::new(StatusCode::FORBIDDEN, "suspended", message)
            }
            Denied::UnknownTenant => {
                let message = "nobody here knows the tenant that the token names; an operator has to make it";
                Self::new(StatusCode::FORBIDDEN, "tenant_not_found", message)
            }
            Denied::OtherTenant => {
                let message = "the token names another tenant than the one that its user belongs to";
                Self::new(StatusCode::FORBIDDEN, "tenant_mismatch", message)
            }
            Denied::Token(fault) => of_token(&fault),
            Denied::TooMany(wait) => {
                let message = "too many keys from your address were not valid; wait, and send one that is";
                let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failed_attempts", message);
                Self { retry_after: Some(wait), ..problem }
            }
            Denied::Unknown(error) => {
                tracing::warn!(%error, "a key could not be looked up");
                let message = "whether the key is valid cannot be told while the database is away; try again";
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "identity_unavailable", message);
                Self { retry_after: Some(AGAIN), ..problem }
            }
        }
    }
}

/// What is wrong with a token.
fn of_token(fault: &TokenFault) -> Problem {
    let message = match fault {
        TokenFault::Malformed => {
            "the token cannot be read, or is not signed in a way that is understood here"
        }
        TokenFault::Issuer => "nobody here knows the issuer of the token",
        TokenFault::Signature => "the token's signature is not its issuer's",
        TokenFault::Audience => {
            "the token is for somebody else: its `aud` is not one of those that are taken here"
        }
        TokenFault::Expired => {
            return Problem::new(
                StatusCode::UNAUTHORIZED,
                "expired_token",
                "the token has expired; get another",
            );
        }
        TokenFault::Early => "the token is not valid yet",
        TokenFault::Claim(what) => {
            let message = format!("the token does not say {what} as it has to");
            return Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", message);
        }
        TokenFault::Unreachable(_) => {
            let message = "the keys of the token's issuer cannot be had at present; try again";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "identity_unavailable", message);
            return Problem { retry_after: Some(AGAIN), ..problem };
        }
    };
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", message)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.reason {
            Reason::Invalid => StatusCode::BAD_REQUEST,
            Reason::Forbidden => StatusCode::FORBIDDEN,
            Reason::Missing => StatusCode::NOT_FOUND,
            Reason::Conflict => StatusCode::CONFLICT,
            Reason::Stale => StatusCode::PRECONDITION_FAILED,
            Reason::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Reason::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if let Some(detail) = &refusal.detail {
            tracing::warn!("the administration could not do what it was asked for: {detail}");
        }
        let mut problem = Self::new(status, refusal.code, refusal.message);
        problem.body.param = refusal.param;
        problem.retry_after = (refusal.reason == Reason::Unavailable).then_some(AGAIN);
        problem
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status_of(error.class());
        Self { status, retry_after: error.retry_after, limits: error.limits, body: *error.body }
    }
}

/// The status for a class of fault.
pub fn status_of(class: Class) -> StatusCode {
    match class {
        Class::InvalidRequest => StatusCode::BAD_REQUEST,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Class::BadGateway | Class::Model => StatusCode::BAD_GATEWAY,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::from(self.body()));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(Told(self.body.code));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(state) = &self.limits {
            limits::tell(headers, state);
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up and at least one: nobody should come back too early.
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) async fn not_found(uri: Uri) -> Problem {
    let message = format!("there is nothing at `{}`; /docs lists what there is", uri.path());
    Problem::new(StatusCode::NOT_FOUND, "unknown_route", message)
}

pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let message = format!("`{}` does not take {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
