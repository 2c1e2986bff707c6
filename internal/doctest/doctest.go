// Package doctest holds tests alone: that what docs/asvs.md and docs/attacks.md point at is there, that no requirement is
// left out, and that they and SECURITY.md do not contradict each other. Nobody checks a table of 135 lines by eye.
package doctest
