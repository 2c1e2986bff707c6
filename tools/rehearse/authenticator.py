"""A WebAuthn authenticator in software, with one passkey (ES256); too slow and too open for anything but a rehearsal."""

import base64
import hashlib
import json
import secrets

P = 2**256 - 2**224 + 2**192 + 2**96 - 1  # P-256 (FIPS 186-4, D.1.2.3)
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(p, q):
    if p is None or q is None:
        return p or q
    (x1, y1), (x2, y2) = p, q
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if p == q else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def times(k, p):
    total = None
    while k:
        total, p, k = add(total, p) if k & 1 else total, add(p, p), k >> 1
    return total


def integer(n):  # in DER
    content = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return bytes([2, len(content)]) + content


def encode(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Authenticator:
    """Answers as PublicKeyCredential.toJSON does. The user is always present and verified."""

    def __init__(self, origin):
        self.origin, self.id = origin, secrets.token_bytes(20)
        self.key = secrets.randbelow(N - 1) + 1
        self.x, self.y = times(self.key, G)

    def create(self, options):
        self.handle = options["user"]["id"]
        cose = bytes.fromhex("a5010203262001215820") + self.x.to_bytes(32, "big") + bytes.fromhex("225820") + self.y.to_bytes(32, "big")
        data = self.data(options["rp"]["id"], 0x45) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"
        return self.answer({
            "clientDataJSON": encode(self.client("webauthn.create", options["challenge"])), "attestationObject": encode(head + bytes([len(data)]) + data),
        })

    def get(self, options):
        data, client = self.data(options["rpId"], 0x05), self.client("webauthn.get", options["challenge"])
        return self.answer({
            "clientDataJSON": encode(client), "authenticatorData": encode(data), "userHandle": self.handle,
            "signature": encode(self.sign(data + hashlib.sha256(client).digest())),
        })

    def data(self, party, flags):
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + bytes(4)

    def client(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def sign(self, message):
        k = secrets.randbelow(N - 1) + 1
        r = times(k, G)[0] % N
        s = pow(k, -1, N) * (int.from_bytes(hashlib.sha256(message).digest(), "big") + r * self.key) % N
        both = integer(r) + integer(s)
        return bytes([0x30, len(both)]) + both

    def answer(self, response):
        return {"id": encode(self.id), "rawId": encode(self.id), "type": "public-key", "clientExtensionResults": {}, "response": response}
