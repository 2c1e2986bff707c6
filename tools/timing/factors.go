package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"latchkey/internal/contract"
	"latchkey/internal/factor"
)

// appSecret is the seed in every user's authenticator app.
const appSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// withFactors compares refusals in which only users with a factor could differ: of passkeys, of sign-ins that come with another user's
// device, and of changes of a password. Hashing is almost free, as in aroundTheHash.
func withFactors(ctx context.Context, binary string, n int) ([]table, error) {
	all, err := contracts()
	if err != nil {
		return nil, err
	}
	key, err := newPasskey()
	if err != nil {
		return nil, err
	}
	settings := append(almostFree(), "LATCHKEY_PASSKEY_RP="+party, "LATCHKEY_ALLOWED_ORIGINS="+page)
	s, err := serve(ctx, binary, settings, users(others)+factorUsers(all)+key.user())
	if err != nil {
		return nil, err
	}
	defer s.stop()
	time.Sleep(startupWork)
	var tables []table
	for i, c := range all {
		more, err := s.factorTables(ctx, c, i, key)
		if err != nil {
			return nil, err
		}
		tables = append(tables, more...)
	}
	for i, t := range tables {
		if err := s.measure(ctx, t.kinds, n, false); err != nil {
			return nil, err
		}
		tables[i].allowed = median(t.kinds[0].times) / 10
	}
	return tables, nil
}

// factorTables returns what is to be measured by the contract, whose number is i.
func (s *server) factorTables(ctx context.Context, c contract.Contract, i int, key passkey) ([]table, error) {
	without, err := s.signIn(ctx, c, fmt.Sprintf("none%d", i))
	if err != nil {
		return nil, err
	}
	with, err := s.signIn(ctx, c, fmt.Sprintf("with%d", i))
	if err != nil {
		return nil, err
	}
	if with.device == "" {
		return nil, fmt.Errorf("the sign-in by %s remembers no device", c.Path())
	}
	return []table{
		{title: "a change of password, " + contract.PasswordPath(c), kinds: refusedChanges(c, without, with)},
		{title: "a sign-in with another user's device, " + c.Path(), kinds: refusalsWithDevice(c, with.device)},
		{title: "a sign-in with a forged device, " + c.Path(), kinds: refusalsWithDevice(c, forge(with.device))},
		{title: "a sign-in with a passkey, " + contract.PasskeyPath(c), kinds: s.refusedPasskeys(c, key)},
	}, nil
}

// factorUsers returns two users for each contract who sign in before the measurement; a code of an app is accepted once.
func factorUsers(all []contract.Contract) string {
	var lines strings.Builder
	for i := range all {
		fmt.Fprintf(&lines, `{"email": %q, "status": "ready", "password": %q, "accounts": [{"organizationId": "org-1", "userType": "Organization Owner"}], `+
			`"totpSecret": %q}`+"\n", email(fmt.Sprintf("with%d", i)), password, appSecret)
		fmt.Fprintf(&lines, `{"email": %q, "status": "ready", "password": %q, "accounts": [{"organizationId": "org-1", "userType": "Organization Owner"}]}`+
			"\n", email(fmt.Sprintf("none%d", i)), password)
	}
	return lines.String()
}

// session is what a sign-in gave.
type session struct{ token, device string }

// signIn returns a session of the contract, with the factor of a user who has one, and the token of a remembered device.
func (s *server) signIn(ctx context.Context, c contract.Contract, user string) (session, error) {
	seed, err := factor.ParseSeed(appSecret)
	if err != nil {
		return session{}, fmt.Errorf("read the seed: %w", err)
	}
	k := newKind("", c.Path(), user, password)
	k.body = bytes.Replace(k.body, []byte("{"), fmt.Appendf(nil, `{"remember":true,"code":%q,`, seed.Code(factor.Step(time.Now()))), 1)
	_, res, body, err := s.send(ctx, k)
	if err != nil {
		return session{}, err
	}
	var granted struct {
		First       string `json:"access_token"`
		Second      string `json:"accessToken"`
		DeviceToken string `json:"deviceToken"`
	}
	if err := json.Unmarshal(body, &granted); err != nil || granted.First+granted.Second == "" {
		return session{}, fmt.Errorf("%s gets no session: %d %s", user, res.StatusCode, body)
	}
	got := session{granted.First + granted.Second, granted.DeviceToken}
	for _, cookie := range res.Cookies() {
		if cookie.Name == deviceCookie {
			got.device = cookie.Value
		}
	}
	return got, nil
}

// refusedChanges are changes with a wrong current password, of users with and without a factor.
func refusedChanges(c contract.Contract, without, with session) (kinds []*kind) {
	for _, k := range []struct {
		name, more string
		session
	}{
		{"no factor", "", without}, {"factor", "", with}, {"no factor, with a code", `,"code":"123456"`, without}, {"factor, with a code", `,"code":"123456"`, with},
	} {
		kinds = append(kinds, &kind{
			name: k.name, path: contract.PasswordPath(c), header: http.Header{"Authorization": {"Bearer " + k.token}},
			body: fmt.Appendf(nil, `{"currentPassword":"wrong","newPassword":"quite another staple of horses"%s}`, k.more),
		})
	}
	return kinds
}

// deviceCookie is where the first contract keeps a device's token; the second has it in the body.
const deviceCookie = "latchkeyDevice"

// refusalsWithDevice are refusals of sign-ins that come with a device of none of these users.
func refusalsWithDevice(c contract.Contract, token string) (kinds []*kind) {
	for _, k := range [][2]string{
		{"unknown user", "nobod"}, {"no factor", "wrong"}, {"factor", "factr"}, {"pending, has a factor", "later"},
	} {
		one := newKind(k[0], c.Path(), k[1], "wrong")
		one.body = bytes.Replace(one.body, []byte("{"), fmt.Appendf(nil, `{"deviceToken":%q,`, token), 1)
		one.header = http.Header{"Cookie": {deviceCookie + "=" + token}}
		kinds = append(kinds, one)
	}
	return kinds
}

// forge returns the token with another character in its MAC.
func forge(token string) string {
	at, swapped := len(token)-8, "A"
	if token[at] == 'A' {
		swapped = "B"
	}
	return token[:at] + swapped + token[at+1:]
}
