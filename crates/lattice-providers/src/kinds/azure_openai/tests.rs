//! Addresses and credentials on Azure.

use http::Request;
use lattice_wire::write::Segments;

use crate::apis::testing::turn;
use crate::error::SettingsError;
use crate::provider::{Credential, Exchange, Model, Provider, TokenSource};
use crate::settings::Settings;

const ENDPOINT: (&str, &str) = ("endpoint", "https://r.openai.azure.com/");
const KEY: (&str, &str) = ("api_key", "key");

fn build(values: &[(&str, &str)]) -> Result<Box<dyn Provider>, SettingsError> {
    crate::build(&Settings::with("main", "azureopenai", values)?)
}

fn call(provider: &dyn Provider) -> Request<Segments> {
    let model = Model { id: "my deployment".into(), ..Model::default() };
    match provider.encode(&turn(), &model).unwrap() {
        Exchange::Call(request) => *request,
        Exchange::Known(deltas) => panic!("{deltas:?}"),
    }
}

fn address(version: Option<&str>, api: Option<&str>) -> String {
    let version = version.map(|version| ("api_version", version));
    let values: Vec<_> =
        [ENDPOINT, KEY].into_iter().chain(version).chain(api.map(|api| ("api", api))).collect();
    call(build(&values).unwrap().as_ref()).uri().to_string()
}

#[test]
fn the_version_and_the_api_decide_on_the_address() {
    let base = "https://r.openai.azure.com/openai";
    for version in [None, Some("v1"), Some("preview")] {
        assert_eq!(address(version, None), format!("{base}/v1/responses"));
        assert_eq!(address(version, Some("chat_completions")), format!("{base}/v1/chat/completions"));
    }
    let dated = Some("2025-04-01-preview");
    assert_eq!(address(dated, Some("responses")), format!("{base}/responses?api-version=2025-04-01-preview"));
    assert_eq!(
        address(dated, Some("chat_completions")),
        format!("{base}/deployments/my%20deployment/chat/completions?api-version=2025-04-01-preview")
    );
}

#[test]
fn the_endpoint_may_be_given_with_its_path() {
    for path in ["", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/"] {
        let endpoint = format!("https://r.openai.azure.com{path}");
        let provider = build(&[("endpoint", &endpoint), KEY]).unwrap();
        assert_eq!(call(provider.as_ref()).uri(), "https://r.openai.azure.com/openai/v1/responses", "{path}");
    }
}

#[test]
fn the_body_names_the_deployment_and_the_key_is_hidden() {
    let provider = build(&[ENDPOINT, KEY]).unwrap();
    let call = call(provider.as_ref());
    assert_eq!(call.headers()["api-key"], "key");
    assert!(call.headers()["api-key"].is_sensitive() && !call.headers().contains_key("authorization"));
    let body: serde_json::Value = serde_json::from_slice(&call.body().to_bytes()).unwrap();
    assert_eq!(body["model"], "my deployment");
    assert!(matches!(provider.credential(), Credential::InHeaders));
}

#[test]
fn entra_tokens_come_from_the_registration_or_the_machine() {
    let registered = [("tenant_id", "tenant"), ("client_id", "client"), ("client_secret", "secret")];
    let provider = build(&[&[ENDPOINT][..], &registered].concat()).unwrap();
    assert!(call(provider.as_ref()).headers().get("api-key").is_none());
    let Credential::Bearer(TokenSource::EntraClientSecret { authority, tenant_id, scope, .. }) =
        provider.credential()
    else {
        panic!("{:?}", provider.credential());
    };
    assert_eq!((authority.as_str(), tenant_id.as_str()), ("https://login.microsoftonline.com", "tenant"));
    assert_eq!(scope, "https://cognitiveservices.azure.com/.default");
    let credential = build(&[ENDPOINT, ("managed_identity", "true")]).unwrap().credential();
    assert!(matches!(
        credential,
        Credential::Bearer(TokenSource::EntraManagedIdentity { client_id: None, .. })
    ));
}

#[test]
fn settings_that_do_not_fit_are_refused_by_name() {
    let refused = |values: &[(&str, &str)]| build(values).unwrap_err().setting;
    assert_eq!(refused(&[KEY]), "endpoint");
    assert_eq!(refused(&[ENDPOINT]), "api_key");
    assert_eq!(refused(&[ENDPOINT, KEY, ("managed_identity", "true")]), "api_key");
    assert_eq!(refused(&[ENDPOINT, KEY, ("api_version", "a&b=c")]), "api_version");
    assert_eq!(refused(&[ENDPOINT, KEY, ("project", "p")]), "project");
    assert_eq!(refused(&[ENDPOINT, ("client_secret", "s")]), "tenant_id");
}
