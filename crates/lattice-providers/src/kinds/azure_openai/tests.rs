//! Addresses and credentials on Azure.

use http::Request;
use lattice_wire::write::Segments;

use crate::apis::responses::tests::turn;
use crate::error::SettingsError;
use crate::provider::{Credential, Exchange, Model, Provider, TokenSource};
use crate::settings::{Api, Settings};

fn settings() -> Settings {
    Settings {
        name: "main".into(),
        kind: "azureopenai".into(),
        endpoint: Some("https://r.openai.azure.com/".into()),
        api_key: Some("key".to_owned().into()),
        ..Settings::default()
    }
}

fn call(provider: &dyn Provider) -> Request<Segments> {
    let model = Model { id: "my deployment".into(), ..Model::default() };
    match provider.encode(&turn(), &model).unwrap() {
        Exchange::Call(request) => *request,
        Exchange::Known(deltas) => panic!("{deltas:?}"),
    }
}

fn address(version: Option<&str>, api: Option<Api>) -> String {
    let settings = Settings { api_version: version.map(str::to_owned), api, ..settings() };
    call(crate::build(settings).unwrap().as_ref()).uri().to_string()
}

#[test]
fn the_version_and_the_api_decide_on_the_address() {
    let base = "https://r.openai.azure.com/openai";
    for version in [None, Some("v1"), Some("preview")] {
        assert_eq!(address(version, None), format!("{base}/v1/responses"));
        assert_eq!(address(version, Some(Api::ChatCompletions)), format!("{base}/v1/chat/completions"));
    }
    let dated = Some("2025-04-01-preview");
    assert_eq!(
        address(dated, Some(Api::Responses)),
        format!("{base}/responses?api-version=2025-04-01-preview")
    );
    assert_eq!(
        address(dated, Some(Api::ChatCompletions)),
        format!("{base}/deployments/my%20deployment/chat/completions?api-version=2025-04-01-preview")
    );
}

#[test]
fn the_endpoint_may_be_given_with_its_path() {
    for path in ["", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/"] {
        let endpoint = Some(format!("https://r.openai.azure.com{path}"));
        let provider = crate::build(Settings { endpoint, ..settings() }).unwrap();
        assert_eq!(call(provider.as_ref()).uri(), "https://r.openai.azure.com/openai/v1/responses", "{path}");
    }
}

#[test]
fn the_body_names_the_deployment_and_the_key_is_hidden() {
    let provider = crate::build(settings()).unwrap();
    let call = call(provider.as_ref());
    assert_eq!(call.headers()["api-key"], "key");
    assert!(call.headers()["api-key"].is_sensitive() && !call.headers().contains_key("authorization"));
    let body: serde_json::Value = serde_json::from_slice(&call.body().to_bytes()).unwrap();
    assert_eq!(body["model"], "my deployment");
    assert!(matches!(provider.credential(), Credential::InHeaders));
}

#[test]
fn entra_tokens_come_from_the_registration_or_the_machine() {
    let registered = Settings {
        api_key: None,
        tenant_id: Some("tenant".into()),
        client_id: Some("client".into()),
        client_secret: Some("secret".to_owned().into()),
        ..settings()
    };
    let provider = crate::build(registered.clone()).unwrap();
    assert!(call(provider.as_ref()).headers().get("api-key").is_none());
    let Credential::Bearer(TokenSource::EntraClientSecret { authority, tenant_id, scope, .. }) =
        provider.credential()
    else {
        panic!("{:?}", provider.credential());
    };
    assert_eq!((authority.as_str(), tenant_id.as_str()), ("https://login.microsoftonline.com", "tenant"));
    assert_eq!(scope, "https://cognitiveservices.azure.com/.default");
    let machine = Settings { api_key: None, managed_identity: true, ..settings() };
    let credential = crate::build(machine).unwrap().credential();
    assert!(matches!(
        credential,
        Credential::Bearer(TokenSource::EntraManagedIdentity { client_id: None, .. })
    ));
}

#[test]
fn settings_that_do_not_fit_are_refused_by_name() {
    let refused = |settings: Settings| -> SettingsError { crate::build(settings).unwrap_err() };
    assert_eq!(refused(Settings { endpoint: None, ..settings() }).setting, "endpoint");
    assert_eq!(refused(Settings { api_key: None, ..settings() }).setting, "api_key");
    assert_eq!(refused(Settings { managed_identity: true, ..settings() }).setting, "api_key");
    assert_eq!(refused(Settings { api_version: Some("a&b=c".into()), ..settings() }).setting, "api_version");
    assert_eq!(refused(Settings { project: Some("p".into()), ..settings() }).setting, "project");
    let half = Settings { api_key: None, client_secret: Some("s".to_owned().into()), ..settings() };
    assert_eq!(refused(half).setting, "tenant_id");
}
