package auth

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// Status says whether a user may sign in: only a StatusReady user may, even with the right password.
type Status string

// The three states of a user; import, stores and the CLI write exactly these words.
const (
	StatusReady    Status = "ready"
	StatusPending  Status = "pending"
	StatusDisabled Status = "disabled"
)

// Valid reports whether the status is one of the three that stores and imports accept.
func (s Status) Valid() bool {
	return s == StatusReady || s == StatusPending || s == StatusDisabled
}

// User is one person: the credential, the profile that contracts show, and the accounts, stored as one item.
type User struct {
	ID           string
	Email        string     // for display: CleanEmail of the typed address
	Identifier   Identifier // the key for sign-ins, made from Email
	PasswordHash string     // empty or of an unknown scheme: never matches
	Status       Status
	Activate     bool   // a pending user becomes ready with the first password that a mail lets them set
	Locale       string // language of mails to the user (BCP 47), empty: the deployment's
	Role         string
	Profile      Profile
	Accounts     []Account
	Factors      Factors // changed by FactorStore only

	// PasswordEpoch is set by NewUser and Changed only. A session with an older one has ended, even if it could not be
	// deleted, or was opened during the change.
	PasswordEpoch int64
	// Version is the store's compare-and-swap counter; a new user has 1.
	Version              int64
	CreatedAt, UpdatedAt time.Time
}

// NewUserID returns 24 hex digits, the shape of the ids that clients of the planpoint contract know.
func NewUserID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// NewUser returns u as created at the given time. Every user that a store creates must come from it, for the sake of
// the PasswordEpoch.
func NewUser(u User, at time.Time) User {
	// The epoch is larger than any of a deleted user with the same id, so that old sessions stay dead.
	u.CreatedAt, u.UpdatedAt, u.PasswordEpoch = at, at, firstEpoch(at)
	return u
}

func firstEpoch(at time.Time) int64 { return at.UnixMilli() }

// CheckNew returns an error for a user that NewUser did not make; stores refuse to create it.
func CheckNew(u User) error {
	if u.PasswordEpoch <= 0 {
		return errors.New("auth: a user without PasswordEpoch; NewUser makes one")
	}
	return nil
}

// Changed returns next as u's successor, changed at the given time. Every update of a user must come from it, because
// of the PasswordEpoch.
func (u User) Changed(next User, at time.Time) User {
	// The epoch grows when the password changes (a rehash does not count), or the user stops being ready or is
	// disabled. Only pending users wait to be activated.
	next.Version, next.CreatedAt, next.UpdatedAt, next.PasswordEpoch = u.Version, u.CreatedAt, at, u.PasswordEpoch
	next.Activate = next.Activate && next.Status == StatusPending
	stops := next.Status != u.Status && (u.Status == StatusReady || next.Status == StatusDisabled)
	if stops || next.PasswordHash != u.PasswordHash {
		next.PasswordEpoch++
	}
	return next
}

// EpochUnchanged reports whether the user has had no other password, and has not stopped being ready, since they were created.
func (u User) EpochUnchanged() bool { return u.PasswordEpoch == firstEpoch(u.CreatedAt) }

// EndsSessions reports whether the change from stored to u ends the user's sessions: they should be deleted.
func (u User) EndsSessions(stored User) bool {
	return u.Status != StatusReady || u.PasswordEpoch != stored.PasswordEpoch
}

// Name returns the full name, else name and last name joined by one space, else nothing (contracts page, organization 200).
func (u User) Name() string {
	if u.Profile.FullName != "" {
		return u.Profile.FullName
	}
	return strings.TrimSpace(u.Profile.Name + " " + u.Profile.LastName)
}

// Profile holds the fields that the planpoint contract returns, under its own member names, which stores and imports keep.
type Profile struct {
	Name                   string      `json:"name,omitempty"`
	LastName               string      `json:"lastName,omitempty"`
	FullName               string      `json:"fullName,omitempty"`
	Phone                  string      `json:"phone,omitempty"`
	CompanyName            string      `json:"companyName,omitempty"`
	ProjectNameURL         string      `json:"projectNameURL,omitempty"`
	Country                string      `json:"country,omitempty"`
	Address1               string      `json:"address1,omitempty"`
	Address2               string      `json:"address2,omitempty"`
	City                   string      `json:"city,omitempty"`
	Region                 string      `json:"region,omitempty"`
	Zip                    string      `json:"zip,omitempty"`
	StripeAccountID        string      `json:"stripeAccountId,omitempty"`
	StripeOnboardingDone   bool        `json:"stripeOnboardingDone,omitzero"`
	StripeDetailsSubmitted bool        `json:"stripeDetailsSubmitted,omitzero"`
	ExperimentalFeatures   bool        `json:"experimentalFeatures,omitzero"`
	StripeCustomer         Document    `json:"stripeCustomer,omitempty"`
	Subscription           Document    `json:"subscription,omitempty"`
	AppliedTrial           bool        `json:"appliedTrial,omitzero"`
	Projects               []string    `json:"projects,omitempty"`
	Groups                 []string    `json:"groups,omitempty"`
	Administrators         []string    `json:"administrators,omitempty"`
	Editors                []string    `json:"editors,omitempty"`
	Invites                []Invite    `json:"invites,omitempty"`
	Preferences            Preferences `json:"preferences,omitzero"`
}

// Invite is one person that the user asked to join, in the planpoint contract's shape.
type Invite struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	Level     string `json:"level"`
}

// Preferences are the user's two display switches; the planpoint contract always shows both.
type Preferences struct {
	HideBrandingIcon bool `json:"hideBrandingIcon"`
	HideLoadingLogo  bool `json:"hideLoadingLogo"`
}

// Account is a user's membership of one organization; UserType is the role the user has there.
type Account struct {
	ID               string `json:"id"`
	OrganizationID   string `json:"organizationId"`
	OrganizationName string `json:"organizationName"`
	UserType         string `json:"userType"`
	IsSelected       bool   `json:"isSelected,omitzero"`
	GroupID          string `json:"groupId,omitempty"`
	CustomSubdomain  string `json:"customSubdomain,omitempty"`
}
