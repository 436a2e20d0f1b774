"""A stand-in for app.py that does as its file `conduct` says, read at each start:

well (the default), dies, ill (503), deaf (never answers), parent (a child holds the port).
It writes the time of each start into the file `starts`.
"""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["CARPRICE_VAR_DIR"])


class Answers(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        body = json.dumps({"detail": "no model in artifacts"}).encode()
        self.send_response(self.status)
        self.send_header("X-Model-Version", "20260102T030405Z")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    conduct = (FOLDER / "conduct").read_text() if (FOLDER / "conduct").exists() else "well"
    with (FOLDER / "starts").open("a") as file:
        file.write(f"{time.time()}\n")
    print(f"stand-in: {conduct}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if conduct == "dies":
        print("stand-in: cannot go on", flush=True)
        sys.exit(3)
    if conduct == "deaf":
        signal.pause()
    if conduct == "parent" and len(sys.argv) == 1:
        sys.exit(subprocess.run([sys.executable, __file__, "child"]).returncode)
    Answers.status = 503 if conduct == "ill" else 200
    server = http.server.ThreadingHTTPServer(("", 0), Answers, bind_and_activate=False)
    server.socket = socket.socket(fileno=0)  # the supervisor listens on it
    server.serve_forever()


if __name__ == "__main__":
    main()
