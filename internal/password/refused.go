package password

import (
	"errors"
	"fmt"
	"strings"
)

// refusal says why a stored text is of no scheme that is verified, by the scheme's name where the text shows it.
func refusal(stored string) error {
	const (
		unkept = "no well-kept library computes it here"
		fast   = "it is made to be fast, so whoever has it has the password"
		broken = "it was made by a broken implementation"
		other  = "this variant is not verified"
	)
	for _, known := range [...]struct{ prefix, name, why string }{
		{"$argon2d$", "argon2d", "it is not made for passwords, and " + unkept}, {"argon2$argon2d$", "argon2d", unkept},
		{"$2$", "bcrypt 2", other}, {"$2x$", "bcrypt 2x", broken}, {"$bcrypt-sha256$", "bcrypt-sha256 of passlib", other},
		{"$P$", "phpass", unkept}, {"$H$", "phpass", unkept}, {"$S$", "Drupal's phpass", unkept},
		{"$apr1$", "apr1", unkept}, {"$1$", "MD5-crypt", unkept}, {"$5$", "SHA-256-crypt", unkept}, {"$6$", "SHA-512-crypt", unkept},
		{"$y$", "yescrypt", unkept}, {"$7$", "scrypt in the spelling of crypt", other},
		{"$firescrypt$", "Firebase's scrypt as Kratos spells it", other},
		{"md5$", "salted MD5", fast}, {"sha1$", "salted SHA-1", fast},
		{"sha256$", "salted SHA-256", fast}, {"sha512$", "salted SHA-512", fast},
		{"{", "a hash of LDAP", "it is fast, or of another scheme behind the braces"},
		{"!", "a mark for no password", "leave passwordHash out"}, {"*", "a mark for no password", "leave passwordHash out"},
	} {
		if strings.HasPrefix(stored, known.prefix) {
			return fmt.Errorf("%s: %s", known.name, known.why)
		}
	}
	if _, err := hexadecimal(strings.ToLower(stored)); err == nil && len(stored) >= 2*minDigest {
		return fmt.Errorf("a bare digest in hexadecimal: %s", fast)
	}
	return errors.New("begins with none of the words that docs/hashes.md lists")
}
