package app

import (
	"log/slog"
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

// Prefix begins the name of every environment variable that Latchkey reads.
const Prefix = "LATCHKEY_"

// Setting is one decision of a deployment: LATCHKEY_NAME in the environment, --name on serve, and a parameter of the
// template. Its row in Settings is the only place that knows it; flags, help, completion and tests read that row.
type Setting struct {
	Name     string   // in the environment, after Prefix
	Default  string   // what an empty value means
	OnLaptop string   // the default of the command line if it differs
	Words    []string // the allowed values if they are few
	Prefixes []string // what a value begins with, for completion
	Pattern  string   // a regular expression of whole values, which the template's parameter has as well
	Bool     bool     // a flag without a value
	Local    bool     // only for the command line: neither the functions nor the template know it
	Help     string
	usedBy   []string // functions; empty: all
	read     func(*Config, string) error
}

// UsedBy reports whether the deployed function of this name reads the setting.
func (s Setting) UsedBy(function string) bool {
	return !s.Local && (len(s.usedBy) == 0 || slices.Contains(s.usedBy, function))
}

// Parameter returns the name of the template's parameter: the setting's own name in CamelCase.
func (s Setting) Parameter() string {
	var b strings.Builder
	for word := range strings.SplitSeq(strings.ToLower(s.Name), "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// row is a setting whose value kind parses into a field of Config; a nil field is only checked.
func row[T any](name, fallback, help string, kind setting.Kind[T], field func(*Config) *T) Setting {
	_, isBool := any(field).(func(*Config) *bool)
	return Setting{
		Name: name, Default: fallback, Help: help, Words: kind.Words, Pattern: kind.Pattern, Bool: isBool,
		read: func(c *Config, text string) error {
			value, err := kind.Parse(text)
			if err == nil && field != nil {
				*field(c) = value
			}
			return setting.Hide(text, err)
		},
	}
}

// by limits a setting to some of the functions.
func (s Setting) by(functions ...string) Setting { s.usedBy = functions; return s }

// local makes a setting that only the command line has.
func (s Setting) local() Setting { s.Local = true; return s }

// at is a location's completion and its default on a laptop.
func (s Setting) at(onLaptop string, prefixes ...string) Setting {
	s.OnLaptop, s.Prefixes = onLaptop, prefixes
	return s
}

// maxSession keeps every cookie within the 400 days that browsers allow (RFC 6265bis 5.5).
const maxSession = 400 * 24 * time.Hour

// Settings returns all of them in the order in which help and documents list them. A new setting is a row here and a
// field of Config; unless it is local, the tests then ask for its parameter in template.yaml.
func Settings() []Setting {
	return slices.Concat(placeSettings(), tokenSettings(), loginSettings(), sessionSettings(), throttleSettings(), mailSettings(), runSettings())
}

func placeSettings() []Setting {
	return []Setting{
		row("ADDR", DefaultAddr, "host and port to listen on; port 0 picks one; PORT in the environment sets only the port",
			setting.Address(), func(c *Config) *string { return &c.Addr }).local(),
		row("STORE", "", "where users are: sqlite:PATH or dynamodb:TABLE",
			location(SQLite, DynamoDB), func(c *Config) *Location { return &c.Store }).at("sqlite:latchkey.db", "sqlite:", "dynamodb:"),
		row("KEYS", "", "where the signing keys are: file:PATH or secretsmanager:ID",
			location(File, SecretsManager), func(c *Config) *Location { return &c.Keys }).
			at("file:latchkey-keys.json", "file:", "secretsmanager:").by("login", "session", "account", "authorizer", "rotate", "mail"),
		row("AUDIT", toLog, "file to append audit records to; - for standard error",
			setting.Text(), func(c *Config) *string { return &c.Audit }).local(),
	}
}

func tokenSettings() []Setting {
	return []Setting{
		row("ISSUER", "", "issuer URL in tokens: the public base URL of the API, without a slash at its end",
			setting.BaseURL(), func(c *Config) **url.URL { return &c.Issuer }).by("login", "session", "account", "keys", "authorizer", "mail"),
		row("AUDIENCE", "", "audience in tokens; empty: the issuer",
			setting.Text(), func(c *Config) *string { return &c.Audience }).by("login", "session", "account", "authorizer", "mail"),
		row("ALGORITHM", string(jwk.ES256), "algorithm of new signing keys",
			setting.Words(jwk.ES256, jwk.RS256, jwk.RS256Long, jwk.HS256, jwk.EdDSA), func(c *Config) *jwk.Algorithm { return &c.Algorithm }).
			by("login", "session", "account", "authorizer", "rotate", "mail"),
	}
}

func loginSettings() []Setting {
	return []Setting{
		row("PASSWORD_HASH", password.Default().String(), "how new password hashes are made",
			passwordHash(), func(c *Config) *password.Params { return &c.PasswordHash }).by("login", "account"),
		row("ARGON2", string(password.Auto), "what computes argon2, vector instructions where the processor has them, or always Go's library",
			setting.Words(password.Auto, password.XCrypto), func(c *Config) *password.Argon2 { return &c.Argon2 }).by("login", "account"),
		row("DECOYS", "", "decoy hashes for unknown addresses, as printed by 'latchkey users hashes'; empty: one like new hashes",
			decoys(), func(c *Config) *[]auth.Decoy { return &c.Decoys }).by("login"),
		row("PASSWORD_MIN", "15", "least number of characters of a password that a user chooses",
			passwordMin(), func(c *Config) *int { return &c.PasswordMin }).by("account"),
		row("PASSWORD_LIST", "", "file of more passwords that nobody may choose, made by 'latchkey passwords build'",
			setting.Text(), func(c *Config) *string { return &c.PasswordList }).local(),
		row("CONTRACTS", strings.Join(ContractNames(), ","), "contracts to speak, comma-separated; the paths of the others are 404",
			contractNames(), func(c *Config) *[]string { return &c.Contracts }).by("login", "account"),
		row("QUALIFYING_ROLES", "Organization Owner,Organization Admin", "userTypes that may sign in at /users/login, comma-separated",
			setting.List(), func(c *Config) *[]string { return &c.QualifyingRoles }).by("login", "session", "account", "authorizer"),
		row("IMPERSONATOR_ROLES", "", "roles that may sign in as other users, comma-separated; empty: none",
			setting.List(), func(c *Config) *[]string { return &c.ImpersonatorRoles }).by("login", "session", "account", "authorizer"),
		row("FACTOR_ROLES", "", "roles and userTypes that must have a second factor, comma-separated; empty: none",
			setting.List(), func(c *Config) *[]string { return &c.FactorRoles }).by("login", "session", "account"),
		row("FACTOR_APPEND", "false", "take the code of an authenticator app from the end of the password, for clients that cannot be changed",
			setting.Bool(), func(c *Config) *bool { return &c.FactorAppend }).by("login"),
		row("FACTOR_INTEGRATIONS", "exempt", "whether sign-ins with an integration's API key need the user's second factor",
			setting.Words(FactorExempt, FactorRequired), func(c *Config) *FactorIntegrations { return &c.FactorIntegrations }).by("login"),
		row("FACTOR_REMEMBER", "720h", "how long a device stands in for the second factor of a user who asked for it there; 0: not at all",
			setting.Duration(0, maxSession), func(c *Config) *time.Duration { return &c.FactorRemember }).by("login", "account"),
		row("PASSKEY_RP", "", "domain that passkeys are made for; off turns them off; empty: the issuer's host if it is a name of your own",
			relyingParty(), func(c *Config) *string { return &c.PasskeyRP }).by("login", "account"),
		row("PASSKEY_ORIGINS", "", "web origins of other domains whose pages may use the passkeys, comma-separated; they are published for browsers",
			origins(), func(c *Config) *web.Origins { return &c.PasskeyOrigins }).by("keys"),
		row("SERVICE_NAME", "", "name of the service in authenticator apps, passkeys and mails; empty: the issuer's host",
			setting.Text(), func(c *Config) *string { return &c.ServiceName }).by("account", "mail"),
		row("REQUIRE_API_KEY", "false", "refuse /api/users/login without an API key",
			setting.Bool(), func(c *Config) *bool { return &c.RequireAPIKey }).by("login", "account"),
		row("ALLOW_QUERY_CREDENTIALS", "false", "take username and password from the URL, which access logs and browser histories keep",
			setting.Bool(), func(c *Config) *bool { return &c.AllowQueryCredentials }).by("login"),
		row("ALLOWED_ORIGINS", "", "web origins of other sites whose pages may call the API, comma-separated",
			origins(), func(c *Config) *web.Origins { return &c.AllowedOrigins }).by("login", "session", "account"),
		row("ALLOWED_HOSTS", "", "more hosts that serve answers for; the issuer's, localhost and loopback addresses need no entry, comma-separated",
			hosts(), func(c *Config) *web.Hosts { return &c.AllowedHosts }).local(),
		row("COOKIE_DOMAIN", "", "Domain of the cookies; empty: only the API's host",
			setting.CookieDomain(), func(c *Config) *string { return &c.CookieDomain }).by("login", "session", "account"),
	}
}

func sessionSettings() []Setting {
	return []Setting{
		row("REFRESH_GRACE", "10s", "how long a used refresh token still gets the same successor",
			setting.Duration(0, 10*time.Minute), func(c *Config) *time.Duration { return &c.RefreshGrace }).by("login", "session", "account"),
		row("REFRESH_RETRY", "10m", "how long a used refresh token still gets its successor while that is unused, for clients that lost the answer",
			setting.Duration(0, time.Hour), func(c *Config) *time.Duration { return &c.RefreshRetry }).by("login", "session", "account"),
		row("SESSION_IDLE", "168h", "a session ends when it is not refreshed for this long",
			setting.Duration(time.Minute, maxSession), func(c *Config) *time.Duration { return &c.SessionIdle }).by("login", "session", "account"),
		row("SESSION_MAX", "2160h", "a session ends this long after sign-in, refreshed or not",
			setting.Duration(time.Minute, maxSession), func(c *Config) *time.Duration { return &c.SessionMax }).by("login", "session", "account"),
		row("REVOCATION", "bounded", "how soon the authorizer refuses ended sessions: within a minute, not at all, or at once",
			setting.Words(authorizer.Bounded, authorizer.Off, authorizer.Strict), func(c *Config) *authorizer.Revocation { return &c.Revocation }).
			by("authorizer"),
		row("AUTHORIZER_RESPONSE", "simple", "what HTTP APIs expect of the authorizer for payload 2.0",
			setting.Words(authorizer.Simple, authorizer.Policy), func(c *Config) *authorizer.Response { return &c.AuthorizerResponse }).
			by("authorizer"),
	}
}

func throttleSettings() []Setting {
	rows := []Setting{
		row[string]("THROTTLE", "on", "limit failed sign-ins", setting.Words("on", "off"), nil),
		row("THROTTLE_FREE", "5", "failures of one user from one source that cost no wait",
			setting.Count(), func(c *Config) *int64 { return &c.Throttle.Free }),
		row("THROTTLE_BACKOFF", "15m", "longest wait of one user from one source; it doubles from 1s",
			setting.Duration(time.Second, 24*time.Hour), func(c *Config) *time.Duration { return &c.Throttle.MaxBackoff }),
		row("THROTTLE_SOURCE", "100/15m", "failures of one source over all users",
			rate(), func(c *Config) *auth.Rate { return &c.Throttle.Source }),
		row("THROTTLE_USER", "50/1h", "failures of one user over all sources but known ones",
			rate(), func(c *Config) *auth.Rate { return &c.Throttle.User }),
		row("THROTTLE_KNOWN", "720h", "how long a source is known to a user who signed in from it",
			setting.Duration(0, maxSession), func(c *Config) *time.Duration { return &c.Throttle.Known }),
	}
	for i := range rows {
		rows[i] = rows[i].by("login", "account")
	}
	return rows
}

func mailSettings() []Setting {
	return []Setting{
		row("MAIL", "", "how mails are sent: file:DIRECTORY, smtp://HOST, smtps://HOST, or sqs:URL of a queue; empty: not at all",
			mailRoute(), func(c *Config) *MailRoute { return &c.Mail }).at("", "file:", "smtp://", "smtps://", "sqs:").by("login", "session", "account"),
		row("MAIL_FROM", "", "address that mails come from; empty: no mails",
			setting.MailAddress(), func(c *Config) *string { return &c.MailFrom }).by("mail"),
		row("RESET_URL", "", "page that links in mails open, to choose a new password; it gets the token in the fragment",
			setting.PageURL(), func(c *Config) **url.URL { return &c.ResetURL }).by("account", "mail"),
		row("NOTICES", "security", "which events of their account users get a mail about",
			setting.Words(auth.NoticesSecurity, auth.NoticesSignIns, auth.NoticesOff), func(c *Config) *auth.Notices { return &c.Notices }).by("login", "session", "account"),
	}
}

func runSettings() []Setting {
	return []Setting{
		row("TRUSTED_PROXIES", "", "addresses or CIDR blocks of proxies whose X-Forwarded-For is believed, comma-separated",
			proxies(), func(c *Config) *web.Proxies { return &c.TrustedProxies }).by("login", "session", "account"),
		row("METRICS", "off", "CloudWatch namespace of the metrics written to the log, like Latchkey, or off",
			setting.Namespace(), func(c *Config) *string { return &c.Metrics }).by("login", "session", "account", "mail"),
		row("LOG_LEVEL", "info", "lowest level that is logged; audit records are info",
			setting.Level(), func(c *Config) *slog.Level { return &c.LogLevel }),
	}
}
