package password

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// ExplainMismatch returns what another system seems to have done to a password before it made the hash, or "" if nothing known fits.
// It is for an operator who knows the user's password; it computes several hashes.
func (h *Hasher) ExplainMismatch(ctx context.Context, stored, password string) (string, error) {
	key := []byte(password)
	md5Digest, sha256Digest, sha512Digest := md5.Sum(key), sha256.Sum256(key), sha512.Sum512(key)
	for _, known := range [...]struct{ changed, why string }{
		{password[:min(len(password), bcryptMaxKey)], "the hash is of the password's first 72 bytes: the user needs a shorter password"},
		{norm.NFKC.String(password), "the hash is of the password in NFKC: the user needs a password without such characters"},
		{hex.EncodeToString(md5Digest[:]), "the hash is of the password's MD5 digest, which is not supported"},
		{hex.EncodeToString(sha256Digest[:]), "the hash is of the password's SHA-256 digest, as Meteor makes it, which is not supported"},
		{hex.EncodeToString(sha512Digest[:]), "the hash is of the password's SHA-512 digest, as NodeBB makes it, which is not supported"},
		{strings.TrimSpace(password), "the hash is of the password without white space around it"},
		{strings.ToLower(password), "the hash is of the password in lower case"},
	} {
		if known.changed == password {
			continue
		}
		if match, _, err := h.Verify(ctx, stored, known.changed); match || err != nil {
			return known.why, err
		}
	}
	return "", nil
}
