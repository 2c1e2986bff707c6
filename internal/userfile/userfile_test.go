package userfile_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/userfile"
)

const (
	bcryptHash   = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
	argon2idHash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$KRfGvSWWN3sW0ll7kFmPqY9Pb4s0v5Gz2mE5rpAtX2M"
)

func equal() cmp.Option {
	return cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(auth.Identifier{})}
}

// TestDecode promises what each kind of line becomes.
func TestDecode(t *testing.T) {
	entry := func(change func(*userfile.Entry)) userfile.Entry {
		e := userfile.Entry{User: auth.User{
			ID: "u1", Email: "Ada@Example.com", Identifier: authtest.Identifier("ada@example.com"),
			PasswordHash: bcryptHash, Status: auth.StatusReady,
		}}
		change(&e)
		return e
	}
	const line = `{"id":"u1","email":"Ada@Example.com","status":"ready"`
	for _, test := range []struct {
		name, line string
		change     func(*userfile.Entry)
	}{
		{"hash", line + `,"passwordHash":"` + bcryptHash + `"}`, func(*userfile.Entry) {}},
		{"another hash", line + `,"passwordHash":"` + argon2idHash + `"}`, func(e *userfile.Entry) { e.User.PasswordHash = argon2idHash }},
		{"hash of Spring Security", line + `,"passwordHash":"{bcrypt}` + bcryptHash + `"}`, func(*userfile.Entry) {}},
		{"space around the line", " \t" + line + `,"passwordHash":"` + bcryptHash + "\"}\r", func(*userfile.Entry) {}},
		{"space around the address", `{"id":"u1","email":" Ada@Example.com ","status":"ready","passwordHash":"` + bcryptHash + `"}`, func(*userfile.Entry) {}},
		{"plain password, its space kept, however short", line + `,"password":" x "}`, func(e *userfile.Entry) {
			e.User.PasswordHash, e.Password = "", " x "
		}},
		{"null counts as absent", line + `,"passwordHash":"` + bcryptHash + `","password":null,"role":null,"accounts":null,"projects":null,"preferences":null}`,
			func(*userfile.Entry) {}},
		{"pending, without a password", `{"id":"u1","email":"Ada@Example.com","status":"pending"}`, func(e *userfile.Entry) {
			e.User.PasswordHash, e.User.Status = "", auth.StatusPending
		}},
		{"disabled", `{"id":"u1","email":"Ada@Example.com","status":"disabled"}`, func(e *userfile.Entry) {
			e.User.PasswordHash, e.User.Status = "", auth.StatusDisabled
		}},
		{"profile and accounts", line + `,"passwordHash":"` + bcryptHash + `","role":"editor","fullName":"Ada King","stripeCustomer":{"id": [1, 9007199254740993]},
			"invites":[{"firstName":"C","lastName":"B","email":"c@example.com","level":"l"}],"preferences":{"hideLoadingLogo":true},
			"accounts":[{"id":"a1","organizationId":"o1","organizationName":"Org","userType":"Viewer","isSelected":true}]}`,
			func(e *userfile.Entry) {
				e.User.Role = "editor"
				e.User.Profile = auth.Profile{
					FullName: "Ada King", StripeCustomer: auth.Document(`{"id":[1,9007199254740993]}`),
					Invites:     []auth.Invite{{FirstName: "C", LastName: "B", Email: "c@example.com", Level: "l"}},
					Preferences: auth.Preferences{HideLoadingLogo: true},
				}
				e.User.Accounts = []auth.Account{{ID: "a1", OrganizationID: "o1", OrganizationName: "Org", UserType: "Viewer", IsSelected: true}}
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := userfile.Decode([]byte(test.line))
			if d := cmp.Diff(entry(test.change), got, equal()); err != nil || d != "" {
				t.Errorf("error %v, differs (-want +got):\n%s", err, d)
			}
		})
	}
}

// TestDecodeGivesIDs promises ids for users and accounts without one.
func TestDecodeGivesIDs(t *testing.T) {
	line := `{"email":"ada@example.com","status":"pending","accounts":[{"organizationId":"o","organizationName":"","userType":"t"},
		{"id":"kept","organizationId":"o","organizationName":"","userType":"t"}]}`
	e, err := userfile.Decode([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	shape := regexp.MustCompile(`^[0-9a-f]{24}$`)
	if !e.NewID || !shape.MatchString(e.User.ID) || !shape.MatchString(e.User.Accounts[0].ID) || e.User.Accounts[1].ID != "kept" {
		t.Errorf("got %+v", e)
	}
}

// TestDecodeSaysWhatIsWrong promises a reason that quotes neither a password nor a hash, wherever in the line it is.
func TestDecodeSaysWhatIsWrong(t *testing.T) {
	const secret = "hunter2-hunter2"
	const line = `{"id":"u1","email":"ada@example.com","status":"ready"`
	for _, test := range []struct{ name, line, want string }{
		{"empty", "", "not a JSON object"},
		{"an array", `["` + secret + `"]`, "not a JSON object"},
		{"a header of CSV", "email,password", "not a JSON object"},
		{"byte order mark", "\ufeff" + line + `}`, "not a JSON object"},
		{"cut off", line + `,"password":"` + secret, "not valid JSON in UTF-8, or more than one value"},
		{"two users", line + `,"password":"` + secret + `"}{}`, "not valid JSON in UTF-8, or more than one value"},
		{"not UTF-8", line + ",\"password\":\"" + secret + "\xff\"}", "not valid JSON in UTF-8, or more than one value"},
		{"lone surrogate", line + `,"password":"` + secret + `\ud800"}`, "not valid JSON in UTF-8, or more than one value"},
		{"member twice", line + `,"password":"x","password":"` + secret + `"}`, "a member is repeated"},
		{"unknown member", line + `,"pasword":"` + secret + `"}`, `unknown member "pasword"`},
		{"member in another case", line + `,"Password":"` + secret + `"}`, `unknown member "Password"`},
		{"a live credential", line + `,"resetToken":"` + secret + `"}`, `unknown member "resetToken"`},
		{"unknown member of an account", line + `,"accounts":[{"secret":"` + secret + `"}]}`, `unknown member "accounts/0/secret"`},
		{"number for a text", line + `,"password":12345678}`, `member "password" has the wrong type`},
		{"text for a truth", line + `,"appliedTrial":"` + secret + `"}`, `member "appliedTrial" has the wrong type`},
		{"text for an object", line + `,"stripeCustomer":"` + secret + `"}`, `member "stripeCustomer" has the wrong type`},
		{"list for an object", line + `,"subscription":["` + secret + `"]}`, `member "subscription" has the wrong type`},
		{"a member of an object twice", line + `,"subscription":{"a":"` + secret + `","a":1}}`, "a member is repeated"},
		{"text for a list", line + `,"projects":"` + secret + `"}`, `member "projects" has the wrong type`},
		{"text inside of a list of accounts", line + `,"accounts":["` + secret + `"]}`, `member "accounts/0" has the wrong type`},
		{"too long", line + `,"password":"` + strings.Repeat(secret, 30_000) + `"}`, "the line is over 389120 bytes"},

		{"no email", `{"status":"ready","password":"` + secret + `"}`, "email: an e-mail address has one @"},
		{"password for an email", `{"email":"` + secret + `","status":"ready"}`, "email: an e-mail address has one @"},
		{"email no address", `{"email":"` + secret + ` <ada@example.com>","status":"ready"}`, "email: the part before @ has a character"},
		{"email without a domain name", `{"email":"ada@-` + secret + `","status":"ready"}`, "email: the part after @ is not a domain name"},
		{"id with a space", `{"id":"` + secret + ` ","email":"ada@example.com","status":"ready","password":"x"}`, "id must be"},
		{"no status", `{"email":"ada@example.com","password":"` + secret + `"}`, "status must be ready, pending or disabled"},
		{"password for a status", `{"email":"ada@example.com","status":"` + secret + `"}`, "status must be ready, pending or disabled"},
		{"control in the role", line + `,"role":"` + secret + `\u0007"}`, "role must be"},
		{"account without an organization", line + `,"accounts":[{"userType":"t"}]}`, "accounts[0]: organizationId is missing"},
		{"account without a userType", line + `,"accounts":[{"organizationId":"o"}]}`, "accounts[0]: userType is missing"},

		{"neither password nor hash", line + `}`, "password or passwordHash is missing"},
		{"both", line + `,"password":"` + secret + `","passwordHash":"` + bcryptHash + `"}`, "password and passwordHash are both given"},
		{"empty password", line + `,"password":""}`, "password is empty"},
		{"empty password of one who is pending", `{"email":"ada@example.com","status":"pending","password":""}`, "password is empty"},
		{"plain password for a hash", line + `,"passwordHash":"` + secret + `"}`, "passwordHash: password hash: its format is not one"},
		{"unusable hash", line + `,"passwordHash":"!` + secret + `"}`, "passwordHash: password hash: !: a mark for users without"},
		{"hash of an unknown scheme", line + `,"passwordHash":"$0$` + secret + `$"}`, "passwordHash: password hash: its format is not one"},
		{"hash of a refused scheme", line + `,"passwordHash":"$1$` + secret + `$"}`, "passwordHash: password hash: MD5-crypt: "},
		{"broken hash of Django", line + `,"passwordHash":"pbkdf2_sha256$1$` + secret + `$` + secret + `"}`, "passwordHash: password hash: PBKDF2 of Django: the digest is not base64"},
		{"broken bcrypt", line + `,"passwordHash":"$2b$10$` + secret + `"}`, "passwordHash: password hash: bcrypt: is 22 bytes long"},
		{"broken argon2id", line + `,"passwordHash":"$argon2id$v=19$m=64,t=1,p=1$` + secret + `$` + secret + `"}`, "passwordHash: password hash: argon2id: "},
		{"too costly a hash", line + `,"passwordHash":"` + strings.Replace(bcryptHash, "$10$", "$31$", 1) + `"}`, "passwordHash: password hash: bcrypt: the cost is 31"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := userfile.Decode([]byte(test.line))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one that says %q", err, test.want)
			}
			for _, leak := range []string{secret, bcryptHash[7:], "12345678", "Go", "struct", "userfile.", "auth."} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("the reason quotes %q: %v", leak, err)
				}
			}
			if d := cmp.Diff(userfile.Entry{}, e, equal()); d != "" {
				t.Errorf("with an error there is an entry:\n%s", d)
			}
		})
	}
}
