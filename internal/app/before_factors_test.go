package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestAnswersBeforeFactors promises that a client which sends nothing new gets the bytes of before second factors existed, except the
// claims amr and auth_time in access tokens. The digests are of the fixtures of then; ids and signatures are left out.
func TestAnswersBeforeFactors(t *testing.T) {
	recorded, err := os.ReadFile("testdata/before-factors.json")
	check(t, err)
	var digests map[string]string
	check(t, json.Unmarshal(recorded, &digests))
	if len(digests) < 90 {
		t.Errorf("%d answers are recorded", len(digests))
	}
	for name, want := range digests {
		answer, err := os.ReadFile("../../events/" + name)
		check(t, err)
		sum := sha256.Sum256([]byte(withoutNewClaims(t, string(answer))))
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%s is not the answer of before", name)
		}
	}
}

var (
	anyRefreshCookie = regexp.MustCompile(`planpointRefresh=[\w-]+`)
	anyFixedID       = regexp.MustCompile(`(zz[0-9a-f]{12})?fixed-id-\d{13}`)
)

// withoutNewClaims returns the answer with the claims of each access token in its place, except the new ones, and without ids.
func withoutNewClaims(t *testing.T, answer string) string {
	t.Helper()
	answer = anyToken.ReplaceAllStringFunc(answer, func(token string) string {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		check(t, err)
		var claims map[string]any
		check(t, json.Unmarshal(payload, &claims))
		delete(claims, "amr")
		delete(claims, "auth_time")
		text, err := json.Marshal(claims)
		check(t, err)
		return string(text)
	})
	return anyFixedID.ReplaceAllString(anyRefreshCookie.ReplaceAllString(answer, "planpointRefresh="), "id")
}
