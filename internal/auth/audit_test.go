package auth_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestTheDocumentNamesEveryCode promises that docs/audit.md, by which operators write queries, names exactly the events and
// reasons of the code.
func TestTheDocumentNamesEveryCode(t *testing.T) {
	document, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ kind, heading string }{{"Event", "Events"}, {"Reason", "Reasons"}} {
		if d := cmp.Diff(codes(t, test.kind), documented(t, document, test.heading)); d != "" {
			t.Errorf("%s differ (-code +document):\n%s", test.heading, d)
		}
	}
}

// documented returns the first words of the rows of the section's table, sorted.
func documented(t *testing.T, document []byte, heading string) []string {
	t.Helper()
	section := regexp.MustCompile(`(?s)\n## ` + heading + `\n(.*?)\n## `).FindSubmatch(document)
	if section == nil {
		t.Fatalf("the document has no section %s", heading)
	}
	var words []string
	for _, row := range regexp.MustCompile("(?m)^\\| ((?:`[a-zA-Z_]+`(?:, )?)+) \\|").FindAllSubmatch(section[1], -1) {
		for _, word := range strings.Split(string(row[1]), ", ") {
			words = append(words, strings.Trim(word, "`"))
		}
	}
	slices.Sort(words)
	return words
}

// TestTheQueriesUseExistingNames promises that every name and code in the document's queries is a field or a code.
func TestTheQueriesUseExistingNames(t *testing.T) {
	document, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Concat(documented(t, document, "Fields"), documented(t, document, "Events"), documented(t, document, "Reasons"), []string{
		"audit", "success", "refused", "failed", "throttled_", // values
		"error", // a member of other log lines
		"filter", "fields", "stats", "sort", "by", "as", "and", "like", "desc", "count", "count_distinct", "sum", "latest", "earliest", "strcontains", "bin", "m",
	})
	queries := regexp.MustCompile("(?s)\n```\n(filter .*?)\n```").FindAllSubmatch(document, -1)
	if len(queries) < 8 {
		t.Fatalf("the document has only %d queries", len(queries))
	}
	for _, query := range queries {
		text := regexp.MustCompile(`"[0-9a-f]{8,}"`).ReplaceAllString(string(query[1]), "") // an example's id or hash
		aliases := regexp.MustCompile(` as (\w+)`).FindAllStringSubmatch(text, -1)
		for _, word := range regexp.MustCompile(`@?[a-zA-Z_]+`).FindAllString(text, -1) {
			isAlias := slices.ContainsFunc(aliases, func(a []string) bool { return a[1] == word })
			if !isAlias && word != "@timestamp" && !slices.Contains(known, word) {
				t.Errorf("%s is neither a field nor a code:\n%s", word, text)
			}
		}
	}
}

// codes returns the values of all constants of the type, this package's and the rotation's, sorted.
func codes(t *testing.T, kind string) []string {
	t.Helper()
	var values []string
	for _, path := range []string{"audit.go", "change.go", "../rotation/record.go", "../mail/deliver.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			name, ok := spec.Type.(*ast.Ident)
			if of, qualified := spec.Type.(*ast.SelectorExpr); qualified {
				name, ok = of.Sel, true
			}
			if ok && name.Name == kind {
				value, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				values = append(values, value)
			}
			return true
		})
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func TestChangesAreRecorded(t *testing.T) {
	for _, test := range []struct {
		name, outcome, reason, level string
		err                          error
	}{
		{"done", "success", "ok", "INFO", nil},
		{"of a missing user", "refused", "not_found", "INFO", fmt.Errorf("look up: %w", auth.ErrNotFound)},
		{"to an address that is taken", "refused", "conflict", "INFO", fmt.Errorf("add: %w", auth.ErrConflict)},
		{"that is invalid", "refused", "invalid", "INFO", errors.New("that password cannot be used: ada@example.com")},
		{"without a store", "failed", "unavailable", "ERROR", fmt.Errorf("add: %w", auth.ErrUnavailable)},
		{"interrupted", "failed", "canceled", "ERROR", fmt.Errorf("add: %w", context.Canceled)},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t)
			err := auth.RecordChange(t.Context(), k.Log.Sink(), auth.AuditRecord{
				Event: auth.EventUserAdd, UserID: "u1", IdentifierHash: "h1", ClientID: "c1", KeyID: "k1", Operator: "root",
			}, test.err)
			if err != nil {
				t.Fatal(err)
			}
			want := []map[string]any{{
				"level": test.level, "event": "user_add", "outcome": test.outcome, "reason": test.reason, "user": "u1",
				"identifierHash": "h1", "client": "c1", "kid": "k1", "operator": "root",
			}}
			if d := cmp.Diff(want, k.Log.Audit(t)); d != "" {
				t.Errorf("the audit differs (-want +got):\n%s", d)
			}
		})
	}
}

// uncounted is a store that cannot count failures, because the client hung up.
type uncounted struct{ auth.Store }

func (uncounted) CountFailure(context.Context, auth.AttemptKeys, auth.Window, auth.Window) error {
	return context.Canceled
}

// TestFailedCountIsAFailure promises that the audit calls a failure to count our fault, as the 500 does, not a wrong password.
func TestFailedCountIsAFailure(t *testing.T) {
	k := authtest.NewKit(t, authtest.Ada())
	limited := rules()
	limited.Limits.Free = 5
	service := auth.NewService(auth.Config{
		Store: uncounted{k.Store}, Passwords: k.Hasher, Keys: k.Keyring, Rules: limited, Audit: k.Log.Sink(), Log: k.Log.Logger(), Now: k.Clock.Now,
	})
	a := attempt("ada")
	a.Password = "wrong"
	if _, err := service.Login(t.Context(), a, profileTerms()); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	records := k.Log.Audit(t)
	if len(records) != 1 || records[0]["outcome"] != "failed" || records[0]["reason"] != "canceled" {
		t.Errorf("audit %v, want one failure", records)
	}
}

// TestPanicsAreAudited promises one record of a failure when a port panics; the caller recovers the panic.
func TestPanicsAreAudited(t *testing.T) {
	for _, test := range []struct {
		event, panicking string
		call             func(k *authtest.Kit, c auth.Caller, g auth.Grant) error
	}{
		{"login", "UserByID", func(k *authtest.Kit, _ auth.Caller, _ auth.Grant) error {
			_, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms())
			return err
		}},
		{"refresh", "RotateSession", func(k *authtest.Kit, _ auth.Caller, g auth.Grant) error {
			_, err := k.Sessions(rules()).Refresh(t.Context(), g.RefreshToken, auth.Source{}, day)
			return err
		}},
		{"logout", "EndSession", func(k *authtest.Kit, _ auth.Caller, g auth.Grant) error {
			return k.Sessions(rules()).SignOut(t.Context(), auth.Credentials{Access: []string{g.AccessToken}}, false, auth.Source{})
		}},
		{"logout_all", "EndSessions", func(k *authtest.Kit, _ auth.Caller, g auth.Grant) error {
			return k.Sessions(rules()).SignOut(t.Context(), auth.Credentials{Refresh: []string{g.RefreshToken}}, true, auth.Source{})
		}},
		{"session_end", "EndSession", func(k *authtest.Kit, c auth.Caller, g auth.Grant) error {
			return k.Sessions(rules()).End(t.Context(), c, g.Session.ID, auth.Source{})
		}},
	} {
		t.Run(test.event, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			g := signIn(t, k, attempt("ada"), profileTerms())
			c := caller(t, k, g)
			k.Before(func(call string) error {
				if call == test.panicking {
					panic("the disk is on fire")
				}
				return nil
			})
			defer func() {
				if p := recover(); p != "the disk is on fire" {
					t.Errorf("recovered %v", p)
				}
				wantAudit(t, k, test.event, "failed", "unavailable")
			}()
			t.Errorf("it returned %v", test.call(k, c, g))
		})
	}
}
