package userfile

import (
	"errors"
	"fmt"
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
)

// patch is a line that changes a user. It knows the members that it must refuse, too.
type patch struct {
	ID           jsontext.Value `json:"id,omitzero"`
	Password     jsontext.Value `json:"password,omitzero"`
	PasswordHash jsontext.Value `json:"passwordHash,omitzero"`
	Status       jsontext.Value `json:"status,omitzero"`
	Factors      jsontext.Value `json:"factors,omitzero"`
	TOTPSecret   jsontext.Value `json:"totpSecret,omitzero"`
	Email        string         `json:"email"`
	Activate     bool           `json:"activate"`
	Locale       string         `json:"locale"`
	Role         string         `json:"role"`
	auth.Profile `json:",inline"`
	Accounts     []auth.Account `json:"accounts"`
}

// Patch returns the user with the members of the JSON object instead of the user's own; null removes one. It is as strict as Decode,
// and refuses to change passwords, status and id.
func Patch(u auth.User, raw []byte) (auth.User, error) {
	members := map[string]jsontext.Value{}
	if err := unmarshal(raw, &members); err != nil {
		return auth.User{}, err
	}
	own, err := json.Marshal(patch{Email: u.Email, Activate: u.Activate, Locale: u.Locale, Role: u.Role, Profile: u.Profile, Accounts: u.Accounts})
	if err != nil {
		return auth.User{}, fmt.Errorf("encode user %s: %w", u.ID, err)
	}
	whole, err := overlay(own, members) // decoding into the user would keep parts of old values and write to shared arrays
	if err != nil {
		return auth.User{}, err
	}
	var p patch
	if err := unmarshal(whole, &p); err != nil {
		return auth.User{}, err
	}
	switch {
	case p.ID != nil:
		return auth.User{}, errors.New(`"id" cannot be changed`)
	case p.Password != nil || p.PasswordHash != nil:
		return auth.User{}, errors.New(`the password is not changed here: see 'users set-password', or 'users import --update' for hashes`)
	case p.Factors != nil || p.TOTPSecret != nil:
		return auth.User{}, errors.New(`second factors are not changed here: 'users factors' lists them, and --reset removes them`)
	case p.Status != nil:
		return auth.User{}, errors.New(`"status" is not changed here: see 'users enable' and 'users disable'`)
	}
	if u.Email, u.Identifier, err = parseEmail(p.Email); err != nil {
		return auth.User{}, err
	}
	u.Role, u.Profile, u.Activate, u.Locale = p.Role, p.Profile, p.Activate, p.Locale
	u.Accounts = keepAccountIDs(p.Accounts, giveAccountIDs(p.Accounts), u.Accounts)
	if err := u.Validate(); err != nil {
		return auth.User{}, err
	}
	return u, nil
}

// WithMembers returns the JSON object with the given members instead of its own.
func WithMembers(raw []byte, members map[string]string) ([]byte, error) {
	over := map[string]jsontext.Value{}
	for name, value := range members {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode member %q: %w", name, err)
		}
		over[name] = text
	}
	return overlay(raw, over)
}

func overlay(raw []byte, members map[string]jsontext.Value) ([]byte, error) {
	object := map[string]jsontext.Value{}
	if err := unmarshal(raw, &object); err != nil {
		return nil, err
	}
	maps.Copy(object, members)
	return json.Marshal(object, json.Deterministic(true))
}
