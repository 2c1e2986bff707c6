package password

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// encoding reads bytes out of a stored hash, from the one spelling of them that it accepts.
type encoding func(text string) ([]byte, error)

// saltAndDigest reads both, each in its encoding and within the caps.
func saltAndDigest(readSalt encoding, s string, readDigest encoding, d string) (salt, digest []byte, err error) {
	if salt, err = sized("salt", readSalt, s, minSalt, maxSalt); err != nil {
		return nil, nil, err
	}
	if digest, err = sized("digest", readDigest, d, minDigest, maxDigest); err != nil {
		return nil, nil, err
	}
	return salt, digest, nil
}

func sized(what string, read encoding, text string, least, most int) ([]byte, error) {
	raw, err := read(text)
	if err != nil {
		return nil, fmt.Errorf("the %s %w", what, err)
	}
	return raw, checkSize(what, len(raw), least, most)
}

func checkSize(what string, size, least, most int) error {
	if size < least || size > most {
		return fmt.Errorf("the %s has %d bytes, accepted are %d to %d", what, size, least, most)
	}
	return nil
}

// unpadded reads base64 as PHC strings have it.
func unpadded(text string) ([]byte, error) { return decode(base64.RawStdEncoding, text) }

// padded reads base64 as Django, ASP.NET and Firebase write it.
func padded(text string) ([]byte, error) { return decode(base64.StdEncoding, text) }

// adapted reads passlib's base64, which has a dot for the plus.
func adapted(text string) ([]byte, error) {
	if strings.Contains(text, "+") {
		return nil, errors.New("is not base64 of passlib's alphabet, which has a dot for the plus")
	}
	return unpadded(strings.ReplaceAll(text, ".", "+"))
}

// decode reads base64 in its one canonical spelling; Go's decoder would skip line ends, even a strict one.
func decode(encoding *base64.Encoding, text string) ([]byte, error) {
	raw, err := encoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("is not base64 of the scheme's alphabet and padding, in its canonical spelling")
	}
	return raw, nil
}

func hexadecimal(text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || strings.ToLower(text) != text {
		return nil, errors.New("is not in hexadecimal digits, in lower case")
	}
	return raw, nil
}

// verbatim takes a salt that is used as it is written, as Django and Werkzeug do.
func verbatim(text string) ([]byte, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("has a character that is not of printable ASCII")
	}
	return []byte(text), nil
}
