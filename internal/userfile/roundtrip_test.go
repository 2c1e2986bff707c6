package userfile_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/userfile"
)

// anyUser draws from all users that a file can hold.
func anyUser(t *rapid.T) auth.User {
	email := rapid.StringMatching(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,8}é?@[a-zA-Z0-9]{1,8}(\.münchen)?\.example`).Draw(t, "email")
	u := auth.User{
		ID: anyID().Draw(t, "id"), Email: email, Identifier: authtest.Identifier(email),
		Status:       rapid.SampledFrom([]auth.Status{auth.StatusReady, auth.StatusPending, auth.StatusDisabled}).Draw(t, "status"),
		PasswordHash: rapid.SampledFrom([]string{bcryptHash, argon2idHash}).Draw(t, "hash"),
		Role:         rapid.OneOf(rapid.Just(""), anyRole()).Draw(t, "role"),
		Accounts:     rapid.SliceOfN(rapid.Custom(anyAccount), 0, 3).Draw(t, "accounts"),
	}
	if u.Status != auth.StatusReady && rapid.Bool().Draw(t, "no password yet") {
		u.PasswordHash = ""
	}
	profile := reflect.ValueOf(&u.Profile).Elem()
	for i := range profile.NumField() { // every field, including later ones
		profile.Field(i).Set(reflect.ValueOf(anyValue(t, profile.Field(i).Interface())))
	}
	return u
}

func anyID() *rapid.Generator[string]   { return rapid.StringMatching(`[!-~]{1,24}`) }
func anyRole() *rapid.Generator[string] { return rapid.StringMatching(`[ -~äβ中]{1,12}`) }

func anyAccount(t *rapid.T) auth.Account {
	return auth.Account{
		ID: anyID().Draw(t, "id"), OrganizationID: anyID().Draw(t, "organizationId"), UserType: anyRole().Draw(t, "userType"),
		OrganizationName: rapid.String().Draw(t, "organizationName"), IsSelected: rapid.Bool().Draw(t, "isSelected"),
		GroupID: rapid.String().Draw(t, "groupId"), CustomSubdomain: rapid.String().Draw(t, "customSubdomain"),
	}
}

// anyValue draws a value of the same type as like.
func anyValue(t *rapid.T, like any) any {
	switch like.(type) {
	case string:
		return rapid.String().Draw(t, "text")
	case bool:
		return rapid.Bool().Draw(t, "truth")
	case []string:
		return rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "texts")
	case auth.Document:
		return authtest.Document(rapid.MapOfN(rapid.String(), anyJSON(2), 0, 3).Draw(t, "object"))
	case []auth.Invite:
		return rapid.SliceOfN(rapid.Make[auth.Invite](), 0, 2).Draw(t, "invites")
	case auth.Preferences:
		return rapid.Make[auth.Preferences]().Draw(t, "preferences")
	}
	t.Fatalf("nothing is known of %T", like)
	return nil
}

func anyJSON(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Float64Range(-1e300, 1e300).AsAny(),
	}
	if depth > 0 {
		deeper := anyJSON(depth - 1)
		kinds = append(kinds, rapid.SliceOfN(deeper, 0, 3).AsAny(), rapid.MapOfN(rapid.String(), deeper, 0, 3).AsAny())
	}
	return rapid.OneOf(kinds...)
}

// TestWhatIsWrittenIsRead promises that Decode returns the user that Encode wrote.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyUser(t)
		raw, err := userfile.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := userfile.Decode(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		if d := cmp.Diff(userfile.Entry{User: want}, got, equal()); d != "" || bytes.ContainsAny(raw, "\r\n") {
			t.Fatalf("differs (-want +got):\n%s\n%s", d, raw)
		}
	})
}

// FuzzDecode promises a valid user or an error, and that the user survives Encode and Decode.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"u1","email":"ada@example.com","status":"ready","passwordHash":"` + bcryptHash + `"}`,
		`{"email":"ada@example.com","status":"ready","password":"x","stripeCustomer":{"a":[1,null]},"preferences":{}}`,
		`{"email":"joan@example.com","status":"pending","accounts":[{"organizationId":"o","organizationName":"","userType":"t"}]}`,
		`{"email":"a@b","email":"c@d"}`, `{"email":1}`, "\ufeff{}", `null`, "{\"email\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := userfile.Decode(raw)
		if err != nil {
			if e.User.ID != "" || e.Password != "" {
				t.Fatalf("%q: with error %v there is %+v", raw, err, e)
			}
			return
		}
		if err := e.User.Validate(); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if e.User.Status == auth.StatusReady && e.User.PasswordHash == "" { // the importer hashes the password
			e.User.PasswordHash = bcryptHash
		}
		line, err := userfile.Encode(e.User)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		again, err := userfile.Decode(line)
		if d := cmp.Diff(userfile.Entry{User: e.User}, again, equal()); err != nil || d != "" {
			t.Fatalf("%q: error %v, %s reads differently (-want +got):\n%s", raw, err, line, d)
		}
	})
}

// TestWhatAUserLacksIsNotWritten promises that empty members are left out.
func TestWhatAUserLacksIsNotWritten(t *testing.T) {
	u := authtest.NewUser("ada")
	u.Profile, u.PasswordHash = auth.Profile{}, bcryptHash
	u.Accounts = []auth.Account{{ID: "a", OrganizationID: "o", UserType: "t"}}
	raw, err := userfile.Encode(u)
	want := `{"id":"ada","email":"ada@example.com","passwordHash":"` + bcryptHash + `","status":"ready",` +
		`"accounts":[{"id":"a","organizationId":"o","organizationName":"","userType":"t"}]}`
	if string(raw) != want || err != nil {
		t.Errorf("Encode = %s, %v, want %s", raw, err, want)
	}
}
