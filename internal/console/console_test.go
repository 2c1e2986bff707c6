package console_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/admin"
	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/console"
	"latchkey/internal/password"
	"latchkey/internal/sqlite"
)

const token = "THETOKEN"

// kit is a console over a real store and ring, in front of a login that says what it received.
type kit struct {
	testing.TB
	http.Handler
	feed  *console.Feed
	mails string
	done  chan struct{}
}

// noKeys is a key ring that cannot be read: users are then shown without their failed sign-ins.
type noKeys struct{ auth.Keys }

func (noKeys) MAC(context.Context, string, ...string) ([]byte, error) {
	return nil, auth.ErrUnavailable
}

type open struct{ *sqlite.Store }

func (open) Close() error { return nil }

func newKit(t testing.TB) kit {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "users.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	k := kit{TB: t, feed: console.NewFeed(), mails: t.TempDir(), done: make(chan struct{})}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1; HttpOnly")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "login: "+r.Header.Get("Latchkey-Console-Call")+string(body))
	})
	k.Handler, err = console.New(console.Config{
		API: api, About: console.About{Version: "v1"}, Token: token, Mails: k.mails, Feed: k.feed, Done: k.done, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Hasher: password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0),
		Admin: admin.New(admin.Config{
			OpenStore: func(context.Context, bool) (admin.Store, error) { return open{store}, nil },
			Keys:      noKeys{}, Warn: func(error) {}, Audit: audit.Log(slog.New(slog.DiscardHandler)), Operator: "op", Now: time.Now,
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// local is a request as a browser on this machine sends it from the console's page; header is name and value by turns, and
// an empty value removes the header.
func local(method, path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:3000", "127.0.0.1:50000"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "http://localhost:3000")
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return r
}

func (k kit) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w
}

// TestPage promises the page to browsers at localhost, with a policy without inline code, and the login's own answer to others.
func TestPage(t *testing.T) {
	k := newKit(t)
	page := k.send(local("GET", "/", "", "Accept", "text/html,*/*"))
	policy := page.Header().Get("Content-Security-Policy")
	if page.Code != 200 || !strings.Contains(page.Body.String(), "<title>Latchkey console</title>") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("%d %v", page.Code, page.Header())
	}
	again := k.send(local("GET", "/", "", "Accept", "text/html", "If-None-Match", page.Header().Get("ETag")))
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("an unchanged page: %d", again.Code)
	}
	if got := k.send(local("GET", "/", "", "Accept", "application/json")); got.Code != http.StatusTeapot {
		t.Errorf("a program gets %d", got.Code)
	}
	for host, want := range map[string]string{"127.0.0.1:3000": "http://localhost:3000/", "[::1]:3000": "http://localhost:3000/", "127.0.0.1": "http://localhost/"} {
		r := local("GET", "/", "", "Accept", "text/html")
		r.Host = host
		if got := k.send(r); got.Code != http.StatusFound || got.Header().Get("Location") != want {
			t.Errorf("at %s: %d %s", host, got.Code, got.Header().Get("Location"))
		}
	}
}

// TestOnlyLocal promises that other machines, other names and proxies find only the login, at every path of the console.
func TestOnlyLocal(t *testing.T) {
	k := newKit(t)
	for name, change := range map[string]func(*http.Request){
		"another machine":    func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" },
		"another name":       func(r *http.Request) { r.Host = "rebound.example.com:3000" },
		"a proxy":            func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.7") },
		"a standard proxy":   func(r *http.Request) { r.Header.Set("Forwarded", "for=192.0.2.7") },
		"an address of ours": func(r *http.Request) { r.Host = "192.0.2.1:3000" },
	} {
		for _, path := range []string{"/", "/console/app.js", "/console/about", "/console/answer", "/console/operator/keys", "/console/operator/audit"} {
			r := local("POST", path, "{}", "Accept", "text/html", console.TokenHeader, token)
			change(r)
			if got := k.send(r); got.Code != http.StatusTeapot {
				t.Errorf("%s, %s: %d", name, path, got.Code)
			}
		}
	}
}

// TestOperators promises that each call for operators needs the token in its header, and a page of this very origin.
func TestOperators(t *testing.T) {
	k := newKit(t)
	for _, path := range console.OperatorPaths(k.Handler) {
		for name, header := range map[string][]string{
			"no token":           {console.TokenHeader, ""},
			"a wrong token":      {console.TokenHeader, token + "X"},
			"a short token":      {console.TokenHeader, token[:3]},
			"no origin":          {"Origin", ""},
			"another port":       {"Origin", "http://localhost:5173"},
			"another scheme":     {"Origin", "https://localhost:3000"},
			"an address":         {"Origin", "http://127.0.0.1:3000"},
			"an opaque origin":   {"Origin", "null"},
			"another site":       {"Sec-Fetch-Site", "cross-site"},
			"another origin":     {"Sec-Fetch-Site", "same-site"},
			"a person's address": {"Sec-Fetch-Site", "none"},
		} {
			r := local("POST", path, "{}", append([]string{console.TokenHeader, token}, header...)...)
			if got := k.send(r); got.Code != http.StatusForbidden {
				t.Errorf("%s with %s: %d %s", path, name, got.Code, got.Body)
			}
		}
		if got := k.send(local("GET", path, "", console.TokenHeader, token)); got.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, got.Code)
		}
	}
	if n := len(console.OperatorPaths(k.Handler)); n < 3 {
		t.Errorf("only %d paths", n)
	}
}

// TestAnswer promises a page the copy of its own exchange, once, with the cookies that a browser hides; nobody else gets one.
func TestAnswer(t *testing.T) {
	k := newKit(t)
	const id = "0123456789abcdef0123456789abcdef"
	got := k.send(local("POST", "/api/users/login", `{"password":"p"}`, "Latchkey-Console-Call", id, "Cookie", "c=3"))
	if got.Code != http.StatusTeapot || got.Body.String() != `login: {"password":"p"}` {
		t.Fatalf("the login's answer: %d %s", got.Code, got.Body)
	}
	ask := func(header ...string) *httptest.ResponseRecorder {
		return k.send(local("POST", "/console/answer", `{"id":"`+id+`"}`, header...))
	}
	for _, header := range [][]string{{"Origin", "http://localhost:5173"}, {"Origin", ""}, {"Sec-Fetch-Site", "same-site"}} {
		if got := ask(header...); got.Code != http.StatusForbidden {
			t.Errorf("%v: %d", header, got.Code)
		}
	}
	var exchange struct {
		Request, Response struct {
			First, Body string
			Headers     [][2]string
		}
	}
	if got := ask(); got.Code != 200 || json.Unmarshal(got.Body.Bytes(), &exchange, json.MatchCaseInsensitiveNames(true)) != nil {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	sent, answered := exchange.Request, exchange.Response
	if sent.First != "POST /api/users/login HTTP/1.1" || sent.Body != `{"password":"p"}` || !has(sent.Headers, "Cookie", "c=3") || has(sent.Headers, "Latchkey-Console-Call", id) {
		t.Errorf("the request is %+v", sent)
	}
	if answered.First != "HTTP/1.1 418 I'm a teapot" || !has(answered.Headers, "Set-Cookie", "a=1; HttpOnly") || !has(answered.Headers, "Set-Cookie", "b=2") || answered.Body != `login: {"password":"p"}` {
		t.Errorf("the answer is %+v", answered)
	}
	if got := ask(); got.Code != http.StatusNotFound {
		t.Errorf("a second time: %d", got.Code)
	}
	for _, site := range []string{"same-site", "cross-site", ""} { // pages elsewhere, allowed ones too
		k.send(local("POST", "/api/users/login", "{}", "Latchkey-Console-Call", id, "Sec-Fetch-Site", site))
		if got := ask(); got.Code != http.StatusNotFound {
			t.Errorf("an exchange of a page with Sec-Fetch-Site %q is kept: %d", site, got.Code)
		}
	}
}

func has(headers [][2]string, name, value string) bool {
	for _, h := range headers {
		if h == [2]string{name, value} {
			return true
		}
	}
	return false
}

// TestAudit promises the records that were kept, then each new one, numbered, from where a page left off; and that the
// stream ends with the server.
func TestAudit(t *testing.T) {
	k := newKit(t)
	server := httptest.NewServer(k)
	defer server.Close()
	for _, line := range []string{`{"n":1}`, `{"n":2}`} {
		io.WriteString(k.feed, line+"\n")
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/console/operator/audit", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	r.Host = "localhost:" + port
	for name, value := range map[string]string{"Origin": "http://" + r.Host, console.TokenHeader: token, "Last-Event-ID": "1"} {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%d %s", answer.StatusCode, kind)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() != "" {
				break
			}
		}
		if lines.Text() != want {
			t.Errorf("read %q, want %q", lines.Text(), want)
		}
	}
	next("id: 2")
	next(`data: {"n":2}`)
	io.WriteString(k.feed, `{"n":3}`+"\n")
	next("id: 3")
	next(`data: {"n":3}`)
	close(k.done)
	if lines.Scan(); lines.Scan() {
		t.Errorf("the stream goes on: %q", lines.Text())
	}
}

// operate sends a call for operators and decodes its answer, which must have the status.
func (k kit) operate(status int, name, body string, into any) {
	k.Helper()
	answer := k.send(local("POST", "/console/operator/"+name, body, console.TokenHeader, token))
	if answer.Code != status {
		k.Fatalf("%s %s: %d %s", name, body, answer.Code, answer.Body)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
			k.Fatal(err)
		}
	}
}

// TestUsers promises an import, the search, what may be shown of a user, each change, and reasons for those that are refused.
func TestUsers(t *testing.T) {
	k := newKit(t)
	var counts struct {
		Added   int      `json:"added"`
		Refused int      `json:"refused"`
		Reasons []string `json:"reasons"`
	}
	k.operate(200, "users/import", `{"id":"u-ada","email":"ada@example.com","password":"p","status":"ready"}`+"\n"+`{"email":"grace@example.com","status":"pending"}`+"\nx", &counts)
	if counts.Added != 2 || counts.Refused != 1 || len(counts.Reasons) != 1 || !strings.HasPrefix(counts.Reasons[0], "line 3: ") {
		t.Errorf("%+v", counts)
	}
	var list struct {
		Users []map[string]any `json:"users"`
	}
	k.operate(200, "users", `{"text":"ADA"}`, &list)
	if len(list.Users) != 1 || list.Users[0]["email"] != "ada@example.com" {
		t.Errorf("%v", list)
	}
	user := func() (facts map[string]any) {
		k.operate(200, "users/show", `{"id":"u-ada"}`, &facts)
		return facts
	}
	if facts := user(); facts["passwordHash"] != "argon2id" || facts["sessions"] != 0.0 {
		t.Errorf("%v", facts)
	}
	k.operate(200, "users/change", `{"id":"u-ada","change":"members","members":"{\"role\":\"editor\"}"}`, nil)
	k.operate(200, "users/change", `{"id":"u-ada","change":"disable"}`, nil)
	if facts := user(); facts["role"] != "editor" || facts["status"] != "disabled" {
		t.Errorf("%v", facts)
	}
	for _, change := range []string{"enable", "sign out", "reset factors", "delete"} {
		k.operate(200, "users/change", `{"id":"u-ada","change":"`+change+`"}`, nil)
	}
	k.operate(409, "users/show", `{"id":"u-ada"}`, nil)
	k.operate(409, "users/change", `{"id":"u-nobody","change":"disable"}`, nil)
	k.operate(400, "users/change", `{"id":"u-ada","change":"promote"}`, nil)
}

// TestClients promises a key once for a new client and a rotated one, and none that is shown later.
func TestClients(t *testing.T) {
	k := newKit(t)
	var made struct {
		Key string `json:"key"`
	}
	k.operate(200, "clients/change", `{"change":"add","name":"zapier","kind":"integration"}`, &made)
	var list struct {
		Clients []struct{ ID, Name, State string } `json:"clients"`
	}
	clients := func() string {
		answer := k.send(local("POST", "/console/operator/clients", "{}", console.TokenHeader, token))
		if err := json.Unmarshal(answer.Body.Bytes(), &list, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		return answer.Body.String()
	}
	if shown := clients(); !strings.HasPrefix(made.Key, "lk_") || strings.Contains(shown, made.Key) || len(list.Clients) != 1 {
		t.Errorf("%q %s", made.Key, shown)
	}
	first := list.Clients[0].ID
	before := made.Key
	k.operate(200, "clients/change", `{"change":"rotate","id":"`+first+`"}`, &made)
	if clients(); made.Key == before || len(list.Clients) != 2 {
		t.Errorf("%q %+v", made.Key, list)
	}
	k.operate(409, "clients/change", `{"change":"rotate","id":"`+first+`"}`, nil) // its key works no more
	k.operate(400, "clients/change", `{"change":"add","name":"","kind":"integration"}`, nil)
	k.operate(400, "clients/change", `{"change":"add","name":"x","kind":"root"}`, nil)
}

// TestMails promises operators the mails in the folder as a person reads them, the newest first, even with a file that is not a mail.
func TestMails(t *testing.T) {
	k := newKit(t)
	for i, kind := range []string{"password_changed", "reset"} {
		content, err := os.ReadFile("../mail/testdata/" + kind + ".en.eml")
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(k.mails, kind+".eml")
		if err := errors.Join(os.WriteFile(name, content, 0o600), os.Chtimes(name, time.Time{}, time.Unix(int64(i), 0))); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Mails []struct{ ID, To, Subject, Text string }
	}
	answer := k.send(local("POST", "/console/operator/mails", "{}", console.TokenHeader, token))
	if err := json.Unmarshal(answer.Body.Bytes(), &got, json.MatchCaseInsensitiveNames(true)); err != nil || len(got.Mails) != 2 {
		t.Fatalf("%d %s %v", answer.Code, answer.Body, err)
	}
	newest := got.Mails[0]
	if newest.ID != "reset" || newest.Subject != "Choose a new password for Orders" || newest.To != `"Ada Lovelace" <ada@example.com>` || !strings.Contains(newest.Text, "\nhttps://app.example.com/reset#token=eyJ.x_y-z\n") {
		t.Errorf("%+v", newest)
	}
	if err := os.WriteFile(filepath.Join(k.mails, "stray.eml"), []byte("not a mail"), 0o600); err != nil {
		t.Fatal(err)
	}
	answer = k.send(local("POST", "/console/operator/mails", "{}", console.TokenHeader, token))
	if err := json.Unmarshal(answer.Body.Bytes(), &got, json.MatchCaseInsensitiveNames(true)); err != nil || len(got.Mails) != 3 || got.Mails[0].Subject != "stray.eml" {
		t.Errorf("with a file that is no mail: %d %s %v", answer.Code, answer.Body, err)
	}
}

// TestSize promises that the console loads quickly: less than 100 KB in all.
func TestSize(t *testing.T) {
	total := int64(0)
	err := filepath.WalkDir("../../web/console", func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			info, failed := entry.Info()
			if failed != nil {
				return failed
			}
			total += info.Size()
		}
		return err
	})
	if err != nil || total == 0 || total > 100_000 {
		t.Errorf("%d bytes, %v", total, err)
	}
	t.Logf("%d bytes", total)
}
