package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// OperatorPaths returns the paths that need the operators' token.
func OperatorPaths(h http.Handler) (paths []string) {
	for _, path := range slices.Sorted(maps.Keys(h.(*console).own)) {
		if strings.HasPrefix(path, operators) {
			paths = append(paths, path)
		}
	}
	return paths
}
