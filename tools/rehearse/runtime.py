"""Runs the functions that sam build made, as Lambda does: one event at a time, with the template's environment and nothing else."""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from model import REGION, Fault

START_LIMIT = 20


def read_body(request):
    """Reads a body of known length, or in chunks, in which aws-lambda-go sends large answers."""
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    body = b""
    while size := int(request.rfile.readline(), 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


class Server(ThreadingHTTPServer):
    """A server on a free port, already running. It does not report callers that were stopped before they had their answer."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        """Sends at once: headers and body are two writes, and a client acknowledges the first of them only after 40 ms."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Function:
    """One started function. Its log is kept; its role stands between it and AWS."""

    def __init__(self, logical, binary, properties, door):
        self.logical, self.door, self.log, self.durations = logical, door, [], []
        self.events, self.answers, self.ready = queue.Queue(), queue.Queue(), threading.Event()
        self.variables = properties.get("Environment", {}).get("Variables", {})
        size = sum(len(k) + len(str(v)) for k, v in self.variables.items())
        if size > 4096:
            raise Fault(f"{logical} has {size} bytes of variables, Lambda takes 4,096")
        self.serve()
        environment = {
            **self.variables, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}", "AWS_LAMBDA_FUNCTION_NAME": f"latchkey-{logical}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_REGION": REGION, "_HANDLER": properties["Handler"],
            "AWS_ACCESS_KEY_ID": "ASIAREHEARSAL", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            **{f"AWS_ENDPOINT_URL_{s}": door.url for s in ("DYNAMODB", "SECRETS_MANAGER", "LAMBDA", "CODEDEPLOY", "SQS", "SES")},
        }
        self.process = subprocess.Popen([str(binary)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read_log, daemon=True).start()

    def serve(self):
        function = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                function.ready.set()
                event = function.events.get()
                if event is None:
                    return
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
                self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = read_body(self)
                function.answers.put((self.path.endswith("/response"), body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = Server(Handler)

    def read_log(self):
        for line in self.process.stdout:
            self.log.append(line)

    def wait(self):
        for _ in range(10 * START_LIMIT):
            if self.ready.wait(0.1) or self.process.poll() is not None:
                break
        if not self.ready.is_set():
            time.sleep(0.2)  # for the end of its log
            raise Fault(f"{self.logical} does not ask for events:\n" + "".join(self.log[-5:]))

    def invoke(self, event):
        """Returns whether the function answered without an error, and its answer."""
        self.wait()
        start = time.time()
        self.events.put(event)
        try:
            good, body = self.answers.get(timeout=30)
            self.durations.append((start * 1000, (time.time() - start) * 1000))
        except queue.Empty:
            raise Fault(f"{self.logical} does not answer:\n" + "".join(self.log[-5:])) from None
        return good, json.loads(body)

    def stop(self):
        self.events.put(None)
        self.process.kill()
        self.process.wait()
        self.server.shutdown()
