package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
)

// Config says where the deployment is and what it is expected to be. Unknown facts are left empty, and are then not compared.
type Config struct {
	URL       string // without a slash at its end
	Contracts []contract.Contract
	Paths     []string // of every endpoint; {id} stands for one segment

	Issuer       string // empty: the URL
	Origins      []string
	CookieDomain string
	RotationDays int  // zero: not known
	ThrottleFree int  // failures that cost no wait; zero: the default
	Certain      bool // the settings above are those of the deployment, not defaults

	// Ring returns the public facts about the keys; nil: the key ring cannot be read.
	Ring func(context.Context) ([]keyring.KeyFacts, error)

	Stack   *Stack   // nil: no stack
	Source  Source   // of what should be deployed; only for AttestChecks
	Weak    []string // settings of the stack that weaken the service
	Decoys  []auth.Decoy
	NewHash string // what a new hash is, as password.Describe says it
	// Census returns the decoys that the users would need now; nil: it was not asked for.
	Census func(context.Context) ([]auth.Decoy, error)

	Roots     *x509.CertPool // nil: the system's
	CallLimit time.Duration  // of one request; zero: 5 s
}

// Deployment is what the checks look at, and what they have found out about it so far.
type Deployment struct {
	config Config
	client *http.Client
	met    map[Need]bool

	first         answer // to the request for the discovery document
	configuration configuration
	set           *jwk.Set
	published     []byte // the set as it was served
	stranger      string // an address that no user has; the same for all sign-ins of a run
	spoken        []contract.Contract
	refused       answer // to the sign-in by the first of them
}

const callLimit = 5 * time.Second

// New returns the deployment; nothing is called before Run.
func New(c Config) *Deployment {
	c.URL = strings.TrimSuffix(c.URL, "/")
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: c.Roots}, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: cmp.Or(c.CallLimit, callLimit),
	}
	return &Deployment{
		config: c, met: map[Need]bool{}, stranger: newStranger(),
		client: &http.Client{
			Transport: transport, Timeout: cmp.Or(c.CallLimit, callLimit),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// ParseURL returns the base URL of a deployment as New takes it, or an error that says how to write one.
func ParseURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errURL("write it like https://login.example.com")
	case u.User != nil:
		return "", errURL("write it without a user and password")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errURL("write it without a query")
	}
	return strings.TrimSuffix(text, "/"), nil
}

// errURL is why an argument is not a base URL. It does not quote the argument, which may hold a password.
type errURL string

func (e errURL) Error() string { return "the URL of the deployment: " + string(e) }

func (d *Deployment) url() *url.URL {
	u, err := url.Parse(d.config.URL)
	if err != nil {
		return &url.URL{}
	}
	return u
}
