package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"latchkey/internal/web"
)

// policy lets the pages load their own files, call their own server, and show the picture of a QR code; nothing else, and
// no script that is part of a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// file is one embedded file.
type file struct {
	name, kind, policy, tag string
	content                 []byte
}

// docsPolicy also lets the renderer of the API reference set styles, and use the pictures in its style sheet.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// newFiles returns a route for each file in the folder, at its path; index.html is at the folder's own.
func newFiles(from fs.FS, folder, policy string) (web.Routes, error) {
	routes := web.Routes{}
	err := fs.WalkDir(from, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		kind := contentType(name)
		if kind == "" {
			return fmt.Errorf("%s: no content type for files of its kind", name)
		}
		routes["/"+strings.TrimSuffix(name, "/index.html")] = newFile(name, kind, policy, content)
		return nil
	})
	return routes, err
}

func newFile(name, kind, policy string, content []byte) file {
	sum := sha256.Sum256(content)
	return file{name, kind, policy, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, content}
}

// contentType does not ask the system, whose tables differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return mime.TypeByExtension(".svg")
	}
	return ""
}

// ServeHTTP answers with the file, or 304 if the browser has it.
func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", f.policy)
	h.Set("Content-Type", f.kind)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", f.tag)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.content))
}
