"""Rehearses a deployment: transforms template.yaml, makes its table and secret in emulators, runs its functions with exactly its
environment and rights behind its routes, and tells the story of walk.py by both front doors.

  make rehearse                       everything, and the planted faults
  make rehearse ARGS='--door http'    one door
"""

import argparse
import copy
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, wait

import model
import picture
from account import Account, Stack
from control import TOPIC
from examine import examine
from model import Fault, Model
from walk import Walk

BUILDS = pathlib.Path(".aws-sam/build")

LIMITS = """What this does not show: API Gateway itself (its throttling, its authorizers, custom domains, access logs), WAF, IAM
beyond the roles' own statements (boundaries, service control policies, key policies), Secrets Manager's scheduler, CodeDeploy's
shifting of traffic, CloudWatch's alarms, ACM, DNS, cold starts, and the order in which CloudFormation makes things; SES's own
checks, its bounces and complaints, and the wait between attempts of SQS. The passkey is of an authenticator in software. The first
deployment shows the rest."""


def main():
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description="rehearse a deployment of template.yaml on emulators")
    parser.add_argument("--door", choices=["http", "rest"], help="only this front door, without the planted faults")
    parser.add_argument("--plant", choices=sorted(planted()), help="plant this fault, which must make the rehearsal fail")
    parser.add_argument("--picture", metavar="FILE", help="also send some traffic, and draw the dashboard of it as SVG")
    parser.add_argument("--no-build", action="store_true", help="use what sam build made before")
    args = parser.parse_args()
    start = time.time()
    try:
        count = rehearse(args)
    except Fault as e:
        sys.exit(f"\nrehearsal: FAILED: {e}")
    print(f"\nrehearsal: {count} facts held, {time.time() - start:.0f} s\n\n{LIMITS}")


def rehearse(args):
    template = model.load()
    if args.plant:
        planted()[args.plant](template)
    with tempfile.TemporaryDirectory() as folder, Account() as account, Tasks() as tasks:
        cli = f"{folder}/latchkey"
        building = tasks.add(build, args.no_build, cli)
        tasks.add(staged, template)
        if not args.plant:
            for check in graph, choices, updates:
                tasks.add(check, template)
        building.result()
        if not args.plant:
            tasks.add(parameters)
        for door in [args.door] if args.door else ["http"] if args.plant else ["http", "rest"]:
            tasks.add(by, door, account, template, cli, args.picture if door == "http" else None, bool(args.plant))
        if not args.door and not args.plant:
            tasks.add(symmetric, account, template, cli)
            for names in together():
                tasks.add(notice, names, account, template, cli)
        return tasks.finish()


class Tasks:
    """Runs tasks at the same time, and prints what each said in the order in which they were added."""

    def __enter__(self):
        self.pool, self.added = ThreadPoolExecutor(os.cpu_count()), []
        return self

    def __exit__(self, *_):
        self.pool.shutdown(cancel_futures=True)

    def add(self, task, *args):
        said = []
        future = self.pool.submit(task, *args, say=said.append)
        self.added.append((future, said))
        return future

    def finish(self):
        """Returns how many facts held, or raises the first fault."""
        count = 0
        for future, said in self.added:
            wait([future])
            print("\n".join(said), flush=True)
            count += future.result()
        return count


def build(already, cli, say):
    """Builds the functions as a deployment does, checks for which processor they are, and builds the operator's command."""
    if not already:
        run([os.environ.get("SAM", "sam"), "build"])
    run([".ci/architecture"])
    run(["go", "build", "-o", cli, "./cmd/latchkey"])
    say("the functions are built, for the processor that is deployed")
    return 1


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Fault(f"{' '.join(command)}: {done.stderr[-2000:]}")


def graph(template, say):
    """Every combination of the parameters that add or remove resources: nothing dangling, no circle, no unknown type."""
    count = 0
    for parameters in model.combinations():
        m = Model(template, parameters)
        m.check_types()
        m.check_references()
        count += 1
    say(f"{count} combinations of parameters: every reference leads somewhere, nothing waits for itself, every type is known")
    return 1


def parameters(say):
    """The table of good and bad values, which template and code must judge alike."""
    run(["go", "test", "./internal/app", "-run", "^(TestTemplate.*|TestParameters|TestPatternsAgree|TestRights)$"])
    say("template and code accept and refuse the same values of every parameter")
    return 1


def choices(template, say):
    """What a fresh account and a live one must not trip over."""
    domain = {"DomainName": "login.example.com", "CertificateArn": f"arn:aws:acm:{model.REGION}:{model.ACCOUNT}:certificate/1"}
    for parameters, condition, want in (
            ({"FrontDoor": "http"}, "Logs", True), ({"FrontDoor": "rest"}, "Logs", False), ({"FrontDoor": "rest", "AccessLogs": "on"}, "Logs", True),
            (domain, "ExecuteApiOff", False), ({**domain, "ExecuteApi": "off"}, "ExecuteApiOff", True)):
        if Model(template, parameters).condition(condition) is not want:
            raise Fault(f"{parameters}: {condition} is not {want}")
    for door, name in (("http", "Api"), ("rest", "RestApi")):
        if '"disableexecuteapiendpoint": false' not in Model(template, {"FrontDoor": door, **domain}).fingerprint(name).lower():
            raise Fault(f"{name}: a domain switches the old address off before the new one works")
    say("a REST API asks for no CloudWatch role, and a new domain leaves the old address on")
    return 1


def updates(template, say):
    """No change of a single parameter may replace the table or the secret: those that stay keep what cannot be changed in place."""
    fixed = {"Table": ("KeySchema", "AttributeDefinitions", "TableName"), "SigningKeys": ("Name", "SecretString")}
    before = Model(template)
    for name, p in template["Parameters"].items():
        for value in others(name, p):
            try:
                after = Model(template, {name: value}, before.document)
            except Fault:
                continue
            for resource, properties in fixed.items():
                if resource not in after.active:
                    if name not in ("TableName", "SigningKeysArn"):
                        raise Fault(f"{name}={value} removes {resource}")
                    continue
                for prop in properties:
                    if before.properties(resource).get(prop) != after.properties(resource).get(prop):
                        raise Fault(f"{name}={value} changes {prop} of {resource}, which replaces it")
    say("no change of a parameter replaces the table or the secret")
    return 1


def others(name, p):
    if "AllowedValues" in p:
        return [str(v) for v in p["AllowedValues"]]
    if p["Type"] == "Number":
        return [str(p.get("MinValue", 1)), str(p.get("MaxValue", 100))]
    return [v for v in SAMPLES if model.refuses(p, v) is None and v != str(p["Default"])]


SAMPLES = [
    "x", "login.example.com", "https://login.example.com", "5m", "24h", "10/1h", "7", "argon2id:m=65536,t=3,p=4", "10.0.0.0/8", "Z123",
    f"arn:aws:kms:{model.REGION}:{model.ACCOUNT}:key/1", f"arn:aws:iam::{model.ACCOUNT}:policy/limit", f"arn:aws:sns:{model.REGION}:{model.ACCOUNT}:t",
    f"arn:aws:acm:{model.REGION}:{model.ACCOUNT}:certificate/1", f"arn:aws:secretsmanager:{model.REGION}:{model.ACCOUNT}:secret:s-AbCdEf", "restored",
]


def by(door, account, template, cli, picture_file=None, planted_here=False, *, say):
    say(f"\n{door}:")
    mail = {**model.MAIL, "MailFrom": f"login@mail{time.time_ns()}.example.com"}  # so that stacks in one account know their own
    m = Model(template, {"FrontDoor": door, "AlarmTopic": TOPIC, "PasskeyRp": "example.org", "PasskeyOrigins": "https://shop.example", **mail})
    m.check_types()
    m.check_references()
    m.ids["Table"] = f"latchkey-Table-{door}-{time.time_ns()}"
    stack = Stack(account, m, BUILDS)
    walk = Walk(stack, cli, say)
    try:
        walk.all()
        if not planted_here:
            examine(walk, faults=door == "http")
        if picture_file:
            walk.traffic()
            recording = picture.Recording()
            recording.take(stack)
            picture.draw(Model(template, {"FrontDoor": door, "Dashboard": "on"}), recording, picture_file)
            say(f"  the dashboard is drawn in {picture_file}")
    except Fault as e:
        denied = [d for r in stack.roles.values() for d in r.denied]
        raise Fault(f"{e}; denied: {denied[0]}" if denied else str(e)) from None
    finally:
        stack.stop()
    return walk.count + restore(door, account, template, cli, stack, say)


def restore(door, account, template, cli, stack, say):
    """A second stack over the table and the secret of the first, as after a restore or sam delete."""
    restored = Model(template, {"FrontDoor": door, "TableName": stack.table, "SigningKeysArn": stack.secret})
    restored.check_references()
    second = Stack(account, restored, BUILDS)
    again = Walk(second, cli, say)
    try:
        again.restored()
    finally:
        second.stop()
    return again.count


def symmetric(account, template, cli, say):
    """HS256, where nothing is published and the authorizer reads the ring; and only one of the contracts."""
    say("\nHS256, only the second contract:")
    m = Model(template, {"Algorithm": "HS256", "Contracts": "organization"})
    m.check_references()
    m.ids["Table"] = f"latchkey-Table-symmetric-{time.time_ns()}"
    stack = Stack(account, m, BUILDS)
    walk = Walk(stack, cli, say)
    try:
        walk.symmetric()
    finally:
        stack.stop()
    return walk.count


def staged(template, say):
    """Each function that a deployment moves by stages has the hook before it and an alarm that moves it back."""
    m = Model(template)
    groups = m.of_type("AWS::CodeDeploy::DeploymentGroup")
    for name in groups:
        p = m.properties(name)
        alarms = [a["Name"] for a in p.get("AlarmConfiguration", {}).get("Alarms", [])]
        if not alarms or not set(alarms) <= {m.physical(n) for n in m.of_type("AWS::CloudWatch::Alarm")}:
            raise Fault(f"{name} has no alarm that would stop it: {alarms}")
        if "CodeDeployDefault.LambdaCanary10Percent5Minutes" not in p["DeploymentConfigName"]:
            raise Fault(f"{name} deploys by {p['DeploymentConfigName']}")
    hooked = [n for n, r in m.active.items() if r["Type"] == "AWS::Lambda::Alias" and "UpdatePolicy" in r
              and m.resolve(r["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"].get("BeforeAllowTrafficHook")) == m.physical("SmokeFunction")]
    want = [n for n in m.of_type("AWS::Lambda::Alias") if not n.startswith("Rotate")]
    if not len(groups) == len(hooked) == len(want) >= 4:
        raise Fault(f"{len(want)} functions have an alias, {len(groups)} are deployed by stages, {len(hooked)} after the smoke function")
    say("each staged function is tried by the smoke function and goes back by an alarm")
    return 1


def planted():
    """Faults that the rehearsal must notice, each a change of the template."""
    resources = lambda t: t["Resources"]
    def statements(t, role):
        return resources(t)[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    def wrong_arn(t):
        statements(t, "SessionRole")[-1]["Resource"] = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:other-AbCdEf"
    def missing_right(t):
        for s in statements(t, "LoginRole"):
            if isinstance(s.get("Action"), list) and "dynamodb:UpdateItem" in s["Action"]:
                s["Action"] = ["dynamodb:PutItem"]
    def spare_right(t):
        statements(t, "KeysRole")[-1]["Action"] = ["dynamodb:GetItem", "dynamodb:Scan"]
    def spare_items(t):
        statements(t, "SessionRole")[-2]["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].append("LOGIN#*")
    def missing_alias(t):
        resources(t)["KeysIntegration"]["Properties"]["IntegrationUri"] = {"Fn::GetAtt": ["KeysFunction", "Arn"]}
    def renamed_schedule(t):
        resources(t)["KeyRotation"] = resources(t).pop("RotationSchedule")
    def missing_permission(t):
        del resources(t)["SessionPermission"]
    def another_first_value(t):
        resources(t)["SigningKeys"]["Properties"]["SecretString"] = '{"keys": []}'
    def no_time_to_live(t):
        resources(t)["Table"]["Properties"]["TimeToLiveSpecification"]["AttributeName"] = "expires"
    def unknown_type(t):
        resources(t)["Stream"] = {"Type": "AWS::Kinesis::Stream", "Properties": {}}
    def missing_variable(t):
        del t["Globals"]["Function"]["Environment"]["Variables"]["LATCHKEY_ISSUER"]
    def no_hook(t):
        del resources(t)["LoginFunction"]["Properties"]["DeploymentPreference"]["Hooks"]
    def no_alarm(t):
        del resources(t)["AuthorizerFunction"]["Properties"]["DeploymentPreference"]["Alarms"]
    def renamed_table(t):
        resources(t)["Table"]["Properties"]["TableName"] = "latchkey"
        resources(t)["Users"] = resources(t).pop("Table")
    return {f.__name__.replace("_", "-"): f for f in (
        wrong_arn, missing_right, spare_right, spare_items, missing_alias, renamed_schedule, missing_permission, another_first_value, no_time_to_live,
        unknown_type, missing_variable, no_hook, no_alarm, renamed_table)}


SYMPTOMS = {
    "wrong-arn": "denied: SessionRole: secretsmanager:GetSecretValue",
    "missing-right": "denied: LoginRole: dynamodb:UpdateItem",
    "spare-right": "KeysRole: dynamodb:Scan",
    "spare-items": "SessionRole: items under LOGIN#*",
    "missing-alias": "lets apigateway.amazonaws.com call",
    "renamed-schedule": "no RotationSchedule",
    "missing-permission": "SessionFunction:live",
    "another-first-value": "the secret begins as",
    "no-time-to-live": "the table's time to live",
    "unknown-type": "AWS::Kinesis::Stream",
    "missing-variable": "LATCHKEY_ISSUER",
    "no-hook": "after the smoke function",
    "no-alarm": "no alarm that would stop it",
    "renamed-table": "a reference to Table",
}


def together():
    """Planted faults that one walk can notice, in lists: what is spare shows only at its end, so both are planted at once."""
    late = ["spare-right", "spare-items"]
    return [late] + [[name] for name in planted() if name not in late]


def notice(names, account, template, cli, say):
    """The rehearsal's own test: each planted fault must turn it red, with its own symptom."""
    broken = copy.deepcopy(template)
    for name in names:
        planted()[name](broken)
    try:
        staged(broken, say=ignore)
        by("http", account, broken, cli, planted_here=True, say=ignore)
    except Fault as e:
        for name in names:
            if SYMPTOMS[name] not in str(e):
                raise Fault(f"the planted fault {name} showed another symptom: {e}") from None
            say(f"planted fault {name}: noticed: {SYMPTOMS[name]}")
        return len(names)
    raise Fault(f"the planted fault {names} was not noticed")


def ignore(_):
    pass


if __name__ == "__main__":
    main()
