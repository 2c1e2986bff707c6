package mail

import (
	"embed"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/auth"
)

// The texts: one file for each kind of mail and language, with a header for the subject and the label of the link, and
// paragraphs. A paragraph {link} is where the link goes.
//
//go:embed texts
var texts embed.FS

const fallbackLanguage = "en"

// Languages returns the languages that mails are written in, the one for all other locales first.
func Languages() []string { return []string{fallbackLanguage, "de"} }

// languageFor returns the language of the locale's first subtag, such as de for de-AT.
func languageFor(locale string) string {
	language, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if slices.Contains(Languages(), language) {
		return language
	}
	return fallbackLanguage
}

// text is one text before its placeholders are filled in. Its headers are its own and those of the language's frame.
type text struct {
	headers    map[string]string
	paragraphs []string
}

func readText(language string, kind auth.MessageKind) (text, error) {
	if !slices.Contains(Kinds(), kind) {
		return text{}, fmt.Errorf("mail: there is no kind %q", kind)
	}
	t := text{headers: map[string]string{}}
	for _, name := range []string{"frame", string(kind)} {
		raw, err := texts.ReadFile("texts/" + language + "/" + name + ".txt")
		if err != nil {
			return text{}, fmt.Errorf("read the text: %w", err)
		}
		head, body, _ := strings.Cut(strings.TrimSpace(string(raw)), "\n\n")
		for line := range strings.Lines(head) {
			header, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			t.headers[header] = value
		}
		if body != "" {
			t.paragraphs = strings.Split(body, "\n\n")
		}
	}
	return t, nil
}

// values replace the placeholders of a text.
type values struct{ service, name, link, language string }

// letter is a text with its placeholders filled in.
type letter struct {
	values
	subject, button, fallback, footer string
	paragraphs                        []string
}

func (t text) fill(v values) letter {
	greeting := "Greeting"
	if v.name == "" {
		greeting = "Anonymous"
	}
	// One pass, so that a placeholder in a name stays what it is.
	placeholders := strings.NewReplacer("{service}", v.service, "{name}", v.name)
	l := letter{
		values: v, subject: placeholders.Replace(t.headers["Subject"]), button: placeholders.Replace(t.headers["Button"]),
		fallback: t.headers["Fallback"], footer: placeholders.Replace(t.headers["Footer"]),
	}
	for _, p := range append([]string{t.headers[greeting]}, t.paragraphs...) {
		if p != linkParagraph {
			p = placeholders.Replace(p)
		}
		l.paragraphs = append(l.paragraphs, p)
	}
	return l
}

const linkParagraph = "{link}"

// plain returns the letter as text; the link is a line of its own, however long.
func (l letter) plain() string {
	var b strings.Builder
	for _, p := range l.paragraphs {
		if p == linkParagraph {
			b.WriteString(l.link + "\n\n")
			continue
		}
		b.WriteString(wrap(p) + "\n\n")
	}
	b.WriteString("-- \n" + wrap(l.footer) + "\n") // the mark of a signature (RFC 3676 4.3)
	return b.String()
}

// html returns the letter as a page without pictures and scripts.
func (l letter) html() string {
	layout, err := texts.ReadFile("texts/layout.html")
	if err != nil {
		panic(err) // embedded
	}
	var b strings.Builder
	for _, p := range l.paragraphs {
		if p == linkParagraph {
			link := html.EscapeString(l.link)
			fmt.Fprintf(&b, "<p><a class=\"button\" href=\"%s\">%s</a></p>\n", link, html.EscapeString(l.button))
			fmt.Fprintf(&b, "<p class=\"small\">%s<br><a href=\"%s\">%s</a></p>\n", html.EscapeString(l.fallback), link, link)
			continue
		}
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(p))
	}
	return strings.NewReplacer(
		"{language}", l.language, "{subject}", html.EscapeString(l.subject), "{service}", html.EscapeString(l.service),
		"{paragraphs}", b.String(), "{footer}", html.EscapeString(l.footer),
	).Replace(string(layout))
}

const lineLength = 72

// wrap breaks a paragraph at spaces into lines of at most 72 characters, unless a word is longer.
func wrap(paragraph string) string {
	var b strings.Builder
	length := 0
	for word := range strings.FieldsSeq(paragraph) {
		n := utf8.RuneCountInString(word)
		switch {
		case length == 0:
		case length+1+n > lineLength:
			b.WriteByte('\n')
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	return b.String()
}

const longestName = 60

// greetable returns the name if a greeting may hold it, else "". A name can come from a form that anybody fills in: one that mail
// programs turn into a link, or that is a whole sentence, would let a stranger write to users in our name.
func greetable(name string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" .,'’-·", r)
	}
	if utf8.RuneCountInString(name) > longestName || strings.ContainsFunc(name, odd) || holdsDomain(name) || holdsNumber(name) {
		return ""
	}
	return name
}

// holdsDomain reports whether a dot has no space after it, as in a domain name.
func holdsDomain(name string) bool {
	for i, r := range name {
		if after := name[i+utf8.RuneLen(r):]; r == '.' && after != "" && !strings.HasPrefix(after, " ") {
			return true
		}
	}
	return false
}

// holdsNumber reports whether three digits follow each other, as in a telephone number.
func holdsNumber(name string) bool {
	digits := 0
	for _, r := range name {
		if digits++; !unicode.IsDigit(r) {
			digits = 0
		}
		if digits == 3 {
			return true
		}
	}
	return false
}
