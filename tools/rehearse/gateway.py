"""The two front doors: finds a request's function by the template's routes, and makes the event that API Gateway would send."""

import base64
import json
import re

from model import ACCOUNT, REGION, Fault

SOURCE = "203.0.113.7"


class Answer:
    def __init__(self, raw):
        self.status = raw["statusCode"]
        headers = {**{k: [v] for k, v in (raw.get("headers") or {}).items()}, **(raw.get("multiValueHeaders") or {})}
        self.headers = {k.lower(): v for k, v in headers.items()}
        self.cookies = raw.get("cookies") or self.headers.get("set-cookie", [])
        body = raw.get("body") or ""
        self.body = json.loads(base64.b64decode(body) if raw.get("isBase64Encoded") else body) if body else None

    def cookie(self, name):
        for c in self.cookies:
            if c.startswith(name + "="):
                return c.split("=", 1)[1].split(";")[0]
        return None


class Gateway:
    """One API of a stack."""

    def __init__(self, model, call):
        self.model, self.call = model, call
        self.rest = model.parameters["FrontDoor"] == "rest"
        self.api = model.physical("RestApi" if self.rest else "Api")
        self.routes = dict(rest_routes(model) if self.rest else http_routes(model))

    def send(self, method, path, body=None, cookies=(), headers=None, source=SOURCE, query=None):
        if body is not None:
            headers, body = {**(headers or {}), "content-type": "application/json"}, json.dumps(body)
        return Answer(self.forward(method, path, body, cookies, headers, source, query))

    def forward(self, method, path, body=None, cookies=(), headers=None, source=SOURCE, query=None):
        """Sends a request with a text as its body, and returns what the function answers to the gateway."""
        route = self.match(path)
        if route is None:
            return {"statusCode": 404, "body": '{"message":"Not Found"}'}
        alias = self.routes[route]
        self.model_permits(alias)
        headers = {"host": f"{self.api}.execute-api.{REGION}.amazonaws.com", "user-agent": "rehearsal", **(headers or {})}
        make = payload1 if self.rest else payload2
        good, answer = self.call(alias, with_query(make(self.api, route, method, path, headers, list(cookies), body, source), query))
        if not good:
            raise Fault(f"{method} {path}: the function fails: {answer}")
        return answer

    def match(self, path):
        for route in self.routes:
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route)), path):
                return route
        return None

    def model_permits(self, alias, principal="apigateway.amazonaws.com"):
        arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.api}/*"
        for name in self.model.of_type("AWS::Lambda::Permission"):
            p = self.model.properties(name)
            if p["FunctionName"] == alias and p["Principal"] == principal and p["SourceArn"] == arn and p["Action"] == "lambda:InvokeFunction":
                return
        raise Fault(f"no permission lets {principal} call {alias}")


def http_routes(model):
    for name in model.of_type("AWS::ApiGatewayV2::Route"):
        p = model.properties(name)
        integration = p["Target"].removeprefix("integrations/")
        found = [n for n in model.of_type("AWS::ApiGatewayV2::Integration") if model.physical(n) == integration]
        if not found:
            raise Fault(f"{name} leads to {integration}, which is not an integration")
        i = model.properties(found[0])
        if i["PayloadFormatVersion"] != "2.0" or i["IntegrationType"] != "AWS_PROXY":
            raise Fault(f"{found[0]} is not a proxy with payload 2.0")
        method, path = p["RouteKey"].split(" ")
        if method != "ANY":
            raise Fault(f"{name} takes only {method}; the functions answer 405 and preflights themselves")
        yield path, i["IntegrationUri"]


def rest_routes(model):
    variables = {}
    for name in model.of_type("AWS::ApiGateway::Stage"):
        variables = model.properties(name)["Variables"]
    for path, methods in model.properties("RestApi")["Body"]["paths"].items():
        uri = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["uri"]
        arn = uri.split("/functions/")[1].removesuffix("/invocations")
        yield path, re.sub(r"\$\{stageVariables\.(\w+)\}", lambda m: variables[m[1]], arn)


def with_query(event, query):
    if query and event.get("version") == "2.0":
        event["rawQueryString"] = "&".join(f"{k}={v}" for k, v in query.items())
    elif query:
        event["queryStringParameters"], event["multiValueQueryStringParameters"] = query, {k: [v] for k, v in query.items()}
    return event


def payload2(api, route, method, path, headers, cookies, body, source):
    json_type = headers.get("content-type", "").startswith("application/json")
    event = {
        "version": "2.0", "routeKey": f"ANY {route}", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT, "apiId": api, "domainName": headers["host"], "requestId": "rehearsal", "routeKey": f"ANY {route}", "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": source, "userAgent": "rehearsal"},
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if body is not None:
        event["body"] = body if json_type else base64.b64encode(body.encode()).decode()
        event["isBase64Encoded"] = not json_type
    return event


def payload1(api, route, method, path, headers, cookies, body, source):
    if cookies:
        headers = {**headers, "Cookie": "; ".join(cookies)}
    return {
        "resource": route, "path": path, "httpMethod": method, "headers": headers, "multiValueHeaders": {k: [v] for k, v in headers.items()},
        "queryStringParameters": None, "multiValueQueryStringParameters": None, "stageVariables": None,
        "pathParameters": {"id": path.rsplit("/", 1)[1]} if "{id}" in route else None,
        "requestContext": {
            "accountId": ACCOUNT, "apiId": api, "domainName": headers["host"], "httpMethod": method, "path": "/live" + path, "protocol": "HTTP/1.1",
            "requestId": "rehearsal", "resourcePath": route, "stage": "live", "identity": {"sourceIp": source, "userAgent": "rehearsal"},
        },
        # BinaryMediaTypes of the API: every body arrives as base64
        "body": None if body is None else base64.b64encode(body.encode()).decode(), "isBase64Encoded": body is not None,
    }
