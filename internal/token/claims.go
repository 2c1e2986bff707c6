package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/jwk"
)

// encoder writes the claims of access tokens. The order of the members is fixed, so that equal claims give equal tokens
// with a deterministic signature. The parts that all tokens share are encoded once.
type encoder struct {
	issuer   string // {"iss":"…","sub":
	audience string // ,"aud":"…","iat":
}

func newEncoder(c Config) encoder {
	issuer, _ := jsontext.AppendQuote(nil, c.Issuer) // its only error is about invalid UTF-8, which it replaces
	audience, _ := jsontext.AppendQuote(nil, c.Audience)
	return encoder{
		issuer:   `{"iss":` + string(issuer) + `,"sub":`,
		audience: `,"aud":` + string(audience) + `,"iat":`,
	}
}

// encodeHeader returns the header of every token that the key signs, including the dot.
func encodeHeader(k jwk.Key) (string, error) {
	text, err := json.Marshal(struct {
		Type      string `json:"typ"`
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}{tokenType, string(k.Algorithm()), k.ID})
	if err != nil {
		return "", fmt.Errorf("encode the header of a key's tokens: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text) + ".", nil
}

// append adds the claims to b. It returns an error for claims that the verifier would refuse and for invalid UTF-8. nbf is
// Leeway before iat, because most verifiers allow no difference between clocks.
func (e encoder) append(b []byte, c auth.Claims) ([]byte, error) {
	issued, expires := c.IssuedAt.Unix(), c.ExpiresAt.Unix()
	if c.Subject == "" || expires <= issued || c.ExpiresAt.Sub(c.IssuedAt) > MaxLife {
		return nil, errors.New("encode claims: no subject, or a lifetime that is not 1 s to 90 days")
	}
	var bad error
	quote := func(s string) {
		var err error
		if b, err = jsontext.AppendQuote(b, s); err != nil {
			bad = fmt.Errorf("encode claims: %w", err)
		}
	}
	quoteAll := func(texts []string) {
		for i, text := range texts {
			if i > 0 {
				b = append(b, ',')
			}
			quote(text)
		}
	}
	b = append(b, e.issuer...)
	quote(c.Subject)
	b = strconv.AppendInt(append(b, e.audience...), issued, 10)
	b = strconv.AppendInt(append(b, `,"nbf":`...), c.IssuedAt.Add(-Leeway).Unix(), 10)
	b = strconv.AppendInt(append(b, `,"exp":`...), expires, 10)
	b = append(b, `,"jti":`...)
	quote(c.ID)
	b = append(b, `,"sid":`...)
	quote(c.SessionID)
	b = append(b, `,"scope":"`+Scope+`","roles":[`...)
	quoteAll(c.Roles)
	b = append(b, ']')
	if c.Org != "" {
		b = append(b, `,"org":`...)
		quote(c.Org)
	}
	if c.Actor != "" {
		b = append(b, `,"act":{"sub":`...)
		quote(c.Actor)
		b = append(b, '}')
	}
	if len(c.AMR) > 0 {
		b = append(b, `,"amr":[`...)
		quoteAll(c.AMR)
		b = append(b, ']')
	}
	if !c.AuthTime.IsZero() {
		b = strconv.AppendInt(append(b, `,"auth_time":`...), c.AuthTime.Unix(), 10)
	}
	return append(b, '}'), bad
}

// claims is the payload of an access token when it is read. The JSON package refuses duplicate members and invalid UTF-8,
// and ignores members whose name differs in case.
type claims struct {
	Issuer    string      `json:"iss"`
	Subject   string      `json:"sub"`
	Audience  audience    `json:"aud"`
	IssuedAt  numericDate `json:"iat"`
	NotBefore numericDate `json:"nbf"`
	ExpiresAt numericDate `json:"exp"`
	ID        string      `json:"jti"`
	SessionID string      `json:"sid"`
	Scope     string      `json:"scope"`
	Roles     []string    `json:"roles"`
	Org       string      `json:"org"`
	AMR       []string    `json:"amr"`
	AuthTime  numericDate `json:"auth_time"`
	Actor     *struct {
		Subject string `json:"sub"`
	} `json:"act"`
}

// audience is a string or an array of strings (RFC 7519 4.1.3).
type audience []string

func (a *audience) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]string)(a))
	}
	var one string
	if err := json.UnmarshalDecode(d, &one); err != nil {
		return err
	}
	*a = audience{one}
	return nil
}

// numericDate is seconds since 1970, possibly with a fraction (RFC 7519 2). Strings and null are refused.
type numericDate float64

func (n *numericDate) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	if t.Kind() != '0' {
		return errors.New("not a number")
	}
	seconds, err := t.Float()
	*n = numericDate(seconds)
	return err
}

func (n numericDate) seconds() int64 {
	return int64(math.Floor(float64(n)))
}
