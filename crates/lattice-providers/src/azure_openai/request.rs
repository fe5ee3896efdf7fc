//! Where Azure takes requests: <https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::openai::Codec;

/// What cannot stand in a path's segment, and a little more.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of a call. `model` is the deployment.
pub(super) fn address(base: &str, dated: Option<&str>, codec: &Codec, model: &str) -> String {
    let path = codec.path();
    match (dated, codec) {
        (None, _) => format!("{base}/openai/v1{path}"),
        (Some(version), Codec::Responses(_)) => format!("{base}/openai{path}?api-version={version}"),
        (Some(version), Codec::Chat(_)) => {
            let deployment = utf8_percent_encode(model, SEGMENT);
            format!("{base}/openai/deployments/{deployment}{path}?api-version={version}")
        }
    }
}
