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

// encoder writes the claims of access tokens. The members' order is fixed, so that with a deterministic signature
// equal claims give equal tokens, and what no token changes is encoded once.
type encoder struct {
	issuer   string // {"iss":"…","sub":
	audience string // ,"aud":"…","iat":
}

func newEncoder(c Config) encoder {
	issuer, _ := jsontext.AppendQuote(nil, c.Issuer) // the error is about bytes that are not UTF-8; they are replaced
	audience, _ := jsontext.AppendQuote(nil, c.Audience)
	return encoder{
		issuer:   `{"iss":` + string(issuer) + `,"sub":`,
		audience: `,"aud":` + string(audience) + `,"iat":`,
	}
}

// encodeHeader returns the first part of every token that the key signs, with the dot.
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

// append adds the claims to b. Claims that the verifier would refuse are an error, and so is text that is not UTF-8.
func (e encoder) append(b []byte, c auth.Claims) ([]byte, error) {
	issued, expires := c.IssuedAt.Unix(), c.ExpiresAt.Unix()
	if c.Subject == "" || expires <= issued || c.ExpiresAt.Sub(c.IssuedAt) > MaxLife {
		return nil, errors.New("encode claims: without a subject, or with a life outside of 1 s to 90 days")
	}
	var bad error
	quote := func(s string) {
		var err error
		if b, err = jsontext.AppendQuote(b, s); err != nil {
			bad = fmt.Errorf("encode claims: %w", err)
		}
	}
	b = append(b, e.issuer...)
	quote(c.Subject)
	b = strconv.AppendInt(append(b, e.audience...), issued, 10)
	b = strconv.AppendInt(append(b, `,"nbf":`...), issued, 10)
	b = strconv.AppendInt(append(b, `,"exp":`...), expires, 10)
	b = append(b, `,"jti":`...)
	quote(c.ID)
	b = append(b, `,"sid":`...)
	quote(c.SessionID)
	b = append(b, `,"scope":"`+Scope+`","roles":[`...)
	for i, role := range c.Roles {
		if i > 0 {
			b = append(b, ',')
		}
		quote(role)
	}
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
	return append(b, '}'), bad
}

// claims is an access token's payload as it is read. The JSON package refuses duplicate members and what is not
// UTF-8, and takes no member whose name differs in case.
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

// numericDate is seconds since 1970, perhaps with a fraction (RFC 7519 2); text and null are refused.
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
