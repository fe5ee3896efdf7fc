//! Where Azure takes requests: <https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>.

use crate::openai::Codec;

/// The address of a call. `model` is the deployment.
pub(super) fn address(base: &str, dated: Option<&str>, codec: &Codec, model: &str) -> String {
    let path = codec.path();
    match (dated, codec) {
        (None, _) => format!("{base}/openai/v1{path}"),
        (Some(version), Codec::Responses(_)) => format!("{base}/openai{path}?api-version={version}"),
        (Some(version), Codec::Chat(_)) => {
            let deployment: String = url::form_urlencoded::byte_serialize(model.as_bytes()).collect();
            format!("{base}/openai/deployments/{deployment}{path}?api-version={version}")
        }
    }
}
