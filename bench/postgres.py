"""A PostgreSQL server for the time of a benchmark, with its usual settings: what is committed is on the disk."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

USER = "postgres"


def programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def as_user(argv):
    """It refuses to run as root."""
    if os.getuid():
        return argv
    return ["setpriv", f"--reuid={USER}", "--regid", USER, "--clear-groups", "--", *argv]


class Postgres:
    def __init__(self, folder, port, core):
        self.folder, self.port, self.core, self.process = pathlib.Path(folder), port, core, None
        self.url = f"postgres://bench@127.0.0.1:{port}/postgres"

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "data").mkdir(parents=True)
        if not os.getuid():
            for path in (self.folder, self.folder / "data"):
                shutil.chown(path, USER)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        initdb = [str(programs() / "initdb"), "--auth=trust", "--username=bench", "--pgdata", str(self.folder / "data")]
        subprocess.run(as_user(initdb), check=True, **quiet)
        server = [str(programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        server += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        argv = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", self.core, *as_user(server)]
        self.process = subprocess.Popen(argv, **quiet)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not answer")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
