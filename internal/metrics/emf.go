package metrics

import (
	"time"

	"latchkey/internal/auth"
)

// line holds one request's metrics. Dimensions are fixed words, never client input: CloudWatch bills every combination.
type line struct {
	contract, outcome string
	factor            string // of a sign-in that succeeded, else empty
	metrics           []metric
	values            []float64
}

// metric is a MetricDefinition of the EMF specification.
type metric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// directive is a MetricDirective of the EMF specification: metrics with the members that are their dimensions.
type directive struct {
	Namespace  string     `json:"Namespace"`
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []metric   `json:"Metrics"`
}

func (l *line) add(name, unit string, value float64) {
	l.metrics, l.values = append(l.metrics, metric{name, unit}), append(l.values, value)
}

// document is the line as CloudWatch reads it: the members that the directives name are at the root. Only Attempts and SignIns
// have dimensions; other views are queries over the audit.
func (l *line) document(namespace string, now time.Time) map[string]any {
	directives := []directive{
		{namespace, [][]string{{"Contract", "Outcome"}}, []metric{{"Attempts", "Count"}}},
		{namespace, [][]string{{}}, l.metrics},
	}
	root := map[string]any{"Contract": l.contract, "Outcome": l.outcome, "Attempts": 1}
	if l.factor != "" {
		directives = append(directives, directive{namespace, [][]string{{"Factor"}}, []metric{{"SignIns", "Count"}}})
		root["Factor"], root["SignIns"] = l.factor, 1
	}
	root["_aws"] = map[string]any{"Timestamp": now.UnixMilli(), "CloudWatchMetrics": directives}
	for i, m := range l.metrics {
		root[m.Name] = l.values[i]
	}
	return root
}

// mailLine is the line of a mail's record as CloudWatch reads it. Result is one of the reasons of such records, or lost for a notice that
// the outbox did not take.
func mailLine(namespace string, r auth.AuditRecord, now time.Time) map[string]any {
	result := string(r.Reason)
	switch {
	case r.Event == auth.EventNotice:
		result = "lost"
	case r.Outcome == auth.OutcomeSuccess:
		result = "sent"
	}
	return map[string]any{
		"Result": result, "Mails": 1,
		"_aws": map[string]any{"Timestamp": now.UnixMilli(), "CloudWatchMetrics": []directive{
			{namespace, [][]string{{"Result"}}, []metric{{"Mails", "Count"}}},
		}},
	}
}
