package password

import (
	"errors"
	"fmt"
	"strings"
)

// maxStored is longer than any accepted text: Firebase's, with everything at its largest, has 1,754 bytes.
const maxStored = 2048

// Caps on salts and digests in bytes. Shorter digests can be guessed; no system writes longer ones.
const (
	minSalt, maxSalt     = 8, 1024
	minDigest, maxDigest = 16, 128
)

// hash is a stored hash that was read in full and is within the caps.
type hash interface {
	// memory returns what one computation takes, in KiB.
	memory() uint32
	// matches does the same work whether the password is right or wrong, and compares in constant time.
	matches(password string) bool
	// parameters describes for people what decides how long that takes.
	parameters() string
	// outdated reports whether a new hash with the target's costs should replace it: it is weaker, or of another scheme.
	outdated(target Params) bool
}

// decoy does the work of the hash inside it and matches no password.
type decoy struct{ hash }

func (d decoy) matches(password string) bool {
	d.hash.matches(password)
	return false
}

// Check returns nil for a stored hash that Verify can compute, else an error that tells the person who imports it what is
// wrong. The error never quotes the hash.
func Check(stored string) error {
	_, err := parse(stored)
	return err
}

// scheme is one format of stored hashes and the function that reads it.
type scheme struct {
	prefix string
	fits   func(stored string) bool // where the prefix alone says too little
	name   string
	parse  func(stored string) (hash, error)
	// secrets replaces everything but parameters in the fields between the dollars of a text that parse accepted.
	secrets func(d draw, fields []string)
}

func (s scheme) begins(stored string) bool {
	return strings.HasPrefix(stored, s.prefix) && (s.fits == nil || s.fits(stored))
}

// schemeOf finds the scheme of a stored text; docs/hashes.md has an example of each. To support another scheme, add a file and
// a line here.
func schemeOf(stored string) (found scheme, known bool) {
	for _, s := range [...]scheme{
		{prefix: "$argon2id$", name: "argon2id", parse: parseArgon2, secrets: argon2Secrets},
		{prefix: "$argon2i$", name: "argon2i", parse: parseArgon2, secrets: argon2Secrets},
		{prefix: "argon2$argon2id$", name: "argon2id of Django", parse: parseDjangoArgon2, secrets: argon2Secrets},
		{prefix: "argon2$argon2i$", name: "argon2i of Django", parse: parseDjangoArgon2, secrets: argon2Secrets},
		{prefix: "$2a$", name: "bcrypt", parse: parseBcrypt, secrets: bcryptSecrets},
		{prefix: "$2b$", name: "bcrypt", parse: parseBcrypt, secrets: bcryptSecrets},
		{prefix: "$2y$", name: "bcrypt", parse: parseBcrypt, secrets: bcryptSecrets},
		{prefix: "bcrypt$", name: "bcrypt of Django", parse: parseDjangoBcrypt, secrets: bcryptSecrets},
		{prefix: "bcrypt_sha256$", name: "bcrypt_sha256 of Django", parse: parseDjangoBcryptSHA256, secrets: bcryptSecrets},
		{prefix: "$wp$2", name: "bcrypt of WordPress", parse: parseWordPress, secrets: bcryptSecrets},
		{prefix: "$scrypt$", name: "scrypt", parse: parseScrypt, secrets: phcSecrets},
		{prefix: "scrypt$", name: "scrypt of Django", parse: parseDjangoScrypt, secrets: djangoScryptSecrets},
		{prefix: "scrypt:", name: "scrypt of Werkzeug", parse: parseWerkzeugScrypt, secrets: werkzeugSecrets},
		{prefix: "$7$", name: "scrypt of crypt(3)", parse: parseCryptScrypt, secrets: cryptScryptSecrets},
		{prefix: "s2:", name: "scrypt of Lucia", parse: parseLucia2, secrets: colonSecrets},
		{fits: isColonScrypt, name: "scrypt of better-auth", parse: parseColonScrypt, secrets: colonSecrets},
		{prefix: "$y$", name: "yescrypt", parse: parseYescrypt, secrets: cryptSecrets},
		{prefix: "$5$", name: "SHA-256-crypt", parse: parseSHACrypt, secrets: cryptSecrets},
		{prefix: "$6$", name: "SHA-512-crypt", parse: parseSHACrypt, secrets: cryptSecrets},
		{prefix: "$P$", name: "phpass", parse: parsePhpass, secrets: phpassSecrets},
		{prefix: "$H$", name: "phpass", parse: parsePhpass, secrets: phpassSecrets},
		{prefix: "U$P$", name: "phpass", parse: parsePhpass, secrets: phpassSecrets},
		{prefix: "U$H$", name: "phpass", parse: parsePhpass, secrets: phpassSecrets},
		{prefix: "$S$", name: "phpass of Drupal", parse: parseDrupal, secrets: phpassSecrets},
		{prefix: "U$S$", name: "phpass of Drupal", parse: parseDrupal, secrets: phpassSecrets},
		{prefix: "$pbkdf2$", name: "PBKDF2", parse: parsePBKDF2, secrets: phcSecrets},
		{prefix: "$pbkdf2-", name: "PBKDF2", parse: parsePBKDF2, secrets: phcSecrets},
		{prefix: "pbkdf2_", name: "PBKDF2 of Django", parse: parseDjangoPBKDF2, secrets: djangoPBKDF2Secrets},
		{prefix: "pbkdf2:", name: "PBKDF2 of Werkzeug", parse: parseWerkzeugPBKDF2, secrets: werkzeugSecrets},
		{prefix: "$fbscrypt$", name: "scrypt of Firebase", parse: parseFirebase, secrets: firebaseSecrets},
		{prefix: "AQAAAA", name: "ASP.NET Identity 3", parse: parseASPNet3, secrets: aspnet3Secrets},
		{prefix: "A", fits: isASPNet2, name: "ASP.NET Identity 2", parse: parseASPNet2, secrets: aspnet2Secrets},
	} {
		if s.begins(stored) {
			return s, true
		}
	}
	return scheme{}, false
}

func parse(stored string) (hash, error) {
	if stored == "" {
		return nil, errors.New("password hash: is empty")
	}
	if len(stored) > maxStored {
		return nil, fmt.Errorf("password hash: is %d bytes long, over %d", len(stored), maxStored)
	}
	scheme, known := schemeOf(stored)
	if !known {
		return nil, fmt.Errorf("password hash: %w", refusal(stored))
	}
	read, err := scheme.parse(stored)
	if err != nil {
		return nil, fmt.Errorf("password hash: %s: %w", scheme.name, err)
	}
	return read, nil
}
