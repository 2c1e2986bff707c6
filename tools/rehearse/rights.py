"""Enforces a role's statements before each call of a function, as IAM would, and keeps what was used."""

import fnmatch
import json
import re
from http.server import BaseHTTPRequestHandler
from urllib.request import Request, urlopen
from urllib.error import HTTPError

from runtime import Server

TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}

# Rights that no call of a function uses, each with who does.
EXPLAINED = {
    "logs:CreateLogStream": "Lambda writes the log", "logs:PutLogEvents": "Lambda writes the log",
    "xray:PutTraceSegments": "Lambda writes the trace", "xray:PutTelemetryRecords": "Lambda writes the trace",
    "kms:Decrypt": "DynamoDB and Secrets Manager decrypt", "kms:GenerateDataKey": "Secrets Manager encrypts",
    "lambda:GetAlias": "CodeDeploy", "lambda:UpdateAlias": "CodeDeploy", "lambda:GetProvisionedConcurrencyConfig": "CodeDeploy",
    "cloudwatch:DescribeAlarms": "CodeDeploy",
    "sqs:ReceiveMessage": "Lambda polls the queue", "sqs:DeleteMessage": "Lambda polls the queue",
    "sqs:GetQueueAttributes": "Lambda polls the queue",
    "ses:SendEmail": "SES asks for one of the two, as it sees the call",
    "sqs:SendMessage": "notices, and resets; the login function sends one for ten wrong codes",
}


# Rights that only one of 32 sign-ins uses, to delete the sessions of a user who has more than 500.
SELDOM = {(role, action) for role in ("LoginRole", "AccountRole")
          for action in ("dynamodb:Query", "dynamodb:BatchWriteItem")}

# Items that the rehearsal does not touch: only the second call of an impersonation looks up its target, and a passkey, whose
# handle leads to its user, needs an authenticator.
UNTOUCHED = {("AccountRole", "LOGIN#*"), ("AccountRole", "HANDLE#*")}


def listed(value):
    return value if isinstance(value, list) else [value]


class Role:
    """The statements of one role, and which of them were used."""

    def __init__(self, name, properties):
        self.name = name
        self.statements = [s for p in properties.get("Policies", []) for s in p["PolicyDocument"]["Statement"]]
        self.used, self.patterns, self.denied = set(), set(), []

    def allows(self, action, resource, keys=(), sender=None):
        for i, s in enumerate(self.statements):
            if s["Effect"] == "Allow" and matches(action, s["Action"]) and matches(resource, s["Resource"]) and self.met(s, keys, sender):
                self.used.add((i, action))
                self.note_keys(i, s, keys)
                return True
        self.denied.append(f"{self.name}: {action} on {resource}" + (f" under {', '.join(keys)}" if keys else ""))
        return False

    def met(self, statement, keys, sender):
        for operator, tests in statement.get("Condition", {}).items():
            for name, patterns in tests.items():
                if (operator, name) == ("StringEquals", "ses:FromAddress"):
                    if sender not in listed(patterns):
                        return False
                    continue
                if not operator.startswith("ForAllValues:String") or name != "dynamodb:LeadingKeys":
                    return False  # of a service that is not called here
                if not all(matches(k, patterns) for k in keys):
                    return False
        return True

    def note_keys(self, i, statement, keys):
        for pattern in leading_keys(statement):
            if any(matches(k, pattern) for k in keys):
                self.patterns.add((i, pattern))

    def unused(self):
        for i, s in enumerate(self.statements):
            for pattern in leading_keys(s):
                if (i, pattern) not in self.patterns and (self.name, pattern) not in UNTOUCHED and not self.seldom(s):
                    yield f"{self.name}: items under {pattern}, with {', '.join(listed(s['Action']))}"
        for i, s in enumerate(self.statements):
            for action in listed(s["Action"]):
                if (i, action) not in self.used and action not in EXPLAINED and (self.name, action) not in SELDOM:
                    yield f"{self.name}: {action} on {', '.join(listed(s['Resource']))}"

    def seldom(self, statement):
        return all((self.name, action) in SELDOM for action in listed(statement["Action"]))


def leading_keys(statement):
    for tests in statement.get("Condition", {}).values():
        yield from listed(tests.get("dynamodb:LeadingKeys", []))


def matches(value, patterns):
    return any(fnmatch.fnmatchcase(value, p) for p in listed(patterns))


def accesses(operation, call):
    """Yields (action, table, leading keys) of a DynamoDB call."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for item in call["TransactItems"]:
            (kind, part), = item.items()
            yield TRANSACTION[kind], part["TableName"], [(part.get("Key") or part.get("Item"))["pk"]["S"]]
    elif operation == "BatchGetItem":
        for table, part in call["RequestItems"].items():
            yield operation, table, [k["pk"]["S"] for k in part["Keys"]]
    elif operation == "BatchWriteItem":
        for table, parts in call["RequestItems"].items():
            keys = [p["PutRequest"]["Item"] if "PutRequest" in p else p["DeleteRequest"]["Key"] for p in parts]
            yield operation, table, [k["pk"]["S"] for k in keys]
    elif operation == "Query":
        name, value = re.search(r"([#\w]+)\s*=\s*(:\w+)", call["KeyConditionExpression"]).groups()
        assert call.get("ExpressionAttributeNames", {}).get(name, name) == "pk", call
        yield operation, call["TableName"], [call["ExpressionAttributeValues"][value]["S"]]
    else:
        item = call.get("Key") or call.get("Item")
        yield operation, call["TableName"], [item["pk"]["S"]] if item else []


class Door:
    """An endpoint for one function: checks its role, passes the call on to an emulator."""

    def __init__(self, role, account, backends):
        self.role, self.account, self.backends, self.calls = role, account, backends, []
        self.broken = False  # whether AWS is down for this function
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, answer = door.answer(self.path, self.headers, body)
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = Server(Handler)
        self.url = self.server.url

    def answer(self, path, headers, body):
        target = headers.get("X-Amz-Target", "")
        if self.broken:
            return 500, {}, b'{"__type":"InternalServerError"}'
        if path.startswith("/2015-03-31/functions/"):
            return self.backends["lambda"](self.role, path, body)
        if path == "/v2/email/outbound-emails":
            return self.send_mail(path, headers, body)
        service, _, operation = target.partition(".")
        if service == "AmazonSQS":
            return self.send_message(operation, path, headers, body)
        if service.startswith("CodeDeploy"):
            return self.backends["codedeploy"](self.role, json.loads(body))
        self.calls.append(operation)
        if not self.allowed(service, operation, json.loads(body)):
            return 400, {"Content-Type": "application/x-amz-json-1.0"}, b'{"__type":"com.amazon.coral.service#AccessDeniedException","message":"denied"}'
        backend = self.backends["dynamodb" if service.startswith("DynamoDB") else "secretsmanager"]
        return forward(backend + path, headers, body)

    def send_mail(self, path, headers, body):
        call = json.loads(body)
        owner = f"arn:aws:ses:{self.account.region}:{self.account.number}:"
        sender = call["FromEmailAddress"]
        resources = [owner + "identity/" + sender.split("@")[1], owner + "configuration-set/" + call["ConfigurationSetName"]]
        if not all([self.role.allows("ses:SendRawEmail", r, sender=sender) for r in resources]):
            return 403, {"X-Amzn-Errortype": "AccessDeniedException"}, b"{}"
        return forward(self.account.moto + path, headers, body)

    def send_message(self, operation, path, headers, body):
        name = json.loads(body)["QueueUrl"].rsplit("/", 1)[1]
        if not self.role.allows(f"sqs:{operation}", f"arn:aws:sqs:{self.account.region}:{self.account.number}:{name}"):
            return 403, {"X-Amzn-Errortype": "AccessDenied"}, b"{}"
        return forward(self.account.moto + path, headers, body)

    def allowed(self, service, operation, call):
        if service.startswith("DynamoDB"):
            return all([self.role.allows(f"dynamodb:{action}", self.account.table_arn(table), keys) for action, table, keys in accesses(operation, call)])
        return self.role.allows(f"secretsmanager:{operation}", call["SecretId"])


def forward(url, headers, body):
    kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "content-length", "accept-encoding", "connection")}
    try:
        with urlopen(Request(url, data=body, headers=kept, method="POST"), timeout=30) as r:
            return r.status, passed(r.headers), r.read()
    except HTTPError as e:
        return e.code, passed(e.headers), e.read()


def passed(headers):
    return {k: v for k, v in headers.items() if k.lower() in ("content-type", "x-amzn-requestid", "x-amz-crc32", "x-amzn-errortype")}
