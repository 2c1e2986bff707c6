package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Import returns the text to store for a hash from another system: the hash itself, or the PHC string that says the same for
// the wrappings of Spring Security, Dovecot, LDAP and Keycloak. It fails as Check does.
func Import(text string) (string, error) {
	stored, err := unwrap(text)
	if err != nil {
		return "", fmt.Errorf("password hash: %w", err)
	}
	if err := Check(stored); err != nil {
		return "", err
	}
	return stored, nil
}

func unwrap(text string) (string, error) {
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), `{"`) || strings.HasPrefix(text, "{\n"):
		return fromKeycloak(text)
	case strings.HasPrefix(text, "{"):
		return fromBraces(text)
	case strings.HasPrefix(text, "$s0$"):
		return fromScryptUtil(text[len("$s0"):])
	case isScryptUtil(text):
		return fromScryptUtil(text)
	}
	return text, nil
}

// fromBraces reads {word}hash, as Spring Security, Dovecot and LDAP servers write it. Words are compared without case.
func fromBraces(text string) (string, error) {
	word, inner, found := strings.Cut(text[1:], "}")
	if !found {
		return "", errors.New("has an opening brace and no closing one")
	}
	switch word = strings.ToLower(word); word {
	case "bcrypt", "blf-crypt":
		return within("$2", inner)
	case "argon2", "argon2i", "argon2id", "argon2@springsecurity_v5_8":
		return within("$argon2", inner)
	case "sha256-crypt":
		return within("$5$", inner)
	case "sha512-crypt":
		return within("$6$", inner)
	case "crypt":
		return within("$", inner)
	case "scrypt", "scrypt@springsecurity_v5_8":
		return fromScryptUtil(inner)
	case "pbkdf2@springsecurity_v5_8":
		return fromSpringPBKDF2("$pbkdf2-sha256$i=310000,l=32$", 16, inner)
	case "pbkdf2":
		if !strings.Contains(inner, "$") {
			return fromSpringPBKDF2("$pbkdf2$i=185000,l=32$", 8, inner)
		}
		return "$pbkdf2$" + inner, nil // as passlib writes it for LDAP
	case "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return "$" + word + "$" + inner, nil
	case "pkcs5s2":
		return fromAtlassian(inner)
	}
	return "", refuseBraces(word)
}

func within(prefix, inner string) (string, error) {
	if !strings.HasPrefix(inner, prefix) {
		return "", errors.New("the hash after the braces is not of the scheme that they name")
	}
	return inner, nil
}

// fromSpringPBKDF2 reads hexadecimal salt and digest of Spring Security's Pbkdf2PasswordEncoder, with the parameters of its
// defaults, which the hash does not state.
func fromSpringPBKDF2(parameters string, saltSize int, text string) (string, error) {
	const digestSize = 32
	raw, err := hexadecimal(text)
	if err != nil {
		return "", fmt.Errorf("PBKDF2 of Spring Security: the hash %w", err)
	}
	if len(raw) != saltSize+digestSize {
		return "", fmt.Errorf("PBKDF2 of Spring Security: the hash has %d bytes, and %d with the encoder's defaults",
			len(raw), saltSize+digestSize)
	}
	return parameters + unpad(raw[:saltSize]) + "$" + unpad(raw[saltSize:]), nil
}

// isScryptUtil reports whether the text has the form $parameters$salt$digest that Spring Security's SCryptPasswordEncoder writes.
func isScryptUtil(text string) bool {
	fields := strings.Split(text, "$")
	if len(fields) != 4 || fields[0] != "" || len(fields[1]) < len("10801") || len(fields[1]) > len("120801") {
		return false
	}
	_, err := strconv.ParseUint(fields[1], 16, 32)
	return err == nil
}

// fromScryptUtil reads $parameters$salt$digest, where the parameters are a hexadecimal number of log2 N, r and p, 8 bits each.
func fromScryptUtil(text string) (string, error) {
	fields := strings.Split(text, "$")
	if len(fields) != 4 || fields[0] != "" {
		return "", errors.New("scrypt of Spring Security: is not of the form $parameters$salt$digest")
	}
	n, err := strconv.ParseUint(fields[1], 16, 24)
	if err != nil || strconv.FormatUint(n, 16) != fields[1] {
		return "", errors.New("scrypt of Spring Security: the parameters are not a hexadecimal number")
	}
	salt, digest, err := saltAndDigest(padded, fields[2], padded, fields[3])
	if err != nil {
		return "", fmt.Errorf("scrypt of Spring Security: %w", err)
	}
	return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", n>>16, n>>8&0xff, n&0xff, unpad(salt), unpad(digest)), nil
}

// fromAtlassian reads the base64 of salt and digest that Jira, Confluence and Crowd write.
func fromAtlassian(text string) (string, error) {
	const saltSize, digestSize = 16, 32
	raw, err := padded(text)
	if err != nil || len(raw) != saltSize+digestSize {
		return "", errors.New("PBKDF2 of Atlassian: is not base64 of 48 bytes")
	}
	return "$pbkdf2$i=10000,l=32$" + unpad(raw[:saltSize]) + "$" + unpad(raw[saltSize:]), nil
}

func unpad(raw []byte) string { return base64.RawStdEncoding.EncodeToString(raw) }
