package app

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
	"latchkey/internal/jwk"
	"latchkey/internal/password"
	"latchkey/internal/setting"
	"latchkey/internal/web"
)

// toLog is the AUDIT of records that go to the log.
const toLog = "-"

// DefaultAddr is where serve listens by default: only this machine can reach it.
const DefaultAddr = "127.0.0.1:3000"

// Config is every setting, read once and checked; see Settings for what each means.
type Config struct {
	Addr                  string // of serve
	Audit                 string // of the command line
	Store, Keys           Location
	Issuer                *url.URL
	Audience              string
	Algorithm             jwk.Algorithm
	PasswordHash          password.Params
	Argon2                password.Argon2
	Decoys                []auth.Decoy
	QualifyingRoles       []string
	ImpersonatorRoles     []string
	FactorRoles           []string
	FactorAppend          bool
	FactorIntegrations    FactorIntegrations
	FactorRemember        time.Duration
	PasskeyRP             string      // a domain, or off; empty: the issuer's host
	PasskeyOrigins        web.Origins // of other domains
	LocalOrigin           string      // of serve --demo, as browsers on this machine call it
	Notices               auth.Notices
	ServiceName           string // empty: the issuer's host
	PasswordList          string // a file; empty: only the embedded list
	PasswordMin           int    // characters of a password that a user chooses
	LenientPasswords      bool   // of serve --demo: users choose any password
	RequireAPIKey         bool
	AllowQueryCredentials bool
	Contracts             []string // names, at least one
	AllowedOrigins        web.Origins
	AllowedHosts          web.Hosts // of serve
	InsecureCookies       bool      // of serve, only by a flag
	CookieDomain          string
	RefreshGrace          time.Duration
	RefreshRetry          time.Duration
	SessionIdle           time.Duration
	SessionMax            time.Duration
	Revocation            authorizer.Revocation
	AuthorizerResponse    authorizer.Response
	Throttle              auth.Limits // zero if throttling is off
	Mail                  MailRoute
	MailFrom              string   // empty: no mails
	ResetURL              *url.URL // nil: no mails with links
	TrustedProxies        web.Proxies
	Metrics               string // the namespace; empty: none
	LogLevel              slog.Level
}

// FactorIntegrations says whether sign-ins of integration clients need the user's second factor.
type FactorIntegrations string

// The two words of FACTOR_INTEGRATIONS.
const (
	FactorExempt   FactorIntegrations = "exempt"
	FactorRequired FactorIntegrations = "required"
)

// Name returns the service's name as users see it, in authenticator apps and mails: SERVICE_NAME, else the issuer's host.
func (c Config) Name() string { return cmp.Or(c.ServiceName, c.Issuer.Hostname()) }

// ConfigFrom reads all settings through getenv and returns every problem joined, each naming its variable.
func ConfigFrom(getenv func(string) string) (Config, error) {
	return readSettings(getenv, func(Setting) bool { return true })
}

// ConfigFor reads the settings that a deployed function uses; the others keep their defaults, so that a wrong value
// stops only the functions that need it.
func ConfigFor(function string, getenv func(string) string) (Config, error) {
	return readSettings(getenv, func(s Setting) bool { return s.UsedBy(function) })
}

func readSettings(getenv func(string) string, used func(Setting) bool) (Config, error) {
	var c Config
	var problems []error
	throttle := ""
	for _, s := range Settings() {
		text := s.Default
		if value := getenv(Prefix + s.Name); used(s) && value != "" {
			text = value
		}
		if !used(s) && text == "" {
			continue // such as ISSUER, which has no default
		}
		if err := s.read(&c, text); err != nil {
			problems = append(problems, fmt.Errorf("%s%s: %w", Prefix, s.Name, err))
		}
		if s.Name == "THROTTLE" {
			throttle = text
		}
	}
	if throttle == "off" { // after the limits themselves were checked
		c.Throttle = auth.Limits{}
	}
	if c.Audience == "" && c.Issuer != nil {
		c.Audience = c.Issuer.String()
	}
	if c.SessionMax > 0 && c.SessionIdle > c.SessionMax {
		problems = append(problems, fmt.Errorf("%sSESSION_IDLE: it is longer than SESSION_MAX", Prefix))
	}
	return c, errors.Join(problems...)
}

// NewHasher returns the hasher that the settings describe.
func (c Config) NewHasher() *password.Hasher { return password.NewWith(c.Argon2, c.PasswordHash, 0) }

// WarningLevel is the level for a logger of Warnings: LOG_LEVEL, unless it hides audit records and would hide that warning too.
func (c Config) WarningLevel() slog.Level {
	if c.hidesAudit() {
		return min(c.LogLevel, slog.LevelWarn)
	}
	return c.LogLevel
}

// hidesAudit reports whether audit records go to the log, at a level that leaves them out.
func (c Config) hidesAudit() bool { return c.LogLevel > slog.LevelInfo && c.Audit == toLog }

// Warnings names the settings that are allowed and weaken the service.
func (c Config) Warnings() []string {
	defaults, _ := readSettings(func(string) string { return "" }, func(Setting) bool { return false })
	var w []string
	for _, check := range []struct {
		weak bool
		text string
	}{
		{c.PasswordHash.Weaker(), "PASSWORD_HASH is weaker than OWASP's minimum: for tests only"},
		{c.Throttle == (auth.Limits{}), "THROTTLE is off: passwords can be guessed without limit"},
		{c.Throttle.Free > 10*defaults.Throttle.Free, "THROTTLE_FREE is more than ten times the default: passwords can be guessed faster"},
		{perHour(c.Throttle.Source) > 10*perHour(defaults.Throttle.Source),
			"THROTTLE_SOURCE is more than ten times the default: one source can guess faster"},
		{perHour(c.Throttle.User) > 10*perHour(defaults.Throttle.User),
			"THROTTLE_USER is more than ten times the default: one user's password can be guessed faster"},
		{c.AllowQueryCredentials, "ALLOW_QUERY_CREDENTIALS is on: passwords in URLs end up in access logs and histories"},
		{c.Revocation == authorizer.Off, "REVOCATION is off: the authorizer accepts the tokens of ended sessions until they expire"},
		{c.Algorithm == jwk.HS256, "ALGORITHM is HS256: every service that verifies tokens can also make them"},
		{c.hidesAudit(), "LOG_LEVEL is above info: audit records are not written"},
		{c.Issuer != nil && c.Issuer.Scheme == "http" && !setting.IsLoopback(c.Issuer.Hostname()),
			"ISSUER is an http URL of another machine: passwords, cookies and tokens cross the network unencrypted"},
		{c.beyondLoopback(), "ADDR accepts connections from other machines over plain HTTP: put a proxy that speaks HTTPS in front"},
		{c.splitPlaces(), fmt.Sprintf("STORE is %s and KEYS is %s: one is local and the other in AWS", c.Store, c.Keys)},
	} {
		if check.weak {
			w = append(w, check.text)
		}
	}
	return w
}

func perHour(r auth.Rate) float64 {
	if r.Span == 0 {
		return 0
	}
	return float64(r.Failures) / r.Span.Hours()
}

func (c Config) beyondLoopback() bool {
	host, _, _ := net.SplitHostPort(c.Addr)
	return c.Addr != "" && !setting.IsLoopback(host)
}

// splitPlaces reports whether users and keys are in different worlds, as with --store dynamodb:TABLE and no --keys.
func (c Config) splitPlaces() bool {
	return c.Store.Kind != "" && c.Keys.Kind != "" && c.Store.IsLocal() != c.Keys.IsLocal()
}

func passwordHash() setting.Kind[password.Params] {
	return setting.Kind[password.Params]{Parse: password.ParseParams,
		Pattern: "^argon2id:m=(" + setting.Digits(128, 262144) + "),t=([1-9]|1[0-6]),p=([1-9]|1[0-6])$"}
}

// The bounds of PASSWORD_MIN. The least is that of ASVS 6.2.1; verifiers must take passwords of 64 characters (NIST SP 800-63B-4).
const (
	leastPasswordMin = 8
	mostPasswordMin  = 64
)

func passwordMin() setting.Kind[int] {
	return setting.Kind[int]{Pattern: "^(" + setting.Digits(leastPasswordMin, mostPasswordMin) + ")$", Parse: func(s string) (int, error) {
		n, err := setting.ParseCount(s)
		if err != nil || n < leastPasswordMin || n > mostPasswordMin {
			return 0, setting.Wrong(s, fmt.Sprintf("a whole number from %d to %d", leastPasswordMin, mostPasswordMin))
		}
		return int(n), nil
	}}
}

func rate() setting.Kind[auth.Rate] {
	return setting.Rate(time.Second, 30*24*time.Hour, func(failures int64, span time.Duration) auth.Rate {
		return auth.Rate{Failures: failures, Span: span}
	})
}

func contractNames() setting.Kind[[]string] {
	known := ContractNames()
	name := "(" + strings.Join(known, "|") + ")"
	return setting.Kind[[]string]{
		Pattern: "^" + name + "(," + name + ")*$",
		Parse: func(s string) ([]string, error) {
			names := setting.Split(s)
			if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(known, name) }) {
				return nil, setting.Wrong(s, "one or more of "+strings.Join(known, ","))
			}
			return names, nil
		},
	}
}

func hosts() setting.Kind[web.Hosts] {
	return setting.Kind[web.Hosts]{
		Pattern: setting.Listed(`[a-z0-9]([a-z0-9.-]*[a-z0-9])?`),
		Parse:   func(s string) (web.Hosts, error) { return web.ParseHosts(setting.Split(s)) },
	}
}

func origins() setting.Kind[web.Origins] {
	// Without the default ports, which browsers leave out; no expression can say of which scheme.
	ports := setting.Digits(81, 442) + "|" + setting.Digits(444, 65535)
	return setting.Kind[web.Origins]{
		Pattern: setting.Listed(`(` + schemeButFile() + `://[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[a-z][a-z0-9+.]*-[a-z0-9+.-]*://[A-Za-z0-9-]+)(:(` + ports + `))?`),
		Parse:   func(s string) (web.Origins, error) { return web.ParseOrigins(setting.Split(s)) },
	}
}

// The shortest prefixes of TRUSTED_PROXIES: those of 10.0.0.0/8 and fc00::/7. A shorter one holds large parts of the Internet.
const (
	leastBits4 = 8
	leastBits6 = 7
)

// proxies refuses blocks that hold strangers: they could choose the address that is counted.
func proxies() setting.Kind[web.Proxies] {
	v4 := "(" + setting.Digits(0, 255) + `)(\.(` + setting.Digits(0, 255) + ")){3}(/(" + setting.Digits(leastBits4, 32) + "))?"
	v6 := addressV6() + "(/(" + setting.Digits(leastBits6, 128) + "))?"
	return setting.Kind[web.Proxies]{
		Pattern: setting.Listed(v4 + "|" + v6),
		Parse: func(s string) (web.Proxies, error) {
			p, err := web.ParseProxies(setting.Split(s))
			for _, block := range p {
				if least := leastBits(block); block.Bits() < least {
					return nil, fmt.Errorf("write the addresses of your proxies: %s is shorter than /%d, and lets strangers choose their own address", block, least)
				}
			}
			return p, err
		},
	}
}

// schemeButFile matches the schemes of origins: every scheme except file, whose pages have no origin.
func schemeButFile() string {
	const rest = `[a-z0-9+.-]*`
	return `([a-eg-z]` + rest + `|f([a-hj-z0-9+.-]` + rest + `)?|fi([a-km-z0-9+.-]` + rest + `)?|fil([a-df-z0-9+.-]` + rest + `)?|file[a-z0-9+.-]+)`
}

// addressV6 matches the spellings of an IPv6 address (RFC 4291 2.2), without those that end in an IPv4 address.
func addressV6() string {
	const group = `[0-9A-Fa-f]{1,4}`
	pattern := `((` + group + `:){7}` + group + `|(` + group + `:){1,7}:`
	for after := 1; after <= 6; after++ {
		pattern += fmt.Sprintf(`|(%s:){1,%d}(:%s){1,%d}`, group, 7-after, group, after)
	}
	return pattern + `|:(:` + group + `){1,7}|::)`
}

func leastBits(block netip.Prefix) int {
	if block.Addr().Is4() {
		return leastBits4
	}
	return leastBits6
}
