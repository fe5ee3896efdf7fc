//! Stored responses through the real binary, on every kind of provider: what was sent is there, and can be gone on from.
#![expect(clippy::unwrap_used, reason = "tests")]

use lattice_testkit::client::{self, Received};
use lattice_testkit::gateway::eventually;
use lattice_testkit::stage::{KINDS, Stage, checked_stream};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_latticelm");

fn get(stage: &Stage, path: &str) -> Received {
    client::get(stage.address(), path).unwrap()
}

fn delete(stage: &Stage, path: &str) -> Received {
    client::send(stage.address(), "DELETE", path, &[], b"").unwrap()
}

/// What the provider was sent last, as JSON without spaces.
fn last_request(stage: &Stage) -> String {
    stage.upstream.requests().last().unwrap().to_string()
}

/// Two functions, with everything that a response repeats of them.
fn tools() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = |name: &str| json!({"type": "function", "name": name, "description": "d", "strict": false, "parameters": parameters});
    json!([tool("get_weather"), tool("get_time")])
}

/// Asks and takes the response, which has to be stored.
fn ask(stage: &Stage, body: &Value) -> Value {
    let answer = stage.ask(body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

#[test]
fn d2_what_was_sent_is_what_is_there() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in KINDS {
        for script in ["script-text", "script-parallel-tools", "script-length", "script-refusal"] {
            let mut body = json!({"model": format!("{}.{script}", kind.name), "input": "Hallo é 🎉 \"x\"", "metadata": {"k": "v"}});
            if script == "script-parallel-tools" {
                body["tools"] = tools();
            }
            let whole = ask(&stage, &body);
            assert_eq!(whole["store"], true, "it is the default");
            let id = whole["id"].as_str().unwrap();
            let stored = get(&stage, &format!("/v1/responses/{id}"));
            assert_eq!((stored.status, stored.json()), (200, whole.clone()), "{} {script}", kind.name);

            body["stream"] = json!(true);
            let stream = stage.ask(&body);
            let last = checked_stream(&stream.text()).unwrap();
            let stored = get(&stage, &format!("/v1/responses/{}", last["id"].as_str().unwrap()));
            assert_eq!(stored.json(), last, "{} {script}", kind.name);
        }
    }
}

#[test]
fn what_is_not_to_be_stored_is_not_there() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let response = ask(&stage, &json!({"model": "openai.script-text", "input": "x", "store": false}));
    assert_eq!(response["store"], false);
    let id = response["id"].as_str().unwrap();
    for path in [
        format!("/v1/responses/{id}"),
        format!("/v1/responses/{id}/input_items"),
        "/v1/responses/resp_%00".to_owned(),
    ] {
        let missing = get(&stage, &path);
        assert_eq!(
            (missing.status, &missing.json()["error"]["type"]),
            (404, &json!("not_found")),
            "{}",
            missing.text()
        );
    }
    let refused =
        stage.ask(&json!({"model": "openai.script-text", "input": "x", "previous_response_id": id}));
    assert_eq!(refused.status, 404);
    assert_eq!(refused.json()["error"]["code"], "previous_response_not_found");
    assert_eq!(refused.json()["error"]["param"], "previous_response_id");
}

#[test]
fn a_chain_gives_the_provider_everything_that_was_said() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in KINDS {
        let model = format!("{}.script-text", kind.name);
        let mut previous: Option<String> = None;
        for turn in 1..=4 {
            let mut body = json!({"model": model, "input": format!("question {turn} of {}", kind.name), "instructions": format!("rule {turn}")});
            body["previous_response_id"] = json!(previous);
            let response = ask(&stage, &body);
            assert_eq!(response["previous_response_id"], json!(previous));
            let sent = last_request(&stage);
            for earlier in 1..=turn {
                assert!(
                    sent.contains(&format!("question {earlier} of {}", kind.name)),
                    "{} {turn}: {sent}",
                    kind.name
                );
            }
            // C8: the operator's rules of an earlier turn do not come along.
            assert!(
                sent.contains(&format!("rule {turn}")) && !sent.contains(&format!("rule {}", turn - 1)),
                "{sent}"
            );
            for earlier in 1..turn {
                let answer = format!("you said: question {earlier} of {}\"", kind.name);
                assert_eq!(
                    sent.matches(&answer).count(),
                    1,
                    "{} {turn}: each answer once: {sent}",
                    kind.name
                );
            }
            previous = Some(response["id"].as_str().unwrap().to_owned());
        }
    }
}

#[test]
fn c8_a_follow_up_goes_where_its_own_model_leads_and_is_held_to_its_own_settings() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let tools = tools();
    for first in KINDS {
        let asked = ask(
            &stage,
            &json!({"model": format!("{}.script-parallel-tools", first.name), "input": "weather?", "tools": tools, "tool_choice": "required"}),
        );
        let calls: Vec<&Value> = asked["output"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["type"] == "function_call")
            .collect();
        assert_eq!(calls.len(), 2, "{asked}");
        let results: Vec<Value> = calls
            .iter()
            .enumerate()
            .map(|(at, call)| json!({"type": "function_call_output", "call_id": call["call_id"], "output": format!("result {at}")}))
            .collect();
        for second in KINDS {
            let body = json!({"model": format!("{}.script-text", second.name), "previous_response_id": asked["id"], "input": results, "tools": tools});
            let answer = ask(&stage, &body);
            assert_eq!(answer["provider"], second.name, "{} to {}", first.name, second.name);
            assert_eq!(answer["tool_choice"], "auto", "a forced choice is not inherited");
            let sent = last_request(&stage);
            for at in 0..results.len() {
                assert!(sent.contains(&format!("result {at}")), "{} to {}: {sent}", first.name, second.name);
            }
            assert!(sent.contains("weather?"), "{sent}");
        }
    }
}

#[test]
fn c7_reasoning_goes_back_to_where_it_came_from_without_being_asked_for() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    for kind in KINDS.iter().filter(|kind| kind.replays) {
        let body = json!({"model": format!("{}.script-reasoning-tool", kind.name), "input": "think", "reasoning": {"effort": "low", "summary": "auto"},
                          "tools": tools()});
        let first = ask(&stage, &body);
        let text = first.to_string();
        assert!(!text.contains("encrypted_content"), "nobody asked to see it: {text}");
        let id = first["id"].as_str().unwrap();
        let shown = get(&stage, &format!("/v1/responses/{id}?include[]=reasoning.encrypted_content"));
        let call =
            first["output"].as_array().unwrap().iter().find(|item| item["type"] == "function_call").unwrap();
        let follow = |model: &str| {
            ask(
                &stage,
                &json!({"model": format!("{model}.script-text"), "previous_response_id": id, "reasoning": {"effort": "low"},
                                "input": [{"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}],
                                "tools": body["tools"]}),
            );
            last_request(&stage)
        };
        // Gemini signs the call, which carries its signature itself.
        let reasoning = &shown.json()["output"][0]["encrypted_content"];
        let sealed = reasoning
            .as_str()
            .or(call["latticelm:signature"].as_str())
            .unwrap_or_else(|| panic!("{}: {}", kind.name, shown.text()));
        let payload = sealed.splitn(3, '.').nth(2).unwrap().to_owned();
        let sent = follow(kind.name);
        let signatures = [payload.as_str(), "scripted-signature", "c2NyaXB0ZWQtc2lnbmF0dXJl"];
        let is_signed = |sent: &str| signatures.iter().any(|signature| sent.contains(signature));
        assert!(is_signed(&sent), "{}: its own reasoning comes back: {sent}", kind.name);
        for other in KINDS.iter().filter(|other| other.name != kind.name) {
            let sent = follow(other.name);
            assert!(!is_signed(&sent), "{} to {}: {sent}", kind.name, other.name);
        }
    }
}

#[test]
fn input_items_are_listed_with_their_ids_and_can_be_referred_to() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let input = json!([
        {"role": "user", "content": "one"},
        {"type": "message", "id": "msg_mine", "role": "assistant", "content": [{"type": "output_text", "text": "two"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "three"}, {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]},
    ]);
    let response = ask(&stage, &json!({"model": "anthropic.script-text", "input": input}));
    let id = response["id"].as_str().unwrap();
    let list = get(&stage, &format!("/v1/responses/{id}/input_items?order=asc&limit=2")).json();
    assert_eq!((&list["object"], &list["has_more"]), (&json!("list"), &json!(true)), "{list}");
    let data = list["data"].as_array().unwrap();
    assert_eq!(data[0]["content"][0]["text"], "one");
    assert_eq!(data[1]["id"], "msg_mine");
    let rest = get(&stage, &format!("/v1/responses/{id}/input_items?order=asc&after=msg_mine")).json();
    assert_eq!(rest["data"][0]["content"][1]["image_url"], "data:image/png;base64,iVBORw0KGgo=");
    assert_eq!(rest["has_more"], false);
    let newest = get(&stage, &format!("/v1/responses/{id}/input_items?limit=1")).json();
    assert_eq!(newest["data"][0]["content"][0]["text"], "three", "newest first is the default");

    // D4: in the place where they are named, each once, whoever gave the id.
    let (first, answer) = (data[0]["id"].as_str().unwrap(), response["output"][0]["id"].as_str().unwrap());
    let input = json!([
        {"type": "item_reference", "id": answer}, {"role": "user", "content": "between"}, {"id": first},
        {"type": "item_reference", "id": "msg_mine"}, {"type": "item_reference", "id": answer}, {"role": "user", "content": "end"},
    ]);
    for kind in ["anthropic", "google", "openai", "compatible"] {
        ask(&stage, &json!({"model": format!("{kind}.script-text"), "input": input}));
        let sent = last_request(&stage);
        let said = response["output"][0]["content"][0]["text"].as_str().unwrap();
        let places: Vec<usize> = [said, "between", "one", "two", "end"]
            .map(|text| sent.find(&format!("\"{text}\"")).unwrap_or_else(|| panic!("{text}: {sent}")))
            .to_vec();
        assert!(places.is_sorted(), "{kind}: {sent}");
        assert_eq!(sent.matches(said).count(), 1, "{sent}");
    }
    // In a chain that holds it already, a reference adds nothing.
    ask(
        &stage,
        &json!({"model": "openai.script-text", "previous_response_id": id, "input": [{"type": "item_reference", "id": first}, {"role": "user", "content": "go"}]}),
    );
    assert_eq!(last_request(&stage).matches("\"one\"").count(), 1);
    for wrong in ["msg_gone", &answer.replace('0', "1"), "x y"] {
        let refused = stage
            .ask(&json!({"model": "openai.script-text", "input": [{"type": "item_reference", "id": wrong}]}));
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (404, &json!("input[0].id")),
            "{}",
            refused.text()
        );
    }
}

#[test]
fn a_deleted_response_is_gone_and_what_goes_on_from_it_says_so() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let mut ids = Vec::new();
    for turn in 0..3 {
        let response = ask(
            &stage,
            &json!({"model": "openai.script-text", "input": format!("turn {turn}"), "previous_response_id": ids.last()}),
        );
        ids.push(response["id"].as_str().unwrap().to_owned());
    }
    let path = format!("/v1/responses/{}", ids[1]);
    let deleted = delete(&stage, &path);
    assert_eq!(
        (deleted.status, deleted.json()),
        (200, json!({"id": ids[1], "object": "response", "deleted": true}))
    );
    assert_eq!([delete(&stage, &path).status, get(&stage, &path).status], [404, 404]);
    assert_eq!(
        get(&stage, &format!("/v1/responses/{}", ids[2])).status,
        200,
        "those that go on from it stay"
    );
    let asked = stage.upstream.counts().requests;
    let refused =
        stage.ask(&json!({"model": "openai.script-text", "input": "x", "previous_response_id": ids[2]}));
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (404, &json!("previous_response_not_found"))
    );
    assert!(refused.text().contains(&ids[1]) && refused.text().contains("deleted"), "{}", refused.text());
    assert_eq!(stage.upstream.counts().requests, asked);
    // What it went on from can be gone on from another way.
    ask(&stage, &json!({"model": "openai.script-text", "input": "x", "previous_response_id": ids[0]}));
}

#[test]
fn many_branches_go_on_from_one_response_at_once() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let root = ask(&stage, &json!({"model": "openai.script-text", "input": "root"}));
    let ids: Vec<String> = std::thread::scope(|scope| {
        let branches: Vec<_> = (0..16)
            .map(|branch| {
                let (stage, root) = (&stage, &root);
                scope.spawn(move || {
                    let mut previous = root["id"].clone();
                    for turn in 0..3 {
                        let input = format!("branch {branch} turn {turn}");
                        previous = ask(stage, &json!({"model": "openai.script-text", "input": input, "previous_response_id": previous}))["id"].clone();
                    }
                    previous.as_str().unwrap().to_owned()
                })
            })
            .collect();
        branches.into_iter().map(|branch| branch.join().unwrap()).collect()
    });
    for (branch, id) in ids.iter().enumerate() {
        ask(&stage, &json!({"model": "openai.script-text", "input": "end", "previous_response_id": id}));
        let sent = last_request(&stage);
        let said: Vec<usize> =
            (0..3).filter_map(|turn| sent.find(&format!("branch {branch} turn {turn}\""))).collect();
        assert!(said.len() == 3 && said.is_sorted(), "{sent}");
        assert_eq!(sent.matches("\"branch ").count(), 3, "nothing of the other branches: {sent}");
    }
}

#[test]
fn what_cannot_be_gone_on_from_is_refused_before_a_provider_is_asked() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let failed = stage.ask(&json!({"model": "openai.fault-error-event", "input": "x", "stream": true}));
    let failed = checked_stream(&failed.text()).unwrap();
    assert_eq!(failed["status"], "failed");
    let stored = get(&stage, &format!("/v1/responses/{}", failed["id"].as_str().unwrap()));
    assert_eq!(stored.json(), failed, "a failure that was seen is stored too");
    let asked = stage.upstream.counts().requests;
    let refused = stage
        .ask(&json!({"model": "openai.script-text", "input": "x", "previous_response_id": failed["id"]}));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("previous_response_failed")));
    let orphan = json!([{"type": "function_call_output", "call_id": "call_1", "output": "x"}]);
    let root = ask(&stage, &json!({"model": "openai.script-text", "input": "x"}));
    let refused = stage
        .ask(&json!({"model": "openai.script-text", "input": orphan, "previous_response_id": root["id"]}));
    assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!("input[0].call_id")));
    assert_eq!(stage.upstream.counts().requests, asked + 1);
}

#[test]
fn without_conversations_nothing_is_stored_and_what_asks_for_it_is_refused_by_name() {
    let stage = Stage::start(PROGRAM, "conversations: {enabled: false}\n").unwrap();
    let response = ask(&stage, &json!({"model": "openai.script-text", "input": "x"}));
    assert_eq!(response["store"], false);
    for (body, param) in [
        (json!({"store": true}), "store"),
        (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"input": [{"type": "item_reference", "id": "msg_1"}]}), "input"),
    ] {
        let mut whole = json!({"model": "openai.script-text", "input": "x"});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let refused = stage.ask(&whole);
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (400, &json!(param)),
            "{}",
            refused.text()
        );
    }
    assert_eq!(get(&stage, "/v1/responses/resp_1").status, 404);
    let files: Vec<_> =
        std::fs::read_dir(stage.gateway.folder()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!files.iter().any(|name| name == ".local"), "{files:?}");
}

#[test]
fn what_is_stored_outlives_the_process() {
    let folder = lattice_testkit::gateway::new_folder().unwrap();
    let more = format!("database: {{data_dir: '{}'}}\n", folder.display());
    let stage = Stage::start(PROGRAM, &more).unwrap();
    let first = ask(&stage, &json!({"model": "openai.script-text", "input": "remember the number 7"}));
    drop(stage);
    let stage = Stage::start(PROGRAM, &more).unwrap();
    let stored = get(&stage, &format!("/v1/responses/{}", first["id"].as_str().unwrap()));
    assert_eq!(stored.json(), first);
    ask(
        &stage,
        &json!({"model": "anthropic.script-text", "input": "which?", "previous_response_id": first["id"]}),
    );
    assert!(last_request(&stage).contains("remember the number 7"));
    drop(stage);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn input_is_counted_by_the_provider_or_estimated_and_called_so() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let root = ask(&stage, &json!({"model": "openai.script-text", "input": "root"}));
    for kind in KINDS {
        let count = |more: Value| {
            let mut body = json!({"model": format!("{}.script-text", kind.name), "input": "How many?", "instructions": "Count.",
                                  "tools": tools(), "max_output_tokens": 100, "temperature": 0.5, "stream": true});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let counted = client::post(stage.address(), "/v1/responses/input_tokens", &body).unwrap();
            assert_eq!(counted.status, 200, "{}: {}", kind.name, counted.text());
            assert_eq!(counted.json()["object"], "response.input_tokens");
            counted.json()
        };
        let estimates = ["openai-chat", "azure-chat", "compatible"].contains(&kind.name);
        let (alone, whole) = (count(json!({})), count(json!({"previous_response_id": root["id"]})));
        assert_eq!(alone["latticelm:estimated"], json!(estimates), "{}", kind.name);
        let (alone, whole) =
            (alone["input_tokens"].as_u64().unwrap(), whole["input_tokens"].as_u64().unwrap());
        assert!(whole > alone, "{}: what is stored counts too: {alone} {whole}", kind.name);
        assert!(estimates || (alone, whole) == (41, 43), "{}: {alone} {whole}", kind.name);
    }
    for (body, param) in [
        (json!({"model": "openai.script-text"}), "input"),
        (json!({"model": "nothing", "input": "x"}), "model"),
    ] {
        let refused = client::post(stage.address(), "/v1/responses/input_tokens", &body).unwrap();
        assert_eq!(refused.json()["error"]["param"], param, "{}", refused.text());
    }
}

#[test]
fn a_conversation_moves_to_any_provider_with_its_images_and_files() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let (image, file) = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
        "JVBERi0xLjQKJSVFT0YK",
    );
    let input = json!([{"role": "user", "content": [
        {"type": "input_text", "text": "Look at these."},
        {"type": "input_image", "image_url": format!("data:image/png;base64,{image}")},
        {"type": "input_file", "filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{file}")},
    ]}]);
    for first in ["openai", "anthropic", "google"] {
        let seen = ask(&stage, &json!({"model": format!("{first}.script-text"), "input": input}));
        for second in KINDS {
            let body = json!({"model": format!("{}.script-text", second.name), "input": "And now?", "previous_response_id": seen["id"]});
            ask(&stage, &body);
            let sent = last_request(&stage);
            for part in [image, file, "Look at these.", "And now?", "you said: Look at these."] {
                assert!(sent.contains(part), "{first} to {}: {part}: {sent}", second.name);
            }
        }
    }
}

/// Begins a stream and reads up to its first text; the response's id comes with it.
fn begin(stage: &Stage, body: &Value) -> (client::Open<std::net::TcpStream>, String) {
    let headers = [("content-type", "application/json")];
    let mut open =
        client::open(stage.address(), "POST", "/v1/responses", &headers, body.to_string().as_bytes())
            .unwrap();
    assert!(open.read_until("output_text.delta").unwrap(), "{}", open.answer().text());
    let text = open.answer().text();
    let id = text.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (open, id)
}

#[test]
fn c11_a_client_that_goes_leaves_nothing_stored_and_no_call_behind() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let body = json!({"model": "openai.forever-paced", "input": "x", "stream": true, "store": true});
    let (open, id) = begin(&stage, &body);
    drop(open);
    eventually(|| (stage.upstream.counts().open == 0).then_some(())).expect("the provider's call is ended");
    eventually(|| {
        stage
            .gateway
            .logs()
            .lines()
            .any(|line| line.contains(&id) && line.contains("cancelled"))
            .then_some(())
    })
    .expect("it is recorded");
    let path = format!("/v1/responses/{id}");
    assert_eq!(get(&stage, &path).status, 404, "not there, and so not stuck either");
}

#[test]
fn a_response_that_is_deleted_under_a_turn_ends_the_chain_behind_it() {
    let stage = Stage::start(PROGRAM, "").unwrap();
    let root = ask(&stage, &json!({"model": "openai.script-text", "input": "root"}));
    let body =
        json!({"model": "openai.held", "input": "x", "stream": true, "previous_response_id": root["id"]});
    let (mut open, id) = begin(&stage, &body);
    let path = format!("/v1/responses/{}", root["id"].as_str().unwrap());
    assert_eq!(delete(&stage, &path).status, 200);
    stage.upstream.release();
    let last = checked_stream(&open.read_rest().unwrap().text()).unwrap();
    assert_eq!(last["status"], "completed", "it ends as it would have");
    assert_eq!(get(&stage, &format!("/v1/responses/{id}")).json(), last);
    let refused =
        stage.ask(&json!({"model": "openai.script-text", "input": "x", "previous_response_id": id}));
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (404, &json!("previous_response_not_found"))
    );
}

#[test]
fn d6_other_rules_are_taken_over_whole_or_not_at_all() {
    let stage = Stage::start(PROGRAM, "conversations: {store_by_default: true}\n").unwrap();
    let stored = || ask(&stage, &json!({"model": "openai.script-text", "input": "x"}))["store"] == true;
    assert!(stored());
    let file = stage.gateway.config();
    let yaml = std::fs::read_to_string(&file).unwrap();
    let with = |section: &str| {
        std::fs::write(&file, yaml.replace("conversations: {store_by_default: true}", section)).unwrap();
        stage.gateway.signal("HUP").unwrap();
    };
    with("conversations: {store_by_default: false, ttl: soon}");
    eventually(|| stage.gateway.logs().contains("`conversations.ttl` must be").then_some(())).unwrap();
    assert!(stored(), "nothing of a wrong file counts");
    with("conversations: {store_by_default: false, ttl: 5m}");
    eventually(|| (!stored()).then_some(())).unwrap();
}
