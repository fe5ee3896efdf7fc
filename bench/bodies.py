#!/usr/bin/env python3
"""Writes the request bodies that `load` sends: a small one (~2 KB of prompt) and a big one (~200 KB of conversation, most of it code
and text with what JSON has to escape), each also as a streamed request. The same in every run.

    bodies.py DIR MODEL
"""
import json
import pathlib
import random
import sys

WORDS = (
    "the gateway reads a request and sends it on to one of several providers while it keeps "
    "count of tokens cost and latency for each key a stream of events is passed to the client "
    "as it arrives naïve café Zürich 東京 Привет"
).split()
CODE = '''fn main() -> Result<(), Box<dyn Error>> {
\tlet path = "C:\\\\data\\\\in.json"; // "quoted"
\tfor (i, line) in fs::read_to_string(path)?.lines().enumerate() {
\t\tprintln!("{i}: {line:?} <&>");
\t}
\tOk(())
}
'''


def prose(rng, size):
    out = []
    while sum(len(w) + 1 for w in out) < size:
        out.append(rng.choice(WORDS) + rng.choice(["", "", "", "", ",", ".\n"]))
    return " ".join(out)


def turns(size):
    """A system prompt and alternating turns, `size` bytes in all, the last one a user's."""
    rng = random.Random(size)
    system = prose(rng, min(4000, size // 4))
    out, used = [], len(system)
    while used < size - 200:
        text = prose(rng, min(3500, size // 4))
        if size > 10_000:
            text += "\n```rust\n" + CODE * 5 + "```\n"
        out.append(text)
        used += len(text)
    if len(out) % 2 == 0:
        out.append("Please go on.")
    return system, out


def body(model, size, stream):
    system, texts = turns(size)
    request = {"model": model, "temperature": 0.7, "max_output_tokens": 512, "instructions": system}
    part = lambda at, text: {"type": "output_text" if at % 2 else "input_text", "text": text}
    request["input"] = [
        {"type": "message", "role": "assistant" if at % 2 else "user", "content": [part(at, text)]} for at, text in enumerate(texts)
    ]
    if stream:
        request["stream"] = True
    return request


def write(folder, model):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in (("small", 2_000), ("big", 200_000)):
        for stream in (False, True):
            file = folder / f"responses-{name}{'-sse' if stream else ''}.json"
            file.write_text(json.dumps(body(model, size, stream), ensure_ascii=False))


if __name__ == "__main__":
    write(*sys.argv[1:3])
