// Package api has the OpenAPI description of every endpoint; its tests compare it with every answer that is known.
package api

import _ "embed"

//go:embed openapi.yaml
var description []byte

// Description returns openapi.yaml, for the pages and programs that show it; the caller must not change it.
func Description() []byte { return description }
