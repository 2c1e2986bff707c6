package contract_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/authtest"
	"latchkey/internal/contract/testdata/ticket"
)

// TestRecipe follows docs/contracts.md in adding a third contract: what the page shows is the example's code, and the
// example passes the suite of all contracts.
func TestRecipe(t *testing.T) {
	source := read(t, "testdata/ticket/ticket.go")
	blocks := recipeBlocks(t)
	for _, block := range blocks[:len(blocks)-1] { // the last one is the wiring
		if !strings.Contains(source, block) {
			t.Errorf("the page shows code that is not the example's:\n%s", block)
		}
	}
	authtest.RunContract(t, ticket.Contract{}, func(t testing.TB, email, password string) string {
		t.Helper()
		body, err := json.Marshal(map[string]string{"login": email, "secret": password})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	})
}

// TestRecipeWiring adds the page's one line to the real wiring, as an overlay, and promises that the tests of
// internal/app then name every other list that lacks the contract.
func TestRecipeWiring(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the tests of internal/app")
	}
	blocks := recipeBlocks(t)
	wiring := read(t, "../app/contracts.go")
	changed := strings.Replace(wiring, "\t\torganization.Contract{},\n", "\t\torganization.Contract{},\n"+blocks[len(blocks)-1], 1)
	changed = strings.Replace(changed, `"latchkey/internal/contract/planpoint"`, "\"latchkey/internal/contract/planpoint\"\n\t\"latchkey/internal/contract/testdata/ticket\"", 1)
	output := testApp(t, map[string]string{"contracts.go": changed})
	for _, want := range []string{
		"template.yaml: the parameter Contracts does not name ticket", "template.yaml: the HTTP API has no route /v2/tickets",
		"template.yaml: the REST API has no route /v2/tickets", "template.yaml: the firewall's login rule does not match /v2/tickets",
		"openapi.yaml does not describe /v2/tickets", "events/login has no event for /v2/tickets of an HTTP and a REST API",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no word of %q in:\n%s", want, output)
		}
	}
}

// testApp runs the tests of the wiring with other contents for some files of internal/app, and returns what they print.
func testApp(t *testing.T, files map[string]string) string {
	t.Helper()
	overlay := map[string]map[string]string{"Replace": {}}
	for name, content := range files {
		path, err := filepath.Abs(filepath.Join("../app", name))
		if err != nil {
			t.Fatal(err)
		}
		replacement := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(replacement, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][path] = replacement
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-run", "^TestContractLists$", "-overlay", list, "latchkey/internal/app")
	output, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the tests pass though nothing but the wiring knows the contract")
	}
	return string(output)
}

// recipeBlocks returns the Go code of the recipe, each block without the indentation of the page's list.
func recipeBlocks(t *testing.T) []string {
	t.Helper()
	_, recipe, found := strings.Cut(read(t, "../../docs/contracts.md"), "\n## Adding a third\n")
	if !found {
		t.Fatal("docs/contracts.md has no recipe")
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^   ```go\n(.*?)^   ```$").FindAllStringSubmatch(recipe, -1) {
		blocks = append(blocks, regexp.MustCompile("(?m)^   ").ReplaceAllString(m[1], ""))
	}
	if len(blocks) < 4 {
		t.Fatalf("only %d blocks of code", len(blocks))
	}
	return blocks
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
