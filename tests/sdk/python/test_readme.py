"""The examples of the README run as written."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
BLOCKS = re.findall(r"^```(sh|python|js)\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
# What builds and starts the gateway is another test's.
EXAMPLES = [(language, code) for language, code in BLOCKS if "127.0.0.1:8080/v1" in code]


def test_there_are_examples():
    assert {language for language, _ in EXAMPLES} == {"sh", "python", "js"}
    assert sum("previous_response_id" in code or "conversation" in code for _, code in EXAMPLES) >= 3


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_example(language, code):
    code = code.replace("http://127.0.0.1:8080/v1", os.environ["GATEWAY_URL"])
    command, folder = {
        "sh": (["bash", "-euo", "pipefail", "-c", code], ROOT),
        "python": ([sys.executable, "-c", code], ROOT),
        "js": (["node", "--input-type=module", "--eval", code], ROOT / "tests/sdk/node"),
    }[language]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and '"error":{' not in done.stdout, done.stdout
    if "What is my name?" in code:
        assert "Ann" in done.stdout, done.stdout
