package auth_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// deviceTest is a service with the default limits, in which Ada has an authenticator app and a remembered device.
type deviceTest struct {
	*authtest.Kit
	rules  auth.Rules
	device auth.Attempt // a right password and the device's token
	code   func() string
}

func newDeviceTest(t *testing.T) deviceTest {
	t.Helper()
	rules := limited()
	rules.FactorRemember, rules.FactorRoles = 30*day, []string{"user", "Organization Owner"}
	d := deviceTest{Kit: authtest.NewKit(t, users()...), rules: rules}
	without := rules
	without.FactorRoles = nil // so that Ada can enroll
	seed, _ := enroll(t, d.Kit, d.Service(without), "ada")
	d.code = func() string {
		d.Clock.Advance(time.Minute) // each code is accepted once
		return code(d.Kit, seed)
	}
	d.device = attempt("ada")
	d.device.Device = d.remember(t).DeviceToken
	return d
}

// remember signs Ada in with a code, and asks to be remembered.
func (d deviceTest) remember(t *testing.T) auth.Grant {
	t.Helper()
	a := attempt("ada")
	a.Code, a.Remember = auth.SentCode{Text: d.code(), Sent: true}, true
	g, err := d.login(t, a)
	check(t, err)
	if g.DeviceToken == "" || g.DeviceLife != 30*day {
		t.Fatalf("the device is not remembered: %v", g.DeviceLife)
	}
	d.Log.Keep(g.DeviceToken)
	d.Calls()
	return g
}

func (d deviceTest) login(t *testing.T, a auth.Attempt) (auth.Grant, error) {
	t.Helper()
	return d.Service(d.rules).Login(t.Context(), a, profileTerms())
}

// wants signs in and checks how it ends; nil is a session.
func (d deviceTest) wants(t *testing.T, what string, a auth.Attempt, want error) {
	t.Helper()
	if _, err := d.login(t, a); !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (d deviceTest) devices(t *testing.T) []auth.Device {
	t.Helper()
	devices, err := d.Store.DevicesOf(t.Context(), "ada")
	check(t, err)
	return devices
}

// guess returns the device's attempt with a wrong password.
func (d deviceTest) guess() auth.Attempt {
	a := d.device
	a.Password = "wrong"
	return a
}

// TestRememberedDevice promises that a sign-in in a remembered device needs the password and no factor, proves only the password, and
// is refreshed although the role must have a factor.
func TestRememberedDevice(t *testing.T) {
	d := newDeviceTest(t)
	g, err := d.login(t, d.device)
	check(t, err)
	if s := session(t, d.Kit, g); !slices.Equal(s.AMR, []string{"pwd"}) || s.DeviceID != d.devices(t)[0].ID || g.DeviceToken != "" {
		t.Errorf("the session is %+v", s)
	}
	if claims := d.Claims(t, g.AccessToken); !slices.Equal(claims.AMR, []string{"pwd"}) {
		t.Errorf("the claims are %+v", claims)
	}
	if _, err := d.Sessions(d.rules).Refresh(t.Context(), g.RefreshToken, auth.Source{}, day); err != nil {
		t.Errorf("a refresh: %v", err)
	}
	d.wants(t, "a wrong password", d.guess(), auth.ErrBadCredentials)
	stepUp, coded := d.device, d.device
	stepUp.StepUp = true
	d.wants(t, "a step-up", stepUp, auth.ErrChallenged)
	coded.Code = auth.SentCode{Text: "garbage", Sent: true}
	d.wants(t, "a wrong code", coded, auth.ErrBadCredentials)
	coded.Code.Text = d.code()
	d.wants(t, "a right code", coded, nil)
	coded.Code = auth.SentCode{Sent: true}
	d.wants(t, "an empty code", coded, nil)
}

// TestDeviceTokens promises that only the token that was given out, of this user and within its time, stands in for the factor.
func TestDeviceTokens(t *testing.T) {
	d := newDeviceTest(t)
	d.rules.Limits = auth.Limits{}
	token := d.device.Device
	forged := []byte(token)
	forged[len(forged)-1] ^= 1
	for name, text := range map[string]string{
		"no token": "", "garbage": "garbage", "forged": string(forged), "cut": token[:len(token)-4], "longer": token + "AAAA",
		"with a line break": token[:8] + "\n" + token[8:], "huge": string(make([]byte, 1<<16)),
	} {
		a := attempt("ada")
		a.Device = text
		d.wants(t, name, a, auth.ErrChallenged)
	}
	other := attempt("grace")
	other.Device = token
	d.wants(t, "of another user, who must enroll", other, auth.ErrMustEnroll)
	d.rules.FactorRemember = 0
	d.wants(t, "turned off", d.device, auth.ErrChallenged)
	d.rules.FactorRemember = time.Hour
	d.Clock.Advance(59 * time.Minute)
	d.wants(t, "within its time", d.device, nil)
	d.Clock.Advance(time.Minute)
	d.wants(t, "older than the setting allows by now", d.device, auth.ErrChallenged)
	d.rules.FactorRemember = 60 * day
	d.wants(t, "within the time that it was given", d.device, nil)
	d.Clock.Advance(30 * day)
	d.wants(t, "expired", d.device, auth.ErrChallenged)
}

// TestNotRemembered promises that only a proved factor and the wish for it make a device.
func TestNotRemembered(t *testing.T) {
	d := newDeviceTest(t)
	d.rules.FactorRoles = nil
	before := len(d.devices(t))
	grace, asked := attempt("grace"), d.device
	grace.Remember, asked.Remember = true, true
	coded := attempt("ada")
	for name, a := range map[string]auth.Attempt{"without a factor": grace, "in a device": asked, "with a code, and no wish": coded} {
		if name == "with a code, and no wish" {
			a.Code = auth.SentCode{Text: d.code(), Sent: true}
		}
		if g, err := d.login(t, a); err != nil || g.DeviceToken != "" {
			t.Errorf("%s: a token %v, %v", name, g.DeviceToken != "", err)
		}
	}
	d.rules.FactorRemember = 0
	a := attempt("ada")
	a.Code, a.Remember = auth.SentCode{Text: d.code(), Sent: true}, true
	if g, err := d.login(t, a); err != nil || g.DeviceToken != "" {
		t.Errorf("turned off: a token %v, %v", g.DeviceToken != "", err)
	}
	if after := len(d.devices(t)); after != before {
		t.Errorf("%d devices, before %d", after, before)
	}
}

// TestRememberedBySecondCall promises that the second call of a sign-in remembers the device as the first does.
func TestRememberedBySecondCall(t *testing.T) {
	d := newDeviceTest(t)
	s := d.Service(d.rules)
	typed := second(challengeOf(t, s, attempt("ada"), profileTerms()), d.code())
	typed.Remember = true
	g, err := s.LoginFactor(t.Context(), typed, profileTerms())
	check(t, err)
	d.Log.Keep(g.DeviceToken)
	d.device.Device = g.DeviceToken
	d.wants(t, "the new device", d.device, nil)
}

// TestDeviceEnds promises what makes the service forget a device: whatever ends all sessions, a new password, a user who is
// disabled, and its own end in the list.
func TestDeviceEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, d deviceTest, g auth.Grant){
		"sign-out everywhere": func(t *testing.T, d deviceTest, g auth.Grant) {
			check(t, d.Sessions(d.rules).SignOut(t.Context(), auth.Credentials{Access: []string{g.AccessToken}}, true, auth.Source{}))
		},
		"its own end": func(t *testing.T, d deviceTest, g auth.Grant) {
			check(t, d.Sessions(d.rules).End(t.Context(), caller(t, d.Kit, g), d.devices(t)[0].ID, auth.Source{}))
		},
		"another password": func(t *testing.T, d deviceTest, _ auth.Grant) {
			d.Update(t, "ada", func(u *auth.User) { u.PasswordEpoch++ }) // even if the device could not be deleted
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDeviceTest(t)
			g, err := d.login(t, d.device)
			check(t, err)
			end(t, d, g)
			d.wants(t, "afterwards", d.device, auth.ErrChallenged)
			listed, err := d.Sessions(d.rules).Devices(t.Context(), must(d.Store.UserByID(t.Context(), "ada")))
			if err != nil || len(listed) > 0 {
				t.Errorf("afterwards listed: %v, %v", listed, err)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestEndOfAnotherDevice promises that nobody ends the device of another user, and an impersonator not even the target's.
func TestEndOfAnotherDevice(t *testing.T) {
	d := newDeviceTest(t)
	id := d.devices(t)[0].ID
	d.rules.FactorRoles = nil
	g, err := d.login(t, attempt("grace"))
	check(t, err)
	if err := d.Sessions(d.rules).End(t.Context(), caller(t, d.Kit, g), id, auth.Source{}); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("another user: %v", err)
	}
	if err := d.Sessions(d.rules).End(t.Context(), caller(t, d.Kit, impersonated(t, d.Kit)), id, auth.Source{}); !errors.Is(err, auth.ErrImpersonation) {
		t.Errorf("an impersonator: %v", err)
	}
	if len(d.devices(t)) != 1 {
		t.Error("the device is gone")
	}
}

// TestDeviceIsNoStranger promises that the failures of strangers, at the same source, at this user or at everyone, keep no
// remembered device out, and that its own failures add nothing to theirs.
func TestDeviceIsNoStranger(t *testing.T) {
	d := newDeviceTest(t)
	newGuesser(d.Kit, "ada", "192.0.2.7:1").fails(t, 5) // the device's own address
	for i := range 9 {
		newGuesser(d.Kit, "ada", "198.51.100."+string('0'+rune(i))+":1").fails(t, 5)
	}
	d.wants(t, "a stranger", attempt("ada"), auth.ErrThrottled)
	d.wants(t, "the device", d.device, nil)
	before := countersOf(t, newGuesser(d.Kit, "ada", "192.0.2.7:1"))
	d.Calls()
	d.wants(t, "the device, wrong password", d.guess(), auth.ErrBadCredentials)
	calls := slices.DeleteFunc(d.Calls(), func(call string) bool { return call == "MAC" })
	if diff := cmp.Diff([]string{"LookUp", "CountDevice", "UserByID", "Verify"}, inOrder(calls)); diff != "" {
		t.Errorf("the calls of a failure (-want +got):\n%s", diff)
	}
	if after := countersOf(t, newGuesser(d.Kit, "ada", "192.0.2.7:1")); after != before {
		t.Errorf("the counters are %+v, before %+v", after, before)
	}
	g, err := d.login(t, d.device)
	check(t, err)
	if got := d.devices(t)[0]; got.Failures != 0 || !got.LastUsedAt.Equal(g.Session.CreatedAt) {
		t.Errorf("after a success the device is %+v", got)
	}
}

// inOrder sorts the two calls that are concurrent.
func inOrder(calls []string) []string {
	if len(calls) > 2 {
		slices.Sort(calls[1:3])
	}
	return calls
}

// TestDeviceIsForgotten promises that more than the free failures since the last success forget a device, whose next attempts
// are a stranger's.
func TestDeviceIsForgotten(t *testing.T) {
	d := newDeviceTest(t)
	for range 2 {
		for range 5 {
			d.wants(t, "a guess", d.guess(), auth.ErrBadCredentials)
		}
		d.wants(t, "a success", d.device, nil)
	}
	d.Log.Audit(t)
	for range 6 {
		d.wants(t, "a guess", d.guess(), auth.ErrBadCredentials)
	}
	records := d.Log.Audit(t)
	if last := records[len(records)-1]; last["deviceForgotten"] != true || last["reason"] != "wrong_password" || records[0]["deviceForgotten"] != nil {
		t.Errorf("the audit is %v … %v", records[0], last)
	}
	if devices := d.devices(t); len(devices) > 0 {
		t.Errorf("the devices are %+v", devices)
	}
	d.wants(t, "the forgotten device", d.device, auth.ErrChallenged)
	newGuesser(d.Kit, "ada", "192.0.2.7:1").fails(t, 4) // the challenge was the first that counted here
	d.wants(t, "the forgotten device, limited", d.device, auth.ErrThrottled)
}

// TestDeviceGuessesAtOnce promises that of 100 guesses at once with one device no more than six are looked at.
func TestDeviceGuessesAtOnce(t *testing.T) {
	d := newDeviceTest(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { _, _ = d.login(t, d.guess()) })
	}
	wg.Wait()
	looked := 0
	for _, r := range d.Log.Audit(t) {
		if r["reason"] == "wrong_password" && r["device"] != nil {
			looked++
		}
	}
	if looked == 0 || looked > 6 {
		t.Errorf("%d guesses were looked at", looked)
	}
}

// TestOurFaultForgetsNoDevice promises that attempts which we fail do not count for a device, and that a device that cannot be stored
// fails no sign-in.
func TestOurFaultForgetsNoDevice(t *testing.T) {
	d := newDeviceTest(t)
	for _, call := range []string{"UserByID", "Verify", "Sign", "PutSession"} {
		failing(d.Kit, call)
		for range 3 {
			_, _ = d.login(t, d.device)
		}
		d.Before(nil)
		for _, r := range d.Log.Audit(t) {
			if r["outcome"] != "success" && r["outcome"] != "failed" {
				t.Errorf("%s fails: %v", call, r)
			}
		}
	}
	if devices := d.devices(t); len(devices) != 1 || devices[0].Failures != 0 {
		t.Errorf("the devices are %+v", devices)
	}
	failing(d.Kit, "PutDevice")
	a := attempt("ada")
	a.Code, a.Remember = auth.SentCode{Text: d.code(), Sent: true}, true
	if g, err := d.login(t, a); err != nil || g.DeviceToken != "" {
		t.Errorf("a device that cannot be stored: a token %v, %v", g.DeviceToken != "", err)
	}
}

// TestTooManyDevices promises that a user keeps the 50 newest devices.
func TestTooManyDevices(t *testing.T) {
	d := newDeviceTest(t)
	oldest := d.devices(t)[0].ID
	for range 50 {
		d.remember(t)
	}
	devices := d.devices(t)
	if len(devices) != 50 || slices.ContainsFunc(devices, func(v auth.Device) bool { return v.ID == oldest }) {
		t.Errorf("%d devices", len(devices))
	}
}
