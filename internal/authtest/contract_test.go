package authtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestSignInRefusals promises that the suite of contracts knows every refusal in auth's code: each is by an error of a
// sign-in, or by one that only calls with a session return.
func TestSignInRefusals(t *testing.T) {
	texts, refused := errorTexts(t)
	var want []string
	for _, err := range append(authtest.SignInRefusals(), withSession()...) {
		want = append(want, err.Error())
	}
	var got []string
	for _, name := range refused {
		got = append(got, texts[name])
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, slices.Compact(got)); d != "" {
		t.Errorf("the refusals of auth's code differ (-suite +code):\n%s", d)
	}
}

// withSession are the refusals of users who are signed in, which no contract answers, and the one that all contracts answer alike.
func withSession() []error {
	return []error{
		auth.ErrNoSession, auth.ErrStepUp, auth.ErrCode, auth.ErrPending, auth.ErrLastFactor, auth.ErrFactorName, auth.ErrConflict,
		auth.ErrNotFound, auth.ErrPasskey, auth.ErrPasskeysOff,
	}
}

// errorTexts reads auth's code: the text of each sentinel, and the names of those that refuse is called with.
func errorTexts(t *testing.T) (texts map[string]string, refused []string) {
	t.Helper()
	files, err := filepath.Glob("../auth/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	texts = map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if text, ok := sentinelText(n); ok {
					texts[n.Names[0].Name] = text
				}
			case *ast.CallExpr:
				refused = append(refused, refusedWith(n)...)
			}
			return true
		})
	}
	return texts, refused
}

// sentinelText returns the text of a variable that errors.New makes.
func sentinelText(spec *ast.ValueSpec) (string, bool) {
	if len(spec.Values) != 1 {
		return "", false
	}
	call, ok := spec.Values[0].(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return "", false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

// refusedWith returns the names of the errors that a call of refuse may have, none for other calls and for variables.
func refusedWith(call *ast.CallExpr) []string {
	if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "refuse" || len(call.Args) == 0 {
		return nil
	}
	switch err := call.Args[0].(type) {
	case *ast.Ident:
		if strings.HasPrefix(err.Name, "Err") {
			return []string{err.Name}
		}
	case *ast.UnaryExpr: // &ThrottledError{wait}
		if made, ok := err.X.(*ast.CompositeLit); ok && made.Type.(*ast.Ident).Name == "ChallengeError" {
			return []string{"ErrChallenged", "ErrMustEnroll"}
		}
		return []string{"ErrThrottled"}
	}
	return nil
}
