"""Prints foreign.json: hashes as other systems store them, made by implementations that share no code with ours.

    python3 -m venv venv
    venv/bin/pip install argon2-cffi==25.1.0 bcrypt==5.0.0 Django==5.2.19 passlib==1.7.4 Werkzeug==3.1.9
    venv/bin/python make_foreign.py php > foreign.json

The last argument is a PHP command (apt install php-cli); its argon2 salts are random, so its rows differ each time.
The vectors of ASP.NET Core (PasswordHasherTest.cs), Firebase (the README of firebase/scrypt) and GoTrue (its tests) are
published ones; the formats written out below with hashlib, and AES by FIPS 197, must agree with them first.
"""

import base64
import hashlib
import importlib.metadata
import json
import platform
import subprocess
import sys

import django.conf

django.conf.settings.configure(USE_I18N=False)

import werkzeug.security
from django.contrib.auth import hashers
from passlib import hash as passlib

PLAIN = "correct horse battery staple"
PASSWORDS = {
    "plain": PLAIN,
    "spaces kept": "  padded \t",
    "NFC": "p\u00e4ssw\u00f6rd \u1e69",
    "NFD": "pa\u0308sswo\u0308rd s\u0323\u0307",
    "emoji": "\U0001f511\U0001f40e",
    "200 bytes": "0123456789" * 20,  # over the block of each HMAC, and over bcrypt's 72
}


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


def salt(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


def text_salt(label, size):
    return salt(label, size).hex()[:size]


def by_passlib():
    for function, rounds in ("pbkdf2_sha1", 131), ("pbkdf2_sha256", 29), ("pbkdf2_sha512", 25):
        for name, password in PASSWORDS.items():
            made = getattr(passlib, function).using(rounds=rounds, salt=salt(function + name, 16))
            yield f"passlib {function}, {name}", password, made.hash(password)
    for name, password in PASSWORDS.items():
        yield f"scrypt, {name}", password, passlib.scrypt.using(rounds=4, salt=salt(name, 16)).hash(password)
        yield f"argon2i, {name}", password, passlib.argon2.using(
            type="I", time_cost=3, memory_cost=64, parallelism=2, salt=salt(name, 16)).hash(password)
    yield "passlib pbkdf2_sha1, default rounds", PLAIN, passlib.pbkdf2_sha1.using(salt=salt("a", 16)).hash(PLAIN)
    yield "passlib pbkdf2_sha256, default rounds", PLAIN, passlib.pbkdf2_sha256.using(salt=salt("b", 16)).hash(PLAIN)
    yield "passlib pbkdf2_sha512, default rounds", PLAIN, passlib.pbkdf2_sha512.using(salt=salt("c", 16)).hash(PLAIN)
    yield "scrypt, r and p", PLAIN, passlib.scrypt.using(rounds=5, block_size=3, parallelism=4, salt=salt("e", 8)).hash(PLAIN)


def cheap(hasher, **costs):
    """A hasher of Django with other costs."""
    made = hasher()
    for name, value in costs.items():
        setattr(made, name, value)
    return made


def by_django():
    pbkdf2_sha256, pbkdf2_sha1 = cheap(hashers.PBKDF2PasswordHasher, iterations=41), cheap(hashers.PBKDF2SHA1PasswordHasher, iterations=43)
    scrypt = cheap(hashers.ScryptPasswordHasher, work_factor=16)
    argon2 = cheap(hashers.Argon2PasswordHasher, memory_cost=64, time_cost=2, parallelism=2)
    bcrypt, bcrypt_sha256 = cheap(hashers.BCryptPasswordHasher), cheap(hashers.BCryptSHA256PasswordHasher)
    for name, password in PASSWORDS.items():
        for hasher in pbkdf2_sha256, pbkdf2_sha1, scrypt, argon2:
            yield f"Django {hasher.algorithm}, {name}", password, hasher.encode(password, text_salt(hasher.algorithm + name, 22))
        for hasher in bcrypt, bcrypt_sha256:
            if hasher is bcrypt_sha256 or len(password.encode()) <= 72:
                yield f"Django {hasher.algorithm}, {name}", password, hasher.encode(password, b"$2b$04$" + bcrypt_salt(name))


def bcrypt_salt(label):
    std = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    own = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return base64.b64encode(salt(label, 16)).rstrip(b"=").translate(bytes.maketrans(std, own))


def by_werkzeug():
    werkzeug.security.gen_salt = lambda size: text_salt("werkzeug", size)
    for method in "pbkdf2:sha1:31", "pbkdf2:sha256:37", "pbkdf2:sha512:47", "scrypt:32:8:2":
        for name, password in PASSWORDS.items():
            yield f"Werkzeug {method}, {name}", password, werkzeug.security.generate_password_hash(password, method)
    yield "Werkzeug scrypt, default cost", PLAIN, werkzeug.security.generate_password_hash(PLAIN, "scrypt")


def by_php(command):
    """What password_hash and hash_pbkdf2 of PHP make, in the PHC string format."""
    script = """
        $cost = ['memory_cost' => 64, 'time_cost' => 3, 'threads' => 1];
        foreach (json_decode(stream_get_contents(STDIN), true) as $name => $p) {
            $rows["PHP argon2i, $name"] = [$p, password_hash($p, PASSWORD_ARGON2I, $cost)];
            if (strlen($p) <= 72) $rows["PHP bcrypt, $name"] = [$p, password_hash($p, PASSWORD_BCRYPT, ['cost' => 4])];
            foreach (['sha1' => 20, 'sha256' => 32, 'sha512' => 64] as $function => $size) {
                $b64 = fn($raw) => rtrim(base64_encode($raw), '=');
                $salt = substr(hash('sha256', $function . $name, true), 0, 16);
                $raw = hash_pbkdf2($function, $p, $salt, 1000, $size, true);
                $rows["PHC pbkdf2-$function, $name"] = [$p, "\\$pbkdf2-$function\\$i=1000,l=$size\\$" . $b64($salt) . '$' . $b64($raw)];
            }
            $rows["PHC pbkdf2, $name"] = [$p, str_replace(['-sha1', ',l=20'], '', $rows["PHC pbkdf2-sha1, $name"][1])];
        }
        $rows['PHP argon2i, default cost'] = [$p, password_hash($p, PASSWORD_ARGON2I)];
        echo json_encode(['version' => PHP_VERSION, 'rows' => $rows]);
    """
    done = subprocess.run([command, "-r", script], input=json.dumps(PASSWORDS).encode(), stdout=subprocess.PIPE, check=True)
    answer = json.loads(done.stdout)
    return "PHP " + answer["version"], [(name, *row) for name, row in answer["rows"].items()]


def aspnet3(password, function, rounds, salt_bytes, size):
    head = bytes([1]) + b"".join(n.to_bytes(4, "big") for n in (["sha1", "sha256", "sha512"].index(function), rounds, len(salt_bytes)))
    digest = hashlib.pbkdf2_hmac(function, password.encode(), salt_bytes, rounds, size)
    return base64.b64encode(head + salt_bytes + digest).decode()


def aspnet2(password, salt_bytes):
    digest = hashlib.pbkdf2_hmac("sha1", password.encode(), salt_bytes, 1000, 32)
    return base64.b64encode(bytes([0]) + salt_bytes + digest).decode()


ASPNET = {  # of "my password"
    "sha1, 250 rounds": "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
    "sha256, 250000 rounds": "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=",
    "sha512, 50 rounds": "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
    "sha512, 250 rounds":
        "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw==",
    "sha512, 100000 rounds": "AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg/Q8A0WMKbtHQJQ2DHCdoEeeFBrgNlldq6vH4qX/CGqGQ==",
}
ASPNET2 = "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="


def published_aspnet():
    for name, text in ASPNET.items():
        raw = base64.b64decode(text)
        size = raw[12]
        again = aspnet3("my password", name.split(",")[0], int.from_bytes(raw[5:9], "big"), raw[13:13 + size], len(raw) - 13 - size)
        assert again == text, name
        yield f"ASP.NET 3 {name}", "my password", text
    assert aspnet2("my password", bytes(range(16))) == ASPNET2
    yield "ASP.NET 2", "my password", ASPNET2


def by_hashlib():
    for name, password in PASSWORDS.items():
        for function in "sha1", "sha256", "sha512":
            yield f"ASP.NET 3 {function}, {name}", password, aspnet3(password, function, 100, salt(function + name, 16), 32)
        yield f"ASP.NET 2, {name}", password, aspnet2(password, salt("2" + name, 16))
        yield f"Firebase, {name}", password, firebase(password, 5, 4, salt("sk", 64), b"\x07", salt(name, 10))


def aes256_encrypt_block(key, block):
    """FIPS 197, as it is written there; slow, and nobody else's code."""
    def times(a, b):
        product = 0
        for bit in range(8):
            product ^= a << bit if b >> bit & 1 else 0
        for bit in range(14, 7, -1):
            product ^= 0x11B << bit - 8 if product >> bit & 1 else 0
        return product

    sbox = []
    for value in range(256):
        inverse = next((x for x in range(256) if times(value, x) == 1), 0)
        turned = 0x63
        for turn in range(5):
            turned ^= (inverse << turn | inverse >> 8 - turn) & 0xFF
        sbox.append(turned)
    words, rcon = [list(key[i:i + 4]) for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = [sbox[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = times(rcon, 2)
        elif i % 8 == 4:
            word = [sbox[b] for b in word]
        words.append([a ^ b for a, b in zip(word, words[i - 8])])
    keys = [sum(words[i:i + 4], []) for i in range(0, 60, 4)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for turn in range(1, 15):
        state = [sbox[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if turn < 14:
            columns = [state[i:i + 4] for i in range(0, 16, 4)]
            state = [times(c[i], 2) ^ times(c[(i + 1) % 4], 3) ^ c[(i + 2) % 4] ^ c[(i + 3) % 4] for c in columns for i in range(4)]
        state = [a ^ b for a, b in zip(state, keys[turn])]
    return bytes(state)


def firebase(password, n, r, signer_key, separator, salt_bytes):
    key = hashlib.scrypt(password.encode(), salt=salt_bytes + separator, n=1 << n, r=r, p=1, maxmem=1 << 27, dklen=32)
    stream = b"".join(aes256_encrypt_block(key, i.to_bytes(16, "big")) for i in range((len(signer_key) + 15) // 16))
    digest = bytes(a ^ b for a, b in zip(signer_key, stream))
    ss, sk, s, d = (base64.b64encode(raw).decode() for raw in (separator, signer_key, salt_bytes, digest))
    return f"$fbscrypt$v=1,n={n},r={r},p=1,ss={ss},sk={sk}${s}${d}"


def published_firebase():
    for name, password, sk, s, digest in (
        ("Firebase's README", "user1password", "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
         "42xEC+ixf3L2lw==", "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="),
        ("GoTrue's test", "mytestpassword", "ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==",
         "C0sHCg9ek77hsg==", "zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw=="),
    ):
        text = f"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={sk}${s}${digest}"
        assert firebase(password, 14, 8, base64.b64decode(sk), b"\x07", base64.b64decode(s)) == text, name
        yield f"Firebase, {name}", password, text


def rows():
    php, php_rows = by_php(sys.argv[1])
    for tool, made in (
        (version("passlib") + ", " + version("argon2-cffi"), by_passlib()),
        (version("Django") + ", " + version("bcrypt"), by_django()),
        (version("Werkzeug"), by_werkzeug()),
        (php, php_rows),
        ("published by ASP.NET Core", published_aspnet()),
        ("published by Firebase and GoTrue", published_firebase()),
        (f"hashlib of Python {platform.python_version()}", by_hashlib()),
    ):
        for name, password, text in made:
            yield {"name": name, "tool": tool, "password": password, "hash": text}


print("[\n" + ",\n".join(json.dumps(row) for row in rows()) + "\n]")
