"""Starts the scripted provider and the gateway in front of it, runs the given command with GATEWAY_URL set, and stops both."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

# The entry's name, what its model ids start with, and its settings; {up} is the scripted provider, {dir} a folder.
KINDS = {
    "openai": ("gpt-4.1", "type: openai, api_key: k, endpoint: '{up}/openai/v1'"),
    "openai-chat": ("gpt-4.1", "type: openai, api: chat_completions, api_key: k, endpoint: '{up}/openai/v1'"),
    "azure": ("gpt-4.1", "type: azureopenai, api_key: k, endpoint: '{up}/azure'"),
    "anthropic": ("claude-sonnet-4-5", "type: anthropic, api_key: k, endpoint: '{up}/anthropic'"),
    "azure-anthropic": ("claude-sonnet-4-5", "type: azureanthropic, api_key: k, endpoint: '{up}/azure-anthropic/anthropic'"),
    "google": ("gemini-3-pro", "type: google, api_key: k, endpoint: '{up}/gemini'"),
    "vertex": (
        "gemini-3-pro",
        "type: vertexai, project: p, location: europe-west1, credentials_file: '{dir}/google.json', endpoint: '{up}/vertex'",
    ),
    "compatible": ("some-model", "type: openai_compatible, api_key: k, endpoint: '{up}/compat/v1'"),
}
SCRIPTS = """script-text script-tool script-parallel-tools script-json script-reasoning script-refusal script-length
fault-400 fault-401 fault-404 fault-429 fault-429-once fault-500 fault-cut-3 slow""".split()


def configuration(up, folder):
    lines = ["providers:"]
    lines += [f"  {name}: {{{entry.format(up=up, dir=folder)}}}" for name, (_, entry) in KINDS.items()]
    lines += ["  demo: {type: demo}", "models:", "  - {name: demo, provider: demo}"]
    for name, (family, _) in KINDS.items():
        for script in SCRIPTS:
            lines.append(f"  - {{name: {name}.{script}, provider: {name}, provider_model_id: {family}-{script}}}")
    return "\n".join(lines) + "\n"


def announced(process, log):
    """Where the gateway says that it listens; it is asked for no port of ours, as another program could take it meanwhile."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        said = open(log).read()
        if process.poll() is not None:
            sys.exit(f"the gateway ended with {process.returncode}:\n{said}")
        found = re.search(r" listens on http://(\S+)\n", said)
        if found:
            return found.group(1)
        time.sleep(0.02)
    sys.exit(f"the gateway does not say where it listens:\n{open(log).read()}")


def main():
    programs, command = os.path.abspath(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        provider = subprocess.Popen([f"{programs}/scripted-upstream"], stdout=subprocess.PIPE, text=True)
        gateway = None
        try:
            up = provider.stdout.readline().split()[-1]
            user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r", "token_uri": f"{up}/token"}
            with open(f"{folder}/google.json", "w") as file:
                json.dump(user, file)
            with open(f"{folder}/config.yaml", "w") as file:
                file.write(configuration(up, folder))
            log = f"{folder}/log"
            with open(log, "w") as out:
                gateway = subprocess.Popen(
                    [f"{programs}/latticelm", "--config", f"{folder}/config.yaml", "--listen", "127.0.0.1:0"],
                    stdout=out, stderr=out, cwd=folder, env={"HOME": folder},
                )
            address = announced(gateway, log)
            environment = {**os.environ, "GATEWAY_URL": f"http://{address}/v1", "UPSTREAM_URL": up, "KINDS": ",".join(KINDS)}
            code = subprocess.call(command, env=environment)
            if code != 0:
                print("--- the end of the gateway's log")
                print("\n".join(open(log).read().splitlines()[-40:]))
            return code
        finally:
            for process in (gateway, provider):
                if process is not None:
                    process.terminate()
                    process.wait()


if __name__ == "__main__":
    sys.exit(main())
