package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"latchkey/internal/contract/discovery"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/setting"
)

// configuration are the members of the discovery document that checks compare one by one.
type configuration struct {
	Issuer  string `json:"issuer"`
	JWKSURI string `json:"jwks_uri"`
}

// documentChecks look at what verifiers of tokens read. The first finds out whether anything answers, and whether it is Latchkey.
func documentChecks() []Check {
	return []Check{
		{"server", nil, lookServer},
		{"issuer", []Need{Keys}, lookIssuer},
		{"discovery", []Need{Keys}, lookDiscovery},
		{"public keys", []Need{Keys}, lookPublicKeys},
		{"next key", []Need{Keys}, lookNextKey},
		{"key age", []Need{Keys}, lookKeyAge},
		{"algorithm", []Need{Keys}, lookAlgorithm},
	}
}

const whichURL = "Give the base URL: the output ApiUrl of the stack, which ends in /live for a REST API, or the URL that serve prints."

func lookServer(ctx context.Context, d *Deployment) []Finding {
	first, err := d.send(ctx, request{method: http.MethodGet, path: discovery.ConfigurationPath})
	if err != nil {
		message, advice := explain(err)
		return fault(advice, "%s", message)
	}
	d.first, d.met[Server] = first, true
	switch {
	case first.status/100 == 3:
		return fault("Give the URL that it redirects to. Clients that post passwords do not follow redirects.", "the server redirects elsewhere")
	case first.status == http.StatusMisdirectedRequest:
		return fault("Add the host to ALLOWED_HOSTS, or give the issuer's URL.", "the server does not answer for this host")
	case first.status == http.StatusInternalServerError && first.header.Get("Retry-After") != "" && isObject(first.body):
		d.met[Latchkey] = true
		return fault("On AWS the first rotation has failed: see docs/operate.md#rotateerrors. With serve, read its log.", "the public keys cannot be read")
	case first.status != http.StatusOK || json.Unmarshal(first.body, &d.configuration) != nil || d.configuration.Issuer == "":
		return fault(whichURL, "this is not Latchkey, or not its base URL: %s is answered with %s", discovery.ConfigurationPath, first.kind())
	case d.configuration.JWKSURI != d.configuration.Issuer+discovery.JWKSPath || bytes.Contains(first.body, []byte("_endpoint")):
		return fault(whichURL, "another OpenID provider answers here, not Latchkey")
	}
	d.met[Latchkey] = true
	return d.lookSet(ctx)
}

func isObject(body []byte) bool {
	var object map[string]any
	return json.Unmarshal(body, &object) == nil
}

// lookSet reads the keys, which must be exactly what Latchkey publishes.
func (d *Deployment) lookSet(ctx context.Context) []Finding {
	a, err := d.send(ctx, request{method: http.MethodGet, path: discovery.JWKSPath})
	if err != nil {
		message, advice := explain(err)
		return unknown(advice, "%s: %s", discovery.JWKSPath, message)
	}
	set, err := jwk.ParseSet(a.body)
	if a.status != http.StatusOK || err != nil {
		return fault("See docs/operate.md#keyserrors. If a private key was published, see docs/keys.md#a-key-has-leaked.",
			"%s is answered with %s and is not a set of our public keys", discovery.JWKSPath, a.kind())
	}
	d.set, d.published, d.met[Keys] = set, a.body, true
	return ok("Latchkey answers at %s", d.config.URL)
}

func lookIssuer(_ context.Context, d *Deployment) []Finding {
	found, want := d.configuration.Issuer, d.config.Issuer
	switch {
	case want != "" && found != want:
		return fault("Set Issuer, or the verifiers, to the same URL: tokens of another issuer are refused.", "the issuer is %q, and should be %q", found, want)
	case want == "" && found != d.config.URL:
		return warning("Verifiers must be told the issuer and be able to reach it. If this URL is the right one, set Issuer to it.",
			"the issuer in tokens is %q, not the URL that was checked", found)
	case strings.HasPrefix(found, "http://") && !setting.IsLoopback(d.url().Hostname()):
		return fault("Put a proxy with HTTPS in front, and set Issuer to its URL.", "the issuer is an http URL of another machine: passwords and tokens cross the network unencrypted")
	}
	return ok("tokens and discovery say %s", found)
}

func lookDiscovery(_ context.Context, d *Deployment) []Finding {
	exact, err := discovery.Configuration(d.configuration.Issuer, d.set)
	if err != nil || !bytes.Equal(exact, d.first.body) {
		return fault("Let nothing in front rewrite answers; the algorithms must be those of the keys.", "the discovery document is not what Latchkey publishes for its keys")
	}
	return ok("the document is exact and names %s", d.configuration.JWKSURI)
}

// lookPublicKeys compares the set byte by byte, and checks what lets gateways and libraries keep it.
func lookPublicKeys(ctx context.Context, d *Deployment) []Finding {
	if exact, err := d.set.Marshal(); err != nil || !bytes.Equal(exact, d.published) {
		return fault("Let nothing between the functions and their callers rewrite answers, and keep other keys out of the set.",
			"%s holds more, or in another form, than Latchkey publishes", discovery.JWKSPath)
	}
	const advice = "Let nothing in front remove ETag or change Cache-Control of the two documents."
	etag := d.first.header.Get("Etag")
	if etag == "" || !strings.Contains(d.first.header.Get("Cache-Control"), "max-age=") {
		return warning(advice, "the documents come without ETag or max-age: every verifier reads them in full each time")
	}
	again, err := d.send(ctx, request{method: http.MethodGet, path: discovery.ConfigurationPath, header: []string{"If-None-Match", etag}})
	switch {
	case err != nil:
		message, advice := explain(err)
		return unknown(advice, "%s", message)
	case again.status != http.StatusNotModified && again.header.Get("Etag") == etag:
		return warning(advice, "a reader that has the document gets it again: If-None-Match is not honored")
	case d.first.header.Get("Access-Control-Allow-Origin") != "*":
		return warning("Let nothing in front remove Access-Control-Allow-Origin.", "pages of other sites cannot read the public keys")
	}
	return ok("%d keys, exactly as Latchkey publishes them, cacheable", len(d.set.IDs()))
}

func lookNextKey(_ context.Context, d *Deployment) []Finding {
	switch len(d.set.IDs()) {
	case 0:
		return notChecked("the keys are symmetric (HS256), and nothing is published")
	case 1:
		return fault("Make a next key before the next rotation: 'latchkey keys list' shows the ring, docs/keys.md says how to mend it.",
			"only one key is published: after the next rotation verifiers refuse tokens until their caches expire")
	}
	return ok("the next key is published before it signs")
}

func lookKeyAge(ctx context.Context, d *Deployment) []Finding {
	if d.config.Ring == nil {
		return notChecked("public keys have no dates: give --stack, or --keys, from which they are read")
	}
	facts, err := d.config.Ring(ctx)
	if err != nil {
		return unknown("Read the error; the command needs the right secretsmanager:GetSecretValue for a secret.", "the key ring cannot be read: %v", err)
	}
	var found []Finding
	for _, k := range facts {
		if d.isMissing(k) {
			found = append(found, fault("Publish the ring: 'latchkey keys rotate' finishes a change that stopped halfway. See docs/keys.md.",
				"the %s key %s of the ring is not among the published ones", k.State, k.KeyID)...)
		}
		if k.State == keyring.Current {
			found = append(found, d.judgeAge(k)...)
		}
	}
	return found
}

// caches is how long answers may lack a new key, which functions and gateways read again after minutes.
const caches = time.Hour

// isMissing reports whether verifiers should know the key, and do not.
func (d *Deployment) isMissing(k keyring.KeyFacts) bool {
	_, published := d.set.Key(k.KeyID)
	retired := !k.RetireAt.IsZero() && time.Now().After(k.RetireAt)
	return !published && !retired && k.Algorithm != string(jwk.HS256) && time.Since(k.CreatedAt) > caches
}

// lateAfter is how much later than RotationDays a rotation may be; the alarm KeyAge has the same.
const lateAfter = 2

func (d *Deployment) judgeAge(k keyring.KeyFacts) []Finding {
	if k.ActivatedAt.IsZero() {
		return notChecked("the ring does not say since when its key signs")
	}
	days := int(time.Since(k.ActivatedAt).Hours() / 24)
	switch {
	case d.config.RotationDays > 0 && days > d.config.RotationDays+lateAfter:
		return fault("Rotation has stopped: see docs/operate.md#rotateerrors.", "the key has signed for %d days, and RotationDays is %d", days, d.config.RotationDays)
	case d.config.RotationDays == 0 && days > 90:
		return warning("Rotate it: 'latchkey keys rotate'.", "the key has signed for %d days", days)
	}
	return ok("the key has signed for %s", count(days, "day"))
}

func lookAlgorithm(_ context.Context, d *Deployment) []Finding {
	algorithms := d.set.Algorithms()
	switch names := strings.Join(algorithms, " and "); {
	case len(algorithms) == 0:
		return warning("Use ES256, unless every service that verifies may also sign in as anybody.", "HS256: every service that verifies tokens can also make them, and JWT libraries cannot find the key")
	case len(algorithms) > 1:
		return ok("%s: the algorithm is being changed, which takes two rotations", names)
	case algorithms[0] != string(jwk.RS256):
		return ok("%s, for the authorizer function, the package verify and JWT libraries; API Gateway's own JWT authorizer takes RS256 only", names)
	default:
		return ok("%s, which API Gateway's own JWT authorizer takes as well", names)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
