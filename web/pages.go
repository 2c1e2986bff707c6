// Package pages embeds the pages of `latchkey serve`: plain HTML, CSS and JavaScript modules, without a build step.
package pages

import (
	"embed"
	"io/fs"
)

//go:embed console
var console embed.FS

// Console returns the files of the console, in the folder console: the page index.html, style sheets, scripts and pictures.
func Console() fs.FS { return console }
