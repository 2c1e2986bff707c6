package app

// Prefix begins the name of every environment variable that Latchkey reads.
const Prefix = "LATCHKEY_"

// Setting is one thing a deployment decides: LATCHKEY_NAME in the environment, --name on serve.
type Setting struct {
	Name    string // as in the environment, without Prefix
	Default string
	Bool    bool
	Help    string
}

// Settings returns all of them in the order in which help and documents list them.
func Settings() []Setting {
	return []Setting{
		{Name: "STORE", Help: "where users are: sqlite:PATH or dynamodb:TABLE"},
		{Name: "KEYS", Help: "where the signing keys are: file:PATH or secretsmanager:ID"},
		{Name: "ISSUER", Help: "issuer URL in tokens: the public base URL of the API"},
		{Name: "AUDIENCE", Help: "audience in tokens (default: the issuer)"},
		{Name: "ALGORITHM", Default: "ES256", Help: "of new signing keys: ES256, RS256, RS256:3072, HS256 or EdDSA"},
		{Name: "PASSWORD_HASH", Default: "argon2id:m=19456,t=2,p=1", Help: "how new password hashes are made"},
		{Name: "DECOYS", Help: "what names that nobody has cost, as 'latchkey users hashes' prints it; empty: a new hash"},
		{Name: "QUALIFYING_ROLES", Default: "Organization Owner,Organization Admin", Help: "userTypes that may sign in at /users/login, comma-separated"},
		{Name: "IMPERSONATOR_ROLES", Help: "roles that may sign in as others, comma-separated; empty: nobody"},
		{Name: "REQUIRE_API_KEY", Default: "false", Bool: true, Help: "refuse /api/users/login without an API key"},
		{Name: "ALLOW_QUERY_CREDENTIALS", Default: "false", Bool: true, Help: "take username and password from the URL, which ends up in logs"},
		{Name: "ALLOWED_ORIGINS", Help: "web origins of other sites whose pages may call the API, comma-separated"},
		{Name: "COOKIE_DOMAIN", Help: "Domain of the cookies; empty: the API's host alone"},
		{Name: "REFRESH_GRACE", Default: "10s", Help: "how long a used refresh token still gets the same successor"},
		{Name: "SESSION_IDLE", Default: "168h", Help: "a session ends when it is not refreshed for so long"},
		{Name: "SESSION_MAX", Default: "2160h", Help: "a session ends so long after sign-in, refreshed or not"},
		{Name: "REVOCATION", Default: "bounded", Help: "how soon the authorizer refuses ended sessions: bounded, off or strict"},
		{Name: "AUTHORIZER_RESPONSE", Default: "simple", Help: "what HTTP APIs expect of the authorizer for payload 2.0: simple or policy"},
		{Name: "THROTTLE", Default: "on", Help: "limit failed sign-ins: on or off"},
		{Name: "THROTTLE_FREE", Default: "5", Help: "failures of one user from one source that cost no wait"},
		{Name: "THROTTLE_BACKOFF", Default: "15m", Help: "longest wait of one user from one source; it doubles from 1s"},
		{Name: "THROTTLE_SOURCE", Default: "100/15m", Help: "failures of one source over all users"},
		{Name: "THROTTLE_USER", Default: "50/1h", Help: "failures of one user over all sources but known ones"},
		{Name: "THROTTLE_KNOWN", Default: "720h", Help: "how long a source is known to a user who signed in from it"},
		{Name: "TRUSTED_PROXIES", Help: "addresses or CIDR blocks of proxies whose X-Forwarded-For is believed, comma-separated"},
		{Name: "METRICS", Default: "off", Help: "CloudWatch namespace of the metrics written beside the log, like Latchkey, or off"},
		{Name: "LOG_LEVEL", Default: "info", Help: "debug, info, warn or error"},
	}
}
