package password_test

import (
	"strings"
	"testing"

	"latchkey/internal/password"
)

// TestExplainMismatch promises the reason where another system changed the password in a known way, and none elsewhere. The hashes
// were made with pyca/bcrypt 4.0.1.
func TestExplainMismatch(t *testing.T) {
	hasher := password.New(cheap, 0)
	for _, test := range []struct{ name, stored, plain, want string }{
		{"cut at 72 bytes", "$2b$04$z2tV/tMkJbZwgyoMhkUpz.rCOX1iHABFGlKNESSVxhNBHcnHfjqvK", strings.Repeat("0123456789", 9), "first 72 bytes"},
		{"NFKC", "$2b$04$z2tV/tMkJbZwgyoMhkUpz./nTUNLm6FPEFJu.VrDV382BECWEiv56", "\ufb01ve \u2460 \uff21", "in NFKC"},
		{"Meteor", "$2b$04$z2tV/tMkJbZwgyoMhkUpz.CwKQvjeQvUUZqyh5abaQ5V50B2bYEz2", "correct horse battery staple", "SHA-256 digest"},
		{"trimmed", bcryptOfPassword, " password\n", "without white space"},
		{"lower case", bcryptOfPassword, "Password", "in lower case"},
		{"peppered", bcryptOfPassword, "another password", ""},
		{"refused", "!", "password", ""},
	} {
		got, err := hasher.ExplainMismatch(t.Context(), test.stored, test.plain)
		if err != nil || !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}
