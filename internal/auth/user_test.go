package auth_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func TestName(t *testing.T) {
	for _, test := range []struct {
		profile auth.Profile
		want    string
	}{
		{auth.Profile{FullName: "Grace Hopper", Name: "Rear", LastName: "Admiral"}, "Grace Hopper"},
		{auth.Profile{Name: "Grace", LastName: "Hopper"}, "Grace Hopper"},
		{auth.Profile{Name: "Grace"}, "Grace"},
		{auth.Profile{LastName: "Hopper"}, "Hopper"},
		{auth.Profile{}, ""},
	} {
		if got := (auth.User{Profile: test.profile}).Name(); got != test.want {
			t.Errorf("Name of %+v = %q, want %q", test.profile, got, test.want)
		}
	}
}

func TestValidate(t *testing.T) {
	const secret = "hunter2!" // a column slipped: errors must not repeat the value
	for _, test := range []struct {
		name   string
		change func(*auth.User)
		want   string // in the error; empty: valid
	}{
		{"as it is", func(*auth.User) {}, ""},
		{"no id", func(u *auth.User) { u.ID = "" }, "id is missing"},
		{"the longest id", func(u *auth.User) { u.ID = strings.Repeat("i", 128) }, ""},
		{"too long an id", func(u *auth.User) { u.ID = strings.Repeat("i", 129) }, "id must be"},
		{"every character of ids", func(u *auth.User) { u.ID = "!#/:~" }, ""},
		{"space in the id", func(u *auth.User) { u.ID = secret + " " }, "id must be"},
		{"NUL in the id", func(u *auth.User) { u.ID = secret + "\x00" }, "id must be"},
		{"letter beyond ASCII in the id", func(u *auth.User) { u.ID = secret + "\u00e9" }, "id must be"},
		{"no address", func(u *auth.User) { u.Identifier = auth.Identifier{} }, "email is missing"},
		{"no status", func(u *auth.User) { u.Status = "" }, "status must be ready, pending or disabled"},
		{"unknown status", func(u *auth.User) { u.Status = secret }, "status must be"},
		{"status in capitals", func(u *auth.User) { u.Status = "Ready" }, "status must be"},
		{"pending", func(u *auth.User) { u.Status = auth.StatusPending }, ""},
		{"disabled", func(u *auth.User) { u.Status = auth.StatusDisabled }, ""},
		{"no role", func(u *auth.User) { u.Role = "" }, ""},
		{"role in words", func(u *auth.User) { u.Role = "Propri\u00e9taire de l'organisation" }, ""},
		{"the longest role", func(u *auth.User) { u.Role = strings.Repeat("r", 256) }, ""},
		{"too long a role", func(u *auth.User) { u.Role = strings.Repeat("r", 257) }, "role must be"},
		{"line feed in the role", func(u *auth.User) { u.Role = secret + "\n" }, "role must be"},
		{"C1 control in the role", func(u *auth.User) { u.Role = secret + "\u0085" }, "role must be"},
		{"role that is shown backwards", func(u *auth.User) { u.Role = secret + "\u202e" }, "role must be"},
		{"role with a space of no width", func(u *auth.User) { u.Role = secret + "\u200b" }, "role must be"},
		{"role that is no UTF-8", func(u *auth.User) { u.Role = secret + "\xff" }, "role must be"},
		{"no accounts", func(u *auth.User) { u.Accounts = nil }, ""},
		{"account without id", func(u *auth.User) { u.Accounts[0].ID = "" }, "accounts[0]: id is missing"},
		{"account without organization", func(u *auth.User) { u.Accounts[0].OrganizationID = "" }, "accounts[0]: organizationId is missing"},
		{"account without userType", func(u *auth.User) { u.Accounts[0].UserType = "" }, "accounts[0]: userType is missing"},
		{"control in userType", func(u *auth.User) { u.Accounts[0].UserType = secret + "\t" }, "accounts[0]: userType must be"},
		{"second account broken", func(u *auth.User) {
			u.Accounts = append(u.Accounts, auth.Account{ID: "a b", OrganizationID: "o", UserType: "t"})
		}, "accounts[1]: id must be"},
		{"the most accounts", func(u *auth.User) { u.Accounts = repeat(u.Accounts[0], 1000) }, ""},
		{"too many accounts", func(u *auth.User) { u.Accounts = repeat(u.Accounts[0], 1001) }, "accounts has 1001 entries"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := authtest.Grace()
			test.change(&u)
			err := u.Validate()
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error is %v, want one that says %q", err, test.want)
			case err != nil && strings.Contains(err.Error(), secret):
				t.Errorf("the error repeats the value: %v", err)
			}
		})
	}
}

func repeat(a auth.Account, n int) []auth.Account {
	accounts := make([]auth.Account, n)
	for i := range accounts {
		accounts[i] = a
	}
	return accounts
}

func TestNewIDs(t *testing.T) {
	for name, test := range map[string]struct {
		make  func() string
		shape string
	}{
		"NewUserID": {auth.NewUserID, `^[0-9a-f]{24}$`},
		"NewID":     {auth.NewID, `^[A-Za-z0-9_-]{22}$`},
	} {
		seen := map[string]bool{}
		for range 1000 {
			id := test.make()
			if !regexp.MustCompile(test.shape).MatchString(id) || seen[id] {
				t.Fatalf("%s made %q, which is malformed or was made before", name, id)
			}
			seen[id] = true
		}
	}
}

// TestEpochs promises that NewUser and Changed set the epoch by the rules, and that no user is created without one.
func TestEpochs(t *testing.T) {
	at := authtest.Start()
	stored := auth.NewUser(auth.User{ID: "ada", Status: auth.StatusReady, PasswordHash: "old", Version: 7}, at)
	if stored.PasswordEpoch <= 0 || !stored.CreatedAt.Equal(at) || !stored.UpdatedAt.Equal(at) || auth.CheckNew(stored) != nil || !stored.EpochUnchanged() {
		t.Errorf("a new user is %+v", stored)
	}
	if later := auth.NewUser(stored, at.Add(time.Second)); later.PasswordEpoch <= stored.PasswordEpoch+1 {
		t.Errorf("a user created again has the epoch %d, the deleted one had %d", later.PasswordEpoch, stored.PasswordEpoch)
	}
	if auth.CheckNew(auth.User{ID: "ada", Status: auth.StatusReady}) == nil {
		t.Error("a user that NewUser did not make may be created")
	}
	for _, test := range []struct {
		name        string
		change      func(u *auth.User)
		grows, ends bool
	}{
		{"nothing", func(*auth.User) {}, false, false},
		{"role", func(u *auth.User) { u.Role = "editor" }, false, false},
		{"password", func(u *auth.User) { u.PasswordHash = "new" }, true, true},
		{"disabled", func(u *auth.User) { u.Status = auth.StatusDisabled }, true, true},
		{"pending", func(u *auth.User) { u.Status = auth.StatusPending }, true, true},
		{"an epoch of the caller's", func(u *auth.User) { u.PasswordEpoch = 0 }, false, false},
		{"a version of the caller's", func(u *auth.User) { u.Version = 99 }, false, false},
	} {
		next := stored
		test.change(&next)
		next = stored.Changed(next, at.Add(time.Hour))
		if grew := next.PasswordEpoch == stored.PasswordEpoch+1; grew != test.grows || !grew && next.PasswordEpoch != stored.PasswordEpoch ||
			next.EndsSessions(stored) != test.ends || next.EpochUnchanged() == test.grows {
			t.Errorf("%s: epoch %d after %d, ends sessions: %t", test.name, next.PasswordEpoch, stored.PasswordEpoch, next.EndsSessions(stored))
		}
		if next.Version != 7 || !next.CreatedAt.Equal(at) || !next.UpdatedAt.Equal(at.Add(time.Hour)) {
			t.Errorf("%s: %+v", test.name, next)
		}
	}
	disabled := stored
	disabled.Status = auth.StatusDisabled
	ready := disabled
	ready.Status = auth.StatusReady
	if got := disabled.Changed(ready, at); got.PasswordEpoch != disabled.PasswordEpoch {
		t.Error("enabling a user changes the epoch")
	}
}
