"""Prints systems.json: hashes as further systems store them, made by those systems or by libraries that share no code with ours.

    python3.11 -m venv venv && venv/bin/pip install passlib==1.7.4 bcrypt==4.0.1
    npm install better-auth@1.7.25 lucia@2.7.7 oslo@1.2.1 @adonisjs/hash@10.1.1 argon2@0.45.1
    venv/bin/python make_systems.py "php systems.php SOURCES" "node systems.mjs" "java -cp JARS Systems.java" > systems.json

SOURCES is described in systems.php. JARS has spring-security-crypto 6.5.1 and keycloak-services and keycloak-crypto-default
26.2.5 with their dependencies. Python 3.11 is the last one whose module crypt calls the system's libxcrypt, here 4.4.33.
Salts are random, so the rows differ each time. hashcat's examples were published with it.
"""

import importlib.metadata
import json
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")
import crypt

from passlib import hash as passlib

PLAIN = "correct horse battery staple"
PASSWORDS = {
    "plain": PLAIN,
    "spaces kept": "  padded \t",
    "NFC": "p\u00e4ssw\u00f6rd \u1e69",
    "NFD": "pa\u0308sswo\u0308rd s\u0323\u0307",
    "NFKC": "\ufb01ve \u2460 \uff21",
    "emoji": "\U0001f511\U0001f40e",
    "200 bytes": "0123456789" * 20,
}


def by_passlib():
    tool = "passlib " + importlib.metadata.version("passlib")
    for name, password in PASSWORDS.items():
        yield tool, f"phpass P, {name}", password, passlib.phpass.using(rounds=7).hash(password)
        yield tool, f"phpass H, {name}", password, passlib.phpass.using(rounds=7, ident="H").hash(password)
        yield tool, f"sha256_crypt, {name}", password, passlib.sha256_crypt.using(rounds=1000).hash(password)
        yield tool, f"sha512_crypt, {name}", password, passlib.sha512_crypt.using(rounds=1001, salt_size=8).hash(password)
        yield tool, f"LDAP pbkdf2_sha256, {name}", password, passlib.ldap_pbkdf2_sha256.using(rounds=29).hash(password)
        yield tool, f"Atlassian, {name}", password, passlib.atlassian_pbkdf2_sha1.hash(password)
    yield tool, "phpass P, default rounds", PLAIN, passlib.phpass.hash(PLAIN)
    yield tool, "sha512_crypt, default rounds", PLAIN, passlib.sha512_crypt.hash(PLAIN)
    yield tool, "LDAP pbkdf2_sha1", PLAIN, passlib.ldap_pbkdf2_sha1.using(rounds=29).hash(PLAIN)
    yield tool, "LDAP pbkdf2_sha512", PLAIN, passlib.ldap_pbkdf2_sha512.using(rounds=29).hash(PLAIN)
    yield tool, "LDAP crypt", PLAIN, passlib.ldap_sha512_crypt.using(rounds=1000).hash(PLAIN)
    yield tool, "Dovecot SHA512-CRYPT", PLAIN, "{SHA512-CRYPT}" + passlib.sha512_crypt.using(rounds=1000).hash(PLAIN)
    yield tool, "Dovecot BLF-CRYPT", PLAIN, "{BLF-CRYPT}" + passlib.bcrypt.using(rounds=4).hash(PLAIN)


def by_libxcrypt():
    for name, password in PASSWORDS.items():
        for scheme, setting in (
            ("SHA-256-crypt", "$5$rounds=1234$" + "salt"), ("SHA-512-crypt", "$6$saltsaltsaltsalt"),
            ("yescrypt", "$y$j75$F5Jx5fExrKuPp53xLKQ..1"), ("yescrypt default cost", "$y$j9T$LdJMENpBABJJ3hIHjB1Bi."),
            ("scrypt of crypt", "$7$26..../....SodiumChloride"), ("scrypt of crypt r and p", "$7$31....0....SodiumChloride"),
        ):
            if "default" not in scheme or name == "plain":
                yield "libxcrypt 4.4.33", f"{scheme}, {name}", password, crypt.crypt(password, setting)


def published():
    for name, text in (
        ("phpass", "$P$984478476IagS59wHZvyQMArzfx58u."),
        ("Drupal 7", "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"),
        ("SHA-256-crypt", "$5$rounds=5000$GX7BopJZJxPc/KEK$le16UF8I2Anb.rOrn22AUPWvzUETDGefUmAV8AZkGcD"),
        ("SHA-512-crypt", "$6$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/"),
    ):
        yield "published by hashcat", name + " of hashcat", "hashcat", text


def by_command(command):
    done = subprocess.run(command.split(), input=json.dumps(PASSWORDS).encode(), stdout=subprocess.PIPE, check=True)
    return [row for row in json.loads(done.stdout) if not row[3].startswith("*")]


rows = [*by_passlib(), *by_libxcrypt(), *published()]
for command in sys.argv[1:]:
    rows += by_command(command)
print("[\n" + ",\n".join(json.dumps(dict(zip(("tool", "name", "password", "hash"), row))) for row in rows) + "\n]")
