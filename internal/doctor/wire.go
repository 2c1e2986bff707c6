package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// wireChecks look at what clients see: sign-ins that are refused, and answers to callers who are not signed in.
func wireChecks() []Check {
	return []Check{
		{"contracts", []Need{Latchkey}, lookContracts},
		{"headers", []Need{Latchkey}, lookHeaders},
		{"cookies", []Need{Latchkey}, lookCookies},
		{"routes", []Need{Latchkey}, lookRoutes},
		{"other sites", []Need{Latchkey}, lookCrossSite},
		{"CORS", []Need{Latchkey}, lookOrigins},
		{"throttling", []Need{Latchkey}, lookThrottling},
		{"health", []Need{Latchkey}, lookHealth},
	}
}

// signIn tries to sign in as somebody who cannot exist. It sends the members of every contract.
func (d *Deployment) signIn(ctx context.Context, c contract.Contract, header ...string) (answer, error) {
	body := fmt.Sprintf(`{"username":%q,"email":%[1]q,"password":"not a password of anybody"}`, d.stranger)
	return d.send(ctx, request{method: http.MethodPost, path: c.Path(), body: body, header: header})
}

// refuses reports whether the answer is how the contract words the refusal.
func refuses(c contract.Contract, a answer, refusal error) bool {
	table, _ := c.Refusals()
	i := slices.IndexFunc(table, func(r web.Refusal) bool { return errors.Is(refusal, r.Err) })
	if i < 0 || a.status != table[i].Status {
		return false
	}
	want, err := json.Marshal(table[i].Body)
	return err == nil && bytes.Equal(bytes.TrimSpace(a.body), want)
}

func lookContracts(ctx context.Context, d *Deployment) []Finding {
	var found, off []Finding
	for _, c := range d.config.Contracts {
		name := c.Terms().Contract
		a, err := d.signIn(ctx, c)
		switch {
		case err != nil:
			message, advice := explain(err)
			found = append(found, fault(advice, "%s at %s: %s", name, c.Path(), message)...)
			continue
		case a.status == http.StatusNotFound:
			off = append(off, notChecked("%s is not spoken here: %s is a 404", name, c.Path())...)
			continue
		}
		if d.spoken = append(d.spoken, c); len(d.spoken) == 1 {
			d.refused = a
		}
		found = append(found, d.judgeRefusal(c, a)...)
	}
	switch {
	case len(d.spoken) == 0 && len(off) > 0:
		return append(found, fault("Route the paths to the login function; Contracts says which are on.", "no contract is spoken here: every sign-in path is a 404")...)
	case d.config.Certain && len(off) > 0:
		return append(found, fault("Deploy the stack again: its routes or its functions are not those of its parameters.", "%s, though the parameter Contracts names it", off[0].Message)...)
	}
	return append(found, off...)
}

func (d *Deployment) judgeRefusal(c contract.Contract, a answer) []Finding {
	name := c.Terms().Contract
	switch {
	case len(a.cookies) > 0:
		return fault("Find out what sets them: Latchkey sets none for a refused sign-in.", "%s: a refused sign-in sets cookies", name)
	case refuses(c, a, auth.ErrBadCredentials) || refuses(c, a, auth.ErrThrottled):
		return ok("%s refuses an unknown user as its clients expect", name)
	case a.status == http.StatusInternalServerError:
		return fault("Read the login function's log, or serve's, for the error; docs/faults.md lists what can fail.", "%s: a sign-in fails by a fault on our side (500)", name)
	case a.status == http.StatusTooManyRequests || a.status == http.StatusForbidden:
		return warning("If it was not this command that came too often, check the gateway's rate limits and the firewall.", "%s: the gateway refuses a sign-in with %d before Latchkey sees it", name, a.status)
	}
	return fault("Let nothing in front rewrite answers, and use the doctor of the version that is deployed.", "%s: a refused sign-in is answered with %s, not in the contract's words", name, a.kind())
}

func lookHeaders(_ context.Context, d *Deployment) []Finding {
	if len(d.spoken) == 0 {
		return notChecked("there is no sign-in to look at")
	}
	want := http.Header{}
	web.SetSecurityHeaders(want)
	var missing, changed []string
	for name := range want {
		switch got := d.refused.header.Get(name); {
		case got == "":
			missing = append(missing, name)
		case got != want.Get(name):
			changed = append(changed, name)
		}
	}
	slices.Sort(missing)
	slices.Sort(changed)
	const advice = "Let the proxy or CDN in front pass on the headers of the functions."
	switch {
	case len(missing) > 0:
		return fault(advice, "answers lose %s on their way", strings.Join(missing, ", "))
	case len(changed) > 0:
		return warning(advice, "something in front changes %s", strings.Join(changed, ", "))
	}
	return ok("answers carry every security header, and must not be cached")
}

// lookCookies reads the attributes of the cookies where a caller who is not signed in gets them: from a sign-out.
func lookCookies(ctx context.Context, d *Deployment) []Finding {
	a, err := d.send(ctx, request{method: http.MethodPost, path: "/api/users/logout"})
	if err != nil {
		message, advice := explain(err)
		return unknown(advice, "%s", message)
	}
	if a.status != http.StatusOK || len(a.cookies) < 2 {
		return fault("Let nothing in front drop or join Set-Cookie; an API needs both of them in every answer.",
			"a sign-out is answered with %s and %s, not with two", a.kind(), count(len(a.cookies), "cookie"))
	}
	var found []Finding
	for _, c := range a.cookies {
		found = append(found, d.judgeCookie(c)...)
	}
	return orOK(found, "both cookies are Secure, HttpOnly and SameSite=Lax, on the paths that browsers send them to")
}

func (d *Deployment) judgeCookie(c *http.Cookie) (found []Finding) {
	if !c.Secure {
		found = append(found, fault("Start serve without --insecure-cookies.", "the cookie %s is sent over plain HTTP as well", c.Name)...)
	}
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		found = append(found, fault("Let nothing in front rewrite cookies.", "the cookie %s is not HttpOnly and SameSite=Lax", c.Name)...)
	}
	if base := d.url().Path; c.Path != "/" && d.config.URL == d.configuration.Issuer && !strings.HasPrefix(c.Path, base+"/") {
		found = append(found, fault("Set Issuer to the URL that browsers call: the path of the refresh cookie begins with its path.",
			"the cookie %s has the path %q, and browsers call %q", c.Name, c.Path, base+"/")...)
	}
	switch domain := strings.TrimPrefix(c.Domain, "."); {
	case d.config.Certain && domain != strings.TrimPrefix(d.config.CookieDomain, "."):
		found = append(found, fault("Deploy again, so that functions and parameters agree.", "the cookie %s has another domain than CookieDomain", c.Name)...)
	case domain != "" && !under(d.url().Hostname(), domain):
		found = append(found, fault("Set CookieDomain to the host of the URL or a parent of it, or leave it empty.", "browsers drop the cookie %s: its domain %q is not that of the URL", c.Name, domain)...)
	}
	return found
}

func under(host, domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }

// neverTaken is a method that no endpoint has; all of them refuse it before they do anything else.
const neverTaken = http.MethodPut

func lookRoutes(ctx context.Context, d *Deployment) []Finding {
	var missing, broken []string
	looked := 0
	for _, path := range d.config.Paths {
		if d.belongsToUnspoken(path) {
			continue
		}
		looked++
		a, err := d.send(ctx, request{method: neverTaken, path: strings.ReplaceAll(path, "{id}", "doctor")})
		switch {
		case err == nil && a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != "":
		case err == nil && (a.status == http.StatusNotFound || a.status == http.StatusForbidden):
			missing = append(missing, path)
		default:
			broken = append(broken, path)
		}
	}
	var found []Finding
	if len(missing) > 0 {
		found = append(found, fault("Deploy the template of this command's version, or use the command of the version that is deployed. An API of your own needs a route ANY for each path.",
			"no route leads to %s", strings.Join(missing, ", "))...)
	}
	if len(broken) > 0 {
		found = append(found, fault("Read the log of the function behind the path, and check that the gateway may call it.", "no valid answer comes from %s", strings.Join(broken, ", "))...)
	}
	return orOK(found, "every one of %d paths leads to its function", looked)
}

// belongsToUnspoken reports whether the path is one of a contract that is off.
func (d *Deployment) belongsToUnspoken(path string) bool {
	return slices.ContainsFunc(d.config.Contracts, func(c contract.Contract) bool {
		mine := slices.ContainsFunc([]string{c.Path(), contract.PasswordPath(c)}, func(root string) bool {
			return path == root || strings.HasPrefix(path, root+"/")
		})
		return mine && !slices.ContainsFunc(d.spoken, func(s contract.Contract) bool { return s.Path() == c.Path() })
	})
}

// lookThrottling guesses at one unknown user until it is refused without a hash. The earlier checks have guessed too.
func lookThrottling(ctx context.Context, d *Deployment) []Finding {
	const most = 12
	free := d.config.ThrottleFree
	switch {
	case len(d.spoken) == 0:
		return notChecked("there is no sign-in to guess at")
	case d.config.Certain && free == 0:
		return fault("Deploy with Throttle=on.", "throttling is off: passwords can be guessed without limit")
	case free > most-2:
		return notChecked("ThrottleFree lets %d guesses pass, and this command makes at most %d", free, most)
	}
	c := d.spoken[0]
	for range most {
		a, err := d.signIn(ctx, c)
		switch {
		case err != nil:
			message, advice := explain(err)
			return unknown(advice, "%s", message)
		case refuses(c, a, auth.ErrThrottled) && a.header.Get("Retry-After") != "":
			return ok("repeated guesses are refused without a hash, with Retry-After")
		case !refuses(c, a, auth.ErrBadCredentials):
			return notChecked("a sign-in is answered with %s", a.kind())
		}
	}
	return fault("Set Throttle=on and a small ThrottleFree; behind a proxy check TrustedProxies.", "over %d guesses at one user were all checked: throttling is off, or does not see that they come from one source", most)
}

func lookHealth(ctx context.Context, d *Deployment) []Finding {
	a, err := d.send(ctx, request{method: http.MethodGet, path: "/healthz"})
	switch {
	case err != nil:
		message, advice := explain(err)
		return unknown(advice, "%s", message)
	case a.status == http.StatusOK && isObject(a.body):
		return ok("serve can read its store and its keys")
	case a.status == http.StatusInternalServerError:
		return fault("Read serve's log for the error.", "serve cannot read its store or its keys")
	}
	return notChecked("there is no /healthz: only serve has it")
}
