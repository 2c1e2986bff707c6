package token

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
)

// unverified is a token that was split and decoded. Only its form has been checked.
type unverified struct {
	header
	signed    string // header and payload, as they were signed
	payload   string // base64url
	signature []byte
}

// header is the part of a token's header that is read. Keys and addresses of keys in it (jwk, jku, x5c, x5u) are not.
type header struct {
	Algorithm string         `json:"alg"`
	Type      string         `json:"typ"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
	Base64    jsontext.Value `json:"b64"`
}

// canonical decodes base64url without padding and without stray bits. It skips CR and LF, so dissect refuses these first: a
// token has only one spelling (RFC 7515 2).
var canonical = base64.RawURLEncoding.Strict()

// dissect splits and decodes a token, and refuses a malformed one before any key is looked up.
func dissect(raw string) (unverified, error) {
	if len(raw) > maxSize {
		return unverified{}, refuse("longer than 8 KiB")
	}
	if strings.ContainsAny(raw, "\r\n") || strings.Count(raw, ".") != 2 {
		return unverified{}, refuse("not three parts of base64url")
	}
	first, last := strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	t := unverified{signed: raw[:last], payload: raw[first+1 : last]}
	text, err := canonical.DecodeString(raw[:first])
	if err != nil || json.Unmarshal(text, &t.header) != nil {
		return unverified{}, refuse("header is not base64url of JSON of its shape")
	}
	if t.signature, err = canonical.DecodeString(raw[last+1:]); err != nil {
		return unverified{}, refuse("signature is not canonical base64url")
	}
	switch {
	case t.Type != tokenType:
		return unverified{}, refuse("typ is not JWT") // another kind of token (RFC 8725 3.11)
	case t.Critical != nil || t.Base64 != nil:
		return unverified{}, refuse("header has crit or b64") // we support no extension (RFC 7515 4.1.11, RFC 7797)
	case t.KeyID == "" || len(t.KeyID) > jwk.MaxKeyID:
		return unverified{}, refuse("kid is missing or too long")
	}
	return t, nil
}

// verifier decides whether a token is valid, given its key. The caller finds the key.
type verifier struct {
	Config
}

func (v verifier) verify(t unverified, k jwk.Key) (auth.Claims, error) {
	if k.Retired(v.Now()) {
		return auth.Claims{}, refuse("its key is retired") // checked by the clock, because the set may be hours old
	}
	if t.Algorithm != string(k.Algorithm()) {
		return auth.Claims{}, refuse("alg is not its key's")
	}
	if !k.Verify(t.signed, t.signature) {
		return auth.Claims{}, refuse("signature does not verify")
	}
	text, err := canonical.DecodeString(t.payload)
	if err != nil {
		return auth.Claims{}, refuse("payload is not canonical base64url")
	}
	var c claims
	if json.Unmarshal(text, &c) != nil {
		return auth.Claims{}, refuse("payload is not JSON of its shape")
	}
	if reason := v.objection(c); reason != "" {
		return auth.Claims{}, refuse(reason)
	}
	return c.domain(), nil
}

// objection returns why the claims are refused, or "". A payload of null has no claims and fails the first check.
func (v verifier) objection(c claims) string {
	now := numericDate(float64(v.Now().UnixMilli()) / 1000)
	switch {
	case c.Issuer == "" || c.Issuer != v.Issuer:
		return "iss is not ours"
	case v.Audience == "" || !slices.Contains(c.Audience, v.Audience):
		return "aud is not ours"
	case c.Subject == "":
		return "sub is missing"
	case c.Actor != nil && c.Actor.Subject == "":
		return "act has no sub"
	case !slices.Contains(strings.Split(c.Scope, " "), Scope):
		return "scope does not hold user"
	case now >= c.ExpiresAt: // a missing exp is 0
		return "exp is missing or past"
	case c.IssuedAt > now+numericDate(Leeway.Seconds()):
		return "iat is in the future"
	case c.NotBefore > now+numericDate(Leeway.Seconds()):
		return "nbf is in the future"
	case c.ExpiresAt-c.IssuedAt > numericDate((MaxLife + Leeway).Seconds()): // a missing iat is 0
		return "iat is missing, or exp further from it than any contract allows"
	}
	return ""
}

func (c claims) domain() auth.Claims {
	d := auth.Claims{
		ID: c.ID, Subject: c.Subject, SessionID: c.SessionID, Roles: c.Roles, Org: c.Org, AMR: c.AMR,
		IssuedAt:  time.Unix(c.IssuedAt.seconds(), 0).UTC(),
		ExpiresAt: time.Unix(c.ExpiresAt.seconds(), 0).UTC(),
	}
	if c.Actor != nil {
		d.Actor = c.Actor.Subject
	}
	if c.AuthTime > 0 {
		d.AuthTime = time.Unix(c.AuthTime.seconds(), 0).UTC()
	}
	return d
}
