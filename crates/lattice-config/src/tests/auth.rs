//! `auth`: who may call.

use lattice_auth::Role;

use super::{SMALL, errors, errors_with, load, load_with};

/// A key that may not be seen.
const KEY: &str = "0123456789-very-secret";

#[test]
fn a9_nobody_needs_a_key_on_this_machine_until_there_are_some() {
    let auth = load(SMALL).unwrap().auth;
    assert!(!auth.enabled && !auth.allow_anonymous && auth.keys.is_empty());
    let auth = load(&format!("{SMALL}auth: {{keys: [{{name: ci, key: {KEY}}}]}}\n")).unwrap().auth;
    assert!(auth.enabled && !auth.allow_anonymous);
    let key = &auth.keys[0];
    assert_eq!(
        (key.name.as_str(), key.tenant.as_str(), key.role, &key.models),
        ("ci", "default", Role::Member, &None)
    );
    let auth = load_with(SMALL, &[("LATTICELM_ADMIN_KEY", KEY)]).unwrap().auth;
    assert!(auth.enabled && auth.keys[0].role == Role::Operator);
    assert!(!format!("{auth:?}").contains("secret"));
    let off = format!("{SMALL}auth: {{enabled: false, keys: [{{name: ci, key: {KEY}}}]}}\n");
    assert!(!load(&off).unwrap().auth.enabled);
    for address in ["127.0.0.1:1", "'[::1]:1'", "localhost:1"] {
        load(&format!("{SMALL}server: {{address: {address}}}\n")).unwrap();
    }
    for address in [":1", "0.0.0.0:1", "192.0.2.1:1"] {
        let text = errors(&format!("{SMALL}server: {{address: '{address}'}}\n"));
        assert!(text.contains("`server.address` can be reached from other machines"), "{address}: {text}");
        load_with(&format!("{SMALL}server: {{address: '{address}'}}\n"), &[("LATTICELM_ADMIN_KEY", KEY)])
            .unwrap();
    }
}

#[test]
fn a10_what_is_wrong_about_a_key_is_named_and_the_key_is_not_shown() {
    for (keys, said) in [
        ("{key: 0123456789-very-secret}", "`auth.keys[0].name` is needed"),
        ("{name: 'a b', key: 0123456789-very-secret}", "`auth.keys[0].name` must be 1 to 64 letters"),
        ("{name: admin, key: 0123456789-very-secret}", "`auth.keys[0].name` is another key's name"),
        ("{name: a, key: '0123456789 very-secret'}", "`auth.keys[0].key` must hold no white space"),
        ("{name: a}", "`auth.keys[0].key` is needed"),
        ("{name: a, key: very-secret}", "`auth.keys[0].key` must have at least 16 characters"),
        (
            "{name: a, key: 0123456789-very-secret, role: root}",
            "`auth.keys[0].role` must be one of `viewer`, `member`",
        ),
        ("{name: a, key: 0123456789-very-secret, tenant_id: ''}", "`auth.keys[0].tenant_id` must be"),
        (
            "{name: a, key: 0123456789-very-secret}, {name: a, key: 0123456789-very-secrets}",
            "`auth.keys[1].name` is another key's name",
        ),
        (
            "{name: a, key: 0123456789-very-secret}, {name: b, key: 0123456789-very-secret}",
            "`auth.keys[1].key` is another key's too",
        ),
    ] {
        let text = errors(&format!("{SMALL}auth: {{keys: [{keys}]}}\n"));
        assert!(text.contains(said) && !text.contains("very-secret"), "{keys}: {text}");
    }
    let same = errors_with(
        &format!("{SMALL}auth: {{keys: [{{name: a, key: {KEY}}}]}}\n"),
        &[("LATTICELM_ADMIN_KEY", KEY)],
    );
    assert!(same.contains("`auth.keys[0].key` is another key's too"), "{same}");
    let text = errors(&format!("{SMALL}server: {{trusted_proxies: [10.0.0.0/8, all]}}\n"));
    assert!(text.contains("`server.trusted_proxies[1]` must be an address or a range"), "{text}");
    let twice = "tenants: [{id: a}, {id: a, status: closed}, {name: b}]\n";
    let text = errors(&format!("{SMALL}{twice}"));
    for said in ["`tenants[1].id` is another", "`tenants[1].status` must be", "`tenants[2].id` is needed"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = errors_with(SMALL, &[("LATTICELM_ADMIN_KEY", "very-secret")]);
    assert!(
        text.contains("LATTICELM_ADMIN_KEY must hold at least 16 characters")
            && !text.contains("very-secret"),
        "{text}"
    );
}

#[test]
fn a5_an_issuer_needs_an_audience_and_an_address_that_can_be_trusted() {
    let short = "auth: {issuer: 'https://accounts.google.com', audience: me}\n";
    let auth = load(&format!("{SMALL}{short}")).unwrap().auth;
    assert!(auth.enabled && auth.keys.is_empty(), "nobody comes in without");
    assert_eq!(auth.issuers[0].audiences, ["me"]);
    let whole = "auth: {issuers: [{issuer: 'http://localhost:9', audiences: [a, b], claims: {tenant: org}, group_roles: [{group: g, role: admin}], max_role: admin, clock_skew: 5s}]}\n";
    let issuer = &load(&format!("{SMALL}{whole}")).unwrap().auth.issuers[0];
    assert_eq!(
        (issuer.claims.tenant.as_str(), issuer.claims.role.as_str(), issuer.clock_skew),
        ("org", "role", 5)
    );
    assert_eq!(
        (issuer.group_roles.clone(), issuer.max_role),
        (vec![("g".to_owned(), Role::Admin)], Role::Admin)
    );
    let both = "auth: {issuer: 'https://a.test', audience: a, issuers: [{issuer: 'https://b.test', audiences: [b]}]}\n";
    assert_eq!(load(&format!("{SMALL}{both}")).unwrap().auth.issuers.len(), 2);
    for (auth, said) in [
        ("{issuer: 'https://a.test'}", "`auth.audience` is needed"),
        ("{audience: me}", "`auth.issuer` is needed"),
        ("{issuer: 'http://a.test', audience: me}", "`auth.issuer` must begin with https://"),
        ("{issuers: [{issuer: 'https://a.test'}]}", "`auth.issuers[0].audiences` is needed"),
        ("{issuers: [{audiences: [me]}]}", "`auth.issuers[0].issuer` is needed"),
        (
            "{issuers: [{issuer: 'http://localhost.evil.test', audiences: [me]}]}",
            "`auth.issuers[0].issuer` must begin",
        ),
        (
            "{issuers: [{issuer: 'https://a.test', audiences: [me], discovery_url: 'http://b.test'}]}",
            "discovery_url` must begin",
        ),
        (
            "{issuers: [{issuer: 'https://a.test', audiences: [me], max_role: king}]}",
            "max_role` must be one of",
        ),
        (
            "{issuers: [{issuer: 'https://a.test', audiences: [me], clock_skew: 1h}]}",
            "clock_skew` must be at most",
        ),
        (
            "{issuers: [{issuer: 'https://a.test', audiences: [a]}, {issuer: 'https://a.test', audiences: [b]}]}",
            "is there twice",
        ),
    ] {
        let text = errors(&format!("{SMALL}auth: {auth}\n"));
        assert!(text.contains(said), "{auth}: {text}");
    }
}
