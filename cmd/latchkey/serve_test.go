package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/app"
)

// server is a running 'latchkey serve'.
type server struct {
	testing.TB
	base    string
	printed output // before it listens
	log     *output
	out     *bufio.Reader
	stop    context.CancelFunc
	ended   chan int
}

// serve starts one on a free port and returns once it says that it listens. It ends with the test at the latest.
func (l *laptop) serve(args ...string) *server {
	l.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(l.Context()))
	out, in := io.Pipe()
	s := &server{TB: l.TB, log: &output{}, out: bufio.NewReader(out), stop: stop, ended: make(chan int, 1)}
	c := l.cli("", nil, s.log)
	c.out = in
	if !slices.Contains(args, "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	go func() {
		s.ended <- run(ctx, c, append([]string{"serve"}, args...))
		in.Close()
	}()
	l.Cleanup(func() { s.end() })
	if s.base = s.await(); s.base == "" {
		l.Fatalf("serve did not start:\n%s", s.log)
	}
	return s
}

// await reads what serve prints up to the line that says where it listens, and returns that.
func (s *server) await() string {
	for {
		line, err := s.out.ReadString('\n')
		if at, ready := strings.CutPrefix(line, "listening on "); ready || err != nil {
			return strings.TrimSpace(at)
		}
		s.printed.Write([]byte(line))
	}
}

// end tells it to stop and returns its exit code.
func (s *server) end() int {
	s.stop()
	code := <-s.ended
	s.ended <- code
	return code
}

type reply struct {
	status int
	header http.Header
	body   map[string]any
}

// post sends the body as JSON; header is key and value by turns.
func (s *server) post(path, body string, header ...string) reply {
	s.Helper()
	return s.send(http.MethodPost, path, body, append(header, "Content-Type", "application/json")...)
}

func (s *server) send(method, path, body string, header ...string) reply {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Close = true // for a server with open connections takes its time to end
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	got := reply{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&got.body); err != nil {
		s.Fatalf("%s %s: %d, no JSON: %v", method, path, res.StatusCode, err)
	}
	return got
}

// signIn signs in by the planpoint contract and returns the answer, whatever it is.
func (s *server) signIn(email, password string, header ...string) reply {
	s.Helper()
	body, err := json.Marshal(map[string]string{"username": email, "password": password})
	if err != nil {
		s.Fatal(err)
	}
	return s.post("/api/users/login", string(body), header...)
}

// claims reads what an access token says, without asking whether it may.
func claims(t testing.TB, token any) map[string]any {
	t.Helper()
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %v", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

const secretPassword = "tr0ub4dor and three"

// addAda adds a user who may sign in by both contracts.
func (l *laptop) addAda() {
	l.Helper()
	l.ok(`{"id":"u-ada","email":"ada@example.com","password":"`+secretPassword+`","status":"ready","accounts":`+
		`[{"organizationId":"o1","organizationName":"Org","userType":"Organization Owner"}]}`, "users", "import", "-")
}

// TestServe promises both contracts and the sessions over one file, which nobody else can read, JSON for every path,
// and one log line a request, without its query.
func TestServe(t *testing.T) {
	l := newLaptop(t)
	l.addAda()
	s := l.serve()
	if !regexp.MustCompile(`^http://127\.0\.0\.1:[1-9]\d*$`).MatchString(s.base) {
		t.Errorf("listening on %q", s.base)
	}
	ada := s.signIn("ada@example.com", secretPassword)
	if ada.status != 200 || ada.body["message"] != "Login successful" || len(ada.header.Values("Set-Cookie")) != 2 {
		t.Errorf("planpoint: %+v", ada)
	}
	organization := s.post("/users/login", `{"email": "ada@example.com", "password": "`+secretPassword+`"}`)
	if organization.status != 200 || organization.body["isSuccess"] != true {
		t.Errorf("organization: %+v", organization)
	}
	token, _ := ada.body["access_token"].(string)
	if me := s.send("GET", "/api/users/me", "", "Authorization", "Bearer "+token); me.status != 200 {
		t.Errorf("me: %+v", me)
	}
	if got := s.send("GET", "/healthz", ""); got.status != 200 || got.body["status"] != "ok" {
		t.Errorf("healthz: %+v", got)
	}
	if got := s.send("GET", "/favicon.ico?password=hunter2", ""); got.status != 404 || got.body["message"] != "Not Found" {
		t.Errorf("an unknown path: %+v", got)
	}
	if got := s.signIn("ada@example.com", "wrong"); got.status != 401 {
		t.Errorf("a wrong password: %+v", got)
	}
	if code := s.end(); code != exitOK {
		t.Errorf("exit %d after an interrupt", code)
	}
	log := s.log.String()
	if got := strings.Count(log, "msg=request "); got != 6 {
		t.Errorf("%d lines for 6 requests:\n%s", got, log)
	}
	if !strings.Contains(log, "method=GET path=(unknown) status=404 ms=") || !strings.Contains(log, "status=401") {
		t.Errorf("log:\n%s", log)
	}
	for _, secret := range []string{"hunter2", secretPassword, token, "ada@example.com"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q:\n%s", secret, log)
		}
	}
	for _, name := range l.files() {
		if info, err := os.Stat(l.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

// TestServeIssuer promises that the issuer in tokens is the URL at which serve listens, and the audience the issuer, unless
// settings say otherwise.
func TestServeIssuer(t *testing.T) {
	for _, tc := range []struct {
		env         map[string]string
		args        []string
		issuer, aud string // empty: the listening URL
	}{
		{},
		{args: []string{"--issuer", "https://login.example.com/v1"}, issuer: "https://login.example.com/v1", aud: "https://login.example.com/v1"},
		{env: map[string]string{"LATCHKEY_ISSUER": "https://env.example.com"}, issuer: "https://env.example.com", aud: "https://env.example.com"},
		{env: map[string]string{"LATCHKEY_AUDIENCE": "http://127.0.0.1:3000"}, aud: "http://127.0.0.1:3000"},
		{env: map[string]string{"LATCHKEY_ISSUER": "https://env.example.com"}, args: []string{"--issuer", "", "--audience", "us"}, aud: "us"},
	} {
		l := newLaptop(t)
		maps.Copy(l.env, tc.env)
		l.addAda()
		s := l.serve(tc.args...)
		got := claims(t, s.signIn("ada@example.com", secretPassword).body["access_token"])
		if tc.issuer == "" {
			tc.issuer = s.base
		}
		if tc.aud == "" {
			tc.aud = s.base
		}
		if got["iss"] != tc.issuer || got["aud"] != tc.aud {
			t.Errorf("%v %v: iss %v, aud %v; want %s, %s", tc.env, tc.args, got["iss"], got["aud"], tc.issuer, tc.aud)
		}
	}
}

// TestServeOnAllAddresses promises a URL that can be opened where serve listens on every address.
func TestServeOnAllAddresses(t *testing.T) {
	s := newLaptop(t).serve("--addr", ":0")
	if !strings.HasPrefix(s.base, "http://localhost:") || s.send("GET", "/healthz", "").status != 200 {
		t.Errorf("listening on %q", s.base)
	}
}

// TestSettingsAreFlags promises that each setting is a flag of serve and a variable, and which of the two wins.
func TestSettingsAreFlags(t *testing.T) {
	for _, s := range app.Settings() {
		variable, flag := app.Prefix+s.Name, "--"+flagName(s.Name)
		fromEnv, fromFlag := "from the environment", "from the flag"
		if s.Bool {
			fromEnv, fromFlag = "true", "false"
		}
		l := newLaptop(t)
		l.env = map[string]string{variable: fromEnv}
		c := l.cli("", nil, nil)
		setting := func(args ...string) string {
			cmd, _, err := newRoot(c).Find([]string{"serve"})
			if err == nil {
				err = cmd.ParseFlags(args)
			}
			if err != nil {
				t.Fatalf("%s: %v", flag, err)
			}
			return c.setting(cmd, variable)
		}
		if got := setting(); got != fromEnv {
			t.Errorf("%s=%q: %q", variable, fromEnv, got)
		}
		if got := setting(flag + "=" + fromFlag); got != fromFlag {
			t.Errorf("%s=%q %s=%q: %q", variable, fromEnv, flag, fromFlag, got)
		}
	}
}

// TestServeRefusesWrongSettings promises that a start with wrong settings names all of them, whether they came by
// flag or environment, ends with 2 and leaves nothing behind.
func TestServeRefusesWrongSettings(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_THROTTLE"] = "perhaps"
	l.env["LATCHKEY_NO_SUCH_SETTING"] = "is ignored"
	got := l.fails(exitUsage, "", []string{"serve", "--addr", "127.0.0.1:0", "--issuer", "example.com", "--session-idle", "7d", "--algorithm=none"},
		"LATCHKEY_THROTTLE: ", "LATCHKEY_ISSUER: ", "LATCHKEY_SESSION_IDLE: ", "LATCHKEY_ALGORITHM: ")
	if strings.Count(got.err, "LATCHKEY_") != 4 || got.out != "" {
		t.Errorf("want four problems and nothing printed, got %q\n%s", got.out, got.err)
	}
	if files := l.files(); len(files) > 0 {
		t.Errorf("left %q", files)
	}
}

// TestServeAddress promises who decides where serve listens: the flag, then LATCHKEY_ADDR, then the port in PORT.
func TestServeAddress(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{nil, nil, "127.0.0.1:3000"},
		{map[string]string{"PORT": "8080"}, nil, "127.0.0.1:8080"},
		{map[string]string{"PORT": "8080", "LATCHKEY_ADDR": "[::1]:9000"}, nil, "[::1]:9000"},
		{map[string]string{"PORT": "8080", "LATCHKEY_ADDR": "[::1]:9000"}, []string{"--addr", ":0"}, ":0"},
		{map[string]string{"PORT": "8080"}, []string{"--addr", "127.0.0.1:3000"}, "127.0.0.1:3000"},
		{map[string]string{"PORT": "http"}, nil, ""},
	} {
		l := newLaptop(t)
		maps.Copy(l.env, tc.env)
		c := l.cli("", nil, nil)
		cmd, _, err := newRoot(c).Find([]string{"serve"})
		if err == nil {
			err = cmd.ParseFlags(tc.args)
		}
		if err != nil {
			t.Fatal(err)
		}
		if config, err := c.config(cmd); config.Addr != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%v %v: listens on %q, error %v", tc.env, tc.args, config.Addr, err)
		}
	}
}

// TestServePortInUse promises an error that says how to go on, before anything is made.
func TestServePortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l := newLaptop(t)
	l.fails(exitFailed, "", []string{"serve", "--addr", taken.Addr().String()}, "address already in use", "--addr")
	if files := l.files(); len(files) > 0 {
		t.Errorf("left %q", files)
	}
}

// TestServeWarns promises a warning at each start for what is allowed and weak, also if the log would leave out warnings and
// audit records alike, and none for the defaults.
func TestServeWarns(t *testing.T) {
	l := newLaptop(t)
	l.env["LATCHKEY_PASSWORD_HASH"] = ""
	s := l.serve()
	if s.end(); strings.Contains(s.log.String(), "WARN") {
		t.Errorf("the defaults warn:\n%s", s.log)
	}
	s = l.serve("--password-hash", cheapHash, "--throttle=off", "--allow-query-credentials", "--log-level=error", "--audit=-")
	s.end()
	for _, want := range []string{"PASSWORD_HASH", "THROTTLE", "ALLOW_QUERY_CREDENTIALS", "LOG_LEVEL"} {
		if !regexp.MustCompile(`level=WARN msg="` + want).MatchString(s.log.String()) {
			t.Errorf("no warning for %s:\n%s", want, s.log)
		}
	}
}
