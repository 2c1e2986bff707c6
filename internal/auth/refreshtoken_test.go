package auth_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// payload is what a refresh token says in clear.
func payload(userID, sessionID string, generation int64) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(userID)))
	b = binary.BigEndian.AppendUint16(append(b, userID...), uint16(len(sessionID)))
	return binary.BigEndian.AppendUint64(append(b, sessionID...), uint64(generation))
}

func encoded(payload, mac []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(payload, mac...))
}

// genuine makes a token as only somebody with the MAC key can.
func genuine(t testing.TB, k *authtest.Kit, s auth.Session, nonce string) string {
	t.Helper()
	said := payload(s.UserID, s.ID, s.Generation)
	mac, err := k.Keyring.MAC(t.Context(), "latchkey refresh 1", string(said), nonce)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(said, mac)
}

// TestRefreshTokenFormat fixes the bytes: a browser holds a token for a week, over any number of deployments.
func TestRefreshTokenFormat(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	if want := genuine(t, k, g.Session, g.Session.Nonce); g.RefreshToken != want {
		t.Errorf("the refresh token is %q, want %q", g.RefreshToken, want)
	}
}

// Every other text is refused and costs nobody the session: a guess must not sign anybody out.
func TestRefreshWithAnAlteredToken(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	g := signIn(t, k, attempt("ada"), profileTerms())
	good := g.RefreshToken
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	texts := map[string]string{}
	for i := range len(good) {
		digit := strings.IndexByte(alphabet, good[i])
		for _, flip := range []int{1, 2, 4, 8, 16, 32} {
			texts[good[:i]+string(alphabet[digit^flip])+good[i+1:]] = "a bit flipped"
		}
		texts[good[:i]] = "cut short"
		texts[good[i+1:]] = "cut at the front"
		texts[good[:i]+good[i+1:]] = "one left out"
		for _, in := range []string{"\n", "\r", " ", "=", "A", "\x00"} {
			texts[good[:i]+in+good[i:]] = "one put in"
		}
	}
	for _, suffix := range []string{"\n", " ", "=", "==", "A", "AAAA", good} {
		texts[good+suffix] = "one added"
	}
	for text, how := range texts {
		if text == good {
			t.Fatalf("%s is no change", how)
		}
		if _, err := refresh(t, k, text); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("%s, %q: error %v, want ErrNoSession", how, text, err)
		}
	}
	wantStored(t, k, g.Session)
	mustRefresh(t, k, good)
}

func TestRefreshWithAForgedToken(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	ada, second := signIn(t, k, attempt("ada"), profileTerms()), signIn(t, k, attempt("ada"), profileTerms())
	grace := signIn(t, k, attempt("grace"), profileTerms())
	raw, err := base64.RawURLEncoding.DecodeString(ada.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	mac := raw[len(raw)-32:]
	otherLabel, err := k.Keyring.MAC(t.Context(), "identifier", string(payload("ada", ada.Session.ID, 1)), ada.Session.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 65535)
	for _, test := range []struct{ name, token, reason string }{
		{"none", "", "malformed"},
		{"an access token", ada.AccessToken, "malformed"},
		{"no MAC", encoded(payload("ada", ada.Session.ID, 1), nil), "malformed"},
		{"a MAC too short", encoded(payload("ada", ada.Session.ID, 1), mac[:31]), "malformed"},
		{"a MAC too long", encoded(payload("ada", ada.Session.ID, 1), append([]byte{0}, mac...)), "malformed"},
		{"a MAC of zeros", encoded(payload("ada", ada.Session.ID, 1), make([]byte, 32)), "forged"},
		{"a MAC for something else", encoded(payload("ada", ada.Session.ID, 1), otherLabel), "forged"},
		{"another user", encoded(payload("grace", ada.Session.ID, 1), mac), "session_unknown"},
		{"another user's session", encoded(payload("grace", grace.Session.ID, 1), mac), "forged"},
		{"another session", encoded(payload("ada", second.Session.ID, 1), mac), "forged"},
		{"an unknown session", encoded(payload("ada", "unknown", 1), mac), "session_unknown"},
		{"no user", encoded(payload("", ada.Session.ID, 1), mac), "malformed"},
		{"no session", encoded(payload("ada", "", 1), mac), "malformed"},
		{"the next generation", encoded(payload("ada", ada.Session.ID, 2), mac), "forged"},
		{"generation 0", encoded(payload("ada", ada.Session.ID, 0), mac), "malformed"},
		{"generation -1", encoded(payload("ada", ada.Session.ID, -1), mac), "malformed"},
		{"lengths that slip", encoded(payload("adaX", ada.Session.ID[1:], 1), mac), "session_unknown"},
		{"another nonce", genuine(t, k, ada.Session, second.Session.Nonce), "forged"},
		{"no nonce", genuine(t, k, ada.Session, ""), "forged"},
		{"a user as long as can be said", encoded(payload(long, "s", 1), mac), "malformed"},
		{"a user not UTF-8", encoded(payload("ada\xff", ada.Session.ID, 1), mac), "session_unknown"},
		{"a user with NUL", encoded(payload("ada\x00", ada.Session.ID, 1), mac), "session_unknown"},
		{"a length past the end", encoded([]byte{0, 5}, []byte("abcd")), "malformed"},
		{"half a length", encoded([]byte{0, 1, 'a'}, []byte{0}), "malformed"},
		{"words", "not a token at all", "malformed"},
		{"8 KiB", strings.Repeat("A", 8<<10), "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) { wantRefused(t, k, test.token, "refresh", test.reason) })
	}
	for _, g := range []auth.Grant{ada, second, grace} {
		wantStored(t, k, g.Session)
	}
}

// FuzzRefresh looks for a text that is neither the token nor refused, or that ends the session.
func FuzzRefresh(f *testing.F) {
	k := authtest.NewKit(f, authtest.Ada())
	s := auth.Session{
		ID: "0123456789abcdefghijkl", UserID: "ada", Nonce: "nonce", Generation: 5, PasswordEpoch: 1,
		CreatedAt: authtest.Start(), RotatedAt: authtest.Start(), ExpiresAt: authtest.Start().Add(day),
	}
	if err := k.Store.PutSession(f.Context(), s); err != nil {
		f.Fatal(err)
	}
	k.Before(func(call string) error {
		if call == "RotateSession" || call == "EndSession" {
			return auth.ErrUnavailable
		}
		return nil
	})
	sessions, good := k.Sessions(rules()), genuine(f, k, s, "nonce")
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(encoded(payload("ada", s.ID, 4), make([]byte, 32)))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		_, err := sessions.Refresh(t.Context(), token, auth.Source{}, day)
		if token != good && !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("%q: error %v, want ErrNoSession", token, err)
		}
	})
}
