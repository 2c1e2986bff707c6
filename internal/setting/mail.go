package setting

import (
	"net/url"
	"regexp"
)

const (
	domainLabel = `[a-z0-9]([a-z0-9-]*[a-z0-9])?`
	mailPattern = `^([A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@(` + domainLabel + `\.)*[a-z]([a-z0-9-]*[a-z0-9])?)?$`

	port        = `(:[1-9][0-9]{0,4})?`
	pagePattern = `^((https://` + host + `|http://(localhost|127\.0\.0\.1|\[::1\]))` + port + `(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&-]*)?)?$`
)

// MailAddress is an address that mails come from, without a name, or empty.
func MailAddress() Kind[string] {
	return Kind[string]{Pattern: mailPattern, Parse: func(s string) (string, error) {
		if !matches(mailPattern, s) {
			return "", Wrong(s, "an address without a name, like login@example.com")
		}
		return s, nil
	}}
}

// PageURL is the URL of a page that gets a token in its fragment, or empty, which parses to nil: https, and http only on this machine.
func PageURL() Kind[*url.URL] {
	return Kind[*url.URL]{Pattern: pagePattern, Parse: func(s string) (*url.URL, error) {
		page, err := url.Parse(s)
		if err != nil || !matches(pagePattern, s) {
			return nil, Wrong(s, "the https URL of a page, without a fragment, like https://app.example.com/reset")
		}
		if s == "" {
			return nil, nil
		}
		return page, nil
	}}
}

func matches(pattern, s string) bool { return regexp.MustCompile(pattern).MatchString(s) }
