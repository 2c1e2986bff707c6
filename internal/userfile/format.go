package userfile

import (
	"bytes"
	"regexp"
	"strings"
)

// FormatError says that a file is not JSON Lines, what it looks like, and how to convert it. It quotes nothing of the file.
type FormatError struct{ Format, Advice string }

// Error returns the format and the advice in one sentence.
func (e *FormatError) Error() string {
	return "the file is " + e.Format + ", not JSON Lines: " + e.Advice
}

const migrate = "docs/migrate.md has a command that converts it"

// recognize returns an error if the first line with text shows that the whole file has another format, else nil.
func recognize(first []byte) error {
	if f, found := byMagic(first); found {
		return &f
	}
	text := bytes.TrimSpace(first)
	switch {
	case text[0] != '{':
		return byText(string(text))
	case bytes.HasSuffix(text, []byte("},")):
		return &FormatError{"lines that end in commas", "remove them with sed 's/,$//'"}
	case bytes.ContainsRune([]byte("{[,"), rune(text[len(text)-1])):
		return &FormatError{"a JSON object over several lines", "jq -c . FILE writes it as one; for exports of other systems see docs/migrate.md"}
	case bytes.Contains(first, []byte("\r{")):
		return &FormatError{"text with carriage returns for line breaks", `convert it with tr '\r' '\n'`}
	case bytes.Contains(text, []byte("{\u201c")) || bytes.Contains(text, []byte("\u201d:")):
		return &FormatError{"text with typographic quotation marks", `JSON has the plain " only`}
	}
	if _, err := Decode(first); err == nil {
		return nil
	}
	if err := bySystem(text); err != nil {
		return err
	}
	if list := wrappedList.FindSubmatch(text); list != nil && string(list[1]) != "accounts" {
		return &FormatError{"a JSON object that holds a list", "jq -c '.users[]' FILE, with its name for users, writes the elements one a line; " + migrate}
	}
	return nil
}

// wrappedList is the beginning of an object whose first member is a list of objects.
var wrappedList = regexp.MustCompile(`^\{\s*"([^"]*)"\s*:\s*\[\s*\{`)

// byMagic recognizes UTF-16, UTF-32 and binary formats by their first bytes.
func byMagic(first []byte) (f FormatError, found bool) {
	for _, known := range [...]struct{ magic, format, advice string }{
		{"\xff\xfe\x00\x00", "UTF-32", "convert it with iconv -f UTF-32 -t UTF-8"},
		{"\x00\x00\xfe\xff", "UTF-32", "convert it with iconv -f UTF-32 -t UTF-8"},
		{"\xff\xfe", "UTF-16", "convert it with iconv -f UTF-16 -t UTF-8"},
		{"\xfe\xff", "UTF-16", "convert it with iconv -f UTF-16 -t UTF-8"},
		{"{\x00", "UTF-16", "convert it with iconv -f UTF-16LE -t UTF-8"},
		{"\x00{", "UTF-16", "convert it with iconv -f UTF-16BE -t UTF-8"},
		{"[\x00", "UTF-16", "convert it with iconv -f UTF-16LE -t UTF-8"},
		{"\x00[", "UTF-16", "convert it with iconv -f UTF-16BE -t UTF-8"},
		{"\x1f\x8b", "compressed with gzip", "unpack it with gunzip"},
		{"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it with unzstd"},
		{"BZh", "compressed with bzip2", "unpack it with bunzip2"},
		{"\xfd7zXZ\x00", "compressed with xz", "unpack it with unxz"},
		{"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save it as CSV; " + migrate},
		{"SQLite format 3\x00", "a SQLite database", "select its users; " + migrate},
		{"PGDMP", "a dump of PostgreSQL in its custom format", "restore it and select its users; " + migrate},
		{"Obj\x01", "Avro", migrate}, {"PAR1", "Parquet", migrate},
	} {
		if bytes.HasPrefix(first, []byte(known.magic)) {
			return FormatError{known.format, known.advice}, true
		}
	}
	return FormatError{}, false
}

// byText recognizes formats whose first line is not a JSON object.
func byText(text string) error {
	lower := strings.ToLower(text)
	begins := func(words ...string) bool {
		for _, w := range words {
			if strings.HasPrefix(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case text[0] == '[':
		if err := bySystem([]byte(text)); err != nil {
			return err
		}
		return &FormatError{"a JSON array", `jq -c '.[]' FILE writes its elements one a line; for exports of other systems see docs/migrate.md`}
	case text == "---" || begins("--- ", "- ", "%yaml"):
		return &FormatError{"YAML", migrate}
	case begins("--", "/*", "insert ", "copy ", "create ", "pragma ", "begin", "set ", "replace "):
		return &FormatError{"SQL", "load it into a database and select its users; " + migrate}
	case begins("<"):
		return &FormatError{"XML or HTML", migrate}
	case begins("dn:", "version: "):
		return &FormatError{"LDIF", migrate}
	case passwordFile.MatchString(text):
		return &FormatError{"lines of the form name:hash", "write each as {\"email\": …, \"passwordHash\": …, \"status\": \"ready\"}"}
	case table.MatchString(text):
		return &FormatError{"a table (CSV)", migrate}
	}
	return nil
}

// The lines of htpasswd and shadow files, and the heads of tables with at least two columns.
var (
	passwordFile = regexp.MustCompile(`^[^\s:,;{}"]+:[$!*{x][^\s,;"]*$`)
	table        = regexp.MustCompile(`^["\w][^{}]*[,;\t|][^{}]*$`)
)

// bySystem recognizes the exports of other systems by members that ours do not have.
func bySystem(text []byte) error {
	for _, known := range [...]struct{ member, system string }{
		{`"localId"`, "Firebase"},
		{`"secretData"`, "Keycloak"}, {`"credentialData"`, "Keycloak"}, {`"realm"`, "Keycloak"},
		{`"UserAttributes"`, "Cognito"}, {`"UserCreateDate"`, "Cognito"}, {`"Attributes"`, "Cognito"},
		{`"raw_user_meta_data"`, "Supabase"},
		{`"user_id":"auth0|`, "Auth0"}, {`"user_id": "auth0|`, "Auth0"}, {`"_tmp_is_unique"`, "Auth0"},
		{`"encrypted_password"`, "Rails with Devise or Supabase"}, {`"password_digest"`, "Rails"},
		{`"auth.user"`, "Django"}, {`"is_superuser"`, "Django"},
		{`"user_pass"`, "WordPress"}, {`"SecurityStamp"`, "ASP.NET Identity"},
		{`"$oid"`, "MongoDB or Auth0"}, {`"remember_token"`, "Laravel"}, {`"providerId"`, "better-auth"},
	} {
		if bytes.Contains(text, []byte(known.member)) {
			return &FormatError{"an export of " + known.system, migrate}
		}
	}
	return nil
}
