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

// Over returns the line's user as one who takes the stored one's place: with their id where the line has none, and with
// the ids of their accounts where the line has those without ids.
func (e Entry) Over(stored auth.User) auth.User {
	u := e.User
	if e.NewID {
		u.ID = stored.ID
	}
	u.Accounts = keepAccountIDs(u.Accounts, e.NewAccountIDs, stored.Accounts)
	return u
}

// keepAccountIDs gives accounts whose ids were made up those of the stored ones that they are: of the same organization,
// best with the same user type and group. Each is taken once.
func keepAccountIDs(accounts []auth.Account, madeUp []int, stored []auth.Account) []auth.Account {
	accounts, free := slices.Clone(accounts), slices.Clone(stored)
	take := func(same func(auth.Account) bool) (id string) {
		if i := slices.IndexFunc(free, same); i >= 0 {
			id = free[i].ID
			free = slices.Delete(free, i, i+1)
		}
		return id
	}
	for i, a := range accounts {
		if !slices.Contains(madeUp, i) {
			take(func(s auth.Account) bool { return s.ID == a.ID })
		}
	}
	closely := func(a, s auth.Account) bool {
		return s.OrganizationID == a.OrganizationID && s.UserType == a.UserType && s.GroupID == a.GroupID
	}
	roughly := func(a, s auth.Account) bool { return s.OrganizationID == a.OrganizationID }
	for _, same := range []func(a, s auth.Account) bool{closely, roughly} {
		madeUp = slices.DeleteFunc(slices.Clone(madeUp), func(i int) bool {
			id := take(func(s auth.Account) bool { return same(accounts[i], s) })
			if id != "" {
				accounts[i].ID = id
			}
			return id != ""
		})
	}
	return accounts
}

// Differences returns the names of the members that the users' lines do not have in common, sorted; none where the
// lines are the same.
func Differences(a, b auth.User) ([]string, error) {
	if alike(a, b) {
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

// alike is quick, and may be wrong about users whose lines are the same: of absent and empty, and of documents.
func alike(a, b auth.User) bool {
	return a.ID == b.ID && a.Email == b.Email && a.PasswordHash == b.PasswordHash && a.Status == b.Status && a.Role == b.Role &&
		slices.Equal(a.Accounts, b.Accounts) && reflect.DeepEqual(a.Profile, b.Profile)
}
