"""Prints vectors.json: hashes made by implementations that share no code with ours.

    python3 -m venv venv && venv/bin/pip install argon2-cffi==25.1.0 bcrypt==5.0.0 passlib==1.7.4
    venv/bin/python vectors.py > vectors.json

argon2-cffi is the reference C code, bcrypt (pyca) is Rust, passlib's built-in bcrypt is Python.
Salts are fixed, so the output repeats byte for byte.
"""

import base64
import hashlib
import json
import os

os.environ["PASSLIB_BUILTIN_BCRYPT"] = "enabled"

import argon2.low_level
import bcrypt
from passlib.hash import bcrypt as passlib_bcrypt

passlib_bcrypt.set_backend("builtin")

NFC = "p\u00e4ssw\u00f6rd \u1e69".encode()
NFD = "pa\u0308sswo\u0308rd s\u0323\u0307".encode()
PASSWORDS = {
    "plain": b"correct horse battery staple",
    "empty": b"",
    "one byte": b"x",
    "spaces kept": b"  padded \t",
    "emoji": "\U0001f511\U0001f40e".encode(),
    "NFC": NFC,
    "NFD": NFD,
    "not UTF-8": b"\xff\xfe\xa3\x80 latin1 \xe9",
    "high bits": b"\xff\xa3345",
    "71 bytes": b"0123456789" * 7 + b"a",
    "72 bytes": b"0123456789" * 7 + b"ab",
}


def salt(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


def text(raw):
    return base64.b64encode(raw).decode().rstrip("=")


def argon2id(password, m=64, t=1, p=1, salt_size=16, size=32):
    raw = salt(f"{m} {t} {p} {size}", salt_size)
    digest = argon2.low_level.hash_secret_raw(
        password, raw, time_cost=t, memory_cost=m, parallelism=p, hash_len=size,
        type=argon2.low_level.Type.ID, version=19)
    return f"$argon2id$v=19$m={m},t={t},p={p}${text(raw)}${text(digest)}"


def bcrypt_salt(label):
    return bcrypt_base64(salt(label, 16))


def bcrypt_base64(raw):
    std = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    own = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return base64.b64encode(raw).rstrip(b"=").translate(bytes.maketrans(std, own))


def pyca(ident, cost, password):
    setting = b"$%s$%02d$%s" % (ident.encode(), cost, bcrypt_salt(f"{ident} {cost}"))
    return bcrypt.hashpw(password, setting).decode()


def passlib(ident, cost, password):
    return passlib_bcrypt.using(
        ident=ident, rounds=cost, salt=bcrypt_salt(f"passlib {ident} {cost}").decode(),
    ).hash(password)


def vectors():
    plain = PASSWORDS["plain"]
    for name, password in PASSWORDS.items():
        yield f"argon2id, {name}", password, argon2id(password)
        yield f"bcrypt 2b, {name}", password, pyca("2b", 4, password)
    for name in "plain", "empty", "high bits", "72 bytes":
        yield f"bcrypt 2y by passlib, {name}", PASSWORDS[name], passlib("2y", 4, PASSWORDS[name])
    yield "argon2id, 1024 bytes", b"k" * 1024, argon2id(b"k" * 1024)
    yield "argon2id, default parameters", plain, argon2id(plain, m=19456, t=2)
    yield "argon2id, 32 MiB in four lanes", plain, argon2id(plain, m=32768, t=2, p=4)
    yield "argon2id, least memory", plain, argon2id(plain, m=8)
    yield "argon2id, memory no multiple of 4p", plain, argon2id(plain, m=101, t=3, p=3)
    yield "argon2id, most lanes", plain, argon2id(plain, m=128, p=16)
    yield "argon2id, most passes", plain, argon2id(plain, t=16)
    yield "argon2id, shortest salt", plain, argon2id(plain, salt_size=8)
    yield "argon2id, shortest digest", plain, argon2id(plain, size=16)
    yield "argon2id, longest salt and digest", plain, argon2id(plain, salt_size=1024, size=128)
    yield "bcrypt 2a, cost 4", plain, pyca("2a", 4, plain)
    yield "bcrypt 2a by passlib, high bits", PASSWORDS["high bits"], passlib("2a", 4, PASSWORDS["high bits"])
    yield "bcrypt 2b, cost 5", plain, pyca("2b", 5, plain)


print(json.dumps(
    [{"name": n, "password": base64.b64encode(p).decode(), "hash": h} for n, p, h in vectors()],
    indent=1))
