"""An AWS account made of emulators: DynamoDB Local, moto, and this process for Lambda and CodeDeploy."""

import email
import email.policy
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from urllib.error import URLError
from urllib.request import urlopen

import boto3
from botocore.config import Config

import runtime
from model import ACCOUNT, REGION, Fault
from rights import Door, Role

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "latchkey" / "emulators"


class Account:
    """Emulators on free ports, stopped at the end of a with statement."""

    region, number = REGION, ACCOUNT

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="rehearsal-")
        self.processes = []
        jars = os.environ.get("LATCHKEY_DYNAMODB_JARS", str(CACHE / "dynamodb-local"))
        java = shutil.which("java")
        moto = shutil.which("moto_server", path=str(CACHE / "moto" / "bin")) or shutil.which("moto_server")
        if not java or not moto or not os.path.isdir(jars):
            raise Fault("the emulators are not installed: run make emulators")
        self.dynamodb = self.start(lambda port: [
            java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.library.path=" + jars, "-cp", jars + "/*",
            "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", port])
        self.moto = self.start(lambda port: [moto, "-H", "127.0.0.1", "-p", port])
        for url in (self.dynamodb, self.moto):
            self.await_answer(url)
        self.tables, self.secrets = self.client("dynamodb", self.dynamodb), self.client("secretsmanager", self.moto)
        self.queues, self.mails = self.client("sqs", self.moto), self.client("sesv2", self.moto)
        self.protected = self.client("dynamodb", self.moto)  # which knows PITR and deletion protection; DynamoDB Local does not
        return self

    def __exit__(self, *_):
        for p in self.processes:
            p.kill()
            p.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.processes.append(subprocess.Popen(command(str(port)), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return f"http://127.0.0.1:{port}"

    def await_answer(self, url):
        for _ in range(600):
            try:
                urlopen(url, timeout=1)
                return
            except URLError as e:
                if hasattr(e, "code"):
                    return
                time.sleep(0.1)
            except OSError:
                time.sleep(0.1)
        raise Fault(f"the emulator at {url} does not answer")

    def client(self, service, url):
        return boto3.client(service, region_name=REGION, endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test",
                            config=Config(retries={"max_attempts": 3}))

    def table_arn(self, name):
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


class Stack:
    """What a model deploys into an account: the table and the secret, read back, and one process for each function."""

    def __init__(self, account, model, builds):
        self.account, self.model, self.builds = account, model, builds
        self.functions, self.roles, self.reports, self.seen = {}, {}, [], 0
        self.make_table()
        self.make_secret()
        self.make_queues()

    def make_table(self):
        if "Table" not in self.model.active:
            self.table = self.model.parameters["TableName"]
            self.account.tables.describe_table(TableName=self.table)  # which must exist
            return
        p = self.model.properties("Table")
        self.table = self.model.physical("Table")
        basic = {k: p[k] for k in ("BillingMode", "AttributeDefinitions", "KeySchema")}
        self.account.tables.create_table(TableName=self.table, **basic)
        ttl = {"AttributeName": p["TimeToLiveSpecification"]["AttributeName"], "Enabled": p["TimeToLiveSpecification"]["Enabled"]}
        self.account.tables.update_time_to_live(TableName=self.table, TimeToLiveSpecification=ttl)
        self.account.protected.create_table(TableName=self.table, **basic, DeletionProtectionEnabled=p["DeletionProtectionEnabled"])
        self.account.protected.update_continuous_backups(TableName=self.table, PointInTimeRecoverySpecification=p["PointInTimeRecoverySpecification"])
        self.read_back_table()

    def read_back_table(self):
        got = self.account.tables.describe_table(TableName=self.table)["Table"]
        ttl = self.account.tables.describe_time_to_live(TableName=self.table)["TimeToLiveDescription"]
        backups = self.account.protected.describe_continuous_backups(TableName=self.table)["ContinuousBackupsDescription"]
        protected = self.account.protected.describe_table(TableName=self.table)["Table"]["DeletionProtectionEnabled"]
        facts = {
            "keys": [(k["AttributeName"], k["KeyType"]) for k in got["KeySchema"]], "billing": got["BillingModeSummary"]["BillingMode"],
            "time to live": (ttl["AttributeName"], ttl["TimeToLiveStatus"]), "indexes": got.get("GlobalSecondaryIndexes", []),
            "point-in-time recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "deletion protection": protected,
        }
        want = {
            "keys": [("pk", "HASH"), ("sk", "RANGE")], "billing": "PAY_PER_REQUEST", "time to live": ("ttl", "ENABLED"), "indexes": [],
            "point-in-time recovery": "ENABLED", "deletion protection": True,
        }
        for fact, value in want.items():
            if facts[fact] != value:
                raise Fault(f"the table's {fact}: {facts[fact]}, want {value}")

    def make_secret(self):
        if "SigningKeys" not in self.model.active:
            self.secret = self.model.parameters["SigningKeysArn"]
            self.account.secrets.describe_secret(SecretId=self.secret)
            return
        p = self.model.properties("SigningKeys")
        self.secret = self.account.secrets.create_secret(Name="SigningKeys-" + uuid.uuid4().hex[:8], **p)["ARN"]
        self.model.ids["SigningKeys"] = self.secret
        got = self.account.secrets.get_secret_value(SecretId=self.secret)["SecretString"]
        if got != "{}":
            raise Fault(f"the secret begins as {got!r}; a rotation makes a ring only of {{}}")

    def make_queues(self):
        for name in ("MailDeadLetters", "MailQueue"):
            if name not in self.model.active:
                continue
            self.model.ids[name] = f"{self.model.physical(name)}-{time.time_ns()}"
            p = self.model.properties(name)
            wanted = {k: str(p[k]) for k in ("VisibilityTimeout", "MessageRetentionPeriod", "SqsManagedSseEnabled") if k in p}
            if "RedrivePolicy" in p:
                wanted["RedrivePolicy"] = json.dumps(p["RedrivePolicy"])
            url = self.account.queues.create_queue(QueueName=self.model.attribute(name, "QueueName"), Attributes=wanted)["QueueUrl"]
            got = self.account.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            if got["QueueArn"] != self.model.attribute(name, "Arn") or "MessageRetentionPeriod" in wanted and got["MessageRetentionPeriod"] != wanted["MessageRetentionPeriod"]:
                raise Fault(f"{name} is made as {got}")
        if self.model.parameters["MailFrom"]:
            self.account.mails.create_email_identity(EmailIdentity=self.model.parameters["MailFrom"].split("@")[1])

    def deliver(self):
        """Gives the messages of the queue to the function of the event source mapping, as Lambda does; returns those that it did not take."""
        p = next(self.model.properties(n) for n in self.model.of_type("AWS::Lambda::EventSourceMapping"))
        if p["EventSourceArn"] != self.model.attribute("MailQueue", "Arn") or p["FunctionResponseTypes"] != ["ReportBatchItemFailures"]:
            raise Fault(f"the mapping takes messages from {p['EventSourceArn']} and expects {p['FunctionResponseTypes']}")
        queue = self.account.queues.get_queue_url(QueueName=self.model.attribute("MailQueue", "QueueName"))["QueueUrl"]
        left = []
        while taken := self.account.queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=p["BatchSize"], AttributeNames=["All"]).get("Messages"):
            records = [{"messageId": m["MessageId"], "receiptHandle": m["ReceiptHandle"], "body": m["Body"], "attributes": m["Attributes"],
                        "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": p["EventSourceArn"], "awsRegion": REGION} for m in taken]
            good, answer = self.invoke(p["FunctionName"], {"Records": records})
            if not good:
                raise Fault(f"the mail function failed: {answer}")
            failed = {f["itemIdentifier"] for f in answer["batchItemFailures"]}
            for m in taken:
                if m["MessageId"] in failed:
                    left.append(m["Body"])
                else:
                    self.account.queues.delete_message(QueueUrl=queue, ReceiptHandle=m["ReceiptHandle"])
        return left

    def put_message(self, body):
        queue = self.account.queues.get_queue_url(QueueName=self.model.attribute("MailQueue", "QueueName"))["QueueUrl"]
        self.account.queues.send_message(QueueUrl=queue, MessageBody=body)

    def sent_mails(self):
        """The mails of this stack that SES took since the last call, each parsed."""
        with urlopen(self.account.moto + "/moto-api/data.json") as r:
            mails = [email.message_from_string(m["raw_data"], policy=email.policy.default) for m in json.load(r)["ses"]["RawMessage"]]
        own = [m for m in mails if self.model.parameters["MailFrom"] in m["From"]]
        new, self.seen = own[self.seen:], len(own)
        return new

    def function(self, logical):
        """Starts a function at its first use, and checks that its role may be assumed by Lambda."""
        if logical not in self.functions:
            p = self.model.properties(logical)
            role = p["Role"].rsplit("/", 1)[1]
            name, properties = next((n, self.model.properties(n)) for n in self.model.of_type("AWS::IAM::Role") if self.model.physical(n) == role)
            trust = properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
            if trust not in ("lambda.amazonaws.com", ["lambda.amazonaws.com"]):
                raise Fault(f"{name} trusts {trust}, so Lambda cannot run {logical}")
            self.roles[logical] = Role(name, properties)
            door = Door(self.roles[logical], self.account, {
                "dynamodb": self.account.dynamodb, "secretsmanager": self.account.moto, "lambda": self.invoke_version, "codedeploy": self.hear})
            self.functions[logical] = runtime.Function(logical, self.builds / logical / "bootstrap", p, door)
        return self.functions[logical]

    def invoke(self, arn, event):
        """Calls a function by its alias or version, as AWS services do."""
        for kind in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            for name in self.model.of_type(kind):
                if self.model.physical(name) == arn:
                    wanted = self.model.resolve(self.model.active[name]["Properties"]["FunctionName"])
                    logical = next(n for n in self.model.of_type("AWS::Lambda::Function") if self.model.physical(n) == wanted)
                    return self.function(logical).invoke(event)
        raise Fault(f"{arn} is neither an alias nor a version: a deployment by stages would pass it by")

    def invoke_version(self, role, path, body):
        name, _, qualifier = path.removeprefix("/2015-03-31/functions/").partition("/invocations?Qualifier=")
        arn = f"{self.model.function_arn(name)}:{qualifier}"
        if not role.allows("lambda:InvokeFunction", arn):
            return 403, {}, b'{"message":"denied"}'
        good, answer = self.invoke(arn, json.loads(body))
        return 200, {} if good else {"X-Amz-Function-Error": "Unhandled"}, json.dumps(answer).encode()

    def hear(self, role, report):
        group = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:{self.model.physical('ServerlessDeploymentApplication')}/any"
        if not role.allows("codedeploy:PutLifecycleEventHookExecutionStatus", group):
            return 400, {}, b'{"__type":"AccessDeniedException"}'
        self.reports.append(report["status"])
        return 200, {}, b"{}"

    def rotate(self, steps=("createSecret", "setSecret", "testSecret", "finishSecret")):
        """Rotates as the stack's schedule does, and returns the version that is then in use."""
        schedule = next((self.model.properties(n) for n in self.model.of_type("AWS::SecretsManager::RotationSchedule")), None)
        if schedule is None or "RotationSchedule" not in self.model.active:
            raise Fault("there is no RotationSchedule under that name: CloudFormation would make another, and drop this one")
        alias = schedule["RotationLambdaARN"]
        self.permit_rotation(alias)
        token = str(uuid.uuid4())
        try:
            self.account.secrets.rotate_secret(SecretId=schedule["SecretId"], ClientRequestToken=token, RotationLambdaARN=alias,
                                               RotationRules=schedule["RotationRules"])
        except self.account.secrets.exceptions.ResourceNotFoundException:
            pass  # moto begins the rotation and would send the steps to a function of its own
        for step in steps:
            good, answer = self.invoke(alias, {"Step": step, "SecretId": schedule["SecretId"], "ClientRequestToken": token})
            if not good:
                return f"{step}: {answer.get('errorMessage')}"
        return None

    def permit_rotation(self, alias):
        for name in self.model.of_type("AWS::Lambda::Permission"):
            p = self.model.properties(name)
            if p["FunctionName"] == alias and p["Principal"] == "secretsmanager.amazonaws.com" and p["SourceArn"] == self.secret:
                return
        raise Fault(f"no permission lets Secrets Manager call {alias}")

    def stop(self):
        for f in self.functions.values():
            f.stop()

    def invoke_hook(self):
        """Calls the pre-traffic hook that the alias of the login function names, as CodeDeploy does."""
        for name, r in self.model.active.items():
            if r["Type"] == "AWS::Lambda::Alias" and "Login" in name:
                hook = self.model.resolve(r["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"])
                if hook != self.model.physical("SmokeFunction"):
                    raise Fault(f"the deployment's hook is {hook}, not the smoke function")
                return self.function("SmokeFunction").invoke({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"})
        raise Fault("the login function has no alias")
