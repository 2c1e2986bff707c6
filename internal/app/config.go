package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
	"latchkey/internal/jwk"
	"latchkey/internal/password"
	"latchkey/internal/web"
)

// Config is every setting, read once and checked; see Settings for what each means.
type Config struct {
	Store, Keys           Location
	Issuer                *url.URL
	Audience              string
	Algorithm             jwk.Algorithm
	PasswordHash          password.Params
	Decoys                []auth.Decoy
	QualifyingRoles       []string
	ImpersonatorRoles     []string
	RequireAPIKey         bool
	AllowQueryCredentials bool
	AllowedOrigins        web.Origins
	CookieDomain          string
	RefreshGrace          time.Duration
	SessionIdle           time.Duration
	SessionMax            time.Duration
	Revocation            authorizer.Revocation
	AuthorizerResponse    authorizer.Response
	Throttle              auth.Limits // zero where throttling is off
	TrustedProxies        web.Proxies
	Metrics               string // the namespace; empty: none
	LogLevel              slog.Level
}

// Location names a place by its kind and its name there, written kind:name.
type Location struct{ Kind, Name string }

// String returns the location as it is written in a setting.
func (l Location) String() string { return l.Kind + ":" + l.Name }

// ConfigFrom reads all settings through getenv and returns every problem joined, each naming its variable.
func ConfigFrom(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Store:                 location(&r, "STORE", "sqlite", "dynamodb"),
		Keys:                  location(&r, "KEYS", "file", "secretsmanager"),
		Issuer:                parsed(&r, "ISSUER", parseIssuer),
		Audience:              parsed(&r, "AUDIENCE", parseAudience),
		Algorithm:             parsed(&r, "ALGORITHM", jwk.ParseAlgorithm),
		PasswordHash:          parsed(&r, "PASSWORD_HASH", password.ParseParams),
		Decoys:                parsed(&r, "DECOYS", parseDecoys),
		QualifyingRoles:       list(r.text("QUALIFYING_ROLES")),
		ImpersonatorRoles:     list(r.text("IMPERSONATOR_ROLES")),
		RequireAPIKey:         parsed(&r, "REQUIRE_API_KEY", parseBool),
		AllowQueryCredentials: parsed(&r, "ALLOW_QUERY_CREDENTIALS", parseBool),
		AllowedOrigins: parsed(&r, "ALLOWED_ORIGINS", func(s string) (web.Origins, error) {
			return web.ParseOrigins(list(s))
		}),
		CookieDomain:       parsed(&r, "COOKIE_DOMAIN", parseCookieDomain),
		RefreshGrace:       parsed(&r, "REFRESH_GRACE", durationBetween(0, 10*time.Minute)),
		SessionIdle:        parsed(&r, "SESSION_IDLE", durationBetween(time.Minute, maxSession)),
		SessionMax:         parsed(&r, "SESSION_MAX", durationBetween(time.Minute, maxSession)),
		Revocation:         parsed(&r, "REVOCATION", oneOf(authorizer.Bounded, authorizer.Off, authorizer.Strict)),
		AuthorizerResponse: parsed(&r, "AUTHORIZER_RESPONSE", oneOf(authorizer.Simple, authorizer.Policy)),
		Throttle:           limits(&r),
		TrustedProxies: parsed(&r, "TRUSTED_PROXIES", func(s string) (web.Proxies, error) {
			return web.ParseProxies(list(s))
		}),
		Metrics:  parsed(&r, "METRICS", parseNamespace),
		LogLevel: parsed(&r, "LOG_LEVEL", parseLevel),
	}
	if c.Audience == "" && c.Issuer != nil {
		c.Audience = c.Issuer.String()
	}
	if c.SessionMax > 0 && c.SessionIdle > c.SessionMax {
		r.problem("SESSION_IDLE", "it is longer than SESSION_MAX")
	}
	return c, errors.Join(r.problems...)
}

// maxSession keeps every cookie within the 400 days that browsers allow (RFC 6265bis 5.5).
const maxSession = 400 * 24 * time.Hour

// Warnings names the settings that are allowed and weaken the service.
func (c Config) Warnings() []string {
	var w []string
	if c.PasswordHash.Weaker() {
		w = append(w, "PASSWORD_HASH is weaker than OWASP's minimum: for tests only")
	}
	if c.Throttle == (auth.Limits{}) {
		w = append(w, "THROTTLE is off: passwords can be guessed without limit")
	}
	if c.AllowQueryCredentials {
		w = append(w, "ALLOW_QUERY_CREDENTIALS is on: passwords in URLs end up in access logs and histories")
	}
	return w
}

// reader collects the problems, so that all are reported together.
type reader struct {
	getenv   func(string) string
	problems []error
}

func (r *reader) problem(name, what string) {
	r.problems = append(r.problems, fmt.Errorf("%s%s: %s", Prefix, name, what))
}

func (r *reader) text(name string) string {
	if v := r.getenv(Prefix + name); v != "" {
		return v
	}
	i := slices.IndexFunc(Settings(), func(s Setting) bool { return s.Name == name })
	return Settings()[i].Default
}

func parsed[T any](r *reader, name string, parse func(string) (T, error)) T {
	v, err := parse(r.text(name))
	if err != nil {
		r.problem(name, err.Error())
	}
	return v
}

// wrong says what to write in place of a value.
func wrong(value, write string) error { return fmt.Errorf("write %s, not %q", write, value) }

func location(r *reader, name string, kinds ...string) Location {
	return parsed(r, name, func(s string) (Location, error) {
		kind, rest, _ := strings.Cut(s, ":")
		if !slices.Contains(kinds, kind) || rest == "" {
			return Location{}, wrong(s, strings.Join(kinds, ":NAME or ")+":NAME")
		}
		return Location{kind, rest}, nil
	})
}

// limits are zero where throttling is off; the others are checked all the same.
func limits(r *reader) auth.Limits {
	l := auth.Limits{
		Free:       parsed(r, "THROTTLE_FREE", parseCount),
		MaxBackoff: parsed(r, "THROTTLE_BACKOFF", durationBetween(time.Second, 24*time.Hour)),
		Source:     parsed(r, "THROTTLE_SOURCE", parseRate),
		User:       parsed(r, "THROTTLE_USER", parseRate),
		Known:      parsed(r, "THROTTLE_KNOWN", durationBetween(0, maxSession)),
	}
	if parsed(r, "THROTTLE", oneOf("on", "off")) == "off" {
		return auth.Limits{}
	}
	return l
}

func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		return 0, wrong(s, "a whole number from 1")
	}
	return n, nil
}

func parseRate(s string) (auth.Rate, error) {
	count, span, _ := strings.Cut(s, "/")
	n, badCount := parseCount(count)
	d, badSpan := durationBetween(time.Second, 30*24*time.Hour)(span)
	if badCount != nil || badSpan != nil {
		return auth.Rate{}, wrong(s, "failures/duration, like 100/15m")
	}
	return auth.Rate{Failures: n, Span: d}, nil
}

// parseIssuer takes a URL in the one spelling that tokens will have, whose path can be a cookie's path.
func parseIssuer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s || !isPlainPath(u) {
		return nil, wrong(s, "the API's base URL without a slash at its end, like https://login.example.com")
	}
	return u, nil
}

func isPlainPath(u *url.URL) bool {
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._~-", r))
	}
	return u.Path == "" || u.RawPath == "" && u.Path == path.Clean(u.Path) && u.Path != "/" && !strings.ContainsFunc(u.Path, odd)
}

// parseAudience refuses what no token could hold.
func parseAudience(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", wrong(s, "text without control characters")
	}
	return s, nil
}

func parseBool(s string) (bool, error) {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, wrong(s, "true or false")
	}
	return v, nil
}

// parseCookieDomain refuses what browsers would: they drop the whole cookie then, and say nothing.
func parseCookieDomain(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimPrefix(s, "."))
	labels := strings.Split(domain, ".")
	if _, notIP := netip.ParseAddr(domain); err != nil || notIP == nil || len(labels) < 2 || slices.Contains(labels, "") {
		return "", wrong(s, "a domain like example.com")
	}
	return domain, nil
}

func durationBetween(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			short := strings.NewReplacer("h0m0s", "h", "m0s", "m")
			return 0, wrong(s, short.Replace(fmt.Sprintf("a duration from %s to %s, like 10s or 168h", least, most)))
		}
		return d, nil
	}
}

func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(s string) (T, error) {
		var names []string
		for _, word := range words {
			names = append(names, string(word))
		}
		if !slices.Contains(names, s) {
			return "", wrong(s, strings.Join(names, " or "))
		}
		return T(s), nil
	}
}

// parseNamespace asks for what CloudWatch takes as a namespace.
func parseNamespace(s string) (string, error) {
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("./_:#-", r))
	}
	switch {
	case s == "off":
		return "", nil
	case len(s) > 255 || strings.HasPrefix(s, ":") || strings.HasPrefix(s, "AWS/") || strings.ContainsFunc(s, odd):
		return "", wrong(s, "off, or a namespace of letters, digits and ./_:#- that does not begin with AWS/, like Latchkey")
	}
	return s, nil
}

func parseLevel(s string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s)); err != nil {
		return 0, wrong(s, "debug, info, warn or error")
	}
	return level, nil
}

func list(s string) []string {
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
