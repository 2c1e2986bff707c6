package app_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"latchkey/internal/app"
)

// TestTemplate promises that template.yaml sets the variables that functions read and no others, each on every function that
// reads it, from parameters that have the setting's default, allowed values and help.
func TestTemplate(t *testing.T) {
	template := readTemplate(t)
	environment := map[string]map[string]yaml.Node{} // function → its variables
	known := map[string]bool{}
	for name, resource := range template.Resources {
		if function, is := strings.CutSuffix(name, "Function"); is {
			variables := maps.Clone(template.Globals.Function.Environment.Variables)
			maps.Copy(variables, resource.Properties.Environment.Variables)
			environment[strings.ToLower(function)] = variables
		}
	}
	for _, s := range app.Settings() {
		known[s.Name] = !s.Local
		if s.Local {
			continue
		}
		var value yaml.Node
		for function, variables := range environment {
			set, found := variables[app.Prefix+s.Name]
			if s.UsedBy(function) && !found {
				t.Errorf("the template does not set %s on %s", s.Name, function)
			}
			if found {
				value = set
			}
		}
		if value.Tag == "!Ref" { // STORE, KEYS, ISSUER and METRICS are made of the stack's own resources
			template.checkParameter(t, s, value.Value)
		}
	}
	for function, variables := range environment {
		for name := range variables {
			if setting, ours := strings.CutPrefix(name, app.Prefix); ours && !known[setting] {
				t.Errorf("the template sets %s on %s, which nothing reads", name, function)
			}
		}
	}
	issuer := template.Parameters["Issuer"].AllowedPattern
	for value, want := range map[string]bool{"": true, "https://login.example.com/a": true, "https://login.example.com/": false, "login": false} {
		if regexp.MustCompile(issuer).MatchString(value) != want {
			t.Errorf("the parameter Issuer accepts %q: %v", value, !want)
		}
	}
}

func (d document) checkParameter(t *testing.T, s app.Setting, name string) {
	t.Helper()
	p, found := d.Parameters[name]
	want := parameter{Type: "String", Default: s.Default, AllowedValues: s.Words, AllowedPattern: s.Pattern}
	got := p
	got.Description, got.ConstraintDescription = "", ""
	if diff := cmp.Diff(want, got); diff != "" || !found || name != s.Parameter() {
		t.Errorf("the parameter %s of %s, which should be named %s (-want +got):\n%s", name, s.Name, s.Parameter(), diff)
	}
	if (p.AllowedPattern == "") != (p.ConstraintDescription == "") || p.AllowedPattern == "" && p.AllowedValues == nil {
		t.Errorf("the parameter %s needs allowed values, or a pattern and what it asks for in words", name)
	}
	if !strings.HasPrefix(strings.ToLower(p.Description), strings.ToLower(s.Help)) {
		t.Errorf("the parameter %s is described as\n%q, the setting as\n%q", name, p.Description, s.Help)
	}
}

// TestParameters promises that each parameter refuses wrong values before anything is made.
func TestParameters(t *testing.T) {
	for name, p := range readTemplate(t).Parameters {
		if p.AllowedPattern == "" && p.AllowedValues == nil && p.MinValue == nil {
			t.Errorf("%s accepts anything", name)
		}
		if p.AllowedPattern == "" {
			continue
		}
		pattern, err := regexp.Compile(p.AllowedPattern)
		if err != nil || !strings.HasPrefix(p.AllowedPattern, "^") || !strings.HasSuffix(p.AllowedPattern, "$") {
			t.Errorf("%s: %s is not an expression of the whole value: %v", name, p.AllowedPattern, err)
			continue
		}
		if !pattern.MatchString(p.Default) || p.ConstraintDescription == "" {
			t.Errorf("%s refuses its own default %q, or does not say what it accepts", name, p.Default)
		}
	}
}

// TestPatternsAgree promises that template and code judge a value alike: what the pattern accepts, the code accepts, and
// what the code refuses, the pattern refuses.
func TestPatternsAgree(t *testing.T) {
	for name, values := range patternCases() {
		i := slices.IndexFunc(app.Settings(), func(s app.Setting) bool { return s.Name == name })
		pattern := regexp.MustCompile(app.Settings()[i].Pattern)
		for _, value := range values.good {
			if _, err := app.ConfigFrom(settings{name: value}.get); err != nil || !pattern.MatchString(value) {
				t.Errorf("%s=%q: the pattern accepts it: %v; the code says %v", name, value, pattern.MatchString(value), err)
			}
		}
		for _, value := range values.bad {
			if _, err := app.ConfigFrom(settings{name: value}.get); err == nil || pattern.MatchString(value) {
				t.Errorf("%s=%q: the pattern accepts it: %v; the code says %v", name, value, pattern.MatchString(value), err)
			}
		}
	}
	for _, s := range app.Settings() {
		if _, tested := patternCases()[s.Name]; !tested && s.Pattern != "" && !s.Local {
			t.Errorf("%s has a pattern and no cases", s.Name)
		}
	}
}

type goodAndBad struct{ good, bad []string }

func patternCases() map[string]goodAndBad {
	plain := goodAndBad{good: []string{"a, b", "Büro"}, bad: []string{"a\nb", "a\x00", "\u0085"}}
	duration := func(good ...string) goodAndBad {
		return goodAndBad{good, []string{"7d", "-1s", "soon", "10", "1 h", "h", "9601h", "99999999h", "\n"}}
	}
	rates := goodAndBad{[]string{"100/15m", "1/1s", "999999999/720h", "5/1h30m"},
		[]string{"100", "100/", "/15m", "0/15m", "-1/15m", "1.5/15m", "100/15m/1h", "100/0s", "100/721h", "many/1h", "100 / 15m"}}
	return map[string]goodAndBad{
		"ISSUER": {[]string{"https://login.example.com", "https://a.example:8443/prod/v1", "http://localhost:3000", "https://a.example/-/_x~"},
			[]string{"login.example.com", "ftp://a.example", "https://", "https://:443", "https://a.example/", "https://a.example?a=b", "https://a.example#a",
				"https://user@a.example", "https://bücher.example", "https://a b", "https://a.example/a;b", "https://a.example/%41", "https://a.example/a/../b",
				"https://a.example//a", "https://a.example/."}},
		"AUDIENCE": plain, "QUALIFYING_ROLES": plain, "IMPERSONATOR_ROLES": plain, "FACTOR_ROLES": plain, "SERVICE_NAME": plain,
		"CONTRACTS": {[]string{"planpoint", "organization", "planpoint,organization", "organization,planpoint"},
			[]string{"zapier", "planpoint,zapier", "Planpoint", "planpoint organization", "planpoint;organization"}},
		"PASSWORD_HASH": {[]string{"argon2id:m=19456,t=2,p=1", "argon2id:m=128,t=16,p=16", "argon2id:m=262144,t=1,p=1"},
			[]string{"bcrypt", "argon2id", "argon2id:m=19456,t=2", "argon2id:m=262145,t=2,p=1", "argon2id:m=0,t=0,p=0", "argon2id:m=19456,t=17,p=1",
				"argon2id:m=19456,t=2,p=17", "argon2id:m=019456,t=2,p=1", "argon2id:m=127,t=1,p=16", "argon2id:m=19456,t=2,p=1 "}},
		"DECOYS": {[]string{"", "600*" + decoyBcrypt, " 600*" + decoyBcrypt + "  1*" + decoyDjango, manyDecoys(app.MaxDecoys)},
			[]string{decoyBcrypt, "*" + decoyBcrypt, "0*" + decoyBcrypt, "1.5*" + decoyBcrypt, "1048576*" + decoyBcrypt, "1*", "1", "x*" + decoyDjango,
				manyDecoys(app.MaxDecoys + 1)}},
		"ALLOWED_ORIGINS": {[]string{"", "https://a.example", "https://a.example, http://localhost:8080", "http://192.0.2.1:3000,", "capacitor://localhost",
			"chrome-extension://abcdefghijklmnopabcdefghijklmnop", "files://localhost", "fi://a", "safari-web-extension://0A1B2C3D-0000-4000-8000-0A1B2C3D4E5F"},
			[]string{"*", "https://*.example.com", "app.example.com", "https://app.example.com/", "https://a.example https://b.example", "null", "https://A.example",
				"https://u:p@a.example", "https://a.example:443", "http://a.example:80", "http://localhost:05173", "http://localhost:65536", "file://localhost"}},
		"PASSKEY_RP": {[]string{"", "off", "example.com", "localhost", "a-b.example.co.uk", "xn--bcher-kva.example", "1.example"},
			[]string{"Example.com", "example.com.", ".example.com", "a..b", "127.0.0.1", "::1", "https://example.com", "example.com:443", "b\u00fccher.example", "-a.example", "*"}},
		"PASSKEY_ORIGINS": {[]string{"", "https://shop.example, https://b.example:8443"}, []string{"*", "shop.example", "https://shop.example/"}},
		"COOKIE_DOMAIN": {[]string{"", "example.com", ".example.com", "a-b.example.co.uk"},
			[]string{"localhost", "example.com.", "..example.com", "a..b", ".", "a b.example", "example.com:443", "127.0.0.1", "https://example.com"}},
		"REFRESH_GRACE": duration("0", "10s", "600s", "10m"), "REFRESH_RETRY": duration("0", "10m", "3600s", "60m", "1h"), "SESSION_IDLE": duration("1m", "60s", "168h", "1h30m", "2160h"),
		"SESSION_MAX": duration("168h", "9600h", "9599h59m"), "THROTTLE_BACKOFF": duration("1s", "15m", "24h"), "THROTTLE_KNOWN": duration("0", "720h", "9600h"), "FACTOR_REMEMBER": duration("0", "720h", "9600h"),
		"PASSWORD_MIN":    {[]string{"8", "15", "64"}, []string{"7", "65", "0", "-8", "eight", "8.5", " 8", "080"}},
		"THROTTLE_FREE":   {[]string{"1", "5", "999999999"}, []string{"0", "-1", "five", "1.5", "9999999999", " 5"}},
		"THROTTLE_SOURCE": rates, "THROTTLE_USER": rates,
		"MAIL_FROM": {[]string{"", "login@example.com", "No-Reply+x@mail.example.co.uk", "latchkey@localhost"},
			[]string{"login", "@example.com", "login@", "Login <login@example.com>", "a..b@example.com", "a@b@example.com", "login@bücher.example",
				"login@example.com\r\nBcc: eve@example.com", "login@example..com", "lögin@example.com"}},
		"RESET_URL": {[]string{"", "https://app.example.com", "https://app.example.com/reset?lang=de", "http://localhost:8080/reset", "http://127.0.0.1/"},
			[]string{"http://app.example.com/reset", "https://app.example.com/reset#token=", "https://user:pw@app.example.com", "app.example.com/reset",
				"https://", "javascript:alert(1)", "http://localhost.example.com/", "https://app.example.com/\r\nx", "https://app.example.com/#"}},
		"TRUSTED_PROXIES": {[]string{"", "10.0.0.0/8", "10.1.2.3/8, 2001:db8::1", "192.0.2.1", "::1/128, 100.64.0.0/10, fc00::/7", "2001:db8:1:2:3:4:5:6", "2001:db8::", "1::2:3"},
			[]string{"0.0.0.0/0", "::/0", "10.0.0.0/8, ::/0", "0.0.0.0/1,128.0.0.0/1", "2000::/3", "10.0.0.0/33", "proxy.example.com", "*", "10.0.0", "256.0.0.1", "01.2.3.4", "1234", "2001:db8::/129", "1::2::3", ":::", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "2001:db8:::1"}},
	}
}

// document is as much of the template as the tests read.
type document struct {
	Parameters map[string]parameter `yaml:"Parameters"`
	Mappings   struct {
		LogLevels map[string]map[string]string `yaml:"LogLevels"`
	} `yaml:"Mappings"`
	Globals struct {
		Function properties `yaml:"Function"`
	} `yaml:"Globals"`
	Resources map[string]struct {
		Type                string     `yaml:"Type"`
		DeletionPolicy      string     `yaml:"DeletionPolicy"`
		UpdateReplacePolicy string     `yaml:"UpdateReplacePolicy"`
		Properties          properties `yaml:"Properties"`
	} `yaml:"Resources"`
}

type properties struct {
	SecretString  string    `yaml:"SecretString"`
	LogGroupName  yaml.Node `yaml:"LogGroupName"`
	LoggingConfig struct {
		ApplicationLogLevel yaml.Node `yaml:"ApplicationLogLevel"`
	} `yaml:"LoggingConfig"`
	Environment struct {
		Variables map[string]yaml.Node `yaml:"Variables"`
	} `yaml:"Environment"`
}

type parameter struct {
	Type                  string   `yaml:"Type"`
	Default               string   `yaml:"Default"`
	AllowedValues         []string `yaml:"AllowedValues"`
	AllowedPattern        string   `yaml:"AllowedPattern"`
	MinValue              *int     `yaml:"MinValue"`
	MaxValue              *int     `yaml:"MaxValue"`
	ConstraintDescription string   `yaml:"ConstraintDescription"`
	Description           string   `yaml:"Description"`
}

func readTemplate(t *testing.T) (d document) {
	t.Helper()
	raw, err := os.ReadFile("../../template.yaml")
	check(t, err)
	check(t, yaml.Unmarshal(raw, &d))
	return d
}

// TestTemplateKeeps promises what must survive an edit of the template: names under which CloudFormation finds the users, the keys
// and the schedule, the secret's first value, and what stays when the stack goes.
func TestTemplateKeeps(t *testing.T) {
	resources := readTemplate(t).Resources
	for name, want := range map[string][2]string{
		"Table":            {"AWS::DynamoDB::Table", "Retain"},
		"SigningKeys":      {"AWS::SecretsManager::Secret", "RetainExceptOnCreate"},
		"RotationSchedule": {"AWS::SecretsManager::RotationSchedule", ""},
	} {
		if r := resources[name]; r.Type != want[0] || r.DeletionPolicy != want[1] {
			t.Errorf("%s is %q and is kept by %q, want %q", name, r.Type, r.DeletionPolicy, want)
		}
	}
	if first := resources["SigningKeys"].Properties.SecretString; first != "{}" {
		t.Errorf("the secret begins as %q, want {}: an edit writes that over the ring", first)
	}
	for name, r := range resources {
		if r.Type == "AWS::Logs::LogGroup" && name != "SmokeLogs" && name != "CalibrateLogs" && (r.DeletionPolicy != "RetainExceptOnCreate" || r.UpdateReplacePolicy != "Retain") {
			t.Errorf("%s goes with the stack, and the audit trail with it", name)
		}
	}
	if name := resources["ApiLogs"].Properties.LogGroupName.Content; len(name) == 0 || !strings.HasPrefix(name[0].Value, "/aws/vendedlogs/") {
		t.Error("ApiLogs is not below /aws/vendedlogs/, where the account's policy has room")
	}
}

// TestLogLevels promises that Lambda's own filter follows LogLevel on every function, so that debug lines arrive.
func TestLogLevels(t *testing.T) {
	d := readTemplate(t)
	for _, s := range app.Settings() {
		if s.Name == "LOG_LEVEL" && !slices.Equal(slices.Sorted(maps.Keys(d.Mappings.LogLevels)), slices.Sorted(slices.Values(s.Words))) {
			t.Errorf("the template maps %v, the setting takes %v", d.Mappings.LogLevels, s.Words)
		}
	}
	for level, lambda := range d.Mappings.LogLevels {
		if lambda["Lambda"] != strings.ToUpper(level) {
			t.Errorf("%s is %v for Lambda", level, lambda)
		}
	}
	for name, r := range d.Resources {
		follows := r.Properties.LoggingConfig.ApplicationLogLevel
		if r.Type == "AWS::Serverless::Function" && (follows.Tag != "!FindInMap" || follows.Content[0].Value != "LogLevels" || follows.Content[1].Value != "LogLevel") {
			t.Errorf("%s does not follow LogLevel", name)
		}
	}
}

// TestArchitecture promises that a build for another processor than the one that is deployed is refused before it is deployed.
func TestArchitecture(t *testing.T) {
	const amd64, arm64 = "\x3e\x00", "\xb7\x00"
	elf := func(machine string) string { return "\x7fELF" + strings.Repeat("\x00", 14) + machine + "rest" }
	for _, tc := range []struct {
		name, config string
		binaries     []string
		good         bool
	}{
		{"default", "", []string{elf(amd64), elf(amd64)}, true},
		{"arm64", `parameter_overrides = "Architecture=arm64"`, []string{elf(arm64)}, true},
		{"built for amd64", `parameter_overrides = "Architecture=arm64"`, []string{elf(amd64)}, false},
		{"one built for arm64", "", []string{elf(amd64), elf(arm64)}, false},
		{"only a comment", "# Architecture=arm64", []string{elf(amd64)}, true},
		{"two environments", "a = \"Architecture=arm64\"\nb = \"Architecture=x86_64\"", []string{elf(amd64)}, false},
		{"not a program", "", []string{"#!/bin/sh\necho hello"}, false},
		{"nothing built", "", nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			check(t, os.WriteFile(dir+"/samconfig.toml", []byte(tc.config+"\n"), 0o600))
			for i, binary := range tc.binaries {
				check(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i), 0o700))
				check(t, os.WriteFile(fmt.Sprintf("%s/%d/bootstrap", dir, i), []byte(binary), 0o600))
			}
			out, err := exec.CommandContext(t.Context(), "../../.ci/architecture", dir, dir+"/samconfig.toml").CombinedOutput()
			if (err == nil) != tc.good {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
