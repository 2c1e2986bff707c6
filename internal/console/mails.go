package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"latchkey/internal/web"
)

// maxMails is how many of the newest mails are shown.
const maxMails = 5

// mailFacts is a mail as a person reads it.
type mailFacts struct {
	ID      string    `json:"id"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Date    time.Time `json:"date"`
	Text    string    `json:"text"`
}

// mails shows the newest mails in the folder that MAIL names; null if mails go elsewhere.
func (s *console) mails(w http.ResponseWriter, _ *http.Request) error {
	var found []mailFacts
	if s.Mails != "" {
		var err error
		if found, err = newestMails(s.Mails); err != nil {
			return err
		}
	}
	return web.WriteJSON(w, http.StatusOK, map[string]any{"mails": found})
}

func newestMails(folder string) ([]mailFacts, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the mails: %w", err)
	}
	type letter struct {
		name string
		at   time.Time
	}
	letters := []letter{}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(entry.Name(), ".eml") {
			letters = append(letters, letter{entry.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(letters, func(a, b letter) int { return b.at.Compare(a.at) })
	found := []mailFacts{}
	for _, l := range letters[:min(len(letters), maxMails)] {
		content, err := os.ReadFile(filepath.Join(folder, l.name))
		if err != nil {
			continue // it was removed meanwhile
		}
		facts, err := parseMail(content)
		if err != nil { // not one of ours: the others are still shown
			facts = mailFacts{Subject: l.name, Text: "This file is not a mail that can be read: " + err.Error()}
		}
		facts.ID, facts.Date = strings.TrimSuffix(l.name, ".eml"), l.at.UTC()
		found = append(found, facts)
	}
	return found, nil
}

// parseMail returns the addressee, the subject and the plain text.
func parseMail(content []byte) (mailFacts, error) {
	m, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return mailFacts{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return mailFacts{}, err
	}
	text, err := plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return mailFacts{To: m.Header.Get("To"), Subject: subject, Text: text}, err
}

// plainText returns the body, or the first part of one with parts: the plain text comes before the HTML (RFC 2046 5.1.4).
func plainText(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(kind, "multipart/") {
		part, err := multipart.NewReader(body, params["boundary"]).NextRawPart()
		if err != nil {
			return "", err
		}
		return plainText(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}
