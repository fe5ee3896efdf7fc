"""Writes the recorded traffic as seeds for the fuzz targets: `fuzz_seeds.py FOLDER`."""

import json
import pathlib
import sys

FIXTURES = pathlib.Path(__file__).parent.parent / "crates/lattice-providers/fixtures"
REQUESTS = [
    {"model": "m", "input": "hi"},
    {"model": "m", "stream": True, "temperature": 0.5, "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "a\n\"b\""}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}]},
    {"model": "gpt-5", "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
     "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
     "input": [{"role": "user", "content": "x"},
               {"type": "reasoning", "summary": [], "encrypted_content": "lm1.eA.y"},
               {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
               {"type": "function_call_output", "call_id": "c", "output": "r"}]},
    {"model": "claude-sonnet-4-5", "reasoning": {"effort": "high", "summary": "auto"}, "input": "x",
     "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}},
]


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    for name in ("sse", "request", "decoders"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for number, request in enumerate(REQUESTS):
        (out / "request" / str(number)).write_text(json.dumps(request))
    for path in sorted(FIXTURES.glob("*/*.json")):
        response = json.loads(path.read_text()).get("response", {})
        body = response.get("sse") or json.dumps(response.get("body"))
        name = f"{path.parent.name}-{path.stem}"
        if "sse" in response:
            (out / "sse" / name).write_text(body)
        # The first byte chooses the provider: one seed for each.
        for choice in range(8):
            (out / "decoders" / f"{name}-{choice}").write_bytes(bytes([choice]) + body.encode())


if __name__ == "__main__":
    main()
