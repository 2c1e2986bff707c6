// Package doctor checks a deployment and says what to do about each finding: what its URL answers over the wire, and what AWS says of
// its stack. It changes nothing; its sign-ins are refused, and counted like anybody's.
package doctor

import (
	"context"
	"fmt"
	"slices"
)

// Level says how bad a finding is, from ok to a fault, or why a check says nothing; the exit code follows it.
type Level string

// The levels. The last two differ in whether the person who ran the check has to act.
const (
	OK         Level = "ok"
	Warning    Level = "warning"         // works, and is weaker or closer to trouble than it should be
	Fault      Level = "fault"           // does not work, or is not safe
	NotChecked Level = "not checked"     // does not apply here, or needs something that was not given
	Unknown    Level = "could not check" // the attempt failed: no right, no network
)

// Finding is one line of the report. Message says what was found, Advice what to do; Advice is empty where there is nothing to do.
type Finding struct {
	Check   string `json:"check"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

func ok(format string, args ...any) []Finding {
	return []Finding{{Level: OK, Message: fmt.Sprintf(format, args...)}}
}

func notChecked(format string, args ...any) []Finding {
	return []Finding{{Level: NotChecked, Message: fmt.Sprintf(format, args...)}}
}

func warning(advice, format string, args ...any) []Finding {
	return []Finding{{Level: Warning, Message: fmt.Sprintf(format, args...), Advice: advice}}
}

func fault(advice, format string, args ...any) []Finding {
	return []Finding{{Level: Fault, Message: fmt.Sprintf(format, args...), Advice: advice}}
}

func unknown(advice, format string, args ...any) []Finding {
	return []Finding{{Level: Unknown, Message: fmt.Sprintf(format, args...), Advice: advice}}
}

// orOK returns the findings, or one that everything is as it should be.
func orOK(found []Finding, format string, args ...any) []Finding {
	if len(found) > 0 {
		return found
	}
	return ok(format, args...)
}

// Need is something without which a check says nothing. A check whose need is not met is reported as not checked.
type Need string

// The needs. An earlier check finds out whether the first three are met.
const (
	Server   Need = "a server that answers"
	Latchkey Need = "a server that is Latchkey"
	Keys     Need = "public keys that can be read"
)

// Check looks at one thing of a deployment. Checks run in order, because later ones use what earlier ones read.
type Check struct {
	Name  string
	Needs []Need
	Look  func(ctx context.Context, d *Deployment) []Finding
}

// Run makes the checks, one after the other, and returns their findings in order. A check whose needs are not met is not made.
func (d *Deployment) Run(ctx context.Context, checks []Check) Report {
	report := Report{}
	for _, check := range checks {
		var found []Finding
		switch unmet := slices.IndexFunc(check.Needs, func(n Need) bool { return !d.met[n] }); {
		case unmet >= 0:
			found = notChecked("it needs %s", check.Needs[unmet])
		case ctx.Err() != nil:
			found = unknown("Run it again, with a longer --timeout if the server is slow.", "the time was up")
		default:
			found = check.Look(ctx, d)
		}
		for _, f := range found {
			f.Check = check.Name
			report.Findings = append(report.Findings, f)
		}
	}
	return report
}

// Report is what was found, in the order of the checks.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Has reports whether a finding has one of the levels.
func (r Report) Has(levels ...Level) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return slices.Contains(levels, f.Level) })
}
