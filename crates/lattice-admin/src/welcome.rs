//! Users who come by themselves: an issuer vouches for them.

use async_trait::async_trait;
use lattice_auth::kept::{Stamp, Status, User, UserKind, lookup};
use lattice_auth::{Arriving, Bounds, Denied, Newcomer, Principal, Role, Welcome};
use lattice_store::records::Kind;
use lattice_store::{Owner, StoreError};

use crate::Administration;
use crate::actor::Actor;
use crate::refusal::{Reason, Refusal};
use crate::users;

/// Who does what nobody asked for.
pub(crate) fn system() -> Principal {
    let owner = Owner { tenant: "default".into(), issuer: "".into(), subject: "system".into() };
    Principal { owner, role: Role::Operator, user: None, key: None, bounds: Bounds::default() }
}

#[async_trait]
impl Welcome for Administration {
    async fn welcome(&self, newcomer: Newcomer, arriving: Arriving) -> Result<(), Denied> {
        let system = system();
        let actor = Actor {
            principal: &system,
            address: arriving.address,
            request_id: "",
            now: arriving.now,
            new_id: (self.ids)(),
            named: None,
        };
        let Newcomer { issuer, claims } = newcomer;
        let tenant = claims.tenant.clone().unwrap_or_else(|| "default".to_owned());
        let made = self
            .carry_out(&actor, None, || {
                Box::pin(async {
                    for tenant in [None, claims.tenant.as_deref()] {
                        let known = lookup(&issuer, &claims.subject, tenant);
                        if self.records.looked_up(Kind::Removed, &known).await?.is_some() {
                            return Err(removed());
                        }
                        if self.records.looked_up(Kind::User, &known).await?.is_some() {
                            return Err(known_already());
                        }
                    }
                    self.expect_tenant(&tenant).await?;
                    let name = claims.name.clone().or_else(|| claims.email.clone());
                    let user = User {
                        stamp: Stamp::new(format!("user_{}", actor.new_id), actor.now),
                        kind: UserKind::Person,
                        tenant: tenant.clone(),
                        issuer: issuer.clone(),
                        subject: claims.subject.clone(),
                        email: claims.email.clone(),
                        groups: claims.groups.clone(),
                        name: name.unwrap_or_else(|| claims.subject.clone()),
                        role: claims.role.unwrap_or(Role::Member),
                        status: Status::Active,
                        is_of_tenant: false,
                    };
                    users::plan("user.create", None, &user)
                })
            })
            .await;
        match made {
            Ok(_) => Ok(()),
            // Another request of theirs was faster.
            Err(refusal) if refusal == known_already() || refusal.code == "already_exists" => Ok(()),
            Err(refusal) if refusal == removed() => Err(Denied::Suspended),
            Err(refusal) if refusal.code == "tenant_not_found" => Err(Denied::UnknownTenant),
            Err(refusal) => {
                let why = refusal.detail.unwrap_or(refusal.message);
                Err(Denied::Unknown(match refusal.reason {
                    Reason::Unavailable => StoreError::Unavailable(why),
                    _ => StoreError::Refused(why),
                }))
            }
        }
    }
}

fn removed() -> Refusal {
    Refusal::new(Reason::Conflict, "removed", "the user was removed")
}

fn known_already() -> Refusal {
    Refusal::new(Reason::Conflict, "already_known", "the user is known by now")
}
