package terminal_test

import (
	"encoding/json"
	"testing"

	"latchkey/internal/terminal"
)

// TestEscape promises that no text can move the cursor, hide, or reorder what a terminal shows, and that names of all
// scripts are shown as they are.
func TestEscape(t *testing.T) {
	for _, tc := range []struct{ text, text2, field string }{
		{"Zoë 👩‍👩‍👧 שלום a\u00a0b", "Zoë 👩‍👩‍👧 שלום a\u00a0b", "Zoë 👩‍👩‍👧 שלום a\u00a0b"},
		{"\x1b[31m", `\x1b[31m`, `\x1b[31m`},
		{"\u009b31m\u0085", `\u009b31m\u0085`, `\u009b31m\u0085`},
		{"\u202egnp.exe\u2066\u200b\ufeff", `\u202egnp.exe\u2066\u200b\ufeff`, `\u202egnp.exe\u2066\u200b\ufeff`},
		{"\x7f\x00\r", `\x7f\x00\r`, `\x7f\x00\r`},
		{"\u2028\u2029\U000e0001\ue000", `\u2028\u2029\U000e0001\ue000`, `\u2028\u2029\U000e0001\ue000`},
		{"a\xffb", "a\ufffdb", "a\ufffdb"},
		{"line\n\ttab", "line\n\ttab", `line\n\ttab`},
	} {
		if got := terminal.Escape(tc.text); got != tc.text2 {
			t.Errorf("Escape(%q) = %s, want %s", tc.text, got, tc.text2)
		}
		if got := terminal.EscapeField(tc.text); got != tc.field {
			t.Errorf("EscapeField(%q) = %s, want %s", tc.text, got, tc.field)
		}
	}
}

// TestEscapeJSON promises the same value, in a text that holds no control or format character.
func TestEscapeJSON(t *testing.T) {
	const value = "\x1b\u009b\u202e\U000e0001\x7f 👩‍👩‍👧 \"\\"
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	text := terminal.EscapeJSON(string(raw))
	var got string
	if err := json.Unmarshal([]byte(text), &got); err != nil || got != value || terminal.Escape(text) != text {
		t.Errorf("%s is %q, %v", text, got, err)
	}
}
