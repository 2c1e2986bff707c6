package userfile

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
)

// Factors are the second factors of one line. Seeds are sealed for the line's user id; Key names the key they are sealed under.
type Factors struct {
	Key          string `json:"key,omitzero"`
	auth.Factors `json:",inline"`
}

// secrets are written as one text, or as a list if there are several.
type secrets []string

// MarshalJSON writes one secret as a text.
func (s secrets) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return json.Marshal(s[0])
	}
	return json.Marshal([]string(s))
}

var errSecrets = errors.New("not a text or a list of texts")

// UnmarshalJSON reads a text or a list of texts, which it never quotes.
func (s *secrets) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*s = secrets{one}
		return nil
	}
	if json.Unmarshal(raw, (*[]string)(s)) != nil {
		return errSecrets
	}
	return nil
}

// secondFactors sets the factors of the entry.
func (l line) secondFactors(e *Entry) error {
	e.Factors, e.Secrets = l.Factors, l.TOTPSecret
	if l.Factors == nil {
		return nil
	}
	if len(l.Factors.TOTP) > 0 && len(l.TOTPSecret) > 0 {
		return errors.New("factors.totp and totpSecret are both given; give one")
	}
	if err := l.Factors.Validate(); err != nil {
		return fmt.Errorf("factors: %w", err)
	}
	return nil
}
