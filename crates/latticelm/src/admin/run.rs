//! What each command of the administration asks for.

use std::fmt::Write;

use anyhow::Context;
use clap::ValueEnum;
use http::Method;
use lattice_config::Environment;
use serde_json::{Map, Value, json};

use super::cli::{
    AuditArgs, CreateKey, CreateUser, KeysCommand, Listed, One, RoleWord, TenantsCommand, UsersCommand, Where,
};
use super::table::{self, Column};
use super::way::{Intent, Way};
use crate::output::print;

/// Objects on a page.
const PAGE: usize = 200;

/// `latticelm keys`.
pub(crate) fn keys(command: KeysCommand, environment: &Environment) -> anyhow::Result<()> {
    match command {
        KeysCommand::Create(key) => {
            change(&key.place, environment, &Method::POST, "/keys", Some(&new_key(&key)), table::KEYS)
        }
        KeysCommand::List { tenant, user, listed, place } => {
            let filters = filters(&listed, &[("tenant_id", tenant), ("user_id", user)]);
            list(&place, environment, "/keys", &filters, listed.limit, table::KEYS)
        }
        KeysCommand::Rotate { id, overlap, place } => {
            let path = format!("/keys/{}/rotate", segment(&id));
            change(
                &place,
                environment,
                &Method::POST,
                &path,
                Some(&body([("overlap", overlap.map(Value::from))])),
                table::KEYS,
            )
        }
        KeysCommand::Revoke { id, place } => change(
            &place,
            environment,
            &Method::DELETE,
            &format!("/keys/{}", segment(&id)),
            None,
            table::KEYS,
        ),
    }
}

/// `latticelm users`.
pub(crate) fn users(command: UsersCommand, environment: &Environment) -> anyhow::Result<()> {
    match command {
        UsersCommand::Create(user) => {
            change(&user.place, environment, &Method::POST, "/users", Some(&new_user(&user)), table::USERS)
        }
        UsersCommand::List { tenant, listed, place } => {
            let filters = filters(&listed, &[("tenant_id", tenant)]);
            list(&place, environment, "/users", &filters, listed.limit, table::USERS)
        }
        UsersCommand::Update { id, name, role, place } => {
            let body = body([("name", name.map(Value::from)), ("role", role.map(word))]);
            change(
                &place,
                environment,
                &Method::PATCH,
                &format!("/users/{}", segment(&id)),
                Some(&body),
                table::USERS,
            )
        }
        UsersCommand::Suspend(one) => status(&one, "/users", "suspended", environment, table::USERS),
        UsersCommand::Activate(one) => status(&one, "/users", "active", environment, table::USERS),
        UsersCommand::Delete(one) => delete(&one, "/users", environment),
    }
}

/// `latticelm tenants`.
pub(crate) fn tenants(command: TenantsCommand, environment: &Environment) -> anyhow::Result<()> {
    match command {
        TenantsCommand::Create { id, name, place } => {
            let body = body([("id", Some(id.into())), ("name", name.map(Value::from))]);
            change(&place, environment, &Method::POST, "/tenants", Some(&body), table::TENANTS)
        }
        TenantsCommand::List { listed, place } => {
            list(&place, environment, "/tenants", &filters(&listed, &[]), listed.limit, table::TENANTS)
        }
        TenantsCommand::Suspend(one) => status(&one, "/tenants", "suspended", environment, table::TENANTS),
        TenantsCommand::Activate(one) => status(&one, "/tenants", "active", environment, table::TENANTS),
        TenantsCommand::Delete(one) => delete(&one, "/tenants", environment),
    }
}

/// `latticelm audit`.
pub(crate) fn audit(args: &AuditArgs, environment: &Environment) -> anyhow::Result<()> {
    let all = [("tenant_id", &args.tenant), ("actor", &args.actor), ("action", &args.action)];
    let filters = query(all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
    list(&args.place, environment, "/audit", &filters, Some(args.limit), table::AUDIT)
}

fn new_key(key: &CreateKey) -> Value {
    body([
        ("name", Some(key.name.as_str().into())),
        ("tenant_id", key.tenant.as_deref().map(Value::from)),
        ("user_id", key.user.as_deref().map(Value::from)),
        ("role", key.role.map(word)),
        ("models", key.models.clone().map(Value::from)),
        ("providers", key.providers.clone().map(Value::from)),
        ("ip_ranges", key.ip_ranges.clone().map(Value::from)),
        ("expires_at", key.expires.as_deref().map(Value::from)),
    ])
}

fn new_user(user: &CreateUser) -> Value {
    let kind = if user.subject.is_some() { "person" } else { "service" };
    body([
        ("kind", Some(kind.into())),
        ("tenant_id", user.tenant.as_deref().map(Value::from)),
        ("issuer", user.issuer.as_deref().map(Value::from)),
        ("subject", user.subject.as_deref().map(Value::from)),
        ("email", user.email.as_deref().map(Value::from)),
        ("name", user.name.as_deref().map(Value::from)),
        ("role", user.role.map(word)),
    ])
}

fn status(
    one: &One,
    path: &str,
    status: &str,
    environment: &Environment,
    columns: &[Column],
) -> anyhow::Result<()> {
    let path = format!("{path}/{}", segment(&one.id));
    change(&one.place, environment, &Method::PATCH, &path, Some(&json!({"status": status})), columns)
}

fn delete(one: &One, path: &str, environment: &Environment) -> anyhow::Result<()> {
    let path = format!("{path}/{}", segment(&one.id));
    change(&one.place, environment, &Method::DELETE, &path, None, &[("REMOVED", "/id")])
}

/// Asks for a change and prints what is there then.
fn change(
    place: &Where,
    environment: &Environment,
    method: &Method,
    path: &str,
    body: Option<&Value>,
    columns: &[Column],
) -> anyhow::Result<()> {
    // Only what makes something may make a database for it.
    let intent = if *method == Method::POST { Intent::Make } else { Intent::Read };
    let path = format!("/api/v1{path}");
    let object = run(place, environment, intent, async |way| way.ask(method, &path, body).await)?;
    if place.json {
        return print(&format!("{object:#}\n"));
    }
    let mut text = table::table(columns, std::slice::from_ref(&object));
    if let Some(key) = object.get("key").and_then(Value::as_str) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\nThe key, shown only this once:\n  {key}\n");
    }
    print(&text)
}

/// Reads a list page by page and prints it.
fn list(
    place: &Where,
    environment: &Environment,
    path: &str,
    filters: &str,
    limit: Option<u64>,
    columns: &[Column],
) -> anyhow::Result<()> {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (objects, has_more) = run(place, environment, Intent::Read, async |way| {
        let mut objects: Vec<Value> = Vec::new();
        let mut after = String::new();
        loop {
            let wanted = limit.saturating_sub(objects.len()).min(PAGE);
            let path = format!("/api/v1{path}?limit={wanted}{filters}{after}");
            let mut page = way.ask(&Method::GET, &path, None).await?;
            let data = page.get_mut("data").and_then(Value::as_array_mut).map(std::mem::take);
            objects.extend(data.unwrap_or_default());
            let has_more = page.get("has_more") == Some(&Value::Bool(true));
            let last = page.get("last_id").and_then(Value::as_str);
            match last.filter(|_| has_more && objects.len() < limit) {
                None => return Ok((objects, has_more)),
                Some(last) => after = query([("after", last)].into_iter()),
            }
        }
    })?;
    if place.json {
        return print(&format!("{:#}\n", json!({"object": "list", "data": objects, "has_more": has_more})));
    }
    let mut text = table::table(columns, &objects);
    if has_more {
        text.push_str("There are more: --limit shows others.\n");
    }
    print(&text)
}

fn run<T>(
    place: &Where,
    environment: &Environment,
    intent: Intent,
    act: impl AsyncFnOnce(&Way) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the runtime cannot be started")?.block_on(async {
        let way = Way::open(place, environment, intent).await?;
        let done = act(&way).await;
        way.close().await;
        done
    })
}

/// A body of what is said.
fn body<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let said = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    said.collect::<Map<_, _>>().into()
}

fn filters(listed: &Listed, more: &[(&str, Option<String>)]) -> String {
    let own = [("q", listed.q.as_deref()), ("status", listed.status.as_deref())];
    let more = more.iter().map(|(name, value)| (*name, value.as_deref()));
    query(own.into_iter().chain(more).filter_map(|(name, value)| Some((name, value?))))
}

fn query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("&{name}={}", segment(value))).collect();
    pairs.concat()
}

/// A text as a part of an address.
fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn word(word: RoleWord) -> Value {
    word.to_possible_value().map(|word| word.get_name().to_owned()).into()
}
