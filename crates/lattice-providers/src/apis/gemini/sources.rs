//! What comes beside a text: its sources and the log probabilities of its tokens.

use lattice_model::{Annotation, Extra, Json, UrlCitation};
use lattice_wire::Document;
use lattice_wire::Str;
use lattice_wire::gemini::{Candidate, LogprobsResult, TokenLogprob};
use serde_json::{Value, json};

/// The sources that a candidate names. Gemini counts bytes of the text so far, the standard counts characters.
pub(super) fn annotations(candidate: &Candidate<'_>, said: &str, data: &Document) -> Vec<Annotation> {
    let mut found = Vec::new();
    if candidate.citation_metadata.is_none() && candidate.grounding_metadata.is_none() {
        return found;
    }
    let mut add = |start: Option<usize>, end: Option<usize>, url: Option<Str<'_>>, title: Option<Str<'_>>| {
        let Some(url) = url else { return };
        found.push(Annotation::UrlCitation(UrlCitation {
            start_index: characters(said, start.unwrap_or_default()),
            end_index: characters(said, end.unwrap_or_default()),
            url: url.to_text(data),
            title: title.map(|title| title.to_text(data)).unwrap_or_default(),
            extra: Extra::new(),
        }));
    };
    let cited = candidate.citation_metadata.as_ref().and_then(|cited| cited.citations.as_deref());
    for citation in cited.unwrap_or_default() {
        add(citation.start_index, citation.end_index, citation.uri, citation.title);
    }
    if let Some(grounding) = &candidate.grounding_metadata {
        let chunks = grounding.grounding_chunks.as_deref().unwrap_or_default();
        for support in grounding.grounding_supports.iter().flatten() {
            let start = support.segment.as_ref().and_then(|segment| segment.start_index);
            let end = support.segment.as_ref().and_then(|segment| segment.end_index);
            for index in support.grounding_chunk_indices.iter().flatten() {
                if let Some(web) = chunks.get(*index).and_then(|chunk| chunk.web.as_ref()) {
                    add(start, end, web.uri, web.title);
                }
            }
        }
    }
    found
}

fn characters(said: &str, bytes: usize) -> u64 {
    let count = said.char_indices().take_while(|(at, _)| *at < bytes).count();
    u64::try_from(count).unwrap_or_default()
}

/// Log probabilities in the standard's form.
pub(super) fn logprobs(result: &LogprobsResult<'_>) -> Option<Json> {
    let chosen = result.chosen_candidates.as_deref().filter(|chosen| !chosen.is_empty())?;
    let others = result.top_candidates.as_deref().unwrap_or_default();
    let tokens = chosen.iter().enumerate().map(|(at, one)| {
        let top = others.get(at).and_then(|top| top.candidates.as_deref()).unwrap_or_default();
        let mut one = token(one);
        if let Some(fields) = one.as_object_mut() {
            fields.insert("top_logprobs".to_owned(), top.iter().map(token).collect());
        }
        one
    });
    Some(Json::from_value(&tokens.collect()))
}

fn token(token: &TokenLogprob<'_>) -> Value {
    let text = token.token.map(Str::plain).unwrap_or_default();
    json!({ "token": text, "logprob": token.log_probability.unwrap_or_default(), "bytes": text.as_bytes() })
}
