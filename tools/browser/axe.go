package browser

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// CheckAccessibility runs axe-core over the page as it is now: every violation that it finds fails the test.
func (p *Page) CheckAccessibility() {
	p.Helper()
	source, err := axe()
	if err != nil {
		p.Fatal(err)
	}
	Evaluate[bool](p, source+";true")
	found := Evaluate[[]string](p, `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
		violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.html.slice(0, 200) + ' — ' + n.failureSummary)))`)
	for _, violation := range found {
		p.Errorf("accessibility: %s", violation)
	}
}

// axe returns the source of axe-core, which is fetched once for this machine.
var axe = sync.OnceValues(func() (string, error) {
	path, err := exec.Command("./fetch-axe").Output()
	if err != nil {
		return "", fmt.Errorf("fetch axe-core: %w", err)
	}
	source, err := os.ReadFile(strings.TrimSpace(string(path)))
	return string(source), err
})
