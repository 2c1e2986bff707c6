package token_test

import (
	"errors"
	"net/http"
	"testing"

	"latchkey/internal/token"
)

// TestFromHeader promises one credential or none: a bearer before the cookie, and no way from a bad one to another.
func TestFromHeader(t *testing.T) {
	const cookie = "planpoint"
	for _, test := range []struct {
		name           string
		authorizations []string
		cookies        []string
		want           string
		err            error
	}{
		{name: "nothing", err: token.ErrNoToken},
		{name: "bearer", authorizations: []string{"Bearer a.b.c"}, want: "a.b.c"},
		{name: "scheme in any case", authorizations: []string{"bEARER a.b.c"}, want: "a.b.c"},
		{name: "several spaces", authorizations: []string{"Bearer   a.b.c"}, want: "a.b.c"},
		{name: "cookie", cookies: []string{"planpoint=a.b.c"}, want: "a.b.c"},
		{name: "cookie among others", cookies: []string{"x=1; planpoint=a.b.c; planpointRefresh=r; Planpoint=z"}, want: "a.b.c"},
		{name: "cookie in the second header", cookies: []string{"x=1", "planpoint=a.b.c"}, want: "a.b.c"},
		{name: "bearer before the cookie", authorizations: []string{"Bearer a.b.c"}, cookies: []string{"planpoint=d.e.f"}, want: "a.b.c"},
		{name: "bearer before two cookies", authorizations: []string{"Bearer a.b.c"}, cookies: []string{"planpoint=d; planpoint=e"}, want: "a.b.c"},
		{name: "text after the token is part of it", authorizations: []string{"Bearer a.b.c, Bearer d.e.f"}, want: "a.b.c, Bearer d.e.f"},
		{name: "quotes are part of it", cookies: []string{`planpoint="a.b.c"`}, want: `"a.b.c"`},
		{name: "empty cookie", cookies: []string{"planpoint="}, want: ""},
		{name: "cookie without a value", cookies: []string{"planpoint"}, want: ""},
		{name: "another's cookie", cookies: []string{"planpointRefresh=a.b.c; xplanpoint=d"}, err: token.ErrNoToken},

		{name: "Authorization empty", authorizations: []string{""}, cookies: []string{"planpoint=a.b.c"}, err: token.ErrInvalidToken},
		{name: "scheme alone", authorizations: []string{"Bearer"}, cookies: []string{"planpoint=a.b.c"}, err: token.ErrInvalidToken},
		{name: "scheme and space", authorizations: []string{"Bearer  "}, cookies: []string{"planpoint=a.b.c"}, err: token.ErrInvalidToken},
		{name: "bare token", authorizations: []string{"a.b.c"}, err: token.ErrInvalidToken},
		{name: "another scheme", authorizations: []string{"Basic YTpi"}, cookies: []string{"planpoint=a.b.c"}, err: token.ErrInvalidToken},
		{name: "scheme run together", authorizations: []string{"Bearera.b.c"}, err: token.ErrInvalidToken},
		{name: "tab for space", authorizations: []string{"Bearer\ta.b.c"}, err: token.ErrInvalidToken},
		{name: "space before", authorizations: []string{" Bearer a.b.c"}, err: token.ErrInvalidToken},
		{name: "two Authorizations", authorizations: []string{"Bearer a.b.c", "Bearer a.b.c"}, err: token.ErrInvalidToken},
		{name: "two Authorizations, one empty", authorizations: []string{"Bearer a.b.c", ""}, err: token.ErrInvalidToken},
		{name: "cookie twice", cookies: []string{"planpoint=a.b.c; planpoint=a.b.c"}, err: token.ErrInvalidToken},
		{name: "cookie twice in two headers", cookies: []string{"planpoint=a.b.c", "x=1; planpoint=d.e.f"}, err: token.ErrInvalidToken},
		{name: "cookie twice, once with space", cookies: []string{"planpoint=a.b.c;planpoint =d.e.f"}, err: token.ErrInvalidToken},
		{name: "cookie twice, once without a value", cookies: []string{"planpoint; planpoint=a.b.c"}, err: token.ErrInvalidToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := http.Header{"Authorization": test.authorizations, "Cookie": test.cookies}
			got, err := token.FromHeader(h, cookie)
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, test.want, test.err)
			}
		})
	}
	if got, err := token.FromHeader(http.Header{"Cookie": {"=a.b.c; planpoint=d.e.f"}}, ""); !errors.Is(err, token.ErrNoToken) {
		t.Errorf("without a cookie's name: got %q, %v; want ErrNoToken", got, err)
	}
}
