//! Conversations through the real binary: made, added to by clients and by turns, and gone on with on any provider.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use lattice_testkit::client::{self, Received};
use lattice_testkit::stage::{KINDS, Stage, checked_stream};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

fn send(stage: &Stage, method: &str, path: &str, body: &Value) -> Received {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let headers: &[(&str, &str)] = if body.is_null() { &[] } else { &[("content-type", "application/json")] };
    client::send(stage.address(), method, path, headers, text.as_bytes()).unwrap()
}

/// The JSON of an answer that has to be right.
fn done(stage: &Stage, method: &str, path: &str, body: &Value) -> Value {
    let answer = send(stage, method, path, body);
    assert_eq!(answer.status, 200, "{method} {path} {body}: {}", answer.text());
    answer.json()
}

fn made(stage: &Stage, body: &Value) -> String {
    let made = done(stage, "POST", "/v1/conversations", body);
    assert_eq!(made["object"], "conversation");
    made["id"].as_str().unwrap().to_owned()
}

/// What stands in the conversation, oldest first, as the texts of its messages.
fn texts(stage: &Stage, id: &str) -> Vec<String> {
    let list = done(stage, "GET", &format!("/v1/conversations/{id}/items?order=asc&limit=100"), &Value::Null);
    let items = list["data"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["content"][0]["text"].as_str().unwrap_or(item["type"].as_str().unwrap()).to_owned())
        .collect()
}

#[test]
fn a_conversation_is_managed_as_the_sdks_expect() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let body = json!({"metadata": {"topic": "x"}, "items": [{"type": "message", "role": "user", "content": "Hello!"}]});
    let conversation = done(&stage, "POST", "/v1/conversations", &body);
    assert!(conversation["id"].as_str().unwrap().starts_with("conv_") && conversation["created_at"].is_i64());
    assert_eq!(conversation["metadata"], json!({"topic": "x"}));
    let path = format!("/v1/conversations/{}", conversation["id"].as_str().unwrap());
    assert_eq!(done(&stage, "GET", &path, &Value::Null), conversation);
    let changed = done(&stage, "POST", &path, &json!({"metadata": {"topic": "y"}}));
    assert_eq!(changed["metadata"], json!({"topic": "y"}));
    let cleared = done(&stage, "POST", &path, &json!({"metadata": null}));
    assert_eq!(cleared["metadata"], json!({}));

    let items = format!("{path}/items");
    let more = json!({"items": [
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "See this."}, {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]},
    ]});
    let added = done(&stage, "POST", &items, &more);
    assert_eq!((&added["object"], &added["has_more"]), (&json!("list"), &json!(false)));
    assert_eq!(added["data"].as_array().unwrap().len(), 2);
    let list = done(&stage, "GET", &format!("{items}?order=asc"), &Value::Null);
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!((list["first_id"].as_str(), list["last_id"].as_str()), (Some(ids[0]), Some(ids[2])));
    let again = json!({"items": [{"role": "user", "content": "x", "id": ids[0]}]});
    let refused = send(&stage, "POST", &items, &again);
    assert_eq!(
        (refused.status, refused.json()["error"]["param"].as_str()),
        (400, Some("items[0].id")),
        "an id is one item's"
    );
    let newest = done(&stage, "GET", &format!("{items}?limit=1"), &Value::Null);
    assert_eq!((&newest["data"][0], &newest["has_more"]), (&list["data"][2], &json!(true)));
    let next = done(&stage, "GET", &format!("{items}?limit=5&after={}", ids[2]), &Value::Null);
    assert_eq!(next["data"][0]["id"], ids[1]);
    let one = format!("{items}/{}", ids[1]);
    assert_eq!(done(&stage, "GET", &one, &Value::Null), list["data"][1]);
    let left = done(&stage, "DELETE", &one, &Value::Null);
    assert_eq!((&left["object"], &left["id"]), (&json!("conversation"), &conversation["id"]));
    assert_eq!(texts(&stage, conversation["id"].as_str().unwrap()), ["Hello!", "See this."]);
    assert_eq!(send(&stage, "GET", &one, &Value::Null).status, 404);

    let gone = done(&stage, "DELETE", &path, &Value::Null);
    assert_eq!(gone, json!({"id": conversation["id"], "object": "conversation.deleted", "deleted": true}));
    let nothing = [
        ("GET", path.clone(), Value::Null),
        ("POST", path.clone(), json!({"metadata": {}})),
        ("DELETE", path, Value::Null),
        ("GET", items.clone(), Value::Null),
        ("POST", items, more),
        ("GET", one.clone(), Value::Null),
        ("DELETE", one, Value::Null),
    ];
    for (method, path, body) in nothing {
        let missing = send(&stage, method, &path, &body);
        assert_eq!(
            (missing.status, &missing.json()["error"]["type"]),
            (404, &json!("not_found")),
            "{method} {path}: {}",
            missing.text()
        );
    }
}

#[test]
fn what_is_wrong_in_a_conversations_body_is_named() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id = made(&stage, &Value::Null);
    let (whole, items) = (format!("/v1/conversations/{id}"), format!("/v1/conversations/{id}/items"));
    let table = [
        ("/v1/conversations", json!({"items": [{"role": "nobody", "content": "x"}]}), "items[0].role"),
        ("/v1/conversations", json!({"items": "x"}), "items"),
        ("/v1/conversations", json!({"items": [{"type": "item_reference", "id": "msg_1"}]}), "items[0]"),
        ("/v1/conversations", json!({"items": [{"type": "bogus", "x": 1}]}), "items[0].type"),
        ("/v1/conversations", json!({"items": [{"role": "user", "content": "x", "id": ""}]}), "items[0].id"),
        (
            "/v1/conversations",
            json!({"items": [{"role": "user", "content": "x", "id": "a/b"}]}),
            "items[0].id",
        ),
        (
            "/v1/conversations",
            json!({"items": [{"role": "user", "content": "x", "id": "a\u{0}"}]}),
            "items[0].id",
        ),
        (
            "/v1/conversations",
            json!({"items": [{"role": "user", "content": "x", "id": "x".repeat(129)}]}),
            "items[0].id",
        ),
        (
            "/v1/conversations",
            json!({"items": [{"role": "user", "content": "x", "id": "a"}, {"role": "user", "content": "y", "id": "a"}]}),
            "items[1].id",
        ),
        ("/v1/conversations", json!({"items": vec![json!({"role": "user", "content": "x"}); 101]}), "items"),
        ("/v1/conversations", json!({"metadata": {"a": 1}}), "metadata.a"),
        ("/v1/conversations", json!({"title": "x"}), "title"),
        (
            "/v1/conversations",
            json!({"expires_after": {"seconds": 999_999_999_i64}}),
            "expires_after.seconds",
        ),
        (&whole, json!({}), "metadata"),
        (&whole, json!({"items": []}), "items"),
        (&items, json!({}), "items"),
        (&items, json!({"items": []}), "items"),
        (&items, json!({"items": [{"role": "user", "content": "x"}], "metadata": {}}), "metadata"),
    ];
    for (path, body, param) in table {
        let refused = send(&stage, "POST", path, &body);
        assert_eq!(
            (refused.status, refused.json()["error"]["param"].as_str()),
            (400, Some(param)),
            "{path} {body}: {}",
            refused.text()
        );
    }
    assert_eq!(stage.upstream.counts().requests, 0, "nothing of this may reach a provider");
}

#[test]
fn what_is_wrong_about_a_conversation_is_named_elsewhere_too() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id = made(&stage, &Value::Null);
    let items = format!("/v1/conversations/{id}/items");
    for query in ["limit=0", "order=up", "after=msg_gone", "include=everything", "what=x"] {
        assert_eq!(send(&stage, "GET", &format!("{items}?{query}"), &Value::Null).status, 400, "{query}");
    }
    for (body, param) in [
        (json!({"conversation": id, "previous_response_id": "resp_1"}), "conversation"),
        (json!({"conversation": id, "store": false}), "store"),
        (json!({"conversation": 7}), "conversation"),
        (json!({"conversation": {"name": id}}), "conversation"),
    ] {
        let mut whole = json!({"model": "openai.script-text", "input": "x"});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let refused = stage.ask(&whole);
        assert_eq!(
            (refused.status, refused.json()["error"]["param"].as_str()),
            (400, Some(param)),
            "{}",
            refused.text()
        );
    }
    let missing = stage.ask(&json!({"model": "openai.script-text", "input": "x", "conversation": "conv_1"}));
    assert_eq!((missing.status, missing.json()["error"]["param"].as_str()), (404, Some("conversation")));
    assert_eq!(stage.upstream.counts().requests, 0, "nothing of this may reach a provider");
}

#[test]
fn turns_on_every_provider_go_on_with_it_and_are_added_to_it() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id = made(
        &stage,
        &json!({"items": [{"role": "user", "content": "My name is Ann."}, {"role": "assistant", "content": "Hello Ann."}]}),
    );
    let mut said = vec!["My name is Ann.".to_owned(), "Hello Ann.".to_owned()];
    for (number, kind) in KINDS.iter().enumerate() {
        let question = format!("question {number}");
        let conversation = if number % 2 == 0 { json!(id) } else { json!({"id": id}) };
        let body = json!({"model": format!("{}.script-text", kind.name), "input": question, "conversation": conversation, "stream": number % 3 == 0});
        let answer = stage.ask(&body);
        let response = if number % 3 == 0 { checked_stream(&answer.text()).unwrap() } else { answer.json() };
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(response["conversation"], json!({"id": id}));
        let sent = stage.upstream.requests().last().unwrap().to_string();
        for earlier in &said {
            assert!(sent.contains(&format!("\"{earlier}\"")), "{}: {earlier}: {sent}", kind.name);
        }
        let stored =
            done(&stage, "GET", &format!("/v1/responses/{}", response["id"].as_str().unwrap()), &Value::Null);
        assert_eq!(stored, response);
        said.extend([question, response["output"][0]["content"][0]["text"].as_str().unwrap().to_owned()]);
        assert_eq!(texts(&stage, &id), said);
    }
    // What a turn added can be referred to and deleted like the rest.
    let newest = done(&stage, "GET", &format!("/v1/conversations/{id}/items?limit=1"), &Value::Null);
    let last = newest["data"][0]["id"].as_str().unwrap();
    let reference = json!({"model": "anthropic.script-text", "input": [{"type": "item_reference", "id": last}, {"role": "user", "content": "go"}]});
    assert_eq!(stage.ask(&reference).status, 200);
    done(&stage, "DELETE", &format!("/v1/conversations/{id}/items/{last}"), &Value::Null);
    said.pop();
    assert_eq!(texts(&stage, &id), said);
    let response =
        stage.ask(&json!({"model": "openai.script-text", "conversation": id, "input": "x"})).json();
    let refused = stage
        .ask(&json!({"model": "openai.script-text", "input": "x", "previous_response_id": response["id"]}));
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (400, &json!("previous_response_in_conversation"))
    );
}

#[test]
fn c7_reasoning_stays_in_a_conversation_and_is_shown_only_on_demand() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let tools = json!([{"type": "function", "name": "get_weather", "description": "d", "strict": false, "parameters": {"type": "object"}}]);
    for kind in ["openai", "anthropic"] {
        let id = made(&stage, &Value::Null);
        let body = json!({"model": format!("{kind}.script-reasoning-tool"), "input": "think", "reasoning": {"effort": "low"}, "tools": tools, "conversation": id});
        let response = stage.ask(&body).json();
        let call = response["output"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["type"] == "function_call")
            .unwrap();
        let items = format!("/v1/conversations/{id}/items");
        assert!(!send(&stage, "GET", &items, &Value::Null).text().contains("encrypted_content"));
        assert!(
            send(&stage, "GET", &format!("{items}?include[]=reasoning.encrypted_content"), &Value::Null)
                .text()
                .contains("encrypted_content")
        );
        let result = json!([{"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}]);
        let follow = json!({"model": format!("{kind}.script-text"), "input": result, "reasoning": {"effort": "low"}, "tools": tools, "conversation": id});
        assert_eq!(stage.ask(&follow).status, 200);
        let sent = stage.upstream.requests().last().unwrap().to_string();
        assert!(
            sent.contains("c2NyaXB0ZWQtc2lnbmF0dXJl") || sent.contains("\"encrypted_content\":"),
            "{kind}: {sent}"
        );
    }
}

#[test]
fn two_turns_at_once_are_both_added_whole() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id = made(&stage, &Value::Null);
    std::thread::scope(|scope| {
        for turn in 0..12 {
            let (stage, id) = (&stage, &id);
            scope.spawn(move || {
                let answer = stage.ask(&json!({"model": "anthropic.script-text", "input": format!("turn {turn}"), "conversation": id}));
                assert_eq!(answer.status, 200, "{}", answer.text());
            });
        }
    });
    let said = texts(&stage, &id);
    assert_eq!(said.len(), 24);
    for pair in said.chunks(2) {
        assert!(pair[1].ends_with(&format!("you said: {}", pair[0])), "{said:?}");
    }
}

#[test]
fn a_failed_turn_adds_nothing_and_a_conversation_that_goes_away_fails_the_turn() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id = made(&stage, &json!({"items": [{"role": "user", "content": "one"}]}));
    let failed = stage
        .ask(&json!({"model": "openai.fault-error-event", "input": "x", "conversation": id, "stream": true}));
    assert_eq!(checked_stream(&failed.text()).unwrap()["status"], "failed");
    assert_eq!(texts(&stage, &id), ["one"]);

    let body = json!({"model": "openai.held", "input": "x", "conversation": id, "stream": true});
    let headers = [("content-type", "application/json")];
    let mut open =
        client::open(stage.address(), "POST", "/v1/responses", &headers, body.to_string().as_bytes())
            .unwrap();
    assert!(open.read_until("output_text.delta").unwrap());
    done(&stage, "DELETE", &format!("/v1/conversations/{id}"), &Value::Null);
    stage.upstream.release();
    let whole = open.read_rest().unwrap();
    let last = checked_stream(&whole.text()).unwrap();
    assert_eq!(
        (&last["status"], &last["error"]["code"]),
        (&json!("failed"), &json!("conversation_not_found")),
        "{last}"
    );
    assert!(
        last["output"][0]["content"][0]["text"].as_str().is_some_and(|text| !text.is_empty()),
        "the content is the client's"
    );
    assert_eq!(
        send(&stage, "GET", &format!("/v1/responses/{}", last["id"].as_str().unwrap()), &Value::Null).status,
        404
    );
}

#[test]
fn an_id_is_one_items_whoever_gave_it() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id = made(&stage, &Value::Null);
    // The scripted provider of this dialect gives the same ids in every answer, and the client its own again and again.
    for turn in 0..3 {
        let input = json!([
            {"role": "user", "content": format!("a{turn}"), "id": "same"}, {"role": "user", "content": format!("b{turn}"), "id": "same"},
            {"role": "user", "content": format!("c{turn}"), "id": "no id\u{0}"}, {"role": "user", "content": format!("d{turn}"), "id": ""},
        ]);
        let answer = stage.ask(&json!({"model": "openai.script-text", "input": input, "conversation": id}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let path = format!("/v1/responses/{}/input_items", answer.json()["id"].as_str().unwrap());
        assert_eq!(walked(&stage, &path).len(), 4);
    }
    let texts: Vec<String> =
        walked(&stage, &format!("/v1/conversations/{id}/items")).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 15, "{texts:?}");
    assert_eq!(
        [&texts[0], &texts[1], &texts[5], &texts[14]].map(|text| text.chars().take(2).collect::<String>()),
        ["a0", "b0", "a1", "Gr"]
    );
}

/// All items of a list, walked one by one as the SDKs do, with their ids, which have to differ.
fn walked(stage: &Stage, path: &str) -> Vec<(String, String)> {
    let (mut all, mut after) = (Vec::<(String, String)>::new(), String::new());
    loop {
        let page = done(stage, "GET", &format!("{path}?order=asc&limit=1{after}"), &Value::Null);
        for item in page["data"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            assert!(!all.iter().any(|(known, _)| *known == id), "{id} comes twice: {all:?}");
            all.push((id, item["content"][0]["text"].as_str().unwrap_or_default().to_owned()));
        }
        if page["has_more"] == false {
            return all;
        }
        after = format!("&after={}", page["last_id"].as_str().unwrap());
    }
}

#[test]
fn what_a_provider_cannot_take_of_a_conversation_is_named_by_the_field_that_brought_it() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let id =
        made(&stage, &json!({"items": [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]}));
    let refused = stage.ask(&json!({"model": "anthropic.script-text", "input": "x", "conversation": id}));
    assert_eq!(
        (refused.status, refused.json()["error"]["param"].as_str()),
        (400, Some("conversation")),
        "{}",
        refused.text()
    );
}
