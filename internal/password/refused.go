package password

import (
	"errors"
	"fmt"
	"strings"
)

// What to do about users whose hashes are refused.
const (
	pending  = "leave passwordHash out and set the status to pending, or give them new passwords"
	fast     = "fast to guess; " + pending
	unmarked = "a mark for users without a password; leave passwordHash out"
)

// refusal explains why a stored hash is not supported, by name where it can be recognized, and what to do about it.
func refusal(stored string) error {
	for _, known := range [...]struct{ prefix, name, why string }{
		{"$argon2d$", "argon2d", "not made for passwords; " + pending},
		{"argon2$argon2d$", "argon2d", "not made for passwords; " + pending},
		{"$2$", "bcrypt 2", "from an implementation with a known fault; " + pending},
		{"$2x$", "bcrypt 2x", "from an implementation with a known fault; " + pending},
		{"$bcrypt-sha256$", "bcrypt-sha256 of passlib", "not supported; " + pending},
		{"$apr1$", "apr1 (htpasswd)", fast}, {"$1$", "MD5-crypt", fast}, {"$md5", "MD5-crypt of Solaris", fast},
		{"$sha1$", "SHA-1-crypt", fast}, {"$3$", "NTLM", fast}, {"$NT$", "NTLM", fast},
		{"$gy$", "gost-yescrypt", "not supported; " + pending}, {"$sm3$", "SM3-crypt", "not supported; " + pending},
		{"$generic$", "a WordPress key that is not a password", pending},
		{"$firescrypt$", "Firebase's scrypt as Kratos spells it", "write it as docs/hashes.md shows for Firebase"},
		{"1|$", "a hash with the version that Nextcloud puts before it", "remove everything up to the |"},
		{"2|$", "a hash with the version that Nextcloud puts before it", "remove everything up to the |"},
		{"3|$", "a hash with the version that Nextcloud puts before it", "remove everything up to the |"},
		{"c2NyeXB0A", "scrypt-kdf (Medusa)", "not supported; " + pending},
		{"md5$", "salted MD5", fast}, {"sha1$", "salted SHA-1", fast},
		{"sha256$", "salted SHA-256", fast}, {"sha512$", "salted SHA-512", fast}, {"unsalted_", "a bare digest", fast},
		{"!", "!", unmarked}, {"*", "*", unmarked},
	} {
		if strings.HasPrefix(stored, known.prefix) {
			return fmt.Errorf("%s: %s", known.name, known.why)
		}
	}
	digest, salt, salted := strings.Cut(stored, ":")
	if _, err := hexadecimal(strings.ToLower(digest)); err == nil && len(digest) >= 2*minDigest && len(salt) < 2*minDigest {
		if salted {
			return fmt.Errorf("a digest in hexadecimal and its salt: %s", fast)
		}
		return fmt.Errorf("a bare digest in hexadecimal, such as MD5 or SHA-1: %s", fast)
	}
	return errors.New("its format is not one that docs/hashes.md lists")
}

// refuseBraces explains why the scheme of a word in braces, in lower case, is not supported.
func refuseBraces(word string) error {
	switch word {
	case "noop", "plain", "plain-trunc", "clear", "cleartext":
		return fmt.Errorf("{%s}: a password in clear; give it as password, without the braces", word)
	case "md4", "md5", "smd5", "plain-md5", "plain-md4", "ldap-md5", "lanman", "ntlm", "sha", "ssha", "sha1", "sha-1", "sha256",
		"sha-256", "ssha256", "sha512", "sha-512", "ssha512", "md5-crypt", "des-crypt", "ldap":
		return fmt.Errorf("{%s}: %s", word, fast)
	}
	return errors.New("the word in braces is not one that docs/hashes.md lists")
}
