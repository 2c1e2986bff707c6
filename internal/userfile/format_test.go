package userfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"latchkey/internal/userfile"
)

func utf16LE(text string) string {
	var raw []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = binary.LittleEndian.AppendUint16(raw, unit)
	}
	return string(raw)
}

// TestOtherFormats promises that a file in another format is recognized at its first line with text, that none of its lines is
// taken for a user, and that the reason quotes nothing.
func TestOtherFormats(t *testing.T) {
	line := pending(1)
	for _, test := range []struct{ name, file, want string }{
		{"array over lines", "[\n" + line + ",\n" + line + "\n]\n", "a JSON array, not JSON Lines: jq -c '.[]' FILE"},
		{"array in one line", "[" + line + "," + line + "]", "a JSON array"},
		{"array after blank lines", "\n \n[\n" + line + "\n]", "a JSON array"},
		{"array after a byte order mark", "\ufeff[\n" + line + "\n]", "a JSON array"},
		{"object over lines", "{\n  \"id\": \"hunter2\",\n  \"status\": \"pending\"\n}\n" + line, "several lines"},
		{"Firebase over lines", "{\"users\": [\n{\n\"localId\": \"hunter2\"\n}\n]}\n" + line, "several lines"},
		{"table", "id,email,password_hash\n1,hunter2,x\n" + line, "a table (CSV)"},
		{"table with quotes and semicolons", "\"id\";\"email\"\n" + line, "a table (CSV)"},
		{"table with tabs", "id\temail\n" + line, "a table (CSV)"},
		{"table of psql", " id | email \n----+-------\n" + line, "a table (CSV)"},
		{"UTF-16 with its mark", utf16LE("\ufeff" + line + "\n" + line), "UTF-16"},
		{"UTF-16 without its mark", utf16LE(line + "\n" + line), "UTF-16"},
		{"UTF-16 of an array", utf16LE("\ufeff[\n" + line + "\n]"), "UTF-16"},
		{"UTF-32", "\xff\xfe\x00\x00{\x00\x00\x00" + line, "UTF-32"},
		{"commas at the ends", line + ",\n" + line + ",\n", "end in commas"},
		{"list in an object", `{"users":[{"email":"hunter2"}]}` + "\n" + line, "holds a list"},
		{"list in an object, with space", `{ "data": [ {"mail":"hunter2"} ] }` + "\n" + line, "holds a list"},
		{"gzip", "\x1f\x8b\x08\x00hunter2\n" + line, "gunzip"},
		{"zip", "PK\x03\x04hunter2\n" + line, "spreadsheet"},
		{"SQLite", "SQLite format 3\x00hunter2\n" + line, "SQLite"},
		{"dump of PostgreSQL", "--\n-- PostgreSQL database dump\n" + line, "is SQL"},
		{"dump of MySQL", "INSERT INTO users VALUES (1,'hunter2');\n" + line, "is SQL"},
		{"LDIF", "dn: uid=hunter2\n" + line, "LDIF"},
		{"XML", "<?xml version=\"1.0\"?>\n" + line, "XML"},
		{"YAML", "- email: hunter2\n" + line, "YAML"},
		{"YAML with its mark", "---\nusers:\n  - email: hunter2\n" + line, "YAML"},
		{"YAML with its version", "%YAML 1.2\n---\n- email: hunter2\n" + line, "YAML"},
		{"htpasswd", "hunter2:$apr1$saltsalt$x\n" + line, "name:hash"},
		{"shadow", "hunter2:$6$saltsalt$x:19000:0:99999:7:::\n" + line, "name:hash"},
		{"carriage returns", line + "\r" + line + "\r", "carriage returns"},
		{"typographic quotes", "{\u201cid\u201d:\u201chunter2\u201d}\n" + line, "typographic"},
		{"Firebase", `{"users":[{"localId":"hunter2"}]}` + "\n" + line, "Firebase"},
		{"Keycloak", `{"realm":"hunter2","users":[]}` + "\n" + line, "Keycloak"},
		{"Keycloak's users", `{"credentials":[{"secretData":"hunter2"}]}` + "\n" + line, "Keycloak"},
		{"Auth0", `{"_id":{"$oid":"hunter2"},"email":"a@example.com","passwordHash":"$2b$10$x"}` + "\n" + line, "Auth0"},
		{"Cognito", `{"Users":[{"Username":"hunter2","Attributes":[]}]}` + "\n" + line, "Cognito"},
		{"Supabase", `{"id":"1","encrypted_password":"hunter2","raw_user_meta_data":{}}` + "\n" + line, "Supabase"},
		{"Devise", `{"id":1,"email":"a@example.com","encrypted_password":"hunter2"}` + "\n" + line, "Devise"},
		{"Django", `[{"model":"auth.user","pk":1,"fields":{"password":"hunter2"}}]` + "\n" + line, "Django"},
		{"WordPress", `{"ID":"1","user_pass":"hunter2"}` + "\n" + line, "WordPress"},
		{"ASP.NET", `{"Id":"1","PasswordHash":"hunter2","SecurityStamp":"x"}` + "\n" + line, "ASP.NET"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := 0
			for batch, err := range userfile.Read(t.Context(), strings.NewReader(test.file)) {
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range batch.Lines {
					lines++
					var format *userfile.FormatError
					if !errors.As(l.Err, &format) || !strings.Contains(l.Err.Error(), test.want) || strings.Contains(l.Err.Error(), "hunter2") {
						t.Errorf("line %d: %v; want a format that says %q", l.Number, l.Err, test.want)
					}
				}
			}
			if lines == 0 {
				t.Error("no line")
			}
		})
	}
}

// TestBadLinesAreNotAFormat promises that a bad first line of our own format is refused for itself, and the others are read.
func TestBadLinesAreNotAFormat(t *testing.T) {
	for _, first := range []string{
		`{"email":"a@example.com","statos":"ready"}`, `{"email":"a@example.com"`, `{"email":1}`, `{}`, `null`, `"x"`, `hunter2`, pending(2) + "}",
	} {
		var errs []error
		for batch, err := range userfile.Read(t.Context(), strings.NewReader(first+"\n"+pending(1)+"\n")) {
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range batch.Lines {
				errs = append(errs, l.Err)
			}
		}
		var format *userfile.FormatError
		if len(errs) != 2 || errs[0] == nil || errors.As(errs[0], &format) || errs[1] != nil {
			t.Errorf("%q: errors %v; want one of the first line's own, and none", first, errs)
		}
	}
}

// FuzzFormats promises that reading ends with lines that are all of another format, or each decoded or refused for itself.
func FuzzFormats(f *testing.F) {
	for _, seed := range []string{"[\n" + pending(1) + "\n]", "a,b\n1,2", utf16LE("\ufeff{}\n"), "{", "\x00", " \n{\n", "x:$1$y", pending(1) + "\r" + pending(2)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		lines, formats := 0, 0
		for batch, err := range userfile.Read(t.Context(), bytes.NewReader(raw)) {
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range batch.Lines {
				var format *userfile.FormatError
				if lines++; errors.As(l.Err, &format) {
					formats++
				}
				if (l.Err == nil) == (l.Entry.User.ID == "") {
					t.Errorf("line %d: %v and %+v", l.Number, l.Err, l.Entry)
				}
			}
		}
		if formats != 0 && formats != lines {
			t.Errorf("%d of %d lines are of another format", formats, lines)
		}
	})
}
