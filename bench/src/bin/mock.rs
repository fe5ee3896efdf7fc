//! A mock upstream that is much cheaper than any gateway: hand-framed HTTP/1.1 on one
//! tokio thread, every answer rendered at the start.
//!
//!   mock --listen 127.0.0.1:9100 [--deltas 100] [--delay-ms 0] [--ttft-ms 0] [--answer-bytes 1024]
//!
//! POST /_control?deltas=N&delay_ms=D&ttft_ms=T changes the last three while it runs.
//! Each delta's text carries the time it was sent (see `latticelm_bench::STAMP_MARK`).

use latticelm_bench::{Dechunker, Flags, Framing, STAMP_DIGITS, STAMP_MARK, framing, now_ns};
use std::fmt::Write as _;
use std::io::Result;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

static DELTAS: AtomicU64 = AtomicU64::new(100);
static DELAY_MS: AtomicU64 = AtomicU64::new(0);
static TTFT_MS: AtomicU64 = AtomicU64::new(0);

const MODEL: &str = "mock-model";
const STAMP0: &str = "@T0000000000000000";

/// What one API answers, as bytes on the wire.
struct Api {
    json: Vec<u8>,        // head and body
    head: Vec<u8>,        // the head of a streamed answer, with its opening events
    delta: Vec<u8>,       // one chunk with one delta
    stamp: usize,         // where in `delta` the digits go
    tail: Vec<u8>,        // closing events and the last chunk
    tail_usage: Vec<u8>,  // the same when the client asked for usage (chat completions)
}

const SSE_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(out: &mut String, event: &str) {
    write!(out, "{:x}\r\n{event}\r\n", event.len()).unwrap();
}

fn api(json: String, open: &[String], delta: &str, close: &[String], usage: Option<&[String]>) -> Api {
    let mut head = SSE_HEAD.to_owned();
    open.iter().for_each(|e| chunk(&mut head, e));
    let mut one = String::new();
    chunk(&mut one, delta);
    let end = |events: &[String]| {
        let mut tail = String::new();
        events.iter().for_each(|e| chunk(&mut tail, e));
        tail.push_str("0\r\n\r\n");
        tail.into_bytes()
    };
    let stamp = memchr::memmem::find(one.as_bytes(), STAMP0.as_bytes()).unwrap() + STAMP_MARK.len();
    Api {
        json: format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}", json.len()).into_bytes(),
        head: head.into_bytes(),
        delta: one.into_bytes(),
        stamp,
        tail: end(close),
        tail_usage: end(usage.unwrap_or(close)),
    }
}

struct Apis {
    chat: Api,
    responses: Api,
    messages: Api,
    gemini: Api,
}

fn render(answer_bytes: usize) -> Apis {
    let sentence = "The quick brown fox \\\"jumps\\\" over the lazy dog; pi is about 3.14159.\\n";
    let text = sentence.repeat(answer_bytes.div_ceil(sentence.len()));
    let piece = format!("of {STAMP0}");
    let data = |s: String| format!("data: {s}\n\n");
    let event = |name: &str, s: String| format!("event: {name}\ndata: {s}\n\n");

    let chat_usage = r#"{"prompt_tokens":512,"completion_tokens":256,"total_tokens":768,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#;
    let chat_chunk = |choices: &str, usage: &str| {
        data(format!(r#"{{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk","created":1741569952,"model":"{MODEL}","service_tier":"default","system_fingerprint":"fp_06737a9306","choices":{choices},"usage":{usage}}}"#))
    };
    let chat_delta = |delta: &str, finish: &str| chat_chunk(&format!(r#"[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]"#), "null");
    let finish = chat_delta("{}", r#""stop""#);
    let done = "data: [DONE]\n\n".to_owned();
    let chat = api(
        format!(r#"{{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1741569952,"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{chat_usage},"service_tier":"default","system_fingerprint":"fp_06737a9306"}}"#),
        &[chat_delta(r#"{"role":"assistant","content":"","refusal":null}"#, "null")],
        &chat_delta(&format!(r#"{{"content":"{piece}"}}"#), "null"),
        &[finish.clone(), done.clone()],
        Some(&[finish, chat_chunk("[]", chat_usage), done]),
    );

    let resp_usage = r#"{"input_tokens":512,"input_tokens_details":{"cached_tokens":0},"output_tokens":256,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":768}"#;
    let resp = |status: &str, output: &str, usage: &str| {
        format!(r#"{{"id":"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b","object":"response","created_at":1741476542,"status":"{status}","error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"{MODEL}","output":{output},"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{{"effort":null,"summary":null}},"store":true,"temperature":1.0,"text":{{"format":{{"type":"text"}}}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":{usage},"user":null,"metadata":{{}}}}"#)
    };
    let part = |t: &str| format!(r#"{{"type":"output_text","text":"{t}","annotations":[]}}"#);
    let item = |status: &str, content: &str| format!(r#"{{"type":"message","id":"msg_67ccd2bf17f0819081ff3bb2cf6508e6","status":"{status}","role":"assistant","content":[{content}]}}"#);
    let at = r#""item_id":"msg_67ccd2bf17f0819081ff3bb2cf6508e6","output_index":0,"content_index":0"#;
    let responses = api(
        resp("completed", &format!("[{}]", item("completed", &part(&text))), resp_usage),
        &[
            event("response.created", format!(r#"{{"type":"response.created","sequence_number":0,"response":{}}}"#, resp("in_progress", "[]", "null"))),
            event("response.in_progress", format!(r#"{{"type":"response.in_progress","sequence_number":1,"response":{}}}"#, resp("in_progress", "[]", "null"))),
            event("response.output_item.added", format!(r#"{{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{}}}"#, item("in_progress", ""))),
            event("response.content_part.added", format!(r#"{{"type":"response.content_part.added","sequence_number":3,{at},"part":{}}}"#, part(""))),
        ],
        &event("response.output_text.delta", format!(r#"{{"type":"response.output_text.delta","sequence_number":4,{at},"delta":"{piece}","logprobs":[]}}"#)),
        &[
            event("response.output_text.done", format!(r#"{{"type":"response.output_text.done","sequence_number":5,{at},"text":"{text}","logprobs":[]}}"#)),
            event("response.content_part.done", format!(r#"{{"type":"response.content_part.done","sequence_number":6,{at},"part":{}}}"#, part(&text))),
            event("response.output_item.done", format!(r#"{{"type":"response.output_item.done","sequence_number":7,"output_index":0,"item":{}}}"#, item("completed", &part(&text)))),
            event("response.completed", format!(r#"{{"type":"response.completed","sequence_number":8,"response":{}}}"#, resp("completed", &format!("[{}]", item("completed", &part(&text))), resp_usage))),
        ],
        None,
    );

    let msg_usage = r#"{"input_tokens":512,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":256,"service_tier":"standard"}"#;
    let messages = api(
        format!(r#"{{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"{MODEL}","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{msg_usage}}}"#),
        &[
            event("message_start", format!(r#"{{"type":"message_start","message":{{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"{MODEL}","content":[],"stop_reason":null,"stop_sequence":null,"usage":{msg_usage}}}}}"#)),
            event("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.into()),
            event("ping", r#"{"type": "ping"}"#.into()),
        ],
        &event("content_block_delta", format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{piece}"}}}}"#)),
        &[
            event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#.into()),
            event("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":256}}"#.into()),
            event("message_stop", r#"{"type":"message_stop"}"#.into()),
        ],
        None,
    );

    let gem = |text: &str, finish: &str| {
        format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}}{finish},"index":0}}],"usageMetadata":{{"promptTokenCount":512,"candidatesTokenCount":256,"totalTokenCount":768,"promptTokensDetails":[{{"modality":"TEXT","tokenCount":512}}]}},"modelVersion":"{MODEL}","responseId":"mAMOaNzsKs6dz7IPrL-5yA8"}}"#)
    };
    let crlf = |s: String| format!("data: {s}\r\n\r\n");
    let gemini = api(
        gem(&text, r#","finishReason":"STOP""#),
        &[],
        &crlf(gem(&piece, "")),
        &[crlf(gem("", r#","finishReason":"STOP""#))],
        None,
    );
    Apis { chat, responses, messages, gemini }
}

const MODELS: &str = r#"{"object":"list","data":[{"id":"mock-model","object":"model","created":1741569952,"owned_by":"mock"}]}"#;

fn plain(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn control(query: &str) {
    for pair in query.split('&') {
        let Some((k, v)) = pair.split_once('=') else { continue };
        let Ok(v) = v.parse() else { continue };
        match k {
            "deltas" => DELTAS.store(v, Relaxed),
            "delay_ms" => DELAY_MS.store(v, Relaxed),
            "ttft_ms" => TTFT_MS.store(v, Relaxed),
            _ => {}
        }
    }
}

/// True where the JSON body has `"stream": true`. A string inside the prompt cannot match:
/// its quotes are escaped.
fn asks_stream(body: &[u8]) -> bool {
    memchr::memmem::find_iter(body, b"\"stream\"").any(|at| {
        let mut rest = body[at + 8..].iter().skip_while(|b| b.is_ascii_whitespace());
        rest.next() == Some(&b':') && rest.find(|b| !b.is_ascii_whitespace()) == Some(&b't')
    })
}

async fn stream(sock: &mut TcpStream, api: &Api, usage: bool, line: &mut Vec<u8>) -> Result<()> {
    let (n, delay) = (DELTAS.load(Relaxed), Duration::from_millis(DELAY_MS.load(Relaxed)));
    sock.write_all(&api.head).await?;
    line.clear();
    line.extend_from_slice(&api.delta);
    let start = tokio::time::Instant::now();
    for i in 0..n {
        if !delay.is_zero() && i > 0 {
            tokio::time::sleep_until(start + delay * i as u32).await;
        }
        let mut t = now_ns();
        for d in line[api.stamp..api.stamp + STAMP_DIGITS].iter_mut().rev() {
            *d = b'0' + (t % 10) as u8;
            t /= 10;
        }
        sock.write_all(line).await?;
    }
    sock.write_all(if usage { &api.tail_usage } else { &api.tail }).await
}

async fn serve(mut sock: TcpStream, apis: Rc<Apis>) -> Result<()> {
    sock.set_nodelay(true)?;
    let mut buf: Vec<u8> = Vec::with_capacity(4096);
    let mut body: Vec<u8> = Vec::new(); // a chunked body, put together
    let mut line: Vec<u8> = Vec::new();
    loop {
        let (head_len, method_get, path, frame, close) = loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut req = httparse::Request::new(&mut headers);
            match req.parse(&buf) {
                Ok(httparse::Status::Complete(n)) => {
                    let frame = framing(req.headers, Framing::Length(0));
                    let close = req.headers.iter().any(|h| h.name.eq_ignore_ascii_case("connection") && h.value.eq_ignore_ascii_case(b"close"));
                    break (n, req.method == Some("GET"), req.path.unwrap_or("/").to_owned(), frame, close);
                }
                Ok(httparse::Status::Partial) => {
                    if sock.read_buf(&mut buf).await? == 0 {
                        return Ok(());
                    }
                }
                Err(_) => return sock.write_all(&plain("400 Bad Request", "{}")).await,
            }
        };
        let used = match frame {
            Framing::Length(n) => {
                buf.reserve((head_len + n).saturating_sub(buf.len()));
                while buf.len() < head_len + n {
                    if sock.read_buf(&mut buf).await? == 0 {
                        return Ok(());
                    }
                }
                head_len + n
            }
            _ => {
                body.clear();
                let mut dechunk = Dechunker::default();
                let mut at = head_len;
                while !dechunk.feed(&buf[at..], |p| body.extend_from_slice(p)) {
                    at = buf.len();
                    if sock.read_buf(&mut buf).await? == 0 {
                        return Ok(());
                    }
                }
                buf.len() // no pipelining
            }
        };
        let payload: &[u8] = if frame == Framing::Chunked { &body } else { &buf[head_len..used] };

        let (route, query) = path.split_once('?').unwrap_or((&path, ""));
        let api = match route {
            _ if method_get => None,
            r if r.ends_with("/chat/completions") => Some(&apis.chat),
            r if r.ends_with("/responses") => Some(&apis.responses),
            r if r.ends_with("/messages") => Some(&apis.messages),
            r if r.ends_with("enerateContent") => Some(&apis.gemini),
            _ => None,
        };
        match api {
            Some(api) => {
                let ttft = TTFT_MS.load(Relaxed);
                if ttft > 0 {
                    tokio::time::sleep(Duration::from_millis(ttft)).await;
                }
                if route.ends_with(":streamGenerateContent") || asks_stream(payload) {
                    let usage = memchr::memmem::find(payload, b"\"include_usage\"").is_some();
                    stream(&mut sock, api, usage, &mut line).await?;
                } else {
                    sock.write_all(&api.json).await?;
                }
            }
            None if route == "/_control" => {
                control(query);
                sock.write_all(&plain("200 OK", "{}")).await?;
            }
            None if route.ends_with("/models") => sock.write_all(&plain("200 OK", MODELS)).await?,
            None if route.starts_with("/health") => sock.write_all(&plain("200 OK", r#"{"status":"ok"}"#)).await?,
            None => sock.write_all(&plain("404 Not Found", r#"{"error":{"message":"no such route"}}"#)).await?,
        }
        if close {
            return Ok(());
        }
        buf.drain(..used);
    }
}

fn main() -> Result<()> {
    let flags = Flags::from_env();
    DELTAS.store(flags.num("deltas", 100.0) as u64, Relaxed);
    DELAY_MS.store(flags.num("delay-ms", 0.0) as u64, Relaxed);
    TTFT_MS.store(flags.num("ttft-ms", 0.0) as u64, Relaxed);
    let apis = Rc::new(render(flags.num("answer-bytes", 1024.0) as usize));
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&rt, async move {
        let addr: std::net::SocketAddr = flags.text("listen", "127.0.0.1:9100").parse().expect("--listen");
        let sock = tokio::net::TcpSocket::new_v4()?;
        sock.set_reuseaddr(true)?;
        sock.bind(addr)?;
        let listener: TcpListener = sock.listen(4096)?;
        loop {
            let (sock, _) = listener.accept().await?;
            let apis = apis.clone();
            tokio::task::spawn_local(async move {
                let _ = serve(sock, apis).await; // a client that went away is no error
            });
        }
    })
}
