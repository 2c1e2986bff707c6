package mail

import (
	"bytes"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"
)

// boundary cannot be in a part: quoted-printable encodes the equals sign.
const boundary = "=_latchkey"

// compose returns the mail as RFC 5322 text: a plain and an HTML version, in lines that every server takes.
func (w Writer) compose(m Mail, l Letter, language string) ([]byte, error) {
	_, domain, _ := strings.Cut(m.From, "@")
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", address(w.Service, m.From)},
		{"To", address(greetable(l.To.Name()), m.To)},
		{"Subject", encodeHeader(m.Subject)},
		{"Date", l.At.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + l.ID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: asks for no automatic answers
		{"Content-Language", language},
		{"MIME-Version", "1.0"},
		{"Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": boundary})},
	} {
		if strings.ContainsFunc(header[1], breaksHeader) {
			return nil, fmt.Errorf("the header %s has a control character", header[0])
		}
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], fold(header[1]))
	}
	b.WriteString("\r\n")
	parts := multipart.NewWriter(&b)
	if err := parts.SetBoundary(boundary); err != nil {
		return nil, err
	}
	for _, part := range [][2]string{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		if err := writePart(parts, part[0], part[1]); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writePart(parts *multipart.Writer, mediaType, text string) error {
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {mediaType + "; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	lines := quotedprintable.NewWriter(part)
	if _, err := lines.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		return err
	}
	return lines.Close()
}

// address returns a mailbox for a header. A name beyond ASCII is in base64: the other encoding leaves characters such as a
// backslash as they are, which may not be in a name.
func address(name, mailbox string) string {
	name = strings.Map(dropControl, name)
	if encoded := mime.BEncoding.Encode("utf-8", name); encoded != name {
		return encoded + " " + (&netmail.Address{Address: mailbox}).String()
	}
	return (&netmail.Address{Name: name, Address: mailbox}).String()
}

func encodeHeader(text string) string {
	return mime.QEncoding.Encode("utf-8", strings.Map(dropControl, text))
}

func dropControl(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

func breaksHeader(r rune) bool { return unicode.IsControl(r) }

const foldAt = 76

// fold breaks a header at spaces into lines of about 76 characters (RFC 5322 2.2.3).
func fold(value string) string {
	var b strings.Builder
	length := len("Subject: ")
	for i, word := range strings.Split(value, " ") {
		switch {
		case i == 0:
		case length+1+len(word) > foldAt && word != "":
			b.WriteString("\r\n ")
			length = 1
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}
