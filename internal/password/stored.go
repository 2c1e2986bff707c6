package password

import (
	"errors"
	"fmt"
	"strings"
)

// maxStored is more than the longest accepted text takes (that of Firebase with the largest of everything: 1,754 bytes).
const maxStored = 2048

// Caps on what every scheme stores, in bytes. Below, digests can be guessed; above, nothing honest is found.
const (
	minSalt, maxSalt     = 8, 1024
	minDigest, maxDigest = 16, 128
)

// hash is a stored hash that was read in full and is within the caps.
type hash interface {
	// memory is what one computation takes, in KiB.
	memory() uint32
	// matches computes exactly one hash, whatever the password is, and compares in constant time.
	matches(password string) bool
	// parameters are what decides how long that takes, for people.
	parameters() string
	// outdated reports whether a new hash of the target's cost is to take its place: it is weaker, or not of our making.
	outdated(target Params) bool
}

// decoy computes as the hash inside it does, and matches no password, even one that would have.
type decoy struct{ hash }

func (d decoy) matches(password string) bool {
	d.hash.matches(password)
	return false
}

// Check returns nil for a stored hash that Verify would compute, else an error that says what is wrong with it
// for people who import it. The error never quotes the hash.
func Check(stored string) error {
	_, err := parse(stored)
	return err
}

// scheme is one way in which stored hashes begin, and what reads them.
type scheme struct {
	prefix string
	length int // of the whole text, where the prefix alone says too little
	name   string
	parse  func(stored string) (hash, error)
	// secrets replaces all that are no parameters in the fields between dollars of what parse accepted.
	secrets func(d draw, fields []string)
}

func (s scheme) begins(stored string) bool {
	return strings.HasPrefix(stored, s.prefix) && (s.length == 0 || len(stored) == s.length)
}

// schemeOf finds what reads a stored text; docs/hashes.md has an example of each. A further scheme is one file and one
// line here.
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
		{prefix: "$scrypt$", name: "scrypt", parse: parseScrypt, secrets: phcSecrets},
		{prefix: "scrypt$", name: "scrypt of Django", parse: parseDjangoScrypt, secrets: djangoScryptSecrets},
		{prefix: "scrypt:", name: "scrypt of Werkzeug", parse: parseWerkzeugScrypt, secrets: werkzeugSecrets},
		{prefix: "$pbkdf2$", name: "PBKDF2", parse: parsePBKDF2, secrets: phcSecrets},
		{prefix: "$pbkdf2-", name: "PBKDF2", parse: parsePBKDF2, secrets: phcSecrets},
		{prefix: "pbkdf2_", name: "PBKDF2 of Django", parse: parseDjangoPBKDF2, secrets: djangoPBKDF2Secrets},
		{prefix: "pbkdf2:", name: "PBKDF2 of Werkzeug", parse: parseWerkzeugPBKDF2, secrets: werkzeugSecrets},
		{prefix: "$fbscrypt$", name: "scrypt of Firebase", parse: parseFirebase, secrets: firebaseSecrets},
		{prefix: "AQAAAA", name: "ASP.NET Identity 3", parse: parseASPNet3, secrets: aspnet3Secrets},
		{prefix: "A", length: aspnet2Length, name: "ASP.NET Identity 2", parse: parseASPNet2, secrets: aspnet2Secrets},
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
