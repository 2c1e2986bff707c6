package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"latchkey/internal/auth"
)

// Replacing returns the user that replaces stored: the line's, with the ids of stored and its accounts where the line has none.
func (e Entry) Replacing(stored auth.User) auth.User {
	u := e.User
	if e.NewID {
		u.ID = stored.ID
	}
	u.Accounts = keepAccountIDs(u.Accounts, e.NewAccountIDs, stored.Accounts)
	return u
}

// keepAccountIDs gives accounts with new ids the ids of the stored accounts they match: of the same organization, preferably with
// the same user type and group. Each stored id is used once.
func keepAccountIDs(accounts []auth.Account, added []int, stored []auth.Account) []auth.Account {
	accounts, free := slices.Clone(accounts), slices.Clone(stored)
	take := func(same func(auth.Account) bool) (id string) {
		if i := slices.IndexFunc(free, same); i >= 0 {
			id = free[i].ID
			free = slices.Delete(free, i, i+1)
		}
		return id
	}
	for i, a := range accounts {
		if !slices.Contains(added, i) {
			take(func(s auth.Account) bool { return s.ID == a.ID })
		}
	}
	closely := func(a, s auth.Account) bool {
		return s.OrganizationID == a.OrganizationID && s.UserType == a.UserType && s.GroupID == a.GroupID
	}
	roughly := func(a, s auth.Account) bool { return s.OrganizationID == a.OrganizationID }
	for _, same := range []func(a, s auth.Account) bool{closely, roughly} {
		added = slices.DeleteFunc(slices.Clone(added), func(i int) bool {
			id := take(func(s auth.Account) bool { return same(accounts[i], s) })
			if id != "" {
				accounts[i].ID = id
			}
			return id != ""
		})
	}
	return accounts
}

// Differences returns the sorted names of the members that differ between the two users' lines.
func Differences(a, b auth.User) ([]string, error) {
	if sameFields(a, b) {
		return nil, nil
	}
	one, err := Encode(a)
	if err != nil {
		return nil, err
	}
	other, err := Encode(b)
	if err != nil || bytes.Equal(one, other) {
		return nil, err
	}
	var ours, theirs map[string]jsontext.Value
	if err := errors.Join(json.Unmarshal(one, &ours), json.Unmarshal(other, &theirs)); err != nil {
		return nil, fmt.Errorf("compare user %s: %w", a.ID, err)
	}
	var names []string
	for name, value := range ours {
		if !bytes.Equal(value, theirs[name]) {
			names = append(names, name)
		}
		delete(theirs, name)
	}
	for name := range theirs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// sameFields is a quick comparison. It may report false for users whose lines are the same, as it tells absent from empty.
func sameFields(a, b auth.User) bool {
	return a.ID == b.ID && a.Email == b.Email && a.PasswordHash == b.PasswordHash && a.Status == b.Status && a.Role == b.Role &&
		a.Activate == b.Activate && a.Locale == b.Locale &&
		slices.Equal(a.Accounts, b.Accounts) && reflect.DeepEqual(a.Profile, b.Profile)
}
