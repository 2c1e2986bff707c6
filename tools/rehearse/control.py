"""What 'latchkey doctor' asks of AWS and of the URL, answered for one rehearsed stack. The emulators answer for the table and the
secret. CloudFormation, Lambda, CloudWatch, SNS, SES and API Gateway are answered here, from the template: moto does not make these
resources."""

import base64
import hashlib
import io
import json
import re
import time
import zipfile
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from model import ACCOUNT, REGION
from rights import forward
from runtime import Server, read_body

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"


def serve(handle):
    """Starts a server on a free port; handle takes method, path, headers and body, and returns status, header lines and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            status, headers, body = handle(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, read_body(self))
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = answer

        def log_message(self, *_):
            pass

    return Server(Handler)


class Front:
    """The URL of a stack: HTTP requests that become events of its gateway."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.server = serve(self.handle)
        self.url = self.server.url

    def handle(self, method, path, headers, body):
        parts = urlsplit(path)
        cookies = [c.strip() for c in headers.pop("cookie", "").split(";") if c.strip()]
        for own in ("connection", "content-length", "accept-encoding", "host"):
            headers.pop(own, None)
        raw = self.gateway.forward(method, unquote(parts.path), body.decode() or None, cookies, headers,
                                   query={k: v[-1] for k, v in parse_qs(parts.query).items()})
        lines = [(k, v) for k, v in (raw.get("headers") or {}).items()]
        lines += [(k, v) for k, values in (raw.get("multiValueHeaders") or {}).items() for v in values]
        lines += [("Set-Cookie", c) for c in raw.get("cookies") or []]
        text = raw.get("body") or ""
        return raw["statusCode"], lines, base64.b64decode(text) if raw.get("isBase64Encoded") else text.encode()


class Control:
    """The AWS APIs of one stack. Its attributes are what faults are planted in."""

    def __init__(self, stack):
        self.stack, self.model = stack, stack.model
        self.rotated = time.time()
        self.subscribers = 1
        self.changed = {}  # variables that somebody changed by hand, by function
        self.old_code = set()  # functions whose alias stayed at an older version
        self.unlimited = False
        self.lost_alarms = set()
        self.verified = True  # whether SES may send from the stack's domain
        self.archives = {}
        self.server = serve(self.handle)
        self.url = self.server.url

    def handle(self, method, path, headers, body):
        target = headers.get("x-amz-target", "")
        if target.startswith("DynamoDB"):
            return self.dynamodb(target, headers, body)
        if target == "secretsmanager.DescribeSecret":
            return self.secret(headers, body)
        if target:
            return forwarded(self.stack.account.moto, headers, body)
        if headers.get("content-type") == "application/x-www-form-urlencoded":
            form = {k: v[0] for k, v in parse_qs(body.decode()).items()}
            return 200, [("Content-Type", "text/xml")], getattr(self, form["Action"])(form).encode()
        for pattern, answer in self.paths():
            if found := re.fullmatch(pattern, unquote(path)):
                return answer(*found.groups())
        return 404, [], b'{"message":"Not Found"}'

    def dynamodb(self, target, headers, body):
        # DynamoDB Local knows items and time to live, moto knows deletion protection and point-in-time recovery
        at_moto = target.endswith((".DescribeTable", ".DescribeContinuousBackups"))
        return forwarded(self.stack.account.moto if at_moto else self.stack.account.dynamodb, headers, body)

    def secret(self, headers, body):
        status, lines, answer = forwarded(self.stack.account.moto, headers, body)
        described = json.loads(answer)
        schedule = self.model.properties("RotationSchedule")
        described.update(RotationEnabled=True, RotationLambdaARN=schedule["RotationLambdaARN"], RotationRules=schedule["RotationRules"],
                         LastRotatedDate=self.rotated)
        return status, lines, json.dumps(described).encode()

    def DescribeStacks(self, _):
        outputs = {n: self.model.resolve(o["Value"]) for n, o in self.model.document["Outputs"].items()
                   if "Condition" not in o or self.model.condition(o["Condition"])}
        return xml("DescribeStacks", "<Stacks><member><StackStatus>CREATE_COMPLETE</StackStatus>"
                   + members("Parameters", [{"ParameterKey": k, "ParameterValue": v} for k, v in self.model.parameters.items()])
                   + members("Outputs", [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]) + "</member></Stacks>")

    def ListStackResources(self, form):
        page, first = 60, int(form.get("NextToken", 0))
        rows = [{"LogicalResourceId": n, "PhysicalResourceId": self.model.physical(n), "ResourceType": r["Type"], "ResourceStatus": "CREATE_COMPLETE"}
                for n, r in self.model.active.items()]
        more = f"<NextToken>{first + page}</NextToken>" if first + page < len(rows) else ""
        return xml("ListStackResources", members("StackResourceSummaries", rows[first:first + page]) + more)

    def DescribeAlarms(self, form):
        asked = {v for k, v in form.items() if k.startswith("AlarmNames.")}
        rows = []
        for name in self.model.of_type("AWS::CloudWatch::Alarm"):
            if self.model.physical(name) in asked and name not in self.lost_alarms:
                p = self.model.properties(name)
                rows.append({"AlarmName": self.model.physical(name), "StateValue": "OK", "ActionsEnabled": "true",
                             "AlarmActions": p.get("AlarmActions", [])})
        return xml("DescribeAlarms", members("MetricAlarms", rows))

    def GetTopicAttributes(self, _):
        policy = '{"Statement":[{"Principal":{"Service":"events.amazonaws.com"}}]}'
        entries = {"SubscriptionsConfirmed": self.subscribers, "SubscriptionsPending": 0, "Policy": policy}
        return xml("GetTopicAttributes", "<Attributes>" + "".join(
            f"<entry><key>{k}</key><value>{escape(str(v))}</value></entry>" for k, v in entries.items()) + "</Attributes>")

    def paths(self):
        function = r"/2015-03-31/functions/([^/?]+)"
        return [
            (function + r"/configuration(\?Qualifier=live)?", lambda name, live: found(self.configuration(name, live))),
            (function + r"/aliases/live", lambda name: found({"FunctionVersion": "1"})),
            (function + r"(?:\?Qualifier=live)?", lambda name: found({"Code": {"Location": f"{self.url}/code/{name}"}})),
            (r"/v2/email/account", lambda: found({"ProductionAccessEnabled": True, "SendingEnabled": True})),
            (r"/v2/email/identities/(.+)", self.identity),
            (r"/code/(.+)", lambda name: (200, [], self.archive(name))),
            (r"/v2/apis\?.*", lambda: found({"items": [{"apiId": self.model.physical(n), "name": n, "protocolType": "HTTP"}
                                                       for n in self.model.of_type("AWS::ApiGatewayV2::Api")]})),
            (r"/v2/apis/\w+/authorizers", lambda: found({"items": []})),
            (r"/v2/apis/\w+/stages/\$default", lambda: found(self.stage("ApiStage"))),
            (r"/restapis/\w+/stages/live", lambda: found(self.rest_stage())),
        ]

    def identity(self, name):
        if name != self.model.parameters["MailFrom"].split("@")[-1]:
            return 404, [], b'{"message":"no such identity"}'
        return found({"VerifiedForSendingStatus": self.verified})

    def logical(self, name):
        return next(n for n in self.model.of_type("AWS::Lambda::Function") if self.model.physical(n) == name)

    def configuration(self, name, live):
        logical = self.logical(name)
        p = self.model.properties(logical)
        digest = base64.b64encode(hashlib.sha256(self.archive(name)).digest()).decode()
        if live and logical in self.old_code:
            digest = "older"
        return {"CodeSha256": digest, "State": "Active", "LastUpdateStatus": "Successful", "MemorySize": p["MemorySize"],
                "Architectures": p["Architectures"], "Environment": {"Variables": {**p["Environment"]["Variables"], **self.changed.get(logical, {})}}}

    def archive(self, name):
        if name not in self.archives:
            text = io.BytesIO()
            with zipfile.ZipFile(text, "w") as z:
                z.write(self.stack.builds / self.logical(name) / "bootstrap", "bootstrap")
            self.archives[name] = text.getvalue()
        return self.archives[name]

    def stage(self, name):
        p = self.model.properties(name)
        routes = {} if self.unlimited else p["RouteSettings"]
        return lower({"defaultRouteSettings": p["DefaultRouteSettings"], "routeSettings": routes})

    def rest_stage(self):
        name = next(iter(self.model.of_type("AWS::ApiGateway::Stage")))
        settings = self.model.properties(name)["MethodSettings"]
        return {"methodSettings": {s["ResourcePath"].strip("/").replace("~1", "/") + "/" + s["HttpMethod"]: lower(s) for s in settings}}

    def stop(self):
        self.server.shutdown()


def forwarded(backend, headers, body):
    status, lines, answer = forward(backend + "/", headers, body)
    return status, list(lines.items()), answer


def found(document):
    return 200, [("Content-Type", "application/json")], json.dumps(document).encode()


def lower(settings):
    """API Gateway's answers begin names with small letters; route keys stay."""
    return {k if " " in k else k[0].lower() + k[1:]: lower(v) if isinstance(v, dict) else v for k, v in settings.items()}


def members(name, rows):
    def value(v):
        return "".join(f"<member>{escape(i)}</member>" for i in v) if isinstance(v, list) else escape(str(v))
    return f"<{name}>" + "".join("<member>" + "".join(f"<{k}>{value(v)}</{k}>" for k, v in row.items()) + "</member>" for row in rows) + f"</{name}>"


def xml(action, body):
    return f"<{action}Response><{action}Result>{body}</{action}Result></{action}Response>"
