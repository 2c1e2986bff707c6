"""The template as CloudFormation would see it: transformed by SAM, with conditions and references resolved."""

import copy
import itertools
import json
import re
import threading

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

REGION, ACCOUNT, STACK = "eu-central-1", "123456789012", "latchkey"

PSEUDO = {
    "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": STACK,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/11111111-2222-3333-4444-555555555555",
}

MAIL = {"MailFrom": "login@example.com", "ResetUrl": "https://app.example.com/reset"}

# What the rehearsal does with each type of resource. It fails at a type without a rule.
KNOWN = {
    "AWS::DynamoDB::Table": "made and read back",
    "AWS::SecretsManager::Secret": "made and read back",
    "AWS::SecretsManager::RotationSchedule": "its function is called in the four steps",
    "AWS::Lambda::Function": "started with its environment",
    "AWS::Lambda::Version": "called by the smoke function",
    "AWS::Lambda::Alias": "every call goes by it",
    "AWS::Lambda::Permission": "asked before every call of a gateway or of Secrets Manager",
    "AWS::IAM::Role": "its statements are enforced",
    "AWS::ApiGatewayV2::Api": "events are made as it makes them",
    "AWS::ApiGatewayV2::Integration": "followed from route to alias",
    "AWS::ApiGatewayV2::Route": "requests are routed by it",
    "AWS::ApiGateway::RestApi": "requests are routed by it",
    "AWS::ApiGateway::Stage": "its variables name the functions",
    "AWS::SQS::Queue": "made and read back",
    "AWS::Lambda::EventSourceMapping": "its messages are given to its function",
    "AWS::SES::ConfigurationSet": "mails name it",
}
REFERENCES_ONLY = {
    "AWS::ApiGatewayV2::Stage", "AWS::ApiGateway::Deployment", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping",
    "AWS::Route53::RecordSet", "AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation", "AWS::Logs::LogGroup", "AWS::Logs::MetricFilter",
    "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Events::Rule", "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup", "AWS::SES::ConfigurationSetEventDestination", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy",
}


class Fault(Exception):
    """Something that would fail on AWS, or that a team would not want to deploy."""


class NoValue:
    """What Ref AWS::NoValue leaves: nothing."""


class _Policies:
    def load(self):
        return {}


def load(path="template.yaml"):
    with open(path, encoding="utf-8") as f:
        return yaml_parse(f.read())


def defaults(template):
    return {name: str(p.get("Default", "")) for name, p in template["Parameters"].items()}


class Model:
    """A template with one set of parameters."""

    def __init__(self, template, parameters=None, document=None):
        self.parameters = {**defaults(template), **(parameters or {})}
        self.numbers = {n for n, p in template["Parameters"].items() if p["Type"] == "Number"}
        self.check_parameters(template)
        self.document = document or transformed_by_sam(template, self.parameters)
        self.conditions = {}
        self.ids = {}
        self.active = {n: r for n, r in self.document["Resources"].items() if "Condition" not in r or self.condition(r["Condition"])}

    def check_parameters(self, template):
        for name, value in self.parameters.items():
            if name not in template["Parameters"]:
                raise Fault(f"there is no parameter {name}")
            if why := refuses(template["Parameters"][name], value):
                raise Fault(f"{name}={value!r}: {why}")

    def condition(self, name):
        if name not in self.conditions:
            self.conditions[name] = self.resolve(self.document["Conditions"][name])
        return self.conditions[name]

    def of_type(self, kind):
        return {n: r["Properties"] for n, r in self.active.items() if r["Type"] == kind}

    def properties(self, name):
        return self.resolve(self.active[name].get("Properties", {}))

    def resolve(self, node):
        """Returns node with every intrinsic function computed; what is NoValue disappears."""
        if isinstance(node, list):
            items = [self.resolve(i) for i in node]
            return [i for i in items if i is not NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, argument), = node.items()
            if key == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            if key == "Ref" or key.startswith("Fn::"):
                return self.intrinsic(key, argument)
        resolved = {k: self.resolve(v) for k, v in node.items()}
        return {k: v for k, v in resolved.items() if v is not NoValue}

    def intrinsic(self, key, argument):
        if key == "Ref":
            return self.ref(argument)
        if key == "Fn::GetAtt":
            name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
            return self.attribute(name, attribute)
        if key == "Fn::If":
            return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])
        if key == "Fn::Sub":
            return self.sub(argument)
        if key == "Fn::FindInMap":
            table, first, second = self.resolve(argument)
            return self.document["Mappings"][table][first][second]
        values = self.resolve(argument)
        return {
            "Fn::Equals": lambda: str(values[0]) == str(values[1]),
            "Fn::Not": lambda: not values[0],
            "Fn::And": lambda: all(values),
            "Fn::Or": lambda: any(values),
            "Fn::Join": lambda: values[0].join(values[1]),
            "Fn::Select": lambda: values[1][int(values[0])],
            "Fn::Split": lambda: values[1].split(values[0]),
        }[key]()

    def sub(self, argument):
        text, names = argument if isinstance(argument, list) else (argument, {})
        def value(match):
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in names:
                return str(self.resolve(names[name]))
            return str(self.attribute(*name.split(".", 1)) if "." in name else self.ref(name))
        return re.sub(r"\$\{([^}]+)\}", value, text)

    def ref(self, name):
        if name == "AWS::NoValue":
            return NoValue
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            value = self.parameters[name]
            return int(value) if name in self.numbers else value
        return self.physical(name)

    def physical(self, name):
        """The id that CloudFormation returns for Ref."""
        resource = self.active.get(name)
        if resource is None:
            raise Fault(f"a reference to {name}, which this stack does not have")
        if name in self.ids:
            return self.ids[name]
        kind = resource["Type"]
        if kind == "AWS::Lambda::Alias":
            p = resource["Properties"]
            return self.function_arn(self.resolve(p["FunctionName"])) + ":" + p["Name"]
        if kind == "AWS::Lambda::Version":
            return self.function_arn(self.resolve(resource["Properties"]["FunctionName"])) + ":1"
        if kind == "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
        if kind in ("AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi"):
            return name.lower() + "0123"
        if kind == "AWS::ApiGatewayV2::Stage":
            return resource["Properties"]["StageName"]
        if kind == "AWS::ApiGateway::Stage":
            return self.resolve(resource["Properties"]["StageName"])
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{STACK}-{name}"
        if kind == "AWS::SNS::Topic":
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-{name}"
        return f"{STACK}-{name}"

    def function_arn(self, name):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def attribute(self, name, attribute):
        own = self.physical(name)
        kind = self.active[name]["Type"]
        found = {
            ("AWS::Lambda::Function", "Arn"): self.function_arn(own),
            ("AWS::Lambda::Version", "Version"): "1",
            ("AWS::DynamoDB::Table", "Arn"): f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{own}",
            ("AWS::SQS::Queue", "Arn"): f"arn:aws:sqs:{REGION}:{ACCOUNT}:{own.rsplit('/', 1)[-1]}",
            ("AWS::SQS::Queue", "QueueName"): own.rsplit("/", 1)[-1],
            ("AWS::IAM::Role", "Arn"): f"arn:aws:iam::{ACCOUNT}:role/{own}",
            ("AWS::Logs::LogGroup", "Arn"): f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{own}:*",
            ("AWS::WAFv2::WebACL", "Arn"): f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/{own}/1",
            ("AWS::ApiGatewayV2::DomainName", "RegionalDomainName"): f"d-1.execute-api.{REGION}.amazonaws.com",
            ("AWS::ApiGatewayV2::DomainName", "RegionalHostedZoneId"): "Z1",
        }.get((kind, attribute))
        if found is None:
            raise Fault(f"the rehearsal does not know the attribute {attribute} of {name}, a {kind}")
        return found

    def check_types(self):
        for name, r in self.active.items():
            if r["Type"] not in KNOWN and r["Type"] not in REFERENCES_ONLY:
                raise Fault(f"{name} is a {r['Type']}, which the rehearsal does not know")

    def check_references(self):
        """Fails at a reference to a resource that this stack does not have, and at resources that wait for each other."""
        waits = {}
        for name, r in self.active.items():
            self.resolve({k: v for k, v in r.items() if k in ("Properties", "UpdatePolicy", "Metadata")})
            waits[name] = self.waits_for(r)
        for output in self.document.get("Outputs", {}).values():
            if "Condition" not in output or self.condition(output["Condition"]):
                self.resolve(output["Value"])
        done = set()
        def visit(name, path):
            if name in path:
                raise Fault("resources wait for each other: " + " → ".join(path[path.index(name):] + [name]))
            if name not in done:
                for other in waits[name]:
                    visit(other, path + [name])
                done.add(name)
        for name in waits:
            visit(name, [])

    def waits_for(self, resource):
        found = set()
        def walk(node):
            if isinstance(node, list):
                for i in node:
                    walk(i)
            elif isinstance(node, dict):
                if len(node) == 1 and "Fn::If" in node:
                    walk(node["Fn::If"][1] if self.condition(node["Fn::If"][0]) else node["Fn::If"][2])
                    return
                for key, value in node.items():
                    if key == "Ref":
                        found.add(value)
                    elif key == "Fn::GetAtt":
                        found.add(value[0] if isinstance(value, list) else value.split(".")[0])
                    elif key == "Fn::Sub":
                        text = value if isinstance(value, str) else value[0]
                        found.update(n.split(".")[0] for n in re.findall(r"\$\{([^!}][^}]*)\}", text))
                        walk(value[1] if isinstance(value, list) else None)
                    else:
                        walk(value)
        walk({k: v for k, v in resource.items() if k in ("Properties", "UpdatePolicy")})
        depends = resource.get("DependsOn", [])
        found.update([depends] if isinstance(depends, str) else depends)
        return found & set(self.active)

    def fingerprint(self, name):
        return json.dumps(self.properties(name), sort_keys=True, default=str)


def refuses(parameter, value):
    """Says why CloudFormation refuses the value, or nothing."""
    if "AllowedValues" in parameter and value not in [str(v) for v in parameter["AllowedValues"]]:
        return "not an allowed value"
    if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
        return parameter.get("ConstraintDescription", "does not match its pattern")
    if parameter["Type"] == "Number":
        if not re.fullmatch(r"-?[0-9]+", value):
            return "not a number"
        if not int(parameter.get("MinValue", value)) <= int(value) <= int(parameter.get("MaxValue", value)):
            return "out of range"
    return None


_transformed, _transforming = {}, threading.Lock()  # SAM's transform is slow, and not made for threads


def transformed_by_sam(template, parameters):
    """What SAM makes of the template, which depends on two of the parameters only. Nobody may change it."""
    key = id(template), parameters["Deployment"], parameters["FrontDoor"]
    with _transforming:
        if key not in _transformed:
            document = copy.deepcopy(template)
            document["Globals"]["Function"]["CodeUri"] = "s3://bucket/code"
            _transformed[key] = transform(document, dict(parameters), _Policies()), template
        return _transformed[key][0]


def combinations():
    """All combinations of the parameters that add or remove resources."""
    certificate = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
    domain = {"DomainName": "login.example.com", "CertificateArn": certificate}
    axes = [
        [{"FrontDoor": "http"}, {"FrontDoor": "rest"}],
        [{}, domain, {**domain, "HostedZoneId": "Z1", "ExecuteApi": "off"}],
        [{}, {"TableName": "restored"}],
        [{}, {"SigningKeysArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:old-AbCdEf"}],
        [{}, {"AlarmTopic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"}],
        [{}, {"Deployment": "AllAtOnce"}],
        [{}, MAIL],
        [{}, {"Metrics": "off", "Dashboard": "on", "Calibrate": "on"}],
        [{}, {"KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1", "Tracing": "on", "ReservedConcurrency": "5", "Algorithm": "HS256",
              "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/limit"}],
    ]
    for choice in itertools.product(*axes):
        yield {k: v for part in choice for k, v in part.items()}
