//! Who does something, and what they may do it to.

use std::net::IpAddr;

use lattice_auth::{Principal, Role};
use lattice_model::Word;
use secrecy::SecretString;

use crate::refusal::{Reason, Refusal};

/// Who does something, from where, and when.
#[derive(Debug)]
pub struct Actor<'a> {
    /// Who it is.
    pub principal: &'a Principal,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The request's id.
    pub request_id: &'a str,
    /// Seconds since 1970, UTC.
    pub now: i64,
    /// 32 hexadecimal digits that are given out once, for what is made.
    pub new_id: String,
    /// The name that a client gave the request, so that it can be sent again.
    pub named: Option<Named>,
}

/// A request that may be sent again.
#[derive(Debug, Clone)]
pub struct Named {
    /// As in `Idempotency-Key`.
    pub name: String,
    /// What the client showed of itself: what was answered can be read again with it and not without.
    pub credential: SecretString,
}

impl Actor<'_> {
    pub(crate) fn role(&self) -> Role {
        self.principal.role
    }

    pub(crate) fn is_operator(&self) -> bool {
        self.role() == Role::Operator
    }

    /// Whether they run their tenant.
    pub(crate) fn is_admin(&self) -> bool {
        self.role() >= Role::Admin
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.principal.owner.tenant
    }

    /// Whether they see what belongs to this tenant as its administrators do.
    pub(crate) fn runs(&self, tenant: &str) -> bool {
        self.is_operator() || self.is_admin() && self.tenant() == tenant
    }

    /// The tenant that a list is of; all, for an operator who names none.
    pub(crate) fn scope<'t>(&'t self, asked: Option<&'t str>) -> Result<Option<&'t str>, Refusal> {
        match asked {
            None if self.is_operator() => Ok(None),
            None => Ok(Some(self.tenant())),
            Some(tenant) if self.is_operator() || tenant == self.tenant() => Ok(Some(tenant)),
            Some(_) => Err(self.foreign_tenant()),
        }
    }

    /// The tenant that something is made in.
    pub(crate) fn target_tenant(&self, asked: Option<String>) -> Result<String, Refusal> {
        let tenant = asked.unwrap_or_else(|| self.tenant().to_owned());
        if self.is_operator() || tenant == self.tenant() { Ok(tenant) } else { Err(self.foreign_tenant()) }
    }

    fn foreign_tenant(&self) -> Refusal {
        let message = format!("the role `{}` acts in its own tenant only", self.role().name());
        Refusal::new(Reason::Forbidden, "foreign_tenant", message).with_param("tenant_id")
    }

    /// Refuses what is above their own role.
    pub(crate) fn reaches(&self, role: Role) -> Result<(), Refusal> {
        if role <= self.role() {
            return Ok(());
        }
        let message =
            format!("`{}` is above `{}`, the role of whoever asks", role.name(), self.role().name());
        Err(Refusal::new(Reason::Forbidden, "role_too_high", message).with_param("role"))
    }
}
