package userfile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/userfile"
)

func account(id, organization, userType string) auth.Account {
	return auth.Account{ID: id, OrganizationID: organization, UserType: userType}
}

// TestReplacing promises that users and matching accounts keep their ids where the line has none, that an id in the line wins, and
// that no id is used twice.
func TestReplacing(t *testing.T) {
	stored := authtest.Ada()
	stored.Accounts = []auth.Account{account("a1", "o1", "Owner"), account("a2", "o1", "Viewer"), account("a3", "o2", "Owner")}
	for _, test := range []struct {
		name, accounts string
		want           []string // ids; empty: a new one
	}{
		{"none", ``, nil},
		{"the same, in another order", `{"organizationId":"o2","userType":"Owner"},{"organizationId":"o1","userType":"Viewer"},{"organizationId":"o1","userType":"Owner"}`,
			[]string{"a3", "a2", "a1"}},
		{"another type in the same organization", `{"organizationId":"o2","userType":"Admin"}`, []string{"a3"}},
		{"the closest first", `{"organizationId":"o1","userType":"Admin"},{"organizationId":"o1","userType":"Owner"}`, []string{"a2", "a1"}},
		{"another organization", `{"organizationId":"o3","userType":"Owner"}`, []string{""}},
		{"more than there were", `{"organizationId":"o2","userType":"Owner"},{"organizationId":"o2","userType":"Owner"}`, []string{"a3", ""}},
		{"an id of its own", `{"id":"b1","organizationId":"o1","userType":"Owner"}`, []string{"b1"}},
		{"an id that another would get", `{"organizationId":"o1","userType":"Owner"},{"id":"a1","organizationId":"o1","userType":"Owner"}`,
			[]string{"a2", "a1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			entry, err := userfile.Decode([]byte(`{"email":"ada@example.com","status":"pending","accounts":[` +
				strings.ReplaceAll(test.accounts, `"organizationId"`, `"organizationName":"","organizationId"`) + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			given := slices.Clone(entry.User.Accounts)
			u := entry.Replacing(stored)
			if u.ID != stored.ID {
				t.Errorf("the user's id is %s", u.ID)
			}
			var got []string
			for i, a := range u.Accounts {
				if test.want[i] == "" && a.ID == given[i].ID {
					a.ID = ""
				}
				got = append(got, a.ID)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("the accounts' ids differ (-want +got):\n%s", d)
			}
			if d := cmp.Diff(given, entry.User.Accounts, equal()); d != "" {
				t.Errorf("the entry changed:\n%s", d)
			}
		})
	}
}

func TestDifferences(t *testing.T) {
	a := authtest.Filled[auth.User]()
	b := a
	b.Version, b.PasswordEpoch, b.CreatedAt = 7, 8, authtest.Start() // stand in no line
	if got, err := userfile.Differences(a, b); len(got) > 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	b.PasswordHash, b.Role, b.Profile.City, b.Accounts = "", "other", "", nil
	want := []string{"accounts", "city", "passwordHash", "role"}
	for range 2 {
		got, err := userfile.Differences(a, b)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v, differs (-want +got):\n%s", err, d)
		}
		a, b = b, a
	}
}

func TestPatch(t *testing.T) {
	ada := authtest.Ada()
	ada.Profile.Projects = []string{"p1"}
	ada.Profile.Preferences.HideBrandingIcon = true
	ada.Profile.Invites = []auth.Invite{{FirstName: "Mary", Email: "mary@example.com"}}
	ada.Accounts = []auth.Account{account("a1", "o1", "Owner")}
	before := ada
	before.Profile.Projects, before.Profile.Invites = slices.Clone(ada.Profile.Projects), slices.Clone(ada.Profile.Invites)
	for _, test := range []struct {
		name, patch string
		change      func(*auth.User)
	}{
		{"nothing", `{}`, func(*auth.User) {}},
		{"role", `{"role":"editor"}`, func(u *auth.User) { u.Role = "editor" }},
		{"profile", `{"city":"London","projects":["p2","p3"],"preferences":{"hideLoadingLogo":true}}`, func(u *auth.User) {
			u.Profile.City, u.Profile.Projects = "London", []string{"p2", "p3"}
			u.Profile.Preferences = auth.Preferences{HideLoadingLogo: true}
		}},
		{"no part stays of what is replaced", `{"projects":["p2"],"preferences":{},"invites":[{"firstName":"","lastName":"Ann","email":"","level":""}]}`, func(u *auth.User) {
			u.Profile.Projects, u.Profile.Preferences, u.Profile.Invites = []string{"p2"}, auth.Preferences{}, []auth.Invite{{LastName: "Ann"}}
		}},
		{"null takes away", `{"name":null,"projects":null,"accounts":null}`, func(u *auth.User) {
			u.Profile.Name, u.Profile.Projects, u.Accounts = "", nil, nil
		}},
		{"address", `{"email":" Countess@Example.com"}`, func(u *auth.User) {
			u.Email, u.Identifier = "Countess@Example.com", authtest.Identifier("countess@example.com")
		}},
		{"accounts", `{"accounts":[{"organizationId":"o1","organizationName":"","userType":"Viewer"},{"id":"a2","organizationId":"o2","organizationName":"","userType":"Owner"}]}`,
			func(u *auth.User) {
				u.Accounts = []auth.Account{account("a1", "o1", "Viewer"), account("a2", "o2", "Owner")}
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := ada
			test.change(&want)
			got, err := userfile.Patch(ada, []byte(test.patch))
			if d := cmp.Diff(want, got, equal()); err != nil || d != "" {
				t.Errorf("%v, differs (-want +got):\n%s", err, d)
			}
			if d := cmp.Diff(before, ada, equal()); d != "" {
				t.Errorf("the user it was made from changed:\n%s", d)
			}
		})
	}
	for patch, want := range map[string]string{
		``: "not a JSON object", `[]`: "not a JSON object", `{"role":1}`: `member "role" has the wrong type`, `{"rolle":""}`: `unknown member "rolle"`,
		`{"id":"x"}`: `"id" cannot be changed`, `{"password":"x"}`: "set-password", `{"passwordHash":null}`: "set-password",
		`{"status":"ready"}`: "users enable", `{"email":null}`: "email: ", `{"role":"\u0007"}`: "role must be",
		`{"accounts":[{"organizationId":"o"}]}`: "userType is missing",
	} {
		if got, err := userfile.Patch(ada, []byte(patch)); err == nil || !strings.Contains(err.Error(), want) || got.ID != "" {
			t.Errorf("%s: %v, want an error that says %q", patch, err, want)
		}
	}
}

// TestWithMembers promises that given members win, and that all others stay byte by byte.
func TestWithMembers(t *testing.T) {
	got, err := userfile.WithMembers([]byte(` {"role":"a","subscription":{"n":9007199254740993}} `), map[string]string{"role": `b"`, "name": ""})
	if want := `{"name":"","role":"b\"","subscription":{"n":9007199254740993}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	for _, raw := range []string{``, `[]`, `{"role":`, `{"role":"a","role":"b"}`, `{}{}`} {
		if got, err := userfile.WithMembers([]byte(raw), nil); err == nil {
			t.Errorf("%s became %s", raw, got)
		}
	}
}

// TestCheckImportable promises that CheckImportable and Decode agree about a stored user's line.
func TestCheckImportable(t *testing.T) {
	for _, change := range []func(*auth.User){
		func(*auth.User) {},
		func(u *auth.User) { u.PasswordHash = "" },
		func(u *auth.User) { u.PasswordHash, u.Status = "", auth.StatusPending },
		func(u *auth.User) { u.PasswordHash = "!" },
		func(u *auth.User) { u.ID = "with space" },
		func(u *auth.User) { u.Status = "retired" },
		func(u *auth.User) { u.Accounts = []auth.Account{{ID: "a", OrganizationID: "o"}} },
	} {
		u := authtest.Ada()
		u.PasswordHash = bcryptHash
		change(&u)
		line, err := userfile.Encode(u)
		if err != nil {
			t.Fatal(err)
		}
		_, decoding := userfile.Decode(line)
		if importable := userfile.CheckImportable(u); (importable == nil) != (decoding == nil) {
			t.Errorf("%s: importable %v, decoded %v", line, importable, decoding)
		}
	}
}
