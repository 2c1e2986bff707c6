// Prints rows [tool, name, password, hash] of better-auth, Lucia, Oslo (Lucia 3) and AdonisJS; see make_systems.py.
import { readFileSync } from "node:fs";
import { hashPassword } from "better-auth/crypto";
import { generateLuciaPasswordHash } from "lucia/utils";
import { Scrypt as Oslo } from "oslo/password";
import { Scrypt as Adonis } from "@adonisjs/hash/drivers/scrypt";
import { Argon } from "@adonisjs/hash/drivers/argon";
import { scryptSync } from "node:crypto";

const rows = [];
for (const [name, password] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const oldLucia = "0123456789abcdef:" + scryptSync(password.normalize("NFKC"), "0123456789abcdef", 64).toString("hex");
  rows.push(
    ["@adonisjs/hash", `AdonisJS scrypt, ${name}`, password, await new Adonis({ cost: 16 }).make(password)],
    ["@adonisjs/hash", `AdonisJS argon2, ${name}`, password, await new Argon({ memory: 64, iterations: 3, parallelism: 2 }).make(password)],
  );
  if (!["plain", "NFKC"].includes(name)) continue; // the others have one cost, which is high
  rows.push(
    ["better-auth", `better-auth, ${name}`, password, await hashPassword(password)],
    ["lucia 2", `Lucia 2, ${name}`, password, await generateLuciaPasswordHash(password)],
    ["node:crypto as lucia 1", `Lucia 1, ${name}`, password, oldLucia],
    ["oslo 1", `Lucia 3, ${name}`, password, await new Oslo().hash(password)],
  );
}
rows.push(["@adonisjs/hash", "AdonisJS scrypt, default cost", "correct horse battery staple", await new Adonis({}).make("correct horse battery staple")]);
console.log(JSON.stringify(rows));
