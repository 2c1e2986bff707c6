package rotation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRefused promises for every event that is not for this secret, or not allowed now, an error that says so and no change.
func TestRefused(t *testing.T) {
	event := func(step, id, version string) string {
		return fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`, step, id, version)
	}
	for _, tc := range []struct {
		name, event, want string
		prepare           func(v *vault)
	}{
		{"empty", "", "not a JSON object", nil},
		{"null", "null", "lacks Step", nil},
		{"array", "[]", "not a JSON object", nil},
		{"another function's", `{"version":"2.0","routeKey":"$default","rawPath":"/"}`, "lacks Step", nil},
		{"no step", event("", arn, "v1"), "lacks Step", nil},
		{"no secret", event("createSecret", "", "v1"), "lacks Step", nil},
		{"no token", event("createSecret", arn, ""), "lacks Step", nil},
		{"step a number", `{"Step":1,"SecretId":"x","ClientRequestToken":"v1"}`, "as strings", nil},
		{"member twice", `{"Step":"testSecret","Step":"createSecret","SecretId":"` + arn + `","ClientRequestToken":"v1"}`, "not a JSON object", nil},
		{"member in another case", `{"step":"createSecret","SecretId":"` + arn + `","ClientRequestToken":"v1"}`, "lacks Step", nil},
		{"trailing data", event("createSecret", arn, "v1") + "{}", "not a JSON object", nil},
		{"unknown step", event("deleteSecret", arn, "v1"), `no step "deleteSecret"`, nil},
		{"step in another case", event("CREATESECRET", arn, "v1"), "no step", nil},
		{"long step", event(strings.Repeat("x", 9999), arn, "v1"), "no step", nil},
		{"other secret", event("createSecret", strings.Replace(arn, "AbCdEf", "AbCdEg", 1), "v1"), "is about the secret", nil},
		{"other region", event("createSecret", strings.Replace(arn, "east", "west", 1), "v1"), "is about the secret", nil},
		{"other name", event("createSecret", "latchkey", "v1"), "is about the secret", nil},
		{"longer name", event("createSecret", "latchkey-local-AbCdEf", "v1"), "is about the secret", nil},
		{"unknown version", event("createSecret", arn, "v7"), `no version "v7"`, nil},
		{"version without a label", event("createSecret", arn, "v1"), `no version "v1"`, func(v *vault) { delete(v.labels, "AWSPENDING") }},
		{"version that was current", event("createSecret", arn, "v0"), "not AWSPENDING any more", func(v *vault) {
			v.write("v9", []byte("{}"))
			delete(v.labels, "AWSPENDING")
		}},
		{"another is pending", event("finishSecret", arn, "v0"), "version v1 is", func(v *vault) { v.write("v9", []byte("{}")) }},
		{"rotation is off", event("createSecret", arn, "v1"), "not turned on", func(v *vault) { v.off = true }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKit("{}")
			if err := k.vault.begin("v1"); err != nil {
				t.Fatal(err)
			}
			if tc.prepare != nil {
				tc.prepare(k.vault)
			}
			before := k.vault.snapshot()
			out, err := k.Invoke(t.Context(), []byte(tc.event))
			if err == nil || out != nil || !strings.Contains(err.Error(), tc.want) || len(err.Error()) > 700 {
				t.Errorf("%s, %v; want an error with %q", out, err, tc.want)
			}
			if after := k.vault.snapshot(); after != before || k.table.puts != 0 {
				t.Errorf("something changed:\n%s", cmp.Diff(before, after))
			}
			if !strings.Contains(k.log.String(), `"outcome":"refused"`) || strings.Count(k.log.String(), "\n") != 1 {
				t.Errorf("log: %s", k.log.String())
			}
		})
	}
}

// TestNamedSecret promises that name and ARN of one secret match, and those of other secrets do not.
func TestNamedSecret(t *testing.T) {
	for _, id := range []string{arn, "latchkey-local"} {
		k := newKit("{}")
		k.SecretID = id
		k.rotate(t, "v1") // the events contain the ARN
	}
	for _, id := range []string{"latchkey", "local", "", arn + "x", "latchkey-local-AbC1", "other"} {
		k := newKit("{}")
		k.SecretID = id
		if err := k.vault.begin("v1"); err != nil {
			t.Fatal(err)
		}
		if err := k.step(t, "createSecret", "v1"); err == nil {
			t.Errorf("takes an event about %s for %q", arn, id)
		}
	}
}
