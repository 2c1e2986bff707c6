package app_test

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
	"latchkey/internal/jwk"
	"latchkey/internal/password"
	"latchkey/internal/web"
)

// settings are variables without their prefix; the three without a default get a value if a test leaves them out.
type settings map[string]string

func (s settings) get(variable string) string {
	name, ours := strings.CutPrefix(variable, app.Prefix)
	if value, given := s[name]; given || !ours {
		return value
	}
	return map[string]string{
		"STORE": "sqlite:users.db", "KEYS": "file:keys.json", "ISSUER": "https://login.example.com",
	}[name]
}

// TestConfigDefaults promises the configuration of a deployment that sets only the three settings without a default.
func TestConfigDefaults(t *testing.T) {
	got, err := app.ConfigFrom(settings{}.get)
	if err != nil {
		t.Fatal(err)
	}
	want := app.Config{
		Addr: "127.0.0.1:3000", Audit: "-",
		Store: app.Location{Kind: "sqlite", Name: "users.db"}, Keys: app.Location{Kind: "file", Name: "keys.json"},
		Issuer: &url.URL{Scheme: "https", Host: "login.example.com"}, Audience: "https://login.example.com",
		Algorithm: jwk.ES256, PasswordHash: password.Default(), Argon2: password.Auto,
		Contracts: []string{"planpoint", "organization"}, QualifyingRoles: []string{"Organization Owner", "Organization Admin"},
		RefreshGrace: 10 * time.Second, RefreshRetry: 10 * time.Minute, SessionIdle: 7 * 24 * time.Hour, SessionMax: 90 * 24 * time.Hour,
		Throttle: auth.Limits{
			Free: 5, MaxBackoff: 15 * time.Minute, Known: 30 * 24 * time.Hour,
			Source: auth.Rate{Failures: 100, Span: 15 * time.Minute}, User: auth.Rate{Failures: 50, Span: time.Hour},
		},
		PasswordMin: 15, FactorIntegrations: app.FactorExempt, Notices: auth.NoticesSecurity, FactorRemember: 30 * 24 * time.Hour, Revocation: "bounded", AuthorizerResponse: "simple", LogLevel: slog.LevelInfo,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if warnings := got.Warnings(); len(warnings) > 0 {
		t.Errorf("the defaults warn: %q", warnings)
	}
}

// TestConfigValues promises how the values of every setting are read.
func TestConfigValues(t *testing.T) {
	tested := map[string]bool{}
	for _, tc := range []struct {
		name, value string
		got         func(app.Config) any
		want        any
	}{
		{"ADDR", ":0", func(c app.Config) any { return c.Addr }, ":0"},
		{"AUDIT", "audit.jsonl", func(c app.Config) any { return c.Audit }, "audit.jsonl"},
		{"STORE", "sqlite:/var/lib/a:b.db", func(c app.Config) any { return c.Store }, app.Location{Kind: "sqlite", Name: "/var/lib/a:b.db"}},
		{"STORE", "dynamodb:users", func(c app.Config) any { return c.Store }, app.Location{Kind: "dynamodb", Name: "users"}},
		{"KEYS", "file:k", func(c app.Config) any { return c.Keys }, app.Location{Kind: "file", Name: "k"}},
		{"KEYS", "secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:k-AbCdEf", func(c app.Config) any { return c.Keys.String() },
			"secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:k-AbCdEf"},
		{"ISSUER", "https://a.example/prod/v1", func(c app.Config) any { return c.Issuer.String() + c.Issuer.Path }, "https://a.example/prod/v1/prod/v1"},
		{"ISSUER", "http://[::1]:3000", func(c app.Config) any { return c.Audience }, "http://[::1]:3000"},
		{"AUDIENCE", "our apps", func(c app.Config) any { return c.Audience }, "our apps"},
		{"ALGORITHM", "RS256", func(c app.Config) any { return c.Algorithm }, jwk.RS256},
		{"ALGORITHM", "RS256:3072", func(c app.Config) any { return c.Algorithm }, jwk.RS256Long},
		{"PASSWORD_HASH", "argon2id:m=47104,t=1,p=2", func(c app.Config) any { return c.PasswordHash }, password.Params{Memory: 47104, Time: 1, Threads: 2}},
		{"ARGON2", "x/crypto", func(c app.Config) any { return c.NewHasher().Implementation() }, "x/crypto"},
		{"ARGON2", "auto", func(c app.Config) any { return c.Argon2 }, password.Auto},
		{"DECOYS", " 600*" + decoyBcrypt + "  1*" + decoyDjango, func(c app.Config) any { return c.Decoys },
			[]auth.Decoy{{Hash: decoyBcrypt, Weight: 600}, {Hash: decoyDjango, Weight: 1}}},
		{"DECOYS", "", func(c app.Config) any { return c.Decoys }, []auth.Decoy(nil)},
		{"PASSWORD_MIN", "8", func(c app.Config) any { return c.PasswordMin }, 8},
		{"PASSWORD_LIST", "more.list", func(c app.Config) any { return c.PasswordList }, "more.list"},
		{"CONTRACTS", "organization", func(c app.Config) any { return c.Contracts }, []string{"organization"}},
		{"ALLOWED_HOSTS", "latchkey, 192.168.1.5", func(c app.Config) any { return c.AllowedHosts }, web.Hosts{"latchkey", "192.168.1.5"}},
		{"QUALIFYING_ROLES", " Owner , Admin,", func(c app.Config) any { return c.QualifyingRoles }, []string{"Owner", "Admin"}},
		{"IMPERSONATOR_ROLES", "support", func(c app.Config) any { return c.ImpersonatorRoles }, []string{"support"}},
		{"FACTOR_ROLES", "Owner, admin", func(c app.Config) any { return c.FactorRoles }, []string{"Owner", "admin"}},
		{"FACTOR_APPEND", "true", func(c app.Config) any { return c.FactorAppend }, true},
		{"FACTOR_INTEGRATIONS", "required", func(c app.Config) any { return c.FactorIntegrations }, app.FactorRequired},
		{"FACTOR_REMEMBER", "0", func(c app.Config) any { return c.FactorRemember }, time.Duration(0)},
		{"PASSKEY_RP", "example.com", func(c app.Config) any { return c.PasskeyRP }, "example.com"},
		{"PASSKEY_ORIGINS", "https://shop.example, https://b.example", func(c app.Config) any { return c.PasskeyOrigins },
			web.Origins{"https://shop.example", "https://b.example"}},
		{"MAIL", "file:mails", func(c app.Config) any { return c.Mail }, app.MailRoute{Kind: app.MailFile, Name: "mails"}},
		{"MAIL", "smtps://ada@mail.example.com:465", func(c app.Config) any { return c.Mail.Server().Host }, "mail.example.com:465"},
		{"MAIL_FROM", "login@example.com", func(c app.Config) any { return c.MailFrom }, "login@example.com"},
		{"RESET_URL", "https://app.example.com/reset", func(c app.Config) any { return c.ResetURL.String() }, "https://app.example.com/reset"},
		{"NOTICES", "sign-ins", func(c app.Config) any { return c.Notices }, auth.NoticesSignIns},
		{"SERVICE_NAME", "Orders", func(c app.Config) any { return c.ServiceName }, "Orders"},
		{"REQUIRE_API_KEY", "true", func(c app.Config) any { return c.RequireAPIKey }, true},
		{"ALLOW_QUERY_CREDENTIALS", "1", func(c app.Config) any { return c.AllowQueryCredentials }, true},
		{"ALLOWED_ORIGINS", "https://a.example, http://localhost:8080", func(c app.Config) any { return c.AllowedOrigins },
			web.Origins{"https://a.example", "http://localhost:8080"}},
		{"COOKIE_DOMAIN", ".example.com", func(c app.Config) any { return c.CookieDomain }, "example.com"},
		{"COOKIE_DOMAIN", "bücher.example", func(c app.Config) any { return c.CookieDomain }, "xn--bcher-kva.example"},
		{"REFRESH_RETRY", "1h", func(c app.Config) any { return c.RefreshRetry }, time.Hour},
		{"REFRESH_GRACE", "0", func(c app.Config) any { return c.RefreshGrace }, time.Duration(0)},
		{"SESSION_IDLE", "90m", func(c app.Config) any { return c.SessionIdle }, 90 * time.Minute},
		{"SESSION_MAX", "9600h", func(c app.Config) any { return c.SessionMax }, 400 * 24 * time.Hour},
		{"REVOCATION", "strict", func(c app.Config) any { return c.Revocation }, authorizer.Strict},
		{"AUTHORIZER_RESPONSE", "policy", func(c app.Config) any { return c.AuthorizerResponse }, authorizer.Policy},
		{"THROTTLE", "off", func(c app.Config) any { return c.Throttle }, auth.Limits{}},
		{"THROTTLE_FREE", "3", func(c app.Config) any { return c.Throttle.Free }, int64(3)},
		{"THROTTLE_BACKOFF", "1h", func(c app.Config) any { return c.Throttle.MaxBackoff }, time.Hour},
		{"THROTTLE_SOURCE", "7/1m", func(c app.Config) any { return c.Throttle.Source }, auth.Rate{Failures: 7, Span: time.Minute}},
		{"THROTTLE_USER", "8/2h", func(c app.Config) any { return c.Throttle.User }, auth.Rate{Failures: 8, Span: 2 * time.Hour}},
		{"THROTTLE_KNOWN", "0", func(c app.Config) any { return c.Throttle.Known }, time.Duration(0)},
		{"TRUSTED_PROXIES", "10.1.2.3/8, 2001:db8::1", func(c app.Config) any { return fmt.Sprint(c.TrustedProxies) }, "[10.0.0.0/8 2001:db8::1/128]"},
		{"METRICS", "Latchkey/prod-1", func(c app.Config) any { return c.Metrics }, "Latchkey/prod-1"},
		{"METRICS", "off", func(c app.Config) any { return c.Metrics }, ""},
		{"LOG_LEVEL", "DEBUG", func(c app.Config) any { return c.LogLevel }, slog.LevelDebug},
	} {
		tested[tc.name] = true
		config, err := app.ConfigFrom(settings{tc.name: tc.value}.get)
		if err != nil {
			t.Errorf("%s=%q: %v", tc.name, tc.value, err)
			continue
		}
		if diff := cmp.Diff(tc.want, tc.got(config)); diff != "" {
			t.Errorf("%s=%q (-want +got):\n%s", tc.name, tc.value, diff)
		}
	}
	for _, s := range app.Settings() {
		if !tested[s.Name] {
			t.Errorf("%s is not tested", s.Name)
		}
	}
}

// TestConfigRefusals promises that a wrong value stops the start with an error that names the variable and the value, and no
// setting that is right.
func TestConfigRefusals(t *testing.T) {
	for name, values := range map[string][]string{
		"ADDR":  {"3000", "localhost", "localhost:http", ":65536", ":08", "a b:x"},
		"AUDIT": {"a\nb"},
		"STORE": {"", "users.db", "sqlite:", "sqlite", "SQLite:x", "postgres:x"},
		"KEYS":  {"", "keys.json", "file:", "secretsmanager:", "kms:x"},
		"ISSUER": {"", "login.example.com", "//login.example.com", "ftp://login.example.com", "https://", "https://:443",
			"https://login.example.com/", "https://login.example.com?", "https://login.example.com?a=b", "https://login.example.com#",
			"https://login.example.com#a", "https://user@login.example.com", "https://bücher.example", "https://a b",
			// The path becomes a cookie's path.
			"https://login.example.com/a;b", "https://login.example.com/a b", "https://login.example.com/%3B",
			"https://login.example.com/%41", "https://login.example.com/a/../b", "https://login.example.com//a", "https://login.example.com/ü"},
		"AUDIENCE":      {"a\xff", "a\nb"},
		"ALGORITHM":     {"none", "es256", "RS512"},
		"ARGON2":        {"xcrypto", "AVX2", "Auto"},
		"PASSWORD_HASH": {"bcrypt", "argon2id", "argon2id:m=19456,t=2", "argon2id:m=1048576,t=2,p=1", "argon2id:m=0,t=0,p=0"},
		"DECOYS": {decoyBcrypt, "*" + decoyBcrypt, "0*" + decoyBcrypt, "-1*" + decoyBcrypt, "1.5*" + decoyBcrypt, "1048576*" + decoyBcrypt,
			"1*", "1", "1*" + decoyBcrypt + ",1*" + decoyDjango, "1*" + decoyBcrypt + " 2*" + decoyBcrypt, "1*$2b$31" + decoyBcrypt[6:],
			"1*" + decoyBcrypt + " x*" + decoyDjango, manyDecoys(app.MaxDecoys + 1)},
		"REQUIRE_API_KEY":         {"yes", "on"},
		"ALLOW_QUERY_CREDENTIALS": {"no", "2"},
		"ALLOWED_ORIGINS":         {"*", "https://*.example.com", "app.example.com", "https://app.example.com/", "https://a.example https://b.example", "null"},
		"COOKIE_DOMAIN":           {"localhost", "example.com.", "..example.com", "a..b", ".", "a b.example", "example.com:443", "127.0.0.1", "https://example.com"},
		"REFRESH_GRACE":           {"10", "-1s", "11m", "soon"},
		"REFRESH_RETRY":           {"10", "-1s", "61m", "soon"},
		"SESSION_IDLE":            {"7d", "59s", "9601h", "2161h"},
		"SESSION_MAX":             {"90d", "0", "9601h"},
		"REVOCATION":              {"on", "Strict"},
		"AUTHORIZER_RESPONSE":     {"on", "iam"},
		"PASSWORD_MIN":            {"7", "65", "-8", "eight", "8.5"},
		"THROTTLE":                {"true", "OFF"},
		"THROTTLE_FREE":           {"0", "-1", "five", "1.5"},
		"THROTTLE_BACKOFF":        {"0", "999ms", "25h", "15"},
		"THROTTLE_SOURCE":         {"100", "100/", "/15m", "0/15m", "100/15m/1h", "100/999ms"},
		"THROTTLE_USER":           {"50", "0/1h", "-5/1h"},
		"THROTTLE_KNOWN":          {"30d", "-1h"},
		"FACTOR_REMEMBER":         {"30d", "-1h", "9601h"},
		"QUALIFYING_ROLES":        {"a\nb"},
		"IMPERSONATOR_ROLES":      {"a\x00"},
		"TRUSTED_PROXIES":         {"0.0.0.0/0", "::/0", "10.0.0.0/8, 0.0.0.0/0", "0.0.0.0/1,128.0.0.0/1", "10.0.0.0/7", "2000::/3", "::/6", "10.0.0.0/33", "proxy.example.com", "*"},
		"METRICS":                 {"on/off?", "AWS/Lambda", ":a", "a b", "é", strings.Repeat("a", 256)},
		"LOG_LEVEL":               {"warning", "2", "none"},
	} {
		for _, value := range values {
			_, err := app.ConfigFrom(settings{name: value}.get)
			if err == nil {
				t.Errorf("%s=%q was accepted", name, value)
				continue
			}
			if !strings.HasPrefix(err.Error(), app.Prefix+name+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s=%q: want one problem that begins with the variable's name, got:\n%v", name, value, err)
			}
		}
	}
}

const (
	decoyBcrypt = "$2b$04$0123456789abcdef01234.0123456789abcdef0123456789abcd."
	decoyDjango = "pbkdf2_sha256$1000000$0123*56789abcdef$MDEyMzQ1Njc4OWFiY2RlZg=="
)

func manyDecoys(n int) string {
	var decoys []auth.Decoy
	for i := range n {
		decoys = append(decoys, auth.Decoy{Hash: fmt.Sprintf("pbkdf2_sha256$%d$0123456789abcdef$MDEyMzQ1Njc4OWFiY2RlZg==", i+1), Weight: i + 1})
	}
	return app.FormatDecoys(decoys)
}

// TestConfigDecoys promises that the largest allowed list is read as it is written, and that errors quote no hash.
func TestConfigDecoys(t *testing.T) {
	most := manyDecoys(app.MaxDecoys)
	config, err := app.ConfigFrom(settings{"DECOYS": most}.get)
	if got := app.FormatDecoys(config.Decoys); got != most || err != nil {
		t.Errorf("%s is read as %s, error %v", most, got, err)
	}
	for _, bad := range []string{"x*" + decoyBcrypt, "1*" + decoyBcrypt + "x", decoyBcrypt, "1*" + decoyBcrypt + " 1*" + decoyBcrypt} {
		if _, err := app.ConfigFrom(settings{"DECOYS": bad}.get); err == nil || strings.Contains(err.Error(), decoyBcrypt[7:]) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestConfigNamesAllProblems promises that one start reports every wrong setting.
func TestConfigNamesAllProblems(t *testing.T) {
	_, err := app.ConfigFrom(func(string) string { return "\x00" })
	if err == nil {
		t.Fatal("a NUL was accepted for every setting")
	}
	for _, s := range app.Settings() {
		if !strings.Contains(err.Error(), app.Prefix+s.Name+":") {
			t.Errorf("%s is not named", s.Name)
		}
	}
	if got, want := strings.Count(err.Error(), "\n")+1, len(app.Settings()); got != want {
		t.Errorf("%d lines for %d problems:\n%v", got, want, err)
	}
}

// TestConfigEmptyIsDefault promises that an empty variable, which CloudFormation sets for an empty parameter, means the
// default.
func TestConfigEmptyIsDefault(t *testing.T) {
	empty := settings{}
	for _, s := range app.Settings() {
		if s.Name != "STORE" && s.Name != "KEYS" && s.Name != "ISSUER" {
			empty[s.Name] = ""
		}
	}
	want, _ := app.ConfigFrom(settings{}.get)
	got, err := app.ConfigFrom(empty.get)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, (-unset +empty):\n%s", err, diff)
	}
}

// TestConfigWarnings promises one warning for each setting that is allowed and weakens the service, and none for settings
// that deployments usually change.
func TestConfigWarnings(t *testing.T) {
	for _, tc := range []struct {
		name  string
		set   settings
		warns bool
	}{
		{"PASSWORD_HASH", settings{"PASSWORD_HASH": "argon2id:m=4096,t=1,p=1"}, true},
		{"THROTTLE", settings{"THROTTLE": "off"}, true},
		{"THROTTLE_FREE", settings{"THROTTLE_FREE": "51"}, true},
		{"THROTTLE_FREE", settings{"THROTTLE_FREE": "50"}, false},
		{"THROTTLE_SOURCE", settings{"THROTTLE_SOURCE": "1001/15m"}, true},
		{"THROTTLE_SOURCE", settings{"THROTTLE_SOURCE": "2000/1s"}, true},
		{"THROTTLE_SOURCE", settings{"THROTTLE_SOURCE": "4000/1h"}, false},
		{"THROTTLE_USER", settings{"THROTTLE_USER": "501/1h"}, true},
		{"THROTTLE_USER", settings{"THROTTLE_USER": "501/2h"}, false},
		{"ALLOW_QUERY_CREDENTIALS", settings{"ALLOW_QUERY_CREDENTIALS": "true"}, true},
		{"REVOCATION", settings{"REVOCATION": "off"}, true},
		{"REVOCATION", settings{"REVOCATION": "strict"}, false},
		{"ALGORITHM", settings{"ALGORITHM": "HS256"}, true},
		{"ALGORITHM", settings{"ALGORITHM": "RS256"}, false},
		{"LOG_LEVEL", settings{"LOG_LEVEL": "error"}, true},
		{"LOG_LEVEL", settings{"LOG_LEVEL": "error", "AUDIT": "audit.jsonl"}, false},
		{"LOG_LEVEL", settings{"LOG_LEVEL": "warn"}, true},
		{"LOG_LEVEL", settings{"LOG_LEVEL": "debug"}, false},
		{"ISSUER", settings{"ISSUER": "http://login.example.com"}, true},
		{"ISSUER", settings{"ISSUER": "http://192.0.2.1:3000"}, true},
		{"ISSUER", settings{"ISSUER": "http://localhost:3000"}, false},
		{"ISSUER", settings{"ISSUER": "http://login.localhost"}, false},
		{"ISSUER", settings{"ISSUER": "http://[::1]:3000"}, false},
		{"ISSUER", settings{"ISSUER": "http://127.8.8.8"}, false},
		{"ADDR", settings{"ADDR": ":3000"}, true},
		{"ADDR", settings{"ADDR": "0.0.0.0:3000"}, true},
		{"ADDR", settings{"ADDR": "[::]:0"}, true},
		{"ADDR", settings{"ADDR": "[::1]:0"}, false},
		{"ADDR", settings{"ADDR": "localhost:3000"}, false},
		{"STORE", settings{"STORE": "dynamodb:users"}, true}, // with the laptop's keys
		{"KEYS", settings{"KEYS": "secretsmanager:ring"}, true},
		{"KEYS", settings{"STORE": "dynamodb:users", "KEYS": "secretsmanager:ring"}, false},
		{"ALLOWED_ORIGINS", settings{"ALLOWED_ORIGINS": "https://a.example", "COOKIE_DOMAIN": "example.com", "TRUSTED_PROXIES": "10.0.0.0/8"}, false},
	} {
		config, err := app.ConfigFrom(tc.set.get)
		if err != nil {
			t.Fatal(err)
		}
		got := config.Warnings()
		if (len(got) == 1 && strings.Contains(got[0], tc.name)) != tc.warns || len(got) > 1 {
			t.Errorf("%v warns %q", tc.set, got)
		}
	}
}

// TestConfigFor promises that a function reads and checks only the settings it uses, and warns of no other.
func TestConfigFor(t *testing.T) {
	for function, uses := range map[string][]string{
		"keys":   {"STORE", "ISSUER", "PASSKEY_ORIGINS", "LOG_LEVEL"},
		"rotate": {"STORE", "KEYS", "ALGORITHM", "LOG_LEVEL"},
		"authorizer": {"STORE", "KEYS", "ISSUER", "AUDIENCE", "ALGORITHM", "QUALIFYING_ROLES", "IMPERSONATOR_ROLES",
			"REVOCATION", "AUTHORIZER_RESPONSE", "LOG_LEVEL"},
	} {
		_, err := app.ConfigFor(function, func(string) string { return "\x00" })
		if err == nil {
			t.Fatalf("%s accepts a NUL everywhere", function)
		}
		var named []string
		for line := range strings.Lines(err.Error()) {
			name, _, _ := strings.Cut(strings.TrimPrefix(line, app.Prefix), ":")
			named = append(named, name)
		}
		if diff := cmp.Diff(uses, named); diff != "" {
			t.Errorf("%s checks (-want +got):\n%s", function, diff)
		}
		used := settings{"STORE": "dynamodb:T", "KEYS": "secretsmanager:S"}
		for _, s := range app.Settings() {
			if !s.UsedBy(function) {
				used[s.Name] = "\x00"
			}
		}
		config, err := app.ConfigFor(function, used.get)
		if warnings := config.Warnings(); err != nil || len(warnings) > 0 {
			t.Errorf("%s: error %v, warnings %q", function, err, warnings)
		}
	}
}

// TestRefusalsHidePasswords promises that a refused value that may hold a password is not repeated, and that control
// characters of others are escaped.
func TestRefusalsHidePasswords(t *testing.T) {
	for name, values := range map[string][]string{
		"ISSUER":          {"https://user:hunter2@login.example.com", "https://login.example.com?token=hunter2", "https://login.example.com/#token=hunter2"},
		"STORE":           {"postgres://user:hunter2@db/users"},
		"KEYS":            {"vault://user:hunter2@v"},
		"ALLOWED_ORIGINS": {"https://user:hunter2@app.example.com", "https://a.example?hunter2", "https://u:hunter2@a.example/"},
		"TRUSTED_PROXIES": {"user:hunter2@proxy"},
		"PASSWORD_HASH":   {"argon2id://user:hunter2@x"},
		"ALGORITHM":       {"hunter2@x"},
		"COOKIE_DOMAIN":   {"user:hunter2@example.com"},
		"SESSION_IDLE":    {"hunter2@7d"},
		"ADDR":            {"http://user:hunter2@localhost:3000"},
		"MAIL":            {"smtp://user:hunter2@mail.example.com/path", "imap://user:hunter2@mail.example.com", "smtp://user:hunter2@:25"},
	} {
		for _, value := range values {
			_, err := app.ConfigFrom(settings{name: value}.get)
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), app.Prefix+name) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
	for _, s := range app.Settings() {
		_, err := app.ConfigFrom(settings{s.Name: "x\x1b[31m\u009bx"}.get)
		if err == nil || strings.ContainsAny(err.Error(), "\x1b\u009b") {
			t.Errorf("%s: %q", s.Name, err)
		}
	}
}

// TestSettings promises that documents and flags can be made of the rows: no name twice, a help for each, defaults that
// are accepted, words that are accepted, and words or a pattern wherever the template has a parameter.
func TestSettings(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range app.Settings() {
		if seen[s.Name] || s.Help == "" {
			t.Errorf("%s: twice, or without help", s.Name)
		}
		seen[s.Name] = true
		accepts := func(value string) bool {
			_, err := app.ConfigFrom(settings{s.Name: value}.get)
			return err == nil
		}
		for _, value := range append(s.Words, s.Default, s.OnLaptop) {
			if value != "" && !accepts(value) {
				t.Errorf("%s refuses %q", s.Name, value)
			}
		}
		if len(s.Words) > 0 && accepts(s.Words[0]+"x") {
			t.Errorf("%s accepts other values than its words", s.Name)
		}
		if s.Bool && fmt.Sprint(s.Default == "true") != s.Default {
			t.Errorf("%s is a flag without a value and its default is %q", s.Name, s.Default)
		}
	}
}
