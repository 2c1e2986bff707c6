// Package userfile reads and writes users as JSON Lines, one user a line, password hashes included. It reads everything that it
// writes, so users can always be moved elsewhere.
package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// MaxLine is the longest accepted line in bytes; a DynamoDB item holds no more.
const MaxLine = 380 << 10

// line is the JSON object of one user; the profile's members are inlined.
type line struct {
	ID           string      `json:"id,omitzero"`
	Email        string      `json:"email"`
	Password     *string     `json:"password,omitzero"`
	PasswordHash string      `json:"passwordHash,omitzero"`
	Status       auth.Status `json:"status"`
	Activate     bool        `json:"activate,omitzero"`
	Locale       string      `json:"locale,omitzero"`
	Role         string      `json:"role,omitzero"`
	auth.Profile `json:",inline"`
	Accounts     []auth.Account `json:"accounts,omitempty"`
	Factors      *Factors       `json:"factors,omitzero"`
	TOTPSecret   secrets        `json:"totpSecret,omitzero"`
}

// Entry is the content of one line: the user, and what auth.User cannot hold, such as a plain password.
type Entry struct {
	User     auth.User
	Password string // plain, if the line has one instead of a hash
	NewID    bool   // the line had no id; User has a new one

	NewAccountIDs []int // indexes of the accounts that had no id and have a new one

	// Factors are the second factors in the line, which User does not have: their seeds have to be opened first. Nil without any.
	Factors *Factors
	// Secrets are seeds of authenticator apps in base32, as other systems export them.
	Secrets []string
}

// Decode reads one line strictly: an unknown or repeated member, a wrong type, or an unusable hash or address is an error that
// names it. Users and accounts without an id get a new one.
func Decode(raw []byte) (Entry, error) {
	if len(raw) > MaxLine {
		return Entry{}, fmt.Errorf("the line is over %d bytes", MaxLine)
	}
	var l line
	if err := unmarshal(raw, &l); err != nil {
		return Entry{}, err
	}
	return l.entry()
}

func unmarshal(raw []byte, into any) error {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("not a JSON object")
	}
	if err := json.Unmarshal(raw, into, json.RejectUnknownMembers(true)); err != nil {
		return describe(err)
	}
	return nil
}

// describe keeps the member's name and drops its value, which may be a password.
func describe(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		member := strings.TrimPrefix(string(semantic.JSONPointer), "/")
		if errors.Is(err, json.ErrUnknownName) {
			return fmt.Errorf("unknown member %q", member)
		}
		return fmt.Errorf("member %q has the wrong type", member)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errors.New("a member is repeated")
	}
	return errors.New("not valid JSON in UTF-8, or more than one value")
}

func (l line) entry() (Entry, error) {
	email, identifier, err := parseEmail(l.Email)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{User: auth.User{
		ID: l.ID, Email: email, Identifier: identifier, PasswordHash: l.PasswordHash,
		Status: l.Status, Activate: l.Activate, Locale: l.Locale, Role: l.Role, Profile: l.Profile, Accounts: l.Accounts,
	}}
	if l.ID == "" {
		e.User.ID, e.NewID = auth.NewUserID(), true
	}
	e.NewAccountIDs = giveAccountIDs(l.Accounts)
	if err := e.User.Validate(); err != nil {
		return Entry{}, err
	}
	if err := l.credential(&e); err != nil {
		return Entry{}, err
	}
	if err := l.secondFactors(&e); err != nil {
		return Entry{}, err
	}
	return e, nil
}

func parseEmail(address string) (email string, identifier auth.Identifier, err error) {
	if email, err = auth.CleanEmail(address); err == nil {
		identifier, err = auth.ParseIdentifier(email)
	}
	if err != nil {
		return "", auth.Identifier{}, fmt.Errorf("email: %w", err)
	}
	return email, identifier, nil
}

// giveAccountIDs gives new ids to the accounts without one and returns their indexes.
func giveAccountIDs(accounts []auth.Account) (given []int) {
	for i := range accounts {
		if accounts[i].ID == "" {
			accounts[i].ID = auth.NewUserID()
			given = append(given, i)
		}
	}
	return given
}

// credential sets the password or hash. A user who cannot sign in yet may have neither.
func (l line) credential(e *Entry) error {
	switch {
	case l.Password != nil && l.PasswordHash != "":
		return errors.New("password and passwordHash are both given; give one")
	case l.PasswordHash != "":
		stored, err := password.Import(l.PasswordHash)
		if err != nil {
			return fmt.Errorf("passwordHash: %w", err)
		}
		e.User.PasswordHash = stored
	case l.Password != nil:
		if *l.Password == "" {
			return errors.New("password is empty")
		}
		e.Password = *l.Password
	case l.Status == auth.StatusReady:
		return errors.New("password or passwordHash is missing")
	}
	return nil
}

// CheckImportable returns the error that Decode would give for the stored user's line, or nil: stores can hold users that it
// refuses.
func CheckImportable(u auth.User) error {
	if err := u.Validate(); err != nil {
		return err
	}
	l := line{PasswordHash: u.PasswordHash, Status: u.Status}
	return l.credential(&Entry{})
}

// Encode returns the user as one line without a line break, hash included, second factors not. Decode reads it back.
func Encode(u auth.User) ([]byte, error) { return EncodeFactors(u, nil, nil) }

// EncodeFactors is Encode with second factors in the line: sealed ones, and seeds in base32.
func EncodeFactors(u auth.User, sealed *Factors, open []string) ([]byte, error) {
	raw, err := json.Marshal(line{
		ID: u.ID, Email: u.Email, PasswordHash: u.PasswordHash, Status: u.Status,
		Activate: u.Activate, Locale: u.Locale, Role: u.Role,
		Profile: u.Profile, Accounts: u.Accounts, Factors: sealed, TOTPSecret: open,
	}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode user %s: %w", u.ID, err)
	}
	return raw, nil
}
