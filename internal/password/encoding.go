package password

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-crypt/x/yescrypt"
)

// encoding reads bytes from their text in a stored hash and accepts only the canonical spelling.
type encoding func(text string) ([]byte, error)

// saltAndDigest reads both, each in its own encoding and within the caps.
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

// unpadded reads base64 without padding, as in PHC strings.
func unpadded(text string) ([]byte, error) {
	if strings.HasSuffix(text, "=") {
		return nil, errors.New("is padded: PHC strings have base64 without '=' at the end")
	}
	return decode(base64.RawStdEncoding, text)
}

// padded reads base64 with padding, as Django, ASP.NET, Firebase and Spring write it.
func padded(text string) ([]byte, error) { return decode(base64.StdEncoding, text) }

// dotted reads passlib's base64, which has a dot instead of the plus.
func dotted(text string) ([]byte, error) {
	if strings.Contains(text, "+") {
		return nil, errors.New("is not base64 of passlib's alphabet, which has a dot for the plus")
	}
	return unpadded(strings.ReplaceAll(text, ".", "+"))
}

// decode reads base64 in its canonical spelling; Go's decoder would skip line breaks even in strict mode.
func decode(encoding *base64.Encoding, text string) ([]byte, error) {
	raw, err := encoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("is not base64 with the scheme's alphabet and padding, in its canonical spelling")
	}
	return raw, nil
}

// crypt64 reads the base64 of crypt(3): the alphabet ./0-9A-Za-z, least significant bits first.
func crypt64(text string) ([]byte, error) {
	raw := yescrypt.Decode64([]byte(text))
	if raw == nil {
		return nil, errors.New("is not base64 of crypt(3), in its canonical spelling")
	}
	return raw, nil
}

// crypt64Digits is the alphabet of crypt(3) in the order of its values.
const crypt64Digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// crypt64Text takes a text of crypt(3)'s alphabet that is used as it is written.
func crypt64Text(text string) ([]byte, error) {
	if strings.Trim(text, crypt64Digits) != "" {
		return nil, errors.New("has a character outside ./0-9A-Za-z")
	}
	return []byte(text), nil
}

// crypt64Number reads a number whose digits have six bits each, the least significant one first.
func crypt64Number(text string) (uint32, error) {
	value := uint32(0)
	for i := len(text) - 1; i >= 0; i-- {
		digit := strings.IndexByte(crypt64Digits, text[i])
		if digit < 0 {
			return 0, errors.New("is not a number of crypt(3)")
		}
		value = value<<6 | uint32(digit)
	}
	return value, nil
}

func hexadecimal(text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || strings.ToLower(text) != text {
		return nil, errors.New("is not in lower-case hexadecimal digits")
	}
	return raw, nil
}

// verbatim takes a salt that is used as it is written, as in Django, Werkzeug and crypt(3).
func verbatim(text string) ([]byte, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("has a character that is not printable ASCII")
	}
	return []byte(text), nil
}
