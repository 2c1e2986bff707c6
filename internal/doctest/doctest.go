// Package doctest holds only tests, about texts: that pages name tests, files and settings that exist, that links have
// targets, that snippets run as printed, that the tables of docs/asvs.md and SECURITY.md agree, and that all prose is in
// plain words.
package doctest
