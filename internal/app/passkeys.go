package app

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/setting"
)

// passkeysOff is the PASSKEY_RP that turns passkeys off where the issuer's host would turn them on.
const passkeysOff = "off"

// relyingParty returns the one that passkeys are made for, zero if they are off.
func (c Config) relyingParty() auth.RelyingParty {
	id := c.PasskeyRP
	if id == "" && c.Issuer != nil {
		id = relyingPartyOf(c.Issuer.Hostname())
	}
	if id == "" || id == passkeysOff {
		return auth.RelyingParty{}
	}
	party := auth.RelyingParty{ID: id, Name: c.Name(), Origins: []string{origin(c.Issuer)}}
	if c.LocalOrigin != "" {
		party.Origins = append(party.Origins, c.LocalOrigin)
	}
	party.Origins = append(party.Origins, c.AllowedOrigins...)
	return party
}

// RelyingPartyID returns the domain that passkeys are made for, empty if they are off.
func (c Config) RelyingPartyID() string { return c.relyingParty().ID }

// relyingPartyOf returns the host if it is a name of the deployment's own: browsers bind no passkey to an address, and a name that API
// Gateway chose changes with the next API.
func relyingPartyOf(host string) string {
	host = strings.ToLower(host)
	if _, err := netip.ParseAddr(host); err == nil || strings.Contains(host, ".execute-api.") {
		return ""
	}
	return host
}

// origin returns the URL's origin as browsers send it.
func origin(u *url.URL) string {
	bare := &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		bare.Host = strings.ToLower(u.Hostname())
	}
	return bare.String()
}

// relyingParty is a domain name in the one spelling that browsers hash.
func relyingParty() setting.Kind[string] {
	const label = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`
	const pattern = `^((` + label + `\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?)?$`
	return setting.Kind[string]{Pattern: pattern, Parse: func(s string) (string, error) {
		if !regexp.MustCompile(pattern).MatchString(s) {
			return "", setting.Wrong(s, "a domain name in lower case, like example.com, or "+passkeysOff)
		}
		return s, nil
	}}
}
