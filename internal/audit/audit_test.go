package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/audit"
	"latchkey/internal/auth"
)

// TestLogNames promises the name of every field in a log, and that fields which do not apply are left out.
func TestLogNames(t *testing.T) {
	for _, test := range []struct {
		name   string
		record auth.AuditRecord
		want   string
	}{
		{"a sign-in", auth.AuditRecord{
			Event: auth.EventImpersonation, Outcome: auth.OutcomeSuccess, Reason: auth.ReasonOK, UserID: "u", IdentifierHash: "i",
			TargetHash: "t", ActorID: "a", SessionID: "s", Source: auth.ParseSource("192.0.2.7"), Contract: "planpoint", ClientID: "c", KeyID: "k",
		}, `{"level":"INFO","msg":"audit","event":"impersonation","outcome":"success","reason":"ok","user":"u","identifierHash":"i",
			"targetHash":"t","actor":"a","session":"s","source":"192.0.2.7","contract":"planpoint","client":"c","kid":"k"}`},
		{"our failure", auth.AuditRecord{Event: auth.EventLogin, Outcome: auth.OutcomeFailed, Reason: auth.ReasonUnavailable},
			`{"level":"ERROR","msg":"audit","event":"login","outcome":"failed","reason":"unavailable"}`},
		{"an import", auth.AuditRecord{Event: auth.EventUserImport, Outcome: auth.OutcomeSuccess, Reason: auth.ReasonOK, Operator: "root", Added: 3, Refused: 1},
			`{"level":"INFO","msg":"audit","event":"user_import","outcome":"success","reason":"ok","operator":"root",
			"added":3,"updated":0,"refused":1,"unchanged":0}`},
		{"an export", auth.AuditRecord{Event: auth.EventUserExport, Outcome: auth.OutcomeSuccess, Reason: auth.ReasonOK},
			`{"level":"INFO","msg":"audit","event":"user_export","outcome":"success","reason":"ok","exported":0}`},
		{"a mail", auth.AuditRecord{Event: "mail", Outcome: auth.OutcomeSuccess, Reason: auth.ReasonOK, UserID: "u", Mail: auth.MessageReset},
			`{"level":"INFO","msg":"audit","event":"mail","outcome":"success","reason":"ok","user":"u","mail":"reset"}`},
		{"a rotation that was refused", auth.AuditRecord{
			Event: "key_rotation", Outcome: auth.OutcomeRefused, Reason: auth.ReasonNotAllowed, Step: "createSecret", NextID: "n", Err: errors.New("why"),
		}, `{"level":"WARN","msg":"audit","event":"key_rotation","outcome":"refused","reason":"not_allowed","step":"createSecret","next":"n","error":"why"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := audit.Log(slog.New(slog.NewJSONHandler(&out, nil))).Record(t.Context(), test.record); err != nil {
				t.Fatal(err)
			}
			var want, got map[string]any
			if err := errors.Join(json.Unmarshal([]byte(test.want), &want), json.Unmarshal(out.Bytes(), &got)); err != nil {
				t.Fatal(err)
			}
			delete(got, "time")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the line differs (-want +got):\n%s", d)
			}
		})
	}
}

// TestLogLevel promises that a log of warnings has no successes in it, and our failures still.
func TestLogLevel(t *testing.T) {
	var out bytes.Buffer
	sink := audit.Log(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	for outcome, want := range map[auth.Outcome]bool{auth.OutcomeSuccess: false, auth.OutcomeRefused: false, auth.OutcomeFailed: true} {
		out.Reset()
		if err := sink.Record(t.Context(), auth.AuditRecord{Event: auth.EventLogin, Outcome: outcome}); err != nil || (out.Len() > 0) != want {
			t.Errorf("%s: error %v, logged %q, want logged %t", outcome, err, &out, want)
		}
	}
}

// memory keeps records, or fails.
type memory struct {
	records []auth.AuditRecord
	err     error
}

func (m *memory) Record(_ context.Context, r auth.AuditRecord) error {
	if m.err == nil {
		m.records = append(m.records, r)
	}
	return m.err
}

// TestCombinations promises that a tee gives every sink the record and reports each failure, and that a fallback loses no
// record while one of the two works.
func TestCombinations(t *testing.T) {
	full, r := errors.New("no space left"), auth.AuditRecord{Event: auth.EventLogin}
	broken, works := &memory{err: full}, &memory{}
	if err := audit.Tee(broken, works).Record(t.Context(), r); !errors.Is(err, full) || len(works.records) != 1 {
		t.Errorf("tee: error %v and %d records, want the error and one", err, len(works.records))
	}
	if err := audit.Fallback(broken, works).Record(t.Context(), r); err != nil || len(works.records) != 2 {
		t.Errorf("fallback from a broken sink: error %v and %d records, want two", err, len(works.records))
	}
	if err := audit.Fallback(works, broken).Record(t.Context(), r); err != nil || len(works.records) != 3 {
		t.Errorf("fallback that is not needed: error %v and %d records, want three", err, len(works.records))
	}
	if err := audit.Fallback(broken, broken).Record(t.Context(), r); !errors.Is(err, full) {
		t.Errorf("both broken: error %v", err)
	}
}
