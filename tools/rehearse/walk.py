"""The story that is told by each front door: from an empty stack to sign-ins, refusals, rotation and restoring."""

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import time

from authenticator import Authenticator
from gateway import Gateway
from model import ACCOUNT, REGION, Fault

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
ACCOUNTS = [{"organizationId": "o1", "organizationName": "Org", "userType": "Organization Owner"}]


def totp(secret, ahead=0):
    """A code of an authenticator app (RFC 6238): SHA-1, six digits, 30 seconds."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time() + ahead) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Walk:
    """Checks what a stack does, one fact at a time; count says how many held."""

    def __init__(self, stack, cli, say):
        self.stack, self.cli, self.say, self.count = stack, cli, say, 0
        self.gateway = Gateway(stack.model, stack.invoke)

    def fact(self, what, holds, got=""):
        if not holds:
            raise Fault(f"{what}: {got}")
        self.count += 1
        self.say(f"  {what}")

    def sign_in(self, path="/api/users/login", password=PASSWORD, email=EMAIL, source="203.0.113.7"):
        return self.gateway.send("POST", path, {"username": email, "email": email, "password": password}, source=source)

    def all(self):
        self.first_rotation()
        self.discovery()
        self.import_user()
        self.contracts()
        self.session()
        self.authorizer()
        self.throttle()
        self.second_factor()
        self.passkey()
        self.change_password()
        self.mail()
        self.reset_by_mail()
        self.invitation()
        self.smoke()
        self.second_rotation()
        self.deletion()
        self.rights()

    def symmetric(self):
        failed = self.stack.rotate()
        self.fact("the first rotation makes the ring", failed is None, failed)
        self.import_user()
        answer = self.sign_in("/users/login")
        self.fact("the user signs in", answer.status == 200 and answer.body["isSuccess"], answer.body)
        self.fact("the contract that is off is a 404", self.sign_in().status == 404)
        self.smoke()
        (_, http), _ = self.authorize(answer.body["accessToken"])
        self.fact("the authorizer verifies with the ring", http["isAuthorized"], http)
        keys = self.gateway.send("GET", "/.well-known/jwks.json")
        self.fact("nothing is published", keys.status == 200 and keys.body["keys"] == [], keys.body)
        self.fact("and the keys function asks for nothing but that", set(self.stack.functions["KeysFunction"].door.calls) == {"GetItem"},
                  self.stack.functions["KeysFunction"].door.calls)
        denied = [d for r in self.stack.roles.values() for d in r.denied]
        self.fact("no right was missing", not denied, denied)

    def first_rotation(self):
        self.stack.function("RotateFunction").door.broken = True
        failed = self.stack.rotate()
        self.fact("a first rotation that fails leaves the stack without keys", failed and self.ring() == {}, failed)
        self.stack.functions["RotateFunction"].door.broken = False
        answer = self.gateway.send("GET", "/.well-known/jwks.json")
        self.fact("the public keys are a 500 until then", answer.status == 500, answer.status)
        self.drop_pending()
        failed = self.stack.rotate()
        self.fact("a rotation by hand makes the first keys (docs/operate.md)", failed is None and "current" in self.ring(), failed)

    def ring(self):
        return json.loads(self.stack.account.secrets.get_secret_value(SecretId=self.stack.secret, VersionStage="AWSCURRENT")["SecretString"])

    def put_ring(self, ring):
        secrets, secret = self.stack.account.secrets, self.stack.secret
        labels = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        old = next(v for v, stages in labels.items() if "AWSCURRENT" in stages)
        new = secrets.put_secret_value(SecretId=secret, SecretString=json.dumps(ring), VersionStages=["BYHAND"])["VersionId"]
        secrets.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=new, RemoveFromVersionId=old)

    def drop_pending(self):
        secrets = self.stack.account.secrets
        for version, labels in secrets.describe_secret(SecretId=self.stack.secret)["VersionIdsToStages"].items():
            if labels == ["AWSPENDING"]:
                secrets.update_secret_version_stage(SecretId=self.stack.secret, VersionStage="AWSPENDING", RemoveFromVersionId=version)

    def discovery(self):
        for _ in range(50):  # the failed read is repeated after a second
            keys = self.gateway.send("GET", "/.well-known/jwks.json")
            if keys.status == 200:
                break
            time.sleep(0.1)
        self.fact("the public keys are published, current and next", keys.status == 200 and len(keys.body["keys"]) == 2, keys.status)
        self.kids = {k["kid"] for k in keys.body["keys"]}
        configuration = self.gateway.send("GET", "/.well-known/openid-configuration").body
        issuer = self.stack.functions["KeysFunction"].variables["LATCHKEY_ISSUER"]
        self.fact("discovery names the stack's own issuer", configuration["issuer"] == issuer and issuer in configuration["jwks_uri"], configuration)

    def import_user(self):
        salt = "rehearsalsalt"
        digest = base64.b64encode(hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt.encode(), 1000)).decode()
        user = {"id": "u-ada", "email": EMAIL, "passwordHash": f"pbkdf2_sha256$1000${salt}${digest}", "status": "ready", "accounts": ACCOUNTS}
        out = self.operator("users", "import", "-", stdin=json.dumps(user) + "\n")
        self.fact("a user is imported with a foreign hash", out.returncode == 0, out.stderr)

    def operator(self, *args, stdin="", aws=None, places=True):
        """Runs the operator's command against the emulators, or against aws, which stands for all services."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.stack.account.folder, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "operator",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL_DYNAMODB": aws or self.stack.account.dynamodb,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws or self.stack.account.moto, "AWS_ENDPOINT_URL": aws or "",
            "AWS_ENDPOINT_URL_SQS": aws or self.stack.account.moto,
        }
        places = ["--store", "dynamodb:" + self.stack.table, "--keys", "secretsmanager:" + self.stack.secret] if places else []
        return subprocess.run([self.cli, *args, *places], input=stdin, env=environment, capture_output=True, text=True, timeout=60)

    def contracts(self):
        first = self.sign_in()
        self.fact("the first contract signs in and sets both cookies", first.status == 200 and first.cookie("planpoint") and first.cookie("planpointRefresh"), first.body)
        second = self.sign_in("/users/login")
        self.fact("the second contract signs in", second.status == 200 and second.body["isSuccess"] is True, second.body)
        wrong = self.sign_in(password="wrong", email="nobody@example.com", source="198.51.100.9")
        self.fact("an unknown user is refused", wrong.status == 401 and not wrong.cookies, wrong.body)
        key = self.operator("clients", "add", "--name", "rehearsal", "--kind", "integration")
        headers = {"authorization": key.stdout.split()[-1] if key.stdout else ""}
        answer = self.gateway.send("POST", "/api/users/login", {"username": EMAIL, "password": PASSWORD}, headers=headers)
        self.fact("an integration signs in with its API key", key.returncode == 0 and answer.status == 200, key.stderr or answer.body)
        self.cookies = {n: first.cookie(n) for n in ("planpoint", "planpointRefresh")}
        self.token = first.body["access_token"]
        for path in ("/nowhere", "/api/users"):
            answer = self.gateway.send("GET", path)
            self.fact(f"{path} is a 404", answer.status == 404, answer.status)
        self.fact("GET at a sign-in is a 405 of the function", self.gateway.send("GET", "/users/login").status == 405)

    def session(self):
        jar = lambda: [f"{n}={v}" for n, v in self.cookies.items()]
        me = self.gateway.send("GET", "/api/users/me", cookies=jar())
        self.fact("who am I knows the user", me.status == 200 and me.body["username"] == EMAIL, me.body)
        refreshed = self.gateway.send("POST", "/api/users/refresh", {}, cookies=jar())
        self.fact("a refresh gives new tokens", refreshed.status == 200 and refreshed.cookie("planpointRefresh"), refreshed.body)
        self.cookies = {n: refreshed.cookie(n) or v for n, v in self.cookies.items()}
        self.token = refreshed.body["access_token"]
        listed = self.gateway.send("GET", "/api/users/sessions", cookies=jar())
        others = [s["id"] for s in listed.body["sessions"] if not s["current"]]
        self.fact("the sessions are listed", listed.status == 200 and others, listed.body)
        ended = self.gateway.send("DELETE", "/api/users/sessions/" + others[0], cookies=jar())
        self.fact("one of them is ended", ended.status in (200, 204), (ended.status, ended.body))
        other = self.sign_in()
        jar2 = [f"planpoint={other.cookie('planpoint')}", f"planpointRefresh={other.cookie('planpointRefresh')}"]
        out = self.gateway.send("POST", "/api/users/logout", cookies=jar2)
        self.fact("a logout ends its session", out.status == 200 and self.gateway.send("GET", "/api/users/me", cookies=jar2).status == 401, out.body)
        out = self.gateway.send("POST", "/api/users/logout", cookies=jar(), query={"all": "true"})
        self.fact("a logout of all ends every session", out.status == 200 and self.gateway.send("GET", "/api/users/me", cookies=jar()).status == 401, out.body)
        self.token = self.sign_in().body["access_token"]

    def authorize(self, token):
        alias = self.stack.model.resolve(self.stack.model.document["Outputs"]["AuthorizerFunctionArn"]["Value"])
        http = {
            "version": "2.0", "type": "REQUEST", "routeArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:other/$default/GET/orders", "routeKey": "GET /orders",
            "identitySource": [f"Bearer {token}"], "rawPath": "/orders", "rawQueryString": "", "headers": {"authorization": f"Bearer {token}"},
            "requestContext": {"accountId": ACCOUNT, "apiId": "other", "stage": "$default", "requestId": "r", "routeKey": "GET /orders",
                               "http": {"method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"}},
        }
        rest = {"type": "TOKEN", "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:other/prod/GET/orders", "authorizationToken": f"Bearer {token}"}
        return self.stack.invoke(alias, http), self.stack.invoke(alias, rest)

    def authorizer(self):
        (_, http), (_, rest) = self.authorize(self.token)
        self.fact("the authorizer lets the token in, for HTTP and REST APIs", http["isAuthorized"] and rest["policyDocument"]["Statement"][0]["Effect"] == "Allow", http)
        (_, http), (good, rest) = self.authorize(self.token[:-4] + "AAAA")
        self.fact("and refuses a forged one", not http["isAuthorized"] and (not good or rest["policyDocument"]["Statement"][0]["Effect"] == "Deny"), rest)

    def throttle(self):
        source = "198.51.100.77"
        answers = [self.sign_in(password=f"guess {i}", source=source) for i in range(8)]
        self.fact("the seventh guess is refused without a hash", all(a.status == 401 for a in answers) and "retry-after" in answers[-1].headers, answers[-1].headers)
        self.fact("the user's own source is not", self.sign_in().status == 200)

    def second_factor(self):
        signed_in = self.sign_in()
        jar = [f"{n}={signed_in.cookie(n)}" for n in ("planpoint", "planpointRefresh")]
        seed = self.gateway.send("POST", "/api/users/factors/totp", cookies=jar)
        self.fact("an authenticator app is added", seed.status in (200, 201) and seed.body.get("secret"), (seed.status, seed.body))
        confirmed = self.gateway.send("POST", "/api/users/factors/totp/confirm", {"id": seed.body["id"], "code": totp(seed.body["secret"])}, cookies=jar)
        self.fact("and confirmed with a code", confirmed.status == 200 and len(confirmed.body["recoveryCodes"]) == 10, confirmed.body)
        listed = self.gateway.send("GET", "/api/users/factors", cookies=jar)
        self.fact("the factors are listed", listed.status == 200 and len(listed.body["factors"]) == 1, listed.body)
        asked = self.sign_in()
        self.fact("the password alone gets a challenge and no cookie", asked.body.get("challenge") and not asked.cookie("planpoint"), asked.body)
        wrong = self.gateway.send("POST", "/api/users/login/factor", {"challenge": asked.body["challenge"]["id"], "code": "000000"})
        self.fact("a wrong code is refused", wrong.status == 401 and not wrong.cookie("planpoint"), (asked.body, wrong.body))
        self.factor_of_client()
        asked = self.sign_in()
        done = self.gateway.send("POST", "/api/users/login/factor", {"challenge": asked.body["challenge"]["id"], "code": totp(seed.body["secret"], 30)})
        self.fact("challenge and code sign in", done.status == 200 and done.cookie("planpoint"), done.body)
        both = self.gateway.send("POST", "/users/login", {"email": EMAIL, "password": PASSWORD, "code": confirmed.body["recoveryCodes"][0], "remember": True})
        self.fact("password and recovery code sign in with one call", both.status == 200 and both.body["isSuccess"], both.body)
        self.remembered_device(both.body)
        jar = [f"{n}={done.cookie(n)}" for n in ("planpoint", "planpointRefresh")]
        removed = self.gateway.send("DELETE", "/api/users/factors/" + listed.body["factors"][0]["id"], cookies=jar)
        self.fact("the factor is removed", removed.status in (200, 204) and self.sign_in().status == 200, (removed.status, removed.body))
        self.token = self.sign_in().body["access_token"]

    def remembered_device(self, made):
        known = {"email": EMAIL, "password": PASSWORD, "deviceToken": made["deviceToken"]}
        again = self.gateway.send("POST", "/users/login", known)
        self.fact("a remembered device is asked for no factor", again.body["isSuccess"], again.body)
        bearer = {"authorization": "Bearer " + made["accessToken"]}
        listed = self.gateway.send("GET", "/api/users/sessions", headers=bearer)
        for _ in range(6):
            self.gateway.send("POST", "/users/login", {**known, "password": "guess"})
        forgotten = self.gateway.send("POST", "/users/login", known)
        self.fact("it is listed, and forgotten after six failures",
                  len(listed.body["devices"]) == 1 and forgotten.body.get("challenge"), (listed.body, forgotten.body))
        gone = self.gateway.send("DELETE", "/api/users/sessions/" + listed.body["devices"][0]["id"], headers=bearer)
        self.fact("and is then unknown", gone.status == 404, (gone.status, gone.body))

    def change_password(self):
        for old, new in ((PASSWORD, "a walrus in the attic"), ("a walrus in the attic", PASSWORD)):
            signed_in = self.sign_in(password=old)
            jar = [f"{n}={signed_in.cookie(n)}" for n in ("planpoint", "planpointRefresh")]
            wrong = self.gateway.send("POST", "/api/users/password", {"currentPassword": "wrong", "newPassword": new}, cookies=jar)
            changed = self.gateway.send("POST", "/api/users/password", {"currentPassword": old, "newPassword": new}, cookies=jar)
            ended = self.gateway.send("GET", "/api/users/me", cookies=jar)
            self.fact("a user changes the password, and the old session ends",
                      wrong.status == 400 and changed.status == 200 and changed.cookie("planpoint") and ended.status == 401, (wrong.body, changed.body))
        self.token = self.sign_in().body["access_token"]

    def mail(self):
        user = json.loads(self.operator("users", "show", EMAIL, "--json").stdout)["id"]
        self.stack.deliver(), self.stack.sent_mails()  # what came before
        message = {"kind": "reset", "user": user, "drop": False}
        for m in (message, {**message, "drop": True}, {**message, "user": "nobody"}):
            self.stack.put_message(json.dumps(m))
        left, mails = self.stack.deliver(), self.stack.sent_mails()
        self.fact("a message of the queue becomes a mail of SES, and those to be dropped do not", not left and len(mails) == 1, (left, mails))
        text = mails[0].get_body(("plain",)).get_content()
        self.fact("the mail is to the user, with a link to the page", EMAIL in mails[0]["To"] and "https://app.example.com/reset#token=" in text, mails[0])
        forged = ["{}", "x", json.dumps({**message, "kind": "transfer"}), json.dumps({**message, "to": "eve@example.com"})]
        for body in forged:
            self.stack.put_message(body)
        left = self.stack.deliver()
        self.fact("forged messages stay for the dead-letter queue, and no mail is sent", sorted(left) == sorted(forged) and not self.stack.sent_mails(), left)

    def token_of(self, email):
        """The token of the link in the one mail that SES took since the last call, which must be to the address."""
        left, mails = self.stack.deliver(), self.stack.sent_mails()
        links = [re.search(r"https://app\.example\.com/reset#token=(\S+)", m.get_body(("plain",)).get_content()) for m in mails if email in m["To"]]
        if left or len(links) != len(mails) or not any(links):
            raise Fault(f"the mails to {email} are {[m.as_string() for m in mails]}, and {left} is left")
        return next(found[1] for found in links if found)

    def reset_by_mail(self):
        for path, new in (("/api/users/password/reset", "a walrus in the attic"), ("/users/password/reset", PASSWORD)):
            member = "username" if path.startswith("/api") else "email"
            known, unknown = (self.gateway.send("POST", path, {member: name}) for name in (EMAIL, "nobody@example.com"))
            self.fact("a known and an unknown address get the same answer", known.status == 200 and known.body == unknown.body, (known.body, unknown.body))
            confirm = {"token": self.token_of(EMAIL), "newPassword": new}
            first, second = (self.gateway.send("POST", path + "/confirm", confirm) for _ in range(2))
            self.fact("the token of the mail sets the password, once", first.status == 200 and second.status == 400 and second.body["rule"] == "token",
                      (first.body, second.body))
            self.fact("the user signs in with it", self.sign_in(password=new).status == 200, new)
        self.token = self.sign_in().body["access_token"]
        self.stack.deliver(), self.stack.sent_mails()  # notices of the changes

    def invitation(self):
        name = "mary@example.com"
        self.operator("users", "import", "-", stdin=json.dumps({"email": name, "status": "pending", "activate": True}))
        queue = self.stack.account.queues.get_queue_url(QueueName=self.stack.model.attribute("MailQueue", "QueueName"))["QueueUrl"]
        invited, again = (self.operator("users", "invite", "--all-pending", "--mail", "sqs:" + queue) for _ in range(2))
        self.fact("an operator invites a user without a password, once", "1 invited" in invited.stderr and "0 invited, 0 refused, 1 unchanged" in again.stderr,
                  (invited.stderr, again.stderr))
        confirm = {"token": self.token_of(name), "newPassword": "a walrus in the attic"}
        chosen = self.gateway.send("POST", "/api/users/password/reset/confirm", confirm)
        signed_in = self.sign_in(email=name, password="a walrus in the attic")
        self.fact("who is ready with the password of the mail's link", chosen.status == signed_in.status == 200, (chosen.body, signed_in.body))
        self.stack.deliver(), self.stack.sent_mails()
        self.operator("users", "delete", name, "--yes")

    def factor_of_client(self):
        key = self.operator("clients", "add", "--name", "site", "--kind", "standard").stdout.split()[-1]
        asked = self.gateway.send("POST", "/api/users/login", {"username": EMAIL, "password": PASSWORD}, headers={"authorization": key})
        answer = {"challenge": asked.body["challenge"]["id"], "code": "000000"}
        without = self.gateway.send("POST", "/api/users/login/factor", answer)
        wrong = self.gateway.send("POST", "/api/users/login/factor", answer, headers={"authorization": key})
        self.fact("a client's challenge needs the client's key and a code", without.status == wrong.status == 401, (without.body, wrong.body))

    def passkey(self):
        related = self.gateway.send("GET", "/.well-known/webauthn")
        self.fact("related origins are published", related.body == {"origins": ["https://shop.example"]}, (related.status, related.body))
        key = Authenticator(self.stack.functions["KeysFunction"].variables["LATCHKEY_ISSUER"].removesuffix("/live"))
        signed_in = self.sign_in()
        jar = [f"{n}={signed_in.cookie(n)}" for n in ("planpoint", "planpointRefresh")]
        asked = self.gateway.send("POST", "/api/users/passkeys/options", {}, cookies=jar)
        self.fact("a passkey is asked for", asked.status == 200, (asked.status, asked.body))
        made = {"challenge": asked.body["challenge"], "credential": key.create(asked.body["publicKey"]), "name": "laptop"}
        added = self.gateway.send("POST", "/api/users/passkeys", made, cookies=jar)
        self.fact("and added", added.status == 200 and len(added.body["recoveryCodes"]) == 10, (added.status, added.body))
        for path in "/api/users/login/passkey", "/users/login/passkey":
            asked = self.gateway.send("POST", "/api/users/login/passkey/options", {})
            answer = {"challenge": asked.body["challenge"], "assertion": key.get(asked.body["publicKey"])}
            done = self.gateway.send("POST", path, answer)
            self.fact(f"it signs in at {path}", done.status == 200 and done.body.get("isSuccess", True), (done.status, done.body))
            used = self.gateway.send("POST", path, answer)
            self.fact("once", used.status == 401 or not used.body.get("isSuccess", True), (used.status, used.body))
        challenge = self.sign_in().body["challenge"]
        done = self.gateway.send("POST", "/api/users/login/factor", {"challenge": challenge["id"], "assertion": key.get(challenge["publicKey"])})
        self.fact("it is the second factor after a password", done.status == 200 and done.cookie("planpoint"), (done.status, done.body))
        jar = [f"{n}={done.cookie(n)}" for n in ("planpoint", "planpointRefresh")]
        removed = self.gateway.send("DELETE", "/api/users/factors/" + added.body["id"], cookies=jar)
        self.fact("the passkey is removed", removed.status == 200 and self.sign_in().status == 200, (removed.status, removed.body))
        self.token = self.sign_in().body["access_token"]

    def smoke(self):
        self.stack.function("SmokeFunction")
        hook = self.stack.invoke_hook()
        self.fact("the smoke function passes the new versions", self.stack.reports == ["Succeeded"], (hook, "".join(self.stack.functions["SmokeFunction"].log[-3:])))

    def traffic(self):
        """A day of a small service in a few seconds, for the dashboard's picture."""
        for i in range(60):
            answer = self.sign_in("/users/login" if i % 3 else "/api/users/login")
            if i % 4 == 0:
                self.sign_in(password="mistyped", source=f"198.51.100.{i}")
            if 30 <= i < 45:
                self.sign_in(password="guess", email=f"stranger{i}@example.com", source="198.51.100.200")
                self.sign_in(password=f"guess {i}", source="198.51.100.201")
            if i % 5 == 0 and answer.cookie("planpointRefresh"):
                jar = [f"{n}={answer.cookie(n)}" for n in ("planpoint", "planpointRefresh")]
                self.gateway.send("POST", "/api/users/refresh", {}, cookies=jar)

    def second_rotation(self):
        before = self.ring()
        failed = self.stack.rotate()
        self.fact("a rotation that comes too soon changes nothing", failed is None and self.ring() == before, failed)
        for k in before["keys"]:
            if k["kid"] == before["next"]:
                k["createdAt"] = int(time.time()) - 30 * 86400
        self.put_ring(before)
        failed = self.stack.rotate()
        after = self.ring()
        self.fact("a rotation after a month makes the next key the current one", failed is None and after["current"] == before["next"], failed)
        self.fact("and the old token stays valid", self.authorize(self.token)[0][1]["isAuthorized"])

    def deletion(self):
        if "Table" not in self.stack.model.active:
            return
        try:
            self.stack.account.protected.delete_table(TableName=self.stack.table)
            self.fact("the table refuses to be deleted", False)
        except self.stack.account.protected.exceptions.ClientError as e:
            self.fact("the table refuses to be deleted", "protection" in str(e).lower(), e)
        kept = {n: self.stack.model.active[n].get("DeletionPolicy") for n in ("Table", "SigningKeys")}
        self.fact("and stays when the stack is deleted", kept == {"Table": "Retain", "SigningKeys": "RetainExceptOnCreate"}, kept)

    def rights(self):
        denied = [d for r in self.stack.roles.values() for d in r.denied]
        self.fact("no right was missing", not denied, denied)
        unused = [u for r in self.stack.roles.values() for u in r.unused()]
        self.fact("every right was used or is explained", not unused, unused)

    def restored(self):
        """What must hold where table and secret existed before the stack."""
        answer = self.sign_in()
        self.fact("a stack over an existing table and secret signs in the same user", answer.status == 200, answer.body)
        kids = {k["kid"] for k in self.gateway.send("GET", "/.well-known/jwks.json").body["keys"]}
        self.fact("with the same keys", kids & {self.ring()["current"]}, kids)
