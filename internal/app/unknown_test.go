package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
)

// TestUnknownSettings promises a warning for each variable that is ignored, a hint if a setting's name is close, and never
// a value.
func TestUnknownSettings(t *testing.T) {
	got := app.UnknownSettings([]string{
		"LATCHKEY_ISSUER=https://login.example.com", "PATH=/bin", "LATCHKEY_TEST_REQUIRE=dynamodb", "LATCHKEY_ATTACK=full", "LATCHKEY_ATTACKS=1",
		"LATCHKEY_ISSUR=secret", "LATCHKEY_COOKIEDOMAIN=secret", "LATCHKEY_INSECURE_COOKIES=1", "LATCHKEY_=x", "NOT_LATCHKEY_ISSUER=x", "LATCHKEY_issuer=x",
	})
	want := []string{
		"LATCHKEY_ is not a setting and is ignored",
		"LATCHKEY_COOKIEDOMAIN is not a setting and is ignored; did you mean LATCHKEY_COOKIE_DOMAIN?",
		"LATCHKEY_INSECURE_COOKIES is not a setting and is ignored",
		"LATCHKEY_ISSUR is not a setting and is ignored; did you mean LATCHKEY_ISSUER?",
		"LATCHKEY_issuer is not a setting and is ignored; did you mean LATCHKEY_ISSUER?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, s := range app.Settings() {
		if got := app.UnknownSettings([]string{app.Prefix + s.Name + "=x"}); got != nil {
			t.Errorf("%s warns %q", s.Name, got)
		}
	}
}
