// Package pages embeds the pages of `latchkey serve`: plain HTML, CSS and JavaScript modules, without a build step. The
// renderer of the API reference comes from its npm package; docs/refresh takes it from there.
package pages

import (
	"embed"
	"io/fs"
)

//go:embed console
var console embed.FS

//go:embed docs/index.html docs/*.js docs/*.css
var docs embed.FS

// Console returns the files of the console, in the folder console: the page index.html, style sheets, scripts and pictures.
func Console() fs.FS { return console }

// Docs returns the files of the API reference, in the folder docs; its page index.html reads docs/openapi.yaml from the server.
func Docs() fs.FS { return docs }
