package auth_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/passlist"
)

func passwordRules(t testing.TB) auth.PasswordRules {
	t.Helper()
	list, err := passlist.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return auth.PasswordRules{Min: 8, Service: "login.example.com", Listed: list.Contains}
}

func refusedBy(err error) auth.PasswordRule {
	if refused := new(auth.RefusedPassword); errors.As(err, &refused) {
		return refused.Rule
	}
	return ""
}

// TestPasswordRules promises which rule refuses a password, and that ordinary good ones pass whatever their composition.
func TestPasswordRules(t *testing.T) {
	ada := authtest.Ada() // Ada Lovelace, ada@example.com
	ada.Profile.CompanyName = "Analytical Engines"
	rules := passwordRules(t)
	for password, want := range map[string]auth.PasswordRule{
		"correct horse battery staple": "", "tr0ub4dor&3x": "", "nothing but lower case": "", "59 81 07 33 62": "", "日本語のパスワード文字": "",
		"abcdefg": auth.RuleLength, "": auth.RuleLength, strings.Repeat("long and good ", 20): auth.RuleLength,
		"\U0001F512\U0001F511\U0001F512\U0001F511\U0001F5DD\U0001F510\U0001F50F\U0001F513": "",
		"with a NUL\x00 in it": auth.RuleCharacters, "not UTF-8 \xff\xfe": auth.RuleCharacters,

		"password": auth.RuleListed, "PASSWORD": auth.RuleListed, "PassWord": auth.RuleListed, "iloveyou": auth.RuleListed,
		"passwordpassword": auth.RuleListed, "PasswordPasswordPass": auth.RuleListed, "aaaaaaaaaaaaaaa": auth.RuleListed,
		"abcabcabcabcabc": auth.RuleListed, "x7Gqk2x7Gqk2x7Gqk2": auth.RuleListed, "abcdefghijklmno": auth.RuleListed,
		"onmlkjihgfedcba": auth.RuleListed, "1234567890123456": auth.RuleListed, "0987654321098765": auth.RuleListed,
		"qwertyuiopasdfgh": auth.RuleListed, "QWERTZUIOPASDFGH": auth.RuleListed, "1qaz2wsx3edc4rfv": auth.RuleListed,
		"x7Gqk2mPx7Gqk2mP": "", "abcdefghijklmno and more": "",

		"lovelace-x": auth.RuleContext, "Ada.Lovelace1815": auth.RuleContext, "example-login": auth.RuleContext, "Analytical-42": auth.RuleContext,
		"Lovelace and 8 more": "", "ada is short enough": "", "love lace 1815": auth.RuleContext,
	} {
		if got := refusedBy(rules.Check(ada, password)); got != want {
			t.Errorf("%q: refused by %q, want %q", password, got, want)
		}
	}
}

// TestPasswordLength promises that characters are counted after NFC, and that the least number is the setting's.
func TestPasswordLength(t *testing.T) {
	rules := auth.PasswordRules{Min: 15}
	if got := refusedBy(rules.Check(auth.User{}, "zwo\u0308lf ze\u0131chen")); got != auth.RuleLength {
		t.Errorf("13 characters of more code points: refused by %q", got)
	}
	if err := rules.Check(auth.User{}, "fifteen letters"); err != nil {
		t.Error(err)
	}
	if got := refusedBy(rules.Check(auth.User{}, strings.Repeat("\U0001F512 x", 90))); got != auth.RuleLength {
		t.Errorf("270 characters: refused by %q", got)
	}
}

// TestPasswordRulesAny promises that no text breaks the rules, that a refusal quotes none of it, and that writing a short text
// again and again never makes a good password.
func TestPasswordRulesAny(t *testing.T) {
	rules := passwordRules(t)
	rapid.Check(t, func(rt *rapid.T) {
		password := rapid.String().Draw(rt, "password")
		if err := rules.Check(authtest.Ada(), password); err != nil && len(password) > 4 && strings.Contains(err.Error(), password) {
			rt.Fatalf("%v", err)
		}
		unit := rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ019 -ä")), 1, 7, -1).Draw(rt, "unit")
		repeated := strings.Repeat(unit, 16/len([]rune(unit))+2)
		if err := rules.Check(auth.User{}, repeated); err == nil {
			rt.Fatalf("%q is accepted", repeated)
		}
	})
}
