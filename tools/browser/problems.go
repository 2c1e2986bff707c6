package browser

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// problems are the errors of a page that a person would find in the browser's console.
type problems struct {
	mu      sync.Mutex
	found   []string
	allowed []*regexp.Regexp
}

// AllowProblems names errors of the page that the test provokes, as regular expressions; any other fails the test.
func (p *Page) AllowProblems(expressions ...string) {
	p.problems.mu.Lock()
	defer p.problems.mu.Unlock()
	for _, e := range expressions {
		p.problems.allowed = append(p.problems.allowed, regexp.MustCompile(e))
	}
}

// Problems returns the page's errors so far, allowed ones too: exceptions, logged errors, violations of its content security policy.
func (p *Page) Problems() []string {
	p.problems.mu.Lock()
	defer p.problems.mu.Unlock()
	return slices.Clone(p.problems.found)
}

// allows reports whether the test provokes the problem.
func (w *problems) allows(problem string) bool {
	return slices.ContainsFunc(w.allowed, func(e *regexp.Regexp) bool { return e.MatchString(problem) })
}

// watch collects the problems of the page, and fails its test at the end if there are any.
func (w *problems) watch(p *Page) {
	p.Helper()
	err := chromedp.Listen(p.ctx, func(event any) {
		if problem := describe(event); problem != "" {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.found = append(w.found, problem)
		}
	})
	if err == nil {
		_, err = chromedp.Call(p.ctx, audits.Enable, cdp.Empty{})
	}
	if err != nil {
		p.Fatalf("watch the console: %v", err)
	}
	p.Cleanup(func() {
		for _, problem := range p.Problems() {
			if !w.allows(problem) {
				p.Errorf("the page has a problem: %s", problem)
			}
		}
	})
}

// describe returns the problem that an event reports; empty if it reports none. An answer with a status of 400 and more is
// an error in the console too, but not a problem of the page: it may be the answer that the test wants.
func describe(event any) string {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		return "exception: " + text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			return fmt.Sprintf("console: %s", describeArguments(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of") {
			return fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if csp := e.Issue.Details.ContentSecurityPolicyIssueDetails; csp != nil {
			return fmt.Sprintf("content security policy: %s blocks %q", csp.ViolatedDirective, csp.BlockedURL)
		}
	}
	return ""
}

func describeArguments(args []*runtime.RemoteObject) string {
	var texts []string
	for _, a := range args {
		texts = append(texts, string(a.Value)+a.Description)
	}
	return strings.Join(texts, " ")
}
